//! Clients with their limits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;
use svclint_facts::rust::ExprKind;
use svclint_knowledge::{Action, Callable, Carries, Limit, MakeClient, Role, Template};

use crate::bodies::BodyId;
use crate::defs::Res;
use crate::infer::{Callee, Target};
use crate::limits::{self, Limits};
use crate::links::inner_lib;
use crate::place::{Place, Tri};
use crate::system::{Client, ClientSite};
use crate::trace::{Step, Trace};
use crate::tracer::{At, Tracer};

pub(crate) fn make_client<'a>(tracer: &Tracer<'a>, at: At) -> Option<&'a MakeClient> {
    make_client_of(tracer.callable(at)?)
}

pub(crate) fn make_client_of(callable: &Callable) -> Option<&MakeClient> {
    callable
        .does
        .as_slice()
        .iter()
        .find_map(|a| if let Action::MakeClient(made) = a { Some(made) } else { None })
}

fn sends(callable: &Callable) -> bool {
    callable.does.as_slice().iter().any(|a| matches!(a, Action::Send))
}

/// Whether a call turns a builder into a client, or makes one at once.
fn is_finish(tracer: &Tracer<'_>, at: At) -> bool {
    let role = tracer.role(at.body, tracer.ty(at));
    if !matches!(role, Some(Role::Client | Role::Producer | Role::Consumer)) {
        return false;
    }
    let is_builder = |part: At| builder_type(tracer, part).is_some();
    let args = (0..3).filter_map(|n| tracer.arg(at, n));
    let from_builder = tracer.receiver(at).into_iter().chain(args).any(is_builder);
    let by_library = matches!(tracer.types_of(at.body).callees.get(&at.expr), Some(Callee::Lib(..)));
    from_builder && by_library || make_client(tracer, at).is_some()
}

/// The type of a builder, whatever holds it.
fn builder_type(tracer: &Tracer<'_>, at: At) -> Option<SmolStr> {
    let view = tracer.program.names.view(tracer.module(at.body))?;
    let role = |path: &str| view.type_entry(path).and_then(|e| e.is);
    inner_lib(tracer.ty(at), &role).filter(|path| role(path) == Some(Role::ClientBuilder))
}

/// The clients that a call makes or completes.
pub(crate) fn made_at(tracer: &Tracer<'_>, at: At) -> Vec<(At, Option<Built>)> {
    if is_finish(tracer, at) {
        return built_at(tracer, at).into_iter().map(|(site, built)| (site, Some(built))).collect();
    }
    make_client(tracer, at).map(|_| (at, None)).into_iter().collect()
}

/// One way in which a client comes to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Built {
    /// The call that gives the client.
    finish: At,
    /// What happens between construction and finish.
    steps: Vec<Step>,
    /// Whether all of that could be seen.
    complete: bool,
}

impl Built {
    /// The call that gives the client.
    pub(crate) fn finish(&self) -> At {
        self.finish
    }

    /// Whether the client that `other` gives is made of this one.
    pub(crate) fn is_part_of(&self, other: &Built) -> bool {
        self.finish != other.finish && other.steps.iter().any(|step| step.at == self.finish)
    }

    /// `get_or_init(Client::new)`: a constructor that something else calls.
    pub(crate) fn by_value(value: At) -> Built {
        let steps = vec![Step { at: value, always: true, calls: Default::default() }];
        Built { finish: value, steps, complete: true }
    }
}

/// What another client is made of is no client of its own, unless it is used by itself too: the sites of these.
pub(crate) fn parts(tracer: &Tracer<'_>, site: At, built: &[Built]) -> Vec<At> {
    let steps = built.iter().flat_map(|b| &b.steps).map(|s| s.at);
    let calls: BTreeSet<At> = steps.chain([site]).collect();
    calls.into_iter().flat_map(|c| options_traces(tracer, c)).flat_map(|t| t.sources).collect()
}

/// The builder that a call finishes without our knowing where it comes from.
pub(crate) fn open_finish(tracer: &Tracer<'_>, at: At) -> Option<SmolStr> {
    let finishes = is_finish(tracer, at) && make_client(tracer, at).is_none();
    let builder = finishes.then(|| tracer.receiver(at)).flatten()?;
    let complete = tracer.trace(builder, &|c| make_client_of(c).is_some()).is_complete();
    if complete { None } else { builder_type(tracer, builder) }
}

/// The builder that a call makes, where it makes no client at once.
pub(crate) fn made_builder(tracer: &Tracer<'_>, site: At) -> Option<SmolStr> {
    builder_type(tracer, site).filter(|_| !tracer.callable(site).is_some_and(sends))
}

