//! Compose files.

mod layers;
mod mounts;

use std::path::Path;

use mounts::{mounts, volumes};

use super::data::{
    Build, ConfigUse, Container, ContainerPort, Dependency, EnvVar, Environment, Labels, Probe, ProbeAction,
    ProbeKind, Resources, Security, Spot, Workload,
};
use super::object::between;
use super::value::{Entry, Kind, Value};
use crate::packages::normal_path;
use crate::place::Tri;

pub(super) use layers::{is_compose, whole};

/// The variables of the `.env` file at a path.
type EnvFiles<'a> = &'a dyn Fn(&Path) -> Option<Vec<(String, String)>>;

/// The compose file at a path.
type Files<'a> = &'a dyn Fn(&Path) -> Option<Value>;

/// How many services extend each other.
const EXTENDED: u32 = 8;

/// The services of a compose file. `variables` are those of the `.env` beside it.
pub(super) fn read(
    root: &Value,
    path: &Path,
    environment: &Environment,
    env_files: EnvFiles<'_>,
    files: Files<'_>,
) -> Vec<Workload> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let reader = Reader {
        folder,
        environment,
        env_files,
        files,
        variables: env_files(&folder.join(".env")).unwrap_or_default(),
        all: root.get("services"),
    };
    let services = root.get("services").map_or(&[][..], Value::entries);
    services.iter().filter_map(|entry| reader.service(entry)).collect()
}

struct Reader<'a> {
    folder: &'a Path,
    environment: &'a Environment,
    env_files: EnvFiles<'a>,
    files: Files<'a>,
    variables: Vec<(String, String)>,
    all: Option<&'a Value>,
}

