//! Named templates of charts: from where they are printed to where they are defined.

use std::path::Path;

use svclint_syntax::yaml::Included;

use super::Files;
use super::data::IncludedTemplate;
use crate::place::Place;

/// All uses whose definition is here.
pub(super) fn included(files: &Files<'_>) -> Vec<IncludedTemplate> {
    let manifests = files.yaml.iter().map(|(path, file, yaml)| (*path, *file, yaml.included.as_slice()));
    let helpers = files.helpers.iter().map(|(path, file, helm)| (*path, *file, helm.included.as_slice()));
    let mut found = Vec::new();
    for (path, file, uses) in manifests.chain(helpers).filter(|(.., uses)| !uses.is_empty()) {
        let Some(chart) = files.chart_of(path) else { continue };
        for Included { name, span } in uses {
            let define = define(files, chart, name);
            found.extend(define.map(|define| IncludedTemplate {
                name: name.to_string(),
                at: Place { file, span: *span },
                define,
            }));
        }
    }
    found
}

/// The definition of a template that a chart prints: its own, one of a chart around it or in it, or the only one that there is: a
/// library's. Of several in one chart the last one counts.
fn define(files: &Files<'_>, chart: &Path, name: &str) -> Option<Place> {
    let all = files.helpers.iter().flat_map(|(path, file, helm)| {
        let named = helm.defines.iter().filter(|d| d.name == name);
        named.filter_map(|d| Some((files.chart_of(path)?, Place { file: *file, span: d.span })))
    });
    let all: Vec<(&Path, Place)> = all.collect();
    let last = |is_meant: &dyn Fn(&Path) -> bool| all.iter().rfind(|(of, _)| is_meant(of));
    let own = last(&|of| of == chart);
    let related = || last(&|of| of.starts_with(chart) || chart.starts_with(of));
    let only = || all.first().filter(|_| all.len() == 1);
    own.or_else(related).or_else(only).map(|(_, place)| *place)
}