fn built_at(tracer: &Tracer<'_>, finish: At) -> Vec<(At, Built)> {
    let trace = tracer.trace(finish, &|c| make_client_of(c).is_some());
    let complete = trace.is_complete();
    let built = |site: &At| (*site, Built { finish, steps: trace.steps.clone(), complete });
    trace.sources.iter().map(built).collect()
}

/// Where the options come from that a call is given: `Database::connect(options)`, `new_with_config(client, config)`.
fn options_traces(tracer: &Tracer<'_>, call: At) -> Vec<Trace> {
    let args = (0..3).filter_map(|n| tracer.arg(call, n));
    let options = args.filter(|arg| tracer.role(call.body, tracer.ty(*arg)) == Some(Role::ClientBuilder));
    options.map(|options| tracer.trace(options, &|c| make_client_of(c).is_some())).collect()
}

/// What the options say that are given on the way: `client.get_connection_manager_with_config(config)`.
fn limits_of_options(tracer: &Tracer<'_>, way: &Built) -> Limits {
    let traces = way.steps.iter().rev().flat_map(|step| options_traces(tracer, step.at));
    let own = traces.filter_map(|trace| match trace.sources[..] {
        [source] => {
            let made = make_client(tracer, source)?;
            Some(limits::along(tracer, &made.limits, &trace.steps, trace.is_complete()))
        }
        _ => None,
    });
    own.flatten().collect()
}

/// The client that is made at a place, in some ways.
pub(crate) fn client(tracer: &Tracer<'_>, site: At, built: &[Built]) -> Option<Client> {
    let callable = tracer.callable(site)?;
    let made = make_client_of(callable)?;
    let def = tracer.body(site.body);
    let view = tracer.program.names.view(def.home.module)?;
    let path = match tracer.types_of(site.body).callees.get(&site.expr) {
        Some(Callee::Lib(path, _)) => path,
        _ => match tracer.types_of(site.body).targets.get(&site.expr) {
            Some(Target::Res(Res::Lib(path))) => path,
            _ => return None,
        },
    };
    let owner = path.rsplit_once("::").map_or(path.as_str(), |(owner, _)| owner);
    let library =
        view.library(owner).unwrap_or_else(|| owner.split("::").next().unwrap_or(owner)).replace('_', "-");
    let mut limits = limits::defaults(&made.limits);
    let at_once =
        sends(callable) || callable.does.as_slice().iter().any(|a| matches!(a, Action::Request { .. }));
    for (number, way) in built.iter().enumerate() {
        let mut own = limits::along(tracer, &made.limits, &way.steps, way.complete);
        own.extend(limits_of_options(tracer, way));
        if number > 0 {
            // Several ways: what they do not share is not known.
            for (limit, value) in &mut own {
                if limits.get(limit) != Some(value) {
                    *value = Tri::Unknown;
                }
            }
        }
        limits = own;
    }
    let configured = options_traces(tracer, site);
    // The last one says the most: a configuration comes after what it is for.
    if let Some(trace) = configured.last() {
        let mut base = made.limits.clone();
        if let [source] = trace.sources[..]
            && let Some(options) = make_client(tracer, source)
        {
            base.extend(options.limits.iter().map(|(limit, default)| (*limit, default.clone())));
        }
        // What the call that takes the options is given beside them holds too.
        let own = Step { at: site, always: true, calls: Default::default() };
        let steps: Vec<Step> = std::iter::once(own).chain(trace.steps.iter().cloned()).collect();
        limits = limits::along(tracer, &base, &steps, trace.is_complete());
    }
    if built.is_empty() && !at_once && configured.is_empty() {
        // A builder whose end is out of sight.
        limits.values_mut().for_each(|v| *v = Tri::Unknown);
    }
    let bodies: BTreeSet<BodyId> =
        built.iter().flat_map(|b| &b.steps).map(|s| s.at.body).chain([site.body]).collect();
    for limit in bodies.into_iter().flat_map(|body| held(tracer, body)) {
        limits.insert(limit, Tri::Unknown);
    }
    let steps = || built.iter().flat_map(|b| &b.steps);
    let middlewares = steps().flat_map(|s| tracer.actions(s.at).iter().map(move |a| (s.at, a)));
    let middlewares = middlewares.filter_map(|(at, a)| {
        if let Action::SetMiddleware { value } = a { tracer.arg(at, *value) } else { None }
    });
    let middlewares: Vec<At> = middlewares.collect();
    let snippets = view.snippets(&library.replace('-', "_"));
    Some(Client {
        protocol: made.protocol,
        library,
        in_fn: tracer.function_of(site.body),
        package: tracer.program.defs.package_of(def.home.module) as u32,
        built: client_site(tracer, site, built)?,
        limits,
        options: options(tracer, built),
        retries: retries(tracer, &middlewares),
        auto_commit: auto_commit(tracer, made, built),
        carries_correlation: passes_on(tracer, &middlewares),
        own_transport: steps().any(|s| tracer.actions(s.at).contains(&Action::OwnTransport)),
        used_in: Vec::new(),
        snippets,
    })
}

