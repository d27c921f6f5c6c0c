//! `query-in-loop`

use svclint_model::{SqlKind, What};

use crate::rules::acts::last_word;
use crate::rules::in_loops::{Repeated, repeated};
use crate::{Context, Finding, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports loops in which a handler asks the database once for each element of a collection, by itself or through what it
    /// calls. Loops over what the code lists itself, over ranges, and over chunks are left alone, and so are those that end with the
    /// first element that is wanted. A cache is not always seen: the rule is off unless you turn it on.
    ///
    /// ## Why it matters
    /// Each statement is a round trip: a page with a hundred orders takes a hundred and one of them, holds its connection for all that
    /// time, and gets slower with every row that is added.
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
    /// sqlx = { version = "0.8", features = ["runtime-tokio", "postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Json, Router, extract::State, routing::post};
    /// use sqlx::PgPool;
    ///
    /// async fn total(State(db): State<PgPool>, Json(ids): Json<Vec<i64>>) -> Result<String, String> {
    ///     let mut total = 0;
    ///     for id in ids {
    ///         let query = sqlx::query_scalar::<_, i64>("SELECT price FROM items WHERE id = $1");
    ///         total += query.bind(id).fetch_one(&db).await.map_err(|e| e.to_string())?;
    ///     }
    ///     Ok(total.to_string())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = PgPool::connect("postgres://db/orders").await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/total", post(total)).with_state(db)).await?)
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
    /// sqlx = { version = "0.8", features = ["runtime-tokio", "postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Json, Router, extract::State, routing::post};
    /// use sqlx::PgPool;
    ///
    /// async fn total(State(db): State<PgPool>, Json(ids): Json<Vec<i64>>) -> Result<String, String> {
    ///     let query = sqlx::query_scalar::<_, i64>("SELECT price FROM items WHERE id = ANY($1)");
    ///     let prices = query.bind(&ids).fetch_all(&db).await.map_err(|e| e.to_string())?;
    ///     Ok(prices.iter().sum::<i64>().to_string())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = PgPool::connect("postgres://db/orders").await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/total", post(total)).with_state(db)).await?)
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: one statement for all of them, with `= ANY($1)`, a join, or `INSERT .. SELECT .. FROM UNNEST(..)`, is another
    /// statement.
    ///
    /// ## References
    /// - Azure Architecture Center, "Chatty I/O antipattern"
    pub(crate) QUERY_IN_LOOP {
        id: "query-in-loop",
        category: Data,
        level: Allow,
        severity: Warning,
        confidence: Medium,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let counts = |what: &What| matches!(what, What::Sql(sql) if sql.kind != SqlKind::Other);
    findings.extend(repeated(cx.model, counts).into_iter().map(finding));
}

fn finding(repeated: Repeated<'_>) -> Finding {
    let Repeated { act, function, over, service, who, evidence } = repeated;
    let message = format!(
        "`{}` {} once for each element, while {who} waits: every one is a round trip of its own",
        last_word(&function.path),
        act.what,
    );
    let (help, severity) = match act.changes {
        false => ("ask for all of them at once: `= ANY($1)`, or a join", Severity::Warning),
        true => ("write all of them at once: `UNNEST`, or rows of one `INSERT`", Severity::Info),
    };
    let mut finding = Finding::new(&QUERY_IN_LOOP, act.at, message)
        .help(help)
        .label("for each element")
        .subject(function.path.clone())
        .service(service)
        .related(over, "goes through these");
    finding.severity = severity;
    finding.related.extend(act.evidence);
    finding.related.extend(evidence);
    finding
}
