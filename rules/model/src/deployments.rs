//! Which program runs in which container, and what it is given there.
//!
//! A link rests on evidence, the best there is: what builds the image, what the container runs, and the image's name only
//! where one single program is called so.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use svclint_knowledge::DeclaredLink;

use crate::image_names::{bare, has_path, is_ours, last, plain, same_image};
use crate::images::Image;
use crate::manifests::{ConfigObject, ConfigUse, Container, Environment, EnvironmentKind, Spot, Workload};
use crate::place::{Place, Tri};
use crate::system::{Model, ServiceId};

/// A container with what runs in it.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Its workload: index into [`crate::Manifests::workloads`].
    pub workload: usize,
    /// The container: index into the workload's.
    pub container: usize,
    /// The image's Dockerfile: index into [`Model::images`].
    pub image: Option<usize>,
    /// The program.
    pub service: Option<ServiceId>,
    /// What tells so, from the container to the program.
    pub evidence: Vec<Evidence>,
    /// What the program finds in its environment.
    pub env: ContainerEnv,
}

/// One step of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Where.
    pub at: Place,
    /// What it says: lower case, no final stop.
    pub says: String,
}

/// The variables of a container.
#[derive(Clone, Debug, Default)]
pub struct ContainerEnv {
    /// Names with values and the places that give them.
    pub variables: BTreeMap<String, (Tri<String>, Place)>,
    /// Whether they are all.
    pub complete: bool,
}

/// Links the containers of all manifests with what runs in them.
pub(crate) fn deployments(model: &Model, declared: &[DeclaredLink]) -> Vec<Deployment> {
    let mut found = Vec::new();
    for (workload_at, workload) in model.manifests.workloads.iter().enumerate() {
        for (container_at, container) in workload.containers.iter().enumerate() {
            let mut evidence = Vec::new();
            let stated = stated(model, container, declared, &mut evidence);
            let (image, service) = stated.unwrap_or_else(|| {
                let image = image_of(model, workload, container, &mut evidence);
                (image, service_of(model, container, image, &mut evidence))
            });
            if image.is_none() && service.is_none() {
                continue;
            }
            found.push(Deployment {
                workload: workload_at,
                container: container_at,
                image,
                service,
                evidence,
                env: environment(model, workload, container, image),
            });
        }
    }
    found
}

/// What people state of a container's image.
fn stated(
    model: &Model,
    container: &Container,
    declared: &[DeclaredLink],
    evidence: &mut Vec<Evidence>,
) -> Option<(Option<usize>, Option<ServiceId>)> {
    let Tri::Present(image) = &container.image else { return None };
    let link = declared.iter().find(|link| link.image == bare(&image.value))?;
    let service = model.services.iter().position(|s| s.binary == link.program)?;
    let ships = |i: &Image| i.ships.as_ref().is_some_and(|s| s.binary == link.program);
    let says = format!("`svclint.toml` says that `{}` is in it", link.program);
    evidence.push(Evidence { at: image.at, says });
    Some((model.images.iter().position(ships), Some(ServiceId(service as u32))))
}