/// Whether one of the middlewares passes the id or trace of a request on. What knowledge has no word for may.
fn passes_on(tracer: &Tracer<'_>, middlewares: &[At]) -> Tri<()> {
    let own = |m: At| matches!(tracer.ty(m), crate::ty::Ty::Adt(..));
    if middlewares.iter().any(|m| tracer.carries(*m) == Some(Carries::CorrelationOut)) {
        return Tri::Present(());
    }
    let may = |m: &&At| own(**m) || !tracer.has_word(m.body, tracer.ty(**m));
    if middlewares.iter().any(|m| may(&m)) { Tri::Unknown } else { Tri::Absent }
}

/// What among the middlewares sends requests again.
fn retries(tracer: &Tracer<'_>, middlewares: &[At]) -> Tri<Place> {
    let retries = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::Retry { .. }));
    let mut unseen = false;
    for middleware in middlewares {
        let trace = tracer.trace(*middleware, &retries);
        if let Some(source) = trace.sources.first() {
            return Tri::Present(tracer.place(*source));
        }
        unseen |= tracer.carries(*middleware).is_none();
    }
    if unseen { Tri::Unknown } else { Tri::Absent }
}

/// The limits that may be set by giving fields values: `config.pool = Some(limits)`.
fn held(tracer: &Tracer<'_>, body: BodyId) -> Vec<Limit> {
    let Some(view) = tracer.program.names.view(tracer.module(body)) else { return Vec::new() };
    let mut limits = Vec::new();
    for (_, node) in tracer.body(body).body.iter() {
        let ExprKind::Assign { left, .. } = &node.kind else { continue };
        let ExprKind::Field { base, name } = tracer.kind(At { body, expr: *left }) else { continue };
        let entry = tracer.ty(At { body, expr: *base }).lib_path().and_then(|path| view.type_entry(path));
        if let Some(held) = entry.and_then(|entry| entry.holds.get(name)) {
            limits.extend(held.as_slice());
        }
    }
    limits
}

/// Whether a consumer says by itself that messages are done with, and the option that leaves it to the program.
fn auto_commit(tracer: &Tracer<'_>, made: &MakeClient, built: &[Built]) -> Tri<String> {
    let consumes = |b: &Built| tracer.role(b.finish.body, tracer.ty(b.finish)) == Some(Role::Consumer);
    let Some(last) = made.auto_commit.last() else { return Tri::Unknown };
    if built.is_empty() || !built.iter().all(consumes) {
        return Tri::Unknown;
    }
    let options = options(tracer, built);
    let written = |key: &String| options.get(key).map(|value| value.present().map(String::as_str));
    if made.auto_commit.iter().any(|key| written(key) == Some(Some("false"))) {
        return Tri::Absent;
    }
    let is_known = |key: &String| matches!(written(key), None | Some(Some("true")));
    let all_names = built.iter().flat_map(|b| &b.steps).all(|step| {
        tracer.actions(step.at).iter().all(|action| match action {
            Action::SetOption { key, .. } => {
                tracer.arg(step.at, *key).is_some_and(|k| tracer.text(k).complete)
            }
            _ => true,
        })
    });
    let certain = all_names && built.iter().all(|b| b.complete) && made.auto_commit.iter().all(is_known);
    if certain { Tri::Present(last.clone()) } else { Tri::Unknown }
}

/// Options by name, as far as all ways agree.
fn options(tracer: &Tracer<'_>, built: &[Built]) -> BTreeMap<String, Tri<String>> {
    let mut options: BTreeMap<String, Tri<String>> = BTreeMap::new();
    for step in built.iter().flat_map(|b| b.steps.iter().rev()) {
        for action in tracer.actions(step.at) {
            let Action::SetOption { key, value } = action else { continue };
            let Some(key) = tracer.arg(step.at, *key).map(|k| tracer.text(k)).filter(|k| k.complete) else {
                continue;
            };
            let text = tracer.arg(step.at, *value).map(|v| tracer.text(v)).filter(|v| v.complete);
            let value = text.filter(|_| step.always).map_or(Tri::Unknown, |v| Tri::Present(v.text));
            options.insert(key.text, value);
        }
    }
    options
}

