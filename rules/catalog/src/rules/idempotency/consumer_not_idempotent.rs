//! `consumer-not-idempotent`

use rustc_hash::FxHashSet;
use svclint_model::{
    Access, Branch, Deed, Effect, FnId, Holds, Model, Place, Protocol, SqlDeed, SqlKind, What,
};

use super::writes::{Writes, unique_key};
use crate::rules::acts::{deployed, service_of};
use crate::rules::reach::evidence;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports loops that take messages and, for each, add to a number in a table, or insert a row that no unique key of a
    /// migration holds back. Loops that write to a table of messages done, that write another row only once, or that set a key
    /// in Redis are left alone, and so is what comes at most once, as from a plain NATS subject. Off, because the code may
    /// know a repeat by what it reads.
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
    /// futures-util = "0.3"
    /// lapin = "2"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use futures_util::StreamExt;
    ///
    /// async fn take(mut orders: lapin::Consumer, db: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
    ///     while let Some(delivery) = orders.next().await {
    ///         let delivery = delivery?;
    ///         sqlx::query("UPDATE stock SET count = count - 1 WHERE item = $1").bind(&delivery.data).execute(&db).await?;
    ///         delivery.ack(Default::default()).await?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let orders = channel.basic_consume("orders", "stock", Default::default(), Default::default()).await?;
    ///     take(orders, sqlx::PgPool::connect("postgres://db").await?).await
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// futures-util = "0.3"
    /// lapin = "2"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use futures_util::StreamExt;
    ///
    /// async fn take(mut orders: lapin::Consumer, db: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
    ///     while let Some(delivery) = orders.next().await {
    ///         let delivery = delivery?;
    ///         sqlx::query("INSERT INTO placed (item) VALUES ($1) ON CONFLICT (item) DO NOTHING").bind(&delivery.data).execute(&db).await?;
    ///         delivery.ack(Default::default()).await?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let orders = channel.basic_consume("orders", "stock", Default::default(), Default::default()).await?;
    ///     take(orders, sqlx::PgPool::connect("postgres://db").await?).await
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
    for (id, function) in deployed(cx.model) {
        let mut seen: FxHashSet<Place> = FxHashSet::default();
        for (number, message) in function.holding(Holds::Message) {
            let Some(of) = function.course.loop_around(message.bound) else { continue };
            if comes_once(cx.model, function.package) || !seen.insert(of.at) {
                continue;
            }
            let of_message = function.course.made_of(number);
            findings.extend(doubled(cx, id, of, &of_message));
        }
    }
}

/// Whether messages that a package takes come at most once.
fn comes_once(model: &Model, package: u32) -> bool {
    let own = model.functions.iter().filter(|f| f.package == package);
    own.flat_map(|f| &f.does).any(|d| d.what == What::Effect(Effect::AtMostOnce))
}

/// What a loop does for each message that must not be done twice, with nothing before it that knows a repeat.
fn doubled(cx: &Context<'_>, id: FnId, of: &Branch, of_message: &[usize]) -> Option<Finding> {
    let function = cx.model.function(id);
    let mut before: Vec<&Deed> = Vec::new();
    let mut steps: Vec<(Place, Writes<'_>)> = Vec::new();
    for deed in function.does.iter().filter(|d| of.at.holds(d.at)) {
        steps.push((deed.at, Writes { deeds: vec![(id, deed)], ways: Default::default() }));
    }
    for call in function.calls.iter().filter(|c| of.at.holds(c.at)) {
        steps.push((function.course.whole_call(call.at), Writes::of(cx.model, call.to)));
    }
    steps.sort_by_key(|(at, _)| at.span.end);
    for (at, writes) in &steps {
        before.extend(writes.deeds.iter().map(|(_, deed)| *deed));
        let written = function.course.mentions(*at, of_message).then(|| twice(cx.model, writes)).flatten();
        if let Some((in_fn, deed, sql, what)) = written.filter(|(_, _, sql, _)| !knows_repeats(&before, sql))
        {
            let table = &sql.table;
            let message = format!(
                "a message that is delivered twice is done twice: this loop {what} `{table}` for each, and nothing tells the second from the first"
            );
            let mut finding = Finding::new(&CONSUMER_NOT_IDEMPOTENT, of.decided_by, message)
                .help("keep the ids of messages under a unique key, in the transaction that does the rest, and skip those that are known")
                .label("takes messages")
                .subject(format!("{} {table}", function.path));
            finding.service = service_of(cx.model, id);
            if in_fn != id {
                finding = finding.related(*at, "deals with each here");
            }
            finding
                .related
                .extend(writes.ways.get(&in_fn).map(|way| evidence(cx.model, way)).unwrap_or_default());
            return Some(finding.related(sql.text.unwrap_or(deed.at), what.to_owned() + " the table"));
        }
    }
    None
}

/// A statement that has another effect when it is run again.
fn twice<'m>(model: &Model, writes: &Writes<'m>) -> Option<(FnId, &'m Deed, &'m SqlDeed, &'static str)> {
    let doubles = |(_, _, sql): &(FnId, &Deed, &SqlDeed)| unique_key(model, sql).is_absent();
    let added = writes.sql(SqlKind::Increment).next().map(|w| (w, "changes a number by an amount in"));
    let inserted = || writes.sql(SqlKind::Insert).find(doubles).map(|w| (w, "inserts a row into"));
    let ((in_fn, deed, sql), what) = added.or_else(inserted)?;
    Some((in_fn, deed, sql, what))
}

/// Whether something is kept by which a repeated message is known. A row that is there before a number in it is changed is
/// no such thing.
fn knows_repeats(deeds: &[&Deed], written: &SqlDeed) -> bool {
    let is_inbox = |table: &str| {
        ["inbox", "processed", "dedup", "idempot", "consumed", "seen"].iter().any(|w| table.contains(w))
    };
    deeds.iter().any(|deed| match &deed.what {
        What::Sql(sql) => {
            is_inbox(&sql.table)
                || sql.kind == SqlKind::Upsert
                    && (written.kind != SqlKind::Increment || sql.table != written.table)
        }
        What::Call(Protocol::Redis, access) => !matches!(access, Some(Access::Read)),
        _ => false,
    })
}
