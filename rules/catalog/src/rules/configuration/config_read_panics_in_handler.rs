//! `config-read-panics-in-handler`

use rustc_hash::FxHashSet;
use svclint_model::{FnId, Service, Setting, Tri, What};

use crate::rules::reach::{Reached, evidence};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports variables of the environment that are first read for a request, by code that panics where they are missing.
    ///
    /// ## Why it matters
    /// A service that lacks part of its configuration should not start: then the rollout stops, and the old version goes on.
    /// Read in a handler, the mistake is found by the first user of that route, hours after the deployment looked fine.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    ///
    /// async fn price() -> String {
    ///     std::env::var("PRICES_URL").expect("PRICES_URL is set")
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/price", get(price));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// async fn price(State(prices_url): State<String>) -> String {
    ///     prices_url
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let prices_url = std::env::var("PRICES_URL").expect("PRICES_URL is set");
    ///     let app = Router::new().route("/v1/price", get(price)).with_state(prices_url);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: read it in `main`, and hand it on as state.
    ///
    /// ## References
    /// - Michael Nygard, "Release It!", chapter on failing fast
    /// - The Twelve-Factor App, III: Config
    pub(crate) CONFIG_READ_PANICS_IN_HANDLER {
        id: "config-read-panics-in-handler",
        category: Configuration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut told: FxHashSet<FnId> = FxHashSet::default();
    for service in &cx.model.services {
        let reached = Reached::from_handlers(cx.model, service);
        let handlers: FxHashSet<FnId> = reached.roots.iter().map(|(id, _)| *id).collect();
        // Routers name handlers: what these call does not run at start for that.
        let at_start = cx.model.ways(&[service.main], |call| !handlers.contains(&call.to));
        let read_at_start: FxHashSet<&str> =
            at_start.keys().flat_map(|f| panicking(cx, *f)).map(|(name, _)| name).collect();
        let mut first: Vec<FnId> =
            reached.ways.keys().filter(|f| !at_start.contains_key(*f)).copied().collect();
        first.sort_unstable();
        for function in first {
            let late = panicking(cx, function).find(|(name, _)| !read_at_start.contains(name));
            if let Some((name, setting)) = late
                && told.insert(function)
            {
                findings.push(finding(cx, service, &reached, function, name, setting));
            }
        }
    }
}

/// The variables that a function itself panics without.
fn panicking<'m>(cx: &Context<'m>, function: FnId) -> impl Iterator<Item = (&'m str, &'m Setting)> {
    let model = cx.model;
    let deeds = model.functions.get(function.0 as usize).into_iter().flat_map(|f| &f.does);
    let settings = deeds.filter_map(|deed| match deed.what {
        What::ReadEnv(number) => model.settings.get(number as usize),
        _ => None,
    });
    settings.filter(|s| s.panics).filter_map(|s| match &s.name {
        Tri::Present(name) => Some((name.as_str(), s)),
        _ => None,
    })
}

fn finding(
    cx: &Context<'_>,
    service: &Service,
    reached: &Reached<'_>,
    function: FnId,
    name: &str,
    setting: &Setting,
) -> Finding {
    let who = match reached.route(cx.model, function) {
        Some(route) => format!("`{} {}`", route.method, route.path),
        None => "a handler".to_owned(),
    };
    let message = format!(
        "`{name}` is read when {who} is asked for: where it is missing, `{}` starts, and panics at the first request",
        service.name
    );
    let mut finding = Finding::new(&CONFIG_READ_PANICS_IN_HANDLER, setting.at, message)
        .help("read it while the service starts, and hand it to the handler as state")
        .label("panics here, at the first request")
        .service(&service.name)
        .subject(format!("{} {name}", cx.model.function(function).path));
    if let Some(way) = reached.ways.get(&function) {
        finding.related.extend(evidence(cx.model, way));
    }
    finding
}
