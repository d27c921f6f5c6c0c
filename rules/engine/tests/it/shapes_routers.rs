//! Routers in the shapes that real services have.

use crate::support::seen::Seen;
use insta::assert_snapshot;

/// A part of the API in a module of its own, put under a version in `main`; layers on one half only.
#[test]
fn axum_modules_nested_under_a_version() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod orders;
mod state;
use axum::{Router, middleware, routing::get};
use tower_http::trace::TraceLayer;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let state = state::AppState::default();
    let open = Router::new().route("/healthz", get(health));
    let closed = Router::new()
        .nest("/api/v1/orders", orders::routes())
        .layer(middleware::from_fn(orders::require_token));
    let app = open.merge(closed).layer(TraceLayer::new_for_http()).with_state(state);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn health() -> &'static str { "ok" }
//- src/state.rs
#[derive(Clone, Default)]
pub struct AppState {}
//- src/orders.rs
use axum::{Json, Router, extract::{Path, Request}, middleware::Next, response::Response, routing::{get, post}};
use crate::state::AppState;

const ONE: &str = "/{id}";

pub fn routes() -> Router<AppState> {
    Router::new().route("/", post(create).get(list)).route(ONE, get(one))
}

pub async fn require_token(request: Request, next: Next) -> Response { next.run(request).await }
async fn create(Json(order): Json<Order>) -> Json<Order> { Json(order) }
async fn list() -> Json<Vec<Order>> { Json(Vec::new()) }
async fn one(Path(id): Path<u64>) -> Json<Order> { Json(Order { id }) }

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Order { id: u64 }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /healthz -> shop::health [TraceLayer]
    POST /api/v1/orders -> shop::orders::create [TraceLayer, require_token]
    GET /api/v1/orders -> shop::orders::list [TraceLayer, require_token]
    GET /api/v1/orders/{id} -> shop::orders::one [TraceLayer, require_token]
    ");
    assert_snapshot!(seen.listeners(), @"Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end");
}

/// The router is built by a library that the binary of the same package calls; routes added behind a `route_layer` do
/// not pass it, and routers are merged three deep.
#[test]
fn axum_router_of_the_library_half() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "parcels"
version = "0.3.0"
edition = "2021"

[dependencies]
anyhow = "1"
axum = "0.8"
tokio = { version = "1", features = ["full"] }
tower-http = { version = "0.6", features = ["cors", "limit"] }
//- src/main.rs
use parcels::{Depot, router};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let app = router(Depot::new());
    let socket = tokio::net::TcpListener::bind(("0.0.0.0", 3000)).await?;
    axum::serve(socket, app.into_make_service()).with_graceful_shutdown(stopped()).await?;
    Ok(())
}

async fn stopped() {
    let _ = tokio::signal::ctrl_c().await;
}
//- src/lib.rs
mod guard;
mod web;
use std::sync::Arc;
use axum::Router;
use tower_http::cors::CorsLayer;

#[derive(Default)]
pub struct Depot;

impl Depot {
    pub fn new() -> Arc<Self> { Arc::new(Depot) }
}

pub fn router(depot: Arc<Depot>) -> Router {
    Router::new().merge(web::all(depot.clone())).layer(CorsLayer::permissive()).with_state(depot)
}
//- src/guard.rs
use std::sync::Arc;
use axum::{extract::{Request, State}, http::StatusCode, middleware::Next, response::Response};
use crate::Depot;

pub async fn signed_in(State(_depot): State<Arc<Depot>>, req: Request, next: Next) -> Result<Response, StatusCode> {
    match req.headers().get("authorization") {
        Some(_) => Ok(next.run(req).await),
        None => Err(StatusCode::UNAUTHORIZED),
    }
}
//- src/web.rs
use std::sync::Arc;
use axum::{Router, extract::Path, middleware::from_fn_with_state, routing::{delete, get, patch}};
use crate::{Depot, guard};

pub fn all(depot: Arc<Depot>) -> Router<Arc<Depot>> {
    Router::new().merge(public()).merge(private(depot))
}

fn public() -> Router<Arc<Depot>> {
    Router::new().route("/track/{code}", get(track))
}

fn private(depot: Arc<Depot>) -> Router<Arc<Depot>> {
    Router::new()
        .route("/parcels/{code}", patch(redirect).merge(delete(cancel)))
        .route_layer(from_fn_with_state(depot, guard::signed_in))
        .route("/login", axum::routing::post(login))
}

async fn track(Path(_code): Path<String>) -> &'static str { "on its way" }
async fn redirect(Path(_code): Path<String>) {}
async fn cancel(Path(_code): Path<String>) {}
async fn login() {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /track/{code} -> parcels::web::track [CorsLayer]
    PATCH /parcels/{code} -> parcels::web::redirect [CorsLayer, signed_in]
    DELETE /parcels/{code} -> parcels::web::cancel [CorsLayer, signed_in]
    POST /login -> parcels::web::login [CorsLayer]
    ");
    assert_snapshot!(seen.listeners(), @"Http axum 0.0.0.0:3000, no serverhead, no handler, no drain, ends gracefully by src/main.rs:7");
}

/// A layer that only some deployments have, by `if cfg { r.layer(..) } else { r }`: a request need not pass it, unlike the
/// ones written before and after it.
#[test]
fn axum_layer_by_condition() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod http;
mod settings;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = settings::Settings::load()?;
    let app = http::app(&settings);
    let listener = tokio::net::TcpListener::bind(&settings.listen).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
//- src/settings.rs
pub struct Settings {
    pub listen: String,
    pub cors: bool,
}

