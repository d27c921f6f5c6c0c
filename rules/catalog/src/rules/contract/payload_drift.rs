//! Bodies that a document describes otherwise than the code reads and writes them.

use std::collections::BTreeSet;

use svclint_model::{Service, Shape, ShapeKind};
use svclint_syntax::Span;

use super::described::Document;
use super::openapi_drift::OPENAPI_DRIFT;
use super::payloads::{Drift, What, given, taken};
use crate::edit::insert_after;
use crate::{Applicability, Context, Edit, Finding};

/// What a document says wrong of the bodies of a service's operations. What several operations share is told once.
pub(super) fn findings(cx: &Context<'_>, service: &Service, document: &Document<'_>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    // A document that never says what is needed leaves it open.
    let is_strict = document.contract.operations.iter().filter_map(|o| o.takes.as_ref()).any(needs);
    for payload in &document.link.payloads {
        let Some(operation) = document.contract.operations.get(payload.operation) else { continue };
        let title = format!("{} {}{}", operation.method, document.link.prefix, operation.path);
        let mut drifts = Vec::new();
        if let (Some(described), Some(own)) = (&operation.takes, &payload.takes) {
            taken(described, own, &mut drifts);
        }
        if let (Some(described), Some(own)) = (&operation.gives, &payload.gives) {
            given(described, own, &mut drifts);
        }
        for drift in drifts.into_iter().filter(|d| is_strict || d.what != What::Optional) {
            if seen.insert((drift.at, drift.own)) {
                found.push(drift.finding(cx, service, &title));
            }
        }
    }
    found
}

fn needs(shape: &Shape) -> bool {
    match &shape.kind {
        ShapeKind::Object { members, .. } => {
            members.iter().any(|m| !m.needed.is_absent() || m.shape.as_ref().is_some_and(needs))
        }
        ShapeKind::List(item) => needs(item),
        ShapeKind::Words(_) => false,
    }
}

impl Drift<'_> {
    fn finding(&self, cx: &Context<'_>, service: &Service, title: &str) -> Finding {
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(", ");
        let (be, them) = if self.names.len() == 1 { ("is", "it") } else { ("are", "them") };
        let clients = "clients generated from it";
        let (message, label, help) = match self.what {
            What::Optional => (
                format!("{names} {be} optional here, but `{title}` refuses a body without {them}"),
                "needed by the code",
                "list it under `required`, or let the code do without",
            ),
            What::Undescribed => (
                format!(
                    "`{title}` refuses a body without {names}, which is not described: {clients} always fail"
                ),
                "lacks a member",
                "describe the member, or let the code do without",
            ),
            What::Refused => (
                format!("{names} is described here, but `{title}` refuses it"),
                "refused by the code",
                "take it out of the document, or let the code read it",
            ),
            What::NeverGiven => (
                format!(
                    "{names} is required here, but `{title}` never answers with it: {clients} cannot read the answer"
                ),
                "never there",
                "take it out of the document, or answer with it",
            ),
            What::SometimesGiven => (
                format!(
                    "{names} is required here, but `{title}` may leave it out: {clients} cannot read such an answer"
                ),
                "may be missing",
                "take it out of `required`, or always answer with it",
            ),
            What::Unlisted => (
                format!(
                    "`{title}` may answer with {names}, which is not listed: {clients} cannot read such an answer"
                ),
                "lacks a word",
                "list it in the document",
            ),
        };
        let edits =
            if self.what == What::Optional { require(cx, self.schema, &self.names) } else { Vec::new() };
        Finding::new(&OPENAPI_DRIFT, self.at, message)
            .label(label)
            .help(help)
            .service(service.name.clone())
            .subject(format!("{} {title} {}", service.name, self.names.join(" ")))
            .related(self.own, "what the code says")
            .fix("Say in the document what is needed", Applicability::Unsafe, edits)
    }
}

/// The edits that list members under `required`.
fn require(cx: &Context<'_>, schema: &Shape, names: &[&str]) -> Vec<Edit> {
    let ShapeKind::Object { required, block, .. } = &schema.kind else { return Vec::new() };
    match (required, block) {
        (Some(list), _) if list.flow => vec![insert_after(list.last, format!(", {}", names.join(", ")))],
        (Some(list), _) if cx.begins_item(list.last) => {
            let (line_end, indent) = (cx.line_end(list.last.file), cx.indent(list.last));
            let lines = names.iter().map(|name| format!("{line_end}{indent}- {name}")).collect();
            let span = Span::at(cx.end_of_line(list.last));
            vec![Edit::Replace { file: list.last.file, span, text: lines }]
        }
        (None, Some(block)) => cx.add_entry(*block, &[&format!("required: [{}]", names.join(", "))]),
        _ => Vec::new(),
    }
}
