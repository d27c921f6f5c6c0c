//! What the rules on configuration in the code report, and what they leave alone.

use crate::support::{check_rule, found, mended, service};

fn of(text: &str, rule: &str) -> Vec<String> {
    let all = found(&check_rule(text, rule)).into_iter().filter(|f| f.ends_with(&format!(" {rule}")));
    all.map(|f| f.split(' ').next().unwrap_or_default().to_owned()).collect()
}

// ---- secret-with-default-value

const SECRET: &str = "secret-with-default-value";

/// A service that runs a statement when it starts.
fn at_start(statement: &str) -> String {
    service("", "").replace("    let listener", &format!("    {statement}\n    let listener"))
}

#[test]
fn a_secret_with_a_default_is_no_secret() {
    for (read, reported) in [
        ("let key = std::env::var(\"JWT_SECRET\").unwrap_or_else(|_| \"dev\".to_string());", 1),
        ("let key = std::env::var(\"DB_PASSWORD\").unwrap_or(\"postgres\".into());", 1),
        ("let key = std::env::var(\"API_KEY\").ok().unwrap_or(String::from(\"abc\"));", 1),
        ("let key = std::env::var(\"JWT_SECRET\").unwrap_or_default();", 0),
        ("let key = std::env::var(\"JWT_SECRET\").unwrap_or_else(|_| panic!(\"no secret\"));", 0),
        ("let key = std::env::var(\"JWT_SECRET\").expect(\"a secret\");", 0),
        ("let key = std::env::var(\"JWT_SECRET_FILE\").unwrap_or(\"/run/secrets/jwt\".into());", 0),
        ("let key = std::env::var(\"TOKEN_TTL\").unwrap_or(\"3600\".into());", 0),
        ("let key = std::env::var(\"ISSUER_TOKEN\").unwrap_or(\"http://auth/token\".into());", 0),
        ("let key = std::env::var(\"GREETING\").unwrap_or(\"hello\".into());", 0),
    ] {
        assert_eq!(of(&at_start(read), SECRET).len(), reported, "{read}");
    }
}

