//! State and what is injected: from a handler to what it does, whatever holds the thing that does it.

use crate::support;
use crate::support::seen::Seen;
use insta::assert_snapshot;

/// `State<Arc<AppState>>` with a pool and a client as fields, used by methods of the state and by the handler itself.
#[test]
fn axum_state_in_an_arc() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod api;
mod state;
use std::sync::Arc;
use axum::{Router, routing::{get, post}};
use sqlx::postgres::PgPoolOptions;
use state::AppState;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().connect("postgres://db/shop").await?;
    let state = Arc::new(AppState { pool, http: reqwest::Client::new() });
    let app = Router::new()
        .route("/carts/{id}", get(api::show))
        .route("/carts/{id}/pay", post(api::pay))
        .with_state(state);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
//- src/state.rs
use sqlx::PgPool;

pub struct AppState {
    pub pool: PgPool,
    pub http: reqwest::Client,
}

impl AppState {
    pub async fn total(&self, id: i64) -> sqlx::Result<i64> {
        sqlx::query_scalar("SELECT total FROM carts WHERE id = $1").bind(id).fetch_one(&self.pool).await
    }
}
//- src/api.rs
use std::sync::Arc;
use axum::{extract::{Path, State}, http::StatusCode};
use crate::state::AppState;

pub async fn show(State(state): State<Arc<AppState>>, Path(id): Path<i64>) -> Result<String, StatusCode> {
    let total = state.total(id).await.map_err(|_| StatusCode::NOT_FOUND)?;
    Ok(total.to_string())
}

pub async fn pay(State(state): State<Arc<AppState>>, Path(id): Path<i64>) -> StatusCode {
    let sent = state.http.post("http://payments/charge").body(id.to_string()).send().await;
    if sent.is_err() {
        return StatusCode::BAD_GATEWAY;
    }
    let paid = sqlx::query("update carts set paid = true where id = $1").bind(id).execute(&state.pool).await;
    if paid.is_ok() { StatusCode::OK } else { StatusCode::CONFLICT }
}
"#,
    );
    assert_snapshot!(seen.effects("api::show"), @"Select carts > total src/state.rs:10");
    assert_snapshot!(seen.effects("api::pay"), @r"
    Request(Http) src/api.rs:11
    Update carts src/api.rs:15
    ");
    assert_snapshot!(seen.clients(), @r"
    Sql sqlx src/main.rs:10, poolacquire 30 s, poolsize 10, poolidle 10 min, lifetime 30 min, no statement
    Http reqwest src/main.rs:11, no total, no connect, no readidle, poolidle 90 s, no keepalive
      POST http://payments/charge src/api.rs:11
    ");
}

/// Substates: `FromRef` written by hand for a repository, derived for a client; handlers take only their part.
#[test]
fn axum_substates_by_from_ref() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod repo;
mod web;
use axum::{Router, extract::FromRef, routing::get};
use repo::Shelves;

#[derive(Clone)]
pub struct Everything {
    shelves: Shelves,
    prices: Prices,
}

#[derive(Clone)]
pub struct Prices(pub reqwest::Client);

impl FromRef<Everything> for Shelves {
    fn from_ref(all: &Everything) -> Shelves { all.shelves.clone() }
}

impl FromRef<Everything> for Prices {
    fn from_ref(all: &Everything) -> Prices { all.prices.clone() }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect("postgres://db/shelves").await?;
    let all = Everything { shelves: Shelves::new(pool), prices: Prices(reqwest::Client::new()) };
    let app = Router::new().route("/shelves", get(web::count).post(web::add)).route("/price", get(web::price)).with_state(all);
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:80").await?, app).await?;
    Ok(())
}
//- src/repo.rs
use sqlx::PgPool;

#[derive(Clone)]
pub struct Shelves { pool: PgPool }

impl Shelves {
    pub fn new(pool: PgPool) -> Self { Self { pool } }

    pub async fn count(&self) -> i64 {
        sqlx::query_scalar!("SELECT count(*) FROM shelves").fetch_one(&self.pool).await.unwrap()
    }

    pub async fn add(&self, name: &str) {
        let _ = sqlx::query!("INSERT INTO shelves (name) VALUES ($1)", name).execute(&self.pool).await;
    }
}
//- src/web.rs
use axum::extract::State;
use crate::{Prices, repo::Shelves};

pub async fn count(State(shelves): State<Shelves>) -> String { shelves.count().await.to_string() }

pub async fn add(State(shelves): State<Shelves>, name: String) { shelves.add(&name).await }

pub async fn price(State(Prices(client)): State<Prices>) -> String {
    client.get("http://pricing/now").send().await.unwrap().text().await.unwrap()
}
"#,
    );
    assert_snapshot!(seen.effects("web::count"), @"Select shelves > count src/repo.rs:10");
    assert_snapshot!(seen.effects("web::add"), @"Insert shelves > add src/repo.rs:14");
    assert_snapshot!(seen.effects("web::price"), @"Request(Http) src/web.rs:9");
    assert_snapshot!(seen.clients(), @r"
    Sql sqlx src/main.rs:25, poolacquire 30 s, poolsize 10, poolidle 10 min, lifetime 30 min, no statement
    Http reqwest src/main.rs:26, no total, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://pricing/now src/web.rs:9
    ");
}

