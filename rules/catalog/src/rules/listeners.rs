//! What servers of a program are for, by the paths that they answer.

use svclint_model::{Listener, Model};

use crate::rules::contained::is_aside;

/// Words that a health route's path has.
pub(super) const HEALTH: &[&str] = &[
    "health",
    "healthz",
    "healthcheck",
    "livez",
    "live",
    "liveness",
    "alive",
    "isalive",
    "hc",
    "probe",
    "readyz",
    "ready",
    "readiness",
    "ping",
    "status",
    "up",
    "heartbeat",
    "lbheartbeat",
    "version",
    "startupz",
];

/// How parts of a path are written that only the running program knows.
pub(super) const UNTOLD: &[&str] = &["{?}", "${"];

/// Words of paths that a side server answers beside those of health routes.
const SIDE: &[&str] = &["metrics", "prometheus", "stats", "debug", "pprof", "startup"];

/// Whether a path is, or may be, one of a health route. Behind a prefix that only the running program knows the rest tells.
pub(super) fn is_health(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    UNTOLD.iter().any(|sign| last.contains(sign))
        || path.to_lowercase().split(['/', '_', '-', '.']).any(|word| HEALTH.contains(&word))
}

/// Whether a server only tells how the service is.
pub(super) fn is_side(listener: &Listener) -> bool {
    let Some(paths) = listener.paths.present() else { return false };
    let is_side = |path: &String| {
        is_health(path) || path.to_lowercase().split(['/', '_', '-', '.']).any(|word| SIDE.contains(&word))
    };
    !paths.is_empty() && paths.iter().all(is_side)
}

/// Whether a server comes out of a library for tests: it stands in for something.
pub(super) fn stands_in(model: &Model, listener: &Listener) -> bool {
    model.files.get(listener.at.file.0 as usize).is_none_or(|file| is_aside(model, file))
}
