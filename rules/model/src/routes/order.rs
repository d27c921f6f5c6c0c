//! What is written wrong where routers are put together: paths in another library's syntax, and layers that stand before the
//! routes they are for.

use svclint_facts::rust::{AttrArg, ExprKind, Lit};
use svclint_knowledge::{Action, Callable, Covers, Otherwise, PathSyntax, Role};

use super::RouteReader;
use crate::defs::{FnIdx, Res};
use crate::infer::Callee;
use crate::names::Ns;
use crate::system::{Deed, ForeignPath, LayerDeed, MissedRoute, What, When};
use crate::tracer::{At, Tracer};

/// What a call that puts a router together does wrong.
pub(crate) fn deeds(tracer: &Tracer<'_>, call: At, action: &Action) -> Vec<Deed> {
    let (path, layer) = match action {
        Action::Route { path, .. } | Action::RouteService { path } | Action::Nest { path, .. } => {
            (Some(*path), None)
        }
        Action::MakeRouter { path } => (*path, None),
        Action::Layer { value, needs_routes, covers: Covers::Before } => {
            (None, Some((*value, *needs_routes)))
        }
        _ => return Vec::new(),
    };
    let path = path.and_then(|number| foreign_path(tracer, call, tracer.arg(call, number)?));
    let layer = layer.and_then(|(value, panics)| layered(tracer, call, value, panics));
    path.into_iter().chain(layer).collect()
}

/// The paths in a function's attributes that are in another library's syntax: `#[get("/users/:id")]`.
pub(crate) fn attribute_paths(tracer: &Tracer<'_>, id: FnIdx) -> Vec<Deed> {
    let def = &tracer.program.defs.fns[id.at()];
    let names = tracer.program.names;
    let mut found = Vec::new();
    for attr in &def.item.attrs {
        let Some(AttrArg::Lit(Lit::Str(text), span)) = attr.args.first() else { continue };
        let module = def.home.module;
        let Some((Res::Lib(path), _)) = names.written(module, &attr.path, Ns::Values) else { continue };
        let library = path.split("::").next().unwrap_or_default();
        let Some(view) = names.view(module) else { continue };
        let routes = view.attribute(&path).is_some_and(|a| a.method.is_some());
        let Some(syntax) = view.path_syntax(library).filter(|_| routes) else { continue };
        let at = tracer.item_place(def.home, *span);
        let what = foreign(text, syntax).map(What::ForeignPath);
        found.extend(what.map(|what| Deed { what, at, when: When::default() }));
    }
    found
}

impl RouteReader<'_> {
    /// Whether a route that a call adds takes every request of its path that comes to it, before any route that is added
    /// later.
    pub(super) fn takes_all(&self, call: At, path: &str) -> bool {
        let view = self.tracer.program.names.view(self.tracer.module(call.body));
        // What is mounted by its name: the call that mounts it.
        let is_call =
            |at: &At| matches!(self.tracer.kind(*at), ExprKind::MethodCall { .. } | ExprKind::Call { .. });
        let call = self.tracer.ancestors(call).find(is_call).unwrap_or(call);
        let in_order = library(&self.tracer, call).zip(view).is_some_and(|(l, view)| view.is_first_match(&l));
        // `{id:[0-9]+}` takes some texts only.
        let open = path.replace(":.*}", "}");
        in_order && !open.split('{').skip(1).any(|p| p.split('}').next().is_some_and(|p| p.contains(':')))
    }
}

fn foreign_path(tracer: &Tracer<'_>, call: At, path: At) -> Option<Deed> {
    let text = tracer.text(path);
    let library = library(tracer, call)?;
    let view = tracer.program.names.view(tracer.module(call.body))?;
    let what = foreign(&text.text, view.path_syntax(&library)?).filter(|_| text.complete)?;
    let any_path = |a: &Action| matches!(a, Action::AnyPath);
    let way = tracer.receiver(call).map(|router| tracer.trace(router, &makes_router)).unwrap_or_default();
    if way.steps.iter().any(|s| tracer.actions(s.at).iter().any(any_path)) {
        return None;
    }
    Some(Deed { what: What::ForeignPath(what), at: tracer.place(path), when: tracer.when(call) })
}

/// The library whose router a call is made on, or whose function makes one.
fn library(tracer: &Tracer<'_>, call: At) -> Option<String> {
    let path = match tracer.receiver(call) {
        Some(router) => tracer.ty(router).lib_path()?.to_owned(),
        None => match tracer.types_of(call.body).callees.get(&call.expr)? {
            Callee::Lib(path, _) => path.to_string(),
            _ => return None,
        },
    };
    path.split("::").next().map(str::to_owned)
}

/// What a path means that is in the other syntax.
fn foreign(path: &str, syntax: &PathSyntax) -> Option<ForeignPath> {
    let meant: Vec<String> = path.split('/').map(|segment| meant(segment, syntax)).collect();
    let meant = meant.join("/");
    let panics = syntax.others == Otherwise::Panics;
    (meant != path).then(|| ForeignPath { written: path.to_owned(), meant, panics })
}

