//! How delays between tries grow.

use super::{FnId, When};
use crate::place::Place;

/// A policy by which each delay is the one before times a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The number, and the first delay in milliseconds.
    pub base: u64,
    /// Where it is written.
    pub base_at: Place,
    /// What all delays are multiplied by; `None` where that is not known.
    pub factor: Option<u64>,
}

/// The pause of a loop that grows with every round, and that nothing limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// What makes it grow.
    pub at: Place,
    /// How it does.
    pub by: Growing,
    /// The call that pauses.
    pub sleep: Place,
    /// The function in which the loop stands.
    pub in_fn: FnId,
    /// The circumstances of the loop.
    pub when: When,
}

/// How a pause grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Growing {
    /// By a power of the number of rounds: `2u64.pow(attempt)`, `1 << attempt`.
    Power {
        /// The exponent.
        exponent: Place,
    },
    /// It is multiplied in each round: `delay *= 2`.
    Times {
        /// All of it.
        statement: Place,
        /// What is multiplied.
        delay: Place,
        /// By what.
        factor: Place,
        /// It is a duration, not a number.
        is_duration: bool,
    },
}
