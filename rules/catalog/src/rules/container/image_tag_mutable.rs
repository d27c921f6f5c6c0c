//! `image-tag-mutable`

use svclint_model::{Image, ImageStage, is_mutable, pinned};

use super::run::program_of;
use crate::finding::{Applicability, Edit, Fix};
use crate::rules::orchestration::moving_images;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports images that a `FROM` or a workload names without a tag, or by a tag that moves: `latest`, `main`, `master`, `edge`.
    ///
    /// ## Why it matters
    /// The same commit gives another image next week: with another compiler, another libc, other packages. What was tested is not
    /// what is built for the hotfix, and nobody can go back to it.
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
    /// FROM debian:latest
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
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
    /// FROM debian:12-slim
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
    /// USER 10001
    /// CMD ["shop"]
    /// ```
    ///
    /// ## Fix
    /// Names a release, where svclint knows one. A proposal: choose the one that you run today, best with its digest.
    ///
    /// ## References
    /// - Docker, "Building best practices: Pin base image versions"
    /// - The Twelve-Factor App, V: Build, release, run
    pub(crate) IMAGE_TAG_MUTABLE {
        id: "image-tag-mutable",
        category: Container,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let images = cx.model.images.iter().enumerate().filter(|(_, image)| image.for_production);
    let ours = images.filter(|(at, image)| image.is_of_rust() || program_of(cx, *at, image).is_some());
    for (_, image) in ours {
        for stage in image.stages.iter().filter(|s| s.base.is_none()) {
            // A name that is put together from variables is given when the image is built.
            let written = cx.text(stage.image_at);
            if stage.base_name.as_deref() == Some(written) && is_mutable(written) {
                findings.push(finding(image, stage, written));
            }
        }
    }
    moving_images(cx, &IMAGE_TAG_MUTABLE, findings);
}

fn finding(image: &Image, stage: &ImageStage, name: &str) -> Finding {
    let fix = pinned(name).map(|text| Fix {
        title: format!("Change it to `{text}`"),
        applicability: Applicability::Proposal,
        edits: vec![Edit::Replace { file: stage.image_at.file, span: stage.image_at.span, text }],
    });
    Finding {
        rule: &IMAGE_TAG_MUTABLE,
        message: format!(
            "`{name}` is another image from day to day: the same commit does not give the same image again"
        ),
        help: Some("name a release, best with its digest".into()),
        severity: IMAGE_TAG_MUTABLE.severity,
        confidence: IMAGE_TAG_MUTABLE.confidence,
        variants: Vec::new(),
        service: image.ships.as_ref().map(|s| s.binary.clone()),
        place: stage.image_at,
        label: "moves".into(),
        related: Vec::new(),
        fixes: fix.into_iter().collect(),
        subject: name.to_owned(),
    }
}