/// The Dockerfile of a container's image.
fn image_of(
    model: &Model,
    workload: &Workload,
    container: &Container,
    evidence: &mut Vec<Evidence>,
) -> Option<usize> {
    let at_path = |path: &str| {
        model
            .images
            .iter()
            .position(|i| model.files.get(i.file.0 as usize).is_some_and(|p| **p == *Path::new(path)))
    };
    if let Some(build) = &container.build {
        let image = at_path(&build.dockerfile)?;
        evidence.push(Evidence { at: build.at, says: "builds the image from this Dockerfile".to_owned() });
        return Some(image);
    }
    let Tri::Present(image) = &container.image else { return None };
    let name = bare(&image.value);
    let manifests = &model.manifests;
    // A tool or workflow that builds an image of that name.
    let mut built: Vec<(usize, Place)> = manifests
        .builds
        .iter()
        .filter(|b| b.image.as_ref().is_some_and(|built| same_image(built, name)))
        .filter_map(|b| Some((at_path(&b.dockerfile)?, b.at)))
        .collect();
    // A compose file that builds it.
    let composed = manifests.workloads.iter().flat_map(|w| &w.containers).filter_map(|c| {
        let (build, Tri::Present(own)) = (c.build.as_ref()?, &c.image) else { return None };
        (same_image(bare(&own.value), name)).then(|| Some((at_path(&build.dockerfile)?, own.at))).flatten()
    });
    built.extend(composed);
    built.sort_unstable();
    built.dedup_by_key(|(image, _)| *image);
    if let [(dockerfile, at)] = built.as_slice() {
        evidence.push(Evidence { at: *at, says: format!("builds `{name}` from this Dockerfile") });
        return Some(*dockerfile);
    }
    if !built.is_empty() {
        return None;
    }
    // The only Dockerfile for a program of that name.
    let last = plain(last(name));
    let is_named = |image: &Image, name: &str| {
        image.ships.as_ref().is_some_and(|ships| {
            let package = model.packages.get(ships.package).map(|p| plain(&p.name));
            let folder = image.folder.file_name().and_then(|f| f.to_str()).map(plain);
            [Some(plain(&ships.binary)), package, folder].into_iter().flatten().any(|own| own == name)
        })
    };
    let mut named = model.images.iter().enumerate().filter(|(_, i)| is_named(i, &last));
    let (number, _) = named.next().filter(|_| named.next().is_none())?;
    let is_compose = workload.environment.kind == EnvironmentKind::Compose;
    let is_program = |name: &str| model.images.iter().any(|i| is_named(i, name));
    if is_compose && !has_path(name) || !is_ours(model, name, &is_program) {
        return None;
    }
    evidence
        .push(Evidence { at: image.at, says: format!("the only Dockerfile for a program named `{last}`") });
    Some(number)
}

/// The program that a container runs.
fn service_of(
    model: &Model,
    container: &Container,
    image: Option<usize>,
    evidence: &mut Vec<Evidence>,
) -> Option<ServiceId> {
    let by_binary = |name: &str, package: Option<usize>| {
        let mut fitting = model.services.iter().enumerate().filter(|(_, s)| {
            plain(&s.binary) == plain(name) && package.is_none_or(|p| s.package as usize == p)
        });
        let first = fitting.next().filter(|_| fitting.next().is_none())?;
        Some(ServiceId(first.0 as u32))
    };
    // What the manifest runs goes before what the image would.
    let ships = image.and_then(|i| model.images.get(i)?.ships.as_ref());
    if let Tri::Present(command) = &container.command
        && let Some(first) = command.first()
    {
        let name = first.rsplit('/').next().unwrap_or(first);
        return match by_binary(name, None) {
            Some(service) if ships.is_some() => {
                evidence.push(Evidence { at: container.name_at, says: format!("runs `{name}`") });
                Some(service)
            }
            _ if matches!(name, "sh" | "bash" | "tini" | "dumb-init") => None,
            _ => ships
                .filter(|s| plain(&s.binary) == plain(name))
                .and_then(|s| by_binary(&s.binary, Some(s.package))),
        };
    }
    if container.command.is_unknown() {
        return None;
    }
    let image = image.and_then(|i| model.images.get(i));
    let target = container.build.as_ref().and_then(|b| b.target.as_deref());
    let stage = image.and_then(|i| target.map_or_else(|| i.last(), |name| i.stage(name)));
    // Without an entry point the arguments are the command.
    if let Tri::Present(words) = &container.args
        && let Some(first) = words.first()
        && stage.is_some_and(|s| s.entrypoint.is_none())
    {
        let name = first.rsplit('/').next().unwrap_or(first);
        let service = by_binary(name, None)?;
        evidence.push(Evidence { at: container.name_at, says: format!("runs `{name}`") });
        return Some(service);
    }
    // What is known of the image is known of its last stage.
    let is_last = stage.zip(image.and_then(|i| i.last())).is_some_and(|(a, b)| a.at == b.at);
    if target.is_some() && !is_last {
        let argv = stage.and_then(|s| s.start()).and_then(|s| s.argv.as_ref());
        let name = argv.and_then(|words| words.first()?.rsplit('/').next().map(str::to_owned))?;
        let service = by_binary(&name, None)?;
        evidence.push(Evidence { at: container.name_at, says: format!("this stage runs `{name}`") });
        return Some(service);
    }
    if let Some(ships) = ships {
        let service = by_binary(&ships.binary, Some(ships.package))?;
        evidence.push(Evidence { at: ships.evidence, says: format!("ships the program `{}`", ships.binary) });
        return Some(service);
    }
    None
}

