//! `image-tag-mutable`

use svclint_model::{Container, Spot, Tri, Workload};

use super::pods::{is_aside, subject};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports images of workloads without a tag, or with one that moves: `latest`, `main`, `edge`.
    ///
    /// ## Why it matters
    /// The same manifest runs other code tomorrow: two pods of one Deployment may differ, and going back to the manifest of
    /// yesterday does not bring back what ran yesterday.
    ///
    /// ## Example
    /// ```bad
    /// //- deploy/orders.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: orders }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: orders } }
    ///     spec:
    ///       containers:
    ///         - name: orders
    ///           image: shop/orders:latest
    /// ```
    /// ```good
    /// //- deploy/orders.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: orders }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: orders } }
    ///     spec:
    ///       containers:
    ///         - name: orders
    ///           image: shop/orders:1.4.0
    /// ```
    ///
    /// ## Fix
    /// None: which version is meant cannot be told from here. Name a version, or the digest.
    ///
    /// ## References
    /// - Kubernetes, "Images"
    pub(crate) IMAGE_TAG_MUTABLE {
        id: "image-tag-mutable",
        category: Orchestration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// Tags that point at something else from time to time.
const MOVING: &[&str] = &["latest", "main", "master", "edge", "nightly", "dev", "develop", "stable", "head", "snapshot"];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    // Compose files run what was built a moment ago, as a rule.
    let workloads = cx.model.manifests.workloads.iter().filter(|w| !w.is_compose() && !is_aside(cx.model, w));
    for (workload, container) in workloads.flat_map(|w| w.containers.iter().map(move |c| (w, c))) {
        let is_built = |name: &str| cx.model.manifests.builds.iter().any(|b| b.replaces && b.image == name);
        if let Tri::Present(image) = &container.image
            && !is_built(&image.value)
            && let Some(why) = moves(&image.value)
        {
            findings.push(finding(workload, container, image, &why));
        }
    }
}

/// Why an image may be another one tomorrow.
fn moves(image: &str) -> Option<String> {
    // A place to fill in, a variable, a digest.
    let is_filled_in = image.contains(['<', '$', '{', '@']) || image.trim().is_empty();
    if is_filled_in {
        return None;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.split_once(':') {
        None => Some("has no tag, which means `latest`".to_owned()),
        Some((_, tag)) if MOVING.contains(&tag.to_lowercase().as_str()) => {
            Some(format!("has the tag `{tag}`, which moves"))
        }
        Some(_) => None,
    }
}

fn finding(workload: &Workload, container: &Container, image: &Spot<String>, why: &str) -> Finding {
    let message =
        format!("the image `{}` of `{}` {why}: the same manifest may run other code tomorrow", image.value, workload.title());
    Finding::new(&IMAGE_TAG_MUTABLE, image.at, message)
        .help("name a version, or the digest")
        .label(why.split(',').next().unwrap_or(why))
        .subject(format!("{} {}", subject(workload, container), image.value))
}
