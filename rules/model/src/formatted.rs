//! `format!("{base}/x/{}", y)`: the text around the values, and the values in it.

use svclint_facts::rust::{ExprId, ExprKind, Lit, MacroCall};

use crate::fold::{Depth, Text};
use crate::tracer::{At, Tracer};

/// A part of a formatted text.
pub(crate) enum Part {
    /// As it is written.
    Written(String),
    /// What an argument gives; `None` where it could not be read.
    Value(Option<At>),
}

impl Tracer<'_> {
    /// The parts of a formatted text; `None` where its format is no literal.
    pub(crate) fn format_parts(&self, at: At, call: &MacroCall) -> Option<Vec<Part>> {
        let here = |expr: ExprId| At { body: at.body, expr };
        let args = &call.args;
        let written = args.len() - call.implicit as usize;
        let ExprKind::Lit(Lit::Str(format)) = self.kind(here(*args.first()?)) else { return None };
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut positional = 1;
        let mut rest = format.as_str();
        while let Some(open) = rest.find(['{', '}']) {
            text.push_str(&rest[..open]);
            let brace = &rest[open..open + 1];
            rest = &rest[open + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = after;
                continue;
            }
            let Some(close) = rest.find('}') else { break };
            let name = rest[..close].split(':').next().unwrap_or("");
            rest = &rest[close + 1..];
            let arg = if name.is_empty() {
                positional += 1;
                args.get(positional - 1).filter(|_| positional <= written)
            } else if let Ok(number) = name.parse::<usize>() {
                args.get(number + 1)
            } else if let Some((_, number)) = call.names.iter().find(|(n, _)| n == name) {
                args.get(*number as usize)
            } else {
                args[written.min(args.len())..]
                    .iter()
                    .find(|a| matches!(self.kind(here(**a)), ExprKind::Path(p) if p.last() == name))
            };
            parts.push(Part::Written(std::mem::take(&mut text)));
            parts.push(Part::Value(arg.map(|a| here(*a))));
        }
        text.push_str(rest);
        parts.push(Part::Written(text));
        Some(parts)
    }

    /// The text that a `format!` gives.
    pub(crate) fn format(&self, at: At, call: &MacroCall, depth: Depth<'_>) -> Text {
        let Some(parts) = self.format_parts(at, call) else { return Text::hole() };
        let mut whole = Text::known("");
        for part in parts {
            let text = match part {
                Part::Written(text) => Text::known(text),
                Part::Value(value) => value.map_or_else(Text::hole, |v| self.text_at(v, depth + 1)),
            };
            whole.complete &= text.complete;
            whole.text.push_str(&text.text);
        }
        whole
    }
}
