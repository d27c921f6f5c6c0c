//! How images are built: skaffold, and the steps of workflows.

use std::path::Path;

use svclint_syntax::yaml::{Map, Node, NodeKind, Seq};

use super::data::ImageBuild;
use super::value::Value;
use crate::packages::normal_path;
use crate::place::FileId;

/// What a document says of images and what they are built from.
pub(super) fn read(file: FileId, document: &Node, path: &Path) -> Vec<ImageBuild> {
    let version = document.get("apiVersion").and_then(Node::text).unwrap_or("");
    if version.starts_with("skaffold/") {
        let document = Value::new(file, document, None);
        return skaffold(&document, path.parent().unwrap_or(Path::new("")));
    }
    let is_workflow = document.get("jobs").is_some() && document.get("on").is_some();
    if is_workflow { workflow(&Value::new(file, &as_written(document), None), path) } else { Vec::new() }
}

/// A workflow with its `${{ .. }}` as they are written: variables, that say nothing of the text around them.
fn as_written(node: &Node) -> Node {
    let kind = match &node.kind {
        NodeKind::Template(source) if !source.is_empty() => {
            NodeKind::Scalar { text: source.clone(), quoted: false }
        }
        NodeKind::Map(map) => {
            let entries = map.entries.iter().map(|(key, value)| (key.clone(), as_written(value))).collect();
            NodeKind::Map(Map { entries, ..map.clone() })
        }
        NodeKind::Seq(seq) => {
            NodeKind::Seq(Seq { items: seq.items.iter().map(as_written).collect(), ..seq.clone() })
        }
        other => other.clone(),
    };
    Node { span: node.span, kind, tag: node.tag.clone() }
}

fn skaffold(document: &Value, folder: &Path) -> Vec<ImageBuild> {
    let profiles = document.get("profiles").map_or(&[][..], Value::items);
    let sections = std::iter::once(document).chain(profiles).filter_map(|d| d.path(&["build", "artifacts"]));
    let artifact = |value: &Value| {
        let image = value.get("image")?;
        let context = value.get("context").and_then(Value::text).unwrap_or(".");
        let file = value.path(&["docker", "dockerfile"]).and_then(Value::text).unwrap_or("Dockerfile");
        Some(ImageBuild {
            image: Some(image.text()?.to_owned()),
            context: known_folder(folder, context),
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
        let moves = step.get("working-directory").is_some();
        return step.get("run").map(|run| commands(run, root, moves)).unwrap_or_default();
    };
    let word = |key: &str| with.get(key).and_then(Value::text);
    let context = match with.get("context") {
        Some(context) => context.text().unwrap_or("$"),
        None => ".",
    };
    // Without a file it is the one of the context; with one it counts from the beginning of the repository.
    let dockerfile =
        word("file").map_or_else(|| root.join(context).join("Dockerfile"), |file| root.join(file));
    let tags = with.get("tags");
    let text = tags.and_then(Value::text).unwrap_or("");
    let names: Vec<&str> = text.split([',', '\n']).map(bare).filter(|name| !name.is_empty()).collect();
    let build = |image: Option<&str>| ImageBuild {
        image: image.map(str::to_owned),
        context: known_folder(root, context),
        dockerfile: normal_path(&dockerfile).display().to_string(),
        replaces: false,
        at: tags.unwrap_or(with).at,
    };
    if names.is_empty() { vec![build(None)] } else { names.into_iter().map(|n| build(Some(n))).collect() }
}

/// A folder, where no variable and no address is what names it.
fn known_folder(from: &Path, path: &str) -> Option<String> {
    let is_known = !path.contains(['$', '{', '`', '*']) && !path.contains("://");
    is_known.then(|| normal_path(&from.join(path)).display().to_string())
}

/// `docker build -t shop/orders:1.0 -f docker/orders.Dockerfile .`
fn commands(run: &Value, root: &Path, moves: bool) -> Vec<ImageBuild> {
    let mut found = Vec::new();
    let Some(script) = run.text() else {
        // Whatever it builds.
        let nothing =
            ImageBuild { image: None, context: None, dockerfile: String::new(), replaces: false, at: run.at };
        return vec![nothing];
    };
    let script = script.replace("\\\n", " ");
    let moves = moves || script.split_whitespace().any(|word| matches!(word, "cd" | "pushd"));
    for line in script.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(at) = words.windows(2).position(|w| matches!(w, ["docker" | "buildx" | "podman", "build"]))
        else {
            continue;
        };
        let rest = words.get(at + 2..).unwrap_or_default();
        let ends = |word: &&str| matches!(*word, "&&" | "||" | "|" | ";") || word.starts_with('>');
        let rest = rest.get(..rest.iter().position(ends).unwrap_or(rest.len())).unwrap_or_default();
        let value = |names: [&str; 2]| {
            rest.iter().enumerate().find_map(|(n, word)| match word.split_once('=') {
                Some((name, value)) if names.contains(&name) => Some(value),
                _ => names.contains(word).then(|| rest.get(n + 1).copied()).flatten(),
            })
        };
        let context = context_of(rest);
        let dockerfile = value(["-f", "--file"])
            .map_or_else(|| root.join(context.unwrap_or(".")).join("Dockerfile"), |file| root.join(file));
        found.push(ImageBuild {
            image: value(["-t", "--tag"]).map(bare).filter(|image| !image.is_empty()).map(str::to_owned),
            context: context.filter(|_| !moves).and_then(|context| known_folder(root, context)),
            dockerfile: normal_path(&dockerfile).display().to_string(),
            replaces: false,
            at: run.at,
        });
    }
    found
}

/// Options of `docker build` that no value follows.
const SWITCHES: [&str; 9] =
    ["--load", "--push", "--pull", "--no-cache", "--rm", "--force-rm", "--squash", "-q", "--quiet"];

/// The folder among the words after `docker build`: the only one that is no option and no option's value.
fn context_of<'w>(words: &[&'w str]) -> Option<&'w str> {
    let is_free = |n: usize| {
        let before = n.checked_sub(1).and_then(|b| words.get(b)).copied().unwrap_or("");
        !before.starts_with('-') || before.contains('=') || SWITCHES.contains(&before)
    };
    let free = words.iter().enumerate().filter(|(n, word)| !word.starts_with('-') && is_free(*n));
    let free: Vec<&str> = free.map(|(_, word)| *word).collect();
    if let [only] = free.as_slice() { Some(only.trim_matches(['"', '\''])) } else { None }
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
