//! Errors and tries in the shapes that real services have.

use crate::support::seen::Seen;
use insta::assert_snapshot;

/// An error type of the project's own with `IntoResponse`: handlers reach the database through `?`, the aliases hide the type.
#[test]
fn axum_error_with_into_response() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod error;
mod orders;
use axum::{Router, routing::post};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect("postgres://db/shop").await?;
    let app = Router::new().route("/v1/orders", post(orders::create)).with_state(pool);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
//- src/error.rs
use axum::{http::StatusCode, response::{IntoResponse, Response}};

pub type Result<T, E = AppError> = std::result::Result<T, E>;

pub enum AppError {
    Missing,
    Database(sqlx::Error),
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        AppError::Database(error)
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        match self {
            AppError::Missing => StatusCode::NOT_FOUND.into_response(),
            AppError::Database(error) => {
                (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
            }
        }
    }
}
//- src/orders.rs
use axum::{Json, extract::State};
use sqlx::PgPool;
use crate::error::{AppError, Result};

pub async fn create(State(pool): State<PgPool>, Json(sku): Json<i64>) -> Result<Json<i64>> {
    let known: Option<(i64,)> =
        sqlx::query_as("SELECT sku FROM items WHERE sku = $1").bind(sku).fetch_optional(&pool).await?;
    let (sku,) = known.ok_or(AppError::Missing)?;
    sqlx::query("INSERT INTO orders (sku) VALUES ($1)").bind(sku).execute(&pool).await?;
    Ok(Json(sku))
}
"#,
    );
    assert_snapshot!(seen.routes(), @"POST /v1/orders -> shop::orders::create");
    assert_snapshot!(seen.effects("orders::create"), @r"
    Select items src/orders.rs:7
    Insert orders src/orders.rs:9
    ");
}

/// `ResponseError` with thiserror: the handler's calls through `?` and `map_err` to an upstream are seen.
#[test]
fn actix_error_with_response_error() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
reqwest = "0.12.24"
thiserror = "2"
//- src/main.rs
mod api;
mod error;
use actix_web::{App, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let client = web::Data::new(reqwest::Client::new());
    HttpServer::new(move || App::new().app_data(client.clone()).service(api::quote))
        .bind("0.0.0.0:8080")?
        .run()
        .await
}
//- src/error.rs
use actix_web::{HttpResponse, ResponseError, http::StatusCode};

#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("the upstream failed")]
    Upstream(#[from] reqwest::Error),
    #[error("no such currency: {0}")]
    Currency(String),
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            ApiError::Upstream(_) => StatusCode::BAD_GATEWAY,
            ApiError::Currency(_) => StatusCode::NOT_FOUND,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).body(self.to_string())
    }
}
//- src/api.rs
use actix_web::{get, web};
use crate::error::ApiError;

#[get("/v1/quotes/{currency}")]
pub async fn quote(client: web::Data<reqwest::Client>, path: web::Path<String>) -> Result<String, ApiError> {
    let currency = path.into_inner();
    if currency.len() != 3 {
        return Err(ApiError::Currency(currency));
    }
    let answer = client.get(format!("http://rates/{currency}")).send().await?;
    answer.error_for_status()?.text().await.map_err(ApiError::Upstream)
}
"#,
    );
    assert_snapshot!(seen.routes(), @"GET /v1/quotes/{currency} -> shop::api::quote");
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/main.rs:7, no total, no connect, no readidle, poolidle 90 s, keepalive 15 s
      GET http://rates/{?} src/api.rs:10
    ");
    assert_snapshot!(seen.effects("api::quote"), @"Request(Http) src/api.rs:10");
}

