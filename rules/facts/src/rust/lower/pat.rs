//! Patterns.

use svclint_syntax::{Span, syn};

use super::{BodyLower, name};
use crate::Name;
use crate::rust::{PatId, PatKind};

impl BodyLower<'_, '_> {
    pub(super) fn pat(&mut self, pat: &syn::Pat) -> PatId {
        let lower = self.lower;
        let (kind, span) = match pat {
            syn::Pat::Ident(p) => {
                let sub = p.subpat.as_ref().map(|(_, sub)| self.pat(sub));
                let at = lower.span(p.ident.span());
                let end = sub.map_or(at.end, |s| self.body.pat(s).span.end);
                (
                    PatKind::Bind { name: name(&p.ident), mutable: p.mutability.is_some(), sub },
                    Span::new(at.start, end),
                )
            }
            syn::Pat::TupleStruct(p) => {
                let path = lower.path(&p.path, p.qself.as_ref());
                let span = Span::new(path.span.start, lower.end(p.paren_token.span.close()));
                (PatKind::TupleStruct(path, p.elems.iter().map(|e| self.pat(e)).collect()), span)
            }
            syn::Pat::Struct(p) => {
                let path = lower.path(&p.path, p.qself.as_ref());
                let span = Span::new(path.span.start, lower.end(p.brace_token.span.close()));
                let fields = p.fields.iter().map(|f| (member(&f.member), self.pat(&f.pat))).collect();
                (PatKind::Struct(path, fields), span)
            }
            syn::Pat::Tuple(p) => {
                let span = lower.span(p.paren_token.span.join());
                (PatKind::Tuple(p.elems.iter().map(|e| self.pat(e)).collect()), span)
            }
            syn::Pat::Slice(p) => {
                let span = lower.span(p.bracket_token.span.join());
                (PatKind::Slice(p.elems.iter().map(|e| self.pat(e)).collect()), span)
            }
            syn::Pat::Reference(p) => {
                let inner = self.pat(&p.pat);
                (PatKind::Ref(inner), self.body.pat(inner).span)
            }
            syn::Pat::Or(p) => {
                let cases: Vec<PatId> = p.cases.iter().map(|c| self.pat(c)).collect();
                let span =
                    cases.iter().map(|c| self.body.pat(*c).span).reduce(Span::cover).unwrap_or_default();
                (PatKind::Or(cases), span)
            }
            syn::Pat::Path(p) => {
                let path = lower.path(&p.path, p.qself.as_ref());
                let span = path.span;
                (PatKind::Path(path), span)
            }
            syn::Pat::Lit(p) => (PatKind::Lit(super::attr::literal(&p.lit)), lower.span(p.lit.span())),
            syn::Pat::Rest(p) => (PatKind::Rest, lower.span(p.dot2_token.spans[0])),
            syn::Pat::Wild(p) => (PatKind::Wild, lower.span(p.underscore_token.span)),
            syn::Pat::Paren(p) => return self.pat(&p.pat),
            syn::Pat::Type(p) => return self.pat(&p.pat),
            syn::Pat::Guard(p) => return self.pat(&p.pat),
            _ => (PatKind::Opaque, Span::default()),
        };
        self.push_pat(kind, span)
    }
}

pub(super) fn member(member: &syn::Member) -> Name {
    match member {
        syn::Member::Named(ident) => name(ident),
        syn::Member::Unnamed(index) => Name::new(index.index.to_string()),
    }
}
