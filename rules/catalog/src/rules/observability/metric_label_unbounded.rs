//! `metric-label-unbounded`

use svclint_model::{LabelSource, Place, What};

use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports labels of metrics whose values callers choose: the path of a request as it was written, or a part of it that
    /// the route takes as a parameter.
    ///
    /// ## Why it matters
    /// Each value of a label is a time series of its own, in the memory of the service and of the monitoring. With one for each
    /// order, user or mistyped address they grow until one of the two runs out of memory. A scanner does it in an afternoon.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// metrics = "0.24"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::Request, routing::get};
    ///
    /// async fn price(request: Request) -> &'static str {
    ///     metrics::counter!("requests_total", "path" => request.uri().path().to_owned()).increment(1);
    ///     "7"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/prices/{item}", get(price))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// metrics = "0.24"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::MatchedPath, routing::get};
    ///
    /// async fn price(path: MatchedPath) -> &'static str {
    ///     metrics::counter!("requests_total", "path" => path.as_str().to_owned()).increment(1);
    ///     "7"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/prices/{item}", get(price))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: use the route as it was registered, the method, the class of the status; what tells single requests apart belongs
    /// into a trace.
    ///
    /// ## References
    /// - Prometheus, "Metric and label naming: labels"
    pub(crate) METRIC_LABEL_UNBOUNDED {
        id: "metric-label-unbounded",
        category: Observability,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        for function in service.functions.iter().map(|id| cx.model.function(*id)) {
            for deed in &function.does {
                let What::UnboundedLabel(source) = deed.what else { continue };
                if reported.contains(&deed.at) {
                    continue;
                }
                reported.push(deed.at);
                let what = match source {
                    LabelSource::RequestPath => "the path as the caller wrote it",
                    LabelSource::PathParameter => "a parameter of the path",
                };
                let message = format!(
                    "{what} is the value of a label: each new one adds a time series that is never given back"
                );
                findings.push(
                    Finding::new(&METRIC_LABEL_UNBOUNDED, deed.at, message)
                        .help("use the route as it is registered, or leave the label out")
                        .label("endlessly many values")
                        .service(&service.name)
                        .subject(&function.path),
                );
            }
        }
    }
}
