//! The branches of `select!`.

use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Expr, Pat, Token};

/// One branch of a `select!`.
pub struct SelectBranch {
    /// Absent for `else`, `default` and `complete`.
    pub pat: Option<Pat>,
    /// What is awaited.
    pub future: Option<Expr>,
    /// The condition.
    pub guard: Option<Expr>,
    /// What runs then.
    pub handler: Expr,
}

pub(super) fn select(input: ParseStream<'_>) -> syn::Result<Vec<SelectBranch>> {
    if input.peek(syn::Ident) && input.peek2(Token![;]) {
        input.parse::<syn::Ident>()?;
        input.parse::<Token![;]>()?;
    }
    let mut branches = Vec::new();
    while !input.is_empty() {
        branches.push(select_branch(input)?);
    }
    Ok(branches)
}

fn select_branch(input: ParseStream<'_>) -> syn::Result<SelectBranch> {
    let alone = input.peek2(Token![=>]) && (input.peek(Token![else]) || input.peek(syn::Ident));
    if alone {
        input.call(syn::Ident::parse_any)?;
        input.parse::<Token![=>]>()?;
        return Ok(SelectBranch { pat: None, future: None, guard: None, handler: select_handler(input)? });
    }
    let pat = Pat::parse_multi_with_leading_vert(input)?;
    input.parse::<Token![=]>()?;
    let future = input.parse()?;
    let guard = if input.parse::<Option<Token![,]>>()?.is_some() {
        input.parse::<Token![if]>()?;
        Some(input.parse()?)
    } else {
        None
    };
    input.parse::<Token![=>]>()?;
    Ok(SelectBranch { pat: Some(pat), future: Some(future), guard, handler: select_handler(input)? })
}

/// A block needs no comma after it, so it must not be read as the beginning of a longer expression.
fn select_handler(input: ParseStream<'_>) -> syn::Result<Expr> {
    let handler = if input.peek(syn::token::Brace) { Expr::Block(input.parse()?) } else { input.parse()? };
    input.parse::<Option<Token![,]>>()?;
    Ok(handler)
}
