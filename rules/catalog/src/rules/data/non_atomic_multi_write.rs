//! `non-atomic-multi-write`

use svclint_model::{
    Course, Deed, Effect, EffectKind, FnId, Function, Model, Place, SqlDeed, SqlKind, What, When,
};

use crate::rules::acts::{Act, With, acts, deployed, last_word};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports functions that write rows which belong together, each on a connection of its own: a row and another that refers to
    /// it, or rows that are removed and written anew. Nothing makes both happen or neither.
    ///
    /// ## Why it matters
    /// Between the two statements the process can be stopped, the connection be lost, the second statement fail. What is left is an
    /// order without items or a user who cannot log in, and a retry meets the half that is there.
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
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, http::StatusCode, routing::post};
    ///
    /// async fn place(db: &sqlx::PgPool, article: i64) -> Result<(), sqlx::Error> {
    ///     let order: (i64,) = sqlx::query_as("INSERT INTO orders (paid) VALUES (false) RETURNING id").fetch_one(db).await?;
    ///     sqlx::query("INSERT INTO items (order_id, article) VALUES ($1, $2)").bind(order.0).bind(article).execute(db).await?;
    ///     Ok(())
    /// }
    ///
    /// async fn handler(State(db): State<sqlx::PgPool>) -> StatusCode {
    ///     if place(&db, 1).await.is_ok() { StatusCode::CREATED } else { StatusCode::INTERNAL_SERVER_ERROR }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = sqlx::PgPool::connect("postgres://db").await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/orders", post(handler)).with_state(db)).await?)
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
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, http::StatusCode, routing::post};
    ///
    /// async fn place(db: &sqlx::PgPool, article: i64) -> Result<(), sqlx::Error> {
    ///     let mut tx = db.begin().await?;
    ///     let order: (i64,) = sqlx::query_as("INSERT INTO orders (paid) VALUES (false) RETURNING id").fetch_one(&mut *tx).await?;
    ///     sqlx::query("INSERT INTO items (order_id, article) VALUES ($1, $2)").bind(order.0).bind(article).execute(&mut *tx).await?;
    ///     tx.commit().await
    /// }
    ///
    /// async fn handler(State(db): State<sqlx::PgPool>) -> StatusCode {
    ///     if place(&db, 1).await.is_ok() { StatusCode::CREATED } else { StatusCode::INTERNAL_SERVER_ERROR }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = sqlx::PgPool::connect("postgres://db").await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/orders", post(handler)).with_state(db)).await?)
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: what runs in the transaction, and through which functions it is passed, is left to you.
    ///
    /// ## References
    /// - PostgreSQL documentation, "Transactions"
    pub(crate) NON_ATOMIC_MULTI_WRITE {
        id: "non-atomic-multi-write",
        category: Data,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs = cx.runs();
    for (id, function) in deployed(cx.model) {
        if !inserts(cx.model, function) {
            continue;
        }
        // What fills a database beside the service, or as it starts, is begun anew when it fails.
        let serves = runs.iter().find(|run| run.how_at_all(id, When::default()).is_some());
        let service = serves.map(|run| run.service.name.clone());
        if service.is_none() || begins(function) || function.course.outcomes.is_empty() {
            continue;
        }
        let all = acts(cx.model, id);
        let writes: Vec<(&Act<'_>, &SqlDeed)> = all.iter().filter_map(|act| alone(cx.model, act)).collect();
        let later = |(n, first)| writes.iter().skip(n + 1).map(move |second| (first, second));
        let mut pairs = writes.iter().enumerate().flat_map(later);
        if let Some((first, second)) = pairs.find(|(a, b)| belong_together(&function.course, a, b)) {
            findings.push(Finding { service, ..finding(function, first, second) });
        }
    }
}

/// Whether a function adds rows, itself or through what it calls: each pair of writes ends so.
fn inserts(model: &Model, function: &Function) -> bool {
    let adds = |d: &Deed| matches!(&d.what, What::Sql(sql) if sql.kind == SqlKind::Insert);
    let kind = EffectKind::Sql(SqlKind::Insert);
    let leads = |to: FnId| model.effects.get(to.0 as usize).is_some_and(|e| e.witness(kind).is_some());
    function.does.iter().any(adds) || function.calls.iter().any(|call| leads(call.to))
}

fn begins(function: &Function) -> bool {
    function.does.iter().any(|d| d.what == What::Effect(Effect::Begin))
}

/// A statement that writes and runs by itself, outside of every transaction.
fn alone<'a>(model: &Model, act: &'a Act<'a>) -> Option<(&'a Act<'a>, &'a SqlDeed)> {
    let What::Sql(sql) = &act.deed.what else { return None };
    let runs_in = model.function(act.in_fn);
    let on_pool = runs_in.course.pools.iter().any(|pool| act.deed.at.holds(*pool));
    let counts = act.changes && act.with == With::Database && !act.when.spawned && !is_trail(&sql.table);
    (counts && on_pool && !begins(runs_in)).then_some((act, sql))
}

/// Rows that only tell what happened.
fn is_trail(table: &str) -> bool {
    ["log", "audit", "history", "metric", "trace", "stat"].iter().any(|w| table.contains(w))
        || table.is_empty()
}

/// A row and one that refers to it, or rows that are removed and written anew.
fn belong_together(
    course: &Course,
    (first, a): &(&Act<'_>, &SqlDeed),
    (second, b): &(&Act<'_>, &SqlDeed),
) -> bool {
    let in_order = first.at.span.end <= second.at.span.start && course.dominates(first.at, second.at);
    let refers = || {
        a.kind == SqlKind::Insert
            && b.kind == SqlKind::Insert
            && a.table != b.table
            && is_made_of(course, first.at, second.at)
    };
    let anew = || a.kind == SqlKind::Delete && b.kind == SqlKind::Insert && a.table == b.table;
    in_order && (refers() || anew() && shares(course, first.at, second.at))
}

/// Whether a statement is given what another gave: the id of the new row.
fn is_made_of(course: &Course, first: Place, second: Place) -> bool {
    let given =
        course.variables.iter().enumerate().filter(|(_, v)| v.from.iter().any(|from| from.holds(first)));
    let own = given.filter(|(_, v)| v.bound.span.start < first.span.start);
    own.into_iter().any(|(number, _)| course.mentions(second, &course.made_of(number)))
}

/// Whether two statements are given the same value.
fn shares(course: &Course, first: Place, second: Place) -> bool {
    let in_both = |number: usize| course.mentions(first, &[number]) && course.mentions(second, &[number]);
    let is_pool =
        |v: &svclint_model::Variable| v.uses.iter().any(|u| course.pools.iter().any(|p| p.holds(u.at)));
    course.variables.iter().enumerate().any(|(number, v)| !is_pool(v) && in_both(number))
}

fn finding(
    function: &Function,
    (first, a): &(&Act<'_>, &SqlDeed),
    (second, b): &(&Act<'_>, &SqlDeed),
) -> Finding {
    let message = format!(
        "`{}` writes `{}` and then `{}` without a transaction: when the second fails, half of it is there",
        last_word(&function.path),
        a.table,
        b.table,
    );
    let mut finding = Finding::new(&NON_ATOMIC_MULTI_WRITE, second.at, message)
        .help("begin a transaction, run both statements in it, and commit it behind them")
        .label("a statement of its own")
        .subject(format!("{} {} {}", function.path, a.table, b.table))
        .related(first.at, format!("{} before it", first.what));
    finding.related.extend(first.evidence.iter().skip(1).chain(second.evidence.iter().skip(1)).cloned());
    finding
}
