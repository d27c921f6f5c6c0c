//! Where findings go: `--output sarif=out.sarif --output human=-`.

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;
use clap::ValueEnum;
use svclint_engine::Report;

use crate::report::{Format, count, github};

/// A format and the place that it is written to.
#[derive(Clone, Debug)]
pub(super) struct Output {
    format: Format,
    /// `None` for stdout.
    file: Option<PathBuf>,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) =
            text.split_once('=').ok_or("it has the form FORMAT=FILE, as in sarif=out.sarif")?;
        let format = Format::from_str(format, false).map_err(|_| {
            let names: Vec<String> = Format::value_variants().iter().filter_map(name).collect();
            format!("there is no format `{format}`; there are {}", names.join(", "))
        })?;
        let file = match file {
            "" => return Err("a file stands behind `=`, or `-` for stdout".to_owned()),
            "-" => None,
            path => Some(PathBuf::from(path)),
        };
        Ok(Output { format, file })
    }
}

fn name(format: &Format) -> Option<String> {
    format.to_possible_value().map(|value| value.get_name().to_owned())
}

impl Output {
    pub(super) fn on_stdout(format: Format) -> Output {
        Output { format, file: None }
    }

    pub(super) fn write(&self, report: &Report) -> anyhow::Result<()> {
        let Some(path) = &self.file else {
            let mut out = anstream::stdout().lock();
            self.format.print(&mut out, report)?;
            out.flush()?;
            self.warn(report);
            return Ok(());
        };
        let mut text = anstream::StripStream::new(Vec::new());
        self.format.print(&mut text, report)?;
        std::fs::write(path, text.into_inner())
            .with_context(|| format!("`{}` could not be written", path.display()))
    }

    /// GitHub drops annotations without a word.
    fn warn(&self, report: &Report) {
        let dropped = github::dropped(report);
        if self.format == Format::Github && dropped > 0 {
            let them = count(dropped, "finding");
            anstream::eprintln!(
                "note: GitHub shows ten annotations of a kind for a step, {them} more stand only in this log; \
                 upload `--output sarif=FILE` to code scanning to see all of them"
            );
        }
    }
}
