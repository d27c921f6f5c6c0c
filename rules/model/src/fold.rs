//! Values that can be told from the code: strings, numbers and durations.

use std::cell::Cell;
use std::ops::Add;

use smol_str::SmolStr;
use svclint_facts::rust::{BinOp, ExprId, ExprKind, Lit, Path, TypeRef};

use crate::address;
use crate::defs::{AdtId, FnIdx, Res};
use crate::duration;
use crate::impls::Key;
use crate::infer::{Callee, LocalId, Target};
use crate::links::owner_of_field;
use crate::place::Tri;
use crate::tracer::{At, Calls, Tracer};
use crate::ty::Env;

/// A text with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// Unknown parts are written `{?}`.
    pub(crate) text: String,
    /// Whether there is no hole.
    pub(crate) complete: bool,
}

pub(crate) const HOLE: &str = "{?}";

impl Text {
    pub(crate) fn known(text: impl Into<String>) -> Text {
        Text { text: text.into(), complete: true }
    }

    /// Without a hole: known, or told but for what the environment says (`${HOST:-0.0.0.0}`).
    pub(crate) fn told(self) -> Tri<String> {
        if self.text.contains(HOLE) { Tri::Unknown } else { Tri::Present(self.text) }
    }

    pub(crate) fn hole() -> Text {
        Text { text: HOLE.into(), complete: false }
    }
}

/// How far a text is followed.
const DEPTH: u32 = 12;
/// How many expressions one text may be made of: where many functions and writes may give a part of it, each leads to others.
const MOST: u32 = 2_000;

/// How deep the question for a text has come, and how many expressions may still be asked.
#[derive(Clone, Copy)]
pub(crate) struct Depth<'q> {
    level: u32,
    left: &'q Cell<u32>,
}

impl<'q> Depth<'q> {
    /// What one question may cost.
    pub(crate) fn budget() -> Cell<u32> {
        Cell::new(MOST)
    }

    /// The beginning of a question.
    pub(crate) fn of(left: &'q Cell<u32>) -> Self {
        Depth { level: 0, left }
    }

    /// Whether there is an end to it: one expression more is asked otherwise.
    fn is_exhausted(self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        self.level > DEPTH || left == 0
    }
}

impl Add<u32> for Depth<'_> {
    type Output = Self;

    fn add(self, levels: u32) -> Self {
        Depth { level: self.level + levels, ..self }
    }
}

