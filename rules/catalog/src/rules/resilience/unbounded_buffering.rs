//! `unbounded-buffering`

use svclint_model::Channel;

use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports channels without a capacity in the code of a service. Off, because who sends, and how much, is not looked at: a
    /// channel that a dozen messages pass in a day needs no limit.
    ///
    /// ## Why it matters
    /// When more comes in than is taken out, an unbounded channel grows until the memory is gone, and what waits in it is lost
    /// with the process. One with a capacity makes the sender wait, or lets it refuse: the callers learn that it is too much.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::post};
    /// use tokio::sync::mpsc;
    ///
    /// async fn place(State(orders): State<mpsc::UnboundedSender<String>>, order: String) {
    ///     let _ = orders.send(order);
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let (orders, mut waiting) = mpsc::unbounded_channel();
    ///     tokio::spawn(async move {
    ///         while let Some(order) = waiting.recv().await {
    ///             println!("packing {order}");
    ///         }
    ///     });
    ///     let app = Router::new().route("/orders", post(place)).with_state(orders);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::post};
    /// use tokio::sync::mpsc;
    ///
    /// async fn place(State(orders): State<mpsc::Sender<String>>, order: String) {
    ///     let _ = orders.send(order).await;
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let (orders, mut waiting) = mpsc::channel(1024);
    ///     tokio::spawn(async move {
    ///         while let Some(order) = waiting.recv().await {
    ///             println!("packing {order}");
    ///         }
    ///     });
    ///     let app = Router::new().route("/orders", post(place)).with_state(orders);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None is offered: the sender has to wait, or to refuse, where the channel is full.
    ///
    /// ## References
    /// - Michael Nygard, "Release It!", on back pressure
    /// - Google, "Site Reliability Engineering", chapter 21, "Handling Overload"
    pub(crate) UNBOUNDED_BUFFERING {
        id: "unbounded-buffering",
        category: Resilience,
        level: Allow,
        severity: Info,
        confidence: Medium,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for channel in cx.model.channels.iter().filter(|c| c.capacity.is_absent()) {
        findings.extend(finding(cx, channel));
    }
}

fn finding(cx: &Context<'_>, channel: &Channel) -> Option<Finding> {
    let function = channel.in_fn?;
    let service = cx.model.services.iter().find(|s| s.functions.binary_search(&function).is_ok())?;
    let message =
        "this channel has no capacity: when more is sent than taken, it grows until the memory is gone";
    let finding = Finding::new(&UNBOUNDED_BUFFERING, channel.at, message.into())
        .help("give it a capacity, and wait or refuse where it is full")
        .label("no capacity")
        .service(&service.name)
        .subject(cx.model.function(function).path.clone());
    Some(finding)
}
