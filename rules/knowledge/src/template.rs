//! The types that knowledge pages write: `Result<reqwest::Response, ?>`.

use serde::Deserialize;
use smol_str::SmolStr;

/// A type with holes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Template {
    /// `?`: nothing is said.
    Unknown,
    /// `Self`: the receiver's type, or for a function the type it is listed under.
    SelfType,
    /// `T`: a parameter of the type that the entry belongs to, by position.
    Param(SmolStr),
    /// `$0`: the type of an argument.
    Arg(u8),
    /// `$0()`: what the function or closure given as an argument returns.
    ArgReturn(u8),
    /// `$<0>`: a type argument written at the call, `f::<T>()`.
    Turbofish(u8),
    /// `X.await`: what awaiting gives.
    Awaited(Box<Template>),
    /// `X?`: what is inside: the first type argument of an option, a result, a list.
    Inner(Box<Template>),
    /// `()` and tuples.
    Tuple(Vec<Template>),
    /// `path<..>`. The short names `Result`, `Option`, `Vec`, `String`, `Box`, `Arc`, `HashMap`, `Duration`, `Iterator`,
    /// `Future` stand for the standard library's, `Stream` for futures'.
    Path(SmolStr, Vec<Template>),
}

/// A template that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a type: {why}")]
pub struct TemplateError {
    text: String,
    why: &'static str,
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        let mut reader = Reader { rest: text.trim() };
        let read = reader
            .template()
            .and_then(|t| if reader.rest.is_empty() { Ok(t) } else { Err("text after its end") });
        read.map_err(|why| TemplateError { text: text.clone(), why })
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn eat(&mut self, token: char) -> bool {
        let found = self.rest.strip_prefix(token);
        if let Some(rest) = found {
            self.rest = rest.trim_start();
        }
        found.is_some()
    }

    fn word(&mut self, allowed: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !allowed(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn template(&mut self) -> Result<Template, &'static str> {
        let mut template = self.primary()?;
        loop {
            if let Some(rest) = self.rest.strip_prefix(".await") {
                self.rest = rest.trim_start();
                template = Template::Awaited(Box::new(template));
            } else if self.eat('?') {
                template = Template::Inner(Box::new(template));
            } else {
                return Ok(template);
            }
        }
    }

    fn primary(&mut self) -> Result<Template, &'static str> {
        if self.eat('?') {
            return Ok(Template::Unknown);
        }
        if self.eat('(') {
            return Ok(Template::Tuple(self.list(')')?));
        }
        if let Some(rest) = self.rest.strip_prefix("$<") {
            self.rest = rest;
            let number =
                self.word(|c| c.is_ascii_digit()).parse().map_err(|_| "a number must follow `$<`")?;
            return if self.eat('>') { Ok(Template::Turbofish(number)) } else { Err("`$<0` needs a `>`") };
        }
        if self.eat('$') {
            let number = self.word(|c| c.is_ascii_digit()).parse().map_err(|_| "a number must follow `$`")?;
            let call = self.eat('(');
            if call && !self.eat(')') {
                return Err("`$0(` needs a `)`");
            }
            return Ok(if call { Template::ArgReturn(number) } else { Template::Arg(number) });
        }
        let path = self.word(|c| c.is_alphanumeric() || c == '_' || c == ':');
        let args = if self.eat('<') { self.list('>')? } else { Vec::new() };
        match path {
            "" => Err("a type must stand here"),
            "Self" => Ok(Template::SelfType),
            _ if is_param(path) && args.is_empty() => Ok(Template::Param(path.into())),
            _ => Ok(Template::Path(full(path).into(), args)),
        }
    }

    fn list(&mut self, end: char) -> Result<Vec<Template>, &'static str> {
        let mut all = Vec::new();
        while !self.eat(end) {
            if self.rest.is_empty() {
                return Err("a bracket is not closed");
            }
            all.push(self.template()?);
            if !self.eat(',') && !self.rest.starts_with(end) {
                return Err("a comma is missing");
            }
        }
        Ok(all)
    }
}

/// Type parameters are written with one capital letter.
fn is_param(path: &str) -> bool {
    path.len() == 1 && path.chars().all(|c| c.is_ascii_uppercase())
}

fn full(path: &str) -> &str {
    match path {
        "Result" => "std::result::Result",
        "Option" => "std::option::Option",
        "Vec" => "std::vec::Vec",
        "String" => "std::string::String",
        "Box" => "std::boxed::Box",
        "Arc" => "std::sync::Arc",
        "Future" => "std::future::Future",
        "Duration" => "std::time::Duration",
        "Iterator" => "std::iter::Iterator",
        "Stream" => "futures::Stream",
        "HashMap" => "std::collections::HashMap",
        other => other,
    }
}
