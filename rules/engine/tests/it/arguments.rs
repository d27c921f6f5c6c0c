//! Variables that arguments of a command line may come from, and which of them a program cannot do without.

use crate::support::{check, found};

/// A program with its arguments, run by a Deployment that gives it no variable.
fn missing(types: &str) -> Vec<String> {
    let text = format!(
        r#"//- src/main.rs
use axum::{{Router, routing::get}};
use clap::{{Args, Parser, Subcommand}};

{types}

#[tokio::main]
async fn main() {{
    let _cli = Cli::parse();
    let app = Router::new().route("/readyz", get(|| async {{ "" }}));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}}
//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
clap = {{ version = "4", features = ["derive", "env"] }}
tokio = "1"
//- Dockerfile
FROM rust:1.90-bookworm AS build
RUN cargo build --release --locked --bin shop
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /target/release/shop /shop
ENTRYPOINT ["/shop"]
//- deploy/shop.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: shop }}
spec:
  template:
    metadata: {{ labels: {{ app: shop }} }}
    spec:
      containers:
        - name: shop
          image: registry/shop:1.4.0
          resources: {{ requests: {{ cpu: 1 }}, limits: {{ memory: 1Gi }} }}
"#
    );
    let report = check(&text);
    let of_rule = |f: &String| f.ends_with("env-var-not-provided");
    let missing = found(&report).into_iter().filter(of_rule).count();
    let messages = report.findings.iter().filter(|f| f.finding.rule.id == "env-var-not-provided");
    let names: Vec<String> = messages
        .map(|f| f.finding.message.split('`').nth(3).expect("the message names the variable").to_owned())
        .collect();
    assert_eq!(missing, names.len());
    names
}

#[test]
fn arguments_of_every_command_are_needed() {
    let cli = "#[derive(Parser)]\nstruct Cli { #[arg(long, env = \"SHOP_DB\")] db: String }";
    assert_eq!(missing(cli), ["SHOP_DB"]);
    for part in ["store: Store", "store: Box<Store>"] {
        let nested = format!(
            "#[derive(Parser)]\nstruct Cli {{ #[command(flatten)] {part} }}\n\
             #[derive(Args)]\nstruct Store {{ #[arg(long, env = \"SHOP_BUCKET\")] bucket: String }}"
        );
        assert_eq!(missing(&nested), ["SHOP_BUCKET"], "{part}");
    }
}

/// What a command asks for, others do without: which one is run the arguments tell.
#[test]
fn arguments_of_one_command_are_needed_by_it_alone() {
    let fields = "#[derive(Parser)]\nstruct Cli { #[command(subcommand)] command: Command }\n\
                  #[derive(Subcommand)]\nenum Command { Serve, Import { #[arg(long, env = \"SHOP_FILE\")] file: String } }";
    assert_eq!(missing(fields), Vec::<String>::new());
    let types = "#[derive(Parser)]\nstruct Cli { #[command(subcommand)] store: Store, #[arg(env = \"SHOP_KEY\")] key: String }\n\
                 #[derive(Subcommand)]\nenum Store { S3(S3), Local(Local) }\n\
                 #[derive(Args)]\nstruct S3 { #[arg(long, env = \"SHOP_BUCKET\")] bucket: String, #[command(flatten)] login: Login }\n\
                 #[derive(Args)]\nstruct Login { #[arg(env = \"SHOP_TOKEN\")] token: String }\n\
                 #[derive(Args)]\nstruct Local { #[arg(long, env = \"SHOP_DIR\")] dir: String }";
    assert_eq!(missing(types), ["SHOP_KEY"]);
}

#[test]
fn arguments_that_may_be_missing() {
    for field in [
        "#[arg(long, env = \"SHOP_DB\")] db: Option<String>",
        "#[arg(long, env = \"SHOP_DB\", default_value = \"x\")] db: String",
        "#[arg(long, env = \"SHOP_DB\", required_unless_present = \"file\")] db: String",
        "#[arg(long, env = \"SHOP_DB\", required = false)] db: String",
        "#[command(flatten)] oidc: Option<Oidc>",
    ] {
        let types = format!(
            "#[derive(Parser)]\nstruct Cli {{ {field} }}\n\
             #[derive(Args)]\nstruct Oidc {{ #[arg(long, env = \"SHOP_ISSUER\")] issuer: String }}"
        );
        assert_eq!(missing(&types), Vec::<String>::new(), "{field}");
    }
}