/// `Extension<Arc<T>>` put on by a layer, one under a type alias.
#[test]
fn axum_extensions() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod mailer;
mod users;
use std::sync::Arc;
use axum::{Extension, Router, routing::post};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect_lazy("postgres://db/users")?;
    let app = Router::new()
        .route("/users", post(users::register))
        .layer(Extension(Arc::new(mailer::Mailer::new())))
        .layer(Extension(pool));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
//- src/mailer.rs
use std::{sync::Arc, time::Duration};

pub type SharedMailer = Arc<Mailer>;

pub struct Mailer { http: reqwest::Client }

impl Mailer {
    pub fn new() -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(3)).build().unwrap();
        Mailer { http }
    }

    pub async fn welcome(&self, name: &str) -> reqwest::Result<()> {
        self.http.post("http://mail/welcome").body(name.to_owned()).send().await?;
        Ok(())
    }
}
//- src/users.rs
use axum::{Extension, http::StatusCode};
use sqlx::PgPool;
use crate::mailer::SharedMailer;

pub async fn register(Extension(pool): Extension<PgPool>, Extension(mailer): Extension<SharedMailer>, name: String) -> StatusCode {
    let stored = sqlx::query("INSERT INTO users (name) VALUES ($1) ON CONFLICT (name) DO NOTHING").bind(&name).execute(&pool).await;
    if stored.is_err() || mailer.welcome(&name).await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::CREATED
}
"#,
    );
    assert_snapshot!(seen.routes(), @"POST /users -> shop::users::register [Extension, Extension]");
    assert_snapshot!(seen.effects("users::register"), @r"
    BoundedRequest(Http) > welcome src/mailer.rs:14
    Upsert users src/users.rs:6
    ");
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/mailer.rs:9, total 3 s, no connect, no readidle, poolidle 90 s, no keepalive
      POST http://mail/welcome src/mailer.rs:14
    Sql sqlx src/main.rs:8, poolacquire 30 s, poolsize 10, poolidle 10 min, lifetime 30 min, no statement
    ");
}

/// actix `web::Data`: a pool by itself and a struct with a client, both cloned into the closure of the workers.
#[test]
fn actix_web_data() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod handlers;
mod upstream;
use actix_web::{App, HttpServer, web};
use sqlx::PgPool;
use upstream::Upstream;

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let pool = PgPool::connect(&std::env::var("DATABASE_URL")?).await?;
    let upstream = web::Data::new(Upstream::from_env());
    HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(pool.clone()))
            .app_data(upstream.clone())
            .service(handlers::remove)
            .service(handlers::refresh)
    })
    .bind(("0.0.0.0", 8080))?
    .run()
    .await?;
    Ok(())
}
//- src/upstream.rs
pub struct Upstream {
    base: String,
    client: reqwest::Client,
}

impl Upstream {
    pub fn from_env() -> Self {
        let base = std::env::var("UPSTREAM").unwrap_or_else(|_| "http://upstream".into());
        Upstream { base, client: reqwest::Client::default() }
    }

    pub async fn fetch(&self, id: i32) -> reqwest::Result<String> {
        self.client.get(format!("{}/items/{id}", self.base)).send().await?.text().await
    }
}
//- src/handlers.rs
use actix_web::{HttpResponse, Responder, delete, put, web};
use sqlx::PgPool;
use crate::upstream::Upstream;

#[delete("/items/{id}")]
pub async fn remove(pool: web::Data<PgPool>, id: web::Path<i32>) -> impl Responder {
    let done = sqlx::query("DELETE FROM items WHERE id = $1").bind(*id).execute(pool.get_ref()).await;
    if done.is_ok() { HttpResponse::NoContent() } else { HttpResponse::InternalServerError() }
}