fn client_site(tracer: &Tracer<'_>, site: At, built: &[Built]) -> Option<ClientSite> {
    let def = tracer.body(site.body);
    let path = match tracer.kind(site) {
        ExprKind::Call { callee, .. } => tracer.kind(At { body: site.body, expr: *callee }),
        value => value,
    };
    let ExprKind::Path(path) = path else { return None };
    let last = path.segments.last()?;
    let before = path.segments.len().checked_sub(2).and_then(|n| path.segments.get(n));
    let type_span = before.map_or(last.span, |s| svclint_syntax::Span::new(path.span.start, s.span.end));
    let mut calls = Vec::new();
    let mut end = site;
    // What is called on the finished client is no part of its making.
    let is_finished = |at: At| built.iter().any(|b| b.finish == at);
    while !is_finished(end)
        && let Some(outer) = tracer.parent(end).filter(|o| tracer.receiver(*o) == Some(end))
        && let ExprKind::MethodCall { method, .. } = tracer.kind(outer)
    {
        calls.push((method.to_string(), tracer.call_place(outer)));
        end = outer;
    }
    // A builder that a helper gives is one client for each place that finishes it.
    let elsewhere = built.first().map(Built::finish).filter(|f| f.body != site.body);
    Some(ClientSite {
        at: tracer.place(elsewhere.unwrap_or(end)),
        made: tracer.place(site),
        type_path: def.home.place(type_span),
        constructor: last.name.to_string(),
        takes_timeout: takes_timeout(tracer, site),
        calls,
        when: tracer.when(site),
        is_alike: is_alike(tracer, site, built),
    })
}

/// Whether a client depends on nothing but what is written out where it is built, and on limits.
fn is_alike(tracer: &Tracer<'_>, site: At, built: &[Built]) -> bool {
    let in_closure = |at: At| {
        tracer.ancestors(at).any(|a| matches!(tracer.kind(a), ExprKind::Closure { is_async: false, .. }))
    };
    let sets_limit = |at: At| tracer.actions(at).iter().any(|a| matches!(a, Action::SetLimit { .. }));
    let is_written = |at: At| matches!(tracer.kind(at), ExprKind::Lit(_)) || tracer.text(at).complete;
    let is_of_all = |at: At| is_written(at) || matches!(tracer.kind(at), ExprKind::Field { .. });
    let arguments = |at: At| (0..4).filter_map(move |n| tracer.arg(at, n));
    let sends = tracer.callable(site).is_some_and(sends);
    let steps = || built.iter().flat_map(|b| &b.steps).map(|s| s.at);
    // `reqwest::get(url)`: the argument is no part of the client.
    (sends || arguments(site).all(is_of_all))
        && !in_closure(site)
        && built.iter().all(|b| b.complete)
        && steps()
            .all(|at| at == site || at.body == site.body && (sets_limit(at) || arguments(at).all(is_of_all)))
}

/// Whether the builder of what a constructor makes has `timeout(duration)` for whole requests.
fn takes_timeout(tracer: &Tracer<'_>, site: At) -> bool {
    let Some(Callee::Lib(path, _)) = tracer.types_of(site.body).callees.get(&site.expr) else { return false };
    let Some(view) = tracer.program.names.view(tracer.module(site.body)) else {
        return false;
    };
    let sets = |ty: &str| {
        view.method(ty, "timeout").is_some_and(|c| {
            let total = |a: &Action| {
                matches!(a, Action::SetLimit { limit: Limit::Total | Limit::Head, value: Some(0), .. })
            };
            c.does.as_slice().iter().any(total)
        })
    };
    let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner);
    let given = |callable: Option<&Arc<Callable>>| match callable.and_then(|c| c.gives.as_ref()) {
        Some(Template::Path(path, _)) => Some(path.to_string()),
        _ => None,
    };
    if view.type_entry(owner).is_some() {
        let builder = given(view.method(owner, "builder"));
        return sets(owner) || builder.is_some_and(|b| sets(&b));
    }
    // A function that makes a client and sends at once: the library has a client that can be told more.
    let client = format!("{owner}::Client");
    given(view.method(&client, "get")).is_some_and(|request| sets(&request))
}