impl Settings {
    pub fn load() -> anyhow::Result<Settings> {
        let listen = std::env::var("LISTEN")?;
        let cors = std::env::var("CORS").is_ok();
        Ok(Settings { listen, cors })
    }
}
//- src/http.rs
use axum::{Router, routing::{get, put}};
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer, trace::TraceLayer};
use crate::settings::Settings;

pub fn app(settings: &Settings) -> Router {
    let router = Router::new()
        .route("/stock/{sku}", get(level).put(set_level))
        .layer(CatchPanicLayer::new());
    let router = if settings.cors {
        router.layer(CorsLayer::permissive())
    } else {
        router
    };
    router.layer(TraceLayer::new_for_http())
}

async fn level() -> String { "7".into() }
async fn set_level() {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /stock/{sku} -> shop::http::level [TraceLayer, CorsLayer?, CatchPanicLayer]
    PUT /stock/{sku} -> shop::http::set_level [TraceLayer, CorsLayer?, CatchPanicLayer]
    ");
    assert_snapshot!(seen.listeners(), @"Http axum ${LISTEN}, no serverhead, no handler, no drain, no graceful end");
}

/// `let mut router = ..; router = router.route(..)`, with a route that only some deployments have: it is a route all the
/// same. A layer set by assignment covers what came before it.
#[test]
fn axum_router_assigned_step_by_step() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod metrics;
mod server;

#[tokio::main]
async fn main() {
    let flags = server::Flags { metrics: std::env::var("METRICS").is_ok() };
    server::run(flags).await;
}
//- src/metrics.rs
use axum::Router;
use axum::routing::get;

pub async fn render() -> String { String::from("up 1\n") }

pub fn part() -> Router {
    Router::new().route("/metrics", get(render))
}
//- src/server.rs
use axum::{Router, extract::DefaultBodyLimit, routing::{get, post}};
use tower_http::trace::TraceLayer;
use crate::metrics;

pub struct Flags {
    pub metrics: bool,
}

pub async fn run(flags: Flags) {
    let mut router = Router::new();
    router = router.route("/invoices", post(issue));
    router = router.layer(DefaultBodyLimit::max(1024));
    router = router.route("/livez", get(|| async { "alive" }));
    if flags.metrics {
        router = router.merge(metrics::part());
    }
    router = router.layer(TraceLayer::new_for_http());
    let listener = tokio::net::TcpListener::bind("[::]:9000").await.unwrap();
    axum::serve(listener, router).await.unwrap();
}

async fn issue(body: String) -> String { body }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    POST /invoices -> shop::server::issue [TraceLayer, DefaultBodyLimit]
    GET /livez -> (closure) [TraceLayer]
    GET /metrics -> shop::metrics::render [TraceLayer]
    ");
    assert_snapshot!(seen.listeners(), @"Http axum [::]:9000, no serverhead, no handler, no drain, no graceful end");
}

/// Helpers that take a router and give it back with more, as functions and as a method of an extension trait.
#[test]
fn axum_helpers_from_router_to_router() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod common;
mod seats;
use axum::Router;
use common::Probes;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut app = Router::new();
    app = seats::add(app);
    let app = common::observed(app).probes();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:4040").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
//- src/common.rs
use axum::{Router, http::StatusCode, routing::get};
use tower_http::trace::TraceLayer;

pub fn observed(router: Router) -> Router {
    router.layer(TraceLayer::new_for_http())
}

pub trait Probes {
    fn probes(self) -> Self;
}

impl Probes for Router {
    fn probes(self) -> Self {
        self.route("/livez", get(alive)).route("/readyz", get(ready))
    }
}

async fn alive() -> StatusCode { StatusCode::OK }
async fn ready() -> StatusCode { StatusCode::NO_CONTENT }
//- src/seats.rs
use axum::{Router, extract::Path, routing::{get, post}};

pub fn add(app: Router) -> Router {
    app.nest("/seats", Router::new().route("/", get(free)).route("/{row}/hold", post(hold)))
}

async fn free() -> String { "12A".into() }
async fn hold(Path(_row): Path<u32>) {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /seats -> shop::seats::free [TraceLayer]
    POST /seats/{row}/hold -> shop::seats::hold [TraceLayer]
    GET /livez -> shop::common::alive
    GET /readyz -> shop::common::ready
    ");
    assert_snapshot!(seen.listeners(), @"Http axum 127.0.0.1:4040, no serverhead, no handler, no drain, no graceful end");
}

/// Paths are made with `format!` from a base that is a parameter: known where the caller gives a literal, a hole where it
/// comes from the environment.
#[test]
fn axum_base_path_by_format() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod admin;
mod fares;
use axum::Router;

