//! A program with orders, a document that describes it, and what the two are reported for.

use svclint_engine::Report;

use super::{check, expected, found};

/// A program with some routes under `/orders`, and what else its router has.
pub(crate) fn orders(more: &str) -> String {
    format!(
        r#"//- src/main.rs
use axum::{{Json, Router, extract::Path, response::Html, routing::{{any, delete, get, post}}}};

async fn list_orders() -> Json<Vec<String>> {{ Json(vec![]) }}
async fn place_order(Json(order): Json<String>) -> Json<Vec<String>> {{ Json(vec![order]) }}
async fn read_order(Path(id): Path<String>) -> Json<Vec<String>> {{ Json(vec![id]) }}
async fn cancel_order(Path(id): Path<String>) -> Json<Vec<String>> {{ Json(vec![id]) }}
async fn page() -> Html<String> {{ Html(String::new()) }}

fn unknown() -> String {{ std::env::var("AT").unwrap() }}

#[tokio::main]
async fn main() {{
    let app = Router::new()
        .route("/healthz", get(|| async {{ "ok" }}))
        .route("/orders", get(list_orders).post(place_order))
        .route("/orders/{{id}}", get(read_order)){more}
        ;
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"#
    )
}

/// A document of the routes of [`orders`], and what else it has.
pub(crate) fn document(more: &str) -> String {
    format!(
        "//- openapi.yaml
openapi: 3.1.0
info:
  title: Sales
  version: 1.0.0
paths:
  /orders:
    get:
      responses:
        '200':
          description: all orders
    post:
      responses:
        '201':
          description: the new order
  /orders/{{order_id}}:
    get:
      responses:
        '200':
          description: the order
{more}"
    )
}

pub(crate) fn drift(text: &str) -> Vec<String> {
    drift_of(&check(text))
}

pub(crate) fn drift_of(report: &Report) -> Vec<String> {
    found(report).into_iter().filter(|f| f.ends_with("openapi-drift")).collect()
}

#[track_caller]
pub(crate) fn assert_drift(text: &str) {
    assert_eq!(drift(text), expected(text), "left: found, right: expected");
}

#[track_caller]
pub(crate) fn assert_silent(name: &str, text: &str) {
    assert_eq!(drift(text), Vec::<String>::new(), "{name}");
}

/// `document -> service prefix matched` of each link.
pub(crate) fn links(report: &Report) -> Vec<String> {
    let model = &report.model;
    let shown = |l: &svclint_model::ContractLink| {
        let contract = &model.contracts[l.contract];
        let service = &model.services[l.service.0 as usize].name;
        format!("{} -> {service} {:?} {}", model.relative(contract.file).display(), l.prefix, l.matched)
    };
    model.contract_links.iter().map(shown).collect()
}
