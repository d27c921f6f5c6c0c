//! What a run cost.

use std::time::Duration;

/// What a run cost, by stage and by rule.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    /// Finding the files, reading them, and taking down what each says.
    pub read: Duration,
    /// Joining the files to one model.
    pub join: Duration,
    /// All rules, side by side.
    pub rules: Duration,
    /// Suppressions, fingerprints, order.
    pub report: Duration,
    /// Each rule that ran, by id.
    pub each: Vec<RuleTiming>,
}

/// What one rule cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleTiming {
    /// Its id.
    pub rule: &'static str,
    /// Its time.
    pub took: Duration,
    /// How much it found, before anything was accepted.
    pub found: usize,
}
