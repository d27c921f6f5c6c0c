//! The delays that code makes by itself: whether chance has a part in them, and whether they grow without an end.

use svclint_facts::rust::{BinOp, ExprId, ExprKind};
use svclint_knowledge::{Action, Effect};

use crate::bodies::{BodyId, BodyOwner, children};
use crate::defs::FnIdx;
use crate::infer::{Callee, LocalId, Target};
use crate::links::Origin;
use crate::loops::{exits, is_loop, sleeps as is_sleep, visit};
use crate::place::{Place, Tri};
use crate::system::{Backoff, Growing};
use crate::tracer::{At, Tracer};

/// The calls in a loop's block that let time pass.
pub(crate) fn sleeps(tracer: &Tracer<'_>, block: At) -> Vec<At> {
    let mut found = Vec::new();
    visit(tracer, block, &mut |at| {
        if is_sleep(tracer, at) {
            found.push(at);
        }
    });
    found
}

/// Whether chance has a part in a delay: `Absent` only where all that it is made of could be seen.
pub(crate) fn varies(tracer: &Tracer<'_>, delay: At) -> Tri<String> {
    let made = Made::of(tracer, delay);
    match made.random {
        true => Tri::Present("set".into()),
        false if made.unseen => Tri::Unknown,
        false => Tri::Absent,
    }
}

/// What a value is made of.
#[derive(Default)]
pub(crate) struct Made {
    /// The expressions, through variables and functions of the workspace.
    parts: Vec<At>,
    /// A call has a part in it that gives another value every time.
    pub(crate) random: bool,
    /// The first such call.
    pub(crate) fresh: Option<At>,
    /// Something has a part in it that is not looked into.
    pub(crate) unseen: bool,
}

/// How many expressions one value may be made of.
const PARTS: usize = 400;

impl Made {
    pub(crate) fn of(tracer: &Tracer<'_>, value: At) -> Made {
        let mut made = Made::default();
        made.add(tracer, value, 0);
        made
    }

    fn add(&mut self, tracer: &Tracer<'_>, at: At, depth: u32) {
        if self.parts.contains(&at) {
            return;
        }
        if self.parts.len() >= PARTS || depth > 60 {
            self.unseen = true;
            return;
        }
        self.parts.push(at);
        match tracer.kind(at) {
            ExprKind::Path(_) => self.named(tracer, at, depth),
            // What a configuration says is the same every time.
            ExprKind::Field { .. } => {}
            kind => {
                self.call(tracer, at, depth);
                let mut inner: Vec<ExprId> = Vec::new();
                children(kind, &mut |child| inner.push(child));
                if let ExprKind::Call { callee, .. } = kind {
                    inner.retain(|e| e != callee);
                }
                if matches!(kind, ExprKind::Macro(_) | ExprKind::Opaque | ExprKind::Select { .. }) {
                    self.unseen = true;
                }
                for expr in inner {
                    self.add(tracer, At { body: at.body, expr }, depth + 1);
                }
            }
        }
    }

    fn named(&mut self, tracer: &Tracer<'_>, at: At, depth: u32) {
        match tracer.types_of(at.body).targets.get(&at.expr) {
            Some(Target::Local(local)) => match tracer.origins(at.body, *local) {
                Some(origins) => {
                    for origin in origins {
                        match origin {
                            Origin::Expr(value, _) => self.add(tracer, *value, depth + 1),
                            Origin::Param(number) => self.parameter(tracer, at.body, *number, depth),
                        }
                    }
                }
                None => match counted_over(tracer, at.body, *local) {
                    Some(all) => self.add(tracer, all, depth + 1),
                    None => self.unseen = true,
                },
            },
            Some(Target::Res(_) | Target::This) => {}
            _ => self.unseen = true,
        }
    }

    /// What the callers give.
    fn parameter(&mut self, tracer: &Tracer<'_>, body: BodyId, number: usize, depth: u32) {
        let BodyOwner::Fn(function) = tracer.body(body).owner else { return };
        let calls = tracer.calls_of(function);
        self.unseen |= calls.is_empty();
        for call in calls {
            match tracer.argument(*call, function, number) {
                Some(arg) => self.add(tracer, arg, depth + 1),
                None => self.unseen = true,
            }
        }
    }

    fn call(&mut self, tracer: &Tracer<'_>, at: At, depth: u32) {
        if !matches!(tracer.kind(at), ExprKind::Call { .. } | ExprKind::MethodCall { .. }) {
            return;
        }
        if tracer.actions(at).iter().any(|a| matches!(a, Action::Effect(Effect::Random))) {
            self.random = true;
            self.fresh.get_or_insert(at);
        }
        match tracer.types_of(at.body).callees.get(&at.expr) {
            Some(Callee::Fns(fns)) => {
                let fns: &[FnIdx] = fns;
                self.unseen |= fns.is_empty();
                for body in tracer.bodies_of(fns).collect::<Vec<_>>() {
                    for value in tracer.returned(body) {
                        self.add(tracer, value, depth + 1);
                    }
                }
            }
            Some(Callee::Lib(_, Some(_)) | Callee::Ctor(_)) => {}
            // `delay.mul_f64(x)`, on a number whose type nobody wrote too.
            _ if is_arithmetic(tracer, at) => {}
            _ => self.unseen = true,
        }
    }

