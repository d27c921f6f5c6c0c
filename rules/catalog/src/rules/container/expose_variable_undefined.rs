//! `expose-variable-undefined`

use svclint_model::docker::{Instruction, InstructionKind, Word};
use svclint_model::{Image, ImageStage, Place};

use crate::finding::{Applicability, Fix};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports variables in `EXPOSE`, `COPY`, `ADD`, `USER` and `WORKDIR` that have no value where they stand: no `ARG` and no
    /// `ENV` of their stage, or of the stages under it, names them. An `ARG` before the first `FROM`, or in another stage, does not
    /// count.
    ///
    /// ## Why it matters
    /// The builder puts an empty text in, mostly without a word: the port is not exposed, the file lands elsewhere, the user is not
    /// the one that was meant. What the container's environment says at run time comes too late.
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
    /// EXPOSE ${SHOP_PORT}
    /// USER 10001
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
    /// ARG SHOP_PORT=8080
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
    /// EXPOSE ${SHOP_PORT}
    /// USER 10001
    /// CMD ["shop"]
    /// ```
    ///
    /// ## Fix
    /// Adds an `ARG`. A proposal: the value is to be filled in.
    ///
    /// ## References
    /// - Dockerfile reference, "Understand how ARG and FROM interact"
    pub(crate) EXPOSE_VARIABLE_UNDEFINED {
        id: "expose-variable-undefined",
        category: Container,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for image in cx.model.images.iter().filter(|i| i.is_of_rust()) {
        for (facts, stage) in image.facts.stages.iter().zip(&image.stages).filter(|(_, s)| !s.broken) {
            for instruction in &facts.instructions {
                findings.extend(undefined(cx, image, stage, instruction));
            }
        }
    }
}

/// The first variable of an instruction that has no value.
fn undefined(
    cx: &Context<'_>,
    image: &Image,
    stage: &ImageStage,
    instruction: &Instruction,
) -> Option<Finding> {
    let (keyword, words): (&str, Vec<&Word>) = match &instruction.kind {
        InstructionKind::Expose(words) => ("EXPOSE", words.iter().collect()),
        InstructionKind::User(word) => ("USER", vec![word]),
        InstructionKind::Workdir(word) => ("WORKDIR", vec![word]),
        InstructionKind::Copy(copy) => {
            (if copy.adds { "ADD" } else { "COPY" }, copy.sources.iter().chain(&copy.destination).collect())
        }
        _ => return None,
    };
    let missing = |word: &&Word| word.unset.iter().any(|name| !stage.may_set(name));
    let word = words.into_iter().find(missing)?;
    let name = word.unset.iter().find(|name| !stage.may_set(name))?;
    let place = Place { file: image.file, span: word.span };
    let global = image.facts.global_args.iter().any(|a| a.name == *name);
    Some(Finding {
        rule: &EXPOSE_VARIABLE_UNDEFINED,
        message: format!("`{name}` has no value in this stage: `{keyword}` gets an empty text in its place"),
        help: Some(if global {
            format!("repeat `ARG {name}` in this stage: those before `FROM` hold for `FROM` only")
        } else {
            format!("give the variable a value with `ARG {name}=…` in this stage")
        }),
        severity: EXPOSE_VARIABLE_UNDEFINED.severity,
        confidence: EXPOSE_VARIABLE_UNDEFINED.confidence,
        variants: Vec::new(),
        service: image.ships.as_ref().map(|s| s.binary.clone()),
        place,
        label: "empty here".into(),
        related: Vec::new(),
        fixes: vec![fix(cx, image, instruction, name, global)],
        subject: name.to_string(),
    })
}

fn fix(cx: &Context<'_>, image: &Image, instruction: &Instruction, name: &str, global: bool) -> Fix {
    let value = match instruction.kind {
        _ if global => String::new(),
        InstructionKind::Expose(_) => "=8080".to_owned(),
        _ => "=value".to_owned(),
    };
    let at = Place { file: image.file, span: instruction.span };
    let edits = vec![cx.before_instruction(image, at, &[("ARG", &format!("{name}{value}"))])];
    Fix { title: format!("Add `ARG {name}`"), applicability: Applicability::Proposal, edits }
}
