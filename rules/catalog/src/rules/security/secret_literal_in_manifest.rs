//! `secret-literal-in-manifest`

use svclint_model::{Container, EnvVar, EnvironmentKind, Image, Place, Tri, Workload};
use svclint_syntax::Span;

use crate::rules::contained::is_aside;
use crate::rules::secrets::{is_secret, is_value};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports secrets whose value stands in a Kubernetes manifest, a chart's or an overlay's values, or an `ENV` line of a
    /// Dockerfile. Values to be filled in (`changeme`) are left alone, and so are compose files: they are for work at a desk.
    ///
    /// ## Why it matters
    /// Whoever can read the repository, or pull the image, has the secret, and it stays in the history when it is removed. It
    /// cannot be changed without a new deployment, so it never is.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// fn main() {}
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: shop
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           env:
    ///             - name: DB_PASSWORD
    ///               value: Tr0ub4dor
    /// ```
    /// ```good
    /// //- src/main.rs
    /// fn main() {}
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: shop
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           env:
    ///             - name: DB_PASSWORD
    ///               valueFrom: { secretKeyRef: { name: shop, key: DB_PASSWORD } }
    /// ```
    ///
    /// ## Fix
    /// Takes the value from a Secret. A proposal: the Secret has to be made, best by something that keeps it out of the
    /// repository, and the old value is to be changed.
    ///
    /// ## References
    /// - CWE-798, "Use of Hard-coded Credentials"
    /// - Kubernetes, "Good practices for Kubernetes Secrets"
    pub(crate) SECRET_LITERAL_IN_MANIFEST {
        id: "secret-literal-in-manifest",
        category: Security,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_ours = |at: Place| {
        let path = cx.model.files.get(at.file.0 as usize);
        path.is_some_and(|p| !is_aside(cx.model, p)) && !is_for_desks(cx, at)
    };
    for workload in cx.model.manifests.workloads.iter().filter(|w| !w.is_compose() && is_ours(w.at)) {
        for container in &workload.containers {
            for variable in container.env.iter().filter(|v| is_ours(v.value_at)) {
                let told = findings.iter().any(|f| f.place == variable.value_at);
                if !told && holds_secret(variable) {
                    findings.push(in_manifest(cx, workload, container, variable));
                }
            }
        }
    }
    for image in cx.model.images.iter().filter(|i| i.for_production) {
        findings.extend(in_image(cx, image));
    }
}

/// Whether a file is for the developers' own machines, by its path.
fn is_for_desks(cx: &Context<'_>, at: Place) -> bool {
    let path = cx.model.relative(at.file).display().to_string().to_lowercase();
    let words = [
        "dev",
        "development",
        "local",
        "localhost",
        "minikube",
        "kind",
        "e2e",
        "demo",
        "test",
        "testing",
        "ci",
    ];
    path.split(['/', '-', '_', '.']).any(|word| words.contains(&word))
}

fn holds_secret(variable: &EnvVar) -> bool {
    let from_secret = variable.from.as_ref().is_some_and(|from| from.secret);
    let Tri::Present(value) = &variable.value else { return false };
    !from_secret && is_secret(&variable.name) && is_value(value) && !is_to_fill_in(&variable.name, value)
}

/// Whether a value says that another one belongs there.
fn is_to_fill_in(name: &str, value: &str) -> bool {
    let lower = value.to_lowercase();
    // `API_KEY: API_KEY_VAL`
    let is_named = lower.contains(&name.to_lowercase());
    let words =
        ["change", "example", "replace", "your", "todo", "placeholder", "dummy", "insert", "fill", "xxx"];
    is_named || lower.contains(['<', '>', '*']) || words.iter().any(|word| lower.contains(word))
}

fn in_manifest(cx: &Context<'_>, workload: &Workload, container: &Container, variable: &EnvVar) -> Finding {
    let message = format!(
        "the value of `{}` stands here: whoever reads the repository has the secret of `{}`",
        variable.name,
        workload.title()
    );
    Finding::new(&SECRET_LITERAL_IN_MANIFEST, variable.value_at, message)
        .help("take it from a Secret, and change the value: this one is known")
        .label("a secret in clear text")
        .subject(format!("{}/{} {}", workload.title(), container.name, variable.name))
        .fix("Take it from a Secret", Applicability::Proposal, from_secret(cx, workload, variable))
}

/// `value: x` becomes `valueFrom: ..`, where both stand on one line.
fn from_secret(cx: &Context<'_>, workload: &Workload, variable: &EnvVar) -> Vec<Edit> {
    let at = variable.value_at;
    let before = cx.sources.text(at.file).get(..at.span.start as usize).unwrap_or("");
    let Some(start) = before.trim_end_matches(' ').strip_suffix("value:").map(str::len) else {
        return Vec::new();
    };
    let plain = workload.environment.kind != EnvironmentKind::Chart && !workload.name.is_empty();
    if !plain || variable.from.is_some() {
        return Vec::new();
    }
    let text =
        format!("valueFrom: {{ secretKeyRef: {{ name: {}, key: {} }} }}", workload.name, variable.name);
    vec![Edit::Replace { file: at.file, span: Span::new(start as u32, at.span.end), text }]
}

/// What an image brings to everybody who pulls it.
fn in_image(cx: &Context<'_>, image: &Image) -> Vec<Finding> {
    let variables = image.last().map_or(&[][..], |stage| stage.env.as_slice());
    let secrets = variables.iter().filter(|v| {
        let value = v.value.present().is_some_and(|value| is_value(value) && !is_to_fill_in(&v.name, value));
        value && is_secret(&v.name) && v.at.file == image.file
    });
    secrets
        .map(|v| {
            let message =
                format!("the value of `{}` is part of the image: whoever can pull it has the secret", v.name);
            Finding::new(&SECRET_LITERAL_IN_MANIFEST, v.at, message)
                .help("give it to the container when it runs, and change the value: this one is known")
                .label("a secret in clear text")
                .subject(format!("{} {}", cx.model.relative(image.file).display(), v.name))
        })
        .collect()
}
