//! What is kept from one state of the files to the next is what reading them anew gives, and an edit inside of a function
//! costs that function.

#![allow(clippy::expect_used, clippy::disallowed_methods, clippy::disallowed_macros)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use svclint_engine::{Cancel, DiskFs, FileSystem, MemoryFs, Options, Report, Workspace};

/// Edits per system.
const EDITS: usize = 150;

/// A sequence of numbers that is the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

fn opened(fs: &Arc<MemoryFs>) -> Workspace {
    let mut workspace =
        Workspace::new(fs.clone(), vec!["/".into()], Options::default()).expect("the root exists");
    workspace.load().expect("there are files");
    workspace
}

fn checked(workspace: &mut Workspace) -> Report {
    workspace.check(&Cancel::default()).expect("nobody cancels")
}

/// Everything that a report says.
fn said(report: &Report) -> String {
    let findings: Vec<String> = report
        .findings
        .iter()
        .map(|f| format!("{} {} {:?}", f.fingerprint, f.finding.message, f.finding.place))
        .collect();
    format!("{:#?}\n{findings:#?}", report.model)
}

/// Changes one line inside of a function, as people do.
fn edited(text: &str, dice: &mut Dice) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let is_statement =
        |l: &String| l.starts_with("        ") && l.ends_with(';') && !l.trim().starts_with("use ");
    let statements: Vec<usize> = (0..lines.len()).filter(|n| is_statement(&lines[*n])).collect();
    let at = *statements.get(dice.roll(statements.len()))?;
    let other = *statements.get(dice.roll(statements.len()))?;
    match dice.roll(8) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2 => lines.insert(at, "        let noted = 1 + 2;".into()),
        3 => lines.swap(at, other),
        4 => lines[at] = lines[at].replacen('"', "\"x", 1),
        5 => lines.insert(at, "        // a remark".into()),
        6 => lines.insert(at, lines[other].clone()),
        _ => lines.insert(at, "        if true { return Default::default(); }".into()),
    }
    Some(lines.join("\n") + "\n")
}

/// Edits files at random and compares after each edit what was kept with what is read anew. Gives how many of the edits
/// were joined as a whole.
fn compare(files: Vec<(PathBuf, String)>, edits: usize) -> usize {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let fs = Arc::new(MemoryFs::new(files.iter().map(|(p, t)| (p.clone(), t.clone()))));
    let rust: Vec<&PathBuf> =
        files.iter().map(|(p, _)| p).filter(|p| p.extension().is_some_and(|e| e == "rs")).collect();
    let mut workspace = opened(&fs);
    checked(&mut workspace);
    let mut whole = 0;
    for number in 0..edits {
        let path = rust[dice.roll(rust.len())];
        let before = fs.read(path).expect("readable");
        let text = String::from_utf8(before.clone()).expect("text");
        let Some(text) = edited(&text, &mut dice) else { continue };
        fs.write(path, text.as_bytes()).expect("written");
        let anew = checked(&mut opened(&fs));
        // What does not parse keeps its last good facts: there the two differ on purpose.
        if anew.findings.iter().any(|f| f.finding.rule.id == "syntax-error") {
            workspace.refresh([path.clone()]);
            checked(&mut workspace);
            fs.write(path, &before).expect("written");
            workspace.refresh([path.clone()]);
            continue;
        }
        workspace.refresh([path.clone()]);
        let kept = checked(&mut workspace);
        whole += usize::from(kept.rejoined.whole);
        let (kept, anew) = (said(&kept), said(&anew));
        let differs = kept.lines().zip(anew.lines()).find(|(a, b)| a != b);
        assert!(kept == anew, "edit {number}, {}: {differs:#?}", path.display());
    }
    whole
}

fn read(folder: &Path) -> Vec<(PathBuf, String)> {
    let text = |path: &Path| String::from_utf8(DiskFs.read(path).ok()?).ok();
    let inside = |path: &Path| Path::new("/").join(path.strip_prefix(folder).unwrap_or(path));
    DiskFs.walk(folder).into_iter().filter_map(|e| Some((inside(&e.path), text(&e.path)?))).collect()
}

fn system(name: &str) -> Vec<(PathBuf, String)> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/systems").join(name))
}

#[test]
fn kept_is_what_reading_anew_gives() {
    for name in ["shop", "shop-mended"] {
        let whole = compare(system(name), EDITS);
        assert!(whole * 4 < EDITS, "{whole} of {EDITS} edits inside of functions joined everything anew");
    }
}

/// The same for a folder of the maintainer's choice: `SVCLINT_SYSTEM=/some/folder cargo test --release -p svclint-engine
/// --test kept -- --ignored`.
#[test]
#[ignore = "needs a folder"]
fn kept_is_what_reading_anew_gives_elsewhere() {
    let folder = std::env::var("SVCLINT_SYSTEM").expect("SVCLINT_SYSTEM names a folder");
    println!("{} edits joined everything anew", compare(read(Path::new(&folder)), EDITS));
}
