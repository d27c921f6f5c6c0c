//! `hardcoded-service-endpoint`

use svclint_model::{Function, Request, Tri, What};

use crate::rules::addresses::{host, is_internal};
use crate::rules::contained::is_aside;
use crate::rules::running::Run;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports requests of a running service to an address that is written into the code and holds in one network only: an IP
    /// address, `localhost`, `orders`, `orders.shop.svc`.
    ///
    /// ## Why it matters
    /// The peer cannot move, and the same image cannot run elsewhere: another namespace, a test, a second region each need a
    /// build of their own. Public names (`api.stripe.com`) are the same everywhere and are left alone.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// async fn prices(State(client): State<reqwest::Client>) -> String {
    ///     client.get("http://prices:9000/v1/prices").send().await.unwrap().text().await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5)).build().unwrap();
    ///     let app = Router::new().route("/v1/prices", get(prices)).with_state(client);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// #[derive(Clone)]
    /// struct Prices {
    ///     client: reqwest::Client,
    ///     url: String,
    /// }
    ///
    /// async fn prices(State(prices): State<Prices>) -> String {
    ///     let url = format!("{}/v1/prices", prices.url);
    ///     prices.client.get(url).send().await.unwrap().text().await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5)).build().unwrap();
    ///     let prices_ = Prices { client, url: std::env::var("PRICES_URL").expect("PRICES_URL is set") };
    ///     let app = Router::new().route("/v1/prices", get(prices)).with_state(prices_);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: read the address from the environment while the service starts, and set it in the manifest.
    ///
    /// ## References
    /// - The Twelve-Factor App, III: Config
    /// - Davide Taibi, Valentina Lenarduzzi, "On the Definition of Microservice Bad Smells": hard-coded endpoints
    pub(crate) HARDCODED_SERVICE_ENDPOINT {
        id: "hardcoded-service-endpoint",
        category: Configuration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for run in cx.runs().iter().filter(|run| !is_example(cx, run)) {
        for id in &run.service.functions {
            let function = cx.model.function(*id);
            for deed in &function.does {
                let What::Request(number) = deed.what else { continue };
                let Some(request) = cx.model.requests.get(number as usize) else { continue };
                let told = findings.iter().any(|f| f.place == request.begun_at);
                let Some(host) = written(request).filter(|_| !told) else { continue };
                if run.how_at_all(*id, deed.when).is_some() {
                    findings.push(finding(run, function, request, &host));
                }
            }
        }
    }
}

/// Whether a program is there to show or to test something.
fn is_example(cx: &Context<'_>, run: &Run<'_>) -> bool {
    let package = cx.model.packages.get(run.service.package as usize);
    let manifest = package.and_then(|p| cx.model.files.get(p.manifest.0 as usize));
    manifest.is_none_or(|path| is_aside(cx.model, path))
}

/// The host in a request's address, where the code says it and it holds in one network only.
fn written(request: &Request) -> Option<String> {
    let Tri::Present(url) = &request.url else { return None };
    let scheme = url.starts_with("http://") || url.starts_with("https://");
    host(url).filter(|h| scheme && is_internal(h))
}

fn finding(run: &Run<'_>, function: &Function, request: &Request, host: &str) -> Finding {
    let message = format!(
        "the address of `{host}` is written into `{}`: the same image cannot call it anywhere else",
        run.service.name
    );
    Finding::new(&HARDCODED_SERVICE_ENDPOINT, request.begun_at, message)
        .help("take the address from the environment, and set it in the manifest")
        .label("calls an address that is compiled in")
        .service(&run.service.name)
        .subject(format!("{} {host}", function.path))
}
