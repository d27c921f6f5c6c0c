//! What the rules for container images report and what they leave alone.

use crate::support;
use std::path::PathBuf;

use crate::support::{assert_markers, found};
use svclint_engine::{FixMode, fix_all};

/// A workspace of one package `shop` with a Dockerfile.
fn shop(dockerfile: &str) -> String {
    format!("//- src/main.rs\nfn main() {{}}\n//- Cargo.lock\nversion = 4\n//- Dockerfile\n{dockerfile}")
}

const BUILDER: &str =
    "FROM rust:1.96-bookworm AS builder\nWORKDIR /app\nCOPY . .\nRUN cargo build --release --locked\n\n";
const COPIED: &str = "COPY --from=builder /app/target/release/shop /usr/local/bin/shop\n";

/// A sound image, with other instructions in its last stage.
fn image(base: &str, rest: &str) -> String {
    shop(&format!("{BUILDER}FROM {base}\n{COPIED}{rest}"))
}

/// The rules that report something.
#[track_caller]
fn rules(text: &str) -> Vec<String> {
    found(&support::check(text)).iter().map(|f| f.split(' ').next_back().unwrap_or("").to_owned()).collect()
}

#[track_caller]
fn silent(text: &str) {
    assert_eq!(found(&support::check(text)), Vec::<String>::new(), "{text}");
}

#[test]
fn shells_in_front_of_the_service() {
    assert_markers(&image(
        "debian:bookworm-slim",
        "USER 10001\n# error: [entrypoint-shell-form]\nENTRYPOINT shop --port 80\n",
    ));
    assert_markers(&image(
        "debian:bookworm-slim",
        "USER 10001\n# error: [entrypoint-shell-form]\nCMD [\"sh\", \"-c\", \"shop --port $PORT\"]\n",
    ));
    for command in [
        "CMD [\"shop\"]",
        "CMD exec shop --port $PORT",
        "CMD migrate && exec shop",
        "ENTRYPOINT [\"/usr/bin/tini\", \"--\", \"shop\"]",
        "ENTRYPOINT tini -- shop",
        "CMD [\"sh\", \"-c\", \"exec shop\"]",
        // bash is replaced by its one command, without being told so.
        "CMD [\"bash\", \"-c\", \"shop --port $PORT\"]",
        "SHELL [\"/bin/bash\", \"-c\"]\nCMD shop",
        "CMD [\"sh\", \"-c\", \"trap 'kill $PID' TERM; shop & PID=$!; wait $PID\"]",
        "CMD sleep infinity",
        "ENTRYPOINT [\"/entry.sh\"]\nCMD shop",
    ] {
        silent(&image("debian:bookworm-slim", &format!("USER 10001\n{command}\n")));
    }
}

/// The runtime puts a first process in front that hands signals on, where everything that runs the image asks for it.
#[test]
fn compositions_with_an_init_process() {
    let start = image("debian:bookworm-slim", "USER 10001\nCMD shop\n");
    let service = |name: &str, init: bool| format!("  {name}: {{ build: ., init: {init} }}\n");
    let composed = |services: &[String]| format!("{start}//- compose.yaml\nservices:\n{}", services.concat());
    silent(&composed(&[service("a", true), service("b", true)]));
    assert_eq!(rules(&composed(&[service("a", true), service("b", false)])), ["entrypoint-shell-form"]);
}

/// A composition says who runs, in place of the image.
#[test]
fn compositions_with_a_user() {
    let start = image("debian:bookworm-slim", "CMD [\"shop\"]\n");
    let composed =
        |user: &str| format!("{start}//- compose.yaml\nservices:\n  shop: {{ build: ., {user} }}\n");
    silent(&composed("user: \"10001:10001\""));
    silent(&composed("user: app"));
    silent(&composed("user: \"${UID}\""));
    assert_eq!(rules(&composed("user: root")), ["image-runs-as-root"]);
    assert_eq!(rules(&composed("user: \"0\"")), ["image-runs-as-root"]);
}

#[test]
fn a_shell_that_is_not_there_is_an_error() {
    let report = support::check(&image("gcr.io/distroless/cc-debian12:nonroot", "ENTRYPOINT shop\n"));
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].finding.severity, svclint_catalog::Severity::Error);
}

#[test]
fn commands_are_written_as_lists_or_get_exec() {
    let fixed = |command: &str| {
        let report = support::check(&image("debian:bookworm-slim", &format!("USER 10001\n{command}")));
        let fixed = fix_all(&report, FixMode::Safe);
        let text = fixed.files.values().next().expect("the Dockerfile").clone();
        text.lines().last().unwrap_or("").to_owned()
    };
    assert_eq!(fixed("CMD shop --name \"a b\""), "CMD [\"shop\", \"--name\", \"a b\"]");
    assert_eq!(fixed("CMD shop --port $PORT"), "CMD exec shop --port $PORT");
    assert_eq!(fixed("CMD RUST_LOG=info shop"), "CMD RUST_LOG=info exec shop");
    assert_eq!(fixed("CMD sqlx migrate run && shop"), "CMD sqlx migrate run && exec shop");
    assert_eq!(
        fixed("CMD [\"sh\", \"-c\", \"shop --port $PORT\"]"),
        "CMD [\"sh\", \"-c\", \"exec shop --port $PORT\"]"
    );
    assert_eq!(fixed("CMD [\"/bin/sh\", \"-c\", \"./shop\"]"), "CMD [\"./shop\"]");
}

