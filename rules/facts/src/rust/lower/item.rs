//! Items and members.

use std::sync::Arc;

use svclint_syntax::{Span, proc_macro2, syn};

use super::{Lower, exact, name};
use crate::Name;
use crate::rust::{
    Body, Field, Fields, Function, Generics, Impl, Item, ItemKind, Param, PatKind, Trait, TypeRef, UseLeaf,
    Variant,
};

/// What all items have.
struct Head<'a> {
    name: Name,
    name_span: proc_macro2::Span,
    vis: Option<&'a syn::Visibility>,
    attrs: &'a [syn::Attribute],
    /// The first token after attributes and visibility.
    first: proc_macro2::Span,
    last: proc_macro2::Span,
}

impl Lower<'_, '_> {
    pub(super) fn item(self, item: &syn::Item) -> Item {
        match item {
            syn::Item::Fn(i) => self.function(
                &i.attrs,
                Some(&i.vis),
                &i.sig,
                Some(&i.block),
                i.block.brace_token.span.close(),
            ),
            syn::Item::Struct(i) => {
                let last = i.semi_token.map_or_else(|| fields_end(&i.fields, i.ident.span()), |t| t.span);
                let head = head(&i.ident, Some(&i.vis), &i.attrs, i.struct_token.span, last);
                self.put(head, ItemKind::Struct(self.generics(&i.generics), self.fields(&i.fields)))
            }
            syn::Item::Union(i) => {
                let head = head(
                    &i.ident,
                    Some(&i.vis),
                    &i.attrs,
                    i.union_token.span,
                    i.fields.brace_token.span.close(),
                );
                let fields = i.fields.named.iter().enumerate().map(|(n, f)| self.field(n, f)).collect();
                self.put(head, ItemKind::Struct(self.generics(&i.generics), Fields::Named(fields)))
            }
            syn::Item::Enum(i) => {
                let head =
                    head(&i.ident, Some(&i.vis), &i.attrs, i.enum_token.span, i.brace_token.span.close());
                let variants = i.variants.iter().map(|v| self.variant(v)).collect();
                self.put(head, ItemKind::Enum(self.generics(&i.generics), variants))
            }
            syn::Item::Impl(i) => {
                let first = i.unsafety.map_or(i.impl_token.span, |t| t.span);
                let head = unnamed(&i.attrs, first, i.impl_token.span, i.brace_token.span.close());
                let lowered = Impl {
                    generics: self.generics(&i.generics),
                    trait_: i.trait_.as_ref().map(|(path, _)| self.path(path, None)),
                    self_ty: self.ty(&i.self_ty),
                    members: i.items.iter().map(|m| Arc::new(self.impl_member(m))).collect(),
                };
                self.put(head, ItemKind::Impl(Box::new(lowered)))
            }
            syn::Item::Trait(i) => {
                let first = i.unsafety.map_or(i.trait_token.span, |t| t.span);
                let head = head(&i.ident, Some(&i.vis), &i.attrs, first, i.brace_token.span.close());
                let lowered = Trait {
                    generics: self.generics(&i.generics),
                    bounds: self.bounds(&i.supertraits),
                    members: i.items.iter().map(|m| Arc::new(self.trait_member(m))).collect(),
                };
                self.put(head, ItemKind::Trait(Box::new(lowered)))
            }
            syn::Item::Mod(i) => {
                let last = match (&i.content, &i.semi) {
                    (Some((brace, _)), _) => brace.span.close(),
                    (None, Some(semi)) => semi.span,
                    (None, None) => i.ident.span(),
                };
                let items = i
                    .content
                    .as_ref()
                    .map(|(_, items)| items.iter().map(|i| Arc::new(self.item(i))).collect());
                self.put(
                    head(&i.ident, Some(&i.vis), &i.attrs, i.mod_token.span, last),
                    ItemKind::Mod { items },
                )
            }
            syn::Item::Use(i) => {
                let mut leaves = Vec::new();
                self.use_tree(&i.tree, &mut Vec::new(), i.leading_colon.is_some(), &mut leaves);
                let head = Head {
                    vis: Some(&i.vis),
                    ..unnamed(&i.attrs, i.use_token.span, i.use_token.span, i.semi_token.span)
                };
                self.put(head, ItemKind::Use(exact(leaves)))
            }
            syn::Item::Const(i) => {
                let head = head(&i.ident, Some(&i.vis), &i.attrs, i.const_token.span, i.semi_token.span);
                self.put(head, self.constant(false, &i.ty, Some(&i.expr)))
            }
            syn::Item::Static(i) => {
                let head = head(&i.ident, Some(&i.vis), &i.attrs, i.static_token.span, i.semi_token.span);
                self.put(head, self.constant(true, &i.ty, Some(&i.expr)))
            }
            syn::Item::Type(i) => {
                let head = head(&i.ident, Some(&i.vis), &i.attrs, i.type_token.span, i.semi_token.span);
                self.put(head, ItemKind::TypeAlias(self.generics(&i.generics), Some(self.ty(&i.ty))))
            }
            syn::Item::ExternCrate(i) => {
                let rename = i.rename.as_ref().map(|(_, ident)| name(ident));
                let head = head(&i.ident, Some(&i.vis), &i.attrs, i.extern_token.span, i.semi_token.span);
                // `extern crate a as b` is `use ::a as b`, and the crate itself is `crate`.
                let is_self = i.ident == "self";
                let path = vec![if is_self { Name::new("crate") } else { name(&i.ident) }];
                let span = self.span(i.ident.span());
                let leaf = UseLeaf { path, global: !is_self, rename, glob: false, span };
                self.put(head, ItemKind::Use(vec![leaf]))
            }
            syn::Item::Macro(i) => self.macro_item(i.ident.as_ref(), &i.attrs, &i.mac),
            _ => Item {
                name: Name::default(),
                name_span: Span::default(),
                span: Span::default(),
                public: false,
                attrs: Vec::new(),
                kind: ItemKind::Other,
            },
        }
    }

