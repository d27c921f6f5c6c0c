//! The public data of contracts: OpenAPI documents, and the services that they speak of.

use serde::Serialize;

use super::shape::{Payload, Shape};
use crate::manifests::{Block, Spot};
use crate::place::{FileId, Place, Tri};
use crate::system::ServiceId;

/// An OpenAPI document (3.x), or a Swagger document (2.0).
#[derive(Clone, Debug, Serialize)]
pub struct OpenApi {
    /// The file that holds `paths`.
    pub file: FileId,
    /// The key of the paths.
    pub at: Place,
    /// What it is called.
    pub title: Option<String>,
    /// The version of the API that it describes.
    pub version: Option<String>,
    /// What `servers` or `basePath` put in front of all paths, without a slash at the end; unknown where a variable is
    /// part of it.
    pub prefixes: Vec<Tri<String>>,
    /// The paths, in order.
    pub paths: Vec<DescribedPath>,
    /// The mapping that holds the paths.
    pub paths_block: Option<Block>,
    /// The operations of all paths.
    pub operations: Vec<Operation>,
    /// Where it refers to something, in all files that it is written in, and where that stands.
    #[serde(skip)]
    pub references: Vec<Reference>,
    /// Whether these are all: where one leads nowhere, any file may be what is missing.
    #[serde(skip)]
    pub all_references: bool,
    /// Whether these are all: nothing is templated, broken or behind a reference that leads nowhere.
    pub complete: bool,
}

/// `$ref`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// As written: `#/components/schemas/Order`.
    pub written: String,
    /// Where.
    pub at: Place,
    /// Where that begins which it means.
    pub target: Place,
}

/// A path of a document.
#[derive(Clone, Debug, Serialize)]
pub struct DescribedPath {
    /// As written: `/orders/{id}`.
    pub path: String,
    /// Its key.
    pub at: Place,
    /// The mapping of its operations, wherever that is written.
    pub block: Option<Block>,
    /// Whether parameters stand beside its operations, for all of them.
    pub shares_parameters: bool,
}

/// One method of one path.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// `GET`, …
    pub method: String,
    /// As written, without the prefix of the document.
    pub path: String,
    /// The path: index into [`OpenApi::paths`].
    pub path_index: usize,
    /// `operationId`.
    pub operation_id: Option<String>,
    /// The key of the path.
    pub path_at: Place,
    /// The key of the method.
    pub method_at: Place,
    /// The parameters, those of the path included.
    pub parameters: Vec<Parameter>,
    /// What it takes.
    pub body: Option<RequestBody>,
    /// The codes that it answers with, `default` included, with their keys.
    pub responses: Vec<Spot<String>>,
    /// The JSON that it takes, where the document says for certain what that is made of.
    #[serde(skip)]
    pub takes: Option<Shape>,
    /// The JSON that it gives where it succeeds.
    #[serde(skip)]
    pub gives: Option<Shape>,
    /// Path or operation have servers of their own: the document's prefixes do not hold.
    pub other_servers: bool,
}

/// A parameter of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header`, `cookie`.
    pub place: String,
    /// Whether requests need it.
    pub required: bool,
    /// Whether its schema lists its values.
    pub is_enum: bool,
}

/// What an operation takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestBody {
    /// Whether requests need it.
    pub required: bool,
    /// The types of content.
    pub content_types: Vec<String>,
}

/// A document and the service that it describes.
#[derive(Clone, Debug, Serialize)]
pub struct ContractLink {
    /// The document: index into [`crate::Model::contracts`].
    pub contract: usize,
    /// The service.
    pub service: ServiceId,
    /// The prefix under which the service answers.
    pub prefix: String,
    /// Whether the document is called as the service: it means to describe all of it.
    pub is_named: bool,
    /// How many operations tell so: they are routes of the service, and such that not every service has.
    pub matched: usize,
    /// By operation: the route that serves it, by index.
    pub served: Vec<Tri<usize>>,
    /// By route of the service: the operation that describes it, by index.
    pub described: Vec<Tri<usize>>,
    /// The bodies that the code takes and gives, of the operations that it surely serves.
    #[serde(skip)]
    pub payloads: Vec<Payload>,
}
