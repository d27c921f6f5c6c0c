//! Images of workloads that may be others tomorrow.

use svclint_model::{Container, Spot, Tri, Workload, is_mutable};

use super::pods::{is_aside, subject};
use crate::{Context, Finding, RuleMeta};

/// Adds what `rule` says of the images of workloads.
pub(in crate::rules) fn moving_images(
    cx: &Context<'_>,
    rule: &'static RuleMeta,
    findings: &mut Vec<Finding>,
) {
    // Compose files run what was built a moment ago, as a rule.
    let workloads = cx.model.manifests.workloads.iter().filter(|w| !w.is_compose() && !is_aside(cx.model, w));
    for (workload, container) in workloads.flat_map(|w| w.containers.iter().map(move |c| (w, c))) {
        let is_built = |name: &str| {
            cx.model.manifests.builds.iter().any(|b| b.replaces && b.image.as_deref() == Some(name))
        };
        if let Tri::Present(image) = &container.image
            && !is_built(&image.value)
            && !container.is_local
            && let Some(why) = moves(&image.value)
        {
            findings.push(finding(rule, workload, container, image, why));
        }
    }
}

/// Why an image may be another one tomorrow.
fn moves(image: &str) -> Option<&'static str> {
    // A place to fill in, a variable.
    let lower = image.to_lowercase();
    let is_filled_in = image.contains(['<', '$', '{'])
        || image.trim().is_empty()
        || ["your-", "your_", "changeme", "example.com/"].iter().any(|word| lower.contains(word));
    if is_filled_in || !is_mutable(image) {
        return None;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    Some(if name.contains(':') { "has a tag that moves" } else { "has no tag, which means `latest`" })
}

fn finding(
    rule: &'static RuleMeta,
    workload: &Workload,
    container: &Container,
    image: &Spot<String>,
    why: &str,
) -> Finding {
    let message = format!(
        "the image `{}` of `{}` {why}: the same manifest may run other code tomorrow",
        image.value,
        workload.title()
    );
    Finding::new(rule, image.at, message)
        .help("name a version, or the digest")
        .label(why.split(',').next().unwrap_or(why))
        .subject(format!("{} {}", subject(workload, container), image.value))
}