    fn methods<'m>(&'m self, tracer: &'m Tracer<'_>) -> impl Iterator<Item = (At, &'m str)> {
        self.parts.iter().filter_map(|at| match tracer.kind(*at) {
            ExprKind::MethodCall { method, .. } => Some((*at, method.as_str())),
            ExprKind::Call { callee, .. } => match tracer.kind(At { body: at.body, expr: *callee }) {
                ExprKind::Path(path) => Some((*at, path.last())),
                _ => None,
            },
            _ => None,
        })
    }
}

/// What a loop counts over with a variable: `for attempt in 0..3`.
fn counted_over(tracer: &Tracer<'_>, body: BodyId, local: LocalId) -> Option<At> {
    tracer.body(body).body.iter().find_map(|(_, node)| match &node.kind {
        ExprKind::For { pat, iter, .. } if tracer.types_of(body).of_pat.get(pat) == Some(&local) => {
            Some(At { body, expr: *iter })
        }
        _ => None,
    })
}

/// Methods of numbers and durations by their names, where the number's type is not known.
fn is_arithmetic(tracer: &Tracer<'_>, at: At) -> bool {
    let ExprKind::MethodCall { method, .. } = tracer.kind(at) else { return false };
    let begins = ["saturating_", "checked_", "wrapping_", "overflowing_", "as_", "mul_", "div_"];
    matches!(method.as_str(), "pow" | "powi" | "powf" | "min" | "max" | "clamp" | "into" | "clone" | "abs")
        || begins.iter().any(|b| method.starts_with(b))
}

/// The delay of a loop's pause, where it grows with every round and nothing limits it.
pub(crate) fn backoffs(tracer: &Tracer<'_>, body: BodyId) -> Vec<Backoff> {
    let all = tracer.body(body).body.iter();
    let loops: Vec<At> = all.filter(|(_, e)| is_loop(&e.kind)).map(|(expr, _)| At { body, expr }).collect();
    loops.into_iter().filter_map(|at| backoff(tracer, at)).collect()
}

fn backoff(tracer: &Tracer<'_>, at: At) -> Option<Backoff> {
    let block = match tracer.kind(at) {
        ExprKind::Loop(block) | ExprKind::While { body: block, .. } => At { body: at.body, expr: *block },
        // What is counted from the beginning is limited.
        _ => return None,
    };
    let in_this = |sleep: &At| {
        let mut outer = tracer.ancestors(*sleep).skip(1).filter(|a| is_loop(tracer.kind(*a)));
        outer.next() == Some(at)
    };
    let sleep = sleeps(tracer, block).into_iter().find(in_this)?;
    let made = Made::of(tracer, tracer.arg(sleep, 0)?);
    if is_capped(tracer, &made) {
        return None;
    }
    let (grows, counter) = made.parts.iter().find_map(|part| growth(tracer, *part, block))?;
    if is_limited(tracer, at, block, counter) {
        return None;
    }
    let place = |at: At| tracer.place(at);
    let by = match grows {
        Grown::Power(exponent) => Growing::Power { exponent: place(exponent) },
        Grown::Times(statement, factor) => Growing::Times {
            statement: place(statement),
            delay: place(factor.0),
            factor: place(factor.1),
            is_duration: tracer.ty(factor.0).lib_path() == Some("std::time::Duration"),
        },
    };
    let sleep = place(sleep);
    Some(Backoff { at: grown_at(&by), by, sleep, in_fn: tracer.function_of(at.body)?, when: tracer.when(at) })
}

fn grown_at(by: &Growing) -> Place {
    match by {
        Growing::Power { exponent } => *exponent,
        Growing::Times { statement, .. } => *statement,
    }
}

/// Something in it holds the value below another.
fn is_capped(tracer: &Tracer<'_>, made: &Made) -> bool {
    let caps = |name: &str| {
        matches!(
            name,
            "min"
                | "clamp"
                | "unwrap_or"
                | "unwrap_or_default"
                | "unwrap_or_else"
                | "map_or"
                | "get"
                | "next"
        ) || name.ends_with("_min")
    };
    let branches = |at: &At| {
        matches!(tracer.kind(*at), ExprKind::If { .. } | ExprKind::Match { .. } | ExprKind::Index(..))
            || matches!(tracer.kind(*at), ExprKind::Binary { op: BinOp::Rem, .. })
    };
    made.unseen || made.methods(tracer).any(|(_, name)| caps(name)) || made.parts.iter().any(branches)
}

enum Grown {
    /// `2u64.pow(attempt)`, `1 << attempt`: the exponent.
    Power(At),
    /// `delay *= 2`: the statement, and its two sides.
    Times(At, (At, At)),
}

