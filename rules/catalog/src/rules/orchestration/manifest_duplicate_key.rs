//! `manifest-duplicate-key`

use svclint_model::{DoubledKey, Place};

use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports keys that stand twice in one mapping of a manifest: Kubernetes objects, kustomizations, compose files, values of a
    /// chart. Templates are left alone: there, one of two branches gives the key.
    ///
    /// ## Why it matters
    /// What is applied has the last value only, and nothing says so: a limit or a variable that was added at one end of a long
    /// mapping is lost. Compose and kustomize refuse the file.
    ///
    /// ## Example
    /// ```bad
    /// //- deploy/orders.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: orders }
    /// data:
    ///   LOG_LEVEL: info
    ///   POOL_SIZE: "8"
    ///   LOG_LEVEL: debug
    /// ```
    /// ```good
    /// //- deploy/orders.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: orders }
    /// data:
    ///   POOL_SIZE: "8"
    ///   LOG_LEVEL: debug
    /// ```
    ///
    /// ## Fix
    /// Takes the earlier one out, which counts for nothing. A proposal: it may be the one that was meant.
    ///
    /// ## References
    /// - YAML 1.2.2, "3.2.1.3. Node Comparison": the keys of a mapping are unique
    pub(crate) MANIFEST_DUPLICATE_KEY {
        id: "manifest-duplicate-key",
        category: Orchestration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(cx.model.manifests.doubled.iter().map(|doubled| finding(cx, doubled)));
}

fn finding(cx: &Context<'_>, doubled: &DoubledKey) -> Finding {
    let key = &doubled.key;
    let message = match doubled.same {
        true => format!("`{key}` stands twice in this mapping"),
        false => format!("`{key}` stands twice in this mapping: only the last one counts, this one is lost"),
    };
    Finding::new(&MANIFEST_DUPLICATE_KEY, doubled.lost, message)
        .help("keep the one that is meant")
        .label("counts for nothing")
        .related(doubled.kept, "the one that counts")
        .subject(key.clone())
        .fix("Take the earlier one out".to_owned(), Applicability::Proposal, without(cx, doubled.lost_entry))
}

/// An entry on lines of its own is taken out with them.
fn without(cx: &Context<'_>, entry: Place) -> Vec<Edit> {
    let lines = cx.whole_lines(entry).into_iter();
    lines.map(|span| Edit::Replace { file: entry.file, span, text: String::new() }).collect()
}
