//! Compose files that are made of several: services that extend others, files of variables, overrides.

use crate::support::{check, found};
use svclint_engine::Report;
use svclint_model::{Container, Tri};

fn container<'r>(report: &'r Report, service: &str) -> &'r Container {
    let workload = report.model.manifests.workloads.iter().find(|w| w.name == service);
    &workload.expect("the service is read").containers[0]
}

/// The variables in their order: of two of one name the later one counts.
fn variables(container: &Container) -> Vec<String> {
    let text = |value: &Tri<String>| value.present().cloned().unwrap_or_else(|| "?".to_owned());
    container.env.iter().map(|v| format!("{}={}", v.name, text(&v.value))).collect()
}

#[test]
fn services_have_what_they_extend() {
    let base = "//- base/common.yaml
services:
  rust:
    image: registry/base:1.0.0
    healthcheck: { test: [CMD, /healthcheck] }
    environment: { RUST_LOG: info, PORT: \"80\" }
    ports: [\"8080:8080\"]
";
    let own = "//- compose.yaml
services:
  orders:
    extends: { file: base/common.yaml, service: rust }
    image: registry/orders:1.4.0
    environment: { PORT: \"8080\" }
    ports: [\"9090:9090\"]
";
    let report = check(&format!("{base}{own}"));
    let orders = container(&report, "orders");
    assert!(matches!(&orders.image, Tri::Present(image) if image.value == "registry/orders:1.4.0"));
    assert_eq!(variables(orders), ["RUST_LOG=info", "PORT=8080"]);
    assert!(orders.env_complete && !orders.probes_unknown);
    assert_eq!(orders.probes.len(), 1);
    assert_eq!(orders.ports.len(), 2);
    // Another file that is not here may say anything.
    let report = check(own);
    let orders = container(&report, "orders");
    assert!(!orders.env_complete && orders.probes_unknown && !orders.ports_complete);
}

#[test]
fn services_of_one_file_extend_each_other_and_never_in_a_circle() {
    let chain = "//- compose.yaml
services:
  a: { image: \"registry/a:1.0.0\", environment: { A: \"1\" } }
  b: { extends: a, environment: { B: \"2\" } }
  c: { extends: { service: b }, environment: { A: \"3\" } }
";
    let report = check(chain);
    assert_eq!(variables(container(&report, "c")), ["A=3", "B=2"]);
    assert!(container(&report, "c").env_complete);
    let circle = chain.replace("a: { image: \"registry/a:1.0.0\",", "a: { extends: c,");
    assert!(!container(&check(&circle), "c").env_complete);
}

/// What a service says itself goes before its files, and the last file before the others.
#[test]
fn files_of_variables() {
    let text = "//- compose.yaml
services:
  orders:
    image: registry/orders:1.4.0
    env_file: [common.env, own.env]
    environment: [PORT=8080]
//- common.env
PORT=80
LOG=info
//- own.env
LOG=debug
";
    let report = check(text);
    let orders = container(&report, "orders");
    assert_eq!(variables(orders), ["PORT=80", "LOG=info", "LOG=debug", "PORT=8080"]);
    assert!(orders.env_complete);
    let missing = check(&text.replace("//- own.env", "//- other.env"));
    assert!(!container(&missing, "orders").env_complete);
}

/// Started only when it is asked for, but then like the others.
#[test]
fn services_with_a_profile() {
    let text = "//- compose.yaml
services:
  db: { image: \"postgres:16\", healthcheck: { test: [CMD, pg_isready] } }
  seed:
    image: registry/seed:1.0.0
    profiles: [tools]
    depends_on: [db]
";
    assert_eq!(found(&check(text)), ["compose.yaml:6 compose-depends-on-unhealthy"]);
}

/// Parts of services beside the plain file are put over it, and what only such a part gives is not missing in the plain file.
#[test]
fn parts_that_are_put_over_the_plain_file() {
    let base = "//- docker-compose.yml
services:
  orders:
    image: registry/orders:1.4.0
    command: [serve, --port, \"80\"]
    environment: { PORT: \"8080\" }
";
    let part = "//- docker-compose.prod.yml
services:
  orders:
    command: [serve]
    environment: { DATABASE_URL: \"postgres://db\" }
";
    let report = check(&format!("{base}{part}"));
    let of_file = |name: &str| {
        let workloads = &report.model.manifests.workloads;
        let read = workloads.iter().filter(|w| w.environment.path.ends_with(name));
        read.map(|w| &w.containers[0]).next().expect("the file is read")
    };
    let prod = of_file("prod.yml");
    assert_eq!(variables(prod), ["PORT=8080", "DATABASE_URL=postgres://db"]);
    assert_eq!(prod.args.present().map(Vec::len), Some(1), "words to run are not appended");
    assert_eq!(variables(of_file("docker-compose.yml")), ["PORT=8080", "DATABASE_URL=?"]);
}

/// Whether a file whose services are whole stands for itself cannot be said: what only the plain one gives may be there.
#[test]
fn whole_files_beside_the_plain_one() {
    let text = "//- compose.yaml
services:
  orders: { image: \"registry/orders:1.4.0\", environment: { PORT: \"8080\" }, healthcheck: { test: [CMD, /check] } }
//- compose.dev.yaml
services:
  orders: { build: ., environment: [\"LOG=debug\"] }
";
    let report = check(text);
    let workloads = &report.model.manifests.workloads;
    let dev = workloads.iter().find(|w| w.environment.path.ends_with("dev.yaml")).expect("it is read");
    assert!(!dev.containers[0].env_complete, "the list may go over the mapping");
    let plain = workloads.iter().find(|w| w.environment.path.ends_with("compose.yaml")).expect("it is read");
    assert!(plain.containers[0].env_complete, "the plain file stands for itself");
    assert_eq!(plain.containers[0].probes.len(), 1);
}

/// `!reset` takes away what the file below says, `!override` stands instead of it.
#[test]
fn overrides_may_take_away_or_stand_instead() {
    let base = "//- compose.yaml
services:
  db: { image: \"postgres:16\", healthcheck: { test: [CMD, pg_isready] } }
  shop: { image: \"registry/shop:1.4.0\", depends_on: [db], environment: { A: 1, B: 2 }, ports: [\"80:80\"] }
";
    let over =
        |lines: &str| check(&format!("{base}//- compose.override.yaml\nservices:\n  shop: {{ {lines} }}\n"));
    let waits = |report: &Report| found(report).iter().any(|f| f.ends_with("compose-depends-on-unhealthy"));
    assert!(waits(&over("ports: [\"81:81\"]")));
    assert!(!waits(&over("depends_on: !reset []")));
    assert!(!waits(&over("depends_on: !reset null")));
    let instead = over("environment: !override { C: 3 }, ports: !override [\"82:82\"]");
    assert_eq!(variables(container(&instead, "shop")), ["C=3"]);
    let ports: Vec<_> = container(&instead, "shop").ports.iter().map(|p| p.number).collect();
    assert_eq!(ports, [Tri::Present(82)]);
}
