//! Routes that are written as attributes of their handlers.

use svclint_facts::rust::{Attr, AttrArg, Lit};

use super::grpc::served_type;
use super::{RouteReader, is_http_method, path::join};
use crate::defs::{AdtId, FnIdx};
use crate::fold::Text;
use crate::tracer::At;
use crate::ty::Ty;

impl RouteReader<'_> {
    /// `OpenApiService::new((Orders, Users), ..)`: the methods with routes of some types.
    pub(super) fn api_methods(&mut self, value: At, prefix: &Text, at: At) {
        let types: Vec<Ty> = match self.tracer.ty(value) {
            Ty::Tuple(parts) => parts.to_vec(),
            one => vec![one.clone()],
        };
        for ty in types {
            let before = self.routes.list.len();
            if let Some(id) = served_type(&ty) {
                self.methods_of(id, prefix, at);
            }
            self.routes.incomplete |= self.routes.list.len() == before;
        }
    }

    fn methods_of(&mut self, id: AdtId, prefix: &Text, at: At) {
        let program = self.tracer.program;
        for (number, block) in program.defs.impls.iter().enumerate() {
            let of_type = matches!(program.impls.self_ty.get(number), Some(Ty::Adt(adt, _)) if *adt == id);
            if !of_type || block.trait_().is_some() {
                continue;
            }
            // `#[OpenApi(prefix_path = "/orders")]`
            let own = block.item.attrs.iter().find_map(|attr| {
                let prefix = program.names.attribute(block.home.module, &attr.path)?.prefix.as_ref()?;
                attr.args.iter().find_map(|arg| match arg {
                    AttrArg::Pair(key, Lit::Str(path), _) if key == prefix => Some(Text::known(path.clone())),
                    _ => None,
                })
            });
            let prefix = own.map_or_else(|| prefix.clone(), |own| join(prefix, &own));
            let mut fns: Vec<FnIdx> = block.fns.values().copied().collect();
            fns.sort_unstable();
            for function in fns {
                let name = program.defs.fns[function.at()].item.name.to_string();
                self.attribute_routes(function, &name, &prefix, at);
            }
        }
    }

    /// `typed_get(handler)`: the path is the one of the handler's parameter whose type has the attribute.
    pub(super) fn typed_route(&mut self, method: &str, handler: At, attribute: &str, prefix: &Text, at: At) {
        let (function, text) = self.function(handler);
        let program = self.tracer.program;
        let params = function.map(|f| program.param_types(f)).unwrap_or_default();
        let path = params.iter().find_map(|ty| {
            let Ty::Adt(id, _) = ty else { return None };
            let adt = &program.defs.adts[id.at()];
            let attr = adt.item.attrs.iter().find(|a| a.path.last() == attribute)?;
            attr.args.iter().find_map(|arg| match arg {
                AttrArg::Lit(Lit::Str(path), span) => Some((path.clone(), adt.home, *span)),
                _ => None,
            })
        });
        let Some((path, home, span)) = path else {
            self.routes.incomplete = true;
            return;
        };
        self.push(method, &join(prefix, &Text::known(path)), function, text, None, at);
        if let Some(last) = self.routes.list.last_mut() {
            last.path_at = Some(self.tracer.item_place(home, span));
        }
    }

    /// `#[get("/x")] async fn handler()`
    pub(super) fn attribute_routes(&mut self, function: FnIdx, text: &str, prefix: &Text, at: At) -> bool {
        let def = &self.tracer.program.defs.fns[function.at()];
        let module = def.home.module;
        let names = self.tracer.program.names;
        let mut any = false;
        let known = |attr: &Attr| names.attribute(module, &attr.path);
        // What only describes a route says nothing of it where another attribute makes it.
        let is_made = def.item.attrs.iter().filter_map(known).any(|a| a.method.is_some() && !a.describes);
        for attr in &def.item.attrs {
            let entry = known(attr).filter(|a| !(a.describes && is_made));
            let Some(method) = entry.and_then(|a| a.method.as_ref()) else { continue };
            let (mut route, mut methods) = (None, Vec::new());
            for arg in &attr.args {
                match arg {
                    AttrArg::Lit(Lit::Str(text), span) if route.is_none() => route = Some((text, *span)),
                    AttrArg::Pair(name, Lit::Str(text), span) if matches!(name.as_str(), "path" | "uri") => {
                        route = Some((text, *span))
                    }
                    AttrArg::Pair(name, Lit::Str(text), _) if name == "method" => {
                        methods.push(text.to_uppercase())
                    }
                    // `method(get, head)`
                    AttrArg::Nested(word, inner) if method == "ANY" && word.last() == "method" => {
                        methods.extend(inner.iter().filter_map(|arg| match arg {
                            AttrArg::Nested(word, _) => Some(word.last().to_uppercase()),
                            _ => None,
                        }));
                    }
                    AttrArg::Nested(word, _) if method == "ANY" && is_http_method(word.last()) => {
                        methods.push(word.last().to_uppercase())
                    }
                    _ => {}
                }
            }
            let Some((route, span)) = route else { continue };
            if methods.is_empty() {
                methods.push(method.clone());
            }
            for method in methods {
                let route = route.split('?').next().unwrap_or(route);
                let full = join(prefix, &Text::known(route));
                self.push(&method, &full, Some(function), text.to_owned(), None, at);
                let guarded = attr.args.iter().any(|a| matches!(a, AttrArg::Pair(key, ..) if key == "guard"));
                if let Some(last) = self.routes.list.last_mut() {
                    last.first_takes_all &= !guarded;
                    let at = self.tracer.item_place(def.home, span);
                    last.path_at = Some(at);
                    last.at = at;
                }
                any = true;
            }
        }
        any
    }
}
