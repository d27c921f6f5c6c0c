//! How messages are taken, acknowledged and sent: what the rules report and what they leave alone.

use crate::support;
use crate::support::of_rule;

const MANIFEST: &str = r#"//- Cargo.toml
[package]
name = "billing"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-nats = "0.45"
futures = "0.3"
lapin = "2"
rdkafka = "0.38"
redis = "0.32"
reqwest = "0.12"
serde = "1"
serde_json = "1"
sqlx = "0.8"
tokio = "1"
"#;

/// A program that takes deliveries of AMQP in a loop with a body, and helpers beside it.
fn amqp(body: &str, helpers: &str) -> String {
    format!(
        r#"{MANIFEST}//- src/main.rs
use futures::StreamExt;
use lapin::{{Channel, Connection, Consumer, message::Delivery, options::*}};

#[derive(serde::Deserialize)]
struct Order {{ id: i64 }}

{helpers}

async fn run(channel: &Channel, db: &sqlx::PgPool, http: &reqwest::Client) -> anyhow::Result<()> {{
    let mut orders = channel.basic_consume("orders", "billing", BasicConsumeOptions::default(), Default::default()).await?;
    while let Some(delivery) = orders.next().await {{
        let delivery = delivery?;
        {body}
    }}
    Ok(())
}}

#[tokio::main]
async fn main() -> anyhow::Result<()> {{
    let connection = Connection::connect("amqp://mq", Default::default()).await?;
    let channel = connection.create_channel().await?;
    run(&channel, &sqlx::PgPool::connect("postgres://db").await?, &reqwest::Client::new()).await
}}
"#
    )
}

const ACK: &str = "ack-before-processing";
const INSERT: &str =
    "sqlx::query(\"INSERT INTO invoices (body) VALUES ($1)\").bind(&delivery.data).execute(db).await?;";
const DONE: &str = "delivery.ack(BasicAckOptions::default()).await?;";