#[put("/items/{id}")]
pub async fn refresh(upstream: web::Data<Upstream>, id: web::Path<i32>) -> HttpResponse {
    match upstream.fetch(id.into_inner()).await {
        Ok(text) => HttpResponse::Ok().body(text),
        Err(_) => HttpResponse::BadGateway().finish(),
    }
}
"#,
    );
    assert_snapshot!(seen.effects("handlers::remove"), @"Delete items src/handlers.rs:7");
    assert_snapshot!(seen.effects("handlers::refresh"), @"Request(Http) > fetch src/upstream.rs:13");
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/upstream.rs:9, no total, no connect, no readidle, poolidle 90 s, no keepalive
      GET ${UPSTREAM:-http://upstream}/items/{?} src/upstream.rs:13
    Sql sqlx src/main.rs:9, poolacquire 30 s, poolsize 10, poolidle 10 min, lifetime 30 min, no statement
    ");
    assert_snapshot!(seen.settings(), @r#"
    UPSTREAM = "http://upstream" src/upstream.rs:8
    DATABASE_URL required src/main.rs:9
    "#);
}

/// Rocket: `&State<T>`, managed in `rocket()`, with the pool inside of a type of one's own.
#[test]
fn rocket_managed_state() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "polls"
version = "0.1.0"
edition = "2021"

[dependencies]
rocket = "0.5"
sqlx = { version = "0.8", features = ["postgres"] }
//- src/main.rs
mod ballots;
mod routes;
use ballots::Ballots;

#[rocket::main]
async fn main() -> Result<(), rocket::Error> {
    let ballots = Ballots::open().await;
    let _ = rocket::build().manage(ballots).mount("/polls", rocket::routes![routes::vote, routes::tally]).launch().await?;
    Ok(())
}
//- src/ballots.rs
use sqlx::{PgPool, postgres::PgPoolOptions};

pub struct Ballots(PgPool);

impl Ballots {
    pub async fn open() -> Self {
        Ballots(PgPoolOptions::new().max_connections(8).connect("postgres://db/polls").await.unwrap())
    }

    pub async fn cast(&self, poll: i32) -> sqlx::Result<u64> {
        let done = sqlx::query("UPDATE polls SET votes = votes + 1 WHERE id = $1").bind(poll).execute(&self.0).await?;
        Ok(done.rows_affected())
    }

    pub async fn votes(&self, poll: i32) -> sqlx::Result<i64> {
        sqlx::query_scalar("SELECT votes FROM polls WHERE id = $1").bind(poll).fetch_one(&self.0).await
    }
}
//- src/routes.rs
use rocket::{State, get, http::Status, post};
use crate::ballots::Ballots;

#[post("/<poll>/vote")]
pub async fn vote(poll: i32, ballots: &State<Ballots>) -> Status {
    match ballots.cast(poll).await {
        Ok(1) => Status::NoContent,
        _ => Status::NotFound,
    }
}

#[get("/<poll>")]
pub async fn tally(ballots: &State<Ballots>, poll: i32) -> Option<String> {
    ballots.inner().votes(poll).await.ok().map(|n| n.to_string())
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    POST /polls/{poll}/vote -> polls::routes::vote
    GET /polls/{poll} -> polls::routes::tally
    ");
    assert_snapshot!(seen.effects("routes::vote"), @"Increment polls > cast src/ballots.rs:11");
    assert_snapshot!(seen.effects("routes::tally"), @"Select polls > votes src/ballots.rs:16");
    assert_snapshot!(seen.clients(), @"Sql sqlx src/ballots.rs:7, poolacquire 30 s, poolsize 8, poolidle 10 min, lifetime 30 min, no statement");
}

/// `Arc<dyn Repository>` with one implementation in the workspace: a call through the trait runs that one.
#[test]
fn trait_object_with_one_implementation() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod pg;
mod repo;
mod web;
use std::sync::Arc;
use axum::{Router, routing::{get, post}};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect("postgres://db/notes").await?;
    let repo: Arc<dyn repo::NoteRepository> = Arc::new(pg::PgNotes::new(pool));
    let app = Router::new().route("/notes", post(web::write)).route("/notes/{id}", get(web::read)).with_state(repo);
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:80").await?, app).await?;
    Ok(())
}
//- src/repo.rs
#[async_trait::async_trait]
pub trait NoteRepository: Send + Sync {
    async fn save(&self, text: &str) -> anyhow::Result<()>;
    async fn find(&self, id: i64) -> anyhow::Result<String>;

