//! What is tried again without a pause: what the rule reports and what it leaves alone.

use crate::support;
use crate::support::of_rule;

const RULE: &str = "retry-without-backoff";

/// A service that asks until it has an answer before it serves.
fn starting(code: &str) -> String {
    let text = support::service(
        ".route(\"/x\", get(|| async { \"x\" }))",
        &format!(
            "const WAIT: std::time::Duration = std::time::Duration::from_secs(1);
             async fn ask() -> reqwest::Result<reqwest::Response> {{ reqwest::get(\"http://prices\").await }}
             async fn calmly() -> reqwest::Result<reqwest::Response> {{
                 tokio::time::sleep(WAIT).await;
                 reqwest::get(\"http://prices\").await
             }}
             async fn start() {{ {code} }}"
        ),
    );
    text.replace("async fn main() {", "async fn main() {\n    start().await;")
}

#[test]
fn loops_that_ask_as_fast_as_they_can_are_found() {
    for code in [
        "loop { match reqwest::get(\"http://prices\").await { Ok(_) => break, Err(e) => eprintln!(\"{e}\") } }",
        "while let Err(e) = ask().await { eprintln!(\"{e}\"); }",
        "loop { if let Ok(_) = ask().await { break; } }",
    ] {
        assert_eq!(of_rule(RULE, &starting(code)), 1, "{code}");
    }
}

#[test]
fn the_fix_of_a_loop_pauses_at_its_end() {
    let text = starting(
        "loop {\n    match ask().await {\n        Ok(_) => break,\n        Err(e) => eprintln!(\"{e}\"),\n    }\n}",
    );
    let mended = support::mended(&text, RULE);
    let end = "    }\n    tokio::time::sleep(std::time::Duration::from_secs(1)).await;\n}";
    assert!(mended.contains(end), "{mended}");
    assert_eq!(of_rule(RULE, &mended), 0);
}

#[test]
fn loops_that_pause_or_end_are_left_alone() {
    for code in [
        "while let Err(e) = ask().await { eprintln!(\"{e}\"); tokio::time::sleep(WAIT).await; }",
        "while let Err(e) = ask().await { eprintln!(\"{e}\"); pause().await; }\n async fn pause() {}",
        "while let Err(e) = calmly().await { eprintln!(\"{e}\"); }",
        "for _ in 0..3 { match ask().await { Ok(_) => break, Err(e) => eprintln!(\"{e}\") } }",
        "loop { match ask().await { Ok(_) => break, Err(e) if e.is_timeout() => continue, Err(_) => return } }",
        "tokio::time::timeout(WAIT, async { while let Err(e) = ask().await { eprintln!(\"{e}\"); } }).await.ok();",
        // Nothing is asked over the network.
        "loop { match \"7\".parse::<u8>() { Ok(_) => break, Err(e) => eprintln!(\"{e}\") } }",
        "while let Err(e) = taken() { eprintln!(\"{e}\"); }\n fn taken() -> Result<(), String> { Ok(()) }",
    ] {
        assert_eq!(of_rule(RULE, &starting(code)), 0, "{code}");
    }
}

/// A controller that watches pods.
fn watching(code: &str) -> String {
    format!(
        r#"//- Cargo.toml
[package]
name = "controller"
version = "0.1.0"
edition = "2021"
[dependencies]
futures = "0.3"
kube = {{ version = "0.90", features = ["runtime"] }}
k8s-openapi = "0.21"
tokio = "1"
//- src/main.rs
use futures::{{StreamExt, TryStreamExt}};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::{{reflector, watcher, watcher::Config}};
use kube::{{Api, Client}};

#[tokio::main]
async fn main() {{
    let client = Client::try_default().await.unwrap();
    let pods: Api<Pod> = Api::all(client);
    let (reader, writer) = reflector::store();
    {code}
}}
"#
    )
}

#[test]
fn watches_that_begin_again_at_once_are_found() {
    for code in [
        "watcher(pods, Config::default()).for_each(|pod| async move { drop(pod) }).await;",
        "use kube::runtime::WatchStreamExt;
         let all = reflector::reflector(writer, watcher(pods, Config::default()));
         let seen = all.touched_objects().filter_map(|x| async move { x.ok() }).for_each(|_| async {});
         tokio::select! { _ = seen => {} }",
    ] {
        let text = watching(code);
        assert_eq!(of_rule(RULE, &text), 1, "{code}");
        let mended = support::mended(&text, RULE);
        assert!(mended.contains("watcher(pods, Config::default()).default_backoff()"), "{mended}");
        assert!(mended.contains("use kube::runtime::WatchStreamExt;"), "{mended}");
        assert_eq!(of_rule(RULE, &mended), 0);
    }
}

#[test]
fn watches_that_pause_or_end_are_left_alone() {
    for code in [
        "use kube::runtime::WatchStreamExt;
         watcher(pods, Config::default()).default_backoff().for_each(|_| async {}).await;",
        "use kube::runtime::WatchStreamExt;
         watcher(pods, Config::default()).backoff(mine()).for_each(|_| async {}).await;",
        "use kube::runtime::WatchStreamExt;
         let all = reflector::reflector(writer, watcher(pods, Config::default())).default_backoff();
         all.touched_objects().for_each(|_| async {}).await;",
        // The first failure ends it.
        "watcher(pods, Config::default()).try_for_each(|_| async { Ok(()) }).await.unwrap();",
        // Whoever gets it may do so.
        "follow(watcher(pods, Config::default())).await;\n async fn follow<S>(all: S) {}",
    ] {
        assert_eq!(of_rule(RULE, &watching(code)), 0, "{code}");
    }
}