#[tokio::main]
async fn main() {
    let hidden = std::env::var("ADMIN_BASE").unwrap();
    let app = Router::new().merge(fares::routes("/fares/v2")).merge(admin::routes(&hidden));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
//- src/fares.rs
use axum::{Router, routing::{get, post}};

pub fn routes(base: &str) -> Router {
    let quote_path = format!("{}/quote", base);
    Router::new()
        .route(&format!("{base}/zones"), get(zones))
        .route(&quote_path, post(quote))
}

async fn zones() -> &'static str { "A,B,C" }
async fn quote() -> &'static str { "2.40" }
//- src/admin.rs
use axum::{Router, routing::post};

pub fn routes(base: &str) -> Router {
    Router::new().route(&format!("{base}/flush"), post(flush))
}

async fn flush() {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /fares/v2/zones -> shop::fares::zones
    POST /fares/v2/quote -> shop::fares::quote
    ? POST /${ADMIN_BASE}/flush -> shop::admin::flush
    ");
}

/// Paths are constants of a crate that the service shares with its clients, some joined with `concat!`.
#[test]
fn path_constants_of_another_crate() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[workspace]
members = ["contract", "service"]
resolver = "2"
//- contract/Cargo.toml
[package]
name = "ride-contract"
version = "0.1.0"
edition = "2021"
//- contract/src/lib.rs
pub mod paths;
pub use paths::BASE;
//- contract/src/paths.rs
pub const BASE: &str = "/internal";
pub const RIDES: &str = "/rides";
pub const RIDE: &str = concat!("/rides", "/{ride_id}");

pub struct Driver;

impl Driver {
    pub const LOCATION: &'static str = "/drivers/{driver_id}/location";
}
//- service/Cargo.toml
[package]
name = "rides"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.7"
ride-contract = { path = "../contract" }
tokio = { version = "1", features = ["full"] }
//- service/src/main.rs
use axum::{Router, routing::{get, put}};
use ride_contract::{BASE, paths::{self, Driver}};

#[tokio::main]
async fn main() {
    let inner = Router::new()
        .route(paths::RIDES, get(list).post(book))
        .route(paths::RIDE, get(show))
        .route(Driver::LOCATION, put(report));
    let app = Router::new().nest(BASE, inner);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8090").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}

async fn list() {}
async fn book() {}
async fn show() {}
async fn report() {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /internal/rides -> rides::list
    POST /internal/rides -> rides::book
    GET /internal/rides/{ride_id} -> rides::show
    PUT /internal/drivers/{driver_id}/location -> rides::report
    ");
}

/// utoipa-axum: method and path stand in the handlers' attributes, `routes!` names the handlers, the router is taken
/// apart with `split_for_parts`.
#[test]
fn utoipa_axum_routes_macro() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "pets"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["full"] }
tower-http = { version = "0.6", features = ["trace"] }
utoipa = { version = "5", features = ["axum_extras"] }
utoipa-axum = "0.2"
//- src/main.rs
mod pets;
use axum::{Json, routing::get};
use tower_http::trace::TraceLayer;
use utoipa_axum::router::OpenApiRouter;

#[tokio::main]
async fn main() {
    let (router, api) = OpenApiRouter::new().nest("/api", pets::router()).split_for_parts();
    let app = router
        .route("/openapi.json", get(move || async move { Json(api) }))
        .layer(TraceLayer::new_for_http());
    let listener = tokio::net::TcpListener::bind("0.0.0.0:7000").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
//- src/pets.rs
use axum::{Json, extract::Path};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(serde::Serialize, serde::Deserialize, ToSchema)]
pub struct Pet { name: String }

pub fn router() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(all, adopt)).routes(routes!(rename))
}

#[utoipa::path(get, path = "/pets", responses((status = 200, body = Vec<Pet>)))]
async fn all() -> Json<Vec<Pet>> { Json(Vec::new()) }

#[utoipa::path(post, path = "/pets", request_body = Pet)]
async fn adopt(Json(pet): Json<Pet>) -> Json<Pet> { Json(pet) }

#[utoipa::path(method(put), path = "/pets/{name}", params(("name" = String, Path)))]
async fn rename(Path(_name): Path<String>, Json(pet): Json<Pet>) -> Json<Pet> { Json(pet) }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /api/pets -> pets::pets::all [TraceLayer]
    POST /api/pets -> pets::pets::adopt [TraceLayer]
    PUT /api/pets/{name} -> pets::pets::rename [TraceLayer]
    GET /openapi.json -> (closure) [TraceLayer]
    ");
    assert_snapshot!(seen.listeners(), @"Http axum 0.0.0.0:7000, no serverhead, no handler, no drain, no graceful end");
}

/// aide: `api_route` with `get_with`, nested by `nest_api_service` and plain `nest`, finished by `finish_api`.
#[test]
fn aide_api_routes() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "loans"
version = "0.1.0"
edition = "2021"

[dependencies]
aide = { version = "0.15", features = ["axum", "axum-json"] }
axum = "0.8"
tokio = { version = "1", features = ["full"] }
//- src/main.rs
mod loans;
use aide::{axum::{ApiRouter, IntoApiResponse, routing::get}, openapi::OpenApi};
use axum::{Extension, Json};
use std::sync::Arc;

#[tokio::main]
async fn main() {
    let mut api = OpenApi::default();
    let app = ApiRouter::new()
        .nest("/loans", loans::routes())
        .route("/docs/api.json", axum::routing::get(serve_docs))
        .api_route("/ping", get(ping))
        .finish_api(&mut api)
        .layer(Extension(Arc::new(api)));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8181").await.unwrap();
    axum::serve(listener, app.into_make_service()).await.unwrap();
}

async fn serve_docs(Extension(api): Extension<Arc<OpenApi>>) -> impl IntoApiResponse { Json(api.as_ref().clone()) }
async fn ping() -> &'static str { "pong" }
//- src/loans.rs
use aide::{axum::{ApiRouter, routing::{get_with, post_with}}, transform::TransformOperation};
use axum::extract::Path;

pub fn routes() -> ApiRouter {
    ApiRouter::new()
        .api_route("/", post_with(grant, grant_docs).get_with(open, |op| op.summary("Open loans")))
        .api_route("/{id}/payments", get_with(payments, |op| op.description("All payments")))
}

