//! What rules report of manifests, alone and together with code, and what they leave alone.

use crate::support;
use crate::support::{assert_markers, check};
use svclint_catalog::Severity;
use svclint_engine::Report;

/// What is reported, without what is only mentioned of images that are not built here.
fn found(report: &Report) -> Vec<String> {
    const WEAK: &str = "pod-security-context-weak";
    let mut weak = report.findings.iter().filter(|f| f.finding.rule.id == WEAK);
    let is_mentioned = weak.all(|f| f.finding.severity == Severity::Info);
    support::found(report).into_iter().filter(|line| !(is_mentioned && line.ends_with(WEAK))).collect()
}

/// A Deployment with a Service: `POD` stands in its pod, `CONTAINER` in its container.
fn deployment(pod: &str, container: &str) -> String {
    let indented = |text: &str, by: usize| -> String {
        text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
    };
    format!(
        "//- deploy/shop.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: shop }}
spec:
  replicas: 2
  template:
    metadata: {{ labels: {{ app: shop }} }}
    spec:
{}      containers:
        - name: shop
          image: registry/shop:1.4.0
          ports: [{{ name: http, containerPort: 8080 }}]
          resources: {{ requests: {{ cpu: 1 }}, limits: {{ memory: 1Gi }} }}
{}---
apiVersion: v1
kind: Service
metadata: {{ name: shop }}
spec: {{ selector: {{ app: shop }}, ports: [{{ port: 80, targetPort: http }}] }}
",
        indented(pod, 6),
        indented(container, 10)
    )
}

const READY: &str = "readinessProbe: { httpGet: { path: /readyz, port: http } }";

