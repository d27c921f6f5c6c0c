//! Texts that are put between the quotes of a SQL statement: `format!("... WHERE name = '{name}'")`.

use svclint_facts::rust::{BinOp, ExprId, ExprKind, UnOp};
use svclint_knowledge::Action;

use crate::fold::Text;
use crate::formatted::Part;
use crate::infer::{Callee, Target};
use crate::links::Origin;
use crate::listed::begins_with_variable;
use crate::system::{Deed, SplicedSql, SqlParameters, What};
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

/// The texts that are put into a statement; `call` is given it.
pub(crate) fn deeds(tracer: &Tracer<'_>, statement: At, call: At) -> Vec<Deed> {
    let adds = tracer.actions(call).iter().any(|a| matches!(a, Action::SqlPush { .. }));
    let mut reader = Reader { tracer, apart: vec![(statement, 0)], seen: Vec::new(), left: QUESTIONS };
    let mut found: Vec<At> = Vec::new();
    while let Some((at, depth)) = reader.apart.pop() {
        let pieces = reader.pieces(at, depth);
        // What makes, changes or grants something takes no parameters.
        if at == statement && !adds && !takes_parameters(&pieces) {
            return Vec::new();
        }
        found.extend(quoted(&pieces).into_iter().filter(|value| is_chosen(tracer, *value)));
    }
    found.sort_unstable();
    found.dedup();
    let parameters = parameters(tracer, statement, call, &found);
    let deed = |value: At| {
        let name = tracer.name_of(value)?;
        let (given_to, parameters) = (tracer.place(call), parameters.clone());
        let what = What::SplicedSql(SplicedSql { name, given_to, parameters });
        Some(Deed { what, at: tracer.place(value), when: tracer.when(call) })
    };
    found.into_iter().filter_map(deed).collect()
}

/// A part of a statement's text.
enum Piece {
    Known(String),
    /// A variable or field.
    Value(At),
    /// Something that is made elsewhere, or in a way that is not looked into.
    Other,
}

const DEPTH: u32 = 12;
const PARTS: usize = 64;
const QUESTIONS: u32 = 400;

struct Reader<'t, 'a> {
    tracer: &'t Tracer<'a>,
    /// Texts that become parts of the statement, where in it is not known: `conditions.push(..)`.
    apart: Vec<(At, u32)>,
    seen: Vec<At>,
    /// How many expressions may still be asked.
    left: u32,
}

impl Reader<'_, '_> {
    fn put_apart(&mut self, at: At, depth: u32) {
        if !self.seen.contains(&at) && self.seen.len() < PARTS {
            self.seen.push(at);
            self.apart.push((at, depth));
        }
    }

    fn pieces(&mut self, at: At, depth: u32) -> Vec<Piece> {
        let tracer = self.tracer;
        let here = |expr: &ExprId| At { body: at.body, expr: *expr };
        self.left = self.left.saturating_sub(1);
        if depth > DEPTH || self.left == 0 {
            return vec![Piece::Other];
        }
        let Text { text, complete } = tracer.text(at);
        if complete {
            return vec![Piece::Known(text)];
        }
        match tracer.kind(at) {
            ExprKind::Ref(inner) | ExprKind::Unary(UnOp::Deref, inner) | ExprKind::Try(inner) => {
                self.pieces(here(inner), depth + 1)
            }
            ExprKind::Field { .. } => vec![Piece::Value(at)],
            ExprKind::Macro(call) if call.path.last() == "format" => {
                let parts = tracer.format_parts(at, call).unwrap_or_default().into_iter();
                parts
                    .flat_map(|part| match part {
                        Part::Written(text) => vec![Piece::Known(text)],
                        Part::Value(Some(value)) => self.pieces(value, depth + 1),
                        Part::Value(None) => vec![Piece::Other],
                    })
                    .collect()
            }
            ExprKind::Binary { op: BinOp::Add, left, right } => {
                let mut pieces = self.pieces(here(left), depth + 1);
                pieces.extend(self.pieces(here(right), depth + 1));
                pieces
            }
            ExprKind::MethodCall { receiver, method, .. } if SHOWS.contains(&method.as_str()) => {
                self.pieces(here(receiver), depth + 1)
            }
            // One of several texts.
            ExprKind::If { then, otherwise, .. } => {
                [Some(then), otherwise.as_ref()]
                    .into_iter()
                    .flatten()
                    .for_each(|e| self.put_apart(here(e), depth + 1));
                vec![Piece::Other]
            }
            ExprKind::Match { arms, .. } => {
                arms.iter().for_each(|arm| self.put_apart(here(&arm.body), depth + 1));
                vec![Piece::Other]
            }
            ExprKind::Block { tail: Some(tail), .. } => self.pieces(here(tail), depth + 1),
            // `names.join("', '")`
            ExprKind::MethodCall { receiver, method, .. }
                if method == "join"
                    && begins_with_variable(tracer, at)
                    && is_list(tracer.ty(here(receiver))) =>
            {
                self.pieces(here(receiver), depth + 1)
            }
            ExprKind::MethodCall { receiver, method, args, .. } => {
                if JOINS.contains(&method.as_str()) {
                    self.put_apart(here(receiver), depth + 1);
                }
                // `names.iter().map(|name| format!("'{name}'"))`
                if let Some(ExprKind::Closure { body, .. }) = args.first().map(|a| tracer.kind(here(a)))
                    && begins_with_variable(tracer, at)
                {
                    self.put_apart(here(body), depth + 1);
                }
                vec![Piece::Other]
            }
            ExprKind::Call { args, .. } => match (tracer.types_of(at.body).callees.get(&at.expr), &**args) {
                (Some(Callee::Lib(path, _)), [only]) if is_conversion(path) => {
                    self.pieces(here(only), depth + 1)
                }
                _ => vec![Piece::Other],
            },
            ExprKind::Path(_) => self.variable(at, depth),
            _ => vec![Piece::Other],
        }
    }