async fn grant(body: String) -> String { body }
fn grant_docs(op: TransformOperation) -> TransformOperation { op.description("Grant a loan") }
async fn open() -> String { String::new() }
async fn payments(Path(_id): Path<u64>) -> String { String::new() }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    POST /loans -> loans::loans::grant [Extension]
    GET /loans -> loans::loans::open [Extension]
    GET /loans/{id}/payments -> loans::loans::payments [Extension]
    GET /docs/api.json -> loans::serve_docs [Extension]
    GET /ping -> loans::ping [Extension]
    ");
    assert_snapshot!(seen.listeners(), @"Http axum 0.0.0.0:8181, no serverhead, no handler, no drain, no graceful end");
}

/// actix: scopes, handlers with attributes, `configure` nested over two crates, a resource with several methods, a closure
/// that builds the application for each worker.
#[test]
fn actix_configure_over_crates() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[workspace]
members = ["catalog", "gateway"]
resolver = "2"
//- catalog/Cargo.toml
[package]
name = "catalog"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
//- catalog/src/lib.rs
mod reviews;
use actix_web::{HttpResponse, Responder, get, post, web};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/books")
            .service(search)
            .service(add)
            .configure(reviews::configure),
    );
    cfg.route("/catalog/ping", web::get().to(ping));
}

#[get("")]
async fn search() -> impl Responder { HttpResponse::Ok().body("[]") }

#[post("/{isbn}")]
async fn add(isbn: web::Path<String>) -> impl Responder { isbn.into_inner() }

async fn ping() -> &'static str { "pong" }
//- catalog/src/reviews.rs
use actix_web::{HttpResponse, web};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/{isbn}/reviews")
            .name("reviews")
            .route(web::get().to(list))
            .route(web::delete().to(purge)),
    );
}

async fn list() -> HttpResponse { HttpResponse::Ok().finish() }
async fn purge() -> HttpResponse { HttpResponse::NoContent().finish() }
//- gateway/Cargo.toml
[package]
name = "gateway"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
catalog = { path = "../catalog" }
//- gateway/src/main.rs
use actix_web::{App, HttpServer, middleware::Logger, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(move || {
        App::new()
            .wrap(Logger::default())
            .service(web::scope("/api").service(web::scope("/v1").configure(catalog::configure)))
            .service(health)
    })
    .shutdown_timeout(10)
    .bind(("0.0.0.0", 8000))?
    .run()
    .await
}

#[actix_web::get("/health")]
async fn health() -> &'static str { "ok" }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /api/v1/books -> catalog::search [Logger]
    POST /api/v1/books/{isbn} -> catalog::add [Logger]
    GET /api/v1/books/{isbn}/reviews -> catalog::reviews::list [Logger]
    DELETE /api/v1/books/{isbn}/reviews -> catalog::reviews::purge [Logger]
    GET /api/v1/catalog/ping -> catalog::ping [Logger]
    GET /health -> gateway::health [Logger]
    ");
    assert_snapshot!(seen.listeners(), @"Http actix-web 0.0.0.0:8000, concurrency 25600 per worker, tls 3 s, keepalive 5 s, serverhead 5 s, no handler, drain 10 s, ends gracefully by gateway/src/main.rs:13");
}

/// Rocket: `#[launch]`, `mount` of `routes!` and of a function that returns a list, paths in attributes, a fairing for all.
#[test]
fn rocket_mounts_and_launch() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "notes"
version = "0.1.0"
edition = "2021"

[dependencies]
rocket = { version = "0.5", features = ["json"] }
//- src/main.rs
#[macro_use]
extern crate rocket;

mod notes;
mod timing;

#[get("/healthz")]
fn healthz() -> &'static str { "ok" }

#[launch]
fn rocket() -> _ {
    rocket::build()
        .mount("/", routes![healthz])
        .mount("/api/notes", notes::all())
        .attach(timing::Timing)
}
//- src/notes.rs
use rocket::{Route, http::Status, serde::json::Json};

pub fn all() -> Vec<Route> {
    routes![list, write, read, wipe]
}

#[get("/?<page>")]
async fn list(page: Option<u32>) -> String { page.unwrap_or(0).to_string() }

#[post("/", format = "json", data = "<note>")]
async fn write(note: Json<String>) -> Json<String> { note }

#[get("/<id>")]
async fn read(id: u64) -> String { id.to_string() }

#[delete("/<owner>/<path..>", rank = 2)]
async fn wipe(owner: &str, path: std::path::PathBuf) -> Status { Status::NoContent }
//- src/timing.rs
use rocket::{Data, Request, fairing::{Fairing, Info, Kind}};

pub struct Timing;

#[rocket::async_trait]
impl Fairing for Timing {
    fn info(&self) -> Info { Info { name: "timing", kind: Kind::Request } }
    async fn on_request(&self, _request: &mut Request<'_>, _: &mut Data<'_>) {}
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /healthz -> notes::healthz [Timing]
    GET /api/notes -> notes::notes::list [Timing]
    POST /api/notes -> notes::notes::write [Timing]
    GET /api/notes/{id} -> notes::notes::read [Timing]
    DELETE /api/notes/{owner}/{*path} -> notes::notes::wipe [Timing]
    ");
    assert_snapshot!(seen.listeners(), @"Http rocket ?, no serverhead, no handler, drain 5 s, ends gracefully by src/main.rs:15");
}

/// warp: `path!` and single segments, a base filter shared by several, functions that return filters, `or`, a filter that
/// hands state in, a log around all.
#[test]
fn warp_filters_in_functions() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "sensors"
version = "0.1.0"
edition = "2021"

[dependencies]
tokio = { version = "1", features = ["full"] }
warp = "0.3"
//- src/main.rs
mod filters;
mod handlers;
use warp::Filter;

