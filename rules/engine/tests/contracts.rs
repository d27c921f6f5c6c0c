//! OpenAPI documents: how they are read, which service they belong to, and where the two disagree.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::sync::Arc;

use support::{check, expected, found};
use svclint_catalog::{Applicability, Edit};
use svclint_engine::{Cancel, MemoryFs, Options, Overlay, Report, Workspace};

/// A program with some routes under `/orders`, and what else its router has.
fn orders(more: &str) -> String {
    format!(
        r#"//- src/main.rs
use axum::{{Json, Router, extract::Path, response::Html, routing::{{any, delete, get, post}}}};

async fn list_orders() -> Json<Vec<String>> {{ Json(vec![]) }}
async fn place_order(Json(order): Json<String>) -> Json<Vec<String>> {{ Json(vec![order]) }}
async fn read_order(Path(id): Path<String>) -> Json<Vec<String>> {{ Json(vec![id]) }}
async fn cancel_order(Path(id): Path<String>) -> Json<Vec<String>> {{ Json(vec![id]) }}
async fn page() -> Html<String> {{ Html(String::new()) }}

fn unknown() -> String {{ std::env::var("AT").unwrap() }}

#[tokio::main]
async fn main() {{
    let app = Router::new()
        .route("/healthz", get(|| async {{ "ok" }}))
        .route("/orders", get(list_orders).post(place_order))
        .route("/orders/{{id}}", get(read_order)){more}
        ;
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"#
    )
}

/// A document of the routes of [`orders`], and what else it has.
fn document(more: &str) -> String {
    format!(
        "//- openapi.yaml
openapi: 3.1.0
info:
  title: Sales
  version: 1.0.0
paths:
  /orders:
    get:
      responses:
        '200':
          description: all orders
    post:
      responses:
        '201':
          description: the new order
  /orders/{{order_id}}:
    get:
      responses:
        '200':
          description: the order
{more}"
    )
}

fn drift(text: &str) -> Vec<String> {
    drift_of(&check(text))
}

fn drift_of(report: &Report) -> Vec<String> {
    found(report).into_iter().filter(|f| f.ends_with("openapi-drift")).collect()
}

#[track_caller]
fn assert_drift(text: &str) {
    assert_eq!(drift(text), expected(text), "left: found, right: expected");
}

#[track_caller]
fn assert_silent(name: &str, text: &str) {
    assert_eq!(drift(text), Vec::<String>::new(), "{name}");
}

/// `document -> service prefix matched` of each link.
fn links(report: &Report) -> Vec<String> {
    let model = &report.model;
    let shown = |l: &svclint_model::ContractLink| {
        let contract = &model.contracts[l.contract];
        let service = &model.services[l.service.0 as usize].name;
        format!("{} -> {service} {:?} {}", model.relative(contract.file).display(), l.prefix, l.matched)
    };
    model.contract_links.iter().map(shown).collect()
}

#[test]
fn routes_and_operations_that_the_other_side_lacks_are_found() {
    assert_drift(&format!(
        "{}{}",
        orders("\n        .route(\"/orders/{id}/cancel\", post(cancel_order)) // error: [openapi-drift]"),
        document(
            "    delete: # error: [openapi-drift]\n      responses:\n        '204':\n          description: gone\n"
        ),
    ));
}

#[test]
fn services_and_documents_that_agree_are_left_alone() {
    assert_silent("as they are", &(orders("") + &document("")));
    for (name, more) in [
        (
            "probes, metrics and documentation",
            ".route(\"/metrics\", get(list_orders)).route(\"/api-docs/openapi.json\", get(list_orders)).route(\"/readyz\", get(list_orders))",
        ),
        ("pages", ".route(\"/orders/new\", get(page))"),
        ("forms", ".route(\"/orders/new\", post(page))"),
        ("all methods", ".route(\"/proxy\", any(list_orders))"),
        ("preflight", ".route(\"/orders/preflight\", axum::routing::options(list_orders))"),
        ("another path of the same", ".route(\"/v1/orders\", get(list_orders).post(place_order))"),
        ("a path that is not known", ".route(&unknown(), get(cancel_order))"),
        ("files", ".route(\"/files/{*path}\", get(cancel_order))"),
    ] {
        assert_silent(name, &(orders(more) + &document("")));
    }
}

#[test]
fn operations_are_not_missed_where_something_unknown_may_serve_them() {
    let phantom = document("  /invoices:\n    get:\n      responses: { '200': { description: all } }\n");
    assert_eq!(drift(&(orders("") + &phantom)).len(), 1);
    for (name, more) in [
        ("a fallback", ".fallback(list_orders)"),
        (
            "a prefix that is not known",
            ".nest(&unknown(), Router::new().route(\"/invoices\", get(list_orders)))",
        ),
        ("a route that is wider", ".route(\"/{kind}\", get(list_orders))"),
        ("all methods", ".route(\"/invoices\", any(list_orders))"),
    ] {
        assert_silent(name, &(orders(more) + &phantom));
    }
    assert_silent(
        "servers of its own",
        &(orders("")
            + &phantom.replace(
                "  /invoices:\n",
                "  /invoices:\n    servers: [{ url: 'https://billing.example' }]\n",
            )),
    );
    assert_silent("preflight", &(orders("") + &document("    options:\n      responses: {}\n")));
    assert_silent("metrics", &(orders("") + &document("  /metrics:\n    get:\n      responses: {}\n")));
}

#[test]
fn each_value_of_an_enumeration_may_have_a_route() {
    let routes = ".route(\"/reports/daily\", get(page)).route(\"/reports/weekly\", get(page))";
    let reports = |schema: &str| {
        document(&format!(
            "  /reports/{{kind}}:\n    parameters:\n      - {{ name: kind, in: path, required: true, schema: {schema} }}\n    get:\n      responses: {{}}\n"
        ))
    };
    assert_silent(
        "an enumeration",
        &(orders(routes)
            + &reports("{ $ref: '#/components/schemas/Kind' }")
            + "components:\n  schemas:\n    Kind: { type: string, enum: [daily, weekly] }\n"),
    );
    assert_eq!(drift(&(orders(routes) + &reports("{ type: string }"))), ["openapi.yaml:23 openapi-drift"]);
}

#[test]
fn a_document_of_someone_else_is_nobodys() {
    let stripe = "//- clients/stripe.yaml\nopenapi: 3.0.0\ninfo: { title: Stripe, version: '1' }\npaths:\n  /v1/charges:\n    get: {}\n    post: {}\n  /v1/refunds:\n    post: {}\n  /orders:\n    get: {}\n";
    let report = check(&(orders("") + stripe));
    assert_eq!(report.model.contracts.len(), 1);
    assert_eq!(links(&report), Vec::<String>::new());
    assert_silent("a client's", &(orders("") + stripe));
    let probes =
        "//- other.yaml\nopenapi: 3.0.0\npaths:\n  /healthz:\n    get: {}\n  /readyz:\n    get: {}\n";
    assert_silent("only what all services have", &(orders("") + probes));
}

#[test]
fn a_document_of_a_part_says_nothing_of_the_rest() {
    let many = |from: usize, to: usize| -> String {
        (from..to).map(|n| format!(".route(\"/v1/items/{n}\", get(|| async {{ Json(1) }}))")).collect()
    };
    assert_silent("of less than half", &(orders(&many(0, 9)) + &document("")));
    let part = "//- openapi.yaml\nopenapi: 3.0.0\ninfo: { title: Items }\npaths:\n  /v1/items/0:\n    get: {}\n  /v1/items/1:\n    get: {}\n";
    assert_silent("of what lies below a path", &(orders(&many(0, 2)) + part));
    assert_eq!(drift(&(orders(&many(0, 3)) + part)), ["src/main.rs:16 openapi-drift"]);
}

#[test]
fn a_document_with_the_name_of_a_service_describes_all_of_it() {
    let many: String =
        (0..9).map(|n| format!(".route(\"/v1/items/{n}\", get(|| async {{ Json(1) }}))")).collect();
    let named = document("").replace("openapi.yaml", "docs/shop-service.yaml");
    assert_eq!(drift(&(orders(&many) + &named)).len(), 9);
}

#[test]
fn prefixes_come_from_servers() {
    let nested = orders("")
        .replace("let app = Router::new()", "let api = Router::new()")
        .replace("    let listener", "    let app = Router::new().nest(\"/api/v1\", api);\n    let listener");
    for server in [
        "servers:\n  - url: https://shop.example/api/v1/\n",
        "servers:\n  - url: '{scheme}://{host}:8080/api/v1'\n",
        "servers:\n  - url: http://localhost:8080\n  - url: /api/v1\n",
        "basePath: /api/v1\n",
    ] {
        let report = check(&format!("{nested}{}{server}", document("")));
        assert_eq!(links(&report), ["openapi.yaml -> shop \"/api/v1\" 3"], "{server}");
        assert_eq!(drift_of(&report), Vec::<String>::new(), "{server}");
    }
    let unknown =
        check(&format!("{nested}{}servers:\n  - url: https://shop.example/{{stage}}\n", document("")));
    assert_eq!(links(&unknown), Vec::<String>::new());
}

#[test]
fn json_is_read_where_it_is_a_document() {
    let json = "{\n\t\"components\": {\"schemas\": {}},\n\t\"info\": {\"title\": \"Orders\", \"version\": \"1\"},\n\t\"openapi\": \"3.1.0\",\n\t\"paths\": {\n\t\t\"/orders\": {\n\t\t\t\"get\": {}, \"post\": {},\n\t\t\t\"delete\": {\"responses\": {}}\n\t\t}\n\t}\n}\n";
    let others = "//- package-lock.json\n{\"name\": \"web\", \"packages\": {\"a\": {\"openapi\": true}}\n//- broken.json\n{\"a\": [\n";
    let swagger = "//- docs/v1/swagger.json\n{\"swagger\": \"2.0\", \"basePath\": \"/\", \"paths\": {\"/orders\": {\"post\": {\"consumes\": [\"application/json\"], \"parameters\": [{\"in\": \"body\", \"name\": \"order\", \"required\": true}]}, \"get\": {}}}}\n";
    let report = check(&format!("{}//- docs/api.json\n{json}{others}{swagger}", orders("")));
    assert_eq!(links(&report), ["docs/api.json -> shop \"\" 2", "docs/v1/swagger.json -> shop \"\" 2"]);
    let model = &report.model;
    let read: Vec<String> =
        model.files.iter().map(|f| f.display().to_string()).filter(|f| f.ends_with("json")).collect();
    assert_eq!(read, ["/ws/docs/api.json", "/ws/docs/v1/swagger.json"]);
    let body = model.contracts[1].operations[0].body.clone().expect("a body");
    assert_eq!((body.required, body.content_types), (true, vec!["application/json".to_owned()]));
    assert_eq!(drift_of(&report), ["docs/api.json:8 openapi-drift", "src/main.rs:16 openapi-drift"]);
}

#[test]
fn references_are_followed_over_files_and_never_in_a_circle() {
    let text = "//- openapi.yaml
openapi: 3.0.3
paths:
  /orders: { $ref: './paths/orders.yaml' }
  /orders/{id}: { $ref: '#/components/pathItems/Order' }
components:
  pathItems:
    Order:
      parameters: [{ $ref: 'common.yaml#/parameters/Id' }]
      get: { operationId: readOrder }
//- common.yaml
parameters:
  Id: { name: id, in: path, required: true, schema: { type: string } }
//- paths/orders.yaml
get: {}
post:
  requestBody: { $ref: '../common.yaml#/requestBodies/None' }
put: # error: [openapi-drift]
  summary: replaces all orders
";
    assert_drift(&(orders("") + text));
    let report = check(&(orders("") + text));
    let contract = &report.model.contracts[0];
    let read = contract.operations.iter().find(|o| o.operation_id.is_some()).expect("it has a name");
    assert_eq!(read.parameters[0].name, "id");
    assert!(contract.complete);
    let circle = text.replace("get: {}\npost", "$ref: './orders.yaml'\npost");
    let report = check(&(orders(".route(\"/orders/{id}/a\", get(cancel_order))") + &circle));
    assert!(!report.model.contracts[0].complete);
    assert_silent("what is not there may describe anything", &(orders("") + &circle));
}

#[test]
fn a_document_that_is_made_by_a_template_is_not_complete() {
    let more = ".route(\"/orders/{id}/cancel\", post(cancel_order))";
    assert_eq!(drift(&(orders(more) + &document(""))).len(), 1);
    assert_silent(
        "templated",
        &(orders(more) + &document("  {{- include \"more.paths\" . | nindent 2 }}\n")),
    );
}

#[test]
fn documents_of_several_services_find_their_own() {
    let service = |name: &str, routes: &str| {
        format!(
            "//- {name}/Cargo.toml\n[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\naxum = \"0.8\"\ntokio = \"1\"\n//- {name}/src/main.rs\nuse axum::{{Json, Router, routing::get}};\nasync fn all() -> Json<Vec<u8>> {{ Json(vec![]) }}\nasync fn new() -> Json<Vec<u8>> {{ Json(vec![]) }}\n#[tokio::main]\nasync fn main() {{\n    let app = Router::new().route(\"/healthz\", get(|| async {{ 1 }})){routes};\n    let l = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap();\n    axum::serve(l, app).await.unwrap();\n}}\n//- {name}/Dockerfile\nFROM scratch\nUSER 10001\n"
        )
    };
    let users = service("users", ".route(\"/users\", get(all).post(new)).route(\"/tokens\", get(all))");
    let items = service("items", ".route(\"/items\", get(all).post(new)).route(\"/tokens\", get(all))");
    let document = |at: &str, paths: &str| format!("//- {at}\nopenapi: 3.0.0\npaths:\n{paths}");
    let cargo = "//- Cargo.toml\n[workspace]\nmembers = [\"users\", \"items\"]\n";
    let both = document(
        "docs/all.yaml",
        "  /users: { get: {}, post: {} }\n  /items: { get: {} }\n  /tokens: { get: {} }\n",
    );
    let report = check(&format!("{cargo}{users}{items}{both}"));
    assert_eq!(links(&report), ["docs/all.yaml -> users \"\" 3"]);
    assert_eq!(drift_of(&report), Vec::<String>::new(), "another service serves the rest");

    let same = ".route(\"/a\", get(all).post(new))";
    let twins = format!("{cargo}{}{}", service("users", same), service("items", same));
    let paths = "  /a: { get: {}, post: {} }\n";
    assert_eq!(links(&check(&(twins.clone() + &document("docs/all.yaml", paths)))), Vec::<String>::new());
    assert_eq!(
        links(&check(&(twins.clone() + &document("docs/items.yaml", paths)))),
        ["docs/items.yaml -> items \"\" 2"]
    );
    assert_eq!(
        links(&check(&(twins + &document("users/api/spec.yaml", paths)))),
        ["users/api/spec.yaml -> users \"\" 2"]
    );
}

#[test]
fn what_a_library_left_out_of_its_document_was_left_out_on_purpose() {
    let more = "\n        .route(\"/orders/{id}/cancel\", post(cancel_order))";
    let cargo = "//- Cargo.toml\n[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\naxum = \"0.8\"\ntokio = \"1\"\naide = \"0.15\"\n";
    assert_silent("aide", &(orders(more) + &document("") + cargo));
}

#[test]
fn a_copy_of_a_document_is_not_reported_again() {
    let text = document("    delete:\n      responses: {}\n");
    let report = check(&format!("{}{text}{}", orders(""), text.replace("openapi.yaml", "web/openapi.yaml")));
    assert_eq!(links(&report).len(), 2);
    assert_eq!(drift_of(&report), ["openapi.yaml:20 openapi-drift"]);
}

#[test]
fn what_one_document_lacks_another_may_describe() {
    let more = "\n        .route(\"/orders/{id}/cancel\", post(cancel_order))";
    let other = "//- other.yaml\nopenapi: 3.0.0\npaths:\n  /orders: { get: {} }\n  /orders/{id}/cancel: { post: {} }\n";
    assert_silent("two documents", &(orders(more) + &document("") + other));
}

#[test]
fn earlier_versions_of_a_document_are_history() {
    let of = |version: &str, more: &str| {
        let text = document(more).replace("openapi.yaml", &format!("docs/{version}/openapi.yaml"));
        text.replace("version: 1.0.0", &format!("version: '{version}'"))
    };
    let gone = "  /invoices:\n    get: {}\n";
    let hidden = "  /orders/{id}/cancel:\n    post: {}\n";
    let more = ".route(\"/orders/{id}/cancel\", post(cancel_order))";
    assert_silent("an operation that was", &(orders("") + &of("1.9", gone) + &of("1.10", "")));
    assert_silent("the branch", &(orders("") + &of("1.9", gone) + &of("main", "")));
    assert_silent("a route that was described", &(orders(more) + &of("1.9", hidden) + &of("1.10", "")));
    assert_eq!(
        drift(&(orders("") + &of("1.9", "") + &of("1.10", gone))),
        ["docs/1.10/openapi.yaml:21 openapi-drift"]
    );
}

#[test]
fn a_path_from_the_environment_may_be_any() {
    let more = ".route(&unknown(), post(cancel_order))";
    assert_silent("the route", &(orders(more) + &document("  /invoices:\n    post: {}\n")));
}

/// The text of a file after the first fix of the first finding.
fn mended(text: &str, path: &str) -> String {
    let report = check(text);
    let finding = report.findings.iter().find(|f| f.finding.rule.id == "openapi-drift").expect("reported");
    let fix = finding.finding.fixes.first().expect("a fix");
    assert_eq!(fix.applicability, Applicability::Proposal);
    let [Edit::Replace { file, span, text }] = fix.edits.as_slice() else { unreachable!("one edit") };
    let shown = report.file(*file).expect("a file");
    assert!(shown.path.ends_with(path));
    let mut whole = shown.text.to_string();
    whole.replace_range(span.start as usize..span.end as usize, text);
    whole
}

#[test]
fn the_stub_looks_like_the_operations_around_it() {
    let text = orders(".route(\"/orders/{id}/cancel\", post(cancel_order))") + &document("# the end\n");
    let whole = mended(&text, "openapi.yaml");
    let at = whole.find("  /orders/{id}/cancel:").expect("a new path");
    assert_eq!(
        &whole[at..],
        "  /orders/{id}/cancel:
    post:
      parameters:
        - name: id
          in: path
          required: true
          schema:
            type: string
      responses:
        '200':
          description: TODO
# the end
"
    );

    let wide = "//- openapi.yaml\nopenapi: 3.1.0\npaths:\n    /orders/{order_id}:\n        parameters:\n            - { name: order_id, in: path, required: true, schema: { type: string } }\n        get:\n            operationId: readOrder\n            responses:\n                \"200\": { description: the order }\n    /orders:\n        get:\n            operationId: listOrders\n";
    let whole = mended(&(orders("") + wide), "openapi.yaml");
    let at = whole.find("    /orders:").expect("the path");
    assert_eq!(
        &whole[at..],
        "    /orders:
        get:
            operationId: listOrders
        post:
            operationId: placeOrder
            requestBody:
                required: true
                content:
                    application/json:
                        schema:
                            type: object
            responses:
                \"200\":
                    description: TODO
"
    );
}

#[test]
fn no_stub_is_written_where_it_would_not_fit() {
    let flow =
        "//- openapi.yaml\nopenapi: 3.1.0\npaths: { /orders: { get: {} }, '/orders/{id}': { get: {} } }\n";
    let report = check(&(orders("") + flow));
    let finding = report.findings.iter().find(|f| f.finding.rule.id == "openapi-drift").expect("reported");
    assert!(finding.finding.fixes.is_empty());
}

#[test]
fn an_edited_document_does_not_join_the_code_anew() {
    let files = support::files(&(orders("") + &document("")));
    let disk =
        Arc::new(MemoryFs::new(files.into_iter().map(|(p, t)| (std::path::Path::new("/ws").join(p), t))));
    let overlay = Arc::new(Overlay::new(disk));
    let mut workspace =
        Workspace::new(overlay.clone(), vec!["/ws".into()], Options::default()).expect("a root");
    workspace.load().expect("files");
    assert!(workspace.check(&Cancel::default()).expect("runs").rejoined.whole);
    let path = std::path::Path::new("/ws/openapi.yaml");
    let text = document("    delete:\n      responses: {}\n");
    overlay.set(path, text.strip_prefix("//- openapi.yaml\n").expect("a file").into());
    workspace.refresh([path.to_owned()]);
    let report = workspace.check(&Cancel::default()).expect("runs");
    assert!(!report.rejoined.whole);
    assert_eq!(report.rejoined.bodies, 0);
    assert_eq!(drift_of(&report), ["openapi.yaml:20 openapi-drift"]);
}
