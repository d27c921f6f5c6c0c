//! Limits: their kinds, and what libraries set by themselves.

use serde::{Deserialize, Serialize};

/// The kinds of limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// From the start of a request to the end of its answer.
    Total,
    /// Until the head of the answer.
    Head,
    /// Until a connection stands.
    Connect,
    /// Between two reads.
    ReadIdle,
    /// Waiting for a pooled connection.
    PoolAcquire,
    /// Connections in a pool.
    PoolSize,
    /// How long an idle connection is kept. Bounds no request.
    PoolIdle,
    /// Concurrent requests.
    Concurrency,
    /// Until the request is written.
    Write,
    /// Until TLS stands.
    Tls,
    /// How long a pooled connection may live.
    Lifetime,
    /// One statement of a database.
    Statement,
    /// Between pings or probes of an idle connection.
    KeepAlive,
    /// From the first byte of a request until its head is read, on a server.
    ServerHead,
    /// What a handler may take.
    Handler,
    /// How long a server waits for open requests when it ends.
    Drain,
    /// Waiting for room in a queue.
    Queue,
    /// From the sending of a message to its confirmation.
    Delivery,
    /// Bytes of a body.
    BodySize,
    /// Requests in a time.
    Rate,
    /// How often something is tried.
    Attempts,
    /// Whether delays differ by chance.
    Jitter,
    /// The (first) delay between tries.
    Delay,
    /// The longest delay between tries.
    MaxDelay,
    /// How long something is tried in all.
    Elapsed,
}

/// A limit as the library sets it by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LimitDefault {
    /// There is none.
    None,
    /// There is one, as text for messages: "30 s".
    Some(String),
}

/// What a number in a limit may count.
const UNITS: [&str; 15] =
    ["ns", "us", "µs", "ms", "s", "min", "h", "d", "B", "KiB", "MiB", "GiB", "%", "retries", "attempts"];

impl TryFrom<String> for LimitDefault {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let first = words.next().ok_or("a limit is a text like \"30 s\", or \"none\"")?;
        match (first.parse::<f64>(), words.next(), words.next()) {
            (Ok(_), Some(unit), None) if !UNITS.contains(&unit) => {
                Err(format!("`{unit}` in \"{text}\" is no unit; known are {}", UNITS.join(", ")))
            }
            _ if text == "none" => Ok(LimitDefault::None),
            _ => Ok(LimitDefault::Some(text)),
        }
    }
}

impl From<LimitDefault> for String {
    fn from(limit: LimitDefault) -> String {
        match limit {
            LimitDefault::None => "none".into(),
            LimitDefault::Some(text) => text,
        }
    }
}
