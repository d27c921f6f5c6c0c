//! What the values of one chart decide for several programs is mended for all of them.

use crate::support;
use crate::support::check;

/// Two programs whose liveness route asks the database, and two charts made with one chart that probes them.
fn system() -> String {
    let mut text = String::from(
        "//- Cargo.toml\n[workspace]\nmembers = [\"orders\", \"billing\"]\n\
         //- chart/Chart.yaml\nname: service\nversion: 1.0.0\n\
         //- chart/values.yaml\nprobe: /health\n\
         //- chart/templates/deployment.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: \"{{ .Release.Name }}\" }\n\
         spec:\n  template:\n    spec:\n      containers:\n        - name: service\n          image: \"{{ .Values.image }}\"\n          \
         ports: [{ name: http, containerPort: 8080 }]\n          livenessProbe:\n            httpGet:\n              \
         path: {{ .Values.probe }}\n              port: http\n",
    );
    for name in ["orders", "billing"] {
        text.push_str(&format!(
            "//- {name}/Cargo.toml
[package]
name = \"{name}\"
version = \"0.1.0\"
edition = \"2021\"

[dependencies]
axum = \"0.8\"
sqlx = \"0.8\"
tokio = \"1\"
//- {name}/src/main.rs
use axum::{{Router, extract::State, routing::get}};

async fn health(State(pool): State<sqlx::PgPool>) -> &'static str {{
    sqlx::query(\"SELECT 1\").execute(&pool).await.unwrap();
    \"ok\"
}}

#[tokio::main]
async fn main() {{
    let pool = sqlx::PgPool::connect(\"postgres://db\").await.unwrap();
    let app = Router::new()
        .route(\"/health\", get(health))
        .with_state(pool);
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:8080\").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}}
//- {name}/Dockerfile
FROM rust:1.90-bookworm AS build
RUN cargo build --release --locked --bin {name}
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /target/release/{name} /{name}
ENTRYPOINT [\"/{name}\"]
//- {name}/chart/Chart.yaml
name: {name}
version: 1.0.0
dependencies: [{{ name: service, repository: \"file://../../chart\" }}]
//- {name}/chart/values.yaml
service: {{ image: \"registry/{name}:1.0.0\" }}
"
        ));
    }
    text
}

#[test]
fn one_fix_mends_all_programs_that_a_value_decides_for() {
    let text = system();
    let of_rule = |report: &svclint_engine::Report| {
        report.findings.iter().filter(|f| f.finding.rule.id == "liveness-checks-dependency").count()
    };
    let report = check(&text);
    assert_eq!(of_rule(&report), 2);
    let found = report.findings.iter().find(|f| f.finding.rule.id == "liveness-checks-dependency").unwrap();
    let fixed = support::apply(&report, &found.finding.fixes[0]);
    let text_of = |path: &str| {
        &fixed
            .iter()
            .find(|(p, _)| {
                p.ends_with(path)
                    && (path != "chart/values.yaml" || p.starts_with("/ws/chart") || p.starts_with("chart"))
            })
            .expect("the file is there")
            .1
    };
    assert_eq!(text_of("chart/values.yaml"), "probe: /livez\n");
    for name in ["orders", "billing"] {
        let main = text_of(&format!("{name}/src/main.rs"));
        assert_eq!(main.matches("/livez").count(), 1, "{main}");
    }
    let after = support::check_files(fixed.clone());
    assert_eq!(of_rule(&after), 0);
    assert!(after.findings.iter().all(|f| f.finding.rule.id != "probe-route-missing"));
}
