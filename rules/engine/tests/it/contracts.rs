//! Where OpenAPI documents and the services that they describe disagree.

use crate::support::check;
use crate::support::orders::{assert_drift, assert_silent, document, drift, drift_of, links, orders};
use svclint_catalog::{Applicability, Edit};

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

/// A stand-in for tests serves a part of what another program serves, whose routes are not seen.
#[test]
fn a_document_that_is_called_as_another_service_is_not_of_a_stand_in() {
    let report = |title: &str| {
        let package = |path: &str, name: &str| {
            format!(
                "//- {path}\n[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
                 [dependencies]\naxum = \"0.8\"\ntokio = \"1\"\n"
            )
        };
        let packages = package("Cargo.toml", "shop") + &package("backend/Cargo.toml", "sales");
        let other = "//- backend/src/main.rs
#[tokio::main]
async fn main() {
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:8080\").await.unwrap();
    axum::serve(listener, unseen::routes()).await.unwrap();
}
";
        let document = document("").replace("title: Sales", &format!("title: {title}"));
        check(&(orders("") + &packages + other + &document))
    };
    assert_eq!(links(&report("Sales Service")), Vec::<String>::new());
    assert_eq!(links(&report("Orders")).len(), 1);
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
fn routes_of_some_builds_only_are_not_asked_for() {
    let routed = "post(cancel_order))";
    for (name, more) in [
        (
            "a block",
            format!(
                "; #[cfg(feature = \"cancel\")] {{ app = app.route(\"/orders/{{id}}/cancel\", {routed}; }}"
            ),
        ),
        (
            "an assignment",
            format!(
                "; #[cfg(feature = \"cancel\")] app = app.route(\"/orders/{{id}}/cancel\", {routed}; tick()"
            ),
        ),
    ] {
        let text = orders(&more)
            .replace("let app", "let mut app")
            .replace("async fn page", "fn tick() {}\nasync fn page");
        assert_silent(name, &(text.clone() + &document("")));
        assert_eq!(
            drift(&(text.replace("#[cfg(feature = \"cancel\")]", "") + &document(""))).len(),
            1,
            "{name}"
        );
    }
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
