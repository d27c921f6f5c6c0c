//! What becomes of answers, of tries and of limits: what the rules report and what they leave alone.

use crate::support;
use crate::support::of_rule;

const MANIFEST: &str = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
axum = "0.8"
awc = "3"
http-body-util = "0.1"
rand = "0.9"
redis = "1"
reqwest = "0.12"
reqwest-middleware = "0.4"
serde = "1"
serde_json = "1"
sqlx = "0.8"
tokio = "1"
tokio-retry = "0.3"
tracing = "0.1"
uuid = "1"
//- src/main.rs
"#;

/// A service whose one handler is `handler`.
fn service(code: &str) -> String {
    let code = support::service(".route(\"/x\", post(handler))", code);
    format!("{MANIFEST}use std::time::Duration;\n{code}")
}

const STATUS: &str = "response-status-unchecked";

/// A handler that does something with a request; `E` is any error.
fn asks(body: &str) -> String {
    service(&format!(
        "type E = Box<dyn std::error::Error>;\n\
         #[derive(serde::Deserialize)] struct Price {{ amount: u64 }}\n\
         #[derive(serde::Deserialize)] struct Told {{ success: bool, amount: u64 }}\n\
         #[derive(serde::Deserialize)] #[serde(untagged)] enum Either {{ Price(Price), Failure(String) }}\n\
         fn show(answer: reqwest::Response) {{ println!(\"{{}}\", answer.status()); }}\n\
         async fn handler() -> Result<(), E> {{\n    let client = reqwest::Client::new();\n    \
         let request = client.get(\"http://prices/now\");\n    {body}\n    Ok(())\n}}"
    ))
}

#[test]
fn answers_that_are_taken_for_successes_are_found() {
    for (name, body) in [
        ("decoded at once", "let _p: Price = request.send().await?.json().await?;"),
        ("as a list", "let _p = request.send().await?.json::<Vec<Price>>().await?;"),
        ("as text", "let answer = request.send().await?; let _t = answer.text().await?;"),
        ("dropped", "request.send().await?;"),
        ("dropped in a variable", "let _answer = request.send().await?;"),
        (
            "an error is logged",
            "if let Err(error) = request.send().await { tracing::warn!(%error, \"no answer\"); }",
        ),
        (
            "any answer is good",
            "match request.send().await { Ok(_) => tracing::info!(\"sent\"), Err(e) => return Err(e.into()) }",
        ),
        (
            "through a match",
            "let answer = match request.send().await { Ok(answer) => answer, Err(e) => return Err(e.into()) }; let _b = answer.bytes().await?;",
        ),
        (
            "with a limit around it",
            "let answer = tokio::time::timeout(Duration::from_secs(1), request.send()).await??; let _t = answer.text().await?;",
        ),
        (
            "only its headers are looked at besides",
            "let answer = request.send().await?; let _l = answer.headers().len(); let _t = answer.text().await?;",
        ),
        (
            "it is logged",
            "let answer = request.send().await?; tracing::debug!(\"{:?}\", answer); let _t = answer.text().await?;",
        ),
    ] {
        assert_eq!(of_rule(STATUS, &asks(body)), 1, "{name}");
    }
}

#[test]
fn answers_that_somebody_looks_at_are_left_alone() {
    for (name, body) in [
        ("an error for a status", "let _p: Price = request.send().await?.error_for_status()?.json().await?;"),
        (
            "on the result",
            "let _p: Price = request.send().await.and_then(|a| a.error_for_status())?.json().await?;",
        ),
        (
            "by its name",
            "let _p: Price = request.send().await.and_then(reqwest::Response::error_for_status)?.json().await?;",
        ),
        (
            "in a condition",
            "let answer = request.send().await?; if !answer.status().is_success() { return Err(\"no\".into()); } let _t = answer.text().await?;",
        ),
        (
            "in a guard",
            "match request.send().await { Ok(a) if a.status().is_success() => {} Ok(_) => {} Err(_) => {} }",
        ),
        ("handed on", "let answer = request.send().await?; show(answer);"),
        ("nobody wants to know", "let _ = request.send().await;"),
        ("reached or not", "let _up = request.send().await.is_ok();"),
        ("a type that tells", "let _p: Told = request.send().await?.json().await?;"),
        ("one of several", "let _p: Either = request.send().await?.json().await?;"),
        (
            "asked for a failure by name",
            "let body: serde_json::Value = request.send().await?.json().await?; if body.get(\"error\").is_some() { return Err(\"no\".into()); }",
        ),
        ("only whether something is there", "client.head(\"http://prices/now\").send().await?;"),
        ("in a list of answers", "let mut all = Vec::new(); all.push(request.send().await?);"),
    ] {
        assert_eq!(of_rule(STATUS, &asks(body)), 0, "{name}");
    }
    let returned = service(
        "async fn ask() -> reqwest::Result<reqwest::Response> { reqwest::get(\"http://prices/now\").await }\n\
         async fn handler() { let _ = ask().await; }",
    );
    assert_eq!(of_rule(STATUS, &returned), 0, "returned");
}

