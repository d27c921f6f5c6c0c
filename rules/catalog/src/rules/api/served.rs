//! Whether routes lead to what an OpenAPI document describes.

use svclint_model::{Documented, FnId, Model, Route, Tri};

/// Whether a function stands in a document, and its program serves others of its package but not it.
pub(super) fn is_unserved(model: &Model, one: &Documented) -> bool {
    let listed = model.document_lists.iter().any(|l| one.functions.iter().any(|f| l.functions.contains(f)));
    let is_beside = |f: FnId| model.function(f).package == one.package;
    let serves = |s: &&std::sync::Arc<svclint_model::Service>| {
        s.routes.iter().any(|r| r.handler.is_some_and(is_beside))
    };
    let mut services = model.services.iter().filter(serves).peekable();
    let told = |r: &Route| !r.path.contains("{?}") && (r.handler.is_some() || r.handler_text != "(unknown)");
    let named = model.functions.iter().flat_map(|f| &f.calls).any(|c| one.functions.contains(&c.to));
    listed
        && !one.gated
        && !named
        && services.peek().is_some()
        && services.all(|s| s.routes_complete && s.routes.iter().all(told))
}

/// The route that answers in the function's place, at the path and by a method that its description says.
pub(super) fn served_by_another<'m>(model: &'m Model, one: &Documented) -> Option<&'m Route> {
    let Tri::Present(path) = &one.path else { return None };
    let fits = |r: &&Route| {
        (r.method == "ANY" || one.methods.iter().any(|(m, _)| *m == r.method)) && is_end_of(path, &r.path)
    };
    model.services.iter().flat_map(|s| &s.routes).find(fits)
}

/// Whether a path is the last part of another one, whatever the parameters are called.
pub(super) fn is_end_of(end: &str, path: &str) -> bool {
    let parts = |p: &str| {
        let name = |s: &str| if s.starts_with('{') { "{}".to_owned() } else { s.to_owned() };
        p.split('/').filter(|s| !s.is_empty()).map(name).collect::<Vec<String>>()
    };
    parts(path).ends_with(&parts(end))
}