impl Reader<'_> {
    /// A service with what it has from the one that it extends, and whether that one is here.
    fn whole(&self, value: &Value, from: Option<&Value>, depth: u32) -> (Value, bool) {
        let Some(extends) = value.get("extends") else { return (value.clone(), true) };
        let name = extends.text().or_else(|| extends.get("service")?.text());
        let other = extends
            .get("file")
            .map(|f| f.text().and_then(|f| (self.files)(&normal_path(&self.folder.join(f)))));
        let services = match &other {
            Some(file) => file.as_ref().and_then(|f| f.get("services")),
            None => from,
        };
        let base = name.and_then(|name| services?.get(name)).filter(|_| depth < EXTENDED);
        let Some(base) = base else { return (value.clone(), false) };
        let (mut whole, is_whole) = self.whole(base, services, depth + 1);
        whole.overlay(value);
        (whole, is_whole)
    }

    fn service(&self, entry: &Entry) -> Option<Workload> {
        let (whole, is_whole) = self.whole(&entry.value, self.all, 0);
        let value = &whole;
        let block = entry.value.block()?;
        let get = |key: &str| value.get(key);
        let tri = |key: &str| match value.tri(key) {
            Tri::Absent if !is_whole => Tri::Unknown,
            other => other,
        };
        let (env, env_complete) = self.env(value);
        let (mounts, mounts_complete) = mounts(value);
        let ports = get("ports").map_or(&[][..], Value::items);
        let exposed = get("expose").map_or(&[][..], Value::items);
        let container = Container {
            name: entry.key.clone(),
            block,
            name_at: entry.key_at,
            init: false,
            image: self.spot(tri("image")),
            is_local: false,
            command: self.words(tri("entrypoint")),
            args: self.words(tri("command")),
            build: get("build").and_then(|b| self.build(b)),
            ports: ports
                .iter()
                .filter_map(|p| self.port(p))
                .chain(exposed.iter().filter_map(|p| self.port(p)))
                .collect(),
            ports_complete: is_whole && !value.is_open(),
            env,
            env_from: Vec::new(),
            env_complete: env_complete && is_whole,
            env_at: value.entry("environment").map(|e| between(e.key_at, e.value.at)),
            probes: value.entry("healthcheck").and_then(probe).into_iter().collect(),
            probes_unknown: !is_whole || value.is_open(),
            resources: resources(&tri("deploy")),
            security: security(&tri),
            pre_stop: Tri::Absent,
            lifecycle: None,
            stop_signal: match self.spot(tri("stop_signal")) {
                Tri::Present(signal) => Tri::Present(signal.value),
                Tri::Absent => Tri::Absent,
                Tri::Unknown => Tri::Unknown,
            },
            mounts,
            mounts_complete: mounts_complete && is_whole,
            has_init: get("init").is_some_and(|i| i.text() == Some("true")),
        };
        Some(Workload {
            kind: Tri::Present("compose".to_owned()),
            shown: entry.key.clone(),
            name: entry.key.clone(),
            namespace: Tri::Absent,
            environment: self.environment.clone(),
            name_at: entry.key_at,
            at: between(entry.key_at, entry.value.at),
            labels: Labels::default(),
            replicas: match tri("deploy") {
                Tri::Present(deploy) => deploy.tri_number("replicas"),
                Tri::Absent => Tri::Absent,
                Tri::Unknown => Tri::Unknown,
            },
            grace: duration(tri("stop_grace_period")),
            pod: block,
            spec: None,
            security: Security::default(),
            host_access: host_access(value),
            volumes: volumes(value),
            volumes_complete: is_whole && !value.is_open(),
            containers: vec![container],
            containers_complete: true,
            spread: Tri::Unknown,
            depends_on: value.entry("depends_on").map(depends_on).unwrap_or_default(),
            profiles: get("profiles").map(texts).unwrap_or_default(),
            annotations: Labels::default(),
        })
    }

    /// A text with what it takes from the environment put in, where that is known.
    fn resolved(&self, text: &str) -> Option<String> {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
                continue;
            }
            let (name, fallback, after) = match rest.strip_prefix('{') {
                Some(inside) => {
                    let end = inside.find('}')?;
                    let (name, fallback) = match inside[..end].split_once([':', '-', '?']) {
                        Some((name, default)) if !inside[..end].contains('?') => {
                            (name, Some(default.trim_start_matches('-')))
                        }
                        Some((name, _)) => (name, None),
                        None => (&inside[..end], None),
                    };
                    (name, fallback, &inside[end + 1..])
                }
                None => {
                    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                    (&rest[..end], None, &rest[end..])
                }
            };
            let known = self.variables.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
            let value = known.or(fallback)?;
            out.push_str(&if value.contains('$') { self.resolved_again(value)? } else { value.to_owned() });
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }

    /// A value that names others: one step, so that a circle ends.
    fn resolved_again(&self, value: &str) -> Option<String> {
        let plain: Vec<(String, String)> =
            self.variables.iter().filter(|(_, v)| !v.contains('$')).cloned().collect();
        Reader { variables: plain, ..Reader { variables: Vec::new(), ..*self } }.resolved(value)
    }

    fn spot(&self, value: Tri<&Value>) -> Tri<Spot<String>> {
        match value {
            Tri::Present(value) => match value.text().and_then(|t| self.resolved(t)) {
                Some(text) => Tri::Present(Spot { value: text, at: value.at }),
                None => Tri::Unknown,
            },
            Tri::Absent => Tri::Absent,
            Tri::Unknown => Tri::Unknown,
        }
    }

    fn words(&self, value: Tri<&Value>) -> Tri<Vec<String>> {
        match value {
            Tri::Present(value) => {
                let words: Option<Vec<String>> = match &value.kind {
                    Kind::Text(text) => {
                        self.resolved(text).map(|t| t.split_whitespace().map(str::to_owned).collect())
                    }
                    Kind::Seq { items, open: false } => {
                        items.iter().map(|i| self.resolved(i.text()?)).collect()
                    }
                    _ => None,
                };
                words.map_or(Tri::Unknown, Tri::Present)
            }
            Tri::Absent => Tri::Absent,
            Tri::Unknown => Tri::Unknown,
        }
    }

    fn build(&self, value: &Value) -> Option<Build> {
        let context = match &value.kind {
            Kind::Text(text) => text.clone(),
            _ => value.get("context").and_then(Value::text).unwrap_or(".").to_owned(),
        };
        let context = normal_path(&self.folder.join(self.resolved(&context)?));
        let dockerfile = value.get("dockerfile").and_then(Value::text).unwrap_or("Dockerfile");
        let dockerfile = normal_path(&context.join(self.resolved(dockerfile)?));
        Some(Build {
            context: context.display().to_string(),
            dockerfile: dockerfile.display().to_string(),
            target: value.get("target").and_then(Value::text).map(str::to_owned),
            at: value.at,
        })
    }

    /// `"8080:80"`, `"127.0.0.1:8080:80/tcp"`, `80`, `{ target: 80 }`
    fn port(&self, value: &Value) -> Option<ContainerPort> {
        let target = value.get("target").unwrap_or(value);
        let text = self.resolved(target.text()?);
        let (number, protocol) = match &text {
            Some(text) => {
                let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
                let last = ports.rsplit(':').next().unwrap_or(ports);
                (last.parse().map_or(Tri::Unknown, Tri::Present), protocol.to_uppercase())
            }
            None => (Tri::Unknown, "TCP".to_owned()),
        };
        Some(ContainerPort { name: None, number, protocol, at: target.at })
    }

    fn env(&self, service: &Value) -> (Vec<EnvVar>, bool) {
        let mut found: Vec<EnvVar> = Vec::new();
        let mut complete = !service.is_open();
        if let Some(files) = service.get("env_file") {
            let one = std::slice::from_ref(files);
            let list = if files.items().is_empty() { one } else { files.items() };
            for file in list {
                let path = file.text().or_else(|| file.get("path")?.text());
                let read =
                    path.and_then(|p| (self.env_files)(&normal_path(&self.folder.join(self.resolved(p)?))));
                complete &= read.is_some();
                for (name, value) in read.unwrap_or_default() {
                    found.push(EnvVar {
                        name,
                        value: Tri::Present(value),
                        from: None,
                        at: file.at,
                        value_at: file.at,
                    });
                }
            }
        }
        // What is written out goes before what files say.
        if let Some(all) = service.get("environment") {
            complete &= !all.is_open();
            let pairs = all.entries().iter().map(|e| (e.key.clone(), Some(&e.value), e.key_at));
            for (name, value, at) in pairs {
                found.push(self.variable(name, value.and_then(Value::text), at, value.map_or(at, |v| v.at)));
            }
            for item in all.items() {
                let Some(text) = item.text() else { continue };
                let (name, value) = text.split_once('=').map_or((text, None), |(n, v)| (n, Some(v)));
                found.push(self.variable(name.to_owned(), value, item.at, item.at));
            }
        }
        (found, complete)
    }

    fn variable(
        &self,
        name: String,
        value: Option<&str>,
        at: crate::Place,
        value_at: crate::Place,
    ) -> EnvVar {
        // Without a value it is taken from the shell that runs compose.
        let value = value.and_then(|v| self.resolved(v)).map_or(Tri::Unknown, Tri::Present);
        EnvVar { name, value, from: None::<ConfigUse>, at, value_at }
    }
}