    pub(super) fn impl_member(self, member: &syn::ImplItem) -> Item {
        match member {
            syn::ImplItem::Fn(m) => self.function(
                &m.attrs,
                Some(&m.vis),
                &m.sig,
                Some(&m.block),
                m.block.brace_token.span.close(),
            ),
            syn::ImplItem::Const(m) => {
                let head = head(&m.ident, Some(&m.vis), &m.attrs, m.const_token.span, m.semi_token.span);
                self.put(head, self.constant(false, &m.ty, Some(&m.expr)))
            }
            syn::ImplItem::Type(m) => {
                let head = head(&m.ident, Some(&m.vis), &m.attrs, m.type_token.span, m.semi_token.span);
                self.put(head, ItemKind::TypeAlias(self.generics(&m.generics), Some(self.ty(&m.ty))))
            }
            syn::ImplItem::Macro(m) => self.macro_item(None, &m.attrs, &m.mac),
            _ => self.put(unnamed(&[], call_site(), call_site(), call_site()), ItemKind::Other),
        }
    }

    pub(super) fn trait_member(self, member: &syn::TraitItem) -> Item {
        match member {
            syn::TraitItem::Fn(m) => {
                let last = match (&m.default, &m.semi_token) {
                    (Some(block), _) => block.brace_token.span.close(),
                    (None, Some(semi)) => semi.span,
                    (None, None) => m.sig.ident.span(),
                };
                self.function(&m.attrs, None, &m.sig, m.default.as_ref(), last)
            }
            syn::TraitItem::Const(m) => {
                let head = head(&m.ident, None, &m.attrs, m.const_token.span, m.semi_token.span);
                self.put(head, self.constant(false, &m.ty, m.default.as_ref().map(|(_, e)| e)))
            }
            syn::TraitItem::Type(m) => {
                let head = head(&m.ident, None, &m.attrs, m.type_token.span, m.semi_token.span);
                let ty = m.default.as_ref().map(|(_, ty)| self.ty(ty));
                self.put(head, ItemKind::TypeAlias(self.generics(&m.generics), ty))
            }
            syn::TraitItem::Macro(m) => self.macro_item(None, &m.attrs, &m.mac),
            _ => self.put(unnamed(&[], call_site(), call_site(), call_site()), ItemKind::Other),
        }
    }

