//! What is kept from one state of the files to the next is what reading them anew gives, and an edit inside of a function
//! costs that function.

#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_macros)]

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
    let end = lines.len();
    let at = *statements.get(dice.roll(statements.len()))?;
    let other = *statements.get(dice.roll(statements.len()))?;
    match dice.roll(10) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2 => lines.insert(at, "        let noted = 1 + 2;".into()),
        3 => lines.swap(at, other),
        4 => lines[at] = lines[at].replacen('"', "\"x", 1),
        5 => lines.insert(at, "        // a remark".into()),
        6 => lines.insert(at, lines[other].clone()),
        // What does not parse.
        7 => lines[at] = lines[at].replacen('(', "((", 1),
        8 => drop(lines.drain(at..(at + 3).min(end))),
        _ => lines.insert(at, "        if true { return Default::default(); }".into()),
    }
    Some(lines.join("\n") + "\n")
}

/// Changes one line of a manifest or contract.
fn edited_manifest(text: &str, dice: &mut Dice) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (at, other) = (dice.roll(lines.len()), dice.roll(lines.len()));
    let line = lines.get(at)?.clone();
    match dice.roll(8) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, line),
        2 => lines.swap(at, other),
        3 => lines[at] = line.replace('8', "9").replace('0', "1"),
        4 => lines[at] = format!("  {line}"),
        5 => lines[at] = line.replacen('o', "0", 1),
        6 => lines[at] = line.replacen("ref: '", "ref: 'x", 1).replacen("name", "title", 1),
        _ => lines.insert(at, "# a remark".into()),
    }
    Some(lines.join("\n") + "\n")
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "rs")
}

/// Files without which the workspace would be another one, and which join everything anew.
fn is_cargo(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "toml" || e == "lock")
}

/// How a text may be changed.
type Edit = fn(&str, &mut Dice) -> Option<String>;

/// Edits files at random and compares after each edit what was kept with what is read anew. Gives how many of the edits
/// were joined as a whole.
fn compare(
    files: Vec<(PathBuf, String)>,
    edits: usize,
    is_meant: impl Fn(&Path) -> bool,
    edit: Edit,
) -> usize {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let fs = Arc::new(MemoryFs::new(files.iter().map(|(p, t)| (p.clone(), t.clone()))));
    let meant: Vec<&PathBuf> = files.iter().map(|(p, _)| p).filter(|p| is_meant(p)).collect();
    let mut workspace = opened(&fs);
    checked(&mut workspace);
    let mut whole = 0;
    for number in 0..edits {
        let path = meant[dice.roll(meant.len())];
        let before = fs.read(path).expect("readable");
        let text = String::from_utf8(before.clone()).expect("text");
        let Some(text) = edit(&text, &mut dice) else { continue };
        fs.write(path, text.as_bytes()).expect("written");
        let mut anew = checked(&mut opened(&fs));
        workspace.refresh([path.clone()]);
        let mut kept = checked(&mut workspace);
        // What does not parse keeps its last good facts: there the two differ on purpose, until it parses again.
        let broken = |report: &Report| report.findings.iter().any(|f| f.finding.rule.id == "syntax-error");
        if broken(&anew) {
            fs.write(path, &before).expect("written");
            anew = checked(&mut opened(&fs));
            workspace.refresh([path.clone()]);
            kept = checked(&mut workspace);
            if broken(&anew) {
                continue;
            }
        } else {
            whole += usize::from(kept.rejoined.whole);
        }
        let (kept, anew) = (said(&kept), said(&anew));
        if kept != anew {
            let same = kept.lines().zip(anew.lines()).take_while(|(a, b)| a == b).count();
            let around = |text: &str| {
                text.lines().skip(same.saturating_sub(12)).take(16).collect::<Vec<_>>().join("\n")
            };
            panic!("edit {number}, {}: kept\n{}\nanew\n{}", path.display(), around(&kept), around(&anew));
        }
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
        let whole = compare(system(name), EDITS, is_rust, edited);
        assert!(whole * 4 < EDITS, "{whole} of {EDITS} edits inside of functions joined everything anew");
    }
}

#[test]
fn kept_manifests_and_contracts_are_what_reading_them_anew_gives() {
    for name in ["shop", "shop-mended"] {
        let whole = compare(system(name), EDITS, |path| !is_rust(path) && !is_cargo(path), edited_manifest);
        assert!(whole * 4 < EDITS, "{whole} of {EDITS} edits of manifests joined everything anew");
    }
}

/// While a function does not parse its last good facts stand for it, with places of the text that they were read from.
#[test]
fn a_function_that_did_not_parse_for_a_while() {
    let long: String = (0..80).map(|n| format!("    step({n}, \"{n}\");\n")).collect();
    let text = format!(
        "fn main() {{ first(); second(); }}\nfn step(n: u32, s: &str) {{}}\nfn first() {{\n    let first = \"a long text\";\n\
         {long}    step(1, first);\n}}\nfn second() {{\n{long}}}\n"
    );
    let file = PathBuf::from("/src/main.rs");
    let fs = Arc::new(MemoryFs::new([
        (PathBuf::from("/Cargo.toml"), "[package]\nname = \"a\"\nversion = \"0.1.0\"\n".to_owned()),
        (file.clone(), text.clone()),
    ]));
    let mut workspace = opened(&fs);
    let whole = said(&checked(&mut workspace));
    for broken in
        [text.replace("let first = \"a long text\";", "let ("), text.replace("let first", "lets (first")]
    {
        for now in [&broken, &text] {
            fs.write(&file, now.as_bytes()).expect("written");
            workspace.refresh([file.clone()]);
            let kept = checked(&mut workspace);
            if now == &text {
                assert_eq!(said(&kept), whole);
            }
        }
    }
}

/// The same as the first for a folder of the maintainer's choice: `SVCLINT_SYSTEM=/some/folder cargo test --release -p svclint-engine
/// --test it kept -- --ignored`.
#[test]
#[ignore = "needs a folder"]
fn kept_is_what_reading_anew_gives_elsewhere() {
    let folder = std::env::var("SVCLINT_SYSTEM").expect("SVCLINT_SYSTEM names a folder");
    let whole = compare(read(Path::new(&folder)), EDITS, is_rust, edited);
    println!("{whole} edits joined everything anew");
    compare(read(Path::new(&folder)), EDITS, |path| !is_rust(path) && !is_cargo(path), edited_manifest);
}

/// A manifest or Dockerfile that changes leaves what is known of the code alone, and what it says itself is new.
#[test]
fn manifests_are_read_again_without_the_code() {
    let files = system("shop");
    let fs = Arc::new(MemoryFs::new(files.iter().map(|(p, t)| (p.clone(), t.clone()))));
    let mut workspace = opened(&fs);
    checked(&mut workspace);
    let manifests: Vec<&(PathBuf, String)> = files
        .iter()
        .filter(|(p, _)| p.ends_with("Dockerfile") || p.extension().is_some_and(|e| e == "yaml"))
        .collect();
    assert!(manifests.len() > 8, "the system has manifests");
    for (path, text) in manifests {
        let changed = text.replace("8080", "9090").replace("0.4.0", "latest").replace("USER", "# USER");
        fs.write(path, format!("{changed}# a remark\n").as_bytes()).expect("written");
        workspace.refresh([path.clone()]);
        let report = checked(&mut workspace);
        assert!(!report.rejoined.whole && report.rejoined.bodies == 0, "{}", path.display());
        assert_eq!(said(&report), said(&checked(&mut opened(&fs))), "{}", path.display());
    }
}
