//! What the model knows about single expressions, and what it could not see: for people who ask why.

use svclint_facts::rust::{ExprId, ExprKind};
use svclint_knowledge::Role;
use svclint_syntax::Span;

use crate::bodies::BodyId;
use crate::clients::make_client_of;
use crate::defs::{FnIdx, Res};
use crate::effects::EffectKind;
use crate::infer::{Callee, Target};
use crate::join::Join;
use crate::place::{FileId, Place};
use crate::reads::Recorder;
use crate::tracer::{At, Tracer};
use crate::ty::{Bound, Ty};

/// What is known of one expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insight {
    /// The expression.
    pub at: Place,
    /// Its type, as people write it; `None` where it is not known.
    pub ty: Option<String>,
    /// What a path names.
    pub names: Option<String>,
    /// What a call runs: functions of the workspace, or one of a library.
    pub calls: Vec<String>,
    /// What a call of a library does, in the words of the knowledge pages.
    pub does: Vec<String>,
    /// The value, where it can be told.
    pub value: Option<String>,
    /// What running the called functions of the workspace may do, through everything that they call.
    pub effects: Vec<EffectKind>,
    /// Where a client is made that this is.
    pub made_at: Vec<Place>,
}

/// Something that could not be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindSpot {
    /// What kind.
    pub kind: BlindKind,
    /// The path as written; the method's name; the client's constructor.
    pub text: String,
    /// Where.
    pub at: Place,
}

/// Kinds of blind spots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlindKind {
    /// A path that leads nowhere.
    Path,
    /// A method called on a value of which nothing is known.
    Receiver,
    /// The same, where the method's name is one that matters: it sends, queries, publishes, …
    ReceiverThatMatters,
    /// A method that the known type is not known to have.
    Method,
}

impl Join {
    /// What is known of the expressions that begin inside of a span (a call in a chain: whose name stands there), outermost
    /// first.
    pub fn why(&self, file: FileId, span: Span) -> Vec<Insight> {
        let recorder = Recorder::default();
        let tracer = &self.joined.tracer(&recorder);
        let mut found = Vec::new();
        for (number, def) in self.joined.bodies.list.iter().enumerate() {
            if def.home.file != file {
                continue;
            }
            for (expr, node) in def.body.iter() {
                let at = def.home.place(node.span);
                // A call in a chain stands where its name does.
                let begins = match &node.kind {
                    ExprKind::MethodCall { method_span, .. } => def.home.place(*method_span).span.start,
                    _ => at.span.start,
                };
                let inside = span.start <= begins && begins < span.end.max(span.start + 1);
                if inside && !matches!(node.kind, ExprKind::Lit(_) | ExprKind::Block { .. }) {
                    let mut one = insight(tracer, At { body: BodyId(number as u32), expr });
                    one.effects = self.leads_to(tracer, At { body: BodyId(number as u32), expr });
                    found.push(one);
                }
            }
        }
        found.sort_by_key(|i: &Insight| (i.at.span.start, std::cmp::Reverse(i.at.span.end)));
        found
    }

    /// What running the functions may do that a call runs.
    fn leads_to(&self, tracer: &Tracer<'_>, at: At) -> Vec<EffectKind> {
        let Some(Callee::Fns(fns)) = tracer.types_of(at.body).callees.get(&at.expr) else {
            return Vec::new();
        };
        let summaries = fns.iter().filter_map(|f| self.model().effects.get(f.at()));
        let all: std::collections::BTreeSet<EffectKind> = summaries.flat_map(|s| s.kinds()).collect();
        all.into_iter().collect()
    }

    /// All that could not be resolved.
    pub fn blind_spots(&self) -> Vec<BlindSpot> {
        let recorder = Recorder::default();
        let tracer = &self.joined.tracer(&recorder);
        let mut found = Vec::new();
        for (number, def) in self.joined.bodies.list.iter().enumerate() {
            let types = tracer.types_of(BodyId(number as u32));
            let view = tracer.program.names.view(def.home.module);
            for (id, node) in def.body.iter() {
                let (kind, text) = match &node.kind {
                    ExprKind::Path(path) if types.is_lost(id) => (BlindKind::Path, path.text()),
                    ExprKind::MethodCall { receiver, method, .. }
                        if matches!(types.callees.get(&id), Some(Callee::Unknown)) =>
                    {
                        let known = types.ty(*receiver).is_known();
                        let matters = view.is_some_and(|v| v.matters(method));
                        let kind = match (known, matters) {
                            (true, _) => BlindKind::Method,
                            (false, true) => BlindKind::ReceiverThatMatters,
                            (false, false) => BlindKind::Receiver,
                        };
                        let on = if known { show(tracer, types.ty(*receiver)) } else { "?".into() };
                        (kind, format!("{on}.{method}"))
                    }
                    _ => continue,
                };
                found.push(BlindSpot { kind, text, at: def.home.place(node.span) });
            }
        }
        found
    }
}

