//! What becomes of the findings of the rules: levels, what is accepted, order, names.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};
use svclint_catalog::{Finding, Level, Severity};
use svclint_model::{FileId, Model, Place, Rejoined};
use svclint_syntax::{Language, Span};
use xxhash_rust::xxh3::xxh3_64;

use super::Workspace;
use crate::config::Date;
use crate::notes::{CONFIG_ERROR, INTERNAL_ERROR, SYNTAX_ERROR, note};
use crate::report::{Accepted, AcceptedBy, Report, ReportedFinding, Skipped, Summary};
use crate::suppress::{self, Suppression};
use crate::timings::Timings;
use crate::variants;

/// What accepts a finding, and why.
type Acceptance = (AcceptedBy, Option<String>);

/// The comments of all files that have some.
type Comments = FxHashMap<FileId, Vec<Suppression>>;

impl Workspace {
    pub(super) fn report(
        &self,
        model: Arc<Model>,
        rejoined: Rejoined,
        mut findings: Vec<Finding>,
        started: Instant,
    ) -> Report {
        findings.retain(|f| !model.generated.get(f.place.file.0 as usize).copied().unwrap_or(false));
        findings.retain_mut(|finding| self.is_wanted(finding));
        let is_manifest = |file: FileId| {
            let path = model.files.get(file.0 as usize);
            path.is_some_and(|path| matches!(Language::of(path), Language::Yaml | Language::Json))
        };
        let mut findings: Vec<(Finding, Option<Acceptance>)> =
            self.with_acceptance(variants::together(&model, findings, is_manifest));
        let own = self.syntax_errors().into_iter().chain(self.config_findings());
        findings.extend(own.map(|finding| (finding, None)));
        findings.sort_by(|(a, _), (b, _)| {
            (a.place, a.rule.id, &a.message).cmp(&(b.place, b.rule.id, &b.message))
        });
        let (findings, accepted) = self.named(findings);
        let skipped = self.skipped();
        let summary = Summary {
            services: model.services.len(),
            routes: model.services.iter().map(|s| s.routes.len()).sum(),
            clients: model.clients.len(),
            files: self.store.paths.len(),
            findings: findings.len(),
            fixable: findings.iter().filter(|f| !f.finding.fixes.is_empty()).count(),
            suppressed: accepted.len(),
            baseline: 0,
            before: 0,
            skipped: skipped.len(),
        };
        Report {
            findings,
            accepted,
            skipped,
            summary,
            model,
            rejoined,
            took: started.elapsed(),
            timings: Timings::default(),
            store: self.store.clone(),
        }
    }

    /// Whether a finding's rule is on where it is; gives it the severity that it has there.
    fn is_wanted(&self, finding: &mut Finding) -> bool {
        let Some((path, _)) = self.store.file(finding.place.file) else { return true };
        // What svclint says of itself has no level.
        if svclint_catalog::rule(finding.rule.id).is_none() {
            return true;
        }
        let (level, _) = self.level(finding.rule, path);
        if level == Level::Deny {
            finding.severity = Severity::Error;
        }
        level != Level::Allow
    }

    /// Tells of each finding what accepts it, and adds what is wrong with what accepts.
    fn with_acceptance(&self, findings: Vec<Finding>) -> Vec<(Finding, Option<Acceptance>)> {
        if self.options.ignores_acceptance {
            return findings.into_iter().map(|finding| (finding, None)).collect();
        }
        let today = Date::today();
        self.config.settings.values().flat_map(|s| &s.exceptions).for_each(|e| e.begin());
        let mut comments = self.comments();
        let mut all: Vec<_> = findings
            .into_iter()
            .map(|finding| {
                let by_config = self.by_exception(&finding, today);
                let by_comment = by_comment(&mut comments, &finding, today);
                (finding, by_comment.or(by_config))
            })
            .collect();
        for (file, suppressions) in &comments {
            let Some((path, _)) = self.store.file(*file) else { continue };
            let known = |id: &str| svclint_catalog::rule(id).is_some();
            let ran = |id: &str| {
                svclint_catalog::rule(id).is_some_and(|r| self.level(r.meta, path).0 != Level::Allow)
            };
            let asks = suppress::Asks { today, reasons: self.config.requires_reasons(&self.absolute(path)) };
            let wrong = suppress::complaints(*file, suppressions, &asks, known, ran);
            all.extend(wrong.into_iter().map(|finding| (finding, None)));
        }
        all.extend(self.exceptions_out_of_use(today).into_iter().map(|finding| (finding, None)));
        all
    }

    fn comments(&self) -> Comments {
        let mut comments = Comments::default();
        for (number, path) in self.store.paths.iter().enumerate() {
            let Some(analysis) = self.store.get(path) else { continue };
            let suppressions = suppress::read(analysis, Language::of(path));
            if !suppressions.is_empty() {
                comments.insert(FileId(number as u32), suppressions);
            }
        }
        comments
    }

    fn by_exception(&self, finding: &Finding, today: Date) -> Option<Acceptance> {
        // What is accepted in one variant is accepted in all.
        let files = std::iter::once(&finding.place).chain(&finding.variants).map(|place| place.file);
        let mut found = None;
        for file in files {
            let Some((path, _)) = self.store.file(file) else { continue };
            let path = self.absolute(path);
            let Some(settings) = self.config.at(&path) else { continue };
            for exception in &settings.exceptions {
                if exception.accepts(finding, &path, today) {
                    found.get_or_insert_with(|| (AcceptedBy::Configuration, exception.why()));
                }
            }
        }
        found
    }

