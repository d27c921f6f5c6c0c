//! What the rules on APIs and their contracts report, and what they leave alone.

use crate::support;
use crate::support::{assert_markers, check, check_rule, found, mended, service};

fn of(text: &str, rule: &str) -> Vec<String> {
    let all = found(&check(text)).into_iter().filter(|f| f.ends_with(&format!(" {rule}")));
    all.map(|f| f.split(' ').next().unwrap_or_default().to_owned()).collect()
}

// ---- path-syntax-not-supported

const SYNTAX: &str = "path-syntax-not-supported";

#[test]
fn colons_are_no_parameters_for_axum_from_0_8_on() {
    assert_markers(&service(
        r#"
        .route("/users/:id", get(show)) // error: [path-syntax-not-supported]
        .route("/files/*path", get(show)) // error: [path-syntax-not-supported]
        .route("/orders/{id}", get(show))
        .route("/orders/{id}/:cancel", post(show)) // error: [path-syntax-not-supported]
        .nest("/teams/:team", inner()) // error: [path-syntax-not-supported]
        .route("/items:batch", get(show))"#,
        "async fn show() {}\nfn inner() -> Router { Router::new().route(\"/members\", get(show)) }\n",
    ));
}

#[test]
fn a_router_that_is_told_to_take_such_paths_may_have_them() {
    let app = r#"
use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let app = Router::new().without_v07_checks().route("/:literally", get(|| async { "ok" }));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
"#;
    assert!(of(app, SYNTAX).is_empty());
}

/// A service with one route, for a release of axum.
fn with_axum(version: &str, path: &str) -> String {
    format!(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = {version}
tokio = "1"
//- src/main.rs
use axum::{{Router, routing::get}};

const USER: &str = "{path}";

#[tokio::main]
async fn main() {{
    let app = Router::new().route("{path}", get(|| async {{ "ok" }})).route(USER, get(|| async {{ "ok" }}));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"#
    )
}

#[test]
fn the_release_decides_which_syntax_is_right() {
    for (version, path, reported) in [
        ("\"0.8\"", "/users/:id", 2),
        ("\"0.8\"", "/users/{id}", 0),
        ("\"0.7\"", "/users/{id}", 2),
        ("\"0.7\"", "/users/:id", 0),
        ("\"0.6\"", "/files/{*rest}", 2),
        // Which release that is nobody knows.
        ("{ git = \"https://example.com/axum\" }", "/users/:id", 0),
    ] {
        let text = with_axum(version, path);
        assert_eq!(of(&text, SYNTAX).len(), reported, "axum {version}, {path}");
    }
}

#[test]
fn parameters_are_rewritten_where_the_literal_stands() {
    let fixed = mended(&with_axum("\"0.8\"", "/users/:id/files/*path"), SYNTAX);
    assert!(fixed.contains(".route(\"/users/{id}/files/{*path}\", get"), "{fixed}");
}

#[test]
fn actix_takes_colons_for_plain_text() {
    let text = r#"
use actix_web::{App, HttpServer, Responder, get, web};

#[get("/users/:id")] // error: [path-syntax-not-supported]
async fn user() -> impl Responder { "a user" }

#[get("/orders/{id:[0-9]+}")]
async fn order() -> impl Responder { "an order" }

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new()
            .service(user)
            .service(order)
            .service(web::scope("/teams/:team").route("/members", web::get().to(|| async { "all" }))) // error: [path-syntax-not-supported]
            .route("/healthz", web::get().to(|| async { "ok" }))
    })
    .bind("0.0.0.0:80")?
    .run()
    .await
}
"#;
    assert_markers(text);
}

// ---- route-added-after-layer

const LAYER: &str = "route-added-after-layer";

#[test]
fn a_layer_on_a_router_without_routes_covers_none() {
    assert_markers(
        r#"
use axum::{Router, extract::DefaultBodyLimit, routing::{get, post}};
use tower_http::trace::TraceLayer;

#[tokio::main]
async fn main() {
    let app = Router::new()
        .layer(DefaultBodyLimit::max(1024)) // error: [route-added-after-layer]
        .merge(pictures())
        .route("/healthz", get(|| async { "ok" }));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}

fn pictures() -> Router {
    let router = Router::new().layer(TraceLayer::new_for_http()); // error: [route-added-after-layer]
    router.route("/pictures", post(|| async { "ok" }))
}
"#,
    );
}

