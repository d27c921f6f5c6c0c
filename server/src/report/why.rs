//! What the model knows of single expressions, and what it could not see.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;
use svclint_engine::Workspace;
use svclint_model::{BlindKind, BlindSpot, Insight, Place};

use super::seen;
use super::style::{self, paint};
use super::{Range, shown};

/// How much of an expression is shown.
const WIDTH: usize = 60;
/// How many kinds of blind spots are listed for people.
const LISTED: usize = 40;

fn code(workspace: &Workspace, place: Place) -> String {
    let text = workspace.file(place.file).map(|f| place.span.text(&f.text).to_owned()).unwrap_or_default();
    let text: Vec<&str> = text.split_whitespace().collect();
    let text = text.join(" ");
    // What tells the calls of a chain apart is their end.
    let long = text.chars().count().saturating_sub(WIDTH);
    match text.char_indices().nth(long) {
        Some((begin, _)) if long > 0 => format!("…{}", &text[begin..]),
        _ => text,
    }
}

pub(crate) fn print(out: &mut impl Write, workspace: &Workspace, all: &[Insight]) -> anyhow::Result<()> {
    if all.is_empty() {
        writeln!(out, "no expression begins on this line, or it is test code")?;
    }
    for one in all {
        writeln!(out, "{}", paint(style::STRONG, code(workspace, one.at)))?;
        let ty = one.ty.as_deref().unwrap_or("not known");
        writeln!(out, "  {} {ty}", paint(style::FAINT, "type  "))?;
        let mut line = |name: &str, value: &str| writeln!(out, "  {} {value}", paint(style::FAINT, name));
        if let Some(names) = &one.names {
            line("names ", names)?;
        }
        for called in &one.calls {
            line("calls ", called)?;
        }
        for does in &one.does {
            line("does  ", does)?;
        }
        let effects: Vec<&str> = one.effects.iter().filter_map(|kind| seen::effect(*kind)).collect();
        if !effects.is_empty() {
            line("leads ", &format!("to {}", effects.join(", ")))?;
        }
        for made in &one.made_at {
            line("made  ", &place(workspace, *made))?;
        }
        if let Some(value) = &one.value {
            line("value ", value)?;
        }
    }
    Ok(())
}

pub(crate) fn json(out: &mut impl Write, workspace: &Workspace, all: &[Insight]) -> anyhow::Result<()> {
    let list: Vec<_> = all
        .iter()
        .map(|one| {
            json!({
                "code": code(workspace, one.at), "range": range(workspace, one.at), "type": one.ty,
                "names": one.names, "calls": one.calls, "does": one.does, "value": one.value,
                "effects": one.effects, "made_at": one.made_at.iter().map(|p| place(workspace, *p)).collect::<Vec<_>>(),
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "version": 1, "expressions": list }))?;
    writeln!(out)?;
    Ok(())
}

fn place(workspace: &Workspace, place: Place) -> String {
    let at = workspace
        .file(place.file)
        .map(|f| format!("{}:{}", shown(&f.path), f.lines.line_of(place.span.start) + 1));
    at.unwrap_or_default()
}

fn range(workspace: &Workspace, place: Place) -> Option<Range> {
    workspace.file(place.file).map(|f| Range::of(&f, place.span))
}

fn kind(kind: BlindKind) -> &'static str {
    match kind {
        BlindKind::Path => "path",
        BlindKind::Receiver => "receiver",
        BlindKind::ReceiverThatMatters => "receiver-that-matters",
        BlindKind::Method => "method",
    }
}

pub(crate) fn print_blind_spots(
    out: &mut impl Write,
    workspace: &Workspace,
    spots: &[BlindSpot],
) -> anyhow::Result<()> {
    let mut grouped: BTreeMap<(BlindKind, &str), Vec<Place>> = BTreeMap::new();
    for spot in spots {
        grouped.entry((spot.kind, &spot.text)).or_default().push(spot.at);
    }
    let mut grouped: Vec<_> = grouped.into_iter().collect();
    grouped.sort_by_key(|((kind, text), places)| (std::cmp::Reverse(places.len()), *kind, *text));
    for ((of_kind, text), places) in grouped.iter().take(LISTED) {
        let first = places.first().and_then(|p| {
            let file = workspace.file(p.file)?;
            Some(format!("{}:{}", shown(&file.path), file.lines.line_of(p.span.start) + 1))
        });
        let first = paint(style::FAINT, first.unwrap_or_default());
        writeln!(out, "{:>6}  {:<22} {text}  {first}", places.len(), kind(*of_kind))?;
    }
    let more = grouped.len().saturating_sub(LISTED);
    let note = if more > 0 { format!(" and {more} more kinds") } else { String::new() };
    writeln!(out, "{}", paint(style::FAINT, format!("{} places not resolved{note}", spots.len())))?;
    Ok(())
}

pub(crate) fn json_blind_spots(
    out: &mut impl Write,
    workspace: &Workspace,
    spots: &[BlindSpot],
) -> anyhow::Result<()> {
    let list: Vec<_> = spots
        .iter()
        .map(|s| {
            let path = workspace.file(s.at.file).map(|f| shown(&f.path));
            json!({ "kind": kind(s.kind), "text": s.text, "path": path, "range": range(workspace, s.at) })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "version": 1, "blind_spots": list }))?;
    writeln!(out)?;
    Ok(())
}
