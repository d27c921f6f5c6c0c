//! What containers ask for: what gives it to those that do not, and the edits that add it.

use svclint_model::{Block, Container, Labels, Manifests, ResourceDefaults, Tri, Workload};

use super::pods::{in_same_tree, same_namespace, together};
use crate::edit::{joined, replace};
use crate::{Context, Edit};

/// A resource of a container.
#[derive(Clone, Copy)]
pub(super) enum Given {
    /// How much it may take at most.
    Limit,
    /// How much is kept for it; a limit stands for that, too.
    Request,
}

/// Whether a workload's containers get something, or may.
pub(super) fn is_given(manifests: &Manifests, workload: &Workload, given: Given, resource: &str) -> bool {
    let holds = |labels: &Labels| !labels.complete || labels.all.contains_key(resource);
    let gives = |d: &ResourceDefaults| match given {
        Given::Limit => holds(&d.limits),
        Given::Request => holds(&d.limits) || holds(&d.requests),
    };
    manifests.resource_defaults.iter().any(|d| reaches(d, workload) && gives(d))
}

/// Whether it speaks of a workload, or may: what names the same namespace does, wherever it is written.
fn reaches(defaults: &ResourceDefaults, workload: &Workload) -> bool {
    let is_target = match &defaults.target {
        Tri::Present((kind, name)) => workload.kind.present() == Some(kind) && workload.name == *name,
        Tri::Absent | Tri::Unknown => true,
    };
    let is_near = together(&defaults.environment, &workload.environment)
        || in_same_tree(&defaults.environment, &workload.environment);
    let in_one =
        matches!((&defaults.namespace, &workload.namespace), (Tri::Present(a), Tri::Present(b)) if a == b);
    is_target && (in_one || is_near && same_namespace(&defaults.namespace, &workload.namespace))
}

/// The edits that add requests and limits to a container: to what it has of them.
pub(super) fn add(
    cx: &Context<'_>,
    container: &Container,
    request: Option<(&str, &str)>,
    limit: Option<(&str, &str)>,
) -> Vec<Edit> {
    let resources = &container.resources;
    let sides = [("requests", request, resources.requests_at), ("limits", limit, resources.limits_at)];
    let lines = |indent: &str| -> Vec<String> {
        let given = sides.iter().filter_map(|(side, what, _)| Some((side, (*what)?)));
        given
            .flat_map(|(side, (name, amount))| {
                [format!("{indent}{side}:"), format!("{indent}  {name}: {amount}")]
            })
            .collect()
    };
    let Some(all) = resources.at else {
        let inner = lines("  ");
        let whole: Vec<&str> =
            std::iter::once("resources:").chain(inner.iter().map(String::as_str)).collect();
        return cx.add_entry(container.block, &whole);
    };
    if is_empty(cx, all) {
        let (line_end, indent) = (cx.line_end(all.at.file), " ".repeat(container.block.indent as usize + 2));
        let text: String = lines(&indent).iter().map(|line| format!("{line_end}{line}")).collect();
        // With the space behind the key.
        let mut at = all.at;
        at.span.start = at.span.start.saturating_sub(1);
        let at = if cx.text(at).starts_with(' ') { at } else { all.at };
        return if container.block.flow { Vec::new() } else { replace(at, text) };
    }
    let added = sides.iter().filter_map(|(side, what, own)| {
        let (name, amount) = (*what)?;
        Some(match own {
            Some(own) => cx.add_entry(*own, &[&format!("{name}: {amount}")]),
            None => cx.add_entry(all, &[&format!("{side}:"), &format!("  {name}: {amount}")]),
        })
    });
    let mut added: Vec<Vec<Edit>> = added.collect();
    if added.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    // What goes into an inner mapping comes before what goes behind it.
    if resources.requests_at.is_none() && resources.limits_at.is_some() {
        added.reverse();
    }
    joined(added.concat())
}

/// `resources: {}`
fn is_empty(cx: &Context<'_>, block: Block) -> bool {
    block.flow && cx.text(block.at).trim_matches(['{', '}', ' ']).is_empty()
}
