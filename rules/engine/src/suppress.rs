//! Comments that accept findings: `// svclint: allow(rule) reason`.

mod adding;
mod comments;

pub use adding::with_comments;
pub use comments::comment_marker;

use std::sync::Arc;

use svclint_catalog::{Applicability, Category, Confidence, Edit, Finding, Fix, Level, RuleMeta, Severity};
use svclint_facts::rust::{Item, ItemKind, RustFile};
use svclint_model::{FileId, Place};
use svclint_syntax::{Language, LineIndex, Span};

use crate::config::Date;
use crate::notes::note;
use crate::store::Analysis;

/// A comment that accepts findings.
#[derive(Debug)]
pub(crate) struct Suppression {
    rules: Vec<String>,
    reason: Option<String>,
    /// Until when it accepts, as written: `until 2027-01-31` behind the rules.
    until: Option<String>,
    /// The comment.
    comment: Span,
    /// The comment, with its line where nothing else stands there.
    whole: Span,
    /// Where findings are accepted: the line of the comment, or the line or item after it; all of the file.
    covers: Vec<Span>,
    used: bool,
}

pub(crate) static SUPPRESSION: RuleMeta = RuleMeta {
    id: "suppression",
    category: Category::Svclint,
    level: Level::Warn,
    severity: Severity::Warning,
    confidence: Confidence::High,
    since: "0.1",
    docs: "## What it does\nReports comments to svclint that have no effect, name no known rule, give no reason,\nor have ended; and the same of exceptions in `svclint.toml`.\n\n\
           ## Why it matters\nAn accepted finding is a decision; without a reason nobody can take it back.\n",
};

/// The suppressions of a file.
pub(crate) fn read(analysis: &Analysis, language: Language) -> Vec<Suppression> {
    let mut found = match analysis.rust() {
        Some(file) => of_rust(analysis, file),
        None => comments::read(analysis, language),
    };
    for suppression in &mut found {
        suppression.whole = with_line(&analysis.text, &analysis.lines, suppression.comment);
    }
    found
}

fn with_line(text: &str, lines: &LineIndex, comment: Span) -> Span {
    let number = lines.line_of(comment.start);
    let line = lines.line_span(text, number);
    if line.text(text).trim() != comment.text(text).trim() {
        return comment;
    }
    let next = (number + 1 < lines.line_count()).then(|| lines.line_span(text, number + 1).start);
    Span::new(line.start, next.unwrap_or(line.end))
}

fn of_rust(analysis: &Analysis, file: &RustFile) -> Vec<Suppression> {
    let directives = file.chunks.iter().flat_map(|chunk| {
        let of_chunk = chunk.facts.comments.iter();
        of_chunk.filter_map(|c| Some((c.directive.as_ref()?, c.span.shift(chunk.start))))
    });
    let directives: Vec<_> = directives.collect();
    if directives.is_empty() {
        return Vec::new();
    }
    let places = Places::of(analysis, file);
    directives
        .into_iter()
        .filter_map(|(said, span)| suppression(said, span, || places.covered(span)))
        .collect()
}

/// `allow(rule, rule) reason`, `allow-file(rule) reason`, `allow(rule, until 2027-01-31) reason`
fn suppression(directive: &str, comment: Span, covered: impl FnOnce() -> Vec<Span>) -> Option<Suppression> {
    let (word, rest) = directive.split_once('(').unwrap_or((directive, ""));
    let (rules, reason) = rest.split_once(')').unwrap_or((rest, ""));
    let covers = match word.trim() {
        "allow" => covered(),
        "allow-file" => vec![Span::new(0, u32::MAX)],
        _ => return None,
    };
    let (mut names, mut until) = (Vec::new(), None);
    for word in rules.split(',').map(str::trim).filter(|r| !r.is_empty()) {
        match word.strip_prefix("until ") {
            Some(day) => until = Some(day.trim().to_owned()),
            None => names.push(word.to_owned()),
        }
    }
    let reason = reason.trim();
    Some(Suppression {
        rules: names,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        until,
        comment,
        whole: comment,
        covers,
        used: false,
    })
}

/// For each line the next one below it that says something; `says` is asked of what stands in a line.
fn next_lines(text: &str, lines: &LineIndex, says: impl Fn(&str) -> bool) -> Vec<Option<u32>> {
    let count = lines.line_count();
    let mut found = vec![None; count as usize];
    let mut next = None;
    for (number, place) in (0..count).zip(&mut found).rev() {
        *place = next;
        let content = lines.line_span(text, number).text(text).trim();
        if !content.is_empty() && says(content) {
            next = Some(number);
        }
    }
    found
}

/// Where things stand in a file.
struct Places<'a> {
    text: &'a str,
    lines: &'a LineIndex,
    next: Vec<Option<u32>>,
    /// Items in the order of their beginnings, which are those of their attributes and doc comments.
    items: Vec<Span>,
}

