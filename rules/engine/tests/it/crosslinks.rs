//! Places that mean each other, as an editor goes from one to the other.

use crate::support::check;
use svclint_engine::Report;
use svclint_model::{LinkKind, Place};

fn shown(report: &Report, place: Place) -> String {
    let file = report.file(place.file).expect("a link leads to a file");
    let path = file.path.strip_prefix("/ws").expect("inside").display().to_string();
    format!("{path}:{}", file.lines.line_of(place.span.start) + 1)
}

/// The links of a kind: from where to where.
fn links(report: &Report, kind: LinkKind) -> Vec<String> {
    let all = report.model.cross_links();
    let mine = all.iter().filter(|l| l.kind == kind);
    mine.map(|l| format!("{} -> {}", shown(report, l.from), shown(report, l.to))).collect()
}

#[test]
fn references_of_documents_lead_to_what_they_mean() {
    let report = check(
        "//- src/main.rs
fn main() {}
//- openapi.yaml
openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders:
    $ref: paths/orders.yaml
components:
  schemas:
    Order: { type: object, properties: { next: { $ref: '#/components/schemas/Order' } } }
//- paths/orders.yaml
get:
  responses:
    '200': { content: { application/json: { schema: { $ref: '../openapi.yaml#/components/schemas/Order' } } } }
post:
  responses: { '200': { $ref: 'nowhere.yaml' } }
",
    );
    assert_eq!(
        links(&report, LinkKind::ContractReference),
        [
            "openapi.yaml:5 -> paths/orders.yaml:1",
            "openapi.yaml:8 -> openapi.yaml:8",
            "paths/orders.yaml:3 -> openapi.yaml:8"
        ]
    );
}

#[test]
fn imports_of_protobuf_files_lead_to_them() {
    let text = "//- src/main.rs
fn main() {}
//- proto/shop/v1/orders.proto
syntax = \"proto3\";
package shop.v1;
import \"shop/v1/money.proto\";
import \"google/protobuf/empty.proto\";
//- proto/shop/v1/money.proto
syntax = \"proto3\";
package shop.v1;
";
    let expected = ["proto/shop/v1/orders.proto:3 -> proto/shop/v1/money.proto:1"];
    assert_eq!(links(&check(text), LinkKind::ProtoImport), expected);
    // Of two copies nobody can say which one is meant.
    let copies = format!("{text}//- other/shop/v1/money.proto\nsyntax = \"proto3\";\n");
    assert_eq!(links(&check(&copies), LinkKind::ProtoImport), Vec::<String>::new());
}
