//! What keeps the threads of the runtime: what the rules report and what they leave alone.

use crate::support;
use crate::support::{of_rule, service};

const MANIFEST: &str = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
actix-web = "4"
argon2 = "0.5"
axum = "0.8"
bcrypt = "0.17"
dashmap = "6"
deadpool-diesel = "0.6"
diesel = "2"
diesel-async = "0.5"
futures = "0.3"
parking_lot = "0.12"
password-auth = "1"
redis = "0.32"
reqwest = { version = "0.12", features = ["blocking"] }
rusqlite = "0.32"
tar = "0.4"
tokio = "1"
ureq = "2"
"#;

/// A service whose one handler is `handler`.
fn with_handler(code: &str) -> String {
    format!("{MANIFEST}//- src/main.rs\n{}", service(".route(\"/h\", post(handler))", code))
}

const CPU: &str = "cpu-bound-in-handler";

#[test]
fn hashes_on_a_thread_of_the_runtime_are_found() {
    for (name, code) in [
        ("directly", "async fn handler(p: String) { bcrypt::hash(p, 12).unwrap(); }"),
        ("another library", "async fn handler(p: String) { password_auth::generate_hash(p); }"),
        (
            "through helpers that are not asynchronous",
            "async fn handler(p: String) { hashed(&p); }
             fn hashed(p: &str) -> String { costly(p) }
             fn costly(p: &str) -> String { bcrypt::hash(p, 12).unwrap() }",
        ),
        (
            "by a trait's method",
            "use argon2::{Argon2, PasswordHasher, password_hash::SaltString};
             async fn handler(p: String) { hashed(&p); }
             fn hashed(p: &str) -> String {
                 let salt = SaltString::from_b64(\"c2FsdHNhbHQ\").unwrap();
                 Argon2::default().hash_password(p.as_bytes(), &salt).unwrap().to_string()
             }",
        ),
        (
            "in a closure that runs where it stands",
            "async fn handler(p: String) { Some(p).map(|p| bcrypt::hash(p, 12).unwrap()); }",
        ),
    ] {
        assert_eq!(of_rule(CPU, &with_handler(code)), 1, "{name}");
    }
}

#[test]
fn hashes_elsewhere_are_left_alone() {
    for (name, code) in [
        (
            "on a thread that may block",
            "async fn handler(p: String) { tokio::task::spawn_blocking(move || bcrypt::hash(p, 12)).await.unwrap().unwrap(); }",
        ),
        (
            "a helper on such a thread",
            "async fn handler(p: String) { tokio::task::spawn_blocking(move || hashed(&p)).await.unwrap(); }
             fn hashed(p: &str) -> String { bcrypt::hash(p, 12).unwrap() }",
        ),
        (
            "by a helper that moves it there",
            "async fn handler(p: String) { off(move || bcrypt::hash(p, 12).unwrap()).await; }
             async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
                 tokio::task::spawn_blocking(work).await.unwrap()
             }",
        ),
        (
            "by a pool that is not known",
            "async fn handler(p: String) { crate::pool().run(move || bcrypt::hash(p, 12).unwrap()).await; }",
        ),
        (
            "on a thread of its own",
            "async fn handler(p: String) { std::thread::spawn(move || bcrypt::hash(p, 12)); }",
        ),
        (
            "while it starts",
            "static FIRST: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| bcrypt::hash(\"a\", 12).unwrap());
             async fn handler(p: String) { let _ = p; }",
        ),
    ] {
        assert_eq!(of_rule(CPU, &with_handler(code)), 0, "{name}");
    }
}

#[test]
fn the_fix_of_a_hash_tells_the_runtime() {
    let text = with_handler("async fn handler(p: String) { bcrypt::hash(p, 12).unwrap(); }");
    let mended = support::mended(&text, CPU);
    assert!(mended.contains("tokio::task::block_in_place(|| bcrypt::hash(p, 12)).unwrap();"), "{mended}");
    assert_eq!(of_rule(CPU, &mended), 0);
}

const CLIENT: &str = "blocking-client-in-async";