impl<'a> Places<'a> {
    fn of(analysis: &'a Analysis, file: &RustFile) -> Self {
        let (text, lines) = (&*analysis.text, &*analysis.lines);
        let mut spans = Vec::new();
        for chunk in &file.chunks {
            items(&chunk.facts.items, &mut |item| spans.push(item.span.shift(chunk.start)));
        }
        spans.sort_unstable_by_key(|span| span.start);
        let next = next_lines(text, lines, |line| !line.starts_with("//"));
        Places { text, lines, next, items: spans }
    }

    /// The comment's own line if code stands in front of it; else the next line with code, and the item that begins there.
    fn covered(&self, comment: Span) -> Vec<Span> {
        let line = self.lines.line_of(comment.start);
        let own = self.lines.line_span(self.text, line);
        if !Span::new(own.start, comment.start).text(self.text).trim().is_empty() {
            return vec![own];
        }
        let Some(next) = self.next.get(line as usize).copied().flatten() else { return vec![own] };
        let next = self.lines.line_span(self.text, next);
        // A comment may stand among the attributes at the head of an item.
        let around = self.beginning_in(own).filter(|item| item.contains(comment));
        let below = self.beginning_in(Span::new(next.start, next.end.max(next.start + 1)));
        std::iter::once(next).chain(around.chain(below).copied()).collect()
    }

    fn beginning_in(&self, line: Span) -> impl Iterator<Item = &Span> {
        let first = self.items.partition_point(|item| item.start < line.start);
        self.items.iter().skip(first).take_while(move |item| item.start < line.end)
    }
}

fn items(all: &[Arc<Item>], visit: &mut dyn FnMut(&Item)) {
    for item in all {
        visit(item);
        match &item.kind {
            ItemKind::Impl(def) => items(&def.members, visit),
            ItemKind::Trait(def) => items(&def.members, visit),
            ItemKind::Mod { items: Some(inner) } => items(inner, visit),
            _ => {}
        }
    }
}

impl Suppression {
    /// Whether its last day is over; a day that cannot be read is not.
    fn ended(&self, today: Date) -> Option<Date> {
        self.until.as_ref()?.parse().ok().filter(|last| today > *last)
    }
}

/// The reason of the comment that accepts a finding; `None` if there is no such comment.
pub(crate) fn accepting(
    suppressions: &mut [Suppression],
    rule: &str,
    span: Span,
    today: Date,
) -> Option<Option<String>> {
    let mut accepted = None;
    for suppression in suppressions.iter_mut().filter(|s| s.ended(today).is_none()) {
        let covers =
            suppression.covers.iter().any(|c| c.contains(Span::at(span.start)) || span.start == c.start);
        if covers && suppression.rules.iter().any(|r| r == rule) {
            suppression.used = true;
            accepted.get_or_insert_with(|| suppression.reason.clone());
        }
    }
    accepted
}

/// What is asked of the comments themselves.
pub(crate) struct Asks {
    /// Those that ended before are told.
    pub(crate) today: Date,
    /// Whether each needs a reason.
    pub(crate) reasons: bool,
}

/// What is wrong with the comments themselves.
pub(crate) fn complaints(
    file: FileId,
    suppressions: &[Suppression],
    asks: &Asks,
    known: impl Fn(&str) -> bool,
    ran: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let complaint = |suppression: &Suppression| {
        let (message, is_needless) = wrong(suppression, asks, &known, &ran)?;
        let remove = Edit::Replace { file, span: suppression.whole, text: String::new() };
        let fix = Fix {
            title: "Remove the comment".into(),
            applicability: Applicability::Safe,
            edits: vec![remove],
        };
        let place = Place { file, span: suppression.comment };
        Some(Finding {
            fixes: if is_needless { vec![fix] } else { Vec::new() },
            subject: suppression.rules.join(","),
            ..note(&SUPPRESSION, place, message)
        })
    };
    suppressions.iter().filter_map(complaint).collect()
}

/// What is wrong with a comment, and whether it can simply go.
fn wrong(
    suppression: &Suppression,
    asks: &Asks,
    known: &impl Fn(&str) -> bool,
    ran: &impl Fn(&str) -> bool,
) -> Option<(String, bool)> {
    let wrong = |message: String| Some((message, false));
    if let Some(rule) = suppression.rules.iter().find(|r| !known(r)) {
        return wrong(format!("svclint has no rule `{rule}`, so this comment accepts nothing"));
    }
    if suppression.rules.is_empty() {
        return wrong("this comment names no rule, so it accepts nothing".to_owned());
    }
    if let Some(Err(error)) = suppression.until.as_ref().map(|day| day.parse::<Date>()) {
        return wrong(error);
    }
    if let Some(last) = suppression.ended(asks.today) {
        return Some((format!("this comment ended on {last}: what it accepted is reported again"), true));
    }
    // What did not run could not use it.
    if !suppression.used && suppression.rules.iter().all(|r| ran(r)) {
        let rules = suppression.rules.join("`, `");
        return Some((
            format!("nothing here is reported by `{rules}`, so this comment is no longer needed"),
            true,
        ));
    }
    if asks.reasons && suppression.reason.is_none() {
        return wrong(
            "a finding is accepted without a reason; the next reader cannot tell whether it still holds"
                .to_owned(),
        );
    }
    None
}
