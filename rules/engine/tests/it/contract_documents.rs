//! OpenAPI documents: how they are read, and which service they belong to.

use crate::support;
use std::sync::Arc;

use crate::support::check;
use crate::support::orders::{assert_drift, assert_silent, document, drift, drift_of, links, orders};
use svclint_engine::{Cancel, MemoryFs, Options, Overlay, Workspace};

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
#[test]
fn a_document_that_is_made_by_a_template_is_not_complete() {
    let more = ".route(\"/orders/{id}/cancel\", post(cancel_order))";
    assert_eq!(drift(&(orders(more) + &document(""))).len(), 1);
    assert_silent(
        "templated",
        &(orders(more) + &document("  {{- include \"more.paths\" . | nindent 2 }}\n")),
    );
}
