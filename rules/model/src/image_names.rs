//! Names of images, and whose they are.

use std::collections::BTreeSet;

use crate::place::Tri;
use crate::system::Model;

/// What so many call a part of theirs that the word tells nothing of whose it is.
const ROLES: [&str; 26] = [
    "admin",
    "agent",
    "api",
    "app",
    "auth",
    "backend",
    "client",
    "controller",
    "core",
    "db",
    "frontend",
    "gateway",
    "ingest",
    "main",
    "node",
    "operator",
    "proxy",
    "relay",
    "router",
    "scheduler",
    "server",
    "service",
    "ui",
    "web",
    "webhook",
    "worker",
];

/// An image's name without tag and digest.
pub(crate) fn bare(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

/// The last part of an image's name.
pub(crate) fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether an image's name has a place in some registry: what has none may be anybody's in a compose file.
pub(crate) fn has_path(name: &str) -> bool {
    name.contains('/')
}

/// A name as it is compared: `order_service` is `order-service`.
pub(crate) fn plain(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// Whether two names mean one image, whatever registry it is pulled from.
pub(crate) fn same_image(a: &str, b: &str) -> bool {
    let (a, b) = (without_registry(a), without_registry(b));
    !a.is_empty() && a == b
}

fn without_registry(name: &str) -> &str {
    match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => name,
    }
}

/// Whether an image that is called like a program of the workspace may be taken for it. A word that many use, as in
/// `temporalio/server`, needs a house that is known to be this one: something here builds an image of that house, or it has
/// images for other programs of the workspace.
pub(crate) fn is_ours(model: &Model, name: &str, is_program: &dyn Fn(&str) -> bool) -> bool {
    if !ROLES.contains(&plain(last(name)).as_str()) {
        return true;
    }
    let Some((house, _)) = name.rsplit_once('/') else { return true };
    let of_house = |other: &str| other.rsplit_once('/').is_some_and(|(h, _)| same_image(h, house));
    let manifests = &model.manifests;
    let containers = || manifests.workloads.iter().flat_map(|w| &w.containers);
    let built = containers().filter(|c| c.build.is_some()).filter_map(|c| c.image.present());
    let built = built.map(|image| bare(&image.value));
    let pushed = manifests.builds.iter().filter_map(|b| b.image.as_deref());
    let asked = containers().filter_map(|c| match &c.image {
        Tri::Present(image) => Some(bare(&image.value)),
        _ => None,
    });
    let programs: BTreeSet<String> =
        asked.filter(|n| of_house(n)).map(|n| plain(last(n))).filter(|n| is_program(n)).collect();
    built.chain(pushed).any(of_house) || programs.len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_no_part_of_the_name() {
        assert!(same_image("ghcr.io/acme/shop", "acme/shop"));
        assert!(same_image("localhost:5000/shop", "shop"));
        assert!(!same_image("acme/shop", "other/shop"));
        assert_eq!(bare("localhost:5000/shop:1.2@sha256:00"), "localhost:5000/shop");
    }
}
