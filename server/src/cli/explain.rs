//! `svclint explain RULE`

use std::io::Write;

use super::{Outcome, known_rule};

pub(crate) fn run(id: &str) -> anyhow::Result<Outcome> {
    let meta = known_rule(id)?.meta;
    let mut out = anstream::stdout().lock();
    writeln!(out, "# {}\n", meta.id)?;
    writeln!(out, "{} · since {}\n", meta.category.name(), meta.since)?;
    writeln!(out, "{}", meta.docs.trim_end())?;
    Ok(Outcome::Clean)
}
