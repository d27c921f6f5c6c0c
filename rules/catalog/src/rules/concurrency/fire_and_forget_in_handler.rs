//! `fire-and-forget-in-handler`

use svclint_model::{Access, Deed, EffectKind, FnId, Function, Model, Place, Protocol, SqlKind, What};

use crate::rules::reach::evidence;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports tasks that a handler spawns and forgets, and that write to a database, publish a message or call another
    /// service. Tasks whose handle is kept, and those of a `JoinSet` or `TaskTracker`, are left alone. Off by default: some
    /// work may be lost.
    ///
    /// ## Why it matters
    /// The caller is told that all is well, and the work is only in the memory of one process. When that is stopped, by each
    /// rollout, or when the task panics, the work is gone, and nobody is told.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, extract::State, routing::post};
    ///
    /// async fn place(State(db): State<sqlx::PgPool>) -> &'static str {
    ///     tokio::spawn(async move {
    ///         sqlx::query("INSERT INTO receipts (note) VALUES ('sent')").execute(&db).await.ok();
    ///     });
    ///     "placed"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/v1/orders", post(place)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::State, routing::post};
    ///
    /// async fn place(State(db): State<sqlx::PgPool>) -> &'static str {
    ///     match sqlx::query("INSERT INTO receipts (note) VALUES ('sent')").execute(&db).await {
    ///         Ok(_) => "placed",
    ///         Err(_) => "try again",
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/v1/orders", post(place)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: do the work before you answer, put it into a queue or an outbox, or spawn it with a `TaskTracker` that is waited
    /// for when the service ends.
    ///
    /// ## References
    /// - The documentation of `tokio_util::task::TaskTracker`
    /// - Michael Nygard, "Release It!"
    pub(crate) FIRE_AND_FORGET_IN_HANDLER {
        id: "fire-and-forget-in-handler",
        category: Concurrency,
        level: Allow,
        severity: Warning,
        confidence: Medium,
        since: "0.1",
    }
}

/// What is lost with a task.
const LOSSES: &[(EffectKind, &str)] = &[
    (EffectKind::Sql(SqlKind::Insert), "writes to the database"),
    (EffectKind::Sql(SqlKind::Upsert), "writes to the database"),
    (EffectKind::Sql(SqlKind::Update), "writes to the database"),
    (EffectKind::Sql(SqlKind::Increment), "writes to the database"),
    (EffectKind::Sql(SqlKind::Delete), "writes to the database"),
    (EffectKind::Publish, "publishes a message"),
    (EffectKind::Request(Protocol::Http), "calls another service"),
    (EffectKind::BoundedRequest(Protocol::Http), "calls another service"),
    (EffectKind::Request(Protocol::Grpc), "calls another service"),
    (EffectKind::BoundedRequest(Protocol::Grpc), "calls another service"),
];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for run in cx.runs() {
        let handlers: Vec<FnId> = run.handlers.roots.iter().map(|(id, _)| *id).collect();
        let ways = cx.model.ways(&handlers, |call| !call.when.spawned);
        let mut functions: Vec<FnId> = ways.keys().copied().collect();
        functions.sort_unstable();
        for id in functions {
            let function = cx.model.function(id);
            for spawn in function.does.iter().filter(|d| d.what == What::Spawn && is_forgotten(cx, d)) {
                if let Some((at, loss)) = loss(cx.model, function, spawn)
                    && !reported.contains(&spawn.at)
                {
                    reported.push(spawn.at);
                    let message = format!(
                        "this task {loss}, and nobody waits for it: a rollout or a panic loses it without a trace"
                    );
                    let mut finding = Finding::new(&FIRE_AND_FORGET_IN_HANDLER, spawn.at, message)
                        .help("do it before you answer, put it into a queue, or keep the task in a `TaskTracker` that is waited for at the end")
                        .label("spawned and forgotten")
                        .service(&run.service.name)
                        .subject(&function.path)
                        .related(at, format!("{loss} here"));
                    finding.related.extend(ways.get(&id).map(|w| evidence(cx.model, w)).unwrap_or_default());
                    findings.push(finding);
                }
            }
        }
    }
}

/// Whether a task is spawned by a statement of its own, and not with something that keeps it.
fn is_forgotten(cx: &Context<'_>, spawn: &Deed) -> bool {
    let called = cx.text(spawn.at).split('(').next().unwrap_or("");
    !called.contains('.')
        && cx.begins_line(spawn.at)
        && cx.rest_of_line(spawn.at).trim_start().starts_with(';')
}

/// What a task does that is lost with it.
fn loss(model: &Model, function: &Function, spawn: &Deed) -> Option<(Place, &'static str)> {
    let inside = |at: Place| {
        at.file == spawn.at.file && at.span.start > spawn.at.span.start && at.span.end <= spawn.at.span.end
    };
    let own = function.does.iter().filter(|d| inside(d.at)).find_map(|d| match &d.what {
        What::Sql(sql) if !matches!(sql.kind, SqlKind::Select | SqlKind::Other) => {
            Some((d.at, "writes to the database"))
        }
        What::Call(_, Some(access)) if *access != Access::Read => Some((d.at, "writes to a store")),
        What::Publish(_) => Some((d.at, "publishes a message")),
        What::Request(_) => Some((d.at, "calls another service")),
        _ => None,
    });
    let called = || {
        let calls = function.calls.iter().filter(|c| inside(c.at));
        calls.into_iter().find_map(|call| {
            let loss = LOSSES.iter().find(|(kind, _)| model.way_through(call, *kind).is_some())?;
            Some((call.at, loss.1))
        })
    };
    own.or_else(called)
}
