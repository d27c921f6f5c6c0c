//! A repository that a test may change, and what svclint reports of it.

#![allow(dead_code, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{copy_of, findings, stderr, stdout, svclint};

/// A copy of a sample system.
pub(crate) struct Repository {
    dir: TempDir,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Repository {
    /// With one commit.
    pub(crate) fn of(system: &str) -> Repository {
        let repository = Repository::without_git(system);
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.commit("The beginning");
        repository
    }

    pub(crate) fn without_git(system: &str) -> Repository {
        Repository { dir: copy_of(system) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn git(&self, args: &[&str]) {
        let status = Command::new("git")
            .args(["-c", "user.name=T", "-c", "user.email=t@example.com"])
            .args(args)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .status()
            .expect("git runs");
        assert!(status.success(), "git {args:?}");
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    pub(crate) fn commit_nothing(&self) {
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "Nothing"]);
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.file(path)).expect("readable")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.file(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        std::fs::write(file, text).expect("written");
    }

    /// Replaces a text that is there.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "`{from}` is not in {path}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let output = svclint(self.path(), args);
        Ran { status: output.status.code(), stdout: stdout(&output), stderr: stderr(&output) }
    }

    /// The document of `svclint check --format json`.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let all: Vec<&str> = ["check", "--format", "json"].iter().chain(args).copied().collect();
        let ran = self.run(&all);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran:?}"))
    }

    /// `path:line rule` of each finding.
    pub(crate) fn findings(&self, args: &[&str]) -> Vec<String> {
        findings(&self.json(args))
    }

    /// The rules that report something in a file.
    pub(crate) fn rules_in(&self, path: &str, args: &[&str]) -> Vec<String> {
        let prefix = format!("{path}:");
        let all = self.findings(args);
        let here = all.iter().filter_map(|line| line.strip_prefix(&prefix)?.split_once(' '));
        here.map(|(_, rule)| rule.to_owned()).collect()
    }
}
