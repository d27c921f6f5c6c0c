//! Readiness: what it finds out, and what the rules say of that.

use crate::support::{of_rule, service};

const ORDERS: &str = "use axum::{Json, extract::State, http::StatusCode};
async fn orders(State(db): State<sqlx::PgPool>) { sqlx::query(\"SELECT id FROM orders\").execute(&db).await.unwrap(); }";

/// A service with a handler that needs the database, and one for readiness under a path.
fn with_readiness(path: &str, ready: &str) -> String {
    let routes = format!(".route(\"/v1/orders\", get(orders)).route(\"{path}\", get(ready))");
    service(&routes, &format!("{ORDERS}\n{ready}"))
}

const DEPLOYMENT: &str = "//- Dockerfile
FROM scratch
COPY target/release/shop /shop
USER 10001
CMD [\"/shop\"]
//- deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  template:
    spec:
      containers:
        - name: shop
          image: shop:1
          ports: [{ containerPort: 80 }]
          readinessProbe: { httpGet: { path: /status, port: 80 } }
//- src/main.rs
";

#[test]
fn readiness_that_looks_at_nothing() {
    const RULE: &str = "shallow-readiness";
    const FIXED: &str = "async fn ready() -> &'static str { \"ok\" }";
    for (name, text, expected) in [
        ("by its path", with_readiness("/readyz", FIXED), 1),
        ("a status", with_readiness("/ready", "async fn ready() -> StatusCode { StatusCode::OK }"), 1),
        ("by a probe", format!("{DEPLOYMENT}{}", with_readiness("/status", FIXED)), 1),
        ("that nothing asks for readiness", with_readiness("/status", FIXED), 0),
        (
            "that asks the database",
            with_readiness(
                "/readyz",
                "async fn ready(State(db): State<sqlx::PgPool>) -> StatusCode {
                     match sqlx::query(\"SELECT 1\").execute(&db).await { Ok(_) => StatusCode::OK, Err(_) => StatusCode::SERVICE_UNAVAILABLE }
                 }",
            ),
            0,
        ),
        (
            "that reads a flag",
            with_readiness(
                "/readyz",
                "static UP: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
                 async fn ready() -> String { UP.load(std::sync::atomic::Ordering::Relaxed).to_string() }",
            ),
            0,
        ),
        (
            "of a service without a database",
            service(".route(\"/readyz\", get(ready))", FIXED),
            0,
        ),
    ] {
        assert_eq!(of_rule(RULE, &text), expected, "{name}");
    }
}

#[test]
fn readiness_that_says_ok_whatever_it_found() {
    const RULE: &str = "health-always-ok";
    const ASKS: &str = "sqlx::query(\"SELECT 1\").execute(&db).await";
    for (name, ready, expected) in [
        ("a body alone", format!("Json<bool> {{ Json({ASKS}.is_ok()) }}"), 1),
        ("a status too", format!("(StatusCode, Json<bool>) {{ (StatusCode::OK, Json({ASKS}.is_ok())) }}"), 0),
        (
            "a failure",
            format!(
                "Result<Json<bool>, StatusCode> {{ {ASKS}.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?; Ok(Json(true)) }}"
            ),
            0,
        ),
        ("a panic, which is no answer", format!("&'static str {{ {ASKS}.unwrap(); \"ok\" }}"), 0),
        ("something that is not asked", "Json<bool> { let _ = db; Json(true) }".to_owned(), 0),
    ] {
        let ready = format!("async fn ready(State(db): State<sqlx::PgPool>) -> {ready}");
        assert_eq!(of_rule(RULE, &with_readiness("/readyz", &ready)), expected, "{name}");
    }
}

#[test]
fn handlers_that_panic_when_others_fail() {
    const RULE: &str = "panic-in-handler";
    let with = |routes: &str, code: &str| service(&format!(".route(\"/h\", get(handler)){routes}"), code);
    for (name, code, expected) in [
        (
            "a database",
            "async fn handler(db: axum::Extension<sqlx::PgPool>) { sqlx::query(\"SELECT 1\").execute(&*db).await.unwrap(); }",
            1,
        ),
        (
            "another service",
            "async fn handler() { reqwest::get(\"http://a\").await.expect(\"it answers\"); }",
            1,
        ),
        (
            "in what it calls",
            "async fn handler() { ask().await; }\nasync fn ask() { reqwest::get(\"http://a\").await.unwrap(); }",
            1,
        ),
        (
            "an error that is returned",
            "async fn handler() -> Result<(), ()> { reqwest::get(\"http://a\").await.map_err(|_| ())?; Ok(()) }",
            0,
        ),
        ("something else", "async fn handler() { \"7\".parse::<u8>().unwrap(); }", 0),
        (
            "a task beside",
            "async fn handler() { tokio::spawn(async { reqwest::get(\"http://a\").await.unwrap(); }); }",
            0,
        ),
    ] {
        assert_eq!(of_rule(RULE, &with("", code)), expected, "{name}");
    }
    let caught = with(
        ".layer(tower_http::catch_panic::CatchPanicLayer::new())",
        "async fn handler() { reqwest::get(\"http://a\").await.unwrap(); }",
    );
    assert_eq!(of_rule(RULE, &caught), 0);
}

#[test]
fn names_that_replicas_share() {
    const RULE: &str = "replica-identity-shared";
    let with = |replicas: u8, name: &str| {
        let code = format!(
            "async fn handler() {{}}
fn connect() {{ rumqttc::AsyncClient::new(rumqttc::MqttOptions::new({name}, \"mqtt\", 1883), 10); }}"
        );
        let main = service(".route(\"/h\", get(handler))", &code)
            .replace("let listener", "connect();\n    let listener");
        let deployment =
            DEPLOYMENT.replace("spec:\n  template", &format!("spec:\n  replicas: {replicas}\n  template"));
        format!(
            "//- Cargo.toml
[package]
name = \"shop\"
version = \"0.1.0\"
edition = \"2021\"
[dependencies]
axum = \"0.8\"
rumqttc = \"0.24\"
tokio = \"1\"
{deployment}{main}"
        )
    };
    assert_eq!(of_rule(RULE, &with(2, "\"shop\"")), 1);
    assert_eq!(of_rule(RULE, &with(1, "\"shop\"")), 0, "there is one");
    assert_eq!(of_rule(RULE, &with(2, "std::env::var(\"HOSTNAME\").unwrap()")), 0, "of its own");
}