impl Tracer<'_> {
    /// The string that an expression is.
    pub(crate) fn text(&self, at: At) -> Text {
        self.text_at(at, Depth::of(&Depth::budget()))
    }

    /// The strings of a list, where all are known: `&["a", "b"]`; or the one that an expression is.
    pub(crate) fn texts(&self, at: At) -> Vec<String> {
        let here = |expr: &ExprId| At { body: at.body, expr: *expr };
        match self.kind(at) {
            ExprKind::Ref(inner) => self.texts(here(inner)),
            ExprKind::Array(all) => {
                all.iter().filter_map(|e| self.text(here(e)).told().present().cloned()).collect()
            }
            ExprKind::Macro(call) if call.path.last() == "vec" => {
                call.args.iter().filter_map(|e| self.text(here(e)).told().present().cloned()).collect()
            }
            _ => self.text(at).told().present().cloned().into_iter().collect(),
        }
    }

    pub(crate) fn text_at(&self, at: At, depth: Depth<'_>) -> Text {
        let here = |expr: ExprId| At { body: at.body, expr };
        if depth.is_exhausted() {
            return Text::hole();
        }
        // `CONFIG.base_path()`: declared, since the code does not decide it.
        if let Some(Callee::Lib(_, Some(callable))) = self.types_of(at.body).callees.get(&at.expr)
            && let Some(value) = &callable.value
        {
            return Text::known(value.clone());
        }
        match self.kind(at) {
            ExprKind::Lit(Lit::Str(text)) => Text::known(text.clone()),
            ExprKind::Lit(Lit::Int(Some(number))) => Text::known(number.to_string()),
            ExprKind::Lit(Lit::Char(char)) => Text::known(*char),
            ExprKind::Ref(inner) | ExprKind::Unary(_, inner) | ExprKind::Try(inner) => {
                self.text_at(here(*inner), depth + 1)
            }
            ExprKind::Block { stmts, tail: Some(tail) } if stmts.is_empty() => {
                self.text_at(here(*tail), depth + 1)
            }
            ExprKind::MethodCall { receiver, method, args, .. } => {
                if let Some(setting) = self.environment(at, depth) {
                    return setting;
                }
                match &**args {
                    [] if keeps_text(method) => self.text_at(here(*receiver), depth + 1),
                    [from, to] if method == "replace" => {
                        self.replaced(here(*receiver), here(*from), here(*to), depth)
                    }
                    // `["/a", "/b"].concat()`
                    [] if method == "concat" => self.concat(here(*receiver), depth),
                    [_] if matches!(method.as_str(), "expect" | "context") => {
                        self.text_at(here(*receiver), depth + 1)
                    }
                    _ => match self.types_of(at.body).callees.get(&at.expr) {
                        Some(Callee::Fns(fns)) => self.returned_text(at, fns, depth),
                        _ => Text::hole(),
                    },
                }
            }
            ExprKind::Binary { op, left, right } => {
                let (left, right) =
                    (self.text_at(here(*left), depth + 1), self.text_at(here(*right), depth + 1));
                arithmetic(*op, &left, &right)
            }
            ExprKind::Field { base, name } => self.field_text(here(*base), name, depth),
            ExprKind::Cast(inner, _) => self.text_at(here(*inner), depth + 1),
            ExprKind::Call { args, .. } => {
                if let Some(setting) = self.environment(at, depth) {
                    return setting;
                }
                match (self.types_of(at.body).callees.get(&at.expr), &**args) {
                    (_, [only]) if self.called_name(at) == Some("Some") => {
                        self.text_at(here(*only), depth + 1)
                    }
                    (Some(Callee::Lib(path, _)), [only]) if path.contains("Duration::from_") => {
                        let number = self.text_at(here(*only), depth + 1);
                        let name = path.rsplit("::").next().unwrap_or_default();
                        duration::made(name, &number).unwrap_or_else(Text::hole)
                    }
                    (Some(Callee::Lib(path, _)), [only])
                        if path.ends_with("::from") || path.ends_with("::new") =>
                    {
                        self.text_at(here(*only), depth + 1)
                    }
                    (Some(Callee::Lib(path, _)), args) => {
                        let args: Vec<Text> =
                            args.iter().map(|a| self.text_at(here(*a), depth + 1)).collect();
                        address::made(path, &args).unwrap_or_else(Text::hole)
                    }
                    (Some(Callee::Fns(fns)), _) => self.returned_text(at, fns, depth),
                    _ => Text::hole(),
                }
            }
            // `[127, 0, 0, 1]`
            ExprKind::Array(all) if all.len() == 4 => {
                let parts: Vec<Text> = all.iter().map(|e| self.text_at(here(*e), depth + 1)).collect();
                address::joined(&parts, ".")
            }
            // `("0.0.0.0", 8080)`
            ExprKind::Tuple(all) if all.len() == 2 => {
                let parts: Vec<Text> = all.iter().map(|e| self.text_at(here(*e), depth + 1)).collect();
                address::joined(&parts, ":")
            }
            ExprKind::Macro(call) => match call.path.last() {
                _ if self.types_of(at.body).callees.contains_key(&at.expr) => {
                    match self.types_of(at.body).callees.get(&at.expr) {
                        Some(Callee::Fns(fns)) => self.returned_text(at, fns, depth),
                        _ => Text::hole(),
                    }
                }
                "format" => self.format(at, call, depth),
                "concat" => {
                    let parts: Vec<Text> =
                        call.args.iter().map(|a| self.text_at(here(*a), depth + 1)).collect();
                    let complete = parts.iter().all(|p| p.complete);
                    Text { text: parts.into_iter().map(|p| p.text).collect(), complete }
                }
                _ => Text::hole(),
            },
            ExprKind::Path(_) => match self.types_of(at.body).targets.get(&at.expr) {
                Some(Target::Res(Res::Const(id))) => match self.value_of(*id) {
                    Some(value) => self.text_at(value, depth + 1),
                    None => Text::hole(),
                },
                Some(Target::Local(local)) => {
                    if let Some(value) = self.single_origin(at) {
                        return self.grown(at, *local, self.text_at(value, depth + 1), depth);
                    }
                    let given = self.given(at);
                    given.map_or_else(Text::hole, |(value, there)| there.text_at(value, depth + 1))
                }
                Some(Target::Res(Res::Lib(path))) if path.ends_with("Duration::ZERO") => Text::known("0 s"),
                Some(Target::Res(Res::Lib(path))) => address::constant(path).unwrap_or_else(Text::hole),
                _ => Text::hole(),
            },
            _ => Text::hole(),
        }
    }

    /// A text that is added to before it is used: `path.push_str("/v1");`. What is done to it in another way is not known.
    fn grown(&self, at: At, local: LocalId, begun: Text, depth: Depth<'_>) -> Text {
        let used = self.place(at).span.start;
        let mut text = begun;
        for call in self.calls_on(at.body, local).into_iter().filter(|c| self.is_statement(*c)) {
            let ExprKind::MethodCall { method, .. } = self.kind(call) else { continue };
            if !changes_text(method) {
                continue;
            }
            let is_before = self.place(call).span.end <= used;
            match self.arg(call, 0).filter(|_| method.starts_with("push") && self.dominates(call, at)) {
                Some(more) if is_before && !self.when(call).looped => {
                    let more = self.text_at(more, depth + 1);
                    text = Text { complete: text.complete && more.complete, text: text.text + &more.text };
                }
                _ => return Text::hole(),
            }
        }
        text
    }

    /// The last part of the name of what is called.
    fn called_name(&self, call: At) -> Option<&str> {
        let ExprKind::Call { callee, .. } = self.kind(call) else { return None };
        let ExprKind::Path(path) = self.kind(At { body: call.body, expr: *callee }) else { return None };
        Some(path.last())
    }

    /// What is written to a field, where it is the same everywhere.
    fn field_text(&self, base: At, name: &SmolStr, depth: Depth<'_>) -> Text {
        let owner = owner_of_field(self.program, self.ty(base), name);
        if owner.is_some_and(|adt| self.is_read_in(adt)) {
            return Text::hole();
        }
        let writes = owner.and_then(|adt| self.writes(adt, name));
        let mut found: Option<Text> = None;
        for value in writes.into_iter().flatten().filter(|w| self.in_scope(w.body)) {
            let text = self.through(&Calls::default()).text_at(*value, depth + 2);
            match &found {
                _ if text.text == HOLE => return text,
                Some(known) if *known != text => return Text::hole(),
                _ => found = Some(text),
            }
        }
        found.unwrap_or_else(Text::hole)
    }

    /// Whether values of a type come from outside, past every write that the code shows: a configuration file, a message.
    fn is_read_in(&self, adt: AdtId) -> bool {
        let view = self.program.names.view(self.program.defs.adts[adt.at()].home.module);
        let traits = self.program.impls.library_traits(&Key::Adt(adt)).iter();
        let mut entries = traits.filter_map(|t| view?.type_entry(t));
        entries.any(|e| e.outside || e.env_attribute.is_some())
    }

    /// The text that functions return, where all return the same.
    fn returned_text(&self, at: At, fns: &[FnIdx], depth: Depth<'_>) -> Text {
        let bodies = self.bodies_of(fns);
        let mut found: Option<Text> = None;
        for value in bodies.filter(|b| self.in_scope(*b)).flat_map(|b| self.returned(b)) {
            let calls: Calls = self.calls.iter().copied().chain([(value.body, at)]).collect();
            let owned = self.constant_of_callee(at, value);
            let text = owned.unwrap_or_else(|| self.through(&calls).text_at(value, depth + 1));
            match &found {
                _ if text.text == HOLE => return text,
                Some(known) if *known != text => return Text::hole(),
                _ => found = Some(text),
            }
        }
        found.unwrap_or_else(Text::hole)
    }

    /// `Page::route()`, where the function gives `Self::PATH`: the constant of the type in front.
    fn constant_of_callee(&self, call: At, value: At) -> Option<Text> {
        let ExprKind::Path(path) = self.kind(value) else { return None };
        let [this, name] = path.segments.as_slice() else { return None };
        let ExprKind::Call { callee, .. } = self.kind(call) else { return None };
        let ExprKind::Path(written) = self.kind(At { body: call.body, expr: *callee }) else { return None };
        let owner =
            written.segments.split_last().map(|(_, owner)| owner.to_vec()).filter(|o| !o.is_empty())?;
        let module = self.module(call.body);
        let env = Env { module, generics: [None, None], self_ty: None, block: None };
        let owner = TypeRef::Path(Path { segments: owner, ..written.clone() });
        let key = Key::of(&self.program.names.ty(&env, &owner)).filter(|_| this.name == "Self")?;
        let constant = self.program.impls.constant(&key, &name.name)?;
        Some(self.text(self.value_of(constant)?))
    }

    /// `path.replace("{id}", PATTERN)`: what does not hold the text is not changed.
    fn replaced(&self, at: At, from: At, to: At, depth: Depth<'_>) -> Text {
        let [text, from, to] = [at, from, to].map(|e| self.text_at(e, depth + 1));
        if !(text.complete && from.complete) {
            return Text::hole();
        }
        Text {
            complete: to.complete || !text.text.contains(&from.text),
            text: text.text.replace(&from.text, &to.text),
        }
    }

    fn concat(&self, at: At, depth: Depth<'_>) -> Text {
        match self.kind(at) {
            ExprKind::Array(all) => {
                let parts = all.iter().map(|e| self.text_at(At { body: at.body, expr: *e }, depth + 1));
                parts.fold(Text::known(""), |a, b| Text {
                    text: a.text + &b.text,
                    complete: a.complete && b.complete,
                })
            }
            _ => Text::hole(),
        }
    }

    /// What a chain reads from the environment: `${HOST:-0.0.0.0}`, as shells write it.
    fn environment(&self, at: At, depth: Depth<'_>) -> Option<Text> {
        let mut read = at;
        for _ in 0..DEPTH {
            if let Some(setting) = crate::settings::read(self, read, depth + 1).filter(|s| !s.prefixed) {
                let name = setting.name.present()?;
                let text = match &setting.default {
                    Tri::Present(default) => format!("${{{name}:-{default}}}"),
                    _ => format!("${{{name}}}"),
                };
                return Some(Text { text, complete: false });
            }
            read = match self.kind(read) {
                ExprKind::MethodCall { receiver, .. } => At { body: read.body, expr: *receiver },
                ExprKind::Try(inner) => At { body: read.body, expr: *inner },
                _ => return None,
            };
        }
        None
    }

    /// A limit, as people write it: "10 s", "20". Or "set" where it comes from elsewhere.
    pub(crate) fn amount(&self, at: At) -> String {
        self.text(at).told().present().cloned().unwrap_or_else(|| "set".into())
    }
}