/// A program that is shipped by the Dockerfile beside it.
fn program(main: &str) -> String {
    format!(
        "//- src/main.rs
{main}
//- Dockerfile
FROM rust:1.90-bookworm AS build
RUN cargo build --release --locked --bin shop
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /target/release/shop /shop
ENTRYPOINT [\"/shop\"]
"
    )
}

fn server(routes: &str, bind: &str) -> String {
    program(&format!(
        "use axum::{{Router, routing::get}};

#[tokio::main]
async fn main() {{
    let app = Router::new(){routes};
    let listener = tokio::net::TcpListener::bind({bind}).await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}}"
    ))
}

#[track_caller]
fn assert_found(text: &str, expected: &[&str]) {
    let found: Vec<String> =
        found(&check(text)).iter().map(|f| f.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn probes_and_resources_of_plain_manifests() {
    assert_found(&deployment("", ""), &["pod-without-readiness-probe"]);
    assert_found(&deployment("", READY), &[]);
    let latest = deployment("", &format!("{READY}\nimagePullPolicy: Always")).replace("1.4.0", "latest");
    assert_found(&latest, &["image-tag-mutable"]);
    assert_found(&latest.replace("Always", "Never"), &[]);
    assert_found(&deployment("terminationGracePeriodSeconds: 0", READY), &["termination-not-graceful"]);
}

#[test]
fn what_a_template_may_add_is_not_missing() {
    let chart = |container: &str| {
        format!(
            "//- chart/Chart.yaml\nname: shop\nversion: 1.0.0\n//- chart/values.yaml\nimage: {{ name: shop, tag: latest }}\nprobe: {{}}\n\
             //- chart/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{{{ include \"shop.name\" . }}}}
spec:
  template:
    metadata:
      labels: {{ app: shop }}
    spec:
      containers:
        - name: shop
          image: \"registry/{{{{ .Values.image.name }}}}:{{{{ .Values.image.tag }}}}\"
{container}
---
apiVersion: v1
kind: Service
metadata: {{ name: shop }}
spec: {{ selector: {{ app: shop }}, ports: [{{ port: 80 }}] }}
"
        )
    };
    // The tag is decided in the values; what the container lacks may come from the template.
    let open = chart("          {{- toYaml .Values.more | nindent 10 }}");
    assert_eq!(found(&check(&open)), ["chart/values.yaml:1 image-tag-mutable"]);
    let unless = chart(
        "          {{- if .Values.x }}\n          readinessProbe: {{- toYaml .Values.probe | nindent 12 }}\n          {{- end }}\n          resources: {{ toYaml .Values.resources }}",
    );
    assert_eq!(found(&check(&unless)), ["chart/values.yaml:1 image-tag-mutable"]);
}

#[test]
fn a_defect_of_several_variants_is_one_finding() {
    let one = deployment("", "");
    let release = one.replace("deploy/shop.yaml", "release/shop.yaml");
    let report = check(&format!("{one}{release}"));
    assert_eq!(found(&report), ["deploy/shop.yaml:10 pod-without-readiness-probe"]);
    let named: Vec<&str> = report.findings[0].finding.related.iter().map(|r| r.message.as_str()).collect();
    assert_eq!(named.last(), Some(&"the same in `release/shop.yaml`"));
    // Accepted in one variant, accepted in all.
    let accepted = release.replace(
        "        - name: shop",
        "        # svclint: allow(pod-without-readiness-probe) a job in disguise\n        - name: shop",
    );
    assert_eq!(found(&check(&format!("{one}{accepted}"))), Vec::<String>::new());
}

#[test]
fn overlays_put_their_patches_in() {
    let base = deployment("", "").replace("deploy/", "base/");
    let kustomization = "//- base/kustomization.yaml\nresources: [shop.yaml]\n";
    let overlay = "//- overlays/prod/kustomization.yaml
resources: [../../base]
patches: [{ path: probe.yaml }]
//- overlays/prod/probe.yaml
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  template:
    spec:
      containers:
        - name: shop
          readinessProbe: { httpGet: { path: /readyz, port: http } }
";
    assert_found(&format!("{base}{kustomization}"), &["pod-without-readiness-probe"]);
    assert_found(&format!("{base}{kustomization}{overlay}"), &[]);
    // A JSON patch that is written inside of the kustomization is followed as well, and touches what it names only.
    let inline = "//- overlays/prod/kustomization.yaml
resources: [../../base]
patches:
  - target: { kind: Deployment, name: shop }
    patch: |-
      - op: add
        path: /spec/template/spec/containers/0/readinessProbe
        value: { httpGet: { path: /readyz, port: http } }
";
    assert_found(&format!("{base}{kustomization}{inline}"), &[]);
    let other = inline.replace("containers/0/readinessProbe", "containers/0/livenessProbe");
    assert_found(&format!("{base}{kustomization}{other}"), &["pod-without-readiness-probe"]);
    // One that is written like the object is put in as well, and means that object only.
    let merged = |name: &str| {
        format!(
            "//- overlays/prod/kustomization.yaml
resources: [../../base]
patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {{ name: {name} }}
      spec: {{ template: {{ spec: {{ containers: [{{ name: shop, readinessProbe: {{ httpGet: {{ path: /x, port: http }} }} }}] }} }} }}
"
        )
    };
    assert_found(&format!("{base}{kustomization}{}", merged("shop")), &[]);
    assert_found(&format!("{base}{kustomization}{}", merged("other")), &["pod-without-readiness-probe"]);
}

#[test]
fn services_that_lead_nowhere() {
    let text = deployment("", READY);
    assert_found(
        &text.replace("selector: { app: shop }", "selector: { app: shap }"),
        &["service-targets-nothing"],
    );
    assert_found(&text.replace("targetPort: http", "targetPort: web"), &["service-targets-nothing"]);
    // A number needs no declaration, and pods from elsewhere may have what nothing here has.
    assert_found(&text.replace("targetPort: http", "targetPort: 9000"), &[]);
    assert_found(
        "//- deploy/x.yaml\napiVersion: v1\nkind: Service\nmetadata: { name: x }\nspec: { selector: { app: x }, ports: [{ port: 1 }] }\n",
        &[],
    );
    let ingress = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: shop }\nspec:\n  rules:\n    - http:\n        paths:\n          - { path: /, pathType: Prefix, backend: { service: { name: NAME, port: { number: PORT } } } }\n";
    let with =
        |name: &str, port: &str| format!("{text}{}", ingress.replace("NAME", name).replace("PORT", port));
    assert_found(&with("shop", "80"), &[]);
    assert_found(&with("shp", "80"), &["service-targets-nothing"]);
    assert_found(&with("shop", "81"), &["service-targets-nothing"]);
    assert_found(&with("another-system", "80"), &[]);
}

#[test]
fn probes_ask_for_what_the_program_serves() {
    let probe = |path: &str| {
        deployment(
            "",
            &format!(
                "{READY}\nlivenessProbe: {{ httpGet: {{ path: {path}, port: http }}, failureThreshold: 9 }}"
            ),
        )
    };
    let routes = ".route(\"/readyz\", get(|| async { \"\" })).nest(\"/api\", Router::new().route(\"/live/{deep}\", get(|| async { \"\" })))";
    let code = server(routes, "\"0.0.0.0:8080\"");
    assert_found(&format!("{code}{}", probe("/livez")), &["probe-route-missing"]);
    assert_found(&format!("{code}{}", probe("/readyz/")), &[]);
    assert_found(&format!("{code}{}", probe("/api/live/x?full=1")), &[]);
    // What answers everything answers this too; a prefix that is not known may be anything.
    let fallback =
        server(".route(\"/readyz\", get(|| async { \"\" })).fallback(|| async { \"\" })", "\"0.0.0.0:8080\"");
    assert_found(&format!("{fallback}{}", probe("/livez")), &[]);
    let prefix = server(
        ".route(\"/readyz\", get(|| async { \"\" })).nest(&std::env::args().nth(1).unwrap(), Router::new().route(\"/livez\", get(|| async { \"\" })))",
        "\"0.0.0.0:8080\"",
    );
    assert_found(&format!("{prefix}{}", probe("/livez")), &[]);
    // Another port is another listener; an image from elsewhere is another program.
    assert_found(
        &format!("{code}{}", probe("/livez").replace("path: /livez, port: http", "path: /livez, port: 9000")),
        &[],
    );
    assert_found(&format!("{code}{}", probe("/livez").replace("registry/shop", "registry/other")), &[]);
}

#[test]
fn ports_that_nobody_binds() {
    let manifest = deployment("", READY);
    let routes = ".route(\"/readyz\", get(|| async { \"\" }))";
    assert_found(&format!("{}{manifest}", server(routes, "\"0.0.0.0:8080\"")), &[]);
    assert_found(&format!("{}{manifest}", server(routes, "\"0.0.0.0:9090\"")), &["port-mismatch"]);
    let by_env = "format!(\"0.0.0.0:{}\", std::env::var(\"PORT\").unwrap_or(\"9090\".into()))";
    // The default holds where all variables are known, and the variable where it is set.
    assert_found(&format!("{}{manifest}", server(routes, by_env)), &["port-mismatch"]);
    let set = deployment("", &format!("{READY}\nenv:\n  - name: PORT\n    value: \"8080\""));
    assert_found(&format!("{}{set}", server(routes, by_env)), &[]);
    let from_elsewhere = deployment("", &format!("{READY}\nenvFrom:\n  - secretRef: {{ name: elsewhere }}"));
    assert_found(&format!("{}{from_elsewhere}", server(routes, by_env)), &[]);
    let on_host = deployment("hostNetwork: true", READY);
    assert_eq!(
        found(&check(&format!("{}{on_host}", server(routes, "\"0.0.0.0:9090\"")))),
        ["deploy/shop.yaml:9 pod-security-context-weak"]
    );
    assert_found(
        &format!("{}{manifest}", server(routes, "\"127.0.0.1:8080\"")),
        &["bind-loopback-in-container"],
    );
}

#[test]
fn variables_that_nobody_gives() {
    let code = |read: &str| {
        program(&format!(
            "use axum::{{Router, routing::get}};

#[tokio::main]
async fn main() {{
    {read}
    let app = Router::new().route(\"/readyz\", get(|| async {{ \"\" }}));
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:8080\").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}}"
        ))
    };
    let needs = code("let _url = std::env::var(\"DATABASE_URL\").unwrap();");
    let with = |more: &str| deployment("", &format!("{READY}\n{more}"));
    assert_found(&format!("{needs}{}", with("")), &["env-var-not-provided"]);
    assert_found(&format!("{needs}{}", with("env:\n  - name: DATABASE_URL\n    value: x")), &[]);
    let secret =
        "env:\n  - name: DATABASE_URL\n    valueFrom: { secretKeyRef: { name: elsewhere, key: url } }";
    assert_found(&format!("{needs}{}", with(secret)), &[]);
    // Who knows what is in there.
    assert_found(&format!("{needs}{}", with("envFrom:\n  - secretRef: { name: elsewhere }")), &[]);
    let config =
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: here }\ndata: { DATABASE_URL: x }\n";
    assert_found(&format!("{needs}{}{config}", with("envFrom:\n  - configMapRef: { name: here }")), &[]);
    let config = config.replace("DATABASE_URL", "DATABASE_URI");
    assert_found(
        &format!("{needs}{}{config}", with("envFrom:\n  - configMapRef: { name: here }")),
        &["env-var-not-provided"],
    );
    let in_image = needs.replace("ENTRYPOINT", "ENV DATABASE_URL=x\nENTRYPOINT");
    assert_found(&format!("{in_image}{}", with("")), &[]);
    let optional = code("let _url = std::env::var(\"DATABASE_URL\").unwrap_or_default();");
    assert_found(&format!("{optional}{}", with("")), &[]);
    let typo = "env:\n  - name: DATABASE_URI\n    value: x";
    assert_found(&format!("{optional}{}", with(typo)), &["manifest-env-unread"]);
    let numbered = "env:\n  - name: DATABASE_URL2\n    value: x";
    assert_found(&format!("{optional}{}", with(numbered)), &[]);
}

#[test]
fn compose_files_are_workloads_too() {
    assert_markers(
        "//- compose.yaml
services:
  db:
    image: postgres:16
    healthcheck: { test: [CMD, pg_isready] }
  orders:
    image: registry/orders:1.4.0
    depends_on:
      # error: [compose-depends-on-unhealthy]
      - db
  billing:
    image: registry/billing:1.4.0
    depends_on:
      db: { condition: service_healthy }
  agent:
    image: registry/agent:1.0.0
    privileged: true # error: [pod-security-context-weak]
",
    );
}

#[test]
fn hostile_manifests_are_bounded() {
    let many: String = (0..4_000)
        .map(|n| {
            format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c{n} }}\ndata: {{ a: b }}\n")
        })
        .collect();
    assert_found(&format!("//- deploy/many.yaml\n{many}"), &[]);
    for text in [
        "kind: Deployment\napiVersion: apps/v1\n",
        "apiVersion: v1\nkind: List\nitems: [1, {apiVersion: v1, kind: List, items: []}]\n",
        "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{}, 1, [x]]}}}\n",
        "services: {a: {depends_on: [a], extends: a}, b: 1, c: {environment: [X, =, A=${A:-${B}}], ports: [\"::\"]}}\n",
        "resources: [.]\n",
    ] {
        for path in ["compose.yaml", "kustomization.yaml", "deploy/x.yaml", "Chart.yaml"] {
            check(&format!("//- {path}\n{text}"));
        }
    }
}

const DATABASE: &str = "//- src/main.rs
use axum::{Router, extract::State, routing::get};

#[tokio::main]
async fn main() {
    let pool = sqlx::PgPool::connect(\"postgres://db/shop\").await.unwrap();
    let app = Router::new().route(\"/readyz\", get(ready)).route(\"/livez\", get(live)).with_state(pool);
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:8080\").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}

async fn live() -> &'static str { \"ok\" }
async fn ready(State(pool): State<sqlx::PgPool>) -> &'static str {
    ask(&pool).await;
    \"ok\"
}
async fn ask(pool: &sqlx::PgPool) { sqlx::query(\"SELECT 1\").execute(pool).await.unwrap(); }
//- Dockerfile
FROM rust:1.90-bookworm AS build
RUN cargo build --release --locked --bin shop
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /target/release/shop /shop
ENTRYPOINT [\"/shop\"]
";

#[test]
fn liveness_asks_nobody() {
    let with = |path: &str| {
        deployment(
            "",
            &format!(
                "{READY}\nlivenessProbe: {{ httpGet: {{ path: {path}, port: http }}, failureThreshold: 9 }}"
            ),
        )
    };
    assert_found(&format!("{DATABASE}{}", with("/readyz")), &["liveness-checks-dependency"]);
    // Readiness may ask, and a liveness route beside it asks nobody.
    assert_found(&format!("{DATABASE}{}", with("/livez")), &[]);
    // An image that is not built here is another program.
    assert_found(&format!("{DATABASE}{}", with("/readyz").replace("registry/shop", "registry/other")), &[]);
}

#[test]
fn pods_live_as_long_as_their_server_drains() {
    let code = program(
        "use actix_web::{App, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().route(\"/readyz\", web::get().to(|| async { \"ok\" }))).bind(\"0.0.0.0:8080\")?.run().await
}",
    );
    // 30 s by default on both sides; what runs before counts, unless nobody knows how long it takes.
    assert_found(&format!("{code}{}", deployment("", READY)), &[]);
    let short = deployment("terminationGracePeriodSeconds: 10", READY);
    assert_found(&format!("{code}{short}"), &["grace-shorter-than-drain"]);
    let sleeps = format!("{READY}\nlifecycle: {{ preStop: {{ exec: {{ command: [sleep, \"10\"] }} }} }}");
    assert_found(&format!("{code}{}", deployment("", &sleeps)), &["grace-shorter-than-drain"]);
    assert_found(&format!("{code}{}", deployment("terminationGracePeriodSeconds: 45", &sleeps)), &[]);
    let script = sleeps.replace("[sleep, \"10\"]", "[/stop.sh]");
    assert_found(&format!("{code}{}", deployment("", &script)), &[]);
    // Who does not drain needs no time for it.
    assert_found(&format!("{DATABASE}{short}"), &[]);
}

#[test]
fn keys_of_config_maps_and_secrets() {
    let with = |object: &str, reference: &str| {
        let env = format!("{READY}\nenv:\n  - name: KEY\n    valueFrom: {{ {reference} }}");
        format!("{}---\napiVersion: v1\n{object}\n", deployment("", &env))
    };
    let secret = "kind: Secret\nmetadata: { name: shop }\nstringData: { token: x }";
    assert_found(&with(secret, "secretKeyRef: { name: shop, key: token }"), &[]);
    assert_found(&with(secret, "secretKeyRef: { name: shop, key: tokens }"), &["secret-key-missing"]);
    assert_found(&with(secret, "secretKeyRef: { name: shop, key: tokens, optional: true }"), &[]);
    assert_found(&with(secret, "secretKeyRef: { name: other, key: tokens }"), &[]);
    assert_found(&with(secret, "configMapKeyRef: { name: shop, key: tokens }"), &[]);
    // One of the same name in another namespace, and one of another place to run.
    let theirs = "kind: Secret\nmetadata: { name: shop, namespace: other }\nstringData: { token: x }";
    let asks = "secretKeyRef: { name: shop, key: tokens }";
    let ours =
        with(theirs, asks).replace("metadata: { name: shop }", "metadata: { name: shop, namespace: shop }");
    assert_found(&ours, &[]);
    assert_found(&with(theirs, asks), &["secret-key-missing"]);
    let beside = with(secret, asks).replace(
        "---\napiVersion: v1\nkind: Secret",
        "//- staging/secret.yaml\napiVersion: v1\nkind: Secret",
    );
    assert_found(&beside, &[]);
    let below = beside.replace("staging/secret.yaml", "deploy/secrets/secret.yaml");
    assert_found(&below, &["secret-key-missing"]);
    // One that is filled in by somebody else.
    let empty = "kind: Secret\nmetadata: { name: shop }";
    assert_found(&with(empty, "secretKeyRef: { name: shop, key: tokens }"), &[]);
}

#[test]
fn network_policies_and_the_calls_that_they_stop() {
    let with = |caller: &str, policy: &str| {
        format!(
            "//- deploy/shop.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: gateway }}
spec:
  template:
    metadata: {{ labels: {{ app: gateway }} }}
    spec:
      containers:
        - name: gateway
          image: registry/gateway:1.4.0
          resources: {{ requests: {{ cpu: 1 }}, limits: {{ memory: 1Gi }} }}
          env: [{{ name: ORDERS, value: \"{caller}\" }}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: orders }}
spec:
  template:
    metadata: {{ labels: {{ app: orders }} }}
    spec:
      containers:
        - name: orders
          image: registry/orders:1.4.0
          resources: {{ requests: {{ cpu: 1 }}, limits: {{ memory: 1Gi }} }}
          ports: [{{ containerPort: 8080 }}]
          readinessProbe: {{ httpGet: {{ path: /readyz, port: 8080 }} }}
---
apiVersion: v1
kind: Service
metadata: {{ name: orders }}
spec: {{ selector: {{ app: orders }}, ports: [{{ port: 8080 }}] }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: orders }}
spec: {policy}
"
        )
    };
    let only = |who: &str| {
        format!("{{ podSelector: {{ matchLabels: {{ app: orders }} }}, ingress: [{{ from: [{who}] }}] }}")
    };
    let admin = only("{ podSelector: { matchLabels: { app: admin } } }");
    assert_found(&with("http://orders:8080", &admin), &["network-policy-blocks-call"]);
    assert_found(&with("orders.default.svc.cluster.local:8080", &admin), &["network-policy-blocks-call"]);
    assert_found(
        &with("http://orders:8080", &only("{ podSelector: { matchLabels: { app: gateway } } }")),
        &[],
    );
    assert_found(&with("http://orders:8080", &only("{ podSelector: {} }")), &[]);
    // Namespaces and addresses cannot be compared.
    assert_found(&with("http://orders:8080", &only("{ namespaceSelector: { matchLabels: { a: b } } }")), &[]);
    assert_found(&with("http://orders.example.com", &admin), &[]);
    assert_found(&with("orders", &admin), &[]);
    let denies = "{ podSelector: { matchLabels: { app: orders } }, policyTypes: [Egress], egress: [] }";
    assert_found(&with("http://orders:8080", denies), &[]);
    let all = "{ podSelector: {}, policyTypes: [Ingress] }";
    assert_found(&with("http://orders:8080", all), &["network-policy-blocks-call"]);
}

/// An image of a name that tells nothing: `svclint.toml` states which program is in it.
#[test]
fn a_link_that_cannot_be_proven_can_be_stated() {
    let code = server(".route(\"/readyz\", get(|| async { \"\" }))", "\"0.0.0.0:9090\"");
    let manifest = deployment("", READY).replace("registry/shop", "registry/acme/main");
    let config = |program: &str| {
        format!("//- svclint.toml\n[[link]]\nimage = \"registry/acme/main\"\nprogram = \"{program}\"\n")
    };
    assert_found(&format!("{code}{manifest}"), &[]);
    assert_found(&format!("{code}{manifest}{}", config("shop")), &["port-mismatch"]);
    assert_found(&format!("{code}{manifest}{}", config("other")), &[]);
}

/// A word that many use for a part of theirs does not say that an image is ours: its house must.
#[test]
fn names_that_many_images_have() {
    let code = server(".route(\"/readyz\", get(|| async { \"\" }))", "\"0.0.0.0:9090\"")
        .replace("//- src/main.rs", "//- src/bin/server.rs")
        .replace("/shop", "/server")
        .replace("--bin shop", "--bin server");
    let manifest = deployment("", READY).replace("registry/shop", "acme/server");
    assert_found(&format!("{code}{manifest}"), &[]);
    let built = "//- compose.yaml\nservices:\n  server: { build: ., image: \"acme/tools:1.0.0\" }\n";
    assert_found(&format!("{code}{manifest}{built}"), &["port-mismatch"]);
    assert_found(&format!("{code}{manifest}{}", built.replace("acme", "other")), &[]);
}

#[test]
fn read_only_containers_and_what_is_written() {
    let code = |write: &str| {
        program(&format!(
            "use axum::{{Router, routing::get}};

#[tokio::main]
async fn main() {{
    {write}
    let app = Router::new().route(\"/readyz\", get(|| async {{ \"\" }}));
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:8080\").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}}"
        ))
    };
    let with = |more: &str| {
        deployment("", &format!("{READY}\nsecurityContext: {{ readOnlyRootFilesystem: true }}\n{more}"))
    };
    let literal = code("std::fs::create_dir_all(\"/var/cache/shop\").unwrap();");
    assert_found(&format!("{literal}{}", with("")), &["rootfs-readonly-but-written"]);
    assert_found(&format!("{literal}{}", with("volumeMounts: [{ name: c, mountPath: /var/cache }]")), &[]);
    assert_found(
        &format!("{literal}{}", with("volumeMounts: [{ name: c, mountPath: /var/ca }]")),
        &["rootfs-readonly-but-written"],
    );
    assert_found(&format!("{literal}{}", deployment("", READY)), &[]);
    // What is mounted can be read only, too, whatever the root is.
    let mounted = |mount: &str, volume: &str| {
        let lines = format!("{READY}\nvolumeMounts: [{{ name: c, {mount} }}]");
        let volumes = format!("    spec:\n      volumes: [{{ name: c, {volume} }}]\n");
        format!(
            "{literal}{}",
            deployment("", &lines)
                .replace("    spec:\n      containers", &format!("{volumes}      containers"))
        )
    };
    let (cache, empty, config) = ("mountPath: /var/cache", "emptyDir: {}", "configMap: { name: c }");
    assert_found(&mounted(cache, empty), &[]);
    assert_found(&mounted(&format!("{cache}, readOnly: true"), empty), &["rootfs-readonly-but-written"]);
    assert_found(&mounted(cache, config), &["rootfs-readonly-but-written"]);
    assert_found(&mounted("mountPath: /var/cache/shop", config), &[]);
    assert_found(&mounted("mountPath: /var/lib", config), &[]);
    // A path that nobody knows, or that is no file of the image.
    let chosen = code("std::fs::create_dir_all(std::env::args().nth(1).unwrap()).unwrap();");
    assert_found(&format!("{chosen}{}", with("")), &[]);
    // What is left out on some ways, or may fail.
    for write in [
        "if std::env::args().any(|a| a == \"--dump\") { std::fs::create_dir_all(\"/var/cache/shop\").unwrap(); }",
        "match std::env::args().nth(1).as_deref() { Some(\"dump\") => std::fs::create_dir_all(\"/var/x\").unwrap(), _ => {} }",
        "if std::env::args().len() > 1 { return; } std::fs::create_dir_all(\"/var/cache/shop\").unwrap();",
        "let _ = std::fs::create_dir_all(\"/var/cache/shop\");",
        "std::fs::create_dir_all(\"/var/cache/shop\").ok();",
    ] {
        assert_found(&format!("{}{}", code(write), with("")), &[]);
    }
    let device = code("std::fs::write(\"/dev/stdout\", \"x\").unwrap();");
    assert_found(&format!("{device}{}", with("")), &[]);
}

/// What a project is generated from is no project: it is left out, and named.
#[test]
fn templates_of_whole_projects_are_left_out() {
    let report = check(
        "//- {{project-name}}/src/main.rs\nfn {{main}}() {}\n//- {{project-name}}/deploy/x.yaml\nname: {{project-name}}\n",
    );
    assert_eq!(found(&report), Vec::<String>::new());
    let skipped: Vec<&str> = report.skipped.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(skipped, ["a template: its path has places to fill in"]);
}

/// What may be missing, is read on some ways only, or stands in a file of the image.
#[test]
fn variables_that_need_not_be_given() {
    let code = |functions: &str, call: &str| {
        program(&format!(
            "use axum::{{Router, routing::get}};
{functions}
#[tokio::main]
async fn main() {{
    {call}
    let app = Router::new().route(\"/readyz\", get(|| async {{ \"\" }}));
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:8080\").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}}"
        ))
    };
    let manifest = deployment("", READY);
    let needs = "fn mail() -> Result<String, std::env::VarError> { std::env::var(\"MAIL\") }\nfn url() -> Result<String, std::env::VarError> { Ok(std::env::var(\"MAIL\")?) }";
    assert_found(&format!("{}{manifest}", code(needs, "url().unwrap();")), &["env-var-not-provided"]);
    let optional = "fn mail() -> Option<String> { let host = std::env::var(\"MAIL\").ok()?; Some(host) }";
    assert_found(&format!("{}{manifest}", code(optional, "mail();")), &[]);
    let guarded = "fn tls(on: bool) { if on { std::env::var(\"CERT\").unwrap(); } }";
    assert_found(&format!("{}{manifest}", code(guarded, "tls(false);")), &[]);
    let copied = code(needs, "url().unwrap();").replace("ENTRYPOINT", "COPY .env /app/.env\nENTRYPOINT");
    assert_found(&format!("{copied}{manifest}"), &[]);
}

#[test]
fn branches_of_a_template_are_no_empty_names() {
    let text = "//- chart/Chart.yaml\nname: shop\nversion: 1.0.0\n//- chart/values.yaml\nown: false\n//- chart/templates/all.yaml
apiVersion: v1
kind: Secret
metadata: { name: shop }
stringData: { token: x }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  template:
    metadata: { labels: { app: shop } }
    spec:
      resources: { limits: { memory: 1Gi }, requests: { cpu: 1 } }
      containers:
        - name: shop
          image: registry/shop:1.4.0
          env:
            - name: TOKEN
              valueFrom:
                secretKeyRef:
                  {{- if .Values.own }}
                  name: shop
                  key: token
                  {{- else }}
                  name: other
                  key: other-token
                  {{- end }}
---
apiVersion: v1
kind: Service
metadata: { name: peers }
spec: { clusterIP: None, publishNotReadyAddresses: true, selector: { app: shop }, ports: [{ port: 80 }] }
";
    assert_found(text, &[]);
}

#[test]
fn the_stage_and_the_command_tell_the_program() {
    let main = |port: u16| {
        format!(
            "use axum::{{Router, routing::get}};
#[tokio::main]
async fn main() {{
    let app = Router::new().route(\"/readyz\", get(|| async {{ \"\" }}));
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:{port}\").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}}"
        )
    };
    let files = format!(
        "//- src/bin/api.rs\n{}\n//- src/bin/worker.rs\n{}\n//- Dockerfile
FROM rust:1.90-bookworm AS build
RUN cargo build --release --locked
FROM debian:bookworm-slim AS api
COPY --from=build /target/release/api /usr/local/bin/api
USER 10001
CMD [\"api\"]
FROM debian:bookworm-slim AS worker
COPY --from=build /target/release/worker /usr/local/bin/worker
COPY --from=build /target/release/api /usr/local/bin/api
USER 10001
CMD [\"worker\"]
//- Dockerfile.old
FROM rust
CMD worker
",
        main(8080),
        main(9090)
    );
    let compose = |how: &str, port: u16| {
        format!(
            "{files}//- compose.yaml\nservices:\n  a:\n    build: {{ context: .{how} }}\n    expose: [\"{port}\"]\n"
        )
    };
    assert_found(&compose(", target: api", 8080), &[]);
    assert_found(&compose(", target: api", 9090), &["port-mismatch"]);
    assert_found(&compose("", 9090), &[]);
    let command = compose("", 8080).replace("    expose", "    command: [api]\n    expose");
    assert_found(&command, &[]);
}

/// JSON is read like YAML, and a fix keeps the quotes that JSON needs.
#[test]
fn manifests_in_json() {
    let code = server(".route(\"/healthz\", get(|| async { \"\" }))", "\"0.0.0.0:8080\"");
    let manifest = r#"//- deploy/shop.json
{
  "apiVersion": "v1",
  "kind": "List",
  "items": [{
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": { "name": "shop" },
    "spec": { "template": { "metadata": { "labels": { "app": "shop" } }, "spec": { "containers": [{
      "name": "shop",
      "image": "registry/shop:1.4.0",
      "resources": { "requests": { "cpu": 1 }, "limits": { "memory": "1Gi" } },
      "livenessProbe": { "httpGet": { "path": "/livez", "port": 8080 } }
    }] } } }
  }]
}
"#;
    let report = check(&format!("{code}{manifest}"));
    assert_eq!(found(&report), ["deploy/shop.json:12 probe-route-missing"]);
    let edits = &report.findings[0].finding.fixes[0].edits;
    assert!(
        matches!(&edits[0], svclint_catalog::Edit::Replace { text, .. } if text == "\"/healthz\""),
        "{edits:?}"
    );
}

/// Variables that become fields of a type, by a prefix: a name that differs by a letter sets nothing.
#[test]
fn variables_that_become_fields() {
    let code = |prefix: &str| {
        program(&format!(
            "use axum::{{Router, routing::get}};
#[derive(serde::Deserialize)]
struct Config {{ database_url: String, #[serde(rename = \"listen_on\")] address: String }}

fn config() -> Config {{ envy::prefixed(\"{prefix}\").from_env::<Config>().unwrap() }}

#[tokio::main]
async fn main() {{
    let _config = config();
    let app = Router::new().route(\"/readyz\", get(|| async {{ \"\" }}));
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:8080\").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}}
//- Cargo.toml
[package]
name = \"shop\"
version = \"0.1.0\"
edition = \"2021\"

[dependencies]
axum = \"0.8\"
envy = \"0.4\"
serde = \"1\"
tokio = \"1\""
        ))
    };
    let with = |name: &str| deployment("", &format!("{READY}\nenv:\n  - name: {name}\n    value: x"));
    assert_found(&format!("{}{}", code("SHOP_"), with("SHOP_DATABASE_URL")), &[]);
    assert_found(&format!("{}{}", code("SHOP_"), with("SHOP_LISTEN_ON")), &[]);
    assert_found(&format!("{}{}", code("SHOP_"), with("SHOP_DATABASE_URI")), &["manifest-env-unread"]);
    assert_found(&format!("{}{}", code("SHOP_"), with("RUST_LOG")), &[]);
    assert_found(&format!("{}{}", code("MY-SHOP_"), with("MY_SHOP_DATABASE_URL")), &["manifest-env-unread"]);
}

/// What nobody restricts may run as root; the fix names a user, without which the kubelet would not start it.
#[test]
fn containers_that_nothing_is_taken_away_from() {
    let pod = |security: &str| {
        format!(
            "//- deploy/cache.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata: {{ name: cache }}
spec:
  template:
    metadata: {{ labels: {{ app: cache }} }}
    spec:
      containers:
        - name: cache
          image: redis:7.4
          resources: {{ requests: {{ cpu: 1 }}, limits: {{ memory: 1Gi }} }}
{security}"
        )
    };
    let report = check(&pod(""));
    assert_eq!(support::found(&report), ["deploy/cache.yaml:9 pod-security-context-weak"]);
    assert_eq!(report.findings[0].finding.severity, Severity::Info);
    assert_eq!(
        support::found(&check(&pod("          securityContext: { allowPrivilegeEscalation: false }\n"))),
        Vec::<String>::new()
    );
    assert_eq!(
        support::found(&check(&pod("      securityContext: { runAsUser: 999 }\n"))),
        Vec::<String>::new()
    );
    assert_eq!(support::found(&check(&pod("").replace("StatefulSet", "DaemonSet"))), Vec::<String>::new());
    let built = "//- compose.yaml\nservices:\n  cache: { image: \"redis:7.4\", build: . }\n//- Dockerfile\nFROM debian:12-slim\nCMD [\"/cache\"]\n";
    let report = check(&format!("{}{built}", pod("")));
    let weak = report.findings.iter().find(|f| f.finding.rule.id == "pod-security-context-weak").unwrap();
    assert_eq!(weak.finding.severity, Severity::Warning);
    let svclint_catalog::Edit::Replace { text, .. } = &weak.finding.fixes[0].edits[0] else { panic!() };
    assert!(text.contains("runAsNonRoot: true\n") && text.contains("runAsUser: 10001\n"), "{text}");
}

/// An override is put over its compose file, and is none by itself.
#[test]
fn compose_files_with_an_override() {
    let base = "//- compose.yaml\nservices:\n  db:\n    image: postgres:16\n    healthcheck: { test: [CMD, pg_isready] }\n  orders:\n    image: registry/orders:1.4.0\n    depends_on: { db: { condition: service_started } }\n";
    let over = "//- compose.override.yaml\nservices:\n  orders:\n    depends_on: { db: { condition: service_healthy } }\n";
    assert_found(base, &["compose-depends-on-unhealthy"]);
    assert_found(&format!("{base}{over}"), &[]);
    let adds = "//- compose.override.yaml\nservices:\n  db:\n    privileged: true\n";
    assert_eq!(
        found(&check(&format!("{base}{adds}"))),
        ["compose.override.yaml:3 pod-security-context-weak", "compose.yaml:7 compose-depends-on-unhealthy"]
    );
}

#[test]
fn keys_that_stand_twice() {
    let told = |text: &str| {
        let report = support::check(text);
        let mut all = found(&report);
        all.retain(|f| f.ends_with("manifest-duplicate-key"));
        (report, all)
    };
    let config = "//- deploy/shop.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: shop }\ndata:\n";
    let text = format!("{config}  LEVEL: info\n  MOTD: |\n    LEVEL: none\n  SIZE: \"8\"\n  LEVEL: debug\n");
    let (report, all) = told(&text);
    assert_eq!(all, ["deploy/shop.yaml:5 manifest-duplicate-key"]);
    let finding =
        &report.findings.iter().find(|f| f.finding.rule.id == "manifest-duplicate-key").unwrap().finding;
    assert_eq!(
        finding.message,
        "`LEVEL` stands twice in this mapping: only the last one counts, this one is lost"
    );
    let kept = finding.related[0].place;
    assert_eq!(kept.span.start as usize, report.file(kept.file).unwrap().text.rfind("LEVEL").unwrap());
    let fixed = support::apply(&report, &finding.fixes[0]);
    let pod = &fixed.iter().find(|(path, _)| path.ends_with("shop.yaml")).unwrap().1;
    assert!(pod.ends_with("data:\n  MOTD: |\n    LEVEL: none\n  SIZE: \"8\"\n  LEVEL: debug\n"), "{pod}");

    // Values of several lines, mappings on one line, values of a chart.
    let two = format!("{config}  A: [1,\n    2]\n  B: 1\n  A: 2\n  B: 3\n");
    assert_eq!(told(&two).1.len(), 2);
    let compose = "//- compose.yaml\nservices:\n  shop:\n    image: shop\n    environment: { A: 1, A: 2 }\n";
    assert_eq!(told(compose).1, ["compose.yaml:4 manifest-duplicate-key"]);
    let values = "//- chart/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n//- chart/values.yaml\nsize: 1\nsize: 1\n";
    let (report, all) = told(values);
    assert_eq!(all, ["chart/values.yaml:1 manifest-duplicate-key"]);
    let finding =
        &report.findings.iter().find(|f| f.finding.rule.id == "manifest-duplicate-key").unwrap().finding;
    assert_eq!(finding.message, "`size` stands twice in this mapping");
}

#[test]
fn keys_that_stand_once_each() {
    let chart = "//- chart/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n//- chart/values.yaml\ndebug: true\n";
    let branches = "//- chart/templates/config.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: shop }\ndata:\n  \
                    {{- if .Values.debug }}\n  LEVEL: debug\n  {{- else }}\n  LEVEL: info\n  {{- end }}\n";
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shop }\n";
    for text in [
        format!("{chart}{branches}"),
        // Two mappings, two documents, a merge that is written over, `<<` twice.
        format!("//- a.yaml\n{object}data: {{ name: shop }}\n---\n{object}data: {{ name: shop }}\n"),
        format!(
            "//- a.yaml\n{object}base: &base {{ a: 1 }}\nmore: &more {{ b: 1 }}\ndata:\n  <<: *base\n  <<: *more\n  a: 2\n"
        ),
        // No manifest, and one that cannot be read in whole.
        "//- words.yaml\na: 1\na: 2\n".to_owned(),
        format!("//- a.yaml\n{object}data:\n  - name: {{ {{ x\n  a: 1\n  a: 2\n"),
    ] {
        let mut all = found(&support::check(&text));
        all.retain(|f| f.ends_with("manifest-duplicate-key"));
        assert_eq!(all, Vec::<String>::new(), "{text}");
    }
}

/// What only a profile for tools or tests starts, nobody runs for users.
#[test]
fn profiles_of_compose_files_that_others_do_not_need() {
    let told = |profiles: &str| {
        let text = format!(
            "//- compose.yaml\nservices:\n  viewer:\n    image: dozzle:8.0\n    {profiles}\n    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n"
        );
        support::of_rule("pod-security-context-weak", &text)
    };
    assert_eq!(told("profiles: [tools]"), 0);
    assert_eq!(told("profiles: [e2e, debug]"), 0);
    assert_eq!(told("profiles: [tools, full]"), 1);
    assert_eq!(told("restart: always"), 1);
}

#[test]
fn what_a_container_shares_with_its_node_is_told_as_it_is() {
    let told = |access: &str| {
        let text = format!("//- compose.yaml\nservices:\n  shop:\n    image: shop:1.0\n    {access}\n");
        let report = support::check_rule(&text, "pod-security-context-weak");
        report.findings.iter().map(|f| f.finding.message.clone()).collect::<Vec<_>>().join("\n")
    };
    assert!(told("network_mode: host").ends_with("has the network of the node"));
    assert!(told("pid: host").ends_with("has the rights of the node"));
    assert_eq!(told("network_mode: service:proxy"), "");
}