    fn put(self, head: Head<'_>, kind: ItemKind) -> Item {
        let vis = head.vis.and_then(|v| match v {
            syn::Visibility::Public(t) => Some(t.span),
            syn::Visibility::Restricted(r) => Some(r.pub_token.span),
            syn::Visibility::Inherited => None,
        });
        let first = head.attrs.first().map(|a| a.pound_token.span).or(vis).unwrap_or(head.first);
        Item {
            name: head.name,
            name_span: self.span(head.name_span),
            span: Span::new(self.start(first), self.end(head.last)),
            public: vis.is_some(),
            attrs: self.attrs(head.attrs),
            kind,
        }
    }

    fn function(
        self,
        attrs: &[syn::Attribute],
        vis: Option<&syn::Visibility>,
        sig: &syn::Signature,
        block: Option<&syn::Block>,
        last: proc_macro2::Span,
    ) -> Item {
        let mut patterns = Vec::new();
        let mut params = Vec::new();
        let mut receiver = None;
        for input in &sig.inputs {
            match input {
                syn::FnArg::Receiver(this) => receiver = Some(self.receiver(this)),
                syn::FnArg::Typed(typed) => {
                    patterns.push(&*typed.pat);
                    params.push(self.param(typed));
                }
            }
        }
        let is_test = attrs.iter().any(is_test_attr);
        let body = block.filter(|_| !is_test).map(|b| Arc::new(self.body(patterns, |lower| lower.block(b))));
        let first =
            sig.constness.map(|t| t.span).or(sig.asyncness.map(|t| t.span)).unwrap_or(sig.fn_token.span);
        let function = Function {
            is_async: sig.asyncness.is_some(),
            generics: self.generics(&sig.generics),
            receiver,
            params: exact(params),
            params_span: self.span(sig.paren_token.span.join()),
            ret: self.ret(&sig.output),
            body,
        };
        self.put(head(&sig.ident, vis, attrs, first, last), ItemKind::Fn(Box::new(function)))
    }

    fn receiver(self, this: &syn::Receiver) -> TypeRef {
        match &this.kind {
            syn::ReceiverKind::Typed(_, ty) => self.ty(ty),
            _ => TypeRef::Path(
                self.path(&syn::Path::from(syn::Ident::new("Self", this.self_token.span)), None),
            ),
        }
    }

    fn param(self, typed: &syn::PatType) -> Param {
        let mut pattern = &*typed.pat;
        while let syn::Pat::Paren(inner) = pattern {
            pattern = &inner.pat;
        }
        let name = if let syn::Pat::Ident(p) = pattern { Some(name(&p.ident)) } else { None };
        Param { ty: self.ty(&typed.ty), name }
    }

    fn constant(self, is_static: bool, ty: &syn::Type, value: Option<&syn::Expr>) -> ItemKind {
        let body =
            |value: &syn::Expr| -> Arc<Body> { Arc::new(self.body(Vec::new(), |lower| lower.expr(value))) };
        ItemKind::Const { is_static, ty: self.ty(ty), value: value.map(body) }
    }

