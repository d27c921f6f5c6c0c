//! For scripts: `svclint check --format json`, version 1.

use std::io::Write;

use serde::Serialize;
use svclint_catalog::{Applicability, Category, Confidence, Edit, Fix, Severity};
use svclint_engine::{Report, ReportedFinding, Skipped, Summary};
use svclint_model::Place;

use super::{ByteRange, Range, shown};

#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    findings: Vec<JsonFinding<'r>>,
    skipped: &'r [Skipped],
    summary: JsonSummary<'r>,
}

#[derive(Serialize)]
struct JsonSummary<'r> {
    #[serde(flatten)]
    summary: &'r Summary,
    took_ms: u128,
}

#[derive(Serialize)]
struct JsonFinding<'r> {
    rule: &'r str,
    category: Category,
    severity: Severity,
    confidence: Confidence,
    message: &'r str,
    help: Option<&'r str>,
    service: Option<&'r str>,
    /// What it is about: the function, route or object of a manifest.
    subject: &'r str,
    #[serde(flatten)]
    place: Option<JsonPlace>,
    related: Vec<JsonRelated<'r>>,
    fixes: Vec<JsonFix<'r>>,
    fingerprint: &'r str,
}

#[derive(Serialize)]
struct JsonPlace {
    path: String,
    range: Range,
    byte_range: ByteRange,
}

#[derive(Serialize)]
struct JsonRelated<'r> {
    message: &'r str,
    #[serde(flatten)]
    place: Option<JsonPlace>,
}

#[derive(Serialize)]
struct JsonFix<'r> {
    title: &'r str,
    applicability: Applicability,
    edits: Vec<JsonEdit<'r>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonEdit<'r> {
    Replace {
        #[serde(flatten)]
        place: Option<JsonPlace>,
        new_text: &'r str,
    },
    Create {
        path: String,
        create: bool,
        new_text: &'r str,
    },
}

/// All of a run as one document.
pub(crate) fn print(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let document = Document {
        version: 1,
        findings: report.findings.iter().map(|f| finding(report, f)).collect(),
        skipped: &report.skipped,
        summary: JsonSummary { summary: &report.summary, took_ms: report.took.as_millis() },
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)?;
    Ok(())
}

/// Each finding as a document on a line of its own, for programs that read as they go.
pub(crate) fn print_lines(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    for reported in &report.findings {
        serde_json::to_writer(&mut *out, &finding(report, reported))?;
        writeln!(out)?;
    }
    Ok(())
}

fn finding<'r>(report: &'r Report, reported: &'r ReportedFinding) -> JsonFinding<'r> {
    let finding = &reported.finding;
    let related = finding.related.iter();
    JsonFinding {
        rule: finding.rule.id,
        category: finding.rule.category,
        severity: finding.severity,
        confidence: finding.confidence,
        message: &finding.message,
        help: finding.help.as_deref(),
        service: finding.service.as_deref(),
        subject: &finding.subject,
        place: place(report, finding.place),
        related: related
            .map(|r| JsonRelated { message: &r.message, place: place(report, r.place) })
            .collect(),
        fixes: finding.fixes.iter().map(|f| fix(report, f)).collect(),
        fingerprint: &reported.fingerprint,
    }
}

fn place(report: &Report, place: Place) -> Option<JsonPlace> {
    let file = report.file(place.file)?;
    let range = Range::of(&file, place.span);
    Some(JsonPlace { path: shown(&file.path), range, byte_range: place.span.into() })
}

fn fix<'r>(report: &Report, fix: &'r Fix) -> JsonFix<'r> {
    let edits = fix.edits.iter().map(|edit| match edit {
        Edit::Replace { file, span, text } => {
            JsonEdit::Replace { place: place(report, Place { file: *file, span: *span }), new_text: text }
        }
        Edit::Create { path, text } => JsonEdit::Create { path: shown(path), create: true, new_text: text },
    });
    JsonFix { title: &fix.title, applicability: fix.applicability, edits: edits.collect() }
}
