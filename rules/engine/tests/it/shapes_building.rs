//! Ways in which routers are put together that are not a plain chain: macros, helpers that are lent the router, services
//! around services, and what answers when no route fits.

use crate::support::seen::Seen;
use insta::assert_snapshot;

/// The application is a macro, so that the tests of the service build the same one.
#[test]
fn app_written_by_a_macro() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod app;
mod web;
use actix_web::HttpServer;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let state = web::State::default();
    HttpServer::new(move || build_app!(state.clone(), web::limits())).bind("0.0.0.0:8000")?.run().await
}
//- src/app.rs
#[macro_export]
macro_rules! build_app {
    ($state:expr, $limits:expr $(,)?) => {
        actix_web::App::new()
            .app_data(actix_web::web::Data::new($state))
            .app_data($limits)
            .service(
                actix_web::web::resource($crate::app::under("/info/{collection}"))
                    .route(actix_web::web::get().to($crate::web::info)),
            )
            .service(actix_web::web::resource(["/a", "/b"]).route(actix_web::web::put().to($crate::web::put)))
    };
}

pub fn under(path: &str) -> String {
    let path = path.replace("{collection}", "{collection:[a-z]+}");
    format!("/1.5{}", path)
}
//- src/web.rs
use actix_web::HttpResponse;
#[derive(Clone, Default)]
pub struct State;
pub fn limits() -> actix_web::web::JsonConfig { actix_web::web::JsonConfig::default() }
pub async fn info() -> HttpResponse { HttpResponse::Ok().finish() }
pub async fn put() -> HttpResponse { HttpResponse::Ok().finish() }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /1.5/info/{collection} -> shop::web::info
    PUT /a -> shop::web::put
    PUT /b -> shop::web::put
    ");
}

/// A macro whose parts are more than expressions, or that two places define, is no function.
#[test]
fn other_macros_stay_unknown() {
    let seen = Seen::of(
        r#"//- src/main.rs
use axum::{Router, routing::get};
macro_rules! routes {
    ($($path:expr => $handler:expr),*) => { Router::new()$(.route($path, get($handler)))* };
}

#[tokio::main]
async fn main() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8000").await.unwrap();
    axum::serve(listener, routes!("/a" => one)).await.unwrap();
}
async fn one() {}
"#,
    );
    assert_snapshot!(seen.routes(), @"(more routes)");
}

/// `add_routes(&mut app)`: what is done to a router by those that are lent it.
#[test]
fn router_lent_to_helpers() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod api;
use tonic::service::RoutesBuilder;
use tonic::transport::Server;
use pb::greeter_server::GreeterServer;
mod pb { tonic::include_proto!("shop.v1"); }

#[tokio::main]
async fn main() {
    let mut routes = RoutesBuilder::default();
    if std::env::var("GREETER").is_ok() {
        add_greeter(&mut routes);
    }
    Server::builder().add_routes(routes.routes()).serve("0.0.0.0:50051".parse().unwrap()).await.unwrap();
}

fn add_greeter(routes: &mut RoutesBuilder) {
    add_one(routes);
}

fn add_one(routes: &mut RoutesBuilder) {
    routes.add_service(GreeterServer::new(api::Greeter));
}
//- src/api.rs
use tonic::{Request, Response, Status};
pub struct Greeter;
#[tonic::async_trait]
impl crate::pb::greeter_server::Greeter for Greeter {
    async fn say_hello(&self, request: Request<()>) -> Result<Response<()>, Status> { Ok(Response::new(())) }
}
"#,
    );
    assert_snapshot!(seen.routes(), @"RPC /shop.v1.Greeter/SayHello -> shop::api::Greeter::say_hello");
}