#[test]
fn users_of_images() {
    let start = "CMD [\"shop\"]\n";
    assert_markers(&shop(&format!(
        "{BUILDER}# error: [image-runs-as-root]\nFROM debian:bookworm-slim\n{COPIED}{start}"
    )));
    assert_markers(&image(
        "debian:bookworm-slim",
        &format!("# error: [image-runs-as-root]\nUSER root\n{start}"),
    ));
    assert_markers(&image(
        "debian:bookworm-slim",
        &format!("USER 10001\n# error: [image-runs-as-root]\nUSER 0:0\n{start}"),
    ));
    for (base, rest) in [
        ("debian:bookworm-slim", "USER 10001\n"),
        ("debian:bookworm-slim", "ARG UID=1000\nUSER ${UID}\n"),
        ("debian:bookworm-slim", "USER ${UID:-1000}:${GID:-1000}\n"),
        ("gcr.io/distroless/cc-debian12:nonroot", ""),
        ("gcr.io/distroless/cc-debian12:nonroot@sha256:00", ""),
        ("cgr.dev/chainguard/glibc-dynamic:openssl", ""),
        ("registry.example.com/ours/base:1", ""),
        // The digest may be that of `nonroot`.
        ("gcr.io/distroless/cc-debian12@sha256:00", ""),
        ("debian:bookworm-slim", "RUN apt-get install -y gosu\n"),
    ] {
        silent(&image(base, &format!("{rest}{start}")));
    }
    let through_stages =
        format!("FROM debian:bookworm-slim AS base\nUSER 10001\n\n{BUILDER}FROM base\n{COPIED}{start}");
    silent(&shop(&through_stages));
    silent(&image("debian:bookworm-slim", "ENTRYPOINT [\"/docker-entrypoint.sh\"]\nCMD [\"shop\"]\n"));
    for path in
        [".devcontainer/Dockerfile", "examples/a/Dockerfile", "Dockerfile.cross", "docker/dev.Dockerfile"]
    {
        silent(&image("debian:bookworm-slim", start).replace("//- Dockerfile", &format!("//- {path}")));
    }
    // An image that builds: the names in its command are no programs that it starts.
    let builds = "ENTRYPOINT [\"cargo\", \"build\", \"--locked\"]
CMD [\"--bin\", \"shop\"]
";
    silent(&shop(&format!(
        "FROM rust:slim-bookworm
{builds}"
    )));
}

/// Services in other languages, where something here runs their images.
#[test]
fn images_of_other_services() {
    let other = |base: &str, rest: &str, runs: &str| {
        format!(
            "{}//- web/Dockerfile\n# error: [image-runs-as-root]\nFROM {base}\nCOPY . .\n{rest}CMD [\"node\", \"web.js\"]\n{runs}",
            shop("FROM scratch\n")
        )
    };
    let runs = "//- compose.yaml\nservices:\n  web:\n    build: web\n";
    for base in [
        "node:22-slim",
        "python:3.13-alpine",
        "eclipse-temurin:21-jre",
        "mcr.microsoft.com/dotnet/aspnet:9.0",
    ] {
        assert_markers(&other(base, "", runs));
    }
    let quiet = |text: String| silent(&text.replace("# error: [image-runs-as-root]\n", ""));
    quiet(other("node:22-slim", "USER node\n", runs));
    quiet(other("mcr.microsoft.com/dotnet/aspnet:9.0-noble-chiseled", "", runs));
    quiet(other("ourselves/node:22", "", runs));
    quiet(other("node:22-slim", "", ""));
    // What a script of Python does is what the service does.
    let python =
        other("python:3.13-slim", "", runs).replace("[\"node\", \"web.js\"]", "[\"python\", \"web.py\"]");
    assert_markers(&python);
    // Who runs it says as which user.
    let pod = |user: &str| {
        format!(
            "//- skaffold.yaml\napiVersion: skaffold/v4\nkind: Config\nbuild: {{ artifacts: [{{ image: web, context: web }}] }}\n\
             //- k8s/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  template:\n    spec:\n      \
             {user}\n      containers:\n        - {{ name: web, image: web, resources: {{ requests: {{ cpu: 1 }}, limits: {{ memory: 1Gi }} }}, \
             securityContext: {{ allowPrivilegeEscalation: false }} }}\n"
        )
    };
    quiet(other("node:22-slim", "", &pod("securityContext: { runAsUser: 1000 }")));
    let root = other("node:22-slim", "", &pod("securityContext: { runAsUser: 0 }"));
    assert!(rules(&root).contains(&"image-runs-as-root".to_owned()));
    let moving = other("python", "USER 10001\n", runs);
    assert_markers(&moving.replace("image-runs-as-root", "image-tag-mutable"));
}

#[test]
fn compilers_in_images() {
    let single = |start: &str| {
        format!("WORKDIR /app\nCOPY . .\nRUN cargo build --release --locked\nUSER 10001\n{start}\n")
    };
    assert_markers(&shop(&format!(
        "# error: [final-stage-ships-toolchain]\nFROM rust:1.96\n{}",
        single("CMD [\"./target/release/shop\"]")
    )));
    assert_eq!(
        rules(&image("rust:1.96-bookworm", "USER 10001\nCMD [\"shop\"]\n")),
        ["final-stage-ships-toolchain"]
    );
    silent(&shop(&format!("FROM rust:1.96\n{}", single("CMD [\"cargo\", \"run\"]"))));
    silent(&shop(&format!(
        "FROM registry.example.com/rust:1.96\n{}",
        single("CMD [\"./target/release/shop\"]")
    )));
}

#[test]
fn builds_that_may_differ() {
    let with = |build: &str| {
        let text = image("debian:bookworm-slim", "USER 10001\nCMD [\"shop\"]\n");
        text.replace("RUN cargo build --release --locked", build)
    };
    for build in [
        "RUN cargo build --release",
        "RUN --mount=type=cache,target=/c \\\n    cargo build \\\n    --release",
    ] {
        assert_eq!(rules(&with(build)), ["cargo-build-not-reproducible"], "{build}");
    }
    for build in [
        "RUN cargo build --release --frozen",
        "RUN cargo --version && cargo build -r --locked",
        "ARG FLAGS\nRUN cargo build --release $FLAGS",
        "ENV CARGO_NET_OFFLINE=true\nRUN cargo build --release",
        "RUN mkdir src && echo 'fn main() {}' > src/main.rs && cargo build --release\nRUN cargo build --release --locked",
        "RUN make release",
    ] {
        silent(&with(build));
    }
    let of_lock = |copies: &str| with("RUN cargo build --release").replace("COPY . .", copies);
    let mended = |copies: &str| support::mended(&of_lock(copies), "cargo-build-not-reproducible");
    assert!(mended("COPY Cargo.toml ./\nCOPY src/ src/").contains("COPY Cargo.toml Cargo.lock ./\n"));
    assert!(mended("COPY Cargo.* ./\nCOPY src/ src/").contains("COPY Cargo.* ./\n"));
    let report = support::check(&of_lock("COPY Cargo.toml /app/Cargo.toml\nCOPY src/ src/"));
    let [only] = report.findings.as_slice() else { panic!("{:?}", found(&report)) };
    assert!(only.finding.fixes.is_empty(), "the flag alone would make the build fail");
    let unlocked = with("RUN cargo build --release").replace("//- Cargo.lock\nversion = 4\n", "");
    silent(&unlocked);
}

#[test]
fn c_libraries_that_do_not_fit() {
    let with = |builder: &str, build: &str, base: &str, rest: &str| {
        shop(&format!(
            "FROM {builder} AS builder\nWORKDIR /app\nCOPY . .\nRUN {build}\nFROM {base}\n{rest}\
             COPY --from=builder /app/target/release/shop /shop\nUSER 10001\nCMD [\"/shop\"]\n"
        ))
    };
    let build = "cargo build --release --locked";
    let rule = ["builder-runtime-libc-mismatch"];
    assert_eq!(rules(&with("rust:1.96", build, "debian:bookworm-slim", "")), rule);
    assert_eq!(
        rules(&with("rust:1.96-slim", build, "gcr.io/distroless/cc-debian12", "USER nonroot\n")),
        rule
    );
    assert_eq!(rules(&with("rust:1.80", build, "ubuntu:20.04", "")), rule);
    assert_eq!(rules(&with("rust:1.96", build, "alpine:3.20", "")), rule);
    assert_eq!(rules(&with("rust:1.96", build, "scratch", "")), rule);
    for (builder, build, base, rest) in [
        ("rust:1.96", build, "debian:trixie-slim", ""),
        ("rust:1.80", build, "debian:12-slim", ""),
        ("rust:1.80", build, "debian:trixie-slim", ""),
        ("rust:1.96", build, "debian:stable-slim", ""),
        ("rust:1.70", build, "debian:bullseye-slim", ""),
        ("rust:nightly", build, "debian:bullseye-slim", ""),
        ("rust:1.96-alpine", build, "alpine:3.20", ""),
        ("rust:1.96-alpine", build, "scratch", ""),
        (
            "rust:1.96",
            "RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --locked",
            "scratch",
            "",
        ),
        ("rust:1.96", "cargo build --release --locked --target x86_64-unknown-linux-musl", "scratch", ""),
        ("rust:1.96", build, "alpine:3.20", "RUN apk add --no-cache gcompat\n"),
        ("rust:1.96", "make", "debian:bullseye-slim", ""),
    ] {
        silent(&with(builder, build, base, rest));
    }
}

#[test]
fn builders_are_aligned_with_what_the_program_runs_on() {
    for (builder, expected) in [
        ("rust:1.96", "FROM rust:1.96-bookworm AS builder"),
        ("rust", "FROM rust:bookworm AS builder"),
        ("rust:latest", "FROM rust:bookworm AS builder"),
        ("rust:1.96-slim", "FROM rust:1.96-slim-bookworm AS builder"),
        ("rust:1.96-slim-trixie", "FROM rust:1.96-slim-bookworm AS builder"),
    ] {
        let text = image("debian:bookworm-slim", "USER 10001\nCMD [\"shop\"]\n");
        let report = support::check(&text.replace("rust:1.96-bookworm", builder));
        let fixed = fix_all(&report, FixMode::Unsafe);
        let text = fixed.files.values().next().expect("the Dockerfile");
        assert_eq!(text.lines().next(), Some(expected));
    }
}

fn caller(lock: &str, url: &str, dockerfile: &str) -> String {
    format!(
        r#"//- Cargo.lock
version = 4
[[package]]
name = "reqwest"
version = "0.12.9"
dependencies = [{lock}]
//- src/main.rs
#[tokio::main]
async fn main() {{
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(2)).build().unwrap();
    client.get("{url}").send().await.unwrap();
}}
//- Dockerfile
{dockerfile}"#
    )
}