    async fn find_or_empty(&self, id: i64) -> String {
        self.find(id).await.unwrap_or_default()
    }
}
//- src/pg.rs
use sqlx::PgPool;
use crate::repo::NoteRepository;

pub struct PgNotes { pool: PgPool }

impl PgNotes {
    pub fn new(pool: PgPool) -> Self { PgNotes { pool } }
}

#[async_trait::async_trait]
impl NoteRepository for PgNotes {
    async fn save(&self, text: &str) -> anyhow::Result<()> {
        sqlx::query("INSERT INTO notes (text) VALUES ($1)").bind(text).execute(&self.pool).await?;
        Ok(())
    }

    async fn find(&self, id: i64) -> anyhow::Result<String> {
        Ok(sqlx::query_scalar("SELECT text FROM notes WHERE id = $1").bind(id).fetch_one(&self.pool).await?)
    }
}
//- src/web.rs
use std::sync::Arc;
use axum::extract::{Path, State};
use crate::repo::NoteRepository;

pub async fn write(State(repo): State<Arc<dyn NoteRepository>>, text: String) { let _ = repo.save(&text).await; }

pub async fn read(State(repo): State<Arc<dyn NoteRepository>>, Path(id): Path<i64>) -> String { repo.find_or_empty(id).await }
"#,
    );
    assert_snapshot!(seen.effects("web::write"), @"Insert notes > save src/pg.rs:13");
    assert_snapshot!(seen.effects("web::read"), @"Select notes > find_or_empty > find src/pg.rs:18");
}

/// `Box<dyn Rates>` with two implementations, one over SQL and one over HTTP, chosen at run time: a caller may do both.
#[test]
fn trait_object_with_two_implementations() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod rates;
mod web;
use std::sync::Arc;
use axum::{Router, routing::get};

pub struct App { pub rates: Box<dyn rates::Rates> }

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rates: Box<dyn rates::Rates> = match std::env::var("RATES_URL") {
        Ok(url) => Box::new(rates::remote::Remote::new(url)),
        Err(_) => Box::new(rates::stored::Stored(sqlx::PgPool::connect("postgres://db/rates").await?)),
    };
    let app = Router::new().route("/rates/{code}", get(web::rate)).with_state(Arc::new(App { rates }));
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:80").await?, app).await?;
    Ok(())
}
//- src/rates/mod.rs
pub mod remote;
pub mod stored;

#[async_trait::async_trait]
pub trait Rates: Send + Sync {
    async fn of(&self, code: &str) -> Option<f64>;
}
//- src/rates/remote.rs
use super::Rates;

pub struct Remote { url: String, client: reqwest::Client }

impl Remote {
    pub fn new(url: String) -> Self { Remote { url, client: reqwest::Client::new() } }
}

#[async_trait::async_trait]
impl Rates for Remote {
    async fn of(&self, code: &str) -> Option<f64> {
        self.client.get(format!("{}/{code}", self.url)).send().await.ok()?.json().await.ok()
    }
}
//- src/rates/stored.rs
use super::Rates;

pub struct Stored(pub sqlx::PgPool);

#[async_trait::async_trait]
impl Rates for Stored {
    async fn of(&self, code: &str) -> Option<f64> {
        sqlx::query_scalar("SELECT rate FROM rates WHERE code = $1").bind(code).fetch_optional(&self.0).await.ok()?
    }
}
//- src/web.rs
use std::sync::Arc;
use axum::extract::{Path, State};
use crate::App;

pub async fn rate(State(app): State<Arc<App>>, Path(code): Path<String>) -> String {
    app.rates.of(&code).await.map_or_else(|| "?".into(), |r| r.to_string())
}
"#,
    );
    assert_snapshot!(seen.effects("web::rate"), @r"
    Request(Http) > of src/rates/remote.rs:12
    Select rates > of src/rates/stored.rs:8
    ");
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/rates/remote.rs:6, no total, no connect, no readidle, poolidle 90 s, no keepalive
      GET ${RATES_URL}/{?} src/rates/remote.rs:12
    Sql sqlx src/main.rs:12, poolacquire 30 s, poolsize 10, poolidle 10 min, lifetime 30 min, no statement
    ");
}