    fn macro_item(self, ident: Option<&syn::Ident>, attrs: &[syn::Attribute], mac: &syn::Macro) -> Item {
        let path = self.path(&mac.path, None);
        let close = match &mac.delimiter {
            syn::MacroDelimiter::Paren(t) => t.span.close(),
            syn::MacroDelimiter::Brace(t) => t.span.close(),
            syn::MacroDelimiter::Bracket(t) => t.span.close(),
        };
        let first = mac.path.segments.first().map_or_else(call_site, |s| s.ident.span());
        if path.last() == "macro_rules" {
            let kind =
                svclint_syntax::macros::expression_rule(mac).map_or(ItemKind::Other, |r| self.rule(&r, mac));
            let unnamed = unnamed(attrs, first, first, close);
            return self.put(Head { name: ident.map(name).unwrap_or_default(), ..unnamed }, kind);
        }
        let statics = if matches!(path.last(), "lazy_static" | "thread_local") {
            svclint_syntax::macros::statics(mac)
        } else {
            Vec::new()
        };
        let items = statics.iter().map(|entry| {
            let name = entry.name.span();
            let item = self.put(
                head(&entry.name, None, &entry.attrs, name, name),
                self.constant(true, &entry.ty, Some(&entry.value)),
            );
            Item { public: entry.public, ..item }
        });
        let table = Some(mac).filter(|_| path.last() == "table").and_then(svclint_syntax::macros::table);
        let pieces = svclint_syntax::macros::conditional_items(mac);
        let items = items.chain(table.map(|t| self.table(&t))).chain(pieces.iter().map(|i| self.item(i)));
        let strings = svclint_syntax::macros::strings(mac.tokens.clone());
        let strings = strings.iter().map(|s| (s.value(), self.span(s.span())));
        let kind = ItemKind::Macro { path, items: items.map(Arc::new).collect(), strings: strings.collect() };
        let unnamed = unnamed(attrs, first, first, close);
        self.put(Head { name: ident.map(name).unwrap_or_default(), ..unnamed }, kind)
    }

    fn rule(self, rule: &svclint_syntax::macros::ExpressionRule, mac: &syn::Macro) -> ItemKind {
        let span = self.span(mac.delimiter.span().join());
        let body = self.body(Vec::new(), |lower| {
            for param in &rule.params {
                let kind = PatKind::Bind { name: name(param), mutable: false, sub: None };
                let pat = lower.push_pat(kind, lower.lower.span(param.span()));
                lower.body.params.push(pat);
            }
            lower.block_of(&rule.body, span)
        });
        let param = |ident: &syn::Ident| Param { ty: TypeRef::Infer, name: Some(name(ident)) };
        ItemKind::MacroRules(Box::new(Function {
            is_async: false,
            generics: Generics::default(),
            receiver: None,
            params: rule.params.iter().map(param).collect(),
            params_span: Span::default(),
            ret: Some(TypeRef::Infer),
            body: Some(Arc::new(body)),
        }))
    }

    /// The module that diesel's `table!` makes: a type for the table and one for each column, and `dsl` with all of them.
    fn table(self, table: &svclint_syntax::macros::TableDecl) -> Item {
        let at = |ident: &syn::Ident, name: Name, kind: ItemKind| {
            let word = ident.span();
            Item { name, ..self.put(head(ident, None, &[], word, word), kind) }
        };
        let unit = || ItemKind::Struct(Generics::default(), Fields::Unit);
        let module = |ident: &syn::Ident, name: Name, items: Vec<Item>| {
            at(ident, name, ItemKind::Mod { items: Some(items.into_iter().map(Arc::new).collect()) })
        };
        let all = |rename: Option<Name>| {
            let path = if rename.is_some() { vec!["super", "table"] } else { vec!["super"] };
            let path = path.into_iter().map(Name::new).collect();
            let glob = rename.is_none();
            UseLeaf { path, global: false, rename, glob, span: self.span(table.name.span()) }
        };
        let own = name(&table.name);
        let uses = |leaves| at(&table.name, Name::default(), ItemKind::Use(leaves));
        let mut items = vec![at(&table.name, Name::new("table"), unit())];
        items.extend(table.columns.iter().map(|c| at(c, name(c), unit())));
        let dsl = vec![uses(vec![all(None), all(Some(own.clone()))])];
        items.push(module(&table.name, Name::new("dsl"), dsl));
        items.push(module(&table.name, Name::new("columns"), vec![uses(vec![all(None)])]));
        module(&table.name, own, items)
    }

