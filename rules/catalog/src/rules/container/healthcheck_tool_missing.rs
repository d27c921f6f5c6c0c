//! `healthcheck-tool-missing`

use svclint_model::docker::{Form, Word};
use svclint_model::{Image, PackageManager, Place, Start, Tri};

use super::probe_tools;
use super::written::{file_name, json};
use crate::finding::{Applicability, Edit, Fix};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports a `HEALTHCHECK`, a check of a composition, or a probe of a manifest that runs a program which the image does not
    /// have: `curl` on a slim image, anything in a shell on a distroless one.
    ///
    /// ## Why it matters
    /// The check fails each time, however well the service is: it counts as unhealthy for ever, what depends on it never starts, and
    /// orchestrators that act on health replace it in a circle.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// fn main() {}
    /// //- Dockerfile
    /// FROM rust:1.96-bookworm AS builder
    /// WORKDIR /app
    /// COPY . .
    /// RUN cargo build --release --locked
    ///
    /// FROM debian:bookworm-slim
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
    /// USER 10001
    /// HEALTHCHECK CMD curl --fail http://localhost:8080/healthz
    /// CMD ["shop"]
    /// ```
    /// ```good
    /// //- src/main.rs
    /// fn main() {}
    /// //- Dockerfile
    /// FROM rust:1.96-bookworm AS builder
    /// WORKDIR /app
    /// COPY . .
    /// RUN cargo build --release --locked
    ///
    /// FROM debian:bookworm-slim
    /// RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
    /// USER 10001
    /// HEALTHCHECK CMD curl --fail http://localhost:8080/healthz
    /// CMD ["shop"]
    /// ```
    ///
    /// ## Fix
    /// Lets the service's own program check itself by a `healthcheck` subcommand, which has to be written, or installs the tool.
    /// Proposals both. Kubernetes does not look at `HEALTHCHECK`: there, a probe in the workload is what counts.
    ///
    /// ## References
    /// - Dockerfile reference, "HEALTHCHECK"
    pub(crate) HEALTHCHECK_TOOL_MISSING {
        id: "healthcheck-tool-missing",
        category: Container,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for image in cx.model.images.iter().filter(|i| i.is_of_rust()) {
        let Some(check) = image.last().and_then(|s| s.healthcheck.as_ref()) else { continue };
        findings.extend(missing(image, check).map(|program| finding(cx, image, check, &program)));
    }
    probe_tools::check(cx, findings);
}

/// The first program of the check that the image does not have.
fn missing(image: &Image, check: &Start) -> Option<String> {
    let last = image.stages.len().checked_sub(1)?;
    let is_missing = |program: &&str| image.has_tool(last, program) == Tri::Absent;
    let shell = match &check.command.form {
        Form::Shell => Some("sh"),
        Form::Exec(words) => words.first().and_then(Word::known).map(file_name),
    };
    let programs = check.command.commands.iter().filter_map(|c| c.words.first()?.known()).map(file_name);
    shell.into_iter().chain(programs).find(is_missing).map(str::to_owned)
}

fn finding(cx: &Context<'_>, image: &Image, check: &Start, program: &str) -> Finding {
    let place = Place { file: image.file, span: check.command.span };
    let what = if program == "sh" { "a shell".to_owned() } else { format!("`{program}`") };
    Finding {
        rule: &HEALTHCHECK_TOOL_MISSING,
        message: format!(
            "the health check needs {what}, which this image does not have: the container is never healthy"
        ),
        help: Some("let the service's own program check itself, or install the tool".into()),
        severity: HEALTHCHECK_TOOL_MISSING.severity,
        confidence: HEALTHCHECK_TOOL_MISSING.confidence,
        variants: Vec::new(),
        service: image.ships.as_ref().map(|s| s.binary.clone()),
        place,
        label: format!("{what} is not there"),
        related: Vec::new(),
        fixes: fixes(cx, image, check, program),
        subject: program.to_owned(),
    }
}

fn fixes(cx: &Context<'_>, image: &Image, check: &Start, program: &str) -> Vec<Fix> {
    let Some(last) = image.last() else { return Vec::new() };
    let mut fixes = Vec::new();
    let started = last.start().and_then(|s| s.argv.as_ref()?.first());
    if let Some(own) = started.filter(|own| image.ships.as_ref().is_some_and(|s| file_name(own) == s.binary))
    {
        let keyword = if cx.text(check.at).starts_with("healthcheck") { "cmd" } else { "CMD" };
        let words = json([own.as_str(), "healthcheck"]);
        let has_keyword = cx.text(Place { file: image.file, span: check.at.span }).contains(keyword);
        let text = if has_keyword { words } else { format!("{keyword} {words}") };
        let edit = Edit::Replace { file: image.file, span: check.command.span, text };
        let title = "Let the program check itself".to_owned();
        fixes.push(Fix { title, applicability: Applicability::Proposal, edits: vec![edit] });
    }
    let install = match last.base_image.as_ref().and_then(|b| b.packages) {
        Some(PackageManager::Apt) if program != "sh" => format!(
            "apt-get update && apt-get install -y --no-install-recommends {program} && rm -rf /var/lib/apt/lists/*"
        ),
        Some(PackageManager::Apk) if program != "sh" => format!("apk add --no-cache {program}"),
        _ => return fixes,
    };
    let edit = cx.after_instruction(image, last.at, &[("RUN", &install)]);
    let title = format!("Install `{program}`");
    fixes.push(Fix { title, applicability: Applicability::Proposal, edits: vec![edit] });
    fixes
}
