//! Facts of `Cargo.toml` and `Cargo.lock`.

use serde::{Deserialize, Serialize};

/// What a `Cargo.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CargoManifest {}

/// What a `Cargo.lock` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CargoLock {}
