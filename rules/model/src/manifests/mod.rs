//! Manifests: what Kubernetes, Helm, Kustomize and compose files declare.

mod builds;
mod chart;
mod compose;
mod data;
mod kustomize;
mod object;
mod pod;
mod value;

use std::collections::BTreeSet;
use std::path::Path;

use rustc_hash::FxHashMap;
use svclint_syntax::yaml::{Node, Yaml};

pub use data::*;

use crate::place::{FileFacts, FileId, SourceFile};
use chart::Chart;
use value::Value;

/// Reads all manifests of a workspace.
pub(crate) fn read(files: &[SourceFile]) -> Manifests {
    let files = Files::of(files);
    let mut found = Manifests::default();
    let overlays = kustomize::read(&files, &mut found);
    for (path, file, yaml) in &files.yaml {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        if overlays.contains(file) || name.starts_with("kustomization.") {
            continue;
        }
        if compose::is_compose(path) {
            if files.is_override(path) {
                continue;
            }
            for document in &yaml.documents {
                let mut value = Value::new(*file, document, None);
                for (file, yaml) in
                    compose::overrides(path).iter().filter_map(|p| files.by_path.get(p.as_path()))
                {
                    yaml.documents
                        .first()
                        .into_iter()
                        .for_each(|d| value.overlay(&Value::new(*file, d, None)));
                }
                let environment = Environment {
                    kind: EnvironmentKind::Compose,
                    path: path.display().to_string(),
                    complete: value.get("include").is_none(),
                };
                found.workloads.extend(compose::read(&value, path, &environment, &|p| files.env(p)));
            }
            continue;
        }
        let home = files.chart_of(path);
        let environment = match home {
            Some(folder) => Environment {
                kind: EnvironmentKind::Chart,
                path: folder.display().to_string(),
                complete: false,
            },
            None => folder(path),
        };
        let chart = home.map(|folder| files.chart(folder));
        let is_read = |d: &&Node| d.get("kind").is_some() || d.get("jobs").is_some();
        for document in yaml.documents.iter().filter(is_read) {
            let value = Value::new(*file, document, chart.as_ref());
            found.builds.extend(builds::read(&value, path));
            object::read(&value, &environment, &mut found);
        }
    }
    found
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
}

impl<'a> Files<'a> {
    fn of(files: &'a [SourceFile]) -> Self {
        let mut all = Files {
            yaml: Vec::new(),
            by_path: FxHashMap::default(),
            env: FxHashMap::default(),
            charts: BTreeSet::new(),
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
                FileFacts::Env(variables) => drop(all.env.insert(path, variables)),
                _ => {}
            }
        }
        all
    }

    /// Whether a compose file is put over another one, which is here.
    fn is_override(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        let base = name.replace(".override.", ".");
        let beside = |end: &str| {
            let stem = base.rsplit_once('.').map_or("", |(stem, _)| stem);
            self.by_path.contains_key(path.with_file_name(format!("{stem}.{end}")).as_path())
        };
        base != name && (beside("yaml") || beside("yml"))
    }

    fn env(&self, path: &Path) -> Option<Vec<(String, String)>> {
        self.env.get(path).map(|variables| variables.to_vec())
    }

    /// The innermost chart that a file's templates belong to.
    fn chart_of(&self, path: &Path) -> Option<&'a Path> {
        path.ancestors().skip(1).find_map(|folder| self.charts.get(folder).copied())
    }

    fn chart(&self, folder: &Path) -> Chart<'a> {
        let document = |name: &str| -> Option<(FileId, &'a Node)> {
            let (file, yaml) = self.by_path.get(folder.join(name).as_path())?;
            Some((*file, yaml.documents.first()?))
        };
        Chart {
            values: document("values.yaml").or_else(|| document("values.yml")),
            about: document("Chart.yaml"),
        }
    }
}
