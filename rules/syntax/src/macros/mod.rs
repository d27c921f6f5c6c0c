//! Opening macro calls: the expressions among a macro's tokens.
//!
//! `syn::parse2` keeps the spans of tokens, so what is found inside has its place in the file.

mod conditional;
mod declared;
mod json;
mod rule;
mod select;
mod tracing;

pub use conditional::items as conditional_items;
pub use declared::{StaticEntry, TableDecl, statics, table};
pub use rule::{ExpressionRule, expression_rule};
pub use select::SelectBranch;
pub use tracing::TracingCall;

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Pat, Token};

/// What a macro call holds. Looked at once and dropped, so its size does not matter.
#[allow(clippy::large_enum_variant)]
pub enum Opened {
    /// A list of expressions.
    Exprs(Vec<Expr>),
    /// Statements.
    Stmts(Vec<syn::Stmt>),
    /// The branches of a `select!`.
    Select(Vec<SelectBranch>),
    /// A `tracing` event or span.
    Tracing(TracingCall),
    /// The pieces of a `cfg_if!` or `cfg_select!`, of which a build takes one.
    Alternatives(Vec<Vec<syn::Stmt>>),
    /// The values of a `json!`, with their keys.
    Json(Vec<(Option<String>, Expr)>),
    /// `matches!(value, pat if guard)`
    Matches {
        /// The value.
        value: Expr,
        /// The pattern.
        pat: Pat,
        /// The condition.
        guard: Option<Expr>,
    },
    /// Some expressions; the rest was not understood.
    Partial(Vec<Expr>),
    /// Nothing that could be read.
    Nothing,
}

/// Reads a macro call in expression position.
pub fn open(mac: &syn::Macro) -> Opened {
    let name = mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
    let tokens = || mac.tokens.clone();
    // Tokens of code that is written elsewhere, or conditions: no expressions of this function.
    if matches!(name.as_str(), "quote" | "quote_spanned" | "parse_quote" | "cfg" | "stringify") {
        return Opened::Exprs(Vec::new());
    }
    let special = match name.as_str() {
        "select" | "select_biased" => select::select.parse2(tokens()).ok().map(Opened::Select),
        "trace" | "debug" | "info" | "warn" | "error" | "event" | "span" | "trace_span" | "debug_span"
        | "info_span" | "warn_span" | "error_span" => {
            tracing::tracing.parse2(tokens()).ok().map(Opened::Tracing)
        }
        "json" => json::json_values(tokens()).map(Opened::Json),
        "cfg_if" | "cfg_select" => conditional::stmts(mac).map(Opened::Alternatives),
        "matches" | "assert_matches" => matches_call.parse2(tokens()).ok(),
        _ => None,
    };
    special.unwrap_or_else(|| any(tokens()))
}

/// The implicit captures of a format string, `{name}` and `{name:?}`, in order.
pub fn placeholders(format: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = format;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        if let Some(escaped) = rest.strip_prefix('{') {
            rest = escaped;
            continue;
        }
        let Some(close) = rest.find('}') else { break };
        let name = rest[..close].split(':').next().unwrap_or("").trim();
        let is_name = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if is_name && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            names.push(name.to_owned());
        }
        rest = &rest[close + 1..];
    }
    names
}

/// All string literals among a macro's tokens.
pub fn strings(tokens: TokenStream) -> Vec<syn::LitStr> {
    let mut found = Vec::new();
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => found.extend(strings(group.stream())),
            TokenTree::Literal(literal) => {
                if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                    found.push(text);
                }
            }
            _ => {}
        }
    }
    found
}

fn any(tokens: TokenStream) -> Opened {
    if let Ok(list) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone()) {
        return Opened::Exprs(list.into_iter().collect());
    }
    let repeat = |input: ParseStream<'_>| {
        let value = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(vec![value, input.parse()?])
    };
    if let Ok(list) = repeat.parse2(tokens.clone()) {
        return Opened::Exprs(list);
    }
    if let Ok(stmts) = syn::Block::parse_within.parse2(tokens.clone())
        && !stmts.is_empty()
    {
        return Opened::Stmts(stmts);
    }
    let mut found = Vec::new();
    segments(tokens, &mut found);
    if found.is_empty() { Opened::Nothing } else { Opened::Partial(found) }
}

/// Every segment between `,`, `;` and `=>` that is an expression; else what is found inside its groups.
fn segments(tokens: TokenStream, found: &mut Vec<Expr>) {
    let mut segment: Vec<TokenTree> = Vec::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let arrow = is_punct(&tree, '=') && trees.peek().is_some_and(|next| is_punct(next, '>'));
        if arrow {
            trees.next();
        }
        if arrow || is_punct(&tree, ',') || is_punct(&tree, ';') {
            segment_expr(std::mem::take(&mut segment), found);
        } else {
            segment.push(tree);
        }
    }
    segment_expr(segment, found);
}

fn segment_expr(segment: Vec<TokenTree>, found: &mut Vec<Expr>) {
    if segment.is_empty() {
        return;
    }
    match syn::parse2::<Expr>(segment.iter().cloned().collect()) {
        Ok(expr) => found.push(expr),
        Err(_) => {
            for tree in segment {
                if let TokenTree::Group(group) = tree {
                    segments(group.stream(), found);
                }
            }
        }
    }
}

fn is_punct(tree: &TokenTree, char: char) -> bool {
    matches!(tree, TokenTree::Punct(p) if p.as_char() == char)
}

fn matches_call(input: ParseStream<'_>) -> syn::Result<Opened> {
    let value = input.parse()?;
    input.parse::<Token![,]>()?;
    let pat = Pat::parse_multi_with_leading_vert(input)?;
    let guard = if input.parse::<Option<Token![if]>>()?.is_some() { Some(input.parse()?) } else { None };
    input.parse::<TokenStream>()?;
    Ok(Opened::Matches { value, pat, guard })
}