#[test]
fn work_behind_the_acknowledgement_is_found() {
    let helper = "async fn store(db: &sqlx::PgPool, order: Order) -> anyhow::Result<()> {
        sqlx::query(\"INSERT INTO orders (id) VALUES ($1)\").bind(order.id).execute(db).await?; Ok(()) }";
    for (name, body, helpers) in [
        ("a statement", format!("{DONE} {INSERT}"), ""),
        (
            "what was parsed, in a helper",
            format!(
                "let order: Order = serde_json::from_slice(&delivery.data)?; {DONE} store(db, order).await?;"
            ),
            helper,
        ),
        (
            "a task",
            format!(
                "let order: Order = serde_json::from_slice(&delivery.data)?; {DONE} let db = db.clone(); tokio::spawn(async move {{ let _ = store(&db, order).await; }});"
            ),
            helper,
        ),
        (
            "a request",
            format!(
                "{DONE} if delivery.redelivered {{ http.post(\"http://a\").body(delivery.data.clone()).send().await?; }}"
            ),
            "",
        ),
        (
            "on the channel",
            format!("channel.basic_ack(delivery.delivery_tag, BasicAckOptions::default()).await?; {INSERT}"),
            "",
        ),
    ] {
        assert_eq!(of_rule(ACK, &amqp(&body, helpers)), 1, "{name}");
    }
}

#[test]
fn acknowledgements_behind_the_work_are_left_alone() {
    for (name, body) in [
        ("after", format!("{INSERT} {DONE}")),
        (
            "stored before, told afterwards",
            format!("{INSERT} {DONE} http.post(\"http://a\").body(delivery.data.clone()).send().await?;"),
        ),
        ("one of two branches", format!("if delivery.redelivered {{ {DONE} }} else {{ {INSERT} {DONE} }}")),
        (
            "a branch that goes on",
            format!("if delivery.data.is_empty() {{ {DONE} continue; }} {INSERT} {DONE}"),
        ),
        ("given back", format!("delivery.nack(BasicNackOptions::default()).await?; {INSERT}")),
        (
            "nothing of the message",
            format!("{DONE} sqlx::query(\"UPDATE beats SET n = 1\").execute(db).await?;"),
        ),
        (
            "only read",
            format!(
                "{DONE} sqlx::query(\"SELECT 1 FROM orders WHERE body = $1\").bind(&delivery.data).fetch_all(db).await?;"
            ),
        ),
    ] {
        assert_eq!(of_rule(ACK, &amqp(&body, "")), 0, "{name}");
    }
}

/// The acknowledgement moves behind the work, and then there is nothing to report.
#[test]
fn the_acknowledgement_moves() {
    let text = amqp(&format!("{DONE}\n        {INSERT}"), "");
    let mended = support::mended(&text, ACK);
    let (insert, ack) =
        (mended.find("INSERT INTO").expect("it is there"), mended.find("delivery.ack").expect("too"));
    assert!(insert < ack, "{mended}");
    assert_eq!(of_rule(ACK, &mended), 0);
}

/// Entries of a stream that were left behind are claimed, acknowledged, and only then put back.
#[test]
fn entries_of_a_redis_stream() {
    let text = |steps: &str| {
        format!(
            r#"{MANIFEST}//- src/main.rs
use redis::{{Cmd, aio::MultiplexedConnection, streams::{{StreamClaimReply, StreamId}}}};

async fn requeue(con: &mut MultiplexedConnection, ids: &[String]) -> redis::RedisResult<()> {{
    let claimed: StreamClaimReply = Cmd::xclaim("q", "g", "c", 1000, ids).query_async(con).await?;
    {steps}
    Ok(())
}}

#[tokio::main]
async fn main() {{
    let client = redis::Client::open("redis://r").unwrap();
    let mut con = client.get_multiplexed_async_connection().await.unwrap();
    loop {{ let _ = requeue(&mut con, &[]).await; }}
}}
"#
        )
    };
    let ack = "let _: redis::RedisResult<()> = Cmd::xack(\"q\", \"g\", ids).query_async(con).await;";
    let put = "for StreamId { map, .. } in claimed.ids { let _: () = Cmd::xadd(\"q\", \"*\", &[(\"k\", map.len())]).query_async(con).await?; }";
    assert_eq!(of_rule(ACK, &text(&format!("{ack} {put}"))), 1);
    assert_eq!(of_rule(ACK, &text(&format!("{put} {ack}"))), 0);
}

const DIES: &str = "consumer-dies-on-bad-message";

#[test]
fn loops_that_a_bad_message_ends_are_found() {
    let parse = "fn parse(data: &[u8]) -> anyhow::Result<Order> { Ok(serde_json::from_slice(data)?) }";
    for (name, body, helpers) in [
        (
            "a question mark",
            "let order: Order = serde_json::from_slice(&delivery.data)?; println!(\"{}\", order.id);",
            "",
        ),
        (
            "unwrap",
            "let order: Order = serde_json::from_slice(&delivery.data).unwrap(); println!(\"{}\", order.id);",
            "",
        ),
        (
            "text",
            "let text = std::str::from_utf8(&delivery.data).expect(\"text\"); println!(\"{text}\");",
            "",
        ),
        ("a helper", "let order = parse(&delivery.data)?; println!(\"{}\", order.id);", parse),
    ] {
        assert_eq!(of_rule(DIES, &amqp(body, helpers)), 1, "{name}");
    }
    let batches = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
anyhow = "1"
aws-config = "1"
aws-sdk-sqs = "1"
serde_json = "1"
tokio = "1"
//- src/main.rs
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = aws_sdk_sqs::Client::new(&aws_config::load_from_env().await);
    let mut left = 1000;
    while left > 0 {
        left -= 10;
        let batch = client.receive_message().queue_url("orders").send().await?;
        let messages = batch.messages();
        for message in messages {
            let order: serde_json::Value = serde_json::from_str(message.body().unwrap_or_default())?;
            println!("{order}");
        }
    }
    Ok(())
}
"#;
    assert_eq!(of_rule(DIES, batches), 1, "out of two loops at once");
}

