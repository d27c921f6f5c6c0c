//! Base images of containers: what they bring along.

use std::sync::LazyLock;

use serde::Deserialize;

/// What is known of a base image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseImage {
    /// Its C library.
    pub libc: Libc,
    /// Which user it ends with.
    pub user: BaseUser,
    /// Whether the roots of trust are in it.
    pub certificates: bool,
    /// The programs for health checks in it, `sh` included.
    pub tools: Vec<String>,
    /// The variables that it sets.
    pub env: Vec<String>,
    /// How more is installed.
    pub packages: Option<PackageManager>,
    /// Whether cargo is in it.
    pub compiler: bool,
    /// The compiler's release, where the tag says it: `1.96`.
    pub compiler_release: Option<String>,
    /// The distribution's release.
    pub release: Option<Release>,
}

/// A release of a distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// As in tags: `bookworm`.
    pub name: String,
    /// Whether it is one of Debian.
    pub is_debian: bool,
    /// Whether the tag says it, rather than being what the image has without.
    pub written: bool,
    /// Its glibc: `(2, 36)`.
    pub glibc: (u32, u32),
}

/// The C libraries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    /// GNU.
    Glibc,
    /// musl.
    Musl,
    /// Not any.
    #[default]
    None,
}

/// Which user an image ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BaseUser {
    /// The one with all rights.
    #[default]
    Root,
    /// Another one.
    Other,
}

/// How packages are installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageManager {
    /// Debian's.
    Apt,
    /// Alpine's.
    Apk,
}

/// What is known of the image that a reference such as `docker.io/library/rust:1.96-bookworm@sha256:..` names.
pub fn base_image(reference: &str) -> Option<BaseImage> {
    let (name, tag) = split(reference);
    // A digest alone may be that of any tag.
    if tag.is_empty() && reference.contains('@') {
        return None;
    }
    let fits = |e: &&Entry| {
        e.names.iter().any(|n| matches(n, name))
            && e.tags.as_ref().is_none_or(|tags| tags.iter().any(|t| matches(t, tag)))
    };
    let entry = BOOK.image.iter().find(fits)?;
    let compiler_release = entry.compiler.then(|| compiler_release(tag)).flatten();
    Some(BaseImage {
        libc: entry.libc,
        user: entry.user,
        certificates: entry.certificates,
        tools: entry.tools.clone(),
        env: entry.env.clone(),
        packages: entry.packages,
        compiler: entry.compiler,
        release: entry.release(name, tag, compiler_release.as_deref()),
        compiler_release,
    })
}

/// Whether a reference names another image from day to day: no tag, or one that moves, and no digest. Where the name
/// itself holds a release it does not move far.
pub fn is_mutable(reference: &str) -> bool {
    let (name, tag) = split(reference);
    let holds_release =
        BOOK.release.iter().any(|r| name.split(['-', '/']).any(|s| r.names.iter().any(|n| n == s)));
    // A bare name that no registry is known to have may be an image that was built on the spot.
    let is_local =
        !name.contains('/') && !BOOK.image.iter().any(|e| e.names.iter().any(|n| matches(n, name)));
    let moves = tag.is_empty() && !is_local || BOOK.tags.moving.iter().any(|t| t == tag);
    moves && !reference.contains('@') && name != "scratch" && !name.is_empty() && !holds_release
}

/// The reference with a tag that stays, where one is known.
pub fn pinned(reference: &str) -> Option<String> {
    let (name, tag) = split(reference);
    let stable = BOOK.tags.stable.iter().find(|(n, _)| n == name)?;
    let bare = reference.strip_suffix(tag).unwrap_or(reference).trim_end_matches(':');
    Some(format!("{bare}:{}", stable.1))
}

/// The names under which a program for health checks may be brought into an image; `None` for other programs.
pub fn tool_sources(program: &str) -> Option<&'static [String]> {
    let tool = BOOK.tool.iter().find(|t| t.names.iter().any(|n| n == program))?;
    Some(&tool.brought_by)
}

