//! `env-var-not-provided`

use svclint_model::{EnvVar, Setting, Tri};

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
    let edits = match (program.container.env.last(), program.container.env_at) {
        (Some(last), Some(_)) => after(cx, program, last, name),
        (None, None) => {
            let compose = ["environment:", &format!("  {name}: \"\" # fill in")];
            let pod = ["env:", &format!("  - name: {name}"), "    value: \"\" # fill in"];
            let is_compose = program.workload.is_compose();
            cx.add_entry(program.container.block, if is_compose { &compose } else { &pod })
        }
        _ => Vec::new(),
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

/// One more variable after the last: a pair of names, an item `NAME=value` or an entry of a mapping.
fn after(cx: &Context<'_>, program: &Deployed<'_>, last: &EnvVar, name: &str) -> Vec<Edit> {
    let (at, file) = (last.at, last.value_at.file);
    let is_item = cx.begins_item(at);
    let line_end = cx.line_end(file);
    let indent = cx.indent(at);
    let text = match (program.workload.is_compose(), is_item) {
        (false, true) => format!("{line_end}{indent}- name: {name}{line_end}{indent}  value: \"\" # fill in"),
        (true, true) if at == last.value_at => format!("{line_end}{indent}- {name}= # fill in"),
        (true, false) if at != last.value_at && is_entry(cx, last) => {
            format!("{line_end}{indent}{name}: \"\" # fill in")
        }
        _ => return Vec::new(),
    };
    // Values of a file of variables stand elsewhere.
    if file != at.file || file != program.container.block.at.file {
        return Vec::new();
    }
    let end = cx.end_of_line(last.value_at);
    vec![Edit::Replace { file, span: svclint_syntax::Span::at(end), text }]
}

/// Whether a variable has its line for itself: one in braces has not.
fn is_entry(cx: &Context<'_>, variable: &EnvVar) -> bool {
    let after = cx.rest_of_file(variable.value_at).split(['\r', '\n']).next().unwrap_or("").trim();
    cx.begins_line(variable.at) && (after.is_empty() || after.starts_with('#'))
}
