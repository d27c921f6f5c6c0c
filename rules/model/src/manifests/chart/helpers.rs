//! Named templates: what `include "shop.labels" .` prints.

use svclint_syntax::yaml::template::{Action, ActionKind, actions};

use super::Chart;
use super::expr::evaluate;

/// How deep templates include each other.
const DEPTH: u32 = 30;
/// How much one may print.
const MOST: usize = 20_000;

impl Chart<'_> {
    /// What a named template prints. What nobody can say stands in it as the action that prints it.
    pub(super) fn helper(&self, name: &str, depth: u32) -> Option<String> {
        if depth > DEPTH {
            return None;
        }
        let body = self.helpers.get(name)?;
        let actions = actions(body);
        let mut printer = Printer {
            chart: self,
            text: body,
            actions: &actions,
            at: 0,
            from: 0,
            depth: depth + 4,
            out: String::new(),
        };
        printer.block(true);
        let out = printer.out;
        (out.len() <= MOST).then(|| out.trim().to_owned())
    }
}

struct Printer<'c> {
    chart: &'c Chart<'c>,
    text: &'c str,
    actions: &'c [Action],
    /// The next action.
    at: usize,
    /// Where the text that is not printed yet begins.
    from: usize,
    depth: u32,
    out: String,
}

/// How a block ends.
#[derive(PartialEq)]
enum Ended {
    End,
    Else(usize),
    Text,
}

impl Printer<'_> {
    /// Prints up to the `end` or `else` of the block.
    fn block(&mut self, prints: bool) -> Ended {
        while let Some(action) = self.actions.get(self.at) {
            let number = self.at;
            self.at += 1;
            self.text_before(action, prints);
            match action.word(self.text) {
                "end" => return Ended::End,
                "else" => return Ended::Else(number),
                "if" | "with" => self.branches(number, prints),
                "range" | "define" | "block" => self.whole(number, prints),
                _ if prints && action.kind == ActionKind::Output => self.print(action),
                _ => {}
            }
        }
        if prints {
            let rest = self.text.get(self.from..).unwrap_or("");
            self.out.push_str(rest);
        }
        self.from = self.text.len();
        Ended::Text
    }

    fn text_before(&mut self, action: &Action, prints: bool) {
        let (start, end) = (action.span.start as usize, action.span.end as usize);
        if prints {
            let before = self.text.get(self.from..start).unwrap_or("");
            self.out.push_str(before);
            if self.text.get(start..).is_some_and(|t| t.starts_with("{{-")) {
                self.out.truncate(self.out.trim_end().len());
            }
        }
        let trims = self.text.get(..end).is_some_and(|t| t.ends_with("-}}"));
        let rest = self.text.get(end..).unwrap_or("");
        self.from = if trims { end + (rest.len() - rest.trim_start().len()) } else { end };
    }

    fn print(&mut self, action: &Action) {
        let inside = action.inside.as_str();
        let found = evaluate(self.chart, inside, self.depth).and_then(|p| p.text());
        match found {
            Some(text) if self.out.len() < MOST => {
                let (indent, breaks) = indent_of(inside);
                let pad = " ".repeat(indent);
                let text = text.lines().map(|l| format!("{pad}{l}")).collect::<Vec<_>>().join("\n");
                self.out.push_str(if breaks { "\n" } else { "" });
                self.out.push_str(&text);
            }
            _ => self.out.push_str(action.span.text(self.text)),
        }
    }

    /// `if .. else if .. else .. end`: the branch that is taken, or all of it as it is written where nobody can say.
    fn branches(&mut self, first: usize, prints: bool) {
        let (start, before) = (self.actions.get(first).map_or(0, |a| a.span.start as usize), self.out.len());
        let mut taken = false;
        let mut unknown = false;
        let mut number = first;
        loop {
            let action = self.actions.get(number);
            let inside = action.map_or("", |a| a.inside.as_str());
            let condition = inside.trim().trim_start_matches("else").trim();
            let test = condition.strip_prefix("if").or_else(|| condition.strip_prefix("with"));
            let holds = match test {
                Some(test) if !taken => evaluate(self.chart, test, self.depth).map(|p| p.is_true()),
                Some(_) => Some(false),
                None => Some(!taken),
            };
            unknown |= holds.is_none();
            taken |= holds == Some(true);
            match self.block(prints && !unknown && holds == Some(true)) {
                Ended::Else(next) => number = next,
                Ended::End | Ended::Text => break,
            }
        }
        if unknown && prints {
            self.out.truncate(before);
            let end = self
                .at
                .checked_sub(1)
                .and_then(|n| self.actions.get(n))
                .map_or(start, |a| a.span.end as usize);
            self.out.push('\n');
            self.out.push_str(self.text.get(start..end).unwrap_or(""));
        }
    }

    /// What is repeated or not known: as it is written.
    fn whole(&mut self, first: usize, prints: bool) {
        let start = self.actions.get(first).map_or(0, |a| a.span.start as usize);
        while let Ended::Else(_) = self.block(false) {}
        let end =
            self.at.checked_sub(1).and_then(|n| self.actions.get(n)).map_or(start, |a| a.span.end as usize);
        if prints {
            self.out.push('\n');
            self.out.push_str(self.text.get(start..end).unwrap_or(""));
        }
    }
}

/// `nindent 4`: how far, and whether on a line of its own.
pub(super) fn indent_of(inside: &str) -> (usize, bool) {
    let after = |word: &str| {
        let rest = inside.rsplit_once(word)?.1;
        rest.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    match after("nindent ") {
        Some(by) => (by, true),
        None => (after("indent ").unwrap_or(0), false),
    }
}