/// What two numbers or durations give; for strings, one after the other.
fn arithmetic(op: BinOp, left: &Text, right: &Text) -> Text {
    if let Some(duration) = duration::arithmetic(op, left, right) {
        return duration;
    }
    let number = |t: &Text| t.text.parse::<i128>().ok().filter(|_| t.complete);
    let value = match (op, number(left), number(right)) {
        (BinOp::Add, Some(a), Some(b)) => a.checked_add(b),
        (BinOp::Sub, Some(a), Some(b)) => a.checked_sub(b),
        (BinOp::Mul, Some(a), Some(b)) => a.checked_mul(b),
        (BinOp::Div, Some(a), Some(b)) => a.checked_div(b),
        (BinOp::Add, ..) => {
            let complete = left.complete && right.complete;
            return Text { text: format!("{}{}", left.text, right.text), complete };
        }
        _ => None,
    };
    value.map_or_else(Text::hole, |v| Text::known(v.to_string()))
}

fn changes_text(method: &str) -> bool {
    matches!(
        method,
        "push"
            | "push_str"
            | "insert"
            | "insert_str"
            | "extend"
            | "append"
            | "truncate"
            | "clear"
            | "pop"
            | "retain"
            | "drain"
            | "remove"
            | "replace_range"
            | "make_ascii_lowercase"
            | "make_ascii_uppercase"
    )
}

fn keeps_text(method: &str) -> bool {
    matches!(
        method,
        "to_string"
            | "to_owned"
            | "as_str"
            | "into"
            | "clone"
            | "as_ref"
            | "into_boxed_str"
            | "as_bytes"
            | "unwrap"
            | "parse"
            | "as_deref"
            | "borrow"
    )
}