#[test]
fn other_clients_have_statuses_too() {
    let actix = |rest: &str| {
        format!(
            "{MANIFEST}use actix_web::{{App, HttpServer, web}};\n\
             async fn handler() -> String {{\n    let mut answer = awc::Client::default().get(\"http://prices/now\").send().await.unwrap();\n    {rest}\n}}\n\
             #[actix_web::main]\nasync fn main() -> std::io::Result<()> {{\n    \
             HttpServer::new(|| App::new().route(\"/x\", web::get().to(handler))).bind((\"0.0.0.0\", 80))?.run().await\n}}\n"
        )
    };
    let read = "String::from_utf8(answer.body().await.unwrap().to_vec()).unwrap()";
    assert_eq!(of_rule(STATUS, &actix(read)), 1);
    assert_eq!(of_rule(STATUS, &actix(&format!("assert!(answer.status().is_success()); {read}"))), 0);
    let wrapped = |rest: &str| {
        service(&format!(
            "async fn handler() {{ let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).build();\n    \
             let answer = client.get(\"http://prices/now\").send().await.unwrap(); {rest} answer.text().await.unwrap(); }}"
        ))
    };
    assert_eq!(of_rule(STATUS, &wrapped("")), 1);
    assert_eq!(of_rule(STATUS, &wrapped("answer.error_for_status_ref().unwrap();")), 0);
}

#[test]
fn a_failing_status_becomes_an_error_where_the_request_is_sent() {
    for (body, mended) in [
        ("let _t = request.send().await?.text().await?;", "request.send().await?.error_for_status()?.text()"),
        (
            "let _t = request.send().await.unwrap().text().await?;",
            "request.send().await.and_then(|response| response.error_for_status()).unwrap().text()",
        ),
        (
            "let _t = request\n        .send()\n        .await?\n        .text()\n        .await?;",
            "        .await?\n        .error_for_status()?\n        .text()",
        ),
    ] {
        let text = support::mended(&asks(body), STATUS);
        assert!(text.contains(mended), "{text}");
    }
}

const KEY: &str = "idempotency-key-regenerated-per-attempt";

#[test]
fn keys_that_are_made_for_each_try_are_found() {
    let send = "client.post(\"http://payments\").header(\"Idempotency-Key\", key.to_string()).send().await";
    for (name, body) in [
        (
            "in a loop",
            format!("for _ in 0..3 {{ let key = uuid::Uuid::new_v4(); match {send} {{ Ok(_) => return, Err(_) => continue }} }}"),
        ),
        (
            "in what a policy runs",
            format!(
                "let delays = tokio_retry::strategy::FixedInterval::from_millis(10).take(3);
                 tokio_retry::Retry::spawn(delays, || async {{ let key = uuid::Uuid::new_v4(); {send} }}).await.unwrap();"
            ),
        ),
        ("in a function that is tried again", "for _ in 0..3 { match pay().await { Ok(_) => return, Err(_) => continue } }".to_owned()),
    ] {
        let code = service(&format!(
            "async fn pay() -> reqwest::Result<reqwest::Response> {{ let client = reqwest::Client::new(); let key = uuid::Uuid::now_v7(); {send} }}\n\
             async fn handler() {{ let client = reqwest::Client::new(); {body} }}"
        ));
        assert_eq!(of_rule(KEY, &code), 1, "{name}");
    }
}

