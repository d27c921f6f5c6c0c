//! The edits of manifests that give a program the variables and ports that it needs: in lists of pods, and in every form of compose.

use crate::support::{check_files, check_rule, found, mended};

/// A server that needs `DATABASE_URL`, may be given `HOST`, `PORT` and `LOG_LEVEL`, and its image.
const SERVER: &str = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
tokio = { version = "1", features = ["full"] }
//- src/main.rs
use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let _url = std::env::var("DATABASE_URL").unwrap();
    let _level = std::env::var("LOG_LEVEL").unwrap_or_default();
    let host = std::env::var("HOST").unwrap_or("0.0.0.0".into());
    let port = std::env::var("PORT").unwrap_or("8080".into());
    let app = Router::new().route("/readyz", get(|| async { "" }));
    let listener = tokio::net::TcpListener::bind(format!("{host}:{port}")).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
//- Dockerfile
FROM rust:1.90-bookworm AS build
RUN cargo build --release --locked --bin shop
FROM debian:bookworm-slim
COPY --from=build /target/release/shop /shop
ENTRYPOINT ["/shop"]
"#;

fn compose(lines: &str) -> String {
    format!("{SERVER}//- compose.yaml\nservices:\n  shop:\n    build: .\n{lines}")
}

/// The compose file after the first fix of a rule, which then has nothing more to say.
fn after(lines: &str, rule: &str) -> String {
    let text = mended(&compose(lines), rule);
    let again = found(&check_rule(&text, rule));
    assert!(!again.iter().any(|f| f.ends_with(rule)), "{rule} is still reported:\n{text}");
    let file = text.split("//- compose.yaml\n").nth(1).expect("it is there");
    file.split("//- ").next().unwrap_or(file).trim_end().to_owned()
}

const START: &str = "services:\n  shop:\n    build: .\n";

#[test]
fn variables_are_added_in_the_form_of_the_others() {
    let rule = "env-var-not-provided";
    for (before, wanted) in [
        (
            "    expose: [\"8080\"]\n",
            "    expose: [\"8080\"]\n    environment:\n      DATABASE_URL: \"\" # fill in",
        ),
        (
            "    environment:\n      LOG_LEVEL: info # enough\n    expose: [\"8080\"]\n",
            "    environment:\n      LOG_LEVEL: info # enough\n      DATABASE_URL: \"\" # fill in\n    expose: [\"8080\"]",
        ),
        (
            "    environment:\n      - LOG_LEVEL=info\n    expose: [\"8080\"]\n",
            "    environment:\n      - LOG_LEVEL=info\n      - DATABASE_URL= # fill in\n    expose: [\"8080\"]",
        ),
    ] {
        assert_eq!(after(before, rule), format!("{START}{wanted}"));
    }
}

#[test]
fn a_list_on_one_line_is_left_as_it_is() {
    let report = check_rule(&compose("    environment: { LOG_LEVEL: info }\n"), "env-var-not-provided");
    let of_rule = report.findings.iter().map(|f| &f.finding).filter(|f| f.rule.id == "env-var-not-provided");
    assert_eq!(of_rule.map(|f| f.fixes.len()).collect::<Vec<_>>(), [0]);
}

#[test]
fn names_that_are_nearly_right_are_mended() {
    let rule = "manifest-env-unread";
    for (before, wanted) in [
        ("    environment: [\"LOG_LEVL=info\"]", "    environment: [\"LOG_LEVEL=info\"]"),
        (
            "    environment:\n      - LOG_LEVL=info # LOG_LEVL",
            "    environment:\n      - LOG_LEVEL=info # LOG_LEVL",
        ),
        ("    environment:\n      LOG_LEVL: info", "    environment:\n      LOG_LEVEL: info"),
    ] {
        assert_eq!(after(before, rule), format!("{START}{wanted}"));
    }
}

#[test]
fn ports_are_those_that_the_program_binds() {
    let rule = "port-mismatch";
    for (before, wanted) in [
        ("    ports: [\"8081:8081\"]", "    ports: [\"8081:8080\"]"),
        (
            "    ports:\n      - 127.0.0.1:80:8081/tcp # web",
            "    ports:\n      - 127.0.0.1:80:8080/tcp # web",
        ),
        ("    expose:\n      - 8081", "    expose:\n      - 8080"),
        (
            "    ports:\n      - target: 8081\n        published: 80",
            "    ports:\n      - target: 8080\n        published: 80",
        ),
    ] {
        assert_eq!(after(before, rule), format!("{START}{wanted}"));
    }
}

#[test]
fn the_variable_can_be_given_the_port_instead() {
    let text = compose("    environment:\n      PORT: \"9090\"\n    ports: [\"80:8080\"]\n");
    let report = check_rule(&text, "port-mismatch");
    let mut findings = report.findings.iter().map(|f| &f.finding);
    let finding = findings.find(|f| f.rule.id == "port-mismatch").expect("it is reported");
    let titles: Vec<&str> = finding.fixes.iter().map(|fix| fix.title.as_str()).collect();
    assert_eq!(titles, ["Expect it at 9090", "Bind 8080"]);
    let fixed = crate::support::apply(&report, &finding.fixes[1]);
    let file = &fixed.iter().find(|(path, _)| path.ends_with("compose.yaml")).expect("it is there").1;
    assert!(file.contains("PORT: \"8080\"\n    ports: [\"80:8080\"]"), "{file}");
    assert!(!found(&check_files(fixed)).iter().any(|f| f.ends_with("port-mismatch")));
}

#[test]
fn the_variable_that_names_loopback_is_mended() {
    let lines = "    environment:\n      - HOST=127.0.0.1\n    ports: [\"8080:8080\"]\n";
    let wanted = "    environment:\n      - HOST=0.0.0.0\n    ports: [\"8080:8080\"]";
    assert_eq!(after(lines, "bind-loopback-in-container"), format!("{START}{wanted}"));
}
