//! `image-runs-as-root`

use svclint_model::{Image, ImageStage, Place, Security, Tri};

use super::run::program_of;
use super::written::{end_of_last, first_of_start};
use crate::finding::{Applicability, Edit, Fix};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports images whose program runs as root: no `USER` in the last stage or in what it is built on, or `USER root` last.
    ///
    /// ## Why it matters
    /// Whoever breaks into the service has all rights in the container: installs tools, reads each mounted secret, and needs one
    /// hole in the kernel less to leave it. Clusters that insist on `runAsNonRoot` do not start the image at all.
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
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
    /// USER 10001
    /// CMD ["shop"]
    /// ```
    ///
    /// ## Fix
    /// Adds `USER 10001` in front of the command. A proposal: files and folders that the service writes must belong to this user.
    ///
    /// ## References
    /// - Docker, "Building best practices: USER"
    /// - Kubernetes, "Pod Security Standards": Restricted
    pub(crate) IMAGE_RUNS_AS_ROOT {
        id: "image-runs-as-root",
        category: Container,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (at, image) in cx.model.images.iter().enumerate().filter(|(_, i)| i.for_production) {
        let Some(last) = image.last().filter(|s| !s.broken && s.start().is_some()) else { continue };
        let Some(program) = program_of(cx, at, image) else { continue };
        let number = image.stages.len() - 1;
        if is_root(last) && !image.may_drop_rights(number) && !has_other_user(cx, at) {
            findings.push(finding(cx, image, last, program));
        }
    }
}

/// Whether every workload that runs the image says which other user it runs as.
fn has_other_user(cx: &Context<'_>, image: usize) -> bool {
    let model = cx.model;
    let mut runs = model.deployments.iter().filter(|d| d.image == Some(image)).filter_map(|d| {
        let workload = model.manifests.workloads.get(d.workload)?;
        let own = &workload.containers.get(d.container)?.security;
        Some((own, if workload.is_compose() { own } else { &workload.security }))
    });
    let is_said = |(own, pod): (&Security, &Security)| {
        // A name, or what a variable holds, is not known to be root.
        let user = [&own.run_as_user, &pod.run_as_user].into_iter().find(|user| !user.is_absent());
        user.is_some_and(|user| !matches!(user, Tri::Present(user) if user.value == 0))
    };
    let first = runs.next();
    first.is_some_and(is_said) && runs.all(is_said)
}

fn is_root(stage: &ImageStage) -> bool {
    match &stage.user {
        Tri::Present(user) => user.is_root,
        Tri::Absent => true,
        Tri::Unknown => false,
    }
}

fn finding(cx: &Context<'_>, image: &Image, last: &ImageStage, program: &str) -> Finding {
    let said = last.user.present().and_then(|u| u.at);
    Finding {
        rule: &IMAGE_RUNS_AS_ROOT,
        message: format!(
            "`{program}` runs as root in this image: whoever breaks into it has all rights in the container"
        ),
        help: Some("end the image with a `USER` other than root".into()),
        severity: IMAGE_RUNS_AS_ROOT.severity,
        confidence: IMAGE_RUNS_AS_ROOT.confidence,
        variants: Vec::new(),
        service: image.ships.as_ref().map(|s| s.binary.clone()),
        place: said.unwrap_or(last.at),
        label: if said.is_some() { "root" } else { "no user is set from here on" }.into(),
        related: Vec::new(),
        fixes: fix(cx, image, said).into_iter().collect(),
        subject: program.to_owned(),
    }
}

fn fix(cx: &Context<'_>, image: &Image, said: Option<Place>) -> Option<Fix> {
    let own = said.filter(|at| image.last().is_some_and(|s| at.span.start > s.at.span.start));
    let edit = match own {
        Some(at) => Edit::Replace { file: at.file, span: at.span, text: "10001".into() },
        None => match first_of_start(image) {
            Some(start) => cx.before_instruction(image, start, &[("USER", "10001")]),
            None => cx.after_instruction(image, end_of_last(image)?, &[("USER", "10001")]),
        },
    };
    let title = "Run as user 10001".to_owned();
    Some(Fix { title, applicability: Applicability::Proposal, edits: vec![edit] })
}
