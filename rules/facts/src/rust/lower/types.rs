//! Paths, types and generics.

use svclint_syntax::{Span, syn};

use super::{Lower, exact, name};
use crate::rust::{GenericArgs, GenericParam, Generics, Path, PathSegment, TypeRef};

impl Lower<'_, '_> {
    pub(super) fn path(self, path: &syn::Path, qself: Option<&syn::QSelf>) -> Path {
        let segments: Vec<PathSegment> = path.segments.iter().map(|s| self.segment(s)).collect();
        let first =
            path.leading_colon.map(|c| self.start(c.spans[0])).or(segments.first().map(|s| s.span.start));
        let start = qself.map(|q| self.start(q.lt_token.span)).or(first).unwrap_or(0);
        let end = path.segments.last().map_or(start, |s| match &s.arguments {
            syn::PathArguments::None => self.end(s.ident.span()),
            syn::PathArguments::AngleBracketed(a) => self.end(a.gt_token.span),
            syn::PathArguments::Parenthesized(p) => self.end(p.paren_token.span.close()),
        });
        Path {
            qself: qself.map(|q| Box::new(self.ty(&q.ty))),
            global: path.leading_colon.is_some(),
            segments,
            span: Span::new(start, end),
        }
    }

    fn segment(self, segment: &syn::PathSegment) -> PathSegment {
        let mut lowered =
            PathSegment { name: name(&segment.ident), generics: None, span: self.span(segment.ident.span()) };
        let mut generics = GenericArgs::default();
        match &segment.arguments {
            syn::PathArguments::None => {}
            syn::PathArguments::AngleBracketed(all) => {
                for arg in &all.args {
                    match arg {
                        syn::GenericArgument::Type(ty) => generics.types.push(self.ty(ty)),
                        syn::GenericArgument::AssocType(bound) => {
                            generics.bindings.push((name(&bound.ident), self.ty(&bound.ty)));
                        }
                        _ => {}
                    }
                }
            }
            syn::PathArguments::Parenthesized(all) => {
                generics.types.push(TypeRef::Tuple(all.inputs.iter().map(|a| self.ty(&a.ty)).collect()));
                generics.types.extend(self.ret(&all.output));
            }
        }
        if generics != GenericArgs::default() {
            generics.types.shrink_to_fit();
            generics.bindings.shrink_to_fit();
            lowered.generics = Some(Box::new(generics));
        }
        lowered
    }

    pub(super) fn ret(self, output: &syn::ReturnType) -> Option<TypeRef> {
        match output {
            syn::ReturnType::Default => None,
            syn::ReturnType::Type(_, ty) => Some(self.ty(ty)),
        }
    }

    pub(super) fn ty(self, ty: &syn::Type) -> TypeRef {
        match ty {
            syn::Type::Path(p) => TypeRef::Path(self.path(&p.path, p.qself.as_ref())),
            syn::Type::Reference(r) => TypeRef::Ref(Box::new(self.ty(&r.elem))),
            syn::Type::Ptr(p) => TypeRef::Ref(Box::new(self.ty(&p.elem))),
            syn::Type::Tuple(t) => TypeRef::Tuple(t.elems.iter().map(|e| self.ty(e)).collect()),
            syn::Type::Slice(s) => TypeRef::Slice(Box::new(self.ty(&s.elem))),
            syn::Type::Array(a) => TypeRef::Slice(Box::new(self.ty(&a.elem))),
            syn::Type::Paren(p) => self.ty(&p.elem),
            syn::Type::Group(g) => self.ty(&g.elem),
            syn::Type::FnPtr(f) => TypeRef::Fn(
                f.inputs.iter().map(|a| self.ty(&a.ty)).collect(),
                self.ret(&f.output).map(Box::new),
            ),
            syn::Type::ImplTrait(i) => TypeRef::Impl(self.bounds(&i.bounds)),
            syn::Type::TraitObject(t) => TypeRef::Dyn(self.bounds(&t.bounds)),
            syn::Type::Never(_) => TypeRef::Never,
            syn::Type::Infer(_) => TypeRef::Infer,
            _ => TypeRef::Opaque,
        }
    }

    pub(super) fn bounds<'a>(self, bounds: impl IntoIterator<Item = &'a syn::TypeParamBound>) -> Vec<Path> {
        let of = |bound: &'a syn::TypeParamBound| match bound {
            syn::TypeParamBound::Trait(t) if t.maybe.is_none() => Some(self.path(&t.path, None)),
            _ => None,
        };
        exact(bounds.into_iter().filter_map(of).collect())
    }

    pub(super) fn generics(self, generics: &syn::Generics) -> Generics {
        let param =
            |p: &syn::TypeParam| GenericParam { name: name(&p.ident), bounds: self.bounds(&p.bounds) };
        let mut lowered =
            Generics { params: generics.type_params().map(param).collect(), predicates: Vec::new() };
        let clauses = generics.where_clause.iter().flat_map(|w| &w.predicates);
        for clause in clauses {
            let syn::WherePredicate::Type(clause) = clause else { continue };
            let ty = self.ty(&clause.bounded_ty);
            let bounds = self.bounds(&clause.bounds);
            let own = match &ty {
                TypeRef::Path(p) => {
                    p.as_name().and_then(|n| lowered.params.iter_mut().find(|g| g.name == *n))
                }
                _ => None,
            };
            match own {
                Some(param) => param.bounds.extend(bounds),
                None => lowered.predicates.push((ty, bounds)),
            }
        }
        lowered
    }
}
