//! `svclint man`: one manual page with all commands and their options.

use std::io::{Write, stdout};

use anyhow::Context;
use clap::Command;
use clap_mangen::Man;

use super::Outcome;

/// Prints the page: the program, then each command with its options.
pub(crate) fn run(mut program: Command) -> anyhow::Result<Outcome> {
    // Commands get the program's name in front: `svclint check`.
    program.build();
    let page = page(&program).context("cannot write the page")?;
    stdout().write_all(page.as_bytes()).context("cannot print the page")?;
    Ok(Outcome::Clean)
}

fn page(program: &Command) -> anyhow::Result<String> {
    let man = Man::new(program.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    let mut page = String::from_utf8(text)?;
    for command in program.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        page.push_str(&section(command)?);
    }
    // Each part declares its quotes anew: once is enough.
    let (first, rest) = page.split_at(page.find(".TH").unwrap_or(0));
    let is_declared = |line: &&str| first.contains(*line) && !line.is_empty();
    let rest: Vec<&str> = rest.lines().filter(|line| !is_declared(line)).collect();
    Ok(format!("{first}{}\n", rest.join("\n")))
}

/// A command: its parts are parts of the one page.
fn section(command: &Command) -> anyhow::Result<String> {
    let man = Man::new(command.clone().disable_help_flag(true).disable_version_flag(true));
    let mut text = Vec::new();
    man.render_description_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut text)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_uppercase();
    Ok(format!(".SH {name}\n{}", String::from_utf8(text)?.replace("\n.SH ", "\n.SS ")))
}