/// A service of one's own around a generated one; a service that is there or not.
#[test]
fn services_around_services() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
http = "1"
tokio = "1"
tonic = "0.14"
tower = "0.5"
//- src/main.rs
mod api;
use std::task::{Context, Poll};
use tonic::transport::Server;
use pb::greeter_server::GreeterServer;
use pb::clock_server::ClockServer;
mod pb { tonic::include_proto!("shop.v1"); }

#[derive(Clone)]
struct Echo<S> { inner: S }

impl<S> Echo<S> {
    fn new(inner: S) -> Self { Self { inner } }
}

impl<S: tower::Service<http::Request<()>>> tower::Service<http::Request<()>> for Echo<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> { self.inner.poll_ready(cx) }
    fn call(&mut self, request: http::Request<()>) -> S::Future { self.inner.call(request) }
}

#[tokio::main]
async fn main() {
    let greeter = Echo::new(GreeterServer::new(api::Greeter));
    let clock = std::env::var("CLOCK").is_ok().then(|| ClockServer::new(api::Clock));
    Server::builder().add_service(greeter).add_optional_service(clock).serve("0.0.0.0:1".parse().unwrap()).await.unwrap();
}
//- src/api.rs
use tonic::{Request, Response, Status};
pub struct Greeter;
pub struct Clock;
#[tonic::async_trait]
impl crate::pb::greeter_server::Greeter for Greeter {
    async fn say_hello(&self, request: Request<()>) -> Result<Response<()>, Status> { Ok(Response::new(())) }
}
#[tonic::async_trait]
impl crate::pb::clock_server::Clock for Clock {
    async fn now(&self, request: Request<()>) -> Result<Response<()>, Status> { Ok(Response::new(())) }
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    RPC /shop.v1.Greeter/SayHello -> shop::api::Greeter::say_hello
    RPC /shop.v1.Clock/Now -> shop::api::Clock::now
    ");
}

/// hyper under axum: the router is called by hand, or wrapped once more on its way.
#[test]
fn routers_served_by_hyper() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
hyper = "1"
hyper-util = "0.1"
tokio = "1"
tower = "0.5"
tower-http = "0.6"
//- src/main.rs
use axum::{Router, extract::Request, routing::get};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tower::{Service, ServiceBuilder};
use tower_http::trace::TraceLayer;

#[tokio::main]
async fn main() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8443").await.unwrap();
    let app = ServiceBuilder::new().layer(TraceLayer::new_for_http()).service(router());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let app = app.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request: Request<Incoming>| app.clone().call(request));
            Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await.unwrap();
        });
    }
}

fn router() -> Router { Router::new().route("/healthz", get(healthz)) }
async fn healthz() -> &'static str { "ok" }
"#,
    );
    assert_snapshot!(seen.routes(), @"GET /healthz -> shop::healthz [TraceLayer]");
}

/// A handler that says "not found" hides nothing; one that gets the request whole may hand it on to anybody.
#[test]
fn what_answers_when_no_route_fits() {
    let only_answers = Seen::of(
        r#"//- src/main.rs
use axum::{Router, http::{StatusCode, Uri}, routing::get};
use tower_http::services::ServeDir;

#[tokio::main]
async fn main() {
    let app = Router::new()
        .route("/healthz", get(healthz))
        .nest("/api", Router::new().fallback(missing))
        .fallback_service(ServeDir::new("dist"));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
async fn healthz() -> &'static str { "ok" }
async fn missing(uri: Uri) -> (StatusCode, String) { (StatusCode::NOT_FOUND, uri.to_string()) }
"#,
    );
    assert_snapshot!(only_answers.routes(), @r"
    GET /healthz -> shop::healthz
    ANY /api/{*rest} -> shop::missing
    ANY /{*rest} -> (service)
    ");
    let hands_on = Seen::of(
        r#"//- src/main.rs
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new().route("/healthz", web::get().to(healthz)).default_service(web::to(forward))
    })
    .bind("0.0.0.0:80")?
    .run()
    .await
}
async fn healthz() -> HttpResponse { HttpResponse::Ok().finish() }
async fn forward(request: HttpRequest, body: web::Payload) -> HttpResponse { HttpResponse::BadGateway().finish() }
"#,
    );
    assert_snapshot!(hands_on.routes(), @r"
    GET /healthz -> shop::healthz
    ANY /{*rest} -> shop::forward
    (more routes)
    ");
}

