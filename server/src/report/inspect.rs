//! What svclint sees, for people and (as JSON, version 1) for scripts.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use svclint_engine::Report;
use svclint_model::{Client, Coverage, Limit, Place, Protocol, Service, Share, Tri};

use super::style::{self, paint};
use super::{Range, count, shown};

#[derive(Serialize)]
pub(crate) struct Inspected {
    version: u32,
    services: Vec<SeenService>,
    coverage: Coverage,
}

#[derive(Serialize)]
struct SeenService {
    name: String,
    #[serde(rename = "crate")]
    package: String,
    binaries: Vec<String>,
    listeners: Vec<SeenListener>,
    routes: Vec<SeenRoute>,
    routes_complete: bool,
    correlation_in: Option<SeenPlace>,
    clients: Vec<SeenClient>,
}

#[derive(Serialize)]
struct SeenListener {
    protocol: Protocol,
    framework: String,
    address: Option<String>,
    at: Option<SeenPlace>,
}

#[derive(Serialize)]
struct SeenRoute {
    method: String,
    path: String,
    handler: String,
    /// Where the handler is; where the route is written, if the handler is not known.
    at: Option<SeenPlace>,
    complete: bool,
}

#[derive(Serialize)]
struct SeenClient {
    kind: Protocol,
    library: String,
    constructed_at: Option<SeenPlace>,
    limits: BTreeMap<Limit, Tri<String>>,
    used_in: Vec<SeenUse>,
}

#[derive(Serialize)]
struct SeenUse {
    method: Option<String>,
    url: Option<String>,
    function: String,
    at: Option<SeenPlace>,
}

#[derive(Serialize)]
struct SeenPlace {
    path: String,
    range: Range,
}

impl Inspected {
    pub(crate) fn of(report: &Report) -> Inspected {
        let services = report.model.services.iter().map(|s| service(report, s)).collect();
        Inspected { version: 1, services, coverage: report.model.coverage }
    }
}

fn place(report: &Report, place: Place) -> Option<SeenPlace> {
    report
        .file(place.file)
        .map(|file| SeenPlace { path: shown(&file.path), range: Range::of(&file, place.span) })
}

fn service(report: &Report, service: &Service) -> SeenService {
    let model = &report.model;
    let listeners = service.listeners.iter().map(|l| SeenListener {
        protocol: l.protocol,
        framework: l.framework.clone(),
        address: l.address.present().cloned(),
        at: place(report, l.at),
    });
    let routes = service.routes.iter().map(|r| SeenRoute {
        method: r.method.clone(),
        path: r.path.clone(),
        handler: r.handler.map_or_else(|| r.handler_text.clone(), |f| model.function(f).path.clone()),
        at: place(report, r.handler.map_or(r.at, |f| model.function(f).name)),
        complete: r.complete,
    });
    let runs = |client: &&Client| {
        client
            .in_fn
            .map_or(client.package == service.package, |f| service.functions.binary_search(&f).is_ok())
    };
    SeenService {
        name: service.name.clone(),
        package: model.packages.get(service.package as usize).map(|p| p.name.clone()).unwrap_or_default(),
        binaries: vec![service.binary.clone()],
        listeners: listeners.collect(),
        routes: routes.collect(),
        routes_complete: service.routes_complete,
        correlation_in: service.correlation_in.and_then(|p| place(report, p)),
        clients: model.clients.iter().filter(runs).map(|c| client(report, c)).collect(),
    }
}

fn client(report: &Report, client: &Client) -> SeenClient {
    let model = &report.model;
    let requests = client.used_in.iter().filter_map(|n| model.requests.get(*n as usize));
    let used_in = requests.map(|r| SeenUse {
        method: r.method.present().cloned(),
        url: r.url.present().cloned(),
        function: model.function(r.in_fn).path.clone(),
        at: place(report, r.at),
    });
    SeenClient {
        kind: client.protocol,
        library: client.library.clone(),
        constructed_at: place(report, client.built.at),
        limits: client.limits.clone(),
        used_in: used_in.collect(),
    }
}

pub(crate) fn print(out: &mut impl Write, seen: &Inspected) -> anyhow::Result<()> {
    let at = |place: &Option<SeenPlace>| {
        place.as_ref().map_or_else(String::new, |p| format!("{}:{}", p.path, p.range.start.line))
    };
    for service in &seen.services {
        let same = service.name == service.package;
        let package = if same { String::new() } else { format!("  in {}", service.package) };
        writeln!(out, "{}{}", paint(style::STRONG, &service.name), paint(style::FAINT, package))?;
        for l in &service.listeners {
            let protocol = if l.protocol == Protocol::Grpc { "gRPC" } else { "HTTP" };
            let address = l.address.as_deref().unwrap_or("address not known");
            writeln!(
                out,
                "  listens  {protocol} · {} · {address}  {}",
                l.framework,
                paint(style::FAINT, at(&l.at))
            )?;
        }
        let width = service.routes.iter().map(|r| r.path.chars().count()).max().unwrap_or(0).min(48);
        for r in &service.routes {
            let mark = if r.complete { " " } else { "?" };
            let handler = r.handler.rsplit("::").next().unwrap_or(&r.handler);
            writeln!(
                out,
                "  {mark} {:<7} {:<width$}  {handler}  {}",
                r.method,
                r.path,
                paint(style::FAINT, at(&r.at))
            )?;
        }
        if !service.routes_complete {
            writeln!(out, "  {}", paint(style::FAINT, "some routes could not be followed"))?;
        }
        for c in &service.clients {
            let limits: Vec<String> = c.limits.iter().map(limit).collect();
            let uses =
                if c.used_in.is_empty() { "no use seen".into() } else { count(c.used_in.len(), "request") };
            writeln!(
                out,
                "  calls    {} · {} · {uses}  {}",
                c.library,
                limits.join(", "),
                paint(style::FAINT, at(&c.constructed_at))
            )?;
        }
        writeln!(out)?;
    }
    if seen.services.is_empty() {
        writeln!(
            out,
            "no service found: no binary here serves HTTP or gRPC with a library that svclint knows\n"
        )?;
    }
    let c = &seen.coverage;
    let parts = [
        ("paths", c.paths),
        ("receivers", c.method_calls),
        ("those that matter", c.receivers),
        ("routes", c.routes),
        ("clients", c.clients),
    ];
    let parts: Vec<String> = parts.iter().map(|(name, s)| format!("{name} {}", percent(*s))).collect();
    writeln!(out, "{}", paint(style::FAINT, format!("seen: {}", parts.join(" · "))))?;
    Ok(())
}

fn limit((limit, value): (&Limit, &Tri<String>)) -> String {
    let name =
        serde_json::to_value(limit).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    match value {
        Tri::Present(text) => format!("{name} {text}"),
        Tri::Absent => format!("no {name} limit"),
        Tri::Unknown => format!("{name} not known"),
    }
}

fn percent(share: Share) -> String {
    if share.total == 0 {
        "none".into()
    } else {
        format!("{:.0} % of {}", 100.0 * share.known as f64 / share.total as f64, share.total)
    }
}
