//! `response-status-unchecked`

use svclint_model::{Place, Protocol, Request, Taken, Taking};
use svclint_syntax::Span;

use crate::edit::insert_after;
use crate::rules::running::Run;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports HTTP requests of a service whose answer is read, or dropped, and nobody looks at its status on any way. An
    /// answer that is handed on is left alone, and so is one that is read as something which tells of a failure by itself: an
    /// enum, or a type with a field like `error` or `success`.
    ///
    /// ## Why it matters
    /// Most HTTP clients give an error only when no answer came at all. An answer of 500, 404 or 429 is an answer: the order
    /// counts as placed, the message as delivered, and the error page is decoded as if it were the result.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    ///
    /// async fn price() -> Result<String, String> {
    ///     let client = reqwest::Client::new();
    ///     let answer = client.get("http://prices/now").send().await.map_err(|e| e.to_string())?;
    ///     answer.text().await.map_err(|e| e.to_string())
    /// }
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, routing::get};
    ///
    /// async fn price() -> Result<String, String> {
    ///     let client = reqwest::Client::new();
    ///     let answer = client.get("http://prices/now").send().await.map_err(|e| e.to_string())?;
    ///     let answer = answer.error_for_status().map_err(|e| e.to_string())?;
    ///     answer.text().await.map_err(|e| e.to_string())
    /// }
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Turns an answer with a failing status into an error where the request is sent. Unsafe: where a 404 was read as a
    /// result on purpose, it is an error now.
    ///
    /// ## References
    /// - Michael Nygard, "Release It!", on integration points
    /// - The documentation of `reqwest::Response::error_for_status`
    pub(crate) RESPONSE_STATUS_UNCHECKED {
        id: "response-status-unchecked",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs = cx.runs();
    for request in cx.model.requests.iter().filter(|r| r.protocol == Protocol::Http) {
        let run = runs.iter().find(|run| run.service.functions.binary_search(&request.in_fn).is_ok());
        if let (Some(run), Some(taken)) = (run, taken(request)) {
            findings.push(finding(cx, request, taken, run));
        }
    }
}

/// Where the answer is taken for a success, and nobody looks at its status. `HEAD` asks for nothing but that there is one.
fn taken(request: &Request) -> Option<&Taken> {
    let asks_for_more = request.method.present().is_none_or(|method| method != "HEAD");
    let taken = request.answer.taken.as_ref()?;
    (asks_for_more && request.answer.status.is_absent() && taken.how != Taking::ReadWithError)
        .then_some(taken)
}

fn finding(cx: &Context<'_>, request: &Request, taken: &Taken, run: &Run<'_>) -> Finding {
    let what = described(request);
    let (message, label) = match &taken.how {
        Taking::Dropped => (
            format!(
                "{what} counts as done whatever the answer is: nobody looks at its status, so a 4xx or 5xx passes for a success"
            ),
            "the answer is dropped",
        ),
        Taking::Read(Some(ty)) => (
            format!(
                "nobody looks at the status of the answer to {what}: the body of a 4xx or 5xx is decoded as if it were `{ty}`"
            ),
            "read without a look at the status",
        ),
        _ => (
            format!(
                "nobody looks at the status of the answer to {what}: the body of a 4xx or 5xx is taken for the result"
            ),
            "read without a look at the status",
        ),
    };
    let mut finding = Finding::new(&RESPONSE_STATUS_UNCHECKED, taken.at, message)
        .help("turn an answer with a failing status into an error before anything else is done with it")
        .label(label)
        .service(&run.service.name)
        .subject(cx.model.function(request.in_fn).path.clone());
    finding.related = run.evidence(cx.model, request.in_fn);
    if !overlap(request.begun_call, taken.at) {
        finding = finding.related(request.begun_call, "the request");
    }
    finding.fix("Make a failing status an error", Applicability::Unsafe, fix(cx, request, taken))
}

fn overlap(a: Place, b: Place) -> bool {
    a.file == b.file && a.span.start < b.span.end && b.span.start < a.span.end
}

/// "`GET http://prices/now`", as far as it is known.
fn described(request: &Request) -> String {
    let url = request.url.present().filter(|url| !url.starts_with('{') && !url.starts_with("${"));
    match (request.method.present(), url) {
        (Some(method), Some(url)) => format!("`{method} {url}`"),
        (Some(method), None) => format!("this `{method}`"),
        _ => "this request".to_owned(),
    }
}

/// The check behind the `?` that takes the answer out, or on the result that holds it.
fn fix(cx: &Context<'_>, request: &Request, taken: &Taken) -> Vec<Edit> {
    let snippet = |name: &str| request.answer.snippets.get(name).cloned();
    let behind = taken.question.zip(snippet("check-status").map(|check| check + "?"));
    let Some((at, text)) = behind.or_else(|| taken.result.zip(snippet("check-result"))) else {
        return Vec::new();
    };
    // `.await?` on a line of its own: the check gets one too.
    let last = cx.text(at).rfind(".await").map(|n| at.span.start + n as u32);
    let own_line = last.map(|start| Place { file: at.file, span: Span::new(start, at.span.end) });
    let text = match own_line.filter(|line| cx.begins_line(*line)) {
        Some(line) => format!("{}{}{text}", cx.line_end(at.file), cx.indent(line)),
        None => text,
    };
    vec![insert_after(at, text)]
}
