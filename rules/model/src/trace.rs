//! Where a value comes from: backwards through chains, variables, parameters, fields and returns.
//!
//! One walk answers for clients, requests and routers alike: it reports the library calls that the value went through and
//! the calls that made it, and says when it lost the trail.

use std::cell::Cell;

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use svclint_facts::rust::{ExprId, ExprKind, PatId, PatKind, Stmt};
use svclint_knowledge::{Action, Callable};

use crate::bodies::{BodyId, BodyOwner};
use crate::defs::{AdtId, FnIdx, Res};
use crate::infer::{BodyTypes, Callee, LocalId, Program, Target};
use crate::ty::Ty;

/// An expression of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) body: BodyId,
    pub(crate) expr: ExprId,
}

/// A library call on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) at: At,
    /// Whether it is made whichever way the value took.
    pub(crate) always: bool,
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

    fn step(mut self, at: At) -> Trace {
        self.steps.insert(0, Step { at, always: true });
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
        for way in &ways {
            for step in &way.steps {
                let everywhere = ways
                    .iter()
                    .filter(|w| !w.is_cycle())
                    .all(|w| w.steps.iter().any(|s| s.at == step.at && s.always));
                if !joined.steps.iter().any(|s| s.at == step.at) {
                    joined.steps.push(Step { at: step.at, always: step.always && (single || everywhere) });
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

/// What links bodies with each other.
#[derive(Default)]
pub(crate) struct Links {
    /// The calls of a function.
    pub(crate) calls: FxHashMap<FnIdx, Vec<At>>,
    /// The values written to a field, by struct literals and assignments.
    pub(crate) writes: FxHashMap<(AdtId, SmolStr), Vec<At>>,
    /// How each variable gets its value.
    locals: FxHashMap<(BodyId, LocalId), Vec<Origin>>,
}

/// How a variable gets a value.
#[derive(Clone, Debug)]
enum Origin {
    /// From an expression: all of it, or what a pattern takes out of it.
    Expr(At, Vec<Part>),
    /// The parameter with a number.
    Param(usize),
}

/// What a pattern takes out of a value.
#[derive(Clone, Debug)]
enum Part {
    Element(usize),
    Field(AdtId, SmolStr),
}

impl Links {
    pub(crate) fn read(program: Program<'_, '_, '_>, types: &[BodyTypes<'_>]) -> Links {
        let mut links = Links::default();
        for (number, def) in program.bodies.list.iter().enumerate() {
            let mut reader =
                LinkReader { program, body: BodyId(number as u32), types: &types[number], links: &mut links };
            if matches!(def.owner, BodyOwner::Fn(_)) {
                for (n, pat) in def.body.params.iter().enumerate() {
                    reader.pattern(*pat, &Origin::Param(n), &mut Vec::new());
                }
            }
            for (id, expr) in def.body.iter() {
                reader.expr(id, &expr.kind);
            }
        }
        links
    }
}

struct LinkReader<'a, 'f, 'k> {
    program: Program<'a, 'f, 'k>,
    body: BodyId,
    types: &'a BodyTypes<'k>,
    links: &'a mut Links,
}

impl LinkReader<'_, '_, '_> {
    fn at(&self, expr: ExprId) -> At {
        At { body: self.body, expr }
    }

    fn expr(&mut self, id: ExprId, kind: &ExprKind) {
        match kind {
            ExprKind::Call { .. } | ExprKind::MethodCall { .. } => {
                if let Some(Callee::Fns(fns)) = self.types.callees.get(&id) {
                    let at = self.at(id);
                    for function in fns {
                        self.links.calls.entry(*function).or_default().push(at);
                    }
                }
                self.ctor(id, kind);
            }
            ExprKind::Struct { fields, .. } => {
                if let Ty::Adt(adt, _) = self.types.ty(id) {
                    for (name, value) in fields {
                        let at = self.at(*value);
                        self.links.writes.entry((*adt, name.clone())).or_default().push(at);
                    }
                }
            }
            ExprKind::Block { stmts, .. } => {
                for stmt in stmts {
                    if let Stmt::Let { pat, init: Some(init), .. } = stmt {
                        self.pattern(*pat, &Origin::Expr(self.at(*init), Vec::new()), &mut Vec::new());
                    }
                }
            }
            ExprKind::Let { pat, value } => {
                self.pattern(*pat, &Origin::Expr(self.at(*value), Vec::new()), &mut Vec::new())
            }
            ExprKind::Match { scrutinee, arms } => {
                for arm in arms {
                    self.pattern(arm.pat, &Origin::Expr(self.at(*scrutinee), Vec::new()), &mut Vec::new());
                }
            }
            ExprKind::Assign { op: None, left, right } => self.assign(*left, *right),
            _ => {}
        }
    }

    /// `Wrapper(value)` writes the field `0`.
    fn ctor(&mut self, id: ExprId, kind: &ExprKind) {
        if let (Some(Callee::Ctor(Res::Adt(adt) | Res::Variant(adt, 0))), ExprKind::Call { args, .. }) =
            (self.types.callees.get(&id), kind)
        {
            for (n, arg) in args.iter().enumerate() {
                let at = self.at(*arg);
                self.links.writes.entry((*adt, SmolStr::new(n.to_string()))).or_default().push(at);
            }
        }
    }

    fn assign(&mut self, left: ExprId, right: ExprId) {
        let value = self.at(right);
        if let Some(Target::Local(local)) = self.types.targets.get(&left) {
            self.links.locals.entry((self.body, *local)).or_default().push(Origin::Expr(value, Vec::new()));
        }
        let body = self.program.bodies.get(self.body).body;
        if let ExprKind::Field { base, name } = &body.expr(left).kind
            && let Some(adt) = owner_of_field(self.program, self.types.ty(*base), name)
        {
            self.links.writes.entry((adt, name.clone())).or_default().push(value);
        }
    }

    fn pattern(&mut self, pat: PatId, origin: &Origin, parts: &mut Vec<Part>) {
        let body = self.program.bodies.get(self.body).body;
        match &body.pat(pat).kind {
            PatKind::Bind { sub, .. } => {
                if let Some(local) = self.types.of_pat.get(&pat) {
                    let origin = match origin {
                        Origin::Expr(at, _) => Origin::Expr(*at, parts.clone()),
                        Origin::Param(n) => Origin::Param(*n),
                    };
                    self.links.locals.entry((self.body, *local)).or_default().push(origin);
                }
                if let Some(sub) = sub {
                    self.pattern(*sub, origin, parts);
                }
            }
            // A wrapper or extractor is seen through.
            PatKind::TupleStruct(_, subs) if subs.len() == 1 => self.pattern(subs[0], origin, parts),
            PatKind::Ref(sub) => self.pattern(*sub, origin, parts),
            PatKind::Tuple(subs) => {
                for (n, sub) in subs.iter().enumerate() {
                    parts.push(Part::Element(n));
                    self.pattern(*sub, origin, parts);
                    parts.pop();
                }
            }
            PatKind::Struct(path, fields) => {
                let home = self.program.bodies.get(self.body).home;
                let adt = match self.program.names.written(home.module, path, crate::names::Ns::Types) {
                    Some((Res::Adt(adt), _)) => adt,
                    _ => return,
                };
                for (name, sub) in fields {
                    parts.push(Part::Field(adt, name.clone()));
                    self.pattern(*sub, origin, parts);
                    parts.pop();
                }
            }
            PatKind::Or(cases) => cases.iter().for_each(|case| self.pattern(*case, origin, parts)),
            _ => {}
        }
    }
}

/// The struct that a field belongs to, behind pointers.
pub(crate) fn owner_of_field(program: Program<'_, '_, '_>, base: &Ty, name: &str) -> Option<AdtId> {
    let mut ty = base.clone();
    for _ in 0..8 {
        if let Ty::Adt(id, _) = &ty {
            let fields = program.defs.adts[id.at()].variants.first()?.1;
            let has = match fields {
                svclint_facts::rust::Fields::Named(all) | svclint_facts::rust::Fields::Tuple(all) => {
                    all.iter().any(|f| f.name == name)
                }
                svclint_facts::rust::Fields::Unit => false,
            };
            if has {
                return Some(*id);
            }
        }
        ty = match &ty {
            Ty::Lib(_, args) => args.first()?.clone(),
            Ty::Adt(id, args) => {
                program.impls.deref(program.defs, program.names, &crate::impls::Key::Adt(*id), args)?
            }
            _ => return None,
        };
    }
    None
}

/// How many expressions one question may visit.
const BUDGET: u32 = 4_000;
/// How deep it may go: each level is a stack frame.
const DEPTH: u32 = 160;

/// Walks.
#[derive(Clone, Copy)]
pub(crate) struct Tracer<'a, 'f, 'k> {
    pub(crate) program: Program<'a, 'f, 'k>,
    pub(crate) types: &'a [BodyTypes<'k>],
    pub(crate) links: &'a Links,
}

