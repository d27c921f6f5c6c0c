//! The values of `json!`, with their keys.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::Expr;

use super::is_punct;

pub(super) fn json_values(tokens: TokenStream) -> Option<Vec<(Option<String>, Expr)>> {
    let mut found = Vec::new();
    json(None, tokens.into_iter().collect(), &mut found).then_some(found)
}

fn json(key: Option<String>, trees: Vec<TokenTree>, found: &mut Vec<(Option<String>, Expr)>) -> bool {
    if let [TokenTree::Group(group)] = trees.as_slice() {
        match group.delimiter() {
            Delimiter::Brace => {
                return split_at_commas(group.stream()).into_iter().all(|entry| json_entry(entry, found));
            }
            Delimiter::Bracket => {
                return split_at_commas(group.stream())
                    .into_iter()
                    .all(|value| json(key.clone(), value, found));
            }
            _ => {}
        }
    }
    let is_null = matches!(trees.as_slice(), [TokenTree::Ident(word)] if word == "null");
    if trees.is_empty() || is_null {
        return true;
    }
    syn::parse2(trees.into_iter().collect()).map(|value| found.push((key, value))).is_ok()
}

fn json_entry(trees: Vec<TokenTree>, found: &mut Vec<(Option<String>, Expr)>) -> bool {
    let Some(colon) = single_colon(&trees) else { return trees.is_empty() };
    let key = match trees.first() {
        Some(TokenTree::Literal(literal)) if colon == 1 => match syn::Lit::new(literal.clone()) {
            syn::Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    json(key, trees.into_iter().skip(colon + 1).collect(), found)
}

/// The first `:` that is not half of a `::`.
fn single_colon(trees: &[TokenTree]) -> Option<usize> {
    let joint = |i: usize| matches!(trees.get(i), Some(TokenTree::Punct(p)) if p.as_char() == ':' && p.spacing() == Spacing::Joint);
    (0..trees.len()).find(|i| is_punct(&trees[*i], ':') && !joint(*i) && !(*i > 0 && joint(i - 1)))
}

fn split_at_commas(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for tree in tokens {
        if is_punct(&tree, ',') {
            parts.push(Vec::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(tree);
        }
    }
    parts
}
