//! `kafka-commit-before-processing`

use svclint_model::{Client, FnId, Holds, Model, Place, Service};

use crate::rules::acts::{acts, last_word};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports consumers that commit offsets by a timer, as librdkafka does unless it is told otherwise, in services that write to
    /// a database, call another service or publish for each message.
    ///
    /// ## Why it matters
    /// An offset counts as done as soon as the message is handed out, and every five seconds all that was handed out is committed:
    /// also the message that is still being worked on, and the one whose work failed. When the process stops then, nobody gets that
    /// message again. Committing by hand as well does not change it.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "billing"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// rdkafka = "0.38"
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use rdkafka::{ClientConfig, Message, consumer::{Consumer, StreamConsumer}};
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = sqlx::PgPool::connect("postgres://db").await?;
    ///     let consumer: StreamConsumer =
    ///         ClientConfig::new().set("bootstrap.servers", "kafka:9092").set("group.id", "billing").create()?;
    ///     consumer.subscribe(&["orders"])?;
    ///     loop {
    ///         let message = consumer.recv().await?;
    ///         sqlx::query("INSERT INTO invoices (body) VALUES ($1)").bind(message.payload()).execute(&db).await?;
    ///     }
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "billing"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// rdkafka = "0.38"
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use rdkafka::{ClientConfig, Message, consumer::{Consumer, StreamConsumer}};
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let db = sqlx::PgPool::connect("postgres://db").await?;
    ///     let consumer: StreamConsumer = ClientConfig::new()
    ///         .set("bootstrap.servers", "kafka:9092")
    ///         .set("group.id", "billing")
    ///         .set("enable.auto.offset.store", "false")
    ///         .create()?;
    ///     consumer.subscribe(&["orders"])?;
    ///     loop {
    ///         let message = consumer.recv().await?;
    ///         sqlx::query("INSERT INTO invoices (body) VALUES ($1)").bind(message.payload()).execute(&db).await?;
    ///         consumer.store_offset_from_message(&message)?;
    ///     }
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: two places belong together, the option and the call that stores the offset behind the work. One without the other
    /// commits nothing, or changes nothing.
    ///
    /// ## References
    /// - librdkafka, "CONFIGURATION.md", `enable.auto.commit` and `enable.auto.offset.store`
    /// - Apache Kafka documentation, "Message Delivery Semantics"
    pub(crate) KAFKA_COMMIT_BEFORE_PROCESSING {
        id: "kafka-commit-before-processing",
        category: Messaging,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        let runs =
            |client: &&Client| client.in_fn.is_some_and(|f| service.functions.binary_search(&f).is_ok());
        // Which consumer a loop takes its messages from is not asked: all of the service must be alike.
        let consumers: Vec<&Client> =
            cx.model.clients.iter().filter(runs).filter(|c| !c.auto_commit.is_unknown()).collect();
        if consumers.iter().any(|c| c.auto_commit.is_absent()) {
            continue;
        }
        let Some((worker, work, what)) = work(cx.model, service) else { continue };
        for consumer in consumers.into_iter().filter(|c| !seen.contains(&c.built.at)).collect::<Vec<_>>() {
            seen.push(consumer.built.at);
            findings.push(finding(cx, service, consumer, worker, work, &what));
        }
    }
}

/// What a service does with the messages that it takes in a loop.
fn work(model: &Model, service: &Service) -> Option<(FnId, Place, String)> {
    service.functions.iter().find_map(|id| {
        let function = model.function(*id);
        let in_loop = |place: Place| function.course.loop_around(place).is_some();
        let messages: Vec<usize> = function
            .holding(Holds::Message)
            .filter(|(_, v)| in_loop(v.bound))
            .flat_map(|(number, _)| function.course.made_of(number))
            .collect();
        if messages.is_empty() {
            return None;
        }
        let all = acts(model, *id);
        let act = all.iter().find(|act| act.changes && function.course.mentions(act.at, &messages))?;
        Some((*id, act.at, act.what.clone()))
    })
}

fn finding(
    cx: &Context<'_>,
    service: &Service,
    consumer: &Client,
    worker: FnId,
    work: Place,
    what: &str,
) -> Finding {
    let function = cx.model.function(worker);
    let option = consumer.auto_commit.present().map_or("", String::as_str);
    let message = format!(
        "the consumer of `{}` commits by a timer what `{}` is still working on: when the process stops then, the message is lost",
        service.name,
        last_word(&function.path),
    );
    let subject = consumer.in_fn.map(|f| cx.model.function(f).path.clone()).unwrap_or_default();
    Finding::new(&KAFKA_COMMIT_BEFORE_PROCESSING, consumer.built.at, message)
        .help(format!(
            "set `{option}` to `false`, and store the offset of each message when the work on it is done"
        ))
        .label("commits what was only handed out")
        .subject(subject)
        .service(service.name.clone())
        .related(work, format!("{what} for each message"))
}
