//! What was shown of a rule: its verdicts on real code, and what its fix was compiled against. Data that tests write and hold
//! true, not claims.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::report::count;

/// The libraries against which the fixes of a rule's examples compile.
static COMPILES: LazyLock<BTreeMap<String, Vec<String>>> =
    LazyLock::new(|| toml::from_str(include_str!("../../tests/proof/shown.toml")).unwrap_or_default());

/// What the verdicts on a rule's findings come to.
static FIGURES: LazyLock<BTreeMap<String, Figures>> =
    LazyLock::new(|| toml::from_str(include_str!("../../tests/precision/figures.toml")).unwrap_or_default());

#[derive(Deserialize)]
struct Figures {
    judged: usize,
    repositories: usize,
    percent: u32,
    at_least: u32,
}

/// One sentence for each thing that was shown of a rule.
pub(crate) fn of(rule: &str) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(f) = FIGURES.get(rule) {
        let (findings, repositories) = (
            count(f.judged, "finding"),
            match f.repositories {
                1 => "1 repository".to_owned(),
                n => format!("{n} repositories"),
            },
        );
        said.push(format!(
            "Judged {findings} on {repositories}: {} % right, at least {} % (Wilson, 95 %).",
            f.percent, f.at_least
        ));
    }
    if let Some(libraries) = COMPILES.get(rule).filter(|l| !l.is_empty()) {
        said.push(format!("The fix compiles against {}.", libraries.join(", ")));
    }
    said
}