/// `Result<Response<_>, Status>`: errors become a status by `map_err` and by `From`; what lies behind is still seen.
#[test]
fn grpc_methods_that_give_a_status() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod service;
mod store;
pub mod pb {
    tonic::include_proto!("wallet");
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = store::Store::open().await?;
    tonic::transport::Server::builder()
        .add_service(pb::wallet_server::WalletServer::new(service::Wallet { store }))
        .serve("0.0.0.0:50052".parse()?)
        .await?;
    Ok(())
}
//- src/service.rs
use tonic::{Request, Response, Status};
use crate::{pb::{Amount, Owner, wallet_server}, store::{Store, StoreError}};

pub struct Wallet {
    pub store: Store,
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        Status::internal(error.0.to_string())
    }
}

#[tonic::async_trait]
impl wallet_server::Wallet for Wallet {
    async fn balance(&self, request: Request<Owner>) -> Result<Response<Amount>, Status> {
        let cents = self.store.balance(request.into_inner().id).await?;
        Ok(Response::new(Amount { cents }))
    }
}
//- src/store.rs
use sqlx::PgPool;

pub struct StoreError(pub sqlx::Error);

pub struct Store(PgPool);

impl Store {
    pub async fn open() -> sqlx::Result<Self> {
        PgPool::connect("postgres://db/wallet").await.map(Store)
    }

    pub async fn balance(&self, owner: i64) -> Result<i64, StoreError> {
        let query = sqlx::query_scalar("SELECT cents FROM wallets WHERE owner = $1").bind(owner);
        query.fetch_one(&self.0).await.map_err(StoreError)
    }
}
"#,
    );
    assert_snapshot!(seen.effects("Wallet::balance"), @"Select wallets > balance src/store.rs:14");
}

/// `let _ =`, `.ok()` and `if let Err(..)` with a log line: the calls happen all the same.
#[test]
fn results_thrown_away() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod audit;
mod signup;

#[tokio::main]
async fn main() {
    let http = reqwest::Client::new();
    signup::signup(&http, "ann").await;
}
//- src/audit.rs
pub async fn record(http: &reqwest::Client, what: &str) -> reqwest::Result<()> {
    let url = "http://audit/records";
    http.post(url).body(what.to_owned()).send().await?.error_for_status()?;
    Ok(())
}

pub async fn touch(http: &reqwest::Client) {
    http.head("http://audit/alive").send().await.ok();
}
//- src/signup.rs
use std::time::Duration;
use crate::audit;

pub async fn signup(http: &reqwest::Client, name: &str) {
    audit::touch(http).await;
    let _ = audit::record(http, name).await;
    let welcome = http.post("http://mail/welcome").timeout(Duration::from_secs(2));
    if let Err(error) = welcome.send().await {
        tracing::warn!(%error, "no welcome for {name}");
    }
}
"#,
    );
    assert_snapshot!(seen.effects("signup::signup"), @r"
    BoundedRequest(Http) src/signup.rs:8
    Request(Http) > record src/audit.rs:3
    ");
    assert_snapshot!(seen.effects("audit::record"), @"Request(Http) src/audit.rs:3");
}

/// A loop of the project's own with a count of attempts and a growing pause around the call.
#[test]
fn tries_by_hand() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod again;
mod fetch;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    println!("{}", fetch::page(&http, "http://wiki/start").await?);
    println!("{}", again::again(|| fetch::once(&http, "http://wiki/end")).await?);
    Ok(())
}
//- src/fetch.rs
use std::time::Duration;

const ATTEMPTS: u32 = 5;

pub async fn page(http: &reqwest::Client, url: &str) -> anyhow::Result<String> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match once(http, url).await {
            Ok(text) => return Ok(text),
            Err(error) if attempt >= ATTEMPTS => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(100) * attempt).await,
        }
    }
}

pub async fn once(http: &reqwest::Client, url: &str) -> reqwest::Result<String> {
    http.get(url).send().await?.text().await
}
//- src/again.rs
use std::future::Future;

