//! What a body does outside of its process, itself or through what it calls.

use svclint_model::{
    Access, Branch, BranchKind, CallSite, Deed, Effect, EffectKind, Exit, ExitKind, FnId, Function, Model,
    Place, Protocol, SqlKind, What, When,
};

use crate::finding::Related;
use crate::rules::reach::evidence;

/// Something that a body does outside of the process.
pub(super) struct Act<'m> {
    /// Where: the deed, or the call that leads to it.
    pub(super) at: Place,
    /// In which circumstances.
    pub(super) when: When,
    /// What, for messages: "sends a request".
    pub(super) what: String,
    /// Whether something is changed there.
    pub(super) changes: bool,
    /// With which kind of thing it is done.
    pub(super) with: With,
    /// The function that does it.
    pub(super) in_fn: FnId,
    /// What it does.
    pub(super) deed: &'m Deed,
    /// A function on the way is only given to something by its name: it may run at another time.
    pub(super) by_name: bool,
    /// What is called on the way may go without it: it stands in a branch, or behind an early return.
    pub(super) may_be_spared: bool,
    /// The calls that lead to it, and the deed at their end; empty for a deed of the function itself.
    pub(super) evidence: Vec<Related>,
}

/// With what something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    /// The database.
    Database,
    /// Another service, a broker, a cache.
    Remote,
    /// The disk.
    Disk,
}

/// All that a function does outside of the process, in the order in which it is evaluated.
pub(super) fn acts<'m>(model: &'m Model, id: FnId) -> Vec<Act<'m>> {
    let function = model.function(id);
    let own = function.does.iter().filter_map(|deed| {
        let (what, changes, with) = told(&deed.what)?;
        let (at, when) = (deed.at, deed.when);
        Some(Act {
            at,
            when,
            what,
            changes,
            with,
            in_fn: id,
            deed,
            by_name: false,
            may_be_spared: false,
            evidence: Vec::new(),
        })
    });
    let calls = function.calls.iter().flat_map(|call| {
        let kinds: Vec<EffectKind> = model.effects[call.to.0 as usize].kinds().collect();
        kinds.into_iter().filter_map(move |kind| through(model, call, kind).map(|act| (call, act)))
    });
    let calls = calls.map(|(call, (mut act, way))| {
        let mut evidence_ = vec![Related {
            place: call.at,
            message: format!("calls `{}`", last_word(&model.function(call.to).path)),
        }];
        evidence_.extend(way);
        evidence_.push(Related { place: act.at, message: act.what.clone() });
        act.evidence = evidence_;
        let by_name = call.named || act.by_name;
        Act { at: function.course.whole_call(call.at), when: call.when, by_name, ..act }
    });
    let mut all: Vec<Act<'m>> = own.chain(calls).collect();
    all.sort_by_key(|act| (act.at.file, act.at.span.end));
    all
}

/// What a call leads to, if the caller waits for it, and the calls on the way.
fn through<'m>(model: &'m Model, call: &CallSite, kind: EffectKind) -> Option<(Act<'m>, Vec<Related>)> {
    let counts = matches!(
        kind,
        EffectKind::BoundedRequest(_)
            | EffectKind::Request(_)
            | EffectKind::Sql(_)
            | EffectKind::Call(_)
            | EffectKind::Publish
            | EffectKind::WriteFile
            | EffectKind::Other(Effect::Mail)
    );
    let (way, in_fn, deed) = counts.then(|| model.way_through(call, kind))??;
    if deed.when.spawned || way.iter().any(|call| call.when.spawned) {
        return None;
    }
    let (what, changes, with) = told(&deed.what)?;
    let by_name = way.iter().any(|call| call.named);
    let ends = way.iter().map(|call| call.at).chain([deed.at]);
    let callees = std::iter::once(call.to).chain(way.iter().map(|call| call.to));
    let may_be_spared = callees.zip(ends).any(|(function, at)| {
        let course = &model.function(function).course;
        let returns = |e: &Exit| e.kind == ExitKind::Return && !e.fails && e.at.span.end <= at.span.start;
        let chooses = |b: &Branch| matches!(b.kind, BranchKind::Then | BranchKind::Else | BranchKind::Arm);
        course.around(at).any(chooses) || course.exits.iter().any(returns)
    });
    let (at, when) = (deed.at, deed.when);
    let act =
        Act { at, when, what, changes, with, in_fn, deed, by_name, may_be_spared, evidence: Vec::new() };
    Some((act, evidence(model, &way)))
}

fn told(what: &What) -> Option<(String, bool, With)> {
    let (text, changes, with) = match what {
        What::Sql(sql) => {
            let reads = matches!(sql.kind, SqlKind::Select | SqlKind::Other);
            let table = if sql.table.is_empty() { String::new() } else { format!(" `{}`", sql.table) };
            let verb = if reads { "reads" } else { "writes" };
            (format!("{verb}{table}"), !reads, With::Database)
        }
        What::Request(_) => ("sends a request".to_owned(), true, With::Remote),
        What::Publish(_) => ("publishes a message".to_owned(), true, With::Remote),
        What::WriteFile(_) => ("writes a file".to_owned(), true, With::Disk),
        What::Effect(Effect::Mail) => ("sends an e-mail".to_owned(), true, With::Remote),
        What::Call(protocol, access) => {
            let changes = access.is_some_and(|a| a != Access::Read);
            let with = if *protocol == Protocol::Sql { With::Database } else { With::Remote };
            (format!("asks {}", partner(*protocol)), changes, with)
        }
        _ => return None,
    };
    Some((text, changes, with))
}

fn partner(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http | Protocol::Grpc => "another service",
        Protocol::Sql => "the database",
        Protocol::Redis => "Redis",
        Protocol::Document => "a document store",
        Protocol::Messaging => "the broker",
        Protocol::Cloud => "a cloud service",
        Protocol::Kubernetes => "the Kubernetes API",
        Protocol::Mail => "a mail server",
    }
}

/// The last word of a path.
pub(super) fn last_word(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// The functions of programs, with their numbers.
pub(super) fn deployed(model: &Model) -> impl Iterator<Item = (FnId, &Function)> {
    let all = model.functions.iter().enumerate().map(|(n, f)| (FnId(n as u32), &**f));
    all.filter(|(_, f)| model.packages.get(f.package as usize).is_some_and(|p| p.in_program))
}

/// The service that runs a function.
pub(super) fn service_of(model: &Model, function: FnId) -> Option<String> {
    let runs = model.services.iter().find(|s| s.functions.binary_search(&function).is_ok());
    runs.map(|s| s.name.clone())
}
