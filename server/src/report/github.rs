//! Annotations of GitHub Actions: commands that the runner reads from the log.

use std::io::Write;

use svclint_catalog::Severity;
use svclint_engine::Report;

use super::{Range, shown};

/// How many annotations of one kind GitHub shows for a step; it drops the others without a word.
const SHOWN: usize = 10;

pub(crate) fn print(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    for reported in &report.findings {
        let finding = &reported.finding;
        let title = property(&format!("svclint: {}", finding.rule.id));
        let mut text = finding.message.clone();
        if let Some(help) = &finding.help {
            text.push_str(&format!("\n{help}"));
        }
        let command = command(finding.severity);
        let Some(file) = report.file(finding.place.file) else { continue };
        let Range { start, end } = Range::of(&file, finding.place.span);
        let path = property(&shown(&file.path));
        write!(out, "::{command} file={path},line={},endLine={},", start.line, end.line)?;
        // Columns are taken only for a place within a line.
        if start.line == end.line {
            write!(out, "col={},endColumn={},", start.column, end.column)?;
        }
        writeln!(out, "title={title}::{}", data(&text))?;
    }
    Ok(())
}

/// What GitHub will not show of a run.
pub(crate) fn dropped(report: &Report) -> usize {
    [Severity::Error, Severity::Warning, Severity::Info]
        .iter()
        .map(|severity| report.findings.iter().filter(|f| f.finding.severity == *severity).count())
        .map(|number| number.saturating_sub(SHOWN))
        .sum()
}

fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    }
}

/// A text as the runner reads it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value, in which two more characters have a meaning.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