#[tokio::main]
async fn main() {
    let store = handlers::Store::default();
    let health = warp::path("health").and(warp::path::end()).map(|| "ok");
    let routes = health.or(filters::readings(store)).with(warp::log("sensors"));
    warp::serve(routes).run(([0, 0, 0, 0], 3030)).await;
}
//- src/filters.rs
use std::convert::Infallible;
use warp::{Filter, Rejection, Reply};
use crate::handlers::{self, Store};

pub fn readings(store: Store) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    latest(store.clone()).or(record(store.clone())).or(forget(store))
}

fn latest(store: Store) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path!("v1" / "sensors" / u32 / "latest").and(warp::get()).and(with(store)).and_then(handlers::latest)
}

fn record(store: Store) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path!("v1" / "sensors").and(warp::post()).and(warp::body::json()).and(with(store)).and_then(handlers::record)
}

fn forget(store: Store) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let base = warp::path("v1").and(warp::path("sensors"));
    base.and(warp::path::param::<u32>()).and(warp::path::end()).and(warp::delete()).and(with(store)).and_then(handlers::forget)
}

fn with(store: Store) -> impl Filter<Extract = (Store,), Error = Infallible> + Clone {
    warp::any().map(move || store.clone())
}
//- src/handlers.rs
use warp::{Rejection, Reply};

#[derive(Clone, Default)]
pub struct Store;

pub async fn latest(_id: u32, _store: Store) -> Result<impl Reply, Rejection> { Ok("21.5") }
pub async fn record(_value: f64, _store: Store) -> Result<impl Reply, Rejection> { Ok("noted") }
pub async fn forget(_id: u32, _store: Store) -> Result<impl Reply, Rejection> { Ok("gone") }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    ANY /health -> (closure) [Log]
    GET /v1/sensors/{param}/latest -> sensors::handlers::latest [Log]
    POST /v1/sensors -> sensors::handlers::record [Log]
    DELETE /v1/sensors/{param} -> sensors::handlers::forget [Log]
    ");
    assert_snapshot!(seen.listeners(), @"Http warp 0.0.0.0:3030, no serverhead, no handler, no drain, no bodysize, no graceful end");
}

/// poem: `at` and `nest` over modules, `with` around a part and around all.
#[test]
fn poem_routes_with_middleware() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "tickets"
version = "0.1.0"
edition = "2021"

[dependencies]
poem = "3"
tokio = { version = "1", features = ["full"] }
//- src/main.rs
mod tickets;
use poem::{EndpointExt, Route, Server, get, handler, listener::TcpListener, middleware::Tracing};

#[handler]
fn health() -> &'static str { "ok" }

#[tokio::main]
async fn main() -> Result<(), std::io::Error> {
    let app = Route::new()
        .at("/health", get(health))
        .nest("/tickets", tickets::endpoint())
        .with(Tracing);
    Server::new(TcpListener::bind("0.0.0.0:6000")).run(app).await
}
//- src/tickets.rs
use poem::{Endpoint, EndpointExt, Route, get, handler, middleware::Cors, web::{Json, Path}};

pub fn endpoint() -> impl Endpoint {
    Route::new()
        .at("/", get(open).post(file))
        .at("/:id", get(show).delete(close))
        .with(Cors::new())
}

#[handler]
async fn open() -> Json<Vec<u64>> { Json(Vec::new()) }
#[handler]
async fn file(Json(title): Json<String>) -> Json<String> { Json(title) }
#[handler]
async fn show(Path(id): Path<u64>) -> Json<u64> { Json(id) }
#[handler]
async fn close(Path(_id): Path<u64>) {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /health -> tickets::health [Tracing]
    GET /tickets -> tickets::tickets::open [Tracing, Cors]
    POST /tickets -> tickets::tickets::file [Tracing, Cors]
    GET /tickets/{id} -> tickets::tickets::show [Tracing, Cors]
    DELETE /tickets/{id} -> tickets::tickets::close [Tracing, Cors]
    ");
    assert_snapshot!(seen.listeners(), @"Http poem 0.0.0.0:6000, no concurrency, no serverhead, no handler, no drain, no bodysize, no graceful end");
}

/// salvo: a tree of routers by `push`, `hoop` on one branch, methods on the routers themselves.
#[test]
fn salvo_tree_of_routers() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "tracks"
version = "0.1.0"
edition = "2021"

[dependencies]
salvo = "0.76"
tokio = { version = "1", features = ["full"] }
//- src/main.rs
mod tracks;
use salvo::prelude::*;

#[handler]
async fn health() -> &'static str { "ok" }

#[tokio::main]
async fn main() {
    let router = Router::new()
        .hoop(Logger::new())
        .push(Router::with_path("health").get(health))
        .push(Router::with_path("api/v1").push(tracks::router()));
    let acceptor = TcpListener::new("0.0.0.0:5800").bind().await;
    Server::new(acceptor).serve(router).await;
}
//- src/tracks.rs
use salvo::prelude::*;

pub fn router() -> Router {
    Router::with_path("tracks")
        .get(list)
        .push(Router::new().hoop(signed_in).post(upload).push(Router::with_path("{id}").delete(remove)))
}

#[handler]
async fn signed_in(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    if req.header::<String>("authorization").is_none() {
        res.status_code(StatusCode::UNAUTHORIZED);
        ctrl.skip_rest();
    }
}

