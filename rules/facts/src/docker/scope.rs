//! Which variables have which values: `ARG`s by their defaults, `ENV`s, and what a stage has from the one before.

use rustc_hash::FxHashMap;

use super::{Command, Form, Part, Variable, Word};
use crate::Name;

/// The variables that an instruction sees. `None`: it has a value that is not known here.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    values: FxHashMap<Name, Option<String>>,
}

/// What the builder sets by itself for `FROM` lines, and for stages that say `ARG` to it.
const PLATFORM: [&str; 8] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
];

/// What every build has without an `ARG`.
const ALWAYS: [&str; 11] = [
    "PATH",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

impl Scope {
    /// What stands before the first `FROM`.
    pub(super) fn global() -> Scope {
        let mut scope = Scope::default();
        scope.values.extend(PLATFORM.iter().chain(&ALWAYS).map(|name| (Name::new(name), None)));
        scope
    }

    /// What a stage begins with that is built on an image from elsewhere.
    pub(super) fn stage() -> Scope {
        let mut scope = Scope::default();
        scope.values.extend(ALWAYS.iter().map(|name| (Name::new(name), None)));
        scope
    }

    /// `ARG`: with its default, else with that of the global one of this name, else with what the builder is given.
    pub(super) fn arg(&mut self, variable: &Variable, global: &Scope) {
        let inherited = global.values.get(&variable.name).cloned().flatten();
        let value = variable.value.as_ref().map_or(inherited, |v| v.value.clone());
        // An ENV of the same name always wins over an ARG, but it has a value either way.
        self.values.insert(variable.name.clone(), value);
    }

    /// `ENV`
    pub(super) fn env(&mut self, variable: &Variable) {
        let value = variable.value.as_ref().and_then(|v| v.value.clone());
        self.values.insert(variable.name.clone(), value);
    }

    /// Puts values in.
    pub(super) fn resolve(&self, word: &mut Word) {
        let mut value = Some(String::new());
        for part in &word.parts {
            let piece = match part {
                Part::Text(text) => Some(text.clone()),
                Part::Unknown => None,
                Part::Variable(name) => match self.values.get(name) {
                    Some(known) => known.clone(),
                    None => {
                        word.unset.push(name.clone());
                        None
                    }
                },
                Part::Default(name, default) => match self.values.get(name) {
                    Some(known) => known.clone(),
                    None => Some(default.clone()).filter(|d| !d.contains('$')),
                },
            };
            value = value.zip(piece).map(|(value, piece)| value + &piece);
        }
        word.value = value;
    }

    pub(super) fn resolve_all(&self, words: &mut [Word]) {
        words.iter_mut().for_each(|word| self.resolve(word));
    }

    pub(super) fn resolve_variables(&self, variables: &mut [Variable]) {
        variables.iter_mut().filter_map(|v| v.value.as_mut()).for_each(|word| self.resolve(word));
    }

    /// Puts values into a command. The exec form is taken as it is written.
    pub(super) fn resolve_command(&self, command: &mut Command) {
        for simple in &mut command.commands {
            self.resolve_all(&mut simple.words);
            self.resolve_variables(&mut simple.sets);
        }
        if let Form::Exec(words) = &mut command.form {
            for word in words {
                word.value = Some(word.text.clone());
            }
        }
    }
}
