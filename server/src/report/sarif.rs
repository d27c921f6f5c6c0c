//! SARIF 2.1.0, as code scanning services read it.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Value, json};
use svclint_catalog::{Edit, Finding, RuleMeta, Severity, rules};
use svclint_engine::{Accepted, AcceptedBy, Report};
use svclint_model::Place;
use svclint_syntax::Encoding;

use super::shown;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(crate) fn print(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let mut described: BTreeMap<&str, &RuleMeta> = rules().iter().map(|r| (r.meta.id, r.meta)).collect();
    let all = report.findings.iter().chain(report.accepted.iter().map(|a| &a.finding));
    described.extend(all.map(|f| (f.finding.rule.id, f.finding.rule)));
    let descriptions: Vec<Value> = described.values().map(|meta| rule(meta)).collect();
    let reported = report.findings.iter().map(|f| result(report, &f.finding, &f.fingerprint));
    let results: Vec<Value> =
        reported.chain(report.accepted.iter().filter_map(|a| suppressed(report, a))).collect();
    let notifications: Vec<Value> = report
        .skipped
        .iter()
        .map(|s| json!({ "level": "note", "message": { "text": format!("{} was skipped: {}", shown(s.path.as_ref()), s.reason) } }))
        .collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "svclint", "version": env!("CARGO_PKG_VERSION"), "rules": descriptions } },
            "columnKind": "utf16CodeUnits",
            "results": results,
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications }],
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)?;
    Ok(())
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(meta: &RuleMeta) -> Value {
    json!({
        "id": meta.id,
        "shortDescription": { "text": meta.summary() },
        "help": { "text": meta.docs, "markdown": meta.docs },
        "defaultConfiguration": { "level": level(meta.severity) },
        "properties": { "category": meta.category, "confidence": meta.confidence },
    })
}

fn result(report: &Report, finding: &Finding, fingerprint: &str) -> Value {
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        text.push_str(&format!("\n{help}"));
    }
    let related: Vec<Value> = finding
        .related
        .iter()
        .filter_map(|r| {
            let mut location = location(report, r.place)?;
            location["message"] = json!({ "text": r.message });
            Some(location)
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.rule.id,
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": location(report, finding.place).into_iter().collect::<Vec<_>>(),
        "partialFingerprints": { "svclint/v1": fingerprint },
    });
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    let fixes: Vec<Value> = finding.fixes.iter().filter_map(|f| fix(report, f)).collect();
    if !fixes.is_empty() {
        result["fixes"] = Value::Array(fixes);
    }
    result
}

/// What a comment or the configuration accepts, and why. What a baseline knows was never accepted, and is left out: services show
/// all that they are given.
fn suppressed(report: &Report, accepted: &Accepted) -> Option<Value> {
    let kind = match accepted.by {
        AcceptedBy::Comment => "inSource",
        AcceptedBy::Configuration => "external",
        AcceptedBy::Baseline | AcceptedBy::Before => return None,
    };
    let mut suppression = json!({ "kind": kind });
    if let Some(reason) = &accepted.reason {
        suppression["justification"] = json!(reason);
    }
    let mut result = result(report, &accepted.finding.finding, &accepted.finding.fingerprint);
    result["suppressions"] = json!([suppression]);
    Some(result)
}

fn location(report: &Report, place: Place) -> Option<Value> {
    let file = report.file(place.file)?;
    Some(
        json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&file.path) }, "region": region(report, place)? } }),
    )
}

fn region(report: &Report, place: Place) -> Option<Value> {
    let file = report.file(place.file)?;
    let point = |offset| file.lines.position(&file.text, offset, Encoding::Utf16);
    let (start, end) = (point(place.span.start), point(place.span.end));
    Some(json!({
        "startLine": start.line + 1, "startColumn": start.column + 1,
        "endLine": end.line + 1, "endColumn": end.column + 1,
    }))
}

/// Relative to where svclint ran; blanks and `%` escaped.
fn uri(path: &std::path::Path) -> String {
    let mut uri = String::new();
    for byte in shown(path).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// `None` for a fix that has no change in a file: services refuse empty ones.
fn fix(report: &Report, fix: &svclint_catalog::Fix) -> Option<Value> {
    let mut changes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        if let Edit::Replace { file, span, text } = edit {
            let path = report.file(*file)?.path;
            let deleted = region(report, Place { file: *file, span: *span })?;
            changes
                .entry(uri(&path))
                .or_default()
                .push(json!({ "deletedRegion": deleted, "insertedContent": { "text": text } }));
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(uri, all)| json!({ "artifactLocation": { "uri": uri }, "replacements": all }))
        .collect();
    (!changes.is_empty()).then(|| json!({ "description": { "text": fix.title }, "artifactChanges": changes }))
}