    /// What is wrong with the exceptions of the configuration files that are part of what is checked.
    fn exceptions_out_of_use(&self, today: Date) -> Vec<Finding> {
        let mut found = Vec::new();
        for (number, path) in self.store.paths.iter().enumerate() {
            if !crate::config::is_config(path) {
                continue;
            }
            let file = self.absolute(path);
            let all = self.config.settings.values().flat_map(|s| &s.exceptions);
            let here: Vec<_> = all.filter(|e| e.file == file).collect();
            let used: FxHashSet<usize> = here.iter().filter(|e| e.is_used()).map(|e| e.span.start).collect();
            let mut told = FxHashSet::default();
            for exception in here.into_iter().filter(|e| told.insert(e.span.start)) {
                let ran = exception
                    .rules
                    .iter()
                    .all(|id| svclint_catalog::rule(id).is_some_and(|r| self.wants(r.meta)));
                let is_unused = ran && !used.contains(&exception.span.start);
                let needs_reason = self.config.requires_reasons(&file);
                let text = self.store.get(path).map_or("", |a| &a.text);
                found.extend(exception.complaint(
                    FileId(number as u32),
                    text,
                    today,
                    is_unused,
                    needs_reason,
                ));
            }
        }
        found
    }

    fn syntax_errors(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (number, path) in self.store.paths.iter().enumerate() {
            let file = FileId(number as u32);
            let errors = self.store.get(path).map(|a| a.errors()).unwrap_or_default();
            if let Some(error) = errors.first() {
                let more = if errors.len() > 1 {
                    format!(" (and {} more here)", errors.len() - 1)
                } else {
                    String::new()
                };
                let message = format!(
                    "this part does not parse, so nothing in it was checked: {}{more}",
                    error.message
                );
                found.push(note(&SYNTAX_ERROR, Place { file, span: error.span }, message));
            }
        }
        found
    }

    fn config_findings(&self) -> Vec<Finding> {
        let finding = |(path, error): &(std::path::PathBuf, svclint_knowledge::KnowledgeError)| {
            let number = self.store.paths.iter().position(|p| self.absolute(p) == *path)?;
            let file = FileId(number as u32);
            let shown = self.file(file)?;
            let line = (error.line as u32).saturating_sub(1).min(shown.lines.line_count().saturating_sub(1));
            let span = shown.lines.line_span(&shown.text, line);
            let message = format!("{}{}; the last good configuration is used", error.key, error.message);
            Some(note(&CONFIG_ERROR, Place { file, span }, message))
        };
        self.config.errors.iter().filter_map(finding).collect()
    }

    pub(super) fn internal_error(&self, what: &str, message: &str) -> Option<Finding> {
        let file = FileId(0);
        self.store.file(file)?;
        let text = format!(
            "svclint itself failed in {what}: {message}; everything else was checked, please report this"
        );
        Some(note(&INTERNAL_ERROR, Place { file, span: Span::at(0) }, text))
    }

    /// Gives all findings their names over time, and tells those that are accepted from the others.
    fn named(&self, findings: Vec<(Finding, Option<Acceptance>)>) -> (Vec<ReportedFinding>, Vec<Accepted>) {
        let mut seen: FxHashMap<u64, u32> = FxHashMap::default();
        let (mut reported, mut accepted) = (Vec::new(), Vec::new());
        for (finding, acceptance) in findings {
            let text = plain(self.store.text_at(finding.place.file, finding.place.span));
            let (rule, subject) = (finding.rule.id, &finding.subject);
            let key = format!("{rule}\0{subject}\0{text}");
            let hash = xxh3_64(key.as_bytes());
            let nth = seen.entry(hash).or_default();
            *nth += 1;
            let hash = if *nth > 1 { xxh3_64(format!("{key}\0{nth}").as_bytes()) } else { hash };
            let name = subject.rsplit("::").next().unwrap_or(subject);
            let content = xxh3_64(format!("{rule}\0{name}\0{text}").as_bytes());
            let finding = ReportedFinding {
                finding,
                fingerprint: format!("{hash:016x}"),
                content: format!("{content:016x}"),
            };
            match acceptance {
                Some((by, reason)) => accepted.push(Accepted { finding, by, reason }),
                None => reported.push(finding),
            }
        }
        (reported, accepted)
    }

    fn skipped(&self) -> Vec<Skipped> {
        let path = |p: &Path| p.display().to_string();
        self.unread.iter().map(|(p, reason)| Skipped { path: path(p), reason: reason.clone() }).collect()
    }
}

/// What formatters leave alone: they move blanks, add commas before a bracket, and put braces around the body of a closure.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '{' | '}')).collect()
}

fn by_comment(comments: &mut Comments, finding: &Finding, today: Date) -> Option<Acceptance> {
    // What is accepted in one variant is accepted in all.
    let mut places = std::iter::once(&finding.place).chain(&finding.variants);
    let reason = places.find_map(|place| {
        suppress::accepting(comments.get_mut(&place.file)?, finding.rule.id, place.span, today)
    })?;
    Some((AcceptedBy::Comment, reason))
}
