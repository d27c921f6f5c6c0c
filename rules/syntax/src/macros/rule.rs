//! `macro_rules!` that are like functions.

use proc_macro2::{TokenStream, TokenTree};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};

use super::is_punct;

/// A `macro_rules!` that is like a function: one rule, whose parts are expressions.
pub struct ExpressionRule {
    /// The names of its parts, without `$`.
    pub params: Vec<syn::Ident>,
    /// What it stands for, with `$name` written as `name`.
    pub body: Vec<syn::Stmt>,
}

/// Reads a `macro_rules!` of that kind: `($a:expr, $b:expr) => { .. }`. `None` for any other.
pub fn expression_rule(mac: &syn::Macro) -> Option<ExpressionRule> {
    let mut trees = mac.tokens.clone().into_iter();
    let (Some(TokenTree::Group(matcher)), Some(a), Some(b), Some(TokenTree::Group(body))) =
        (trees.next(), trees.next(), trees.next(), trees.next())
    else {
        return None;
    };
    let ends = trees.next().is_none_or(|t| is_punct(&t, ';')) && trees.next().is_none();
    if !(is_punct(&a, '=') && is_punct(&b, '>') && ends) {
        return None;
    }
    let params = rule_params.parse2(matcher.stream()).ok()?;
    let body = syn::Block::parse_within.parse2(without_dollars(body.stream())?).ok()?;
    Some(ExpressionRule { params, body })
}

/// `$a:expr, $b:expr`, perhaps with `$(,)?` at the end.
fn rule_params(input: ParseStream<'_>) -> syn::Result<Vec<syn::Ident>> {
    let mut params = Vec::new();
    while !input.is_empty() {
        input.parse::<Token![$]>()?;
        if input.peek(syn::token::Paren) {
            let comma: proc_macro2::Group = input.parse()?;
            input.parse::<Token![?]>()?;
            let is_comma = comma.stream().to_string() == ",";
            return if is_comma && input.is_empty() { Ok(params) } else { Err(input.error("a repetition")) };
        }
        params.push(syn::Ident::parse_any(input)?);
        input.parse::<Token![:]>()?;
        let kind: syn::Ident = input.parse()?;
        if !(kind == "expr" || kind == "literal" || kind == "tt" || kind == "ident") {
            return Err(input.error("no expression"));
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(params)
}

/// `$name` as `name`; `None` where something is repeated.
fn without_dollars(tokens: TokenStream) -> Option<TokenStream> {
    let mut out = Vec::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Punct(p) if p.as_char() == '$' => match trees.peek() {
                Some(TokenTree::Ident(_)) => {}
                _ => return None,
            },
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), without_dollars(group.stream())?);
                inner.set_span(group.span());
                out.push(TokenTree::Group(inner));
            }
            other => out.push(other),
        }
    }
    Some(out.into_iter().collect())
}
