//! Macros that declare: statics and tables.

use proc_macro2::{Delimiter, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Token};

use super::is_punct;

/// One `static ref NAME: T = value;` of `lazy_static!`, or `static NAME: T = value;` of `thread_local!`.
pub struct StaticEntry {
    /// Its attributes.
    pub attrs: Vec<syn::Attribute>,
    /// Whether it is `pub`.
    pub public: bool,
    /// Its name.
    pub name: syn::Ident,
    /// Its type.
    pub ty: syn::Type,
    /// Its value.
    pub value: Expr,
}

/// Reads the entries of `lazy_static!` and `thread_local!`.
pub fn statics(mac: &syn::Macro) -> Vec<StaticEntry> {
    let read = |input: ParseStream<'_>| {
        let mut entries = Vec::new();
        while !input.is_empty() {
            entries.push(static_entry(input)?);
        }
        Ok(entries)
    };
    read.parse2(mac.tokens.clone()).unwrap_or_default()
}

fn static_entry(input: ParseStream<'_>) -> syn::Result<StaticEntry> {
    let attrs = input.call(syn::Attribute::parse_outer)?;
    let public = matches!(input.parse::<syn::Visibility>()?, syn::Visibility::Public(_));
    input.parse::<Token![static]>()?;
    input.parse::<Option<Token![ref]>>()?;
    let name = input.parse()?;
    input.parse::<Token![:]>()?;
    let ty = input.parse()?;
    input.parse::<Token![=]>()?;
    let value = input.parse()?;
    input.parse::<Option<Token![;]>>()?;
    Ok(StaticEntry { attrs, public, name, ty, value })
}

/// What diesel's `table!` declares.
pub struct TableDecl {
    /// The table's name.
    pub name: proc_macro2::Ident,
    /// Its columns.
    pub columns: Vec<proc_macro2::Ident>,
}

/// Reads `table! { schema.name (key) { column -> Type, .. } }`.
pub fn table(mac: &syn::Macro) -> Option<TableDecl> {
    let trees: Vec<TokenTree> = mac.tokens.clone().into_iter().collect();
    let brace = |t: &TokenTree| match t {
        TokenTree::Group(g) if g.delimiter() == Delimiter::Brace => Some(g.stream()),
        _ => None,
    };
    let (at, body) = trees.iter().enumerate().find_map(|(n, t)| Some((n, brace(t)?)))?;
    let name = trees[..at].iter().rev().find_map(|t| match t {
        TokenTree::Ident(name) => Some(name.clone()),
        _ => None,
    })?;
    let body: Vec<TokenTree> = body.into_iter().collect();
    let columns = body.windows(3).filter_map(|w| match w {
        [TokenTree::Ident(column), dash, angle] if is_punct(dash, '-') && is_punct(angle, '>') => {
            Some(column.clone())
        }
        _ => None,
    });
    Some(TableDecl { name, columns: columns.collect() })
}
