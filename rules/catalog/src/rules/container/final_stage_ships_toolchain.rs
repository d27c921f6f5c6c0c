//! `final-stage-ships-toolchain`

use svclint_model::docker::{Instruction, InstructionKind};
use svclint_model::{Image, ImageStage, Place, ShippedBinary};
use svclint_syntax::Span;

use super::written::file_name;
use crate::finding::{Applicability, Edit, Fix};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports images that run the built service on an image with the compiler in it.
    ///
    /// ## Why it matters
    /// The image is a gigabyte and more larger than the service needs. Each node pulls it before a replica can start, and each hole
    /// in compiler, linker, git and perl is a hole in the running service's image.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// fn main() {}
    /// //- Dockerfile
    /// FROM rust:1.96-bookworm
    /// WORKDIR /app
    /// COPY . .
    /// RUN cargo build --release --locked
    /// USER 10001
    /// CMD ["./target/release/shop"]
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
    /// Gives the built program a stage of its own. A proposal: libraries, certificates and files that it reads when it runs have to
    /// be brought along.
    ///
    /// ## References
    /// - Docker, "Multi-stage builds"
    pub(crate) FINAL_STAGE_SHIPS_TOOLCHAIN {
        id: "final-stage-ships-toolchain",
        category: Container,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for image in cx.model.images.iter().filter(|i| i.for_production) {
        let (Some(ships), Some(last)) = (&image.ships, image.last()) else { continue };
        let has_compiler = last.base_image.as_ref().is_some_and(|b| b.compiler);
        if has_compiler && !last.broken && runs(last, ships) {
            findings.push(finding(cx, image, last, ships));
        }
    }
}

/// Whether a stage runs the built program itself, rather than cargo.
fn runs(stage: &ImageStage, ships: &ShippedBinary) -> bool {
    let starts = stage.entrypoint.iter().chain(&stage.cmd);
    let mut commands = starts.flat_map(|s| &s.command.commands);
    commands.any(|c| c.words.first().and_then(|w| w.known()).is_some_and(|w| file_name(w) == ships.binary))
}

fn finding(cx: &Context<'_>, image: &Image, last: &ImageStage, ships: &ShippedBinary) -> Finding {
    Finding {
        rule: &FINAL_STAGE_SHIPS_TOOLCHAIN,
        message: format!(
            "`{}` runs on an image with the compiler in it: each start pulls a gigabyte that the service does not need, with its \
             security holes",
            ships.binary
        ),
        help: Some("copy the built program into a stage on a small image".into()),
        severity: FINAL_STAGE_SHIPS_TOOLCHAIN.severity,
        confidence: FINAL_STAGE_SHIPS_TOOLCHAIN.confidence,
        variants: Vec::new(),
        service: Some(ships.binary.clone()),
        place: last.at,
        label: "the compiler is in here".into(),
        related: Vec::new(),
        fixes: fix(cx, image, last, ships).into_iter().collect(),
        subject: ships.binary.clone(),
    }
}

/// A new stage in front of what says how the container runs, with the program at the path where it was.
fn fix(cx: &Context<'_>, image: &Image, last: &ImageStage, ships: &ShippedBinary) -> Option<Fix> {
    let stage = image.facts.stages.last()?;
    let release = last.base_image.as_ref()?.release.as_ref().map_or("stable", |r| &r.name);
    let slim = format!("debian:{release}-slim");
    if ships.copied.is_some() && stage.base.is_none() {
        // The program already has a stage of its own.
        let edits = vec![Edit::Replace { file: image.file, span: last.image_at.span, text: slim.clone() }];
        let title = format!("Run on `{slim}`");
        return Some(Fix { title, applicability: Applicability::Proposal, edits });
    }
    let build = image.build_of_shipped()?;
    let path = match build.kind {
        svclint_model::BuildKind::Install => format!("/usr/local/cargo/bin/{}", ships.binary),
        _ if build.moves_target => return None,
        _ => {
            let target = build.target.as_ref().map(|t| format!("{t}/")).unwrap_or_default();
            let folder = last.workdir.as_deref().unwrap_or("").trim_end_matches('/');
            format!("{folder}/target/{target}{}/{}", build.profile, ships.binary)
        }
    };
    let runs = |i: &&Instruction| {
        matches!(
            i.kind,
            InstructionKind::Cmd(_)
                | InstructionKind::Entrypoint(_)
                | InstructionKind::User(_)
                | InstructionKind::Expose(_)
                | InstructionKind::Env(_)
                | InstructionKind::Healthcheck(_)
                | InstructionKind::StopSignal(_)
                | InstructionKind::Label(_)
        )
    };
    let first = stage.instructions.iter().rev().take_while(runs).last()?;
    let name = stage.name().unwrap_or("builder");
    let to =
        if path.contains("/cargo/bin/") { format!("/usr/local/bin/{}", ships.binary) } else { path.clone() };
    let copy = format!("--from={name} {path} {to}");
    let mut lines = vec![("FROM", slim.as_str())];
    if let Some(folder) = &last.workdir {
        lines.push(("WORKDIR", folder));
    }
    lines.push(("COPY", &copy));
    let at = Place { file: image.file, span: first.span };
    let end = cx.line_end(image.file);
    let mut edits = vec![Edit::Replace {
        file: image.file,
        span: Span::at(at.span.start),
        text: format!("{end}{}", cx.instructions(image, &lines)),
    }];
    if stage.alias.is_none() {
        let keyword = if cx.text(last.at).starts_with("from") { "as" } else { "AS" };
        let span = Span::at(last.image_at.span.end);
        edits.push(Edit::Replace { file: image.file, span, text: format!(" {keyword} {name}") });
    }
    let title = "Give the program a stage of its own".to_owned();
    Some(Fix { title, applicability: Applicability::Proposal, edits })
}
