//! What `.` and variables mean in an action: the blocks around it say.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// How long a pipeline may grow by what is put into it.
const MOST: usize = 2000;

/// What `.` means.
#[derive(Clone, Debug, PartialEq)]
enum Dot {
    Root,
    /// The value of a pipeline: `with .Values.redis`.
    Of(SmolStr),
    /// One of several.
    Unknown,
}

/// The blocks that are open.
#[derive(Default)]
pub(super) struct Scopes {
    blocks: Vec<Dot>,
    variables: FxHashMap<SmolStr, Option<SmolStr>>,
}

impl Scopes {
    /// Goes on to the next action, and gives what stands in it with `.` and variables put in.
    pub(super) fn enter(&mut self, word: &str, inside: &str) -> SmolStr {
        let resolved = self.resolved(inside);
        match word {
            "with" => {
                let pipeline = assigned(inside).map_or(inside.trim_start_matches("with"), |(_, value)| value);
                let dot = self.resolved(pipeline.trim());
                self.blocks.push(if dot.is_empty() { Dot::Unknown } else { Dot::Of(dot) });
            }
            "range" => self.blocks.push(Dot::Unknown),
            "define" => self.blocks.push(Dot::Root),
            "if" | "block" => {
                let same = self.dot().clone();
                self.blocks.push(same);
            }
            "else" => {
                // What `with` means it means in its first branch alone.
                self.blocks.pop();
                let outer = self.dot().clone();
                self.blocks.push(outer);
            }
            "end" => drop(self.blocks.pop()),
            _ => {}
        }
        self.assign(word, inside);
        resolved
    }

    fn dot(&self) -> &Dot {
        self.blocks.last().unwrap_or(&Dot::Root)
    }

    /// `$name := ..`; one that gets several values has none that is known.
    fn assign(&mut self, word: &str, inside: &str) {
        let named =
            |text: &str| text.split(',').map(|n| SmolStr::new(n.trim().trim_start_matches('$'))).collect();
        let Some((names, value)) = assigned(inside) else { return };
        let names: Vec<SmolStr> = named(names);
        let value = self.resolved(value.trim());
        let is_known = !value.is_empty() && word != "range" && names.len() == 1 && inside.contains(":=");
        for name in names {
            let known = is_known && !self.variables.contains_key(&name);
            self.variables.insert(name, known.then(|| value.clone()));
        }
    }

    /// A pipeline with `.` and variables put in; empty where one is not known.
    fn resolved(&self, inside: &str) -> SmolStr {
        if !inside.contains(['$']) && *self.dot() == Dot::Root {
            return SmolStr::new(inside);
        }
        let mut out = String::with_capacity(inside.len());
        let (mut quote, mut before) = (None, ' ');
        let mut rest = inside;
        while let Some(c) = rest.chars().next() {
            let begins = before.is_whitespace() || matches!(before, '(' | '|' | ',' | '=');
            let after = rest.get(c.len_utf8()..).unwrap_or("");
            before = c;
            rest = after;
            match (c, quote) {
                (_, Some(open)) => {
                    quote = (c != open).then_some(open);
                    out.push(c);
                }
                ('"' | '`', None) => {
                    quote = Some(c);
                    out.push(c);
                }
                ('.', None) if begins => match self.dot() {
                    Dot::Root => out.push('.'),
                    Dot::Unknown => return SmolStr::default(),
                    Dot::Of(of) => {
                        out.push_str(&format!("({of})"));
                        let is_field = rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
                        out.push_str(if is_field { "." } else { "" });
                    }
                },
                ('$', None) if begins && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
                    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                    let (name, more) = rest.split_at(end);
                    rest = more;
                    before = 'x';
                    let is_assigned = matches!(more.trim_start().get(..1), Some(":" | "=" | ","));
                    match self.variables.get(name) {
                        _ if is_assigned => out.push_str(&format!("${name}")),
                        Some(Some(value)) => out.push_str(&format!("({value})")),
                        _ => return SmolStr::default(),
                    }
                }
                _ => out.push(c),
            }
            if out.len() > MOST {
                return SmolStr::default();
            }
        }
        SmolStr::new(out)
    }
}

/// The names and the value of `$a := b`, `with $a := b`, `range $i, $a := b`.
fn assigned(inside: &str) -> Option<(&str, &str)> {
    let names = inside.trim_start_matches(|c: char| c.is_alphabetic() || c.is_whitespace());
    if !names.starts_with('$') {
        return None;
    }
    let (names, value) = names.split_once(":=").or_else(|| names.split_once('='))?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | ',' | ' ');
    names.chars().all(is_name).then_some((names, value))
}
