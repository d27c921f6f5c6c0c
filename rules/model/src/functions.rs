//! What each function calls and does.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use svclint_facts::rust::{ExprId, ExprKind, Fields, Lit};
use svclint_knowledge::{Action, Callable, Carries, Effect, Limit, Role, Signal};

use crate::bodies::{BodyId, BodyOwner};
use crate::defs::{FnIdx, Owner, Res};
use crate::impls::Key;
use crate::infer::{Callee, Target};
use crate::place::Tri;
use crate::routes::order;
use crate::system::{CallSite, Course, Deed, EnvFile, FnId, Function, Input, Told, What, When};
use crate::tracer::{At, Calls, Tracer};
use crate::ty::Ty;
use crate::{course, guards, locks, sql, telemetry};

/// What was read before, by the call that it belongs to.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) requests: FxHashMap<At, u32>,
    pub(crate) settings: FxHashMap<At, u32>,
}

pub(crate) fn function(tracer: &Tracer<'_>, known: &Known, id: FnIdx) -> Function {
    let def = &tracer.program.defs.fns[id.at()];
    let mut function = Function {
        path: path(tracer, id),
        package: tracer.program.defs.package_of(def.home.module) as u32,
        name: def.home.place(def.item.name_span),
        whole: def.home.place(def.item.span),
        params: def.home.place(def.def().params_span),
        body: def
            .home
            .place(def.def().body.as_ref().and_then(|b| b.root.map(|r| b.expr(r).span)).unwrap_or_default()),
        is_async: def.def().is_async,
        calls: Vec::new(),
        inputs: inputs(tracer, id),
        span: telemetry::span(tracer, id),
        reply: crate::reply::reply(tracer, id),
        does: Vec::new(),
        course: Course::default(),
        blind_spots: 0,
    };
    if let Some(body) = tracer.body_of(id) {
        read_body(tracer, known, body, &mut function);
        extracted(tracer, id, &mut function);
        if !function.does.is_empty() || !function.calls.is_empty() {
            function.course = course::course(tracer, body);
        }
    }
    function.does.extend(order::attribute_paths(tracer, id));
    function
}

/// Module path with the type it belongs to.
pub(crate) fn path(tracer: &Tracer<'_>, id: FnIdx) -> String {
    let defs = tracer.program.defs;
    let def = &defs.fns[id.at()];
    let module = &defs.module(def.home.module).path;
    let owner = match def.owner {
        Owner::Impl(i) => match &tracer.program.impls.self_ty[i.at()] {
            Ty::Adt(adt, _) => Some(defs.adts[adt.at()].item.name.to_string()),
            Ty::Lib(path, _) => path.rsplit("::").next().map(str::to_owned),
            _ => None,
        },
        Owner::Trait(_) | Owner::None => None,
    };
    match owner {
        Some(owner) => format!("{module}::{owner}::{}", def.item.name),
        None => format!("{module}::{}", def.item.name),
    }
}

