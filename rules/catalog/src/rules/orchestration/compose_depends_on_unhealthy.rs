//! `compose-depends-on-unhealthy`

use svclint_model::{Container, Dependency, ProbeKind, Workload};

use crate::{Applicability, Context, Edit, Finding, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services of compose files that wait for another one to be started, though it has a health check that tells when it
    /// is ready.
    ///
    /// ## Why it matters
    /// Started is not ready: the service finds no database that takes connections, and fails at its start one time out of three.
    ///
    /// ## Example
    /// ```bad
    /// //- compose.yaml
    /// services:
    ///   db:
    ///     image: postgres:16
    ///     healthcheck: { test: [CMD, pg_isready] }
    ///   orders:
    ///     image: shop/orders:1.4.0
    ///     depends_on: [db]
    /// ```
    /// ```good
    /// //- compose.yaml
    /// services:
    ///   db:
    ///     image: postgres:16
    ///     healthcheck: { test: [CMD, pg_isready] }
    ///   orders:
    ///     image: shop/orders:1.4.0
    ///     depends_on:
    ///       db: { condition: service_healthy }
    /// ```
    ///
    /// ## Fix
    /// Writes the long form, with `condition: service_healthy` for what has a health check.
    ///
    /// ## References
    /// - Compose, "Control startup and shutdown order"
    pub(crate) COMPOSE_DEPENDS_ON_UNHEALTHY {
        id: "compose-depends-on-unhealthy",
        category: Orchestration,
        level: Warn,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let all = &cx.model.manifests.workloads;
    for workload in all.iter().filter(|w| w.is_compose()) {
        let healthy = |name: &str| {
            let other = all.iter().find(|o| o.environment == workload.environment && o.name == name);
            other.filter(|o| o.containers.iter().any(has_check))
        };
        let waits_badly = |d: &&Dependency| {
            d.condition.as_deref().is_none_or(|c| c == "service_started") && healthy(&d.service).is_some()
        };
        let Some(first) = workload.depends_on.iter().find(waits_badly) else { continue };
        let names: Vec<String> =
            workload.depends_on.iter().filter(waits_badly).map(|d| format!("`{}`", d.service)).collect();
        let message = format!(
            "`{}` starts as soon as {} {} started, ready or not: it fails when it is faster",
            workload.name,
            names.join(", "),
            if names.len() == 1 { "is" } else { "are" }
        );
        let mut finding = Finding::new(&COMPOSE_DEPENDS_ON_UNHEALTHY, first.at, message)
            .help("wait with `condition: service_healthy`")
            .label("started, not ready")
            .subject(workload.name.clone());
        finding.severity = Severity::Info;
        for other in workload.depends_on.iter().filter(waits_badly).filter_map(|d| healthy(&d.service)) {
            let check = other.containers.iter().find_map(|c| c.probe(ProbeKind::Health));
            finding = finding.related(check.map_or(other.name_at, |p| p.at), "tells when it is ready");
        }
        let edits = long_form(cx, workload, &|name| healthy(name).is_some());
        findings.push(finding.fix("Wait until they are healthy", Applicability::Unsafe, edits));
    }
}

fn has_check(container: &Container) -> bool {
    container.probe(ProbeKind::Health).is_some()
}

fn long_form(cx: &Context<'_>, workload: &Workload, is_healthy: &dyn Fn(&str) -> bool) -> Vec<Edit> {
    let Some(all) = workload.depends_on.first() else { return Vec::new() };
    // What is already written long is left to its writer.
    let text = cx.text(all.all_at);
    if workload.depends_on.iter().any(|d| d.condition.is_some()) || text.contains('#') {
        return Vec::new();
    }
    let (line_end, indent) = (cx.line_end(all.all_at.file), cx.indent(all.all_at));
    let mut lines = vec!["depends_on:".to_owned()];
    for dependency in &workload.depends_on {
        let condition = if is_healthy(&dependency.service) { "service_healthy" } else { "service_started" };
        lines.push(format!("{indent}  {}:", dependency.service));
        lines.push(format!("{indent}    condition: {condition}"));
    }
    vec![Edit::Replace { file: all.all_at.file, span: all.all_at.span, text: lines.join(line_end) }]
}
