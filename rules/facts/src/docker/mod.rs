//! Facts of a Dockerfile: its stages and what each instruction says, with variables put in where their values are known.
//!
//! What could not be read makes its stage [`Stage::broken`]: there may be more in it than is told here.

mod ignore;
mod logical;
mod read;
mod scope;
mod shell;
mod words;

use serde::{Deserialize, Serialize};
use svclint_syntax::Span;

use crate::Name;

pub use ignore::{IgnoreLine, ignore_file};
pub use read::dockerfile;

/// What a Dockerfile says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dockerfile {
    /// `ARG`s before the first `FROM`.
    pub global_args: Vec<Variable>,
    /// The stages; the last one is the image unless another is asked for.
    pub stages: Vec<Stage>,
    /// Whether there is something that could not be read.
    pub broken: bool,
}

/// From one `FROM` to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The image or stage that it begins with.
    pub image: Word,
    /// The earlier stage that this is, by index.
    pub base: Option<usize>,
    /// `AS name`
    pub alias: Option<Word>,
    /// The `FROM` instruction.
    pub from: Span,
    /// What follows it.
    pub instructions: Vec<Instruction>,
    /// Whether there is something in it that could not be read.
    pub broken: bool,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// Its keyword.
    pub keyword: Span,
    /// All of it, without the line end.
    pub span: Span,
    /// What it says.
    pub kind: InstructionKind,
}

/// What an instruction says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstructionKind {
    /// `ARG name[=value]`
    Arg(Vec<Variable>),
    /// `ENV name=value`
    Env(Vec<Variable>),
    /// `LABEL name=value`
    Label(Vec<Variable>),
    /// `COPY` and `ADD`
    Copy(Copy),
    /// `RUN`
    Run(Command),
    /// `CMD`
    Cmd(Command),
    /// `ENTRYPOINT`
    Entrypoint(Command),
    /// `HEALTHCHECK CMD ..`; `None` for `HEALTHCHECK NONE`.
    Healthcheck(Option<Command>),
    /// `USER name[:group]`
    User(Word),
    /// `EXPOSE port[/protocol] ..`
    Expose(Vec<Word>),
    /// `WORKDIR path`
    Workdir(Word),
    /// `STOPSIGNAL signal`
    StopSignal(Word),
    /// `SHELL ["..", ..]`
    Shell(Vec<Word>),
    /// Anything else, by its keyword in upper case.
    Other(Name),
}

/// A name, with the value that it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The name.
    pub name: Name,
    /// Name and value.
    pub span: Span,
    /// The value; `None` for `ARG NAME`.
    pub value: Option<Word>,
}

/// `COPY` or `ADD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// `--from`
    pub from: Option<Word>,
    /// The earlier stage that `--from` names, by index.
    pub from_stage: Option<usize>,
    /// What is copied. A heredoc counts for none.
    pub sources: Vec<Word>,
    /// To where.
    pub destination: Option<Word>,
    /// Whether it is an `ADD`.
    pub adds: bool,
}

/// A command that is run, by the builder or in the container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// All of it without the instruction's keyword and options.
    pub span: Span,
    /// How it is written.
    pub form: Form,
    /// The simple commands: of a shell script, also of one in `["sh", "-c", ".."]` and in heredocs; of the exec form the one.
    pub commands: Vec<Simple>,
    /// How the simple commands hang together.
    pub flow: Flow,
}

/// How a command is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// A text for the shell.
    Shell,
    /// A list of words.
    Exec(Vec<Word>),
}

/// How simple commands hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flow {
    /// One command with nothing in it that a shell is needed for.
    Plain,
    /// One command.
    Single,
    /// One after the other: `a && b; c`.
    List,
    /// Pipes, conditions, loops, the background, or what is not understood.
    Other,
}

/// One command with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simple {
    /// `NAME=value` in front of it.
    pub sets: Vec<Variable>,
    /// Whether `exec` stands in front of it.
    pub exec: bool,
    /// Its name and arguments.
    pub words: Vec<Word>,
    /// The first word up to the last.
    pub span: Span,
}

/// A word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// What is written, without its quotes.
    pub text: String,
    /// What it comes to, with the default values of variables put in; `None` where that is not known.
    pub value: Option<String>,
    /// The variables in it that nothing here gives a value: they are empty, unless the base image sets them.
    pub unset: Vec<Name>,
    /// Where, with its quotes.
    pub span: Span,
    parts: Vec<Part>,
}

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Part {
    /// It stands for itself.
    Text(String),
    /// `$NAME`, `${NAME}`
    Variable(Name),
    /// `${NAME:-word}`, `${NAME-word}`
    Default(Name, String),
    /// `$(..)`, `${NAME#..}`, globs
    Unknown,
}

impl Word {
    /// What it comes to.
    pub fn known(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

impl Stage {
    /// What the stage is called.
    pub fn name(&self) -> Option<&str> {
        self.alias.as_ref().map(|a| a.text.as_str())
    }
}

impl Dockerfile {
    /// A stage and those that it is built on, the nearest first.
    pub fn chain(&self, stage: usize) -> Vec<usize> {
        let mut chain = vec![stage];
        let base = |at: usize| self.stages.get(at).and_then(|s| s.base).filter(|b| *b < at);
        while let Some(next) = chain.last().and_then(|at| base(*at)) {
            chain.push(next);
        }
        chain
    }
}
