//! The formats that findings are printed in.

use std::io::Write;

use clap::ValueEnum;
use svclint_engine::Report;

use super::{checkstyle, concise, github, gitlab, human, json, junit, rdjson, sarif};

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the place, the evidence, the proposed edit
    Human,
    /// A finding a line
    Concise,
    /// A finding a line, under the service that it is about
    Grouped,
    /// For scripts: one document
    Json,
    /// For scripts: a document a finding, each on its line
    JsonLines,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// JUnit XML
    Junit,
    /// Reviewdog's diagnostics
    Rdjson,
    /// Checkstyle XML
    Checkstyle,
    /// A finding a line with evidence and fix, for AI agents
    Agent,
}

impl Format {
    /// The one that the place where svclint runs reads, where nobody asked for one.
    pub(crate) fn of_surroundings() -> Format {
        let is_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        if is_github { Format::Github } else { Format::Human }
    }

    /// Prints a run.
    pub(crate) fn print(self, out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
        match self {
            Format::Human => human::print(out, report),
            Format::Concise => concise::print(out, report),
            Format::Grouped => concise::print_grouped(out, report),
            Format::Json => json::print(out, report),
            Format::JsonLines => json::print_lines(out, report),
            Format::Sarif => sarif::print(out, report),
            Format::Github => github::print(out, report),
            Format::Gitlab => gitlab::print(out, report),
            Format::Junit => junit::print(out, report),
            Format::Rdjson => rdjson::print(out, report),
            Format::Checkstyle => checkstyle::print(out, report),
            Format::Agent => concise::print_for_agents(out, report),
        }
    }
}
