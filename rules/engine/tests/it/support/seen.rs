//! What the model sees of a small workspace, as text for inline snapshots: one line a fact, places as `file:line`.

use std::collections::BTreeMap;
use std::fmt::Write;

use svclint_engine::Report;
use svclint_model::{EffectKind, FnId, Limit, Model, Place, Service, Tri, What};

use super::check;

/// What is seen of the files of a text, see [`super::files`].
pub(crate) struct Seen {
    report: Report,
}

impl Seen {
    pub(crate) fn of(text: &str) -> Seen {
        Seen { report: check(text) }
    }

    fn model(&self) -> &Model {
        &self.report.model
    }

    fn at(&self, place: Place) -> String {
        let file = self.report.file(place.file).expect("a place lies in a file");
        let line = file.lines.line_of(place.span.start) + 1;
        format!("{}:{line}", file.path.strip_prefix("/ws").expect("inside").display())
    }

    fn lines(all: impl IntoIterator<Item = String>) -> String {
        all.into_iter().collect::<Vec<_>>().join("\n")
    }

    fn in_services(&self, of: impl Fn(&Service) -> Vec<String>) -> String {
        let services = &self.model().services;
        let mut out = Vec::new();
        for service in services {
            if services.len() > 1 {
                out.push(format!("# {}", service.name));
            }
            out.extend(of(service));
        }
        Seen::lines(out)
    }

    /// `METHOD path -> handler`, with the layers from the outside inwards, `?` in front of what is not complete.
    pub(crate) fn routes(&self) -> String {
        self.in_services(|service| {
            let route = |r: &svclint_model::Route| {
                let mark = if r.complete { "" } else { "? " };
                let handler =
                    r.handler.map_or(r.handler_text.clone(), |f| self.model().function(f).path.clone());
                let sure =
                    |l: &svclint_model::RouteLayer| format!("{}{}", l.name, if l.certain { "" } else { "?" });
                let layers: Vec<String> = r.layers.iter().map(sure).collect();
                let layers =
                    if layers.is_empty() { String::new() } else { format!(" [{}]", layers.join(", ")) };
                format!("{mark}{} {} -> {handler}{layers}", r.method, r.path)
            };
            let mut lines: Vec<String> = service.routes.iter().map(route).collect();
            if !service.routes_complete {
                lines.push("(more routes)".into());
            }
            lines
        })
    }

    /// `protocol framework address`, with limits and the graceful end.
    pub(crate) fn listeners(&self) -> String {
        self.in_services(|service| {
            let listener = |l: &svclint_model::Listener| {
                let address = l.address.present().map_or("?", String::as_str);
                let end = match &l.shutdown {
                    Tri::Present(at) => format!(", ends gracefully by {}", self.at(*at)),
                    Tri::Absent => ", no graceful end".into(),
                    Tri::Unknown => String::new(),
                };
                format!("{:?} {} {address}{}{end}", l.protocol, l.framework, limits(&l.limits))
            };
            service.listeners.iter().map(listener).collect()
        })
    }

    /// `protocol library at place, limits`, with the requests made with each.
    pub(crate) fn clients(&self) -> String {
        let mut out = Vec::new();
        for client in &self.model().clients {
            let mut line = format!("{:?} {} {}", client.protocol, client.library, self.at(client.built.at));
            let _ = write!(line, "{}", limits(&client.limits));
            for (key, value) in &client.options {
                let _ = write!(line, ", {key} = {}", value.present().map_or("?", String::as_str));
            }
            out.push(line);
            for number in &client.used_in {
                let request = &self.model().requests[*number as usize];
                let method = request.method.present().map_or("?", String::as_str);
                let url = request.url.present().map_or("?", String::as_str);
                let bound = match request.bound {
                    Tri::Present(_) => ", bounded",
                    Tri::Absent => "",
                    Tri::Unknown => ", bound not known",
                };
                out.push(format!("  {method} {url} {}{bound}", self.at(request.at)));
            }
        }
        Seen::lines(out)
    }

