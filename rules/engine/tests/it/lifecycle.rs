//! How servers end, what ends them by mistake, and what gRPC services promise: what the rules report and what they leave
//! alone.

use crate::support;
use crate::support::{assert_markers, of_rule};

const MAIN: &str = r#"use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let app = Router::new().route("/v1/orders", get(|| async { "[]" })).route("/livez", get(|| async { "ok" }));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    SERVE
}
"#;

fn served(serve: &str) -> String {
    MAIN.replace("SERVE", serve)
}

const ENDLESS: &str = "server-without-graceful-shutdown";
const SIGINT: &str = "graceful-shutdown-ignores-sigterm";

#[test]
fn servers_that_nothing_ends_are_found_in_every_library() {
    assert_eq!(of_rule(ENDLESS, &served("axum::serve(listener, app).await.unwrap();")), 1);
    for (library, version, main) in [
        (
            "warp",
            "0.3",
            "let hello = warp::path!(\"v1\" / \"orders\").map(|| \"[]\");\n    warp::serve(hello).run(([0, 0, 0, 0], 8080)).await;",
        ),
        (
            "poem",
            "3",
            "let app = poem::Route::new().at(\"/v1/orders\", poem::get(list));\n    poem::Server::new(poem::listener::TcpListener::bind(\"0.0.0.0:80\")).run(app).await.unwrap();",
        ),
    ] {
        let text = format!(
            "//- Cargo.toml\n[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n{library} = \"{version}\"\ntokio = \"1\"\n//- src/main.rs\n#[poem::handler]\nfn list() -> &'static str {{ \"[]\" }}\n#[tokio::main]\nasync fn main() {{\n    {main}\n}}\n"
        );
        assert_eq!(of_rule(ENDLESS, &text), 1, "{library}");
        let fixed = support::mended(&text, ENDLESS);
        assert_eq!(of_rule(ENDLESS, &fixed), 0, "{library}:\n{fixed}");
        assert!(fixed.contains("SignalKind::terminate()"), "{fixed}");
    }
}

#[test]
fn a_graceful_end_in_any_form_is_enough() {
    for (name, serve) in [
        ("in the chain", "axum::serve(listener, app).with_graceful_shutdown(async {}).await.unwrap();"),
        (
            "in steps",
            "let server = axum::serve(listener, app);\n    server.with_graceful_shutdown(async {}).await.unwrap();",
        ),
        (
            "by hand: no more requests, then a while to end",
            "tokio::select! {\n        _ = axum::serve(listener, app) => {}\n        _ = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap().recv() => {}\n    }\n    tokio::time::sleep(std::time::Duration::from_secs(5)).await;",
        ),
    ] {
        assert_eq!(of_rule(ENDLESS, &served(serve)), 0, "{name}");
    }
    // The server is made in a helper, and whoever called it ends it.
    let helper = served("server(listener, app).with_graceful_shutdown(async {}).await.unwrap();");
    let made =
        "fn server(l: tokio::net::TcpListener, app: Router) -> axum::serve::Serve { axum::serve(l, app) }";
    assert_eq!(of_rule(ENDLESS, &format!("{helper}{made}")), 0);
    // The connection ends gracefully in a future of its own.
    let raw = r#"
use std::pin::Pin;
struct Ending<C> { connection: C }
impl<C> std::future::Future for Ending<C> {
    type Output = ();
    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        let mut this = self.project();
        this.connection.as_mut().graceful_shutdown();
        this.connection.poll(cx)
    }
}
"#;
    let text = format!("{}{raw}", served("axum::serve(listener, app).await.unwrap();"));
    assert_eq!(of_rule(ENDLESS, &text), 0);
}

#[test]
fn only_services_in_containers_need_a_graceful_end() {
    let main = served("axum::serve(listener, app).await.unwrap();");
    let without = |dockerfile: &str| {
        let path = if dockerfile.is_empty() { "README.md" } else { "Dockerfile" };
        of_rule_without_image(&main, (path, dockerfile))
    };
    assert_eq!(without(""), 0);
    assert_eq!(without("FROM scratch\n"), 1);
    let composed = |text: &str| of_rule_without_image(&main, ("compose.yaml", text));
    assert_eq!(composed("services:\n  app:\n    build: .\n"), 1);
    assert_eq!(composed("services:\n  db:\n    image: postgres:17\n"), 0, "only what it needs at a desk");
    assert_eq!(of_rule_without_image(&main, (".devcontainer/Dockerfile", "FROM scratch\n")), 0);
    let workspace = |dockerfile: &str| {
        format!(
            "//- Cargo.toml\n[workspace]\nmembers = [\"crates/*\"]\n//- crates/api/Cargo.toml\n[package]\nname = \"api\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\naxum = \"0.8\"\ntokio = \"1\"\n//- crates/api/src/main.rs\n{main}//- crates/local/Cargo.toml\n[package]\nname = \"local\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\naxum = \"0.8\"\ntokio = \"1\"\n//- crates/local/src/main.rs\n{main}//- Dockerfile\n{dockerfile}\n"
        )
    };
    let copied =
        "FROM scratch\nUSER local\nCOPY --from=builder /app/target/release/api /api\nENTRYPOINT [\"/api\"]";
    assert_eq!(of_rule(ENDLESS, &workspace(copied)), 1, "the other one runs on a desk");
    let both = "FROM rust\nRUN cargo build --release \\\n    --package api \\\n    --package local";
    assert_eq!(of_rule(ENDLESS, &workspace(both)), 2, "an instruction of several lines");
    assert_eq!(of_rule(ENDLESS, &workspace(copied).replace("crates/api/", "examples/api/")), 0);
}