#[handler]
async fn list() -> &'static str { "[]" }
#[handler]
async fn upload(req: &mut Request) -> String { format!("{}", req.uri()) }
#[handler]
async fn remove(req: &mut Request) {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /health -> tracks::health [Logger]
    GET /api/v1/tracks -> tracks::tracks::list [Logger]
    POST /api/v1/tracks -> tracks::tracks::upload [Logger, signed_in]
    DELETE /api/v1/tracks/{id} -> tracks::tracks::remove [Logger, signed_in]
    ");
    assert_snapshot!(seen.listeners(), @"Http salvo 0.0.0.0:5800, no serverhead, no handler, no drain, bodysize 64 kib, no graceful end");
}

/// tonic: generated code by `include_proto!` that is not on disk, one service behind an interceptor, health and reflection,
/// a layer for all of them.
#[test]
fn tonic_services_of_included_code() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "wallet"
version = "0.1.0"
edition = "2021"

[dependencies]
prost = "0.14"
tokio = { version = "1", features = ["full"] }
tonic = "0.14"
tonic-health = "0.14"
tonic-prost = "0.14"
tonic-reflection = "0.14"
tower-http = { version = "0.6", features = ["trace"] }
//- src/pb.rs
tonic::include_proto!("wallet.v1");

pub const DESCRIPTOR: &[u8] = tonic::include_file_descriptor_set!("wallet_descriptor");
//- src/ledger.rs
use tonic::{Request, Response, Status};
use crate::pb::{Balance, BalanceRequest, Entry, PostReply, ledger_server::Ledger};

#[derive(Default)]
pub struct LedgerService;

impl LedgerService {
    async fn audit(&self, _what: &str) {}
}

#[tonic::async_trait]
impl Ledger for LedgerService {
    async fn post_entry(&self, request: Request<Entry>) -> Result<Response<PostReply>, Status> {
        self.audit(&request.into_inner().id).await;
        Ok(Response::new(PostReply {}))
    }

    async fn get_balance(&self, _request: Request<BalanceRequest>) -> Result<Response<Balance>, Status> {
        Ok(Response::new(Balance { cents: 0 }))
    }
}
//- src/main.rs
mod ledger;
mod pb;
use ledger::LedgerService;
use pb::ledger_server::LedgerServer;
use tonic::{Request, Status, transport::Server};
use tower_http::trace::TraceLayer;

