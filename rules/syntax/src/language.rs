//! What a file is written in, told by its name.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// The languages that svclint knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// `*.rs`
    Rust,
    /// `*.toml` and `Cargo.lock`
    Toml,
    /// `*.yaml`, `*.yml`
    Yaml,
    /// `*.json`
    Json,
    /// `Dockerfile`, `Containerfile`, `Dockerfile.x`, `x.Dockerfile`
    Dockerfile,
    /// `*.proto`
    Proto,
    /// `*.sql`
    Sql,
    /// `.env`, `.env.x`, `x.env`
    Env,
    /// `*.tpl`: named templates of a Helm chart
    Template,
    /// `.dockerignore`, `x.dockerignore`
    Ignore,
    /// Anything else.
    Other,
}

impl Language {
    /// By the file's name alone.
    pub fn of(path: &Path) -> Language {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        match extension {
            "rs" => Language::Rust,
            "toml" => Language::Toml,
            "lock" if stem == "Cargo" => Language::Toml,
            "yaml" | "yml" => Language::Yaml,
            "json" => Language::Json,
            "proto" => Language::Proto,
            "sql" => Language::Sql,
            "env" => Language::Env,
            "tpl" => Language::Template,
            "dockerignore" => Language::Ignore,
            // One of the three names that Kustomize looks for.
            _ if name == "Kustomization" => Language::Yaml,
            _ if name.starts_with(".env.") => Language::Env,
            // What is kept beside the one that counts.
            "old" | "bak" | "orig" | "disabled" | "sample" | "example" => Language::Other,
            _ if ["Dockerfile", "Containerfile"]
                .iter()
                .any(|d| stem == *d || extension == *d || name.eq_ignore_ascii_case(d)) =>
            {
                Language::Dockerfile
            }
            _ => Language::Other,
        }
    }
}
