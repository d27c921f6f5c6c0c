//! Configuration in the shapes that real services have.

use crate::support::seen::Seen;
use insta::assert_snapshot;

/// Plain `env::var` with each way to go on where it is not set: a default, a failure, nothing.
#[test]
fn variables_with_and_without_defaults() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod config;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::Config::load()?;
    tracing::info!(region = config.region, "starting");
    Ok(())
}
//- src/config.rs
use std::env;

const REGION: &str = "SHOP_REGION";
const FALLBACK: &str = "eu-central";

pub struct Config {
    pub database: String,
    pub region: String,
    pub token: String,
    pub workers: usize,
    pub proxy: Option<String>,
    pub motd: String,
}

impl Config {
    pub fn load() -> anyhow::Result<Self> {
        Ok(Self {
            database: env::var("DATABASE_URL")?,
            region: env::var(REGION).unwrap_or_else(|_| FALLBACK.to_string()),
            token: env::var("API_TOKEN").expect("API_TOKEN is needed"),
            workers: env::var("WORKERS").ok().and_then(|w| w.parse().ok()).unwrap_or(4),
            proxy: env::var("HTTPS_PROXY").ok(),
            motd: env::var("MOTD").unwrap_or_default(),
        })
    }
}
"#,
    );
    assert_snapshot!(seen.settings(), @r#"
    DATABASE_URL required src/config.rs:18
    SHOP_REGION = "eu-central" src/config.rs:19
    API_TOKEN required src/config.rs:20
    WORKERS = "4" src/config.rs:21
    HTTPS_PROXY src/config.rs:22
    MOTD = "" src/config.rs:23
    "#);
}

/// Own helpers read the variable whose name they are given: the names stand with their callers.
#[test]
fn helper_that_reads_any_variable() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod env;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let broker = env::required("BROKER_URL")?;
    let group = env::optional("BROKER_GROUP", "shop");
    println!("{broker} {group}");
    for name in std::env::args().skip(1) {
        println!("{:?}", env::secret(&name));
    }
    Ok(())
}
//- src/env.rs
mod file;

pub use file::secret;

pub fn required(name: &str) -> anyhow::Result<String> {
    std::env::var(name).map_err(|_| anyhow::anyhow!("{name} is not set"))
}

pub fn optional(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}
//- src/env/file.rs
use std::fs;

pub fn secret(name: &str) -> Option<String> {
    let path = std::env::var(format!("{name}_FILE")).ok()?;
    fs::read_to_string(path).ok()
}
"#,
    );
    assert_snapshot!(seen.settings(), @r#"
    ? required src/env/file.rs:4
    BROKER_URL src/env.rs:6
    BROKER_GROUP = "shop" src/env.rs:10
    "#);
}

/// clap derives: arguments that variables stand in for, with defaults, named by hand or like the field, in flattened groups.
/// Where it listens may also come from the command line.
#[test]
fn clap_arguments_with_env() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
axum = "0.8"
clap = "4"
tokio = "1"
//- src/main.rs
mod args;
use axum::{Router, routing::get};
use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = args::Args::parse();
    let app = Router::new().route("/v1/ping", get(|| async { "pong" }));
    let listener = tokio::net::TcpListener::bind(&args.listen).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
//- src/args.rs
use clap::{Args as Group, Parser};

#[derive(Parser)]
#[command(version)]
pub struct Args {
    /// Where to listen.
    #[arg(long, env = "SHOP_LISTEN", default_value = "0.0.0.0:8080")]
    pub listen: String,
    #[arg(long, env, default_value_t = 16)]
    pub max_jobs: u32,
    #[arg(short, long, default_value = "info")]
    pub level: String,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Group)]
pub struct StoreArgs {
    #[clap(long, env = "STORE_URL", hide_env_values = true)]
    pub store_url: String,
    #[arg(long, env = "STORE_DIR", default_value_t = String::from("/var/shop"))]
    pub dir: String,
    #[arg(long, env = KEY_NAME)]
    pub key: String,
}

const KEY_NAME: &str = "STORE_KEY";
"#,
    );
    assert_snapshot!(seen.settings(), @r#"
    SHOP_LISTEN = "0.0.0.0:8080" src/args.rs:8
    MAX_JOBS = "16" src/args.rs:10
    STORE_URL required src/args.rs:20
    STORE_DIR src/args.rs:22
    ? required src/args.rs:24
    "#);
    assert_snapshot!(seen.listeners(), @"Http axum ?, no serverhead, no handler, no drain, no graceful end");
}

/// figment: a TOML file under variables with a prefix, split at `__`; a second provider reads what has no prefix.
#[test]
fn figment_with_a_prefix() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
figment = "0.10"
serde = "1"
//- src/main.rs
mod settings;

fn main() -> anyhow::Result<()> {
    let settings = settings::load()?;
    println!("{} {}", settings.server.host, settings.server.port);
    Ok(())
}
//- src/settings.rs
use figment::{Figment, providers::{Env, Format, Toml}};
use serde::Deserialize;

pub const PREFIX: &str = "SHOP_";

#[derive(Deserialize)]
pub struct Settings {
    pub server: Server,
}

