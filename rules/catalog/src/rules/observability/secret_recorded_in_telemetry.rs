//! `secret-recorded-in-telemetry`

use svclint_model::{Function, Noted, Place, Service, TraceSpan, What};
use svclint_syntax::Span;

use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports passwords, keys and tokens that are written to the log, and functions whose span notes one of them among the
    /// arguments. Types that hide what they hold, `SecretString` for example, are left alone.
    ///
    /// ## Why it matters
    /// Logs and traces go to many places, are kept for long and are read by many. A password in them is a password that has
    /// been given away, with the name of its owner beside it, and nobody can take it back.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Form, Router, routing::post};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Login {
    ///     name: String,
    ///     password: String,
    /// }
    ///
    /// async fn login(Form(login): Form<Login>) -> String {
    ///     check(&login.name, &login.password)
    /// }
    ///
    /// #[tracing::instrument]
    /// fn check(name: &str, password: &str) -> String {
    ///     format!("{name}, {}", password.len())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/login", post(login))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Form, Router, routing::post};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Login {
    ///     name: String,
    ///     password: String,
    /// }
    ///
    /// async fn login(Form(login): Form<Login>) -> String {
    ///     check(&login.name, &login.password)
    /// }
    ///
    /// #[tracing::instrument(skip(password))]
    /// fn check(name: &str, password: &str) -> String {
    ///     format!("{name}, {}", password.len())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/login", post(login))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Leaves the argument out of the span. What a line of the log says, you have to change yourself.
    ///
    /// ## References
    /// - OWASP, "Logging Cheat Sheet: data to exclude"
    pub(crate) SECRET_RECORDED_IN_TELEMETRY {
        id: "secret-recorded-in-telemetry",
        category: Observability,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// Names of what must not be written down.
const SECRETS: &[&str] = &[
    "access_token",
    "api_key",
    "apikey",
    "auth_token",
    "authorization",
    "bearer_token",
    "client_secret",
    "jwt_secret",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "refresh_token",
    "secret",
    "secret_key",
    "session_token",
];

/// Types that show what they hold; of others it is not known.
const PLAIN: &[&str] = &["Cow", "String", "str"];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        for function in service.functions.iter().map(|id| cx.model.function(*id)) {
            let found = noted(function).into_iter().chain(logged(function));
            for (name, at, span) in found.filter(|(_, at, _)| !reported.contains(at)).collect::<Vec<_>>() {
                reported.push(at);
                findings.push(finding(cx, service, function, (&name, at, span)));
            }
        }
    }
}

type Recorded<'f> = (String, Place, Option<&'f TraceSpan>);

/// The secrets that a function's own span notes.
fn noted(function: &Function) -> Vec<Recorded<'_>> {
    let Some(span) = &function.span else { return Vec::new() };
    let secrets = span.notes.iter().filter(|n| shows_secret(n));
    secrets.map(|n| (n.name.clone(), span.at, Some(span))).collect()
}

/// The secrets that lines of the log show.
fn logged(function: &Function) -> Vec<Recorded<'_>> {
    let notes = function.does.iter().filter_map(|d| match &d.what {
        What::Log(noted) => Some(noted),
        _ => None,
    });
    let shown = notes.flatten().filter(|n| shows_secret(n));
    shown.map(|n| (n.name.clone(), n.at, None)).collect()
}

/// Whether a value is called like a secret and is of a type that shows it.
fn shows_secret(noted: &Noted) -> bool {
    let name = noted.name.trim_start_matches('_');
    let is_secret = SECRETS.contains(&name) || ENDS.iter().any(|end| name.ends_with(end));
    is_secret && PLAIN.contains(&noted.ty.as_str())
}

/// How the names of further ones end.
const ENDS: &[&str] = &["_api_key", "_password", "_secret"];

fn finding(
    cx: &Context<'_>,
    service: &Service,
    function: &Function,
    recorded: (&str, Place, Option<&TraceSpan>),
) -> Finding {
    let (name, at, span) = recorded;
    let where_to = if span.is_some() { "the span of each call" } else { "the log" };
    let message = format!(
        "`{name}` is written to {where_to}: whoever can read the telemetry can read it, for as long as it is kept"
    );
    let finding = Finding::new(&SECRET_RECORDED_IN_TELEMETRY, at, message)
        .label("a secret is written down")
        .service(&service.name)
        .subject(&function.path);
    match span {
        Some(span) => finding.help(format!("leave it out: `skip({name})`")).fix(
            format!("Leave `{name}` out of the span"),
            Applicability::Safe,
            skipped(cx, span, name),
        ),
        None => finding.help("leave it out, or write down something that only tells whether it is there"),
    }
}

/// The attribute with one more argument left out.
fn skipped(cx: &Context<'_>, span: &TraceSpan, name: &str) -> Vec<Edit> {
    let text = cx.text(span.at);
    let insert = |at: usize, text: String| {
        let at = span.at.span.start + at as u32;
        vec![Edit::Replace { file: span.at.file, span: Span::at(at), text }]
    };
    if let Some(at) = text.find("skip(") {
        return insert(at + "skip(".len(), format!("{name}, "));
    }
    match (text.find('('), text.strip_suffix(']')) {
        (Some(open), _) => insert(open + 1, format!("skip({name}), ")),
        (None, Some(inner)) => insert(inner.trim_end().len(), format!("(skip({name}))")),
        _ => Vec::new(),
    }
}
