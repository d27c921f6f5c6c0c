//! What running a function may do, through everything that it calls.
//!
//! A function's summary holds each kind of effect once, with the first step of a shortest way to it. Summaries are the least
//! fixpoint over the call graph, so recursion needs no special care: each kind spreads from the functions that have it
//! against the direction of calls, one step at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Serialize;
use svclint_knowledge::{Effect, Limit, Protocol};

use crate::system::{CallSite, Client, ClientId, Flag, FnId, Function, Request, SqlKind, What};

/// Kinds of effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectKind {
    /// Sends a request and waits for the answer, with a limit of its own, around it, or of its client.
    BoundedRequest(Protocol),
    /// The same without a bound that is certain.
    Request(Protocol),
    /// Runs a SQL statement.
    Sql(SqlKind),
    /// Asks another kind of store, broker or remote API.
    Call(Protocol),
    /// Sends a message.
    Publish,
    /// Makes or changes files.
    WriteFile,
    /// Takes messages.
    Consume,
    /// Tells the broker that a message is done with.
    Acknowledge,
    /// Starts a task.
    Spawn,
    /// Blocks the thread that it runs on.
    Block,
    /// Holds a lock while it waits.
    HeldLock,
    /// Reads a header.
    ReadHeader,
    /// Sets a header.
    WriteHeader,
    /// Writes to the log.
    Log,
    /// Reads the environment.
    ReadEnv,
    /// What else knowledge names.
    Other(Effect),
}

/// What a function may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The kinds, sorted, each with its witness.
    effects: Vec<(EffectKind, Witness)>,
}

/// The first step of a shortest way to an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The function has it itself: index into [`Function::does`].
    Own(u32),
    /// One of its calls leads to it: index into [`Function::calls`], and how many calls there are on the way.
    Call(u32, u32),
}

impl Summary {
    /// All kinds.
    pub fn kinds(&self) -> impl Iterator<Item = EffectKind> + '_ {
        self.effects.iter().map(|(kind, _)| *kind)
    }

    /// The first step to an effect of a kind.
    pub fn witness(&self, kind: EffectKind) -> Option<Witness> {
        let at = self.effects.binary_search_by_key(&kind, |(k, _)| *k).ok()?;
        self.effects.get(at).map(|(_, witness)| *witness)
    }
}

/// A shortest way from a function to an effect: the calls, the function that has it, and the index of its deed.
pub(crate) fn way(
    functions: &[Arc<Function>],
    summaries: &[Summary],
    from: FnId,
    kind: EffectKind,
) -> Option<(Vec<CallSite>, FnId, u32)> {
    let (mut calls, mut at, mut kind) = (Vec::new(), from, kind);
    loop {
        match summaries.get(at.0 as usize)?.witness(kind)? {
            Witness::Own(deed) => return Some((calls, at, deed)),
            Witness::Call(number, _) => {
                let call = *functions.get(at.0 as usize)?.calls.get(number as usize)?;
                calls.push(call);
                at = call.to;
                // Behind a call that is waited for with a limit, the request itself has none.
                if let EffectKind::BoundedRequest(protocol) = kind {
                    let without = EffectKind::Request(protocol);
                    let has = summaries.get(at.0 as usize)?.witness(without).is_some();
                    kind = if call.when.bounded && has { without } else { kind };
                }
            }
        }
    }
}

