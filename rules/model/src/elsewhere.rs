//! Closures that run on another thread than the code around them, or may; futures that become tasks of their own.

use rustc_hash::FxHashSet;
use smol_str::SmolStr;
use svclint_facts::rust::{ExprKind, MacroCall};
use svclint_knowledge::{Action, Effect};

use crate::defs::FnIdx;
use crate::infer::Callee;
use crate::tracer::{At, Tracer};
use crate::ty::{FUTURE, Ty};

/// Through how many functions a closure is followed.
const DEPTH: u32 = 3;

/// Through how many functions a future is followed until it becomes a task.
const LAYERS: u32 = 6;

impl Tracer<'_> {
    /// Whether a call that is given a closure may run it on a thread that may block: a function of the workspace does so,
    /// or nothing is known of what is called. Methods that types of the standard library have too run it where they stand.
    pub(crate) fn may_move(&self, closure: At, call: At) -> bool {
        if !matches!(self.kind(closure), ExprKind::Closure { is_async: false, .. }) {
            return false;
        }
        let is_common = |name: &str| {
            let view = self.program.names.view(self.module(call.body));
            view.is_some_and(|v| v.is_common(name))
        };
        match self.types_of(call.body).callees.get(&call.expr) {
            Some(Callee::Fns(fns)) => self.moves(fns, DEPTH),
            Some(Callee::Lib(_, Some(_)) | Callee::Ctor(_)) => false,
            _ => !matches!(self.kind(call), ExprKind::MethodCall { method, .. } if is_common(method)),
        }
    }

    /// Whether a macro of the workspace may run what it is given on a thread that may block: `db_run! { conn: { .. } }`.
    pub(crate) fn macro_may_move(&self, at: At, call: &MacroCall) -> bool {
        if let Some(Callee::Fns(fns)) = self.types_of(at.body).callees.get(&at.expr) {
            return self.moves(fns, DEPTH);
        }
        let module = self.module(at.body);
        let path = self.program.macro_path(module, &call.path);
        let view = self.program.names.view(module);
        let is_known = |path: &SmolStr| view.is_some_and(|v| v.macro_entry(path).is_some());
        // One that is known by no library's path is the workspace's own.
        let is_own = path.as_ref().is_none_or(|p| p.starts_with("std::")) && call.path.as_name().is_some();
        is_own && !path.as_ref().is_some_and(is_known)
    }

    /// Whether a call of the workspace runs the future that it is given as a task of its own: it cannot wait for it by itself,
    /// gives nothing to wait for, and starts a task.
    pub(crate) fn becomes_task(&self, future: At, call: At) -> bool {
        let Some(Callee::Fns(fns)) = self.types_of(call.body).callees.get(&call.expr) else { return false };
        let waits = |f: &FnIdx| self.program.defs.fns[f.at()].def().is_async;
        let is_future = |ty: &Ty| ty.lib_path().is_some_and(|path| path == FUTURE);
        matches!(self.kind(future), ExprKind::Async(_))
            && !fns.is_empty()
            && !fns.iter().any(waits)
            && !is_future(self.ty(call))
            && self.starts_task(fns)
    }

    /// Whether one of some functions, or of those that they call, starts a task.
    fn starts_task(&self, fns: &[FnIdx]) -> bool {
        let mut asked: FxHashSet<FnIdx> = fns.iter().copied().collect();
        let mut open = fns.to_vec();
        for _ in 0..LAYERS {
            let mut inner = Vec::new();
            for call in self.bodies_of(&open).flat_map(|body| self.calls(body)) {
                if self.actions(call).iter().any(|a| matches!(a, Action::Spawn { .. })) {
                    return true;
                }
                if let Some(Callee::Fns(fns)) = self.types_of(call.body).callees.get(&call.expr) {
                    inner.extend(fns.iter().filter(|f| asked.insert(**f)));
                }
            }
            open = inner;
        }
        false
    }

    /// Whether one of some functions, or of those that they call, hands work to a thread that may block.
    fn moves(&self, fns: &[FnIdx], depth: u32) -> bool {
        let moves_in = |call: At| {
            let by_library = self.actions(call).iter().any(|a| match a {
                Action::Effect(Effect::BlockingPool) => true,
                Action::Spawn { task } => {
                    self.arg(call, *task).is_some_and(|t| !matches!(self.kind(t), ExprKind::Async(_)))
                }
                _ => false,
            });
            let inner = match self.types_of(call.body).callees.get(&call.expr) {
                Some(Callee::Fns(inner)) if depth > 0 => inner.as_slice(),
                _ => &[],
            };
            by_library || !inner.is_empty() && self.moves(inner, depth - 1)
        };
        self.bodies_of(fns).any(|body| self.calls(body).any(moves_in))
    }
}
