//! The text of an operation for a document, in the document's own style.

use svclint_model::{Block, DescribedPath, Input, Meeting, Place, Route, meet};

use super::described::Document;
use crate::{Context, Edit};

/// The path of a document that a route's methods belong to.
pub(super) fn described_path<'d>(document: &Document<'d>, route: &Route) -> Option<&'d DescribedPath> {
    let prefix = &document.link.prefix;
    let is_same = |p: &&DescribedPath| meet(&format!("{prefix}{}", p.path), &route.path) == Meeting::Same;
    document.contract.paths.iter().find(is_same)
}

/// The edits that add an operation for a route: none for JSON, for mappings on one line, and for a route outside of the
/// document's prefix.
pub(super) fn edits(cx: &Context<'_>, document: &Document<'_>, route: &Route) -> Vec<Edit> {
    let described = described_path(document, route);
    let step = step(document);
    let below = |block: Block, lines: &[String]| {
        let path = cx.model.files.get(block.at.file.0 as usize);
        let is_yaml = path.and_then(|p| p.extension()).is_some_and(|e| e == "yaml" || e == "yml");
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        if is_yaml { cx.add_entry(block, &lines) } else { Vec::new() }
    };
    match (described, document.contract.paths_block) {
        (Some(path), _) => {
            let lines = operation(cx, document, route, &path.path, step);
            path.block.map(|block| below(block, &lines)).unwrap_or_default()
        }
        (None, Some(block)) => {
            let Some(path) = route.path.strip_prefix(document.link.prefix.as_str()).map(template) else {
                return Vec::new();
            };
            let inner = operation(cx, document, route, &path, step);
            let mut lines = vec![format!("{path}:")];
            lines.extend(indented(inner, step));
            below(block, &lines)
        }
        (None, None) => Vec::new(),
    }
}

/// One step of the document's indentation, in columns.
fn step(document: &Document<'_>) -> usize {
    let outer = document.contract.paths_block.map_or(0, |block| block.indent);
    let inner = document.contract.paths.iter().filter_map(|p| {
        p.block.filter(|b| !b.flow && Some(b.at.file) == document.contract.paths_block.map(|o| o.at.file))
    });
    let step = inner.map(|block| block.indent.saturating_sub(outer)).find(|step| *step > 0);
    step.unwrap_or(2) as usize
}

fn indented(lines: Vec<String>, step: usize) -> impl Iterator<Item = String> {
    lines.into_iter().map(move |line| format!("{}{line}", " ".repeat(step)))
}

/// `/orders/{id:[0-9]+}` as documents write it.
fn template(path: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
        Some(name) => format!("{{{}}}", name.split(':').next().unwrap_or(name)),
        None => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// The lines of an operation below its path.
fn operation(
    cx: &Context<'_>,
    document: &Document<'_>,
    route: &Route,
    path: &str,
    step: usize,
) -> Vec<String> {
    let mut inner = Vec::new();
    inner.extend(operation_id(document, route).map(|id| format!("operationId: {id}")));
    let names: Vec<&str> =
        path.split('/').filter_map(|s| s.strip_prefix('{').and_then(|s| s.strip_suffix('}'))).collect();
    if !names.is_empty() && !has_shared_parameters(document, path) {
        inner.push("parameters:".to_owned());
        for name in names {
            let lines = [
                format!("- name: {name}"),
                "  in: path".into(),
                "  required: true".into(),
                "  schema:".into(),
            ];
            let schema = format!("  {}type: string", " ".repeat(step));
            inner.extend(indented(lines.into_iter().chain([schema]).collect(), step));
        }
    }
    if takes_json(cx, route) {
        let body = nested(&["content:", "application/json:", "schema:", "type: object"], step);
        inner.push("requestBody:".to_owned());
        inner.extend(indented([vec!["required: true".to_owned()], body].concat(), step));
    }
    let quote = quote(cx, document);
    inner.extend(nested(&["responses:", &format!("{quote}200{quote}:"), "description: TODO"], step));
    let mut lines = vec![format!("{}:", route.method.to_lowercase())];
    lines.extend(indented(inner, step));
    lines
}

/// Each line one step below the one before.
fn nested(lines: &[&str], step: usize) -> Vec<String> {
    lines.iter().enumerate().map(|(depth, line)| format!("{}{line}", " ".repeat(depth * step))).collect()
}

/// The name of the handler, as the other operations are called.
fn operation_id(document: &Document<'_>, route: &Route) -> Option<String> {
    let ids: Vec<&str> =
        document.contract.operations.iter().filter_map(|o| o.operation_id.as_deref()).collect();
    if ids.len() * 2 <= document.contract.operations.len() {
        return None;
    }
    let name = route.handler_text.rsplit("::").next().unwrap_or("");
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_camel = ids.iter().all(|id| !id.contains(['_', '.', '-']));
    let id = if is_camel { camel(name) } else { name.to_owned() };
    (is_name && !ids.contains(&id.as_str())).then_some(id)
}

fn camel(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('_').filter(|w| !w.is_empty()) {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if !out.is_empty() => out.extend(first.to_uppercase()),
            first => out.extend(first),
        }
        out.extend(letters);
    }
    out
}

/// Whether the path itself already lists the parameters that its operations share.
fn has_shared_parameters(document: &Document<'_>, path: &str) -> bool {
    document.contract.paths.iter().any(|p| p.path == path && p.shares_parameters)
}

fn takes_json(cx: &Context<'_>, route: &Route) -> bool {
    let function = route.handler.and_then(|f| cx.model.functions.get(f.0 as usize));
    let is_json = |input: &Input| input.types.iter().any(|t| t == "Json");
    function.is_some_and(|f| f.inputs.iter().any(is_json))
}

/// The quotes that the document puts around codes.
fn quote(cx: &Context<'_>, document: &Document<'_>) -> char {
    let code = |at: Place| cx.text(at).chars().next().filter(|c| matches!(c, '\'' | '"'));
    let mut codes = document.contract.operations.iter().flat_map(|o| &o.responses).filter_map(|r| code(r.at));
    codes.next().unwrap_or('\'')
}