struct Walk<'a> {
    /// Whether a call is what the walk looks for.
    wanted: &'a dyn Fn(&Callable) -> bool,
    visited: FxHashSet<At>,
    budget: Cell<u32>,
}

impl<'f, 'k> Tracer<'_, 'f, 'k> {
    pub(crate) fn kind(&self, at: At) -> &'f ExprKind {
        let body: &'f svclint_facts::rust::Body = self.program.bodies.get(at.body).body;
        &body.expr(at.expr).kind
    }

    pub(crate) fn types_of(&self, body: BodyId) -> &BodyTypes<'k> {
        &self.types[body.at()]
    }

    pub(crate) fn ty(&self, at: At) -> &Ty {
        self.types_of(at.body).ty(at.expr)
    }

    /// What a call of a library does.
    pub(crate) fn callable(&self, at: At) -> Option<&'k Callable> {
        match self.types_of(at.body).callees.get(&at.expr) {
            Some(Callee::Lib(_, callable)) => *callable,
            _ => None,
        }
    }

    /// The actions of a call.
    pub(crate) fn actions(&self, at: At) -> &'k [Action] {
        self.callable(at).map_or(&[], |c| c.does.as_slice())
    }

    /// Follows a value back to the calls that are `wanted`.
    pub(crate) fn trace(&self, at: At, wanted: &dyn Fn(&Callable) -> bool) -> Trace {
        let mut walk = Walk { wanted, visited: FxHashSet::default(), budget: Cell::new(BUDGET) };
        self.walk(at, &mut walk, 0)
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
                        Trace { sources: vec![at], ..Trace::default() }.step(at)
                    }
                    // `lazy.get_or_init(|| value)`
                    Some(Callee::Lib(..)) if method.starts_with("get_or_") => match args.first() {
                        Some(arg) => self.walk(here(*arg), walk, depth),
                        None => Self::lost(at),
                    },
                    Some(Callee::Lib(..)) => self.walk(here(*receiver), walk, depth).step(at),
                    Some(Callee::Fns(fns)) => self.returns(at, fns, walk, depth),
                    _ if is_same_value(method) => self.walk(here(*receiver), walk, depth),
                    _ => Self::lost(at),
                }
            }
            ExprKind::Call { args, .. } => match self.types_of(at.body).callees.get(&at.expr) {
                Some(Callee::Lib(_, Some(callable))) if (walk.wanted)(callable) => {
                    Trace { sources: vec![at], ..Trace::default() }.step(at)
                }
                // `Arc::new(value)`, `Ok(value)`, `LazyLock::new(|| value)`
                Some(Callee::Lib(..)) => match args.first() {
                    Some(arg) => self.walk(here(*arg), walk, depth).step(at),
                    None => Self::lost(at).step(at),
                },
                Some(Callee::Fns(fns)) => self.returns(at, fns, walk, depth),
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
            ExprKind::Path(_) => self.walk_path(at, walk, depth),
            ExprKind::Field { base, name } => self.walk_field(at, here(*base), name, walk, depth),
            _ => Self::lost(at),
        }
    }

    fn walk_path(&self, at: At, walk: &mut Walk<'_>, depth: u32) -> Trace {
        match self.types_of(at.body).targets.get(&at.expr) {
            Some(Target::Local(local)) => self.walk_local(at, *local, walk, depth),
            Some(Target::Res(Res::Const(id))) => match self.program.bodies.of_const.get(id) {
                Some(body) => match self.program.bodies.get(*body).body.root {
                    Some(expr) => self.walk(At { body: *body, expr }, walk, depth),
                    None => Self::lost(at),
                },
                None => Self::lost(at),
            },
            Some(Target::Res(Res::Fn(f))) => self.returns(at, &[*f], walk, depth),
            _ => Self::lost(at),
        }
    }

    fn walk_local(&self, at: At, local: LocalId, walk: &mut Walk<'_>, depth: u32) -> Trace {
        let Some(origins) = self.links.locals.get(&(at.body, local)) else { return Self::lost(at) };
        let ways = origins.iter().map(|origin| match origin {
            Origin::Expr(value, parts) => self.walk_part(*value, parts, walk, depth),
            Origin::Param(number) => self.walk_param(at, *number, walk, depth),
        });
        Trace::either(ways.collect())
    }

    /// What a pattern takes out of a value.
    fn walk_part(&self, at: At, parts: &[Part], walk: &mut Walk<'_>, depth: u32) -> Trace {
        match parts {
            [] => self.walk(at, walk, depth),
            [.., Part::Field(adt, name)] => self.walk_writes(at, *adt, name, walk, depth),
            [Part::Element(n), rest @ ..] => match self.element(at, *n, 0) {
                Some(element) => self.walk_part(element, rest, walk, depth),
                None => Self::lost(at),
            },
            [Part::Field(..), ..] => Self::lost(at),
        }
    }

    /// An element of a tuple that is written out, here or in the function that returns it.
    fn element(&self, at: At, number: usize, depth: u32) -> Option<At> {
        let here = |expr: ExprId| At { body: at.body, expr };
        match self.kind(at) {
            ExprKind::Tuple(all) => all.get(number).map(|e| here(*e)),
            ExprKind::Try(e) | ExprKind::Await(e) | ExprKind::Ref(e) if depth < 16 => {
                self.element(here(*e), number, depth + 1)
            }
            ExprKind::Block { tail: Some(e), .. } if depth < 16 => self.element(here(*e), number, depth + 1),
            ExprKind::Call { args, .. } if depth < 16 => {
                match self.types_of(at.body).callees.get(&at.expr)? {
                    Callee::Lib(..) => self.element(here(*args.first()?), number, depth + 1),
                    Callee::Fns(fns) => {
                        let body = self.program.bodies.of_fn.get(fns.first()?)?;
                        let expr = self.program.bodies.get(*body).body.root?;
                        self.element(At { body: *body, expr }, number, depth + 1)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The value of a variable that is given one only once, whole.
    pub(crate) fn single_origin(&self, at: At) -> Option<At> {
        let Some(Target::Local(local)) = self.types_of(at.body).targets.get(&at.expr) else { return None };
        match self.links.locals.get(&(at.body, *local))?.as_slice() {
            [Origin::Expr(value, parts)] if parts.is_empty() => Some(*value),
            _ => None,
        }
    }

    /// What callers give for a parameter.
    fn walk_param(&self, at: At, number: usize, walk: &mut Walk<'_>, depth: u32) -> Trace {
        let BodyOwner::Fn(function) = self.program.bodies.get(at.body).owner else { return Self::lost(at) };
        let Some(calls) = self.links.calls.get(&function).filter(|c| !c.is_empty()) else {
            return Self::lost(at);
        };
        let has_receiver = self.program.defs.fns[function.at()].def.receiver.is_some();
        let ways = calls.iter().map(|call| {
            let arg = match self.kind(*call) {
                ExprKind::MethodCall { args, .. } => args.get(number),
                ExprKind::Call { args, .. } => args.get(number + usize::from(has_receiver)),
                _ => None,
            };
            arg.map_or_else(
                || Self::lost(at),
                |arg| self.walk(At { body: call.body, expr: *arg }, walk, depth),
            )
        });
        Trace::either(ways.collect())
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
        match self.links.writes.get(&(adt, name.clone())) {
            Some(writes) => {
                Trace::either(writes.iter().map(|value| self.walk(*value, walk, depth)).collect())
            }
            None => Self::lost(at),
        }
    }

    /// What functions return.
    fn returns(&self, at: At, fns: &[FnIdx], walk: &mut Walk<'_>, depth: u32) -> Trace {
        let bodies = fns.iter().filter_map(|f| self.program.bodies.of_fn.get(f));
        let ways: Vec<Trace> =
            bodies.flat_map(|body| self.returned(*body)).map(|value| self.walk(value, walk, depth)).collect();
        if ways.is_empty() { Self::lost(at) } else { Trace::either(ways) }
    }

    /// The values that a body returns.
    pub(crate) fn returned(&self, body: BodyId) -> Vec<At> {
        let def = self.program.bodies.get(body);
        let mut values = Vec::new();
        if let Some(root) = def.body.root {
            match &def.body.expr(root).kind {
                ExprKind::Block { tail, .. } => values.extend(*tail),
                _ => values.push(root),
            }
        }
        let returns = def.body.iter().filter(|(id, _)| !in_closure(&def.parents, def.body, *id));
        values.extend(
            returns.filter_map(|(_, e)| if let ExprKind::Return(value) = &e.kind { *value } else { None }),
        );
        values.retain(|v| !is_error(def.body, *v));
        values.into_iter().map(|expr| At { body, expr }).collect()
    }

    /// The method calls that begin at a variable: `cfg.route(..).service(..)`, as statements too.
    pub(crate) fn calls_on(&self, body: BodyId, local: LocalId) -> Vec<At> {
        let types = self.types_of(body);
        let all = self.program.bodies.get(body).body.iter();
        let calls = all.filter(|(id, e)| {
            matches!(e.kind, ExprKind::MethodCall { .. }) && types.callees.contains_key(id)
        });
        calls.map(|(expr, _)| At { body, expr }).filter(|at| self.root_local(*at) == Some(local)).collect()
    }

    /// The variable at the beginning of a method chain.
    fn root_local(&self, at: At) -> Option<LocalId> {
        let mut expr = at.expr;
        loop {
            match self.kind(At { body: at.body, expr }) {
                ExprKind::MethodCall { receiver, .. } => expr = *receiver,
                ExprKind::Ref(inner) | ExprKind::Unary(_, inner) => expr = *inner,
                ExprKind::Path(_) => {
                    return match self.types_of(at.body).targets.get(&expr) {
                        Some(Target::Local(local)) => Some(*local),
                        _ => None,
                    };
                }
                _ => return None,
            }
        }
    }
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
    )
}

fn in_closure(parents: &[Option<ExprId>], body: &svclint_facts::rust::Body, id: ExprId) -> bool {
    let mut current = parents[id.0 as usize];
    while let Some(parent) = current {
        if matches!(body.expr(parent).kind, ExprKind::Closure { .. } | ExprKind::Async(_)) {
            return true;
        }
        current = parents[parent.0 as usize];
    }
    false
}

/// `Err(..)` and `None` carry no value worth following.
fn is_error(body: &svclint_facts::rust::Body, id: ExprId) -> bool {
    let callee = match &body.expr(id).kind {
        ExprKind::Call { callee, .. } => *callee,
        ExprKind::Path(_) => id,
        _ => return false,
    };
    matches!(&body.expr(callee).kind, ExprKind::Path(p) if matches!(p.last(), "Err" | "None"))
}
