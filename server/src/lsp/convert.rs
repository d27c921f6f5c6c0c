//! Between svclint's words and the protocol's: the only place with both.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use svclint_catalog::{Applicability, Edit, Finding, Fix, Severity};
use svclint_engine::{FileRef, Report, ReportedFinding, comment_marker};
use svclint_model::Place;
use svclint_syntax::{Change, Encoding, Language, Span};
use tower_lsp_server::ls_types::{
    CodeAction, CodeActionKind, CodeDescription, Diagnostic, DiagnosticRelatedInformation,
    DiagnosticSeverity, Location, NumberOrString, Position, PositionEncodingKind, Range,
    TextDocumentContentChangeEvent, TextEdit, Uri, WorkspaceEdit,
};

/// The file that a URI names.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    uri.to_file_path().map(|p| p.into_owned())
}

pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    Uri::from_file_path(path)
}

/// UTF-8 where the client offers it, else the protocol's UTF-16; UTF-32 only if that is all there is.
pub(super) fn negotiate(offered: Option<&[PositionEncodingKind]>) -> (Encoding, PositionEncodingKind) {
    let offers = |kind: &PositionEncodingKind| offered.is_some_and(|all| all.contains(kind));
    if offers(&PositionEncodingKind::UTF8) {
        (Encoding::Utf8, PositionEncodingKind::UTF8)
    } else if offers(&PositionEncodingKind::UTF32) && !offers(&PositionEncodingKind::UTF16) {
        (Encoding::Utf32, PositionEncodingKind::UTF32)
    } else {
        (Encoding::Utf16, PositionEncodingKind::UTF16)
    }
}

pub(super) fn changes(events: Vec<TextDocumentContentChangeEvent>) -> Vec<Change> {
    let position = |p: Position| svclint_syntax::Position { line: p.line, column: p.character };
    let change = |e: TextDocumentContentChangeEvent| Change {
        range: e.range.map(|r| (position(r.start), position(r.end))),
        text: e.text,
    };
    events.into_iter().map(change).collect()
}

pub(super) fn range(file: &FileRef, span: Span, encoding: Encoding) -> Range {
    let position = |offset| {
        let p = file.lines.position(&file.text, offset, encoding);
        Position { line: p.line, character: p.column }
    };
    Range { start: position(span.start), end: position(span.end) }
}

/// What travels with a diagnostic and comes back with a request for actions.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Data {
    pub(super) fingerprint: String,
    pub(super) fixes: Vec<DataFix>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DataFix {
    pub(super) title: String,
    pub(super) safe: bool,
    pub(super) edit: WorkspaceEdit,
}

pub(super) fn diagnostic(
    report: &Report,
    reported: &ReportedFinding,
    encoding: Encoding,
) -> Option<Diagnostic> {
    let finding = &reported.finding;
    let file = report.file(finding.place.file)?;
    let severity = match finding.severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Info => DiagnosticSeverity::INFORMATION,
    };
    let related: Vec<DiagnosticRelatedInformation> =
        finding.related.iter().filter_map(|r| related(report, r, encoding)).collect();
    let fixes = finding.fixes.iter().filter_map(|f| data_fix(report, f, encoding)).collect();
    let data = Data { fingerprint: reported.fingerprint.clone(), fixes };
    Some(Diagnostic {
        range: range(&file, finding.place.span, encoding),
        severity: Some(severity),
        code: Some(NumberOrString::String(finding.rule.id.to_owned())),
        code_description: None::<CodeDescription>,
        source: Some("svclint".to_owned()),
        message: message(finding),
        related_information: (!related.is_empty()).then_some(related),
        tags: None,
        data: serde_json::to_value(data).ok(),
    })
}

fn message(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    }
}

fn related(
    report: &Report,
    related: &svclint_catalog::Related,
    encoding: Encoding,
) -> Option<DiagnosticRelatedInformation> {
    Some(DiagnosticRelatedInformation {
        location: location(report, related.place, encoding)?,
        message: related.message.clone(),
    })
}

pub(super) fn location(report: &Report, place: Place, encoding: Encoding) -> Option<Location> {
    let file = report.file(place.file)?;
    Some(Location { uri: uri_of(&file.path)?, range: range(&file, place.span, encoding) })
}

fn data_fix(report: &Report, fix: &Fix, encoding: Encoding) -> Option<DataFix> {
    Some(DataFix {
        title: fix.title.clone(),
        safe: fix.applicability == Applicability::Safe,
        edit: workspace_edit(report, &fix.edits, encoding)?,
    })
}

/// `None` for edits that the plain form of the protocol cannot express: new files.
// The protocol's own type keys a map by URI; the URI's cache does not take part in its hash.
#[allow(clippy::mutable_key_type)]
pub(super) fn workspace_edit(report: &Report, edits: &[Edit], encoding: Encoding) -> Option<WorkspaceEdit> {
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for edit in edits {
        let Edit::Replace { file, span, text } = edit else { return None };
        let file = report.file(*file)?;
        let edit = TextEdit { range: range(&file, *span, encoding), new_text: text.clone() };
        changes.entry(uri_of(&file.path)?).or_default().push(edit);
    }
    Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
}

pub(super) fn action(fix: DataFix, diagnostic: &Diagnostic, preferred: bool) -> CodeAction {
    CodeAction {
        title: fix.title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic.clone()]),
        edit: Some(fix.edit),
        is_preferred: Some(preferred),
        ..CodeAction::default()
    }
}

/// A comment above the line that accepts the finding.
#[allow(clippy::mutable_key_type)]
pub(super) fn allow_action(file: &FileRef, diagnostic: &Diagnostic, rule: &str) -> Option<CodeAction> {
    let marker = comment_marker(Language::of(&file.path))?;
    let line = diagnostic.range.start.line;
    let span = file.lines.line_span(&file.text, line);
    let text = span.text(&file.text);
    let indent = &text[..text.len() - text.trim_start().len()];
    let end = if file.text.contains("\r\n") { "\r\n" } else { "\n" };
    let at = Position { line, character: 0 };
    let edit = TextEdit {
        range: Range { start: at, end: at },
        new_text: format!("{indent}{marker} svclint: allow({rule}) reason: {end}"),
    };
    let changes = HashMap::from([(uri_of(&file.path)?, vec![edit])]);
    Some(CodeAction {
        title: format!("Allow `{rule}` on this line"),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic.clone()]),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        ..CodeAction::default()
    })
}

/// What a hover on a finding shows.
pub(super) fn hover_text(finding: &Finding) -> String {
    let mut text =
        format!("**{}** · {}\n\n{}\n", finding.rule.id, finding.rule.category.name(), finding.message);
    if let Some(help) = &finding.help {
        text.push_str(&format!("\n{help}\n"));
    }
    // The manual up to its examples.
    let manual = finding.rule.docs.split("## Example").next().unwrap_or("");
    text.push_str(&format!("\n---\n\n{}", manual.trim().replace("## ", "### ")));
    text
}
