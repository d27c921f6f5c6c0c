//! Messages in the shapes that real services have.

use crate::support;
use crate::support::seen::Seen;
use insta::assert_snapshot;

/// An own consumer type in a shared crate that switches automatic commits off; the service has the loop.
#[test]
fn kafka_consumer_of_a_shared_crate() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[workspace]
members = ["bus", "billing"]
//- bus/Cargo.toml
[package]
name = "bus"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
rdkafka = "0.37"
//- bus/src/lib.rs
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Message};

pub struct Bus {
    inner: StreamConsumer,
}

impl Bus {
    pub fn open(brokers: &str, group: &str, topic: &str) -> anyhow::Result<Self> {
        let inner: StreamConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .create()?;
        inner.subscribe(&[topic])?;
        Ok(Bus { inner })
    }

    pub async fn next(&self) -> anyhow::Result<BorrowedMessage<'_>> {
        Ok(self.inner.recv().await?)
    }

    pub fn done(&self, message: &BorrowedMessage<'_>) -> anyhow::Result<()> {
        println!("{}", message.offset());
        Ok(self.inner.commit_message(message, CommitMode::Async)?)
    }
}
//- billing/Cargo.toml
[package]
name = "billing"
version = "0.1.0"
edition = "2021"

[dependencies]
bus = { path = "../bus" }
anyhow = "1"
tokio = "1"
//- billing/src/main.rs
mod invoices;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = bus::Bus::open("kafka:9092", "billing", "orders")?;
    invoices::run(bus).await
}
//- billing/src/invoices.rs
use bus::Bus;

pub async fn run(bus: Bus) -> anyhow::Result<()> {
    loop {
        match bus.next().await {
            Ok(message) => bus.done(&message)?,
            Err(error) => eprintln!("no message: {error}"),
        }
    }
}
"#,
    );
    assert_snapshot!(seen.topics(), @r"
    consumes orders bus/src/lib.rs:16
    consumes ? bus/src/lib.rs:21
    acknowledges bus/src/lib.rs:26
    ");
    assert_snapshot!(seen.clients(), @"Messaging rdkafka bus/src/lib.rs:11, connect 30 s, delivery 300 s, bootstrap.servers = kafka:9092, enable.auto.commit = false, group.id = billing");
    assert_snapshot!(seen.effects("invoices::run"), @r"
    Consume > next bus/src/lib.rs:21
    Acknowledge > done bus/src/lib.rs:26
    ");
}

/// The stream of a consumer in a `while let`; commits are left to the library, topics are constants.
#[test]
fn kafka_stream_with_while_let() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
futures = "0.3"
rdkafka = "0.37"
tokio = "1"
//- src/main.rs
mod consumer;
mod topics;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let consumer = consumer::consumer(std::env::var("KAFKA_BROKERS")?.as_str())?;
    consumer::follow(&consumer).await;
    Ok(())
}
//- src/topics.rs
pub const PRICES: &str = "shop.prices.v1";
pub const RATES: &str = "shop.rates.v1";
//- src/consumer.rs
use futures::StreamExt;
use rdkafka::{ClientConfig, Message, consumer::{Consumer, StreamConsumer}};
use crate::topics::{PRICES, RATES};

pub fn consumer(brokers: &str) -> anyhow::Result<StreamConsumer> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config.set("enable.auto.commit", "true").set("group.id", "cache");
    let consumer: StreamConsumer = config.create()?;
    consumer.subscribe(&[PRICES, RATES])?;
    Ok(consumer)
}

pub async fn follow(consumer: &StreamConsumer) {
    let mut messages = consumer.stream();
    while let Some(message) = messages.next().await {
        match message {
            Ok(message) => println!("{:?}", message.payload()),
            Err(error) => eprintln!("{error}"),
        }
    }
}
"#,
    );
    assert_snapshot!(seen.topics(), @r"
    consumes shop.prices.v1 src/consumer.rs:10
    consumes shop.rates.v1 src/consumer.rs:10
    consumes ? src/consumer.rs:15
    ");
    assert_snapshot!(seen.clients(), @"Messaging rdkafka src/consumer.rs:6, connect 30 s, delivery 300 s, bootstrap.servers = ?, enable.auto.commit = true, group.id = cache");
}

