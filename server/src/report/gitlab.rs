//! GitLab's code quality report.

use std::io::Write;

use serde::Serialize;
use svclint_catalog::Severity;
use svclint_engine::Report;

use super::{Range, shown};

#[derive(Serialize)]
struct Issue<'r> {
    description: &'r str,
    check_name: &'r str,
    fingerprint: &'r str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

pub(crate) fn print(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let issues = report.findings.iter().filter_map(|reported| {
        let finding = &reported.finding;
        let file = report.file(finding.place.file)?;
        let range = Range::of(&file, finding.place.span);
        let lines = Lines { begin: range.start.line, end: range.end.line };
        Some(Issue {
            description: &finding.message,
            check_name: finding.rule.id,
            fingerprint: &reported.fingerprint,
            severity: severity(finding.severity),
            location: Location { path: shown(&file.path), lines },
        })
    });
    serde_json::to_writer_pretty(&mut *out, &issues.collect::<Vec<_>>())?;
    writeln!(out)?;
    Ok(())
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Info => "info",
    }
}