#[test]
fn clients_that_block_are_found() {
    for (name, code) in [
        ("http", "async fn handler() { reqwest::blocking::get(\"http://prices\").unwrap(); }"),
        ("another one", "async fn handler() { ureq::get(\"http://prices\").call().unwrap(); }"),
        (
            "redis",
            "use redis::Commands;
             async fn handler() {
                 let mut connection = redis::Client::open(\"redis://r\").unwrap().get_connection().unwrap();
             }",
        ),
        (
            "a database in a layer below",
            "use diesel::prelude::*;
             async fn handler() { load(&mut connection()); }
             fn load(c: &mut PgConnection) { diesel::sql_query(\"SELECT 1 FROM orders\").execute(c).unwrap(); }
             fn connection() -> PgConnection { todo!() }",
        ),
    ] {
        assert_eq!(of_rule(CLIENT, &with_handler(code)), 1, "{name}");
    }
}

#[test]
fn clients_that_do_not_block_the_runtime_are_left_alone() {
    for (name, code) in [
        ("asynchronous", "async fn handler() { reqwest::get(\"http://prices\").await.unwrap(); }"),
        (
            "on a thread that may block",
            "async fn handler() { tokio::task::spawn_blocking(|| ureq::get(\"http://prices\").call()).await.unwrap().unwrap(); }",
        ),
        (
            "in what a pool runs",
            "use diesel::prelude::*;
             async fn handler() {
                 let pool: deadpool_diesel::postgres::Pool = crate::pool();
                 let c = pool.get().await.unwrap();
                 c.interact(|c| diesel::sql_query(\"SELECT 1 FROM orders\").execute(c)).await.unwrap().unwrap();
             }",
        ),
        (
            "the one that is named, not what a glob nearer by may bring",
            "use diesel::prelude::*;
             use diesel_async::{AsyncPgConnection, RunQueryDsl};
             async fn handler() {
                 use diesel::dsl::*;
                 let mut c: AsyncPgConnection = crate::connection();
                 let all = orders::table.filter(orders::n.gt(1)).load::<i32>(&mut c);
                 tokio::join!(all);
             }
             diesel::table! { orders (id) { id -> Integer, n -> Integer, } }",
        ),
        (
            "in a macro of the workspace that moves it",
            "use diesel::prelude::*;
             macro_rules! db_run {
                 ($conn:ident: $body:block) => { $conn.run(move |$conn| $body).await };
                 ($conn:ident: $first:ident $body:block) => { $conn.run(move |$conn| $body).await };
             }
             async fn handler() {
                 let c = crate::connection();
                 db_run! { c: { diesel::sql_query(\"SELECT 1 FROM orders\").execute(c).unwrap(); } }
             }",
        ),
        (
            "a file",
            "async fn handler() { let c = rusqlite::Connection::open(\"a.db\").unwrap(); c.execute(\"DELETE FROM a\", ()).unwrap(); }",
        ),
        (
            "a handler that is not asynchronous",
            "fn handler() -> std::future::Ready<()> { ureq::get(\"http://prices\").call().unwrap(); std::future::ready(()) }",
        ),
    ] {
        assert_eq!(of_rule(CLIENT, &with_handler(code)), 0, "{name}");
    }
}

const BLOCK_ON: &str = "block-on-in-async";

#[test]
fn futures_that_are_waited_for_by_blocking() {
    let found = with_handler("async fn handler() { futures::executor::block_on(ask()); }\nasync fn ask() {}");
    assert_eq!(of_rule(BLOCK_ON, &found), 1);
    let mended = support::mended(&found, BLOCK_ON);
    assert!(mended.contains("async fn handler() { ask().await; }"), "{mended}");
    for (name, code) in [
        (
            "in block_in_place",
            "async fn handler() { tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ask())); }",
        ),
        (
            "on a thread that may block",
            "async fn handler() { tokio::task::spawn_blocking(|| futures::executor::block_on(ask())).await.unwrap(); }",
        ),
        ("while it starts", "async fn handler() {}\nfn start() { futures::executor::block_on(ask()); }"),
    ] {
        let code = format!("{code}\nasync fn ask() {{}}");
        assert_eq!(of_rule(BLOCK_ON, &with_handler(&code)), 0, "{name}");
    }
}

const CALL: &str = "blocking-call-in-async";

/// A service that starts something beside its server.
fn beside(start: &str, code: &str) -> String {
    let text = with_handler(&format!("async fn handler() {{}}\n{code}"));
    text.replace("async fn main() {", &format!("async fn main() {{\n    {start}"))
}

#[test]
fn tasks_beside_the_server_have_its_threads() {
    let code = "
        const WAIT: std::time::Duration = std::time::Duration::from_secs(1);
        async fn clean() { loop { sweep(); tokio::time::sleep(WAIT).await; } }
        fn sweep() { std::thread::sleep(WAIT); }
        fn forever() { loop { std::thread::sleep(WAIT); } }
        fn answer() { reqwest::blocking::get(\"http://prices\").unwrap(); }
        async fn ask() {}";
    for (name, rule, start, expected) in [
        ("a function", CALL, "tokio::spawn(clean());", 1),
        ("a block", CALL, "tokio::spawn(async { std::thread::sleep(WAIT); });", 1),
        ("what a block calls", CALL, "tokio::spawn(async move { sweep() });", 1),
        ("a thread of its own", CALL, "std::thread::spawn(|| forever());", 0),
        ("a function on a thread of its own", CALL, "std::thread::spawn(forever);", 0),
        (
            "a closure in a block",
            CALL,
            "std::thread::spawn({ let n = 1; move || { drop(n); forever() } });",
            0,
        ),
        (
            "on a thread that may block",
            CALL,
            "tokio::spawn(async { tokio::task::spawn_blocking(sweep).await });",
            0,
        ),
        ("before it serves", CALL, "for _ in 0..3 { std::thread::sleep(WAIT); }", 0),
        ("a future", BLOCK_ON, "tokio::spawn(async { futures::executor::block_on(ask()) });", 1),
        (
            "a runtime on a thread of its own",
            BLOCK_ON,
            "std::thread::spawn({ let n = 1; move || { drop(n); futures::executor::block_on(ask()) } });",
            0,
        ),
        ("another service", CLIENT, "tokio::spawn(async { answer() });", 1),
    ] {
        assert_eq!(of_rule(rule, &beside(start, code)), expected, "{name}");
    }
}

#[test]
fn whole_folders_take_long() {
    let code = "async fn handler() { pack(); }
                fn pack() {
                    let mut all = tar::Builder::new(Vec::new());
                    all.append_dir_all(\".\", \"/data\").unwrap();
                }";
    assert_eq!(of_rule(CALL, &with_handler(code)), 1);
}

const HELD: &str = "lock-held-across-await";

/// A handler that has a map, a lock and something to wait for.
fn with_locks(body: &str) -> String {
    with_handler(&format!(
        "use std::{{collections::HashMap, sync::{{LazyLock, Mutex}}}};
         static ALL: LazyLock<Mutex<HashMap<u32, u32>>> = LazyLock::new(Default::default);
         static KEPT: LazyLock<tokio::sync::Mutex<u32>> = LazyLock::new(Default::default);
         static FLAT: LazyLock<parking_lot::RwLock<u32>> = LazyLock::new(Default::default);
         static MAP: LazyLock<dashmap::DashMap<u32, u32>> = LazyLock::new(Default::default);
         async fn wait() {{}}
         async fn handler() {{ {body} }}"
    ))
}

#[test]
fn locks_held_while_waiting_are_found() {
    for (name, body) in [
        ("by name", "let mut all = ALL.lock().unwrap(); wait().await; all.insert(1, 1);"),
        ("of another library", "let flat = FLAT.read(); wait().await; let _ = *flat;"),
        (
            "in a condition",
            "if let Some(one) = ALL.lock().unwrap().get(&1).copied() { wait().await; let _ = one; }",
        ),
        ("a reference into a map", "let one = MAP.get(&1).unwrap(); wait().await; let _ = *one;"),
        ("an entry that was found", "if let Some(one) = MAP.get(&1) { wait().await; let _ = *one; }"),
        ("an entry, or nothing", "let Some(one) = MAP.get(&1) else { return }; wait().await; let _ = *one;"),
        (
            "an entry that is dropped too late",
            "if let Some(one) = MAP.get(&1) { wait().await; drop(one); wait().await }",
        ),
        (
            "what is behind the lock is dropped, not the lock",
            "if let Some(one) = ALL.lock().unwrap().get(&1).copied() { drop(one); wait().await }",
        ),
    ] {
        assert_eq!(of_rule(HELD, &with_locks(body)), 1, "{name}");
    }
}

#[test]
fn locks_given_back_before_are_left_alone() {
    for (name, body) in [
        ("dropped", "let mut all = ALL.lock().unwrap(); all.insert(1, 1); drop(all); wait().await;"),
        ("in a block", "{ ALL.lock().unwrap().insert(1, 1); } wait().await;"),
        (
            "an entry, dropped",
            "if let Some(one) = MAP.get(&1) { let n = *one; drop(one); if n > 1 { wait().await } }",
        ),
        (
            "an entry of a match, dropped",
            "match MAP.get(&1) { Some(one) => { drop(one); wait().await } None => {} }",
        ),
        (
            "an entry, or nothing, dropped",
            "let Some(one) = MAP.get(&1) else { return }; drop(one); wait().await;",
        ),
        ("of tokio", "let kept = KEPT.lock().await; wait().await; let _ = *kept;"),
        ("taken out", "let one = MAP.get(&1).map(|one| *one); wait().await; let _ = one;"),
        (
            "taken out in a match",
            "match MAP.get(&1).map(|one| *one) { Some(one) => { wait().await; let _ = one; } None => {} }",
        ),
        (
            "where nothing was found",
            "match MAP.get(&1) { Some(one) => { let _ = *one; } None => wait().await }",
        ),
        (
            "in a task beside",
            "let all = ALL.lock().unwrap(); tokio::spawn(async { wait().await }); drop(all);",
        ),
    ] {
        assert_eq!(of_rule(HELD, &with_locks(body)), 0, "{name}");
    }
}

fn text_of(files: &[(std::path::PathBuf, String)], name: &str) -> String {
    let found = files.iter().find(|(path, _)| path.ends_with(name));
    found.map(|(_, text)| text.clone()).expect("the file is there")
}

#[test]
fn a_guard_that_is_no_longer_needed_is_given_back() {
    let given_back = |body: &str| {
        let report = support::check_rule(&with_locks(body), HELD);
        let finding = report.findings.iter().find(|f| f.finding.rule.id == HELD).expect("found");
        finding
            .finding
            .fixes
            .first()
            .map(|fix| support::apply(&report, fix))
            .map(|files| text_of(&files, "main.rs"))
    };
    for (body, expected) in [
        (
            "let mut all = ALL.lock().unwrap();\n    all.insert(1, 1);\n    wait().await;",
            "drop(all);\n    wait().await;",
        ),
        (
            "let all = ALL.lock().unwrap(); let n = 7; if n > 1 { wait().await }",
            "drop(all); if n > 1 { wait().await }",
        ),
    ] {
        let mended = given_back(body).expect("a fix");
        assert!(mended.contains(expected), "{mended}");
        assert_eq!(of_rule(HELD, &format!("{MANIFEST}//- src/main.rs\n{mended}")), 0, "{mended}");
    }
    for body in [
        "let mut all = ALL.lock().unwrap(); wait().await; all.insert(1, 1);",
        "let all = ALL.lock().unwrap(); let one = all.get(&1); wait().await; drop(one);",
        "if let Some(one) = MAP.get(&1) { wait().await; let _ = *one; }",
    ] {
        assert_eq!(given_back(body), None, "{body}");
    }
}

#[test]
fn tasks_that_nobody_waits_for() {
    const FORGOTTEN: &str = "fire-and-forget-in-handler";
    for (name, body, expected) in [
        ("a call", "tokio::spawn(async { reqwest::get(\"http://mail\").await });", 1),
        ("a function that calls", "tokio::spawn(send());", 1),
        ("one that only counts", "tokio::spawn(async { 7 });", 0),
        ("one whose handle is kept", "let task = tokio::spawn(send());\n    task.await.unwrap();", 0),
        (
            "one of a set",
            "let mut tasks = tokio::task::JoinSet::new();\n    tasks.spawn(send());\n    tasks.join_all().await;",
            0,
        ),
    ] {
        let code = format!(
            "async fn handler() {{\n    {body}\n}}\nasync fn send() {{ reqwest::get(\"http://mail\").await.unwrap(); }}"
        );
        assert_eq!(of_rule(FORGOTTEN, &with_handler(&code)), expected, "{name}");
    }
}

/// A call means the method of the type's own, whatever traits bring under the same name.
#[test]
fn a_method_of_a_type_goes_before_that_of_a_trait() {
    let text = |called: &str| {
        format!(
            r#"//- src/main.rs
use axum::{{Router, extract::State, routing::post}};
use std::sync::Arc;
use tokio::runtime::Runtime;

struct Contents {{ runtime: Runtime }}

trait Container {{ fn apply(&self, change: u32) -> u32; }}

impl Container for Contents {{
    fn apply(&self, change: u32) -> u32 {{ self.runtime.block_on(Contents::apply(self, change)) }}
}}

impl Contents {{
    async fn apply(&self, change: u32) -> u32 {{ change + 1 }}
}}

async fn change(State(contents): State<Arc<Contents>>) -> String {{ {called}.to_string() }}

#[tokio::main]
async fn main() {{
    let contents = Arc::new(Contents {{ runtime: Runtime::new().unwrap() }});
    let app = Router::new().route("/changes", post(change)).with_state(contents);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"#
        )
    };
    let rule = "block-on-in-async";
    assert_eq!(of_rule(rule, &text("contents.apply(1).await")), 0);
    assert_eq!(of_rule(rule, &text("Container::apply(&*contents, 1)")), 1);
}