/// Generics instead of objects: `Handler<D: Db>` and a handler function with `S: Store` as its state's type.
#[test]
fn generic_over_the_store() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod db;
mod handler;
use axum::{Router, routing::get};
use db::Postgres;
use handler::{Handler, show};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let db = Postgres { pool: sqlx::PgPool::connect("postgres://db/seats").await? };
    let handler = Handler::new(db);
    let app = Router::new().route("/seats/{id}", get(show::<Postgres>).delete(free)).with_state(handler);
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:80").await?, app).await?;
    Ok(())
}

async fn free(axum::extract::State(handler): axum::extract::State<Handler<Postgres>>) {
    handler.free_all().await;
}
//- src/db.rs
pub trait Db: Clone + Send + Sync + 'static {
    fn seat(&self, id: i64) -> impl Future<Output = Option<String>> + Send;
    fn clear(&self) -> impl Future<Output = ()> + Send;
}

#[derive(Clone)]
pub struct Postgres { pub pool: sqlx::PgPool }

impl Db for Postgres {
    async fn seat(&self, id: i64) -> Option<String> {
        sqlx::query_scalar("SELECT holder FROM seats WHERE id = $1").bind(id).fetch_optional(&self.pool).await.ok()?
    }

    async fn clear(&self) {
        sqlx::query("DELETE FROM seats").execute(&self.pool).await.unwrap();
    }
}
//- src/handler.rs
use axum::extract::{Path, State};
use crate::db::Db;

#[derive(Clone)]
pub struct Handler<D: Db> { db: D }

impl<D: Db> Handler<D> {
    pub fn new(db: D) -> Self { Handler { db } }

    pub async fn free_all(&self) { self.db.clear().await }

    pub async fn holder(&self, id: i64) -> String { self.db.seat(id).await.unwrap_or_default() }
}

pub async fn show<D>(State(handler): State<Handler<D>>, Path(id): Path<i64>) -> String
where
    D: Db,
{
    handler.holder(id).await
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /seats/{id} -> shop::handler::show
    DELETE /seats/{id} -> shop::free
    ");
    assert_snapshot!(seen.effects("handler::show"), @"Select seats > holder > seat src/db.rs:11");
    assert_snapshot!(seen.effects("shop::free"), @"Delete seats > free_all > clear src/db.rs:15");
}

/// Four layers in four crates: the handler calls a use case, the use case ports of the domain, and the infrastructure has
/// their only implementations: from the handler to SQL and to a request through two trait objects.
#[test]
fn layers_of_domain_driven_design() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[workspace]
members = ["domain", "application", "infrastructure", "interface"]
resolver = "2"
//- domain/Cargo.toml
[package]
name = "domain"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
//- domain/src/lib.rs
pub struct Booking { pub id: i64, pub room: i64 }

#[async_trait::async_trait]
pub trait BookingRepository: Send + Sync {
    async fn store(&self, booking: &Booking) -> anyhow::Result<()>;
}

#[async_trait::async_trait]
pub trait Notifier: Send + Sync {
    async fn booked(&self, booking: &Booking) -> anyhow::Result<()>;
}
//- application/Cargo.toml
[package]
name = "application"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
domain = { path = "../domain" }
//- application/src/lib.rs
use std::sync::Arc;
use domain::{Booking, BookingRepository, Notifier};

#[async_trait::async_trait]
pub trait BookRoom: Send + Sync {
    async fn execute(&self, booking: Booking) -> anyhow::Result<()>;
}

pub struct BookRoomUseCase<N> {
    repository: Arc<dyn BookingRepository>,
    notifier: N,
}

impl<N: Notifier> BookRoomUseCase<N> {
    pub fn new(repository: Arc<dyn BookingRepository>, notifier: N) -> Self { Self { repository, notifier } }
}

#[async_trait::async_trait]
impl<N: Notifier> BookRoom for BookRoomUseCase<N> {
    async fn execute(&self, booking: Booking) -> anyhow::Result<()> {
        self.repository.store(&booking).await?;
        self.notifier.booked(&booking).await
    }
}
//- infrastructure/Cargo.toml
[package]
name = "infrastructure"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
domain = { path = "../domain" }
reqwest = "0.12"
sqlx = { version = "0.8", features = ["postgres"] }
//- infrastructure/src/lib.rs
mod sql;
use domain::{Booking, BookingRepository, Notifier};

pub struct SqlBookings(pub sqlx::PgPool);
pub struct Webhook { pub client: reqwest::Client }

#[async_trait::async_trait]
impl BookingRepository for SqlBookings {
    async fn store(&self, booking: &Booking) -> anyhow::Result<()> { sql::insert(&self.0, booking).await }
}

