//! What is read of protobuf files, whole and broken.

#![allow(clippy::panic, clippy::expect_used)]

use super::{ProtoFile, ProtoLabel, proto_file};

const ORDERS: &str = r#"syntax = "proto3"; // service Fake {}
package shop . v1;
import public "google/api/annotations.proto";
option java_package = "shop";
service Orders {
  option deprecated = true;
  rpc Place (stream PlaceRequest) returns (.shop.v1.Placed) {
    option (google.api.http) = {
      post: "/v1/orders"
      body: "*"
      additional_bindings { get: "/v1/o/{id}" }
    };
  }
  rpc Ping (Empty) returns (stream Empty) { option (google.api.http).get = "/v1/ping"; }
}
message Placed {
  reserved 2, 4 to 6, 9 to max;
  reserved "foo", 'bar';
  repeated string service = 1 [deprecated = true];
  map<string, Placed> by = 3;
  oneof what { int32 message = 7; Inner rpc = 8; }
  message Inner { optional bytes b = 0x10; }
  enum Kind { UNKNOWN = 0; NEG = -1; }
}
"#;

#[test]
fn everything_is_read() {
    let file = proto_file(ORDERS);
    assert!(!file.broken);
    assert_eq!(file.package, "shop.v1");
    assert_eq!(file.imports[0].path, "google/api/annotations.proto");
    assert_eq!((file.options[0].name.as_str(), file.options[0].value.as_str()), ("java_package", "shop"));
    let [orders] = file.services.as_slice() else { panic!("one service: {:?}", file.services) };
    assert_eq!((orders.name.as_str(), orders.span.text(ORDERS)), ("Orders", "Orders"));
    let shown: Vec<String> = orders
        .methods
        .iter()
        .map(|m| {
            let http: Vec<String> =
                m.http.iter().map(|h| format!("{} {} {}", h.method, h.path, h.span.text(ORDERS))).collect();
            let stream = |s: bool| if s { "stream " } else { "" };
            let (takes, gives) = (&m.takes, &m.gives);
            format!(
                "{} {}{} -> {}{} {http:?}",
                m.name,
                stream(takes.stream),
                takes.message,
                stream(gives.stream),
                gives.message
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    Place stream PlaceRequest -> .shop.v1.Placed ["POST /v1/orders \"/v1/orders\"", "GET /v1/o/{id} \"/v1/o/{id}\""]
    Ping Empty -> stream Empty ["GET /v1/ping \"/v1/ping\""]
    "#);
    let shown: Vec<String> = file
        .messages
        .iter()
        .flat_map(|m| {
            m.fields.iter().map(|f| format!("{}: {} {} = {} {:?}", m.name, f.ty, f.name, f.number, f.label))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    Placed.Inner: bytes b = 16 Optional
    Placed: string service = 1 Repeated
    Placed: map<string, Placed> by = 3 Plain
    Placed: int32 message = 7 OneOf
    Placed: Inner rpc = 8 OneOf
    ");
    let placed = file.messages.iter().find(|m| m.name == "Placed").expect("the message");
    assert_eq!(placed.reserved_numbers, [(2, 2), (4, 6), (9, u32::MAX)]);
    assert_eq!(placed.reserved_names, ["foo", "bar"]);
    assert_eq!(file.enums[0].name, "Placed.Kind");
    assert_eq!(file.enums[0].values, [("UNKNOWN".into(), 0), ("NEG".into(), -1)]);
    assert_eq!(placed.fields[0].label, ProtoLabel::Repeated);
}

#[test]
fn broken_files_keep_what_can_be_read() {
    let text = ORDERS.replace("rpc Ping (Empty)", "rpc Ping Empty)");
    let file = proto_file(&text);
    assert!(file.broken);
    assert_eq!(file.package, "shop.v1");
    assert!(file.messages.iter().any(|m| m.name == "Placed"));
    let cut = proto_file("package a.b; service Orders { rpc Place (A) returns (B); rpc");
    assert_eq!(cut.package, "a.b");
    assert_eq!(proto_file(""), ProtoFile::default());
}

#[test]
fn deep_nesting_ends() {
    let deep = "message A { ".repeat(20_000);
    let file = proto_file(&deep);
    assert!(file.broken);
    assert!(file.messages.len() <= 40);
}