#[test]
fn a_layer_behind_some_routes_may_be_for_these_alone() {
    for routes in [
        // The rest is public on purpose.
        ".route(\"/orders\", get(show)).layer(axum::middleware::from_fn(guard)).route(\"/login\", post(show))",
        // What answers when no route fits is covered as well.
        ".fallback(show).layer(axum::middleware::from_fn(guard)).route(\"/orders\", get(show))",
        // Nothing is added to it any more.
        ".merge(Router::new().layer(axum::middleware::from_fn(guard)))",
        // The routes of the helper are there before.
        ".merge(more(Router::new()).layer(axum::middleware::from_fn(guard)).route(\"/a\", get(show)))",
        // A layer around one method is another thing.
        ".route(\"/orders\", get(show).layer(axum::middleware::from_fn(guard)).post(show))",
    ] {
        let code = r#"
async fn show() {}
fn more(router: Router) -> Router { router.route("/more", get(show)) }
async fn guard(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {
    next.run(request).await
}
"#;
        assert!(of(&service(routes, code), LAYER).is_empty(), "{routes}");
    }
}

#[test]
fn layers_that_cover_all_routes_may_stand_anywhere() {
    let text = r#"
use actix_web::{App, HttpServer, middleware::Logger, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().wrap(Logger::default()).route("/healthz", web::get().to(|| async { "ok" })))
        .bind("0.0.0.0:80")?
        .run()
        .await
}
"#;
    assert!(of(text, LAYER).is_empty());
}