#[test]
fn roots_of_trust() {
    let native = "\"hyper-tls\", \"native-tls\"";
    let stripe = "https://api.stripe.com/v1";
    let file = |base: &str, rest: &str| {
        format!(
            "{}FROM {base}\n{rest}{COPIED}USER 10001\nCMD [\"shop\"]\n",
            BUILDER.replace("--locked", "--locked --target x86_64-unknown-linux-musl")
        )
    };
    let plain = file("debian:bookworm-slim", "");
    assert_eq!(rules(&caller(native, stripe, &plain)), ["ca-certificates-missing"]);
    assert_eq!(
        rules(&caller("\"rustls-platform-verifier\"", stripe, &file("scratch", ""))),
        ["ca-certificates-missing"]
    );
    silent(&caller("\"hyper-rustls\", \"webpki-roots\"", stripe, &plain));
    // What runs the image gives them to it.
    let run = |how: &str| {
        caller(
            native,
            stripe,
            &format!("{plain}//- compose.yaml\nservices:\n  shop:\n    build: .\n    {how}\n"),
        )
    };
    let missing = |how: &str| rules(&run(how)).contains(&"ca-certificates-missing".to_owned());
    assert!(missing("volumes: [\"./data:/data\"]"));
    assert!(!missing("volumes: [\"/etc/ssl/certs:/etc/ssl/certs:ro\"]"));
    assert!(!missing("environment: { SSL_CERT_FILE: /certs/ca.pem }"));
    silent(&caller("\"native-tls\", \"webpki-roots\"", stripe, &plain));
    for url in [
        "http://api.stripe.com",
        "https://stock:8443/v1",
        "https://10.0.0.1/",
        "https://a.svc.cluster.local/",
    ] {
        silent(&caller(native, url, &plain));
    }
    for (base, rest) in [
        ("debian:bookworm-slim", "RUN apt-get update && apt-get install -y ca-certificates\n"),
        ("debian:bookworm-slim", "RUN apt-get update && apt-get install -y curl\n"),
        ("debian:bookworm-slim", "COPY --from=builder /etc/ssl/certs /etc/ssl/certs\n"),
        ("debian:bookworm-slim", "COPY install.sh /\nRUN /install.sh\n"),
        ("debian:bookworm-slim", "ENV SSL_CERT_FILE=/etc/roots\n"),
        ("gcr.io/distroless/cc-debian12", ""),
        ("alpine:3.20", ""),
        ("registry.example.com/base:1", ""),
    ] {
        silent(&caller(native, stripe, &file(base, rest)));
    }
}