    /// What the functions whose paths end in a name may do: `kind at place`, with the functions on the way.
    pub(crate) fn effects(&self, function: &str) -> String {
        let model = self.model();
        let mut out = Vec::new();
        for (number, found) in model.functions.iter().enumerate() {
            if !found.path.ends_with(function) {
                continue;
            }
            let id = FnId(number as u32);
            // Nearly everything may panic.
            let kinds = model.effects[number].kinds();
            for kind in kinds
                .filter(|k| !matches!(k, EffectKind::Log | EffectKind::Other(svclint_model::Effect::Panic)))
            {
                let (way, _, deed) = model.way(id, kind).expect("a kind has a witness");
                let through: String = way
                    .iter()
                    .map(|c| format!(" > {}", model.function(c.to).path.rsplit("::").next().unwrap_or("")))
                    .collect();
                out.push(format!("{}{through} {}", effect(kind, &deed.what), self.at(deed.at)));
            }
        }
        Seen::lines(out)
    }

    /// What a function itself does to tables: `Select orders, Insert archive`.
    pub(crate) fn tables(&self, function: &str) -> String {
        let functions = self.model().functions.iter().filter(|f| f.path.ends_with(function));
        let sql = functions.flat_map(|f| &f.does).filter_map(|deed| match &deed.what {
            What::Sql(sql) => Some(format!("{:?} {}", sql.kind, sql.table)),
            _ => None,
        });
        sql.collect::<Vec<_>>().join(", ")
    }

    /// `publishes topic` and `consumes topic`.
    pub(crate) fn topics(&self) -> String {
        let deeds = self.model().functions.iter().flat_map(|f| &f.does);
        let name = |t: &Tri<String>| t.present().map_or("?", String::as_str).to_owned();
        Seen::lines(deeds.filter_map(|d| match &d.what {
            What::Publish(topic) => Some(format!("publishes {} {}", name(topic), self.at(d.at))),
            What::Consume(topic) => Some(format!("consumes {} {}", name(topic), self.at(d.at))),
            What::Acknowledge => Some(format!("acknowledges {}", self.at(d.at))),
            _ => None,
        }))
    }

    /// `NAME`, `NAME = default`, `PREFIX*`.
    pub(crate) fn settings(&self) -> String {
        Seen::lines(self.model().settings.iter().map(|s| {
            let star = if s.prefixed { "*" } else { "" };
            let name = s.name.present().map_or("?", String::as_str);
            let default = match &s.default {
                Tri::Present(text) => format!(" = {text:?}"),
                Tri::Absent => " required".into(),
                Tri::Unknown => String::new(),
            };
            format!("{name}{star}{default} {}", self.at(s.at))
        }))
    }

    /// `library at place, limits` of retry policies, `channel at place, capacity`.
    pub(crate) fn policies(&self) -> String {
        let policies = self.model().policies.iter();
        let channel = |c: &svclint_model::Channel| {
            let capacity = match &c.capacity {
                Tri::Present(n) => n.clone(),
                Tri::Absent => "unbounded".into(),
                Tri::Unknown => "?".into(),
            };
            format!("channel {capacity} {}", self.at(c.at))
        };
        let policy =
            |p: &svclint_model::Policy| format!("{} {}{}", p.library, self.at(p.at), limits(&p.limits));
        Seen::lines(policies.map(policy).chain(self.model().channels.iter().map(channel)))
    }
}

fn limits(limits: &BTreeMap<Limit, Tri<String>>) -> String {
    let one = |(limit, value): (&Limit, &Tri<String>)| match value {
        Tri::Present(text) => format!(", {limit:?} {text}"),
        Tri::Absent => format!(", no {limit:?}"),
        Tri::Unknown => format!(", {limit:?} ?"),
    };
    limits.iter().map(one).collect::<String>().to_lowercase()
}

fn effect(kind: EffectKind, what: &What) -> String {
    match what {
        What::Sql(sql) => format!("{:?} {}", sql.kind, if sql.table.is_empty() { "?" } else { &sql.table }),
        _ => format!("{kind:?}"),
    }
}
