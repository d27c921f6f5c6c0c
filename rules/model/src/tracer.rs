//! Asks what is known of bodies: their expressions, types and links. All of it is reached through the [`Tracer`], which notes
//! what an answer was read from.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use smol_str::SmolStr;
use svclint_facts::rust::ExprKind;
use svclint_knowledge::{Action, Callable, Role};
use svclint_syntax::Span;

pub(crate) use crate::bodies::At;
use crate::bodies::{Bodies, BodyDef, BodyId, BodyOwner};
use crate::defs::{AdtId, ConstId, FnIdx, Home, ModId, Res};
use crate::infer::{BodyTypes, Callee, LocalId, Program, Target};
use crate::links::{Bounded, Links, Origin};
use crate::place::Place;
use crate::reads::{Key, Recorder};
use crate::system::FnId;
use crate::ty::{Env, Ty};

/// The calls that lead from a question into other functions: a parameter is what its call gave.
pub(crate) type Calls = Arc<[(BodyId, At)]>;

/// Walks, and notes what it looks at: bodies and links are reached through it alone.
#[derive(Clone)]
pub(crate) struct Tracer<'a> {
    pub(crate) program: Program<'a>,
    bodies: &'a Bodies,
    types: &'a [BodyTypes],
    links: &'a Links,
    recorder: &'a Recorder,
    /// The packages whose code takes part, where the question is about one program; otherwise all do.
    scope: Option<&'a FxHashSet<usize>>,
    /// The calls through which questions come.
    pub(crate) calls: Calls,
}

impl<'a> Tracer<'a> {
    pub(crate) fn new(
        program: Program<'a>,
        bodies: &'a Bodies,
        types: &'a [BodyTypes],
        links: &'a Links,
        recorder: &'a Recorder,
    ) -> Self {
        Tracer { program, bodies, types, links, recorder, scope: None, calls: Calls::default() }
    }