#[async_trait::async_trait]
impl Notifier for Webhook {
    async fn booked(&self, booking: &Booking) -> anyhow::Result<()> {
        self.client.post("http://hooks/booked").body(booking.id.to_string()).send().await?;
        Ok(())
    }
}
//- infrastructure/src/sql.rs
use domain::Booking;

const INSERT: &str = "insert into bookings (id, room) values ($1, $2)";

pub async fn insert(pool: &sqlx::PgPool, booking: &Booking) -> anyhow::Result<()> {
    sqlx::query(INSERT).bind(booking.id).bind(booking.room).execute(pool).await?;
    Ok(())
}
//- interface/Cargo.toml
[package]
name = "interface"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
application = { path = "../application" }
axum = "0.8"
domain = { path = "../domain" }
infrastructure = { path = "../infrastructure" }
reqwest = "0.12"
sqlx = { version = "0.8", features = ["postgres"] }
tokio = { version = "1", features = ["full"] }
//- interface/src/main.rs
mod rooms;
use std::sync::Arc;
use application::BookRoomUseCase;
use axum::{Router, routing::post};
use infrastructure::{SqlBookings, Webhook};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let repository = Arc::new(SqlBookings(sqlx::PgPool::connect("postgres://db/rooms").await?));
    let notifier = Webhook { client: reqwest::Client::new() };
    let state = rooms::Rooms { book: Arc::new(BookRoomUseCase::new(repository, notifier)) };
    let app = Router::new().route("/rooms/{room}", post(rooms::book)).with_state(state);
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:80").await?, app).await?;
    Ok(())
}
//- interface/src/rooms.rs
use std::sync::Arc;
use application::BookRoom;
use axum::{extract::{Path, State}, http::StatusCode};

#[derive(Clone)]
pub struct Rooms { pub book: Arc<dyn BookRoom> }

pub async fn book(State(rooms): State<Rooms>, Path(room): Path<i64>) -> StatusCode {
    match rooms.book.execute(domain::Booking { id: 1, room }).await {
        Ok(()) => StatusCode::CREATED,
        Err(_) => StatusCode::CONFLICT,
    }
}
"#,
    );
    assert_snapshot!(seen.routes(), @"POST /rooms/{room} -> interface::rooms::book");
    assert_snapshot!(seen.effects("rooms::book"), @r"
    Request(Http) > execute > booked infrastructure/src/lib.rs:15
    Insert bookings > execute > store > insert infrastructure/src/sql.rs:6
    ");
    assert_snapshot!(seen.clients(), @r"
    Sql sqlx interface/src/main.rs:9, poolacquire 30 s, poolsize 10, poolidle 10 min, lifetime 30 min, no statement
    Http reqwest interface/src/main.rs:10, no total, no connect, no readidle, poolidle 90 s, no keepalive
      POST http://hooks/booked infrastructure/src/lib.rs:15
    ");
}

/// Clients and pools in statics: `LazyLock`, `once_cell` (sync, and tokio's that is set in `main`), `lazy_static!`.
#[test]
fn statics_that_begin_lazily() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "geo"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
axum = "0.8"
lazy_static = "1"
once_cell = "1"
reqwest = "0.12"
sqlx = { version = "0.8", features = ["postgres"] }
tokio = { version = "1", features = ["full"] }
//- src/main.rs
mod globals;
mod web;
use axum::{Router, routing::get};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    globals::connect().await?;
    let app = Router::new().route("/a", get(web::locate)).route("/b", get(web::guess)).route("/c", get(web::known)).route("/d", get(web::spare));
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:80").await?, app).await?;
    Ok(())
}
//- src/globals.rs
use std::{sync::LazyLock, time::Duration};
use lazy_static::lazy_static;
use once_cell::sync::Lazy;
use sqlx::PgPool;
use tokio::sync::OnceCell;

pub static HTTP: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);

pub static BOUNDED: Lazy<reqwest::Client> =
    Lazy::new(|| reqwest::Client::builder().timeout(Duration::from_millis(800)).build().unwrap());

static POOL: OnceCell<PgPool> = OnceCell::const_new();

lazy_static! {
    pub static ref SPARE: reqwest::Client = reqwest::Client::builder().connect_timeout(Duration::from_secs(2)).build().unwrap();
}

pub async fn connect() -> anyhow::Result<()> {
    POOL.set(PgPool::connect("postgres://db/geo").await?)?;
    Ok(())
}

