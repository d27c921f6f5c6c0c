//! The precision book is well kept, and its figures are those that `svclint explain` shows.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

mod book;

mod measure;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use book::{Figures, Verdict};
use measure::{Checked, Found, Known, Share};
use svclint_catalog::Level;

#[test]
fn the_figures_are_those_of_the_verdicts() {
    let file = book::folder().join("figures.toml");
    let figures = book::figures(&book::read());
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, &figures).expect("writable");
    }
    let written = fs::read_to_string(&file).expect("readable");
    assert!(written == figures, "stale: UPDATE=1 cargo test -p svclint --test it precision");
}

#[test]
fn every_verdict_can_be_looked_up_again() {
    for (rule, verdicts) in book::read() {
        assert!(svclint_catalog::rule(&rule).is_some(), "there is no rule `{rule}`");
        for verdict in verdicts {
            let Verdict { repository, commit, path, reason, .. } = &verdict;
            assert!(repository.split('/').count() == 2, "{rule}: owner/name: {verdict:?}");
            assert!(
                commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()),
                "{rule}: {verdict:?}"
            );
            assert!(!path.is_empty() && !path.starts_with('/'), "{rule}: a path inside: {verdict:?}");
            assert!(reason.trim().len() > 10, "{rule}: why? {verdict:?}");
        }
    }
}

/// `tests/precision/run` asks for it.
#[test]
#[ignore = "needs extracted repositories"]
fn measure_a_corpus() {
    let corpus = PathBuf::from(env::var_os("CORPUS").expect("CORPUS names the folder"));
    let book = book::read();
    let checked: BTreeMap<String, Checked> = measure::repositories(&corpus)
        .into_iter()
        .map(|(name, folder)| (name, measure::check(&folder)))
        .collect();
    let known = env::var_os("DATA").map(|data| measure::known(&corpus, &PathBuf::from(data), &checked));
    print!("{}", table(&book, &checked, &known.unwrap_or_default()));
    print!("{}", differences(&book, &checked));
}

fn table(
    book: &BTreeMap<String, Vec<Verdict>>,
    checked: &BTreeMap<String, Checked>,
    known: &Known,
) -> String {
    let lines: usize = checked.values().map(|c| c.lines).sum();
    let mut out = format!("{} repositories, {lines} lines\n\n", checked.len());
    out.push_str(&format!(
        "{:38} {:>5} {:>7} {:>6} {:>6} {:>8} {:>6} {:>8} {:>7} {:>7} {:>6}\n",
        "rule",
        "found",
        "per 10k",
        "judged",
        "right",
        "unclear",
        "right",
        "at least",
        "defects",
        "labels",
        "traps"
    ));
    let share = |of: &BTreeMap<String, Share>, rule: &str| {
        of.get(rule).map_or_else(String::new, |s| format!("{}/{}", s.reported, s.of))
    };
    for rule in svclint_catalog::rules() {
        let id = rule.meta.id;
        let found = checked.values().flat_map(|c| &c.found).filter(|f| f.rule == id).count();
        let f = Figures::of(book.get(id).map_or(&[], Vec::as_slice));
        let (right, at_least) = match f.judged {
            0 => (String::new(), String::new()),
            _ => (format!("{:.0} %", f.precision().floor()), format!("{:.0} %", f.at_least().floor())),
        };
        out.push_str(&format!(
            "{:38} {found:>5} {:>7.2} {:>6} {:>6} {:>8} {right:>6} {at_least:>8} {:>7} {:>7} {:>6}\n",
            if rule.meta.level == Level::Allow { format!("{id} (off)") } else { id.to_owned() },
            found as f64 * 10_000.0 / (lines as f64).max(1.0),
            f.judged,
            f.right,
            f.unclear,
            share(&known.defects, id),
            share(&known.labels, id),
            share(&known.traps, id),
        ));
    }
    out
}

/// What the book and the run do not share: right ones that are no longer reported, wrong ones that still are, and findings of
/// rules that lack verdicts.
fn differences(book: &BTreeMap<String, Vec<Verdict>>, checked: &BTreeMap<String, Checked>) -> String {
    const ENOUGH: usize = 20;
    let mut out = String::new();
    let of_rule = |rule: &str, repository: &str| -> Vec<&Found> {
        checked.get(repository).into_iter().flat_map(|c| &c.found).filter(|f| f.rule == rule).collect()
    };
    for (rule, verdicts) in book {
        for v in verdicts.iter().filter(|v| checked.contains_key(&v.repository)) {
            let reported = of_rule(rule, &v.repository).iter().any(|f| measure::is_judged(f, v));
            match (reported, v.verdict) {
                (false, book::Word::Right) => {
                    out.push_str(&format!(
                        "no longer reported: {rule} {} {} {}\n",
                        v.repository, v.path, v.item
                    ));
                }
                (true, book::Word::Wrong) => {
                    out.push_str(&format!("still wrong: {rule} {} {} {}\n", v.repository, v.path, v.item));
                }
                _ => {}
            }
        }
    }
    for rule in svclint_catalog::rules().iter().filter(|r| r.meta.level != Level::Allow) {
        let id = rule.meta.id;
        let verdicts = book.get(id).map_or(&[][..], Vec::as_slice);
        if verdicts.len() >= ENOUGH {
            continue;
        }
        for (repository, c) in checked {
            let judged =
                |f: &Found| verdicts.iter().any(|v| v.repository == *repository && measure::is_judged(f, v));
            for f in c.found.iter().filter(|f| f.rule == id && !judged(f)) {
                out.push_str(&format!("not judged: {id} {repository} {}:{} {}\n", f.path, f.line, f.subject));
            }
        }
    }
    out
}