#[test]
fn tools_of_health_checks() {
    let with = |base: &str, rest: &str| image(base, &format!("{rest}USER 10001\nCMD [\"shop\"]\n"));
    for (base, check) in [
        ("debian:bookworm-slim", "HEALTHCHECK CMD curl -f http://localhost/ || exit 1\n"),
        ("debian:bookworm-slim", "HEALTHCHECK --interval=5s CMD [\"wget\", \"-q\", \"http://localhost/\"]\n"),
        ("gcr.io/distroless/cc-debian12", "HEALTHCHECK CMD shop healthcheck\n"),
        ("gcr.io/distroless/cc-debian12", "HEALTHCHECK CMD [\"/bin/grpc_health_probe\", \"-addr=:80\"]\n"),
    ] {
        assert_eq!(rules(&with(base, check)), ["healthcheck-tool-missing"], "{base} {check}");
    }
    for (base, check) in [
        ("debian:bookworm-slim", "RUN apt-get install -y curl\nHEALTHCHECK CMD curl -f http://localhost/\n"),
        ("debian:bookworm-slim", "HEALTHCHECK CMD [\"shop\", \"healthcheck\"]\n"),
        ("debian:bookworm-slim", "HEALTHCHECK NONE\n"),
        (
            "debian:bookworm-slim",
            "COPY --from=builder /usr/bin/ /usr/bin/\nHEALTHCHECK CMD curl -f http://localhost/\n",
        ),
        (
            "debian:bookworm-slim",
            "ARG TOOLS\nRUN apt-get install -y $TOOLS\nHEALTHCHECK CMD curl -f http://localhost/\n",
        ),
        (
            "gcr.io/distroless/cc-debian12",
            "COPY --from=probe /p /bin/grpc_health_probe\nHEALTHCHECK CMD [\"/bin/grpc_health_probe\"]\n",
        ),
        ("registry.example.com/base:1", "HEALTHCHECK CMD curl -f http://localhost/\n"),
    ] {
        silent(&with(base, check));
    }
}

/// What runs the image may check it with programs of its own choice.
#[test]
fn tools_of_checks_in_manifests() {
    let start = |base: &str, rest: &str| image(base, &format!("{rest}USER 10001\nCMD [\"shop\"]\n"));
    let composed = |test: &str| {
        format!("//- compose.yaml\nservices:\n  shop: {{ build: ., healthcheck: {{ test: {test} }} }}\n")
    };
    let slim = start("debian:bookworm-slim", "");
    for test in ["[CMD, curl, -f, \"http://localhost/\"]", "curl -f http://localhost/ || exit 1"] {
        assert_eq!(rules(&format!("{slim}{}", composed(test))), ["healthcheck-tool-missing"], "{test}");
        silent(&format!(
            "{}{}",
            start("debian:bookworm-slim", "RUN apt-get install -y curl\n"),
            composed(test)
        ));
    }
    silent(&format!("{slim}{}", composed("[CMD, shop, healthcheck]")));
    let probed = |command: &str, more: &str| {
        let shop = "//- deploy/shop.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: shop }\nspec:\n  template:\n    spec:\n      containers:\n        - name: shop\n          image: registry/shop:1.4.0\n          resources: { requests: { cpu: 1 }, limits: { memory: 1Gi } }\n          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }\n";
        format!(
            "{}{shop}{more}          livenessProbe: {{ exec: {{ command: [{command}] }} }}\n",
            start("gcr.io/distroless/cc-debian12", "")
        )
    };
    assert_eq!(rules(&probed("sh, -c, \"true\"", "")), ["healthcheck-tool-missing"]);
    assert_eq!(rules(&probed("/tools/grpc_health_probe", "")), ["healthcheck-tool-missing"]);
    silent(&probed(
        "/tools/grpc_health_probe",
        "          volumeMounts: [{ name: tools, mountPath: /tools }]\n",
    ));
    silent(&probed("shop, healthcheck", ""));
}

