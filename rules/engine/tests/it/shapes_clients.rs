//! Clients in the shapes that real services have.

use crate::support::seen::Seen;
use insta::assert_snapshot;

/// The client is made in `main` and handed on by three constructors; the call stands in another file.
#[test]
fn built_in_main_and_passed_through_three_constructors() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod checkout;
mod gateway;
mod state;
use axum::{Router, routing::post};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    let base = std::env::var("PAYMENTS_URL")?;
    let state = state::AppState::new(http, base);
    let app = Router::new().route("/checkout", post(checkout::checkout)).with_state(state);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
//- src/state.rs
use crate::checkout::Checkout;

#[derive(Clone)]
pub struct AppState {
    pub checkout: Checkout,
}

impl AppState {
    pub fn new(http: reqwest::Client, base: String) -> Self {
        Self { checkout: Checkout::new(http, base) }
    }
}
//- src/checkout.rs
use axum::{extract::State, http::StatusCode};
use crate::{gateway::Gateway, state::AppState};

#[derive(Clone)]
pub struct Checkout {
    gateway: Gateway,
}

impl Checkout {
    pub fn new(http: reqwest::Client, base: String) -> Self {
        Checkout { gateway: Gateway::new(base, http) }
    }

    pub async fn pay(&self, cents: u64) -> reqwest::Result<()> {
        self.gateway.charge(cents).await
    }
}

pub async fn checkout(State(state): State<AppState>) -> Result<StatusCode, StatusCode> {
    state.checkout.pay(100).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok(StatusCode::CREATED)
}
//- src/gateway.rs
#[derive(Clone)]
pub struct Gateway {
    base: String,
    http: reqwest::Client,
}

impl Gateway {
    pub fn new(base: String, http: reqwest::Client) -> Self {
        Self { base, http }
    }

    pub async fn charge(&self, cents: u64) -> reqwest::Result<()> {
        let request = self.http.post(format!("{}/charges", self.base)).json(&cents);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/main.rs:8, no total, no connect, no readidle, poolidle 90 s, keepalive 15 s
      POST ${PAYMENTS_URL}/charges src/gateway.rs:14
    ");
    assert_snapshot!(seen.effects("checkout::checkout"), @"Request(Http) > pay > charge src/gateway.rs:14");
}

/// The limits are on the client; their values are constants of a shared crate, one of them a number that becomes a duration here.
#[test]
fn limits_on_the_client_from_constants_of_another_crate() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[workspace]
members = ["crates/*"]
//- crates/limits/Cargo.toml
[package]
name = "limits"
version = "0.1.0"
edition = "2021"

[dependencies]
//- crates/limits/src/lib.rs
//! What all services agree on.
use std::time::Duration;

pub mod http;

pub const CONNECT: Duration = Duration::from_millis(750);
//- crates/limits/src/http.rs
/// Seconds that an answer may take.
pub const ANSWER_SECS: u64 = 4 * 2;
//- crates/rates/Cargo.toml
[package]
name = "rates"
version = "0.1.0"
edition = "2021"

[dependencies]
limits = { path = "../limits" }
reqwest = "0.12.24"
tokio = "1"
anyhow = "1"
//- crates/rates/src/main.rs
mod source;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let source = source::Source::new()?;
    println!("{}", source.latest().await?);
    Ok(())
}
//- crates/rates/src/source.rs
use std::time::Duration;
use limits::http::ANSWER_SECS;
use reqwest::Client;

pub struct Source {
    client: Client,
}

impl Source {
    pub fn new() -> anyhow::Result<Self> {
        let client = Client::builder()
            .user_agent("rates/1")
            .connect_timeout(limits::CONNECT)
            .timeout(Duration::from_secs(ANSWER_SECS))
            .build()?;
        Ok(Self { client })
    }

    pub async fn latest(&self) -> reqwest::Result<String> {
        self.client.get("https://rates.example/latest").send().await?.text().await
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest crates/rates/src/source.rs:11, total 8 s, connect 750 ms, no readidle, poolidle 90 s, keepalive 15 s
      GET https://rates.example/latest crates/rates/src/source.rs:20
    ");
}

/// The limit is on the request, and only on one of two that share the client.
#[test]
fn limit_on_one_request_of_two() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod crm;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let crm = crm::Crm { http: reqwest::Client::new() };
    crm.touch(7).await?;
    crm.forget(7).await?;
    Ok(())
}
//- src/crm.rs
use std::time::Duration;

