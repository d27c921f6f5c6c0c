//! `dual-write`

use rustc_hash::FxHashSet;
use svclint_model::{FnId, Function, Model, Place, Tri, What};

use super::sequence::{is_apart, leads_to, tells_of};
use crate::rules::acts::{Act, With, acts, deployed, last_word, service_of};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports messages that are sent after the database has been changed, by the same function and what it calls, where no
    /// statement on the way writes to an outbox. Calls that change something in another service are not looked at. Off,
    /// because a message may be no more than a hint that it does no harm to lose.
    ///
    /// ## Why it matters
    /// The two writes are not one. When the process ends between them, or the broker does not answer, the row is there and
    /// nobody is told: the services disagree from then on, and no retry mends it.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// async-nats = "0.45"
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::post};
    ///
    /// async fn place(State((db, nats)): State<(sqlx::PgPool, async_nats::Client)>, item: String) {
    ///     sqlx::query("INSERT INTO orders (item) VALUES ($1)").bind(&item).execute(&db).await.unwrap();
    ///     nats.publish("orders.placed", item.into()).await.unwrap();
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let nats = async_nats::connect("nats").await.unwrap();
    ///     let app = Router::new().route("/orders", post(place)).with_state((db, nats));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// async-nats = "0.45"
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::post};
    ///
    /// async fn place(State(db): State<sqlx::PgPool>, item: String) {
    ///     let mut change = db.begin().await.unwrap();
    ///     sqlx::query("INSERT INTO orders (item) VALUES ($1)").bind(&item).execute(&mut *change).await.unwrap();
    ///     sqlx::query("INSERT INTO outbox (body) VALUES ($1)").bind(&item).execute(&mut *change).await.unwrap();
    ///     change.commit().await.unwrap();
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let app = Router::new().route("/orders", post(place)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None is offered: write the message into a table of the same transaction, and let a task of its own send what stands
    /// there.
    ///
    /// ## References
    /// - Chris Richardson, "Pattern: Transactional outbox"
    /// - Martin Kleppmann, "Designing Data-Intensive Applications", on keeping systems in sync
    pub(crate) DUAL_WRITE {
        id: "dual-write",
        category: Messaging,
        level: Allow,
        severity: Warning,
        confidence: Medium,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (id, function) in deployed(cx.model) {
        let Some(service) = service_of(cx.model, id) else { continue };
        let mut all = acts(cx.model, id);
        // A handler that is only named here, to be given to a router, runs at another time.
        all.retain(|act| !act.by_name);
        for (sent, change) in pairs(cx.model, function, &all) {
            if !keeps_outbox(cx.model, id) {
                findings.push(finding(function, &service, change, sent));
            }
        }
    }
}

/// The messages that are sent apart from a change, each with the last change before: what it most likely tells of.
fn pairs<'a, 'm>(model: &Model, function: &Function, all: &'a [Act<'m>]) -> Vec<(&'a Act<'m>, &'a Act<'m>)> {
    let mut seen: FxHashSet<Place> = FxHashSet::default();
    let mut found = Vec::new();
    for sent in all.iter().filter(|act| matters(model, act)) {
        // What does both is told of where it stands.
        if all.iter().any(|act| is_change(act) && act.at == sent.at) {
            continue;
        }
        let course = &function.course;
        let before = |act: &&Act<'_>| {
            let other_task = act.when.spawned && is_apart(course, act.at, sent.at);
            is_change(act)
                && !other_task
                && leads_to(course, act.at, sent.at)
                && tells_of(course, sent.at, act.at)
        };
        let Some(change) = all.iter().rev().find(before) else { continue };
        // What is marked as sent afterwards is sent again if need be.
        let marks = |act: &Act<'_>| {
            is_change(act) && table(act) == table(change) && leads_to(&function.course, sent.at, act.at)
        };
        if !all.iter().any(marks) && seen.insert(sent.at) {
            found.push((sent, change));
        }
    }
    found
}

/// Whether something is written to an outbox on the way.
fn keeps_outbox(model: &Model, function: FnId) -> bool {
    let ways = model.ways(&[function], |_| true);
    let mut deeds = ways.keys().flat_map(|f| &model.function(*f).does);
    deeds.any(|d| matches!(&d.what, What::Sql(sql) if is_outbox(&sql.table)))
}

/// Whether an act sends a message that is more than a hint or a measure.
fn matters(model: &Model, act: &Act<'_>) -> bool {
    let What::Publish(topic) = &act.deed.what else { return false };
    let is_hint = |text: &str| {
        let text = text.to_lowercase();
        ["cache", "invalidat", "metric", "telemetry", "audit", "log", "dead", "dlq", "retry"]
            .iter()
            .any(|word| text.split(['.', '-', '_', '/', ':']).any(|part| part.starts_with(word)))
    };
    let sender = last_word(&model.function(act.in_fn).path);
    !matches!(topic, Tri::Present(topic) if is_hint(topic)) && !is_hint(sender)
}

/// Whether an act changes rows that tell more than that something happened.
fn is_change(act: &Act<'_>) -> bool {
    let trail = ["log", "audit", "history", "metric", "attempt", "inbox", "processed", "dedup", "idempot"];
    act.with == With::Database && act.changes && !trail.iter().any(|word| table(act).contains(word))
}

fn table<'m>(act: &Act<'m>) -> &'m str {
    match &act.deed.what {
        What::Sql(sql) => &sql.table,
        _ => "",
    }
}

fn is_outbox(table: &str) -> bool {
    ["outbox", "pending_event", "event_queue", "event_store"].iter().any(|word| table.contains(word))
}

fn finding(function: &Function, service: &str, change: &Act<'_>, sent: &Act<'_>) -> Finding {
    let table = table(change);
    let what = if table.is_empty() { "the database".to_owned() } else { format!("`{table}`") };
    let message = format!(
        "{what} is changed first, and this message sent afterwards: when the process ends in between, nobody is ever told of the change"
    );
    let mut finding = Finding::new(&DUAL_WRITE, sent.at, message)
        .help(
            "write the message into an outbox table in the transaction of the change, and send it from there",
        )
        .label("sent apart from the change")
        .service(service)
        .subject(format!("{} {table}", function.path))
        .related(change.at, format!("{} here", change.what));
    finding.related.extend(sent.evidence.iter().skip(1).cloned());
    finding
}