#[derive(Deserialize)]
pub struct Server {
    pub host: String,
    pub port: u16,
}

pub fn load() -> Result<Settings, Box<figment::Error>> {
    Figment::new()
        .merge(Toml::file("shop.toml"))
        .merge(Env::raw().only(&["PORT"]))
        .merge(Env::prefixed(PREFIX).split("__"))
        .extract()
        .map_err(Box::new)
}
"#,
    );
    assert_snapshot!(seen.settings(), @"
    * src/settings.rs:20
    SHOP_* src/settings.rs:21
    SHOP_SERVER__HOST src/settings.rs:13
    SHOP_SERVER__PORT src/settings.rs:14
    ");
}

/// config: files, then the environment with a prefix and a separator, built in a crate that all services share.
#[test]
fn config_environment_with_a_separator() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[workspace]
members = ["settings", "api"]
//- settings/Cargo.toml
[package]
name = "settings"
version = "0.1.0"
edition = "2021"

[dependencies]
config = "0.15"
serde = "1"
//- settings/src/lib.rs
use config::{Config, ConfigError, Environment, File};
use serde::de::DeserializeOwned;

/// Reads `config/<service>` and then what the environment says.
pub fn load<T: DeserializeOwned>(service: &str) -> Result<T, ConfigError> {
    Config::builder()
        .add_source(File::with_name(&format!("config/{service}")).required(false))
        .add_source(Environment::with_prefix("APP").prefix_separator("_").separator("__"))
        .build()?
        .try_deserialize()
}
//- api/Cargo.toml
[package]
name = "api"
version = "0.1.0"
edition = "2021"

[dependencies]
settings = { path = "../settings" }
anyhow = "1"
serde = "1"
tokio = "1"
//- api/src/main.rs
mod model;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let model: model::Model = settings::load("api")?;
    println!("{}", model.address());
    Ok(())
}
//- api/src/model.rs
#[derive(serde::Deserialize)]
pub struct Model {
    host: String,
    port: u16,
}

impl Model {
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}
"#,
    );
    assert_snapshot!(seen.settings(), @"APP* settings/src/lib.rs:8");
}

/// envy fills a struct from variables with a prefix, after dotenvy put a file into the environment; one more is read by `dotenvy::var`.
#[test]
fn envy_and_dotenvy() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
dotenvy = "0.15"
envy = "0.4"
serde = "1"
tokio = "1"
//- src/main.rs
mod settings;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    dotenvy::dotenv().ok();
    let mail = settings::Mail::from_environment()?;
    let level = settings::level();
    println!("{} {level}", mail.host);
    Ok(())
}
//- src/settings.rs
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Mail {
    pub host: String,
    #[serde(default = "smtp")]
    pub port: u16,
}

fn smtp() -> u16 {
    25
}

impl Mail {
    pub fn from_environment() -> Result<Self, envy::Error> {
        envy::prefixed("MAIL_").from_env::<Mail>()
    }
}

pub fn level() -> String {
    dotenvy::var("LOG_LEVEL").unwrap_or_else(|_| String::from("info"))
}
"#,
    );
    assert_snapshot!(seen.settings(), @r#"
    MAIL_* src/settings.rs:16
    MAIL_HOST src/settings.rs:5
    MAIL_PORT src/settings.rs:7
    LOG_LEVEL = "info" src/settings.rs:21
    "#);
}

/// The address is put together from a fixed host and a port of the environment that has a default.
#[test]
fn address_from_the_environment() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod address;
use axum::{Router, routing::get};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let app = Router::new().route("/v1/time", get(now));
    let listener = tokio::net::TcpListener::bind(address::address()).await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn now() -> String {
    format!("{:?}", std::time::SystemTime::now())
}
//- src/address.rs
use std::env;

const HOST: &str = "0.0.0.0";

/// `0.0.0.0` with the port that the platform gives.
pub fn address() -> String {
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_string());
    format!("{HOST}:{port}")
}
"#,
    );
    assert_snapshot!(seen.settings(), @r#"PORT = "3000" src/address.rs:7"#);
    assert_snapshot!(seen.listeners(), @"Http axum 0.0.0.0:${PORT:-3000}, no serverhead, no handler, no drain, no graceful end");
}

/// Helpers that read a variable for their callers.
#[test]
fn helpers_that_are_given_the_name() {
    let seen = Seen::of(
        r#"//- src/main.rs
use std::env;

#[tokio::main]
async fn main() {
    let url = required("SHOP_URL");
    let port = optional("SHOP_PORT", "8080");
    let host = optional("SHOP_HOST", "0.0.0.0");
    println!("{url} {port} {host}");
}

fn required(name: &str) -> String { env::var(name).expect("set") }
fn optional(name: &str, default: &str) -> String { env::var(name).unwrap_or_else(|_| default.to_owned()) }
"#,
    );
    assert_snapshot!(seen.settings(), @r#"
    SHOP_URL required src/main.rs:11
    SHOP_PORT = "8080" src/main.rs:6
    SHOP_HOST = "0.0.0.0" src/main.rs:7
    "#);
}