#[test]
fn variables_without_a_value() {
    let with = |head: &str, rest: &str| {
        shop(&format!("{head}{BUILDER}FROM debian:bookworm-slim\n{rest}{COPIED}USER 10001\nCMD [\"shop\"]\n"))
    };
    assert_markers(&with("", "# error: [expose-variable-undefined]\nEXPOSE $PORT\n"));
    assert_markers(&with("ARG PORT=80\n", "# error: [expose-variable-undefined]\nEXPOSE ${PORT}/tcp\n"));
    assert_markers(&with("", "# error: [expose-variable-undefined]\nCOPY assets ${ASSETS}/\n"));
    for rest in [
        "ARG PORT\nEXPOSE $PORT\n",
        "ENV PORT 8080\nEXPOSE $PORT\n",
        "ENV A=1 \\\n    PORT=8080\nEXPOSE $PORT\n",
        "EXPOSE ${PORT:-8080}\n",
        "WORKDIR $HOME\n",
        "ARG TARGETARCH\nCOPY bin-$TARGETARCH /bin/x\n",
        "ARG BINARIES TARGETOS TARGETARCH\nCOPY ${BINARIES}/${TARGETOS}_${TARGETARCH}/x /bin/x\n",
    ] {
        silent(&with("", rest));
    }
    silent(&with("ARG PORT=80\n", "ARG PORT\nEXPOSE $PORT\n"));
    silent(&shop(&format!(
        "{BUILDER}FROM registry.example.com/base:1\n{COPIED}EXPOSE $PORT\nCMD [\"shop\"]\n"
    )));
}

#[test]
fn names_that_the_workspace_does_not_have() {
    let sound = image("debian:bookworm-slim", "USER 10001\nCMD [\"shop\"]\n");
    let rule = ["image-does-not-match-crate"];
    silent(&sound);
    for (from, to) in [
        ("release/shop ", "release/shopp "),
        ("--locked", "--locked -p shopp"),
        ("--release --locked", "--locked --profile dist"),
    ] {
        assert_eq!(rules(&sound.replace(from, to)), rule, "{to}");
    }
    let manifest = |extra: &str| {
        format!("//- Cargo.toml\n[package]\nname = \"shop\"\nversion = \"0.1.0\"\n{extra}\n{sound}")
    };
    assert_eq!(rules(&manifest("rust-version = \"1.97\"")), rule);
    silent(&manifest("rust-version = \"1.96\""));
    assert_eq!(rules(&manifest("edition = \"2024\"").replace("rust:1.96", "rust:1.80")), rule);
    silent(&format!("{}//- rust-toolchain.toml\n", manifest("rust-version = \"1.97\"")));
    let chef = |release: &str| {
        let image = format!("lukemathwalker/cargo-chef:0.1.62-rust-{release}-bookworm");
        manifest("rust-version = \"1.72\"").replace("rust:1.96-bookworm", &image)
    };
    silent(&chef("1.72"));
    assert_eq!(rules(&chef("1.71")), rule);
    silent(&sound.replace("release/shop ", "release/shopp ").replace("//- Cargo.lock\nversion = 4\n", ""));
    for (from, to) in [
        ("release/shop ", "release/{{project-name}} "),
        ("release/shop ", "release/${BIN} "),
        ("release/shop ", "release/ "),
        ("--locked\n", "--locked && mv target/release/shop target/release/other\nRUN true\n"),
        ("COPY . .", "RUN git clone https://example.com/x ."),
        ("RUN cargo build --release --locked", "RUN ./build.sh"),
    ] {
        let text = sound.replace(from, to);
        let text =
            if to.contains("mv ") { text.replace("release/shop /usr", "release/other /usr") } else { text };
        assert_eq!(rules(&text).iter().filter(|r| rule.contains(&r.as_str())).count(), 0, "{to}");
    }
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    let long = format!("{BUILDER}{}", "RUN echo a\n".repeat(10_000));
    let deep = format!("{BUILDER}RUN {}", "$(".repeat(20_000));
    for text in [
        String::new(),
        "\u{feff}FROM rust\r\nCMD shop\r\n".into(),
        "FROM".into(),
        "FROM \\".into(),
        "RUN cat <<EOF\nnever ends".into(),
        "FROM debian:bookworm-slim\nRUN <<EOF\ncargo build".into(),
        "FROM debian\nCMD [\"a\", ".into(),
        "FROM debian\nENV A=\"\nUSER x".into(),
        "\u{0}\u{1}\u{2}\u{fffd} FROM \u{7}".into(),
        "FROM {{project-name}}\nCOPY target/release/{{project-name}} /\nCMD {{project-name}}".into(),
        "FROM a AS a\nFROM a AS a\nFROM a\nCOPY --from=a x y\nCOPY --from=7 x y".into(),
        "ONBUILD FROM x\nONBUILD RUN y\nHEALTHCHECK\nEXPOSE\nUSER\nSHELL".into(),
        "FROM a AS a\nEXPOSE 1\nENV A=1\n".repeat(10_000),
        format!(
            "FROM debian\n{}",
            (0..10_000).map(|n| format!("ENV A{n}=1\nRUN true\n")).collect::<String>()
        ),
        "`".repeat(10_000),
        "\\\n".repeat(10_000),
        "FROM x\nENV =a\nENV a= b=\nLABEL =\nARG =x".into(),
        long,
        deep,
    ] {
        let report = support::check(&shop(&text));
        let failed = report.findings.iter().any(|f| f.finding.rule.id == "internal-error");
        assert!(!failed, "{text:.60}");
    }
}

