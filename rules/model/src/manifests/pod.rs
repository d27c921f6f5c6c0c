//! Pods and their containers.

use super::data::{
    ConfigUse, Container, ContainerPort, EnvVar, Mount, PreStop, Probe, ProbeAction, ProbeKind, Resources,
    Security, Spot, Volume,
};
use super::object::{between, number};
use super::value::{Kind, Value};
use crate::place::Tri;

/// The containers of a pod.
pub(super) struct Containers {
    pub(super) list: Vec<Container>,
    pub(super) complete: bool,
}

pub(super) fn containers(pod: &Value) -> Containers {
    let mut list = Vec::new();
    let mut complete = !pod.is_open();
    for (key, init) in [("initContainers", true), ("containers", false)] {
        let Some(all) = pod.get(key) else { continue };
        complete &= !all.is_open();
        list.extend(all.items().iter().filter_map(|c| container(c, init)));
    }
    // What the pod has as a whole, its containers share.
    if pod.get("resources").is_some() {
        list.iter_mut().for_each(|c| c.resources = Resources { at: c.resources.at, ..Resources::default() });
    }
    Containers { list, complete }
}

fn container(value: &Value, init: bool) -> Option<Container> {
    let name = value.get("name");
    let env = value.get("env");
    let from = value.get("envFrom");
    let sidecar = value.get("restartPolicy").and_then(Value::text) == Some("Always");
    let mounts = value.get("volumeMounts");
    let mount = |m: &Value| {
        Some(Mount {
            path: m.tri_spot("mountPath").present().cloned()?,
            volume: m.get("name")?.text().unwrap_or("").to_owned(),
            read_only: m.get("readOnly").and_then(Value::text) == Some("true"),
        })
    };
    let ports = value.get("ports");
    Some(Container {
        name: name.and_then(Value::text).unwrap_or("").to_owned(),
        block: value.block()?,
        name_at: value.name_at("name").unwrap_or(value.at),
        // A sidecar runs beside the others.
        init: init && !sidecar,
        image: value.tri_spot("image"),
        is_local: value.get("imagePullPolicy").and_then(Value::text) == Some("Never"),
        command: value.tri_texts("command"),
        args: value.tri_texts("args"),
        build: None,
        ports: ports.map_or(&[][..], Value::items).iter().map(port).collect(),
        ports_complete: !value.is_open() && !ports.is_some_and(Value::is_open),
        env: env.map_or(&[][..], Value::items).iter().filter_map(env_var).collect(),
        env_from: from.map_or(&[][..], Value::items).iter().flat_map(config_uses).collect(),
        env_complete: !value.is_open()
            && !env.is_some_and(Value::is_open)
            && !from.is_some_and(Value::is_open)
            && env
                .is_none_or(|e| e.items().iter().all(|i| i.get("name").is_some_and(|n| n.text().is_some()))),
        env_at: value.entry("env").map(|e| between(e.key_at, e.value.at)),
        probes: probes(value),
        probes_unknown: value.is_open(),
        resources: resources(value),
        security: security(value),
        pre_stop: pre_stop(value),
        lifecycle: value.get("lifecycle").and_then(Value::block),
        stop_signal: match value.tri_path(&["lifecycle", "stopSignal"]) {
            Tri::Present(signal) => signal.text().map_or(Tri::Unknown, |s| Tri::Present(s.to_owned())),
            Tri::Absent => Tri::Absent,
            Tri::Unknown => Tri::Unknown,
        },
        mounts: mounts.map_or(&[][..], Value::items).iter().filter_map(mount).collect(),
        mounts_complete: !value.is_open() && !mounts.is_some_and(Value::is_open),
        has_init: false,
    })
}

fn port(value: &Value) -> ContainerPort {
    ContainerPort {
        name: value.get("name").and_then(Value::text).map(str::to_owned),
        number: number(value.tri_spot("containerPort")),
        protocol: value.get("protocol").and_then(Value::text).unwrap_or("TCP").to_owned(),
        at: value.get("containerPort").map_or(value.at, |p| p.at),
    }
}

