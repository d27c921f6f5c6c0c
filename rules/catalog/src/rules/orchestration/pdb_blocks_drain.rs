//! `pdb-blocks-drain`

use svclint_model::{Budget, Manifests, Place, Tri, Workload};

use super::pods::{least_pods, same_namespace, selects, together};
use crate::edit::replace;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports disruption budgets that never allow a pod to be moved: `maxUnavailable: 0`, or a `minAvailable` that is as large as
    /// the number of pods.
    ///
    /// ## Why it matters
    /// A node with such a pod can never be drained: upgrades of the cluster stop there until someone deletes the pod by hand.
    ///
    /// ## Example
    /// ```bad
    /// //- deploy/orders.yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: { name: orders }
    /// spec:
    ///   maxUnavailable: 0
    ///   selector: { matchLabels: { app: orders } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: orders }
    /// spec:
    ///   replicas: 2
    ///   template:
    ///     metadata: { labels: { app: orders } }
    ///     spec:
    ///       containers: [{ name: orders, image: shop/orders:1.4.0 }]
    /// ```
    /// ```good
    /// //- deploy/orders.yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: { name: orders }
    /// spec:
    ///   maxUnavailable: 1
    ///   selector: { matchLabels: { app: orders } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: orders }
    /// spec:
    ///   replicas: 2
    ///   template:
    ///     metadata: { labels: { app: orders } }
    ///     spec:
    ///       containers: [{ name: orders, image: shop/orders:1.4.0 }]
    /// ```
    ///
    /// ## Fix
    /// Lets one pod be away at a time.
    ///
    /// ## References
    /// - Kubernetes, "Specifying a Disruption Budget for your Application"
    pub(crate) PDB_BLOCKS_DRAIN {
        id: "pdb-blocks-drain",
        category: Orchestration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let manifests = &cx.model.manifests;
    for budget in &manifests.budgets {
        let beside = |w: &&Workload| {
            w.is_server()
                && !w.is_compose()
                && together(&w.environment, &budget.environment)
                && same_namespace(&w.namespace, &budget.namespace)
        };
        let taken = |w: &&Workload| !selects(&budget.selector, w).is_absent();
        let all: Vec<&Workload> = manifests.workloads.iter().filter(beside).filter(taken).collect();
        let mine = all.iter().find(|w| matches!(selects(&budget.selector, w), Tri::Present(())));
        if let (Some(at), Some(workload)) = (budget.limit_at, mine)
            && let Some(why) = blocks(manifests, budget, &all)
        {
            findings.push(finding(budget, workload, at, &why));
        }
    }
}

/// Why no pod of these workloads may ever be away.
fn blocks(manifests: &Manifests, budget: &Budget, all: &[&Workload]) -> Option<String> {
    if let Tri::Present(max) = &budget.max_unavailable {
        let is_none = matches!(max.value.trim(), "0" | "0%");
        return is_none.then(|| "lets no pod be away".to_owned());
    }
    let Tri::Present(min) = &budget.min_available else { return None };
    if min.value.trim() == "100%" {
        return Some("wants all pods to be there".to_owned());
    }
    let min: i64 = min.value.trim().parse().ok()?;
    // What takes all pods of a namespace takes those, too, that are not seen from here.
    let takes_all = budget.selector.present().is_some_and(|s| s.all.is_empty());
    let is_sure = |w: &&Workload| matches!(selects(&budget.selector, w), Tri::Present(()));
    if takes_all || !all.iter().all(is_sure) {
        return None;
    }
    let pods: i64 = all.iter().map(|w| least_pods(manifests, w)).sum::<Option<i64>>()?;
    (pods > 0 && min >= pods).then(|| format!("wants {min} pods to be there, and there are {pods}"))
}

fn finding(budget: &Budget, workload: &Workload, at: Place, why: &str) -> Finding {
    let message =
        format!("the disruption budget `{}` {why}: nodes with these pods can never be drained", budget.name);
    Finding::new(&PDB_BLOCKS_DRAIN, at, message)
        .help("let at least one pod be away: `maxUnavailable: 1`")
        .label(why)
        .subject(budget.name.clone())
        .related(workload.name_at, "the pods it speaks of")
        .fix("Let one pod be away", Applicability::Unsafe, replace(at, "maxUnavailable: 1"))
}
