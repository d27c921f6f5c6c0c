//! Container images: what each Dockerfile makes, stage by stage, and which program of the workspace is in it.
//!
//! One image per Dockerfile. A stage says what holds at its end, with what it has from the stages under it. Nothing here
//! speaks of what runs the image: workloads and compose files are linked to it by file, folder and stage name.

mod builds;
mod contents;
mod context;
mod lock;
mod ships;
mod stages;

pub use contents::{holds_certificates, is_certificate_variable};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use svclint_facts::cargo::CargoConfig;
use svclint_facts::docker::{Command, Dockerfile, InstructionKind, Word};
use svclint_knowledge::images::BaseImage;

use crate::joined::Joined;
use crate::manifests::Manifests;
use crate::place::{FileFacts, FileId, Place, SourceFile, Tri};

/// What a Dockerfile makes.
#[derive(Clone, Debug)]
pub struct Image {
    /// The Dockerfile.
    pub file: FileId,
    /// The folder that it lies in.
    pub folder: PathBuf,
    /// What it says.
    pub facts: Arc<Dockerfile>,
    /// Its stages in their order; the last one is the image unless another is asked for by name.
    pub stages: Vec<ImageStage>,
    /// What cargo builds in it.
    pub builds: Vec<CargoBuild>,
    /// The program of the workspace that it is made for; `None` where that is not known.
    pub ships: Option<ShippedBinary>,
    /// What its instructions ask for and a `.dockerignore` keeps out.
    pub left_out: Vec<LeftOut>,
    /// Whether a `.dockerignore` keeps `Cargo.lock` out of all its builds.
    pub drops_lock: bool,
    /// Whether it is made to run a service, rather than for developers, tests or CI.
    pub for_production: bool,
}

/// A stage, with what it has from those under it.
#[derive(Clone, Debug)]
pub struct ImageStage {
    /// `AS name`
    pub name: Option<String>,
    /// The `FROM` instruction.
    pub at: Place,
    /// The image's name in the `FROM` instruction.
    pub image_at: Place,
    /// The stage that it begins with, by index.
    pub base: Option<usize>,
    /// The image from elsewhere that it begins with, through all stages: `debian:bookworm-slim`; `None` where variables
    /// hide it.
    pub base_name: Option<String>,
    /// What is known of that image.
    pub base_image: Option<BaseImage>,
    /// `ENV`s.
    pub env: Vec<EnvValue>,
    /// `EXPOSE`d ports.
    pub ports: Vec<Port>,
    /// The user that the program runs as; `Absent`: the one with all rights, for want of another.
    pub user: Tri<User>,
    /// The last `WORKDIR`, put together; `None` where it is not known or not set.
    pub workdir: Option<String>,
    /// `ENTRYPOINT`
    pub entrypoint: Option<Start>,
    /// `CMD`
    pub cmd: Option<Start>,
    /// `HEALTHCHECK`
    pub healthcheck: Option<Start>,
    /// `STOPSIGNAL`
    pub stop_signal: Option<(String, Place)>,
    /// Whether part of it, or of a stage under it, could not be read.
    pub broken: bool,
}

/// A variable of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Tri<String>,
    /// Name and value.
    pub at: Place,
}

/// An exposed port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its number.
    pub number: Tri<u16>,
    /// `tcp`, `udp`, `sctp`
    pub protocol: String,
    /// Where.
    pub at: Place,
}

/// The user that an image ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name or number, with its group.
    pub name: String,
    /// Whether it may do everything.
    pub is_root: bool,
    /// The word after `USER`; `None` where the base image sets it.
    pub at: Option<Place>,
}

/// A command that a container runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The words, where it is in exec form or plain enough to be told without a shell.
    pub argv: Option<Vec<String>>,
    /// How it is written.
    pub command: Command,
    /// The instruction.
    pub at: Place,
    /// The stage that it is written in.
    pub stage: usize,
}

/// One run of cargo that makes binaries.
#[derive(Clone, Debug)]
pub struct CargoBuild {
    /// The stage.
    pub stage: usize,
    /// The command.
    pub at: Place,
    /// Where another flag can be put in, if the command is written out.
    pub insert_at: Option<Place>,
    /// What it does.
    pub kind: BuildKind,
    /// `-p`
    pub packages: Vec<(String, Place)>,
    /// `--bin`
    pub binaries: Vec<(String, Place)>,
    /// The folder that binaries come to: `release`, `debug`.
    pub profile: String,
    /// `--locked`, `--frozen`, `--offline`
    pub locked: bool,
    /// `--target`
    pub target: Option<String>,
    /// Whether `--target-dir` or its variable moves the folder `target`.
    pub moves_target: bool,
    /// Whether it links the C library into the binary.
    pub links_statically: bool,
    /// Whether there are words in it that are not known.
    pub uncertain: bool,
    /// Nothing that its stage is given can be `Cargo.lock`.
    pub lacks_lock: bool,
    /// Where the manifest is copied into a folder and `Cargo.lock`, which lies beside it, can be named too.
    pub manifest_copied: Option<Place>,
}

/// What a run of cargo does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildKind {
    /// `cargo build`
    Build,
    /// `cargo install --path`
    Install,
    /// Dependencies only: `cargo chef cook`.
    Dependencies,
}

/// The program in an image.
#[derive(Clone, Debug)]
pub struct ShippedBinary {
    /// Its package: index into [`crate::Model::packages`].
    pub package: usize,
    /// The binary.
    pub binary: String,
    /// What tells so.
    pub evidence: Place,
    /// How it comes into the last stage.
    pub copied: Option<CopiedBinary>,
    /// The package and all packages of the workspace that it is built with.
    pub packages: Vec<usize>,
    /// The libraries for outbound calls that, by `Cargo.lock`, trust only the roots that the system has.
    pub trusts_system: Vec<String>,
}

