//! `image-does-not-match-crate`

use strsim::levenshtein;
use svclint_model::docker::{Copy, InstructionKind, Word};
use svclint_model::{BuildKind, CargoBuild, Image, Place, release_numbers};

use super::written::file_name;
use super::{left_out, misnamed};
use crate::edit::replace;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports Dockerfiles that name a binary, a package, a build folder or a compiler that does not fit the workspace: `COPY` of
    /// a binary that no package has, `cargo build -p` of an unknown package, `target/release` after a debug build, a compiler that is
    /// older than `rust-version` or the edition asks for, `COPY` of what `.dockerignore` keeps out of the
    /// build, and images of manifests that a workflow pushes under another name.
    ///
    /// ## Why it matters
    /// The image cannot be built. Nothing tells before the build of the image runs, which is often after the merge.
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
    /// RUN cargo build --release --locked
    ///
    /// FROM debian:bookworm-slim
    /// COPY --from=builder /app/target/release/shopp /usr/local/bin/shop
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
    /// Puts the nearest name in, the folder that is built, the compiler that is asked for, or an exception into `.dockerignore`. A
    /// proposal: look whether it is the one that was meant.
    ///
    /// ## References
    /// - The Cargo Book, "Cargo targets" and "The rust-version field"
    pub(crate) IMAGE_DOES_NOT_MATCH_CRATE {
        id: "image-does-not-match-crate",
        category: Container,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    // Where no lock file is in sight, the rest of the workspace may lie outside of what is checked.
    if !cx.model.packages.iter().any(|p| p.locked) {
        return;
    }
    for image in &cx.model.images {
        for (number, facts) in image.facts.stages.iter().enumerate() {
            for instruction in &facts.instructions {
                if let InstructionKind::Copy(copy) = &instruction.kind {
                    findings.extend(copy.sources.iter().filter_map(|word| wrong_copy(cx, image, copy, word)));
                }
            }
            findings.extend(old_compiler(cx, image, number));
        }
        findings.extend(image.builds.iter().filter_map(|b| unknown_package(cx, image, b)));
        if image.is_of_rust() {
            findings.extend(image.left_out.iter().map(|l| left_out::finding(cx, image, l)));
        }
    }
    findings.extend(cx.model.manifests.misnamed.iter().map(|image| misnamed::finding(cx, image)));
}

/// `COPY --from=builder /app/target/release/x`, where no such file is built.
fn wrong_copy(cx: &Context<'_>, image: &Image, copy: &Copy, word: &Word) -> Option<Finding> {
    let from = copy.from_stage?;
    let (profile, name) = built_path(word.known()?)?;
    let builds: Vec<&CargoBuild> = image.builds_in(from).collect();
    let certain = |b: &&CargoBuild| !b.uncertain && !b.moves_target && b.kind == BuildKind::Build;
    let is_whole = !builds.is_empty() && builds.iter().all(certain) && image.only_cargo_builds(from);
    if !is_whole || image.is_named_in_commands(from, name) {
        return None;
    }
    let place = Place { file: image.file, span: word.span };
    let names = || cx.model.packages.iter().flat_map(|p| &p.binaries).map(String::as_str);
    let written = cx.text(place);
    if !names().any(|n| n == name) {
        let nearest = nearest(name, names());
        let text = nearest.and_then(|n| Some(format!("{}{n}", written.strip_suffix(name)?)));
        let message = format!("no package here has a binary `{name}`: the image cannot be built");
        return Some(finding(image, place, message, "no such binary", nearest.zip(text)));
    }
    let folders: Vec<&str> = builds.iter().map(|b| b.profile.as_str()).collect();
    let first = folders.first()?;
    if folders.contains(&profile) {
        return None;
    }
    let path = |folder: &str| format!("target/{folder}/{name}");
    let text = written.contains(&path(profile)).then(|| written.replace(&path(profile), &path(first)));
    let message = format!(
        "cargo builds into `target/{first}` here, so there is no `target/{profile}`: the image cannot be built"
    );
    Some(finding(image, place, message, "not built", text.map(|t| (*first, t))))
}

/// Profile and name of a path like `../target/[triple/]release/name`.
fn built_path(path: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = path.split('/').collect();
    let target = parts.iter().position(|p| *p == "target")?;
    let (profile, name) = match parts.get(target + 1..)? {
        [profile, name] => (*profile, *name),
        [triple, profile, name] if triple.contains('-') => (*profile, *name),
        _ => return None,
    };
    // Files beside the binaries, patterns, and names that a template will fill in are something else.
    let is_binary =
        !name.is_empty() && !name.contains(['*', '?', '[', '{', '}', '.', '<']) && !name.starts_with("lib");
    (is_binary && !profile.contains(['*', '{'])).then_some((profile, name))
}

/// `cargo build -p x`, where no package has that name.
fn unknown_package(cx: &Context<'_>, image: &Image, build: &CargoBuild) -> Option<Finding> {
    let is_template = |n: &str| n.contains(['{', '<', '*', '@', ':', '/', '?']);
    let whole = image.only_cargo_builds(build.stage);
    let names = || cx.model.packages.iter().map(|p| p.name.as_str());
    let is_unknown = |(name, _): &&(String, Place)| !is_template(name) && !names().any(|n| n == name);
    let (name, place) = build.packages.iter().filter(|_| whole).find(is_unknown)?;
    let nearest = nearest(name, names());
    let text = nearest.and_then(|n| Some(format!("{}{n}", cx.text(*place).strip_suffix(name.as_str())?)));
    let message = format!("there is no package `{name}` here: the image cannot be built");
    Some(finding(image, *place, message, "no such package", nearest.zip(text)))
}

/// `FROM rust:1.70`, where the shipped package needs more.
fn old_compiler(cx: &Context<'_>, image: &Image, stage: usize) -> Option<Finding> {
    let ships = image.ships.as_ref()?;
    let made = image.stages.get(stage).filter(|s| s.base.is_none())?;
    let build = image.build_of_shipped().filter(|b| image.facts.chain(b.stage).last() == Some(&stage))?;
    let package = cx.model.packages.get(ships.package).filter(|p| !p.pins_toolchain)?;
    let has = made.base_image.as_ref()?.compiler_release.as_ref()?;
    let needs = package.needs_compiler.as_ref()?;
    if release_numbers(has)? >= release_numbers(needs)?
        || image.is_named_in_commands(build.stage, "toolchain")
    {
        return None;
    }
    let written = cx.text(made.image_at);
    let text =
        (!written.contains('@') && written.contains(has.as_str())).then(|| written.replacen(has, needs, 1));
    let message =
        format!("`{}` needs Rust {needs}, and this image has {has}: the image cannot be built", package.name);
    Some(finding(image, made.image_at, message, "too old", text.map(|t| (needs.as_str(), t))))
}

fn finding(
    image: &Image,
    place: Place,
    message: String,
    label: &str,
    fix: Option<(&str, String)>,
) -> Finding {
    let mut finding = Finding::new(&IMAGE_DOES_NOT_MATCH_CRATE, place, message).label(label).subject(label);
    finding.service = image.ships.as_ref().map(|s| s.binary.clone());
    match fix {
        Some((name, text)) => finding.help(format!("change it to `{name}`")).fix(
            format!("Change it to `{name}`"),
            Applicability::Proposal,
            replace(place, text),
        ),
        None => finding,
    }
}

/// The name that is most like another one, if any is like it at all.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let far = |other: &str| levenshtein(file_name(name), other);
    names.map(|n| (far(n), n)).min().filter(|(far, n)| *far * 2 < n.len().max(name.len())).map(|(_, n)| n)
}
