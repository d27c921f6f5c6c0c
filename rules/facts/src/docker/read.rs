//! From instructions to facts.

use svclint_syntax::Span;
use svclint_syntax::containerfile::{self, instructions};

use super::logical::Logical;
use super::scope::Scope;
use super::shell::{assignment, is_command_flag, is_shell, quoted, script, split};
use super::words;
use super::{
    Command, Copy, Dockerfile, Flow, Form, Instruction, InstructionKind, Part, Simple, Stage, Variable, Word,
};
use crate::Name;

/// Reads a Dockerfile. Never fails: what is not understood is left out, and told.
pub fn dockerfile(text: &str) -> Dockerfile {
    let found = instructions(text);
    let mut reader = Reader { text, escape: escape(text), file: Dockerfile::default(), scopes: Vec::new() };
    let mut global = Scope::global();
    for instruction in &found.list {
        reader.instruction(instruction, &mut global);
    }
    let mut file = reader.file;
    for broken in &found.broken {
        file.broken = true;
        let at = file.stages.partition_point(|s| s.from.start <= broken.start);
        // What is broken may hide instructions, and a `FROM` too.
        for stage in file.stages.iter_mut().skip(at.saturating_sub(1)) {
            if stage.from.start <= broken.end {
                stage.broken = true;
            }
        }
    }
    file
}

/// `# escape=` in the first lines.
fn escape(text: &str) -> char {
    let lines = text.trim_start_matches('\u{feff}').lines();
    let directives = lines.map_while(|l| l.trim().strip_prefix('#')?.split_once('='));
    let mut values = directives.filter(|(name, _)| name.trim().eq_ignore_ascii_case("escape"));
    if values.next().is_some_and(|(_, value)| value.trim() == "`") { '`' } else { '\\' }
}

/// More stages than this are not read.
const MAX_STAGES: usize = 200;

struct Reader<'t> {
    text: &'t str,
    escape: char,
    file: Dockerfile,
    /// What each stage's instructions see, after those that were read.
    scopes: Vec<Scope>,
}

