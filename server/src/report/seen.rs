//! What svclint sees, for people.

use std::collections::BTreeMap;
use std::io::Write;

use svclint_model::{EffectKind, Limit, Protocol, Share, SqlKind, Tri};

use super::count;
use super::inspect::{Inspected, SeenClient, SeenPlace, SeenRoute, SeenService};
use super::style::{self, paint};

/// How wide the column of paths may be.
const PATH_WIDTH: usize = 48;

pub(crate) fn print(out: &mut impl Write, seen: &Inspected) -> anyhow::Result<()> {
    for service in &seen.services {
        print_service(out, service)?;
        writeln!(out)?;
    }
    if seen.services.is_empty() {
        writeln!(
            out,
            "no service found: no binary here serves HTTP or gRPC with a library that svclint knows\n"
        )?;
    }
    super::seen_manifests::print(out, &seen.workloads)?;
    let c = &seen.coverage;
    let parts = [
        ("paths", c.paths),
        ("receivers", c.method_calls),
        ("those that matter", c.receivers),
        ("routes", c.routes),
        ("clients", c.clients),
    ];
    let mut parts: Vec<String> = parts.iter().map(|(name, s)| format!("{name} {}", percent(*s))).collect();
    if c.routes_behind_prefix > 0 {
        parts[3] += &format!(" (and {} behind a prefix set at run time)", c.routes_behind_prefix);
    }
    writeln!(out, "{}", paint(style::FAINT, format!("seen: {}", parts.join(" · "))))?;
    Ok(())
}

pub(super) fn at(place: &Option<SeenPlace>) -> String {
    let text = place.as_ref().map_or_else(String::new, |p| format!("{}:{}", p.path, p.range.start_line()));
    paint(style::FAINT, text)
}

fn print_service(out: &mut impl Write, service: &SeenService) -> anyhow::Result<()> {
    let same = service.name == service.package;
    let package = if same { String::new() } else { format!("  in {}", service.package) };
    writeln!(out, "{}{}", paint(style::STRONG, &service.name), paint(style::FAINT, package))?;
    for l in &service.listeners {
        let protocol = protocol(l.protocol);
        let address = l.address.as_deref().unwrap_or("address not known");
        let end = match l.ends_gracefully {
            Some(true) => " · ends gracefully",
            Some(false) => " · no graceful end",
            None => "",
        };
        writeln!(out, "  listens    {protocol} · {} · {address}{end}  {}", l.framework, at(&l.at))?;
    }
    print_routes(out, service)?;
    for c in &service.clients {
        let uses =
            if c.used_in.is_empty() { "no use seen".into() } else { count(c.used_in.len(), "request") };
        writeln!(
            out,
            "  calls      {} · {} · {uses}  {}",
            c.library,
            limits(&c.limits),
            at(&c.constructed_at)
        )?;
    }
    for c in &service.stores {
        print_store(out, c)?;
    }
    for (table, kinds) in &service.tables {
        let kinds: Vec<&str> = kinds.iter().map(|k| sql(*k)).collect();
        writeln!(out, "  table      {table} · {}", kinds.join(", "))?;
    }
    for t in &service.topics {
        let name = t.name.as_deref().unwrap_or("topic not known");
        writeln!(out, "  {:<10} {name}  {}", t.direction, at(&t.at))?;
    }
    for t in &service.tasks {
        let function = t.function.rsplit("::").next().unwrap_or(&t.function);
        writeln!(out, "  task       in {function}  {}", at(&t.at))?;
    }
    for c in &service.channels {
        let capacity = match &c.capacity {
            Tri::Present(n) => format!("holds {n}"),
            Tri::Absent => "unbounded".into(),
            Tri::Unknown => "capacity not known".into(),
        };
        writeln!(out, "  channel    {capacity}  {}", at(&c.at))?;
    }
    for p in &service.retries {
        writeln!(out, "  retries    {} · {}  {}", p.library, limits(&p.limits), at(&p.at))?;
    }
    for s in &service.settings {
        let name = match (&s.name, s.prefixed) {
            (Some(name), true) => format!("{name}*"),
            (Some(name), false) => name.clone(),
            (None, _) => "name not known".into(),
        };
        let default = match &s.default {
            Tri::Present(text) => format!(" · else {text:?}"),
            Tri::Absent | Tri::Unknown => String::new(),
        };
        writeln!(out, "  reads      {name}{default}  {}", at(&s.at))?;
    }
    Ok(())
}

