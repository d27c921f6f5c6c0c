//! `builder-runtime-libc-mismatch`

use svclint_model::{BaseImage, CargoBuild, CopiedBinary, Image, ImageStage, Libc, Release, ShippedBinary};

use crate::finding::{Applicability, Edit, Fix};
use crate::{Confidence, Context, Finding, Related, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports programs that are built against a newer glibc than the image has that they run on, or against glibc for an image
    /// that has none.
    ///
    /// ## Why it matters
    /// The image builds, and the container ends at once with "version `GLIBC_2.39' not found" or "no such file or directory". It
    /// depends on what was linked: one more dependency, or a rebuilt base image, and it happens. `rust:1.96` without a suffix moved
    /// from Debian bookworm to trixie in August 2025.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// fn main() {}
    /// //- Dockerfile
    /// FROM rust:1.96 AS builder
    /// WORKDIR /app
    /// COPY . .
    /// RUN cargo build --release --locked
    ///
    /// FROM debian:bookworm-slim
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
    /// FROM debian:bookworm-slim
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
    /// USER 10001
    /// CMD ["shop"]
    /// ```
    ///
    /// ## Fix
    /// Builds on the release that the program runs on; for images without glibc, runs on the release that it is built on. Unsafe:
    /// the image changes, with the libraries in it.
    ///
    /// ## References
    /// - docker-library/official-images, `rust`: supported tags
    pub(crate) BUILDER_RUNTIME_LIBC_MISMATCH {
        id: "builder-runtime-libc-mismatch",
        category: Container,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// A program that may not start.
struct Mismatch<'m> {
    image: &'m Image,
    ships: &'m ShippedBinary,
    copied: &'m CopiedBinary,
    builder: &'m ImageStage,
    last: &'m ImageStage,
    base: &'m BaseImage,
    /// The releases built on and run on, both with glibc. `None` where the image has no glibc.
    releases: Option<(&'m Release, &'m Release)>,
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(cx.model.images.iter().filter_map(mismatch).map(|m| finding(cx, &m)));
}

fn mismatch(image: &Image) -> Option<Mismatch<'_>> {
    let ships = image.ships.as_ref()?;
    let copied = ships.copied.as_ref()?;
    let build = image.build_of_shipped().filter(|b| is_dynamic_gnu(b, copied))?;
    let (builder, last) = (image.stages.get(build.stage)?, image.last()?);
    let (base, runtime) = (builder.base_image.as_ref()?, last.base_image.as_ref()?);
    if base.libc != Libc::Glibc || builder.broken || image.may_bring_libc(image.stages.len() - 1) {
        return None;
    }
    let releases = match runtime.libc {
        Libc::Glibc => {
            let pair = (base.release.as_ref()?, runtime.release.as_ref()?);
            (pair.0.glibc > pair.1.glibc).then_some(Some(pair))?
        }
        Libc::Musl | Libc::None => None,
    };
    Some(Mismatch { image, ships, copied, builder, last, base, releases })
}

fn is_dynamic_gnu(build: &CargoBuild, copied: &CopiedBinary) -> bool {
    let is_gnu = build.target.as_ref().is_none_or(|t| t.ends_with("-gnu"));
    is_gnu && !build.links_statically && !build.uncertain && !copied.source.contains("musl")
}

fn finding(cx: &Context<'_>, found: &Mismatch<'_>) -> Finding {
    let binary = &found.ships.binary;
    let message = match found.releases {
        Some((built, run)) => format!(
            "`{binary}` is built with the glibc {} of {} and runs on the glibc {} of {}: it may not start",
            number(built),
            built.name,
            number(run),
            run.name
        ),
        None => format!("`{binary}` is built for glibc, which this image does not have: it cannot start"),
    };
    let built_on = match found.releases {
        Some((built, _)) if !built.written => format!("stands for {} by now", built.name),
        _ => "built here".to_owned(),
    };
    Finding {
        rule: &BUILDER_RUNTIME_LIBC_MISMATCH,
        message,
        help: Some(
            "build on the release that the program runs on, or link statically for a musl target".into(),
        ),
        severity: if found.releases.is_none() {
            Severity::Error
        } else {
            BUILDER_RUNTIME_LIBC_MISMATCH.severity
        },
        variants: Vec::new(),
        confidence: match found.releases {
            // What a tag without a release stands for moves on.
            Some((built, _)) if !built.written => Confidence::Medium,
            _ => BUILDER_RUNTIME_LIBC_MISMATCH.confidence,
        },
        service: Some(binary.clone()),
        place: found.last.image_at,
        label: if found.releases.is_some() { "older than the builder" } else { "no glibc in here" }.into(),
        related: vec![
            Related { place: found.builder.image_at, message: built_on },
            Related { place: found.copied.at, message: "the program is copied here".into() },
        ],
        fixes: fix(cx, found).into_iter().collect(),
        subject: binary.clone(),
    }
}

fn number(release: &Release) -> String {
    format!("{}.{}", release.glibc.0, release.glibc.1)
}

fn fix(cx: &Context<'_>, found: &Mismatch<'_>) -> Option<Fix> {
    let (place, text, title) = match found.releases {
        Some((built, run)) => {
            let root = *found.image.facts.chain(found.image.build_of_shipped()?.stage).last()?;
            let place = found.image.stages.get(root)?.image_at;
            (place, aligned(cx.text(place), built, run)?, format!("Build on {}", run.name))
        }
        None => {
            let release = &found.base.release.as_ref()?.name;
            (found.last.image_at, format!("debian:{release}-slim"), format!("Run on {release}"))
        }
    };
    let edits = vec![Edit::Replace { file: place.file, span: place.span, text }];
    Some(Fix { title, applicability: Applicability::Unsafe, edits })
}

/// The builder's name with another release. What a digest or a variable fixes stays as it is.
fn aligned(image: &str, built: &Release, run: &Release) -> Option<String> {
    if image.contains(['@', '$', '"']) || !run.is_debian {
        return None;
    }
    if built.written {
        return Some(image.replace(&built.name, &run.name));
    }
    let slash = image.rfind('/').map_or(0, |at| at + 1);
    let has_tag = image.get(slash..).is_some_and(|last| last.contains(':'));
    let image = image.strip_suffix(":latest").unwrap_or(image);
    let mark = if has_tag && image.get(slash..).is_some_and(|last| last.contains(':')) { '-' } else { ':' };
    Some(format!("{image}{mark}{}", run.name))
}
