//! `check-then-update-race`

use svclint_model::{Deed, Effect, FnId, Function, Model, Place, SqlDeed, SqlKind, What};

use crate::rules::acts::{last_word, service_of};
use crate::rules::looked_up::decides;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports functions that look whether a row is there, and insert it when it is not, where nothing stops two requests from doing
    /// so at once: no transaction, no `ON CONFLICT`, and no unique key in the migrations of that table.
    ///
    /// ## Why it matters
    /// Two requests look in the same moment, neither finds the row, and both insert it. Tests never see it; a double click, a retry
    /// or a second replica does.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "carts"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- migrations/1.sql
    /// CREATE TABLE carts (id BIGSERIAL PRIMARY KEY, customer BIGINT NOT NULL);
    /// //- src/main.rs
    /// use axum::{Router, extract::{Path, State}, http::StatusCode, routing::post};
    ///
    /// async fn open(db: &sqlx::PgPool, customer: i64) -> Result<(), sqlx::Error> {
    ///     let known = sqlx::query("SELECT id FROM carts WHERE customer = $1").bind(customer).fetch_optional(db).await?;
    ///     if known.is_none() {
    ///         sqlx::query("INSERT INTO carts (customer) VALUES ($1)").bind(customer).execute(db).await?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// async fn handler(State(db): State<sqlx::PgPool>, Path(customer): Path<i64>) -> StatusCode {
    ///     if open(&db, customer).await.is_ok() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = sqlx::PgPool::connect("postgres://db").await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/carts/{customer}", post(handler)).with_state(db)).await?)
    /// }
    /// ```
    /// ```good
    /// //- migrations/1.sql
    /// CREATE TABLE carts (id BIGSERIAL PRIMARY KEY, customer BIGINT NOT NULL UNIQUE);
    /// //- src/main.rs
    /// use axum::{Router, extract::{Path, State}, http::StatusCode, routing::post};
    ///
    /// async fn open(db: &sqlx::PgPool, customer: i64) -> Result<(), sqlx::Error> {
    ///     sqlx::query("INSERT INTO carts (customer) VALUES ($1) ON CONFLICT (customer) DO NOTHING")
    ///         .bind(customer).execute(db).await?;
    ///     Ok(())
    /// }
    ///
    /// async fn handler(State(db): State<sqlx::PgPool>, Path(customer): Path<i64>) -> StatusCode {
    ///     if open(&db, customer).await.is_ok() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = sqlx::PgPool::connect("postgres://db").await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/carts/{customer}", post(handler)).with_state(db)).await?)
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: a unique key needs a migration that deals with the rows that are doubled already.
    ///
    /// ## References
    /// - PostgreSQL documentation, "INSERT", `ON CONFLICT`
    pub(crate) CHECK_THEN_UPDATE_RACE {
        id: "check-then-update-race",
        category: Data,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (number, function) in cx.model.functions.iter().enumerate() {
        let id = FnId(number as u32);
        if is_alone_at_a_time(function) {
            continue;
        }
        let inserts = statements(function).filter(|(_, sql)| sql.kind == SqlKind::Insert);
        let race = inserts.filter(|(_, sql)| may_be_doubled(cx.model, sql)).find_map(|(insert, sql)| {
            let looks = |(deed, other): &(&Deed, &SqlDeed)| {
                other.kind == SqlKind::Select
                    && other.table == sql.table
                    && decides(&function.course, deed.at, insert.at)
            };
            statements(function).find(looks).map(|(look, _)| (look, insert, sql))
        });
        if let Some((look, insert, sql)) = race
            && let Some(service) = service_of(cx.model, id)
        {
            findings.push(finding(function, look, insert, sql).service(service));
        }
    }
}

/// The statements of a function that run by themselves on a pool.
fn statements(function: &Function) -> impl Iterator<Item = (&Deed, &SqlDeed)> {
    let on_pool = |at: Place| function.course.pools.iter().any(|pool| at.holds(*pool));
    function.does.iter().filter(move |d| on_pool(d.at)).filter_map(|d| match &d.what {
        What::Sql(sql) if !sql.table.is_empty() => Some((d, sql)),
        _ => None,
    })
}

/// Whether a lock or a transaction may keep others away.
fn is_alone_at_a_time(function: &Function) -> bool {
    function
        .does
        .iter()
        .any(|d| matches!(d.what, What::Effect(Effect::Begin | Effect::Lock) | What::HeldLock(_)))
}

/// Whether the migrations make the table, and no key of theirs stops a second row: one that the database counts up by itself does not.
fn may_be_doubled(model: &Model, sql: &SqlDeed) -> bool {
    let Some(table) = model.tables.iter().find(|t| t.name == sql.table) else { return false };
    let covers = |key: &Vec<String>| key.iter().all(|c| sql.columns.contains(c)) && key.as_slice() != ["id"];
    !sql.columns.is_empty() && !table.unique.iter().any(covers)
}

fn finding(function: &Function, look: &Deed, insert: &Deed, sql: &SqlDeed) -> Finding {
    let message = format!(
        "`{}` inserts into `{}` what it did not find a moment before: two requests at once insert it twice",
        last_word(&function.path),
        sql.table,
    );
    Finding::new(&CHECK_THEN_UPDATE_RACE, insert.at, message)
        .help("give the table a unique key for it, and insert with `ON CONFLICT`")
        .label("nothing stops a second row")
        .subject(format!("{} {}", function.path, sql.table))
        .related(look.at, "it is looked for here")
}
