//! `cargo-build-not-reproducible`

use svclint_model::{CargoBuild, Image, ShippedBinary};

use crate::edit::insert_after;
use crate::finding::{Applicability, Fix};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports images whose service is built without `--locked` although there is a `Cargo.lock`, or without `--release`.
    ///
    /// ## Why it matters
    /// Where lock file and manifests do not fit together, cargo picks other releases without a word: the image then holds code that
    /// CI has never tested. A debug build is several times slower and checks arithmetic that production should not.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// fn main() {}
    /// //- Cargo.lock
    /// version = 4
    /// //- Dockerfile
    /// FROM rust:1.96-bookworm AS builder
    /// WORKDIR /app
    /// COPY . .
    /// RUN cargo build --release
    ///
    /// FROM debian:bookworm-slim
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
    /// USER 10001
    /// CMD ["shop"]
    /// ```
    /// ```good
    /// //- src/main.rs
    /// fn main() {}
    /// //- Cargo.lock
    /// version = 4
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
    /// Adds `--locked`, and copies `Cargo.lock` too where only `Cargo.toml` is copied. Unsafe: the build now fails where
    /// `Cargo.lock` is out of date.
    ///
    /// ## References
    /// - The Cargo Book, "cargo build: --locked"
    pub(crate) CARGO_BUILD_NOT_REPRODUCIBLE {
        id: "cargo-build-not-reproducible",
        category: Container,
        level: Warn,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for image in cx.model.images.iter().filter(|i| i.for_production) {
        let (Some(ships), Some(build)) = (&image.ships, image.build_of_shipped()) else { continue };
        let is_locked = cx.model.packages.get(ships.package).is_some_and(|p| p.locked);
        let is_debug = build.profile == "debug";
        let picks = !build.locked && is_locked && !image.drops_lock;
        if !build.uncertain && (picks || is_debug) {
            findings.push(finding(cx, image, ships, build, picks));
        }
    }
}

fn finding(
    cx: &Context<'_>,
    image: &Image,
    ships: &ShippedBinary,
    build: &CargoBuild,
    picks: bool,
) -> Finding {
    let help = match (picks, build.lacks_lock) {
        (true, true) => "copy `Cargo.lock` into the image, and add `--locked`",
        (true, false) => "add `--locked`",
        (false, _) => "add `--release` and copy from `target/release`",
    };
    let message = if picks {
        format!(
            "`{}` is built without `--locked`: the image may hold other dependencies than those that were tested",
            ships.binary
        )
    } else {
        format!("`{}` is shipped as a debug build: it is several times slower than it could be", ships.binary)
    };
    Finding {
        rule: &CARGO_BUILD_NOT_REPRODUCIBLE,
        message,
        help: Some(help.into()),
        severity: CARGO_BUILD_NOT_REPRODUCIBLE.severity,
        confidence: CARGO_BUILD_NOT_REPRODUCIBLE.confidence,
        variants: Vec::new(),
        service: Some(ships.binary.clone()),
        place: build.at,
        label: if picks { "no `--locked`" } else { "no `--release`" }.into(),
        related: Vec::new(),
        fixes: fix(cx, image, build).filter(|_| picks).into_iter().collect(),
        subject: ships.binary.clone(),
    }
}

/// All builds of the stage get the flag: one without it would take the lock file apart before the other reads it.
fn fix(cx: &Context<'_>, image: &Image, build: &CargoBuild) -> Option<Fix> {
    build.insert_at?;
    // Without the file the flag makes the build fail.
    let lock = match (build.lacks_lock, build.manifest_copied) {
        (true, Some(copied)) => {
            Some(insert_after(copied, format!(" {}", cx.text(copied).replace("Cargo.toml", "Cargo.lock"))))
        }
        (true, None) => return None,
        (false, _) => None,
    };
    let beside = image.builds.iter().filter(|b| b.stage == build.stage && !b.locked && !b.uncertain);
    let places = beside.filter_map(|b| b.insert_at);
    let edits = lock.into_iter().chain(places.map(|at| insert_after(at, " --locked".into()))).collect();
    Some(Fix { title: "Build with `--locked`".into(), applicability: Applicability::Unsafe, edits })
}
