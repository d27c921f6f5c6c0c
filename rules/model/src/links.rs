//! What links bodies with each other: calls, writes to fields, and how variables get their values.

use std::hash::Hash;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use svclint_facts::rust::{ExprId, ExprKind, PatId, PatKind, Path, Stmt};
use svclint_knowledge::{Action, Role};

use crate::bodies::{At, Bodies, BodyDef, BodyId, BodyOwner};
use crate::defs::{AdtId, FnIdx, Res};
use crate::infer::{BodyTypes, Callee, LocalId, Program, Target, adt_of};
use crate::names::Ns;
use crate::reads::{Changed, Key};
use crate::ty::Ty;

/// What links bodies with each other.
#[derive(Default)]
pub(crate) struct Links {
    /// What each body adds.
    bodies: Vec<BodyLinks>,
    /// The calls of a function.
    calls: FxHashMap<FnIdx, Vec<At>>,
    /// The values written to a field, by struct literals and assignments.
    writes: FxHashMap<(AdtId, SmolStr), Vec<At>>,
    /// The calls that complete a client, by its type: what a framework hands to handlers is one of these.
    clients: FxHashMap<SmolStr, Vec<At>>,
    /// The functions that wait for one of their parameters with a limit, and which.
    bounds: FxHashMap<FnIdx, Bounded>,
}

/// What one body adds to the links.
#[derive(Default, PartialEq)]
struct BodyLinks {
    calls: Vec<(FnIdx, At)>,
    writes: Vec<((AdtId, SmolStr), At)>,
    clients: Vec<(SmolStr, At)>,
    bound: Option<(FnIdx, Bounded)>,
    /// How each variable gets its value.
    locals: Vec<Vec<Origin>>,
}

/// What a function waits for with a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bounded {
    /// The parameter with a number.
    Param(usize),
    /// What it is called on.
    This,
}

/// How a variable gets a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// From an expression: all of it, or what a pattern takes out of it.
    Expr(At, Vec<Part>),
    /// The parameter with a number.
    Param(usize),
}

/// What a pattern takes out of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Element(usize),
    Field(AdtId, SmolStr),
}

impl Links {
    pub(crate) fn read(program: Program<'_>, bodies: &Bodies, types: &[BodyTypes]) -> Links {
        let read = |number: usize| {
            let id = BodyId(number as u32);
            BodyLinks::read(program, bodies.get(id), id, &types[number])
        };
        let mut links = Links::default();
        let all: Vec<BodyLinks> = (0..bodies.list.len()).into_par_iter().map(read).collect();
        for own in &all {
            own.calls.iter().for_each(|(f, at)| links.calls.entry(*f).or_default().push(*at));
            own.writes
                .iter()
                .for_each(|(field, at)| links.writes.entry(field.clone()).or_default().push(*at));
            own.clients.iter().for_each(|(ty, at)| links.clients.entry(ty.clone()).or_default().push(*at));
            links.bounds.extend(own.bound);
        }
        links.bodies = all;
        links
    }

    /// Reads one body again, and notes what it changes for others.
    pub(crate) fn replace(
        &mut self,
        program: Program<'_>,
        id: BodyId,
        body: &BodyDef,
        types: &BodyTypes,
        changed: &mut Changed,
    ) {
        let new = BodyLinks::read(program, body, id, types);
        let old = std::mem::take(&mut self.bodies[id.at()]);
        exchange(&mut self.calls, id, &old.calls, &new.calls, |f| changed.key(&Key::Calls(*f)));
        exchange(&mut self.writes, id, &old.writes, &new.writes, |(adt, name)| {
            changed.key(&Key::Writes(*adt, name.clone()));
        });
        exchange(&mut self.clients, id, &old.clients, &new.clients, |ty| {
            changed.key(&Key::Clients(ty.clone()))
        });
        if old.bound != new.bound {
            for (function, _) in [old.bound, new.bound].into_iter().flatten() {
                self.bounds.remove(&function);
                changed.key(&Key::Bounds(function));
            }
            self.bounds.extend(new.bound);
        }
        self.bodies[id.at()] = new;
    }

