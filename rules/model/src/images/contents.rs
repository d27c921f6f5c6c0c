//! What instructions bring into a stage, beyond its base image.

use svclint_facts::docker::{InstructionKind, Simple, Word};
use svclint_knowledge::images::{
    certificate_variables, certificate_words, drops_rights, libc_words, tool_sources,
};

use super::{BuildKind, CargoBuild, Image, ImageStage};
use crate::place::Tri;

/// Folders that programs and libraries lie in: who copies one whole brings what nobody can see here.
const SYSTEM_FOLDERS: [&str; 12] = [
    "/",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/etc",
];

/// Programs that make nothing that is looked for here.
const HARMLESS: [&str; 46] = [
    "cargo",
    "rustup",
    "rustc",
    "apt-get",
    "apt",
    "apk",
    "dpkg",
    "mkdir",
    "rm",
    "cp",
    "mv",
    "ln",
    "echo",
    "cd",
    "touch",
    "strip",
    "ls",
    "export",
    "set",
    "chmod",
    "chown",
    "upx",
    "update-ca-certificates",
    "useradd",
    "adduser",
    "groupadd",
    "addgroup",
    "find",
    "ldd",
    "true",
    "printf",
    "cat",
    "curl",
    "wget",
    "test",
    "[",
    "sleep",
    "case",
    "esac",
    "for",
    "fi",
    "done",
    "date",
    "uname",
    "pwd",
    "du",
];

impl Image {
    /// Whether a program for health checks is in a stage.
    pub fn has_tool(&self, stage: usize, program: &str) -> Tri<()> {
        let Some(made) = self.stages.get(stage) else { return Tri::Unknown };
        let Some(base) = &made.base_image else { return Tri::Unknown };
        if base.tools.iter().any(|t| t == program) {
            return Tri::Present(());
        }
        let shell = ["sh".to_owned(), "bash".to_owned(), "busybox".to_owned()];
        let is_shell = matches!(program, "sh" | "bash");
        let sources = if is_shell { Some(shell.as_slice()) } else { tool_sources(program) };
        let Some(sources) = sources else { return Tri::Unknown };
        let named = if is_shell { self.copies_named(stage, sources) } else { self.mentions(stage, sources) };
        if named || self.is_open(stage) { Tri::Unknown } else { Tri::Absent }
    }

    /// Whether a stage has roots of trust for TLS.
    pub fn has_certificates(&self, stage: usize) -> Tri<()> {
        let Some(made) = self.stages.get(stage) else { return Tri::Unknown };
        let Some(base) = &made.base_image else { return Tri::Unknown };
        if base.certificates {
            return Tri::Present(());
        }
        let says = made.env.iter().any(|e| certificate_variables().contains(&e.name));
        let named = self.mentions(stage, certificate_words());
        if says || named || self.is_open(stage) { Tri::Unknown } else { Tri::Absent }
    }

    /// Whether something may bring another C library than the base image's.
    pub fn may_bring_libc(&self, stage: usize) -> bool {
        self.mentions(stage, libc_words()) || self.is_open(stage)
    }

    /// Whether something in a stage may take rights away from the program before it serves.
    pub fn may_drop_rights(&self, stage: usize) -> bool {
        let named = |word: &str| drops_rights(word.rsplit('/').next().unwrap_or(word));
        let starts = self.stages.get(stage).into_iter().flat_map(|s| s.entrypoint.iter().chain(&s.cmd));
        let mut started = starts.flat_map(|s| &s.command.commands).flat_map(|c| &c.words);
        // What a script of a shell does is not seen.
        let is_shell = |word: &str| is_script(word) && !word.ends_with(".py");
        started.any(|w| w.known().is_none_or(|w| named(w) || is_shell(w)))
            || self.words(stage).any(|w| named(&w.text))
    }

    /// Whether a name is given to something by a command, in this stage or one under it.
    pub fn is_named_in_commands(&self, stage: usize, name: &str) -> bool {
        let mut commands = self.commands(stage).filter(|c| program(c) != Some("cargo"));
        commands.any(|c| c.words.iter().any(|w| w.known().is_none_or(|w| w.contains(name))))
    }

    /// Whether only commands run in a stage whose doings are known: nothing but cargo makes programs.
    pub fn only_cargo_builds(&self, stage: usize) -> bool {
        let known = |c: &Simple| program(c).is_some_and(|p| HARMLESS.contains(&p) && p != "sed");
        self.commands(stage).all(|c| known(c) && !fetches_code(c) && !is_other_builder(c))
            && !self.is_broken(stage)
    }

    /// The runs of cargo that make programs in a stage or one under it.
    pub fn builds_in(&self, stage: usize) -> impl Iterator<Item = &CargoBuild> {
        let chain = self.facts.chain(stage);
        self.builds.iter().filter(move |b| b.kind != BuildKind::Dependencies && chain.contains(&b.stage))
    }

    fn is_broken(&self, stage: usize) -> bool {
        self.stages.get(stage).is_none_or(|s| s.broken)
    }

