//! From the syntax tree of a protobuf file to its facts. Never fails: what is not understood is left out.

use svclint_syntax::Span;
use tree_sitter::{Node, Parser};

use super::{
    HttpBinding, ProtoEnum, ProtoField, ProtoFile, ProtoImport, ProtoLabel, ProtoMessage, ProtoMethod,
    ProtoOption, ProtoPayload, ProtoService,
};
use crate::Name;

/// How deep messages may nest.
const MAX_DEPTH: u32 = 32;

/// The option that ties a method to HTTP requests.
const HTTP_OPTION: &str = "(google.api.http)";

/// Reads a `.proto` file.
pub fn proto_file(text: &str) -> ProtoFile {
    let mut file = ProtoFile::default();
    let mut parser = Parser::new();
    let grammar = tree_sitter_proto::LANGUAGE.into();
    let tree = parser.set_language(&grammar).ok().and_then(|()| parser.parse(text, None));
    let Some(tree) = tree else { return ProtoFile { broken: true, ..file } };
    let root = tree.root_node();
    file.broken = root.has_error();
    let reader = Reader { text };
    for node in children(root) {
        reader.declaration(node, &mut file);
    }
    file
}

/// The parts of a node; where the text is broken, what could be read of it.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    let mut found = Vec::new();
    for child in node.children(&mut cursor) {
        if child.is_error() {
            let mut inner = child.walk();
            found.extend(child.children(&mut inner));
        } else {
            found.push(child);
        }
    }
    found
}

fn child<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    children(node).into_iter().find(|c| c.kind() == kind)
}

fn span(node: Node<'_>) -> Span {
    Span::new(node.start_byte() as u32, node.end_byte() as u32)
}

struct Reader<'t> {
    text: &'t str,
}

