//! Facts of a protobuf file: its package, services, messages and enums, each with its place.

mod read;

use serde::{Deserialize, Serialize};
use svclint_syntax::Span;

use crate::Name;

pub use read::proto_file;

/// What a `.proto` file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoFile {
    /// `package shop.v1;`, empty where there is none.
    pub package: Name,
    /// `import "google/api/annotations.proto";`
    pub imports: Vec<ProtoImport>,
    /// Options of the file itself.
    pub options: Vec<ProtoOption>,
    /// `service Orders { .. }`
    pub services: Vec<ProtoService>,
    /// All messages, those inside of others too.
    pub messages: Vec<ProtoMessage>,
    /// All enums, those inside of messages too.
    pub enums: Vec<ProtoEnum>,
    /// Whether some of the text was not understood: what is missing here may be in it.
    pub broken: bool,
}

/// A file that another one brings in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoImport {
    /// The path as written, without quotes.
    pub path: String,
    /// All of the statement.
    pub span: Span,
}

/// An option with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoOption {
    /// `deprecated`, `(google.api.http).get`.
    pub name: String,
    /// The value as written; of a string what stands between the quotes.
    pub value: String,
    /// All of the statement.
    pub span: Span,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoService {
    /// Its name, without the package.
    pub name: Name,
    /// The name's place.
    pub span: Span,
    /// Its methods.
    pub methods: Vec<ProtoMethod>,
}

/// A method of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoMethod {
    /// Its name.
    pub name: Name,
    /// The name's place.
    pub span: Span,
    /// What it takes.
    pub takes: ProtoPayload,
    /// What it gives.
    pub gives: ProtoPayload,
    /// The HTTP requests that a gateway turns into it: `option (google.api.http)`.
    pub http: Vec<HttpBinding>,
}

/// What goes into or comes out of a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoPayload {
    /// The message's type as written.
    pub message: Name,
    /// The type's place.
    pub span: Span,
    /// Whether it is a stream of them.
    pub stream: bool,
}

/// An HTTP request that stands for a call of a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpBinding {
    /// `GET`
    pub method: String,
    /// `/v1/orders/{id}`
    pub path: String,
    /// The path's place, quotes included.
    pub span: Span,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoMessage {
    /// Its name without the package, with the messages around it: `Order.Line`.
    pub name: String,
    /// The name's place.
    pub span: Span,
    /// Its fields, those of `oneof`s too.
    pub fields: Vec<ProtoField>,
    /// Numbers that no field may have, both ends included.
    pub reserved_numbers: Vec<(u32, u32)>,
    /// Names that no field may have.
    pub reserved_names: Vec<Name>,
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoField {
    /// Its name.
    pub name: Name,
    /// Its number on the wire.
    pub number: u32,
    /// Its type as written; `map<string, Line>` for maps.
    pub ty: Name,
    /// The type's place; of a map, that of its values' type.
    pub ty_span: Span,
    /// How often it is there.
    pub label: ProtoLabel,
    /// All of it.
    pub span: Span,
}

/// How often a field is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProtoLabel {
    /// Nothing is said.
    #[default]
    Plain,
    /// `optional`
    Optional,
    /// `required`
    Required,
    /// `repeated`
    Repeated,
    /// One of several: a field of a `oneof`.
    OneOf,
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoEnum {
    /// Its name without the package, with the messages around it.
    pub name: String,
    /// The name's place.
    pub span: Span,
    /// Its values.
    pub values: Vec<(Name, i32)>,
}

#[cfg(test)]
mod tests;
