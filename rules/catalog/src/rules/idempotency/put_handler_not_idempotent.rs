//! `put-handler-not-idempotent`

use svclint_model::{Deed, FnId, Route, Service, SqlDeed, SqlKind};
use svclint_syntax::Span;

use super::writes::{Writes, takes_key, unique_key};
use crate::rules::looked_up::{only_in_some_state, steps};
use crate::rules::reach::evidence;
use crate::{Applicability, Context, Edit, Finding, Fix, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports `PUT` and `DELETE` handlers that do something else when they are called again: they add to a number, or only
    /// insert into a table of which a migration says that no unique key stops the second row.
    ///
    /// ## Why it matters
    /// HTTP promises that `PUT` and `DELETE` can be repeated. Browsers, proxies, meshes and retry middleware rely on that and
    /// send them again by themselves: the row then exists twice, the stock is added twice.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, extract::{Path, State}, routing::put};
    ///
    /// async fn add(State(db): State<sqlx::PgPool>, Path(order): Path<i64>) {
    ///     sqlx::query("INSERT INTO items (order_id) VALUES ($1)").bind(order).execute(&db).await.unwrap();
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/orders/{id}/items", put(add)).with_state(db)).await.unwrap();
    /// }
    /// //- migrations/1_items.sql
    /// CREATE TABLE items (id BIGSERIAL PRIMARY KEY, order_id BIGINT NOT NULL);
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, extract::{Path, State}, routing::put};
    ///
    /// async fn add(State(db): State<sqlx::PgPool>, Path(order): Path<i64>) {
    ///     sqlx::query("INSERT INTO items (order_id) VALUES ($1) ON CONFLICT (order_id) DO NOTHING")
    ///         .bind(order).execute(&db).await.unwrap();
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/orders/{id}/items", put(add)).with_state(db)).await.unwrap();
    /// }
    /// //- migrations/1_items.sql
    /// CREATE TABLE items (id BIGSERIAL PRIMARY KEY, order_id BIGINT NOT NULL UNIQUE);
    /// ```
    ///
    /// ## Fix
    /// Proposes `ON CONFLICT DO NOTHING`. It needs a unique key to conflict with; `DO UPDATE` is often what is meant.
    ///
    /// ## References
    /// - RFC 9110, section 9.2.2, "Idempotent Methods"
    pub(crate) PUT_HANDLER_NOT_IDEMPOTENT {
        id: "put-handler-not-idempotent",
        category: Idempotency,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for service in &cx.model.services {
        for route in service.routes.iter().filter(|r| matches!(r.method.as_str(), "PUT" | "DELETE")) {
            let Some(handler) = route.handler else { continue };
            if seen.insert(handler) {
                findings.extend(handler_finding(cx, service, route, handler));
            }
        }
    }
}

fn handler_finding(cx: &Context<'_>, service: &Service, route: &Route, handler: FnId) -> Option<Finding> {
    let writes = Writes::of(cx.model, handler);
    if writes.reads_key() || takes_key(cx.model, handler) {
        return None;
    }
    let (in_fn, deed, sql, what) = culprit(cx, handler, &writes)?;
    let mut related = writes.ways.get(&in_fn).map(|way| evidence(cx.model, way)).unwrap_or_default();
    related.push(Related { place: sql.text.unwrap_or(deed.at), message: what.clone() });
    let function = cx.model.function(handler);
    Some(Finding {
        rule: &PUT_HANDLER_NOT_IDEMPOTENT,
        message: format!(
            "`{} {}` does not give the same result when it is repeated, though HTTP promises it: it {what}",
            route.method, route.path
        ),
        help: Some("write the state that the request names, so that a second time changes nothing".into()),
        severity: PUT_HANDLER_NOT_IDEMPOTENT.severity,
        confidence: PUT_HANDLER_NOT_IDEMPOTENT.confidence,
        variants: Vec::new(),
        service: Some(service.name.clone()),
        place: function.name,
        label: "a repeat does more".into(),
        related,
        fixes: fix(cx, sql).into_iter().collect(),
        subject: format!("{} {}", function.path, sql.table),
    })
}

type Culprit<'m> = (FnId, &'m Deed, &'m SqlDeed, String);

/// The statement that does something else the second time.
fn culprit<'m>(cx: &Context<'_>, handler: FnId, writes: &Writes<'m>) -> Option<Culprit<'m>> {
    // What is counted back by rows that are removed is counted once.
    let consumes = writes.has_sql(SqlKind::Delete);
    let always = |(id, deed, _): &(FnId, &Deed, &SqlDeed)| {
        !only_in_some_state(cx.model, &steps(&writes.ways, handler, *id, deed))
    };
    if let Some((id, deed, sql)) = writes.sql(SqlKind::Increment).find(always).filter(|_| !consumes) {
        return Some((id, deed, sql, format!("changes numbers in `{}` by an amount each time", sql.table)));
    }
    // What is removed first, updated first or written over is a replacement.
    let replaces = [SqlKind::Upsert, SqlKind::Delete, SqlKind::Update, SqlKind::Increment, SqlKind::Other]
        .into_iter()
        .any(|kind| writes.has_sql(kind));
    if replaces {
        return None;
    }
    let doubles = |(_, _, sql): &(FnId, &Deed, &SqlDeed)| unique_key(cx.model, sql).is_absent();
    let (id, deed, sql) = writes.sql(SqlKind::Insert).find(doubles)?;
    Some((id, deed, sql, format!("inserts a new row into `{}` each time", sql.table)))
}

fn fix(cx: &Context<'_>, sql: &SqlDeed) -> Option<Fix> {
    let literal = sql.text.filter(|_| sql.kind == SqlKind::Insert)?;
    let text = cx.text(literal);
    if text.to_lowercase().contains("returning") {
        return None;
    }
    let statement = text.trim_end_matches(['#', '"']).trim_end().trim_end_matches(';').trim_end();
    let at = Span::at(literal.span.start + statement.len() as u32);
    let edit = Edit::Replace { file: literal.file, span: at, text: " ON CONFLICT DO NOTHING".into() };
    Some(Fix {
        title: "Leave an existing row alone".into(),
        applicability: Applicability::Proposal,
        edits: vec![edit],
    })
}