    /// What a variable holds, and what is added to it.
    fn variable(&mut self, at: At, depth: u32) -> Vec<Piece> {
        let tracer = self.tracer;
        let Some(Target::Local(local)) = tracer.types_of(at.body).targets.get(&at.expr) else {
            return vec![Piece::Other];
        };
        for call in tracer.calls_on(at.body, *local) {
            let ExprKind::MethodCall { method, args, .. } = tracer.kind(call) else { continue };
            if let Some(arg) = args.last().filter(|_| ADDS.contains(&method.as_str())) {
                self.put_apart(At { body: at.body, expr: *arg }, depth + 1);
            }
        }
        match tracer.origins(at.body, *local) {
            // What is only another name for a value is that value.
            Some([Origin::Expr(value, parts)]) if parts.is_empty() => {
                let pieces = self.pieces(*value, depth + 1);
                let is_name = matches!(pieces.as_slice(), [Piece::Value(_)]);
                if is_name || is_taken_out(tracer, *value) { vec![Piece::Value(at)] } else { pieces }
            }
            Some([Origin::Expr(..)] | [Origin::Param(_)]) => vec![Piece::Value(at)],
            Some(several) => {
                for origin in several {
                    if let Origin::Expr(value, parts) = origin
                        && parts.is_empty()
                    {
                        self.put_apart(*value, depth + 1);
                    }
                }
                vec![Piece::Other]
            }
            // Of a loop, or a closure's parameter.
            None if is_of_written_list(tracer, at) => vec![Piece::Other],
            None => vec![Piece::Value(at)],
        }
    }
}

/// Whether a loop around a variable goes through what the code itself lists.
fn is_of_written_list(tracer: &Tracer<'_>, at: At) -> bool {
    tracer.ancestors(at).any(|around| match tracer.kind(around) {
        ExprKind::For { iter, .. } => !begins_with_variable(tracer, At { body: at.body, expr: *iter }),
        _ => false,
    })
}

/// Whether a variable holds a part of something: `for name in names`.
fn is_taken_out(tracer: &Tracer<'_>, value: At) -> bool {
    matches!(tracer.kind(value), ExprKind::Path(_)) && !is_text(tracer.ty(value))
}

/// Methods whose value holds all of the text that they are called on.
const SHOWS: &[&str] = &[
    "as_deref",
    "as_ref",
    "as_str",
    "borrow",
    "clone",
    "expect",
    "into",
    "into_owned",
    "ok_or",
    "ok_or_else",
    "to_lowercase",
    "to_owned",
    "to_string",
    "to_uppercase",
    "trim",
    "unwrap",
    "unwrap_or",
    "unwrap_or_default",
    "unwrap_or_else",
];

/// Methods that make one text of several, or hand several on.
const JOINS: &[&str] =
    &["collect", "concat", "copied", "cloned", "into_iter", "iter", "join", "map", "filter_map"];

/// Methods that add to a text, or to a list of them.
const ADDS: &[&str] = &["extend", "insert_str", "push", "push_str"];

fn is_conversion(path: &str) -> bool {
    matches!(path.rsplit("::").next(), Some("from" | "new" | "Some" | "AssertSqlSafe"))
}

/// The values that stand between quotes where a statement compares or stores them.
fn quoted(pieces: &[Piece]) -> Vec<At> {
    let mut found = Vec::new();
    let mut before = String::new();
    let (mut in_quotes, mut is_value) = (false, false);
    for piece in pieces {
        let Piece::Known(text) = piece else {
            if let Piece::Value(at) = piece
                && in_quotes
                && is_value
            {
                found.push(*at);
            }
            before.push('x');
            continue;
        };
        for char in text.chars() {
            if char == '\'' {
                is_value = !in_quotes && takes_value(&before);
                in_quotes = !in_quotes;
            }
            before.push(char);
        }
    }
    found
}

