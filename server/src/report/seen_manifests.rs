//! Workloads as people read them.

use std::io::Write;

use super::manifests::{SeenContainer, SeenWorkload};
use super::seen::at;
use super::style::{self, paint};

/// One line a container: what it is, what runs in it, and how it is asked for its health.
pub(super) fn print(out: &mut impl Write, workloads: &[SeenWorkload]) -> anyhow::Result<()> {
    if workloads.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint(style::STRONG, "workloads"))?;
    let title = |w: &SeenWorkload| format!("{}/{}", w.kind.as_deref().unwrap_or("?"), w.name);
    let width = workloads.iter().map(|w| title(w).chars().count()).max().unwrap_or(0).min(40);
    let mut unlinked = 0;
    for workload in workloads {
        for (number, container) in workload.containers.iter().enumerate() {
            let name = if number == 0 { title(workload) } else { String::new() };
            unlinked += usize::from(container.service.is_none());
            writeln!(out, "  {name:<width$}  {}  {}", about(container), at(&workload.at))?;
        }
    }
    if unlinked > 0 {
        let text = format!("{unlinked} containers run no program that is known here");
        writeln!(out, "  {}", paint(style::FAINT, text))?;
    }
    writeln!(out)?;
    Ok(())
}

fn about(container: &SeenContainer) -> String {
    let mut parts = vec![match &container.service {
        Some(service) => format!("runs {service}"),
        None => container.image.clone().unwrap_or_else(|| "image not known".to_owned()),
    }];
    if !container.ports.is_empty() {
        let ports: Vec<String> = container.ports.iter().map(ToString::to_string).collect();
        parts.push(format!("port {}", ports.join(", ")));
    }
    parts.extend(container.probes.iter().map(|(kind, probe)| {
        let kind = serde_json::to_value(kind).ok().and_then(|v| v.as_str().map(str::to_owned));
        format!("{} {probe}", kind.unwrap_or_default())
    }));
    parts.join(" · ")
}
