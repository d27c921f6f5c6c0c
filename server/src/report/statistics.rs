//! How often each rule reports something.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use svclint_engine::Report;

use super::count;

#[derive(Default, Serialize)]
struct Row<'r> {
    rule: &'r str,
    category: &'r str,
    findings: usize,
    fixable: usize,
}

/// The most frequent first.
pub(crate) fn print(out: &mut dyn Write, report: &Report, as_json: bool) -> anyhow::Result<()> {
    let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for reported in &report.findings {
        let meta = reported.finding.rule;
        let row = rows.entry(meta.id).or_default();
        (row.rule, row.category) = (meta.id, meta.category.name());
        row.findings += 1;
        row.fixable += usize::from(!reported.finding.fixes.is_empty());
    }
    let mut rows: Vec<Row<'_>> = rows.into_values().collect();
    rows.sort_by(|a, b| b.findings.cmp(&a.findings).then(a.rule.cmp(b.rule)));
    if as_json {
        serde_json::to_writer_pretty(&mut *out, &rows)?;
        writeln!(out)?;
        return Ok(());
    }
    let width = rows.iter().map(|r| r.rule.len()).max().unwrap_or(0);
    for row in &rows {
        let fixes = if row.fixable > 0 { format!("  {} with a fix", row.fixable) } else { String::new() };
        writeln!(out, "{:>5}  {:width$}  {:14}{fixes}", row.findings, row.rule, row.category)?;
    }
    let total: usize = rows.iter().map(|r| r.findings).sum();
    writeln!(out, "{:>5}  in all, of {}", total, count(rows.len(), "rule"))?;
    Ok(())
}
