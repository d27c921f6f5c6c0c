//! `env-var-not-provided`

use svclint_model::{Place, Setting, Tri};

use super::given::{arguments, may_come_from_file};
use super::settings::needed;
use crate::rules::deployed::{Deployed, deployed};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports variables that a program cannot start without and that no manifest gives it.
    ///
    /// ## Why it matters
    /// The program ends as soon as it begins, in every pod.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let url = std::env::var("DATABASE_URL").expect("DATABASE_URL");
    ///     println!("{url}");
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
    ///             - name: RUST_LOG
    ///               value: postgres://db/shop
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let url = std::env::var("DATABASE_URL").expect("DATABASE_URL");
    ///     println!("{url}");
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
    ///             - name: DATABASE_URL
    ///               value: postgres://db/shop
    /// ```
    ///
    /// ## Fix
    /// Adds the variable, with a value to fill in.
    ///
    /// ## References
    /// - The Twelve-Factor App, III: Config
    pub(crate) ENV_VAR_NOT_PROVIDED {
        id: "env-var-not-provided",
        category: Configuration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx).filter(|d| d.deployment.env.complete) {
        let Some(arguments) = arguments(cx, &program).filter(|_| !may_come_from_file(cx, &program)) else {
            continue;
        };
        // Flags and their variables are two ways to say the same.
        let by_flags = arguments.iter().any(|word| word.starts_with('-'));
        let mut missing: Vec<(&str, &Setting)> = Vec::new();
        for setting in needed(cx, &program).into_iter().filter(|s| !(s.argument && by_flags)) {
            let Tri::Present(name) = &setting.name else { continue };
            let provided = program.deployment.env.variables.contains_key(name.as_str());
            if !provided && !is_given_by_platform(name) && !missing.iter().any(|(known, _)| known == name) {
                missing.push((name, setting));
            }
        }
        findings.extend(missing.into_iter().map(|(name, setting)| finding(cx, &program, name, setting)));
    }
}

/// What kubelet, container runtimes and shells set.
fn is_given_by_platform(name: &str) -> bool {
    matches!(name, "HOSTNAME" | "HOME" | "PATH" | "PWD" | "USER")
        || name.starts_with("KUBERNETES_")
        || name.starts_with("CARGO_")
        || name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
}

fn finding(cx: &Context<'_>, program: &Deployed<'_>, name: &str, setting: &Setting) -> Finding {
    let message = format!(
        "`{}` does not start without `{name}`, and `{}` does not give it: it ends as soon as it begins",
        program.service.name,
        program.workload.title()
    );
    let edits = if program.workload.is_compose() {
        Vec::new()
    } else {
        match program.container.env_at {
            None => cx.add_entry(
                program.container.block,
                &["env:", &format!("  - name: {name}"), "    value: \"\" # fill in"],
            ),
            Some(_) => program
                .container
                .env
                .last()
                .map(|last| after(cx, last.value_at, last.at, name))
                .unwrap_or_default(),
        }
    };
    program.explained(
        Finding::new(&ENV_VAR_NOT_PROVIDED, program.container.name_at, message)
            .help(format!("give it `{name}`: a value, or a key of a ConfigMap or Secret"))
            .label(format!("`{name}` is not set"))
            .related(setting.at, "is read here, and has no default")
            .subject(format!("{} {name}", program.subject()))
            .fix(format!("Add `{name}`"), Applicability::Proposal, edits),
    )
}

/// One more item of a list of variables, after the last.
fn after(cx: &Context<'_>, value: Place, name_at: Place, name: &str) -> Vec<Edit> {
    let indent = cx.indent(name_at);
    let line = cx.begins_item(name_at);
    if !line || value.file != name_at.file {
        return Vec::new();
    }
    let end = cx.end_of_line(value);
    let line_end = cx.line_end(value.file);
    let text = format!("{line_end}{indent}- name: {name}{line_end}{indent}  value: \"\" # fill in");
    vec![Edit::Replace { file: value.file, span: svclint_syntax::Span::at(end), text }]
}
