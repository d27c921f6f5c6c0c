//! `remote-call-in-transaction`

use svclint_model::{FnId, Function, Protocol, What};

use super::transactions::Transaction;
use crate::rules::acts::{Act, With, acts, deployed, last_word, service_of};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports calls of other services, brokers and caches that are waited for while a database transaction is open, in the
    /// function that begins it or in what that calls.
    ///
    /// ## Why it matters
    /// The rows that the transaction has touched stay locked, and its connection is taken from the pool, for as long as somebody
    /// else needs to answer. When that service is slow, the database seems to be: first the pool is empty, then every request waits.
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
    /// anyhow = "1"
    /// reqwest = "0.12"
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// async fn pay(db: &sqlx::PgPool, http: &reqwest::Client, order: i64) -> anyhow::Result<()> {
    ///     let mut tx = db.begin().await?;
    ///     sqlx::query("UPDATE orders SET paid = true WHERE id = $1").bind(order).execute(&mut *tx).await?;
    ///     http.post("http://payments/charge").body(order.to_string()).send().await?;
    ///     tx.commit().await?;
    ///     Ok(())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> anyhow::Result<()> {
    ///     let db = sqlx::PgPool::connect("postgres://db").await?;
    ///     pay(&db, &reqwest::Client::new(), 1).await
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
    /// anyhow = "1"
    /// reqwest = "0.12"
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// async fn pay(db: &sqlx::PgPool, http: &reqwest::Client, order: i64) -> anyhow::Result<()> {
    ///     http.post("http://payments/charge").body(order.to_string()).send().await?;
    ///     let mut tx = db.begin().await?;
    ///     sqlx::query("UPDATE orders SET paid = true WHERE id = $1").bind(order).execute(&mut *tx).await?;
    ///     tx.commit().await?;
    ///     Ok(())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> anyhow::Result<()> {
    ///     let db = sqlx::PgPool::connect("postgres://db").await?;
    ///     pay(&db, &reqwest::Client::new(), 1).await
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: whether the call belongs in front of the transaction, behind its commit, or into an outbox table that is read later,
    /// is a decision about what may be lost or done twice.
    ///
    /// ## References
    /// - Michael Nygard, "Release It!", Blocked Threads
    /// - Chris Richardson, "Pattern: Transactional outbox"
    pub(crate) REMOTE_CALL_IN_TRANSACTION {
        id: "remote-call-in-transaction",
        category: Data,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (id, function) in deployed(cx.model) {
        let transactions = Transaction::all(function);
        if transactions.is_empty() || relays(function) {
            continue;
        }
        let all = acts(cx.model, id);
        for transaction in &transactions {
            let is_remote = |act: &&Act| {
                let runs_in_it = act.evidence.is_empty() && transaction.is_in(act.at);
                act.with == With::Remote
                    && !act.when.spawned
                    && !is_of_store(&act.deed.what)
                    && !runs_in_it
                    && transaction.is_open_at(act.at)
            };
            if let Some(act) = all.iter().find(is_remote) {
                findings.push(finding(cx, id, function, transaction, act));
            }
        }
    }
}

/// A document store may be the one that the transaction is of.
fn is_of_store(what: &What) -> bool {
    matches!(what, What::Call(Protocol::Document | Protocol::Sql, _))
}

/// What sends the messages of an outbox table holds their rows meanwhile, on purpose.
fn relays(function: &Function) -> bool {
    let of_outbox = |name: &str| ["outbox", "relay"].iter().any(|w| name.to_lowercase().contains(w));
    let tables = function
        .does
        .iter()
        .filter_map(|d| if let What::Sql(sql) = &d.what { Some(&sql.table) } else { None });
    of_outbox(&function.path) || tables.into_iter().any(|t| of_outbox(t))
}

fn finding(cx: &Context<'_>, id: FnId, function: &Function, of: &Transaction<'_>, act: &Act<'_>) -> Finding {
    let message = format!(
        "`{}` {} while its transaction is open: locks and a connection are held until that is answered",
        last_word(&function.path),
        match act.evidence.first() {
            None => act.what.clone(),
            Some(call) => format!("{}, which {},", call.message, act.what),
        },
    );
    let mut finding = Finding::new(&REMOTE_CALL_IN_TRANSACTION, act.at, message)
        .help("call before the transaction begins or after it is committed, or write what is to be sent into an outbox table")
        .label("waits with the transaction open")
        .subject(function.path.clone())
        .related(of.begun, "the transaction begins here");
    finding.related.extend(act.evidence.iter().skip(1).cloned());
    finding.related.extend(
        of.ends()
            .into_iter()
            .find(|end| end.span.start > act.at.span.end)
            .map(|place| crate::Related { place, message: "and ends only here".into() }),
    );
    finding.service = service_of(cx.model, id);
    finding
}