/// Whether what stands in front of a quote asks for a value: `name =`, `name LIKE`, `VALUES (1,`.
fn takes_value(before: &str) -> bool {
    let before = before.trim_end().to_lowercase();
    let ends_with_word = |text: &str, word: &str| {
        text.strip_suffix(word).is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let in_list = || {
        let open = before.rfind(['(', ';']).filter(|at| before.as_bytes().get(*at) == Some(&b'('));
        let front = open.and_then(|at| before.get(..at)).unwrap_or("").trim_end();
        ends_with_word(front, "in") || before.contains("values") && front.ends_with(['s', ','])
    };
    before.is_empty()
        || before.ends_with(['=', '<', '>'])
        || ["like", "ilike"].iter().any(|word| ends_with_word(&before, word))
        || before.ends_with(['(', ',']) && in_list()
}

/// Whether a statement may have parameters: it reads or changes rows.
fn takes_parameters(pieces: &[Piece]) -> bool {
    const ROWS: &[&str] = &["select", "insert", "update", "delete", "with", "replace", "merge"];
    match pieces.first() {
        Some(Piece::Known(text)) => {
            let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(').to_lowercase();
            text.is_empty() || ROWS.iter().any(|word| text.starts_with(word))
        }
        _ => true,
    }
}

/// Whether a value is a text, or several, that is not the same at each call: not one that all callers write out.
fn is_chosen(tracer: &Tracer<'_>, value: At) -> bool {
    let given = tracer.given_by_all(value);
    let is_written = |at: &At| tracer.text(*at).complete || is_of_written_list(tracer, *at);
    let ty = tracer.ty(value);
    (is_text(ty) || is_list(ty)) && (given.is_empty() || !given.iter().all(is_written))
}

fn is_list(ty: &Ty) -> bool {
    matches!(ty, Ty::Lib(path, args) if path == "std::vec::Vec" && args.first().is_some_and(is_text))
}

fn is_text(ty: &Ty) -> bool {
    match ty {
        Ty::Prim(name) => name == "str",
        Ty::Lib(path, args) => match path.as_str() {
            "std::string::String" => true,
            "std::borrow::Cow" | crate::ty::OPTION => args.iter().any(is_text),
            _ => false,
        },
        _ => false,
    }
}

/// How the statement can be given all of its values as parameters: it is formatted where it is given, and has nothing but
/// these values in it.
fn parameters(tracer: &Tracer<'_>, statement: At, call: At, values: &[At]) -> Option<SqlParameters> {
    let takes = |a: &Action| matches!(a, Action::Sql { .. });
    let bind = tracer.snippet(call, "bind").filter(|_| tracer.actions(call).iter().any(takes))?;
    let mut format = statement;
    while let ExprKind::Ref(inner) = tracer.kind(format) {
        format = At { body: format.body, expr: *inner };
    }
    let ExprKind::Macro(macro_call) = tracer.kind(format) else { return None };
    let parts = tracer.format_parts(format, macro_call)?;
    let literal = At { body: format.body, expr: *macro_call.args.first()? };
    let mut texts = Vec::new();
    let mut in_order = Vec::new();
    for part in parts {
        match part {
            Part::Written(text) => texts.push(text),
            Part::Value(value) => {
                let value = value.filter(|v| values.contains(v))?;
                let written = tracer.text_of(value)?;
                in_order.push(written);
            }
        }
    }
    let stands_alone = |pair: &[String]| matches!(pair, [a, b] if a.ends_with('\'') && b.starts_with('\''));
    let plain = |text: &String| !text.contains(['{', '}', '$', '?', '\\', '"']);
    let alone = texts.windows(2).all(stands_alone) && texts.iter().all(plain);
    (alone && !in_order.is_empty()).then(|| SqlParameters {
        statement: tracer.place(statement),
        literal: tracer.place(literal),
        values: in_order,
        bind,
    })
}

impl Tracer<'_> {
    /// What a variable or field is called.
    fn name_of(&self, at: At) -> Option<String> {
        match self.kind(at) {
            ExprKind::Field { name, .. } => Some(name.to_string()),
            ExprKind::Path(path) => Some(path.last().to_owned()),
            _ => None,
        }
    }

    /// A variable, or a field of one, as it is written: `query.name`.
    fn text_of(&self, at: At) -> Option<String> {
        match self.kind(at) {
            ExprKind::Field { base, name } => {
                Some(format!("{}.{name}", self.text_of(At { body: at.body, expr: *base })?))
            }
            ExprKind::Path(path) => match self.types_of(at.body).targets.get(&at.expr) {
                Some(Target::Local(_) | Target::This) => Some(path.last().to_owned()),
                _ => None,
            },
            _ => None,
        }
    }
}