fn probe(entry: &Entry) -> Option<Probe> {
    let value = &entry.value;
    if value.get("disable").is_some_and(|d| d.text() == Some("true")) {
        return None;
    }
    let test = value.get("test")?;
    let words: Option<Vec<String>> = match &test.kind {
        Kind::Text(text) => Some(vec!["CMD-SHELL".to_owned(), text.clone()]),
        Kind::Seq { items, .. } => items.iter().map(|i| i.text().map(str::to_owned)).collect(),
        _ => None,
    };
    let seconds = |key: &str, default: i64| match duration(value.tri(key)) {
        Tri::Present(spot) => Tri::Present(spot.value),
        Tri::Absent => Tri::Present(default),
        Tri::Unknown => Tri::Unknown,
    };
    if words.as_ref().is_some_and(|w| w.first().is_some_and(|w| w == "NONE")) {
        return None;
    }
    Some(Probe {
        kind: ProbeKind::Health,
        action: ProbeAction::Exec(words.map_or(Tri::Unknown, Tri::Present)),
        initial_delay: seconds("start_period", 0),
        period: seconds("interval", 30),
        timeout: seconds("timeout", 30),
        failures: match value.tri_number("retries") {
            Tri::Present(spot) => Tri::Present(spot.value),
            Tri::Absent => Tri::Present(3),
            Tri::Unknown => Tri::Unknown,
        },
        failures_at: value.get("retries").map(|v| v.at),
        timeout_at: value.get("timeout").map(|v| v.at),
        at: entry.key_at,
        block: value.block(),
    })
}