#[test]
fn the_layer_is_moved_behind_the_routes() {
    let text = r#"
use axum::{Router, extract::DefaultBodyLimit, routing::{get, post}};

#[tokio::main]
async fn main() {
    let app = Router::new()
        .layer(DefaultBodyLimit::max(1024))
        .route("/healthz", get(|| async { "ok" }))
        .route("/pictures", post(|| async { "ok" }))
        .with_state(());
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
"#;
    let fixed = mended(text, LAYER);
    let chain = r#"Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/pictures", post(|| async { "ok" }))
        .layer(DefaultBodyLimit::max(1024))
        .with_state(());"#;
    assert!(fixed.contains(chain), "{fixed}");
    assert!(of(&fixed, LAYER).is_empty());
}

// ---- route-shadowed

/// An actix-web service with some routes.
fn actix(routes: &str) -> String {
    format!(
        r#"
use actix_web::{{App, HttpServer, Responder, delete, get, guard, web}};

#[get("/orders/{{id}}")]
async fn order() -> impl Responder {{ "one" }}
#[get("/orders/latest")]
async fn latest() -> impl Responder {{ "the latest" }}
#[delete("/orders/all")]
async fn clear() -> impl Responder {{ "gone" }}
#[get("/items/{{id:[0-9]+}}")]
async fn item() -> impl Responder {{ "one" }}
#[get("/items/new")]
async fn form() -> impl Responder {{ "a form" }}

#[actix_web::main]
async fn main() -> std::io::Result<()> {{
    HttpServer::new(|| App::new(){routes}.route("/healthz", web::get().to(|| async {{ "ok" }})))
        .bind("0.0.0.0:80")?
        .run()
        .await
}}
"#
    )
}

#[test]
fn what_is_added_first_takes_the_request() {
    let shadowed = |routes: &str| of(&actix(routes), "route-shadowed").len();
    assert_eq!(shadowed(".service(order).service(latest)"), 1);
    assert_eq!(shadowed(".service(latest).service(order)"), 0);
    assert_eq!(shadowed(".service(web::scope(\"/v1\").service(order).service(latest))"), 1);
    assert_eq!(shadowed(".service(order).service(clear)"), 0, "another method");
    assert_eq!(shadowed(".service(item).service(form)"), 0, "a pattern that takes numbers only");
    let guarded = ".service(web::resource(\"/orders/{id}\").guard(guard::Header(\"x\", \"y\")).to(|| async { \"\" })).service(latest)";
    assert_eq!(shadowed(guarded), 0, "a guard may let the request pass by");
    assert_eq!(shadowed(".route(\"/{rest:.*}\", web::get().to(|| async { \"\" })).service(latest)"), 2);
}

#[test]
fn routers_that_take_the_best_fit_shadow_nothing() {
    let routes = ".route(\"/orders/{id}\", get(|| async {})).route(\"/orders/latest\", get(|| async {}))";
    assert!(of(&service(routes, ""), "route-shadowed").is_empty());
}

// ---- utoipa

/// Two described handlers; the list and the routes are up to the test.
fn described(list: &str, routes: &str) -> String {
    format!(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = "0.8"
tokio = "1"
utoipa = "5"
//- src/orders.rs
#[utoipa::path(get, path = "/v1/orders/{{id}}", responses((status = 200)))]
pub async fn show() {{}}

#[utoipa::path(post, path = "/v1/orders", responses((status = 201)))]
pub async fn create() {{}}
//- src/main.rs
mod orders;
use axum::{{Router, routing::{{get, post, put}}}};
use utoipa::OpenApi;

#[derive(OpenApi)]
{list}
struct ApiDoc;

#[tokio::main]
async fn main() {{
    let document = ApiDoc::openapi().to_json().unwrap();
    let app = Router::new()
        .route("/healthz", get(|| async {{ "ok" }}))
        .route("/openapi.json", get(|| async move {{ document }})){routes};
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"#
    )
}

const BOTH: &str = "#[openapi(paths(orders::show, orders::create))]";
const ROUTES: &str =
    ".route(\"/v1/orders/{order}\", get(orders::show)).route(\"/v1/orders\", post(orders::create))";

#[test]
fn a_described_handler_that_no_list_names_is_reported() {
    let rule = "utoipa-path-unlisted";
    assert!(of(&described(BOTH, ROUTES), rule).is_empty());
    let one = "#[openapi(paths(orders::show))]";
    assert_eq!(of(&described(one, ROUTES), rule), ["src/orders.rs:4"]);
    let only = ".route(\"/v1/orders/{id}\", get(orders::show))";
    assert!(of(&described(one, only), rule).is_empty(), "nobody uses the other one");
    let unknown = "#[openapi(paths(orders::show, elsewhere::create))]";
    assert!(of(&described(unknown, ROUTES), rule).is_empty(), "a name that leads nowhere may be it");
    let gated = "#[cfg_attr(feature = \"docs\", openapi(paths(orders::show, orders::create)))]";
    assert!(of(&described(gated, ROUTES), rule).is_empty(), "listed under a condition");
}

#[test]
fn a_library_that_collects_described_handlers_needs_no_list() {
    let text = described("#[openapi(paths(orders::show))]", ROUTES);
    let text = text.replace("utoipa = \"5\"", "utoipa = \"5\"\nutoipauto = \"0.2\"");
    assert!(of(&text, "utoipa-path-unlisted").is_empty());
}

#[test]
fn routes_of_utoipas_own_router_are_in_the_document() {
    let text = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = "0.8"
tokio = "1"
utoipa = "5"
utoipa-axum = "0.2"
//- src/main.rs
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(paths(first))]
struct ApiDoc;

#[utoipa::path(get, path = "/v1/first", responses((status = 200)))]
async fn first() {}

#[utoipa::path(get, path = "/v1/second", responses((status = 200)))]
async fn second() {}

#[utoipa::path(get, path = "/v1/third", responses((status = 200)))] // error: [utoipa-path-unlisted]
async fn third() {}

#[tokio::main]
async fn main() {
    let (app, _document) = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(second))
        .route("/v1/first", axum::routing::get(first))
        .route("/v1/third", axum::routing::get(third))
        .route("/healthz", axum::routing::get(|| async { "ok" }))
        .split_for_parts();
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}
"#;
    assert_eq!(of(text, "utoipa-path-unlisted"), ["src/main.rs:14"]);
}

#[test]
fn the_handler_is_added_to_the_list() {
    let fixed = mended(&described("#[openapi(paths(orders::show))]", ROUTES), "utoipa-path-unlisted");
    assert!(fixed.contains("#[openapi(paths(orders::show, crate::orders::create))]"), "{fixed}");
    let lines = "#[openapi(paths(\n    orders::show,\n))]";
    let fixed = mended(&described(lines, ROUTES), "utoipa-path-unlisted");
    assert!(fixed.contains("    orders::show,\n    crate::orders::create,\n))]"), "{fixed}");
    assert!(of(&fixed, "utoipa-path-unlisted").is_empty());
}

#[test]
fn the_document_and_the_routes_must_say_the_same() {
    let rule = "utoipa-path-mismatch";
    assert!(of(&described(BOTH, ROUTES), rule).is_empty(), "the name of a parameter is no matter");
    let other_path =
        ".route(\"/v1/order/{id}\", get(orders::show)).route(\"/v1/orders\", post(orders::create))";
    assert_eq!(of(&described(BOTH, other_path), rule), ["src/orders.rs:1"]);
    let other_method =
        ".route(\"/v1/orders/{id}\", get(orders::show)).route(\"/v1/orders\", put(orders::create))";
    assert_eq!(of(&described(BOTH, other_method), rule), ["src/orders.rs:4"]);
    let missing = ".route(\"/v1/orders/{id}\", get(orders::show))";
    assert_eq!(of(&described(BOTH, missing), rule), ["src/orders.rs:4"], "no route at all");
    let prefixed = ".nest(\"/api\", Router::new().route(\"/v1/orders/{id}\", get(orders::show))\
                    .route(\"/v1/orders\", post(orders::create)))";
    assert!(of(&described(BOTH, prefixed), rule).is_empty(), "the document's server may say the prefix");
    let twice = ".route(\"/orders/{id}\", get(orders::show)).route(\"/v1/orders/{id}\", get(orders::show))\
                 .route(\"/v1/orders\", post(orders::create))";
    assert!(of(&described(BOTH, twice), rule).is_empty(), "one of two routes is the described one");
}

#[test]
fn a_file_that_two_crates_have_describes_its_handlers_once() {
    let both = |list: &str, routes: &str| {
        let text = described("", routes).replace("mod orders;\n", "mod orders;\nuse shop::ApiDoc;\n");
        let text = text.replace("#[derive(OpenApi)]\n\nstruct ApiDoc;\n", "");
        format!(
            "{text}//- src/lib.rs\npub mod orders;\n#[derive(utoipa::OpenApi)]\n{list}\npub struct ApiDoc;\n"
        )
    };
    let (unlisted, mismatch) = ("utoipa-path-unlisted", "utoipa-path-mismatch");
    assert!(of(&both(BOTH, ROUTES), unlisted).is_empty());
    assert!(of(&both(BOTH, ROUTES), mismatch).is_empty());
    let one = "#[openapi(paths(orders::show))]";
    assert_eq!(of(&both(one, ROUTES), unlisted), ["src/orders.rs:4"], "one place, one finding");
    assert!(mended(&both(one, ROUTES), unlisted).contains("paths(orders::show, crate::orders::create)"));
    let missing = ".route(\"/v1/orders/{id}\", get(orders::show))";
    assert_eq!(of(&both(BOTH, missing), mismatch), ["src/orders.rs:4"]);
}

#[test]
fn a_described_path_that_another_function_serves_is_no_404() {
    let other = ".route(\"/v1/orders/{id}\", get(orders::show)).route(\"/v1/orders\", post(|| async {}))";
    let report = support::check_rule(&described(BOTH, other), "utoipa-path-mismatch");
    let found: Vec<&str> = report.findings.iter().map(|f| f.finding.message.as_str()).collect();
    assert!(found.iter().any(|m| m.contains("`POST /v1/orders` is served by")), "{found:?}");
    assert!(!found.iter().any(|m| m.contains("404")), "{found:?}");
}

#[test]
fn routes_that_cannot_be_followed_prove_nothing() {
    let hidden = ".route(\"/v1/orders/{id}\", get(orders::show)).merge(plugins::routes())";
    assert!(of(&described(BOTH, hidden), "utoipa-path-mismatch").is_empty());
}

#[test]
fn the_description_follows_the_route() {
    let other = ".route(\"/v1/order/{id}\", get(orders::show)).route(\"/v1/orders\", put(orders::create))";
    let fixed = mended(&described(BOTH, other), "utoipa-path-mismatch");
    assert!(fixed.contains("#[utoipa::path(get, path = \"/v1/order/{id}\""), "{fixed}");
}

#[test]
fn an_attribute_that_only_describes_makes_no_route() {
    let text = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
actix-web = "4"
utoipa = { version = "5", features = ["actix_extras"] }
//- src/main.rs
use actix_web::{App, HttpServer, Responder, get};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(paths(orders, items))]
struct ApiDoc;

#[utoipa::path(get, path = "/v1/order", responses((status = 200)))]
#[get("/v1/orders")]
async fn orders() -> impl Responder { "[]" }

#[utoipa::path(responses((status = 200)))]
#[get("/v1/items")]
async fn items() -> impl Responder { "[]" }

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().service(orders).service(items)).bind("0.0.0.0:80")?.run().await
}
"#;
    assert_eq!(of(text, "utoipa-path-mismatch"), ["src/main.rs:8"]);
}

