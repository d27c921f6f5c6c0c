//! What links bodies with each other: calls, writes to fields, and how variables get their values.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{ExprId, ExprKind, PatId, PatKind, Stmt};
use svclint_knowledge::{Action, Role};

use crate::bodies::{BodyId, BodyOwner};
use crate::defs::{AdtId, FnIdx, Res};
use crate::infer::{BodyTypes, Callee, LocalId, Program, Target};
use crate::trace::At;
use crate::ty::Ty;

/// What links bodies with each other.
#[derive(Default)]
pub(crate) struct Links {
    /// The calls of a function.
    pub(crate) calls: FxHashMap<FnIdx, Vec<At>>,
    /// The values written to a field, by struct literals and assignments.
    pub(crate) writes: FxHashMap<(AdtId, SmolStr), Vec<At>>,
    /// The calls that complete a client, by its type: what a framework hands to handlers is one of these.
    pub(crate) clients: FxHashMap<SmolStr, Vec<At>>,
    /// The functions that wait for one of their parameters with a limit, and which.
    pub(crate) bounds: FxHashMap<FnIdx, usize>,
    /// How each variable gets its value.
    pub(crate) locals: FxHashMap<(BodyId, LocalId), Vec<Origin>>,
}

/// How a variable gets a value.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// From an expression: all of it, or what a pattern takes out of it.
    Expr(At, Vec<Part>),
    /// The parameter with a number.
    Param(usize),
}

/// What a pattern takes out of a value.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Element(usize),
    Field(AdtId, SmolStr),
}

impl Links {
    pub(crate) fn read(program: Program<'_>, types: &[BodyTypes]) -> Links {
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
        links.bounds = links.bounds(program, types);
        links.clients = clients(program, types);
        links
    }

    fn bounds(&self, program: Program<'_>, types: &[BodyTypes]) -> FxHashMap<FnIdx, usize> {
        let mut found = FxHashMap::default();
        for (number, def) in program.bodies.list.iter().enumerate() {
            let BodyOwner::Fn(function) = def.owner else { continue };
            for (id, callee) in &types[number].callees {
                let Callee::Lib(_, Some(callable)) = callee else { continue };
                let future = callable.does.as_slice().iter().find_map(|a| match a {
                    Action::Bound { future: Some(n), .. } => Some(*n),
                    _ => None,
                });
                let (Some(future), ExprKind::Call { args, .. }) = (future, &def.body.expr(*id).kind) else {
                    continue;
                };
                let arg = args.get(future as usize).and_then(|a| types[number].targets.get(a));
                if let Some(Target::Local(local)) = arg
                    && let Some([Origin::Param(n)]) =
                        self.locals.get(&(BodyId(number as u32), *local)).map(Vec::as_slice)
                {
                    found.insert(function, *n);
                }
            }
        }
        found
    }
}

fn clients(program: Program<'_>, types: &[BodyTypes]) -> FxHashMap<SmolStr, Vec<At>> {
    let mut found: FxHashMap<SmolStr, Vec<At>> = FxHashMap::default();
    for (number, def) in program.bodies.list.iter().enumerate() {
        let Some(view) = program.names.view(def.home.module) else { continue };
        let role = |path: &str| view.type_entry(path).and_then(|e| e.is);
        let mut calls: Vec<ExprId> = types[number].callees.keys().copied().collect();
        calls.sort_unstable();
        for id in calls {
            let Some(Callee::Lib(_, callable)) = types[number].callees.get(&id) else { continue };
            let Some(path) = inner_lib(types[number].ty(id), &role) else { continue };
            if role(&path) != Some(Role::Client) {
                continue;
            }
            let makes = callable
                .as_ref()
                .is_some_and(|c| c.does.as_slice().iter().any(|a| matches!(a, Action::MakeClient(_))));
            let from_builder = match &def.body.expr(id).kind {
                ExprKind::MethodCall { receiver, .. } => inner_lib(types[number].ty(*receiver), &role)
                    .is_some_and(|p| role(&p) == Some(Role::ClientBuilder)),
                _ => false,
            };
            if makes || from_builder {
                found.entry(path).or_default().push(At { body: BodyId(number as u32), expr: id });
            }
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
    body: BodyId,
    types: &'a BodyTypes,
    links: &'a mut Links,
}

impl LinkReader<'_> {
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
        let body = &self.program.bodies.get(self.body).body;
        if let ExprKind::Field { base, name } = &body.expr(left).kind
            && let Some(adt) = owner_of_field(self.program, self.types.ty(*base), name)
        {
            self.links.writes.entry((adt, name.clone())).or_default().push(value);
        }
    }

    fn pattern(&mut self, pat: PatId, origin: &Origin, parts: &mut Vec<Part>) {
        let body = &self.program.bodies.get(self.body).body;
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
                program.impls.deref(program.defs, program.names, &crate::impls::Key::Adt(*id), args)?
            }
            _ => return None,
        };
    }
    None
}
