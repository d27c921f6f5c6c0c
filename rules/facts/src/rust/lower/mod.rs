//! Lowering: from syn's trees to plain data.

mod attr;
mod expr;
mod item;
mod macros;
mod pat;
mod types;

use std::sync::Arc;

use svclint_syntax::{Span, SpanMap, Tree, proc_macro2, syn};

use super::body::{Body, Expr, ExprId, ExprKind, Pat, PatId, PatKind};
use super::item::ChunkFacts;
use crate::Name;

/// Without the room that a list keeps for more: facts stay for long.
fn exact<T>(mut list: Vec<T>) -> Vec<T> {
    list.shrink_to_fit();
    list
}

/// Lowers a parsed chunk. Comments and the signature are not in the tree; the caller adds them.
pub(super) fn lower_chunk(tree: &Tree, map: &SpanMap<'_>) -> ChunkFacts {
    let lower = Lower { map };
    match tree {
        Tree::Items(attrs, items) => ChunkFacts {
            items: items.iter().map(|i| Arc::new(lower.item(i))).collect(),
            inner_attrs: lower.attrs(attrs),
            ..ChunkFacts::default()
        },
        Tree::ImplMembers(members) => ChunkFacts {
            items: members.iter().map(|m| Arc::new(lower.impl_member(m))).collect(),
            ..ChunkFacts::default()
        },
        Tree::TraitMembers(members) => ChunkFacts {
            items: members.iter().map(|m| Arc::new(lower.trait_member(m))).collect(),
            ..ChunkFacts::default()
        },
    }
}

/// What lowering of anything needs.
#[derive(Clone, Copy)]
struct Lower<'m, 't> {
    map: &'m SpanMap<'t>,
}

impl Lower<'_, '_> {
    fn span(self, span: proc_macro2::Span) -> Span {
        self.map.span(span)
    }

    fn start(self, span: proc_macro2::Span) -> u32 {
        self.map.byte(span.start())
    }

    fn end(self, span: proc_macro2::Span) -> u32 {
        self.map.byte(span.end())
    }

    fn body(self, params: Vec<&syn::Pat>, root: impl FnOnce(&mut BodyLower<'_, '_>) -> ExprId) -> Body {
        let mut lower = BodyLower { lower: self, body: Body::default() };
        lower.body.params = params.into_iter().map(|p| lower.pat(p)).collect();
        let root = root(&mut lower);
        lower.body.root = Some(root);
        // Bodies are kept; what was reserved for more is not needed.
        lower.body.exprs.shrink_to_fit();
        lower.body.pats.shrink_to_fit();
        lower.body
    }
}

/// Lowering of one body.
struct BodyLower<'m, 't> {
    lower: Lower<'m, 't>,
    body: Body,
}

impl BodyLower<'_, '_> {
    fn push(&mut self, kind: ExprKind, span: Span) -> ExprId {
        self.body.exprs.push(Expr { kind, span });
        ExprId(self.body.exprs.len() as u32 - 1)
    }

    fn push_pat(&mut self, kind: PatKind, span: Span) -> PatId {
        self.body.pats.push(Pat { kind, span });
        PatId(self.body.pats.len() as u32 - 1)
    }

    fn span_of(&self, id: ExprId) -> Span {
        self.body.expr(id).span
    }
}

/// An identifier without `r#`.
fn name(ident: &proc_macro2::Ident) -> Name {
    let text = ident.to_string();
    Name::new(text.strip_prefix("r#").unwrap_or(&text))
}
