//! Reviewdog's diagnostic format, with fixes as suggestions for the review.

use std::io::Write;

use serde_json::{Value, json};
use svclint_catalog::{Edit, Fix, Severity};
use svclint_engine::{FileRef, Report};
use svclint_model::FileId;
use svclint_syntax::{Encoding, Span};

use super::shown;

pub(crate) fn print(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let diagnostics = report.findings.iter().filter_map(|reported| {
        let finding = &reported.finding;
        let file = report.file(finding.place.file)?;
        let related = finding.related.iter().filter_map(|r| {
            let file = report.file(r.place.file)?;
            Some(json!({ "message": r.message, "location": location(&file, r.place.span) }))
        });
        let suggestions = finding.fixes.iter().flat_map(|fix| suggestions(report, fix, finding.place.file));
        Some(json!({
            "message": finding.message,
            "location": location(&file, finding.place.span),
            "severity": severity(finding.severity),
            "code": { "value": finding.rule.id },
            "related_locations": related.collect::<Vec<_>>(),
            "suggestions": suggestions.collect::<Vec<_>>(),
        }))
    });
    let document = json!({
        "source": { "name": "svclint" },
        "diagnostics": diagnostics.collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)?;
    Ok(())
}

/// A suggestion is for the file under review: a fix that needs other files too is none.
fn suggestions(report: &Report, fix: &Fix, home: FileId) -> Vec<Value> {
    let edits = fix.edits.iter().map(|edit| match edit {
        Edit::Replace { file, span, text } if *file == home => {
            let file = report.file(*file)?;
            Some(json!({ "range": range(&file, *span), "text": text }))
        }
        _ => None,
    });
    edits.collect::<Option<_>>().unwrap_or_default()
}

fn location(file: &FileRef, span: Span) -> Value {
    json!({ "path": shown(&file.path), "range": range(file, span) })
}

/// Lines from 1, columns in bytes from 1.
fn range(file: &FileRef, span: Span) -> Value {
    let point = |offset| {
        let at = file.lines.position(&file.text, offset, Encoding::Utf8);
        json!({ "line": at.line + 1, "column": at.column + 1 })
    };
    json!({ "start": point(span.start), "end": point(span.end) })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "ERROR",
        Severity::Warning => "WARNING",
        Severity::Info => "INFO",
    }
}
