//! What runs for a request on the threads that the asynchronous runtime has for all of them.

use svclint_model::{CallPath, Deed, FnId, Function, Service};

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
}

/// Through how many functions that are not asynchronous it may be reached.
const HOPS: usize = 2;

impl<'m> OnWorker<'m> {
    /// All that is wanted, each once.
    pub(super) fn all(cx: &Context<'m>, wanted: impl Fn(&Function, &Deed) -> bool) -> Vec<OnWorker<'m>> {
        let mut found: Vec<OnWorker<'m>> = Vec::new();
        for run in Run::all(cx.model) {
            let handlers: Vec<FnId> = run.handlers.roots.iter().map(|(id, _)| *id).collect();
            let ways = cx.model.ways(&handlers, |call| !call.when.off_thread);
            let mut functions: Vec<(FnId, &CallPath)> = ways.iter().map(|(id, way)| (*id, way)).collect();
            functions.sort_unstable_by_key(|(id, _)| *id);
            for (id, way) in functions {
                let function = cx.model.function(id);
                let wanted = |d: &&Deed| !d.when.off_thread && wanted(function, d);
                for deed in function.does.iter().filter(wanted) {
                    if runs_on_worker(cx, &handlers, id, way) && found.iter().all(|f| f.deed.at != deed.at) {
                        let who = match run.handlers.route(cx.model, id) {
                            Some(route) => format!("`{} {}`", route.method, route.path),
                            None => "a handler".to_owned(),
                        };
                        let (way, service) = (way.clone(), run.service);
                        found.push(OnWorker { function, deed, way, service, who });
                    }
                }
            }
        }
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

/// Whether a function is asynchronous, or called by one that is.
fn runs_on_worker(cx: &Context<'_>, handlers: &[FnId], function: FnId, way: &CallPath) -> bool {
    let callers = way.iter().rev().skip(1).map(|call| call.to);
    let handler = way
        .first()
        .and_then(|first| handlers.iter().find(|id| cx.model.function(**id).calls.contains(first)).copied());
    let mut chain = [function].into_iter().chain(callers).chain(handler).take(HOPS + 1);
    chain.any(|id| cx.model.function(id).is_async)
}
