//! Images that workloads ask for and nothing builds, where a workflow pushes one of nearly that name.

use std::collections::BTreeSet;

use super::builds::bare;
use super::data::{Manifests, MisnamedImage};
use crate::place::Tri;

/// Those where it is certain: every build here has a known name, no workload asks for what is pushed, and only one name is near.
pub(super) fn misnamed(manifests: &Manifests) -> Vec<MisnamedImage> {
    let Some(built) = manifests.builds.iter().map(|b| b.image.as_deref()).collect::<Option<Vec<&str>>>()
    else {
        return Vec::new();
    };
    let containers = || manifests.workloads.iter().flat_map(|w| &w.containers);
    // A name that is only partly known may be any.
    if containers().any(|c| matches!(&c.image, Tri::Present(image) if bare(&image.value).is_empty())) {
        return Vec::new();
    }
    let asked = containers().filter_map(|c| match &c.image {
        Tri::Present(image) => Some((bare(&image.value), image.at, c.build.is_some())),
        _ => None,
    });
    let asked: Vec<_> = asked.collect();
    let made: BTreeSet<&str> = built
        .iter()
        .copied()
        .chain(asked.iter().filter(|(.., builds)| *builds).map(|(name, ..)| *name))
        .collect();
    let mut found: Vec<MisnamedImage> = Vec::new();
    for (name, at, _) in &asked {
        if made.contains(name) || found.iter().any(|f| f.at == *at) {
            continue;
        }
        let mut near: Vec<&str> = made.iter().copied().filter(|other| is_near(name, other)).collect();
        near.retain(|other| !asked.iter().any(|(asked, ..)| asked == other));
        let [pushed] = near.as_slice() else { continue };
        let build = manifests.builds.iter().find(|b| b.image.as_deref() == Some(pushed) && !b.replaces);
        let Some(build) = build else { continue };
        found.push(MisnamedImage {
            name: (*name).to_owned(),
            at: *at,
            pushed: (*pushed).to_owned(),
            pushed_at: build.at,
        });
    }
    found
}

/// Whether two names of one registry and organisation differ in a single letter too many, or in dashes only. One letter for
/// another is no slip of the pen for sure: `api-v1` and `api-v2`.
fn is_near(a: &str, b: &str) -> bool {
    let (Some((home, a)), Some((other_home, b))) = (a.rsplit_once('/'), b.rsplit_once('/')) else {
        return false;
    };
    let letters = |name: &str| name.replace(['-', '_', '.'], "");
    let (a, b) = (letters(a), letters(b));
    let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    let without = |n: usize| long.chars().take(n).chain(long.chars().skip(n + 1)).eq(short.chars());
    let one_more = |n: usize| without(n) && long.chars().nth(n).is_some_and(char::is_alphabetic);
    home == other_home && short.len() >= 4 && (a == b || (0..long.chars().count()).any(one_more))
}
