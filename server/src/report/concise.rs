//! A finding a line, for terminals with many of them and for people who jump to places: `path:line:column`.

use std::collections::BTreeMap;
use std::io::Write;

use svclint_catalog::{Applicability, Severity};
use svclint_engine::{Report, ReportedFinding};

use super::human::{skipped, summary};
use super::style::{self, paint};
use super::{Point, Range, count, shown};

/// In the order of files.
pub(crate) fn print(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    for reported in &report.findings {
        line(out, report, reported)?;
    }
    end(out, report)
}

/// Under the service that each is about.
pub(crate) fn print_grouped(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let mut groups: BTreeMap<Option<&str>, Vec<&ReportedFinding>> = BTreeMap::new();
    for reported in &report.findings {
        groups.entry(reported.finding.service.as_deref()).or_default().push(reported);
    }
    // What is about no single service comes last.
    let of_none = groups.remove(&None).map(|all| (None, all));
    for (service, findings) in groups.into_iter().chain(of_none) {
        let name = service.unwrap_or("all services");
        let number = count(findings.len(), "finding");
        writeln!(out, "{}  {}", paint(style::STRONG, name), paint(style::FAINT, number))?;
        for reported in findings {
            write!(out, "  ")?;
            line(out, report, reported)?;
        }
        writeln!(out)?;
    }
    end(out, report)
}

/// For programs that read text: no colour, no summary, what the fix is behind the message.
pub(crate) fn print_for_agents(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    for reported in &report.findings {
        let finding = &reported.finding;
        let place = place(report, reported);
        write!(out, "{place} {} {}: {}", finding.severity, finding.rule.id, one_line(&finding.message))?;
        if let Some(help) = &finding.help {
            write!(out, " | help: {}", one_line(help))?;
        }
        for related in &finding.related {
            let Some(file) = report.file(related.place.file) else { continue };
            let line = Range::of(&file, related.place.span).start.line;
            write!(out, " | see {}:{line}: {}", shown(&file.path), one_line(&related.message))?;
        }
        if let Some(fix) = finding.fixes.first() {
            let how = match fix.applicability {
                Applicability::Safe => "--fix",
                Applicability::Unsafe => "--unsafe-fixes",
                Applicability::Proposal => "to be completed by hand",
            };
            write!(out, " | fix ({how}): {}", one_line(&fix.title))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, report: &Report, reported: &ReportedFinding) -> anyhow::Result<()> {
    let finding = &reported.finding;
    let colour = match finding.severity {
        Severity::Error => style::ERROR,
        Severity::Warning => style::WARNING,
        Severity::Info => style::INFO,
    };
    let place = paint(style::STRONG, place(report, reported));
    let rule = paint(colour, format!("{}[{}]", finding.severity, finding.rule.id));
    writeln!(out, "{place}: {rule} {}", one_line(&finding.message))?;
    Ok(())
}

fn end(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    if !report.findings.is_empty() {
        writeln!(out)?;
    }
    skipped(out, report)?;
    summary(out, report)?;
    Ok(())
}

fn place(report: &Report, reported: &ReportedFinding) -> String {
    let Some(file) = report.file(reported.finding.place.file) else { return String::new() };
    let Point { line, column } = Range::of(&file, reported.finding.place.span).start;
    format!("{}:{line}:{column}", shown(&file.path))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
