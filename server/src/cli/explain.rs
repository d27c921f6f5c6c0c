//! `svclint explain RULE`

use std::io::Write;

use super::{Outcome, known_rule};
use crate::evidence;

pub(crate) fn run(id: &str) -> anyhow::Result<Outcome> {
    let own = svclint_engine::own_rules().into_iter().find(|meta| meta.id == id);
    let meta = own.map_or_else(|| Ok(known_rule(id)?.meta), anyhow::Ok)?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "# {}\n", meta.id)?;
    writeln!(out, "{} · since {}\n", meta.category.name(), meta.since)?;
    for line in meta.docs.trim_end().lines() {
        writeln!(out, "{}", line.strip_prefix(' ').unwrap_or(line))?;
    }
    let shown = evidence::of(meta.id);
    if !shown.is_empty() {
        writeln!(out, "\n## What was shown")?;
        shown.iter().try_for_each(|line| writeln!(out, "- {line}"))?;
    }
    Ok(Outcome::Clean)
}