/// The summaries of all functions.
pub(crate) fn summaries(
    functions: &[Arc<Function>],
    requests: &[Request],
    clients: &[Client],
) -> Vec<Summary> {
    // Whether each client that a request may be made with ends it after a while.
    let bounds = |id: &ClientId| {
        let limits = clients.get(id.0 as usize).map(|c| &c.limits);
        let set = |limit| limits.and_then(|l| l.get(&limit)).is_some_and(|v| v.present().is_some());
        set(Limit::Total) || set(Limit::Head) || set(Limit::ReadIdle)
    };
    let by_clients =
        |r: &Request| r.clients_complete && !r.clients.is_empty() && r.clients.iter().all(bounds);
    let callers = Callers::of(functions);
    let mut sources: FxHashMap<EffectKind, Vec<(u32, u32)>> = FxHashMap::default();
    for (number, function) in functions.iter().enumerate() {
        for (deed_number, deed) in function.does.iter().enumerate() {
            let Some(kind) = kind_of(&deed.what, deed.when, requests, &by_clients) else { continue };
            let own = sources.entry(kind).or_default();
            if own.last().is_none_or(|(f, _)| *f != number as u32) {
                own.push((number as u32, deed_number as u32));
            }
        }
    }
    let (requests, others): (Vec<_>, Vec<_>) =
        sources.into_iter().partition(|(kind, _)| matches!(kind, EffectKind::Request(_)));
    let mut others: FxHashMap<EffectKind, Seeds> =
        others.into_iter().map(|(kind, own)| (kind, Seeds { own, bounded: Vec::new() })).collect();
    let mut spread: Vec<(EffectKind, Vec<(u32, Witness)>)> = Vec::new();
    for (kind, own) in requests {
        let EffectKind::Request(protocol) = kind else { continue };
        let (reached, bounded) = callers.spread(functions, kind, &Seeds { own, bounded: Vec::new() });
        if !bounded.is_empty() {
            others.entry(EffectKind::BoundedRequest(protocol)).or_default().bounded = bounded;
        }
        spread.push((kind, reached));
    }
    let reached = |(kind, seeds)| (kind, callers.spread(functions, kind, &seeds).0);
    spread.extend(others.into_par_iter().map(reached).collect::<Vec<_>>());
    let mut summaries = vec![Summary::default(); functions.len()];
    for (kind, reached) in spread {
        for (function, witness) in reached {
            if let Some(summary) = summaries.get_mut(function as usize) {
                summary.effects.push((kind, witness));
            }
        }
    }
    for summary in &mut summaries {
        summary.effects.sort_unstable_by_key(|(kind, _)| *kind);
    }
    summaries
}

fn kind_of(
    what: &What,
    when: crate::system::When,
    requests: &[Request],
    by_clients: &dyn Fn(&Request) -> bool,
) -> Option<EffectKind> {
    Some(match what {
        What::Sql(sql) => EffectKind::Sql(sql.kind),
        What::Request(number) => {
            let request = requests.get(*number as usize)?;
            let bounded = when.bounded || request.bound.present().is_some() || by_clients(request);
            match bounded {
                true => EffectKind::BoundedRequest(request.protocol),
                false => EffectKind::Request(request.protocol),
            }
        }
        What::ReadHeader(_) => EffectKind::ReadHeader,
        What::WriteHeader(_) => EffectKind::WriteHeader,
        What::ReadEnv(_) => EffectKind::ReadEnv,
        What::Spawn => EffectKind::Spawn,
        What::Publish(_) => EffectKind::Publish,
        What::WriteFile(_) => EffectKind::WriteFile,
        What::Consume(_) => EffectKind::Consume,
        What::Acknowledge => EffectKind::Acknowledge,
        What::Call(protocol, _) => EffectKind::Call(*protocol),
        What::HeldLock(_) => EffectKind::HeldLock,
        What::Effect(Effect::Block | Effect::BlockOnDisk) if when.off_thread => return None,
        What::Effect(Effect::Block | Effect::BlockOnDisk) => EffectKind::Block,
        What::Effect(Effect::AtMostOnce | Effect::Decode | Effect::Refuse | Effect::FullScan) => return None,
        What::Effect(effect) => EffectKind::Other(*effect),
        What::Log(_) => EffectKind::Log,
        What::Signal(_)
        | What::SplicedSql(_)
        | What::EndServer
        | What::Binds(_)
        | What::LibraryService(_)
        | What::TrustAny
        | What::LockedClient { .. }
        | What::LimitsBodies
        | What::Unlimited { .. }
        | What::Identity(_)
        | What::HeldSpan { .. }
        | What::UnboundedLabel(_)
        | What::Carries(_)
        | What::ExportTraces(_)
        | What::Propagates(_)
        | What::Stall(_)
        | What::ForeignPath(_)
        | What::Layer(_)
        | What::LoadEnvFile(_)
        | What::OpenOrigins(_)
        | What::Describe(_) => return None,
    })
}

/// The functions that reach an effect, with the first step.
type Reached = Vec<(u32, Witness)>;
/// A function, its call that is waited for with a limit, and how many calls there are from it to the effect.
type BoundedCall = (u32, u32, u32);

/// Where an effect begins.
#[derive(Default)]
struct Seeds {
    /// The functions that have it, each with its deed.
    own: Vec<(u32, u32)>,
    /// The calls that bound what has no limit itself.
    bounded: Vec<BoundedCall>,
}

