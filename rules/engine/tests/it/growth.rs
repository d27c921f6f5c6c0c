//! What grows in memory for ever: what the rule reports and what it leaves alone.

use crate::support;

const RULE: &str = "unbounded-growth";

fn reported(limiters: &str, code: &str) -> usize {
    let service = support::service(".route(\"/x\", get(|| async { \"x\" }))", &format!("{limiters}\n{code}"));
    let text = format!(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = "0.8"
governor = "0.10"
tokio = "1"
tower_governor = "0.8"
//- src/main.rs
use governor::{{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter}};
use std::{{num::NonZeroU32, sync::LazyLock}};
const RATE: Quota = Quota::per_minute(NonZeroU32::MIN);
{service}"#
    );
    support::of_rule(RULE, &text)
}

const KEYED: &str =
    "static TRIES: LazyLock<DefaultKeyedRateLimiter<String>> = LazyLock::new(|| RateLimiter::keyed(RATE));";

#[test]
fn limiters_that_never_forget_are_found_once() {
    assert_eq!(reported(KEYED, ""), 1);
    let more =
        "static MORE: LazyLock<DefaultKeyedRateLimiter<u64>> = LazyLock::new(|| RateLimiter::dashmap(RATE));";
    assert_eq!(reported(KEYED, more), 1);
}

#[test]
fn limiters_of_a_state_are_found() {
    let state = "#[derive(Default)] struct State { inner: std::sync::Arc<Inner> }
        struct Inner { tries: DefaultKeyedRateLimiter<String> }
        impl Default for Inner { fn default() -> Self { Self { tries: RateLimiter::keyed(RATE) } } }";
    assert_eq!(reported(state, ""), 1);
}

#[test]
fn limiters_that_forget_or_have_no_keys_are_left_alone() {
    assert_eq!(reported(KEYED, "fn forget() { TRIES.retain_recent(); }"), 0);
    let direct =
        "static ALL: LazyLock<DefaultDirectRateLimiter> = LazyLock::new(|| RateLimiter::direct(RATE));";
    assert_eq!(reported(direct, ""), 0);
}
