//! How images are built: skaffold, and the steps of workflows.

use std::path::Path;

use super::data::ImageBuild;
use super::value::Value;
use crate::packages::normal_path;

/// What a document says of images and what they are built from.
pub(super) fn read(document: &Value, path: &Path) -> Vec<ImageBuild> {
    let version = document.get("apiVersion").and_then(Value::text).unwrap_or("");
    if version.starts_with("skaffold/") {
        return skaffold(document, path.parent().unwrap_or(Path::new("")));
    }
    let is_workflow = document.get("jobs").is_some() && document.get("on").is_some();
    if is_workflow { workflow(document, path) } else { Vec::new() }
}

fn skaffold(document: &Value, folder: &Path) -> Vec<ImageBuild> {
    let profiles = document.get("profiles").map_or(&[][..], Value::items);
    let sections = std::iter::once(document).chain(profiles).filter_map(|d| d.path(&["build", "artifacts"]));
    let artifact = |value: &Value| {
        let image = value.get("image")?;
        let context = value.get("context").and_then(Value::text).unwrap_or(".");
        let file = value.path(&["docker", "dockerfile"]).and_then(Value::text).unwrap_or("Dockerfile");
        Some(ImageBuild {
            image: image.text()?.to_owned(),
            dockerfile: normal_path(&folder.join(context).join(file)).display().to_string(),
            replaces: true,
            at: image.at,
        })
    };
    sections.flat_map(Value::items).filter_map(artifact).collect()
}

fn workflow(document: &Value, path: &Path) -> Vec<ImageBuild> {
    // `.github/workflows/x.yaml`: steps run where the repository begins.
    let root = path.ancestors().nth(3).unwrap_or(Path::new(""));
    let jobs = document.get("jobs").map_or(&[][..], Value::entries);
    let steps = jobs.iter().filter_map(|job| job.value.get("steps")).flat_map(Value::items);
    steps.flat_map(|step| step_builds(step, root)).collect()
}

fn step_builds(step: &Value, root: &Path) -> Vec<ImageBuild> {
    let uses = step.get("uses").and_then(Value::text).unwrap_or("");
    let Some(with) = step.get("with").filter(|_| uses.starts_with("docker/build-push-action")) else {
        return step.get("run").map(|run| commands(run, root)).unwrap_or_default();
    };
    let word = |key: &str| with.get(key).and_then(Value::text);
    let context = word("context").unwrap_or(".");
    // Without a file it is the one of the context; with one it counts from the beginning of the repository.
    let dockerfile =
        word("file").map_or_else(|| root.join(context).join("Dockerfile"), |file| root.join(file));
    let Some(tags) = with.get("tags") else { return Vec::new() };
    let names = tags.text().unwrap_or("").split([',', '\n']).map(bare).filter(|name| !name.is_empty());
    names
        .map(|image| ImageBuild {
            image: image.to_owned(),
            dockerfile: normal_path(&dockerfile).display().to_string(),
            replaces: false,
            at: tags.at,
        })
        .collect()
}

/// `docker build -t shop/orders:1.0 -f docker/orders.Dockerfile .`
fn commands(run: &Value, root: &Path) -> Vec<ImageBuild> {
    let mut found = Vec::new();
    for line in run.text().unwrap_or("").replace("\\\n", " ").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(at) = words.windows(2).position(|w| matches!(w, ["docker" | "buildx" | "podman", "build"]))
        else {
            continue;
        };
        let rest = words.get(at + 2..).unwrap_or_default();
        let value = |names: [&str; 2]| {
            rest.iter().enumerate().find_map(|(n, word)| match word.split_once('=') {
                Some((name, value)) if names.contains(&name) => Some(value),
                _ => names.contains(word).then(|| rest.get(n + 1).copied()).flatten(),
            })
        };
        let Some(image) = value(["-t", "--tag"]).map(bare).filter(|image| !image.is_empty()) else {
            continue;
        };
        let context = rest.last().copied().filter(|word| !word.starts_with('-')).unwrap_or(".");
        let dockerfile = value(["-f", "--file"])
            .map_or_else(|| root.join(context).join("Dockerfile"), |file| root.join(file));
        found.push(ImageBuild {
            image: image.to_owned(),
            dockerfile: normal_path(&dockerfile).display().to_string(),
            replaces: false,
            at: run.at,
        });
    }
    found
}

/// An image's name without tag and digest; empty where a variable is part of the name.
pub(super) fn bare(image: &str) -> &str {
    let image = image.trim().split('@').next().unwrap_or("");
    let name = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    };
    if name.contains(['$', '{', '<']) { "" } else { name }
}