fn has_token(request: Request<()>) -> Result<Request<()>, Status> {
    match request.metadata().get("authorization") {
        Some(_) => Ok(request),
        None => Err(Status::unauthenticated("no token")),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<LedgerServer<LedgerService>>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(pb::DESCRIPTOR)
        .build_v1()?;
    Server::builder()
        .layer(TraceLayer::new_for_grpc())
        .add_service(health)
        .add_service(reflection)
        .add_service(LedgerServer::with_interceptor(LedgerService::default(), has_token))
        .serve("0.0.0.0:50051".parse()?)
        .await?;
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    RPC /grpc.health.v1.Health/Check -> (library) [TraceLayer]
    RPC /grpc.reflection.v1.ServerReflection/* -> (library) [TraceLayer]
    RPC /wallet.v1.Ledger/PostEntry -> wallet::ledger::LedgerService::post_entry [TraceLayer, has_token]
    RPC /wallet.v1.Ledger/GetBalance -> wallet::ledger::LedgerService::get_balance [TraceLayer, has_token]
    ");
    assert_snapshot!(seen.listeners(), @"Grpc tonic 0.0.0.0:50051, no concurrency, no keepalive, no serverhead, no handler, no drain, bodysize 4 mib, no graceful end");
}

/// An HTTP and a gRPC server in one process, each with its own port and end; the gRPC one built in two statements.
#[test]
fn http_and_grpc_in_one_process() {
    let seen = Seen::of(
        r#"//- src/proto.rs
pub mod geo {
    tonic::include_proto!("geo");
}
//- src/rpc.rs
use std::{net::SocketAddr, sync::Arc};
use tonic::{Request, Response, Status, transport::Server};
use crate::proto::geo::{Place, Point, finder_server::{Finder, FinderServer}};

pub struct FinderApi {
    pub index: Arc<Vec<String>>,
}

#[tonic::async_trait]
impl Finder for FinderApi {
    async fn nearest(&self, _request: Request<Point>) -> Result<Response<Place>, Status> {
        Ok(Response::new(Place { name: self.index[0].clone() }))
    }
}

pub async fn serve(index: Arc<Vec<String>>, addr: SocketAddr) -> Result<(), tonic::transport::Error> {
    let mut server = Server::builder();
    let router = server.add_service(FinderServer::new(FinderApi { index }));
    router.serve_with_shutdown(addr, crate::stopped()).await
}
//- src/web.rs
use axum::{Router, routing::get};

pub async fn serve(port: u16) -> std::io::Result<()> {
    let app = Router::new().route("/livez", get(alive));
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", port)).await?;
    axum::serve(listener, app).await
}

async fn alive() -> &'static str { "alive" }
//- src/main.rs
mod proto;
mod rpc;
mod web;
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let index = Arc::new(vec!["home".to_string()]);
    let grpc = tokio::spawn(rpc::serve(index, "0.0.0.0:9090".parse()?));
    web::serve(8080).await?;
    grpc.await??;
    Ok(())
}

pub async fn stopped() {
    tokio::signal::ctrl_c().await.ok();
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    RPC /geo.Finder/Nearest -> shop::rpc::FinderApi::nearest
    GET /livez -> shop::web::alive
    ");
    assert_snapshot!(seen.listeners(), @r"
    Grpc tonic 0.0.0.0:9090, no concurrency, no keepalive, no serverhead, no handler, no drain, bodysize 4 mib, ends gracefully by src/rpc.rs:19
    Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end
    ");
}

/// A crate that launches every service: what it is handed differs by the service, what it adds by itself is the same.
#[test]
fn launcher_shared_by_two_services() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[workspace]
members = ["launcher", "billing", "search"]
resolver = "2"
//- launcher/Cargo.toml
[package]
name = "launcher"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
tokio = { version = "1", features = ["full"] }
tower-http = { version = "0.6", features = ["trace"] }
//- launcher/src/lib.rs
use axum::{Router, routing::get};
use tower_http::trace::TraceLayer;

pub struct Launch {
    pub address: &'static str,
    pub api: Router,
}

impl Launch {
    pub async fn run(self) -> std::io::Result<()> {
        let app = Router::new()
            .nest("/api", self.api)
            .layer(TraceLayer::new_for_http())
            .route("/livez", get(livez));
        let listener = tokio::net::TcpListener::bind(self.address).await?;
        axum::serve(listener, app).with_graceful_shutdown(interrupted()).await
    }
}

async fn livez() -> &'static str { "ok" }

async fn interrupted() {
    tokio::signal::ctrl_c().await.ok();
}
//- billing/Cargo.toml
[package]
name = "billing"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
launcher = { path = "../launcher" }
tokio = { version = "1", features = ["full"] }
//- billing/src/main.rs
use axum::{Router, routing::post};
use launcher::Launch;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let api = Router::new().route("/charge", post(charge));
    Launch { address: "0.0.0.0:7001", api }.run().await
}

async fn charge() {}
//- search/Cargo.toml
[package]
name = "search"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
launcher = { path = "../launcher" }
tokio = { version = "1", features = ["full"] }
//- search/src/main.rs
use axum::{Router, routing::get};
use launcher::Launch;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    Launch { address: "0.0.0.0:7002", api: api() }.run().await
}

fn api() -> Router {
    Router::new().route("/query", get(query))
}

async fn query() -> &'static str { "[]" }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    # billing
    POST /api/charge -> billing::charge [TraceLayer]
    GET /livez -> launcher::livez
    # search
    GET /api/query -> search::query [TraceLayer]
    GET /livez -> launcher::livez
    ");
    assert_snapshot!(seen.listeners(), @r"
    # billing
    Http axum 0.0.0.0:7001, no serverhead, no handler, no drain, ends gracefully by launcher/src/lib.rs:16
    # search
    Http axum 0.0.0.0:7002, no serverhead, no handler, no drain, ends gracefully by launcher/src/lib.rs:16
    ");
}

/// hyper by hand: `match (method, path)` in another file; an arm that takes a path apart may be any number of routes.
#[test]
fn hyper_match_on_method_and_path() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "pixels"
version = "0.1.0"
edition = "2021"

[dependencies]
bytes = "1"
http-body-util = "0.1"
hyper = { version = "1", features = ["http1", "server"] }
hyper-util = { version = "0.1", features = ["tokio"] }
tokio = { version = "1", features = ["full"] }
//- src/main.rs
mod dispatch;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:8888").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(dispatch::answer)).await;
        });
    }
}
//- src/dispatch.rs
use std::convert::Infallible;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Response, body::Incoming};

type Answer = Response<Full<Bytes>>;

pub async fn answer(req: Request<Incoming>) -> Result<Answer, Infallible> {
    match (req.method(), req.uri().path()) {
        (&Method::GET, "/livez" | "/readyz") => Ok(text("ok")),
        (&Method::POST, "/pixels") => store(req).await,
        (&Method::GET, path) if path.starts_with("/pixels/") => Ok(text(path)),
        _ => Ok(text("not found")),
    }
}

async fn store(_req: Request<Incoming>) -> Result<Answer, Infallible> { Ok(text("stored")) }

fn text(body: &str) -> Answer { Response::new(Full::new(Bytes::from(body.to_owned()))) }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /livez -> (closure)
    GET /readyz -> (closure)
    POST /pixels -> pixels::dispatch::store
    (more routes)
    ");
    assert_snapshot!(seen.listeners(), @"Http hyper 0.0.0.0:8888, no serverhead, no handler, no drain, no bodysize, no graceful end");
}

/// The same three layers by `.layer` after `.layer` (the last is outermost) and in one `ServiceBuilder` (the first is
/// outermost), a stack that a function returns among them.
#[test]
fn layer_order_of_axum_and_of_service_builder() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "orders"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
tokio = { version = "1", features = ["full"] }
tower = "0.5"
tower-http = { version = "0.6", features = ["catch-panic", "request-id", "trace"] }
//- src/main.rs
mod chained;
mod stacked;
use axum::Router;

#[tokio::main]
async fn main() {
    let app = Router::new().nest("/chained", chained::routes()).nest("/stacked", stacked::routes());
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
//- src/chained.rs
use axum::{Router, routing::get};
use tower_http::{catch_panic::CatchPanicLayer, request_id::{MakeRequestUuid, SetRequestIdLayer}, trace::TraceLayer};

pub fn routes() -> Router {
    Router::new()
        .route("/a", get(a))
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

async fn a() {}
//- src/stacked.rs
use axum::{Router, middleware::from_fn, extract::Request, middleware::Next, response::Response, routing::get};
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, request_id::{MakeRequestUuid, SetRequestIdLayer}, trace::TraceLayer};

pub fn routes() -> Router {
    let stack = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(TraceLayer::new_for_http())
        .layer(CatchPanicLayer::new());
    Router::new()
        .route("/b", get(b).layer(from_fn(innermost)))
        .layer(stack)
}

async fn innermost(request: Request, next: Next) -> Response { next.run(request).await }
async fn b() {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /chained/a -> orders::chained::a [SetRequestIdLayer, TraceLayer, CatchPanicLayer]
    GET /stacked/b -> orders::stacked::b [SetRequestIdLayer, TraceLayer, CatchPanicLayer, innermost]
    ");
}

/// actix: the last `wrap` is outermost, wherever in the chain it stands; the application's own are outside of a scope's and
/// of a resource's.
#[test]
fn layer_order_of_actix() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod admin;
mod audit;
use actix_web::{App, HttpServer, middleware::{Compress, Logger, from_fn}, web};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let server = HttpServer::new(|| {
        App::new()
            .wrap(Compress::default())
            .route("/", web::get().to(index))
            .service(admin::scope())
            .wrap(Logger::default())
            .wrap(from_fn(audit::note))
    })
    .bind("0.0.0.0:8080")?
    .disable_signals()
    .run();
    server.await
}

async fn index() -> &'static str { "shop" }
//- src/admin.rs
use actix_web::{Scope, middleware::{NormalizePath, from_fn}, web};
use crate::audit;

pub fn scope() -> Scope {
    web::scope("/admin")
        .wrap(from_fn(audit::only_staff))
        .service(web::resource("/users").wrap(NormalizePath::trim()).get(users).post(invite))
}

async fn users() -> String { String::new() }
async fn invite() -> String { String::new() }
//- src/audit.rs
use actix_web::{Error, body::MessageBody, dev::{ServiceRequest, ServiceResponse}, middleware::Next};

pub async fn note(req: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    next.call(req).await
}

pub async fn only_staff(req: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    next.call(req).await
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET / -> shop::index [note, Logger, Compress]
    GET /admin/users -> shop::admin::users [note, Logger, Compress, only_staff, NormalizePath]
    POST /admin/users -> shop::admin::invite [note, Logger, Compress, only_staff, NormalizePath]
    ");
    assert_snapshot!(seen.listeners(), @"Http actix-web 0.0.0.0:8080, concurrency 25600 per worker, tls 3 s, keepalive 5 s, serverhead 5 s, no handler, drain 30 s, no graceful end");
}

/// A method that is given as a value, and handlers that are named like methods.
#[test]
fn methods_given_as_values() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
axum = "0.8"
tokio = "1"
//- src/main.rs
mod orders;
use axum::{Router, routing::{MethodFilter, get, on, post}};

#[tokio::main]
async fn main() {
    let app = Router::new()
        .route("/orders", get(orders::post).on(MethodFilter::DELETE, orders::delete))
        .route("/orders/{id}", on(MethodFilter::PUT, orders::put))
        .route("/undo", post(orders::delete));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
//- src/orders.rs
pub async fn post() {}
pub async fn put() {}
pub async fn delete() {}
//- src/bin/admin.rs
use actix_web::{App, HttpServer, http::Method, web};

async fn mend() -> &'static str { "" }

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().route("/mend", web::method(Method::PATCH).to(mend)))
        .bind("0.0.0.0:81")?.run().await
}
"#,
    );
    assert_snapshot!(seen.routes(), @"
    # shop
    GET /orders -> shop::orders::post
    DELETE /orders -> shop::orders::delete
    PUT /orders/{id} -> shop::orders::put
    POST /undo -> shop::orders::delete
    # admin
    PATCH /mend -> admin::mend
    ");
}

/// A build takes one of several pieces of code: `cfg_select!` in a function, `cfg_if!` around items.
#[test]
fn routers_of_which_a_build_takes_one() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod debug;
use axum::{Router, routing::get};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, routes().merge(debug::routes())).await?;
    Ok(())
}

fn routes() -> Router {
    let router = Router::new().route("/orders", get(orders));
    std::cfg_select! {
        all(target_os = "linux", feature = "profiling") => {
            router.route("/profile", get(profile))
        }
        _ => router,
    }
}

async fn orders() -> &'static str { "[]" }
async fn profile() -> &'static str { "" }
//- src/debug.rs
use axum::{Router, routing::get};

cfg_if::cfg_if! {
    if #[cfg(feature = "debug")] {
        pub fn routes() -> Router { Router::new().route("/debug", get(dump)) }
        async fn dump() -> &'static str { "" }
    } else {
        pub fn routes() -> Router { Router::new() }
    }
}
"#,
    );
    assert_snapshot!(seen.routes(), @"
    GET /orders -> shop::orders
    GET /profile -> shop::profile
    GET /debug -> shop::debug::dump
    ");
}

/// What makes a router often gives more than it, and may fail.
#[test]
fn routers_in_pairs_that_may_fail() {
    let seen = Seen::of(
        r#"//- src/main.rs
use axum::{Router, routing::get};

struct Parts { name: String }

impl Parts {
    async fn build(&self) -> anyhow::Result<(Router, usize)> {
        let router = Router::new().route("/orders", get(orders));
        let built = (router, 1);
        Ok(built)
    }
}

fn build() -> Result<(usize, Router), String> {
    Ok((1, Router::new().route("/prices", get(orders))))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (app, count) = Parts { name: String::new() }.build().await.expect("it is sound");
    let (_, more) = build().map_err(anyhow::Error::msg)?;
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, app.merge(more)).await?;
    Ok(())
}

async fn orders() -> &'static str { "[]" }
"#,
    );
    assert_snapshot!(seen.routes(), @"
    GET /orders -> shop::orders
    GET /prices -> shop::orders
    ");
}