#[test]
fn loops_that_go_on_are_left_alone() {
    for (name, body) in [
        (
            "a match",
            "match serde_json::from_slice::<Order>(&delivery.data) { Ok(o) => println!(\"{}\", o.id), Err(e) => eprintln!(\"{e}\") }",
        ),
        (
            "let else",
            "let Ok(order) = serde_json::from_slice::<Order>(&delivery.data) else { continue; }; println!(\"{}\", order.id);",
        ),
        (
            "a task of its own",
            "tokio::spawn(async move { let order: Order = serde_json::from_slice(&delivery.data).unwrap(); println!(\"{}\", order.id); });",
        ),
        (
            "a block of its own",
            "let done: anyhow::Result<()> = async { let order: Order = serde_json::from_slice(&delivery.data)?; println!(\"{}\", order.id); Ok(()) }.await; if let Err(e) = done { eprintln!(\"{e}\"); }",
        ),
        ("the broker's own failure", "delivery.ack(BasicAckOptions::default()).await?;"),
        ("other bytes", "let order: Order = serde_json::from_slice(b\"{}\")?; println!(\"{}\", order.id);"),
    ] {
        assert_eq!(of_rule(DIES, &amqp(body, "")), 0, "{name}");
    }
    // Something begins the loop again.
    let body = "let order: Order = serde_json::from_slice(&delivery.data)?; println!(\"{}\", order.id);";
    let again = amqp(body, "").replace(
        "    run(&channel,",
        "    loop { if let Err(e) = run(&channel, &sqlx::PgPool::connect(\"postgres://db\").await?, &reqwest::Client::new()).await { eprintln!(\"{e}\"); } }\n    run(&channel,",
    );
    assert_eq!(of_rule(DIES, &again), 0);
}

const UNCONFIRMED: &str = "publish-unconfirmed";

#[test]
fn promises_of_brokers_that_are_thrown_away_are_found() {
    let publish = "channel.basic_publish(\"\", \"invoices\", Default::default(), &delivery.data, Default::default()).await?";
    for (name, body, count) in [
        ("dropped", format!("{publish};"), 1),
        ("dropped by name", format!("let _ = {publish};"), 1),
        ("awaited", format!("{publish}.await?;"), 0),
        ("kept", format!("let sent = {publish}; sent.await?;"), 0),
        ("a measurement", "channel.basic_publish(\"\", \"metrics\", Default::default(), &delivery.data, Default::default()).await?;".to_owned(), 0),
    ] {
        assert_eq!(of_rule(UNCONFIRMED, &amqp(&body, "")), count, "{name}");
    }
    let mended = support::mended(&amqp(&format!("{publish};"), ""), UNCONFIRMED);
    assert_eq!(of_rule(UNCONFIRMED, &mended), 0);
}

/// Core NATS confirms nothing to anybody: there is nothing to throw away.
#[test]
fn subjects_without_a_stream() {
    let nats = |call: &str| {
        format!(
            "{MANIFEST}//- src/main.rs\n#[tokio::main]\nasync fn main() -> anyhow::Result<()> {{\n    \
             let client = async_nats::connect(\"nats://n\").await?;\n    \
             let stream = async_nats::jetstream::new(client.clone());\n    {call}\n    Ok(())\n}}\n"
        )
    };
    assert_eq!(of_rule(UNCONFIRMED, &nats("client.publish(\"a\", \"b\".into()).await?;")), 0);
    assert_eq!(of_rule(UNCONFIRMED, &nats("stream.publish(\"a\", \"b\".into()).await?;")), 1);
}

const AUTO: &str = "auto-ack-consumer";

#[test]
fn consumers_that_acknowledge_nothing() {
    let with = |options: &str, more: &str| {
        amqp("println!(\"{:?}\", delivery.data);", "")
            .replace("BasicConsumeOptions::default()", options)
            .replace("    let mut orders", &format!("    {more}\n    let mut orders"))
    };
    let off = "BasicConsumeOptions { no_ack: true, ..Default::default() }";
    assert_eq!(of_rule(AUTO, &with(off, "")), 1);
    assert_eq!(of_rule(AUTO, &with("options", &format!("let options = {off};"))), 1);
    assert_eq!(of_rule(AUTO, &with("BasicConsumeOptions { no_ack: false, ..Default::default() }", "")), 0);
    assert_eq!(
        of_rule(
            AUTO,
            &with("BasicConsumeOptions { no_ack: true, exclusive: true, ..Default::default() }", "")
        ),
        0
    );
    let own = "channel.queue_declare(\"orders\", QueueDeclareOptions { exclusive: true, ..Default::default() }, Default::default()).await?;";
    assert_eq!(of_rule(AUTO, &with(off, own)), 0);
    let mended = support::mended(&with(off, ""), AUTO);
    assert_eq!(of_rule(AUTO, &mended), 0);
}

