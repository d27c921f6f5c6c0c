//! Where a value comes from: backwards through chains, variables, parameters, fields and returns.
//!
//! One walk answers for clients, requests and routers alike: it reports the library calls that the value went through and
//! the calls that made it, and says when it lost the trail.

mod lent;
mod parts;

use std::cell::Cell;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use smol_str::SmolStr;
use svclint_facts::rust::{ExprId, ExprKind, Stmt};
use svclint_knowledge::{Action, Callable, Role};

use crate::bodies::{BodyId, BodyOwner};
use crate::defs::{AdtId, FnIdx, Res};
use crate::infer::{Callee, LocalId, Target};
use crate::links::{Origin, inner_lib, owner_of_field};
use crate::tracer::{At, Calls, Tracer};
use crate::ty::Ty;

/// A library call on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) at: At,
    /// Whether it is made whichever way the value took.
    pub(crate) always: bool,
    /// Through which calls the walk came here.
    pub(crate) calls: Calls,
}

/// The way of a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    /// Library calls, the last one first.
    pub(crate) steps: Vec<Step>,
    /// The calls that the walk was looking for.
    pub(crate) sources: Vec<At>,
    /// Where the trail was lost.
    pub(crate) lost: Vec<At>,
}

impl Trace {
    pub(crate) fn is_complete(&self) -> bool {
        self.lost.is_empty() && !self.sources.is_empty()
    }

    fn step(mut self, at: At, walk: &Walk<'_>) -> Trace {
        self.steps.insert(0, Step { at, always: true, calls: walk.calls() });
        self
    }

    fn is_cycle(&self) -> bool {
        self.sources.is_empty() && self.lost.is_empty()
    }

    /// One of several ways. A step is sure only when every way that leads somewhere has it.
    fn either(ways: Vec<Trace>) -> Trace {
        let mut joined = Trace::default();
        let leading = ways.iter().filter(|w| !w.is_cycle()).count();
        let single = leading == 1 && ways.len() == 1;
        // The longest way gives the order; what only others have is put where it stands among the rest.
        let mut by_length: Vec<&Trace> = ways.iter().collect();
        by_length.sort_by_key(|w| std::cmp::Reverse(w.steps.len()));
        for way in by_length {
            let mut next = 0;
            for step in &way.steps {
                let everywhere = ways
                    .iter()
                    .filter(|w| !w.is_cycle())
                    .all(|w| w.steps.iter().any(|s| s.at == step.at && s.always));
                match joined.steps.iter().position(|s| s.at == step.at) {
                    Some(known) => next = known + 1,
                    None => {
                        let always = step.always && (single || everywhere);
                        joined.steps.insert(next, Step { always, ..step.clone() });
                        next += 1;
                    }
                }
            }
            for source in &way.sources {
                if !joined.sources.contains(source) {
                    joined.sources.push(*source);
                }
            }
            joined.lost.extend(&way.lost);
        }
        joined
    }
}

/// How many expressions one question may visit.
const BUDGET: u32 = 4_000;
/// Through how many functions a builder is followed that they are lent.
const HELPERS: u32 = 3;
/// How deep it may go: each level is a stack frame.
const DEPTH: u32 = 160;

struct Walk<'a> {
    /// Whether a call is what the walk looks for.
    wanted: &'a dyn Fn(&Callable) -> bool,
    visited: FxHashSet<At>,
    budget: Cell<u32>,
    /// The calls through which the walk went into functions.
    calls: Vec<(BodyId, At)>,
}

impl Walk<'_> {
    fn calls(&self) -> Calls {
        Arc::from(self.calls.as_slice())
    }
}

