//! `entrypoint-shell-form`

use svclint_model::docker::{Flow, Form, InstructionKind, Word};
use svclint_model::{Image, Place, ShippedBinary, Start, Tri, is_init};
use svclint_syntax::Span;

use super::written::{file_name, json};
use crate::finding::{Applicability, Edit, Fix};
use crate::{Context, Finding, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports images that start the service through a shell: `CMD` or `ENTRYPOINT` as a plain text, or `sh -c` without `exec`.
    ///
    /// ## Why it matters
    /// The shell becomes process 1, and a shell does not hand SIGTERM on. The service never hears that it has to stop: each
    /// roll-out waits for the grace period to end, then the kill takes all requests in flight with it. Some shells put a single
    /// command in their own place, others and longer commands do not; only the list of words is the same everywhere.
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
    /// CMD shop --port 8080
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
    /// CMD ["shop", "--port", "8080"]
    /// ```
    ///
    /// ## Fix
    /// Writes the command as a list of words. Where it needs a shell, puts `exec` in front of the program, which then takes the
    /// shell's place.
    ///
    /// ## References
    /// - Dockerfile reference, "Shell and exec form"
    /// - The Twelve-Factor App, IX: Disposability
    pub(crate) ENTRYPOINT_SHELL_FORM {
        id: "entrypoint-shell-form",
        category: Container,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (at, image) in cx.model.images.iter().enumerate().filter(|(_, i)| i.for_production) {
        let (Some(ships), Some(last)) = (&image.ships, image.last()) else { continue };
        let Some(start) = last.start().filter(|s| !last.broken && runs_in_shell(s, ships)) else { continue };
        if gives_way(image, start) || has_init_everywhere(cx, at) {
            continue;
        }
        findings.push(finding(cx, image, ships, start));
    }
}

/// Whether a shell stays between the runtime and the service.
fn runs_in_shell(start: &Start, ships: &ShippedBinary) -> bool {
    let names = |word: &str| file_name(word) == ships.binary;
    let commands = &start.command.commands;
    let is_through_shell = match &start.command.form {
        Form::Shell => true,
        // A list of words is one command that needs no shell, unless it begins with one.
        Form::Exec(words) => words
            .first()
            .zip(commands.first())
            .is_some_and(|(w, c)| c.words.first().map(|f| &f.text) != Some(&w.text)),
    };
    let first_words = || commands.iter().filter_map(|c| c.words.first()?.known());
    is_through_shell
        && first_words().any(names)
        && !commands.iter().any(|c| c.exec)
        && !first_words().any(|w| is_init(file_name(w)))
}

/// Whether the shell is one that a single command replaces by itself, as bash does, or hands signals on in a script of its own.
fn gives_way(image: &Image, start: &Start) -> bool {
    let command = &start.command;
    let shell = match &command.form {
        Form::Exec(words) => words.first().and_then(Word::known),
        Form::Shell => shell_of(image, start),
    };
    let is_one = matches!(command.flow, Flow::Plain | Flow::Single);
    let traps = command.commands.iter().any(|c| c.words.first().is_some_and(|w| w.text == "trap"));
    traps || is_one && shell.is_some_and(|shell| file_name(shell) == "bash")
}

/// The shell that `SHELL` says, in the stage that the command is written in.
fn shell_of<'i>(image: &'i Image, start: &Start) -> Option<&'i str> {
    let stage = image.facts.stages.get(start.stage)?;
    let before = stage.instructions.iter().rev().filter(|i| i.span.start < start.at.span.start);
    let mut shells = before.filter_map(|i| match &i.kind {
        InstructionKind::Shell(words) => words.first().map(|w| w.text.as_str()),
        _ => None,
    });
    shells.next()
}

/// Whether every workload that runs the image has a first process that hands signals on.
fn has_init_everywhere(cx: &Context<'_>, image: usize) -> bool {
    let model = cx.model;
    let mut runs = model
        .deployments
        .iter()
        .filter(|d| d.image == Some(image))
        .filter_map(|d| model.manifests.workloads.get(d.workload)?.containers.get(d.container));
    let first = runs.next();
    first.is_some_and(|c| c.has_init) && runs.all(|c| c.has_init)
}

fn finding(cx: &Context<'_>, image: &Image, ships: &ShippedBinary, start: &Start) -> Finding {
    let last = image.stages.len().saturating_sub(1);
    let has_no_shell = image.has_tool(last, "sh") == Tri::Absent;
    let place = Place { file: image.file, span: start.at.span };
    let message = if has_no_shell {
        format!(
            "`{}` is started through a shell, which this image does not have: the container cannot start",
            ships.binary
        )
    } else {
        format!(
            "`{}` is started through a shell, which does not hand SIGTERM on: each stop waits for the kill and drops the \
             requests in flight",
            ships.binary
        )
    };
    Finding {
        rule: &ENTRYPOINT_SHELL_FORM,
        message,
        help: Some("write the command as a list of words, or put `exec` in front of the program".into()),
        severity: if has_no_shell { Severity::Error } else { ENTRYPOINT_SHELL_FORM.severity },
        confidence: ENTRYPOINT_SHELL_FORM.confidence,
        variants: Vec::new(),
        service: Some(ships.binary.clone()),
        place,
        label: "runs in a shell".into(),
        related: Vec::new(),
        fixes: fix(cx, image, start).into_iter().collect(),
        subject: ships.binary.clone(),
    }
}

fn fix(cx: &Context<'_>, image: &Image, start: &Start) -> Option<Fix> {
    let command = &start.command;
    let simple = command.commands.last()?;
    let edit = match command.flow {
        Flow::Plain => {
            let words = simple.words.iter().filter_map(|w| w.known());
            Edit::Replace { file: image.file, span: command.span, text: json(words) }
        }
        Flow::Single | Flow::List => {
            let first = Place { file: image.file, span: simple.words.first()?.span };
            // Words of a quoted script have no places of their own when it is written with escapes.
            let is_placed = cx.text(first).starts_with(simple.words.first()?.text.chars().next()?);
            let span = Span::at(first.span.start);
            is_placed.then(|| Edit::Replace { file: image.file, span, text: "exec ".into() })?
        }
        Flow::Other => return None,
    };
    let title = if command.flow == Flow::Plain {
        "Write the command as a list of words"
    } else {
        "Put `exec` in front"
    };
    Some(Fix { title: title.into(), applicability: Applicability::Safe, edits: vec![edit] })
}
