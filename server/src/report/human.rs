//! For people: the place, the evidence, the proposed edit, and a summary.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use codespan_reporting::diagnostic::{Diagnostic, Label, LabelStyle, Severity as CodespanSeverity};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::{self, Chars, Config, GeneralWriteResult, WriteStyle};
use svclint_catalog::{Applicability, Finding, Severity};
use svclint_engine::Report;
use svclint_model::FileId;

use super::diff::lines_changed;
use super::style::{self, paint};
use super::{count, shown};

pub(crate) fn print(mut out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let config = Config { chars: Chars::box_drawing(), ..Config::default() };
    for reported in &report.findings {
        let finding = &reported.finding;
        let mut styled = Styled { out: &mut out };
        term::emit_to_write_style(&mut styled, &config, &Sources(report), &diagnostic(finding))?;
        proposal(out, report, finding)?;
    }
    skipped(out, report)?;
    summary(out, report)?;
    Ok(())
}

fn diagnostic(finding: &Finding) -> Diagnostic<FileId> {
    let severity = match finding.severity {
        Severity::Error => CodespanSeverity::Error,
        Severity::Warning => CodespanSeverity::Warning,
        Severity::Info => CodespanSeverity::Note,
    };
    let range = |p: svclint_model::Place| p.span.start as usize..p.span.end as usize;
    let mut labels =
        vec![Label::primary(finding.place.file, range(finding.place)).with_message(&finding.label)];
    for related in &finding.related {
        labels
            .push(Label::secondary(related.place.file, range(related.place)).with_message(&related.message));
    }
    let notes = finding.help.iter().map(|h| format!("help: {h}")).collect();
    Diagnostic::new(severity)
        .with_code(finding.rule.id)
        .with_message(&finding.message)
        .with_labels(labels)
        .with_notes(notes)
}

/// The first fix as removed and added lines.
fn proposal(out: &mut dyn Write, report: &Report, finding: &Finding) -> io::Result<()> {
    let Some(fix) = finding.fixes.first() else { return Ok(()) };
    let how = match fix.applicability {
        Applicability::Safe => "safe, `--fix` applies it",
        Applicability::Unsafe => "look at it; `--unsafe-fixes` applies it",
        Applicability::Proposal => "to be completed, offered in the editor",
    };
    writeln!(
        out,
        "  {} {}: {} {}",
        paint(style::BORDER, "="),
        paint(style::STRONG, "fix"),
        fix.title,
        paint(style::FAINT, format!("({how})"))
    )?;
    for change in lines_changed(report, fix) {
        writeln!(out, "    {}", paint(style::FAINT, format!("{}:{}", change.path, change.line)))?;
        for line in &change.removed {
            writeln!(out, "    {}", paint(style::REMOVED, format!("- {line}")))?;
        }
        for line in &change.added {
            writeln!(out, "    {}", paint(style::ADDED, format!("+ {line}")))?;
        }
    }
    writeln!(out)
}

pub(super) fn skipped(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    for skipped in &report.skipped {
        writeln!(
            out,
            "{}: {} was skipped: {}",
            paint(style::INFO, "note"),
            shown(skipped.path.as_ref()),
            skipped.reason
        )?;
    }
    if !report.skipped.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

pub(super) fn summary(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let s = &report.summary;
    let seen = [
        count(s.services, "service"),
        count(s.routes, "route"),
        count(s.clients, "client"),
        count(s.files, "file"),
    ]
    .join(" · ");
    let mut result = if s.findings == 0 {
        paint(style::ADDED, "no findings")
    } else {
        paint(style::STRONG, count(s.findings, "finding"))
    };
    if s.fixable > 0 {
        result.push_str(&format!(", {} with a fix", s.fixable));
    }
    if s.suppressed > 0 {
        result.push_str(&format!(", {} accepted", s.suppressed));
    }
    if s.baseline > 0 {
        result.push_str(&format!(", {} in the baseline", s.baseline));
    }
    if s.before > 0 {
        result.push_str(&format!(", {} there before", s.before));
    }
    if s.skipped > 0 {
        result.push_str(&format!(", {} skipped", count(s.skipped, "file")));
    }
    writeln!(out, "{result}")?;
    writeln!(out, "{}", paint(style::FAINT, format!("{seen} · {} ms", report.took.as_millis())))
}

/// The report's texts, as codespan wants them.
struct Sources<'r>(&'r Report);

impl<'r> Sources<'r> {
    fn file(&self, id: FileId) -> Result<svclint_engine::FileRef, Error> {
        self.0.file(id).ok_or(Error::FileMissing)
    }
}

impl<'a> Files<'a> for Sources<'_> {
    type FileId = FileId;
    type Name = String;
    type Source = Arc<str>;

    fn name(&'a self, id: FileId) -> Result<String, Error> {
        Ok(shown(&self.file(id)?.path))
    }

    fn source(&'a self, id: FileId) -> Result<Arc<str>, Error> {
        Ok(self.file(id)?.text)
    }

    fn line_index(&'a self, id: FileId, byte: usize) -> Result<usize, Error> {
        Ok(self.file(id)?.lines.line_of(byte as u32) as usize)
    }

    fn line_range(&'a self, id: FileId, line: usize) -> Result<Range<usize>, Error> {
        let file = self.file(id)?;
        let start = file.lines.line_span(&file.text, line as u32).start as usize;
        let end = if line as u32 + 1 < file.lines.line_count() {
            file.lines.line_span(&file.text, line as u32 + 1).start as usize
        } else {
            file.text.len()
        };
        Ok(start..end)
    }
}

/// Gives codespan's parts their styles.
struct Styled<W> {
    out: W,
}

impl<W: Write> Write for Styled<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn of_severity(severity: CodespanSeverity) -> anstyle::Style {
    match severity {
        CodespanSeverity::Bug | CodespanSeverity::Error => style::ERROR,
        CodespanSeverity::Warning => style::WARNING,
        CodespanSeverity::Note | CodespanSeverity::Help => style::INFO,
    }
}

impl<W: Write> WriteStyle for Styled<W> {
    fn set_header(&mut self, severity: CodespanSeverity) -> GeneralWriteResult {
        write!(self.out, "{}", of_severity(severity).render())
    }

    fn set_header_message(&mut self) -> GeneralWriteResult {
        write!(self.out, "{}", style::STRONG.render())
    }

    fn set_line_number(&mut self) -> GeneralWriteResult {
        write!(self.out, "{}", style::BORDER.render())
    }

    fn set_note_bullet(&mut self) -> GeneralWriteResult {
        write!(self.out, "{}", style::BORDER.render())
    }

    fn set_source_border(&mut self) -> GeneralWriteResult {
        write!(self.out, "{}", style::BORDER.render())
    }

    fn set_label(&mut self, severity: CodespanSeverity, label: LabelStyle) -> GeneralWriteResult {
        let style = match label {
            LabelStyle::Primary => of_severity(severity),
            LabelStyle::Secondary => style::BORDER,
        };
        write!(self.out, "{}", style.render())
    }

    fn reset(&mut self) -> GeneralWriteResult {
        write!(self.out, "{}", anstyle::Reset.render())
    }
}
