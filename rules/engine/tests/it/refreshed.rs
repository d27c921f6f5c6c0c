//! Which files belong to a workspace: the same ones whether they are there from the start or come later.

#![allow(clippy::expect_used, clippy::disallowed_methods)]

use std::path::Path;
use std::sync::Arc;

use globset::{Glob, GlobSetBuilder};
use svclint_engine::{DiskFs, Options, Overlay, WATCHED, Workspace};

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

/// What is read, below the root.
fn read(workspace: &mut Workspace, root: &Path) -> Vec<String> {
    let report = workspace.check(&svclint_engine::Cancel::default()).expect("nobody cancels");
    let paths = report.model.files.iter();
    paths.map(|p| p.strip_prefix(root).unwrap_or(p).display().to_string()).collect()
}

#[test]
fn what_comes_later_is_read_as_if_it_had_been_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("real").join("system");
    write(&root, "Cargo.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n");
    write(&root, "src/main.rs", "fn main() {}\n");
    write(&root, ".gitignore", "generated/\n");
    let overlay = Arc::new(Overlay::new(Arc::new(DiskFs)));
    let open = || {
        let mut workspace =
            Workspace::new(overlay.clone(), vec![root.clone()], Options::default()).expect("opened");
        workspace.load().expect("there are files");
        workspace
    };
    let mut kept = open();
    let new = [
        "src/orders.rs",
        "generated/client.rs",
        "target/debug/build/out.rs",
        "{{name}}/src/main.rs",
        "../other/src/lib.rs",
        "deploy/shop.yaml",
    ];
    write(&root, "target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    for path in new {
        write(&root, path, "");
    }
    // Open in an editor, and never saved.
    overlay.set(&root.join("src/draft.rs"), "fn draft() {}".into());
    overlay.set(&root.join("generated/client.rs"), "fn open_but_left_out() {}".into());
    kept.refresh(new.iter().chain(&["src/draft.rs"]).map(|path| root.join(path)));
    let expected = ["Cargo.toml", "deploy/shop.yaml", "src/draft.rs", "src/main.rs", "src/orders.rs"];
    assert_eq!(read(&mut kept, &root), expected);
    assert_eq!(read(&mut open(), &root), expected);
}

/// An editor that does not watch a file shows what is no longer true.
#[test]
fn everything_that_is_read_is_watched() {
    let mut globs = GlobSetBuilder::new();
    for glob in WATCHED {
        globs.add(Glob::new(glob).expect("a pattern"));
    }
    let globs = globs.build().expect("patterns");
    for path in [
        "src/main.rs",
        "Cargo.toml",
        "crates/a/Cargo.lock",
        ".cargo/config.toml",
        "rust-toolchain",
        "rust-toolchain.toml",
        "svclint.toml",
        "migrations/1.sql",
        "compose.yml",
        "deploy/a.yaml",
        "overlays/prod/Kustomization",
        "openapi.json",
        "chart/templates/_helpers.tpl",
        "proto/a.proto",
        "Dockerfile",
        "docker/Dockerfile.prod",
        "web.Dockerfile",
        "Containerfile",
        ".dockerignore",
        "web.dockerignore",
        ".env",
        ".env.prod",
        "prod.env",
    ] {
        assert!(globs.is_match(Path::new("/ws").join(path)), "{path}");
    }
}