fn of_rule_without_image(main: &str, (path, text): (&str, &str)) -> usize {
    let mut files = support::files(main);
    files.retain(|(path, _)| !path.ends_with("Dockerfile"));
    files.push((path.into(), text.to_owned()));
    support::count(&support::check_files(files), ENDLESS)
}

#[test]
fn side_servers_and_servers_that_end_by_themselves_are_left_alone() {
    let side = "let app = Router::new().route(\"/metrics\", get(|| async { \"\" })).route(\"/healthz\", get(|| async { \"\" }));\n    axum::serve(listener, app).await.unwrap();";
    assert_eq!(of_rule(ENDLESS, &served(side)), 0);
    let actix = |more: &str| {
        format!(
            "use actix_web::{{App, HttpServer, web}};\n#[actix_web::main]\nasync fn main() -> std::io::Result<()> {{\n    HttpServer::new(|| App::new().route(\"/v1/a\", web::get().to(list))){more}.bind(\"0.0.0.0:80\")?.run().await\n}}\nasync fn list() -> &'static str {{ \"\" }}\n"
        )
    };
    assert_eq!(of_rule(ENDLESS, &actix("")), 0);
    assert_eq!(of_rule(ENDLESS, &actix(".disable_signals()")), 1);
}

#[test]
fn sigint_alone_is_followed_to_where_it_is_waited_for() {
    assert_markers(
        r#"//- src/main.rs
mod stop;
use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let app = Router::new().route("/livez", get(|| async { "ok" }));
    run(app, stop::asked()).await;
}

async fn run(app: Router, end: impl Future<Output = ()> + Send + 'static) {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(end).await.unwrap();
}
//- src/stop.rs
pub async fn asked() {
    interrupted().await;
}

async fn interrupted() {
    tokio::signal::ctrl_c().await.expect("a handler"); // error: [graceful-shutdown-ignores-sigterm]
}
"#,
    );
}

#[test]
fn sigint_alone_is_found_in_every_form() {
    for (name, serve) in [
        ("a function", "axum::serve(listener, app).with_graceful_shutdown(end()).await.unwrap();"),
        (
            "a block in a variable",
            "let end = async { let _ = tokio::signal::ctrl_c().await; };\n    axum::serve(listener, app).with_graceful_shutdown(end).await.unwrap();",
        ),
        (
            "a channel from a task",
            "let (tx, rx) = tokio::sync::oneshot::channel::<()>();\n    tokio::spawn(async move { end().await; let _ = tx.send(()); });\n    axum::serve(listener, app).with_graceful_shutdown(async { rx.await.ok(); }).await.unwrap();",
        ),
        (
            "the kind for Ctrl-C",
            "let mut s = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).unwrap();\n    axum::serve(listener, app).with_graceful_shutdown(async move { s.recv().await; }).await.unwrap();",
        ),
    ] {
        let text = format!("{}async fn end() {{ tokio::signal::ctrl_c().await.unwrap(); }}\n", served(serve));
        let text = if name == "the kind for Ctrl-C" || name == "a block in a variable" {
            served(serve)
        } else {
            text
        };
        assert_eq!(of_rule(SIGINT, &text), 1, "{name}");
    }
}

