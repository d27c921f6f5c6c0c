//! `secret-with-default-value`

use std::collections::BTreeSet;

use svclint_model::{Service, Setting, Tri, What};

use crate::edit::replace;
use crate::rules::secrets::{is_secret, is_value};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports secrets that a service takes from its environment with a default in the code: `JWT_SECRET` or else `"secret"`.
    ///
    /// ## Why it matters
    /// Where the variable is missing, by a typo in a manifest or a secret that was not mounted, the service starts all the
    /// same and works with a secret that anybody can read in the repository: whoever knows it signs tokens of their own.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, extract::State, routing::post};
    /// use jsonwebtoken::EncodingKey;
    ///
    /// async fn login(State(key): State<EncodingKey>) -> String {
    ///     jsonwebtoken::encode(&Default::default(), &"alice", &key).unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let secret = std::env::var("JWT_SECRET").unwrap_or_else(|_| "very-secret".to_string());
    ///     let app = Router::new().route("/login", post(login)).with_state(EncodingKey::from_secret(secret.as_bytes()));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::State, routing::post};
    /// use jsonwebtoken::EncodingKey;
    ///
    /// async fn login(State(key): State<EncodingKey>) -> String {
    ///     jsonwebtoken::encode(&Default::default(), &"alice", &key).unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let secret = std::env::var("JWT_SECRET").expect("JWT_SECRET is set");
    ///     let app = Router::new().route("/login", post(login)).with_state(EncodingKey::from_secret(secret.as_bytes()));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Lets the service end at once where the variable is missing. A proposal: somebody has to give it to every environment first.
    ///
    /// ## References
    /// - CWE-798, "Use of Hard-coded Credentials"
    /// - The Twelve-Factor App, III: Config
    pub(crate) SECRET_WITH_DEFAULT_VALUE {
        id: "secret-with-default-value",
        category: Configuration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    for service in &cx.model.services {
        for (setting, subject) in read_by(cx, service) {
            let (Tri::Present(name), Tri::Present(default)) = (&setting.name, &setting.default) else {
                continue;
            };
            let place = (setting.at.file.0, setting.at.span.start);
            if is_secret(name) && is_value(default) && told.insert(place) {
                findings.push(finding(cx, service, setting, name, &subject));
            }
        }
    }
}

/// What a service reads in its functions, and through the types that it is configured with.
fn read_by<'m>(cx: &Context<'m>, service: &Service) -> Vec<(&'m Setting, String)> {
    let model = cx.model;
    let mut found = Vec::new();
    for function in service.functions.iter().filter_map(|f| model.functions.get(f.0 as usize)) {
        for deed in &function.does {
            if let What::ReadEnv(number) = deed.what {
                found.extend(model.settings.get(number as usize).map(|s| (s, function.path.clone())));
            }
        }
    }
    let in_bodies: BTreeSet<(u32, u32)> = model
        .functions
        .iter()
        .flat_map(|f| &f.does)
        .filter(|d| matches!(d.what, What::ReadEnv(_)))
        .map(|d| (d.at.file.0, d.at.span.start))
        .collect();
    let declared = model.settings.iter().filter(|s| !in_bodies.contains(&(s.at.file.0, s.at.span.start)));
    let files = service.files(model);
    found.extend(declared.filter(|s| files.contains(&s.at.file)).map(|s| (s, service.name.clone())));
    found
}

fn finding(cx: &Context<'_>, service: &Service, setting: &Setting, name: &str, subject: &str) -> Finding {
    let message = format!(
        "where `{name}` is not set, `{}` starts all the same, with a secret that everybody can read here",
        service.name
    );
    let edits = setting.fallback_at.filter(|at| cx.text(*at).starts_with('.'));
    let edits = edits.map(|at| replace(at, format!(".expect(\"{name} is set\")"))).unwrap_or_default();
    Finding::new(&SECRET_WITH_DEFAULT_VALUE, setting.at, message)
        .help("let the service end at once where it is missing")
        .label("has a default in the code")
        .service(&service.name)
        .subject(format!("{subject} {name}"))
        .fix("Ask for the variable at start", Applicability::Proposal, edits)
}
