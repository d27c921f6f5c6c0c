//! The runs of cargo in a Dockerfile.

use svclint_facts::cargo::CargoConfig;
use svclint_facts::docker::{Command, Dockerfile, Form, InstructionKind, Simple, Variable, Word};
use svclint_syntax::Span;

use super::{BuildKind, CargoBuild};
use crate::place::{FileId, Place};

pub(super) fn builds(file: FileId, facts: &Dockerfile) -> Vec<CargoBuild> {
    let mut builds = Vec::new();
    for (number, stage) in facts.stages.iter().enumerate() {
        for instruction in &stage.instructions {
            let InstructionKind::Run(command) = &instruction.kind else { continue };
            if !command.commands.iter().any(|c| kind(&c.words).is_some()) {
                continue;
            }
            let env = environment(facts, number, instruction.span.start);
            builds.extend(of_command(file, number, command, &env));
        }
    }
    builds
}

/// The `ENV`s and `ARG`s that an instruction sees.
fn environment(facts: &Dockerfile, stage: usize, before: u32) -> Vec<&Variable> {
    let chain = facts.chain(stage);
    let stages = chain.iter().rev().filter_map(|s| facts.stages.get(*s));
    let instructions = stages.flat_map(|s| &s.instructions).filter(|i| i.span.start < before);
    let variables = instructions.filter_map(|i| match &i.kind {
        InstructionKind::Env(variables) | InstructionKind::Arg(variables) => Some(variables),
        _ => None,
    });
    variables.flatten().collect()
}

fn of_command(file: FileId, stage: usize, command: &Command, env: &[&Variable]) -> Vec<CargoBuild> {
    // `export NAME=value` holds for what follows in the same script.
    let exported = command.commands.iter().filter(|s| s.words.first().is_some_and(|w| w.text == "export"));
    let exported: Vec<&Word> = exported.flat_map(|s| s.words.iter().skip(1)).collect();
    let build = |simple: &Simple| {
        let (kind, used) = kind(&simple.words)?;
        let mut build = CargoBuild {
            stage,
            at: Place { file, span: simple.span },
            insert_at: insert_at(command, simple, used).map(|span| Place { file, span }),
            kind,
            packages: Vec::new(),
            binaries: Vec::new(),
            profile: if kind == BuildKind::Install { "release" } else { "debug" }.to_owned(),
            locked: false,
            target: None,
            moves_target: false,
            links_statically: false,
            uncertain: false,
            lacks_lock: false,
            manifest_copied: None,
        };
        for variable in env.iter().copied().chain(&simple.sets) {
            build.variable(&variable.name, variable.value.as_ref().map_or("", |v| &v.text));
        }
        for (name, value) in exported.iter().filter_map(|w| w.text.split_once('=')) {
            build.variable(name, value);
        }
        let paths = build.flags(simple.words.get(used..).unwrap_or_default(), file);
        (kind != BuildKind::Install || paths).then_some(build)
    };
    command.commands.iter().filter_map(build).collect()
}

/// What a command makes, and how many of its words say so.
fn kind(words: &[Word]) -> Option<(BuildKind, usize)> {
    let program = words.first()?.known()?;
    if program.rsplit('/').next() != Some("cargo") {
        return None;
    }
    let skip = 1 + usize::from(words.get(1).is_some_and(|w| w.text.starts_with('+')));
    let word = |at: usize| words.get(skip + at).and_then(Word::known);
    match (word(0)?, word(1)) {
        ("build" | "b" | "rustc" | "zigbuild", _) => Some((BuildKind::Build, skip + 1)),
        ("auditable", Some("build")) => Some((BuildKind::Build, skip + 2)),
        ("install", _) => Some((BuildKind::Install, skip + 1)),
        ("chef", Some("cook")) => Some((BuildKind::Dependencies, skip + 2)),
        _ => None,
    }
}

/// The end of the last word that says what is done. Words of `sh -c ".."` share one place: there is none in them.
fn insert_at(command: &Command, simple: &Simple, used: usize) -> Option<Span> {
    let (first, last) = (simple.words.first()?, simple.words.get(used.checked_sub(1)?)?);
    (command.form == Form::Shell && first.span != last.span).then(|| Span::at(last.span.end))
}

impl CargoBuild {
    /// Takes in what a file of cargo's says beside the command.
    pub(super) fn configured(&mut self, config: &CargoConfig) {
        let is_musl = config.target.as_ref().is_some_and(|t| t.contains("musl"));
        self.links_statically |= config.links_statically || is_musl && self.target.is_none();
        self.locked |= config.offline;
    }

    fn variable(&mut self, name: &str, value: &str) {
        match name {
            "CARGO_TARGET_DIR" | "CARGO_BUILD_TARGET_DIR" => self.moves_target = true,
            "CARGO_BUILD_TARGET" => self.target = Some(value.to_owned()),
            "CARGO_NET_OFFLINE" => self.locked = true,
            _ if name.ends_with("RUSTFLAGS") => self.links_statically |= value.contains("crt-static"),
            _ => {}
        }
    }

    /// Reads the flags, and tells whether `--path` is among them.
    fn flags(&mut self, words: &[Word], file: FileId) -> bool {
        let mut paths = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(text) = word.known() else {
                self.uncertain = true;
                continue;
            };
            if text == "--" {
                break;
            }
            let (flag, inline) = text.split_once('=').map_or((text, None), |(f, v)| (f, Some(v)));
            match flag {
                "--locked" | "--frozen" | "--offline" => self.locked = true,
                "--release" | "-r" => self.profile = "release".into(),
                "--debug" => self.profile = "debug".into(),
                "-p" | "--package" | "--bin" | "--profile" | "--target" | "--target-dir" | "--path" => {
                    let value = match inline {
                        Some(value) => Some((value.to_owned(), word.span)),
                        None => words.next().and_then(|w| Some((w.known()?.to_owned(), w.span))),
                    };
                    paths |= flag == "--path";
                    self.valued(flag, value, file);
                }
                _ => {}
            }
        }
        paths
    }

    fn valued(&mut self, flag: &str, value: Option<(String, Span)>, file: FileId) {
        let Some((value, span)) = value else {
            self.uncertain = true;
            return;
        };
        let named = (value.clone(), Place { file, span });
        match flag {
            "-p" | "--package" => self.packages.push(named),
            "--bin" => self.binaries.push(named),
            "--target" => self.target = Some(value),
            "--target-dir" => self.moves_target = true,
            "--profile" => {
                self.profile = match value.as_str() {
                    "dev" | "test" => "debug".into(),
                    "bench" => "release".into(),
                    _ => value,
                }
            }
            _ => {}
        }
    }
}