#[test]
fn sigterm_anywhere_on_the_way_is_enough() {
    let served = |end: &str| {
        format!("{}{end}", served("axum::serve(listener, app).with_graceful_shutdown(end()).await.unwrap();"))
    };
    for (name, end) in [
        (
            "beside it",
            "use tokio::signal::unix::{SignalKind, signal};\nasync fn end() {\n    let mut term = signal(SignalKind::terminate()).unwrap();\n    tokio::select! { _ = tokio::signal::ctrl_c() => {}, _ = term.recv() => {} }\n}",
        ),
        (
            "in a helper",
            "async fn end() { tokio::select! { _ = tokio::signal::ctrl_c() => {}, _ = terminated() => {} } }\nasync fn terminated() { tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap().recv().await; }",
        ),
        (
            "by a library that is not known",
            "async fn end() { tokio::signal::ctrl_c().await.unwrap(); ours::wait_for_signal().await; }",
        ),
        (
            "by number",
            "async fn end() { tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(15)).unwrap().recv().await; }",
        ),
        (
            "by a builder that is not known",
            "async fn end() { tokio::signal::ctrl_c().await.unwrap(); ours::depart().on_termination().await; }",
        ),
        ("out of sight", "async fn end() { ours::ended().await; }"),
        (
            "by signal-hook",
            "async fn end() { let mut s = signal_hook_tokio::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT]).unwrap(); }",
        ),
    ] {
        assert_eq!(of_rule(SIGINT, &served(end)), 0, "{name}");
    }
}

#[test]
fn the_termination_feature_and_the_stop_signal_count() {
    let text = |features: &str, docker: &str| {
        format!(
            "//- Cargo.toml\n[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\naxum = \"0.8\"\ntokio = \"1\"\nctrlc = {{ version = \"3\"{features} }}\n//- Dockerfile\nFROM scratch\n{docker}\n//- src/main.rs\n{}",
            served(
                "let (tx, rx) = tokio::sync::oneshot::channel::<()>();\n    ctrlc::set_handler(move || {}).unwrap();\n    axum::serve(listener, app).with_graceful_shutdown(async { rx.await.ok(); }).await.unwrap();"
            )
        )
    };
    assert_eq!(of_rule(SIGINT, &text("", "")), 1);
    assert_eq!(of_rule(SIGINT, &text(", features = [\"termination\"]", "")), 0);
    assert_eq!(of_rule(SIGINT, &text("", "STOPSIGNAL SIGINT")), 0);
}

#[test]
fn aborting_on_panic_is_reported_where_a_server_is_built_with_it() {
    let text = |profile: &str, main: &str| {
        format!(
            "//- Cargo.toml\n[workspace]\nmembers = [\"api\"]\n{profile}\n//- api/Cargo.toml\n[package]\nname = \"api\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\naxum = \"0.8\"\ntokio = \"1\"\n//- api/src/main.rs\n{main}"
        )
    };
    let main = served("axum::serve(listener, app).await.unwrap();");
    let rule = "panic-abort-in-server";
    let abort = "[profile.release]\nlto = true\npanic = \"abort\"\nstrip = true";
    assert_eq!(of_rule(rule, &text(abort, &main)), 1);
    assert!(!support::mended(&text(abort, &main), rule).contains("panic ="));
    assert_eq!(of_rule(rule, &text(&abort.replace("abort", "unwind"), &main)), 0);
    assert_eq!(of_rule(rule, &text(&abort.replace("release", "tiny"), &main)), 0);
    assert_eq!(of_rule(rule, &text(abort, "fn main() {}\n")), 0, "a tool");
    assert_eq!(
        of_rule(rule, &text(&abort.replace("panic", "# A panic leaves shared state broken.\npanic"), &main)),
        0
    );
    let member = text("", &main).replace("[dependencies]", &format!("{abort}\n[dependencies]"));
    assert_eq!(of_rule(rule, &member), 0, "cargo heeds only the root's profiles");
}

#[test]
fn handlers_that_end_the_process_are_found_and_what_is_meant_is_not() {
    let rule = "process-exit-in-request-path";
    let count = |route: &str, code: &str| {
        of_rule(rule, &support::service(&format!(".route(\"{route}\", get(handler))"), code))
    };
    let exit = "std::process::exit(1);";
    assert_eq!(count("/v1/a", &format!("async fn handler() {{ deeper() }}\nfn deeper() {{ {exit} }}")), 1);
    assert_eq!(count("/v1/a", "async fn handler() { std::process::abort() }"), 1);
    for (name, route, code) in [
        ("an order to end", "/admin/shutdown", format!("async fn handler() {{ {exit} }}")),
        (
            "a helper that ends",
            "/v1/a",
            format!("async fn handler() {{ shutdown_now() }}\nfn shutdown_now() {{ {exit} }}"),
        ),
        ("a task beside", "/v1/a", format!("async fn handler() {{ tokio::spawn(async {{ {exit} }}); }}")),
        (
            "what runs once",
            "/v1/a",
            format!("async fn handler() {{ get_or_init() }}\nfn get_or_init() {{ {exit} }}"),
        ),
        ("main", "/v1/a", format!("async fn handler() {{}}\nfn other() {{ {exit} }}")),
    ] {
        assert_eq!(count(route, &code), 0, "{name}");
    }
}

