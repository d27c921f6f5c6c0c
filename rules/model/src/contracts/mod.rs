//! Contracts: what OpenAPI documents promise, and which service is to keep it.

mod data;
mod link;
mod paths;
mod refs;
mod schema;
mod shape;

use svclint_syntax::yaml::{Node, NodeKind, Yaml};

pub use data::*;
pub use paths::{Meeting, is_internal, meet};
pub use shape::*;

pub(crate) use link::links;

use crate::manifests::Spot;
use crate::place::{FileFacts, FileId, Place, SourceFile, Tri};
use refs::{Files, Value};

/// The keys of a path that are methods.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Reads all OpenAPI documents of a workspace.
pub(crate) fn read(files: &[SourceFile]) -> Vec<OpenApi> {
    let files = Files::of(files);
    let mut found = Vec::new();
    for (file, _, yaml) in &files.all {
        for node in &yaml.documents {
            let value = Value { file: *file, node };
            let says = |key: &str| value.text(key).is_some();
            if !says("openapi") && !says("swagger") {
                continue;
            }
            let paths = value.entries().find(|(key, ..)| *key == "paths");
            found.extend(
                paths.map(|(_, at, paths)| document(&files, value, at, paths, yaml.errors.is_empty())),
            );
        }
    }
    found
}

/// Whether what a file says takes part in the contracts that were read: one of them is written in it, or refers to it.
pub(crate) fn takes_part(contracts: &[OpenApi], number: usize, file: &SourceFile) -> bool {
    let id = FileId(number as u32);
    let says = |key: &str, node: &Node| node.get(key).is_some_and(|value| value.text().is_some());
    let is_document = |yaml: &Yaml| yaml.documents.iter().any(|d| says("openapi", d) || says("swagger", d));
    let is_read =
        |c: &OpenApi| !c.all_references || c.file == id || c.references.iter().any(|r| r.target.file == id);
    matches!(&file.facts, FileFacts::Yaml(yaml) if is_document(yaml)) || contracts.iter().any(is_read)
}

fn document(files: &Files<'_>, value: Value<'_>, at: Place, paths: Value<'_>, is_sound: bool) -> OpenApi {
    let about = |key: &str| Some(value.get("info")?.text(key)?.to_owned());
    let paths = files.follow(paths);
    let (references, all_references) = files.references(value);
    let mut found = OpenApi {
        file: value.file,
        at,
        title: about("title"),
        version: about("version"),
        prefixes: prefixes(value),
        paths: Vec::new(),
        paths_block: paths.and_then(Value::block),
        operations: Vec::new(),
        references,
        all_references,
        complete: is_sound && !value.is_open() && paths.is_some_and(|p| !p.is_open()),
    };
    for (path, at, item) in paths.iter().flat_map(|paths| paths.entries()) {
        if path.starts_with('/') {
            add_path(files, value, &mut found, Spot { value: path.to_owned(), at }, item);
        }
    }
    found
}

fn add_path(files: &Files<'_>, document: Value<'_>, into: &mut OpenApi, path: Spot<String>, item: Value<'_>) {
    let item = files.follow(item).filter(|item| {
        into.complete &= !item.is_open();
        matches!(item.node.kind, NodeKind::Map(_))
    });
    let path_index = into.paths.len();
    into.paths.push(DescribedPath {
        path: path.value.clone(),
        at: path.at,
        block: item.and_then(Value::block),
        shares_parameters: item.is_some_and(|item| item.get("parameters").is_some()),
    });
    let Some(item) = item else {
        into.complete = false;
        return;
    };
    for (method, method_at, operation) in item.entries().filter(|(key, _, _)| METHODS.contains(key)) {
        // A whole operation behind a reference is no OpenAPI, but some tools put it together so.
        let operation = files.follow(operation).unwrap_or(operation);
        let shared = item.get("parameters");
        into.operations.push(Operation {
            method: method.to_uppercase(),
            path: path.value.clone(),
            path_index,
            operation_id: operation.text("operationId").map(str::to_owned),
            path_at: path.at,
            method_at,
            parameters: parameters(files, shared, operation.get("parameters")),
            body: body(files, document, operation),
            responses: responses(operation),
            takes: taken(files, operation),
            gives: given(files, operation),
            other_servers: item.get("servers").or_else(|| operation.get("servers")).is_some(),
        });
    }
}

