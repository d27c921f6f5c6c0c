//! `replica-identity-shared`

use svclint_model::{Place, Tri, What};

use crate::rules::deployed::{Deployed, deployed};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports programs that run in several replicas and introduce themselves to a broker by a name that is written in their
    /// code: a client id of MQTT, `group.instance.id` of Kafka.
    ///
    /// ## Why it matters
    /// A broker takes one client of a name. When the second replica comes, the first is thrown out, connects again, and throws
    /// out the second. The two do that for ever: messages are lost or come twice, and each replica by itself looks sound.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "meters"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// rumqttc = "0.24"
    /// tokio = { version = "1", features = ["full"] }
    /// //- Dockerfile
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY target/release/meters /meters
    /// ENTRYPOINT ["/meters"]
    /// //- deploy.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: meters }
    /// spec:
    ///   replicas: 3
    ///   template:
    ///     spec:
    ///       containers: [{ name: meters, image: "meters:1" }]
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use rumqttc::{AsyncClient, MqttOptions};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let (_client, mut events) = AsyncClient::new(MqttOptions::new("meters", "mqtt", 1883), 10);
    ///     tokio::spawn(async move { while events.poll().await.is_ok() {} });
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/livez", get(|| async { "ok" }))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "meters"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// rumqttc = "0.24"
    /// tokio = { version = "1", features = ["full"] }
    /// //- Dockerfile
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY target/release/meters /meters
    /// ENTRYPOINT ["/meters"]
    /// //- deploy.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: meters }
    /// spec:
    ///   replicas: 3
    ///   template:
    ///     spec:
    ///       containers: [{ name: meters, image: "meters:1" }]
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use rumqttc::{AsyncClient, MqttOptions};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let name = std::env::var("HOSTNAME").unwrap();
    ///     let (_client, mut events) = AsyncClient::new(MqttOptions::new(name, "mqtt", 1883), 10);
    ///     tokio::spawn(async move { while events.poll().await.is_ok() {} });
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/livez", get(|| async { "ok" }))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: make the name of something that each replica has for itself, the pod's name for example.
    ///
    /// ## References
    /// - MQTT 3.1.1, section 3.1.4: a server disconnects the client that has the identifier already
    /// - Apache Kafka, "Static membership"
    pub(crate) REPLICA_IDENTITY_SHARED {
        id: "replica-identity-shared",
        category: Health,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

/// The option by which a member of a consumer group has a name of its own.
const MEMBER: &str = "group.instance.id";

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for program in deployed(cx) {
        let Tri::Present(replicas) = &program.workload.replicas else { continue };
        if replicas.value < 2 {
            continue;
        }
        for (name, at) in names(cx, &program) {
            if !reported.contains(&at) {
                reported.push(at);
                let message = format!(
                    "all {} replicas of `{}` tell the broker that they are `{name}`: it keeps one of them, and they throw each other out",
                    replicas.value, program.service.name
                );
                let finding = Finding::new(&REPLICA_IDENTITY_SHARED, at, message)
                    .help("make the name of something that each replica has for itself: the name of its pod")
                    .label("the same in every replica")
                    .subject(program.subject())
                    .related(replicas.at, "runs several of them");
                findings.push(program.explained(finding));
            }
        }
    }
}

/// The names that a program gives itself, where they are written out.
fn names(cx: &Context<'_>, program: &Deployed<'_>) -> Vec<(String, Place)> {
    let functions = &program.service.functions;
    let deeds = functions.iter().flat_map(|f| &cx.model.function(*f).does);
    let mut found: Vec<(String, Place)> = deeds
        .filter_map(|deed| match &deed.what {
            What::Identity(Tri::Present(name)) => Some((name.clone(), deed.at)),
            _ => None,
        })
        .collect();
    let own =
        cx.model.clients.iter().filter(|c| c.in_fn.is_some_and(|f| functions.binary_search(&f).is_ok()));
    found.extend(own.filter_map(|client| match client.options.get(MEMBER) {
        Some(Tri::Present(name)) => Some((name.clone(), client.built.at)),
        _ => None,
    }));
    found.retain(|(name, _)| !name.is_empty() && !name.contains(['{', '$']));
    found
}
