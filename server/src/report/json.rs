//! For scripts: `svclint check --format json`, version 1.

use std::io::Write;

use serde::Serialize;
use svclint_catalog::{Applicability, Category, Confidence, Edit, Fix, Severity};
use svclint_engine::{Report, Skipped, Summary};
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

pub(crate) fn print(out: &mut impl Write, report: &Report) -> anyhow::Result<()> {
    let place = |p: Place| {
        report.file(p.file).map(|file| JsonPlace {
            path: shown(&file.path),
            range: Range::of(&file, p.span),
            byte_range: p.span.into(),
        })
    };
    let edit = |edit: &'_ Edit| match edit {
        Edit::Replace { file, span, .. } => place(Place { file: *file, span: *span }),
        Edit::Create { .. } => None,
    };
    let fix = |fix: &'_ Fix| fix.edits.iter().map(edit).collect::<Vec<_>>();
    let findings = report.findings.iter().map(|reported| {
        let finding = &reported.finding;
        let fixes = finding.fixes.iter().map(|f| JsonFix {
            title: &f.title,
            applicability: f.applicability,
            edits: f.edits.iter().zip(fix(f)).map(|(edit, place)| json_edit(edit, place)).collect(),
        });
        JsonFinding {
            rule: finding.rule.id,
            category: finding.rule.category,
            severity: finding.severity,
            confidence: finding.confidence,
            message: &finding.message,
            help: finding.help.as_deref(),
            service: finding.service.as_deref(),
            place: place(finding.place),
            related: finding
                .related
                .iter()
                .map(|r| JsonRelated { message: &r.message, place: place(r.place) })
                .collect(),
            fixes: fixes.collect(),
            fingerprint: &reported.fingerprint,
        }
    });
    let document = Document {
        version: 1,
        findings: findings.collect(),
        skipped: &report.skipped,
        summary: JsonSummary { summary: &report.summary, took_ms: report.took.as_millis() },
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)?;
    Ok(())
}

fn json_edit(edit: &Edit, place: Option<JsonPlace>) -> JsonEdit<'_> {
    match edit {
        Edit::Replace { text, .. } => JsonEdit::Replace { place, new_text: text },
        Edit::Create { path, text } => JsonEdit::Create { path: shown(path), create: true, new_text: text },
    }
}