fn env_var(value: &Value) -> Option<EnvVar> {
    let name = value.get("name")?;
    let from = value.get("valueFrom");
    let key_ref = |secret: bool, key: &str| {
        let reference = from?.get(key)?;
        Some(ConfigUse {
            secret,
            object: reference.tri_text("name"),
            key: reference.get("key").and_then(Value::text).map(str::to_owned),
            prefix: String::new(),
            optional: reference.get("optional").is_some_and(|o| o.text() != Some("false")),
            at: reference.get("key").or_else(|| reference.get("name")).map_or(reference.at, |v| v.at),
        })
    };
    Some(EnvVar {
        name: name.text()?.to_owned(),
        value: match value.tri_text("value") {
            // `valueFrom`: there, but not to be read here.
            Tri::Absent if from.is_some() => Tri::Unknown,
            Tri::Absent => Tri::Present(String::new()),
            other => other,
        },
        from: key_ref(true, "secretKeyRef").or_else(|| key_ref(false, "configMapKeyRef")),
        at: name.at,
        value_at: value.get("value").or(from).map_or(name.at, |v| v.at),
    })
}

fn config_uses(value: &Value) -> Vec<ConfigUse> {
    let uses = [("configMapRef", false), ("secretRef", true)].into_iter().filter_map(|(key, secret)| {
        let reference = value.get(key)?;
        Some(ConfigUse {
            secret,
            object: reference.tri_text("name"),
            key: None,
            prefix: value.get("prefix").and_then(Value::text).unwrap_or("").to_owned(),
            optional: reference.get("optional").is_some_and(|o| o.text() != Some("false")),
            at: reference.get("name").map_or(reference.at, |n| n.at),
        })
    });
    uses.collect()
}

fn probes(container: &Value) -> Vec<Probe> {
    let kinds = [
        ("livenessProbe", ProbeKind::Liveness),
        ("readinessProbe", ProbeKind::Readiness),
        ("startupProbe", ProbeKind::Startup),
    ];
    let probe = |(key, kind): (&str, ProbeKind)| {
        let entry = container.entry(key)?;
        let value = &entry.value;
        if matches!(value.kind, Kind::Null) {
            return None;
        }
        Some(Probe {
            kind,
            action: action(value),
            initial_delay: seconds(value, "initialDelaySeconds", 0),
            period: seconds(value, "periodSeconds", 10),
            timeout: seconds(value, "timeoutSeconds", 1),
            failures: seconds(value, "failureThreshold", 3),
            failures_at: value.get("failureThreshold").map(|v| v.at),
            timeout_at: value.get("timeoutSeconds").map(|v| v.at),
            at: entry.key_at,
            block: value.block(),
        })
    };
    kinds.into_iter().filter_map(probe).collect()
}

fn action(probe: &Value) -> ProbeAction {
    if let Some(get) = probe.get("httpGet") {
        let name = |header: &Value| header.get("name")?.text().map(str::to_lowercase);
        let headers = match get.tri("httpHeaders") {
            Tri::Present(all) if !all.is_open() => {
                let names: Option<Vec<String>> = all.items().iter().map(name).collect();
                names.map_or(Tri::Unknown, Tri::Present)
            }
            Tri::Absent => Tri::Absent,
            _ => Tri::Unknown,
        };
        let here = |host: &Value| matches!(host.text(), Some("127.0.0.1" | "localhost"));
        let elsewhere = get.get("host").is_some_and(|host| !here(host));
        return ProbeAction::Http {
            path: get.tri_spot("path"),
            port: get.tri_spot("port"),
            headers,
            elsewhere,
        };
    }
    if let Some(socket) = probe.get("tcpSocket") {
        return ProbeAction::Tcp(socket.tri_spot("port"));
    }
    if let Some(grpc) = probe.get("grpc") {
        return ProbeAction::Grpc(grpc.tri_spot("port"));
    }
    match probe.get("exec") {
        Some(exec) => ProbeAction::Exec(exec.tri_texts("command")),
        None => ProbeAction::Unknown,
    }
}

fn seconds(value: &Value, key: &str, default: i64) -> Tri<i64> {
    match value.tri_number(key) {
        Tri::Present(spot) => Tri::Present(spot.value),
        Tri::Absent => Tri::Present(default),
        Tri::Unknown => Tri::Unknown,
    }
}

