//! The precision book: what people who opened the source said of findings, and the figures that follow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// `tests/precision`
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/precision")
        .canonicalize()
        .expect("the book is there")
}

/// What is said of one finding.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verdict {
    /// `owner/name`
    pub(crate) repository: String,
    /// The commit that was read.
    pub(crate) commit: String,
    pub(crate) path: String,
    /// The function, route or object that the finding is about.
    pub(crate) item: String,
    pub(crate) verdict: Word,
    pub(crate) reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    /// The defect is there.
    Right,
    /// It is not.
    Wrong,
    /// The source does not tell.
    Unclear,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    verdict: Vec<Verdict>,
}

/// The verdicts by rule.
pub(crate) fn read() -> BTreeMap<String, Vec<Verdict>> {
    let mut book = BTreeMap::new();
    for entry in fs::read_dir(folder()).expect("readable").flatten() {
        let path = entry.path();
        let rule = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|e| e == "toml") && rule != "figures" {
            let text = fs::read_to_string(&path).expect("readable");
            let page: Page = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            book.insert(rule, page.verdict);
        }
    }
    book
}

/// What the verdicts on a rule say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Right or wrong.
    pub(crate) judged: usize,
    pub(crate) right: usize,
    pub(crate) unclear: usize,
    pub(crate) repositories: usize,
}

impl Figures {
    pub(crate) fn of(verdicts: &[Verdict]) -> Figures {
        let count = |word| verdicts.iter().filter(|v| v.verdict == word).count();
        let repositories: BTreeSet<&str> = verdicts.iter().map(|v| v.repository.as_str()).collect();
        Figures {
            judged: count(Word::Right) + count(Word::Wrong),
            right: count(Word::Right),
            unclear: count(Word::Unclear),
            repositories: repositories.len(),
        }
    }

    /// The share that is right, in percent.
    pub(crate) fn precision(self) -> f64 {
        100.0 * self.right as f64 / (self.judged as f64).max(1.0)
    }

    /// The lower end of Wilson's interval for it, at 95 %: what so few verdicts prove.
    pub(crate) fn at_least(self) -> f64 {
        if self.judged == 0 {
            return 0.0;
        }
        let (n, z) = (self.judged as f64, 1.96_f64);
        let p = self.right as f64 / n;
        let middle = p + z * z / (2.0 * n);
        let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        100.0 * (middle - spread) / (1.0 + z * z / n)
    }
}

/// The figures as `svclint explain` reads them.
pub(crate) fn figures(book: &BTreeMap<String, Vec<Verdict>>) -> String {
    let mut out = String::from(
        "# What the verdicts in this folder come to. Written by `UPDATE=1 cargo test -p svclint --test it precision`.\n",
    );
    for (rule, verdicts) in book {
        let f = Figures::of(verdicts);
        if f.judged > 0 {
            out.push_str(&format!(
                "\n[{rule}]\njudged = {}\nright = {}\nrepositories = {}\npercent = {:.0}\nat_least = {:.0}\n",
                f.judged,
                f.right,
                f.repositories,
                f.precision().floor(),
                f.at_least().floor()
            ));
        }
    }
    out
}