    /// Whether a stage gets what cannot be seen: through scripts, whole system folders, or unknown words.
    fn is_open(&self, stage: usize) -> bool {
        let scripts = self.commands(stage).any(|c| {
            let unknown = |w: &Word| w.known().is_none();
            let installs = c.words.iter().any(|w| matches!(w.text.as_str(), "install" | "add"));
            program(c).is_none()
                || c.words.iter().any(|w| is_script(&w.text))
                || installs && c.words.iter().any(unknown)
        });
        scripts || self.is_broken(stage) || self.brings_folder(stage)
    }

    fn brings_folder(&self, stage: usize) -> bool {
        let is_system = |path: &str| {
            let path = path.trim_end_matches('/');
            SYSTEM_FOLDERS.contains(&if path.is_empty() { "/" } else { path })
        };
        self.facts
            .chain(stage)
            .into_iter()
            .filter_map(|s| self.facts.stages.get(s))
            .flat_map(|s| &s.instructions)
            .any(|i| match &i.kind {
                InstructionKind::Copy(copy) => {
                    let unpacks =
                        copy.adds || copy.sources.iter().any(|w| w.known().is_none_or(is_folder_of_many));
                    let lands = copy.destination.as_ref().is_none_or(|d| d.known().is_none_or(is_system));
                    copy.sources.iter().any(|w| w.known().is_some_and(is_system)) || unpacks && lands
                }
                _ => false,
            })
    }

    fn copies_named(&self, stage: usize, names: &[String]) -> bool {
        let is_named = |w: &Word| names.iter().any(|n| w.text.rsplit('/').next() == Some(n.as_str()));
        self.copied_words(stage).any(is_named)
    }

    fn mentions(&self, stage: usize, names: &[String]) -> bool {
        self.words(stage).any(|w| {
            let text = w.known().unwrap_or(&w.text);
            names.iter().any(|n| text.contains(n.as_str()))
        })
    }

    /// All words of commands and copies.
    fn words(&self, stage: usize) -> impl Iterator<Item = &Word> {
        self.commands(stage).flat_map(|c| &c.words).chain(self.copied_words(stage))
    }

    fn copied_words(&self, stage: usize) -> impl Iterator<Item = &Word> {
        let instructions = self.instructions(stage);
        instructions
            .filter_map(|k| if let InstructionKind::Copy(copy) = k { Some(copy) } else { None })
            .flat_map(|c| c.sources.iter().chain(&c.destination))
    }

    fn commands(&self, stage: usize) -> impl Iterator<Item = &Simple> {
        let instructions = self.instructions(stage);
        instructions
            .filter_map(|k| if let InstructionKind::Run(run) = k { Some(run) } else { None })
            .flat_map(|c| &c.commands)
    }

    fn instructions(&self, stage: usize) -> impl Iterator<Item = &InstructionKind> {
        let stages = self.facts.chain(stage).into_iter().filter_map(|s| self.facts.stages.get(s));
        stages.flat_map(|s| &s.instructions).map(|i| &i.kind)
    }
}

/// Whether a variable tells libraries where roots of trust are.
pub fn is_certificate_variable(name: &str) -> bool {
    certificate_variables().iter().any(|v| v == name)
}

/// Whether what is mounted at a path is, or may hold, the roots of trust that libraries look for.
pub fn holds_certificates(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let folders =
        ["/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share"];
    folders.iter().any(|folder| path.starts_with(folder) || folder.starts_with(&format!("{path}/")))
}

impl ImageStage {
    /// The names of the variables that this stage has a value for, or may have.
    pub fn may_set(&self, name: &str) -> bool {
        let from_base = |base: &svclint_knowledge::images::BaseImage| base.env.iter().any(|e| e == name);
        // Shells and the runtime know these; what a Dockerfile makes of them is not worth a word.
        matches!(name, "HOME" | "HOSTNAME" | "USER" | "PWD") || self.base_image.as_ref().is_none_or(from_base)
    }
}

fn program(command: &Simple) -> Option<&str> {
    let name = command.words.first()?.known()?;
    name.rsplit('/').next()
}

fn is_script(word: &str) -> bool {
    [".sh", ".bash", ".py", ".pl"].iter().any(|end| word.ends_with(end)) || word.contains(".sh ")
}

/// Whether a source may be a folder or several files: it has no name of its own.
fn is_folder_of_many(path: &str) -> bool {
    path.ends_with(['/', '.', '*'])
}

/// Whether cargo runs something that may build in its own way.
fn is_other_builder(command: &Simple) -> bool {
    let known =
        ["build", "b", "install", "chef", "fetch", "init", "new", "clean", "vendor", "--version", "test"];
    let mut words = command.words.iter().skip(1).filter(|w| !w.text.starts_with('+'));
    program(command) == Some("cargo") && !words.next().is_some_and(|w| known.contains(&w.text.as_str()))
}

/// Whether a command brings code that is not in the workspace.
fn fetches_code(command: &Simple) -> bool {
    matches!(program(command), Some("curl" | "wget" | "find"))
}
