//! Findings that the configuration accepts.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use globset::GlobSet;
use svclint_catalog::{Applicability, Edit, Finding, Fix};
use svclint_knowledge::KnowledgeError;
use svclint_model::{FileId, Place};
use svclint_syntax::Span;

use super::date::Date;
use super::file::Exception;
use super::layers::globs;
use super::mistake;
use crate::notes::note;
use crate::suppress::SUPPRESSION;

/// One exception, and whether it was of use.
#[derive(Debug)]
pub(crate) struct Accepting {
    /// The file that says so.
    pub(crate) file: PathBuf,
    /// Where in it.
    pub(crate) span: Range<usize>,
    pub(crate) rules: Vec<String>,
    /// What it is about, as written.
    pub(crate) about: Vec<String>,
    paths: Option<GlobSet>,
    item: Option<String>,
    object: Option<String>,
    reason: Option<String>,
    owner: Option<String>,
    pub(crate) expires: Option<Date>,
    used: AtomicBool,
}

impl Accepting {
    pub(super) fn read(
        path: &Path,
        text: &str,
        span: Range<usize>,
        said: &Exception,
    ) -> Result<Accepting, KnowledgeError> {
        for rule in &said.rules {
            mistake::known_rule(rule.get_ref()).map_err(|m| mistake::at(path, text, rule.span(), m))?;
        }
        if said.rules.is_empty() {
            return Err(mistake::at(
                path,
                text,
                span,
                "an exception names the rules that it is about".into(),
            ));
        }
        if said.paths.is_empty() && said.item.is_none() && said.object.is_none() {
            let message = "an exception names what it is about: `paths`, `item` or `object`; `[levels]` turns a rule off";
            return Err(mistake::at(path, text, span, message.into()));
        }
        let date = |d: &serde_spanned::Spanned<String>| {
            d.get_ref().parse().map_err(|message| mistake::at(path, text, d.span(), message))
        };
        let words = said.paths.iter().map(|p| p.get_ref()).chain(&said.item).chain(&said.object);
        Ok(Accepting {
            about: words.cloned().collect(),
            file: path.to_owned(),
            rules: said.rules.iter().map(|r| r.get_ref().clone()).collect(),
            paths: if said.paths.is_empty() { None } else { Some(globs(path, text, &said.paths)?) },
            item: said.item.clone(),
            object: said.object.clone(),
            reason: said.reason.clone().filter(|r| !r.trim().is_empty()),
            owner: said.owner.clone(),
            expires: said.expires.as_ref().map(date).transpose()?,
            used: AtomicBool::new(false),
            span,
        })
    }

    /// Whether a finding in a file (of which the absolute path is given) is accepted; an expired exception accepts nothing.
    pub(crate) fn accepts(&self, finding: &Finding, file: &Path, today: Date) -> bool {
        let inside = || file.strip_prefix(self.file.parent().unwrap_or(Path::new(""))).ok();
        let accepts = self.expires.is_none_or(|last| today <= last)
            && self.rules.iter().any(|r| r == finding.rule.id)
            && self.paths.as_ref().is_none_or(|paths| inside().is_some_and(|p| paths.is_match(p)))
            && self.item.as_ref().is_none_or(|item| is_of_item(&finding.subject, item))
            && self.object.as_ref().is_none_or(|object| is_within(&finding.subject, object));
        if accepts {
            self.used.store(true, Ordering::Relaxed);
        }
        accepts
    }

    /// A new run begins: nothing was of use yet.
    pub(crate) fn begin(&self) {
        self.used.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// The reason, with who answers for it.
    pub(crate) fn why(&self) -> Option<String> {
        match (&self.reason, &self.owner) {
            (Some(reason), Some(owner)) => Some(format!("{reason} ({owner})")),
            (one, other) => one.clone().or_else(|| other.clone()),
        }
    }

    /// What is wrong with it: nothing else would tell that a decision has to be taken anew.
    pub(crate) fn complaint(
        &self,
        file: FileId,
        text: &str,
        today: Date,
        is_unused: bool,
        needs_reason: bool,
    ) -> Option<Finding> {
        let owner = self.owner.as_ref().map_or(String::new(), |o| format!(" ({o})"));
        let rules = self.rules.join("`, `");
        let expired = self.expires.filter(|last| today > *last);
        let message = if let Some(last) = expired {
            format!("this exception ended on {last}{owner}: what it accepted is reported again")
        } else if is_unused {
            format!(
                "nothing that this exception is about is reported by `{rules}`, so it is no longer needed"
            )
        } else if needs_reason && self.reason.is_none() {
            "a finding is accepted without a reason; the next reader cannot tell whether it still holds"
                .to_owned()
        } else {
            return None;
        };
        let table = table_at(text, self.span.start);
        let line = text.get(self.span.start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
        let place = Place { file, span: Span::new(self.span.start as u32, (self.span.start + line) as u32) };
        let mut finding = Finding { subject: self.rules.join(","), ..note(&SUPPRESSION, place, message) };
        if let Some(span) = table.filter(|_| expired.is_some() || is_unused) {
            let remove = Edit::Replace { file, span, text: String::new() };
            let title = "Remove the exception".to_owned();
            finding.fixes = vec![Fix { title, applicability: Applicability::Safe, edits: vec![remove] }];
        }
        Some(finding)
    }
}

/// The lines of an array's table, `[[exception]]`, up to the next table.
fn table_at(text: &str, start: usize) -> Option<Span> {
    let first = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let header = text.get(first..)?.lines().next()?.trim();
    if !header.starts_with("[[") || !header.ends_with("exception]]") {
        return None;
    }
    let mut end = first;
    for (number, line) in text.get(first..)?.split_inclusive('\n').enumerate() {
        if number > 0 && line.trim_start().starts_with('[') {
            break;
        }
        end += line.len();
    }
    Some(Span::new(first as u32, end as u32))
}

/// Whether a subject is an item or stands in it: `orders::payments` or `payments` for `orders::payments::charge`.
fn is_of_item(subject: &str, item: &str) -> bool {
    let path = subject.split(' ').next().unwrap_or(subject);
    let mut from = 0;
    loop {
        let rest = path.get(from..).unwrap_or("");
        if is_within(rest, item) {
            return true;
        }
        match rest.find("::") {
            Some(at) => from += at + 2,
            None => return false,
        }
    }
}

/// Whether a subject is what is named or a part of it: `Deployment/orders` for `Deployment/orders/web`.
fn is_within(subject: &str, name: &str) -> bool {
    let rest = subject.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ' ']) || rest.starts_with("::"))
}