#[test]
fn arguments_of_the_program_have_defaults_too() {
    let text = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = "0.8"
clap = { version = "4", features = ["derive", "env"] }
tokio = "1"
//- src/main.rs
use clap::Parser;

#[derive(Parser)]
struct Args {
    #[arg(long, env = "SIGNING_KEY", default_value = "insecure")]
    signing_key: String,
    #[arg(long, env = "PORT", default_value = "8080")]
    port: u16,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let app = axum::Router::new().route("/healthz", axum::routing::get(|| async { "ok" }));
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", args.port)).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
"#;
    assert_eq!(of(text, SECRET), ["src/main.rs:6"]);
}

#[test]
fn a_tool_may_have_a_default_and_so_may_tests() {
    let tool =
        "fn main() { let key = std::env::var(\"API_KEY\").unwrap_or(\"abc\".into()); println!(\"{key}\"); }";
    assert!(of(tool, SECRET).is_empty());
    let tests = "#[cfg(test)]\nmod tests { fn key() -> String { std::env::var(\"API_KEY\").unwrap_or(\"abc\".into()) } }";
    assert!(of(&service("", tests), SECRET).is_empty());
}

#[test]
fn the_service_asks_for_the_secret() {
    let text = at_start("let key = std::env::var(\"JWT_SECRET\").unwrap_or_else(|_| \"dev\".to_string());");
    let fixed = mended(&text, SECRET);
    assert!(fixed.contains("std::env::var(\"JWT_SECRET\").expect(\"JWT_SECRET is set\");"), "{fixed}");
    assert!(of(&fixed, SECRET).is_empty());
}

// ---- config-read-panics-in-handler

const LATE: &str = "config-read-panics-in-handler";

#[test]
fn a_variable_that_a_handler_panics_without_is_reported() {
    let code = r#"
async fn price() -> String { prices_url() }
fn prices_url() -> String { std::env::var("PRICES_URL").unwrap() }
"#;
    let text = service(".route(\"/price\", get(price))", code);
    assert_eq!(of(&text, LATE), ["src/main.rs:4"]);
    // Once it was there at start, it is there for the handler.
    let checked = text.replace("    let listener", "    prices_url();\n    let listener");
    assert!(of(&checked, LATE).is_empty());
    let same_name =
        text.replace("    let listener", "    std::env::var(\"PRICES_URL\").unwrap();\n    let listener");
    assert!(of(&same_name, LATE).is_empty());
}

#[test]
fn a_handler_that_goes_on_without_a_variable_is_left_alone() {
    for read in [
        "std::env::var(\"X\").unwrap_or(\"y\".into())",
        "std::env::var(\"X\").unwrap_or_default()",
        "option_env!(\"X\").unwrap_or(\"y\").to_owned()",
        "match std::env::var(\"X\") { Ok(x) => x, Err(_) => String::new() }",
        "std::env::var(\"X\").map_err(|e| e.to_string()).unwrap_or_else(|e| e)",
    ] {
        let code = format!("async fn price() -> String {{ {read} }}\n");
        assert!(of(&service(".route(\"/price\", get(price))", &code), LATE).is_empty(), "{read}");
    }
}

#[test]
fn an_error_that_the_handler_answers_with_is_no_panic() {
    let code = r#"
async fn price() -> Result<String, axum::http::StatusCode> {
    let url = std::env::var("PRICES_URL").map_err(|_| axum::http::StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(url)
}
"#;
    assert!(of(&service(".route(\"/price\", get(price))", code), LATE).is_empty());
}

// ---- dotenv-required-at-startup

const DOTENV: &str = "dotenv-required-at-startup";

/// A service in a container: how it loads the file, and what its image copies.
fn in_container(load: &str, copies: &str) -> String {
    let main = at_start(load);
    format!(
        "//- src/main.rs\n{main}\n//- Dockerfile\nFROM rust:1.90-bookworm AS build\nCOPY . .\nRUN cargo build --release --locked\n\
         FROM gcr.io/distroless/cc-debian12:nonroot\n{copies}\nCOPY --from=build /src/target/release/shop /usr/bin/shop\n\
         ENTRYPOINT [\"/usr/bin/shop\"]\n"
    )
}

#[test]
fn a_file_that_no_image_has_must_not_be_asked_for() {
    for (load, copies, reported) in [
        ("dotenvy::dotenv().unwrap();", "", 1),
        ("dotenvy::dotenv().expect(\"a .env file\");", "", 1),
        ("dotenvy::from_filename(\".env.local\").unwrap();", "", 1),
        ("dotenvy::dotenv().ok();", "", 0),
        ("let _ = dotenvy::dotenv();", "", 0),
        ("if dotenvy::dotenv().is_err() { eprintln!(\"no .env\"); }", "", 0),
        ("if cfg!(debug_assertions) { dotenvy::dotenv().unwrap(); }", "", 0),
        ("#[cfg(debug_assertions)]\n    dotenvy::dotenv().unwrap();", "", 0),
        ("dotenvy::dotenv().unwrap();", "COPY .env /", 0),
        ("dotenvy::dotenv().unwrap();", "COPY . .", 0),
        ("dotenvy::dotenv().unwrap();", "COPY --from=build /src /src", 0),
        ("dotenvy::dotenv().unwrap();", "COPY migrations migrations", 1),
        ("dotenvy::dotenv().unwrap();", "RUN touch .env", 0),
    ] {
        assert_eq!(of(&in_container(load, copies), DOTENV).len(), reported, "{load} with {copies:?}");
    }
}

#[test]
fn what_only_a_command_runs_is_not_the_start() {
    let text = in_container("if std::env::args().count() > 1 { seed(); }", "")
        .replace("#[tokio::main]", "fn seed() { dotenvy::dotenv().unwrap(); }\n#[tokio::main]");
    assert!(of(&text, DOTENV).is_empty());
}

#[test]
fn a_mounted_file_is_there() {
    let compose = r#"//- compose.yaml
services:
  shop:
    build: .
    volumes: ["./.env:/.env"]
"#;
    let text = in_container("dotenvy::dotenv().unwrap();", "") + compose;
    assert!(of(&text, DOTENV).is_empty());
}

#[test]
fn the_service_goes_on_without_the_file() {
    for load in ["dotenvy::dotenv().unwrap();", "dotenvy::dotenv().expect(\"a .env file\");"] {
        let text = in_container(load, "");
        let fixed = mended(&text, DOTENV);
        assert!(fixed.contains("    dotenvy::dotenv().ok();"), "{fixed}");
        assert!(of(&fixed, DOTENV).is_empty());
    }
}

// ---- localhost-fallback-endpoint

/// A service in a Deployment: what it reads, and the variables that it is given.
fn deployed(read: &str, env: &str) -> String {
    let text = in_container(read, "");
    format!(
        "{text}//- deploy/shop.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: shop }}\nspec:\n  template:\n    \
         metadata: {{ labels: {{ app: shop }} }}\n    spec:\n      containers:\n        - name: shop\n          \
         image: registry/shop:1.4.0\n{env}"
    )
}

#[test]
fn localhost_in_a_container_is_the_container() {
    let rule = "localhost-fallback-endpoint";
    let read = "let _prices = std::env::var(\"PRICES_URL\").unwrap_or(\"http://localhost:9000\".into());";
    let given = "          env: [{ name: PRICES_URL, value: \"http://prices\" }]\n";
    let from = "          envFrom: [{ configMapRef: { name: elsewhere } }]\n";
    let sidecar = "        - name: prices\n          image: registry/prices:1\n";
    for (read, rest, reported) in [
        (read, "", 1),
        (&read.replace("localhost", "127.0.0.1"), "", 1),
        (&read.replace("localhost", "prices"), "", 0),
        (&read.replace("unwrap_or(\"http://localhost:9000\".into())", "unwrap_or_default()"), "", 0),
        (read, given, 0),
        (read, from, 0),
        (read, sidecar, 0),
    ] {
        assert_eq!(of(&deployed(read, rest), rule).len(), reported, "{read} {rest}");
    }
}

#[test]
fn an_environment_that_gives_the_variable_knows_of_it() {
    let read = "let _prices = std::env::var(\"PRICES_URL\").unwrap_or(\"http://localhost:9000\".into());";
    let compose = "//- compose.yaml\nservices:\n  shop:\n    build: .\n    environment: { PRICES_URL: \"http://prices\" }\n";
    assert!(of(&(deployed(read, "") + compose), "localhost-fallback-endpoint").is_empty());
}

// ---- hardcoded-service-endpoint

#[test]
fn addresses_of_one_network_are_not_written_into_the_code() {
    let rule = "hardcoded-service-endpoint";
    let ask = |url: &str| {
        let code = format!(
            "const BASE: &str = \"http://orders:8080\";\nasync fn ask() -> String {{\n    let client = \
             reqwest::Client::builder().timeout(std::time::Duration::from_secs(3)).build().unwrap();\n    \
             client.get({url}).send().await.unwrap().text().await.unwrap()\n}}\n"
        );
        of(&service(".route(\"/ask\", get(ask))", &code), rule).len()
    };
    for url in [
        "\"http://10.0.0.7/v1/orders\"",
        "\"http://orders.shop.svc.cluster.local/v1\"",
        "format!(\"{BASE}/v1/orders/{}\", 7)",
        "\"http://localhost:9000/\"",
    ] {
        assert_eq!(ask(url), 1, "{url}");
    }
    for url in [
        "\"https://api.example.com/v1\"",
        "\"http://169.254.169.254/latest/meta-data\"",
        "format!(\"{}/v1/orders\", std::env::var(\"ORDERS_URL\").unwrap())",
        "std::env::var(\"ORDERS_URL\").unwrap_or(\"http://orders:8080\".into())",
    ] {
        assert_eq!(ask(url), 0, "{url}");
    }
}

#[test]
fn a_program_that_asks_its_own_service_once_may_name_it() {
    let text = at_start("if std::env::args().any(|a| a == \"healthcheck\") { healthcheck().await; return; }")
        + "async fn healthcheck() { reqwest::Client::new().get(\"http://localhost:80/healthz\").send().await.unwrap(); }\n";
    assert!(of(&text, "hardcoded-service-endpoint").is_empty());
}
