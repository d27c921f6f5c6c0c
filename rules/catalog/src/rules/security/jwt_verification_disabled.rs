//! `jwt-verification-disabled`

use svclint_model::{Deed, Effect, EffectKind, FnId, Function, Role, Service, Tri, What};

use crate::{Context, Finding, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services that take what a token says without its proof: the signature is not looked at, or a token that has
    /// expired is as good as any. Code that looks into a token before it checks it is left alone, and so are tokens that
    /// come from their issuer and not with a request.
    ///
    /// ## Why it matters
    /// A token without its signature is a form that the caller filled in: anybody writes a user's id or the role of an
    /// administrator into it. One that never expires is good for ever, whoever has it by now.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, http::HeaderMap, routing::get};
    /// use jsonwebtoken::{DecodingKey, Validation, decode};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Claims {
    ///     sub: String,
    /// }
    ///
    /// async fn me(headers: HeaderMap) -> String {
    ///     let token = headers["authorization"].to_str().unwrap();
    ///     let mut validation = Validation::default();
    ///     validation.insecure_disable_signature_validation();
    ///     decode::<Claims>(token, &DecodingKey::from_secret(&[]), &validation).unwrap().claims.sub
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/me", get(me));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::State, http::HeaderMap, routing::get};
    /// use jsonwebtoken::{DecodingKey, Validation, decode};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Claims {
    ///     sub: String,
    /// }
    ///
    /// async fn me(State(key): State<DecodingKey>, headers: HeaderMap) -> String {
    ///     let token = headers["authorization"].to_str().unwrap();
    ///     decode::<Claims>(token, &key, &Validation::default()).unwrap().claims.sub
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let key = DecodingKey::from_secret(std::env::var("JWT_SECRET").unwrap().as_bytes());
    ///     let app = Router::new().route("/v1/me", get(me)).with_state(key);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: check tokens with the key of who issues them, and the one algorithm that they are signed with.
    ///
    /// ## References
    /// - CWE-347, "Improper Verification of Cryptographic Signature"
    /// - OWASP API Security Top 10, API2: Broken Authentication
    /// - RFC 8725, "JSON Web Token Best Current Practices"
    pub(crate) JWT_VERIFICATION_DISABLED {
        id: "jwt-verification-disabled",
        category: Security,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

const PROVES: EffectKind = EffectKind::Other(Effect::ProvenToken);

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        let gets = |id: &&FnId| from_caller(cx, service, **id);
        for id in service.functions.iter().filter(gets) {
            let function = cx.model.function(*id);
            for deed in &function.does {
                let What::Effect(effect) = deed.what else { continue };
                // A branch may decide which tokens are taken.
                if deed.when.sometimes && effect != Effect::UnprovenToken {
                    continue;
                }
                let told = findings.iter().any(|f| f.place == deed.at);
                if !told && is_unproven(cx, *id, function, effect) {
                    findings.push(finding(service, function, deed, effect));
                }
            }
        }
    }
}

/// Whether a function takes tokens without proof, and nothing around it asks for that.
fn is_unproven(cx: &Context<'_>, id: FnId, function: &Function, effect: Effect) -> bool {
    let proofs = function.does.iter().filter(|d| d.what == What::Effect(Effect::ProvenToken)).count();
    match effect {
        Effect::UnprovenToken => proofs == 0 && !caller_proves(cx, id),
        // The validation is for one of them.
        Effect::UnprovenTokens => proofs < 2 && !caller_proves(cx, id),
        Effect::ExpiredTokens => !takes_old_ones(function),
        _ => false,
    }
}

/// Whether the tokens of a function come from who asks the service, and not from the issuer itself: the function, or one not
/// far above it, gets the request.
fn from_caller(cx: &Context<'_>, service: &Service, id: FnId) -> bool {
    let does_something = |d: &Deed| {
        matches!(d.what, What::Effect(Effect::UnprovenToken | Effect::UnprovenTokens | Effect::ExpiredTokens))
    };
    if !cx.model.function(id).does.iter().any(does_something) {
        return false;
    }
    let callers = |of: FnId| {
        let calls = move |f: &&FnId| cx.model.function(**f).calls.iter().any(|c| c.to == of);
        service.functions.iter().filter(calls).copied().collect::<Vec<FnId>>()
    };
    let direct = callers(id);
    let handles = |f: &FnId| service.routes.iter().any(|r| r.handler == Some(*f));
    let above = direct.iter().flat_map(|f| callers(*f)).collect::<Vec<FnId>>();
    std::iter::once(&id).chain(&direct).any(handles)
        || std::iter::once(&id).chain(&direct).chain(&above).any(|f| reads_credentials(cx.model.function(*f)))
}

fn reads_credentials(function: &Function) -> bool {
    let credentials = ["Authorization", "BearerAuth", "TypedHeader", "CookieJar", "HeaderMap", "Parts"];
    let types = function.inputs.iter().flat_map(|i| &i.types);
    let asked = function.inputs.iter().any(|i| i.role == Some(Role::IncomingRequest));
    let reads = |d: &Deed| match &d.what {
        What::ReadHeader(Tri::Present(name)) => {
            name == "authorization" || name == "cookie" || name.contains("token")
        }
        _ => false,
    };
    asked || types.into_iter().any(|t| credentials.contains(&t.as_str())) || function.does.iter().any(reads)
}

/// Whether what calls a function checks tokens otherwise: it only looks into one before.
fn caller_proves(cx: &Context<'_>, id: FnId) -> bool {
    cx.model.functions.iter().filter(|f| f.calls.iter().any(|c| c.to == id)).any(|caller| {
        let proves = |f: &FnId| {
            cx.model.effects.get(f.0 as usize).is_some_and(|summary| summary.witness(PROVES).is_some())
        };
        caller.does.iter().any(|d| d.what == What::Effect(Effect::ProvenToken))
            || caller.calls.iter().map(|c| c.to).filter(|to| *to != id).any(|to| proves(&to))
    })
}

/// Whether a function is there for tokens that may have expired: to renew or to revoke them.
fn takes_old_ones(function: &Function) -> bool {
    let name = function.path.rsplit("::").next().unwrap_or_default();
    ["refresh", "renew", "expired", "logout", "revoke", "rotate"].iter().any(|word| name.contains(word))
}

fn finding(service: &Service, function: &Function, deed: &Deed, effect: Effect) -> Finding {
    let expired = effect == Effect::ExpiredTokens;
    let (message, label) = match expired {
        true => {
            ("tokens never expire here: whoever got hold of one can use it for ever", "takes expired tokens")
        }
        false => (
            "the signature of the token is not checked: anybody can write one, with any user and role in it",
            "takes any token",
        ),
    };
    let mut finding = Finding::new(&JWT_VERIFICATION_DISABLED, deed.at, message.into())
        .help(match expired {
            true => "let the time be checked, and give tokens one",
            false => {
                "check it with the key of who issues the tokens, and the algorithm that they are signed with"
            }
        })
        .label(label)
        .service(&service.name)
        .subject(&function.path);
    if expired {
        finding.severity = Severity::Warning;
    }
    finding
}