fn resources(container: &Value) -> Resources {
    let of = |side: &str, what: &str| match container.tri_path(&["resources", side, what]) {
        Tri::Present(value) => value.text().map_or(Tri::Unknown, |t| Tri::Present(t.to_owned())),
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    };
    Resources {
        cpu_request: of("requests", "cpu"),
        memory_request: of("requests", "memory"),
        cpu_limit: of("limits", "cpu"),
        memory_limit: of("limits", "memory"),
        at: container.get("resources").and_then(Value::block),
        requests_at: container.path(&["resources", "requests"]).and_then(Value::block),
        limits_at: container.path(&["resources", "limits"]).and_then(Value::block),
    }
}

/// The rights of a pod or container.
pub(super) fn security(value: &Value) -> Security {
    let context = match value.tri("securityContext") {
        Tri::Present(context) => context,
        Tri::Absent => return Security { at: None, ..absent() },
        Tri::Unknown => return Security::default(),
    };
    let dropped = match context.tri("capabilities") {
        Tri::Present(capabilities) => capabilities.tri_texts("drop"),
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    };
    Security {
        run_as_non_root: context.tri_bool("runAsNonRoot"),
        run_as_user: context.tri_number("runAsUser"),
        privileged: context.tri_bool("privileged"),
        privilege_escalation: context.tri_bool("allowPrivilegeEscalation"),
        read_only_root: context.tri_bool("readOnlyRootFilesystem"),
        dropped,
        at: context.block(),
    }
}

fn absent() -> Security {
    Security {
        run_as_non_root: Tri::Absent,
        run_as_user: Tri::Absent,
        privileged: Tri::Absent,
        privilege_escalation: Tri::Absent,
        read_only_root: Tri::Absent,
        dropped: Tri::Absent,
        at: None,
    }
}

fn pre_stop(container: &Value) -> Tri<PreStop> {
    let hook = match container.tri_path(&["lifecycle", "preStop"]) {
        Tri::Present(hook) => hook,
        Tri::Absent => return Tri::Absent,
        Tri::Unknown => return Tri::Unknown,
    };
    let sleep = hook.path(&["sleep", "seconds"]).and_then(Value::text).and_then(|t| t.parse().ok());
    let command = hook.path(&["exec", "command"]).map_or(&[][..], Value::items);
    let words: Vec<&str> = command.iter().filter_map(Value::text).flat_map(str::split_whitespace).collect();
    let slept = match words.as_slice() {
        ["sleep", n] | [_, "-c", "sleep", n] => n.trim_end_matches('s').parse().ok(),
        _ => None,
    };
    let signals = words.iter().any(|w| matches!(w.rsplit('/').next(), Some("kill" | "killall" | "pkill")));
    let seconds = sleep.or(slept).map_or(Tri::Unknown, Tri::Present);
    Tri::Present(PreStop { seconds, signals, at: hook.at })
}

/// Whether something keeps the pods on different nodes.
pub(super) fn spread(pod: &Value) -> Tri<()> {
    let constraints = pod.tri("topologySpreadConstraints");
    let affinity = pod.tri_path(&["affinity", "podAntiAffinity"]);
    match (constraints.is_absent(), affinity.is_absent()) {
        (true, true) => Tri::Absent,
        _ if constraints.present().is_some() || affinity.present().is_some() => Tri::Present(()),
        _ => Tri::Unknown,
    }
}

/// `hostNetwork` and its kin, where they are on.
pub(super) fn host_access(pod: &Value) -> Vec<Spot<String>> {
    let on = |key: &&str| pod.get(key).is_some_and(|v| v.text() == Some("true"));
    let keys = ["hostNetwork", "hostPID", "hostIPC"];
    keys.iter()
        .filter(|k| on(k))
        .filter_map(|key| {
            let entry = pod.entry(key)?;
            Some(Spot { value: (*key).to_owned(), at: between(entry.key_at, entry.value.at) })
        })
        .collect()
}

pub(super) fn volumes(pod: &Value) -> Vec<Volume> {
    let volume = |value: &Value| {
        let source = value.entries().iter().find(|e| e.key != "name");
        Volume {
            name: value.get("name").and_then(Value::text).unwrap_or("").to_owned(),
            kind: source.map(|e| e.key.clone()).unwrap_or_default(),
            host_path: value.path(&["hostPath", "path"]).and_then(Value::text).map(str::to_owned),
            at: value.at,
        }
    };
    pod.get("volumes").map_or(&[][..], Value::items).iter().map(volume).collect()
}
