//! How long checks may wait for what they ask.

use std::fmt;

use svclint_model::{Limit, Model, Request, Tri, What, seconds};

use super::checks::Question;

/// How long a question may take.
#[derive(Clone, Copy)]
pub(super) enum Waits {
    /// Ends after so many seconds.
    Seconds(i64),
    /// Nothing ends it.
    ForEver,
}

impl Waits {
    /// Whether it may still wait then.
    pub(super) fn longer_than(self, seconds: i64) -> bool {
        matches!(self, Waits::ForEver) || matches!(self, Waits::Seconds(s) if s > seconds)
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Waits::Seconds(seconds) => write!(f, "{seconds} s"),
            Waits::ForEver => f.write_str("longer"),
        }
    }
}

/// How long a question may take, where that is known: a query may wait for a connection, and then for the answer.
pub(super) fn waits(model: &Model, question: &Question<'_>) -> Option<Waits> {
    let when = question.calls.iter().map(|call| call.when).chain([question.deed.when]);
    if when.into_iter().any(|when| when.bounded) {
        return None;
    }
    match &question.deed.what {
        What::Sql(_) => Some(Waits::ForEver),
        What::Request(number) => request_waits(model, model.requests.get(*number as usize)?),
        _ => None,
    }
}

/// As long as the most patient client that it may be made with.
fn request_waits(model: &Model, request: &Request) -> Option<Waits> {
    if !request.bound.is_absent() || !request.clients_complete || request.clients.is_empty() {
        return None;
    }
    let mut longest = 0;
    for client in &request.clients {
        match model.client(*client).limits.get(&Limit::Total)? {
            Tri::Absent => return Some(Waits::ForEver),
            Tri::Present(told) => longest = longest.max(seconds(told)?),
            Tri::Unknown => return None,
        }
    }
    Some(Waits::Seconds(longest))
}
