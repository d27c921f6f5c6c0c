//! `consumer-not-idempotent`

use svclint_model::{Access, Deed, FnId, Function, Protocol, Service, SqlDeed, SqlKind, What};

use super::writes::{Writes, unique_key};
use crate::rules::reach::evidence;
use crate::{Context, Finding, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports functions that take messages and, for each, add to a number in a table, or insert a row that no unique key of a
    /// migration holds back. Consumers that write to a table of messages done, that write over what is there, or that set a
    /// key in Redis are left alone. Off, because a broker may be set up to deliver at most once.
    ///
    /// ## Why it matters
    /// Brokers deliver at least once: after a crash, a lost acknowledgement or a rebalance the same message comes again. The
    /// stock is then taken twice, and the row is there twice.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// async-nats = "0.45"
    /// futures = "0.3"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = "1"
    /// //- src/main.rs
    /// use futures::StreamExt;
    ///
    /// async fn take(db: sqlx::PgPool, nats: async_nats::Client) {
    ///     let mut orders = nats.subscribe("orders.placed").await.unwrap();
    ///     while let Some(message) = orders.next().await {
    ///         let item = String::from_utf8_lossy(&message.payload).into_owned();
    ///         sqlx::query("UPDATE stock SET count = count - 1 WHERE item = $1").bind(item).execute(&db).await.unwrap();
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let nats = async_nats::connect("nats").await.unwrap();
    ///     take(db, nats).await;
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// async-nats = "0.45"
    /// futures = "0.3"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = "1"
    /// //- src/main.rs
    /// use futures::StreamExt;
    ///
    /// async fn take(db: sqlx::PgPool, nats: async_nats::Client) {
    ///     let mut orders = nats.subscribe("orders.placed").await.unwrap();
    ///     while let Some(message) = orders.next().await {
    ///         let item = String::from_utf8_lossy(&message.payload).into_owned();
    ///         sqlx::query("INSERT INTO placed (item) VALUES ($1) ON CONFLICT (item) DO NOTHING").bind(item).execute(&db).await.unwrap();
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let nats = async_nats::connect("nats").await.unwrap();
    ///     take(db, nats).await;
    /// }
    /// ```
    ///
    /// ## Fix
    /// None is offered: keep the ids of messages in a table with a unique key, and write it in the transaction that does the
    /// rest.
    ///
    /// ## References
    /// - Gregor Hohpe, Bobby Woolf, "Enterprise Integration Patterns", on the idempotent receiver
    pub(crate) CONSUMER_NOT_IDEMPOTENT {
        id: "consumer-not-idempotent",
        category: Idempotency,
        level: Allow,
        severity: Warning,
        confidence: Medium,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        for id in &service.functions {
            let function = cx.model.function(*id);
            let takes = function.does.iter().find(|d| matches!(d.what, What::Consume(_)));
            if let Some(takes) = takes {
                findings.extend(consumer(cx, service, *id, function, takes));
            }
        }
    }
}

fn consumer(
    cx: &Context<'_>,
    service: &Service,
    id: FnId,
    function: &Function,
    takes: &Deed,
) -> Option<Finding> {
    let writes = Writes::of(cx.model, id);
    if knows_repeats(&writes) {
        return None;
    }
    let doubles = |(_, _, sql): &(FnId, &Deed, &SqlDeed)| unique_key(cx.model, sql).is_absent();
    let added = writes.sql(SqlKind::Increment).next().map(|w| (w, "changes a number by an amount in"));
    let (written, what) =
        added.or_else(|| writes.sql(SqlKind::Insert).find(doubles).map(|w| (w, "inserts a row into")))?;
    let (in_fn, deed, sql) = written;
    let message = format!(
        "a message that is delivered twice is done twice: this consumer {what} `{}` for each, and nothing tells the second from the first",
        sql.table
    );
    let mut finding = Finding::new(&CONSUMER_NOT_IDEMPOTENT, takes.at, message)
        .help("keep the ids of messages under a unique key, in the transaction that does the rest, and skip those that are known")
        .label("takes messages")
        .service(&service.name)
        .subject(format!("{} {}", function.path, sql.table));
    finding.related = writes.ways.get(&in_fn).map(|way| evidence(cx.model, way)).unwrap_or_default();
    finding
        .related
        .push(Related { place: sql.text.unwrap_or(deed.at), message: what.to_owned() + " the table" });
    Some(finding)
}

/// Whether something is kept by which a repeated message is known.
fn knows_repeats(writes: &Writes<'_>) -> bool {
    let is_inbox = |table: &str| {
        ["inbox", "processed", "dedup", "idempot", "consumed", "seen"].iter().any(|w| table.contains(w))
    };
    let is_known = |deed: &Deed| match &deed.what {
        What::Sql(sql) => sql.kind == SqlKind::Upsert || is_inbox(&sql.table),
        What::Call(Protocol::Redis, access) => !matches!(access, Some(Access::Read)),
        _ => false,
    };
    writes.deeds.iter().any(|(_, deed)| is_known(deed))
}