#[test]
fn keys_that_stay_the_same_are_left_alone() {
    let send = "client.post(\"http://payments\").header(\"Idempotency-Key\", key.to_string()).send().await";
    for (name, body) in [
        (
            "made before the loop",
            format!("let key = uuid::Uuid::new_v4(); for _ in 0..3 {{ match {send} {{ Ok(_) => return, Err(_) => continue }} }}"),
        ),
        ("made once", format!("let key = uuid::Uuid::new_v4(); {send}.unwrap();")),
        (
            "one for each order, not for each try",
            format!("for _order in [1, 2] {{ let key = uuid::Uuid::new_v4(); {send}.unwrap(); }}"),
        ),
        (
            "a number of the try",
            "for _ in 0..3 { let id = uuid::Uuid::new_v4(); match client.get(\"http://x\").header(\"X-Attempt\", id.to_string()).send().await { Ok(_) => return, Err(_) => continue } }".to_owned(),
        ),
        (
            "given by the caller",
            format!("for _ in 0..3 {{ let key = order_key(); match {send} {{ Ok(_) => return, Err(_) => continue }} }}"),
        ),
    ] {
        let code = service(&format!(
            "fn order_key() -> String {{ \"order-1\".to_owned() }}\n\
             async fn handler() {{ let client = reqwest::Client::new(); {body} }}"
        ));
        assert_eq!(of_rule(KEY, &code), 0, "{name}");
    }
}

#[test]
fn a_key_is_made_before_the_first_try() {
    let send = |key: &str| {
        format!(
            "match client.post(\"http://payments\").header(\"Idempotency-Key\", {key}).send().await {{\n            Ok(_) => return,\n            Err(_) => continue,\n        }}"
        )
    };
    for (key, made, expected) in [
        (
            "key.to_string()",
            "let key = uuid::Uuid::new_v4();\n        ",
            "    let key = uuid::Uuid::new_v4();\n    for _ in 0..3 {\n        match client",
        ),
        (
            "uuid::Uuid::new_v4().to_string()",
            "",
            "    let idempotency_key = uuid::Uuid::new_v4().to_string();\n    for _ in 0..3 {\n        match client",
        ),
    ] {
        let body = format!("for _ in 0..3 {{\n        {made}{}\n    }}", send(key));
        let text = service(&format!(
            "async fn handler() {{\n    let client = reqwest::Client::new();\n    {body}\n}}"
        ));
        let mended = support::mended(&text, KEY);
        assert!(mended.contains(expected), "{mended}");
        assert_eq!(of_rule(KEY, &mended), 0);
    }
    // The next try needs it too, or a part of it is of this one.
    for (key, made) in [
        ("key", "let key = uuid::Uuid::new_v4().to_string();"),
        ("key.to_string()", "let key = format!(\"{}-{attempt}\", uuid::Uuid::new_v4());"),
    ] {
        let body = format!("for attempt in 0..3 {{\n        {made}\n        {}\n    }}", send(key));
        let text = service(&format!(
            "async fn handler() {{\n    let client = reqwest::Client::new();\n    {body}\n}}"
        ));
        let report = support::check_rule(&text, KEY);
        let found = report.findings.iter().find(|f| f.finding.rule.id == KEY);
        assert!(found.is_some_and(|f| f.finding.fixes.is_empty()), "{made}");
    }
}

const EXPLODES: &str = "retry-backoff-explodes";

/// A handler that tries again by a policy of `tokio-retry`.
fn tries(policy: &str) -> String {
    service(&format!(
        "use tokio_retry::{{Retry, strategy::{{ExponentialBackoff, FixedInterval, jitter}}}};\nconst BASE: u64 = 50;\n\
         async fn ask() -> reqwest::Result<String> {{ reqwest::get(\"http://x\").await?.error_for_status()?.text().await }}\n\
         async fn handler() {{ let delays = {policy}; Retry::spawn(delays, ask).await.unwrap(); }}"
    ))
}