/// Tries up to three times.
pub async fn again<T, E, F: Future<Output = Result<T, E>>>(task: impl Fn() -> F) -> Result<T, E> {
    for _ in 0..2 {
        if let Ok(done) = task().await {
            return Ok(done);
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    task().await
}
"#,
    );
    assert_snapshot!(seen.effects("fetch::page"), @r"
    Request(Http) > once src/fetch.rs:18
    Other(Sleep) src/fetch.rs:12
    ");
    assert_snapshot!(seen.policies(), @" src/fetch.rs:7, attempts ?, no jitter, delay set, elapsed ?");
}

/// tokio-retry: one strategy ends after some attempts and spreads them, the other never ends.
#[test]
fn tokio_retry_strategies() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
reqwest = "0.12.24"
tokio = "1"
tokio-retry = "0.3"
//- src/main.rs
mod calls;
mod strategy;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    calls::register(&http).await?;
    calls::wait_for(&http).await?;
    Ok(())
}
//- src/strategy.rs
use std::time::Duration;
use tokio_retry::strategy::{ExponentialBackoff, FixedInterval, jitter};

pub fn patient() -> FixedInterval {
    FixedInterval::from_millis(250)
}

pub fn brief() -> impl Iterator<Item = Duration> {
    ExponentialBackoff::from_millis(10).max_delay(Duration::from_secs(2)).map(jitter).take(4)
}
//- src/calls.rs
use reqwest::{Client, Result};
use tokio_retry::Retry;
use crate::strategy;

pub async fn register(http: &Client) -> Result<()> {
    Retry::spawn(strategy::brief(), || async {
        http.put("http://registry/me").send().await?.error_for_status()?;
        Ok(())
    })
    .await
}

pub async fn wait_for(http: &Client) -> Result<()> {
    Retry::spawn(strategy::patient(), || ask(http)).await
}

async fn ask(http: &Client) -> Result<()> {
    http.get("http://registry/ready").send().await?.error_for_status().map(|_| ())
}
"#,
    );
    assert_snapshot!(seen.policies(), @r"
    tokio-retry src/strategy.rs:5, no attempts, no jitter, delay 250 ms, no maxdelay, no elapsed
    tokio-retry src/strategy.rs:9, attempts 4, jitter set, delay 10 ms, maxdelay 2 s, no elapsed
    ");
    assert_snapshot!(seen.effects("calls::register"), @"Request(Http) src/calls.rs:7");
    assert_snapshot!(seen.effects("calls::wait_for"), @"Request(Http) > ask src/calls.rs:18");
}

/// backoff: a policy from the builder with two limits of its own, and the one that the library has by itself.
#[test]
fn backoff_policies() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
backoff = "0.4"
reqwest = "0.12.24"
tokio = "1"
//- src/main.rs
mod policy;
mod upload;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    upload::upload(&http, "a").await?;
    upload::confirm(&http).await?;
    Ok(())
}
//- src/policy.rs
use std::time::Duration;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

pub fn policy() -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_interval(Duration::from_millis(50))
        .with_max_elapsed_time(Some(Duration::from_secs(30)))
        .build()
}
//- src/upload.rs
use backoff::{ExponentialBackoff, future::retry};
use reqwest::Client;
use crate::policy::policy;

pub async fn upload(http: &Client, part: &str) -> reqwest::Result<()> {
    retry(policy(), || async {
        let request = http.put("http://store/parts").body(part.to_owned());
        request.send().await.map_err(backoff::Error::transient)?;
        Ok(())
    })
    .await
}

pub async fn confirm(http: &Client) -> reqwest::Result<()> {
    retry(ExponentialBackoff::default(), || async {
        http.post("http://store/done").send().await?;
        Ok(())
    })
    .await
}
"#,
    );
    assert_snapshot!(seen.policies(), @r"
    backoff src/policy.rs:5, no attempts, jitter 50 %, delay 50 ms, maxdelay 60 s, elapsed 30 s
    backoff src/upload.rs:15, no attempts, jitter 50 %, delay 500 ms, maxdelay 60 s, elapsed 15 min
    ");
    assert_snapshot!(seen.effects("upload::upload"), @"Request(Http) src/upload.rs:8");
}
