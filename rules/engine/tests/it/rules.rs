//! What rules report and what they leave alone, in the shapes that real services have.

use crate::support;
use crate::support::{assert_markers, service};

#[test]
fn a_client_built_in_another_module_is_followed_to_its_use() {
    assert_markers(
        r#"//- src/main.rs
mod prices;
mod web;
use std::sync::Arc;

#[tokio::main]
async fn main() {
    let state = Arc::new(web::AppState { prices: prices::Prices::new() });
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, web::router(state)).with_graceful_shutdown(std::future::pending()).await.unwrap();
}
//- src/prices.rs
use reqwest as http;
use http::Client as Agent;

pub struct Prices { agent: Agent }

impl Prices {
    pub fn new() -> Self {
        let agent = Agent::new(); // error: [http-client-without-timeout]
        Prices { agent }
    }

    pub async fn now(&self) -> String {
        self.agent.get("http://prices/now").send().await.unwrap().text().await.unwrap()
    }
}
//- src/web.rs
use std::sync::Arc;
use axum::{Router, extract::State, routing::get};
use crate::prices::Prices;

pub struct AppState { pub prices: Prices }

pub fn router(state: Arc<AppState>) -> Router {
    Router::new().route("/healthz", get(|| async {})).route("/price", get(price)).with_state(state)
}

async fn price(State(state): State<Arc<AppState>>) -> String {
    state.prices.now().await
}
"#,
    );
}

