//! Lists the pages under `libraries/`, with the libraries that each speaks of, so that a new page is one new file.
// A build script speaks with cargo through the environment, files and standard output.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&root).join("libraries");
    println!("cargo::rerun-if-changed=libraries");
    let mut pages: Vec<_> = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    pages.sort_by_key(fs::DirEntry::file_name);
    let mut list = String::from("&[\n");
    for page in pages {
        let (name, path) =
            (page.file_name().to_string_lossy().into_owned(), page.path().display().to_string());
        let libraries = libraries(&fs::read_to_string(page.path())?);
        let _ = writeln!(list, "    ({name:?}, &{libraries:?}, include_str!({path:?})),");
    }
    list.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("pages.rs"), list)
}

/// The first words of all paths that a page lists, and the page's own library. A page that does not parse is read all the
/// same, to be told with its mistake by a test.
fn libraries(text: &str) -> Vec<String> {
    let page: toml::Table = toml::from_str(text).unwrap_or_default();
    let library = page.get("library").and_then(|l| l.get("name")).and_then(|n| n.as_str()).unwrap_or("std");
    let tables = ["types", "functions", "macros", "attributes", "reexports"];
    let paths = tables.iter().filter_map(|t| page.get(*t)?.as_table()).flat_map(|t| t.keys());
    let words = paths.filter_map(|p| p.split("::").next()).filter(|w| *w != "std" && *w != "*");
    let mut all: BTreeSet<String> = words.map(str::to_owned).collect();
    all.insert(library.to_owned());
    all.into_iter().collect()
}
