//! How the path of an operation and the path of a route meet.

/// How two paths meet, from not at all to all the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meeting {
    /// No request is meant by both.
    Apart,
    /// The route is not known well enough.
    Unknown,
    /// The operation names all that the route takes, and more: `/orders/{id}` and `/orders/latest`.
    OperationIsWider,
    /// The route takes all that the operation names, and more: `/files/{*path}` and `/files/a`.
    RouteIsWider,
    /// They are the same but for the names of parameters.
    Same,
}

/// Compares the whole path of an operation with a route's.
pub fn meet(operation: &str, route: &str) -> Meeting {
    meet_segments(&segments(operation), &segments(route))
}

/// The same for paths that are split already.
pub(super) fn meet_segments(operation: &[&str], route: &[&str]) -> Meeting {
    if let Some(at) = route.iter().position(|s| is_unknown(s)) {
        let last = route.iter().rposition(|s| is_unknown(s)).unwrap_or(at);
        let (before, after) = (route.get(..at).unwrap_or(&[]), route.get(last + 1..).unwrap_or(&[]));
        return around_unknown(operation, before, after);
    }
    let mut found = Meeting::Same;
    let (mut asked, mut own) = (operation.iter(), route.iter());
    loop {
        let step = match (asked.next(), own.next()) {
            (None, None) => return found,
            (Some(a), Some(b)) if is_rest(a) && is_rest(b) => Meeting::Same,
            (_, Some(rest)) if is_rest(rest) => {
                return if found == Meeting::OperationIsWider {
                    Meeting::Apart
                } else {
                    Meeting::RouteIsWider
                };
            }
            (Some(a), Some(b)) => segment(a, b),
            _ => Meeting::Apart,
        };
        found = match (found, step) {
            (_, Meeting::Apart) => return Meeting::Apart,
            (found, Meeting::Same) => found,
            (Meeting::Same, step) => step,
            (found, step) if found == step => found,
            _ => return Meeting::Apart,
        };
    }
}

/// Segments of paths that callers do not program against.
const INTERNAL: [&str; 40] = [
    "alive",
    "api-docs",
    "debug",
    "debugger",
    "doc",
    "docs",
    "favicon.ico",
    "graphiql",
    "health",
    "healthz",
    "heartbeat",
    "internal",
    "lbheartbeat",
    "live",
    "liveness",
    "livez",
    "logger",
    "metrics",
    "openapi",
    "ping",
    "playground",
    "pprof",
    "profiler",
    "prometheus",
    "rapidoc",
    "readiness",
    "ready",
    "readyz",
    "redoc",
    "robots.txt",
    "scalar",
    "stacktrace",
    "startup",
    "startupz",
    "static",
    "swagger",
    "swagger-ui",
    "up",
    "version",
    ".well-known",
];

/// Whether a path is one that callers do not program against: probes, metrics, documentation, the start page.
pub fn is_internal(path: &str) -> bool {
    let path = path.to_lowercase();
    let is_one = |segment: &&str| {
        let plain = segment.trim_matches('_').trim_end_matches("check").trim_end_matches(['-', '_']);
        let is_document =
            ["openapi.", "openapi-", "swagger.", "api-doc"].iter().any(|w| segment.starts_with(w));
        is_document || INTERNAL.contains(&plain)
    };
    let segments = segments(&path);
    segments.is_empty() || segments.iter().any(is_one)
}

/// The path with all parameters alike: what two paths share that are the same.
pub(super) fn shape(path: &str) -> String {
    let alike = |s: &&str| if s.contains('{') { "{}".to_owned() } else { (*s).to_owned() };
    segments(path).iter().map(alike).collect::<Vec<_>>().join("/")
}

/// Whether only the running program knows a part of a route's path: `{?}`, and `${PREFIX}` from the environment.
pub(super) fn is_unknown(path: &str) -> bool {
    path.contains("{?}") || path.contains("${")
}

/// The parts of a path between slashes, without what comes after it.
pub(super) fn segments(path: &str) -> Vec<&str> {
    let path = path.split(['?', '#']).next().filter(|_| !path.contains("{?}")).unwrap_or(path);
    path.split('/').filter(|s| !s.is_empty()).collect()
}

/// `{*rest}`, `{tail:.*}`: takes the rest of a path.
fn is_rest(segment: &str) -> bool {
    segment.starts_with("{*") || segment.ends_with("*}") && segment.contains(':')
}

fn segment(operation: &str, route: &str) -> Meeting {
    match (operation.contains('{'), route.contains('{')) {
        (true, true) => Meeting::Same,
        (false, false) if operation == route => Meeting::Same,
        (false, false) => Meeting::Apart,
        (false, true) => Meeting::RouteIsWider,
        (true, false) => Meeting::OperationIsWider,
    }
}

/// What is known around the unknown part can still keep two paths apart.
fn around_unknown(operation: &[&str], before: &[&str], after: &[&str]) -> Meeting {
    let fits = |(a, b): (&&str, &&str)| segment(a, b) != Meeting::Apart;
    let is_open = after.iter().any(|s| is_rest(s));
    let is_apart = !operation.iter().zip(before).all(fits)
        || !is_open && !operation.iter().rev().zip(after.iter().rev()).all(fits)
        || operation.len() < before.len();
    if is_apart { Meeting::Apart } else { Meeting::Unknown }
}

#[cfg(test)]
mod tests {
    use super::{Meeting, meet};

    #[test]
    fn paths_meet_by_their_segments() {
        for (operation, route, meeting) in [
            ("/orders/{id}", "/orders/{order_id}/", Meeting::Same),
            ("/orders/{id}", "/orders", Meeting::Apart),
            ("/orders", "/items", Meeting::Apart),
            ("/orders/latest", "/orders/{id}", Meeting::RouteIsWider),
            ("/orders/{id}", "/orders/latest", Meeting::OperationIsWider),
            ("/{a}/latest", "/orders/{id}", Meeting::Apart),
            ("/files/a/b", "/files/{*path}", Meeting::RouteIsWider),
            ("/files/{path}", "/files/{tail:.*}", Meeting::RouteIsWider),
            ("/v1/orders", "/{?}/orders", Meeting::Unknown),
            ("/v1/items", "/{?}/orders", Meeting::Apart),
            ("/v1/items", "/v2/{?}", Meeting::Apart),
            ("/v1/orders", "/${PREFIX}/orders", Meeting::Unknown),
            ("/orders?kind=a", "/orders", Meeting::Same),
            ("/orders/{id}.json", "/orders/{id}", Meeting::Same),
            ("/", "", Meeting::Same),
        ] {
            assert_eq!(meet(operation, route), meeting, "{operation} and {route}");
        }
    }
}
