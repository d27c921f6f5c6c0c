//! Where OpenAPI documents describe bodies otherwise than the code reads and writes them.

use crate::support::{check, mended};

/// A program that takes and gives orders, and a document of it. `types` declares `NewOrder` and `Order`.
fn text(types: &str, new_order: &str, order: &str) -> String {
    format!(
        r#"//- src/main.rs
use axum::{{Json, Router, http::StatusCode, routing::get}};
use serde::{{Deserialize, Serialize}};

{types}

async fn place(Json(order): Json<NewOrder>) -> Result<(StatusCode, Json<Order>), StatusCode> {{ todo!() }}
async fn list() -> Json<Vec<Order>> {{ todo!() }}

#[tokio::main]
async fn main() {{
    let app = Router::new().route("/orders", get(list).post(place));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
//- openapi.yaml
openapi: 3.1.0
info: {{ title: Orders, version: 1.0.0 }}
paths:
  /orders:
    get:
      responses:
        '200':
          description: all orders
          content:
            application/json:
              schema:
                type: array
                items: {{ $ref: '#/components/schemas/Order' }}
    post:
      requestBody:
        required: true
        content:
          application/json:
            schema: {{ $ref: '#/components/schemas/NewOrder' }}
      responses:
        '201':
          description: the new order
          content:
            application/json:
              schema: {{ $ref: '#/components/schemas/Order' }}
components:
  schemas:
    NewOrder:
{new_order}
    Order:
{order}
"#
    )
}

const ORDER: &str = "#[derive(Serialize)] struct Order { id: String }";
const ORDER_SCHEMA: &str = "      type: object\n      properties: { id: { type: string } }";

/// What is said of what is taken.
fn of_taken(new_order: &str, schema: &str) -> Vec<String> {
    told(&text(&format!("{new_order}\n{ORDER}"), schema, ORDER_SCHEMA))
}

/// What is said of what is given.
fn of_given(order: &str, schema: &str) -> Vec<String> {
    let new_order = "#[derive(Deserialize)] struct NewOrder { id: Option<String> }";
    let new_schema = "      type: object\n      required: []\n      properties: { id: { type: string } }";
    told(&text(&format!("{new_order}\n{order}"), new_schema, schema))
}

fn told(text: &str) -> Vec<String> {
    let report = check(text);
    let drifts = report.findings.iter().filter(|f| f.finding.rule.id == "openapi-drift");
    drifts.map(|f| f.finding.message.clone()).collect()
}

const SCHEMA: &str = "      type: object
      required: [id]
      properties:
        id: { type: string }
        customerId: { type: string }";

#[test]
fn what_the_code_needs_is_required_by_the_document() {
    let taken = |fields: &str| {
        let attributes = "#[derive(Deserialize)]\n#[serde(rename_all = \"camelCase\")]";
        of_taken(&format!("{attributes}\nstruct NewOrder {{ id: String, {fields} }}"), SCHEMA)
    };
    assert_eq!(
        taken("customer_id: String"),
        ["`customerId` is optional here, but `POST /orders` refuses a body without it"]
    );
    let [undescribed] = &taken("customer_id: Option<String>, shop: u32")[..] else { panic!("one is told") };
    assert!(undescribed.starts_with("`POST /orders` refuses a body without `shop`, which is not described"));
    for (name, fields) in [
        ("an option", "customer_id: Option<String>"),
        ("a default", "#[serde(default)] customer_id: String"),
        ("a default of its own", "#[serde(default = \"nobody\")] customer_id: String"),
        ("code of its own", "#[serde(deserialize_with = \"read\")] customer_id: String"),
        ("another name as well", "#[serde(alias = \"customer\")] customer_id: String"),
        ("a type that is not known", "customer_id: Elsewhere"),
        ("a type of a library with parts", "customer_id: elsewhere::Maybe<String>"),
        ("it is not read", "#[serde(skip)] customer_id: String"),
        ("fields of another in its place", "#[serde(flatten)] rest: Rest, customer_id: String"),
        ("some builds", "#[cfg(feature = \"x\")] customer_id: String"),
    ] {
        assert_eq!(taken(fields), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn types_that_are_read_in_other_ways_are_left_alone() {
    for (name, new_order) in [
        (
            "defaults for all",
            "#[derive(Deserialize, Default)] #[serde(default)] struct NewOrder { id: String, customerId: String }",
        ),
        (
            "made of another type",
            "#[derive(Deserialize)] #[serde(try_from = \"Raw\")] struct NewOrder { id: String, customerId: String }",
        ),
        (
            "by hand",
            "struct NewOrder { id: String, customerId: String }\nimpl<'de> Deserialize<'de> for NewOrder {}",
        ),
        (
            "another macro",
            "#[serde_with::serde_as]\n#[derive(Deserialize)] struct NewOrder { id: String, customerId: String }",
        ),
        ("with parameters", "#[derive(Deserialize)] struct NewOrder<T = String> { id: T, customerId: T }"),
    ] {
        assert_eq!(of_taken(new_order, SCHEMA), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn documents_that_say_more_than_is_read_are_left_alone() {
    let new_order = "#[derive(Deserialize)] struct NewOrder { id: String, customerId: String }";
    for (name, schema) in [
        ("one of several", "      oneOf: [{ type: object, properties: { id: { type: string } } }]"),
        ("anything", "      type: object"),
        (
            "nothing is ever required",
            "      type: object\n      properties: { id: { type: string }, customerId: { type: string } }",
        ),
        (
            "only in answers",
            "      type: object\n      required: [id, customerId]\n      properties: { id: { type: string }, customerId: { type: string, readOnly: true } }",
        ),
        ("a part elsewhere", "      allOf: [{ $ref: 'elsewhere.yaml#/Order' }]"),
        ("itself", "      $ref: '#/components/schemas/NewOrder'"),
        (
            "all parts together",
            "      allOf:\n        - { type: object, required: [id], properties: { id: { type: string } } }\n        - { type: object, required: [customerId], properties: { customerId: { type: string } } }",
        ),
    ] {
        assert_eq!(of_taken(new_order, schema), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn words_and_members_that_the_code_refuses_are_not_described() {
    let types = "#[derive(Deserialize)]\n#[serde(deny_unknown_fields)]\nstruct NewOrder { id: String, customerId: String, way: Way }\n#[derive(Deserialize)]\n#[serde(rename_all = \"kebab-case\")]\nenum Way { ByAir, #[serde(rename = \"sea\")] BySea }";
    let schema = "      type: object
      required: [id, customerId, way]
      properties:
        id: { type: string }
        customerId: { type: string }
        colour: { type: string }
        way: { type: string, enum: [by-air, sea, by-rail] }";
    assert_eq!(
        of_taken(types, schema),
        [
            "`colour` is described here, but `POST /orders` refuses it",
            "`by-rail` is described here, but `POST /orders` refuses it",
        ]
    );
    assert_eq!(
        of_taken(&types.replace("#[serde(deny_unknown_fields)]\n", ""), &schema.replace(", by-rail", "")),
        Vec::<String>::new(),
        "other members are passed over"
    );
}

#[test]
fn what_the_document_requires_is_answered() {
    let schema = "      type: object
      required: [id, note, total]
      properties:
        id: { type: string }
        note: { type: string }
        total: { type: integer }
        state: { type: string, enum: [NEW] }";
    let given = of_given(
        "#[derive(Serialize)] struct Order { id: String, #[serde(skip_serializing_if = \"Option::is_none\")] note: Option<String>, state: State }\n#[derive(Serialize)] #[serde(rename_all = \"SCREAMING_SNAKE_CASE\")] enum State { New, InTransit }",
        schema,
    );
    let begin = |n: usize| given.get(n).map(|m| m.split(':').next().unwrap());
    assert_eq!(begin(0), Some("`note` is required here, but `GET /orders` may leave it out"));
    assert_eq!(begin(1), Some("`total` is required here, but `GET /orders` never answers with it"));
    assert_eq!(begin(2), Some("`GET /orders` may answer with `IN_TRANSIT`, which is not listed"));
    assert_eq!(given.len(), 3, "what two operations share is told once");
    assert_eq!(
        of_given(
            "#[derive(Serialize)] struct Order { id: String, note: Option<String>, total: u64 }",
            schema
        ),
        Vec::<String>::new(),
        "null is there"
    );
}

#[test]
fn the_document_is_told_what_is_needed_in_its_own_way() {
    let new_order = "#[derive(Deserialize)] struct NewOrder { id: String, customerId: String, line: Line }\n#[derive(Deserialize)] struct Line { sku: String, count: u32 }";
    let schema = |required: &str, of_line: &str| {
        format!(
            "      type: object{required}
      properties:
        id: {{ type: string }}
        customerId: {{ type: string }}
        line:
          type: object{of_line}
          properties:
            sku: {{ type: string }} # the number on the box
            count: {{ type: integer }}"
        )
    };
    let fixed = |required: &str, of_line: &str| {
        mended(
            &text(&format!("{new_order}\n{ORDER}"), &schema(required, of_line), ORDER_SCHEMA),
            "openapi-drift",
        )
    };
    assert!(fixed("\n      required: [id]", "").contains("      required: [id, customerId, line]\n"));
    let block = fixed("\n      required:\n        - id # ours", "");
    assert!(block.contains("        - id # ours\n        - customerId\n        - line\n"), "{block}");
    let new = fixed("\n      required: [id, customerId, line]", "");
    assert!(
        new.contains("            count: { type: integer }\n          required: [sku, count]\n"),
        "{new}"
    );
}