impl<'t> Reader<'t> {
    fn text(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.start_byte()..node.end_byte()).unwrap_or("")
    }

    /// The text of a node without blanks between its words.
    fn packed(&self, node: Node<'_>) -> String {
        self.text(node).split_whitespace().collect()
    }

    fn name(&self, node: Node<'_>, kind: &str) -> Option<(Name, Span)> {
        let found = child(node, kind).filter(|n| !n.is_missing())?;
        Some((Name::new(self.text(found)), span(found)))
    }

    fn declaration(&self, node: Node<'_>, file: &mut ProtoFile) {
        match node.kind() {
            "package" => {
                let name = child(node, "full_ident").map(|n| self.packed(n));
                file.package = Name::new(name.unwrap_or_default());
            }
            "import" => file.imports.extend(
                child(node, "string")
                    .map(|path| ProtoImport { path: unquoted(self.text(path)).to_owned(), span: span(node) }),
            ),
            "option" => file.options.extend(self.option(node)),
            "service" => file.services.extend(self.service(node)),
            "message" => self.message(node, "", file, 0),
            "enum" => file.enums.extend(self.enumeration(node, "")),
            _ => {}
        }
    }

    fn option(&self, node: Node<'_>) -> Option<ProtoOption> {
        let parts = children(node);
        let is = parts.iter().position(|p| p.kind() == "=")?;
        let name = parts.get(..is)?.iter().filter(|p| p.kind() != "option").map(|p| self.packed(*p));
        let value = parts.get(is + 1)?;
        Some(ProtoOption {
            name: name.collect(),
            value: unquoted(self.text(*value)).to_owned(),
            span: span(node),
        })
    }

    fn service(&self, node: Node<'_>) -> Option<ProtoService> {
        let (name, at) = self.name(node, "service_name")?;
        let rpcs = children(node).into_iter().filter(|c| c.kind() == "rpc");
        Some(ProtoService { name, span: at, methods: rpcs.filter_map(|rpc| self.method(rpc)).collect() })
    }

    fn method(&self, node: Node<'_>) -> Option<ProtoMethod> {
        let (name, at) = self.name(node, "rpc_name")?;
        let mut payloads = Vec::new();
        let mut stream = false;
        let mut http = Vec::new();
        for part in children(node) {
            match part.kind() {
                "stream" => stream = true,
                "message_or_enum_type" => {
                    let message = Name::new(self.packed(part));
                    payloads.push(ProtoPayload {
                        message,
                        span: span(part),
                        stream: std::mem::take(&mut stream),
                    });
                }
                "option" => self.bindings(part, &mut http),
                _ => {}
            }
        }
        let mut payloads = payloads.into_iter();
        Some(ProtoMethod { name, span: at, takes: payloads.next()?, gives: payloads.next()?, http })
    }

    /// `option (google.api.http) = { get: "/v1/orders" };`, `option (google.api.http).get = "/v1/orders";`
    fn bindings(&self, node: Node<'_>, http: &mut Vec<HttpBinding>) {
        let Some(option) = self.option(node) else { return };
        let Some(rest) = option.name.strip_prefix(HTTP_OPTION) else { return };
        let Some(value) = child(node, "constant") else { return };
        match rest.strip_prefix('.') {
            Some(method) => http.extend(self.binding(method, value)),
            None => self.block(value, http, 0),
        }
    }

    /// The fields of `{ get: "/v1/orders" additional_bindings { .. } }`.
    fn block(&self, value: Node<'_>, http: &mut Vec<HttpBinding>, depth: u32) {
        let Some(block) = child(value, "block_lit").filter(|_| depth < MAX_DEPTH) else { return };
        let mut key = "";
        for part in children(block) {
            match part.kind() {
                "identifier" => key = self.text(part),
                "constant" if key == "additional_bindings" || key == "custom" => {
                    self.block(part, http, depth + 1);
                }
                "constant" => http.extend(self.binding(key, part)),
                _ => {}
            }
        }
    }

    fn binding(&self, key: &str, value: Node<'_>) -> Option<HttpBinding> {
        let method = match key {
            "get" | "put" | "post" | "delete" | "patch" => key.to_uppercase(),
            // `custom { kind: "HEAD" path: "/v1" }`
            "path" => "ANY".to_owned(),
            _ => return None,
        };
        let text = child(value, "string")?;
        Some(HttpBinding { method, path: unquoted(self.text(text)).to_owned(), span: span(text) })
    }

    fn message(&self, node: Node<'_>, around: &str, file: &mut ProtoFile, depth: u32) {
        let Some((own, at)) = self.name(node, "message_name").filter(|_| depth < MAX_DEPTH) else { return };
        let mut message = ProtoMessage {
            name: if around.is_empty() { own.to_string() } else { format!("{around}.{own}") },
            span: at,
            fields: Vec::new(),
            reserved_numbers: Vec::new(),
            reserved_names: Vec::new(),
        };
        for part in child(node, "message_body").map(children).unwrap_or_default() {
            match part.kind() {
                "field" | "map_field" => message.fields.extend(self.field(part, ProtoLabel::Plain)),
                "oneof" => {
                    let fields = children(part).into_iter().filter(|c| c.kind() == "oneof_field");
                    message.fields.extend(fields.filter_map(|f| self.field(f, ProtoLabel::OneOf)));
                }
                "reserved" => self.reserved(part, &mut message),
                "message" => self.message(part, &message.name, file, depth + 1),
                "enum" => file.enums.extend(self.enumeration(part, &message.name)),
                _ => {}
            }
        }
        file.messages.push(message);
    }

    fn field(&self, node: Node<'_>, label: ProtoLabel) -> Option<ProtoField> {
        let (name, _) = self.name(node, "identifier")?;
        let ty_node = child(node, "type")?;
        let ty = self.packed(ty_node);
        let key = child(node, "key_type").map(|k| self.text(k));
        let label = children(node).iter().fold(label, |label, part| match part.kind() {
            "optional" => ProtoLabel::Optional,
            "required" => ProtoLabel::Required,
            "repeated" => ProtoLabel::Repeated,
            _ => label,
        });
        Some(ProtoField {
            name,
            number: number(self.text(child(node, "field_number")?))?,
            ty: Name::new(key.map_or(ty.clone(), |key| format!("map<{key}, {ty}>"))),
            ty_span: span(ty_node),
            label,
            span: span(node),
        })
    }

    fn reserved(&self, node: Node<'_>, message: &mut ProtoMessage) {
        for list in children(node) {
            for part in children(list) {
                match part.kind() {
                    "range" => message.reserved_numbers.extend(self.range(part)),
                    "reserved_identifier" => {
                        message.reserved_names.push(Name::new(unquoted(self.text(part))));
                    }
                    _ => {}
                }
            }
        }
    }

    /// `4`, `4 to 6`, `9 to max`
    fn range(&self, node: Node<'_>) -> Option<(u32, u32)> {
        let mut words = self.text(node).split_whitespace();
        let first = number(words.next()?)?;
        match (words.next(), words.next()) {
            (Some("to"), Some("max")) => Some((first, u32::MAX)),
            (Some("to"), Some(last)) => Some((first, number(last)?)),
            _ => Some((first, first)),
        }
    }

    fn enumeration(&self, node: Node<'_>, around: &str) -> Option<ProtoEnum> {
        let (own, at) = self.name(node, "enum_name")?;
        let parts = child(node, "enum_body").map(children).unwrap_or_default();
        let value = |part: Node<'_>| {
            let (name, _) = self.name(part, "identifier")?;
            let sign = if child(part, "-").is_some() { -1 } else { 1 };
            Some((name, sign * i32::try_from(number(self.text(child(part, "int_lit")?))?).ok()?))
        };
        Some(ProtoEnum {
            name: if around.is_empty() { own.to_string() } else { format!("{around}.{own}") },
            span: at,
            values: parts.into_iter().filter(|p| p.kind() == "enum_field").filter_map(value).collect(),
        })
    }
}

/// A string without its quotes; other text as it is.
fn unquoted(text: &str) -> &str {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// A number as protobuf writes it: `12`, `0x1f`, `017`.
fn number(text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).ok();
    }
    match text.strip_prefix('0').filter(|rest| !rest.is_empty()) {
        Some(octal) => u32::from_str_radix(octal, 8).ok(),
        None => text.parse().ok(),
    }
}
