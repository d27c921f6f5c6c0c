//! What the flagship rules say comes true: small services run on the loopback interface as they are, and as the rule's own fix
//! leaves them. They are observed from outside. It needs a registry and builds real programs, so only `tests/run` asks for it.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::panic
)]
#![cfg(unix)]

use crate::compiling;
use crate::support;
use std::io::Read;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;

use crate::compiling::{Case, Libraries};
use crate::running::{PATIENCE, Service, accept, answer, ask, begin, head_of, loopback};

#[test]
#[ignore = "builds and runs real services"]
fn services_behave_as_the_rules_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace");
    let services = Services::build(&root);
    a_silent_upstream_is_given_up_only_with_a_timeout(&services);
    a_repeated_post_writes_one_row_only_with_a_key(&services);
    a_request_outlives_sigterm_only_with_a_graceful_end(&services);
    a_probe_is_answered_only_by_a_route(&services);
    a_request_id_reaches_the_next_service_only_if_it_is_passed_on(&services);
}

/// The built services.
struct Services {
    folder: PathBuf,
}

impl Services {
    /// Builds each service as it is and as its rule's fix leaves it: `NAME` and `NAME-mended`.
    fn build(root: &Path) -> Services {
        let from = root.join("tests/proof");
        let mut cases = Vec::new();
        for (name, rule) in [
            ("hangs", "http-client-without-timeout"),
            ("is_cut", "server-without-graceful-shutdown"),
            ("cannot_be_asked", "http-service-without-health-route"),
            ("loses_the_id", "correlation-id-dropped-outbound"),
        ] {
            let (before, after) = mended(&from.join("services"), name, rule);
            cases.push(Case::new(name.to_owned(), before));
            cases.push(Case::new(format!("{name}-mended"), after));
        }
        // This fix is a proposal, which a person completes.
        let rule = "post-handler-without-idempotency-key";
        for (name, reported) in [("writes_twice", 1), ("writes_once", 0)] {
            let files = files(&from.join("services"), name);
            let report = support::check_files_with(files.clone(), rule);
            assert_eq!(
                report.findings.iter().filter(|f| f.finding.rule.id == rule).count(),
                reported,
                "{name}"
            );
            cases.push(Case::new(name.to_owned(), files.into_iter().collect()));
        }
        Services { folder: compiling::build(root, &Libraries::read(&from), &cases) }
    }

    /// Starts one, with a variable in its environment.
    fn start(&self, name: &str, variable: (&str, String)) -> Service {
        Service::start(&self.folder.join(name), variable)
    }
}

/// A service's files: its code and migration, with the manifest that all share and a Dockerfile.
fn files(folder: &Path, name: &str) -> Vec<(PathBuf, String)> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name));
    let mut text = format!(
        "//- Cargo.toml\n{}//- src/main.rs\n{}",
        read("Cargo.toml").expect("readable"),
        read(&format!("{name}.rs")).expect("readable")
    );
    if let Ok(migration) = read(&format!("{name}.sql")) {
        text.push_str(&format!("//- migrations/1.sql\n{migration}"));
    }
    support::files(&text)
}

/// A service's files before and after the fix of what a rule reports there.
fn mended(folder: &Path, name: &str, rule: &str) -> (compiling::Code, compiling::Code) {
    let files = files(folder, name);
    let report = support::check_files_with(files.clone(), rule);
    let mut of_rule = report.findings.iter().filter(|f| f.finding.rule.id == rule);
    let finding = of_rule.next().unwrap_or_else(|| panic!("{rule} reports {name}"));
    let fix = finding.finding.fixes.first().expect("it has a fix");
    let after = support::apply(&report, fix);
    assert!(
        !support::check_files_with(after.clone(), rule).findings.iter().any(|f| f.finding.rule.id == rule),
        "{name} is mended"
    );
    (files.into_iter().collect(), after.into_iter().collect())
}