/// `select!` over messages and a timer: a batch is stored and then its last message is committed.
#[test]
fn kafka_batches_in_a_select() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
rdkafka = "0.37"
sqlx = "0.8"
tokio = "1"
//- src/main.rs
mod batch;
mod store;
use rdkafka::{ClientConfig, consumer::{Consumer, StreamConsumer}};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let consumer: StreamConsumer = ClientConfig::new().set("group.id", "clicks").create()?;
    consumer.subscribe(&["clicks"])?;
    batch::run(consumer, sqlx::PgPool::connect("postgres://db/clicks").await?).await
}
//- src/batch.rs
use std::time::Duration;
use rdkafka::{Message, consumer::{CommitMode, Consumer, StreamConsumer}};
use tokio::time::interval;
use crate::store;

pub async fn run(consumer: StreamConsumer, pool: sqlx::PgPool) -> anyhow::Result<()> {
    let mut timer = interval(Duration::from_secs(5));
    let mut batch: Vec<Vec<u8>> = Vec::new();
    loop {
        tokio::select! {
            received = consumer.recv() => {
                let message = received?;
                batch.push(message.payload().unwrap_or_default().to_vec());
            }
            _ = timer.tick() => {
                store::all(&pool, std::mem::take(&mut batch)).await?;
                consumer.commit_consumer_state(CommitMode::Sync)?;
            }
        }
    }
}
//- src/store.rs
use sqlx::PgPool;

pub async fn all(pool: &PgPool, batch: Vec<Vec<u8>>) -> sqlx::Result<()> {
    for click in batch {
        sqlx::query("INSERT INTO clicks (body) VALUES ($1)").bind(click).execute(pool).await?;
    }
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.topics(), @r"
    consumes ? src/batch.rs:11
    acknowledges src/batch.rs:17
    consumes clicks src/main.rs:8
    ");
    assert_snapshot!(seen.effects("batch::run"), @r"
    Insert clicks > all src/store.rs:5
    Consume src/batch.rs:11
    Acknowledge src/batch.rs:17
    Other(Sleep) src/batch.rs:15
    ");
}

/// A `FutureProducer` behind a type of the project's own; the topic is in the record.
#[test]
fn kafka_producer_with_records() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
rdkafka = "0.37"
serde_json = "1"
tokio = "1"
//- src/main.rs
mod events;
mod orders;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let events = events::Events::new("kafka:9092")?;
    orders::place(&events, 8).await
}
//- src/events.rs
use std::time::Duration;
use rdkafka::{ClientConfig, producer::{FutureProducer, FutureRecord}};

pub struct Events {
    producer: FutureProducer,
}

impl Events {
    pub fn new(brokers: &str) -> anyhow::Result<Self> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("acks", "all")
            .create()?;
        Ok(Events { producer })
    }

    pub async fn order_placed(&self, key: &str, body: &str) -> anyhow::Result<()> {
        let record = FutureRecord::to("orders.placed").key(key).payload(body);
        let sent = self.producer.send(record, Duration::from_secs(0)).await;
        sent.map_err(|(error, _)| error)?;
        Ok(())
    }
}
//- src/orders.rs
use crate::events::Events;

pub async fn place(events: &Events, id: u64) -> anyhow::Result<()> {
    let body = serde_json::json!({ "id": id }).to_string();
    events.order_placed(&id.to_string(), &body).await
}
"#,
    );
    assert_snapshot!(seen.topics(), @"publishes orders.placed src/events.rs:19");
    assert_snapshot!(seen.clients(), @"Messaging rdkafka src/events.rs:10, connect 30 s, delivery 300 s, acks = all, bootstrap.servers = kafka:9092");
    assert_snapshot!(seen.effects("orders::place"), @"Publish > order_placed src/events.rs:19");
}

