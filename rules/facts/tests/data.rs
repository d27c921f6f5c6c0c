//! Cargo files and SQL.

#![allow(clippy::expect_used)]

use svclint_facts::cargo::{DependencyKind, cargo_lock, cargo_manifest};
use svclint_facts::sql::{SqlKind, sql_statements, sql_tables};

#[test]
fn manifests_are_read_in_all_their_forms() {
    let manifest = cargo_manifest(
        "[package]\nname = \"shop\"\nautobins = false\n[[bin]]\nname = \"api\"\npath = \"src/api.rs\"\n[dependencies]\n\
         http = { package = \"reqwest\", version = \"0.12\", features = [\"json\"] }\ncore = { path = \"../core\" }\ntokio.workspace = true\n\
         [target.'cfg(unix)'.dependencies]\nnix = \"0.29\"\n[dev-dependencies]\ninsta = \"1\"\n[workspace]\nmembers = [\"crates/*\"]\n",
    );
    assert!(manifest.errors.is_empty() && !manifest.autobins);
    assert_eq!(manifest.name.expect("a name").0, "shop");
    assert_eq!(manifest.bins[0].path.as_deref(), Some("src/api.rs"));
    let of = |name: &str| manifest.dependencies.iter().find(|d| d.name == name).expect("a dependency");
    assert_eq!(of("http").package.as_deref(), Some("reqwest"));
    assert_eq!(of("core").path.as_deref(), Some("../core"));
    assert!(of("tokio").workspace);
    assert_eq!(of("nix").version.as_deref(), Some("0.29"));
    assert_eq!(of("insta").kind, DependencyKind::Dev);
    assert_eq!(manifest.workspace.expect("a workspace").members, ["crates/*"]);
}

#[test]
fn broken_toml_keeps_the_rest() {
    let manifest =
        cargo_manifest("[package]\nname = \"shop\"\nversion = = 1\n[dependencies]\naxum = \"0.8\"\n");
    assert!(!manifest.errors.is_empty());
    assert_eq!(manifest.dependencies[0].name, "axum");
    let lock =
        cargo_lock("[[package]]\nname = \"axum\"\nversion = \"0.8.9\"\ndependencies = [\"http 1.5.0\"]\n");
    assert_eq!(
        (lock.packages[0].version.as_str(), lock.packages[0].dependencies[0].as_str()),
        ("0.8.9", "http 1.5.0")
    );
}

#[test]
fn statements_tell_what_a_repeat_does() {
    let kind = |sql: &str| {
        sql_statements(sql).map(|all| all.into_iter().map(|s| (s.kind, s.table)).collect::<Vec<_>>())
    };
    let insert = |repeatable| SqlKind::Insert { repeatable, columns: vec!["a".into()] };
    let update = |relative: &[&str], guarded: &[&str]| SqlKind::Update {
        relative: relative.iter().map(ToString::to_string).collect(),
        guarded_by: guarded.iter().map(ToString::to_string).collect(),
    };
    for (sql, expected) in [
        ("INSERT INTO shop.\"Orders\" (a) VALUES ($1)", insert(false)),
        ("insert into orders (a) values ($1) on conflict do nothing", insert(true)),
        ("INSERT IGNORE INTO orders (a) VALUES (?)", insert(true)),
        ("INSERT INTO orders (a) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM orders)", insert(true)),
        ("UPDATE orders SET a = $1 WHERE id = $2", update(&[], &["id"])),
        ("UPDATE orders SET n = n + 1 WHERE id = $1 AND version = $2", update(&["n"], &["id", "version"])),
        ("DELETE FROM orders WHERE id = $1", SqlKind::Delete),
        ("WITH new AS (INSERT INTO orders (a) VALUES (1) RETURNING *) SELECT * FROM new", insert(false)),
    ] {
        assert_eq!(kind(sql), Some(vec![(expected, "orders".to_owned())]), "{sql}");
    }
    assert_eq!(kind("this is no SQL"), None);
}

#[test]
fn migrations_tell_unique_keys() {
    let tables = sql_tables(
        "CREATE TABLE a (id UUID PRIMARY KEY, mail TEXT UNIQUE, x INT, y INT, UNIQUE (x, y));\nCREATE UNIQUE INDEX i ON b (z);\nthis is no SQL;\n",
    );
    assert_eq!(
        (tables[0].name.as_str(), &tables[0].unique),
        ("a", &vec![vec!["id".to_owned()], vec!["mail".into()], vec!["x".into(), "y".into()]])
    );
    assert_eq!((tables[1].name.as_str(), tables[1].unique[0][0].as_str()), ("b", "z"));
}
