//! What other states of a repository have, asked of `git` itself: it knows the repository's settings, filters and formats best, and is there
//! wherever there is a repository. Only what differs from the files on disk is read from its objects.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// The files that differ from those on disk, by absolute path; `None` for those that are not there.
pub(super) type Differences = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// The state in which HEAD and what is named parted.
pub(super) fn at_base_of(roots: &[PathBuf], name: &str) -> anyhow::Result<Differences> {
    let mut all = Differences::new();
    for top in repositories(roots)? {
        let base = base(&top, name)?;
        all.extend(differences(&top, &base)?);
    }
    Ok(all)
}

/// The last commit.
pub(super) fn at_head(roots: &[PathBuf]) -> anyhow::Result<Differences> {
    let mut all = Differences::new();
    for top in repositories(roots)? {
        let has_any = git(&top, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).is_ok();
        // Before the first commit there is nothing.
        let head = if has_any {
            "HEAD".into()
        } else {
            text(&git(&top, &["hash-object", "-t", "tree", "--stdin"])?)
        };
        all.extend(differences(&top, head.trim())?);
    }
    Ok(all)
}

/// The files below the roots that differ from the last commit, and those that git does not know; none where there is no repository.
pub(super) fn dirty(roots: &[PathBuf]) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for root in roots {
        let dir = if root.is_dir() { root } else { root.parent().unwrap_or(root) };
        if git(dir, &["rev-parse", "--is-inside-work-tree"]).is_ok_and(|said| text(&said).trim() == "true") {
            let changed = at_head(std::slice::from_ref(root))?;
            found.extend(changed.into_keys().filter(|path| path.starts_with(root)));
        }
    }
    Ok(found)
}

/// What is staged.
pub(super) fn in_index(roots: &[PathBuf]) -> anyhow::Result<Differences> {
    let mut all = Differences::new();
    for top in repositories(roots)? {
        all.extend(differences(&top, "")?);
    }
    Ok(all)
}

/// The top folders of the repositories that the roots are in, under the names that the roots have.
fn repositories(roots: &[PathBuf]) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for root in roots {
        let dir = if root.is_dir() { root } else { root.parent().unwrap_or(root) };
        let prefix = git(dir, &["rev-parse", "--show-prefix"])?;
        let depth = Path::new(text(&prefix).trim()).components().count();
        found.extend(dir.ancestors().nth(depth).map(Path::to_owned));
    }
    Ok(found)
}

fn base(top: &Path, name: &str) -> anyhow::Result<String> {
    let commit = format!("{name}^{{commit}}");
    if name.starts_with('-') || git(top, &["rev-parse", "--verify", "--quiet", &commit]).is_err() {
        let shallow =
            git(top, &["rev-parse", "--is-shallow-repository"]).is_ok_and(|s| text(&s).trim() == "true");
        let advice = if shallow {
            "this clone has only the last commits: fetch the others (`git fetch --unshallow`; in GitHub Actions `fetch-depth: 0`)"
        } else {
            "`git branch --all` lists the branches; a remote one may have to be fetched first"
        };
        bail!("`--since {name}`: there is no such commit here; {advice}");
    }
    match git(top, &["merge-base", name, "HEAD"]) {
        Ok(base) => Ok(text(&base).trim().to_owned()),
        // What has no common history is compared as it is.
        Err(_) => Ok(name.to_owned()),
    }
}

/// What a commit, or the index where it is empty, has differently.
fn differences(top: &Path, rev: &str) -> anyhow::Result<Differences> {
    let mut diff = vec![
        "diff",
        "--name-only",
        "-z",
        "--no-renames",
        "--no-relative",
        "--no-ext-diff",
        "--ignore-submodules=all",
    ];
    diff.extend((!rev.is_empty()).then_some(rev));
    diff.push("--");
    let changed = git(top, &diff)?;
    let untracked = git(top, &["ls-files", "--others", "--exclude-standard", "-z"])?;
    let names = |list: &[u8]| -> Vec<String> {
        text(list).split('\0').filter(|n| !n.is_empty() && !n.contains('\n')).map(str::to_owned).collect()
    };
    let changed = names(&changed);
    let mut all: Differences = names(&untracked).iter().map(|name| (top.join(name), None)).collect();
    let blobs = blobs(top, rev, &changed)?;
    all.extend(changed.iter().map(|name| top.join(name)).zip(blobs));
    Ok(all)
}

/// The bytes of some files; `None` for those that are not there.
fn blobs(top: &Path, rev: &str, names: &[String]) -> anyhow::Result<Vec<Option<Vec<u8>>>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut child = command(top, &["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("`git` could not be started")?;
    let asked: String = names.iter().map(|name| format!("{rev}:{name}\n")).collect();
    let mut stdin = child.stdin.take().context("`git cat-file` takes no questions")?;
    // It answers while it is asked.
    let asking = std::thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let mut answers = BufReader::new(child.stdout.take().context("`git cat-file` gives no answers")?);
    let mut found = Vec::with_capacity(names.len());
    for _ in names {
        found.push(next_blob(&mut answers).context("`git cat-file` broke off")?);
    }
    let _ = asking.join();
    child.wait().context("`git cat-file` did not end")?;
    Ok(found)
}

/// `<id> blob <size>`, the bytes, a line end; or `<name> missing`.
fn next_blob(answers: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = String::new();
    if answers.read_line(&mut head)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let mut words = head.trim_end().rsplit(' ');
    let (size, kind) = (words.next().and_then(|s| s.parse::<usize>().ok()), words.next());
    let Some(size) = size else { return Ok(None) };
    let mut bytes = vec![0; size + 1];
    answers.read_exact(&mut bytes)?;
    bytes.pop();
    Ok((kind == Some("blob")).then_some(bytes))
}

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    // What it says is read here.
    command.env("LC_ALL", "C").stdin(Stdio::null()).arg("-C").arg(dir).args(args.iter().map(OsStr::new));
    command
}

fn git(dir: &Path, args: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = match command(dir, args).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("`git` is not installed; `--since` and `--staged` ask it for what changed")
        }
        Err(error) => bail!("`git` could not be started: {error}"),
    };
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = text(&output.stderr);
    let said = said.trim().trim_start_matches("fatal: ");
    if said.contains("not a git repository") {
        bail!("`{}` is in no git repository; `--since` and `--staged` compare with one", dir.display());
    }
    bail!("`git {}` failed: {said}", args.join(" "))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