/// lapin: one side publishes with a routing key, the other consumes a queue and acknowledges or rejects.
#[test]
fn lapin_publish_consume_ack() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
futures = "0.3"
lapin = "2"
tokio = "1"
//- src/main.rs
mod receive;
mod send;
use lapin::{Connection, ConnectionProperties};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let connection = Connection::connect("amqp://rabbit", ConnectionProperties::default()).await?;
    send::send(&connection.create_channel().await?, b"hello").await?;
    receive::receive(connection.create_channel().await?).await
}
//- src/send.rs
use lapin::{BasicProperties, Channel, options::BasicPublishOptions};

pub async fn send(channel: &Channel, body: &[u8]) -> lapin::Result<()> {
    let options = BasicPublishOptions::default();
    channel
        .basic_publish("", "letters", options, body, BasicProperties::default())
        .await?
        .await?;
    Ok(())
}
//- src/receive.rs
use futures::StreamExt;
use lapin::{Channel, options::*, types::FieldTable};

const QUEUE: &str = "letters";

pub async fn receive(channel: Channel) -> anyhow::Result<()> {
    let mut letters = channel
        .basic_consume(QUEUE, "reader", BasicConsumeOptions::default(), FieldTable::default())
        .await?;
    while let Some(letter) = letters.next().await {
        let letter = letter?;
        if letter.data.is_empty() {
            letter.nack(BasicNackOptions::default()).await?;
            continue;
        }
        letter.ack(BasicAckOptions::default()).await?;
    }
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.topics(), @r"
    consumes letters src/receive.rs:7
    consumes ? src/receive.rs:10
    acknowledges src/receive.rs:13
    acknowledges src/receive.rs:16
    publishes letters src/send.rs:5
    ");
}

/// async-nats JetStream: publishing waits for the answer of the stream; a pull consumer acknowledges each message.
#[test]
fn jetstream_pull_consumer() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
async-nats = "0.38"
futures = "0.3"
tokio = "1"
//- src/main.rs
mod publish;
mod pull;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = async_nats::connect("nats://nats:4222").await?;
    let jetstream = async_nats::jetstream::new(client);
    publish::shipped(&jetstream, 12).await?;
    pull::work(jetstream).await
}
//- src/publish.rs
use async_nats::jetstream::Context;

pub async fn shipped(jetstream: &Context, order: u64) -> anyhow::Result<()> {
    let subject = format!("orders.{order}.shipped");
    let stored = jetstream.publish(subject, "".into()).await?;
    stored.await?;
    Ok(())
}
//- src/pull.rs
use async_nats::jetstream::{Context, consumer::pull};
use futures::{StreamExt, TryStreamExt};

pub async fn work(jetstream: Context) -> anyhow::Result<()> {
    let stream = jetstream.get_stream("ORDERS").await?;
    let durable = pull::Config { durable_name: Some("mailer".into()), ..Default::default() };
    let consumer = stream.get_or_create_consumer("mailer", durable).await?;
    let mut messages = consumer.messages().await?;
    while let Some(message) = messages.try_next().await? {
        println!("{}", message.subject);
        message.ack().await.map_err(|error| anyhow::anyhow!(error))?;
    }
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.topics(), @r"
    publishes orders.12.shipped src/publish.rs:5
    consumes ? src/pull.rs:8
    acknowledges src/pull.rs:11
    ");
}

/// A program that only takes messages is a service too: what it calls without a limit stops its loop.
#[test]
fn a_worker_without_a_listener() {
    support::assert_markers(
        r#"//- Cargo.toml
[package]
name = "mailer"
version = "0.1.0"
edition = "2021"

[dependencies]
rdkafka = "0.37"
reqwest = "0.12"
tokio = "1"
//- src/main.rs
use rdkafka::{ClientConfig, consumer::{Consumer, StreamConsumer}};

#[tokio::main]
async fn main() {
    let consumer: StreamConsumer = ClientConfig::new().set("group.id", "mailer").create().unwrap();
    consumer.subscribe(&["orders"]).unwrap();
    let http = reqwest::Client::new(); // error: [http-client-without-timeout]
    loop {
        let message = consumer.recv().await.unwrap();
        http.post("http://mail/send").send().await.unwrap();
    }
}
"#,
    );
}