// ---- proto-package-unversioned

fn proto(path: &str, package: &str) -> String {
    format!(
        r#"//- {path}
syntax = "proto3";

package {package};

service Orders {{ rpc Place (Order) returns (Order); }}
message Order {{ string id = 1; }}
//- src/main.rs
mod pb {{ tonic::include_proto!("{package}"); }}
use tonic::{{Request, Response, Status}};

struct Shop;

#[tonic::async_trait]
impl pb::orders_server::Orders for Shop {{
    async fn place(&self, order: Request<pb::Order>) -> Result<Response<pb::Order>, Status> {{
        Ok(Response::new(order.into_inner()))
    }}
}}

#[tokio::main]
async fn main() {{
    tonic::transport::Server::builder()
        .add_service(pb::orders_server::OrdersServer::new(Shop))
        .serve("0.0.0.0:50051".parse().unwrap())
        .await
        .unwrap();
}}
"#
    )
}

#[test]
fn a_package_that_is_served_has_a_version() {
    let rule = "proto-package-unversioned";
    assert_eq!(of(&proto("proto/shop.proto", "shop.orders"), rule), ["proto/shop.proto:3"]);
    for (path, package) in [
        ("proto/shop.proto", "shop.v1"),
        ("proto/shop.proto", "shop.v1beta2.orders"),
        ("third_party/shop.proto", "shop"),
        ("proto/health.proto", "grpc.health"),
        ("tests/shop.proto", "shop"),
    ] {
        assert!(of(&proto(path, package), rule).is_empty(), "{path}: {package}");
    }
    let called = proto("proto/shop.proto", "shop")
        .replace("impl pb::orders_server::Orders for Shop", "impl Other for Shop");
    assert!(of(&called, rule).is_empty(), "nobody here implements it: it is another project's");
}

// ---- mixed-api-versioning

#[test]
fn some_routes_under_a_version_and_some_under_none() {
    let mixed = |routes: &str| {
        let code = "use axum::Json;\nasync fn list() -> Json<u8> { Json(1) }\nasync fn prices() -> Json<u8> { Json(2) }\n";
        let text = service(routes, code);
        found(&check_rule(&text, "mixed-api-versioning"))
            .iter()
            .filter(|f| f.ends_with("mixed-api-versioning"))
            .count()
    };
    let v1 = ".route(\"/v1/a\", get(list)).route(\"/v1/b\", get(list)).route(\"/v1/c\", get(list))";
    assert_eq!(mixed(&format!("{v1}.route(\"/prices\", get(prices))")), 1);
    assert_eq!(mixed(&format!("{v1}.route(\"/metrics\", get(prices))")), 0);
    assert_eq!(mixed(&format!("{v1}.route(\"/docs/api.json\", get(prices)).route(\"/\", get(prices))")), 0);
    assert_eq!(mixed(&format!("{v1}.route(\"/a\", get(list))")), 0, "an alias of a route with a version");
    assert_eq!(mixed(".route(\"/v1/a\", get(list)).route(\"/prices\", get(prices))"), 0, "one is no rule");
}