#[test]
fn a_base_that_is_meant_as_a_delay_is_found() {
    for policy in [
        "ExponentialBackoff::from_millis(100).map(jitter).take(3)",
        "ExponentialBackoff::from_millis(BASE).take(5)",
        "ExponentialBackoff::from_millis(10).factor(100).take(9)",
        "ExponentialBackoff::from_millis(200)",
    ] {
        let found = of_rule(EXPLODES, &tries(policy));
        assert_eq!(found, usize::from(!policy.contains("millis(10)")), "{policy}");
    }
    for policy in [
        "ExponentialBackoff::from_millis(2).factor(100).take(5)",
        "ExponentialBackoff::from_millis(100).max_delay(Duration::from_secs(2)).take(5)",
        "ExponentialBackoff::from_millis(100).take(2)",
        "ExponentialBackoff::from_millis(configured()).take(5)",
        "FixedInterval::from_millis(500).take(5)",
    ] {
        assert_eq!(of_rule(EXPLODES, &tries(policy)), 0, "{policy}");
    }
    let mended = support::mended(&tries("ExponentialBackoff::from_millis(100).take(3)"), EXPLODES);
    let expected = "ExponentialBackoff::from_millis(2).factor(50).max_delay(Duration::from_secs(5)).take(3)";
    assert!(mended.contains(expected), "{mended}");
}

/// A handler with a loop of its own around a request.
fn rounds(code: &str) -> String {
    service(&format!(
        "async fn ask() -> reqwest::Result<String> {{ reqwest::get(\"http://x\").await?.error_for_status()?.text().await }}\n\
         async fn handler() -> String {{ {code} }}"
    ))
}

#[test]
fn loops_by_which_a_handler_tries_for_ever_are_found() {
    let rule = "unbounded-retry";
    let pause = "tokio::time::sleep(Duration::from_secs(1)).await";
    for code in [
        format!("loop {{ match ask().await {{ Ok(text) => return text, Err(_) => {pause} }} }}"),
        format!("loop {{ if let Ok(text) = ask().await {{ return text; }} {pause}; }}"),
        format!(
            "let text = loop {{ let asked = ask().await; match asked {{ Ok(text) => break text, Err(_) => {{ {pause}; }} }} }}; text"
        ),
        format!("while let Err(_) = ask().await {{ {pause}; }} String::new()"),
    ] {
        assert_eq!(of_rule(rule, &rounds(&code)), 1, "{code}");
    }
    for code in [
        format!(
            "for _ in 0..3 {{ match ask().await {{ Ok(text) => return text, Err(_) => {pause} }} }} String::new()"
        ),
        format!(
            "let mut n = 0; loop {{ match ask().await {{ Ok(text) => return text, Err(_) if n > 3 => return String::new(), Err(_) => {{ n += 1; {pause} }} }} }}"
        ),
        format!(
            "tokio::time::timeout(Duration::from_secs(9), async {{ loop {{ match ask().await {{ Ok(text) => return text, Err(_) => {pause} }} }} }}).await.unwrap()"
        ),
        "loop { match ask().await { Ok(text) => return text, Err(error) => return error.to_string() } }"
            .to_owned(),
    ] {
        assert_eq!(of_rule(rule, &rounds(&code)), 0, "{code}");
    }
    let beside = service(&format!(
        "async fn ask() -> reqwest::Result<String> {{ reqwest::get(\"http://x\").await?.error_for_status()?.text().await }}\n\
         async fn handler() {{}}\n\
         fn start() {{ tokio::spawn(async move {{ loop {{ match ask().await {{ Ok(_) => break, Err(_) => {pause} }} }} }}); }}"
    ));
    assert_eq!(of_rule(rule, &beside), 0, "a task beside has nothing better to do");
}