    pub(crate) fn calls_of(&self, function: FnIdx) -> &[At] {
        self.calls.get(&function).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn writes(&self, adt: AdtId, field: &SmolStr) -> Option<&[At]> {
        self.writes.get(&(adt, field.clone())).map(Vec::as_slice)
    }

    pub(crate) fn clients(&self, ty: &SmolStr) -> &[At] {
        self.clients.get(ty).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn bound(&self, function: FnIdx) -> Option<Bounded> {
        self.bounds.get(&function).copied()
    }

    pub(crate) fn origins(&self, body: BodyId, local: LocalId) -> Option<&[Origin]> {
        let all = self.bodies[body.at()].locals.get(local.0 as usize)?;
        if all.is_empty() { None } else { Some(all) }
    }
}

/// Takes a body's old entries out of a list by key and puts the new ones in their place; tells the keys that change.
fn exchange<K: Clone + Eq + Hash>(
    map: &mut FxHashMap<K, Vec<At>>,
    body: BodyId,
    old: &[(K, At)],
    new: &[(K, At)],
    mut tell: impl FnMut(&K),
) {
    if old == new {
        return;
    }
    let keys: FxHashSet<&K> = old.iter().chain(new).map(|(key, _)| key).collect();
    for key in keys {
        let of = |list: &[(K, At)]| -> Vec<At> {
            list.iter().filter(|(k, _)| k == key).map(|(_, at)| *at).collect()
        };
        let (before, after) = (of(old), of(new));
        if before == after {
            continue;
        }
        let all = map.entry(key.clone()).or_default();
        all.retain(|at| at.body != body);
        let at = all.partition_point(|at| at.body < body);
        all.splice(at..at, after);
        tell(key);
    }
}

impl BodyLinks {
    fn read(program: Program<'_>, def: &BodyDef, id: BodyId, types: &BodyTypes) -> BodyLinks {
        let mut own = BodyLinks { locals: vec![Vec::new(); types.locals.len()], ..BodyLinks::default() };
        let mut reader = LinkReader { program, def, body: id, types, links: &mut own };
        if matches!(def.owner, BodyOwner::Fn(_)) {
            for (n, pat) in def.body.params.iter().enumerate() {
                reader.pattern(*pat, &Origin::Param(n), &mut Vec::new());
            }
        }
        for (expr, node) in def.body.iter() {
            reader.expr(expr, &node.kind);
        }
        own.bound = own.bound(def, types);
        own.clients = clients(program, def, id, types);
        own
    }

    /// The parameter that the function waits for with a limit.
    fn bound(&self, def: &BodyDef, types: &BodyTypes) -> Option<(FnIdx, Bounded)> {
        let BodyOwner::Fn(function) = def.owner else { return None };
        let mut calls: Vec<_> = types.callees.iter().collect();
        calls.sort_unstable_by_key(|(id, _)| **id);
        calls.into_iter().rev().find_map(|(id, callee)| {
            let Callee::Lib(_, Some(callable)) = callee else { return None };
            let future = callable.does.as_slice().iter().find_map(|a| match a {
                Action::Bound { future: Some(n), .. } => Some(*n),
                _ => None,
            })?;
            let ExprKind::Call { args, .. } = &def.body.expr(*id).kind else { return None };
            let local = match types.targets.get(args.get(future as usize)?)? {
                Target::Local(local) => local,
                Target::This => return Some((function, Bounded::This)),
                _ => return None,
            };
            match self.locals.get(local.0 as usize).map(Vec::as_slice) {
                Some([Origin::Param(n)]) => Some((function, Bounded::Param(*n))),
                _ => None,
            }
        })
    }
}

/// The calls of a body that complete a client.
fn clients(program: Program<'_>, def: &BodyDef, id: BodyId, types: &BodyTypes) -> Vec<(SmolStr, At)> {
    let mut found = Vec::new();
    let Some(view) = program.names.view(def.home.module) else { return found };
    let role = |path: &str| view.type_entry(path).and_then(|e| e.is);
    let mut calls: Vec<ExprId> = types.callees.keys().copied().collect();
    calls.sort_unstable();
    for call in calls {
        let Some(Callee::Lib(_, callable)) = types.callees.get(&call) else { continue };
        let Some(path) = inner_lib(types.ty(call), &role) else { continue };
        let makes = callable
            .as_ref()
            .is_some_and(|c| c.does.as_slice().iter().any(|a| matches!(a, Action::MakeClient(_))));
        // Some libraries hand their builder around: connections are made from it where they are needed.
        let is_client = match role(&path) {
            Some(Role::Client) => true,
            Some(Role::ClientBuilder) => makes,
            _ => false,
        };
        if !is_client {
            continue;
        }
        let from_builder = match &def.body.expr(call).kind {
            ExprKind::MethodCall { receiver, .. } => {
                inner_lib(types.ty(*receiver), &role).is_some_and(|p| role(&p) == Some(Role::ClientBuilder))
            }
            _ => false,
        };
        if makes || from_builder {
            found.push((path, At { body: id, expr: call }));
        }
    }
    found
}

/// The library type behind results, futures, pointers and what hands state to handlers.
pub(crate) fn inner_lib(ty: &Ty, role: &dyn Fn(&str) -> Option<Role>) -> Option<SmolStr> {
    let mut ty = ty;
    for _ in 0..8 {
        let Ty::Lib(path, args) = ty else { return None };
        match role(path) {
            Some(Role::Pointer | Role::State) | None if !args.is_empty() => ty = args.first()?,
            _ => return Some(path.clone()),
        }
    }
    None
}

struct LinkReader<'a> {
    program: Program<'a>,
    def: &'a BodyDef,
    body: BodyId,
    types: &'a BodyTypes,
    links: &'a mut BodyLinks,
}

impl LinkReader<'_> {
    fn at(&self, expr: ExprId) -> At {
        At { body: self.body, expr }
    }

