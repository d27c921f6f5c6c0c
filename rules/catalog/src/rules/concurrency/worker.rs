//! What runs for a request on the threads that the asynchronous runtime has for all of them.

use svclint_model::{CallPath, Deed, FnId, Function, Service, When};

use crate::edit::replace;
use crate::rule::RuleMeta;
use crate::rules::reach::evidence;
use crate::rules::running::Run;
use crate::{Context, Edit, Finding};

/// Something that a handler, or what it calls, does on a thread of the runtime.
pub(super) struct OnWorker<'m> {
    pub(super) function: &'m Function,
    pub(super) deed: &'m Deed,
    way: CallPath,
    service: &'m Service,
    who: String,
    /// Who waits meanwhile.
    pub(super) others: &'static str,
    /// Whether a task beside the server does it.
    pub(super) in_task: bool,
}

/// Through how many functions that are not asynchronous it may be reached.
const HOPS: usize = 2;

impl<'m> OnWorker<'m> {
    /// All that is wanted of what handlers do, each once.
    pub(super) fn all(cx: &Context<'m>, wanted: impl Fn(&Function, &Deed) -> bool) -> Vec<OnWorker<'m>> {
        let mut found: Vec<OnWorker<'m>> = Vec::new();
        for run in cx.runs() {
            for_requests(cx, run, &wanted, &mut found);
        }
        found
    }

    /// The same, and what tasks do that run beside the server: they have the same threads.
    pub(super) fn everywhere(
        cx: &Context<'m>,
        wanted: impl Fn(&Function, &Deed) -> bool,
    ) -> Vec<OnWorker<'m>> {
        let mut found: Vec<OnWorker<'m>> = Vec::new();
        let runs = cx.runs();
        runs.iter().for_each(|run| for_requests(cx, run, &wanted, &mut found));
        let serving = runs.iter().filter(|run| !run.service.listeners.is_empty());
        serving.for_each(|run| in_tasks(cx, run.service, &wanted, &mut found));
        found
    }

    /// A finding that begins with who does it: `` `GET /price` blocks its thread ``.
    pub(super) fn finding(&self, cx: &Context<'_>, rule: &'static RuleMeta, message: &str) -> Finding {
        let mut finding = Finding::new(rule, self.deed.at, format!("{} {message}", self.who))
            .service(&self.service.name)
            .subject(&self.function.path);
        finding.related = evidence(cx.model, &self.way);
        finding
    }

    /// Tells the runtime that the thread is busy, so that others take over its tasks; nothing where the runtime cannot, or
    /// where the call waits or returns by itself.
    pub(super) fn step_aside(&self, cx: &Context<'_>) -> Vec<Edit> {
        let call = cx.text(self.deed.at);
        let listeners = &self.service.listeners;
        let template = listeners.first().and_then(|l| l.snippets.get(RUN_BLOCKING));
        let everywhere = listeners.iter().all(|l| l.snippets.contains_key(RUN_BLOCKING));
        match template.filter(|_| everywhere && !call.contains(".await") && !call.contains('?')) {
            Some(template) => replace(self.deed.at, template.replace("{call}", call)),
            None => Vec::new(),
        }
    }
}

/// The code of a runtime in which a call may block.
const RUN_BLOCKING: &str = "run-blocking";

type Wanted<'w> = &'w dyn Fn(&Function, &Deed) -> bool;

fn for_requests<'m>(cx: &Context<'m>, run: &Run<'m>, wanted: Wanted<'_>, found: &mut Vec<OnWorker<'m>>) {
    let handlers: Vec<FnId> = run.handlers.roots.iter().map(|(id, _)| *id).collect();
    for (id, way) in reached(cx, &handlers) {
        let function = cx.model.function(id);
        for deed in function.does.iter().filter(|d| !d.when.off_thread && wanted(function, d)) {
            if runs_on_worker(cx, &handlers, id, &way) && found.iter().all(|f| f.deed.at != deed.at) {
                let who = match run.handlers.route(cx.model, id) {
                    Some(route) => format!("`{} {}`", route.method, route.path),
                    None => "a handler".to_owned(),
                };
                let (way, service, others) = (way.clone(), run.service, "all other requests");
                found.push(OnWorker { function, deed, way, service, who, others, in_task: false });
            }
        }
    }
}

fn in_tasks<'m>(cx: &Context<'m>, service: &'m Service, wanted: Wanted<'_>, found: &mut Vec<OnWorker<'m>>) {
    let is_task = |when: When| when.spawned && !when.off_thread;
    let mut add = |function: &'m Function, deed: &'m Deed, way: CallPath| {
        if found.iter().all(|f| f.deed.at != deed.at) {
            let (who, others) = ("a task beside the server".to_owned(), "all requests");
            found.push(OnWorker { function, deed, way, service, who, others, in_task: true });
        }
    };
    let own = service.functions.iter().map(|id| cx.model.function(*id));
    for function in own.clone() {
        let in_task = |d: &&Deed| is_task(d.when) && wanted(function, d);
        function.does.iter().filter(in_task).for_each(|deed| add(function, deed, CallPath::new()));
    }
    let tasks: Vec<FnId> =
        own.flat_map(|f| &f.calls).filter(|call| is_task(call.when)).map(|call| call.to).collect();
    for (id, way) in reached(cx, &tasks) {
        let function = cx.model.function(id);
        let is_near = way.len() <= HOPS || runs_on_worker(cx, &tasks, id, &way);
        for deed in function.does.iter().filter(|d| !d.when.off_thread && is_near && wanted(function, d)) {
            add(function, deed, way.clone());
        }
    }
}

/// The functions that some reach on the threads of the runtime, in their order, with the way to each.
fn reached(cx: &Context<'_>, from: &[FnId]) -> Vec<(FnId, CallPath)> {
    let ways = cx.model.ways(from, |call| !call.when.off_thread);
    let mut all: Vec<(FnId, CallPath)> = ways.into_iter().collect();
    all.sort_unstable_by_key(|(id, _)| *id);
    all
}

/// Whether a function is asynchronous, or called by one that is.
fn runs_on_worker(cx: &Context<'_>, handlers: &[FnId], function: FnId, way: &CallPath) -> bool {
    let callers = way.iter().rev().skip(1).map(|call| call.to);
    let handler = way
        .first()
        .and_then(|first| handlers.iter().find(|id| cx.model.function(**id).calls.contains(first)).copied());
    let mut chain = [function].into_iter().chain(callers).chain(handler).take(HOPS + 1);
    chain.any(|id| cx.model.function(id).is_async)
}