#[test]
fn loops_whose_pause_is_the_same_for_all_are_found() {
    let rule = "retry-without-jitter";
    let tries = |pause: &str| {
        rounds(&format!(
            "for attempt in 0..3u32 {{ match ask().await {{ Ok(text) => return text, Err(_) => tokio::time::sleep({pause}).await }} }} String::new()"
        ))
    };
    for pause in
        ["Duration::from_secs(1)", "Duration::from_millis(100 * 2u64.pow(attempt))", "PAUSE * attempt"]
    {
        let text = format!("{}\nconst PAUSE: Duration = Duration::from_secs(1);", tries(pause));
        assert_eq!(of_rule(rule, &text), 1, "{pause}");
    }
    for pause in [
        "Duration::from_millis(rand::random_range(0..1000))",
        "Duration::from_secs(1).mul_f64(rand::random::<f64>())",
        "spread(Duration::from_secs(1))",
        "elsewhere::pause(attempt)",
    ] {
        let text = format!(
            "{}\nfn spread(pause: Duration) -> Duration {{ pause.mul_f64(rand::random::<f64>()) }}",
            tries(pause)
        );
        assert_eq!(of_rule(rule, &text), 0, "{pause}");
    }
    // What is waited for until it is there is no failure.
    let waits = "loop { match ask().await { Ok(text) if text == \"done\" => return text, Ok(_) => tokio::time::sleep(Duration::from_secs(1)).await, Err(_) => {} } }";
    assert_eq!(of_rule(rule, &rounds(waits)), 0);
}

const OVERFLOW: &str = "retry-backoff-overflow";

#[test]
fn pauses_that_grow_without_a_limit_are_found() {
    for code in [
        "let mut pause = Duration::from_secs(1); loop { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(pause).await; pause *= 2; }",
        "let mut attempt = 0; loop { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(Duration::from_millis(100 * 2u64.pow(attempt))).await; attempt += 1; }",
        "let mut attempt = 0; loop { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(Duration::from_secs(1 << attempt)).await; attempt += 1; }",
        "let mut ms = 100; loop { if let Ok(text) = ask().await { return text; } tokio::time::sleep(Duration::from_millis(ms)).await; ms *= 2; }",
    ] {
        assert_eq!(of_rule(OVERFLOW, &rounds(code)), 1, "{code}");
    }
    for code in [
        "let mut pause = Duration::from_secs(1); loop { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(pause).await; pause = (pause * 2).min(Duration::from_secs(60)); }",
        "let mut pause = Duration::from_secs(1); loop { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(pause.min(Duration::from_secs(60))).await; pause *= 2; }",
        "let mut pause = Duration::from_secs(1); loop { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(pause).await; if pause < Duration::from_secs(60) { pause *= 2; } }",
        "let mut n = 0; loop { match ask().await { Ok(text) => return text, Err(_) => {} } if n > 5 { break String::new(); } tokio::time::sleep(Duration::from_secs(2u64.pow(n))).await; n += 1; }",
        "let mut n = 0; while n < 5 { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(Duration::from_secs(1 << n)).await; n += 1; } String::new()",
        "for n in 0..5 { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(Duration::from_secs(2u64.pow(n))).await; } String::new()",
        "let mut pause = Duration::from_secs(1); loop { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(pause).await; pause += Duration::from_secs(1); }",
    ] {
        assert_eq!(of_rule(OVERFLOW, &rounds(code)), 0, "{code}");
    }
}

#[test]
fn the_fix_holds_a_pause_below_a_longest_one() {
    let pause = "let mut pause = Duration::from_secs(1); loop { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(pause).await; pause *= 2; }";
    let text = support::mended(&rounds(pause), OVERFLOW);
    assert!(text.contains("pause = std::cmp::min(pause * 2, Duration::from_secs(30));"), "{text}");
    let power = "let mut attempt = 0; loop { match ask().await { Ok(text) => return text, Err(_) => {} } tokio::time::sleep(Duration::from_secs(2u64.pow(attempt))).await; attempt += 1; }";
    let text = support::mended(&rounds(power), OVERFLOW);
    assert!(text.contains("2u64.pow(std::cmp::min(attempt, 6))"), "{text}");
}

const DISABLED: &str = "timeout-disabled";