/// How a part of a delay grows with each round, and the variable by which it does.
fn growth(tracer: &Tracer<'_>, part: At, block: At) -> Option<(Grown, LocalId)> {
    let here = |expr: ExprId| At { body: part.body, expr };
    match tracer.kind(part) {
        ExprKind::MethodCall { method, args, .. } if matches!(method.as_str(), "pow" | "saturating_pow") => {
            let exponent = here(*args.first()?);
            let counter = variable(tracer, exponent)?;
            counts_up(tracer, part.body, counter, block).then_some((Grown::Power(exponent), counter))
        }
        ExprKind::Binary { op: BinOp::Bit, right, .. } => {
            let exponent = here(*right);
            let counter = variable(tracer, exponent)?;
            counts_up(tracer, part.body, counter, block).then_some((Grown::Power(exponent), counter))
        }
        ExprKind::Assign { op: Some(BinOp::Mul), left, right } => {
            let delay = variable(tracer, here(*left))?;
            let in_loop = tracer.ancestors(part).any(|a| a == block);
            // `if delay < MAX { delay *= 2; }`
            let guarded = tracer
                .ancestors(part)
                .take_while(|a| *a != block)
                .any(|a| matches!(tracer.kind(a), ExprKind::If { cond, .. } if mentions(tracer, here(*cond), delay)));
            (in_loop && !guarded).then_some((Grown::Times(part, (here(*left), here(*right))), delay))
        }
        _ => None,
    }
}

/// The variable that an expression is, perhaps as another type, or less a constant.
fn variable(tracer: &Tracer<'_>, at: At) -> Option<LocalId> {
    let here = |expr: ExprId| At { body: at.body, expr };
    match tracer.kind(at) {
        ExprKind::Path(_) => match tracer.types_of(at.body).targets.get(&at.expr) {
            Some(Target::Local(local)) => Some(*local),
            _ => None,
        },
        ExprKind::Cast(inner, _) | ExprKind::Ref(inner) | ExprKind::Unary(_, inner) => {
            variable(tracer, here(*inner))
        }
        ExprKind::Binary { op: BinOp::Sub | BinOp::Add, left, .. } => variable(tracer, here(*left)),
        _ => None,
    }
}

/// Whether a variable is added to in a loop: `attempt += 1`.
fn counts_up(tracer: &Tracer<'_>, body: BodyId, local: LocalId, block: At) -> bool {
    let adds = |(id, _): &(ExprId, &svclint_facts::rust::Expr)| {
        let at = At { body, expr: *id };
        match tracer.kind(at) {
            ExprKind::Assign { op: Some(BinOp::Add), left, .. } => {
                variable(tracer, At { body, expr: *left }) == Some(local)
                    && tracer.ancestors(at).any(|a| a == block)
            }
            _ => false,
        }
    };
    block.body == body && tracer.body(body).body.iter().any(|e| adds(&e))
}

/// Whether a condition that ends the loop, or the loop's head, has to do with a variable.
fn is_limited(tracer: &Tracer<'_>, at: At, block: At, counter: LocalId) -> bool {
    let here = |expr: ExprId| At { body: at.body, expr };
    if let ExprKind::While { cond, .. } = tracer.kind(at)
        && mentions(tracer, here(*cond), counter)
    {
        return true;
    }
    let decides = |around: At| match tracer.kind(around) {
        ExprKind::If { cond, .. } => mentions(tracer, here(*cond), counter),
        ExprKind::Match { scrutinee, arms } => {
            mentions(tracer, here(*scrutinee), counter)
                || arms.iter().filter_map(|a| a.guard).any(|g| mentions(tracer, here(g), counter))
        }
        _ => false,
    };
    let limits = |exit: At| tracer.ancestors(exit).take_while(|a| *a != block).any(decides);
    exits(tracer, block).into_iter().any(limits)
        // It may be put back to its beginning, or counted by something else.
        || lent(tracer, block, counter)
}

/// Whether a variable is lent to something that may change it.
fn lent(tracer: &Tracer<'_>, block: At, local: LocalId) -> bool {
    let mut found = false;
    visit(tracer, block, &mut |at| {
        if let ExprKind::Ref(inner) = tracer.kind(at) {
            let names = variable(tracer, At { body: at.body, expr: *inner }) == Some(local);
            let is_arg = tracer.parent(at).is_some_and(|p| {
                matches!(tracer.kind(p), ExprKind::Call { .. } | ExprKind::MethodCall { .. })
            });
            found |= names && is_arg;
        }
    });
    found
}

/// Whether a variable has a part in an expression.
fn mentions(tracer: &Tracer<'_>, at: At, local: LocalId) -> bool {
    let mut found = false;
    visit(tracer, at, &mut |a| {
        let is_it =
            matches!(tracer.types_of(a.body).targets.get(&a.expr), Some(Target::Local(l)) if *l == local);
        found |= is_it;
    });
    found
}
