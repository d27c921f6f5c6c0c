//! What a program needs when it starts, where it listens, and everything that may provide for that besides the manifest's own
//! lists.

use crate::support::{check_rule, found};

const NEEDED: &str = "env-var-not-provided";
const UNREAD: &str = "manifest-env-unread";
const PORT: &str = "port-mismatch";
const LOOPBACK: &str = "bind-loopback-in-container";

/// A server: what stands before `main`, what it does when it starts, and the port that it binds.
fn program(code: &str, start: &str, address: &str) -> String {
    format!(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
clap = {{ version = "4", features = ["derive", "env"] }}
dotenvy = "0.15"
metrics-exporter-prometheus = "0.16"
tokio = {{ version = "1", features = ["full"] }}
//- src/main.rs
use axum::{{Router, routing::get}};
{code}
#[tokio::main]
async fn main() {{
    {start}
    let app = Router::new().route("/readyz", get(|| async {{ "" }}));
    let listener = tokio::net::TcpListener::bind("{address}").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"#
    )
}

fn image(entry: &str) -> String {
    format!(
        "//- Dockerfile\nFROM rust:1.90-bookworm AS build\nRUN cargo build --release --locked --bin shop\nFROM debian:bookworm-slim\n\
         COPY --from=build /target/release/shop /shop\n{entry}\n"
    )
}

/// A Deployment of the image, with lines for its container, and what else stands in its pod.
fn deployed(container: &str, pod: &str) -> String {
    let lines: String = container.lines().map(|line| format!("          {line}\n")).collect();
    format!(
        "//- deploy/shop.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: shop }}\nspec:\n  template:\n    \
         metadata: {{ labels: {{ app: shop }} }}\n    spec:\n      containers:\n        - name: shop\n          \
         image: registry/shop:1.4.0\n{lines}{pod}"
    )
}

const ENTRY: &str = "ENTRYPOINT [\"/shop\"]";

fn count(text: &str, rule: &str) -> usize {
    found(&check_rule(text, rule)).into_iter().filter(|f| f.ends_with(&format!(" {rule}"))).count()
}

/// How many variables a program is said to lack that is given none.
fn lacks(code: &str, start: &str) -> usize {
    count(&[program(code, start, "0.0.0.0:8080"), image(ENTRY), deployed("", "")].concat(), NEEDED)
}

const BUCKET: &str =
    "fn bucket() -> Result<String, std::env::VarError> { let b = std::env::var(\"BUCKET\")?; Ok(b) }";

#[test]
fn a_program_needs_what_it_reads_whenever_it_starts() {
    let key = "fn key() -> String { std::env::var(\"KEY\").unwrap() }";
    assert_eq!(lacks(key, "let _ = key();"), 1);
    assert_eq!(lacks("", "let _ = std::env::var(\"KEY\").unwrap_or_else(|_| panic!(\"no key\"));"), 1);
    assert_eq!(lacks(BUCKET, "let _ = bucket().unwrap();"), 1);
    assert_eq!(lacks(BUCKET, "let _ = bucket().unwrap_or_else(|e| panic!(\"{e}\"));"), 1);
    let ends = "if let Err(e) = bucket() { eprintln!(\"{e}\"); std::process::exit(1); }";
    assert_eq!(lacks(BUCKET, ends), 1);
    // Several calls away, by what the last of them gives back.
    let away = format!("{BUCKET}\nfn store() -> Result<String, std::env::VarError> {{ bucket() }}");
    assert_eq!(lacks(&away, "let _ = store().unwrap();"), 1);
    // Who gives up for want of something else has not begun otherwise.
    let after =
        "if let Err(e) = std::fs::metadata(\"/etc/shop\") { eprintln!(\"{e}\"); return; } let _ = key();";
    assert_eq!(lacks(key, after), 1);
}

#[test]
fn what_some_ways_read_is_not_needed_to_start() {
    let key = "fn key() -> String { std::env::var(\"KEY\").unwrap() }\nfn offline() {}";
    for start in [
        "if std::env::var(\"TLS\").is_ok() { let _ = key(); }",
        "match std::env::args().nth(1).as_deref() { Some(\"migrate\") => { let _ = key(); } _ => {} }",
        "if std::env::var(\"OFFLINE\").is_ok() { offline(); return; } let _ = key();",
        "tokio::spawn(async { let _ = key(); });",
        "#[cfg(feature = \"tls\")] let _ = std::env::var(\"KEY\").unwrap();",
        "let _ = std::env::var(\"KEY\").or_else(|_| std::env::var(\"OLD_KEY\")).unwrap();",
    ] {
        assert_eq!(lacks(key, start), 0, "{start}");
    }
    for start in [
        "let _ = bucket().ok();",
        "match bucket() { Ok(b) => println!(\"{b}\"), Err(_) => println!(\"no bucket\") }",
        "while let Ok(b) = bucket() { println!(\"{b}\"); }",
    ] {
        assert_eq!(lacks(BUCKET, start), 0, "{start}");
    }
    let handler = "async fn greet() -> String { std::env::var(\"GREETING\").unwrap() }";
    assert_eq!(lacks(handler, "let _: Router = Router::new().route(\"/greet\", get(greet));"), 0);
}

#[test]
fn another_command_of_the_same_image_is_another_program() {
    let needs =
        [program("", "let _ = std::env::var(\"KEY\").unwrap();", "0.0.0.0:8080"), image(ENTRY)].concat();
    let given = deployed("env: [{ name: KEY, value: x }]", "");
    let before = |args: &str| {
        format!(
            "{given}      initContainers:\n        - name: first\n          image: registry/shop:1.4.0\n{args}"
        )
    };
    assert_eq!(count(&format!("{needs}{}", before("          args: [migrate]\n")), NEEDED), 0);
    assert_eq!(count(&format!("{needs}{}", before("")), NEEDED), 1);
    let nightly = |args: &str| {
        format!(
            "{given}---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: night }}\nspec:\n  jobTemplate:\n    spec:\n      \
             template:\n        spec:\n          containers: [{{ name: night, image: registry/shop:1.4.0{args} }}]\n"
        )
    };
    assert_eq!(count(&format!("{needs}{}", nightly(", args: [clean]")), NEEDED), 0);
    assert_eq!(count(&format!("{needs}{}", nightly("")), NEEDED), 1);
}

#[test]
fn variables_come_from_files_wrappers_and_flags_too() {
    let read = "let _ = std::env::var(\"KEY\").unwrap();";
    let reads = program("", read, "0.0.0.0:8080");
    for entry in [
        "ENTRYPOINT [\"doppler\", \"run\", \"--\", \"/shop\"]",
        "COPY entry.sh /\nENTRYPOINT [\"/entry.sh\"]\nCMD [\"/shop\"]",
        "ENTRYPOINT [\"sh\", \"-c\", \". /vault/secrets && exec /shop\"]",
    ] {
        assert_eq!(count(&[&reads[..], &image(entry), &deployed("", "")].concat(), NEEDED), 0, "{entry}");
    }
    // A first process that only waits for the program gives it nothing.
    let waits = image("ENTRYPOINT [\"/usr/bin/tini\", \"--\", \"/shop\"]");
    assert_eq!(count(&[&reads[..], &waits, &deployed("", "")].concat(), NEEDED), 1);
    let mount = deployed("volumeMounts: [{ name: env, mountPath: /app/.env, subPath: .env }]", "");
    let loads = program("", &format!("dotenvy::dotenv().ok(); {read}"), "0.0.0.0:8080");
    assert_eq!(count(&[&loads[..], &image(ENTRY), &mount].concat(), NEEDED), 0);
    assert_eq!(count(&[&reads[..], &image(ENTRY), &mount].concat(), NEEDED), 1);
    let types =
        "use clap::Parser;\n#[derive(Parser)]\nstruct Cli { #[arg(long, env = \"KEY\")] key: String }";
    let parses = program(types, "let _ = Cli::parse();", "0.0.0.0:8080");
    let flag = deployed("args: [\"--key\", \"x\"]", "");
    assert_eq!(count(&[&parses[..], &image(ENTRY), &flag].concat(), NEEDED), 0);
    assert_eq!(count(&[&parses[..], &image(ENTRY), &deployed("", "")].concat(), NEEDED), 1);
}

#[test]
fn names_that_are_words_of_their_own_are_no_slips() {
    let unread = |read: &str, given: &str, entry: &str| {
        let start = format!("let _ = std::env::var(\"{read}\").unwrap_or_default();");
        let env = deployed(&format!("env: [{{ name: {given}, value: x }}]"), "");
        count(&[program("", &start, "0.0.0.0:8080"), image(entry), env].concat(), UNREAD)
    };
    assert_eq!(unread("DATABASE_URL", "DATABSE_URL", ENTRY), 1);
    assert_eq!(unread("DATABASE_URL", "DATABASE_URI", ENTRY), 1);
    for (read, given) in [
        ("REDIS_HOST", "REDIS_PORT"),
        ("PGHOST", "PGPORT"),
        ("HTTP_PORT", "HTTPS_PORT"),
        ("HTTP_PROXY", "HTTPS_PROXY"),
    ] {
        assert_eq!(unread(read, given, ENTRY), 0, "{given}");
    }
    // A script before the program reads what it likes.
    assert_eq!(unread("DATABASE_URL", "DATABASE_URI", "ENTRYPOINT [\"/entry.sh\", \"/shop\"]"), 0);
}

#[test]
fn a_port_that_a_library_opens_answers_too() {
    let metrics = |address: &str| {
        format!(
            "metrics_exporter_prometheus::PrometheusBuilder::new().with_http_listener({address}).install().unwrap();"
        )
    };
    let declares = deployed("ports: [{ containerPort: 9000 }]", "");
    let at = |start: &str| {
        count(&[&program("", start, "0.0.0.0:8080")[..], &image(ENTRY), &declares].concat(), PORT)
    };
    assert_eq!(at(""), 1);
    assert_eq!(at(&metrics("([0, 0, 0, 0], 9000)")), 0);
    assert_eq!(at(&metrics("([0, 0, 0, 0], 9100)")), 1);
    // Nobody can tell which one that is.
    assert_eq!(
        at(&metrics("std::env::var(\"METRICS\").unwrap().parse::<std::net::SocketAddr>().unwrap()")),
        0
    );
}

#[test]
fn loopback_is_reached_by_what_stands_in_the_same_pod() {
    let code = [program("", "", "127.0.0.1:8080"), image(ENTRY)].concat();
    let port = "ports: [{ name: web, containerPort: 8080 }]";
    let proxy = "        - name: proxy\n          image: envoyproxy/envoy:v1.30.0\n          ports: [{ name: https, containerPort: 8443 }]\n";
    let service = |target: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{ name: shop }}\nspec: {{ selector: {{ app: shop }}, ports: [{{ port: 80, targetPort: {target} }}] }}\n"
        )
    };
    assert_eq!(count(&format!("{code}{}", deployed(port, "")), LOOPBACK), 1);
    assert_eq!(count(&format!("{code}{}{}", deployed(port, proxy), service("https")), LOOPBACK), 0);
    assert_eq!(count(&format!("{code}{}{}", deployed(port, proxy), service("web")), LOOPBACK), 1);
    // Asked without being declared.
    let probe = "readinessProbe: { httpGet: { path: /readyz, port: 8080 } }";
    assert_eq!(count(&format!("{code}{}", deployed(probe, "")), LOOPBACK), 1);
    let compose = |network: &str| {
        format!(
            "{code}//- compose.yaml\nservices:\n  proxy: {{ image: \"envoyproxy/envoy:v1.30.0\" }}\n  shop:\n    build: .\n    expose: [\"8080\"]\n{network}"
        )
    };
    assert_eq!(count(&compose(""), LOOPBACK), 1);
    assert_eq!(count(&compose("    network_mode: \"service:proxy\"\n"), LOOPBACK), 0);
}