pub struct Crm {
    pub http: reqwest::Client,
}

impl Crm {
    pub async fn touch(&self, id: u64) -> reqwest::Result<()> {
        let url = format!("http://crm:9000/contacts/{id}/touch");
        self.http
            .put(url)
            .timeout(Duration::from_millis(800))
            .send()
            .await?;
        Ok(())
    }

    pub async fn forget(&self, id: u64) -> reqwest::Result<()> {
        self.http.delete(format!("http://crm:9000/contacts/{id}")).send().await?;
        Ok(())
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/main.rs:5, no total, no connect, no readidle, poolidle 90 s, keepalive 15 s
      PUT http://crm:9000/contacts/7/touch src/crm.rs:10, bounded
      DELETE http://crm:9000/contacts/7 src/crm.rs:19
    ");
    assert_snapshot!(seen.effects("Crm::touch"), @"BoundedRequest(Http) src/crm.rs:10");
}

/// The call is bounded from outside: once at the `send`, once around the whole function that calls.
#[test]
fn bounded_around_the_future() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod stock;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let stock = stock::Stock::new();
    stock.count(3).await?;
    timeout(Duration::from_secs(2), stock.reserve(3)).await??;
    Ok(())
}
//- src/stock.rs
use std::time::Duration;

pub struct Stock {
    http: reqwest::Client,
}

impl Stock {
    pub fn new() -> Self {
        Self { http: reqwest::Client::new() }
    }

    pub async fn count(&self, sku: u32) -> anyhow::Result<u64> {
        let call = self.http.get(format!("http://stock/items/{sku}")).send();
        let answer = tokio::time::timeout(Duration::from_secs(1), call).await??;
        Ok(answer.json().await?)
    }

    pub async fn reserve(&self, sku: u32) -> anyhow::Result<()> {
        self.http.post("http://stock/reservations").json(&sku).send().await?;
        Ok(())
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/stock.rs:9, no total, no connect, no readidle, poolidle 90 s, keepalive 15 s
      GET http://stock/items/3 src/stock.rs:13, bounded
      POST http://stock/reservations src/stock.rs:19
    ");
}

/// A function of the project takes the future and bounds it; the limit stands there once for all calls.
#[test]
fn bounded_by_a_function_of_its_own() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod bounded;
mod search;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let search = search::Search { http: reqwest::Client::new() };
    println!("{}", search.find("lamp").await?);
    Ok(())
}
//- src/bounded.rs
use std::future::Future;
use std::time::Duration;
use tokio::time::error::Elapsed;

const LIMIT: Duration = Duration::from_secs(5);

pub async fn apply_timeout<F>(work: F) -> Result<F::Output, Elapsed>
where
    F: Future,
{
    tokio::time::timeout(LIMIT, work).await
}
//- src/search.rs
use crate::bounded::apply_timeout;

pub struct Search {
    pub http: reqwest::Client,
}

impl Search {
    pub async fn find(&self, what: &str) -> anyhow::Result<String> {
        let request = self.http.get("http://search:9200/items").query(&[("q", what)]);
        let answer = apply_timeout(request.send()).await??;
        Ok(answer.text().await?)
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/main.rs:6, no total, no connect, no readidle, poolidle 90 s, keepalive 15 s
      GET http://search:9200/items src/search.rs:10, bounded
    ");
    assert_snapshot!(seen.effects("Search::find"), @"BoundedRequest(Http) src/search.rs:10");
}

/// The limit of a channel is set in the closure of a `map` over the result of `from_shared`.
#[test]
fn endpoint_limit_set_in_a_closure() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod channels;
mod pb;
use pb::ledger_client::LedgerClient;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let channel = channels::open(std::env::var("LEDGER_ADDR")?)?;
    let mut ledger = LedgerClient::new(channel);
    ledger.append(pb::Entry {}).await?;
    Ok(())
}
//- src/pb.rs
tonic::include_proto!("ledger");
//- src/channels.rs
use std::time::Duration;
use tonic::transport::{Channel, Endpoint, Error};

