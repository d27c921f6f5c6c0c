//! Lists the pages under `libraries/`, so that a new page is one new file.

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
        let (name, path) = (page.file_name(), page.path());
        let _ = writeln!(
            list,
            "    ({:?}, include_str!({:?})),",
            name.to_string_lossy(),
            path.display().to_string()
        );
    }
    list.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("pages.rs"), list)
}
