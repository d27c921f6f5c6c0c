//! `cors-any-origin`

use svclint_model::{Carries, Deed, Function, OpenOrigins, Place, Service, Tri, What};

use crate::{Context, Finding, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services that let pages of any origin call with the user's credentials, where they know users by cookies
    /// (an error) or other credentials (a warning). One word that allows everything but credentials, in a service that knows
    /// its users, is information. APIs that ask nobody who they are may be open to all, and a setting decides what stands
    /// in a branch.
    ///
    /// ## Why it matters
    /// The browser sends its cookies with the request, whichever page makes it. If the service allows every origin with
    /// credentials, any page that a user has open reads and changes what is theirs.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, http::HeaderMap, routing::get};
    /// use tower_http::cors::CorsLayer;
    ///
    /// async fn orders(headers: HeaderMap) -> String {
    ///     format!("{:?}", headers.get("cookie"))
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders", get(orders)).layer(CorsLayer::very_permissive());
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, http::{HeaderMap, HeaderValue}, routing::get};
    /// use tower_http::cors::CorsLayer;
    ///
    /// async fn orders(headers: HeaderMap) -> String {
    ///     format!("{:?}", headers.get("cookie"))
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let shop: HeaderValue = std::env::var("SHOP_ORIGIN").unwrap().parse().unwrap();
    ///     let cors = CorsLayer::new().allow_origin(shop).allow_credentials(true);
    ///     let app = Router::new().route("/v1/orders", get(orders)).layer(cors);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: name the origins, best from the configuration.
    ///
    /// ## References
    /// - CWE-942, "Permissive Cross-domain Security Policy with Untrusted Domains"
    /// - OWASP API Security Top 10, API8: Security Misconfiguration
    pub(crate) CORS_ANY_ORIGIN {
        id: "cors-any-origin",
        category: Security,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

/// How a service knows who asks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    /// By something that the page has to have: a token in a header.
    Token,
    /// By what the browser sends by itself.
    Cookie,
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        let users = users(cx, service);
        for function in service.functions.iter().map(|f| cx.model.function(*f)) {
            for deed in &function.does {
                let What::OpenOrigins(open) = deed.what else { continue };
                let told = findings.iter().any(|f| f.place == deed.at);
                if let (false, Some((known, at))) = (told || open.chosen, users)
                    && (open.credentials || open.everything)
                {
                    findings.push(finding(service, function, deed, open, known, at));
                }
            }
        }
    }
}

/// How a service knows who asks, and where that is seen.
fn users(cx: &Context<'_>, service: &Service) -> Option<(Known, Place)> {
    let functions = service.functions.iter().map(|f| cx.model.function(*f));
    let in_code = functions.flat_map(|function| {
        let read = function.does.iter().filter_map(|deed| match &deed.what {
            What::ReadHeader(Tri::Present(name)) if name == "cookie" => Some((Known::Cookie, deed.at)),
            What::ReadHeader(Tri::Present(name)) if name == "authorization" => Some((Known::Token, deed.at)),
            _ => None,
        });
        let types = function.inputs.iter().flat_map(|input| &input.types);
        let taken = types.filter_map(|ty| Some((by_name(ty)?, function.params)));
        read.chain(taken).collect::<Vec<_>>()
    });
    let layers = service.routes.iter().flat_map(|r| &r.layers);
    let in_layers = layers.filter_map(|layer| {
        let auth = layer.carries.contains(&Carries::Auth).then_some(Known::Token);
        Some((by_name(&layer.name).or(auth)?, layer.at))
    });
    in_code.chain(in_layers).max_by_key(|(known, _)| *known)
}

/// What the name of a type says of how users are known.
fn by_name(name: &str) -> Option<Known> {
    let cookies = ["CookieJar", "PrivateCookieJar", "SignedCookieJar", "Cookies", "CookieManagerLayer"];
    let sessions = ["Session", "SessionMiddleware", "SessionManagerLayer", "SessionLayer", "AuthSession"];
    let identity = ["Identity", "IdentityMiddleware", "IdentityService"];
    let tokens = ["BearerAuth", "BasicAuth", "Authorization", "Claims", "AuthUser", "HttpAuthentication"];
    if cookies.contains(&name) || sessions.contains(&name) || identity.contains(&name) {
        return Some(Known::Cookie);
    }
    tokens.contains(&name).then_some(Known::Token)
}

fn finding(
    service: &Service,
    function: &Function,
    deed: &Deed,
    open: OpenOrigins,
    known: Known,
    at: Place,
) -> Finding {
    let (severity, message) = match (open.credentials, known) {
        (true, Known::Cookie) => (
            Severity::Error,
            "any page that a user has open may call `{}` with the user's cookies, and read the answers",
        ),
        (true, Known::Token) => (
            Severity::Warning,
            "any page may call `{}` with the credentials that the browser has, and read the answers",
        ),
        (false, _) => (Severity::Info, "pages of any origin may call `{}`, with any method and header"),
    };
    let mut finding = Finding::new(&CORS_ANY_ORIGIN, deed.at, message.replace("{}", &service.name))
        .help("name the origins that may call, best in the configuration")
        .label("any origin")
        .related(at, "users are known by this")
        .service(&service.name)
        .subject(&function.path);
    finding.severity = severity;
    finding
}
