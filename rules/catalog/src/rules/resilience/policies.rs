//! Retry policies, and what tries again by them in a service.

use svclint_model::{Limit, Policy, Tri};

use crate::edit::insert_after;
use crate::rules::running::{How, Run};
use crate::{Context, Edit, Finding, RuleMeta};

/// Whether a policy is proven to lack a limit.
pub(super) fn lacks(policy: &Policy, limit: Limit) -> bool {
    policy.limits.get(&limit) == Some(&Tri::Absent)
}

/// Whether tries follow one another at all with a pause between them.
pub(super) fn waits_between(policy: &Policy) -> bool {
    let is_nothing = |delay: &String| delay.starts_with("0 ") || delay == "0";
    !lacks(policy, Limit::Delay)
        && !policy.limits.get(&Limit::Delay).and_then(|d| d.present()).is_some_and(is_nothing)
}

/// The service that tries again by a policy while it serves, and for whom. Where the policy is given to something that
/// tries later, a client's middleware, that is for requests. A loop of a task beside, which connects anew for example, may
/// well be meant to run for ever.
pub(super) fn tries<'r, 'm>(runs: &'r [Run<'m>], policy: &Policy) -> Option<(&'r Run<'m>, How)> {
    let (used, function) = (policy.given?, policy.in_fn?);
    runs.iter().find_map(|run| {
        let how = match used.runs {
            true => run.how_at_all(function, used.when),
            false => run.service.functions.binary_search(&function).is_ok().then_some(How::Serving),
        };
        how.filter(|how| !policy.library.is_empty() || *how == How::Serving).map(|how| (run, how))
    })
}

/// What all findings about policies have.
pub(super) fn finding(
    cx: &Context<'_>,
    rule: &'static RuleMeta,
    policy: &Policy,
    run: &Run<'_>,
    message: String,
) -> Finding {
    let path = policy.in_fn.map_or_else(String::new, |f| cx.model.function(f).path.clone());
    let mut finding = Finding::new(rule, policy.at, message).service(&run.service.name).subject(path);
    finding.related = policy.in_fn.map(|f| run.evidence(cx.model, f)).unwrap_or_default();
    finding
}

/// The edit that adds a call to a policy, where its library has one for that.
pub(super) fn snippet(policy: &Policy, name: &str) -> Vec<Edit> {
    policy.snippets.get(name).map(|call| vec![insert_after(policy.at, call.clone())]).unwrap_or_default()
}
