//! `dotenv-required-at-startup`

use svclint_model::docker::{Copy, InstructionKind};
use svclint_model::{Deed, EnvFile, Function, Image, Service, Tri, What};

use crate::edit::replace;
use crate::rules::contained::is_deployed;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services that are run in containers and do not start without a `.env` file, where no image can have one.
    ///
    /// ## Why it matters
    /// `.env` is a file for the desk: it is not in the repository, and nothing puts it into the image. The process ends with
    /// "path not found" as soon as it begins, though its variables are all set.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() {
    ///     dotenvy::dotenv().unwrap();
    ///     let app = axum::Router::new().route("/v1/orders", axum::routing::get(|| async { "[]" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// COPY . .
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// ```
    /// ```good
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() {
    ///     dotenvy::dotenv().ok();
    ///     let app = axum::Router::new().route("/v1/orders", axum::routing::get(|| async { "[]" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// COPY . .
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// ```
    ///
    /// ## Fix
    /// Goes on without the file: `.ok()`.
    ///
    /// ## References
    /// - The Twelve-Factor App, III: Config
    /// - dotenvy, `dotenv`
    pub(crate) DOTENV_REQUIRED_AT_STARTUP {
        id: "dotenv-required-at-startup",
        category: Configuration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        // What is done in any case while the service starts.
        let at_start = cx.model.ways(&[service.main], |call| !call.when.sometimes);
        let mut functions: Vec<_> = at_start.keys().copied().collect();
        functions.sort_unstable();
        for function in functions.into_iter().map(|f| cx.model.function(f)) {
            for deed in function.does.iter().filter(|d| !d.when.sometimes) {
                let What::LoadEnvFile(file) = &deed.what else { continue };
                let Tri::Present(name) = &file.name else { continue };
                let told = findings.iter().any(|f| f.place == deed.at);
                if file.required && !told && is_deployed(cx, service) && is_nowhere(cx, service, name) {
                    findings.push(finding(service, function, deed, file, name));
                }
            }
        }
    }
}

/// Whether no image of a service can have a file, and no container mounts it.
fn is_nowhere(cx: &Context<'_>, service: &Service, name: &str) -> bool {
    let is_own = |i: &&Image| i.ships.as_ref().is_none_or(|s| s.package == service.package as usize);
    let mut images = cx.model.images.iter().filter(is_own).peekable();
    let services = cx.model.services.iter();
    let own = |d: &&svclint_model::Deployment| {
        let service_of = d.service.and_then(|id| cx.model.services.get(id.0 as usize));
        service_of.is_some_and(|s| s.package == service.package && s.binary == service.binary)
    };
    let containers = cx
        .model
        .deployments
        .iter()
        .filter(own)
        .filter_map(|d| cx.model.manifests.workloads.get(d.workload)?.containers.get(d.container));
    // A mounted folder may hold it.
    let mounts = containers.into_iter().any(|c| !c.mounts.is_empty() || !c.mounts_complete);
    services.len() > 0 && images.peek().is_some() && !images.any(|i| may_hold(i, name)) && !mounts
}

fn may_hold(image: &Image, name: &str) -> bool {
    let Some(last) = image.stages.len().checked_sub(1) else { return true };
    let stages = image.facts.chain(last).into_iter().filter_map(|s| image.facts.stages.get(s));
    let mut instructions = stages.flat_map(|s| &s.instructions);
    instructions.any(|instruction| match &instruction.kind {
        InstructionKind::Copy(copy) => brings(copy, name),
        InstructionKind::Run(command) => {
            let mut words = command.commands.iter().flat_map(|c| &c.words);
            words.any(|w| w.known().is_none_or(|w| w.contains(name)))
        }
        _ => false,
    })
}

/// Whether something that is copied may be or hold a file.
fn brings(copy: &Copy, name: &str) -> bool {
    copy.sources.is_empty()
        || copy.sources.iter().any(|source| match source.known() {
            // A program or a folder of sources is not, the whole context or work folder may.
            Some(source) => {
                let parts = source.split('/').filter(|p| !p.is_empty() && *p != ".").count();
                source.ends_with(name)
                    || source.contains('*')
                    || parts == 0
                    || parts == 1 && copy.from.is_some()
            }
            None => true,
        })
}

fn finding(service: &Service, function: &Function, deed: &Deed, file: &EnvFile, name: &str) -> Finding {
    let message = format!(
        "`{}` ends as soon as it begins where there is no `{name}`, and its image has none",
        service.name
    );
    let edits = file.demand.map(|at| replace(at, ".ok()")).unwrap_or_default();
    Finding::new(&DOTENV_REQUIRED_AT_STARTUP, deed.at, message)
        .help("go on without the file: in a container the variables are set already")
        .label(format!("asks for `{name}`"))
        .service(&service.name)
        .subject(&function.path)
        .fix("Go on without the file", Applicability::Safe, edits)
}