const DEADLINE: Duration = Duration::from_secs(3);

pub fn open(address: String) -> Result<Channel, Error> {
    let endpoint = Endpoint::from_shared(address)
        .map(|e| e.timeout(DEADLINE).connect_timeout(Duration::from_secs(1)))?;
    Ok(endpoint.connect_lazy())
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Grpc tonic src/channels.rs:7, no total, head 3 s, connect 1 s, no readidle, no keepalive
      ? ? src/main.rs:9
    ");
}

/// The limit is set only where an option says so: whether there is one cannot be known.
#[test]
fn limit_on_some_ways_only() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod http;
mod options;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = options::Options::read();
    let client = http::client(&options)?;
    client.get("http://feeds/today").send().await?;
    Ok(())
}
//- src/options.rs
use std::time::Duration;

pub struct Options {
    pub limit: Option<Duration>,
    pub proxied: bool,
}

impl Options {
    pub fn read() -> Self {
        let limit = std::env::args().nth(1).and_then(|a| a.parse().ok()).map(Duration::from_secs);
        Options { limit, proxied: std::env::args().len() > 2 }
    }
}
//- src/http.rs
use std::time::Duration;
use crate::options::Options;

pub fn client(options: &Options) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder();
    if let Some(limit) = options.limit {
        builder = builder.timeout(limit);
    }
    if options.proxied {
        builder = builder.connect_timeout(Duration::from_secs(9)).no_proxy();
    }
    builder.build()
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/http.rs:5, total ?, connect ?, no readidle, poolidle 90 s, keepalive 15 s
      GET http://feeds/today src/main.rs:8
    ");
}

/// The limits come from settings: there is one, but its value is not in the code.
#[test]
fn limit_from_settings() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod http;
mod settings;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings: settings::Settings = envy::from_env()?;
    let api = http::Api::from_settings(&settings.http)?;
    api.ping().await
}
//- src/settings.rs
use std::time::Duration;

#[derive(serde::Deserialize)]
pub struct Settings {
    pub http: HttpSettings,
}

#[derive(serde::Deserialize)]
pub struct HttpSettings {
    pub url: String,
    pub timeout_ms: u64,
    pub connect_secs: u64,
}

impl HttpSettings {
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}
//- src/http.rs
use std::time::Duration;
use crate::settings::HttpSettings;

pub struct Api {
    client: reqwest::Client,
    url: String,
}

impl Api {
    pub fn from_settings(settings: &HttpSettings) -> anyhow::Result<Self> {
        let client = reqwest::ClientBuilder::new()
            .timeout(settings.timeout())
            .connect_timeout(Duration::from_secs(settings.connect_secs))
            .build()?;
        Ok(Api { client, url: settings.url.clone() })
    }

    pub async fn ping(&self) -> anyhow::Result<()> {
        self.client.head(&self.url).send().await?.error_for_status()?;
        Ok(())
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/http.rs:11, total set, connect set, no readidle, poolidle 90 s, keepalive 15 s
      HEAD ? src/http.rs:19
    ");
}

/// A shared crate gives a builder with the limit of the house; the service adds its own and builds.
#[test]
fn builder_from_a_helper_in_another_crate() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[workspace]
members = ["common", "mailer"]
//- common/Cargo.toml
[package]
name = "common"
version = "0.1.0"
edition = "2021"

[dependencies]
reqwest = "0.12.24"
//- common/src/lib.rs
mod http;
pub use http::client_builder;
//- common/src/http.rs
use std::time::Duration;
use reqwest::{Client, ClientBuilder};

/// What every client of the house begins with.
pub fn client_builder(agent: &str) -> ClientBuilder {
    Client::builder()
        .user_agent(agent.to_owned())
        .timeout(Duration::from_secs(15))
}
//- mailer/Cargo.toml
[package]
name = "mailer"
version = "0.1.0"
edition = "2021"

[dependencies]
common = { path = "../common" }
reqwest = "0.12.24"
tokio = "1"
anyhow = "1"
//- mailer/src/main.rs
mod relay;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    relay::Relay::new()?.deliver("hello").await
}
//- mailer/src/relay.rs
use std::time::Duration;

