//! `post-handler-without-idempotency-key`

use svclint_model::{Deed, FnId, Listener, Role, Route, Service, SqlDeed, SqlKind};
use svclint_syntax::Span;

use super::writes::{Writes, takes_key, unique_key};
use crate::rules::looked_up::{only_if_missing, steps};
use crate::rules::reach::evidence;
use crate::{Applicability, Context, Edit, Finding, Fix, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports `POST` handlers that insert a new row each time they are called, and have nothing to tell a repeated request from
    /// a new one: no idempotency key, no id chosen by the caller, no unique key in the table.
    ///
    /// ## Why it matters
    /// Networks lose answers. A client, gateway or mesh that got none sends the request again, and the order, payment or message
    /// exists twice.
    ///
    /// ## Example
    /// ```bad
    /// //- migrations/1.sql
    /// CREATE TABLE orders (id UUID PRIMARY KEY, article TEXT NOT NULL);
    /// //- src/main.rs
    /// use axum::{Json, Router, extract::State, routing::post};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct NewOrder { article: String }
    ///
    /// async fn create(State(db): State<sqlx::PgPool>, Json(order): Json<NewOrder>) {
    ///     sqlx::query("INSERT INTO orders (id, article) VALUES ($1, $2)")
    ///         .bind(uuid::Uuid::new_v4()).bind(order.article).execute(&db).await.unwrap();
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/orders", post(create)).with_state(db)).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct NewOrder { article: String }
    ///
    /// async fn create(State(db): State<sqlx::PgPool>, headers: HeaderMap, Json(order): Json<NewOrder>) {
    ///     let key = headers.get("idempotency-key").and_then(|v| v.to_str().ok());
    ///     sqlx::query("INSERT INTO orders (key, article) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
    ///         .bind(key).bind(order.article).execute(&db).await.unwrap();
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/orders", post(create)).with_state(db)).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Proposes to read the key. Storing it with the row under a unique key, and answering a repeat with the first result, is
    /// left to you.
    ///
    /// ## References
    /// - IETF draft "The Idempotency-Key HTTP Header Field"
    /// - Google AIP-155, "Request identification"
    pub(crate) POST_HANDLER_WITHOUT_IDEMPOTENCY_KEY {
        id: "post-handler-without-idempotency-key",
        category: Idempotency,
        level: Warn,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

/// Routes whose `POST` is a question, or whose repeat is harmless by its nature.
const HARMLESS: &[&str] = &[
    "login",
    "logout",
    "signin",
    "signout",
    "token",
    "session",
    "auth",
    "search",
    "query",
    "verify",
    "validate",
    "webhook",
    "refresh",
    "register",
    "signup",
    "graphql",
    "introspect",
    "callback",
    "export",
    "preview",
    "delete",
    "cancel",
];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for service in &cx.model.services {
        for route in service.routes.iter().filter(|r| r.method == "POST") {
            let Some(handler) = route.handler else { continue };
            if !is_harmless(&route.path) && seen.insert(handler) {
                findings.extend(handler_finding(cx, service, route, handler));
            }
        }
    }
}

fn is_harmless(path: &str) -> bool {
    let path = path.to_lowercase();
    path.split(['/', '-', '_', ':', '.']).any(|word| HARMLESS.contains(&word))
}

fn handler_finding(cx: &Context<'_>, service: &Service, route: &Route, handler: FnId) -> Option<Finding> {
    let writes = Writes::of(cx.model, handler);
    let repeats_are_told =
        writes.reads_key() || takes_key(cx.model, handler) || writes.has_sql(SqlKind::Upsert);
    if repeats_are_told {
        return None;
    }
    let doubles = |(_, _, sql): &(FnId, &Deed, &SqlDeed)| unique_key(cx.model, sql).is_absent();
    let is_one = |(id, deed, sql): &(FnId, &Deed, &SqlDeed)| {
        writes.replaces(cx.model, *id, deed, &sql.table)
            || only_if_missing(cx.model, &steps(&writes.ways, handler, *id, deed), &sql.table)
    };
    let (in_fn, deed, sql) = writes.sql(SqlKind::Insert).find(|found| doubles(found) && !is_one(found))?;
    let mut related = writes.ways.get(&in_fn).map(|way| evidence(cx.model, way)).unwrap_or_default();
    related.push(Related {
        place: sql.text.unwrap_or(deed.at),
        message: format!("inserts into `{}` each time", sql.table),
    });
    let function = cx.model.function(handler);
    Some(Finding {
        rule: &POST_HANDLER_WITHOUT_IDEMPOTENCY_KEY,
        message: format!("`POST {}` cannot tell a repeated request from a new one: a retry adds a second row to `{}`", route.path, sql.table),
        help: Some("read an `Idempotency-Key` header, store it with the row under a unique key, and answer a repeat with the first result".into()),
        severity: POST_HANDLER_WITHOUT_IDEMPOTENCY_KEY.severity,
        confidence: POST_HANDLER_WITHOUT_IDEMPOTENCY_KEY.confidence,
        variants: Vec::new(),
        service: Some(service.name.clone()),
        place: function.name,
        label: "no idempotency key".into(),
        related,
        fixes: fix(cx, handler, service.listeners.first()).into_iter().collect(),
        subject: format!("{} {}", function.path, sql.table),
    })
}

/// Reads the key at the top of the handler; the parameter is added where there is none to read it from.
fn fix(cx: &Context<'_>, handler: FnId, listener: Option<&Listener>) -> Option<Fix> {
    let function = cx.model.function(handler);
    let snippet = |name: &str| listener?.snippets.get(name);
    let file = function.params.file;
    let mut edits = Vec::new();
    let named = function.inputs.iter().find(|i| i.role == Some(Role::Headers) && i.name.is_some());
    let read = match named.and_then(|i| i.name.clone()) {
        Some(name) => name,
        None => {
            let empty = cx.text(function.params).trim_matches(['(', ')']).trim().is_empty();
            let comma = if empty { "" } else { ", " };
            let at = Span::at(function.params.span.start + 1);
            let multi_line =
                cx.text(function.params).starts_with("(\n") || cx.text(function.params).starts_with("(\r\n");
            let text = if multi_line {
                let end = cx.line_end(file);
                format!(
                    "{end}{}{}{},",
                    cx.indent(function.params),
                    cx.indent_step(file),
                    snippet("headers-param")?
                )
            } else {
                format!("{}{comma}", snippet("headers-param")?)
            };
            edits.push(Edit::Replace { file, span: at, text });
            snippet("headers-read")?.clone()
        }
    };
    let indent = format!("{}{}{}", cx.line_end(file), cx.indent(function.body), cx.indent_step(file));
    let text = format!(
        "{indent}// Store the key with the new row, under a unique key, and answer a repeat with the first result.\
         {indent}let _idempotency_key = {read}.get(\"idempotency-key\").and_then(|value| value.to_str().ok());"
    );
    edits.push(Edit::Replace { file, span: Span::at(function.body.span.start + 1), text });
    Some(Fix { title: "Read an idempotency key".into(), applicability: Applicability::Proposal, edits })
}