impl Tracer<'_> {
    /// Follows a value back to the calls that are `wanted`.
    pub(crate) fn trace(&self, at: At, wanted: &dyn Fn(&Callable) -> bool) -> Trace {
        let budget = Cell::new(BUDGET);
        let calls = self.calls.to_vec();
        let mut walk = Walk { wanted, visited: FxHashSet::default(), budget, calls };
        self.walk(at, &mut walk, 0)
    }

    /// Whether an expression is `None`.
    pub(crate) fn is_none(&self, at: At) -> bool {
        matches!(self.kind(at), ExprKind::Path(path) if path.last() == "None")
    }

    /// What a call gives back with something around it.
    pub(crate) fn wrapped(&self, call: At) -> Option<At> {
        let wraps = |a: &Action| if let Action::Wrap { value } = a { Some(*value) } else { None };
        self.arg(call, self.actions(call).iter().find_map(wraps)?)
    }

    fn lost(at: At) -> Trace {
        Trace { lost: vec![at], ..Trace::default() }
    }

    fn walk(&self, at: At, walk: &mut Walk<'_>, depth: u32) -> Trace {
        walk.budget.set(walk.budget.get().saturating_sub(1));
        if walk.budget.get() == 0 || depth > DEPTH {
            return Self::lost(at);
        }
        if !walk.visited.insert(at) {
            return Trace::default();
        }
        let trace = self.walk_kind(at, walk, depth + 1);
        walk.visited.remove(&at);
        trace
    }

    fn walk_kind(&self, at: At, walk: &mut Walk<'_>, depth: u32) -> Trace {
        let here = |expr: ExprId| At { body: at.body, expr };
        match self.kind(at) {
            ExprKind::MethodCall { receiver, method, args, .. } => {
                match self.types_of(at.body).callees.get(&at.expr) {
                    Some(Callee::Lib(_, Some(callable))) if (walk.wanted)(callable) => {
                        Trace { sources: vec![at], ..Trace::default() }.step(at, walk)
                    }
                    // `lazy.get_or_init(|| value)`, `flag.then(|| value)`
                    Some(Callee::Lib(path, _))
                        if method.starts_with("get_or_")
                            || matches!(path.as_str(), "bool::then" | "bool::then_some") =>
                    {
                        match args.first() {
                            Some(arg) => self.walk(here(*arg), walk, depth),
                            None => Self::lost(at),
                        }
                    }
                    // `option.unwrap_or_else(Client::new)`
                    Some(Callee::Lib(path, _)) if is_option_fallback(path) => {
                        let ways = args.iter().chain([receiver]).map(|e| self.walk(here(*e), walk, depth));
                        Trace::either(ways.collect())
                    }
                    Some(Callee::Lib(..)) => {
                        // `ServiceBuilder::new().layer(..).service(router)` is the router.
                        let inner = self.wrapped(at).unwrap_or(here(*receiver));
                        let mut trace = self.walk(inner, walk, depth);
                        self.configuration(at, args, &mut trace, walk, depth);
                        trace.step(at, walk)
                    }
                    Some(Callee::Fns(fns)) => self.returns(at, fns, walk, depth),
                    _ if is_same_value(method) => self.walk(here(*receiver), walk, depth),
                    _ => Self::lost(at),
                }
            }
            ExprKind::Call { args, .. } => match self.types_of(at.body).callees.get(&at.expr) {
                Some(Callee::Lib(_, Some(callable))) if (walk.wanted)(callable) => {
                    Trace { sources: vec![at], ..Trace::default() }.step(at, walk)
                }
                // `Arc::new(value)`, `Ok(value)`, `LazyLock::new(|| value)`
                Some(Callee::Lib(..)) => {
                    let mut trace = match args.first() {
                        Some(arg) => self.walk(here(*arg), walk, depth),
                        None => Self::lost(at),
                    };
                    self.configuration(at, args.get(1..).unwrap_or_default(), &mut trace, walk, depth);
                    trace.step(at, walk)
                }
                Some(Callee::Fns(fns)) => self.returns(at, fns, walk, depth),
                Some(Callee::Value) => self.tuned(at, walk, depth),
                _ => Self::lost(at),
            },
            ExprKind::Await(inner)
            | ExprKind::Try(inner)
            | ExprKind::Ref(inner)
            | ExprKind::Unary(_, inner)
            | ExprKind::Cast(inner, _)
            | ExprKind::Async(inner)
            | ExprKind::Closure { body: inner, .. } => self.walk(here(*inner), walk, depth),
            ExprKind::Block { tail: Some(tail), .. } => self.walk(here(*tail), walk, depth),
            ExprKind::Block { stmts, tail: None } => match stmts.last() {
                Some(Stmt::Expr(last)) if *self.ty(here(*last)) == Ty::Never => Trace::default(),
                _ => Self::lost(at),
            },
            ExprKind::If { then, otherwise: Some(otherwise), .. } => {
                let ways = [*then, *otherwise].map(|e| self.walk(here(e), walk, depth));
                Trace::either(ways.into())
            }
            ExprKind::Match { arms, .. } => {
                let leading = arms.iter().filter(|a| *self.ty(here(a.body)) != Ty::Never);
                Trace::either(leading.map(|a| self.walk(here(a.body), walk, depth)).collect())
            }
            ExprKind::Return(Some(value)) => self.walk(here(*value), walk, depth),
            ExprKind::Macro(_) => match self.types_of(at.body).callees.get(&at.expr) {
                Some(Callee::Fns(fns)) => self.returns(at, fns, walk, depth),
                _ => Self::lost(at),
            },
            ExprKind::Path(_) => self.walk_path(at, walk, depth),
            ExprKind::Field { base, name } => self.walk_field(at, here(*base), name, walk, depth),
            _ => Self::lost(at),
        }
    }

    /// `Manager::new_with_config(client, config)`: the configuration belongs to what is made too.
    fn configuration(&self, at: At, args: &[ExprId], trace: &mut Trace, walk: &mut Walk<'_>, depth: u32) {
        for config in args.iter().map(|a| At { body: at.body, expr: *a }) {
            if self.role(at.body, self.ty(config)) == Some(Role::ClientBuilder) {
                let more = self.walk(config, walk, depth);
                trace.steps.splice(0..0, more.steps);
            }
        }
    }

    fn walk_path(&self, at: At, walk: &mut Walk<'_>, depth: u32) -> Trace {
        match self.types_of(at.body).targets.get(&at.expr) {
            Some(Target::Local(local)) => self.walk_local(at, *local, walk, depth),
            Some(Target::Res(Res::Const(id))) => match self.value_of(*id) {
                Some(value) => self.walk(value, walk, depth),
                None => Self::lost(at),
            },
            Some(Target::Res(Res::Fn(f))) => self.returns(at, &[*f], walk, depth),
            // No value comes from here.
            Some(Target::Res(Res::Lib(path))) if path == "std::option::Option::None" => Trace::default(),
            // `get_or_init(Client::new)`: the constructor as a value.
            Some(Target::Res(Res::Lib(path))) => {
                let module = self.module(at.body);
                match self.program.library_function(module, path) {
                    Some(callable) if (walk.wanted)(callable) => {
                        Trace { sources: vec![at], ..Trace::default() }.step(at, walk)
                    }
                    _ => Self::lost(at),
                }
            }
            Some(Target::This) => self.walk_this(at, walk, depth),
            _ => Self::lost(at),
        }
    }

    /// `self`: what the call through which the walk came was made on, or else what any call was made on.
    fn walk_this(&self, at: At, walk: &mut Walk<'_>, depth: u32) -> Trace {
        let on = |call: At| match self.kind(call) {
            ExprKind::MethodCall { receiver, .. } => Some(At { body: call.body, expr: *receiver }),
            ExprKind::Call { args, .. } => args.first().map(|a| At { body: call.body, expr: *a }),
            _ => None,
        };
        if let Some(number) = walk.calls.iter().rposition(|(body, _)| *body == at.body) {
            let above = walk.calls.split_off(number);
            let this = above.first().and_then(|(_, call)| on(*call));
            let trace = this.map_or_else(|| Self::lost(at), |this| self.walk(this, walk, depth));
            walk.calls.extend(above);
            return trace;
        }
        let BodyOwner::Fn(function) = self.body(at.body).owner else { return Self::lost(at) };
        let calls = self.calls_of(function);
        let ways: Vec<Trace> = calls
            .iter()
            .filter(|c| self.in_scope(c.body))
            .filter_map(|c| on(*c))
            .map(|this| self.walk(this, walk, depth))
            .collect();
        if ways.is_empty() { Self::lost(at) } else { Trace::either(ways) }
    }

    fn walk_local(&self, at: At, local: LocalId, walk: &mut Walk<'_>, depth: u32) -> Trace {
        let Some(origins) = self.origins(at.body, local) else { return Self::lost(at) };
        let ways = self.reaching(at, origins).into_iter().map(|origin| match origin {
            Origin::Expr(value, parts) => self.walk_part(*value, parts, walk, depth),
            Origin::Param(number) => self.walk_param(at, *number, walk, depth),
        });
        let mut trace = Trace::either(ways.collect());
        // `config.set("a", "b");` as a statement of its own.
        for call in self.changes(at, local) {
            let always = self.dominates(call, at);
            trace.steps.insert(0, Step { at: call, always, calls: walk.calls() });
            self.helped(call, always, &mut trace, walk, HELPERS);
        }
        trace
    }

    /// The value of a variable that is given one only once, whole.
    pub(crate) fn single_origin(&self, at: At) -> Option<At> {
        let Some(Target::Local(local)) = self.types_of(at.body).targets.get(&at.expr) else { return None };
        match self.origins(at.body, *local)? {
            [Origin::Expr(value, parts)] if parts.is_empty() => Some(*value),
            _ => None,
        }
    }

    /// What all callers give for a variable that is a parameter.
    pub(crate) fn given_by_all(&self, at: At) -> Vec<At> {
        let Some(Target::Local(local)) = self.types_of(at.body).targets.get(&at.expr) else {
            return Vec::new();
        };
        let (Some([Origin::Param(number)]), BodyOwner::Fn(function)) =
            (self.origins(at.body, *local), self.body(at.body).owner)
        else {
            return Vec::new();
        };
        let calls = self.calls_of(function).iter().filter(|call| self.in_scope(call.body));
        calls.filter_map(|call| self.argument(*call, function, *number)).collect()
    }

    /// What callers give for a parameter.
    fn walk_param(&self, at: At, number: usize, walk: &mut Walk<'_>, depth: u32) -> Trace {
        let BodyOwner::Fn(function) = self.body(at.body).owner else { return Self::lost(at) };
        // Through which call the walk came here is known: only that one gave the parameter.
        if let Some(depth_of_call) = walk.calls.iter().rposition(|(body, _)| *body == at.body) {
            let above = walk.calls.split_off(depth_of_call);
            let call = above.first().map_or(at, |(_, call)| *call);
            let trace = match self.argument(call, function, number) {
                Some(arg) => self.walk(arg, walk, depth),
                None => Self::lost(at),
            };
            walk.calls.extend(above);
            return trace;
        }
        let calls = self.calls_of(function);
        let calls: Vec<At> = calls.iter().filter(|c| self.in_scope(c.body)).copied().collect();
        if calls.is_empty() {
            return self.walk_state(at, walk, depth);
        }
        let ways = calls.into_iter().map(|call| match self.argument(call, function, number) {
            Some(arg) => self.walk(arg, walk, depth),
            None => Self::lost(at),
        });
        Trace::either(ways.collect())
    }

    /// What a variable is that is a parameter: the value that the call gave through which the question came, or the only
    /// call's; with the tracer to go on with.
    pub(crate) fn given(&self, at: At) -> Option<(At, Self)> {
        let Some(Target::Local(local)) = self.types_of(at.body).targets.get(&at.expr) else { return None };
        let [Origin::Param(number)] = self.origins(at.body, *local)? else {
            return None;
        };
        let BodyOwner::Fn(function) = self.body(at.body).owner else { return None };
        let through = self.calls.iter().rposition(|(body, _)| *body == at.body);
        let (call, above) = match through.and_then(|n| Some((self.calls.get(n)?.1, self.calls.get(..n)?))) {
            Some((call, above)) => (call, Arc::from(above)),
            None => {
                let mut calls = self.calls_of(function).iter().filter(|c| self.in_scope(c.body));
                let only = calls.next().filter(|_| calls.next().is_none())?;
                (*only, Calls::default())
            }
        };
        let arg = self.argument(call, function, *number)?;
        Some((arg, self.through(&above)))
    }

    /// A client that a framework hands to a function that nothing calls: one of those that are made.
    fn walk_state(&self, at: At, walk: &mut Walk<'_>, depth: u32) -> Trace {
        let module = self.module(at.body);
        let Some(view) = self.program.names.view(module) else { return Self::lost(at) };
        let role = |path: &str| view.type_entry(path).and_then(|e| e.is);
        let Some(path) = inner_lib(self.ty(at), &role) else { return Self::lost(at) };
        let parts = self.program.impls.state_parts(&path);
        if !parts.is_empty() {
            return self.walk_parts(at, parts, walk, depth);
        }
        let made = self.completed(&path);
        let near = self.program.names.packages.needed_by(self.program.defs.package_of(module));
        let is_near = |made: &&At| {
            let package = self.program.defs.package_of(self.module(made.body));
            near.contains(&package) && self.in_scope(made.body)
        };
        let calls = std::mem::take(&mut walk.calls);
        let mut near: Vec<&At> = made.iter().filter(is_near).collect();
        if near.len() > 1 {
            near.retain(|made| self.is_handed_over(**made));
        }
        let mut ways: Vec<Trace> = near.iter().map(|made| self.walk(**made, walk, depth)).collect();
        walk.calls = calls;
        // Which one of several is handed over is not known.
        if ways.len() != 1 {
            ways.push(Self::lost(at));
        }
        Trace::either(ways)
    }

    /// What a call gives for a parameter of a function.
    pub(crate) fn argument(&self, call: At, function: FnIdx, number: usize) -> Option<At> {
        let has_receiver = self.program.defs.fns[function.at()].def().receiver.is_some();
        let arg = match self.kind(call) {
            ExprKind::MethodCall { args, .. } => args.get(number),
            ExprKind::Call { args, .. } => args.get(number + usize::from(has_receiver)),
            ExprKind::Macro(call) => call.args.get(number),
            _ => None,
        };
        arg.map(|arg| At { body: call.body, expr: *arg })
    }

    fn walk_field(&self, at: At, base: At, name: &SmolStr, walk: &mut Walk<'_>, depth: u32) -> Trace {
        match owner_of_field(self.program, self.ty(base), name) {
            Some(adt) => self.walk_writes(at, adt, name, walk, depth),
            // `extractor.0`
            None if matches!(self.ty(base), Ty::Lib(..)) => self.walk(base, walk, depth),
            None => Self::lost(at),
        }
    }

    fn walk_writes(&self, at: At, adt: AdtId, name: &SmolStr, walk: &mut Walk<'_>, depth: u32) -> Trace {
        match self.writes(adt, name) {
            Some(writes) => {
                // What was given to a field was given in some other call.
                let calls = std::mem::take(&mut walk.calls);
                let writes = writes.iter().filter(|w| self.in_scope(w.body));
                let ways = writes.map(|value| self.walk(*value, walk, depth)).collect::<Vec<_>>();
                walk.calls = calls;
                if ways.is_empty() { Self::lost(at) } else { Trace::either(ways) }
            }
            None => Self::lost(at),
        }
    }

    /// What functions return.
    fn returns(&self, at: At, fns: &[FnIdx], walk: &mut Walk<'_>, depth: u32) -> Trace {
        let bodies = self.bodies_of(fns).filter(|b| self.in_scope(*b));
        let values: Vec<At> = bodies.flat_map(|body| self.returned(body)).collect();
        let ways: Vec<Trace> = values
            .into_iter()
            .map(|value| {
                walk.calls.push((value.body, at));
                let way = self.walk(value, walk, depth);
                walk.calls.pop();
                way
            })
            .collect();
        if ways.is_empty() { Self::lost(at) } else { Trace::either(ways) }
    }
}

/// Calls that give what is in an option, or else another value.
fn is_option_fallback(path: &str) -> bool {
    let name = path.strip_prefix("std::option::Option::");
    name.is_some_and(|n| {
        matches!(n, "unwrap_or" | "unwrap_or_else" | "or" | "or_else" | "get_or_insert_with")
    })
}

/// Methods that give the same value again, whatever the type.
fn is_same_value(method: &str) -> bool {
    matches!(
        method,
        "clone"
            | "to_owned"
            | "as_ref"
            | "as_mut"
            | "borrow"
            | "borrow_mut"
            | "by_ref"
            | "into"
            | "into_inner"
            | "unwrap"
            | "expect"
            | "context"
            | "with_context"
            | "wrap_err"
            | "map_err"
    )
}