pub struct Relay {
    http: reqwest::Client,
}

impl Relay {
    pub fn new() -> anyhow::Result<Self> {
        let http = common::client_builder("mailer").connect_timeout(Duration::from_secs(2)).build()?;
        Ok(Self { http })
    }

    pub async fn deliver(&self, text: &str) -> anyhow::Result<()> {
        self.http.post("http://relay/messages").body(text.to_owned()).send().await?;
        Ok(())
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest mailer/src/relay.rs:9, total 15 s, connect 2 s, no readidle, poolidle 90 s, keepalive 15 s
      POST http://relay/messages mailer/src/relay.rs:14
    ");
}

/// `Client::new()` stands right in the literal of the struct that owns it; a trait object hides the struct from the caller.
#[test]
fn made_inside_a_struct_literal() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod geo;
use std::sync::Arc;
use geo::{Geo, RemoteGeo};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let geo: Arc<dyn Geo> = Arc::new(RemoteGeo { client: reqwest::Client::new(), zone: "eu" });
    place(geo).await
}

async fn place(geo: Arc<dyn Geo>) -> anyhow::Result<()> {
    println!("{:?}", geo.locate("10.0.0.1").await?);
    Ok(())
}
//- src/geo.rs
use async_trait::async_trait;

#[async_trait]
pub trait Geo: Send + Sync {
    async fn locate(&self, ip: &str) -> anyhow::Result<String>;
}

pub struct RemoteGeo {
    pub client: reqwest::Client,
    pub zone: &'static str,
}

#[async_trait]
impl Geo for RemoteGeo {
    async fn locate(&self, ip: &str) -> anyhow::Result<String> {
        let answer = self.client.get(format!("http://geo-{}/{ip}", self.zone)).send().await?;
        Ok(answer.text().await?)
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/main.rs:7, no total, no connect, no readidle, poolidle 90 s, keepalive 15 s
      GET http://geo-eu/10.0.0.1 src/geo.rs:16
    ");
    assert_snapshot!(seen.effects("::place"), @"Request(Http) > locate src/geo.rs:16");
}

/// The client comes from the `Default` of its owner, which others take with `..Default::default()`.
#[test]
fn made_in_default() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod flags;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = flags::Flags { url: "http://flags/v2".into(), ..Default::default() };
    println!("{}", flags.is_on("beta").await?);
    Ok(())
}
//- src/flags.rs
mod remote;
pub use remote::Flags;
//- src/flags/remote.rs
pub struct Flags {
    pub url: String,
    pub client: reqwest::Client,
    pub cached: Vec<String>,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            url: String::from("http://flags"),
            client: reqwest::Client::default(),
            cached: Vec::new(),
        }
    }
}

impl Flags {
    pub async fn is_on(&self, name: &str) -> reqwest::Result<bool> {
        if self.cached.iter().any(|c| c == name) {
            return Ok(true);
        }
        self.client.get(&self.url).query(&[("flag", name)]).send().await?.json().await
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/flags/remote.rs:11, no total, no connect, no readidle, poolidle 90 s, keepalive 15 s
      GET ? src/flags/remote.rs:22
    ");
}

/// One client for all in a `LazyLock`, and one in a `OnceLock` that a function fills.
#[test]
fn made_in_a_static() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod http;
mod news;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    news::pull().await?;
    news::push("read").await?;
    Ok(())
}
//- src/http.rs
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;
use reqwest::Client;

pub static SHARED: LazyLock<Client> = LazyLock::new(|| {
    Client::builder().timeout(Duration::from_secs(20)).build().expect("TLS is there")
});

static PLAIN: OnceLock<Client> = OnceLock::new();

pub fn plain() -> &'static Client {
    PLAIN.get_or_init(Client::new)
}
//- src/news.rs
use crate::http::{self, SHARED};

pub async fn pull() -> reqwest::Result<String> {
    SHARED.get("https://news.example/feed").send().await?.text().await
}