/// Routes that code written at build time adds cannot be listed, and that is told.
#[test]
fn routes_of_code_that_is_not_here() {
    let seen = Seen::of(
        r#"//- src/main.rs
use actix_web::{App, HttpServer, web};
mod pb { include!(concat!(env!("OUT_DIR"), "/shop.rs")); }
use pb::route_orders;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().configure(|config| register(config))).bind("0.0.0.0:80")?.run().await
}

fn register(config: &mut web::ServiceConfig) {
    config.route("/healthz", web::get().to(healthz)).configure(|c| route_orders(c, 7));
}
async fn healthz() -> &'static str { "ok" }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /healthz -> shop::healthz
    (more routes)
    ");
}

/// The same router as it is, or else behind a prefix of the configuration.
#[test]
fn prefix_that_the_configuration_may_set() {
    let seen = Seen::of(
        r#"//- src/main.rs
use axum::{Router, routing::{get, post}};

#[derive(serde::Deserialize)]
struct Config { base: Option<String>, admin: String }

#[tokio::main]
async fn main() {
    let config: Config = serde_json::from_str(&std::fs::read_to_string("c.json").unwrap()).unwrap();
    let mut app = Router::new().route("/", get(index)).route("/orders", post(create));
    if let Some(base) = &config.base {
        app = Router::new().nest(base, app);
    }
    let app = app.nest(&config.admin, Router::new().route("/users", get(users)));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
async fn index() {}
async fn create() {}
async fn users() {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET / -> shop::index
    POST /orders -> shop::create
    ? GET /{?}/users -> shop::users
    ");
}

/// axum-extra: the path stands at the type of the handler's first parameter.
#[test]
fn typed_paths() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
axum-extra = { version = "0.12", features = ["typed-routing"] }
serde = "1"
tokio = "1"
//- src/main.rs
use axum::Router;
use axum_extra::routing::{RouterExt, TypedPath};
use serde::Deserialize;

#[derive(TypedPath, Deserialize)]
#[typed_path("/orders/{id}")]
struct OrderPath { id: u64 }

#[tokio::main]
async fn main() {
    let app = Router::new().typed_get(one).typed_delete(remove);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
async fn one(path: OrderPath) -> String { path.id.to_string() }
async fn remove(OrderPath { id }: OrderPath) {}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /orders/{id} -> shop::one
    DELETE /orders/{id} -> shop::remove
    ");
}

/// Method routes as what answers the rest; a limit that one gRPC service sets for itself; a layer in a variable.
#[test]
fn what_single_services_and_layers_say() {
    let seen = Seen::of(
        r#"//- src/main.rs
use axum::{Router, routing::get};

#[derive(Clone)]
struct Tenant;
impl<S> tower::Layer<S> for Tenant { type Service = S; fn layer(&self, inner: S) -> S { inner } }

#[tokio::main]
async fn main() {
    let tenant = Tenant;
    let app = Router::new().route("/healthz", get(healthz)).fallback(get(page)).layer(tenant);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
async fn healthz() -> &'static str { "ok" }
async fn page() -> &'static str { "<html>" }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /healthz -> shop::healthz [Tenant]
    GET /{*rest} -> shop::page [Tenant]
    ");
    let grpc = Seen::of(
        r#"//- src/main.rs
use tonic::transport::Server;
use pb::greeter_server::GreeterServer;
mod pb { tonic::include_proto!("shop.v1"); }
struct Greeter;

#[tokio::main]
async fn main() {
    let greeter = GreeterServer::new(Greeter).max_decoding_message_size(usize::MAX);
    Server::builder().add_service(greeter).serve("0.0.0.0:50051".parse().unwrap()).await.unwrap();
}
"#,
    );
    assert!(!grpc.listeners().contains("4 MiB"), "{}", grpc.listeners());
}

/// actix: a guard says which method a route answers.
#[test]
fn guards_of_methods() {
    let seen = Seen::of(
        r#"//- src/main.rs
use actix_web::{App, HttpResponse, HttpServer, guard, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new()
            .service(web::resource("/a").route(web::route().guard(guard::Post()).to(one)))
            .service(web::resource("/b").guard(guard::Get()).to(one))
            .service(web::resource("/c").route(web::route().to(one)))
    })
    .bind("0.0.0.0:80")?
    .run()
    .await
}
async fn one() -> HttpResponse { HttpResponse::Ok().finish() }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    POST /a -> shop::one
    GET /b -> shop::one
    ANY /c -> shop::one
    ");
}

/// Rocket: routes that a fairing adds while the application starts.
#[test]
fn routes_of_fairings() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
rocket = "0.5"
//- src/main.rs
mod health;
use rocket::{get, launch, routes};

#[launch]
fn rocket() -> _ {
    rocket::build().attach(health::stage()).mount("/v1", routes![one])
}

#[get("/one")]
fn one() -> &'static str { "1" }
//- src/health.rs
use rocket::{fairing::AdHoc, get, routes};

pub fn stage() -> AdHoc {
    AdHoc::on_ignite("health", |rocket| async { rocket.mount("/", routes![healthz]) })
}

#[get("/healthz")]
fn healthz() -> &'static str { "ok" }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /healthz -> shop::health::healthz
    GET /v1/one -> shop::one
    ");
}

/// Closures that only hand on to a function are that function; extractors run before the handler.
#[test]
fn what_runs_for_a_route() {
    let seen = Seen::of(
        r#"//- src/main.rs
use axum::{Router, extract::{FromRequestParts, State}, http::request::Parts, routing::{get, post}};

#[tokio::main]
async fn main() {
    let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    let app = Router::new()
        .route("/pay", post(|State(db): State<sqlx::PgPool>| async move { pay(db).await }))
        .route("/me", get(me))
        .with_state(db);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}

async fn pay(db: sqlx::PgPool) {
    sqlx::query("INSERT INTO payments (id) VALUES ($1)").bind(1).execute(&db).await.unwrap();
}

struct User { name: String }
impl FromRequestParts<sqlx::PgPool> for User {
    type Rejection = ();
    async fn from_request_parts(parts: &mut Parts, db: &sqlx::PgPool) -> Result<Self, ()> {
        let token = parts.headers.get("x-session").unwrap();
        sqlx::query("SELECT name FROM sessions WHERE token = $1").fetch_one(db).await.unwrap();
        Ok(User { name: String::new() })
    }
}

async fn me(user: User) -> String { user.name }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    POST /pay -> shop::pay
    GET /me -> shop::me
    ");
    assert_snapshot!(seen.effects("shop::me"), @r"
    Select sessions > from_request_parts src/main.rs:23
    ReadHeader > from_request_parts src/main.rs:22
    ");
}

/// hyper: methods in one pattern, in a guard, and paths that are constants.
#[test]
fn patterns_of_methods_and_paths() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
hyper = { version = "1", features = ["server", "http1"] }
hyper-util = "0.1"
tokio = "1"
//- src/main.rs
use hyper::{Method, Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

const HEALTH: &str = "/healthz";

#[tokio::main]
async fn main() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<String>, hyper::Error> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, HEALTH) => health().await,
        (&Method::GET | &Method::HEAD, "/orders") => list(request).await,
        (m, "/orders/one") if m == Method::PUT => list(request).await,
        _ => health().await,
    }
}
async fn health() -> Result<Response<String>, hyper::Error> { Ok(Response::new(String::new())) }
async fn list(request: Request<Incoming>) -> Result<Response<String>, hyper::Error> { Ok(Response::new(String::new())) }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /healthz -> shop::health
    GET /orders -> shop::list
    HEAD /orders -> shop::list
    PUT /orders/one -> shop::list
    ");
}

/// A server that is made in one statement and told when to end in the next; a text that grows.
#[test]
fn in_several_statements() {
    let seen = Seen::of(
        r#"//- src/main.rs
use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let mut base = String::from("/api");
    base.push_str("/v2");
    let mut other = String::from("/x");
    other += &std::env::args().next().unwrap();
    let app = Router::new().route(&base, get(one)).route(&other, get(one));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    let server = axum::serve(listener, app);
    let server = server.with_graceful_shutdown(stopped());
    server.await.unwrap();
}
async fn one() {}
async fn stopped() { let _ = tokio::signal::ctrl_c().await; }
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /api/v2 -> shop::one
    ? GET /{?} -> shop::one
    ");
    assert!(seen.listeners().contains("ends gracefully by src/main.rs:12"), "{}", seen.listeners());
}

/// poem-openapi: the routes stand at the methods of a type.
#[test]
fn methods_with_routes() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
poem = "3"
poem-openapi = { version = "5", features = ["swagger-ui"] }
tokio = "1"
//- src/main.rs
mod users;
use poem::{Route, Server, listener::TcpListener};
use poem_openapi::{OpenApi, OpenApiService, param::Path, payload::PlainText};

struct Orders;

#[OpenApi(prefix_path = "/orders")]
impl Orders {
    #[oai(path = "/", method = "post")]
    async fn create(&self) -> PlainText<String> { PlainText(String::new()) }
    /// One order.
    #[oai(path = "/:id", method = "get")]
    async fn one(&self, id: Path<u64>) -> PlainText<String> { PlainText(id.0.to_string()) }
    async fn helper(&self) {}
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let api = OpenApiService::new((Orders, users::Users), "Shop", "1.0").server("http://localhost:3000/api");
    let ui = api.swagger_ui();
    Server::new(TcpListener::bind("0.0.0.0:3000")).run(Route::new().nest("/api", api).nest("/docs", ui)).await
}
//- src/users.rs
use poem_openapi::{OpenApi, payload::PlainText};
pub struct Users;
#[OpenApi]
impl Users {
    #[oai(path = "/me", method = "get")]
    async fn me(&self) -> PlainText<String> { PlainText(String::new()) }
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    POST /api/orders -> shop::Orders::create
    GET /api/orders/{id} -> shop::Orders::one
    GET /api/me -> shop::users::Users::me
    ANY /docs/{*rest} -> (service)
    ");
}

/// The application is a struct that is taken apart again when it is served.
#[test]
fn app_in_a_struct_that_is_taken_apart() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod app;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    app::App::new().graceful(true).serve(listener).await
}
//- src/app.rs
use std::net::SocketAddr;
use axum::{Router, ServiceExt, extract::Request, routing::get};

pub struct App {
    router: Router,
    graceful: bool,
}

impl App {
    pub fn new() -> Self {
        let v1 = Router::new().route("/parcels", get(parcels));
        App { router: Router::new().nest("/v1/", v1), graceful: false }
    }

    pub fn graceful(mut self, enable: bool) -> Self {
        self.graceful = enable;
        self
    }

    pub async fn serve(self, listener: tokio::net::TcpListener) -> anyhow::Result<()> {
        let Self { router, graceful } = self;
        let service = ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(router);
        if graceful {
            axum::serve(listener, service).with_graceful_shutdown(std::future::pending()).await?;
        } else {
            axum::serve(listener, service).await?;
        }
        Ok(())
    }
}

async fn parcels() {}
"#,
    );
    assert_snapshot!(seen.routes(), @"GET /v1/parcels -> shop::app::parcels");
}