    pub(crate) fn body(&self, id: BodyId) -> &'a BodyDef {
        self.recorder.body(id);
        self.bodies.get(id)
    }

    /// The module that a body stands in.
    pub(crate) fn module(&self, id: BodyId) -> ModId {
        self.bodies.get(id).home.module
    }

    pub(crate) fn body_of(&self, function: FnIdx) -> Option<BodyId> {
        self.bodies.of_fn.get(&function).copied()
    }

    /// The value of a constant or static.
    pub(crate) fn value_of(&self, constant: ConstId) -> Option<At> {
        let body = *self.bodies.of_const.get(&constant)?;
        Some(At { body, expr: self.body(body).body.root? })
    }

    /// The bodies of some functions.
    pub(crate) fn bodies_of<'s>(&'s self, fns: &'s [FnIdx]) -> impl Iterator<Item = BodyId> + 's {
        fns.iter().filter_map(|f| self.body_of(*f))
    }

    /// Where a part of an item stands.
    pub(crate) fn item_place(&self, home: Home, span: Span) -> Place {
        self.recorder.key(&Key::Chunk(home.file, home.chunk));
        home.place(span)
    }

    pub(crate) fn calls_of(&self, function: FnIdx) -> &'a [At] {
        self.recorder.key(&Key::Calls(function));
        self.links.calls_of(function)
    }

    pub(crate) fn writes(&self, adt: AdtId, field: &SmolStr) -> Option<&'a [At]> {
        self.recorder.key(&Key::Writes(adt, field.clone()));
        self.links.writes(adt, field)
    }

    /// What a function waits for with a limit.
    pub(crate) fn bounded_param(&self, function: FnIdx) -> Option<Bounded> {
        self.recorder.key(&Key::Bounds(function));
        self.links.bound(function)
    }

    /// How a variable gets its values.
    pub(crate) fn origins(&self, body: BodyId, local: LocalId) -> Option<&'a [Origin]> {
        self.recorder.body(body);
        self.links.origins(body, local)
    }

    pub(crate) fn kind(&self, at: At) -> &'a ExprKind {
        &self.body(at.body).body.expr(at.expr).kind
    }

    pub(crate) fn types_of(&self, body: BodyId) -> &'a BodyTypes {
        self.recorder.body(body);
        &self.types[body.at()]
    }

    pub(crate) fn ty(&self, at: At) -> &'a Ty {
        self.types_of(at.body).ty(at.expr)
    }

    /// What a call of a library does.
    pub(crate) fn callable(&self, at: At) -> Option<&'a Callable> {
        match self.types_of(at.body).callees.get(&at.expr) {
            Some(Callee::Lib(_, callable)) => callable.as_deref(),
            // A function as a value: `get_or_init(Client::new)`.
            None => match self.types_of(at.body).targets.get(&at.expr) {
                Some(Target::Res(Res::Lib(path))) if self.is_function_value(at) => {
                    let module = self.module(at.body);
                    self.program.library_function(module, path).map(|c| &**c)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The expressions of a body that name a library's function without calling it.
    pub(crate) fn function_values(&self, body: BodyId) -> Vec<At> {
        let targets = self.types_of(body).targets.iter();
        let named = targets.filter(|(_, t)| matches!(t, Target::Res(Res::Lib(_))));
        let mut found: Vec<At> = named.map(|(expr, _)| At { body, expr: *expr }).collect();
        found.retain(|at| self.is_function_value(*at));
        found.sort_unstable();
        found
    }

    /// Whether an expression names a function without calling it.
    pub(crate) fn is_function_value(&self, at: At) -> bool {
        let called = self
            .parent(at)
            .is_some_and(|p| matches!(self.kind(p), ExprKind::Call { callee, .. } if *callee == at.expr));
        matches!(self.kind(at), ExprKind::Path(_)) && !called
    }

    /// The actions of a call.
    pub(crate) fn actions(&self, at: At) -> &'a [Action] {
        self.callable(at).map_or(&[], |c| c.does.as_slice())
    }

    /// Code for fixes of the library that a call is of.
    pub(crate) fn snippet(&self, call: At, name: &str) -> Option<String> {
        let Some(Callee::Lib(path, _)) = self.types_of(call.body).callees.get(&call.expr) else {
            return None;
        };
        let view = self.program.names.view(self.module(call.body))?;
        view.snippets(path.split("::").next()?).get(name).cloned()
    }

    /// The same tracer for the code of some packages only.
    pub(crate) fn within(&self, scope: &'a FxHashSet<usize>) -> Tracer<'a> {
        Tracer { scope: Some(scope), ..self.clone() }
    }

    /// The same tracer for a question that came through some calls.
    pub(crate) fn through(&self, calls: &Calls) -> Self {
        Tracer { calls: calls.clone(), ..self.clone() }
    }

    /// Whether a body's code takes part.
    pub(crate) fn in_scope(&self, body: BodyId) -> bool {
        let module = self.module(body);
        self.scope.is_none_or(|s| s.contains(&self.program.defs.package_of(module)))
    }

    /// Where clients of a type are completed.
    pub(crate) fn completed(&self, ty: &SmolStr) -> &'a [At] {
        self.recorder.key(&Key::Clients(ty.clone()));
        self.links.clients(ty)
    }

    /// All calls of a body, in order.
    pub(crate) fn calls(&self, body: BodyId) -> impl Iterator<Item = At> + use<'a> {
        let is_call = |kind: &ExprKind| matches!(kind, ExprKind::Call { .. } | ExprKind::MethodCall { .. });
        let all = self.body(body).body.iter().filter(move |(_, e)| is_call(&e.kind));
        all.map(move |(expr, _)| At { body, expr })
    }

    pub(crate) fn place(&self, at: At) -> Place {
        let def = self.body(at.body);
        def.home.place(def.body.expr(at.expr).span)
    }

    /// From the dot of a method call to its closing parenthesis; all of any other expression.
    pub(crate) fn call_place(&self, at: At) -> Place {
        match self.kind(at) {
            ExprKind::MethodCall { call_span, .. } => self.body(at.body).home.place(*call_span),
            _ => self.place(at),
        }
    }

    /// The function that a body belongs to; `None` for a static.
    pub(crate) fn function_of(&self, body: BodyId) -> Option<FnId> {
        match self.bodies.get(body).owner {
            BodyOwner::Fn(f) => Some(FnId(f.0)),
            BodyOwner::Const(_) => None,
        }
    }

    pub(crate) fn arg(&self, at: At, number: u8) -> Option<At> {
        let (ExprKind::Call { args, .. } | ExprKind::MethodCall { args, .. }) = self.kind(at) else {
            return None;
        };
        args.get(number as usize).map(|expr| At { body: at.body, expr: *expr })
    }

    pub(crate) fn receiver(&self, at: At) -> Option<At> {
        match self.kind(at) {
            ExprKind::MethodCall { receiver, .. } => Some(At { body: at.body, expr: *receiver }),
            _ => None,
        }
    }

    pub(crate) fn parent(&self, at: At) -> Option<At> {
        let parent = self.body(at.body).parents.get(at.expr.0 as usize)?;
        parent.map(|expr| At { body: at.body, expr })
    }

    /// What a type is, behind results, options, futures and pointers.
    pub(crate) fn role(&self, body: BodyId, ty: &Ty) -> Option<Role> {
        let view = self.program.names.view(self.module(body))?;
        let bounds;
        let mut ty = ty;
        // `routes: F` is what its bounds say.
        if let Ty::Param(name) = ty {
            let def = self.bodies.get(body);
            let generics = def.generics(self.program.defs);
            let env = Env { module: def.home.module, generics, self_ty: None, block: None };
            bounds = self.program.names.param_bounds(&env, name);
            ty = &bounds;
        }
        for _ in 0..8 {
            // `(client, connection)`
            if let Ty::Tuple(parts) = ty {
                ty = parts.first()?;
                continue;
            }
            let Ty::Lib(path, args) = ty else { return None };
            match view.type_entry(path).and_then(|e| e.is) {
                Some(role) if role != Role::Pointer => return Some(role),
                _ => ty = args.first()?,
            }
        }
        None
    }
}
