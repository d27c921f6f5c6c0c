//! `consumer-dies-on-bad-message`

use rustc_hash::FxHashSet;
use svclint_model::{Branch, BranchKind, Effect, Exit, ExitKind, FnId, Function, Holds, Model, Place, What};

use crate::edit::replace;
use crate::rules::acts::{deployed, last_word, service_of};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports loops over the messages of a broker that end when one message cannot be read: with `?` or `unwrap` on what is
    /// parsed, in the loop or in what it calls. Loops that are begun again by something around them are left alone.
    ///
    /// ## Why it matters
    /// Sooner or later a message comes that nobody expected: a new version, a test by hand. The task ends, and no message is
    /// taken any more while the service looks healthy; or the process ends, comes back, is given the same message and ends again.
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
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let mut orders = channel.basic_consume("orders", "billing", Default::default(), Default::default()).await?;
    ///     while let Some(delivery) = orders.next().await {
    ///         let delivery = delivery?;
    ///         let order: serde_json::Value = serde_json::from_slice(&delivery.data)?;
    ///         println!("{order}");
    ///         delivery.ack(Default::default()).await?;
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
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let connection = lapin::Connection::connect("amqp://mq", Default::default()).await?;
    ///     let channel = connection.create_channel().await?;
    ///     let mut orders = channel.basic_consume("orders", "billing", Default::default(), Default::default()).await?;
    ///     while let Some(Ok(delivery)) = orders.next().await {
    ///         match serde_json::from_slice::<serde_json::Value>(&delivery.data) {
    ///             Ok(order) => println!("{order}"),
    ///             Err(error) => eprintln!("a message that is no order: {error}"),
    ///         }
    ///         delivery.ack(Default::default()).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// ## Fix
    /// Proposes to go on with the next message where the loop itself parses. Where the bad one is kept (a queue for dead letters, a
    /// log) and how it is acknowledged is left to you.
    ///
    /// ## References
    /// - Gregor Hohpe, Bobby Woolf, "Enterprise Integration Patterns", Invalid Message Channel
    /// - Michael Nygard, "Release It!", Steady State
    pub(crate) CONSUMER_DIES_ON_BAD_MESSAGE {
        id: "consumer-dies-on-bad-message",
        category: Messaging,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (id, function) in deployed(cx.model) {
        let mut seen: FxHashSet<Place> = FxHashSet::default();
        for (number, message) in function.holding(Holds::Message) {
            let Some(of) = function.course.loop_around(message.bound) else { continue };
            let messages = function.course.made_of(number);
            let leaves = |exit: &&Exit| {
                of.at.holds(exit.at)
                    && exit.leaves.holds(of.at)
                    && matches!(exit.kind, ExitKind::Try | ExitKind::Panic)
                    && !is_begun_again(cx.model, id, function, exit)
            };
            let mut exits = function.course.exits.iter().filter(leaves);
            let reading = exits.find_map(|exit| Some((exit, reads(cx.model, function, exit, &messages)?)));
            if let Some((exit, reading)) = reading.filter(|(exit, _)| seen.insert(exit.at)) {
                findings.push(finding(cx, id, function, of, exit, reading));
            }
        }
    }
}

/// Where a message is read whose failure takes an exit: in the function itself, or the call that leads to it.
fn reads(model: &Model, function: &Function, exit: &Exit, messages: &[usize]) -> Option<Place> {
    let of_message = |at: Place| exit.at.holds(at) && function.course.mentions(at, messages);
    let decodes = |f: &Function| f.does.iter().any(|d| d.what == What::Effect(Effect::Decode));
    let own = function.does.iter().find(|d| d.what == What::Effect(Effect::Decode) && of_message(d.at));
    let called = || {
        function.calls.iter().find(|call| {
            let failing = || model.ways(&[call.to], |_| true).keys().any(|f| decodes(model.function(*f)));
            of_message(function.course.whole_call(call.at)) && !call.when.spawned && failing()
        })
    };
    own.map(|d| d.at).or_else(|| called().map(|call| call.at))
}

/// Whether what is left is run again: by a loop around it, or by whoever calls the function, directly or not.
fn is_begun_again(model: &Model, id: FnId, function: &Function, exit: &Exit) -> bool {
    let around = |b: &Branch| b.kind == BranchKind::Loop && b.at != exit.leaves && b.at.holds(exit.leaves);
    if function.course.branches.iter().any(around) {
        return true;
    }
    let mut asked: FxHashSet<FnId> = std::iter::once(id).collect();
    let mut open = vec![id];
    while let Some(called) = open.pop() {
        for (number, caller) in model.functions.iter().enumerate() {
            for call in caller.calls.iter().filter(|c| c.to == called) {
                if call.when.looped || call.when.retried {
                    return true;
                }
                if asked.insert(FnId(number as u32)) {
                    open.push(FnId(number as u32));
                }
            }
        }
    }
    false
}

fn finding(
    cx: &Context<'_>,
    id: FnId,
    function: &Function,
    of: &Branch,
    exit: &Exit,
    reading: Place,
) -> Finding {
    let how = if exit.kind == ExitKind::Panic { "panics" } else { "leaves the loop" };
    let message = format!(
        "one message that cannot be read {how}: `{}` takes no further ones",
        last_word(&function.path)
    );
    let mut finding = Finding::new(&CONSUMER_DIES_ON_BAD_MESSAGE, exit.at, message)
        .help("tell what is wrong with the message, put it aside or acknowledge it, and go on with the next")
        .label("ends the loop")
        .subject(function.path.clone())
        .related(of.decided_by, "messages are taken here")
        .fix("Go on with the next message", Applicability::Proposal, skipped(cx, function, of, exit));
    if reading != exit.at {
        finding = finding.related(reading, "the message is read here");
    }
    finding.service = service_of(cx.model, id);
    finding
}

/// What is parsed, or the next message.
fn skipped(cx: &Context<'_>, function: &Function, of: &Branch, exit: &Exit) -> Vec<crate::Edit> {
    let text = cx.text(exit.at);
    let parsed = text.strip_suffix('?').or_else(|| text.strip_suffix(".unwrap()"));
    let same_loop = function.course.loop_around(exit.at).is_some_and(|b| b.at == of.at);
    let Some(parsed) = parsed.filter(|_| same_loop) else { return Vec::new() };
    let (end, indent, step) = (cx.line_end(exit.at.file), cx.indent(exit.at), cx.indent_step(exit.at.file));
    let text = format!(
        "match {parsed} {{{end}{indent}{step}Ok(value) => value,{end}{indent}{step}Err(error) => {{{end}\
         {indent}{step}{step}eprintln!(\"a message that cannot be read: {{error}}\");{end}\
         {indent}{step}{step}continue;{end}{indent}{step}}}{end}{indent}}}"
    );
    replace(exit.at, text)
}