impl Reader<'_> {
    fn instruction(&mut self, node: &containerfile::Instruction, global: &mut Scope) {
        let keyword = node.keyword.text(self.text).to_ascii_uppercase();
        let line = Logical::new(self.text, Span::new(node.keyword.end, node.head_end), self.escape);
        if keyword == "FROM" {
            return self.from(node, &line, global);
        }
        if self.file.broken {
            return;
        }
        let Some(at) = self.file.stages.len().checked_sub(1) else {
            if keyword == "ARG" {
                let mut args = pairs(&line);
                for arg in &mut args {
                    global.resolve_variables(std::slice::from_mut(arg));
                    let outer = global.clone();
                    global.arg(arg, &outer);
                }
                self.file.global_args.extend(args);
            }
            return;
        };
        let mut scope = self.scopes.get_mut(at).map(std::mem::take).unwrap_or_default();
        let mut kind = self.kind(&keyword, node, &line);
        self.resolve(&mut kind, &mut scope, global);
        let span = Span::new(node.span.start, line.end.max(node.keyword.end));
        let span = node.heredocs.last().map_or(span, |h| span.cover(*h));
        let instruction = Instruction { keyword: node.keyword, span, kind };
        if let (Some(kept), Some(stage)) = (self.scopes.get_mut(at), self.file.stages.get_mut(at)) {
            *kept = scope;
            stage.instructions.push(instruction);
        }
    }

    fn from(&mut self, node: &containerfile::Instruction, line: &Logical, global: &Scope) {
        if self.file.stages.len() >= MAX_STAGES {
            // Each stage has all that those under it have: without a limit a small file makes a huge model.
            self.file.broken = true;
            self.file.stages.iter_mut().for_each(|s| s.broken = true);
            return;
        }
        let (_, rest) = options(line);
        let mut words = words::all(line, rest).into_iter();
        let mut image = words.next().unwrap_or_default();
        global.resolve(&mut image);
        let alias = words.next().filter(|w| w.text.eq_ignore_ascii_case("as")).and_then(|_| words.next());
        let base = self.stage_named(image.value.as_deref().unwrap_or(&image.text));
        let scope = base.and_then(|b| self.scopes.get(b)).cloned().unwrap_or_else(Scope::stage);
        self.scopes.push(scope);
        let from = Span::new(node.span.start, line.end.max(node.keyword.end));
        self.file.stages.push(Stage { image, base, alias, from, instructions: Vec::new(), broken: false });
    }

    fn stage_named(&self, name: &str) -> Option<usize> {
        let is_it = |s: &Stage| s.name().is_some_and(|n| n.eq_ignore_ascii_case(name));
        self.file.stages.iter().rposition(is_it)
    }

    fn kind(&self, keyword: &str, node: &containerfile::Instruction, line: &Logical) -> InstructionKind {
        let (options, rest) = options(line);
        let one = || words::all(line, 0).into_iter().next().unwrap_or_default();
        match keyword {
            "ARG" => InstructionKind::Arg(pairs(line)),
            "ENV" => InstructionKind::Env(variables(line)),
            "LABEL" => InstructionKind::Label(variables(line)),
            "COPY" | "ADD" => InstructionKind::Copy(copy(line, options, rest, keyword == "ADD")),
            "RUN" => InstructionKind::Run(self.run(line, rest, node)),
            "CMD" => InstructionKind::Cmd(command(line, 0)),
            "ENTRYPOINT" => InstructionKind::Entrypoint(command(line, 0)),
            "HEALTHCHECK" => InstructionKind::Healthcheck(healthcheck(line, rest)),
            "USER" => InstructionKind::User(one()),
            "WORKDIR" => InstructionKind::Workdir(words::rest(line, line.skip_blanks(0))),
            "STOPSIGNAL" => InstructionKind::StopSignal(one()),
            "EXPOSE" => InstructionKind::Expose(words::all(line, 0)),
            "SHELL" => InstructionKind::Shell(words::json(line, 0).unwrap_or_default()),
            other => InstructionKind::Other(Name::new(other)),
        }
    }

    /// `RUN`, with the scripts in its heredocs.
    fn run(&self, line: &Logical, rest: usize, node: &containerfile::Instruction) -> Command {
        let mut run = command(line, rest);
        for heredoc in &node.heredocs {
            let body = Logical::heredoc(self.text, *heredoc);
            run.commands.extend(script(&body, 0).0);
            run.flow = Flow::Other;
        }
        run
    }

    fn resolve(&self, kind: &mut InstructionKind, scope: &mut Scope, global: &Scope) {
        match kind {
            InstructionKind::Arg(args) => {
                for arg in args {
                    scope.resolve_variables(std::slice::from_mut(arg));
                    scope.arg(arg, global);
                }
            }
            InstructionKind::Env(variables) => {
                scope.resolve_variables(variables);
                variables.iter().for_each(|v| scope.env(v));
            }
            InstructionKind::Label(variables) => scope.resolve_variables(variables),
            InstructionKind::Copy(copy) => {
                scope.resolve_all(&mut copy.sources);
                copy.destination.iter_mut().for_each(|word| scope.resolve(word));
                copy.from.iter_mut().for_each(|word| global.resolve(word));
                copy.from_stage = copy.from.as_ref().and_then(|from| self.stage_of(from.known()?));
            }
            InstructionKind::Run(c) | InstructionKind::Cmd(c) | InstructionKind::Entrypoint(c) => {
                scope.resolve_command(c);
            }
            InstructionKind::Healthcheck(command) => {
                command.iter_mut().for_each(|c| scope.resolve_command(c));
            }
            InstructionKind::Expose(words) => scope.resolve_all(words),
            InstructionKind::User(word)
            | InstructionKind::Workdir(word)
            | InstructionKind::StopSignal(word) => {
                scope.resolve(word);
            }
            InstructionKind::Shell(_) | InstructionKind::Other(_) => {}
        }
    }

    /// A stage by name or number, of those before the present one.
    fn stage_of(&self, from: &str) -> Option<usize> {
        let present = self.file.stages.len().checked_sub(1)?;
        let number = from.parse::<usize>().ok();
        number.or_else(|| self.stage_named(from)).filter(|n| *n < present)
    }
}

