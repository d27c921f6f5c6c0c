//! `error-swallowed`

use svclint_model::{EffectKind, Failure, FnId, Function, Holds, Model, Outcome, Place, Protocol, What};

use super::again::{is_sent_again, tries_again};
use crate::rules::acts::{acts, last_word};
use crate::rules::reach::Reached;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports messages whose sending fails without consequence while a request or a message is served: the failure is thrown away,
    /// or only told to a log. Measurements are left alone, as is what a task of its own sends, what is sent again, and calls that do
    /// more than to send.
    ///
    /// ## Why it matters
    /// The caller is told that the order is placed, and whoever waits for the message never hears of it: nobody tries again.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "orders"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// async-nats = "0.45"
    /// axum = "0.8"
    /// tokio = { version = "1", features = ["full"] }
    /// tracing = "0.1"
    /// //- src/main.rs
    /// use async_nats::jetstream::Context;
    /// use axum::{Router, extract::State, routing::post};
    ///
    /// async fn place(State(stream): State<Context>, order: String) -> &'static str {
    ///     if let Err(error) = stream.publish("orders.placed", order.into()).await {
    ///         tracing::error!(%error, "not published");
    ///     }
    ///     "placed"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let stream = async_nats::jetstream::new(async_nats::connect("nats://nats:4222").await?);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/orders", post(place)).with_state(stream)).await?)
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "orders"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// async-nats = "0.45"
    /// axum = "0.8"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use async_nats::jetstream::Context;
    /// use axum::{Router, extract::State, http::StatusCode, routing::post};
    ///
    /// async fn place(State(stream): State<Context>, order: String) -> Result<&'static str, StatusCode> {
    ///     let unavailable = |_| StatusCode::SERVICE_UNAVAILABLE;
    ///     stream.publish("orders.placed", order.into()).await.map_err(unavailable)?.await.map_err(unavailable)?;
    ///     Ok("placed")
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let stream = async_nats::jetstream::new(async_nats::connect("nats://nats:4222").await?);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/orders", post(place)).with_state(stream)).await?)
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: to fail, or to write the message into an outbox table, is a decision about what the caller is promised.
    ///
    /// ## References
    /// - Chris Richardson, "Pattern: Transactional outbox"
    pub(crate) ERROR_SWALLOWED {
        id: "error-swallowed",
        category: Messaging,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for service in &cx.model.services {
        let handlers = Reached::from_handlers(cx.model, service);
        for id in &service.functions {
            let function = cx.model.function(*id);
            let served = handlers.ways.contains_key(id);
            for (outcome, topic) in lost(cx, function) {
                if is_served(function, outcome, served)
                    && !is_sent_again(cx.model, *id, outcome)
                    && !tries_again(cx.model, function, outcome)
                    && seen.insert(outcome.of)
                {
                    let found = finding(function, outcome, topic.as_deref());
                    findings.push(found.service(service.name.clone()));
                }
            }
        }
    }
}

/// The messages whose failure has no consequence, with their topics.
fn lost<'m>(cx: &Context<'_>, function: &'m Function) -> Vec<(&'m Outcome, Option<String>)> {
    let course = &function.course;
    let own = function.does.iter().filter_map(|deed| match &deed.what {
        What::Publish(topic) => Some((deed.at, topic.present().cloned())),
        _ => None,
    });
    let called = function.calls.iter().filter_map(|call| {
        let (way, _, deed) = cx.model.way_through(call, EffectKind::Publish)?;
        let waited = !deed.when.spawned && way.iter().all(|call| !call.when.spawned);
        // A trait's method may be any of its implementations.
        let mut others = function.calls.iter().filter(|other| other.at == call.at);
        let surely = others.all(|other| cx.model.way_through(other, EffectKind::Publish).is_some());
        let topic = if let What::Publish(topic) = &deed.what { topic.present().cloned() } else { None };
        (waited && surely && only_sends(cx.model, call.to)).then_some((course.whole_call(call.at), topic))
    });
    let all = own.chain(called).filter(|(_, topic)| !topic.as_deref().is_some_and(is_measurement));
    let ignored = |outcome: &Outcome| match outcome.failure {
        Failure::Kept => outcome.dropped && outcome.fails,
        Failure::Discarded => outcome.dropped,
        Failure::Told(_) => true,
        Failure::Leaves | Failure::Handled(_) => false,
    };
    let outcomes = all.filter_map(|(at, topic)| Some((course.outcome(at).filter(|o| ignored(o))?, topic)));
    outcomes.filter(|_| !is_measurement(&function.path)).collect()
}

/// Whether a function changes nothing but by the messages that it sends: the failure of one that does more is not the message's.
fn only_sends(model: &Model, id: FnId) -> bool {
    let sends = |what: &What| matches!(what, What::Publish(_) | What::Call(Protocol::Messaging, _));
    acts(model, id).iter().all(|act| !act.changes || sends(&act.deed.what))
}

/// What may be lost: one reading among many, or a trail beside the work.
fn is_measurement(name: &str) -> bool {
    let name = name.to_lowercase();
    ["metric", "telemetry", "heartbeat", "trace", "stats", "analytics", "audit", "log"]
        .iter()
        .any(|w| name.contains(w))
}

/// Whether somebody is told that all is well: the caller of a handler, or the broker that a message came from.
fn is_served(function: &Function, outcome: &Outcome, by_handler: bool) -> bool {
    let course = &function.course;
    let in_task = |at: Place| function.does.iter().any(|d| d.at == at && d.when.spawned);
    let calls_in_task = function.calls.iter().any(|c| outcome.of.holds(c.at) && c.when.spawned);
    match course.loop_around(outcome.of) {
        // A loop that tries again, or goes through many; or one over messages.
        Some(of) => function.holding(Holds::Message).any(|(_, v)| of.at.holds(v.bound)),
        None => by_handler && !in_task(outcome.of) && !calls_in_task,
    }
}

fn finding(function: &Function, outcome: &Outcome, topic: Option<&str>) -> Finding {
    let what = topic.map_or("its message".to_owned(), |topic| format!("the message to `{topic}`"));
    let message = format!(
        "`{}` goes on as if all were well when {what} cannot be sent: nobody sends it again",
        last_word(&function.path)
    );
    let finding = Finding::new(&ERROR_SWALLOWED, outcome.of, message)
        .help("fail with it, or write the message into an outbox table in the transaction that it tells of")
        .label("its failure has no consequence")
        .subject(format!("{} {}", function.path, topic.unwrap_or("?")));
    match outcome.failure {
        Failure::Told(at) => finding.related(at, "only a log is told"),
        _ => finding,
    }
}