/// The upstream takes connections and says nothing. When the mended service has given up, the other still waits.
fn a_silent_upstream_is_given_up_only_with_a_timeout(services: &Services) {
    let (upstream, address) = loopback();
    let variable = || ("PRICES_URL", format!("http://{address}"));
    let (before, after) = (services.start("hangs", variable()), services.start("hangs-mended", variable()));
    let mut waiting = begin(&before, "GET /v1/price", "");
    let held = accept(&upstream);
    let mended = ask(&after, "GET /v1/price", "");
    assert!(mended.starts_with("HTTP/1.1 502"), "it ends in an error: {mended}");
    waiting.set_nonblocking(true).expect("a socket");
    let read = waiting.read(&mut [0; 1]);
    assert!(read.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock), "no answer yet");
    drop(held);
}

/// The same order is sent twice under one key.
fn a_repeated_post_writes_one_row_only_with_a_key(services: &Services) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, rows) in [("writes_twice", "2"), ("writes_once", "1")] {
        let url = format!("sqlite://{}?mode=rwc", folder.path().join(name).display());
        let service = services.start(name, ("DATABASE_URL", url));
        let order = "{\"article\":\"tea\"}";
        let headers = format!(
            "content-type: application/json\r\nidempotency-key: 7\r\ncontent-length: {}\r\n\r\n{order}",
            order.len()
        );
        for _ in 0..2 {
            let answer = ask(&service, "POST /v1/orders", &headers);
            assert!(answer.starts_with("HTTP/1.1 200"), "{name}: {answer}");
        }
        let count = ask(&service, "GET /v1/orders/count", "");
        assert!(count.ends_with(&format!("\r\n\r\n{rows}")), "{name}: {count}");
    }
}

/// SIGTERM comes while a request is being answered.
fn a_request_outlives_sigterm_only_with_a_graceful_end(services: &Services) {
    for (name, completes) in [("is_cut", false), ("is_cut-mended", true)] {
        let (gate, address) = loopback();
        let mut service = services.start(name, ("GATE", address));
        let mut request = begin(&service, "GET /v1/report", "");
        // The handler waits at the gate: the request is being answered.
        let held: TcpStream = accept(&gate);
        service.terminate();
        if !completes {
            service.wait();
        }
        held.shutdown(Shutdown::Both).expect("opened");
        let answer = answer(&mut request);
        assert_eq!(answer.ends_with("done"), completes, "{name}: {answer:?}");
        let status = service.wait();
        assert_eq!(status.success(), completes, "{name} ends by itself, or is killed: {status}");
    }
}

/// What an orchestrator asks.
fn a_probe_is_answered_only_by_a_route(services: &Services) {
    for (name, status) in [("cannot_be_asked", "404"), ("cannot_be_asked-mended", "200")] {
        let service = services.start(name, ("NONE", String::new()));
        let answer = ask(&service, "GET /livez", "");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{name}: {answer}");
    }
}

/// The next service sees the id that the request came with.
fn a_request_id_reaches_the_next_service_only_if_it_is_passed_on(services: &Services) {
    for (name, seen) in [("loses_the_id", false), ("loses_the_id-mended", true)] {
        let (upstream, address) = loopback();
        let port = address.rsplit(':').next().unwrap_or_default().to_owned();
        let service = services.start(name, ("PRICES_PORT", port));
        let (tell, told) = channel();
        thread::spawn(move || tell.send(serve_once(&upstream)));
        let answer = ask(&service, "GET /v1/price", "x-request-id: 4711\r\n");
        assert!(answer.ends_with("7 euros"), "{name}: {answer}");
        let head = told.recv_timeout(PATIENCE).expect("it was asked").to_lowercase();
        assert_eq!(head.contains("x-request-id: 4711"), seen, "{name}: {head}");
    }
}

/// Answers one request; its head.
fn serve_once(upstream: &TcpListener) -> String {
    let mut asked = accept(upstream);
    let head = head_of(&mut asked);
    std::io::Write::write_all(&mut asked, b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n7 euros")
        .expect("written");
    head
}