pub async fn push(mark: &'static str) -> reqwest::Result<()> {
    http::plain().post("https://news.example/marks").body(mark).send().await?;
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.clients(), @"
    Http reqwest src/http.rs:12, no total, no connect, no readidle, poolidle 90 s, keepalive 15 s
      POST https://news.example/marks src/news.rs:8
    Http reqwest src/http.rs:6, total 20 s, no connect, no readidle, poolidle 90 s, keepalive 15 s
      GET https://news.example/feed src/news.rs:4
    ");
}

/// reqwest-middleware around a client with limits: the limits are those of the inner client, the policy is one of its own.
#[test]
fn wrapped_by_middleware() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
reqwest = "0.12.24"
reqwest-middleware = "0.4"
reqwest-retry = "0.7"
tokio = "1"
//- src/main.rs
mod catalog;
mod http;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let catalog = catalog::Catalog::new(http::retrying()?);
    catalog.reload().await
}
//- src/http.rs
use std::time::Duration;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};

pub fn retrying() -> anyhow::Result<ClientWithMiddleware> {
    let policy = ExponentialBackoff::builder().build_with_max_retries(3);
    let inner = reqwest::Client::builder().timeout(Duration::from_secs(6)).build()?;
    Ok(ClientBuilder::new(inner)
        .with(RetryTransientMiddleware::new_with_policy(policy))
        .build())
}
//- src/catalog.rs
use reqwest_middleware::ClientWithMiddleware;

pub struct Catalog {
    http: ClientWithMiddleware,
}

impl Catalog {
    pub fn new(http: ClientWithMiddleware) -> Self {
        Self { http }
    }

    pub async fn reload(&self) -> anyhow::Result<()> {
        self.http.post("http://catalog/reload").send().await?.error_for_status()?;
        Ok(())
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/http.rs:7, total 6 s, no connect, no readidle, poolidle 90 s, keepalive 15 s
      POST http://catalog/reload src/catalog.rs:13
    ");
}

/// `XClient::connect(address)` of code that is generated at build time: no limit anywhere.
#[test]
fn grpc_client_that_connects_by_itself() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod stock;
pub mod pb {
    tonic::include_proto!("shop.inventory.v1");
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut stock = stock::Stock::connect(std::env::var("INVENTORY_ADDR")?).await?;
    stock.take(12, 1).await?;
    Ok(())
}
//- src/stock.rs
use tonic::transport::Channel;
use crate::pb::{TakeRequest, inventory_client::InventoryClient};

pub struct Stock {
    client: InventoryClient<Channel>,
}

impl Stock {
    pub async fn connect(address: String) -> Result<Self, tonic::transport::Error> {
        let client = InventoryClient::connect(address).await?;
        Ok(Stock { client })
    }

    pub async fn take(&mut self, sku: u64, count: u32) -> Result<u32, tonic::Status> {
        let answer = self.client.take(TakeRequest { sku, count }).await?;
        Ok(answer.into_inner().left)
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Grpc tonic src/stock.rs:10, no total, no connect
      ? ? src/stock.rs:15
    ");
    assert_snapshot!(seen.effects("Stock::take"), @"Request(Grpc) src/stock.rs:15");
}

/// An `Endpoint` chain with limits for a client whose generated code is checked in.
#[test]
fn grpc_endpoint_with_checked_in_code() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-trait = "0.1"
axum = "0.8"
envy = "0.4"
prost = "0.14"
reqwest = "0.12.24"
serde = "1"
tokio = "1"
tonic = "0.14"
tonic-prost = "0.14"
//- src/main.rs
mod quotes;
mod proto;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let quotes = quotes::Quotes::new()?;
    quotes.fetch("CHF").await?;
    Ok(())
}
//- src/proto.rs
// @generated
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Quote {
    #[prost(string, tag = "1")]
    pub currency: ::prost::alloc::string::String,
}
pub mod quotes_client {
    use tonic::codegen::*;
    #[derive(Debug, Clone)]
    pub struct QuotesClient<T> {
        inner: tonic::client::Grpc<T>,
    }
    impl<T> QuotesClient<T> where T: tonic::client::GrpcService<tonic::body::Body> {
        pub fn new(inner: T) -> Self {
            let inner = tonic::client::Grpc::new(inner);
            Self { inner }
        }
        pub async fn fetch(
            &mut self,
            request: impl tonic::IntoRequest<super::Quote>,
        ) -> std::result::Result<tonic::Response<super::Quote>, tonic::Status> {
            self.inner.ready().await.map_err(|e| tonic::Status::unknown(e.to_string()))?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static("/market.Quotes/Fetch");
            self.inner.unary(request.into_request(), path, codec).await
        }
    }
}
//- src/quotes.rs
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};
use crate::proto::{Quote, quotes_client::QuotesClient};