/// `--name=value` at the beginning, and where what follows begins.
fn options(line: &Logical) -> (Vec<Variable>, usize) {
    let mut options = Vec::new();
    let mut at = line.skip_blanks(0);
    while line.get(at) == Some('-') && line.get(at + 1) == Some('-') {
        let (word, next) = words::word(line, at, char::is_whitespace);
        options.extend(pair(&word).filter(|o| o.name.starts_with("--")));
        at = line.skip_blanks(next.max(at + 1));
    }
    (options, at)
}

fn pair(word: &Word) -> Option<Variable> {
    let Some(Part::Text(first)) = word.parts.first() else { return None };
    let (name, rest) = first.split_once('=')?;
    Some(split(word, name, rest))
}

/// `name[=value] ..`
fn pairs(line: &Logical) -> Vec<Variable> {
    let bare = |w: &Word| Variable { name: Name::new(&w.text), span: w.span, value: None };
    words::all(line, 0).iter().map(|w| assignment(w).or_else(|| pair(w)).unwrap_or_else(|| bare(w))).collect()
}

/// `name=value ..`, or the old `name value`.
fn variables(line: &Logical) -> Vec<Variable> {
    let words = words::all(line, 0);
    let Some(first) = words.first() else { return Vec::new() };
    let is_pair = |w: &Word| pair(w).is_some();
    if words.len() > 1 && !is_pair(first) && !words.iter().skip(1).any(is_pair) {
        let start = line.skip_blanks(0);
        let (_, after) = words::word(line, start, char::is_whitespace);
        let value = words::rest(line, line.skip_blanks(after));
        let span = first.span.cover(value.span);
        return vec![Variable { name: Name::new(&first.text), span, value: Some(value) }];
    }
    pairs(line)
}

fn copy(line: &Logical, options: Vec<Variable>, rest: usize, adds: bool) -> Copy {
    let mut words = words::json(line, rest).unwrap_or_else(|| words::all(line, rest));
    let destination = words.pop();
    words.retain(|w| !w.text.starts_with("<<"));
    let from = options.into_iter().find(|o| o.name == "--from").and_then(|o| o.value);
    Copy { from, from_stage: None, sources: words, destination, adds }
}

/// `CMD ..`, `NONE`, or a command without its keyword.
fn healthcheck(line: &Logical, rest: usize) -> Option<Command> {
    let (word, next) = words::word(line, rest, char::is_whitespace);
    if word.text.eq_ignore_ascii_case("none") {
        return None;
    }
    let from = if word.text.eq_ignore_ascii_case("cmd") { next } else { rest };
    Some(command(line, from))
}

/// A command in either form.
fn command(line: &Logical, from: usize) -> Command {
    let from = line.skip_blanks(from);
    let span = line.span(from, line.chars.len());
    let Some(words) = words::json(line, from) else {
        let (commands, flow) = script(line, from);
        return Command { span, form: Form::Shell, commands, flow };
    };
    let (commands, flow) = match words.as_slice() {
        [shell, flag, script, ..] if is_shell(&shell.text) && is_command_flag(&flag.text) => quoted(script),
        _ => {
            let simple = Simple { sets: Vec::new(), exec: true, words: words.clone(), span };
            (vec![simple], Flow::Plain)
        }
    };
    Command { span, form: Form::Exec(words), commands, flow }
}
