//! What holds at the end of each stage.

use std::path::Path;

use svclint_facts::docker::{Command, Dockerfile, Flow, Form, InstructionKind, Variable, Word};
use svclint_knowledge::images::{BaseUser, base_image};

use super::{EnvValue, ImageStage, Port, Start, User};
use crate::place::{FileId, Place, Tri};

/// Words in paths of Dockerfiles that are made for something else than running a service.
const NOT_PRODUCTION: [&str; 22] = [
    "playwright",
    "cross",
    "example",
    "examples",
    "devcontainer",
    "dev",
    "develop",
    "development",
    "debug",
    "local",
    "ci",
    "test",
    "tests",
    "testing",
    "e2e",
    "integration",
    "bench",
    "benches",
    "benchmark",
    "fuzz",
    "github",
    "gitpod",
];

/// Whether an image is made to run a service. `path` is the Dockerfile's, below what all files of the workspace share.
pub(super) fn for_production(path: &Path, last: Option<&ImageStage>) -> bool {
    let mut words = path.iter().filter_map(|p| p.to_str()).flat_map(|p| p.split(['.', '-', '_']));
    let starts = last.into_iter().flat_map(|s| s.entrypoint.iter().chain(&s.cmd));
    let mut programs = starts.flat_map(|s| &s.command.commands).filter_map(|c| c.words.first()?.known());
    // An image that runs cargo builds or tests; it does not serve.
    !words.any(|w| NOT_PRODUCTION.iter().any(|n| w.eq_ignore_ascii_case(n)))
        && !programs.any(|p| p == "cargo")
}

pub(super) fn stages(file: FileId, facts: &Dockerfile) -> Vec<ImageStage> {
    let mut stages: Vec<ImageStage> = Vec::new();
    for (number, stage) in facts.stages.iter().enumerate() {
        let at = Place { file, span: stage.from };
        let image_at = Place { file, span: stage.image.span };
        let name = stage.name().map(str::to_owned);
        let under = stage.base.and_then(|base| stages.get(base)).cloned();
        let mut made = match under {
            Some(under) => ImageStage { name, at, image_at, base: stage.base, ..under },
            None => from_elsewhere(name, at, image_at, stage.image.known()),
        };
        made.broken |= stage.broken;
        for instruction in &stage.instructions {
            made.apply(&instruction.kind, number, Place { file, span: instruction.span });
        }
        stages.push(made);
    }
    stages
}

fn from_elsewhere(name: Option<String>, at: Place, image_at: Place, image: Option<&str>) -> ImageStage {
    let base = image.and_then(base_image);
    let user = match base.as_ref().map(|b| b.user) {
        Some(BaseUser::Root) => Tri::Absent,
        Some(BaseUser::Other) => Tri::Present(User { name: "nonroot".into(), is_root: false, at: None }),
        None => Tri::Unknown,
    };
    ImageStage {
        name,
        at,
        image_at,
        base: None,
        base_name: image.map(str::to_owned),
        base_image: base,
        env: Vec::new(),
        ports: Vec::new(),
        user,
        workdir: None,
        entrypoint: None,
        cmd: None,
        healthcheck: None,
        stop_signal: None,
        broken: false,
    }
}

impl ImageStage {
    fn apply(&mut self, kind: &InstructionKind, stage: usize, at: Place) {
        let place = |word: &Word| Place { file: at.file, span: word.span };
        match kind {
            InstructionKind::Env(variables) => {
                for variable in variables {
                    self.env.retain(|e| e.name != variable.name);
                    self.env.push(env(variable, at.file));
                }
            }
            InstructionKind::Expose(words) => {
                self.ports.extend(words.iter().map(|w| port(w, place(w))));
            }
            InstructionKind::User(word) => self.user = user(word, place(word)),
            InstructionKind::Workdir(word) => self.workdir = workdir(self.workdir.take(), word),
            InstructionKind::Entrypoint(command) => {
                // A new entry point takes the command of the base image away, but not one of this file.
                self.entrypoint = Some(start(command, at, stage));
            }
            InstructionKind::Cmd(command) => self.cmd = Some(start(command, at, stage)),
            InstructionKind::Healthcheck(command) => {
                self.healthcheck = command.as_ref().map(|c| start(c, at, stage));
            }
            InstructionKind::StopSignal(word) => {
                self.stop_signal = word.known().map(|signal| (signal.to_owned(), place(word)));
            }
            _ => {}
        }
    }
}

fn env(variable: &Variable, file: FileId) -> EnvValue {
    let value = variable.value.as_ref().and_then(Word::known);
    EnvValue {
        name: variable.name.to_string(),
        value: value.map_or(Tri::Unknown, |v| Tri::Present(v.to_owned())),
        at: Place { file, span: variable.span },
    }
}

fn port(word: &Word, at: Place) -> Port {
    let written = word.known().unwrap_or(&word.text);
    let (number, protocol) = written.split_once('/').unwrap_or((written, "tcp"));
    let number = number.parse().map_or(Tri::Unknown, Tri::Present);
    Port { number, protocol: protocol.to_ascii_lowercase(), at }
}

fn user(word: &Word, at: Place) -> Tri<User> {
    let Some(name) = word.known().filter(|n| !n.is_empty()) else { return Tri::Unknown };
    let own = name.split(':').next().unwrap_or(name);
    let is_root = own == "root" || own.parse::<u32>() == Ok(0);
    Tri::Present(User { name: name.to_owned(), is_root, at: Some(at) })
}

/// A relative path goes on from the one before.
fn workdir(before: Option<String>, word: &Word) -> Option<String> {
    let path = word.known()?;
    if path.starts_with('/') {
        return Some(path.to_owned());
    }
    Some(format!("{}/{path}", before.as_deref().unwrap_or("").trim_end_matches('/')))
}

fn start(command: &Command, at: Place, stage: usize) -> Start {
    let texts = |words: &[Word]| words.iter().map(|w| w.known().map(str::to_owned)).collect();
    let argv = match (&command.form, command.flow, command.commands.as_slice()) {
        (Form::Exec(words), _, _) => texts(words),
        (Form::Shell, Flow::Plain | Flow::Single, [only]) if only.sets.is_empty() => texts(&only.words),
        _ => None,
    };
    Start { argv, command: command.clone(), at, stage }
}