pub struct Quotes {
    channel: Channel,
}

impl Quotes {
    pub fn new() -> Result<Self, tonic::transport::Error> {
        let channel = Endpoint::from_static("http://quotes:50051")
            .connect_timeout(Duration::from_secs(1))
            .timeout(Duration::from_millis(400))
            .http2_keep_alive_interval(Duration::from_secs(20))
            .connect_lazy();
        Ok(Self { channel })
    }

    pub async fn fetch(&self, currency: &str) -> Result<Quote, tonic::Status> {
        let mut client = QuotesClient::new(self.channel.clone());
        let answer = client.fetch(Quote { currency: currency.into() }).await?;
        Ok(answer.into_inner())
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Grpc tonic src/quotes.rs:11, no total, head 400 ms, connect 1 s, no readidle, keepalive 20 s
      ? ? src/quotes.rs:21
    ");
}

/// awc gives up after five seconds by itself; one client has that switched off, and one of its requests brings a limit.
#[test]
fn awc_in_an_actix_handler() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
awc = "3"
//- src/main.rs
mod proxy;
use actix_web::{App, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new()
            .app_data(web::Data::new(awc::Client::default()))
            .route("/quick", web::get().to(proxy::quick))
            .route("/slow", web::get().to(proxy::slow))
    })
    .bind("0.0.0.0:8080")?
    .run()
    .await
}
//- src/proxy.rs
use std::time::Duration;
use actix_web::{HttpResponse, Result, error::ErrorBadGateway, web};
use awc::Client;

pub async fn quick(client: web::Data<Client>) -> Result<HttpResponse> {
    let mut answer = client.get("http://upstream/quick").send().await.map_err(ErrorBadGateway)?;
    Ok(HttpResponse::Ok().body(answer.body().await?))
}

pub async fn slow() -> Result<HttpResponse> {
    let patient = Client::builder().disable_timeout().finish();
    patient.post("http://upstream/wait").send_body("x").await.map_err(ErrorBadGateway)?;
    let request = patient.get("http://upstream/slow").timeout(Duration::from_secs(50));
    request.send().await.map_err(ErrorBadGateway)?;
    Ok(HttpResponse::NoContent().finish())
}
"#,
    );
    assert_snapshot!(seen.clients(), @"
    Http awc src/proxy.rs:11, no total, connect 5 s, poolsize 100, poolidle 15 s, tls 5 s, lifetime 75 s
      POST http://upstream/wait src/proxy.rs:12
      GET http://upstream/slow src/proxy.rs:14, bounded
    Http awc src/main.rs:8, total 5 s, connect 5 s, poolsize 100, poolidle 15 s, tls 5 s, lifetime 75 s
      GET http://upstream/quick src/proxy.rs:6
    ");
}

/// ureq 3: an agent made from a configuration with limits, used on a thread that may block.
#[test]
fn ureq_on_a_thread_that_may_block() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
tokio = "1"
ureq = "3"
//- src/main.rs
mod vat;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let agent = vat::agent();
    let known = tokio::task::spawn_blocking(move || vat::is_known(&agent, "CHE-1")).await??;
    println!("{known}");
    vat::report();
    Ok(())
}
//- src/vat.rs
use std::time::Duration;
use ureq::Agent;

pub fn agent() -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(12)))
        .timeout_connect(Some(Duration::from_secs(3)))
        .build();
    Agent::new_with_config(config)
}

pub fn is_known(agent: &Agent, number: &str) -> Result<bool, ureq::Error> {
    let answer = agent.get(format!("https://vat.example/{number}")).call()?;
    Ok(answer.status() == 200)
}