fn insight(tracer: &Tracer<'_>, at: At) -> Insight {
    let types = tracer.types_of(at.body);
    let ty = types.ty(at.expr);
    let (mut calls, mut value) = (Vec::new(), None);
    match types.callees.get(&at.expr) {
        Some(Callee::Fns(fns)) => calls.extend(fns.iter().map(|f| function(tracer, *f))),
        Some(Callee::Lib(path, _)) => calls.push(path.to_string()),
        _ => {}
    }
    let names = types.targets.get(&at.expr).map(|target| match target {
        Target::Local(_) => "a variable".to_owned(),
        Target::This => "self".to_owned(),
        Target::Fns(fns) => fns.first().map_or_else(String::new, |f| function(tracer, *f)),
        Target::Res(res) => resolved(tracer, res),
    });
    let text = tracer.text(at);
    if text.complete {
        value = Some(format!("{:?}", text.text));
    }
    let does = tracer.actions(at).iter().map(svclint_knowledge::Action::words);
    let is_client = tracer.role(at.body, ty) == Some(Role::Client);
    let made = is_client.then(|| tracer.trace(at, &|c| make_client_of(c).is_some()).sources);
    Insight {
        effects: Vec::new(),
        made_at: made.into_iter().flatten().filter(|s| *s != at).map(|s| tracer.place(s)).collect(),
        at: tracer.place(at),
        ty: ty.is_known().then(|| show(tracer, ty)),
        names,
        calls,
        does: does.collect(),
        value,
    }
}

fn function(tracer: &Tracer<'_>, id: FnIdx) -> String {
    crate::functions::path(tracer, id)
}

fn resolved(tracer: &Tracer<'_>, res: &Res) -> String {
    let defs = tracer.program.defs;
    let in_module = |module: crate::defs::ModId, name: &str| format!("{}::{name}", defs.module(module).path);
    match res {
        Res::Module(id) => defs.module(*id).path.clone(),
        Res::Adt(id) | Res::Variant(id, _) => {
            let adt = &defs.adts[id.at()];
            let base = in_module(adt.home.module, &adt.item.name);
            match res {
                Res::Variant(_, n) if adt.is_enum() => {
                    format!("{base}::{}", adt.variant(*n as usize).map_or("", |v| v.0.as_str()))
                }
                _ => base,
            }
        }
        Res::Fn(id) => function(tracer, *id),
        Res::Const(id) => format!("a constant of {}", defs.module(defs.consts[id.at()].home.module).path),
        Res::Trait(id) => in_module(defs.traits[id.at()].home.module, &defs.traits[id.at()].item.name),
        Res::Alias(_) => "a type alias".into(),
        Res::Lib(path) | Res::Prim(path) => path.to_string(),
        Res::Made(like, of) => format!("{like} of `{of}`"),
    }
}

/// A type as people write it.
fn show(tracer: &Tracer<'_>, ty: &Ty) -> String {
    let defs = tracer.program.defs;
    let all = |args: &[Ty]| args.iter().map(|a| show(tracer, a)).collect::<Vec<_>>().join(", ");
    let with = |name: &str, args: &[Ty]| {
        if args.is_empty() { name.to_owned() } else { format!("{name}<{}>", all(args)) }
    };
    match ty {
        Ty::Unknown => "?".into(),
        Ty::Never => "!".into(),
        Ty::Prim(name) | Ty::Param(name) => name.to_string(),
        Ty::Tuple(args) => format!("({})", all(args)),
        Ty::Adt(id, args) => with(&defs.adts[id.at()].item.name, args),
        Ty::Lib(path, args) => with(path, args),
        Ty::Fn(id) => format!("fn {}", function(tracer, *id)),
        Ty::LibFn(path, _) => format!("fn {path}"),
        Ty::Closure(ret) => format!("|..| -> {}", show(tracer, ret)),
        Ty::Dyn(bounds) => {
            let names = bounds.iter().map(|b| match b {
                Bound::Trait(id) => defs.traits[id.at()].item.name.to_string(),
                Bound::Lib(path) => path.to_string(),
            });
            format!("dyn {}", names.collect::<Vec<_>>().join(" + "))
        }
    }
}

impl crate::infer::BodyTypes {
    /// Whether a path expression leads nowhere.
    pub(crate) fn is_lost(&self, id: ExprId) -> bool {
        !self.targets.contains_key(&id)
    }
}
