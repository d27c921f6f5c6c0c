//! `sql-built-by-format`

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use svclint_model::{Deed, FnId, Function, Place, SplicedSql, SqlParameters, What};

use crate::edit::replace;
use crate::rules::acts::{deployed, last_word, service_of};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports texts that are put between the quotes of a SQL statement with `format!` or `push_str`. Constants and numbers are
    /// left alone, and so are names of tables and columns, for which a statement has no parameters. Off by default: whether a
    /// quote can be in a text that other code makes, as a date, is not followed.
    ///
    /// ## Why it matters
    /// A quote in the text ends the value, and what follows it is run as SQL: whoever chooses the text reads and changes what they
    /// like. Even a harmless name such as O'Brien fails, and the database plans each text anew.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "users"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["runtime-tokio", "postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::{Path, State}, routing::get};
    /// use sqlx::PgPool;
    ///
    /// async fn id_of(State(db): State<PgPool>, Path(name): Path<String>) -> Result<String, String> {
    ///     let id: i64 = sqlx::query_scalar(&format!("SELECT id FROM users WHERE name = '{name}'"))
    ///         .fetch_one(&db)
    ///         .await
    ///         .map_err(|e| e.to_string())?;
    ///     Ok(id.to_string())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = PgPool::connect("postgres://db/users").await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/users/{name}", get(id_of)).with_state(db)).await?)
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "users"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["runtime-tokio", "postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::{Path, State}, routing::get};
    /// use sqlx::PgPool;
    ///
    /// async fn id_of(State(db): State<PgPool>, Path(name): Path<String>) -> Result<String, String> {
    ///     let id: i64 = sqlx::query_scalar("SELECT id FROM users WHERE name = $1")
    ///         .bind(&name)
    ///         .fetch_one(&db)
    ///         .await
    ///         .map_err(|e| e.to_string())?;
    ///     Ok(id.to_string())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = PgPool::connect("postgres://db/users").await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/users/{name}", get(id_of)).with_state(db)).await?)
    /// }
    /// ```
    ///
    /// ## Fix
    /// A proposal, where sqlx is given a statement with nothing but such values in it: they become parameters. It writes them as
    /// Postgres and SQLite have them, `$1`; MySQL has `?`.
    ///
    /// ## References
    /// - OWASP, "SQL Injection Prevention Cheat Sheet"
    pub(crate) SQL_BUILT_BY_FORMAT {
        id: "sql-built-by-format",
        category: Data,
        level: Allow,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    // A helper that makes a statement is followed from each function that runs it.
    let mut seen = FxHashSet::default();
    for (id, function) in deployed(cx.model) {
        let mut statements: BTreeMap<Place, Vec<(&Deed, &SplicedSql)>> = BTreeMap::new();
        for deed in &function.does {
            if let What::SplicedSql(spliced) = &deed.what
                && seen.insert((deed.at, &spliced.name))
            {
                statements.entry(spliced.given_to).or_default().push((deed, spliced));
            }
        }
        findings.extend(statements.values().filter_map(|values| finding(cx, id, function, values)));
    }
}

fn finding(
    cx: &Context<'_>,
    id: FnId,
    function: &Function,
    values: &[(&Deed, &SplicedSql)],
) -> Option<Finding> {
    let (first, more) = values.split_first()?;
    let (deed, spliced) = first;
    let others = if more.is_empty() { "" } else { ", and so do others" };
    let message = format!(
        "`{}` becomes part of the SQL text in `{}`{others}: a quote in it ends the value, and the rest is run as SQL",
        spliced.name,
        last_word(&function.path),
    );
    let mut finding = Finding::new(&SQL_BUILT_BY_FORMAT, deed.at, message)
        .help("write a parameter in its place, and bind the value to it")
        .label("put between quotes")
        .subject(function.path.clone());
    finding.service = service_of(cx.model, id);
    for (other, value) in more {
        finding = finding.related(other.at, format!("`{}` too", value.name));
    }
    finding = finding.related(spliced.given_to, "the statement is given here");
    let edits =
        spliced.parameters.as_ref().map(|parameters| bind(cx, spliced, parameters)).unwrap_or_default();
    Some(finding.fix("Make it a parameter", Applicability::Proposal, edits))
}

/// Writes a parameter in the place of each value, and gives the statement the values.
fn bind(cx: &Context<'_>, spliced: &SplicedSql, parameters: &SqlParameters) -> Vec<Edit> {
    let mut text = String::new();
    let mut rest = cx.text(parameters.literal);
    for number in 1..=parameters.values.len() {
        let Some((before, (_, after))) =
            rest.split_once("'{").and_then(|(before, value)| Some((before, value.split_once("}'")?)))
        else {
            return Vec::new();
        };
        text.push_str(&format!("{before}${number}"));
        rest = after;
    }
    text.push_str(rest);
    let binds: String = parameters.values.iter().map(|v| parameters.bind.replace("{args}", v)).collect();
    let mut edits = replace(parameters.statement, text);
    edits.push(crate::edit::insert_after(spliced.given_to, binds));
    edits
}