#[test]
fn keys_that_others_fill_in_are_not_missing() {
    let rule = "secret-key-missing";
    let uses =
        deployed("env: [{ name: PASSWORD, valueFrom: { secretKeyRef: { name: shop, key: password } } }]", "");
    let with = |objects: &str| count(&format!("{uses}---\n{objects}"), rule);
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: shop }\nstringData: { token: x }\n";
    assert_eq!(with(secret), 1);
    let external = |spec: &str| {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: shop }}\nspec: {{ {spec} }}\n"
        )
    };
    let data = |key: &str| format!("data: [{{ secretKey: {key}, remoteRef: {{ key: x }} }}]");
    let merge = format!("target: {{ name: shop, creationPolicy: Merge }}, {}", data("password"));
    assert_eq!(with(&format!("{secret}---\n{}", external(&merge))), 0);
    let copy = secret.replace(
        "{ name: shop }",
        "{ name: shop, annotations: { reflector.v1.k8s.emberstack.com/reflects: x/shop } }",
    );
    assert_eq!(with(&copy), 0);
    // An ExternalSecret makes a Secret with the keys that it names, or that its template does.
    assert_eq!(with(&external(&data("password"))), 0);
    assert_eq!(with(&external(&data("token"))), 1);
    assert_eq!(with(&external("dataFrom: [{ extract: { key: shop } }]")), 0);
    let template = format!("target: {{ template: {{ data: {{ password: x }} }} }}, {}", data("token"));
    assert_eq!(with(&external(&template)), 0);
}

