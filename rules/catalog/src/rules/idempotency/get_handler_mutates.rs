//! `get-handler-mutates`

use svclint_model::{CallPath, Deed, FnId, Place, Route, Service, SqlDeed, SqlKind, What, is_internal};

use super::writes::Writes;
use crate::rules::reach::evidence;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports `GET` handlers that write to a table or send a message, within three calls. Sessions, tokens, caches, counters
    /// of views and the like are left alone, and so are links of mails and of sign-ins, which are meant to do something. Off,
    /// because a write may be one that nobody minds.
    ///
    /// ## Why it matters
    /// `GET` is safe: crawlers, link previews and prefetching browsers call it unasked, and proxies and clients repeat it by
    /// themselves. What it changes, it changes then too.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, extract::{Path, State}, routing::get};
    ///
    /// async fn close(State(db): State<sqlx::PgPool>, Path(id): Path<i64>) {
    ///     sqlx::query("UPDATE orders SET closed = true WHERE id = $1").bind(id).execute(&db).await.unwrap();
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/orders/{id}/close", get(close)).with_state(db)).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, extract::{Path, State}, routing::post};
    ///
    /// async fn close(State(db): State<sqlx::PgPool>, Path(id): Path<i64>) {
    ///     sqlx::query("UPDATE orders SET closed = true WHERE id = $1").bind(id).execute(&db).await.unwrap();
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/orders/{id}/close", post(close)).with_state(db)).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None is offered: answer another method at this path.
    ///
    /// ## References
    /// - RFC 9110, section 9.2.1, "Safe Methods"
    pub(crate) GET_HANDLER_MUTATES {
        id: "get-handler-mutates",
        category: Idempotency,
        level: Allow,
        severity: Warning,
        confidence: Medium,
        since: "0.1",
    }
}

/// How far from the handler a write may be.
const HOPS: usize = 3;
/// What may be written by the way.
const HARMLESS: &str = "session token cache view visit hit last_ rate limit counter nonce state login lock \
    seen stat job queue migration";
/// Paths that are meant to do something.
const MEANT: &str = "callback confirm verify unsubscribe logout login auth oauth oauth2 token activate \
    magic graphql track click pixel redirect signin signout sso oidc consent link";

/// What more handlers than this do is done by the way: by what tells who asks, for example.
const SHARED: usize = 3;

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        let mut found: Vec<Change<'_>> = Vec::new();
        for route in service.routes.iter().filter(|r| r.method == "GET" && !is_meant(&r.path)) {
            if let Some(handler) = route.handler.filter(|h| found.iter().all(|f| f.handler != *h)) {
                found.extend(change(cx, route, handler));
            }
        }
        let is_own = |change: &&Change<'_>| found.iter().filter(|f| f.at == change.at).count() <= SHARED;
        findings.extend(found.iter().filter(is_own).map(|change| finding(cx, service, change)));
    }
}

/// What a handler changes.
struct Change<'m> {
    route: &'m Route,
    handler: FnId,
    way: CallPath,
    at: Place,
    what: String,
}

fn is_meant(path: &str) -> bool {
    let path = path.to_lowercase();
    is_internal(&path)
        || path.split(['/', '-', '_', ':', '.']).any(|word| MEANT.split(' ').any(|meant| meant == word))
}

fn change<'m>(cx: &Context<'m>, route: &'m Route, handler: FnId) -> Option<Change<'m>> {
    let writes = Writes::of(cx.model, handler);
    let params = cx.model.function(handler).params;
    // Extractors run before the handler: what they write is theirs.
    let is_own = |way: &CallPath| {
        way.len() <= HOPS && way.iter().all(|c| !c.when.spawned) && way.first().is_none_or(|c| c.at != params)
    };
    let near = |id: &FnId| writes.ways.get(id).is_some_and(is_own);
    let (in_fn, deed, what) = written(&writes).find(|(id, deed, _)| near(id) && !deed.when.spawned)?;
    let way = writes.ways.get(&in_fn).cloned().unwrap_or_default();
    Some(Change { route, handler, way, at: deed.at, what })
}

fn finding(cx: &Context<'_>, service: &Service, change: &Change<'_>) -> Finding {
    let function = cx.model.function(change.handler);
    let (path, what) = (&change.route.path, &change.what);
    let message = format!(
        "`GET {path}` {what}: whoever only looks, a crawler or a preview, changes it, and so does every repeat"
    );
    let mut finding = Finding::new(&GET_HANDLER_MUTATES, function.name, message)
        .help("answer `POST`, `PUT` or `DELETE` here")
        .label("changes something for a `GET`")
        .service(&service.name)
        .subject(format!("{} {path}", function.path));
    finding.related = evidence(cx.model, &change.way);
    finding.related(change.at, what.clone())
}

/// What a handler changes, in words.
fn written<'w>(writes: &'w Writes<'_>) -> impl Iterator<Item = (FnId, &'w Deed, String)> {
    use SqlKind::{Delete, Increment, Insert, Update, Upsert};
    let harmful =
        |sql: &SqlDeed| !sql.table.is_empty() && !HARMLESS.split(' ').any(|w| sql.table.contains(w));
    let kinds = [Insert, Update, Increment, Delete, Upsert];
    let sql = kinds.into_iter().flat_map(|kind| writes.sql(kind));
    let sql = sql
        .filter(move |(_, _, sql)| harmful(sql))
        .map(|(id, deed, sql)| (id, deed, format!("writes to `{}`", sql.table)));
    let sent = writes.deeds.iter().filter(|(_, deed)| matches!(deed.what, What::Publish(_)));
    sql.chain(sent.map(|(id, deed)| (*id, *deed, "sends a message".to_owned())))
}
