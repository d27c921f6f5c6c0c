//! What a rule returns.

use std::path::PathBuf;

use serde::Serialize;
use svclint_model::{FileId, Place};
use svclint_syntax::Span;

use crate::rule::RuleMeta;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Design advice.
    Info,
    /// Wrong when a dependency fails, slows down or scales.
    Warning,
    /// Wrong whatever the load.
    Error,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// How sure svclint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Part of the evidence could not be seen.
    Medium,
    /// All evidence was seen.
    High,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that says so.
    pub rule: &'static RuleMeta,
    /// What is wrong and what will happen because of it: lower case, no final stop, one line.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The service concerned.
    pub service: Option<String>,
    /// Where.
    pub place: Place,
    /// A few words at the place: "no timeout here".
    pub label: String,
    /// The evidence elsewhere.
    pub related: Vec<Related>,
    /// Where the same is wrong in other variants of the same manifest.
    pub variants: Vec<Place>,
    /// The edits that mend it, best first.
    pub fixes: Vec<Fix>,
    /// What the finding is about, in words that survive edits elsewhere in the file: the path of the function, the route.
    /// Part of the fingerprint.
    pub subject: String,
}

impl Finding {
    /// A finding with the severity and confidence of its rule, and nothing else yet.
    pub(crate) fn new(rule: &'static RuleMeta, place: Place, message: String) -> Finding {
        Finding {
            rule,
            message,
            help: None,
            severity: rule.severity,
            confidence: rule.confidence,
            service: None,
            place,
            label: String::new(),
            related: Vec::new(),
            variants: Vec::new(),
            fixes: Vec::new(),
            subject: String::new(),
        }
    }

    /// What to do.
    pub(crate) fn help(self, help: impl Into<String>) -> Finding {
        Finding { help: Some(help.into()), ..self }
    }

    /// A few words at the place.
    pub(crate) fn label(self, label: impl Into<String>) -> Finding {
        Finding { label: label.into(), ..self }
    }

    /// What the finding is about.
    pub(crate) fn subject(self, subject: impl Into<String>) -> Finding {
        Finding { subject: subject.into(), ..self }
    }

    /// The service concerned.
    pub(crate) fn service(self, service: impl Into<String>) -> Finding {
        Finding { service: Some(service.into()), ..self }
    }

    /// One more place that is part of the evidence.
    pub(crate) fn related(mut self, place: Place, message: impl Into<String>) -> Finding {
        self.related.push(Related { place, message: message.into() });
        self
    }

    /// One more way to mend it, where there are edits for it.
    pub(crate) fn fix(
        mut self,
        title: impl Into<String>,
        applicability: Applicability,
        edits: Vec<Edit>,
    ) -> Finding {
        if !edits.is_empty() {
            self.fixes.push(Fix { title: title.into(), applicability, edits });
        }
        self
    }
}

/// A place that is part of the evidence.
#[derive(Clone, Debug)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What is to be seen there: lower case, no final stop.
    pub message: String,
}

/// A set of edits that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What it does, as an order: "Give the client a timeout".
    pub title: String,
    /// Whether it can be applied unseen.
    pub applicability: Applicability,
    /// The edits. They do not overlap.
    pub edits: Vec<Edit>,
}

/// How far a fix can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// Changes nothing but adding the missing protection. `--fix` applies it.
    Safe,
    /// Compiles, but changes behaviour in a way that someone must look at. `--unsafe-fixes` applies it.
    Unsafe,
    /// Has a place to fill in or a choice to make. Only offered in the editor.
    Proposal,
}

/// One edit.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Replaces a span; an empty span inserts.
    Replace {
        /// The file.
        file: FileId,
        /// What is replaced.
        span: Span,
        /// By what.
        text: String,
    },
    /// Makes a new file.
    Create {
        /// Its path, on the same base as the workspace's files.
        path: PathBuf,
        /// Its text.
        text: String,
    },
}
