//! How long a whole check takes, as a multiple of only parsing the same files with syn, both in parallel in this process.
//!
//! Then what an edit inside of a function costs, as a part of joining everything anew.
//!
//! `cargo bench -p svclint --bench check -- [FOLDER]`; without a folder, many copies of the sample system.

#![allow(clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use svclint_engine::{Cancel, DiskFs, FileSystem, MemoryFs, Options, Workspace};
use svclint_syntax::{PARSER_STACK_BYTES, proc_macro2, syn};

const ROUNDS: usize = 7;
const COPIES: usize = 330;
const EDITED: usize = 40;

fn main() {
    let folder = std::env::args().skip(1).find(|a| !a.starts_with("--")).map(PathBuf::from);
    let files = read(
        &folder
            .clone()
            .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/systems/shop")),
    );
    let files = if folder.is_some() { files } else { copies(&files) };
    let rust: Vec<&String> =
        files.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "rs")).map(|(_, t)| t).collect();
    let lines: usize = rust.iter().map(|t| t.lines().count()).sum();
    println!("{} Rust files, {lines} lines, {ROUNDS} rounds", rust.len());

    let fs: Arc<dyn FileSystem> = Arc::new(MemoryFs::new(files.iter().map(|(p, t)| (p.clone(), t.clone()))));
    let pool = rayon::ThreadPoolBuilder::new().stack_size(PARSER_STACK_BYTES).build().expect("threads");
    let (mut parsing, mut checking) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let items: usize = pool.install(|| rust.par_iter().map(|text| parse(text)).sum());
        parsing.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let mut workspace =
            Workspace::new(fs.clone(), vec!["/".into()], Options::default()).expect("a workspace");
        workspace.load().expect("files");
        let report = workspace.check(&Cancel::default()).expect("not cancelled");
        checking.push(start.elapsed().as_secs_f64());
        assert!(items > 0 && report.summary.files > 0);
    }
    let (parsing, checking) = (median(parsing), median(checking));
    println!("parse only  {:7.1} ms", parsing * 1e3);
    println!("check       {:7.1} ms", checking * 1e3);
    println!("ratio       {:7.2}", checking / parsing);
    edits(&files, &fs);
}

/// Edits a function in the middle of each of the largest files, and times from the changed text to the report.
fn edits(files: &[(PathBuf, String)], fs: &Arc<dyn FileSystem>) {
    let mut workspace =
        Workspace::new(fs.clone(), vec!["/".into()], Options::default()).expect("a workspace");
    workspace.load().expect("files");
    let start = Instant::now();
    let mut model = workspace.check(&Cancel::default()).expect("not cancelled");
    println!("whole       {:7.1} ms after reading", start.elapsed().as_secs_f64() * 1e3);
    let mut largest: Vec<&(PathBuf, String)> =
        files.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "rs")).collect();
    largest.sort_by_key(|(_, text)| std::cmp::Reverse(text.len()));
    let (mut times, mut bodies, mut answers) = (Vec::new(), 0, 0);
    for (path, text) in largest.iter().take(EDITED) {
        let lines: Vec<&str> = text.lines().collect();
        let is_statement = |l: &&str| l.starts_with("        ") && l.ends_with(';');
        let Some(at) = (lines.len() / 2..lines.len()).find(|n| is_statement(&lines[*n])) else { continue };
        for typed in ["let noted = 1;", "let noted = 12;", ""] {
            let mut new = lines.clone();
            new.insert(at, typed);
            fs.write(path, new.join("\n").as_bytes()).expect("written");
            let start = Instant::now();
            workspace.refresh([path.clone()]);
            model = workspace.check(&Cancel::default()).expect("not cancelled");
            if model.rejoined.whole {
                continue;
            }
            times.push(start.elapsed().as_secs_f64());
            bodies = bodies.max(model.rejoined.bodies);
            answers = answers.max(model.rejoined.answers);
        }
        fs.write(path, text.as_bytes()).expect("written");
        workspace.refresh([path.clone()]);
        model = workspace.check(&Cancel::default()).expect("not cancelled");
    }
    let functions = model.model.functions.len();
    let worst = times.iter().copied().fold(0.0, f64::max);
    println!(
        "edit        {:7.1} ms, {:.1} ms at the most, of {} edits",
        median(times.clone()) * 1e3,
        worst * 1e3,
        times.len()
    );
    println!("            {bodies} bodies and {answers} answers at the most, of {functions} functions");
}

fn parse(text: &str) -> usize {
    proc_macro2::extra::invalidate_current_thread_spans();
    syn::parse_file(text).map_or(0, |file| file.items.len())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn read(folder: &Path) -> Vec<(PathBuf, String)> {
    let text = |path: &Path| String::from_utf8(DiskFs.read(path).ok()?).ok();
    let inside = |path: &Path| Path::new("/").join(path.strip_prefix(folder).unwrap_or(path));
    DiskFs.walk(folder).into_iter().filter_map(|e| Some((inside(&e.path), text(&e.path)?))).collect()
}

fn copies(files: &[(PathBuf, String)]) -> Vec<(PathBuf, String)> {
    let inside =
        |n: usize, path: &Path| PathBuf::from(format!("/{n}")).join(path.strip_prefix("/").unwrap_or(path));
    (0..COPIES).flat_map(|n| files.iter().map(move |(p, t)| (inside(n, p), t.clone()))).collect()
}