/// A program of a package with a lock file, built in an image with some last stage.
fn built(build: &str, last: &str, more: &str) -> String {
    format!(
        "{}//- Cargo.lock\nversion = 4\n[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\n//- Dockerfile\nFROM rust:1.90-bookworm AS build\n\
         WORKDIR /app\nCOPY . .\nRUN {build}\nFROM {last}\nCOPY --from=build /app/target/release/shop /shop\nCMD [\"/shop\"]\n{more}",
        program("", "", "0.0.0.0:8080")
    )
}

#[test]
fn what_cargo_is_told_by_its_file_counts() {
    let config = |text: &str| format!("//- .cargo/config.toml\n{text}\n");
    let libc = |more: &str| {
        count(&built("cargo build --release --locked", "scratch", more), "builder-runtime-libc-mismatch")
    };
    assert_eq!(libc(""), 1);
    assert_eq!(libc(&config("[alias]\nxtask = \"run -p xtask --\"")), 1);
    let flags = "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-C\", \"target-feature=+crt-static\"]";
    assert_eq!(libc(&config(flags)), 0);
    assert_eq!(libc(&config("[build]\ntarget = \"x86_64-unknown-linux-musl\"")), 0);
    let picks = |more: &str| {
        count(&built("cargo build --release", "debian:bookworm-slim", more), "cargo-build-not-reproducible")
    };
    assert_eq!(picks(""), 1);
    assert_eq!(picks(&config("[source.crates-io]\nreplace-with = \"vendored\"")), 0);
    assert_eq!(picks(&config("[net]\noffline = true")), 0);
    assert_eq!(picks("//- .dockerignore\nCargo.lock\n"), 0);
}
