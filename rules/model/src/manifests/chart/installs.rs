//! How charts are installed: with their own values, with each further file of values, as parts of other charts.

use std::path::{Path, PathBuf};

use svclint_syntax::yaml::Node;

use super::Chart;
use crate::manifests::Files;
use crate::manifests::data::{Environment, EnvironmentKind};
use crate::packages::normal_path;
use crate::place::FileId;

/// How many ways to install one chart are looked at.
const MOST: usize = 8;

/// One way to install a chart.
pub(in crate::manifests) struct Install<'a> {
    pub(in crate::manifests) environment: Environment,
    pub(in crate::manifests) chart: Chart<'a>,
}

/// A file of values.
type Values<'a> = (FileId, &'a Node);

/// All ways to install the chart in a folder.
pub(in crate::manifests) fn installs<'a>(files: &Files<'a>, folder: &Path) -> Vec<Install<'a>> {
    let parents = parents(files, folder);
    let own = own_values(files, folder);
    let mut found = Vec::new();
    if parents.is_empty() {
        for (given, name) in value_files(files, folder) {
            let values = given.into_iter().chain(own).collect();
            found.push(install(files, folder, folder, name, Chart { values, ..Chart::default() }));
        }
    }
    for (parent, part) in &parents {
        let base = own_values(files, parent);
        for (given, name) in value_files(files, parent) {
            let around: Vec<Values<'a>> = given.into_iter().chain(base).collect();
            if part.is_elsewhere || part.is_off(&around) {
                continue;
            }
            let for_this = around.iter().filter_map(|(file, root)| Some((*file, root.get(part.key)?)));
            let values = for_this.chain(own).collect();
            let chart = Chart { values, around, alias: Some(part.key), ..Chart::default() };
            found.push(install(files, folder, parent, name, chart));
        }
    }
    found.truncate(MOST);
    found
}

fn install<'a>(
    files: &Files<'a>,
    folder: &Path,
    installed: &Path,
    values: Option<String>,
    chart: Chart<'a>,
) -> Install<'a> {
    let path = installed.display().to_string();
    let environment = Environment {
        kind: EnvironmentKind::Chart,
        path: values.map_or_else(|| path.clone(), |values| format!("{path} with {values}")),
        complete: false,
    };
    let about = document(files, &folder.join("Chart.yaml"));
    // Named templates are those of all charts that are installed together; the chart's own go before the others.
    let outermost = installed.ancestors().filter(|a| files.charts.contains(a)).last().unwrap_or(installed);
    let under = |root: &'a Path, of: &Path| root.starts_with(of);
    let all = files.helpers.iter().filter(|(path, ..)| under(path, outermost) || under(path, folder));
    let libraries = dependencies(files, installed).into_iter().map(|d| d.folder).collect::<Vec<_>>();
    let more = files.helpers.iter().filter(|(path, ..)| libraries.iter().any(|l| path.starts_with(l)));
    let own = files.helpers.iter().filter(|(path, ..)| path.starts_with(folder));
    let helpers = more.chain(all).chain(own).flat_map(|(.., helm)| helm.defines.iter());
    let helpers = helpers.map(|define| (define.name.as_str(), define.body.as_str())).collect();
    Install { environment, chart: Chart { about, helpers, ..chart } }
}

fn document<'a>(files: &Files<'a>, path: &Path) -> Option<Values<'a>> {
    let (file, yaml) = files.by_path.get(path)?;
    Some((*file, yaml.documents.first()?))
}

fn own_values<'a>(files: &Files<'a>, folder: &Path) -> Option<Values<'a>> {
    document(files, &folder.join("values.yaml")).or_else(|| document(files, &folder.join("values.yml")))
}

/// No further file of values, and each of those that there are: `values-prod.yaml`.
fn value_files<'a>(files: &Files<'a>, folder: &Path) -> Vec<(Option<Values<'a>>, Option<String>)> {
    let named = files.yaml.iter().filter_map(|(path, file, yaml)| {
        let name = path.file_name()?.to_str()?;
        let beside =
            path.parent() == Some(folder) && name.starts_with("values") || name.ends_with(".values.yaml");
        let below = path.parent().is_some_and(|p| p == folder.join("values"));
        let is_own = matches!(name, "values.yaml" | "values.yml") && !below;
        let is_near =
            path.starts_with(folder) && path.strip_prefix(folder).is_ok_and(|p| p.iter().count() <= 2);
        if is_own || !is_near || !(beside || below) {
            return None;
        }
        Some((Some((*file, yaml.documents.first()?)), Some(name.to_owned())))
    });
    std::iter::once((None, None)).chain(named).take(MOST).collect()
}

/// A chart that another one is made with.
struct Dependency<'a> {
    /// The name of its values there.
    key: &'a str,
    folder: PathBuf,
    /// The values that say whether it is installed: the first one that is set does.
    condition: &'a str,
    /// It comes from a repository of charts: what lies here is a copy, not ours to mend.
    is_elsewhere: bool,
}

impl Dependency<'_> {
    fn is_off(&self, around: &[Values<'_>]) -> bool {
        let says = |path: &str| {
            let keys = || path.trim().split('.');
            around.iter().find_map(|(_, root)| keys().try_fold(*root, |node, key| node.get(key))?.text())
        };
        self.condition.split(',').find_map(says) == Some("false")
    }
}

fn dependencies<'a>(files: &Files<'a>, folder: &Path) -> Vec<Dependency<'a>> {
    let about = document(files, &folder.join("Chart.yaml")).map(|(_, node)| node);
    let listed = about.and_then(|a| a.get("dependencies")).map_or(&[][..], Node::items);
    let one = |node: &'a Node| {
        let name = node.get("name")?.text()?;
        let repository = node.get("repository").and_then(Node::text);
        let place = repository.and_then(|r| r.strip_prefix("file://"));
        let at = place.map_or_else(|| folder.join("charts").join(name), |p| normal_path(&folder.join(p)));
        Some(Dependency {
            key: node.get("alias").and_then(Node::text).unwrap_or(name),
            folder: at,
            condition: node.get("condition").and_then(Node::text).unwrap_or(""),
            is_elsewhere: place.is_none() && repository.is_some_and(|r| !r.is_empty()),
        })
    };
    listed.iter().filter_map(one).collect()
}

/// The charts that are made with the one in a folder, and what they call it.
fn parents<'a>(files: &Files<'a>, folder: &Path) -> Vec<(&'a Path, Dependency<'a>)> {
    let mut found = Vec::new();
    for chart in &files.charts {
        let mine = dependencies(files, chart).into_iter().filter(|d| d.folder == folder);
        found.extend(mine.map(|d| (*chart, d)));
    }
    let inside = folder.parent().filter(|p| p.ends_with("charts")).and_then(Path::parent);
    if found.is_empty()
        && let Some(parent) = inside.and_then(|p| files.charts.get(p))
        && let Some(own) = files.charts.get(folder)
        && let Some(name) = own.file_name().and_then(|n| n.to_str())
    {
        let folder = folder.to_owned();
        found.push((*parent, Dependency { key: name, folder, condition: "", is_elsewhere: false }));
    }
    found
}