    fn fields(self, fields: &syn::Fields) -> Fields {
        let all = |list: &syn::punctuated::Punctuated<syn::Field, syn::Token![,]>| {
            list.iter().enumerate().map(|(n, f)| self.field(n, f)).collect()
        };
        match fields {
            syn::Fields::Named(f) => Fields::Named(all(&f.named)),
            syn::Fields::Unnamed(f) => Fields::Tuple(all(&f.unnamed)),
            syn::Fields::Unit => Fields::Unit,
        }
    }

    fn field(self, number: usize, field: &syn::Field) -> Field {
        let name = field.ident.as_ref().map_or_else(|| Name::new(number.to_string()), name);
        let span = field.ident.as_ref().map(|i| self.span(i.span())).unwrap_or_default();
        Field { name, ty: self.ty(&field.ty), attrs: self.attrs(&field.attrs), span }
    }

    fn variant(self, variant: &syn::Variant) -> Variant {
        Variant {
            name: name(&variant.ident),
            fields: self.fields(&variant.fields),
            span: self.span(variant.ident.span()),
            attrs: self.attrs(&variant.attrs),
        }
    }

    fn use_tree(self, tree: &syn::UseTree, prefix: &mut Vec<Name>, global: bool, leaves: &mut Vec<UseLeaf>) {
        let leaf = |word: &Name, rename: Option<Name>, span: proc_macro2::Span, prefix: &[Name]| {
            let mut path = prefix.to_vec();
            if word != "self" || path.is_empty() {
                path.push(word.clone());
            }
            let path = exact(path);
            UseLeaf { path, global, rename, glob: false, span: self.span(span) }
        };
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(name(&path.ident));
                self.use_tree(&path.tree, prefix, global, leaves);
                prefix.pop();
            }
            syn::UseTree::Name(word) => {
                leaves.push(leaf(&name(&word.ident), None, word.ident.span(), prefix))
            }
            syn::UseTree::Rename(word) => {
                leaves.push(leaf(&name(&word.ident), Some(name(&word.rename)), word.ident.span(), prefix));
            }
            syn::UseTree::Glob(glob) => {
                let span = self.span(glob.star_token.span);
                leaves.push(UseLeaf { path: prefix.clone(), global, rename: None, glob: true, span });
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, prefix, global, leaves);
                }
            }
        }
    }
}

fn head<'a>(
    ident: &syn::Ident,
    vis: Option<&'a syn::Visibility>,
    attrs: &'a [syn::Attribute],
    first: proc_macro2::Span,
    last: proc_macro2::Span,
) -> Head<'a> {
    Head { name: name(ident), name_span: ident.span(), vis, attrs, first, last }
}

fn unnamed(
    attrs: &[syn::Attribute],
    first: proc_macro2::Span,
    word: proc_macro2::Span,
    last: proc_macro2::Span,
) -> Head<'_> {
    Head { name: Name::default(), name_span: word, vis: None, attrs, first, last }
}

fn fields_end(fields: &syn::Fields, ident: proc_macro2::Span) -> proc_macro2::Span {
    match fields {
        syn::Fields::Named(f) => f.brace_token.span.close(),
        syn::Fields::Unnamed(f) => f.paren_token.span.close(),
        syn::Fields::Unit => ident,
    }
}

fn call_site() -> proc_macro2::Span {
    proc_macro2::Span::call_site()
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`: code that no service runs, so its body is not read.
fn is_test_attr(attr: &syn::Attribute) -> bool {
    let last = attr.path().segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
    let is_cfg_test =
        last == "cfg" && attr.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test");
    last == "test" || is_cfg_test
}
