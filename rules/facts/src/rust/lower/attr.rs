//! Attributes and literals.

use svclint_syntax::{Span, proc_macro2, syn};
use syn::parse::{ParseStream, Parser};
use syn::{Token, ext::IdentExt};

use super::{Lower, exact};
use crate::Name;
use crate::rust::{Attr, AttrArg, Lit, Path, PathSegment};

impl Lower<'_, '_> {
    /// Doc comments are comments, not attributes, here.
    pub(super) fn attrs(self, attrs: &[syn::Attribute]) -> Vec<Attr> {
        exact(attrs.iter().filter(|a| !a.path().is_ident("doc")).map(|a| self.attr(a)).collect())
    }

    fn attr(self, attr: &syn::Attribute) -> Attr {
        let args = match &attr.meta {
            syn::Meta::Path(_) => Vec::new(),
            syn::Meta::List(list) => self.attr_args(list.tokens.clone()),
            syn::Meta::NameValue(pair) => match &pair.value {
                syn::Expr::Lit(value) => {
                    vec![AttrArg::Pair(Name::default(), literal(&value.lit), self.span(value.lit.span()))]
                }
                _ => Vec::new(),
            },
        };
        let span = Span::new(self.start(attr.pound_token.span), self.end(attr.bracket_token.span.close()));
        Attr { path: self.path(attr.path(), None), args, span }
    }

    fn attr_args(self, tokens: proc_macro2::TokenStream) -> Vec<AttrArg> {
        let read = |input: ParseStream<'_>| {
            let mut args = Vec::new();
            while !input.is_empty() {
                args.push(self.attr_arg(input)?);
                while !input.is_empty() && input.parse::<Option<Token![,]>>()?.is_none() {
                    input.parse::<proc_macro2::TokenTree>()?;
                }
            }
            Ok(exact(args))
        };
        read.parse2(tokens).unwrap_or_default()
    }

    fn attr_arg(self, input: ParseStream<'_>) -> syn::Result<AttrArg> {
        let span = self.span(input.span());
        if input.peek(syn::Lit) {
            return Ok(AttrArg::Lit(literal(&input.parse()?), span));
        }
        if !input.peek(syn::Ident::peek_any) {
            return Ok(AttrArg::Other(span));
        }
        let path = self.mod_style_path(input)?;
        if input.parse::<Option<Token![=]>>()?.is_some() {
            let span = self.span(input.span());
            if input.peek(syn::Lit) {
                return Ok(AttrArg::Pair(Name::new(path.text()), literal(&input.parse()?), span));
            }
            return Ok(AttrArg::Nested(path, vec![AttrArg::Other(span)]));
        }
        if input.peek(syn::token::Paren) {
            let group: proc_macro2::TokenTree = input.parse()?;
            let proc_macro2::TokenTree::Group(group) = group else { return Ok(AttrArg::Other(span)) };
            return Ok(AttrArg::Nested(path, self.attr_args(group.stream())));
        }
        Ok(AttrArg::Nested(path, Vec::new()))
    }

    /// Keywords are allowed: `#[x(crate = "y", type = "z")]`.
    fn mod_style_path(self, input: ParseStream<'_>) -> syn::Result<Path> {
        let mut path = Path::default();
        loop {
            let ident = input.call(syn::Ident::parse_any)?;
            let span = self.span(ident.span());
            path.span = if path.segments.is_empty() { span } else { path.span.cover(span) };
            path.segments.push(PathSegment { name: super::name(&ident), generics: None, span });
            if input.parse::<Option<Token![::]>>()?.is_none() {
                path.segments.shrink_to_fit();
                return Ok(path);
            }
        }
    }
}

pub(super) fn literal(lit: &syn::Lit) -> Lit {
    match lit {
        syn::Lit::Str(text) => Lit::Str(text.value()),
        syn::Lit::Int(number) => Lit::Int(number.base10_parse().ok()),
        syn::Lit::Float(number) => Lit::Float(number.base10_digits().to_owned()),
        syn::Lit::Char(char) => Lit::Char(char.value()),
        syn::Lit::Bool(bool) => Lit::Bool(bool.value()),
        _ => Lit::Bytes,
    }
}
