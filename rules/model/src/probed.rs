//! What probes ask a program for, and what answers.

use crate::manifests::{Container, Probe, ProbeAction};
use crate::place::{Place, Tri};

/// A probe that asks for a path.
pub struct AskedPath<'m> {
    /// The probe.
    pub probe: &'m Probe,
    /// The path.
    pub path: String,
    /// Where the path stands, or the probe.
    pub at: Place,
    /// The port, where it is known.
    pub port: Option<u16>,
}

/// The paths that probes ask a program for: GETs, and commands that fetch from the container itself.
pub fn asked<'m>(container: &'m Container) -> Vec<AskedPath<'m>> {
    let path_of = |probe: &'m Probe| match &probe.action {
        ProbeAction::Http { path: Tri::Present(path), port: Tri::Present(port), .. } => Some(AskedPath {
            probe,
            path: path.value.clone(),
            at: path.at,
            port: Some(container.port_number(&port.value)?),
        }),
        ProbeAction::Exec(Tri::Present(words)) => {
            let text = words.join(" ");
            let fetches = text.contains("curl") || text.contains("wget");
            let url = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).find_map(local_url);
            let (port, path) = url.filter(|_| fetches)?;
            Some(AskedPath { probe, path, at: probe.at, port })
        }
        _ => None,
    };
    container.probes.iter().filter_map(path_of).collect()
}

/// Port and path of `http://localhost:8080/health`.
fn local_url(word: &str) -> Option<(Option<u16>, String)> {
    let rest = word.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = host.split_once(':').map_or((host, Some(80)), |(n, p)| (n, p.parse().ok()));
    let is_here = matches!(name, "localhost" | "127.0.0.1" | "0.0.0.0" | "[::1]");
    let is_plain = !path.contains(['$', '{', '`']);
    (is_here && is_plain).then(|| (port, format!("/{path}")))
}

/// How a route answers a path: certainly, perhaps, not.
pub fn answers(path: &str, route: &str) -> Tri<()> {
    if route.contains("{?}") {
        return Tri::Unknown;
    }
    let clean = |p: &str| p.split(['?', '#']).next().unwrap_or(p).trim_matches('/').to_owned();
    let (path, route) = (clean(path), clean(route));
    let (mut asked, mut own) = (path.split('/'), route.split('/'));
    loop {
        match (asked.next(), own.next()) {
            (None, None) => return Tri::Present(()),
            (_, Some(rest)) if rest.starts_with("{*") => return Tri::Present(()),
            (Some(a), Some(b)) if a == b || b.contains('{') => {}
            _ => return Tri::Absent,
        }
    }
}

impl Container {
    /// The number of a port that is given by number or name.
    pub fn port_number(&self, port: &str) -> Option<u16> {
        let named = || self.ports.iter().find(|p| p.name.as_deref() == Some(port));
        port.parse().ok().or_else(|| named()?.number.present().copied())
    }
}
