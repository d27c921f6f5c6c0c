//! Which programs are run for others: what rules about rollouts and probes ask before they speak, and of which server.

use crate::support;
use crate::support::{check_files, files, found};

const ENDLESS: &str = "server-without-graceful-shutdown";

/// A program that keeps its orders in a database, in a workspace that builds no image.
const AT_A_DESK: &str = r#"//- Cargo.toml
[package]
name = "orders"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = "0.8"
sqlx = "0.8"
tokio = "1"
//- src/main.rs
use axum::{Router, extract::State, routing::get};

async fn count(State(db): State<sqlx::PgPool>) -> String {
    let count: (i64,) = sqlx::query_as("SELECT count(*) FROM orders").fetch_one(&db).await.unwrap();
    count.0.to_string()
}

#[tokio::main]
async fn main() {
    let db = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    let app = Router::new().route("/v1/orders", get(count)).with_state(db);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
"#;

/// The rules about health that report something in a workspace without an image.
fn without_image(text: &str) -> Vec<String> {
    let mut files = files(text);
    files.retain(|(path, text)| !path.ends_with("Dockerfile") || text.contains("cargo"));
    let rules =
        found(&check_files(files)).into_iter().filter_map(|f| f.split(' ').next_back().map(str::to_owned));
    rules.filter(|rule| [ENDLESS, "http-service-without-health-route"].contains(&rule.as_str())).collect()
}

#[test]
fn what_listens_to_others_and_keeps_data_elsewhere_is_a_service_without_any_image_too() {
    assert_eq!(without_image(AT_A_DESK), ["http-service-without-health-route", ENDLESS]);
    let database = "//- compose.yaml\nservices:\n  db:\n    image: postgres:17\n";
    assert_eq!(
        without_image(&format!("{AT_A_DESK}{database}")).len(),
        2,
        "what it needs at a desk tells nothing"
    );
}

#[test]
fn what_may_be_for_one_person_is_none() {
    let cases = [
        ("listens on its own machine", AT_A_DESK.replace("0.0.0.0", "127.0.0.1")),
        (
            "keeps nothing",
            AT_A_DESK
                .replace(
                    r#"sqlx::query_as("SELECT count(*) FROM orders").fetch_one(&db).await.unwrap()"#,
                    "(1,)",
                )
                .replace("sqlx::PgPool::connect(\"postgres://db/shop\").await.unwrap()", "todo()"),
        ),
        ("a tool by its name", AT_A_DESK.replace("\"orders\"", "\"orders-bench\"")),
        ("a stand-in", AT_A_DESK.replace("\"orders\"", "\"mock-orders\"")),
        (
            "another program has an image",
            format!(
                "{AT_A_DESK}//- worker/Cargo.toml\n[package]\nname = \"worker\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\naxum = \"0.8\"\n//- worker/src/main.rs\n#[tokio::main]\nasync fn main() {{\n    axum::serve(todo(), axum::Router::new()).with_graceful_shutdown(todo()).await;\n}}\n//- worker/Dockerfile\nFROM rust\nRUN cargo build --bin worker\n"
            ),
        ),
    ];
    for (name, text) in cases {
        assert!(without_image(&text).is_empty(), "{name}: {:?}", without_image(&text));
    }
}

/// A program with a server for its API and one for gRPC.
fn two_servers(main: &str) -> Vec<String> {
    let text = format!(
        r#"
use axum::{{Router, routing::get}};
use tonic::transport::Server;

async fn api() {{
    let app = Router::new().route("/v1/orders", get(|| async {{ "[]" }})).route("/livez", get(|| async {{ "ok" }}));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(end()).await.unwrap();
}}

async fn end() {{
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap().recv().await;
}}

{main}
"#
    );
    found(&support::check(&text)).into_iter().filter(|f| f.ends_with(ENDLESS)).collect()
}

#[test]
fn the_end_of_one_server_is_not_that_of_another() {
    let rpc = "async fn rpc() {\n    Server::builder().add_service(shop::orders()).serve(\"0.0.0.0:50051\".parse().unwrap()).await.unwrap();\n}\n";
    let both =
        format!("{rpc}#[tokio::main]\nasync fn main() {{\n    tokio::spawn(rpc());\n    api().await;\n}}");
    let reported = two_servers(&both);
    assert_eq!(reported.len(), 1, "{reported:?}");
    let ends = both.replace(
        ".serve(\"0.0.0.0:50051\".parse().unwrap())",
        ".serve_with_shutdown(\"0.0.0.0:50051\".parse().unwrap(), end())",
    );
    assert_eq!(two_servers(&ends), [""; 0]);
}

#[test]
fn a_server_that_is_set_up_in_one_of_two_ways_may_end() {
    let main = r#"#[tokio::main]
async fn main() {
    api().await;
    let app = Router::new().route("/v1/items", get(|| async { "[]" }));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8081").await.unwrap();
    if std::env::var("DRAIN").is_ok() {
        axum::serve(listener, app).with_graceful_shutdown(end()).await.unwrap();
    } else {
        axum::serve(listener, app).await.unwrap();
    }
}"#;
    assert_eq!(two_servers(main), [""; 0]);
}

/// What rules about limits of servers say of a program.
fn limits(text: &str) -> usize {
    let rule = "server-without-request-timeout";
    found(&support::check_rule(text, rule)).iter().filter(|f| f.ends_with(rule)).count()
}

#[test]
fn limits_are_for_servers_of_requests_in_services() {
    let server = |path: &str| AT_A_DESK.replace("\"/v1/orders\"", path);
    assert_eq!(limits(&server("\"/v1/orders\"")), 1);
    assert_eq!(limits(&server("\"/metrics\"")), 0, "what is scraped");
    assert_eq!(limits(&AT_A_DESK.replace("\"orders\"", "\"orders-loadtest\"")), 0, "a tool");
}
