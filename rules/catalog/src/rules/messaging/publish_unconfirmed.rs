//! `publish-unconfirmed`

use svclint_model::{Deed, FnId, Function, Outcome, What};

use crate::edit::insert_after;
use crate::rules::acts::{deployed, last_word, service_of};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports messages that are sent without looking at whether the broker took them: the future that a publish gives, and that
    /// tells it, is thrown away.
    ///
    /// ## Why it matters
    /// The first `await` says only that the message is on its way. A broker that restarts, a queue that is full, a subject that no
    /// stream stores: the message is gone, and the service has told its caller that all is well.
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
    /// async-nats = "0.45"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let client = async_nats::connect("nats://nats:4222").await?;
    ///     let jetstream = async_nats::jetstream::new(client);
    ///     jetstream.publish("orders.placed", "42".into()).await?;
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
    /// async-nats = "0.45"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let client = async_nats::connect("nats://nats:4222").await?;
    ///     let jetstream = async_nats::jetstream::new(client);
    ///     jetstream.publish("orders.placed", "42".into()).await?.await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// ## Fix
    /// Awaits the answer of the broker. That takes one round trip more; with AMQP, `confirm_select` must have been called on the
    /// channel once for the broker to answer.
    ///
    /// ## References
    /// - RabbitMQ, "Publisher Confirms"
    /// - NATS documentation, "JetStream publish"
    pub(crate) PUBLISH_UNCONFIRMED {
        id: "publish-unconfirmed",
        category: Messaging,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (id, function) in deployed(cx.model) {
        for outcome in function.course.outcomes.iter().filter(|o| o.receipt && o.dropped) {
            let published = function.does.iter().find(|d| d.at == outcome.of);
            if !published.is_some_and(is_telemetry) && !tells_measurements(&function.path) {
                findings.push(finding(cx, id, function, outcome));
            }
        }
    }
}

/// What may be lost: one reading among many.
fn is_telemetry(deed: &Deed) -> bool {
    matches!(&deed.what, What::Publish(topic) if topic.present().is_some_and(|t| tells_measurements(t)))
}

fn tells_measurements(name: &str) -> bool {
    let name = name.to_lowercase();
    ["metric", "telemetry", "heartbeat", "trace", "stats"].iter().any(|w| name.contains(w))
}

fn finding(cx: &Context<'_>, id: FnId, function: &Function, outcome: &Outcome) -> Finding {
    let message = format!(
        "`{}` does not wait for the broker to take the message: it can be lost without an error",
        last_word(&function.path)
    );
    let mut finding = Finding::new(&PUBLISH_UNCONFIRMED, outcome.of, message)
        .help("await what the publish gives as well; with AMQP, switch confirms on for the channel with `confirm_select`")
        .label("what this gives is thrown away")
        .subject(function.path.clone())
        .fix("Wait for the broker's answer", Applicability::Unsafe, awaited(cx, outcome).into_iter().collect());
    finding.service = service_of(cx.model, id);
    finding
}

/// Awaits what is thrown away, and takes its failure as that of the sending is taken.
fn awaited(cx: &Context<'_>, outcome: &Outcome) -> Option<Edit> {
    let text = cx.text(outcome.whole);
    let taken = ["?", ".unwrap()"].into_iter().find(|end| text.ends_with(end))?;
    Some(insert_after(outcome.whole, format!(".await{taken}")))
}