/// A binary that is copied into the last stage.
#[derive(Clone, Debug)]
pub struct CopiedBinary {
    /// The `COPY` instruction.
    pub at: Place,
    /// The stage that builds it, by index.
    pub from: Option<usize>,
    /// The path in that stage.
    pub source: String,
    /// The path or folder that it is copied to; `None` where that is not known.
    pub to: Option<String>,
}

/// Something that a build needs and does not get, because a `.dockerignore` keeps it out of its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The word of the `COPY` or `ADD` that asks for it.
    pub at: Place,
    /// Its path, from the folder that the image is built from.
    pub path: String,
    /// The package that it belongs to, where the `COPY` asks for a folder around it.
    pub package: Option<usize>,
    /// The line of the `.dockerignore`.
    pub by: Place,
}

impl Image {
    /// The last stage.
    pub fn last(&self) -> Option<&ImageStage> {
        self.stages.last()
    }

    /// The stage of a name.
    pub fn stage(&self, name: &str) -> Option<&ImageStage> {
        self.stages.iter().find(|s| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name)))
    }

    /// Whether a file of variables is copied into it: `COPY .env .`
    pub fn ships_variables(&self) -> bool {
        let instructions = self.facts.stages.iter().flat_map(|s| &s.instructions);
        let copies = instructions.filter_map(|i| match &i.kind {
            InstructionKind::Copy(copy) => Some(copy),
            _ => None,
        });
        let is_env = |word: &Word| word.text.rsplit('/').next().is_some_and(|name| name.starts_with(".env"));
        copies.flat_map(|c| &c.sources).any(is_env)
    }

    /// Whether Rust code of the workspace is what it is about.
    pub fn is_of_rust(&self) -> bool {
        self.ships.is_some() || !self.builds.is_empty()
    }

    /// The build that makes the shipped binary: the last one that may, in the stage that it is copied from.
    pub fn build_of_shipped(&self) -> Option<&CargoBuild> {
        let ships = self.ships.as_ref()?;
        let last = self.stages.len().checked_sub(1)?;
        let chain = match &ships.copied {
            Some(copied) => self.facts.chain(copied.from?),
            None => self.facts.chain(last),
        };
        let makes = |b: &&CargoBuild| {
            b.kind != BuildKind::Dependencies
                && chain.contains(&b.stage)
                && (b.binaries.is_empty() || b.binaries.iter().any(|(name, _)| *name == ships.binary))
        };
        self.builds.iter().rfind(makes)
    }
}

impl ImageStage {
    /// What runs first: the entry point, else the command.
    pub fn start(&self) -> Option<&Start> {
        self.entrypoint.as_ref().or(self.cmd.as_ref())
    }
}

/// The images of all Dockerfiles.
pub(crate) fn images(files: &[SourceFile], joined: &Joined, manifests: &Manifests) -> Vec<Image> {
    let mut images = Vec::new();
    let (root, paths) = (common_folder(files), context::Paths::of(files));
    for (number, source) in files.iter().enumerate() {
        let FileFacts::Docker(facts) = &source.facts else { continue };
        let file = FileId(number as u32);
        let folder = source.path.parent().map(PathBuf::from).unwrap_or_default();
        let stages = stages::stages(file, facts);
        let path = source.path.strip_prefix(root).unwrap_or(&source.path);
        let mut image = Image {
            file,
            folder,
            facts: facts.clone(),
            for_production: stages::for_production(path, stages.last()),
            stages,
            builds: builds::builds(file, facts),
            ships: None,
            left_out: Vec::new(),
            drops_lock: false,
        };
        for build in &mut image.builds {
            configs(files, &image.folder).for_each(|config| build.configured(config));
        }
        let locks: Vec<(bool, Option<Place>)> = image
            .builds
            .iter()
            .map(|b| (image.lacks_lock(b.stage, &paths), image.manifest_copied(b.stage, &paths)))
            .collect();
        for (build, (lacks, copied)) in image.builds.iter_mut().zip(locks) {
            (build.lacks_lock, build.manifest_copied) = (lacks, copied);
        }
        image.ships = ships::ships(&image, files, joined);
        image.left_out = context::left_out(&image, &paths, joined, manifests);
        image.drops_lock = context::drops_lock(&image, &paths, manifests);
        images.push(image);
    }
    images
}

/// Whether images that were read with other manifests are still what they were: manifests tell only what images are built from.
pub(crate) fn same_builds(old: &Manifests, new: &Manifests) -> bool {
    fn composed(manifests: &Manifests) -> impl Iterator<Item = (&str, &str)> {
        let builds = manifests.workloads.iter().flat_map(|w| &w.containers).filter_map(|c| c.build.as_ref());
        builds.map(|b| (&*b.dockerfile, &*b.context))
    }
    old.builds == new.builds && composed(old).eq(composed(new))
}

/// What cargo is told beside its commands in a folder: by the files in it and above.
fn configs<'a>(files: &'a [SourceFile], folder: &'a Path) -> impl Iterator<Item = &'a CargoConfig> {
    files.iter().filter_map(move |file| match &file.facts {
        FileFacts::Config(config) => {
            let home = file.path.parent()?.parent()?;
            folder.starts_with(home).then_some(&**config)
        }
        _ => None,
    })
}

/// The folder that all files lie in. What it is called says nothing of them.
fn common_folder(files: &[SourceFile]) -> &Path {
    let mut folders = files.iter().filter_map(|f| f.path.parent());
    let first = folders.next().unwrap_or(Path::new(""));
    folders.fold(first, |common, folder| {
        common.ancestors().find(|a| folder.starts_with(a)).unwrap_or(Path::new(""))
    })
}
