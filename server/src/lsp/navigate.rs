//! From a place to what it means in files of other languages, and back.

use std::path::Path;

use svclint_engine::Report;
use svclint_model::{CrossLink, FileId, Place};
use svclint_syntax::Encoding;
use tower_lsp_server::ls_types::{Location, Position};

use super::convert;

/// Where something is named, and what it means.
pub(super) struct Here {
    links: Vec<CrossLink>,
    file: FileId,
}

impl Here {
    /// What the links say of a position.
    pub(super) fn at(report: &Report, path: &Path, position: Position, encoding: Encoding) -> Option<Here> {
        let file = report.file_id(path)?;
        let shown = report.file(file)?;
        let holds = |place: Place| {
            place.file == file && {
                let range = convert::range(&shown, place.span, encoding);
                range.start <= position && position <= range.end
            }
        };
        let links: Vec<CrossLink> =
            report.model.cross_links().into_iter().filter(|l| holds(l.from) || holds(l.to)).collect();
        (!links.is_empty()).then_some(Here { links, file })
    }

    /// What is meant.
    pub(super) fn definitions(&self, report: &Report, encoding: Encoding) -> Vec<Location> {
        self.locations(report, encoding, |link| (link.from.file == self.file).then_some(link.to))
    }

    /// Where it is named.
    pub(super) fn references(&self, report: &Report, encoding: Encoding) -> Vec<Location> {
        self.locations(report, encoding, |link| {
            Some(if link.to.file == self.file { link.from } else { link.to })
        })
    }

    fn locations(
        &self,
        report: &Report,
        encoding: Encoding,
        other: impl Fn(&CrossLink) -> Option<Place>,
    ) -> Vec<Location> {
        let mut found: Vec<Location> = Vec::new();
        for place in self.links.iter().filter_map(other) {
            if let Some(location) = convert::location(report, place, encoding)
                && !found.contains(&location)
            {
                found.push(location);
            }
        }
        found
    }

    /// One line a link, for a hover.
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for link in &self.links {
            let said = if link.from.file == self.file { &link.forth } else { &link.back };
            let line = format!("- {said}");
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines.join("\n")
    }
}