#[test]
fn carriage_returns_and_the_case_of_keywords_are_kept() {
    let text = format!("{BUILDER}FROM debian:bookworm-slim\n{COPIED}CMD [\"shop\"]\n");
    let text =
        text.replace("FROM", "from").replace("COPY", "copy").replace("RUN", "run").replace('\n', "\r\n");
    let mut files = support::files("//- src/main.rs\nfn main() {}\n");
    files.retain(|(path, _)| !path.ends_with("Dockerfile"));
    files.push((PathBuf::from("Dockerfile"), text));
    let report = support::check_files(files);
    let fixes: Vec<_> =
        report.findings.iter().flat_map(|f| &f.finding.fixes).flat_map(|f| &f.edits).collect();
    assert!(
        matches!(fixes.as_slice(), [svclint_catalog::Edit::Replace { text, .. }] if text == "user 10001\r\n"),
        "{fixes:?}"
    );
}

#[test]
fn images_tell_what_they_hold() {
    let report = support::check(&shop(
        "ARG TAG=bookworm-slim\nFROM rust:1.96-bookworm AS builder\nCOPY . .\nRUN cargo install --path . --locked\n\
         FROM debian:${TAG} AS runtime\nWORKDIR /srv\nWORKDIR data\nENV PORT=8080 HOST=0.0.0.0\nEXPOSE $PORT 9000/udp\n\
         COPY --from=builder /usr/local/cargo/bin/shop /usr/bin/\nUSER app:app\nSTOPSIGNAL SIGINT\n\
         ENTRYPOINT [\"shop\"]\nCMD [\"serve\"]\n",
    ));
    let image = &report.model.images[0];
    let last = image.stage("runtime").expect("named");
    assert_eq!(last.base_name.as_deref(), Some("debian:bookworm-slim"));
    assert_eq!(last.workdir.as_deref(), Some("/srv/data"));
    let ports: Vec<_> =
        last.ports.iter().map(|p| (p.number.present().copied(), p.protocol.as_str())).collect();
    assert_eq!(ports, [(Some(8080), "tcp"), (Some(9000), "udp")]);
    assert_eq!(last.entrypoint.as_ref().and_then(|s| s.argv.clone()), Some(vec!["shop".to_owned()]));
    assert_eq!(last.stop_signal.as_ref().map(|s| s.0.as_str()), Some("SIGINT"));
    let ships = image.ships.as_ref().expect("known");
    assert_eq!((ships.binary.as_str(), report.model.packages[ships.package].name.as_str()), ("shop", "shop"));
    assert_eq!(ships.copied.as_ref().and_then(|c| c.from), Some(0));
}

/// All fixes of all findings of an image with many mistakes, one after the other.
#[test]
fn every_fix_mends_its_finding() {
    let file = |base: &str, rest: &str| {
        shop(&format!(
            "FROM rust:1.96 AS builder\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\n\nFROM {base}\n{COPIED}{rest}"
        ))
    };
    let texts = [
        file("debian:bookworm-slim", "EXPOSE $PORT\nHEALTHCHECK CMD curl -f http://localhost/\nCMD shop\n"),
        file(
            "alpine:3.20",
            "HEALTHCHECK CMD curl -f http://localhost/\nUSER 0\nCMD [\"sh\", \"-c\", \"shop --x\"]\n",
        ),
        file(
            "gcr.io/distroless/cc-debian12:latest",
            "HEALTHCHECK CMD shop healthcheck\nENTRYPOINT [\"shop\"]\n",
        ),
        file("rust:1.96", "ENTRYPOINT [\"shop\"]\n"),
        shop("FROM rust:1.96\nWORKDIR /app\nCOPY . .\nRUN cargo install --path .\nCMD shop $PORT\n"),
        file("debian:trixie-slim", "USER 1\nCMD [\"shop\"]\n").replace("release/shop ", "release/shopp "),
    ];
    for text in texts {
        let report = support::check(&text);
        assert!(report.findings.len() > 1 || text.contains("shopp"), "{:?}", found(&report));
        for finding in &report.findings {
            let rule = finding.finding.rule.id;
            for fix in &finding.finding.fixes {
                let fixed = support::apply(&report, fix);
                let after = support::check_files(fixed.clone());
                assert!(
                    after.model.images.iter().all(|i| !i.facts.broken),
                    "`{}` breaks the file",
                    fix.title
                );
                let left = found(&after);
                let same = left.iter().filter(|f| f.ends_with(rule)).count();
                assert_eq!(same, 0, "{rule} is still reported after `{}`: {left:?}\n{fixed:?}", fix.title);
            }
        }
    }
}