#[test]
fn limits_that_are_taken_away_are_found() {
    let handler = |make: &str| {
        service(&format!(
            "use redis::aio::{{ConnectionManager, ConnectionManagerConfig}};\nconst DAY: Duration = Duration::from_secs(86400);\n\
             async fn handler() {{ let patient = false; {make}; }}"
        ))
    };
    for make in [
        "reqwest::blocking::Client::builder().timeout(None).build().unwrap().get(\"http://x\").send().unwrap().error_for_status().unwrap()",
        "reqwest::Client::builder().timeout(Duration::MAX).build().unwrap()",
        "reqwest::Client::builder().timeout(DAY).build().unwrap()",
        "awc::Client::builder().disable_timeout().finish()",
        "ConnectionManagerConfig::new().set_response_timeout(None)",
        "ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(3600)))",
    ] {
        let text = handler(make);
        assert_eq!(of_rule(DISABLED, &text), 1, "{make}");
        assert_eq!(of_rule("http-client-without-timeout", &text), 0, "it is said once: {make}");
    }
    for make in [
        "reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap()",
        "reqwest::Client::builder().timeout(configured()).build().unwrap()",
        "let b = reqwest::blocking::Client::builder(); let _b = if patient { b.timeout(None) } else { b }",
        "redis::Client::open(\"redis://x\").unwrap().get_connection().unwrap()",
        "ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(2)))",
        "reqwest::Client::builder().pool_idle_timeout(None).build().unwrap()",
    ] {
        assert_eq!(of_rule(DISABLED, &handler(make)), 0, "{make}");
    }
    let queue = handler(
        "let mut c = redis::Client::open(\"redis://x\").unwrap().get_connection_manager_with_config(ConnectionManagerConfig::new().set_response_timeout(None)).await.unwrap(); let _: Vec<String> = redis::AsyncCommands::blpop(&mut c, \"jobs\", 0.0).await.unwrap()",
    );
    assert_eq!(of_rule(DISABLED, &queue), 0, "a connection on which messages are waited for");
}

const LOCKED: &str = "client-behind-mutex";