    fn origin(&mut self, local: LocalId, origin: Origin) {
        self.links.locals[local.0 as usize].push(origin);
    }

    fn expr(&mut self, id: ExprId, kind: &ExprKind) {
        match kind {
            ExprKind::Call { .. } | ExprKind::MethodCall { .. } | ExprKind::Macro(_) => {
                if let Some(Callee::Fns(fns)) = self.types.callees.get(&id) {
                    let at = self.at(id);
                    for function in fns {
                        self.links.calls.push((*function, at));
                    }
                }
                self.ctor(id, kind);
            }
            ExprKind::Struct { fields, .. } => {
                if let Ty::Adt(adt, _) = self.types.ty(id) {
                    for (name, value) in fields {
                        let at = self.at(*value);
                        self.links.writes.push(((*adt, name.clone()), at));
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
            // `text += "more"`: what comes out is neither of the two.
            ExprKind::Assign { op: Some(_), left, .. } => {
                if let Some(Target::Local(local)) = self.types.targets.get(left) {
                    let at = self.at(id);
                    self.origin(*local, Origin::Expr(at, Vec::new()));
                }
            }
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
                self.links.writes.push(((*adt, SmolStr::new(n.to_string())), at));
            }
        }
    }

    fn assign(&mut self, left: ExprId, right: ExprId) {
        let value = self.at(right);
        if let Some(Target::Local(local)) = self.types.targets.get(&left) {
            self.origin(*local, Origin::Expr(value, Vec::new()));
        }
        let body = &self.def.body;
        if let ExprKind::Field { base, name } = &body.expr(left).kind
            && let Some(adt) = owner_of_field(self.program, self.types.ty(*base), name)
        {
            self.links.writes.push(((adt, name.clone()), value));
        }
    }

    fn pattern(&mut self, pat: PatId, origin: &Origin, parts: &mut Vec<Part>) {
        let body = &self.def.body;
        match &body.pat(pat).kind {
            PatKind::Bind { sub, .. } => {
                if let Some(local) = self.types.of_pat.get(&pat) {
                    let origin = match origin {
                        Origin::Expr(at, _) => Origin::Expr(*at, parts.clone()),
                        Origin::Param(n) => Origin::Param(*n),
                    };
                    self.origin(*local, origin);
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
                let Some(adt) = self.struct_of(path) else { return };
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

    /// The struct that a pattern names, perhaps by `Self`.
    fn struct_of(&self, path: &Path) -> Option<AdtId> {
        if path.as_name().is_some_and(|name| name == "Self") {
            let BodyOwner::Fn(function) = self.def.owner else { return None };
            return adt_of(&self.program.impls.self_of(self.program.defs, function)?);
        }
        match self.program.names.written(self.def.home.module, path, Ns::Types) {
            Some((Res::Adt(adt), _)) => Some(adt),
            _ => None,
        }
    }
}

/// The struct that a field belongs to, behind pointers.
pub(crate) fn owner_of_field(program: Program<'_>, base: &Ty, name: &str) -> Option<AdtId> {
    let mut ty = base.clone();
    for _ in 0..8 {
        if let Ty::Adt(id, _) = &ty {
            let fields = program.defs.adts[id.at()].variant(0)?.1;
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
                program.impls.deref(program.defs, &program.names, &crate::impls::Key::Adt(*id), args)?
            }
            _ => return None,
        };
    }
    None
}