pub fn report() {
    let _ = ureq::post("https://vat.example/reports").send_empty();
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http ureq src/vat.rs:5, total 12 s, no head, connect 3 s, no readidle, poolidle 15 s, no write
      GET https://vat.example/CHE-1 src/vat.rs:13
    Http ureq src/vat.rs:18, no total, no head, no connect, no readidle, poolidle 15 s, no write
      POST https://vat.example/reports src/vat.rs:18
    ");
}

/// The pooled client of hyper-util: it has no limit and no way to set one, so the future is bounded.
#[test]
fn hyper_util_legacy_client() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
bytes = "1"
http = "1"
http-body-util = "0.1"
hyper = "1"
hyper-util = "0.1"
tokio = "1"
//- src/main.rs
mod forward;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let forward = forward::Forward::new();
    forward.ask("http://backend:7000/a").await?;
    forward.ask_in_time("http://backend:7000/b").await?;
    Ok(())
}
//- src/forward.rs
use std::time::Duration;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

pub struct Forward {
    client: Client<HttpConnector, Empty<Bytes>>,
}

impl Forward {
    pub fn new() -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub async fn ask(&self, uri: &str) -> anyhow::Result<StatusCode> {
        let request = Request::get(uri).body(Empty::new())?;
        Ok(self.client.request(request).await?.status())
    }

    pub async fn ask_in_time(&self, uri: &str) -> anyhow::Result<StatusCode> {
        let answer = self.client.get(uri.parse()?);
        Ok(tokio::time::timeout(Duration::from_secs(2), answer).await??.status())
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http hyper-util src/forward.rs:14, no total, no head, no readidle
      ? ? src/forward.rs:19
      GET http://backend:7000/b src/forward.rs:23, bounded
    ");
}

/// A connection manager of redis below 1.0, as the lock file says: it waits for answers without a limit.
#[test]
fn redis_connection_manager_below_1() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
redis = ">=0.25,<2"
tokio = "1"
//- Cargo.lock
version = 4

[[package]]
name = "redis"
version = "0.27.6"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "shop"
version = "0.1.0"
dependencies = ["redis"]
//- src/main.rs
mod carts;
use redis::aio::ConnectionManager;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = redis::Client::open("redis://cache:6379")?;
    let carts = carts::Carts::new(ConnectionManager::new(client).await?);
    carts.put(1, "lamp").await?;
    Ok(())
}
//- src/carts.rs
use redis::{AsyncCommands, RedisResult, aio::ConnectionManager};

#[derive(Clone)]
pub struct Carts {
    redis: ConnectionManager,
}

impl Carts {
    pub fn new(redis: ConnectionManager) -> Self {
        Carts { redis }
    }

    pub async fn put(&self, cart: u64, item: &str) -> RedisResult<()> {
        let mut redis = self.redis.clone();
        redis.rpush(format!("cart:{cart}"), item).await
    }
}
"#,
    );
    assert_snapshot!(seen.clients(), @"Redis redis src/main.rs:7, no total, no connect, attempts 6");
    assert_snapshot!(seen.effects("Carts::put"), @"Call(Redis) src/carts.rs:15");
}

/// The same requirement, but the lock file names 1.0: the library gives up by itself. A configuration object changes one limit.
#[test]
fn redis_connection_manager_since_1() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
redis = ">=0.25,<2"
tokio = "1"
//- Cargo.lock
version = 4

[[package]]
name = "redis"
version = "1.0.2"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "shop"
version = "0.1.0"
dependencies = ["redis"]
//- src/main.rs
mod cache;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let plain = cache::plain("redis://cache:6379").await?;
    let quick = cache::quick("redis://cache:6380").await?;
    cache::warm(plain, "a").await?;
    cache::warm(quick, "b").await?;
    Ok(())
}
//- src/cache.rs
use std::time::Duration;
use redis::{AsyncCommands, Client, RedisResult};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

pub async fn plain(url: &str) -> RedisResult<ConnectionManager> {
    let client = Client::open(url)?;
    client.get_connection_manager().await
}

pub async fn quick(url: &str) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(2)
        .set_response_timeout(Some(Duration::from_millis(100)));
    Client::open(url)?.get_connection_manager_with_config(config).await
}