/// Whether a library with these dependencies trusts what the system says, and nothing else.
pub fn trusts_system<'d>(dependencies: impl Iterator<Item = &'d str> + Clone) -> bool {
    let any = |list: &[String]| dependencies.clone().any(|d| list.iter().any(|l| l == d));
    any(&BOOK.roots.system) && !any(&BOOK.roots.bundled)
}

/// Whether a program hands signals on to what it starts.
pub fn is_init(program: &str) -> bool {
    BOOK.init.programs.iter().any(|p| p == program)
}

/// Whether a program takes rights away from what it starts.
pub fn drops_rights(program: &str) -> bool {
    BOOK.rights.dropped_by.iter().any(|p| p == program)
}

/// What may stand in a word that brings roots of trust.
pub fn certificate_words() -> &'static [String] {
    &BOOK.certificates.brought_by
}

/// The variables that say where roots of trust are.
pub fn certificate_variables() -> &'static [String] {
    &BOOK.certificates.variables
}

/// What may stand in a word that brings another C library.
pub fn libc_words() -> &'static [String] {
    &BOOK.libc.brought_by
}

/// Name and tag of a reference. Mirrors of the official images count as these.
fn split(reference: &str) -> (&str, &str) {
    let reference = reference.split('@').next().unwrap_or(reference);
    let slash = reference.rfind('/').map_or(0, |at| at + 1);
    let colon = reference.get(slash..).and_then(|last| last.find(':')).map(|at| slash + at);
    let (name, tag) = colon.map_or((reference, ""), |at| {
        (reference.get(..at).unwrap_or(""), reference.get(at + 1..).unwrap_or(""))
    });
    let mirrors = [
        "docker.io/",
        "index.docker.io/",
        "registry-1.docker.io/",
        "public.ecr.aws/docker/",
        "mirror.gcr.io/",
    ];
    let name = mirrors.iter().find_map(|m| name.strip_prefix(m)).unwrap_or(name);
    (name.strip_prefix("library/").unwrap_or(name), tag)
}

/// Whether a text is what a pattern with `*` says.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    rest.is_empty()
        || text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .any(|at| text.get(at..).is_some_and(|text| matches(rest, text)))
}

/// `1.96` of `1.96.0-slim-bookworm` or `0.1.62-rust-1.96`; `1` alone says nothing.
fn compiler_release(tag: &str) -> Option<String> {
    let after = tag.split_once("rust-").map_or(tag, |(_, after)| after);
    let first = after.split('-').next().unwrap_or(after);
    let is_release = first.contains('.') && first.split('.').all(|n| n.parse::<u32>().is_ok());
    is_release.then(|| first.to_owned())
}

/// `1.96.0` as numbers to compare.
pub fn release_numbers(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split('.').map(|n| n.parse::<u32>().ok());
    Some((numbers.next()??, numbers.next().unwrap_or(Some(0))?))
}

impl Entry {
    fn release(&self, name: &str, tag: &str, compiler: Option<&str>) -> Option<Release> {
        let segments = || name.split(['-', '/']).chain(tag.split('-'));
        let numbered = |r: &ReleaseEntry| {
            let first = tag.split('-').next().unwrap_or("");
            let exact =
                first.strip_prefix(&r.number).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            self.numbers && self.names.contains(&r.of) && exact
        };
        let says = |r: &&ReleaseEntry| segments().any(|s| r.names.iter().any(|n| n == s)) || numbered(r);
        if let Some(entry) = BOOK.release.iter().find(says) {
            return entry.release(true);
        }
        let newest = self.newest.as_ref()?;
        let default = match compiler.map(release_numbers) {
            None if tag.split('-').all(|s| matches!(s, "" | "latest" | "1" | "slim")) => newest,
            Some(Some(compiler)) => {
                let older =
                    |(since, _): &&(String, String)| release_numbers(since).is_some_and(|s| s <= compiler);
                &self.defaults.iter().find(older)?.1
            }
            _ => return None,
        };
        BOOK.release.iter().find(|r| r.names.contains(default))?.release(false)
    }
}

