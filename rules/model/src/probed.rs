//! What probes ask a program for, and what answers.

use crate::images::Start;
use crate::manifests::{Container, Probe, ProbeAction, ProbeKind};
use crate::place::{Place, Tri};
use crate::system::Route;

/// A probe that asks for a path.
pub struct AskedPath<'m> {
    /// The probe.
    pub probe: &'m Probe,
    /// The path.
    pub path: String,
    /// Where the path stands, or the probe.
    pub at: Place,
    /// Whether the path stands there by itself, so that another may be set.
    pub written: bool,
    /// The port, where it is known.
    pub port: Option<u16>,
    /// The headers that it sends, in lower case.
    pub headers: Tri<Vec<String>>,
    /// Whether an answer that says of an error makes it fail: `curl` takes any without `-f`.
    pub minds: bool,
}

/// The paths that probes ask a program for: GETs, and commands that fetch from the container itself.
pub fn asked(container: &Container) -> Vec<AskedPath<'_>> {
    let path_of = |probe| asked_by(probe, |port| container.port_number(port));
    container.probes.iter().filter_map(path_of).collect()
}

/// The path that one probe asks for; `number` tells the numbers of ports.
pub fn asked_by(probe: &Probe, number: impl Fn(&str) -> Option<u16>) -> Option<AskedPath<'_>> {
    match &probe.action {
        ProbeAction::Http {
            path: Tri::Present(path),
            port: Tri::Present(port),
            headers,
            elsewhere: false,
        } => Some(AskedPath {
            probe,
            path: path.value.clone(),
            at: path.at,
            written: true,
            port: Some(number(&port.value)?),
            headers: headers.clone(),
            minds: true,
        }),
        ProbeAction::Exec(Tri::Present(words)) => {
            let fetched = fetched(&words.join(" "))?;
            let sends = if fetched.sends { Tri::Unknown } else { Tri::Absent };
            let Fetched { port, path, minds, .. } = fetched;
            Some(AskedPath { probe, path, at: probe.at, written: false, port, headers: sends, minds })
        }
        _ => None,
    }
}

/// What a command asks the container itself for.
struct Fetched {
    port: Option<u16>,
    path: String,
    minds: bool,
    sends: bool,
}

/// What a command fetches: by a tool for it, or by a program whose own check is given the address.
fn fetched(text: &str) -> Option<Fetched> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '|' | '&' | '(' | ')'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut urls: Vec<(Option<u16>, String)> = words.iter().filter_map(|w| local_url(w)).collect();
    urls.dedup();
    // Of several one may answer for the others.
    let [(port, path)] = urls.as_slice() else { return None };
    let tool = |name: &str| words.iter().position(|w| w.rsplit('/').next() == Some(name));
    let (minds, sends) = match (tool("curl"), tool("wget")) {
        (Some(at), _) => {
            let options = words.get(at..).unwrap_or_default();
            (options.iter().any(|o| makes_curl_fail(o)), options.iter().any(|o| sends_headers(o)))
        }
        (None, Some(at)) => (true, words.get(at..).unwrap_or_default().iter().any(|o| sends_headers(o))),
        (None, None) => {
            let checks = |word: &str| ["health", "probe", "check"].iter().any(|w| word.contains(w));
            let told = words.iter().filter(|w| !w.contains("://")).any(|w| checks(w));
            told.then_some((true, true))?
        }
    };
    Some(Fetched { port: *port, path: path.clone(), minds, sends })
}

/// `-f`, `-fsS`, `-sf`, `--fail`
fn makes_curl_fail(option: &str) -> bool {
    if option.starts_with("--") {
        return option.starts_with("--fail");
    }
    let Some(letters) = option.strip_prefix('-') else { return false };
    // Behind a letter that takes a value, the rest is the value.
    letters.chars().take_while(|c| !"AbcCdDeEFhHKmoPQrtTuUwxXyYz".contains(*c)).any(|c| c == 'f')
}

fn sends_headers(option: &str) -> bool {
    let long = ["--header", "--user", "--oauth2-bearer", "--cookie", "--http-user"];
    let short = ["-H", "-u", "-b"];
    long.iter().any(|o| option.starts_with(o) && !option.starts_with("--user-agent"))
        || short.iter().any(|o| option.starts_with(o))
}

/// Port and path of `http://localhost:8080/health`.
fn local_url(word: &str) -> Option<(Option<u16>, String)> {
    let rest = word.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = match host.strip_prefix("[::1]") {
        Some(after) => ("[::1]", after.strip_prefix(':').map_or(Some(80), |p| p.parse().ok())),
        None => host.split_once(':').map_or((host, Some(80)), |(n, p)| (n, p.parse().ok())),
    };
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

/// The route that a GET of a path comes to. Routers take the one that says most of the path, whatever their order; those that
/// ask their routes in order take the first that fits.
pub fn answerer<'m>(routes: &'m [Route], path: &str) -> Option<&'m Route> {
    let fits = |r: &&Route| {
        matches!(r.method.as_str(), "GET" | "ANY") && matches!(answers(path, &r.path), Tri::Present(()))
    };
    let first = routes.iter().find(fits)?;
    if first.first_takes_all {
        return Some(first);
    }
    let parts = |route: &Route| -> Vec<u8> {
        let part = |p: &str| if p.starts_with("{*") { 2 } else { u8::from(p.contains('{')) };
        route.path.trim_matches('/').split('/').map(part).collect()
    };
    routes.iter().filter(fits).min_by_key(|r| (parts(r), r.method != "GET"))
}

impl Container {
    /// The number of a port that is given by number or name.
    pub fn port_number(&self, port: &str) -> Option<u16> {
        let named = || self.ports.iter().find(|p| p.name.as_deref() == Some(port));
        port.parse().ok().or_else(|| named()?.number.present().copied())
    }
}

impl Start {
    /// An image's own check as the probe that it is.
    pub fn as_probe(&self, text: &str) -> Probe {
        let words = self.argv.clone().unwrap_or_else(|| vec![text.to_owned()]);
        Probe {
            kind: ProbeKind::Health,
            action: ProbeAction::Exec(Tri::Present(words)),
            initial_delay: Tri::Unknown,
            period: Tri::Unknown,
            timeout: Tri::Unknown,
            failures: Tri::Unknown,
            failures_at: None,
            timeout_at: None,
            at: self.at,
            block: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fetched;

    #[test]
    fn commands_tell_what_they_fetch() {
        let told = |text: &str| fetched(text).map(|f| (f.port, f.path, f.minds));
        let at = |path: &str, minds| Some((Some(8080), path.to_owned(), minds));
        assert_eq!(told("curl -sf http://localhost:8080/live"), at("/live", true));
        assert_eq!(told("CMD-SHELL curl --fail http://127.0.0.1:8080/live || exit 1"), at("/live", true));
        // Any answer will do.
        assert_eq!(told("curl -s -o /dev/null http://localhost:8080/live"), at("/live", false));
        assert_eq!(told("curl -of http://localhost:8080/live"), at("/live", false));
        assert_eq!(told("wget --spider http://[::1]:8080/live"), at("/live", true));
        assert_eq!(told("/app/shop healthcheck http://localhost:8080/live"), at("/live", true));
        // One of them answers.
        assert_eq!(told("curl -f http://localhost:8080/a || curl -f http://localhost:8080/b"), None);
        assert_eq!(told("/app/shop --peer http://localhost:8080/live"), None);
        assert_eq!(told("curl -f http://orders:8080/live"), None);
    }
}