#[test]
fn a_limit_anywhere_on_the_way_is_enough() {
    for (name, call) in [
        ("on the request", "reqwest::Client::new().get(URL).timeout(LIMIT).send().await.unwrap();"),
        (
            "around the future",
            "tokio::time::timeout(LIMIT, reqwest::Client::new().get(URL).send()).await.unwrap().unwrap();",
        ),
        ("around the calling function", "tokio::time::timeout(LIMIT, ask()).await.unwrap();"),
        ("on the builder, in a helper", "helper().get(URL).send().await.unwrap();"),
        (
            "on a builder kept in a variable",
            "let b = reqwest::Client::builder().timeout(LIMIT); b.build().unwrap().get(URL).send().await.unwrap();",
        ),
        ("in a static", "LAZY.get(URL).send().await.unwrap();"),
        ("on some ways only, which is not known", "sometimes(true).get(URL).send().await.unwrap();"),
        (
            "the blocking client has one",
            "tokio::task::spawn_blocking(|| reqwest::blocking::Client::new().get(URL).send().unwrap()).await.unwrap();",
        ),
    ] {
        let code = format!(
            r#"
use std::time::Duration;
const URL: &str = "http://prices/now";
const LIMIT: Duration = Duration::from_secs(1);
static LAZY: std::sync::LazyLock<reqwest::Client> =
    std::sync::LazyLock::new(|| reqwest::Client::builder().timeout(LIMIT).build().unwrap());
async fn ask() {{ reqwest::Client::new().get(URL).send().await.unwrap(); }}
fn helper() -> reqwest::Client {{ configured().build().unwrap() }}
fn configured() -> reqwest::ClientBuilder {{ reqwest::Client::builder().connect_timeout(LIMIT).timeout(LIMIT) }}
fn sometimes(yes: bool) -> reqwest::Client {{
    let mut builder = reqwest::Client::builder();
    if yes {{ builder = builder.timeout(LIMIT); }}
    builder.build().unwrap()
}}
async fn handler() {{ {call} }}
"#
        );
        let report = support::check(&service(".route(\"/x\", get(handler))", &code));
        assert_eq!(support::found(&report), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn clients_without_a_limit_are_found_in_every_form() {
    for (name, call) in [
        ("new", "reqwest::Client::new().get(URL).send().await.unwrap();"),
        ("default", "reqwest::Client::default().get(URL).send().await.unwrap();"),
        ("builder", "reqwest::Client::builder().build().unwrap().get(URL).send().await.unwrap();"),
        ("builder type", "reqwest::ClientBuilder::new().build().unwrap().get(URL).send().await.unwrap();"),
        ("free function", "reqwest::get(URL).await.unwrap();"),
        (
            "connect timeout alone",
            "reqwest::Client::builder().connect_timeout(LIMIT).build().unwrap().get(URL).send().await.unwrap();",
        ),
        ("static", "LAZY.get(URL).send().await.unwrap();"),
        (
            "request kept in a variable",
            "let r = reqwest::Client::new().post(URL); let r = r.header(\"a\", \"b\"); r.send().await.unwrap();",
        ),
    ] {
        let code = format!(
            r#"
use std::time::Duration;
const URL: &str = "http://prices/now";
const LIMIT: Duration = Duration::from_secs(1);
static LAZY: std::sync::LazyLock<reqwest::Client> = std::sync::LazyLock::new(|| reqwest::Client::new());
async fn handler() {{ {call} }}
"#
        );
        let report = support::check(&service(".route(\"/x\", get(handler))", &code));
        let found = support::found(&report);
        assert!(found.len() == 1 && found[0].ends_with("http-client-without-timeout"), "{name}: {found:?}");
    }
}

#[test]
fn code_that_serves_nobody_is_left_alone() {
    let code = r#"
async fn probe() { reqwest::Client::new().get("http://localhost/healthz").send().await.unwrap(); }

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn works() { reqwest::Client::new().get("http://localhost").send().await.unwrap(); }
}

#[cfg(test)]
impl Fixture { fn client() -> reqwest::Client { reqwest::Client::new() } }
"#;
    let mut text = service("", code);
    // A sub-command that asks once and ends.
    text = text.replace(
        "let listener",
        "if std::env::args().nth(1).is_some() { probe().await; return }\n    let listener",
    );
    assert_eq!(support::found(&support::check(&text)), Vec::<String>::new());

    let example = format!("//- src/lib.rs\npub fn f() {{}}\n//- examples/demo.rs\n{}", service("", code));
    assert_eq!(support::found(&support::check(&example)), Vec::<String>::new(), "examples are no services");
}

#[test]
fn a_task_that_runs_beside_the_service_counts() {
    let code = r#"
async fn poll() {
    loop {
        reqwest::get("http://rates/now").await.unwrap(); // error: [http-client-without-timeout]
    }
}
"#;
    assert_markers(&service("", code).replace("let listener", "tokio::spawn(poll());\n    let listener"));
}

#[test]
fn inserts_are_judged_by_what_migrations_say() {
    let text = |migration: &str, sql: &str| {
        let code = format!(
            "use axum::{{Json, extract::State}};\nasync fn create(State(db): State<sqlx::PgPool>, Json(name): Json<String>) {{\n    \
             sqlx::query(\"{sql}\").bind(name).execute(&db).await.unwrap();\n}}"
        );
        let main = service(".route(\"/things\", post(create)).with_state(todo!())", &code);
        format!("//- migrations/1.sql\n{migration}\n//- src/main.rs\n{main}")
    };
    let plain = "CREATE TABLE things (id UUID PRIMARY KEY, name TEXT);";
    let insert = "INSERT INTO things (name) VALUES ($1)";
    let count = |text: String| support::found(&support::check(&text)).len();
    assert_eq!(count(text(plain, insert)), 1);
    assert_eq!(count(text("CREATE TABLE things (id UUID PRIMARY KEY, name TEXT UNIQUE);", insert)), 0);
    assert_eq!(count(text(&format!("{plain} CREATE UNIQUE INDEX one ON things (name);"), insert)), 0);
    assert_eq!(count(text(plain, "INSERT INTO things (name) VALUES ($1) ON CONFLICT DO NOTHING")), 0);
    assert_eq!(
        count(text("CREATE TABLE others (id INT);", insert)),
        0,
        "a table that no migration tells of is not known"
    );
    assert_eq!(
        count(text(&plain.replace("things", "audit_log"), "INSERT INTO audit_log (name) VALUES ($1)")),
        0
    );
}

#[test]
fn a_counter_that_goes_back_with_removed_rows_is_no_repeat() {
    let code = r#"
use axum::extract::{Path, State};
async fn release(State(db): State<sqlx::PgPool>, Path(id): Path<i64>) {
    let rows = sqlx::query("DELETE FROM reservations WHERE id = $1 RETURNING quantity").bind(id).fetch_all(&db).await.unwrap();
    sqlx::query("UPDATE stock SET quantity = quantity + $1").bind(rows.len() as i64).execute(&db).await.unwrap();
}
async fn add(State(db): State<sqlx::PgPool>) { // error: [put-handler-not-idempotent]
    sqlx::query!("UPDATE stock SET quantity = quantity + 1 WHERE id = 1").execute(&db).await.unwrap();
}
"#;
    assert_markers(&service(
        ".route(\"/r\", delete(release)).route(\"/s\", put(add)).with_state(todo!())",
        code,
    ));
}

#[test]
fn a_service_that_cannot_be_seen_whole_is_not_judged_as_a_whole() {
    let main = |app: &str| {
        format!(
            "use axum::{{Json, Router, routing::get}};\nasync fn list() -> Json<u8> {{ Json(1) }}\n#[tokio::main]\nasync fn main() {{\n    \
             let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap();\n    axum::serve(listener, {app}).with_graceful_shutdown(std::future::pending()).await.unwrap();\n}}\n"
        )
    };
    let routes = "Router::new().route(\"/a\", get(list)).route(\"/b\", get(list)).route(\"/c\", get(list))";
    let count = |app: String| support::found(&support::check(&main(&app))).len();
    assert_eq!(count(routes.into()), 2, "no health route, no version");
    assert_eq!(count(format!("{routes}.merge(elsewhere::routes())")), 0);
    assert_eq!(count(format!("{routes}.fallback_service(files)")), 0);
    assert_eq!(
        count(format!("Router::new().nest(&format!(\"{{}}\", prefix()), {routes})")),
        1,
        "the prefix may be a version"
    );
    assert_eq!(count(format!("Router::new().nest(\"/v2\", {routes}).route(\"/readyz\", get(list))")), 0);
}

#[test]
fn actix_routes_are_found_in_all_their_forms() {
    let report = support::check(
        r#"
use actix_web::{get, web, App, HttpServer};

#[get("/list")]
async fn list() -> &'static str { "" }
async fn show() -> &'static str { "" }
fn orders(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/orders").route(web::get().to(show)).route(web::post().to(show)));
    cfg.route("/plain", web::put().to(show));
}

#[actix_web::main]
async fn main() {
    HttpServer::new(|| App::new().service(web::scope("/api").configure(orders).service(list)).route("/health", web::get().to(show)))
        .bind("0.0.0.0:80").unwrap().run().await.unwrap();
}
"#,
    );
    let mut routes: Vec<String> = report.model.services[0]
        .routes
        .iter()
        .map(|r| format!("{} {} {}", r.method, r.path, r.handler_text))
        .collect();
    routes.sort();
    assert_eq!(
        routes,
        [
            "GET /api/list list",
            "GET /api/orders show",
            "GET /health show",
            "POST /api/orders show",
            "PUT /api/plain show"
        ]
    );
    assert!(report.model.services[0].routes_complete);
}

#[test]
fn ids_are_passed_on_or_not() {
    let code = |send: &str| {
        format!(
            r#"
use axum::http::HeaderMap;
const ID: &str = "x-request-id";
async fn handler(headers: HeaderMap) {{
    let id = headers.get(ID).cloned().unwrap();
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(1)).build().unwrap();
    {send};
}}
"#
        )
    };
    let count = |send: &str| {
        support::found(&support::check(&service(".route(\"/x\", get(handler))", &code(send)))).len()
    };
    assert_eq!(count("client.get(\"http://next/\").send().await.unwrap()"), 1);
    assert_eq!(count("client.get(\"http://next/\").header(ID, id).send().await.unwrap()"), 0);
    assert_eq!(
        count("client.get(\"http://next/\").headers(headers).send().await.unwrap()"),
        0,
        "a map may hold it"
    );
    assert_eq!(
        count("client.get(\"https://api.stripe.com/\").send().await.unwrap()"),
        0,
        "a stranger has no use for it"
    );
}

#[test]
fn comments_accept_findings_with_a_reason() {
    let with = |comment: &str| {
        let code = format!(
            "async fn handler() {{\n    {comment}\n    let c = reqwest::Client::new();\n    c.get(\"http://x\").send().await.unwrap();\n}}"
        );
        support::found(&support::check(&service(".route(\"/x\", get(handler))", &code)))
    };
    let rules = |found: Vec<String>| {
        found.iter().map(|f| f.split(' ').next_back().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    assert!(with("// svclint: allow(http-client-without-timeout) the proxy ends it").is_empty());
    assert_eq!(
        rules(with("// svclint: allow(http-client-without-timeout)")),
        ["suppression"],
        "a reason is wanted"
    );
    assert_eq!(
        rules(with("// svclint: allow(no-such-rule) because")),
        ["suppression", "http-client-without-timeout"]
    );
    assert_eq!(
        rules(with("// svclint: allow(unversioned-api) because")),
        ["suppression", "http-client-without-timeout"]
    );
}

/// A request that is made from the one that came in has its headers, the id among them.
#[test]
fn a_request_that_copies_the_head_keeps_the_id() {
    assert_markers(
        r#"//- Cargo.toml
[package]
name = "edge"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
awc = "3"
tracing-actix-web = "0.7"
//- src/main.rs
use std::time::Duration;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use awc::Client;
use tracing_actix_web::TracingLogger;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new()
            .wrap(TracingLogger::default())
            .route("/healthz", web::get().to(HttpResponse::Ok))
            .route("/v1/forward", web::post().to(forward))
            .route("/v1/ask", web::get().to(ask))
    })
    .bind("0.0.0.0:80")?
    .run()
    .await
}

async fn forward(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let client = Client::builder().timeout(Duration::from_secs(3)).finish();
    client.request_from("http://orders/v1", request.head()).send_body(body).await.unwrap();
    HttpResponse::Ok().finish()
}

async fn ask() -> HttpResponse {
    let client = Client::builder().timeout(Duration::from_secs(3)).finish();
    client.get("http://orders/v1").send().await.unwrap(); // error: [correlation-id-dropped-outbound]
    HttpResponse::Ok().finish()
}
"#,
    );
}

#[test]
fn a_version_may_be_a_dotted_number() {
    let service = |prefix: &str, marker: &str| {
        format!(
            r#"//- src/main.rs
use axum::{{Json, Router, routing::get}};

#[tokio::main]
async fn main() {{
    let app = Router::new(){marker}
        .route("/healthz", get(|| async {{}}))
        .route("{prefix}/orders", get(list))
        .route("{prefix}/orders/{{id}}", get(list))
        .route("{prefix}/items", get(list))
        .route("{prefix}/items/{{id}}", get(list));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}}

async fn list() -> Json<Vec<u64>> {{ Json(Vec::new()) }}
"#
        )
    };
    assert_markers(&service("/shop", " // error: [unversioned-api]"));
    for versioned in ["/v1", "/1.5", "/api/2.0"] {
        assert_markers(&service(versioned, ""));
    }
}
