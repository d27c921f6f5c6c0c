//! One file a rule, by category.

mod acts;
mod addresses;
mod api;
mod concurrency;
mod configuration;
mod contained;
mod container;
mod contract;
mod data;
mod deployed;
mod health;
mod idempotency;
mod in_loops;
mod listeners;
mod looked_up;
mod messaging;
mod observability;
mod orchestration;
mod reach;
mod resilience;
pub(crate) mod running;
mod secrets;
mod security;
mod spelling;
mod stop_signal;

use std::sync::LazyLock;

use crate::Rule;

/// All rules, by id.
pub fn rules() -> &'static [Rule] {
    &RULES
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let groups = [
        api::RULES,
        concurrency::RULES,
        configuration::RULES,
        container::RULES,
        contract::RULES,
        data::RULES,
        health::RULES,
        idempotency::RULES,
        messaging::RULES,
        observability::RULES,
        orchestration::RULES,
        resilience::RULES,
        security::RULES,
    ];
    let mut all: Vec<Rule> = groups.concat().into_iter().copied().collect();
    all.sort_by_key(|rule| rule.meta.id);
    all
});

/// Lists the rules of a category, by their files. (The files are declared beside it, where rustfmt finds them.)
macro_rules! category {
    ($($rule:ident),* $(,)?) => {
        pub(super) static RULES: &[&crate::Rule] = &[$(&$rule::RULE),*];
    };
}
use category;
