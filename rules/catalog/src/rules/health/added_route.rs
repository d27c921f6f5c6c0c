//! The edit that adds a liveness route to a service.

use svclint_model::Listener;

use crate::edit::insert_after;
use crate::{Context, Edit};

/// Adds `/livez` after the last call that builds the router: no layer stands in front of it.
pub(super) fn liveness_route(cx: &Context<'_>, listener: &Listener) -> Option<Edit> {
    let site = listener.router.as_ref()?;
    let route = listener.snippets.get("health-route")?;
    let last = site.calls.iter().rev().find(|c| c.builds).map_or(site.made, |c| c.at);
    let next = site.calls.iter().map(|c| c.at).find(|at| cx.begins_line(*at));
    let gap = next.map_or_else(String::new, |at| format!("{}{}", cx.line_end(at.file), cx.indent(at)));
    Some(insert_after(last, format!("{gap}{route}")))
}
