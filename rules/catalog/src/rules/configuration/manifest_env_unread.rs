//! `manifest-env-unread`

use svclint_model::{EnvVar, Place};

use super::given::arguments;
use super::settings::read;
use crate::rules::deployed::{Deployed, deployed};
use crate::rules::spelling::meant;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports variables of a manifest that the program never reads, where it reads one whose name differs by a letter or two.
    ///
    /// ## Why it matters
    /// A misspelt name sets nothing: the program runs with its default, and nobody notices.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let limit = std::env::var("MAX_ORDERS").unwrap_or("10".into());
    ///     println!("{limit}");
    ///     let app = Router::new().route("/healthz", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           ports: [{ containerPort: 8080 }]
    ///           env:
    ///             - name: MAX_ORDER
    ///               value: postgres://db/shop
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let limit = std::env::var("MAX_ORDERS").unwrap_or("10".into());
    ///     println!("{limit}");
    ///     let app = Router::new().route("/healthz", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           ports: [{ containerPort: 8080 }]
    ///           env:
    ///             - name: MAX_ORDERS
    ///               value: postgres://db/shop
    /// ```
    ///
    /// ## Fix
    /// Writes the name that the program reads.
    ///
    /// ## References
    /// - The Twelve-Factor App, III: Config
    pub(crate) MANIFEST_ENV_UNREAD {
        id: "manifest-env-unread",
        category: Configuration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// Names that are shorter than this are too much alike by chance.
const SHORTEST: usize = 6;

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx) {
        // What runs before the program may read it.
        let Some(read) = read(cx, &program).filter(|_| arguments(cx, &program).is_some()) else { continue };
        let own = |name: &str| program.deployment.env.variables.contains_key(name);
        for variable in &program.container.env {
            let name = variable.name.as_str();
            if name.len() < SHORTEST || read.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let unset = read.iter().filter(|(known, _)| known.len() >= SHORTEST && !own(known));
            let Some(known) = meant(name, unset.map(|(known, _)| *known)) else { continue };
            if let Some((_, at)) = read.iter().find(|(name, _)| *name == known) {
                findings.push(finding(cx, &program, variable, known, *at));
            }
        }
    }
}

fn finding(cx: &Context<'_>, program: &Deployed<'_>, variable: &EnvVar, known: &str, at: Place) -> Finding {
    let message = format!(
        "`{}` never reads `{}`, but it reads `{known}`, which nothing sets: it runs with its default",
        program.service.name, variable.name
    );
    // A name that shells cannot set is wrong in the code.
    let is_name = known.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let edits = match (is_name, variable.at == variable.value_at) {
        (false, _) => Vec::new(),
        // `- NAME=value`
        (true, true) => cx.set_part(variable.at, &variable.name, known),
        (true, false) => cx.set(variable.at, known),
    };
    program.explained(
        Finding::new(&MANIFEST_ENV_UNREAD, variable.at, message)
            .help(if is_name {
                format!("did you mean `{known}`?")
            } else {
                format!("`{known}` is no name that a shell can set: mend it in the code")
            })
            .label("never read")
            .related(at, format!("`{known}` is read here"))
            .subject(format!("{} {}", program.subject(), variable.name))
            .fix(format!("Set `{known}`"), Applicability::Unsafe, edits),
    )
}
