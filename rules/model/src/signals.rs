//! Which signals of the system end a server: what the future waits for that is handed to it, followed through variables,
//! parameters and helpers; where it waits for another task of the program, what the program waits for.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use svclint_facts::rust::ExprKind;
use svclint_knowledge::Signal;

use crate::bodies::BodyOwner;
use crate::defs::Res;
use crate::infer::{Callee, Target};
use crate::links::Origin;
use crate::place::{Place, Tri};
use crate::services::reached;
use crate::system::{FnId, Function, Listener, What};
use crate::tracer::{At, Tracer};

/// A signal that ends a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopSignal {
    /// Which.
    pub signal: Signal,
    /// Where it is waited for, or named.
    pub at: Place,
}

/// The signals that a call names, with those that features of its package add.
pub(crate) fn named(
    tracer: &Tracer<'_>,
    at: At,
    which: &[Signal],
    features: &BTreeMap<String, Vec<Signal>>,
) -> Vec<Signal> {
    let library = match tracer.types_of(at.body).callees.get(&at.expr) {
        Some(Callee::Lib(path, _)) => path.split("::").next().unwrap_or(""),
        _ => "",
    };
    let packages = tracer.program.names.packages;
    let more = features.iter().filter(|(name, _)| packages.uses_feature(library, name));
    which.iter().chain(more.flat_map(|(_, signals)| signals)).copied().collect()
}

/// Whether an expression may wait for signals in a way that knowledge does not tell: it says so by its name.
pub(crate) fn may_catch(tracer: &Tracer<'_>, at: At) -> bool {
    let types = tracer.types_of(at.body);
    let says = |name: &str| {
        let name = name.to_lowercase();
        ["signal", "sigterm", "terminat"].iter().any(|word| name.contains(word))
    };
    match tracer.kind(at) {
        ExprKind::Path(path) if matches!(path.last(), "SIGTERM" | "TERM_SIGNALS") => true,
        ExprKind::Path(path) => path.segments.iter().any(|s| says(&s.name)) && is_foreign(tracer, at),
        ExprKind::MethodCall { method, .. } => {
            matches!(types.callees.get(&at.expr), Some(Callee::Unknown | Callee::Lib(_, None)))
                && says(method)
        }
        _ => false,
    }
}

/// Whether a call on something that is not known ends a server gracefully, as its name says.
pub(crate) fn may_end_server(tracer: &Tracer<'_>, at: At) -> bool {
    let types = tracer.types_of(at.body);
    let unknown =
        || matches!(types.callees.get(&at.expr), None | Some(Callee::Unknown | Callee::Lib(_, None)));
    matches!(tracer.kind(at), ExprKind::MethodCall { method, .. } if method.contains("graceful")) && unknown()
}

/// Whether a path leads to something that is neither of the workspace nor told of by knowledge.
fn is_foreign(tracer: &Tracer<'_>, at: At) -> bool {
    let types = tracer.types_of(at.body);
    match types.targets.get(&at.expr) {
        None => true,
        Some(Target::Res(Res::Lib(path))) => match tracer.parent(at).map(|p| (p, tracer.kind(p))) {
            Some((call, ExprKind::Call { callee, .. })) if *callee == at.expr => {
                !matches!(types.callees.get(&call.expr), Some(Callee::Lib(_, Some(_)) | Callee::Fns(_)))
            }
            _ => tracer.program.library_function(tracer.module(at.body), path).is_none(),
        },
        _ => false,
    }
}

/// The signals that end a server. `given` is the future that it waits for, where it is given one.
pub(crate) fn stops_on(
    tracer: &Tracer<'_>,
    functions: &[Arc<Function>],
    running: &FxHashSet<FnId>,
    scope: &FxHashSet<usize>,
    given: Option<At>,
) -> Tri<Vec<StopSignal>> {
    let of_program = signals(functions, running.iter().copied());
    let has = |all: &[StopSignal], signal| all.iter().any(|s| s.signal == signal);
    if has(&of_program, Signal::Any) {
        return Tri::Unknown;
    }
    let mut awaited = Awaited {
        tracer,
        functions,
        seen: FxHashSet::default(),
        signals: Vec::new(),
        calls: Vec::new(),
        complete: true,
    };
    if let Some(given) = given {
        awaited.expression(given, 0);
    }
    let helpers = reached(functions, awaited.calls, scope);
    let mut found = awaited.signals;
    found.extend(signals(functions, helpers));
    // A token or a channel: another task waits.
    if found.is_empty() && awaited.complete {
        found.clone_from(&of_program);
    }
    let elsewhere = has(&of_program, Signal::Terminate) && !has(&found, Signal::Terminate);
    found.sort_by_key(|s| (s.at.file, s.at.span.start, s.signal));
    found.dedup();
    if found.is_empty() || elsewhere { Tri::Unknown } else { Tri::Present(found) }
}