const COMMIT: &str = "kafka-commit-before-processing";

/// A worker with some options, that does something in its loop.
fn kafka(options: &str, body: &str) -> String {
    format!(
        r#"{MANIFEST}//- src/main.rs
use rdkafka::{{ClientConfig, Message, consumer::{{CommitMode, Consumer, StreamConsumer}}}};

fn consumer() -> StreamConsumer {{
    let consumer: StreamConsumer = ClientConfig::new().set("group.id", "billing"){options}.create().unwrap();
    consumer.subscribe(&["orders"]).unwrap();
    consumer
}}

#[tokio::main]
async fn main() {{
    let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    let consumer = consumer();
    loop {{
        let message = consumer.recv().await.unwrap();
        {body}
    }}
}}
"#
    )
}

#[test]
fn timed_commits_while_work_goes_on() {
    let work =
        "let _ = sqlx::query(\"INSERT INTO a (b) VALUES ($1)\").bind(message.payload()).execute(&db).await;";
    for (name, options, body, count) in [
        ("by default", "", work.to_owned(), 1),
        ("on purpose", ".set(\"enable.auto.commit\", \"true\")", work.to_owned(), 1),
        (
            "committed by hand as well",
            "",
            format!("{work} consumer.commit_message(&message, CommitMode::Async).unwrap();"),
            1,
        ),
        ("off", ".set(\"enable.auto.commit\", \"false\")", work.to_owned(), 0),
        ("stored by hand", ".set(\"enable.auto.offset.store\", \"false\")", work.to_owned(), 0),
        (
            "from outside",
            ".set(\"enable.auto.commit\", std::env::var(\"COMMIT\").unwrap())",
            work.to_owned(),
            0,
        ),
        ("an unknown option", ".set(std::env::var(\"KEY\").unwrap(), \"false\")", work.to_owned(), 0),
        ("only looked at", "", "println!(\"{:?}\", message.payload());".to_owned(), 0),
    ] {
        assert_eq!(of_rule(COMMIT, &kafka(options, &body)), count, "{name}");
    }
}

const SWALLOWED: &str = "error-swallowed";

/// A handler that stores something and tells others about it.
fn telling(steps: &str, answer: &str) -> String {
    let code = format!(
        "use axum::{{extract::State, http::StatusCode}};\nuse rdkafka::{{ClientConfig, producer::{{FutureProducer, FutureRecord}}}};\n\
         use std::time::Duration;\n\
         #[derive(Clone)]\nstruct App {{ db: sqlx::PgPool, producer: FutureProducer }}\n\
         async fn place(State(app): State<App>) -> Result<StatusCode, StatusCode> {{\n\
         sqlx::query(\"INSERT INTO orders (id) VALUES (1)\").execute(&app.db).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;\n\
         {steps}\n{answer}\n}}\n\
         async fn announce(app: &App, topic: &str) -> Result<(), String> {{ app.producer.send(FutureRecord::<(), str>::to(topic).payload(\"1\"), Duration::ZERO).await.map_err(|(e, _)| e.to_string())?; Ok(()) }}\n\
         async fn open(app: &App) -> Result<(), String> {{ sqlx::query(\"INSERT INTO shops (id) VALUES (1)\").execute(&app.db).await.map_err(|e| e.to_string())?; app.producer.send(FutureRecord::<(), str>::to(\"shops.opened\").payload(\"1\"), Duration::ZERO).await.map_err(|(e, _)| e.to_string())?; Ok(()) }}\n\
         async fn announce_open(app: &App) -> Result<(), String> {{ sqlx::query(\"SELECT id FROM shops\").fetch_one(&app.db).await.map_err(|e| e.to_string())?; app.producer.send(FutureRecord::<(), str>::to(\"shops.opened\").payload(\"1\"), Duration::ZERO).await.map_err(|(e, _)| e.to_string())?; Ok(()) }}\n\
         fn app() -> App {{ App {{ db: sqlx::PgPool::connect_lazy(\"postgres://db\").unwrap(), producer: ClientConfig::new().create().unwrap() }} }}\n"
    );
    let main = support::service(".route(\"/orders\", post(place)).with_state(app())", &code);
    format!("{MANIFEST}axum = \"0.8\"\ntracing = \"0.1\"\n//- src/main.rs\n{main}")
}

