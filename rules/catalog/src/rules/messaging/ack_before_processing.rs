//! `ack-before-processing`

use svclint_model::{Course, Deed, Effect, FnId, Function, Holds, Place, What};
use svclint_syntax::Span;

use crate::rules::acts::{Act, acts, deployed, service_of};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports consumers that acknowledge a message, or commit its offset, before they do with it what it was sent for: write
    /// to a database, call another service, publish what follows from it.
    ///
    /// ## Why it matters
    /// Once a message is acknowledged, the broker forgets it. When the process is stopped between the two, or the work fails,
    /// nobody sends the message again: the order is never booked. Rollouts stop processes many times a day.
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
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use futures_util::StreamExt;
    /// use lapin::options::BasicAckOptions;
    ///
    /// async fn run(mut orders: lapin::Consumer, db: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
    ///     while let Some(delivery) = orders.next().await {
    ///         let delivery = delivery?;
    ///         delivery.ack(BasicAckOptions::default()).await?;
    ///         sqlx::query("INSERT INTO invoices (body) VALUES ($1)").bind(&delivery.data).execute(&db).await?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let orders = channel.basic_consume("orders", "billing", Default::default(), Default::default()).await?;
    ///     run(orders, sqlx::PgPool::connect("postgres://db").await?).await
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
    /// sqlx = { version = "0.8", features = ["postgres"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use futures_util::StreamExt;
    /// use lapin::options::BasicAckOptions;
    ///
    /// async fn run(mut orders: lapin::Consumer, db: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
    ///     while let Some(delivery) = orders.next().await {
    ///         let delivery = delivery?;
    ///         sqlx::query("INSERT INTO invoices (body) VALUES ($1)").bind(&delivery.data).execute(&db).await?;
    ///         delivery.ack(BasicAckOptions::default()).await?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let orders = channel.basic_consume("orders", "billing", Default::default(), Default::default()).await?;
    ///     run(orders, sqlx::PgPool::connect("postgres://db").await?).await
    /// }
    /// ```
    ///
    /// ## Fix
    /// Moves the acknowledgement behind the work, where both are statements of one block. The message may then be handled twice:
    /// see that this does no harm.
    ///
    /// ## References
    /// - RabbitMQ, "Consumer Acknowledgements and Publisher Confirms"
    /// - Apache Kafka documentation, "Message Delivery Semantics"
    pub(crate) ACK_BEFORE_PROCESSING {
        id: "ack-before-processing",
        category: Messaging,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (id, function) in deployed(cx.model) {
        let acknowledges = |deed: &&Deed| deed.what == What::Acknowledge && !is_refused(function, deed.at);
        let Some(ack) = function.does.iter().find(acknowledges) else { continue };
        let messages: Vec<usize> = function
            .holding(Holds::Message)
            .filter(|(_, v)| v.bound.span.start < ack.at.span.end)
            .flat_map(|(number, _)| function.course.made_of(number))
            .collect();
        let all = acts(cx.model, id);
        let work: Vec<&Act<'_>> = all
            .iter()
            .filter(|act| act.changes && act.at != ack.at && function.course.mentions(act.at, &messages))
            .filter(|act| !function.does.iter().any(|d| d.at == act.at && d.what == What::Acknowledge))
            .collect();
        // What was worked on before is safe.
        if work.iter().any(|act| act.at.span.end <= ack.at.span.end) {
            continue;
        }
        let after = |act: &&&Act| {
            function.course.dominates(ack.at, act.at) && is_same_round(&function.course, ack.at, act.at)
        };
        if let Some(first) = work.iter().find(after) {
            let last = work.iter().rev().find(after).unwrap_or(first);
            findings.push(finding(cx, id, function, ack, first, last.at));
        }
    }
}

/// Whether an acknowledgement gives the message back instead.
fn is_refused(function: &Function, at: Place) -> bool {
    function.does.iter().any(|d| d.at == at && d.what == What::Effect(Effect::Refuse))
}

/// Whether two places are passed with the same message.
fn is_same_round(course: &Course, ack: Place, work: Place) -> bool {
    course.loop_around(ack).is_none_or(|of| of.at.holds(work))
}

fn finding(
    cx: &Context<'_>,
    id: FnId,
    function: &Function,
    ack: &Deed,
    work: &Act<'_>,
    last: Place,
) -> Finding {
    let message = "the message is acknowledged before it is dealt with: when the process stops or fails in between, it is lost";
    let mut finding = Finding::new(&ACK_BEFORE_PROCESSING, ack.at, message.to_owned())
        .help(
            "acknowledge it when all that follows from it is done, and see that doing it twice does no harm",
        )
        .label("acknowledged here")
        .subject(function.path.clone())
        .related(work.at, format!("{} with it only here", work.what))
        .fix("Acknowledge afterwards", Applicability::Unsafe, moved(cx, &function.course, ack.at, last));
    finding.related.extend(work.evidence.iter().skip(1).cloned());
    finding.service = service_of(cx.model, id);
    finding
}

/// The acknowledgement behind the work, where both are statements of one block and the message is still there.
fn moved(cx: &Context<'_>, course: &Course, ack: Place, work: Place) -> Vec<Edit> {
    let statement = |of: Place| {
        let outcome = course.outcomes.iter().find(|o| o.of == of && (o.dropped || o.whole == of))?;
        cx.rest_of_line(outcome.whole).trim().starts_with(';').then_some(outcome.whole)
    };
    let around = |at: Place| course.around(at).map(|b| b.at).collect::<Vec<Place>>();
    let (Some(from), Some(behind)) = (statement(ack), statement(work)) else { return Vec::new() };
    let given = course.variables.iter().filter(|v| v.holds == Some(Holds::Message)).flat_map(|v| &v.uses);
    let is_gone = given.into_iter().any(|u| u.given && u.at.span.start > ack.span.end);
    if is_gone
        || around(from) != around(behind)
        || !cx.begins_line(from)
        || cx.rest_of_line(from).trim() != ";"
    {
        return Vec::new();
    }
    let text = format!("{}{}{};", cx.line_end(ack.file), cx.indent(from), cx.text(from));
    let whole = Span::new(from.span.start, from.span.end + cx.rest_of_line(from).len() as u32);
    let Some(line) = cx.whole_lines(Place { file: ack.file, span: whole }) else { return Vec::new() };
    vec![
        Edit::Replace { file: ack.file, span: line, text: String::new() },
        Edit::Replace { file: ack.file, span: Span::at(cx.end_of_line(behind)), text },
    ]
}