fn print_routes(out: &mut impl Write, service: &SeenService) -> anyhow::Result<()> {
    let width = service.routes.iter().map(|r| r.path.chars().count()).max().unwrap_or(0).min(PATH_WIDTH);
    for r in &service.routes {
        let mark = if r.complete { " " } else { "?" };
        let handler = r.handler.rsplit("::").next().unwrap_or(&r.handler);
        let path = &r.path;
        writeln!(out, "  {mark} {:<8} {path:<width$}  {handler}{}  {}", r.method, around(r), at(&r.at))?;
    }
    if !service.routes_complete {
        writeln!(out, "  {}", paint(style::FAINT, "some routes could not be followed"))?;
    }
    Ok(())
}

/// What stands around a handler, and what it does.
fn around(route: &SeenRoute) -> String {
    let mut parts = Vec::new();
    let named = route.layers.iter().filter(|l| !l.name.is_empty());
    let layers: Vec<String> =
        named.map(|l| format!("{}{}", l.name, if l.certain { "" } else { "?" })).collect();
    if !layers.is_empty() {
        parts.push(format!("behind {}", layers.join(", ")));
    }
    let mut effects: Vec<&str> = route.effects.iter().filter_map(|e| effect(e.kind)).collect();
    effects.dedup();
    if !effects.is_empty() {
        parts.push(effects.join(", "));
    }
    if parts.is_empty() { String::new() } else { format!(" · {}", parts.join(" · ")) }
}

fn print_store(out: &mut impl Write, store: &SeenClient) -> anyhow::Result<()> {
    let library = &store.library;
    let limits = limits(&store.limits);
    let kind = if store.kind == Protocol::Messaging { "broker" } else { "store" };
    writeln!(out, "  {kind:<10} {library} · {limits}  {}", at(&store.constructed_at))?;
    for (name, value) in &store.options {
        let value = value.present().map_or("not known", String::as_str);
        writeln!(out, "  {:<10} {}", "", paint(style::FAINT, format!("{name} = {value}")))?;
    }
    Ok(())
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Grpc => "gRPC",
        _ => "HTTP",
    }
}

fn sql(kind: SqlKind) -> &'static str {
    match kind {
        SqlKind::Select => "select",
        SqlKind::Insert => "insert",
        SqlKind::Upsert => "upsert",
        SqlKind::Update => "update",
        SqlKind::Increment => "increment",
        SqlKind::Delete => "delete",
        SqlKind::Other => "other",
    }
}

/// The word for an effect; nothing for what is of little interest in a list.
pub(super) fn effect(kind: EffectKind) -> Option<&'static str> {
    Some(match kind {
        EffectKind::BoundedRequest(Protocol::Grpc) => "calls gRPC within a limit",
        EffectKind::Request(Protocol::Grpc) => "calls gRPC",
        EffectKind::BoundedRequest(_) => "calls HTTP within a limit",
        EffectKind::Request(_) => "calls HTTP",
        EffectKind::Sql(SqlKind::Other) => "runs SQL",
        EffectKind::Sql(kind) => sql(kind),
        EffectKind::Call(Protocol::Redis) => "asks Redis",
        EffectKind::Call(Protocol::Cloud) => "asks the cloud",
        EffectKind::Call(Protocol::Mail) => "sends mail",
        EffectKind::Call(_) => "asks a store",
        EffectKind::Publish => "publishes",
        EffectKind::WriteFile => "writes files",
        EffectKind::Consume => "consumes",
        EffectKind::Spawn => "starts a task",
        EffectKind::Block => "blocks",
        EffectKind::HeldLock => "waits with a lock",
        EffectKind::Acknowledge
        | EffectKind::ReadHeader
        | EffectKind::WriteHeader
        | EffectKind::ReadEnv
        | EffectKind::Log
        | EffectKind::Other(_) => return None,
    })
}

fn limits(limits: &BTreeMap<Limit, Tri<String>>) -> String {
    let texts: Vec<String> = limits.iter().map(limit).collect();
    if texts.is_empty() { "limits not known".into() } else { texts.join(", ") }
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