#[test]
fn tags_that_move() {
    let rest = "USER 10001\nCMD [\"shop\"]\n";
    assert_eq!(rules(&image("registry.example.com/base:latest", rest)), ["image-tag-mutable"]);
    assert_eq!(rules(&image("ubuntu", rest)), ["image-tag-mutable"]);
    for base in [
        "debian:bookworm-slim",
        "registry.example.com/base:1.2",
        // Built on the spot, as far as anybody can tell.
        "shop_prebuilt",
        "ubuntu@sha256:00",
        "ubuntu:latest@sha256:00",
    ] {
        silent(&image(base, rest));
    }
    // What is given when the image is built, stages, and images that serve nobody.
    let given = format!(
        "ARG BASE=registry.example.com/base:latest\n{BUILDER}FROM ${BASE}\n{COPIED}{rest}",
        BASE = "{BASE}"
    );
    silent(&shop(&given));
    let staged = format!("FROM debian:bookworm-slim AS latest\n{BUILDER}FROM latest\n{COPIED}{rest}");
    silent(&shop(&staged));
    silent(&image("ubuntu", rest).replace("//- Dockerfile", "//- ci/Dockerfile"));
}

/// A sound image whose builder copies file by file, and a `.dockerignore` beside it.
fn ignoring(copies: &str, ignore: &str) -> String {
    let dockerfile = format!(
        "FROM rust:1.96-bookworm AS builder\nWORKDIR /app\n{copies}RUN cargo build --release --locked\n\n\
         FROM debian:bookworm-slim\n{COPIED}USER 10001\nCMD [\"shop\"]\n"
    );
    format!("{}//- .dockerignore\n{ignore}", shop(&dockerfile))
}

const FILE_BY_FILE: &str = "COPY Cargo.toml Cargo.lock ./\nCOPY src src\nCOPY migrations migrations\n";

#[test]
fn copies_of_what_is_kept_out_of_the_build() {
    let text = ignoring(FILE_BY_FILE, "target\n# Only for developers.\nmigrations\n");
    let report = support::check(&text);
    assert_eq!(found(&report), ["Dockerfile:5 image-does-not-match-crate"]);
    let finding = &report.findings[0].finding;
    assert_eq!(
        finding.message,
        "`.dockerignore` keeps `migrations` out of the build: the image cannot be built"
    );
    let by = finding.related[0].place;
    let ignore = report.file(by.file).unwrap();
    assert_eq!(by.span.text(&ignore.text), "migrations");
    let fixed = support::apply(&report, &finding.fixes[0]);
    assert_eq!(found(&support::check_files(fixed)), Vec::<String>::new());

    // The last line that fits decides; a folder takes what is in it along; a slash in front says nothing.
    for ignore in ["*\n!Cargo.*\n!src\n", "/migrations/\n", "!migrations\nmigra*\n", "**/migrations\n"] {
        let report = support::check(&ignoring(FILE_BY_FILE, ignore));
        assert_eq!(found(&report), ["Dockerfile:5 image-does-not-match-crate"], "{ignore}");
    }
    // What was built outside and is copied in.
    let dockerfile =
        "FROM debian:bookworm-slim\nCOPY target/release/shop /usr/local/bin/shop\nUSER 1\nCMD [\"shop\"]\n";
    let prebuilt = format!("{}//- .dockerignore\ntarget\n", shop(dockerfile));
    let built = "//- compose.yaml\nservices:\n  shop:\n    build: .\n";
    assert_eq!(rules(&format!("{prebuilt}{built}")), ["image-does-not-match-crate"]);
    silent(&format!("{prebuilt}!target/release/shop\n{built}"));
}

#[test]
fn what_is_let_into_the_build() {
    for ignore in [
        "target\n",
        "*\n!Cargo.*\n!src\n!migrations\n",
        // Something below may come back.
        "migrations\n!migrations/*.sql\n",
        "migrations\n!**/*.sql\n",
        // Only what is in it, or further down.
        "migrations/*\n",
        "*/migrations\n",
        "#migrations\n",
        // A pattern that is not followed may be the exception.
        "migrations\n!**tions\n",
        "{migrations,src}\n",
    ] {
        silent(&ignoring(FILE_BY_FILE, ignore));
    }
    // Patterns, variables and addresses; files of other stages.
    let others =
        "ARG DIR\nCOPY . .\nCOPY migration[s] ./m/\nCOPY ${DIR} d\nCOPY --from=busybox /migrations m\n";
    silent(&ignoring(others, "migrations\n"));
}

#[test]
fn the_folder_that_an_image_is_built_from() {
    let moved = |ignore: &str, rest: &str| {
        let text = ignoring(FILE_BY_FILE, "target\n").replace("//- Dockerfile", "//- docker/Dockerfile");
        format!("{}//- {ignore}\nmigrations\n{rest}", text.replace("//- .dockerignore\ntarget\n", ""))
    };
    let composed =
        "//- compose.yaml\nservices:\n  shop:\n    build: { context: ., dockerfile: docker/Dockerfile }\n";
    let workflow = |step: &str| {
        format!("//- .github/workflows/image.yaml\non: push\njobs:\n  image:\n    steps:\n      - {step}\n")
    };
    let action = "uses: docker/build-push-action@v6\n        with:\n          file: docker/Dockerfile\n          context: ";
    let is_told = |text: &str| {
        assert_eq!(
            found(&support::check(text)),
            ["docker/Dockerfile:5 image-does-not-match-crate"],
            "{text}"
        );
    };
    is_told(&moved(".dockerignore", composed));
    is_told(&moved(".dockerignore", &workflow(&format!("{action}."))));
    is_told(&moved(
        ".dockerignore",
        &workflow("run: docker build --push -f docker/Dockerfile -t shop . && ls"),
    ));
    // Named like the Dockerfile: it counts, and not the folder's.
    is_told(&moved("docker/Dockerfile.dockerignore", composed));
    silent(&moved(".dockerignore", &format!("{composed}//- docker/Dockerfile.dockerignore\ntarget\n")));
    // Nobody says which folder, nobody can know which, or it is another one.
    silent(&moved(".dockerignore", ""));
    silent(&moved(".dockerignore", &workflow(&format!("{action}${{{{ matrix.folder }}}}"))));
    silent(&moved(".dockerignore", &workflow("run: cd shop && docker build -f docker/Dockerfile .")));
    silent(&moved("docker/.dockerignore", composed));
    silent(&moved(".dockerignore", &format!("{composed}{}", workflow(&format!("{action}docker")))));
}

