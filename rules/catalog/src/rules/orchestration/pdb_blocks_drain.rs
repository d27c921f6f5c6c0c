//! `pdb-blocks-drain`

use svclint_model::{Budget, Place, Tri, Workload};

use super::pods::{same_namespace, selects, together};
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
    for budget in &cx.model.manifests.budgets {
        let mine = |w: &&Workload| {
            together(&w.environment, &budget.environment)
                && same_namespace(&w.namespace, &budget.namespace)
                && matches!(selects(&budget.selector, w), Tri::Present(()))
        };
        let workload = cx.model.manifests.workloads.iter().find(mine);
        if let Some(at) = budget.limit_at
            && let Some(why) = blocks(cx, budget, workload)
        {
            findings.push(finding(budget, workload, at, &why));
        }
    }
}

/// Why no pod may ever be away.
fn blocks(cx: &Context<'_>, budget: &Budget, workload: Option<&Workload>) -> Option<String> {
    if let Tri::Present(max) = &budget.max_unavailable {
        let is_none = matches!(max.value.trim(), "0" | "0%");
        return (is_none && workload.is_some()).then(|| "lets no pod be away".to_owned());
    }
    let Tri::Present(min) = &budget.min_available else { return None };
    if min.value.trim() == "100%" {
        return workload.map(|_| "wants all pods to be there".to_owned());
    }
    let min: i64 = min.value.trim().parse().ok()?;
    let workload = workload?;
    let scaled = cx.model.manifests.autoscalers.iter().find(|a| {
        together(&a.environment, &workload.environment)
            && a.target.present().is_none_or(|(_, name)| *name == workload.name)
    });
    let pods = match (scaled, &workload.replicas) {
        (Some(scaler), _) => *scaler.min_replicas.present()?,
        (None, Tri::Present(replicas)) => replicas.value,
        (None, Tri::Absent)
            if workload.kind.present().is_some_and(|k| k == "Deployment" || k == "StatefulSet") =>
        {
            1
        }
        (None, _) => return None,
    };
    (pods > 0 && min >= pods).then(|| format!("wants {min} pods to be there, and there are {pods}"))
}

fn finding(budget: &Budget, workload: Option<&Workload>, at: Place, why: &str) -> Finding {
    let message =
        format!("the disruption budget `{}` {why}: nodes with these pods can never be drained", budget.name);
    let mut finding = Finding::new(&PDB_BLOCKS_DRAIN, at, message)
        .help("let at least one pod be away: `maxUnavailable: 1`")
        .label(why)
        .subject(budget.name.clone())
        .fix("Let one pod be away", Applicability::Unsafe, replace(at, "maxUnavailable: 1"));
    if let Some(workload) = workload {
        finding = finding.related(workload.name_at, "the pods it speaks of");
    }
    finding
}