#[test]
fn clients_that_stand_behind_a_lock_are_found() {
    let handler = |ty: &str, body: &str| {
        service(&format!(
            "use std::sync::Arc; use tokio::sync::{{Mutex, RwLock}}; use axum::extract::State;\n\
             async fn handler(State(shared): State<{ty}>) {{ {body} }}"
        ))
    };
    for (ty, body) in [
        ("Arc<Mutex<reqwest::Client>>", "let client = shared.lock().await; client.get(\"http://x\").send().await.unwrap().error_for_status().unwrap();"),
        ("Arc<Mutex<sqlx::PgPool>>", "let pool = shared.lock().await; sqlx::query(\"SELECT 1\").execute(&*pool).await.unwrap();"),
        ("Arc<Mutex<sqlx::Pool<sqlx::Postgres>>>", "let pool = shared.lock().await; sqlx::query(\"SELECT 1\").execute(&*pool).await.unwrap();"),
        ("Arc<RwLock<reqwest::Client>>", "shared.write().await.get(\"http://x\").send().await.unwrap().error_for_status().unwrap();"),
        (
            "Arc<Mutex<reqwest::Client>>",
            "let client = shared.lock().await; client.get(\"http://x\").send().await.unwrap().error_for_status().unwrap(); drop(client);
             let client = shared.lock().await; client.get(\"http://y\").send().await.unwrap().error_for_status().unwrap();",
        ),
    ] {
        assert_eq!(of_rule(LOCKED, &handler(ty, body)), 1, "{ty}: {body}");
    }
    for (ty, body) in [
        (
            "Arc<Mutex<reqwest::Client>>",
            "let client = shared.lock().await.clone(); client.get(\"http://x\").send().await.unwrap().error_for_status().unwrap();",
        ),
        (
            "Arc<RwLock<reqwest::Client>>",
            "let client = shared.read().await; client.get(\"http://x\").send().await.unwrap().error_for_status().unwrap();",
        ),
        (
            "Arc<Mutex<sqlx::PgConnection>>",
            "let mut db = shared.lock().await; sqlx::query(\"SELECT 1\").execute(&mut *db).await.unwrap();",
        ),
        (
            "Arc<Mutex<sqlx::SqlitePool>>",
            "let pool = shared.lock().await; sqlx::query(\"DELETE FROM a\").execute(&*pool).await.unwrap();",
        ),
        (
            "Arc<Mutex<sqlx::Pool<sqlx::Sqlite>>>",
            "let pool = shared.lock().await; sqlx::query(\"DELETE FROM a\").execute(&*pool).await.unwrap();",
        ),
        ("Arc<Mutex<reqwest::Client>>", "*shared.lock().await = reqwest::Client::new();"),
        (
            "Arc<Mutex<Vec<reqwest::Client>>>",
            "let all = shared.lock().await; all[0].get(\"http://x\").send().await.unwrap().error_for_status().unwrap();",
        ),
    ] {
        assert_eq!(of_rule(LOCKED, &handler(ty, body)), 0, "{ty}: {body}");
    }
}

#[test]
fn a_clone_is_taken_out_of_the_lock() {
    let text = |body: &str| {
        service(&format!(
            "use std::sync::Arc; use tokio::sync::Mutex; use axum::extract::State;\n\
             async fn handler(State(shared): State<Arc<Mutex<reqwest::Client>>>) {{ {body} }}"
        ))
    };
    let ask = "client.get(\"http://x\").send().await.unwrap().error_for_status().unwrap();";
    let mended = support::mended(&text(&format!("let client = shared.lock().await; {ask}")), LOCKED);
    assert!(mended.contains("let client = shared.lock().await.clone();"), "{mended}");
    assert_eq!(of_rule(LOCKED, &mended), 0);
    for body in [
        format!("let client = shared.lock().await; let same = &*client; drop(same); {ask}"),
        "shared.lock().await.get(\"http://x\").send().await.unwrap().error_for_status().unwrap();".to_owned(),
        // One of two locks would stay.
        format!(
            "{{ let client = shared.lock().await; {ask} }} shared.lock().await.get(\"http://y\").send().await.unwrap().error_for_status().unwrap();"
        ),
    ] {
        let report = support::check_rule(&text(&body), LOCKED);
        let found = report.findings.iter().find(|f| f.finding.rule.id == LOCKED);
        assert!(found.is_some_and(|f| f.finding.fixes.is_empty()), "{body}");
    }
}

const BODY: &str = "body-limit-disabled";

#[test]
fn bodies_without_a_limit_are_found() {
    let axum = |layer: &str, input: &str| {
        let code = support::service(
            &format!(".route(\"/x\", post(handler)).layer({layer})"),
            &format!(
                "use axum::{{Json, body::Bytes, extract::{{DefaultBodyLimit, Multipart, Request}}}};\nasync fn handler(input: {input}) {{}}"
            ),
        );
        format!("{MANIFEST}{code}")
    };
    for input in ["Bytes", "String", "Json<u8>"] {
        assert_eq!(of_rule(BODY, &axum("DefaultBodyLimit::disable()", input)), 1, "{input}");
        assert_eq!(of_rule(BODY, &axum("DefaultBodyLimit::max(usize::MAX)", input)), 1, "{input}");
        assert_eq!(of_rule(BODY, &axum("DefaultBodyLimit::max(1024 * 1024)", input)), 0, "{input}");
        let both = "DefaultBodyLimit::disable()).layer(tower_http::limit::RequestBodyLimitLayer::new(1024)";
        assert_eq!(
            of_rule(BODY, &axum(both, input).replace("serde = ", "tower-http = \"0.6\"\nserde = ")),
            0,
            "{input}"
        );
    }
    for input in ["Multipart", "Request"] {
        assert_eq!(of_rule(BODY, &axum("DefaultBodyLimit::disable()", input)), 0, "{input}");
    }
}

#[test]
fn bodies_that_are_read_by_hand_have_their_own_limit() {
    let reads = |call: &str, limit: &str| {
        service(&format!(
            "use axum::{{body::to_bytes, extract::Request}};\nasync fn handler(request: Request) {{ {} }}",
            call.replace("MAX", limit)
        ))
    };
    for call in [
        "to_bytes(request.into_body(), MAX).await.unwrap();",
        "let (_parts, body) = request.into_parts(); to_bytes(body, MAX).await.unwrap();",
    ] {
        assert_eq!(of_rule(BODY, &reads(call, "usize::MAX")), 1, "{call}");
        assert_eq!(of_rule(BODY, &reads(call, "4096")), 0, "{call}");
    }
    let answer = service(
        "use axum::{body::to_bytes, extract::Request, middleware::Next};\nasync fn handler(request: Request, next: Next) { let answer = next.run(request).await; to_bytes(answer.into_body(), usize::MAX).await.unwrap(); }",
    );
    assert_eq!(of_rule(BODY, &answer), 0, "the body of an answer");
}