const PROTO: &str = r#"//- proto/shop.proto
syntax = "proto3";
package shop.v1;
service Orders { rpc Place (Order) returns (Order); }
service Stock { rpc Count (Order) returns (Order); }
message Order { string id = 1; int32 count = 2; }
//- src/main.rs
mod pb { tonic::include_proto!("shop.v1"); }
use tonic::{Request, Response, Status, transport::Server};

struct Shop;

#[tonic::async_trait]
impl pb::orders_server::Orders for Shop {
    async fn place(&self, order: Request<pb::Order>) -> Result<Response<pb::Order>, Status> { Ok(Response::new(order.into_inner())) }
}

#[tonic::async_trait]
impl pb::stock_server::Stock for Shop {
    async fn count(&self, order: Request<pb::Order>) -> Result<Response<pb::Order>, Status> { Ok(Response::new(order.into_inner())) }
}

#[tokio::main]
async fn main() {
    Server::builder()
        .add_service(pb::orders_server::OrdersServer::new(Shop))
        ADD
        .serve("0.0.0.0:50051".parse().unwrap())
        .await
        .unwrap();
}
"#;

#[test]
fn services_that_are_implemented_and_never_added_are_found() {
    let rule = "grpc-service-drift";
    let with = |add: &str| PROTO.replace("ADD", add);
    assert_eq!(of_rule(rule, &with("")), 1);
    assert_eq!(of_rule(rule, &with(".add_service(pb::stock_server::StockServer::new(Shop))")), 0);
    assert_eq!(
        of_rule(rule, &with(".add_optional_service(Some(Shop).map(pb::stock_server::StockServer::new))")),
        0
    );
    let elsewhere = "\nmod http { pub fn routes() { crate::pb::stock_actix::route_stock(); } }\n";
    assert_eq!(
        of_rule(rule, &format!("{}{elsewhere}", with(""))),
        0,
        "a generated module serves it over HTTP"
    );
}

#[test]
fn copies_of_a_message_must_fit_on_the_wire() {
    let rule = "grpc-service-drift";
    let with = |path: &str, fields: &str| {
        let served = PROTO.replace("ADD", ".add_service(pb::stock_server::StockServer::new(Shop))");
        of_rule(
            rule,
            &format!(
                "{served}//- {path}\nsyntax = \"proto3\";\npackage shop.v1;\nmessage Order {{ {fields} }}\n"
            ),
        )
    };
    let copy = "billing/proto/shop.proto";
    assert_eq!(with(copy, "string id = 1; string count = 2;"), 1, "another type");
    assert_eq!(with(copy, "string id = 1; int32 count = 3;"), 1, "another number");
    assert_eq!(with(copy, "string id = 1; int64 count = 2; bool gift = 3;"), 0, "wider, and one more");
    assert_eq!(with(copy, "bytes id = 1;"), 0, "less");
    assert_eq!(with(copy, "string id = 1; Count count = 2;"), 0, "an enum is a number");
    assert_eq!(with("vendor/shop/shop.proto", "int32 id = 1;"), 0);
    assert_eq!(with("tests/shop.proto", "int32 id = 1;"), 0);
    assert_eq!(with(copy, "int32 id = 1; ="), 0, "broken");
}

#[test]
fn grpc_servers_tell_how_they_are() {
    let rule = "grpc-service-without-health-service";
    let with = |add: &str| PROTO.replace("ADD", add);
    assert_eq!(of_rule(rule, &with("")), 1);
    assert_eq!(of_rule(rule, &with(".add_service(tonic_health::server::health_reporter().1)")), 0);
    assert_eq!(of_rule(rule, &with(".add_service(ours::health())")), 0, "out of sight");
    let helper =
        "\nasync fn health() { let (_reporter, _service) = tonic_health::server::health_reporter(); }\n";
    let used = with("").replace("    Server::builder()", "    health().await;\n    Server::builder()");
    let manifest = "//- Cargo.toml\n[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n\
                    tokio = \"1\"\ntonic = \"0.14\"\ntonic-health = \"0.14\"\n";
    assert_eq!(of_rule(rule, &format!("{manifest}{}", with(""))), 1);
    assert_eq!(of_rule(rule, &format!("{manifest}{used}{helper}")), 0, "made in a helper");
    let beside = "    tokio::spawn(async { axum::serve(tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(), axum::Router::new().route(\"/healthz\", axum::routing::get(|| async {}))).await });\n    Server::builder()";
    assert_eq!(of_rule(rule, &with("").replace("    Server::builder()", beside)), 0, "over HTTP");
}
