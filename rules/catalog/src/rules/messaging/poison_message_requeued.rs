//! `poison-message-requeued`

use svclint_model::{Effect, FnId, Function, Holds, Options, Place, Switch, Tri, What};

use crate::edit::replace;
use crate::rules::acts::{deployed, last_word, service_of};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports consumers that put every message whose handling fails back into its queue: at once, however often it failed before,
    /// and with no place where it ends at last.
    ///
    /// ## Why it matters
    /// A message that can never be handled comes back in the same moment, fails, and comes back. It takes all of the consumer's time
    /// and fills the log, and the messages behind it wait.
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
    /// serde_json = "1"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use futures_util::StreamExt;
    /// use lapin::options::BasicNackOptions;
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), lapin::Error> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let mut orders = channel.basic_consume("orders", "billing", Default::default(), Default::default()).await?;
    ///     while let Some(Ok(delivery)) = orders.next().await {
    ///         match serde_json::from_slice::<serde_json::Value>(&delivery.data) {
    ///             Ok(_) => delivery.ack(Default::default()).await?,
    ///             Err(_) => delivery.nack(BasicNackOptions { requeue: true, ..Default::default() }).await?,
    ///         };
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
    /// serde_json = "1"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use futures_util::StreamExt;
    /// use lapin::options::BasicNackOptions;
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), lapin::Error> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let mut orders = channel.basic_consume("orders", "billing", Default::default(), Default::default()).await?;
    ///     while let Some(Ok(delivery)) = orders.next().await {
    ///         match serde_json::from_slice::<serde_json::Value>(&delivery.data) {
    ///             Ok(_) => delivery.ack(Default::default()).await?,
    ///             Err(_) => delivery.nack(BasicNackOptions { requeue: false, ..Default::default() }).await?,
    ///         };
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// ## Fix
    /// Proposes not to put the message back. Without a dead-letter exchange on the queue it is gone then.
    ///
    /// ## References
    /// - RabbitMQ, "Dead Letter Exchanges"; "Quorum Queues", poison message handling
    pub(crate) POISON_MESSAGE_REQUEUED {
        id: "poison-message-requeued",
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
            let Some(at) = options.switched_on(Switch::Requeue) else { continue };
            if fails_always(function, options) && !ends_somewhere(cx, function) {
                findings.push(finding(cx, id, function, options, at));
            }
        }
    }
}

/// Whether the message goes back whenever something fails with it: nothing in the branch of the failure tells failures apart, waits
/// or counts.
fn fails_always(function: &Function, options: &Options) -> bool {
    let course = &function.course;
    let Some(branch) = course.around(options.of).next().filter(|b| b.pattern.as_deref() == Some("Err"))
    else {
        return false;
    };
    let of_message = function
        .holding(Holds::Message)
        .any(|(number, _)| course.mentions(branch.decided_by, &course.made_of(number)));
    let waits = function.does.iter().any(|d| branch.at.holds(d.at) && d.what == What::Effect(Effect::Sleep));
    of_message && !waits
}

/// Whether messages that failed too often go elsewhere: queues of the package say so.
fn ends_somewhere(cx: &Context<'_>, function: &Function) -> bool {
    let package = cx.model.functions.iter().filter(|f| f.package == function.package);
    let says = |name: &Tri<String>| {
        name.present()
            .is_none_or(|name| ["dead-letter", "delivery-limit", "x-death"].iter().any(|w| name.contains(w)))
    };
    package.flat_map(|f| &f.does).any(|d| match &d.what {
        What::WriteHeader(name) | What::ReadHeader(name) => says(name),
        _ => false,
    })
}

fn finding(cx: &Context<'_>, id: FnId, function: &Function, options: &Options, at: Place) -> Finding {
    let message = format!(
        "a message that always fails comes back to `{}` for ever: it is put back into its queue at once",
        last_word(&function.path),
    );
    let mut finding = Finding::new(&POISON_MESSAGE_REQUEUED, at, message)
        .help("give the queue a dead-letter exchange and a delivery limit, and put back only what may succeed later")
        .label("back into the queue")
        .subject(function.path.clone())
        .related(options.of, "refused here, whatever failed")
        .fix("Do not put it back", Applicability::Proposal, replace(at, "false"));
    finding.service = service_of(cx.model, id);
    finding
}