pub fn pool() -> &'static PgPool {
    POOL.get().expect("connected in main")
}
//- src/web.rs
use crate::globals::{self, BOUNDED, HTTP, SPARE};

pub async fn locate() -> String { HTTP.get("http://locator/me").send().await.unwrap().text().await.unwrap() }

pub async fn guess() -> String { BOUNDED.get("http://guesser/me").send().await.unwrap().text().await.unwrap() }

pub async fn known() -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM places").fetch_one(globals::pool()).await.unwrap()
}

pub async fn spare() { SPARE.post("http://spare/touch").send().await.unwrap(); }
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Sql sqlx src/globals.rs:19, poolacquire 30 s, poolsize 10, poolidle 10 min, lifetime 30 min, no statement
    Http reqwest src/globals.rs:7, no total, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://locator/me src/web.rs:3
    Http reqwest src/globals.rs:10, total 800 ms, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://guesser/me src/web.rs:5
    Http reqwest src/globals.rs:15, no total, connect 2 s, no readidle, poolidle 90 s, no keepalive
      POST http://spare/touch src/web.rs:11
    ");
    assert_snapshot!(seen.effects("web::locate"), @"Request(Http) src/web.rs:3");
    assert_snapshot!(seen.effects("web::guess"), @"BoundedRequest(Http) src/web.rs:5");
    assert_snapshot!(seen.effects("web::known"), @"Select places src/web.rs:8");
    assert_snapshot!(seen.effects("web::spare"), @"Request(Http) src/web.rs:11");
}

/// A client that a `Default` written by hand makes, with a derived one around it; who asks for `default()` gets that one.
#[test]
fn client_made_by_default() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod clients;
mod web;
use axum::{Router, routing::get};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let state = clients::Clients::default();
    let app = Router::new().route("/weather", get(web::weather)).with_state(state);
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:80").await?, app).await?;
    Ok(())
}
//- src/clients.rs
use std::time::Duration;

#[derive(Clone, Default)]
pub struct Clients {
    pub weather: Weather,
}

#[derive(Clone)]
pub struct Weather {
    http: reqwest::Client,
    base: String,
}

impl Default for Weather {
    fn default() -> Self {
        let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(1)).build().unwrap();
        Self { http, base: "http://weather".to_string() }
    }
}

impl Weather {
    pub async fn today(&self) -> reqwest::Result<String> {
        self.http.get(format!("{}/today", self.base)).send().await?.text().await
    }
}
//- src/web.rs
use axum::extract::State;
use crate::clients::Clients;

pub async fn weather(State(clients): State<Clients>) -> String {
    clients.weather.today().await.unwrap_or_default()
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/clients.rs:16, no total, connect 1 s, no readidle, poolidle 90 s, no keepalive
      GET http://weather/today src/clients.rs:23
    ");
    assert_snapshot!(seen.effects("web::weather"), @"Request(Http) > today src/clients.rs:23");
}

/// Builders as values of a struct literal's fields, limits from constants and from a setting.
#[test]
fn builders_in_a_struct_literal() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod deps;
mod web;
use axum::{Router, routing::post};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let deps = deps::Deps::build().await?;
    let app = Router::new().route("/scan", post(web::scan)).with_state(deps);
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:80").await?, app).await?;
    Ok(())
}
//- src/deps.rs
use std::time::Duration;
use sqlx::{PgPool, postgres::PgPoolOptions};

const CONNECT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Deps {
    pub scanner: reqwest::Client,
    pub archive: reqwest::Client,
    pub pool: PgPool,
}

impl Deps {
    pub async fn build() -> anyhow::Result<Self> {
        let seconds: u64 = std::env::var("ARCHIVE_TIMEOUT")?.parse()?;
        Ok(Self {
            scanner: reqwest::Client::builder().connect_timeout(CONNECT).timeout(5 * CONNECT).build()?,
            archive: reqwest::Client::builder().timeout(Duration::from_secs(seconds)).build()?,
            pool: PgPoolOptions::new().acquire_timeout(CONNECT).connect("postgres://db/scans").await?,
        })
    }
}
//- src/web.rs
use axum::extract::State;
use crate::deps::Deps;

