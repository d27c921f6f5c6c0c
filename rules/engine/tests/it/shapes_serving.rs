//! What is served, and where: routers that come out of conversions and generic helpers, addresses in all their forms.

use crate::support::seen::Seen;
use insta::assert_snapshot;

/// `Router::from(&config)`, where the program says how a router is made of its configuration.
#[test]
fn router_by_conversion() {
    let seen = Seen::of(
        r#"//- src/main.rs
use axum::{Router, routing::get};

enum Face {
    Inside,
    Outside,
}

impl From<&Face> for Router {
    fn from(face: &Face) -> Self {
        let router = Router::new().route("/livez", get(livez));
        match face {
            Face::Inside => router.route("/metrics", get(metrics)),
            Face::Outside => router,
        }
    }
}

async fn livez() {}
async fn metrics() {}

impl Face {
    async fn serve(self) {
        let router = Router::from(&self).into_make_service();
        let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
        axum::serve(listener, router).await.unwrap();
    }
}

#[tokio::main]
async fn main() {
    tokio::join!(Face::Inside.serve(), Face::Outside.serve());
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /livez -> shop::livez
    GET /metrics -> shop::metrics
    ");
}

/// Filters go through a generic helper that serves them behind layers; functions that give an answer another form do not answer.
#[test]
fn filters_through_a_generic_helper() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
hyper-util = { version = "0.1", features = ["server-auto", "service", "tokio"] }
tokio = "1"
tower = "0.5"
tower-http = "0.6"
warp = "0.4"
//- src/main.rs
use hyper_util::{rt::{TokioExecutor, TokioIo}, server::conn::auto::Builder, service::TowerToHyperService};
use tower::ServiceBuilder;
use tower_http::trace::TraceLayer;
use warp::{Filter, Rejection, Reply};

mod api;

async fn serve<F>(listener: tokio::net::TcpListener, routes: F)
where
    F: Filter<Error = Rejection> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
{
    let service = ServiceBuilder::new().layer(TraceLayer::new_for_http()).service(warp::service(routes));
    let service = TowerToHyperService::new(service);
    let server = Builder::new(TokioExecutor::new());
    while let Ok((connection, _)) = listener.accept().await {
        let serving = server.serve_connection_with_upgrades(TokioIo::new(connection), service.clone()).into_owned();
        tokio::spawn(serving);
    }
}

#[tokio::main]
async fn main() {
    let api = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    let probes = tokio::net::TcpListener::bind("0.0.0.0:81").await.unwrap();
    tokio::join!(serve(api, api::orders().boxed()), serve(probes, api::livez()));
}
//- src/api.rs
use warp::{Filter, Rejection, Reply};

pub fn orders() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path!("orders" / u64).and(warp::get()).then(order).map(into_response)
}

pub fn livez() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path!("livez").map(|| "ok")
}

async fn order(id: u64) -> String {
    id.to_string()
}

fn into_response(text: String) -> impl Reply {
    warp::reply::json(&text)
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    GET /orders/{param} -> shop::api::order [TraceLayer]
    ANY /livez -> (closure) [TraceLayer]
    ");
}

/// Addresses are texts, pairs, arrays and constants of the standard library.
#[test]
fn addresses() {
    let bound = |address: &str| {
        let text = r#"
use axum::{Router, routing::get};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};

const PORT: u16 = 8080;

#[tokio::main]
async fn main() {
    let _ = (IpAddr::V4(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST, SocketAddrV4::new(Ipv4Addr::LOCALHOST, PORT));
    let address = ADDRESS;
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, Router::new().route("/", get(|| async {}))).await.unwrap();
}
"#;
        let seen = Seen::of(&text.replace("ADDRESS", address));
        format!("{address} => {}", seen.listeners())
    };
    let all = [
        r#""0.0.0.0:8080""#,
        r#"("0.0.0.0", PORT)"#,
        "(Ipv4Addr::UNSPECIFIED, PORT)",
        "(Ipv6Addr::UNSPECIFIED, 8080)",
        "(IpAddr::from([127, 0, 0, 1]), 8080)",
        "SocketAddr::from(([0, 0, 0, 0], 8080))",
        "SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))",
        "SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT)",
        "SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1)), 80)",
        "SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 80))",
        "SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)).to_string()",
        r#""0.0.0.0:80".parse::<SocketAddr>().unwrap()"#,
        r#"format!("{}:{}", Ipv4Addr::UNSPECIFIED, PORT)"#,
    ];
    assert_snapshot!(all.map(bound).join("\n"), @r#"
    "0.0.0.0:8080" => Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end
    ("0.0.0.0", PORT) => Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end
    (Ipv4Addr::UNSPECIFIED, PORT) => Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end
    (Ipv6Addr::UNSPECIFIED, 8080) => Http axum [::]:8080, no serverhead, no handler, no drain, no graceful end
    (IpAddr::from([127, 0, 0, 1]), 8080) => Http axum 127.0.0.1:8080, no serverhead, no handler, no drain, no graceful end
    SocketAddr::from(([0, 0, 0, 0], 8080)) => Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end
    SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)) => Http axum 127.0.0.1:8080, no serverhead, no handler, no drain, no graceful end
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT) => Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1)), 80) => Http axum 127.0.0.1:80, no serverhead, no handler, no drain, no graceful end
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 80)) => Http axum 0.0.0.0:80, no serverhead, no handler, no drain, no graceful end
    SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)).to_string() => Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end
    "0.0.0.0:80".parse::<SocketAddr>().unwrap() => Http axum 0.0.0.0:80, no serverhead, no handler, no drain, no graceful end
    format!("{}:{}", Ipv4Addr::UNSPECIFIED, PORT) => Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end
    "#);
}

/// What builds the filters may fail, waits, and chooses between two.
#[test]
fn filters_out_of_a_builder_that_may_fail() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "stakes"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
tokio = { version = "1", features = ["full"] }
warp = "0.3"
//- src/main.rs
use anyhow::{Context, Result};
use warp::{Filter, Rejection, Reply};

struct Builder { open: bool }

impl Builder {
    async fn routes(&mut self) -> Result<impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone> {
        let open = self.open;
        let stakes = if open { all().boxed() } else { own().boxed() };
        Ok(stakes.or(warp::path("status").map(|| "ok")))
    }
}

fn all() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path!("stakes").map(|| "all")
}

fn own() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path!("stakes" / "own").map(|| "own")
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut builder = Builder { open: true };
    let routes = builder.routes().await.with_context(|| "no routes")?;
    warp::serve(routes).run(([0, 0, 0, 0], 3030)).await;
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.routes(), @r"
    ANY /stakes -> (closure)
    ANY /stakes/own -> (closure)
    ANY /status -> (closure)
    ");
}
