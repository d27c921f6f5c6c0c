//! `panic-abort-in-server`

use svclint_model::{Place, Profile, Service};
use svclint_syntax::Span;

use crate::{Applicability, Context, Edit, Finding, Fix, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports `panic = "abort"` in the release profile of a workspace that holds a server. A comment beside or above it that
    /// speaks of panics is taken for the reason.
    ///
    /// ## Why it matters
    /// A panic in one handler normally ends one request: the runtime catches it, the others go on. With `abort` it ends the
    /// process and every request in it, so one bad input that somebody sends again and again keeps the service down.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// axum = "0.8"
    /// tokio = "1"
    ///
    /// [profile.release]
    /// lto = true
    /// panic = "abort"
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = axum::Router::new().route("/v1/orders", axum::routing::get(|| async { "[]" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// axum = "0.8"
    /// tokio = "1"
    ///
    /// [profile.release]
    /// lto = true
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = axum::Router::new().route("/v1/orders", axum::routing::get(|| async { "[]" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Removes the key: a panic unwinds, as is the default. Unsafe: programs get a little larger.
    ///
    /// ## References
    /// - Michael Nygard, "Release It!", chapter on bulkheads
    /// - The Cargo Book, "Profiles"
    pub(crate) PANIC_ABORT_IN_SERVER {
        id: "panic-abort-in-server",
        category: Health,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for profile in &cx.model.profiles {
        let (value, at) = &profile.panic;
        if value == "abort"
            && let Some(service) = server(cx, profile)
            && !is_meant(cx, *at)
        {
            findings.push(finding(cx, service, *at));
        }
    }
}

/// A server that is built with a profile.
fn server<'m>(cx: &Context<'m>, profile: &Profile) -> Option<&'m Service> {
    let built = |s: &&std::sync::Arc<Service>| {
        !s.listeners.is_empty() && !s.routes.is_empty() && profile.packages.contains(&s.package)
    };
    cx.model.services.iter().find(built).map(|s| &**s)
}

/// Whether a comment beside or above gives a reason.
fn is_meant(cx: &Context<'_>, at: Place) -> bool {
    let text = cx.sources.text(at.file);
    let before = text.get(..at.span.start as usize).unwrap_or("");
    let above =
        before.lines().rev().skip_while(|l| l.trim().is_empty()).take_while(|l| l.trim().starts_with('#'));
    let speaks = |comment: &str| {
        let comment = comment.to_lowercase();
        ["panic", "abort", "unwind", "crash", "poison"].iter().any(|word| comment.contains(word))
    };
    let beside = cx.rest_of_line(at);
    beside.trim_start().starts_with('#') && speaks(beside) || above.into_iter().any(speaks)
}

fn finding(cx: &Context<'_>, service: &Service, at: Place) -> Finding {
    let serves =
        service.listeners.first().map(|l| Related { place: l.at, message: "serves requests".into() });
    Finding {
        rule: &PANIC_ABORT_IN_SERVER,
        message: format!(
            "a panic in one handler of `{}` aborts the process: all other requests under way are lost with it",
            service.name
        ),
        help: Some("let panics unwind, so that they end one request only".into()),
        severity: PANIC_ABORT_IN_SERVER.severity,
        confidence: PANIC_ABORT_IN_SERVER.confidence,
        service: Some(service.name.clone()),
        place: at,
        label: "every panic ends the process".into(),
        variants: Vec::new(),
        related: serves.into_iter().collect(),
        fixes: vec![fix(cx, at)],
        subject: "profile.release.panic".into(),
    }
}

/// Removes the line of the key.
fn fix(cx: &Context<'_>, at: Place) -> Fix {
    let text = cx.sources.text(at.file);
    let before = text.get(..at.span.start as usize).unwrap_or("");
    let rest = text.get(at.span.end as usize..).unwrap_or("");
    let alone = cx.begins_line(at) && cx.rest_of_line(at).split('#').next().unwrap_or("").trim().is_empty();
    let span = if alone {
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        let end = at.span.end as usize + rest.find('\n').map_or(rest.len(), |i| i + 1);
        Span::new(start as u32, end as u32)
    } else {
        // In a table on one line.
        let comma =
            rest.trim_start().strip_prefix(',').map_or(0, |after| rest.len() - after.trim_start().len());
        Span::new(at.span.start, at.span.end + comma as u32)
    };
    Fix {
        title: "Let panics unwind".into(),
        applicability: Applicability::Unsafe,
        edits: vec![Edit::Replace { file: at.file, span, text: String::new() }],
    }
}
