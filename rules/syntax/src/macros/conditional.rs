//! `cfg_if!` and `cfg_select!`: several pieces of code of which a build takes one.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use syn::parse::Parser;

use super::is_punct;

/// One piece.
struct Piece {
    /// When it is built: `feature = "x"`; nothing for the last, which is built when no other is.
    condition: TokenStream,
    code: TokenStream,
}

/// The pieces, in order; `None` for other macros and where a piece cannot be read.
pub(super) fn stmts(mac: &syn::Macro) -> Option<Vec<Vec<syn::Stmt>>> {
    let pieces = pieces(mac).into_iter();
    let pieces = pieces.map(|piece| syn::Block::parse_within.parse2(piece.code).ok());
    pieces.collect::<Option<Vec<_>>>().filter(|pieces| !pieces.is_empty())
}

/// The items of all pieces, each with the `#[cfg(..)]` that says the same.
pub fn items(mac: &syn::Macro) -> Vec<syn::Item> {
    let mut all = Vec::new();
    for piece in pieces(mac) {
        let Ok(file) = syn::parse2::<syn::File>(piece.code) else { continue };
        let cfg = syn::Attribute::parse_outer.parse2(attribute(piece.condition)).unwrap_or_default();
        all.extend(file.items.into_iter().map(|item| with(item, &cfg)));
    }
    all
}

fn pieces(mac: &syn::Macro) -> Vec<Piece> {
    match mac.path.segments.last() {
        Some(last) if last.ident == "cfg_if" => blocks(mac.tokens.clone()),
        Some(last) if last.ident == "cfg_select" => arms(mac.tokens.clone()),
        _ => Vec::new(),
    }
}

/// `if #[cfg(a)] { .. } else if #[cfg(b)] { .. } else { .. }`
fn blocks(tokens: TokenStream) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut condition = TokenStream::new();
    for tree in tokens {
        let TokenTree::Group(group) = tree else { continue };
        match group.delimiter() {
            // `[cfg(a)]`
            Delimiter::Bracket => condition = inside(group.stream(), Delimiter::Parenthesis),
            Delimiter::Brace => {
                pieces.push(Piece { condition: std::mem::take(&mut condition), code: group.stream() });
            }
            _ => {}
        }
    }
    pieces
}

/// `a => { .. } b => value, _ => { .. }`
fn arms(tokens: TokenStream) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut condition = Vec::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let arrow = is_punct(&tree, '=') && trees.peek().is_some_and(|next| is_punct(next, '>'));
        if !arrow {
            if !is_punct(&tree, ',') || !condition.is_empty() {
                condition.push(tree);
            }
            continue;
        }
        trees.next();
        let code = match trees.peek() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let code = group.stream();
                trees.next();
                code
            }
            _ => std::iter::from_fn(|| trees.next_if(|tree| !is_punct(tree, ','))).collect(),
        };
        let is_last = matches!(condition.as_slice(), [TokenTree::Ident(word)] if word == "_");
        let condition = std::mem::take(&mut condition);
        pieces.push(Piece { condition: condition.into_iter().filter(|_| !is_last).collect(), code });
    }
    pieces
}

/// What is in the first group of a kind.
fn inside(tokens: TokenStream, delimiter: Delimiter) -> TokenStream {
    let groups = tokens.into_iter().filter_map(|tree| match tree {
        TokenTree::Group(group) if group.delimiter() == delimiter => Some(group.stream()),
        _ => None,
    });
    groups.into_iter().next().unwrap_or_default()
}

/// `#[cfg(condition)]`; `#[cfg(not())]` for the piece that is built when no other is.
fn attribute(condition: TokenStream) -> TokenStream {
    let word = |name| TokenTree::Ident(Ident::new(name, Span::call_site()));
    let group = |delimiter, trees: TokenStream| TokenTree::Group(Group::new(delimiter, trees));
    let condition = if condition.is_empty() {
        TokenStream::from_iter([word("not"), group(Delimiter::Parenthesis, TokenStream::new())])
    } else {
        condition
    };
    let cfg = TokenStream::from_iter([word("cfg"), group(Delimiter::Parenthesis, condition)]);
    let hash = TokenTree::Punct(Punct::new('#', Spacing::Alone));
    TokenStream::from_iter([hash, group(Delimiter::Bracket, cfg)])
}

fn with(mut item: syn::Item, cfg: &[syn::Attribute]) -> syn::Item {
    let attrs = match &mut item {
        syn::Item::Const(i) => &mut i.attrs,
        syn::Item::Enum(i) => &mut i.attrs,
        syn::Item::Fn(i) => &mut i.attrs,
        syn::Item::Impl(i) => &mut i.attrs,
        syn::Item::Mod(i) => &mut i.attrs,
        syn::Item::Static(i) => &mut i.attrs,
        syn::Item::Struct(i) => &mut i.attrs,
        syn::Item::Trait(i) => &mut i.attrs,
        syn::Item::Type(i) => &mut i.attrs,
        syn::Item::Use(i) => &mut i.attrs,
        _ => return item,
    };
    attrs.extend_from_slice(cfg);
    item
}