/// `1m30s`, in seconds.
fn duration(value: Tri<&Value>) -> Tri<Spot<i64>> {
    match value {
        Tri::Present(value) => match value.text().and_then(seconds) {
            Some(seconds) => Tri::Present(Spot { value: seconds, at: value.at }),
            None => Tri::Unknown,
        },
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    }
}

fn seconds(text: &str) -> Option<i64> {
    let mut total = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |n| digits + n);
        total += number
            * match &rest[digits..unit_end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                "us" => 0.000_001,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    Some(total as i64)
}

fn resources(deploy: &Tri<&Value>) -> Resources {
    let of = |side: &str, what: &str| match deploy {
        Tri::Present(deploy) => match deploy.tri_path(&["resources", side, what]) {
            Tri::Present(value) => value.text().map_or(Tri::Unknown, |t| Tri::Present(t.to_owned())),
            Tri::Absent => Tri::Absent,
            Tri::Unknown => Tri::Unknown,
        },
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    };
    Resources {
        cpu_request: of("reservations", "cpus"),
        memory_request: of("reservations", "memory"),
        cpu_limit: of("limits", "cpus"),
        memory_limit: of("limits", "memory"),
        ..Resources::default()
    }
}

fn security<'v>(tri: &dyn Fn(&str) -> Tri<&'v Value>) -> Security {
    let privileged = match tri("privileged") {
        Tri::Present(value) => match value.text().and_then(|t| t.parse().ok()) {
            Some(on) => Tri::Present(Spot { value: on, at: value.at }),
            None => Tri::Unknown,
        },
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    };
    let run_as_user = match tri("user") {
        Tri::Present(value) => {
            user(value).map_or(Tri::Unknown, |user| Tri::Present(Spot { value: user, at: value.at }))
        }
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    };
    Security { privileged, run_as_user, ..Security::default() }
}

/// The number in `user: "10001:10001"`; other names than root's have numbers that only the image knows.
fn user(value: &Value) -> Option<i64> {
    let name = value.text()?.split(':').next()?;
    if name == "root" { Some(0) } else { name.parse().ok() }
}

fn host_access(service: &Value) -> Vec<Spot<String>> {
    let spot = |key: &&str| {
        let entry = service.entry(key)?;
        let text = entry.value.text()?;
        // The network of another container is as much shared as the host's.
        let is_shared = text == "host" || *key == "network_mode" && text.contains(':');
        is_shared.then(|| Spot { value: format!("{key}: {text}"), at: between(entry.key_at, entry.value.at) })
    };
    ["network_mode", "pid", "ipc"].iter().filter_map(spot).collect()
}

/// The texts of a list.
fn texts(list: &Value) -> Vec<String> {
    list.items().iter().filter_map(|item| item.text().map(str::to_owned)).collect()
}

fn depends_on(entry: &Entry) -> Vec<Dependency> {
    let all_at = between(entry.key_at, entry.value.at);
    let short = entry.value.items().iter().filter_map(|item| {
        Some(Dependency { service: item.text()?.to_owned(), condition: None, at: item.at, all_at })
    });
    let long = entry.value.entries().iter().map(|e| Dependency {
        service: e.key.clone(),
        condition: e.value.get("condition").and_then(Value::text).map(str::to_owned),
        at: e.key_at,
        all_at,
    });
    short.chain(long).collect()
}