pub async fn scan(State(deps): State<Deps>, body: String) {
    let verdict = deps.scanner.post("http://scanner/scan").body(body).send().await.unwrap().text().await.unwrap();
    deps.archive.put("http://archive/verdict").body(verdict.clone()).send().await.unwrap();
    sqlx::query("REPLACE INTO scans (verdict) VALUES ($1)").bind(verdict).execute(&deps.pool).await.unwrap();
}
"#,
    );
    assert_snapshot!(seen.clients(), @"
    Http reqwest src/deps.rs:17, total 10 s, connect 2 s, no readidle, poolidle 90 s, no keepalive
      POST http://scanner/scan src/web.rs:5
    Http reqwest src/deps.rs:18, total ${archive_timeout} s, no connect, no readidle, poolidle 90 s, no keepalive
      PUT http://archive/verdict src/web.rs:6
    Sql sqlx src/deps.rs:19, poolacquire 2 s, poolsize 10, poolidle 10 min, lifetime 30 min, no statement
    ");
    assert_snapshot!(seen.effects("web::scan"), @r"
    BoundedRequest(Http) src/web.rs:5
    Upsert scans src/web.rs:7
    ");
}

/// Of several clients of one type the handler gets the one that the program gives to the framework.
#[test]
fn the_client_that_is_handed_over() {
    support::assert_markers(
        r#"//- src/main.rs
use std::time::Duration;
use actix_web::{App, HttpResponse, HttpServer, web};
use reqwest::Client;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let shared = Client::builder().timeout(Duration::from_secs(3)).build().unwrap();
    let data = web::Data::new(shared);
    HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .route("/healthz", web::get().to(HttpResponse::Ok))
            .route("/v1/given", web::get().to(given))
            .route("/v1/own", web::get().to(own))
    })
    .bind("0.0.0.0:80")?
    .run()
    .await
}

async fn given(client: web::Data<Client>) -> HttpResponse {
    client.get("http://up").send().await.unwrap();
    HttpResponse::Ok().finish()
}

async fn own() -> HttpResponse {
    let client = Client::new();
    client.get("http://up").timeout(Duration::from_secs(1)).send().await.unwrap();
    HttpResponse::Ok().finish()
}
"#,
    );
    support::assert_markers(
        r#"//- src/main.rs
use std::time::Duration;
use axum::{Router, extract::State, routing::get};
use reqwest::Client;

#[tokio::main]
async fn main() {
    let other = Client::builder().timeout(Duration::from_secs(3)).build().unwrap();
    other.get("http://start").send().await.unwrap();
    let app = Router::new()
        .route("/healthz", get(|| async {}))
        .route("/v1/given", get(given))
        .with_state(Client::new()); // error: [http-client-without-timeout]
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}

async fn given(State(client): State<Client>) {
    client.get("http://up").send().await.unwrap();
}
"#,
    );
}

/// Two clients of one type: wrappers tell them apart, and what `FromRef` takes out is followed to each; a derive does it
/// for the pool.
#[test]
fn axum_clients_taken_out_of_the_state() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod web;
use axum::{Router, extract::FromRef, routing::get};
use std::time::Duration;

#[derive(Clone)]
pub struct Everything {
    prices: reqwest::Client,
    reviews: reqwest::Client,
    stores: Stores,
}

#[derive(Clone, FromRef)]
pub struct Stores {
    pool: sqlx::PgPool,
}

impl FromRef<Everything> for reqwest::Client {
    fn from_ref(all: &Everything) -> Self { all.prices.clone() }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let all = Everything {
        prices: reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?,
        reviews: reqwest::Client::new(),
        stores: Stores { pool: sqlx::PgPool::connect("postgres://db/shop").await? },
    };
    println!("{}", all.reviews.get("http://reviews/").send().await?.status());
    let app = Router::new().route("/price", get(web::price)).route("/count", get(web::count)).with_state(all);
    axum::serve(tokio::net::TcpListener::bind("0.0.0.0:80").await?, app).await?;
    Ok(())
}
//- src/web.rs
use axum::extract::State;

pub async fn price(State(client): State<reqwest::Client>) -> String {
    client.get("http://pricing/now").send().await.unwrap().text().await.unwrap()
}

pub async fn count(State(pool): State<sqlx::PgPool>) -> String {
    let n: i64 = sqlx::query_scalar("SELECT count(*) FROM shelves").fetch_one(&pool).await.unwrap();
    n.to_string()
}
"#,
    );
    assert_snapshot!(seen.clients(), @"
    Http reqwest src/main.rs:24, total 2 s, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://pricing/now src/web.rs:4
    Http reqwest src/main.rs:25, no total, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://reviews/ src/main.rs:28
    Sql sqlx src/main.rs:26, poolacquire 30 s, poolsize 10, poolidle 10 min, lifetime 30 min, no statement
    ");
}
