//! Routes that are written as attributes of their handlers.

use svclint_facts::rust::{AttrArg, Lit};

use super::{RouteReader, is_http_method, path::join};
use crate::defs::FnIdx;
use crate::fold::Text;
use crate::tracer::At;

impl RouteReader<'_> {
    /// `#[get("/x")] async fn handler()`
    pub(super) fn attribute_routes(&mut self, function: FnIdx, text: &str, prefix: &Text, at: At) -> bool {
        let def = &self.tracer.program.defs.fns[function.at()];
        let module = def.home.module;
        let names = self.tracer.program.names;
        let mut any = false;
        for attr in &def.item.attrs {
            let Some(method) = names.attribute(module, &attr.path).and_then(|a| a.method.as_ref()) else {
                continue;
            };
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
                if let Some(last) = self.routes.list.last_mut() {
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