fn meant(segment: &str, syntax: &PathSyntax) -> String {
    let named = |template: &str, name: &str| template.replace("id", name);
    if syntax.parameter.starts_with('{') {
        // `/*` alone may be meant as it stands.
        let name = segment.strip_prefix('*').filter(|n| !n.is_empty() || syntax.others == Otherwise::Panics);
        let rest = name.map(|n| named(&syntax.rest, if n.is_empty() { "rest" } else { n }));
        let one = segment.strip_prefix(':').filter(|n| is_name(n)).map(|n| named(&syntax.parameter, n));
        return one.or(rest).unwrap_or_else(|| segment.to_owned());
    }
    let inner = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
    match inner.map(|name| (name, name.strip_prefix('*'))) {
        Some((_, Some(name))) if is_name(name) => named(&syntax.rest, name),
        Some((name, None)) if is_name(name) => named(&syntax.parameter, name),
        _ => segment.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A layer that stands before routes of its router.
fn layered(tracer: &Tracer<'_>, call: At, value: u8, panics: bool) -> Option<Deed> {
    let router = tracer.receiver(call)?;
    if tracer.role(call.body, tracer.ty(router)) != Some(Role::Router) {
        return None;
    }
    let (missed, move_after) = added_after(tracer, call);
    let before = tracer.trace(router, &makes_router);
    let is_known = before.is_complete()
        && before.sources.len() == 1
        && before.steps.iter().all(|s| tracer.callable(s.at).is_some());
    let covers = before.steps.iter().any(|s| adds(tracer, s.at));
    if missed.is_empty() || !(is_known || covers) {
        return None;
    }
    let mut layers = RouteReader::new(tracer).layers_of(tracer.arg(call, value)?);
    let first = (!layers.is_empty()).then(|| layers.remove(0));
    let (name, carries) = first.map(|l| (l.name, l.carries)).unwrap_or_default();
    let layer = LayerDeed { name, carries, covers, panics, missed, move_after };
    Some(Deed { what: What::Layer(layer), at: tracer.call_place(call), when: tracer.when(call) })
}

/// What is added to a router after a call on it; and the last of that in the same chain.
fn added_after(tracer: &Tracer<'_>, call: At) -> (Vec<MissedRoute>, Option<crate::place::Place>) {
    let mut found = Vec::new();
    let mut end = call;
    while let Some(outer) = tracer.parent(end).filter(|o| tracer.receiver(*o) == Some(end)) {
        found.extend(adds(tracer, outer).then_some(outer));
        end = outer;
    }
    let last = found.last().map(|at| tracer.call_place(*at));
    if let Some(local) = tracer.held_in(end) {
        found.extend(tracer.calls_on(call.body, local).into_iter().filter(|c| adds(tracer, *c)));
    }
    (found.into_iter().map(|at| missed(tracer, at)).collect(), last)
}

fn missed(tracer: &Tracer<'_>, call: At) -> MissedRoute {
    let path = tracer.actions(call).iter().find_map(|action| match action {
        Action::Route { path, .. } | Action::RouteService { path } | Action::Nest { path, .. } => {
            tracer.arg(call, *path)
        }
        _ => None,
    });
    let path = path.map(|p| tracer.text(p)).filter(|t| t.complete).map(|t| t.text);
    MissedRoute { at: tracer.call_place(call), path }
}

/// Whether a call adds routes, or what answers when none fits.
fn adds(tracer: &Tracer<'_>, call: At) -> bool {
    let is_call = matches!(tracer.kind(call), ExprKind::MethodCall { .. } | ExprKind::Call { .. });
    is_call
        && tracer.actions(call).iter().any(|a| {
            matches!(
                a,
                Action::Route { .. }
                    | Action::RouteService { .. }
                    | Action::Nest { .. }
                    | Action::Merge { .. }
                    | Action::Mount { .. }
                    | Action::Configure { .. }
                    | Action::TypedRoute { .. }
                    | Action::ApiMethods { .. }
                    | Action::CatchAll { .. }
                    | Action::CatchAllService { .. }
                    | Action::Fallback
                    | Action::FallbackService
                    | Action::Wrap { .. }
            )
        })
}

fn makes_router(callable: &Callable) -> bool {
    callable.does.as_slice().iter().any(|a| matches!(a, Action::MakeRouter { .. }))
}

#[cfg(test)]
mod tests {
    use super::{Otherwise, PathSyntax, foreign};

    fn meant(path: &str, parameter: &str, rest: &str, others: Otherwise) -> Option<String> {
        let syntax = PathSyntax { versions: None, parameter: parameter.into(), rest: rest.into(), others };
        foreign(path, &syntax).map(|f| f.meant)
    }

    #[test]
    fn parameters_are_put_into_the_routers_own_syntax() {
        let braces = |path| meant(path, "{id}", "{*id}", Otherwise::Panics);
        assert_eq!(braces("/users/:user/files/*path").as_deref(), Some("/users/{user}/files/{*path}"));
        assert_eq!(braces("/files/*").as_deref(), Some("/files/{*rest}"));
        for right in ["/users/{user}", "/files/{*path}", "/", "", "/items:batch", "/a/b*c"] {
            assert_eq!(braces(right), None, "{right}");
        }
        let colons = |path| meant(path, ":id", "*id", Otherwise::Literal);
        assert_eq!(colons("/users/{user}/{*rest}").as_deref(), Some("/users/:user/*rest"));
        for right in ["/users/:user", "/*rest", "/{a}-{b}", "/{}"] {
            assert_eq!(colons(right), None, "{right}");
        }
        // A star alone is a path like any other where nothing forbids it.
        assert_eq!(meant("/*", "{id}", "{id:.*}", Otherwise::Literal), None);
    }
}
