//! Probes of manifests and checks of compositions that run a program in the container, and whether its image has it.

use svclint_model::{Container, Image, Probe, ProbeAction, ProbeKind, Tri, Workload};

use super::healthcheck_tool_missing::HEALTHCHECK_TOOL_MISSING;
use super::written::file_name;
use crate::{Context, Finding};

pub(super) fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let model = cx.model;
    for deployment in &model.deployments {
        let image = deployment.image.and_then(|i| model.images.get(i)).filter(|i| i.is_of_rust());
        let workload = model.manifests.workloads.get(deployment.workload);
        let (Some(image), Some(workload)) = (image, workload) else { continue };
        let Some(container) = workload.containers.get(deployment.container) else { continue };
        // What is known of the image is known of its last stage.
        let target = container.build.as_ref().and_then(|b| b.target.as_deref());
        if target.is_some_and(|target| image.last().is_none_or(|s| s.name.as_deref() != Some(target))) {
            continue;
        }
        for probe in &container.probes {
            let program = missing(image, workload, container, probe);
            findings.extend(program.map(|program| finding(image, workload, container, probe, program)));
        }
    }
}

/// The first program of a probe that the image does not have.
fn missing<'m>(
    image: &Image,
    workload: &Workload,
    container: &Container,
    probe: &'m Probe,
) -> Option<&'m str> {
    let ProbeAction::Exec(Tri::Present(words)) = &probe.action else { return None };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let programs = match words.as_slice() {
        ["CMD-SHELL", script] => vec!["sh", first(script)?],
        ["CMD", shell, "-c", script] | [shell, "-c", script] => vec![*shell, first(script)?],
        ["CMD", program, ..] | [program, ..] => vec![*program],
        [] => return None,
    };
    let last = image.stages.len().checked_sub(1)?;
    // A volume may bring it.
    let may_be_mounted = !container.mounts.is_empty() || !workload.volumes.is_empty();
    let is_missing = |program: &&str| {
        !(may_be_mounted && program.starts_with('/'))
            && image.has_tool(last, file_name(program)) == Tri::Absent
    };
    programs.into_iter().find(is_missing)
}

/// The program that a script begins with.
fn first(script: &str) -> Option<&str> {
    script.split_whitespace().next()
}

fn finding(
    image: &Image,
    workload: &Workload,
    container: &Container,
    probe: &Probe,
    program: &str,
) -> Finding {
    let program = file_name(program);
    let what = if program == "sh" { "a shell".to_owned() } else { format!("`{program}`") };
    let (kind, so) = match probe.kind {
        ProbeKind::Liveness => ("liveness probe", "it is restarted for ever"),
        ProbeKind::Readiness => ("readiness probe", "it never gets traffic"),
        ProbeKind::Startup => ("startup probe", "it is restarted for ever"),
        ProbeKind::Health => ("health check", "it is never healthy"),
    };
    let message = format!(
        "the {kind} of the container `{}` needs {what}, which its image does not have: {so}",
        container.name
    );
    let finding = Finding::new(&HEALTHCHECK_TOOL_MISSING, probe.at, message)
        .help("ask over HTTP or gRPC, let the service's own program check itself, or install the tool")
        .label(format!("{what} is not there"))
        .subject(format!("{}/{} {kind}", workload.title(), container.name));
    match image.last() {
        Some(stage) => finding.related(stage.image_at, "what its image begins with"),
        None => finding,
    }
}
