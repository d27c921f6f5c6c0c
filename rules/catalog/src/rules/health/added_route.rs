//! The edit that adds a health route to a service.

use svclint_model::Listener;

use crate::edit::insert_after;
use crate::{Context, Edit};

/// Adds a route that says that the program is there, after the last call that builds the router: no layer stands in front of
/// it.
pub(super) fn added_route(cx: &Context<'_>, listener: &Listener, path: &str) -> Option<Edit> {
    let site = listener.router.as_ref()?;
    let is_plain = path.starts_with('/') && !path.contains(['"', '\\', '{', '}', ':', '*', '<', '?', '#']);
    let route = listener.snippets.get("health-route").filter(|_| is_plain)?.replace("/livez", path);
    let last = site.calls.iter().rev().find(|c| c.builds).map_or(site.made, |c| c.at);
    let next = site.calls.iter().map(|c| c.at).find(|at| cx.begins_line(*at));
    let gap = next.map_or_else(String::new, |at| format!("{}{}", cx.line_end(at.file), cx.indent(at)));
    Some(insert_after(last, format!("{gap}{route}")))
}
