//! `transaction-never-committed`

use svclint_model::{BranchKind, Effect, FnId, Function, Place, Variable, What};
use svclint_syntax::Span;

use super::transactions::Transaction;
use crate::edit::insert_after;
use crate::rules::acts::{Act, With, acts, deployed, last_word, service_of};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports transactions that are written through and never committed, rolled back or handed on.
    ///
    /// ## Why it matters
    /// A transaction that is dropped is rolled back. The function tells its caller that all is stored, and nothing is.
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
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// async fn cancel(db: &sqlx::PgPool, order: i64) -> Result<(), sqlx::Error> {
    ///     let mut tx = db.begin().await?;
    ///     sqlx::query("DELETE FROM items WHERE order_id = $1").bind(order).execute(&mut *tx).await?;
    ///     sqlx::query("DELETE FROM orders WHERE id = $1").bind(order).execute(&mut *tx).await?;
    ///     Ok(())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), sqlx::Error> {
    ///     cancel(&sqlx::PgPool::connect("postgres://db").await?, 1).await
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
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// async fn cancel(db: &sqlx::PgPool, order: i64) -> Result<(), sqlx::Error> {
    ///     let mut tx = db.begin().await?;
    ///     sqlx::query("DELETE FROM items WHERE order_id = $1").bind(order).execute(&mut *tx).await?;
    ///     sqlx::query("DELETE FROM orders WHERE id = $1").bind(order).execute(&mut *tx).await?;
    ///     tx.commit().await?;
    ///     Ok(())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), sqlx::Error> {
    ///     cancel(&sqlx::PgPool::connect("postgres://db").await?, 1).await
    /// }
    /// ```
    ///
    /// ## Fix
    /// Commits behind the last statement.
    ///
    /// ## References
    /// - sqlx documentation, `Transaction`
    pub(crate) TRANSACTION_NEVER_COMMITTED {
        id: "transaction-never-committed",
        category: Data,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (id, function) in deployed(cx.model) {
        for transaction in Transaction::all(function) {
            let Some((_, variable)) = transaction.held else { continue };
            if !transaction.ends().is_empty() || is_captured(function, variable) {
                continue;
            }
            let all = acts(cx.model, id);
            let handles = transaction.handles(&all);
            let written = |act: &&Act| {
                act.changes
                    && act.with == With::Database
                    && function.course.mentions(act.at, &handles)
                    && !is_given_pool(function, act)
            };
            if let Some(last) = all.iter().rev().find(written) {
                // What others write beside it is perhaps about what it writes.
                let beside =
                    |a: &Act| a.changes && a.with == With::Database && a.at.span.end < last.at.span.start;
                let alone = !all.iter().any(|a| beside(a) && is_given_pool(function, a));
                let edit = committed(cx, function, &transaction, variable, last.at).filter(|_| alone);
                findings.push(finding(cx, id, function, &transaction, last, edit));
            }
        }
    }
}

/// Whether a call that leads to a statement is given a pool: the statement may run on that.
fn is_given_pool(function: &Function, act: &Act<'_>) -> bool {
    function.course.pools.iter().any(|pool| act.at.holds(*pool))
}

/// Whether a closure or a task uses the variable, or another variable is made of it that may end the transaction.
fn is_captured(function: &Function, variable: &Variable) -> bool {
    let apart = |b: &svclint_model::Branch| matches!(b.kind, BranchKind::Closure | BranchKind::Async);
    let captures = |b: &svclint_model::Branch| {
        apart(b) && !b.at.holds(variable.bound) && variable.uses.iter().any(|u| b.at.holds(u.at))
    };
    let ends =
        function.does.iter().any(|d| matches!(d.what, What::Effect(Effect::Commit | Effect::Rollback)));
    ends || function.course.branches.iter().any(captures)
}

fn finding(
    cx: &Context<'_>,
    id: FnId,
    function: &Function,
    of: &Transaction<'_>,
    last: &Act<'_>,
    edit: Option<Edit>,
) -> Finding {
    let message = format!(
        "`{}` never commits its transaction: when it is dropped, all that was written is rolled back",
        last_word(&function.path)
    );
    let mut finding = Finding::new(&TRANSACTION_NEVER_COMMITTED, of.begun, message)
        .help("commit the transaction when all of it is written")
        .label("begins here")
        .subject(function.path.clone())
        .related(last.at, format!("{} through it, and nothing commits that", last.what))
        .fix("Commit the transaction", Applicability::Unsafe, edit.into_iter().collect());
    finding.service = service_of(cx.model, id);
    finding
}

/// The commit behind the last statement, where that stands in the transaction's own block and nothing reads through it after. Its
/// failure is taken as that of the beginning is: both are of one type.
fn committed(
    cx: &Context<'_>,
    function: &Function,
    of: &Transaction<'_>,
    variable: &Variable,
    last: Place,
) -> Option<Edit> {
    let course = &function.course;
    let whole = course.outcomes.iter().find(|o| o.of == last)?.whole;
    let around = |at: Place| course.around(at).map(|b| b.at).collect::<Vec<Place>>();
    let from = variable.from.iter().find(|from| from.holds(of.begun))?;
    let rest = Place { span: Span::new(of.begun.span.end, from.span.end), ..of.begun };
    let taken: String = cx.text(rest).lines().map(str::trim).collect();
    // Words in it tell of the beginning.
    let fits = !taken.contains('"') && (taken.ends_with('?') || taken.ends_with(".unwrap()"));
    let is_last = variable.uses.iter().all(|u| u.at.span.end <= whole.span.end);
    if !fits || !is_last || around(whole) != around(variable.bound) || cx.rest_of_line(whole).trim() != ";" {
        return None;
    }
    let line = format!("{}{}{}.commit(){taken};", cx.line_end(last.file), cx.indent(whole), variable.name);
    let at = Place { span: Span::new(whole.span.start, cx.end_of_line(whole)), ..whole };
    Some(insert_after(at, line))
}