/// Who calls whom, backwards: `edges[start[f]..start[f + 1]]` are the calls of `f`.
struct Callers {
    start: Vec<u32>,
    /// The caller, and the number of the call in its list.
    edges: Vec<(u32, u32)>,
}

impl Callers {
    fn of(functions: &[Arc<Function>]) -> Callers {
        let mut start = vec![0u32; functions.len() + 1];
        let calls =
            || functions.iter().flat_map(|f| &f.calls).filter(|c| (c.to.0 as usize) < functions.len());
        for call in calls() {
            start[call.to.0 as usize + 1] += 1;
        }
        for n in 1..start.len() {
            start[n] += start[n - 1];
        }
        let mut next = start.clone();
        let mut edges = vec![(0, 0); calls().count()];
        for (caller, function) in functions.iter().enumerate() {
            // Calls that need no flag first: of two ways of the same length theirs is told.
            let calls = || function.calls.iter().enumerate();
            let plain = calls().filter(|(_, call)| call.when.only_if.is_none());
            for (number, call) in plain.chain(calls().filter(|(_, call)| call.when.only_if.is_some())) {
                let Some(at) =
                    next.get_mut(call.to.0 as usize).filter(|_| (call.to.0 as usize) < functions.len())
                else {
                    continue;
                };
                edges[*at as usize] = (caller as u32, number as u32);
                *at += 1;
            }
        }
        Callers { start, edges }
    }

    /// The functions that reach an effect, nearest first; and of a request without a limit the calls that give it one.
    fn spread(
        &self,
        functions: &[Arc<Function>],
        kind: EffectKind,
        seeds: &Seeds,
    ) -> (Reached, Vec<BoundedCall>) {
        let mut seen = vec![false; functions.len()];
        let (mut reached, mut bounded) = (Reached::new(), Vec::new());
        // With what the first step of each needs.
        let mut queue: VecDeque<(u32, u32, Option<Flag>)> = VecDeque::new();
        for (function, deed) in &seeds.own {
            seen[*function as usize] = true;
            reached.push((*function, Witness::Own(*deed)));
            let of = &functions[*function as usize];
            queue.push_back((*function, 0, of.needs(&of.does[*deed as usize])));
        }
        for (function, call, distance) in &seeds.bounded {
            if !std::mem::replace(&mut seen[*function as usize], true) {
                reached.push((*function, Witness::Call(*call, *distance)));
                let when = functions[*function as usize].calls[*call as usize].when;
                queue.push_back((*function, *distance, when.only_if));
            }
        }
        // The calls that rule out what is known of the called function: it may have another way.
        let mut ruled_out: Vec<(u32, u32, u32)> = Vec::new();
        loop {
            while let Some((function, distance, only_if)) = queue.pop_front() {
                let (from, to) = (self.start[function as usize], self.start[function as usize + 1]);
                for (caller, number) in &self.edges[from as usize..to as usize] {
                    let call = functions[*caller as usize].calls[*number as usize];
                    let when = call.when;
                    if call.told.rules_out(only_if) {
                        ruled_out.push((*caller, *number, distance + 1));
                        continue;
                    }
                    if when.bounded && matches!(kind, EffectKind::Request(_)) {
                        bounded.push((*caller, *number, distance + 1));
                        continue;
                    }
                    if seen[*caller as usize] || when.off_thread && kind == EffectKind::Block {
                        continue;
                    }
                    seen[*caller as usize] = true;
                    reached.push((*caller, Witness::Call(*number, distance + 1)));
                    queue.push_back((*caller, distance + 1, when.only_if));
                }
            }
            for (caller, number, distance) in &ruled_out {
                let call = functions[*caller as usize].calls[*number as usize];
                let reaches = |c: &CallSite| seen.get(c.to.0 as usize).is_some_and(|seen| *seen);
                let happens = |c: &CallSite| reaches(c) && !call.told.rules_out(c.when.only_if);
                let plain = !call.when.bounded && !call.when.off_thread;
                if plain && !seen[*caller as usize] && functions[call.to.0 as usize].calls.iter().any(happens)
                {
                    seen[*caller as usize] = true;
                    reached.push((*caller, Witness::Call(*number, *distance)));
                    queue.push_back((*caller, *distance, call.when.only_if));
                }
            }
            if queue.is_empty() {
                break;
            }
        }
        (reached, bounded)
    }
}
