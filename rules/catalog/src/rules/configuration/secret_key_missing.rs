//! `secret-key-missing`

use strsim::levenshtein;
use svclint_model::{ConfigObject, ConfigUse, EnvVar, Workload};

use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports variables that are taken from a key which the ConfigMap or Secret does not have.
    ///
    /// ## Why it matters
    /// The container is never started: it waits for the key with `CreateContainerConfigError`.
    ///
    /// ## Example
    /// ```bad
    /// //- deploy/shop.yaml
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: { name: shop }
    /// stringData:
    ///   database-url: postgres://db/shop
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           env:
    ///             - name: DATABASE_URL
    ///               valueFrom:
    ///                 secretKeyRef: { name: shop, key: database_url }
    /// ```
    /// ```good
    /// //- deploy/shop.yaml
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: { name: shop }
    /// stringData:
    ///   database-url: postgres://db/shop
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           env:
    ///             - name: DATABASE_URL
    ///               valueFrom:
    ///                 secretKeyRef: { name: shop, key: database-url }
    /// ```
    ///
    /// ## Fix
    /// Names the nearest key that is there.
    ///
    /// ## References
    /// - Kubernetes, "Secrets: Using Secrets as environment variables"
    pub(crate) SECRET_KEY_MISSING {
        id: "secret-key-missing",
        category: Configuration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for workload in &cx.model.manifests.workloads {
        for container in &workload.containers {
            for (variable, used) in container.env.iter().filter_map(|v| Some((v, v.from.as_ref()?))) {
                let (Some(key), false) = (&used.key, used.optional) else { continue };
                let Some(config) = cx.model.config_of(workload, used) else { continue };
                // A secret without keys is filled in by somebody else.
                let is_known = config.complete && !config.keys.is_empty();
                if is_known && !config.keys.iter().any(|(known, _)| known.value == *key) {
                    findings.push(finding(cx, workload, variable, used, key, config));
                }
            }
        }
    }
}

fn finding(
    cx: &Context<'_>,
    workload: &Workload,
    variable: &EnvVar,
    used: &ConfigUse,
    key: &str,
    config: &ConfigObject,
) -> Finding {
    let kind = if config.secret { "Secret" } else { "ConfigMap" };
    let message = format!(
        "`{}` of `{}` comes from the key `{key}`, which the {kind} `{}` does not have: the container is never started",
        variable.name,
        workload.title(),
        config.written
    );
    let nearest =
        config.keys.iter().map(|(known, _)| &known.value).min_by_key(|known| levenshtein(known, key));
    let finding = Finding::new(&SECRET_KEY_MISSING, used.at, message)
        .label("no such key")
        .related(config.at, format!("the {kind}"))
        .subject(format!("{} {}", workload.title(), variable.name));
    match nearest.filter(|near| levenshtein(near, key) <= 3) {
        Some(near) => finding.help(format!("did you mean `{near}`?")).fix(
            format!("Take `{near}`"),
            Applicability::Unsafe,
            cx.set(used.at, near.clone()),
        ),
        None => finding.help("add the key, or name one that is there"),
    }
}
