//! Clients in the shapes that real services have.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use support::seen::Seen;

#[test]
fn scratch_dump() {
    let Ok(path) = std::env::var("SHAPE_FILE") else { return };
    let seen = Seen::of(&std::fs::read_to_string(path).unwrap());
    for query in std::env::var("SHAPE_QUERIES").unwrap().split(';') {
        println!("@@ {query}");
        let out = match query.split_once(':') {
            Some(("effects", f)) => seen.effects(f),
            _ => match query {
                "routes" => seen.routes(),
                "listeners" => seen.listeners(),
                "clients" => seen.clients(),
                "topics" => seen.topics(),
                "settings" => seen.settings(),
                "policies" => seen.policies(),
                _ => "??".into(),
            },
        };
        println!("{out}");
    }
}