#[test]
fn messages_whose_loss_nobody_hears_of() {
    let send = "app.producer.send(FutureRecord::<(), str>::to(\"orders.placed\").payload(\"1\"), Duration::ZERO).await";
    for (name, steps, count) in [
        ("thrown away", format!("let _ = {send};"), 1),
        ("told to a log", format!("if let Err((error, _)) = {send} {{ tracing::error!(%error, \"not sent\"); }}"), 1),
        ("a match", format!("match {send} {{ Ok(_) => {{}} Err((error, _)) => tracing::error!(%error, \"not sent\") }}"), 1),
        ("ok", format!("{send}.ok();"), 1),
        ("by a helper", "if let Err(error) = announce(&app, \"orders.placed\").await { tracing::error!(error, \"not sent\"); }".to_owned(), 1),
        ("answered", format!("{send}.map_err(|_| StatusCode::BAD_GATEWAY)?;"), 0),
        ("returned", format!("if {send}.is_err() {{ return Err(StatusCode::BAD_GATEWAY); }}"), 0),
        ("left in the branch", format!("if let Err((error, _)) = {send} {{ tracing::error!(%error); return Err(StatusCode::BAD_GATEWAY); }}"), 0),
        ("kept for later", format!("if let Err((error, _)) = {send} {{ tracing::error!(%error); sqlx::query(\"INSERT INTO unsent (id) VALUES (1)\").execute(&app.db).await.ok(); }}"), 0),
        ("tried again, and put aside", "let mut sent = false; for _ in 0..3 { if announce(&app, \"orders.placed\").await.is_ok() { sent = true; break; } }
            if !sent { if let Err(error) = announce(&app, \"orders.dead\").await { tracing::error!(error); } }".to_owned(), 0),
        ("a measurement", "let _ = announce(&app, \"order.metrics\").await;".to_owned(), 0),
        ("one of the things that a helper does", "let _ = open(&app).await;".to_owned(), 0),
        ("what a helper looks up before it sends", "let _ = announce_open(&app).await;".to_owned(), 1),
    ] {
        assert_eq!(of_rule(SWALLOWED, &telling(&steps, "Ok(StatusCode::CREATED)")), count, "{name}");
    }
    let by_trait = |second: &str| {
        let steps = "let store: Box<dyn Store> = store(&app);\n\
                     if let Err(error) = store.keep(&app).await { tracing::error!(error, \"not kept\"); }";
        let kinds = format!(
            "#[async_trait::async_trait]\ntrait Store {{ async fn keep(&self, app: &App) -> Result<(), String>; }}\nstruct Sent;\nstruct Other;\n\
             #[async_trait::async_trait]\nimpl Store for Sent {{ async fn keep(&self, app: &App) -> Result<(), String> {{ announce(app, \"kept\").await }} }}\n\
             #[async_trait::async_trait]\nimpl Store for Other {{ async fn keep(&self, app: &App) -> Result<(), String> {{ {second} }} }}\n\
             fn store(_: &App) -> Box<dyn Store> {{ todo!() }}\n"
        );
        telling(steps, "Ok(StatusCode::CREATED)") + &kinds
    };
    assert_eq!(
        of_rule(SWALLOWED, &by_trait("announce(app, \"kept.elsewhere\").await")),
        1,
        "all of them send"
    );
    assert_eq!(of_rule(SWALLOWED, &by_trait("let _ = app; Ok(())")), 0, "one of them sends nothing");
}

const DURABLE: &str = "queue-not-durable";

#[test]
fn queues_that_a_restart_removes() {
    let declared = |options: &str| {
        amqp(
            &format!(
                "channel.queue_declare(\"q\", {options}, Default::default()).await?; println!(\"{{:?}}\", delivery.data);"
            ),
            "",
        )
    };
    for (name, options, count) in [
        ("by default", "QueueDeclareOptions::default()", 1),
        ("without a word", "Default::default()", 0),
        ("said so", "QueueDeclareOptions { durable: false, ..Default::default() }", 1),
        ("durable", "QueueDeclareOptions { durable: true, ..Default::default() }", 0),
        ("of one connection", "QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() }", 0),
        (
            "until the last consumer is gone",
            "QueueDeclareOptions { auto_delete: true, ..Default::default() }",
            0,
        ),
        ("only asked for", "QueueDeclareOptions { passive: true, ..Default::default() }", 0),
        (
            "as it is configured",
            "QueueDeclareOptions { durable: std::env::var(\"DURABLE\").is_ok(), ..Default::default() }",
            0,
        ),
    ] {
        assert_eq!(of_rule(DURABLE, &declared(options)), count, "{name}");
    }
    let mended = support::mended(&declared("QueueDeclareOptions::default()"), DURABLE);
    assert!(mended.contains("QueueDeclareOptions { durable: true, ..Default::default() }"), "{mended}");
    assert_eq!(of_rule(DURABLE, &mended), 0);
}

const POISON: &str = "poison-message-requeued";

#[test]
fn messages_that_come_back_for_ever() {
    let on_error = |then: &str, more: &str| {
        amqp(
            &format!(
                "{more} match serde_json::from_slice::<Order>(&delivery.data) {{ Ok(order) => println!(\"{{}}\", order.id), Err(_) => {{ {then} }} }}"
            ),
            "",
        )
    };
    let back = "delivery.nack(BasicNackOptions { requeue: true, ..Default::default() }).await?;";
    let dead = "let mut args = lapin::types::FieldTable::default(); args.insert(\"x-dead-letter-exchange\".into(), lapin::types::AMQPValue::LongString(\"dead\".into()));";
    for (name, text, count) in [
        ("at once", on_error(back, ""), 1),
        ("rejected", on_error("delivery.reject(BasicRejectOptions { requeue: true }).await?;", ""), 1),
        ("not put back", on_error(&back.replace("true", "false"), ""), 0),
        ("the first time only", on_error(&format!("if !delivery.redelivered {{ {back} }}"), ""), 0),
        (
            "after a while",
            on_error(&format!("tokio::time::sleep(std::time::Duration::from_secs(5)).await; {back}"), ""),
            0,
        ),
        ("with a place for the dead", on_error(back, dead), 0),
    ] {
        assert_eq!(of_rule(POISON, &text), count, "{name}");
    }
    assert_eq!(of_rule(POISON, &support::mended(&on_error(back, ""), POISON)), 0);
}

const DUAL: &str = "dual-write";

/// A service with a handler and helpers that have a database and a broker.
fn places(handler: &str, helpers: &str) -> String {
    format!(
        r#"{}axum = "0.8"
//- src/main.rs
use axum::{{Router, extract::State, routing::post}};
use futures::StreamExt;

#[derive(Clone)]
struct App {{ db: sqlx::PgPool, nats: async_nats::Client }}

{helpers}

async fn place(State(app): State<App>, item: String) {{
    {handler}
}}

#[tokio::main]
async fn main() {{
    let app = App {{ db: sqlx::PgPool::connect("postgres://db").await.unwrap(), nats: async_nats::connect("nats").await.unwrap() }};
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, Router::new().route("/orders", post(place)).with_state(app)).await.unwrap();
}}
"#,
        MANIFEST
    )
}

const PLACED: &str =
    "sqlx::query(\"INSERT INTO orders (item) VALUES ($1)\").bind(&item).execute(&app.db).await.unwrap();";
const TOLD: &str = "app.nats.publish(\"orders.placed\", item.clone().into()).await.unwrap();";

#[test]
fn changes_that_are_told_of_afterwards_are_found() {
    let keep = "async fn keep(app: &App, item: &str) -> i64 { sqlx::query(\"INSERT INTO orders (item) VALUES ($1)\").bind(item).execute(&app.db).await.unwrap(); 1 }";
    let tell = "async fn tell(app: &App, id: i64) { app.nats.publish(\"orders.placed\", id.to_string().into()).await.unwrap(); }";
    for (name, handler, helpers) in [
        ("at once", format!("{PLACED} {TOLD}"), String::new()),
        (
            "through helpers",
            "let id = keep(&app, &item).await; tell(&app, id).await;".into(),
            format!("{keep} {tell}"),
        ),
        ("in a task", format!("tokio::spawn(async move {{ {PLACED} {TOLD} }});"), String::new()),
        (
            "by a future that is waited for",
            format!(
                "let kept = async {{ {PLACED} 1 }}.await; app.nats.publish(\"orders.placed\", format!(\"{{kept}} {{item}}\").into()).await.unwrap();"
            ),
            String::new(),
        ),
        ("told by a task", format!("{PLACED} tokio::spawn(async move {{ {TOLD} }});"), String::new()),
        (
            "an arm",
            format!(
                "match sqlx::query(\"UPDATE orders SET item = $1\").bind(&item).execute(&app.db).await {{ Ok(_) => {{ {TOLD} }} Err(_) => {{}} }}"
            ),
            String::new(),
        ),
    ] {
        assert_eq!(of_rule(DUAL, &places(&handler, &helpers)), 1, "{name}");
    }
}

#[test]
fn messages_that_are_kept_or_are_no_news_are_left_alone() {
    let outbox =
        "sqlx::query(\"INSERT INTO outbox (body) VALUES ($1)\").bind(&item).execute(&app.db).await.unwrap();";
    let relay = "sqlx::query(\"UPDATE orders SET told = true WHERE item = $1\").bind(&item).execute(&app.db).await.unwrap();";
    for (name, handler) in [
        ("an outbox", format!("{PLACED} {outbox} {TOLD}")),
        (
            "changed by a task",
            format!(
                "let told = item.clone(); tokio::spawn(async move {{ {PLACED} }}); app.nats.publish(\"orders.placed\", told.into()).await.unwrap();"
            ),
        ),
        ("told first", format!("{TOLD} {PLACED}")),
        ("marked as told", format!("{PLACED} {TOLD} {relay}")),
        ("another arm", format!("if item.is_empty() {{ {PLACED} }} else {{ {TOLD} }}")),
        ("a hint", format!("{PLACED} app.nats.publish(\"cache.invalidate\", item.into()).await.unwrap();")),
        (
            "a trail",
            format!(
                "sqlx::query(\"INSERT INTO audit_log (item) VALUES ($1)\").bind(&item).execute(&app.db).await.unwrap(); {TOLD}"
            ),
        ),
        (
            "nothing to do with it",
            "let (db, nats) = (app.db, app.nats); let old = 1; sqlx::query(\"DELETE FROM orders WHERE age > $1\").bind(old).execute(&db).await.unwrap(); nats.publish(\"hello\", item.into()).await.unwrap();".to_string(),
        ),
        (
            "for each that was read",
            format!(
                "{PLACED} let all = futures::stream::iter([item]).map(|item| async {{ {TOLD} }}); drop(all);"
            ),
        ),
    ] {
        assert_eq!(of_rule(DUAL, &places(&handler, "")), 0, "{name}");
    }
}

#[test]
fn what_a_router_is_given_does_not_run_where_it_is_built() {
    let start = "async fn start(db: sqlx::PgPool, nats: async_nats::Client) { let _app: Router<App> = Router::new().route(\"/x\", post(write)); drop(db); let item = String::new(); nats.publish(\"started\", item.into()).await.unwrap(); }
        async fn write(State(app): State<App>) { sqlx::query(\"DELETE FROM orders\").execute(&app.db).await.unwrap(); }";
    assert_eq!(of_rule(DUAL, &places("start(app.db, app.nats).await; drop(item);", start)), 0);
}