/// What a container's program finds in its environment: the image's own variables, config maps, and the container's.
fn environment(
    model: &Model,
    workload: &Workload,
    container: &Container,
    image: Option<usize>,
) -> ContainerEnv {
    let mut env = ContainerEnv { complete: container.env_complete, ..ContainerEnv::default() };
    let target = container.build.as_ref().and_then(|b| b.target.as_deref());
    let stage = image.and_then(|i| model.images.get(i)).and_then(|i| match target {
        Some(name) => i.stage(name),
        None => i.last(),
    });
    for variable in stage.map_or(&[][..], |s| &s.env) {
        env.variables.insert(variable.name.clone(), (variable.value.clone(), variable.at));
    }
    env.complete &= stage.is_some_and(|s| !s.broken);
    // A file of variables in the image may be read by the program.
    env.complete &= !image.and_then(|i| model.images.get(i)).is_some_and(Image::ships_variables);
    for source in &container.env_from {
        match config_of(model, workload, source) {
            Some(config) => {
                env.complete &= config.complete;
                for (key, value) in &config.keys {
                    let text = match value {
                        Tri::Present(spot) => Tri::Present(spot.value.clone()),
                        _ => Tri::Unknown,
                    };
                    env.variables.insert(format!("{}{}", source.prefix, key.value), (text, key.at));
                }
            }
            None => env.complete = false,
        }
    }
    for variable in &container.env {
        let from = variable.from.as_ref();
        let value = from.and_then(|from| {
            let config = config_of(model, workload, from)?;
            let (_, value) = config.keys.iter().find(|(key, _)| from.key.as_deref() == Some(&key.value))?;
            value.present().map(|spot: &Spot<String>| spot.value.clone())
        });
        let value = value.map_or_else(|| variable.value.clone(), Tri::Present);
        env.variables.insert(variable.name.clone(), (value, variable.at));
    }
    env
}

/// The config map or secret that a container uses, where it is known which one.
pub(crate) fn config_of<'m>(
    model: &'m Model,
    workload: &Workload,
    used: &ConfigUse,
) -> Option<&'m ConfigObject> {
    let name = used.object.present()?;
    // What names no namespace goes to the one that the files are applied to.
    let is_there = |own: &Tri<String>| match (own, &workload.namespace) {
        (Tri::Present(a), Tri::Present(b)) => a == b,
        _ => true,
    };
    let is_meant = |c: &&ConfigObject| c.secret == used.secret && c.name == *name && is_there(&c.namespace);
    let all: Vec<&ConfigObject> = model.manifests.configs.iter().filter(is_meant).collect();
    let mut beside = all.iter().filter(|c| c.environment == workload.environment);
    match beside.next() {
        Some(only) => beside.next().is_none().then_some(*only),
        None => match all.as_slice() {
            [only] if is_around(&only.environment, &workload.environment) => Some(only),
            _ => None,
        },
    }
}

/// Whether files lie in a folder over or under that of others, and so are likely applied with them. Folders side by side
/// are as likely two places to run.
fn is_around(a: &Environment, b: &Environment) -> bool {
    let (folder, other) = (Path::new(&a.path), Path::new(&b.path));
    let are_plain = a.kind == EnvironmentKind::Folder && b.kind == EnvironmentKind::Folder;
    are_plain && (folder.starts_with(other) || other.starts_with(folder))
}

impl Model {
    /// The config map or secret that a workload's container uses, where it is known which one.
    pub fn config_of(&self, workload: &Workload, used: &ConfigUse) -> Option<&ConfigObject> {
        config_of(self, workload, used)
    }
}

impl ContainerEnv {
    /// A text with the variables that it names put in: `${HOST:-0.0.0.0}:${PORT}`. `None` where one is not known.
    pub fn expand(&self, text: &str) -> Option<String> {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(at) = rest.find("${") {
            out.push_str(&rest[..at]);
            let end = at + rest[at..].find('}')?;
            let inside = &rest[at + 2..end];
            let (name, default) = inside.split_once(":-").map_or((inside, None), |(n, d)| (n, Some(d)));
            match self.variables.get(name) {
                Some((Tri::Present(value), _)) => out.push_str(value),
                Some(_) => return None,
                None if self.complete => out.push_str(default?),
                None => return None,
            }
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        Some(out)
    }
}
