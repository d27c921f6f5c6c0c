//! Time limits, retries, pools and what blocks: what the rules report and what they leave alone.

use crate::support;
use crate::support::of_rule;

/// A service whose one handler is `handler`, with a gRPC service `stock.Stock` to call.
fn grpc(code: &str) -> String {
    let code = support::service(".route(\"/count\", get(handler))", code);
    format!(
        r#"//- stock.proto
syntax = "proto3";
package stock;
service Stock {{
  rpc CountOf(CountRequest) returns (CountReply);
  rpc Watch(CountRequest) returns (stream CountReply);
}}
message CountRequest {{ string item = 1; }}
message CountReply {{ uint32 count = 1; }}
//- src/main.rs
pub mod stock {{ tonic::include_proto!("stock"); }}
use stock::{{CountRequest, stock_client::StockClient}};
use std::time::Duration;
use tonic::{{Request, transport::{{Channel, Endpoint}}}};
{code}"#
    )
}

const DEADLINE: &str = "grpc-client-without-deadline";

#[test]
fn grpc_calls_without_a_deadline_are_found() {
    for (name, call) in [
        ("connect", "StockClient::connect(URL).await.unwrap().count_of(CountRequest::default()).await.unwrap();"),
        (
            "an endpoint",
            "let channel = Endpoint::from_static(URL).connect_lazy(); StockClient::new(channel).count_of(CountRequest::default()).await.unwrap();",
        ),
        (
            "a connect timeout alone",
            "let channel = Endpoint::from_shared(URL).unwrap().connect_timeout(LIMIT).connect().await.unwrap();
             let mut client = StockClient::new(channel).max_decoding_message_size(1000); client.count_of(CountRequest::default()).await.unwrap();",
        ),
        (
            "a request of its own",
            "let mut client = StockClient::connect(URL).await.unwrap(); let mut request = Request::new(CountRequest::default());
             request.metadata_mut().insert(\"a\", \"b\".parse().unwrap()); client.count_of(request).await.unwrap();",
        ),
    ] {
        let code = format!(
            "const URL: &str = \"http://stock:1\";\nconst LIMIT: Duration = Duration::from_secs(1);\nasync fn handler() {{ {call} }}"
        );
        assert_eq!(of_rule(DEADLINE, &grpc(&code)), 1, "{name}");
    }
}

#[test]
fn grpc_calls_with_a_limit_anywhere_are_left_alone() {
    for (name, call) in [
        (
            "on the endpoint",
            "let channel = Endpoint::from_static(URL).timeout(LIMIT).connect_lazy(); StockClient::new(channel).count_of(CountRequest::default()).await.unwrap();",
        ),
        (
            "on the endpoint that is connected to",
            "StockClient::connect(Endpoint::from_static(URL).timeout(LIMIT)).await.unwrap().count_of(CountRequest::default()).await.unwrap();",
        ),
        (
            "on the request",
            "let mut client = StockClient::connect(URL).await.unwrap(); let mut request = Request::new(CountRequest::default());
             request.set_timeout(LIMIT); client.count_of(request).await.unwrap();",
        ),
        (
            "around the call",
            "let mut client = StockClient::connect(URL).await.unwrap();
             tokio::time::timeout(LIMIT, client.count_of(CountRequest::default())).await.unwrap().unwrap();",
        ),
        (
            "perhaps on the request, by a helper",
            "let mut client = StockClient::connect(URL).await.unwrap(); let mut request = Request::new(CountRequest::default());
             bounded(&mut request); client.count_of(request).await.unwrap();",
        ),
        (
            "perhaps by an interceptor",
            "let channel = Endpoint::from_static(URL).connect_lazy();
             StockClient::with_interceptor(channel, |r: Request<()>| Ok(r)).count_of(CountRequest::default()).await.unwrap();",
        ),
        (
            "around the channel",
            "let channel = tower::timeout::Timeout::new(Endpoint::from_static(URL).connect_lazy(), LIMIT);
             StockClient::new(channel).count_of(CountRequest::default()).await.unwrap();",
        ),
        (
            "a pipe inside of the process",
            "let channel = Endpoint::from_static(URL).connect_with_connector_lazy(tower::service_fn(|_| async { pipe() }));
             StockClient::new(channel).count_of(CountRequest::default()).await.unwrap();",
        ),
        (
            "sometimes",
            "let mut endpoint = Endpoint::from_static(URL); if let Some(limit) = limit() { endpoint = endpoint.timeout(limit); }
             StockClient::new(endpoint.connect_lazy()).count_of(CountRequest::default()).await.unwrap();",
        ),
        ("a stream", "StockClient::connect(URL).await.unwrap().watch(CountRequest::default()).await.unwrap();"),
    ] {
        let code = format!(
            "const URL: &str = \"http://stock:1\";\nconst LIMIT: Duration = Duration::from_secs(1);\n\
             fn bounded(request: &mut Request<CountRequest>) {{ request.set_timeout(LIMIT); }}\n\
             fn limit() -> Option<Duration> {{ None }}\nasync fn handler() {{ {call} }}"
        );
        assert_eq!(of_rule(DEADLINE, &grpc(&code)), 0, "{name}");
    }
}

#[test]
fn the_fix_of_a_grpc_channel_fits_its_form() {
    for (call, mended) in [
        (
            "StockClient::connect(URL).await.unwrap()",
            "StockClient::connect(tonic::transport::Endpoint::new(URL).unwrap().timeout(Duration::from_secs(5)).connect_timeout(Duration::from_secs(2))).await.unwrap()",
        ),
        (
            "StockClient::new(Endpoint::from_static(URL).connect_lazy())",
            "StockClient::new(Endpoint::from_static(URL).timeout(Duration::from_secs(5)).connect_timeout(Duration::from_secs(2)).connect_lazy())",
        ),
        (
            "StockClient::new(Endpoint::from_shared(URL).expect(\"a URL\").connect_timeout(LIMIT).connect_lazy())",
            "StockClient::new(Endpoint::from_shared(URL).expect(\"a URL\").timeout(Duration::from_secs(5)).connect_timeout(LIMIT).connect_lazy())",
        ),
    ] {
        let code = format!(
            "const URL: &str = \"http://stock:1\";\nconst LIMIT: Duration = Duration::from_secs(1);\n\
             async fn handler() {{ {call}.count_of(CountRequest::default()).await.unwrap(); }}"
        );
        let text = support::mended(&grpc(&code), DEADLINE);
        assert!(text.contains(mended), "{text}");
    }
}

/// A service with one release of `redis`, whose handler asks on `connection`.
fn redis(version: &str, connect: &str) -> String {
    let code = support::service(
        ".route(\"/x\", get(handler))",
        &format!(
            "use redis::{{AsyncCommands, aio::{{ConnectionManager, ConnectionManagerConfig}}}};\n\
             async fn handler() {{\n    let client = redis::Client::open(\"redis://cache\").unwrap();\n    {connect}\n}}"
        ),
    );
    format!(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
redis = ">=0.25,<2"
tokio = "1"
//- Cargo.lock
version = 4

[[package]]
name = "redis"
version = "{version}"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "axum"
version = "0.8.9"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "tokio"
version = "1.48.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "shop"
version = "0.1.0"
dependencies = ["axum", "redis", "tokio"]
//- src/main.rs
{code}"#
    )
}

const REDIS: &str = "redis-client-without-timeout";

#[test]
fn redis_connections_without_a_limit_are_found_before_1() {
    let asks = "let _: String = connection.get(\"a\").await.unwrap();";
    for connect in [
        "let mut connection = client.get_multiplexed_async_connection().await.unwrap();",
        "let mut connection = ConnectionManager::new(client).await.unwrap();",
    ] {
        let code = format!("{connect} {asks}");
        assert_eq!(of_rule(REDIS, &redis("0.27.6", &code)), 1, "{connect}");
        assert_eq!(of_rule(REDIS, &redis("1.0.1", &code)), 0, "{connect}");
    }
    let blocking = "let mut connection = client.get_connection().unwrap(); let _: String = redis::Commands::get(&mut connection, \"a\").unwrap();";
    assert_eq!(of_rule(REDIS, &redis("0.27.6", blocking)), 1);
}

#[test]
fn redis_connections_with_a_limit_are_left_alone() {
    let limit = "std::time::Duration::from_secs(1)";
    for code in [
        format!(
            "let mut connection = ConnectionManager::new_with_config(client, ConnectionManagerConfig::new().set_response_timeout({limit})).await.unwrap();
             let _: String = connection.get(\"a\").await.unwrap();"
        ),
        format!(
            "let mut connection = client.get_multiplexed_async_connection_with_timeouts({limit}, {limit}).await.unwrap();
             let _: String = connection.get(\"a\").await.unwrap();"
        ),
        format!(
            "let mut connection = tokio::time::timeout({limit}, client.get_multiplexed_async_connection()).await.unwrap().unwrap();
             let _: String = tokio::time::timeout({limit}, connection.get(\"a\")).await.unwrap().unwrap();"
        ),
        format!(
            "let mut connection = ConnectionManager::new_with_backoff_and_timeouts(client, 2, 100, 6, {limit}, {limit}).await.unwrap();
             let _: String = connection.get(\"a\").await.unwrap();"
        ),
        "let mut messages = client.get_async_pubsub().await.unwrap(); messages.subscribe(\"a\").await.unwrap();".to_owned(),
    ] {
        assert_eq!(of_rule(REDIS, &redis("0.27.6", &code)), 0, "{code}");
    }
}

const TLS: &str = "tls-verification-disabled";

#[test]
fn certificates_that_are_never_checked_are_found() {
    for call in [
        "reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap();",
        "reqwest::ClientBuilder::new().danger_accept_invalid_hostnames(true).build().unwrap();",
        "reqwest::blocking::Client::builder().danger_accept_invalid_certs(true).build().unwrap();",
        "native_tls::TlsConnector::builder().danger_accept_invalid_certs(true).build().unwrap();",
        "let mut b = openssl::ssl::SslConnector::builder(openssl::ssl::SslMethod::tls()).unwrap(); b.set_verify(openssl::ssl::SslVerifyMode::NONE);",
    ] {
        assert_eq!(of_rule(TLS, &trusting(call)), 1, "{call}");
    }
}

#[test]
fn certificates_that_somebody_decides_about_are_left_alone() {
    for call in [
        "reqwest::Client::builder().danger_accept_invalid_certs(false).build().unwrap();",
        "reqwest::Client::builder().danger_accept_invalid_certs(insecure).build().unwrap();",
        "let mut b = reqwest::Client::builder(); if insecure { b = b.danger_accept_invalid_certs(true); } b.build().unwrap();",
        "if !insecure { return; } reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap();",
        "if insecure { trusting(); }",
        "let mut b = openssl::ssl::SslConnector::builder(openssl::ssl::SslMethod::tls()).unwrap(); b.set_verify(openssl::ssl::SslVerifyMode::PEER);",
    ] {
        let helper = match call.contains("trusting") {
            true => {
                "fn trusting() { reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap(); }"
            }
            false => "",
        };
        assert_eq!(of_rule(TLS, &format!("{}{helper}\n", trusting(call))), 0, "{call}");
    }
    let tests = "fn main() {}\n#[cfg(test)]\nmod tests { fn client() { reqwest::Client::builder().danger_accept_invalid_certs(true); } }";
    assert_eq!(of_rule(TLS, tests), 0);
}

fn trusting(call: &str) -> String {
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nreqwest = \"0.12\"\nnative-tls = \"0.2\"\nopenssl = \"0.10\"\n";
    format!(
        "//- Cargo.toml\n{manifest}//- src/main.rs\nfn connect(insecure: bool) {{ {call} }}\nfn main() {{ connect(std::env::args().len() > 1); }}\n"
    )
}

const BUILT: &str = "client-built-per-request";

#[test]
fn clients_that_are_built_for_each_request_are_found() {
    for code in [
        "async fn handler() { reqwest::Client::new().get(\"http://a/b\").send().await.unwrap(); }",
        "async fn handler() { reqwest::get(\"http://a/b\").await.unwrap(); }",
        "async fn handler() { ask(1).await; }
         async fn ask(n: u32) { let c = reqwest::Client::builder().user_agent(\"shop\").build().unwrap(); c.get(format!(\"http://a/{n}\")).send().await.unwrap(); }",
    ] {
        let text = support::service(".route(\"/x\", get(handler))", code);
        assert_eq!(of_rule(BUILT, &text), 1, "{code}");
    }
}

#[test]
fn a_client_that_is_kept_is_unwrapped_where_it_is_built() {
    let fixed = |code: &str| -> Vec<String> {
        let report = support::check_rule(&support::service(".route(\"/x\", get(handler))", code), BUILT);
        let of_rule = report.findings.iter().filter(|f| f.finding.rule.id == BUILT);
        let mended = of_rule.flat_map(|f| &f.finding.fixes).map(|fix| support::apply(&report, fix));
        mended.flatten().filter(|(path, _)| path.ends_with("main.rs")).map(|(_, text)| text).collect()
    };
    for opened in [".unwrap()", "\n        .unwrap()", ".expect(\"rustls (built in)\")"] {
        let built = format!("reqwest::Client::builder().no_proxy().build(){opened}");
        let code =
            format!("async fn handler() {{\n    {built}.get(\"http://a/b\").send().await.unwrap();\n}}");
        let fixed = fixed(&code);
        assert!(fixed[0].contains(&format!("LazyLock::new(|| {built});")), "{fixed:?}");
        assert!(fixed[0].contains("CLIENT.clone().get("), "{fixed:?}");
    }
    let handled = "async fn handler() -> Result<(), reqwest::Error> {\n    let c = reqwest::Client::builder().build()?;\n    \
                   c.get(\"http://a/b\").send().await?;\n    Ok(())\n}";
    assert_eq!(fixed(handled), [""; 0], "a static cannot give the error back");
}

#[test]
fn clients_that_are_kept_or_are_for_one_user_are_left_alone() {
    for code in [
        "static C: std::sync::LazyLock<reqwest::Client> = std::sync::LazyLock::new(reqwest::Client::new);
         async fn handler() { C.get(\"http://a/b\").send().await.unwrap(); }",
        "static C: std::sync::OnceLock<reqwest::Client> = std::sync::OnceLock::new();
         async fn handler() { C.get_or_init(|| reqwest::Client::new()).get(\"http://a/b\").send().await.unwrap(); }",
        "async fn handler(headers: axum::http::HeaderMap) { let c = reqwest::Client::builder().default_headers(headers).build().unwrap();
         c.get(\"http://a/b\").send().await.unwrap(); }",
        "async fn handler() { tokio::spawn(async { reqwest::Client::new().post(\"http://a/b\").send().await.unwrap(); }); }",
        "async fn handler() { tokio::spawn(tell()); } async fn tell() { reqwest::Client::new().post(\"http://a/b\").send().await.unwrap(); }",
        "async fn handler(hook: axum::extract::Json<String>) { reqwest::Client::new().post(hook.0).send().await.unwrap(); }",
        "static KEYS: tokio::sync::RwLock<Option<String>> = tokio::sync::RwLock::const_new(None);
         async fn handler() { refresh().await; }
         async fn refresh() { let mut keys = KEYS.write().await; if keys.is_some() { return; }
         *keys = Some(reqwest::get(\"http://a/keys\").await.unwrap().text().await.unwrap()); }",
        "async fn handler() { } async fn warm() { reqwest::Client::new().get(\"http://a/b\").send().await.unwrap(); }",
    ] {
        let text = support::service(".route(\"/x\", get(handler))", code);
        assert_eq!(of_rule(BUILT, &text), 0, "{code}");
    }
}

/// A service that tries again: `policy` is what it tries by, in a handler.
fn retrying(code: &str) -> String {
    let code = support::service(".route(\"/x\", get(handler))", code);
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\naxum = \"0.8\"\nbackoff = \"0.4\"\nbackon = \"1\"\nreqwest = \"0.12\"\nreqwest-middleware = \"0.4\"\nreqwest-retry = \"0.7\"\ntokio = \"1\"\ntokio-retry = \"0.3\"\ntower-http = \"0.6\"\n";
    format!(
        "//- Cargo.toml\n{manifest}//- src/main.rs\nuse backon::{{ConstantBuilder, ExponentialBuilder, Retryable}};\n\
         use tokio_retry::{{Retry, strategy::{{ExponentialBackoff, FixedInterval, jitter}}}};\n\
         async fn ask() -> reqwest::Result<String> {{ reqwest::get(\"http://a\").await?.text().await }}\n{code}"
    )
}

fn tried_in_handler(policy: &str) -> String {
    retrying(&format!("async fn handler() {{ {policy} }}"))
}

const ENDLESS: &str = "unbounded-retry";
const IN_STEP: &str = "retry-without-jitter";

#[test]
fn retries_without_an_end_are_found() {
    for (policy, found) in [
        ("Retry::spawn(ExponentialBackoff::from_millis(10), ask).await.unwrap();", 1),
        (
            "let delays = FixedInterval::from_millis(10).map(jitter); Retry::spawn(delays, ask).await.unwrap();",
            1,
        ),
        ("ask.retry(ExponentialBuilder::default().without_max_times()).await.unwrap();", 1),
        (
            "ask.retry(ExponentialBuilder::default().without_max_times().with_total_delay(None)).await.unwrap();",
            1,
        ),
        ("Retry::spawn(ExponentialBackoff::from_millis(10).take(3), ask).await.unwrap();", 0),
        (
            "let delays = FixedInterval::from_millis(10).map(jitter).take(3); Retry::spawn(delays, ask).await.unwrap();",
            0,
        ),
        ("let delays = FixedInterval::from_millis(10); Retry::spawn(delays.take(3), ask).await.unwrap();", 0),
        ("ask.retry(ExponentialBuilder::default()).await.unwrap();", 0),
        (
            "ask.retry(ExponentialBuilder::default().without_max_times().with_total_delay(Some(std::time::Duration::from_secs(5)))).await.unwrap();",
            0,
        ),
        (
            "backoff::future::retry(backoff::ExponentialBackoff::default(), || async { Ok(()) }).await.unwrap();",
            0,
        ),
        (
            "let policy = backoff::ExponentialBackoffBuilder::new().with_max_elapsed_time(None).build();
             backoff::future::retry(policy, || async { Ok(()) }).await.unwrap();",
            1,
        ),
        (
            "tokio::time::timeout(std::time::Duration::from_secs(5), Retry::spawn(ExponentialBackoff::from_millis(10), ask)).await.unwrap().unwrap();",
            0,
        ),
    ] {
        assert_eq!(of_rule(ENDLESS, &tried_in_handler(policy)), found, "{policy}");
    }
}

#[test]
fn what_has_nothing_better_to_do_may_try_for_ever() {
    for code in [
        "async fn handler() {} async fn connect() { Retry::spawn(ExponentialBackoff::from_millis(10), ask).await.unwrap(); }",
        "async fn handler() { tokio::spawn(Retry::spawn(ExponentialBackoff::from_millis(10), ask)); }",
        "fn delays() -> impl Iterator<Item = std::time::Duration> { ExponentialBackoff::from_millis(10) }
         async fn handler() { Retry::spawn(delays().take(3), ask).await.unwrap(); }",
    ] {
        assert_eq!(of_rule(ENDLESS, &retrying(code)), 0, "{code}");
    }
}

#[test]
fn retries_in_step_are_found() {
    for (policy, found) in [
        ("ask.retry(ExponentialBuilder::default()).await.unwrap();", 1),
        ("ask.retry(ConstantBuilder::default().with_max_times(2)).await.unwrap();", 1),
        ("Retry::spawn(ExponentialBackoff::from_millis(10).take(3), ask).await.unwrap();", 1),
        ("ask.retry(ConstantBuilder::default().with_delay(std::time::Duration::ZERO)).await.unwrap();", 0),
        (
            "ask.retry(ConstantBuilder::default().with_delay(std::time::Duration::from_millis(0))).await.unwrap();",
            0,
        ),
        ("ask.retry(ExponentialBuilder::default().with_jitter()).await.unwrap();", 0),
        ("Retry::spawn(ExponentialBackoff::from_millis(10).map(jitter).take(3), ask).await.unwrap();", 0),
        (
            "backoff::future::retry(backoff::ExponentialBackoff::default(), || async { Ok(()) }).await.unwrap();",
            0,
        ),
    ] {
        assert_eq!(of_rule(IN_STEP, &tried_in_handler(policy)), found, "{policy}");
    }
    let start = "async fn handler() {} async fn connect() { ask.retry(ExponentialBuilder::default()).await.unwrap(); }";
    assert_eq!(of_rule(IN_STEP, &retrying(start)), 0);
}

const POOL: &str = "pool-without-wait-timeout";

/// A service with a pool of deadpool-postgres.
fn pooled(pool: &str, get: &str) -> String {
    let code = support::service(
        ".route(\"/x\", get(handler))",
        &format!(
            "use deadpool_postgres::{{Config, Manager, Pool, PoolConfig, Runtime, Timeouts}};\nconst LIMIT: std::time::Duration = std::time::Duration::from_secs(1);\n\
             fn pool(manager: Manager) -> Pool {{ {pool} }}\nfn manager() -> Manager {{ todo!() }}\nasync fn handler() {{ let pool = pool(manager()); {get}; }}"
        ),
    );
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\naxum = \"0.8\"\ndeadpool-postgres = \"0.14\"\ntokio = \"1\"\n";
    format!("//- Cargo.toml\n{manifest}//- src/main.rs\n{code}")
}

#[test]
fn pools_that_are_waited_for_without_a_limit_are_found() {
    let get = "pool.get().await.unwrap()";
    for (pool, get, found) in [
        ("Pool::builder(manager).max_size(8).build().unwrap()", get, 1),
        (
            "let mut c = Config::new(); c.dbname = Some(\"a\".into()); c.create_pool(None, NoTls).unwrap()",
            get,
            1,
        ),
        (
            "Pool::builder(manager).wait_timeout(Some(LIMIT)).runtime(Runtime::Tokio1).build().unwrap()",
            get,
            0,
        ),
        ("Pool::builder(manager).wait_timeout(None).build().unwrap()", get, 1),
        ("Pool::builder(manager).timeouts(Timeouts::wait_millis(100)).build().unwrap()", get, 0),
        (
            "let mut c = Config::new(); c.pool = Some(PoolConfig::new(8)); c.create_pool(None, NoTls).unwrap()",
            get,
            0,
        ),
        (
            "let c = Config { pool: limits(), ..Default::default() }; c.create_pool(None, NoTls).unwrap()",
            get,
            0,
        ),
        (
            "Pool::builder(manager).build().unwrap()",
            "tokio::time::timeout(LIMIT, pool.get()).await.unwrap().unwrap()",
            0,
        ),
        (
            "Pool::builder(manager).build().unwrap()",
            "pool.timeout_get(&Timeouts::wait_millis(100)).await.unwrap()",
            0,
        ),
    ] {
        assert_eq!(of_rule(POOL, &pooled(pool, get)), found, "{pool} {get}");
    }
}

const BLOCKS: &str = "blocking-call-in-async";

#[test]
fn calls_that_block_a_worker_are_found() {
    for code in [
        "async fn handler() { std::thread::sleep(LIMIT); }",
        "async fn handler() { std::process::Command::new(\"ls\").output().unwrap(); }",
        "async fn handler() { helper(); } fn helper() { deeper(); } fn deeper() { std::thread::sleep(LIMIT); }",
        "async fn handler() { let (_, r) = std::sync::mpsc::channel::<u8>(); r.recv().unwrap(); }",
    ] {
        assert_eq!(of_rule(BLOCKS, &blocking(code)), 1, "{code}");
    }
}

#[test]
fn what_blocks_elsewhere_is_left_alone() {
    for code in [
        "async fn handler() { tokio::task::spawn_blocking(|| std::thread::sleep(LIMIT)).await.unwrap(); }",
        "async fn handler() { tokio::task::spawn_blocking(helper).await.unwrap(); } fn helper() { std::thread::sleep(LIMIT); }",
        "async fn handler() { tokio::task::block_in_place(|| helper()); } fn helper() { std::thread::sleep(LIMIT); }",
        "async fn handler() { std::thread::spawn(|| std::thread::sleep(LIMIT)); }",
        "async fn handler() { helper(false); } fn helper(wait: bool) { if wait { std::thread::sleep(LIMIT); } }",
        "async fn handler() { std::fs::read(\"a\").unwrap(); }",
        "async fn handler() { tokio::process::Command::new(\"ls\").output().await.unwrap(); }",
        "async fn handler() {} fn at_start() { std::thread::sleep(LIMIT); }",
    ] {
        assert_eq!(of_rule(BLOCKS, &blocking(code)), 0, "{code}");
    }
}

fn blocking(code: &str) -> String {
    let limit = "const LIMIT: std::time::Duration = std::time::Duration::from_secs(1);\n";
    support::service(".route(\"/x\", get(handler))", &format!("{limit}{code}"))
}

#[test]
fn what_a_library_lends_to_tests_is_test_code() {
    let library = |attribute: &str| {
        format!(
            "//- src/lib.rs\n{attribute}\npub mod helpers {{\n    pub async fn ask() {{\n        \
             reqwest::Client::new().get(\"http://a/b\").send().await.unwrap();\n    }}\n}}\n"
        )
    };
    let reported = |attribute: &str| of_rule("http-client-without-timeout", &library(attribute));
    assert_eq!(reported(""), 1);
    assert_eq!(reported("#[cfg(not(test))]"), 1);
    assert_eq!(reported("#[cfg(test)]"), 0);
    assert_eq!(reported("#[cfg(any(test, feature = \"testing\"))]"), 0);
}

/// A workspace of a library that asks without a limit, and a tool that is built with it.
fn asked_by_a_tool(package: &str, workspace: &str) -> String {
    format!(
        r#"//- Cargo.toml
[workspace]
members = ["prices", "tool"]
{workspace}
//- prices/Cargo.toml
[package]
name = "prices"
version = "0.1.0"
edition = "2021"
{package}
[dependencies]
reqwest = "0.12"
//- prices/src/lib.rs
pub struct Prices {{ client: reqwest::Client }}
impl Prices {{
    pub fn new() -> Self {{ Self {{ client: reqwest::Client::new() }} }}
    pub async fn now(&self) -> reqwest::Result<String> {{ self.client.get("http://prices/now").send().await?.error_for_status()?.text().await }}
}}
//- tool/Cargo.toml
[package]
name = "tool"
version = "0.1.0"
edition = "2021"
[dependencies]
prices = {{ path = "../prices" }}
tokio = "1"
//- tool/src/main.rs
#[tokio::main]
async fn main() {{ println!("{{}}", prices::Prices::new().now().await.unwrap()); }}
"#
    )
}

const HTTP: &str = "http-client-without-timeout";

#[test]
fn libraries_for_others_are_told_of_though_only_a_tool_is_built_with_them_here() {
    assert_eq!(of_rule(HTTP, &asked_by_a_tool("", "")), 1);
    for (package, workspace) in [
        ("publish = false", ""),
        ("publish = []", ""),
        ("publish.workspace = true", "[workspace.package]\npublish = false"),
    ] {
        assert_eq!(of_rule(HTTP, &asked_by_a_tool(package, workspace)), 0, "{package}");
    }
}

/// What only a build for trying things out has, no caller ever waits for.
#[test]
fn code_that_no_release_has_is_left_alone() {
    let gated = |attribute: &str| {
        asked_by_a_tool("", "").replace("impl Prices {", &format!("{attribute}\nimpl Prices {{"))
    };
    assert_eq!(of_rule(HTTP, &gated("#[cfg(debug_assertions)]")), 0);
    assert_eq!(of_rule(HTTP, &gated("#[cfg(not(debug_assertions))]")), 1);
    assert_eq!(of_rule(HTTP, &gated("#[cfg(feature = \"test-utils\")]")), 0);
    assert_eq!(of_rule(HTTP, &gated("#[cfg(feature = \"latest\")]")), 1);
}

#[test]
fn who_waits_for_what_a_handler_leaves_to_a_task() {
    let told = |handler: &str| {
        let code = support::service(
            ".route(\"/x\", get(handler))",
            &format!(
                "struct Tasks;\n\
                 impl Tasks {{\n    \
                     fn with_current<F, R>(f: F) -> R where F: FnOnce(&Tasks) -> R {{ f(&Tasks) }}\n    \
                     fn spawn<F: std::future::Future<Output = ()> + Send + 'static>(work: F) {{ Self::with_current(|tasks| tasks.start(work)) }}\n    \
                     fn start<F: std::future::Future<Output = ()> + Send + 'static>(&self, work: F) {{ self.run(work) }}\n    \
                     fn run<F: std::future::Future<Output = ()> + Send + 'static>(&self, work: F) {{ tokio::task::Builder::new().name(\"x\").spawn(work).unwrap(); }}\n    \
                     fn wait<F: std::future::Future<Output = ()>>(&self, work: F) -> F {{ work }}\n\
                 }}\n\
                 async fn tell() {{ reqwest::Client::new().get(\"http://x\").send().await.unwrap().error_for_status().unwrap(); }}\n\
                 async fn handler() {{ {handler} }}"
            ),
        );
        let report = support::check_rule(&code, HTTP);
        let told =
            report.findings.iter().find(|f| f.finding.rule.id == HTTP).map(|f| f.finding.message.clone());
        told.unwrap_or_default()
    };
    assert!(told("tell().await;").contains("`GET /x` waits"), "{}", told("tell().await;"));
    assert!(told("Tasks.wait(async { tell().await }).await;").contains("`GET /x` waits"));
    for handler in [
        "tokio::spawn(async { tell().await });",
        "Tasks.start(async { tell().await });",
        "Tasks::spawn(async { tell().await });",
        "tokio::time::timeout(std::time::Duration::from_secs(1), async { Tasks.start(async { tell().await }) }).await.unwrap();",
    ] {
        assert!(told(handler).contains("the task that calls it waits"), "{handler}: {}", told(handler));
    }
}

#[test]
fn clients_of_cloud_storage_wait_like_the_client_inside() {
    let service = |code: &str| {
        let code = support::service(".route(\"/x\", get(handler))", code);
        format!(
            "//- Cargo.toml\n[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\naxum = \"0.8\"\ncloud-storage = \"0.11\"\ngcloud-storage = \"1\"\nreqwest-middleware = \"0.4\"\ntokio = \"1\"\n//- src/main.rs\n{code}"
        )
    };
    let gcloud = |change: &str| {
        format!(
            "use gcloud_storage::client::{{Client, ClientConfig}}; use gcloud_storage::http::objects::get::GetObjectRequest;\n\
             async fn handler() {{ let mut config = ClientConfig::default(); {change} let config = config.with_auth().await.unwrap(); Client::new(config).get_object(&GetObjectRequest::default()).await.unwrap(); }}"
        )
    };
    assert_eq!(
        of_rule(
            HTTP,
            &service(
                "async fn handler() { cloud_storage::Object::read(\"bucket\", \"name\").await.unwrap(); }"
            )
        ),
        1
    );
    assert_eq!(
        of_rule(
            HTTP,
            &service(
                "async fn handler() { cloud_storage::Client::default().object().read(\"bucket\", \"name\").await.unwrap(); }"
            )
        ),
        1
    );
    assert_eq!(
        of_rule(
            HTTP,
            &service(
                "async fn handler() { tokio::time::timeout(std::time::Duration::from_secs(1), cloud_storage::Object::read(\"bucket\", \"name\")).await.unwrap().unwrap(); }"
            )
        ),
        0
    );
    assert_eq!(of_rule(HTTP, &service(&gcloud(""))), 1);
    assert_eq!(of_rule(HTTP, &service(&gcloud("config.http = Some(patient());"))), 0);
}

/// A library gets each program's own client: what one of them does without, no route of another waits for.
#[test]
fn a_client_of_another_program_is_not_charged_with_the_routes_of_this_one() {
    let program = |name: &str, client: &str| {
        format!(
            r#"//- {name}/Cargo.toml
[package]
name = "{name}"
edition = "2024"
[dependencies]
axum = "0.8"
reqwest = "0.12"
shared = {{ path = "../shared" }}
//- {name}/src/main.rs
use axum::{{Router, extract::State, routing::get}};
use shared::Rates;
use std::{{sync::Arc, time::Duration}};

#[tokio::main]
async fn main() {{
    let rates = Arc::new(Rates::new({client}));
    let app = Router::new().route("/{name}", get(read)).with_state(rates);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}

async fn read(State(rates): State<Arc<Rates>>) -> String {{ rates.today().await.unwrap_or_default() }}
"#
        )
    };
    let bounded = "reqwest::Client::builder().timeout(Duration::from_secs(2)).build().unwrap()";
    let text = |orders: &str, stock: &str| {
        format!(
            r#"//- Cargo.toml
[workspace]
members = ["shared", "orders", "stock"]
//- shared/Cargo.toml
[package]
name = "shared"
edition = "2024"
publish = false
[dependencies]
reqwest = "0.12"
//- shared/src/lib.rs
pub struct Rates {{ http: reqwest::Client }}

impl Rates {{
    pub fn new(http: reqwest::Client) -> Self {{ Self {{ http }} }}
    pub async fn today(&self) -> Result<String, reqwest::Error> {{
        self.http.get("https://rates.example.com").send().await?.error_for_status()?.text().await
    }}
}}
{}{}"#,
            program("orders", orders),
            program("stock", stock)
        )
    };
    let told = |text: &str| {
        let report = support::check_rule(text, HTTP);
        let all = report.findings.iter().filter(|f| f.finding.rule.id == HTTP);
        all.map(|f| f.finding.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(&text(bounded, bounded)), Vec::<String>::new());
    let [only] = &told(&text(bounded, "reqwest::Client::new()"))[..] else { panic!("one is told of") };
    assert!(only.contains("`GET /stock` waits"), "{only}");
    let [only] = &told(&text("reqwest::Client::new()", bounded))[..] else { panic!("one is told of") };
    assert!(only.contains("`GET /orders` waits"), "{only}");
}