#[test]
fn packages_that_are_kept_out_of_the_build() {
    let workspace = |copies: &str, ignore: &str| {
        let member = "//- stock/Cargo.toml\n[package]\nname = \"stock\"\n//- stock/src/lib.rs\n\n";
        let root = "//- Cargo.toml\n[package]\nname = \"shop\"\nedition = \"2024\"\n[dependencies]\nstock = { path = \"stock\" }\n[workspace]\n";
        format!("{}{root}{member}", ignoring(copies, ignore))
    };
    let report = support::check(&workspace("COPY . .\n", "target\nsto*\n"));
    assert_eq!(found(&report), ["Dockerfile:3 image-does-not-match-crate"]);
    let finding = &report.findings[0].finding;
    assert!(finding.message.contains("the package `stock`"), "{}", finding.message);
    let fixed = support::apply(&report, &finding.fixes[0]);
    assert_eq!(found(&support::check_files(fixed)), Vec::<String>::new());
    silent(&workspace("COPY . .\n", "target\n"));
    silent(&workspace("COPY . .\n", "stock/benches\n"));
    // It may come from elsewhere.
    silent(&workspace("COPY . .\nCOPY --from=registry.example.com/stock:1 /stock stock\n", "stock\n"));
    silent(&workspace("COPY . .\nRUN ./fetch-stock.sh\n", "stock\n"));
}

#[test]
fn images_that_are_pushed_under_another_name() {
    let text = |pushed: &str, asked: &str| {
        let workflow = format!(
            "//- .github/workflows/image.yaml\non: push\njobs:\n  image:\n    steps:\n      - uses: docker/build-push-action@v6\n        \
             with:\n          push: true\n          tags: {pushed}\n"
        );
        let pod = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: shop }\nspec:\n  template:\n    spec:\n      containers:\n        \
                   - name: shop\n          image: ";
        format!(
            "{}{workflow}//- deploy/shop.yaml\n{pod}{asked}\n",
            image("debian:bookworm-slim", "USER 10001\nCMD [\"shop\"]\n")
        )
    };
    let told = |text: &str| {
        let report = support::check(text);
        let mut all = found(&report);
        all.retain(|f| f.ends_with("image-does-not-match-crate"));
        (report, all)
    };
    let pushed = "ghcr.io/acme/orders:${{ github.sha }}, ghcr.io/acme/orders:latest";
    let (report, all) = told(&text(pushed, "\"ghcr.io/acme/order:1.4.0\""));
    assert_eq!(all, ["deploy/shop.yaml:9 image-does-not-match-crate"]);
    let finding = report.findings.iter().find(|f| f.finding.rule.id == "image-does-not-match-crate").unwrap();
    let related = &finding.finding.related[0];
    assert_eq!(related.message, "pushes `ghcr.io/acme/orders`");
    let fixed = support::apply(&report, &finding.finding.fixes[0]);
    let pod = fixed.iter().find(|(path, _)| path.ends_with("shop.yaml")).unwrap();
    assert!(pod.1.contains("image: \"ghcr.io/acme/orders:1.4.0\""), "{}", pod.1);
    assert_eq!(told(&text("ghcr.io/acme/shop-api:1", "ghcr.io/acme/shop_api:1")).1.len(), 1);

    for (pushed, asked) in [
        (pushed, "ghcr.io/acme/orders:1.4.0"),
        // Somebody else's, or another one.
        (pushed, "docker.io/acme/order:1.4.0"),
        (pushed, "ghcr.io/acme/stock:1.4.0"),
        ("ghcr.io/acme/shop-v1:1", "ghcr.io/acme/shop-v2:1"),
        ("ghcr.io/acme/shop:1", "ghcr.io/acme/shop2:1"),
        // The name is put together elsewhere.
        ("ghcr.io/${{ github.repository }}:1", "ghcr.io/acme/order:1.4.0"),
        ("ghcr.io/acme/order:1, ghcr.io/acme/borders:1", "ghcr.io/acme/orders:1.4.0"),
        (pushed, "ghcr.io/acme/${ORDER}:1"),
    ] {
        assert_eq!(told(&text(pushed, asked)).1, Vec::<String>::new(), "{pushed} {asked}");
    }
    // Both are asked for, or another build makes it.
    let both =
        text(pushed, "ghcr.io/acme/order:1\n        - name: orders\n          image: ghcr.io/acme/orders:1");
    assert_eq!(told(&both).1, Vec::<String>::new());
    let step =
        "//- .github/workflows/more.yaml\non: push\njobs:\n  image:\n    steps:\n      - run: docker build ";
    let more = |words: &str| format!("{}{step}{words}\n", text(pushed, "ghcr.io/acme/order:1"));
    assert_eq!(told(&more("-t ghcr.io/acme/order:1 .")).1, Vec::<String>::new());
    assert_eq!(told(&more("-t $IMAGE .")).1, Vec::<String>::new());
}
