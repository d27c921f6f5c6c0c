//! What a run cost: the stages in their order, then the rules, the dearest first.

use std::io::{self, Write};
use std::time::Duration;

use svclint_engine::Timings;

use super::style::{self, paint};

pub(crate) fn print(out: &mut impl Write, timings: &Timings) -> io::Result<()> {
    let stages = [
        ("read", timings.read),
        ("join", timings.join),
        ("rules", timings.rules),
        ("report", timings.report),
    ];
    let all: Duration = stages.iter().map(|(_, took)| *took).sum();
    let width = timings.each.iter().map(|t| t.rule.len()).max().unwrap_or(0);
    writeln!(out)?;
    for (stage, took) in stages {
        writeln!(out, "{stage:width$} {} {}", milliseconds(took), share(took, all))?;
    }
    let each: Duration = timings.each.iter().map(|t| t.took).sum();
    let mut rules = timings.each.clone();
    rules.sort_by_key(|t| (std::cmp::Reverse(t.took), t.rule));
    writeln!(out)?;
    for timing in rules {
        let found = if timing.found == 0 { String::new() } else { format!("  {} found", timing.found) };
        writeln!(
            out,
            "{:width$} {} {}{}",
            timing.rule,
            milliseconds(timing.took),
            share(timing.took, each),
            paint(style::FAINT, found)
        )?;
    }
    writeln!(
        out,
        "{}",
        paint(style::FAINT, "rules run side by side: their times add up to more than their stage")
    )
}

fn milliseconds(time: Duration) -> String {
    format!("{:>9.2} ms", time.as_secs_f64() * 1000.0)
}

fn share(part: Duration, whole: Duration) -> String {
    let whole = whole.as_secs_f64();
    let share = if whole > 0.0 { part.as_secs_f64() / whole } else { 0.0 };
    paint(style::FAINT, format!("{:>3.0} %", share * 100.0))
}
