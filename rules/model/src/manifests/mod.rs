//! Manifests: what Kubernetes, Helm, Kustomize and compose files declare.

mod builds;
mod chart;
mod compose;
mod data;
mod included;
mod kustomize;
mod metric_rules;
mod misnamed;
mod object;
mod pod;
mod policies;
mod scaling;
mod scrapes;
mod value;

use std::collections::BTreeSet;
use std::path::Path;

use rustc_hash::FxHashMap;
use svclint_facts::helm::HelmFile;
use svclint_syntax::Span;
use svclint_syntax::yaml::{Node, Yaml};

pub use data::*;

use crate::place::{FileFacts, FileId, Place, SourceFile};
use value::Value;

/// Reads all manifests of a workspace.
pub(crate) fn read(files: &[SourceFile]) -> Manifests {
    let files = Files::of(files);
    let mut found = Manifests::default();
    let overlays = kustomize::read(&files, &mut found);
    let mut installs: FxHashMap<&Path, Vec<chart::Install<'_>>> = FxHashMap::default();
    for (path, file, yaml) in &files.yaml {
        // Files of rules are read by Prometheus as they are, wherever they lie.
        for document in yaml.documents.iter().filter(|d| d.get("groups").is_some() && d.get("kind").is_none())
        {
            found.rule_groups.extend(metric_rules::read(&Value::new(*file, document, None), &folder(path)));
        }
        if overlays.contains(file) || kustomize::is_kustomization(path) {
            continue;
        }
        if compose::is_compose(path) {
            if let Some(value) = compose::whole(&files, path) {
                let environment = Environment {
                    kind: EnvironmentKind::Compose,
                    path: path.display().to_string(),
                    complete: value.get("include").is_none(),
                };
                let other = |path: &Path| {
                    let (file, yaml) = files.by_path.get(path)?;
                    Some(Value::new(*file, yaml.documents.first()?, None))
                };
                let read = compose::read(&value, path, &environment, &|p| files.env(p), &other);
                found.workloads.extend(read);
            }
            continue;
        }
        let home = files.chart_of(path);
        let is_read = |d: &&Node| d.get("kind").is_some() || d.get("jobs").is_some();
        for document in yaml.documents.iter().filter(is_read) {
            let Some(home) = home else {
                let value = Value::new(*file, document, None);
                found.builds.extend(builds::read(*file, document, path));
                object::read(&value, &folder(path), &mut found);
                continue;
            };
            let ways = installs.entry(home).or_insert_with(|| chart::installs(&files, home));
            for install in ways.iter().take(if yaml.templated { usize::MAX } else { 1 }) {
                let off = yaml.conditions.iter().filter(|c| install.chart.is_off(&c.says));
                let hidden: Vec<Span> = off.map(|c| c.span).collect();
                if hidden.iter().any(|h| h.start <= document.span.start && document.span.start < h.end) {
                    continue;
                }
                let value = Value::printed(*file, document, Some(&install.chart), &hidden);
                object::read(&value, &install.environment, &mut found);
            }
        }
    }
    found.misnamed = misnamed::misnamed(&found);
    found.doubled = doubled(&files);
    found.included = included::included(&files);
    found
}

/// The keys that stand twice in one mapping of an object, a compose file, a kustomization or a chart's values.
fn doubled(files: &Files<'_>) -> Vec<DoubledKey> {
    let is_object = |d: &Node| d.get("apiVersion").is_some() && d.get("kind").is_some();
    let is_manifest = |path: &Path, yaml: &Yaml| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        let is_values = name.starts_with("values") && files.chart_of(path) == path.parent();
        compose::is_compose(path)
            || is_values
            || kustomize::is_kustomization(path)
            || yaml.documents.iter().any(is_object)
    };
    let with_doubles =
        files.yaml.iter().filter(|(path, _, yaml)| !yaml.doubled.is_empty() && is_manifest(path, yaml));
    let of_file = |(_, file, yaml): &(&Path, FileId, &Yaml)| {
        let place = |span| Place { file: *file, span };
        let told = yaml.doubled.iter().map(|d| DoubledKey {
            key: d.key.to_string(),
            lost: place(d.lost),
            lost_entry: place(d.lost_entry),
            kept: place(d.kept),
            same: d.same,
        });
        told.collect::<Vec<_>>()
    };
    with_doubles.flat_map(of_file).collect()
}

/// The files of one folder.
fn folder(path: &Path) -> Environment {
    let folder = path.parent().unwrap_or(Path::new(""));
    Environment { kind: EnvironmentKind::Folder, path: folder.display().to_string(), complete: false }
}

/// The files that manifests are made of, by path.
struct Files<'a> {
    yaml: Vec<(&'a Path, FileId, &'a Yaml)>,
    by_path: FxHashMap<&'a Path, (FileId, &'a Yaml)>,
    env: FxHashMap<&'a Path, &'a [(String, String)]>,
    charts: BTreeSet<&'a Path>,
    /// The files of named templates of charts.
    helpers: Vec<(&'a Path, FileId, &'a HelmFile)>,
}

impl<'a> Files<'a> {
    fn of(files: &'a [SourceFile]) -> Self {
        let mut all = Files {
            yaml: Vec::new(),
            by_path: FxHashMap::default(),
            env: FxHashMap::default(),
            charts: BTreeSet::new(),
            helpers: Vec::new(),
        };
        for (number, file) in files.iter().enumerate() {
            let (path, id): (&Path, FileId) = (&file.path, FileId(number as u32));
            match &file.facts {
                FileFacts::Yaml(yaml) => {
                    all.yaml.push((path, id, yaml));
                    all.by_path.insert(path, (id, yaml));
                    if path.ends_with("Chart.yaml") {
                        all.charts.extend(path.parent());
                    }
                }
                FileFacts::Helm(file) => all.helpers.push((path, id, file)),
                FileFacts::Env(variables) => drop(all.env.insert(path, variables)),
                _ => {}
            }
        }
        all
    }

    fn env(&self, path: &Path) -> Option<Vec<(String, String)>> {
        self.env.get(path).map(|variables| variables.to_vec())
    }

    /// The innermost chart that a file's templates belong to.
    fn chart_of(&self, path: &Path) -> Option<&'a Path> {
        path.ancestors().skip(1).find_map(|folder| self.charts.get(folder).copied())
    }
}