/// The parameters of a path and of an operation, which may say the same again in other words.
fn parameters(files: &Files<'_>, shared: Option<Value<'_>>, own: Option<Value<'_>>) -> Vec<Parameter> {
    let mut found: Vec<Parameter> = Vec::new();
    for value in [own, shared].into_iter().flatten().flat_map(Value::items) {
        let Some(value) = files.follow(value) else { continue };
        let (Some(name), Some(place)) = (value.text("name"), value.text("in")) else { continue };
        if place == "body" || found.iter().any(|p| p.name == name && p.place == place) {
            continue;
        }
        let schema = value.get("schema").and_then(|schema| files.follow(schema)).unwrap_or(value);
        found.push(Parameter {
            name: name.to_owned(),
            place: place.to_owned(),
            required: value.is_true("required"),
            is_enum: schema.get("enum").or_else(|| schema.get("const")).is_some(),
        });
    }
    found
}

fn body(files: &Files<'_>, document: Value<'_>, operation: Value<'_>) -> Option<RequestBody> {
    if let Some(body) = operation.get("requestBody").and_then(|body| files.follow(body)) {
        let types = body.get("content").map(|content| content.entries().map(|(key, ..)| key.to_owned()));
        return Some(RequestBody {
            required: body.is_true("required"),
            content_types: types.map(Iterator::collect).unwrap_or_default(),
        });
    }
    // Swagger 2.0 has it among the parameters.
    let listed = operation.get("parameters").into_iter().flat_map(Value::items);
    let body = listed.filter_map(|p| files.follow(p)).find(|p| p.text("in") == Some("body"))?;
    let consumes = operation.get("consumes").or_else(|| document.get("consumes"));
    let types = consumes.into_iter().flat_map(Value::items).filter_map(|t| t.node.text());
    Some(RequestBody {
        required: body.is_true("required"),
        content_types: types.map(str::to_owned).collect(),
    })
}

/// The JSON that an operation takes.
fn taken(files: &Files<'_>, operation: Value<'_>) -> Option<Shape> {
    schema::of_content(files, files.follow(operation.get("requestBody")?)?)
}

/// The JSON that an operation gives where it succeeds, if that is always the same.
fn given(files: &Files<'_>, operation: Value<'_>) -> Option<Shape> {
    let all = operation.get("responses")?;
    let is_success = |code: &str| code.starts_with('2');
    let mut successes = all.entries().filter(|(code, ..)| is_success(code));
    let (_, _, only) = successes.next().filter(|_| successes.next().is_none() && !all.is_open())?;
    schema::of_content(files, files.follow(only)?)
}

fn responses(operation: Value<'_>) -> Vec<Spot<String>> {
    let all = operation.get("responses").into_iter().flat_map(Value::entries);
    all.map(|(code, at, _): (&str, Place, _)| Spot { value: code.to_owned(), at }).collect()
}

/// What stands in front of all paths.
fn prefixes(document: Value<'_>) -> Vec<Tri<String>> {
    if let Some(base) = document.get("basePath") {
        return vec![base.node.text().map_or(Tri::Unknown, url_path)];
    }
    let servers = document.get("servers");
    let mut found: Vec<Tri<String>> = Vec::new();
    for server in servers.into_iter().flat_map(Value::items) {
        let prefix = server.text("url").map_or(Tri::Unknown, url_path);
        if !found.contains(&prefix) {
            found.push(prefix);
        }
    }
    if servers.is_some_and(Value::is_open) {
        found.push(Tri::Unknown);
    }
    if found.is_empty() {
        found.push(Tri::Present(String::new()));
    }
    found
}

/// The path of `https://api.shop.example/v1/`, `{scheme}://{host}/v1` or `/v1`.
fn url_path(url: &str) -> Tri<String> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| rest.get(at..).unwrap_or("")),
        None => url,
    };
    let path = path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
    match path {
        "" => Tri::Present(String::new()),
        _ if path.contains(['{', '$']) => Tri::Unknown,
        // A relative one begins where the document is served from.
        _ if !path.starts_with('/') => Tri::Unknown,
        _ => Tri::Present(path.to_owned()),
    }
}
