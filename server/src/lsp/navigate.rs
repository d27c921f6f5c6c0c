//! From a place to what it means, in its own file or in files of other languages, and back.

use std::path::Path;

use svclint_engine::Report;
use svclint_model::{CrossLink, LinkKind, Place};
use svclint_syntax::Encoding;
use tower_lsp_server::ls_types::{Location, Position};

use super::convert;

/// What stands at a position: names of something else, and what others name.
pub(super) struct Here {
    names: Vec<CrossLink>,
    named: Vec<CrossLink>,
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
        let all = report.model.cross_links();
        let names: Vec<CrossLink> = all.iter().filter(|l| holds(l.from)).cloned().collect();
        // Whoever else names what is named here is asked for together with it.
        let is_meant = |place: Place| holds(place) || names.iter().any(|l| l.to == place && is_own_kind(l));
        let named: Vec<CrossLink> =
            all.iter().filter(|l| is_meant(l.to) && !holds(l.from)).cloned().collect();
        (!names.is_empty() || !named.is_empty()).then_some(Here { names, named })
    }

    /// What is meant.
    pub(super) fn definitions(&self, report: &Report, encoding: Encoding) -> Vec<Location> {
        locations(report, encoding, self.names.iter().map(|link| link.to))
    }

    /// Where it is named, and what is meant.
    pub(super) fn references(&self, report: &Report, encoding: Encoding) -> Vec<Location> {
        let meant = self.names.iter().map(|link| link.to);
        locations(report, encoding, meant.chain(self.named.iter().map(|link| link.from)))
    }

    /// One line a link, for a hover.
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        let here = |link: &&CrossLink| !self.names.iter().any(|own| own.to == link.to);
        let said = self.names.iter().map(|l| &l.forth);
        for said in said.chain(self.named.iter().filter(here).map(|l| &l.back)) {
            let line = format!("- {said}");
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines.join("\n")
    }
}

/// Whether what a link names is declared in files of the same kind: others of them name it, too.
fn is_own_kind(link: &CrossLink) -> bool {
    matches!(link.kind, LinkKind::ProtoType | LinkKind::TemplateDefine | LinkKind::ContractReference)
}

fn locations(report: &Report, encoding: Encoding, places: impl Iterator<Item = Place>) -> Vec<Location> {
    let mut found: Vec<Location> = Vec::new();
    for place in places {
        if let Some(location) = convert::location(report, place, encoding)
            && !found.contains(&location)
        {
            found.push(location);
        }
    }
    found
}
