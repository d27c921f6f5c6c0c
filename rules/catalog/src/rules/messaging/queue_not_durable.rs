//! `queue-not-durable`

use svclint_model::{FnId, Function, Options, Switch};

use crate::edit::replace;
use crate::rules::acts::{deployed, last_word, service_of};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports queues and exchanges that are declared so that a restart of the broker removes them. Those that belong to one
    /// connection, or end with their last consumer, are left alone.
    ///
    /// ## Why it matters
    /// When the broker is restarted or moved, the queue is gone with all messages in it, and what is published meanwhile goes
    /// nowhere.
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
    /// lapin = "2"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use lapin::{options::QueueDeclareOptions, types::FieldTable};
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), lapin::Error> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     channel.queue_declare("orders", QueueDeclareOptions::default(), FieldTable::default()).await?;
    ///     Ok(())
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
    /// lapin = "2"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use lapin::{options::QueueDeclareOptions, types::FieldTable};
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), lapin::Error> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let options = QueueDeclareOptions { durable: true, ..Default::default() };
    ///     channel.queue_declare("orders", options, FieldTable::default()).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// ## Fix
    /// Declares it durable. A queue that is there already must be removed first: the broker refuses to declare it differently. The
    /// messages survive only when they are published as persistent ones, with delivery mode 2.
    ///
    /// ## References
    /// - RabbitMQ, "Queues", durability
    pub(crate) QUEUE_NOT_DURABLE {
        id: "queue-not-durable",
        category: Messaging,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (id, function) in deployed(cx.model) {
        let lost = |o: &&Options| o.can.contains(&Switch::Durable) && o.complete && !is_kept_or_passing(o);
        findings.extend(function.course.options.iter().filter(lost).map(|o| finding(cx, id, function, o)));
    }
}

/// Whether it is kept, meant to pass with its connection or consumer, or only asked for.
fn is_kept_or_passing(options: &Options) -> bool {
    [Switch::Durable, Switch::Exclusive, Switch::AutoDelete, Switch::Passive]
        .iter()
        .any(|switch| options.switched_on(*switch).is_some())
}

fn finding(cx: &Context<'_>, id: FnId, function: &Function, options: &Options) -> Finding {
    let message = format!(
        "what `{}` declares is not durable: a restart of the broker removes it with all messages in it",
        last_word(&function.path),
    );
    let mut finding = Finding::new(&QUEUE_NOT_DURABLE, options.at, message)
        .help("declare it durable, and publish to it with delivery mode 2")
        .label("not durable")
        .subject(function.path.clone())
        .related(options.of, "declared here")
        .fix("Declare it durable", Applicability::Unsafe, durable(cx, options));
    finding.service = service_of(cx.model, id);
    finding
}

fn durable(cx: &Context<'_>, options: &Options) -> Vec<Edit> {
    let text = cx.text(options.at);
    match text.strip_suffix("::default()").filter(|ty| *ty != "Default") {
        Some(ty) => replace(options.at, format!("{ty} {{ durable: true, ..Default::default() }}")),
        None => Vec::new(),
    }
}