fn read_body(tracer: &Tracer<'_>, known: &Known, body: BodyId, function: &mut Function) {
    let def = tracer.body(body);
    let types = tracer.types_of(body);
    for (expr, node) in def.body.iter() {
        let at = At { body, expr };
        match &node.kind {
            ExprKind::Path(_) => {
                let named: &[FnIdx] = match types.targets.get(&expr) {
                    Some(Target::Res(Res::Fn(f))) => &[*f],
                    Some(Target::Fns(fns)) => fns,
                    _ => &[],
                };
                call_sites(tracer, at, named, function);
            }
            ExprKind::MethodCall { .. } => match types.callees.get(&expr) {
                Some(Callee::Fns(fns)) => call_sites(tracer, at, fns, function),
                Some(Callee::Unknown) => function.blind_spots += 1,
                _ => {}
            },
            ExprKind::Macro(call) => {
                if let Some(Callee::Fns(fns)) = types.callees.get(&expr) {
                    call_sites(tracer, at, fns, function);
                }
                let entry = tracer.program.macro_path(def.home.module, &call.path);
                let view = tracer.program.names.view(def.home.module);
                let does = entry.and_then(|p| view?.macro_entry(&p)).map_or(&[][..], |e| e.does.as_slice());
                for action in does {
                    match action {
                        // A macro that holds SQL is run by a call on its value.
                        Action::Execute { .. } => function.does.extend(sql::deeds(tracer, at, at)),
                        Action::Effect(_) | Action::Log | Action::Label { .. } => {
                            deeds(tracer, known, at, action, function);
                        }
                        Action::Describe => function.does.push(describes(tracer, at, &call.args)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        let is_call = matches!(node.kind, ExprKind::Call { .. } | ExprKind::MethodCall { .. });
        if is_call && crate::unlimited::limits_bodies(tracer, at) {
            let (at, when) = (tracer.place(at), tracer.when(at));
            function.does.push(Deed { what: What::LimitsBodies, at, when });
        }
        for action in tracer.actions(at) {
            deeds(tracer, known, at, action, function);
            if let Some(what) = crate::unlimited::unlimited(tracer, at, action) {
                function.does.push(Deed { what, at: tracer.call_place(at), when: tracer.when(at) });
            }
            function.does.extend(order::deeds(tracer, at, action));
            function.does.extend(guards::origins(tracer, at, action));
        }
        function.does.extend(guards::written(tracer, at));
        if crate::signals::may_end_server(tracer, at) {
            let (at, when) = (tracer.place(at), tracer.when(at));
            function.does.push(Deed { what: What::EndServer, at, when });
        }
        if crate::signals::may_catch(tracer, at) {
            let (at, when) = (tracer.place(at), tracer.when(at));
            function.does.push(Deed { what: What::Signal(Signal::Any), at, when });
        }
    }
    let held = locks::held_locks(tracer, body);
    function.does.extend(crate::locked::locked_clients(tracer, body, &held));
    for (lock, held) in held {
        let at = tracer.place(lock);
        function.does.push(Deed { what: What::HeldLock(held), at, when: When::default() });
    }
    for (span, held) in locks::held(tracer, body, Effect::EnterSpan) {
        let (at, carry) = (tracer.place(span), tracer.snippet(span, "carry"));
        function.does.push(Deed { what: What::HeldSpan { held, carry }, at, when: When::default() });
    }
}

/// `routes!(list, create)`
fn describes(tracer: &Tracer<'_>, at: At, args: &[ExprId]) -> Deed {
    let targets = &tracer.types_of(at.body).targets;
    let named = args.iter().filter_map(|arg| match targets.get(arg) {
        Some(Target::Res(Res::Fn(f))) => Some(FnId(f.0)),
        _ => None,
    });
    Deed { what: What::Describe(named.collect()), at: tracer.place(at), when: tracer.when(at) }
}

/// What a framework calls before a handler: the extractors among its parameters. What is called by hand is given values.
fn extracted(tracer: &Tracer<'_>, id: FnIdx, function: &mut Function) {
    let program = tracer.program;
    let module = program.defs.fns[id.at()].home.module;
    let Some(view) = program.names.view(module) else { return };
    let mut found = Vec::new();
    for ty in program.param_types(id) {
        // `Option<Token>`
        let inner =
            if let Ty::Lib(_, args) = &ty { args.first().cloned().unwrap_or(Ty::Unknown) } else { ty };
        let Ty::Adt(adt, _) = inner else { continue };
        let key = Key::Adt(adt);
        for path in program.impls.library_traits(&key) {
            let Some(entry) = view.type_entry(path).filter(|e| e.extracts) else { continue };
            found.extend(
                entry.methods.keys().flat_map(|name| program.impls.implemented(program.defs, &key, name)),
            );
        }
    }
    if !found.is_empty() && tracer.calls_of(id).is_empty() {
        let at = function.params;
        let call = |f: &FnIdx| CallSite {
            to: FnId(f.0),
            at,
            when: When::default(),
            named: false,
            told: Told::default(),
        };
        function.calls.extend(found.iter().map(call));
    }
}

fn call_sites(tracer: &Tracer<'_>, at: At, fns: &[FnIdx], function: &mut Function) {
    if fns.is_empty() {
        return;
    }
    let (when, place) = (tracer.when(at), tracer.place(at));
    let named = tracer.is_function_value(at);
    let told = |f: FnIdx| if named { Told::default() } else { tracer.told(at, f) };
    let site = |f: &FnIdx| CallSite { to: FnId(f.0), at: place, when, named, told: told(*f) };
    function.calls.extend(fns.iter().map(site));
}

fn deeds(tracer: &Tracer<'_>, known: &Known, at: At, action: &Action, function: &mut Function) {
    let text = |at: At| tracer.text(at).told();
    let what = match action {
        Action::Send => match known.requests.get(&at) {
            Some(number) => What::Request(*number),
            None => return,
        },
        Action::ReadHeader { name } => {
            let names = tracer.arg(at, *name).map_or_else(|| vec![Tri::Unknown], |a| header_names(tracer, a));
            let (place, when) = (tracer.place(at), tracer.when(at));
            let all = names.into_iter().map(|name| Deed { what: What::ReadHeader(name), at: place, when });
            return function.does.extend(all);
        }
        Action::SetHeader { name, .. } => {
            let name = tracer.arg(at, *name).and_then(|a| tracer.header_name(a));
            What::WriteHeader(name.map_or(Tri::Unknown, Tri::Present))
        }
        Action::SetHeaders { .. } => What::WriteHeader(Tri::Unknown),
        Action::ReadEnv { .. } | Action::ReadEnvPrefix { .. } => match known.settings.get(&at) {
            Some(number) => What::ReadEnv(*number),
            None => return,
        },
        Action::Spawn { .. } => What::Spawn,
        Action::Publish { topic } => {
            let named = topic.and_then(|n| tracer.arg(at, n)).map_or(Tri::Unknown, text);
            What::Publish(if named.is_unknown() { topic_of(tracer, at) } else { named })
        }
        Action::WriteFile { path, folder } => What::WriteFile(match folder {
            Some(folder) => Tri::Present(folder.clone()),
            None => path.and_then(|n| tracer.arg(at, n)).map_or(Tri::Unknown, text),
        }),
        Action::Consume { topic } => {
            let topics = topic.and_then(|n| tracer.arg(at, n)).map(|a| tracer.texts(a)).unwrap_or_default();
            let when = tracer.when(at);
            let place = tracer.place(at);
            let consumes = topics.iter().map(|t| What::Consume(Tri::Present(t.clone())));
            let unknown = topics.is_empty().then_some(What::Consume(Tri::Unknown));
            let all = consumes.chain(unknown).map(|what| Deed { what, at: place, when });
            return function.does.extend(all);
        }
        Action::Bind { address } => What::Binds(tracer.arg(at, *address).map_or(Tri::Unknown, text)),
        Action::Acknowledge => What::Acknowledge,
        Action::Call(call) => What::Call(call.protocol, call.access),
        // What is awaited is not the call that blocks: another type's method of that name was meant.
        Action::Effect(Effect::Block)
            if tracer.parent(at).is_some_and(|p| matches!(tracer.kind(p), ExprKind::Await(_))) =>
        {
            return;
        }
        Action::Effect(effect) => What::Effect(*effect),
        Action::TrustAny { value, is } => {
            if let Some(what) = trust(tracer, at, *value, is) {
                function.does.push(Deed { what, at: tracer.call_place(at), when: tracer.when(at) });
            }
            return;
        }
        Action::LoadEnvFile { file } => {
            let name = file
                .map_or(Tri::Present(".env".to_owned()), |n| tracer.arg(at, n).map_or(Tri::Unknown, text));
            let demand = tracer.demanded(at);
            What::LoadEnvFile(EnvFile {
                name,
                required: demand.is_some(),
                demand: demand.and_then(|d| tracer.dropped_demand(at, &d)),
            })
        }
        Action::Stall { instead } => What::Stall(instead.clone()),
        Action::ExportTraces { propagate } => What::ExportTraces(propagate.clone()),
        Action::Carries(carries @ (Carries::CorrelationIn | Carries::CorrelationOut)) => {
            What::Carries(*carries)
        }
        Action::Propagate => What::Propagates(library_of(tracer, at)),
        Action::Identity { value } => What::Identity(tracer.arg(at, *value).map_or(Tri::Unknown, text)),
        Action::Log => What::Log(telemetry::noted(tracer, at)),
        Action::Label { values } => {
            let when = tracer.when(at);
            let labels = telemetry::unbounded_labels(tracer, at, *values).into_iter();
            let deed = |(at, source)| Deed { what: What::UnboundedLabel(source), at: tracer.place(at), when };
            return function.does.extend(labels.map(deed));
        }
        Action::Shutdown { .. } => What::EndServer,
        Action::GrpcService { name: Some(name), .. } => What::LibraryService(name.clone()),
        Action::Signals { which, features } => {
            let (place, when) = (tracer.place(at), tracer.when(at));
            let all = crate::signals::named(tracer, at, which, features);
            let deed = |signal| Deed { what: What::Signal(signal), at: place, when };
            return function.does.extend(all.into_iter().map(deed));
        }
        Action::Execute { query } => {
            let query = query.and_then(|n| tracer.arg(at, n)).or_else(|| tracer.receiver(at));
            return function.does.extend(sql::deeds(tracer, query.unwrap_or(at), at));
        }
        _ => return,
    };
    let mut when = tracer.when(at);
    // `pool.timeout_get(limits)`
    let sets = |a: &Action| matches!(a, Action::SetLimit { limit: Limit::PoolAcquire, .. });
    when.bounded |= what == What::Effect(Effect::Acquire) && tracer.actions(at).iter().any(sets);
    function.does.push(Deed { what, at: tracer.place(at), when });
}

/// The library whose function a call calls, by its name in code.
fn library_of(tracer: &Tracer<'_>, at: At) -> String {
    match tracer.types_of(at.body).callees.get(&at.expr) {
        Some(Callee::Lib(path, _)) => path.split("::").next().unwrap_or("").to_owned(),
        _ => String::new(),
    }
}

/// Trusts anybody, whatever the circumstances: nothing decides whether the call is made, and the argument is written out.
fn trust(tracer: &Tracer<'_>, at: At, value: u8, is: &str) -> Option<What> {
    let written = match tracer.kind(tracer.arg(at, value)?) {
        ExprKind::Lit(Lit::Bool(true)) => "true",
        ExprKind::Path(path) => path.last(),
        _ => return None,
    };
    // `if !insecure { return builder; }`
    let begun = tracer.place(at).span.start;
    let leaves = tracer
        .body(at.body)
        .body
        .iter()
        .any(|(_, e)| matches!(e.kind, ExprKind::Return(_)) && e.span.start < begun);
    (written == is && !leaves && !tracer.is_in_branch(at)).then_some(What::TrustAny)
}

/// The names of the headers that a call reads: of a helper that is given the name, those that its callers give.
fn header_names(tracer: &Tracer<'_>, name: At) -> Vec<Tri<String>> {
    if let Some(known) = tracer.header_name(name) {
        return vec![Tri::Present(known)];
    }
    let BodyOwner::Fn(helper) = tracer.body(name.body).owner else { return vec![Tri::Unknown] };
    let given = |call: &At| tracer.through(&Calls::from([(name.body, *call)])).header_name(name);
    let mut names: Vec<Tri<String>> =
        tracer.calls_of(helper).iter().map(|c| given(c).map_or(Tri::Unknown, Tri::Present)).collect();
    names.dedup();
    if names.is_empty() { vec![Tri::Unknown] } else { names }
}

/// The topic that a record or a builder says: `producer.send(FutureRecord::to("orders"))`.
fn topic_of(tracer: &Tracer<'_>, at: At) -> Tri<String> {
    let parts = tracer.arg(at, 0).into_iter().chain(tracer.receiver(at));
    for part in parts {
        let names = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::Topic { .. }));
        for step in tracer.trace(part, &names).steps {
            for action in tracer.actions(step.at) {
                if let Action::Topic { value } = action
                    && let Some(topic) = tracer.arg(step.at, *value)
                {
                    return tracer.text(topic).told();
                }
            }
        }
    }
    Tri::Unknown
}

fn inputs(tracer: &Tracer<'_>, id: FnIdx) -> Vec<Input> {
    let def = &tracer.program.defs.fns[id.at()];
    let view = tracer.program.names.view(def.home.module);
    let types = tracer.program.param_types(id);
    let input = |(param, ty): (&svclint_facts::rust::Param, Ty)| {
        let entry = ty.lib_path().and_then(|p| view?.type_entry(p));
        let role: Option<Role> = entry.and_then(|e| e.is);
        let mut input = Input {
            name: param.name.as_ref().map(ToString::to_string),
            role,
            whole: entry.is_some_and(|e| e.whole),
            types: Vec::new(),
            fields: Vec::new(),
        };
        describe(tracer, &ty, 0, &mut input);
        input
    };
    def.def().params.iter().zip(types).map(input).collect()
}

fn describe(tracer: &Tracer<'_>, ty: &Ty, depth: u32, input: &mut Input) {
    let last = |path: &str| path.rsplit("::").next().unwrap_or(path).to_owned();
    let args: Arc<[Ty]> = match ty {
        Ty::Lib(path, args) => {
            input.types.push(last(path));
            args.clone()
        }
        Ty::Adt(id, args) => {
            let adt = &tracer.program.defs.adts[id.at()];
            input.types.push(adt.item.name.to_string());
            for (_, fields) in adt.variants() {
                if let Fields::Named(fields) = fields {
                    input.fields.extend(fields.iter().map(|f| (f.name.to_string(), type_word(&f.ty))));
                }
            }
            args.clone()
        }
        Ty::Tuple(args) => args.clone(),
        _ => return,
    };
    if depth < 4 {
        args.iter().for_each(|a| describe(tracer, a, depth + 1, input));
    }
}

fn type_word(ty: &svclint_facts::rust::TypeRef) -> String {
    match ty {
        svclint_facts::rust::TypeRef::Path(path) => path.last().to_owned(),
        _ => String::new(),
    }
}