impl ReleaseEntry {
    fn release(&self, written: bool) -> Option<Release> {
        let name = self.names.first()?.clone();
        Some(Release { name, is_debian: self.of == "debian", written, glibc: release_numbers(&self.glibc)? })
    }
}

static BOOK: LazyLock<Book> =
    LazyLock::new(|| toml::from_str(include_str!("../images.toml")).unwrap_or_default());

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    image: Vec<Entry>,
    release: Vec<ReleaseEntry>,
    tool: Vec<Tool>,
    roots: Roots,
    rights: Brought,
    tags: Tags,
    init: Init,
    certificates: Certificates,
    libc: LibcWords,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tags {
    moving: Vec<String>,
    stable: Vec<(String, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Brought {
    dropped_by: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Init {
    programs: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificates {
    brought_by: Vec<String>,
    variables: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LibcWords {
    brought_by: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    names: Vec<String>,
    tags: Option<Vec<String>>,
    libc: Libc,
    user: BaseUser,
    certificates: bool,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    env: Vec<String>,
    packages: Option<PackageManager>,
    #[serde(default)]
    compiler: bool,
    #[serde(default)]
    numbers: bool,
    newest: Option<String>,
    #[serde(default)]
    defaults: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseEntry {
    names: Vec<String>,
    of: String,
    number: String,
    glibc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    names: Vec<String>,
    brought_by: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Roots {
    system: Vec<String>,
    bundled: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(reference: &str) -> Option<String> {
        base_image(reference)?.release.map(|r| r.name)
    }

    #[test]
    fn references_lead_to_what_is_known() {
        assert_eq!(release("rust:1.96").as_deref(), Some("trixie"));
        assert_eq!(release("rust").as_deref(), Some("trixie"));
        assert_eq!(release("rust:1-slim").as_deref(), Some("trixie"));
        assert_eq!(release("rust:1.75.0-slim").as_deref(), Some("bookworm"));
        assert_eq!(release("rust:1.70"), None, "built on one first and on the other later");
        assert_eq!(release("rust:1.96-slim-bullseye").as_deref(), Some("bullseye"));
        assert_eq!(release("rust:nightly"), None);
        assert_eq!(release("docker.io/library/debian:12.5-slim@sha256:00").as_deref(), Some("bookworm"));
        assert_eq!(release("debian:stable-slim"), None);
        assert_eq!(release("ubuntu:22.04").as_deref(), Some("jammy"));
        assert_eq!(release("gcr.io/distroless/cc-debian12:nonroot").as_deref(), Some("bookworm"));
        for moving in ["rust", "rust:latest", "localhost:5000/shop", "ghcr.io/a/b:main"] {
            assert!(is_mutable(moving), "{moving}");
        }
        for fixed in
            ["rust:1", "scratch", "rust@sha256:00", "rust:latest@sha256:00", "gcr.io/distroless/cc-debian12"]
        {
            assert!(!is_mutable(fixed), "{fixed}");
        }
        assert_eq!(pinned("docker.io/library/debian:latest").as_deref(), Some("docker.io/library/debian:13"));
        assert_eq!(base_image("localhost:5000/rust"), None);
        assert_eq!(base_image("gcr.io/distroless/cc-debian12@sha256:00"), None);
        assert_eq!(
            base_image("gcr.io/distroless/cc-debian12:nonroot").map(|b| b.user),
            Some(BaseUser::Other)
        );
        assert_eq!(base_image("gcr.io/distroless/cc-debian12").map(|b| b.user), Some(BaseUser::Root));
        assert_eq!(base_image("rust:1.96-alpine").map(|b| b.libc), Some(Libc::Musl));
        let old = "lukemathwalker/cargo-chef:0.1.62-rust-1.72-buster";
        assert_eq!(base_image(old).and_then(|b| b.compiler_release), Some("1.72".into()));
        assert_eq!(
            base_image("lukemathwalker/cargo-chef:latest-rust-1.80-bookworm")
                .and_then(|b| b.compiler_release),
            Some("1.80".into())
        );
    }
}