pub async fn warm(mut redis: ConnectionManager, key: &str) -> RedisResult<()> {
    redis.set_ex(key, "warm", 60).await
}
"#,
    );
    assert_snapshot!(seen.clients(), @"
    Redis redis src/cache.rs:6, total 500 ms, connect 1 s
    Redis redis src/cache.rs:14, total 100 ms, connect 1 s, attempts 2
    ");
}

/// Limits that are computed: constants, arithmetic on numbers and durations, a constructor's default, the environment, and a
/// configuration that is read from a file, of which nothing can be told.
#[test]
fn computed_limits() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
reqwest = "0.12"
serde = "1"
tokio = "1"
//- src/main.rs
mod config;
use std::{env, time::Duration};
use config::{File, Fixed};
use reqwest::Client;

const MINUTE: u64 = 60;
const STEP: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(5 * MINUTE);

#[tokio::main]
async fn main() {
    let (fixed, file) = (Fixed::new(), config::load());
    let seconds = env::var("TIMEOUT").unwrap_or("5".to_owned()).parse().unwrap();
    let patience = Some(STEP + Duration::from_millis(500));
    send(Client::builder().timeout(LONG).build().unwrap()).await;
    send(Client::builder().timeout(STEP * 3).build().unwrap()).await;
    send(Client::builder().timeout(LONG / 4).connect_timeout(2 * STEP).build().unwrap()).await;
    send(Client::builder().timeout(STEP + Duration::from_millis(500)).pool_idle_timeout(patience).build().unwrap()).await;
    send(Client::builder().timeout(Duration::from_secs(seconds)).build().unwrap()).await;
    send(Client::builder().timeout(fixed.timeout).build().unwrap()).await;
    send(Client::builder().timeout(file.timeout).build().unwrap()).await;
}

async fn send(client: Client) {
    client.get("http://a").send().await.unwrap();
}
//- src/config.rs
use std::time::Duration;
use serde::Deserialize;

pub struct Fixed {
    pub timeout: Duration,
}

impl Fixed {
    pub fn new() -> Self {
        Fixed { timeout: Duration::from_millis(750) }
    }
}

#[derive(Deserialize)]
pub struct File {
    pub timeout: Duration,
}

impl Default for File {
    fn default() -> Self {
        File { timeout: Duration::from_secs(30) }
    }
}

pub fn load() -> File {
    shop_config::read().unwrap_or_default()
}
"#,
    );
    assert_snapshot!(seen.clients(), @"
    Http reqwest src/main.rs:15, total 300 s, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://a src/main.rs:25
    Http reqwest src/main.rs:16, total 6 s, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://a src/main.rs:25
    Http reqwest src/main.rs:17, total 75 s, connect 4 s, no readidle, poolidle 90 s, no keepalive
      GET http://a src/main.rs:25
    Http reqwest src/main.rs:18, total 2500 ms, no connect, no readidle, poolidle 2500 ms, no keepalive
      GET http://a src/main.rs:25
    Http reqwest src/main.rs:19, total ${timeout:-5} s, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://a src/main.rs:25
    Http reqwest src/main.rs:20, total 750 ms, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://a src/main.rs:25
    Http reqwest src/main.rs:21, total set, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://a src/main.rs:25
    ");
}

/// A helper that is given what else to set as a closure.
#[test]
fn tuned_by_a_closure_of_the_caller() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod channels;
use std::time::Duration;

#[tokio::main]
async fn main() {
    let stock = channels::http(|b| b.timeout(Duration::from_secs(4)));
    stock.get("http://stock").send().await.unwrap();
    let plain = channels::slow(|b| b);
    plain.get("http://slow").send().await.unwrap();
}
//- src/channels.rs
use std::time::Duration;
use reqwest::{Client, ClientBuilder};

pub fn http(tune: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let builder = Client::builder().connect_timeout(Duration::from_secs(1));
    tune(builder).build().unwrap()
}

pub fn slow<F>(tune: F) -> Client
where
    F: FnOnce(ClientBuilder) -> ClientBuilder,
{
    tune(Client::builder()).build().unwrap()
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/channels.rs:5, total 4 s, connect 1 s, no readidle, poolidle 90 s, no keepalive
      GET http://stock src/main.rs:7
    Http reqwest src/channels.rs:13, no total, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://slow src/main.rs:9
    ");
}
