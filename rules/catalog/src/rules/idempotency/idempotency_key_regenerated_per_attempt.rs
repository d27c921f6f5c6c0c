//! `idempotency-key-regenerated-per-attempt`

use svclint_model::{CallSite, Deed, FreshKey, Hoist, Model, Place, Request};

use super::attempts::calls_of;
use crate::edit::{insert_before, replace};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports requests with an idempotency key that is made anew for each try: inside of a loop that tries again, or of what
    /// a retry policy runs. Keys that are made outside of it are left alone.
    ///
    /// ## Why it matters
    /// The key is there so that the server can tell a repeated request from a new one. With another key each try is a new
    /// one: when the first had come through and only its answer was lost, the payment is made twice.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// reqwest = "0.12"
    /// tokio = "1"
    /// uuid = { version = "1", features = ["v4"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::post};
    /// use uuid::Uuid;
    ///
    /// async fn pay() -> Result<(), String> {
    ///     let client = reqwest::Client::new();
    ///     for _ in 0..3 {
    ///         let key = Uuid::new_v4();
    ///         let request = client.post("http://payments/charges").header("Idempotency-Key", key.to_string());
    ///         match request.send().await.and_then(|answer| answer.error_for_status()) {
    ///             Ok(_) => return Ok(()),
    ///             Err(error) => eprintln!("trying again: {error}"),
    ///         }
    ///     }
    ///     Err("the payment failed".to_owned())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/pay", post(pay))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// reqwest = "0.12"
    /// tokio = "1"
    /// uuid = { version = "1", features = ["v4"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::post};
    /// use uuid::Uuid;
    ///
    /// async fn pay() -> Result<(), String> {
    ///     let client = reqwest::Client::new();
    ///     let key = Uuid::new_v4();
    ///     for _ in 0..3 {
    ///         let request = client.post("http://payments/charges").header("Idempotency-Key", key.to_string());
    ///         match request.send().await.and_then(|answer| answer.error_for_status()) {
    ///             Ok(_) => return Ok(()),
    ///             Err(error) => eprintln!("trying again: {error}"),
    ///         }
    ///     }
    ///     Err("the payment failed".to_owned())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/pay", post(pay))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Makes the key before the loop. What a policy runs, and functions that are tried again, are to be mended by hand: make
    /// the key before the first try, and hand it to each.
    ///
    /// ## References
    /// - IETF draft "The Idempotency-Key HTTP Header Field"
    /// - AWS Builders' Library, "Making retries safe with idempotent APIs"
    pub(crate) IDEMPOTENCY_KEY_REGENERATED_PER_ATTEMPT {
        id: "idempotency-key-regenerated-per-attempt",
        category: Idempotency,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for request in &cx.model.requests {
        let Some(key) = &request.fresh_key else { continue };
        // The key may have been made well outside of what is tried again.
        let again = match tried_again(cx.model, request, key) {
            Some(again) => again,
            None => continue,
        };
        findings.push(finding(cx, request, key, again));
    }
}

/// Why a key is made more than once for one thing to do.
enum Again<'m> {
    /// It is made inside of what is tried again.
    Here,
    /// The function that makes it is.
    Call(&'m CallSite),
}

fn tried_again<'m>(model: &'m Model, request: &Request, key: &FreshKey) -> Option<Again<'m>> {
    let made = model.function(request.in_fn).does.iter().find(|d: &&Deed| d.at == key.fresh)?;
    if made.when.retried {
        return Some(Again::Here);
    }
    calls_of(model, request.in_fn).find(|call| call.when.retried).map(Again::Call)
}

fn finding(cx: &Context<'_>, request: &Request, key: &FreshKey, again: Again<'_>) -> Finding {
    let message = format!(
        "each try sends another `{}`: to the server every one is a new request, and what was done already is done again",
        key.header
    );
    let finding = Finding::new(&IDEMPOTENCY_KEY_REGENERATED_PER_ATTEMPT, key.fresh, message)
        .help("make the key before the first try, and send the same one with each")
        .label("made anew for each try")
        .subject(cx.model.function(request.in_fn).path.clone());
    let finding = match again {
        Again::Here => {
            let edits = key.hoist.map(|hoist| made_before(cx, &hoist)).unwrap_or_default();
            finding.fix("Make the key before the first try", Applicability::Safe, edits)
        }
        Again::Call(call) => finding.related(call.at, "tries again here"),
    };
    match holds(key.value, key.fresh) {
        true => finding,
        false => finding.related(key.value, "sent here"),
    }
}

/// Moves what makes the key in front of the loop; nothing where the loop does not begin its line, as behind a label.
fn made_before(cx: &Context<'_>, hoist: &Hoist) -> Vec<Edit> {
    const NAME: &str = "idempotency_key";
    if !cx.begins_line(hoist.before) {
        return Vec::new();
    }
    let (indent, line_end) = (cx.indent(hoist.before), cx.line_end(hoist.before.file));
    let value = cx.text(hoist.value);
    let in_front = |statement: &str| insert_before(hoist.before, format!("{statement}{line_end}{indent}"));
    match hoist.statement {
        Some(statement) => [vec![in_front(cx.text(statement))], cx.delete_statement(statement)].concat(),
        None if cx.text(hoist.before).contains(NAME) => Vec::new(),
        None => [
            vec![in_front(&format!("let {NAME} = {value};"))],
            replace(hoist.value, format!("{NAME}.clone()")),
        ]
        .concat(),
    }
}

fn holds(outer: Place, inner: Place) -> bool {
    outer.file == inner.file && outer.span.contains(inner.span)
}
