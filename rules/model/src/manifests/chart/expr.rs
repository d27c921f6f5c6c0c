//! Pipelines of Go templates: `.Values.a | default "x" | quote`.

use super::{Chart, Printed};

/// How deep pipelines nest.
const DEPTH: u32 = 40;

/// One word of a pipeline.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Pipe,
    Word(String),
    Quoted(String),
    /// `.a.b` right behind a parenthesis.
    Field(String),
}

/// What an argument of a function is: a value that nobody knows is `None`.
type Given = Option<Printed>;

/// What the inside of an action gives; `None` where nobody can say.
pub(super) fn evaluate(chart: &Chart<'_>, inside: &str, depth: u32) -> Given {
    let tokens = tokens(inside.trim_matches(['-', ' ', '\t', '\r', '\n']))?;
    let mut reader = Reader { chart, tokens: &tokens, at: 0, depth };
    let found = reader.pipeline()?;
    (reader.at == tokens.len()).then_some(found)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    let mut is_glued = false;
    while let Some(first) = rest.chars().next() {
        let (token, taken) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '|' => (Token::Pipe, 1),
            '"' | '`' => {
                let end = rest.get(1..)?.find(first)?;
                let inside = rest.get(1..=end)?;
                if first == '"' && inside.contains('\\') {
                    return None;
                }
                (Token::Quoted(inside.to_owned()), end + 2)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|' | '"' | '`'));
                let end = end.unwrap_or(rest.len());
                let word = rest.get(..end)?.to_owned();
                (if is_glued { Token::Field(word) } else { Token::Word(word) }, end)
            }
        };
        found.push(token);
        rest = rest.get(taken..)?;
        is_glued = found.last() == Some(&Token::Close) && rest.starts_with('.');
        rest = rest.trim_start();
    }
    Some(found)
}

struct Reader<'c, 't> {
    chart: &'c Chart<'c>,
    tokens: &'t [Token],
    at: usize,
    depth: u32,
}

impl Reader<'_, '_> {
    fn pipeline(&mut self) -> Given {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let mut found = self.command(None)?;
        while self.tokens.get(self.at) == Some(&Token::Pipe) {
            self.at += 1;
            found = self.command(Some(found))?;
        }
        self.depth -= 1;
        found
    }

    /// A function with its arguments, or a value. The outer `None`: this is no pipeline.
    #[allow(clippy::option_option)]
    fn command(&mut self, piped: Option<Given>) -> Option<Given> {
        let function = match self.tokens.get(self.at)? {
            Token::Word(word) if is_name(word) => {
                self.at += 1;
                Some(word.clone())
            }
            _ => None,
        };
        let mut given: Vec<Given> = Vec::new();
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                Token::Pipe | Token::Close => break,
                Token::Quoted(text) => given.push(Some(Printed::Text(text.clone()))),
                Token::Word(word) => given.push(self.chart.operand(word)),
                Token::Field(_) => return None,
                Token::Open => {
                    self.at += 1;
                    let inner = self.pipeline();
                    if self.tokens.get(self.at) != Some(&Token::Close) {
                        return None;
                    }
                    given.push(match self.tokens.get(self.at + 1) {
                        Some(Token::Field(keys)) => {
                            self.at += 1;
                            inner.and_then(|value| value.field(keys))
                        }
                        _ => inner,
                    });
                }
            }
            self.at += 1;
        }
        given.extend(piped.clone());
        match function {
            Some(name) => Some(call(self.chart, &name, &given, self.depth)),
            None if piped.is_none() && given.len() == 1 => given.pop(),
            None => None,
        }
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic()) && !matches!(word, "true" | "false" | "nil")
}

/// What a function gives; `None` where it is not known, or what it is given.
fn call(chart: &Chart<'_>, name: &str, given: &[Given], depth: u32) -> Given {
    let text = |n: usize| given.get(n)?.as_ref()?.text();
    let last = || given.last().cloned().flatten();
    let flag = |value: bool| Some(Printed::Text(value.to_string()));
    match name {
        "default" => {
            let found = given.get(1)?.clone()?;
            if found.is_true() { Some(found) } else { given.first()?.clone() }
        }
        "coalesce" => given.iter().find_map(|g| match g {
            Some(value) if !value.is_true() => None,
            other => Some(other.clone()),
        })?,
        "ternary" => {
            let test = given.get(2)?.as_ref()?.is_true();
            given.get(usize::from(!test))?.clone()
        }
        "required" | "toYaml" | "nindent" | "indent" | "int" | "int64" | "tpl" | "toString" => {
            if name == "tpl" { given.first()?.clone() } else { last() }
        }
        "quote" | "squote" => match last()? {
            Printed::Nothing => None,
            other => Some(other),
        },
        "trim" => Some(Printed::Text(text(0)?.trim().to_owned())),
        "lower" => Some(Printed::Text(text(0)?.to_lowercase())),
        "upper" => Some(Printed::Text(text(0)?.to_uppercase())),
        "trunc" => {
            let most: usize = text(0)?.parse().ok()?;
            Some(Printed::Text(text(1)?.chars().take(most).collect()))
        }
        "trimSuffix" => Some(Printed::Text(text(1)?.trim_end_matches(&text(0)?).to_owned())),
        "trimPrefix" => Some(Printed::Text(text(1)?.trim_start_matches(&text(0)?).to_owned())),
        "replace" => Some(Printed::Text(text(2)?.replace(&text(0)?, &text(1)?))),
        "contains" => flag(text(1)?.contains(&text(0)?)),
        "hasPrefix" => flag(text(1)?.starts_with(&text(0)?)),
        "hasSuffix" => flag(text(1)?.ends_with(&text(0)?)),
        "gt" => flag(number(text(0)?)? > number(text(1)?)?),
        "ge" => flag(number(text(0)?)? >= number(text(1)?)?),
        "lt" => flag(number(text(0)?)? < number(text(1)?)?),
        "le" => flag(number(text(0)?)? <= number(text(1)?)?),
        "eq" => flag(text(0)? == text(1)?),
        "ne" => flag(text(0)? != text(1)?),
        "not" => flag(!given.first()?.as_ref()?.is_true()),
        "empty" => flag(!given.first()?.as_ref()?.is_true()),
        "and" => given.iter().find(|g| g.as_ref().is_none_or(|g| !g.is_true())).or(given.last())?.clone(),
        "or" => given.iter().find(|g| g.as_ref().is_none_or(Printed::is_true)).or(given.last())?.clone(),
        "printf" => printf(given).map(Printed::Text),
        "include" => {
            // With another context than the chart's own, names mean other things.
            let is_root = matches!(given.get(1)?, Some(Printed::Root));
            is_root.then(|| chart.helper(&text(0)?, depth)).flatten().map(Printed::Text)
        }
        _ => None,
    }
}

fn number(text: String) -> Option<f64> {
    text.parse().ok()
}

/// `printf "%s-%s" a b`
fn printf(given: &[Given]) -> Option<String> {
    let form = given.first()?.as_ref()?.text()?;
    let mut values = given.iter().skip(1);
    let (mut out, mut rest) = (String::new(), form.as_str());
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        match after.chars().next()? {
            's' | 'd' | 'v' => out.push_str(&values.next()?.as_ref()?.text()?),
            '%' => out.push('%'),
            _ => return None,
        }
        rest = after.get(1..)?;
    }
    out.push_str(rest);
    Some(out)
}
