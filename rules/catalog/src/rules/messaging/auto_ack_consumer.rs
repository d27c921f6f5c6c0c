//! `auto-ack-consumer`

use svclint_model::{FnId, Function, Model, Options, Place, Switch, What};

use crate::edit::replace;
use crate::rules::acts::{deployed, last_word, service_of};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports consumers that ask the broker to forget a message as soon as it has sent it. Queues that belong to one connection
    /// (answers to calls, copies for each instance) are left alone.
    ///
    /// ## Why it matters
    /// What lies in the process's memory when it stops, and what fails, is lost: the broker has no copy to send again. And it sends
    /// without a pause, whatever the consumer can bear.
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
    /// futures-util = "0.3"
    /// lapin = "2"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use futures_util::StreamExt;
    /// use lapin::options::BasicConsumeOptions;
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    ///     let mut orders = channel.basic_consume("orders", "billing", options, Default::default()).await?;
    ///     while let Some(delivery) = orders.next().await {
    ///         println!("{:?}", delivery?.data);
    ///     }
    ///     Ok(())
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
    /// futures-util = "0.3"
    /// lapin = "2"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use futures_util::StreamExt;
    /// use lapin::options::{BasicAckOptions, BasicConsumeOptions};
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let options = BasicConsumeOptions::default();
    ///     let mut orders = channel.basic_consume("orders", "billing", options, Default::default()).await?;
    ///     while let Some(delivery) = orders.next().await {
    ///         let delivery = delivery?;
    ///         println!("{:?}", delivery.data);
    ///         delivery.ack(BasicAckOptions::default()).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// ## Fix
    /// Proposes to ask for acknowledgements. Each message must then be acknowledged when it has been dealt with.
    ///
    /// ## References
    /// - RabbitMQ, "Consumer Acknowledgements and Publisher Confirms"
    /// - NATS documentation, "Consumer details", AckPolicy
    pub(crate) AUTO_ACK_CONSUMER {
        id: "auto-ack-consumer",
        category: Messaging,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (id, function) in deployed(cx.model) {
        for options in &function.course.options {
            if let Some(at) = options.switched_on(Switch::AutoAck)
                && !is_of_one_connection(cx.model, function, options)
            {
                findings.push(finding(cx, id, function, options, at));
            }
        }
    }
}

/// Whether the queue, or a queue that the package declares, ends with its connection or its consumer; or holds answers.
fn is_of_one_connection(model: &Model, function: &Function, options: &Options) -> bool {
    let passing = |o: &Options| {
        o.switched_on(Switch::Exclusive).or_else(|| o.switched_on(Switch::AutoDelete)).is_some()
    };
    let declared = model.functions.iter().filter(|f| f.package == function.package);
    let answers = |f: &Function| {
        f.does.iter().any(|d| match &d.what {
            What::Consume(queue) => {
                d.at == options.of && queue.present().is_some_and(|q| q.contains("reply") || q.is_empty())
            }
            _ => false,
        })
    };
    passing(options) || answers(function) || declared.flat_map(|f| &f.course.options).any(passing)
}

fn finding(cx: &Context<'_>, id: FnId, function: &Function, options: &Options, at: Place) -> Finding {
    let message = format!(
        "the broker forgets each message that it sends to `{}`: what is being worked on when the process stops or fails is lost",
        last_word(&function.path)
    );
    let mut finding = Finding::new(&AUTO_ACK_CONSUMER, at, message)
        .help("let the broker wait for an acknowledgement, and give it when a message has been dealt with")
        .label("acknowledged by being sent")
        .subject(function.path.clone())
        .related(options.of, "for this consumer")
        .fix("Ask for acknowledgements", Applicability::Proposal, asked_for(cx, at));
    finding.service = service_of(cx.model, id);
    finding
}

fn asked_for(cx: &Context<'_>, at: Place) -> Vec<Edit> {
    match cx.text(at).strip_suffix("None") {
        Some(policy) => replace(at, format!("{policy}Explicit")),
        None => replace(at, "false"),
    }
}