/// Where the program ends servers by calls that belong to none that was seen, each may be the one that they end.
pub(crate) fn leave_open(functions: &[Arc<Function>], running: &FxHashSet<FnId>, listeners: &mut [Listener]) {
    let is_of = |at: Place| {
        let end = |p: &Place| p.file == at.file && p.span.end == at.span.end;
        listeners.iter().any(|l| l.shutdown.present().is_some_and(end))
    };
    let does = running.iter().filter_map(|f| functions.get(f.0 as usize)).flat_map(|f| &f.does);
    let mut ends = does.filter(|d| matches!(d.what, What::EndServer));
    if ends.any(|deed| !is_of(deed.at)) {
        for listener in listeners.iter_mut().filter(|l| l.shutdown.is_absent()) {
            listener.shutdown = Tri::Unknown;
        }
    }
}

/// The signals that some functions wait for.
fn signals(functions: &[Arc<Function>], of: impl IntoIterator<Item = FnId>) -> Vec<StopSignal> {
    let deeds = of.into_iter().filter_map(|id| functions.get(id.0 as usize)).flat_map(|f| &f.does);
    deeds
        .filter_map(|deed| match deed.what {
            What::Signal(signal) => Some(StopSignal { signal, at: deed.at }),
            _ => None,
        })
        .collect()
}

/// Through how many variables, parameters and calls a future is followed.
const DEPTH: u32 = 12;

/// What a future waits for.
struct Awaited<'a, 't> {
    tracer: &'a Tracer<'t>,
    functions: &'a [Arc<Function>],
    seen: FxHashSet<At>,
    /// Waited for in the expressions themselves.
    signals: Vec<StopSignal>,
    /// The functions that they call.
    calls: Vec<FnId>,
    /// Whether nothing was called that is out of sight.
    complete: bool,
}

impl Awaited<'_, '_> {
    fn expression(&mut self, at: At, depth: u32) {
        if depth > DEPTH || !self.seen.insert(at) {
            return;
        }
        let whole = self.tracer.place(at);
        let inside = |p: Place| {
            p.file == whole.file && whole.span.start <= p.span.start && p.span.end <= whole.span.end
        };
        let function = self.tracer.function_of(at.body).and_then(|id| self.functions.get(id.0 as usize));
        if let Some(function) = function {
            self.calls.extend(function.calls.iter().filter(|c| inside(c.at)).map(|c| c.to));
            self.signals.extend(function.does.iter().filter(|d| inside(d.at)).filter_map(|d| match d.what {
                What::Signal(signal) => Some(StopSignal { signal, at: d.at }),
                _ => None,
            }));
        }
        let types = self.tracer.types_of(at.body);
        for (expr, node) in self.tracer.body(at.body).body.iter() {
            let here = At { body: at.body, expr };
            if !matches!(node.kind, ExprKind::Path(_)) || !inside(self.tracer.place(here)) {
                continue;
            }
            match types.targets.get(&expr) {
                Some(Target::Local(local)) => {
                    for origin in self.tracer.origins(at.body, *local).unwrap_or_default() {
                        self.origin(here, origin, depth + 1);
                    }
                }
                _ => self.complete &= !is_foreign(self.tracer, here),
            }
        }
    }

    fn origin(&mut self, at: At, origin: &Origin, depth: u32) {
        match origin {
            Origin::Expr(value, _) => self.expression(*value, depth),
            Origin::Param(number) => {
                let BodyOwner::Fn(function) = self.tracer.body(at.body).owner else { return };
                let calls = self.tracer.calls_of(function).iter().filter(|c| self.tracer.in_scope(c.body));
                let given: Vec<At> =
                    calls.filter_map(|call| self.tracer.argument(*call, function, *number)).collect();
                self.complete &= !given.is_empty();
                given.into_iter().for_each(|arg| self.expression(arg, depth));
            }
        }
    }
}
