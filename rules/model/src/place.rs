//! Files, places in them, and the three-valued answer.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use svclint_facts::cargo::{CargoConfig, CargoLock, CargoManifest};
use svclint_facts::docker::{Dockerfile, IgnoreLine};
use svclint_facts::helm::HelmFile;
use svclint_facts::proto::ProtoFile;
use svclint_facts::rust::RustFile;
use svclint_facts::sql::SqlTable;
use svclint_syntax::Span;
use svclint_syntax::yaml::Yaml;

/// A file of the workspace: its index in the list given to [`crate::Model::build`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct FileId(pub u32);

/// A span in a file, in bytes of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
}

impl Place {
    /// Whether another place lies inside.
    pub fn holds(self, other: Place) -> bool {
        self.file == other.file && self.span.start <= other.span.start && other.span.end <= self.span.end
    }
}

/// One file as the model gets it.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Where it lies, see [`crate::normal_path`]. All files of one model use the same base: paths are compared, joined and
    /// shown, never opened.
    pub path: Arc<Path>,
    /// What it says.
    pub facts: FileFacts,
}

/// The facts of a file by language.
#[derive(Clone, Debug)]
pub enum FileFacts {
    /// A Rust file.
    Rust(Arc<RustFile>),
    /// A `Cargo.toml`.
    Manifest(Arc<CargoManifest>),
    /// A `Cargo.lock`.
    Lock(Arc<CargoLock>),
    /// A `.cargo/config.toml`.
    Config(Arc<CargoConfig>),
    /// A migration: the tables and unique keys that it makes.
    Sql(Arc<Vec<SqlTable>>),
    /// A protobuf file.
    Proto(Arc<ProtoFile>),
    /// A YAML file.
    Yaml(Arc<Yaml>),
    /// A `.env` file: names and values.
    Env(Arc<Vec<(String, String)>>),
    /// A file of named templates of a chart.
    Helm(Arc<HelmFile>),
    /// A Dockerfile.
    Docker(Arc<Dockerfile>),
    /// A file of what stays out of the builds of images.
    Ignore(Arc<Vec<IgnoreLine>>),
    /// A file that is known to exist.
    Other,
}

impl FileFacts {
    /// Whether it speaks of what runs the code, and not of the code.
    pub(crate) fn is_manifest(&self) -> bool {
        matches!(
            self,
            FileFacts::Yaml(_)
                | FileFacts::Env(_)
                | FileFacts::Helm(_)
                | FileFacts::Docker(_)
                | FileFacts::Ignore(_)
        )
    }

    /// Whether it says itself how images are made.
    pub(crate) fn tells_of_images(&self) -> bool {
        matches!(self, FileFacts::Docker(_) | FileFacts::Ignore(_))
    }

    /// Whether two are one and the same.
    pub(crate) fn is_same(&self, other: &FileFacts) -> bool {
        match (self, other) {
            (FileFacts::Rust(a), FileFacts::Rust(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Manifest(a), FileFacts::Manifest(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Lock(a), FileFacts::Lock(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Config(a), FileFacts::Config(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Sql(a), FileFacts::Sql(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Proto(a), FileFacts::Proto(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Yaml(a), FileFacts::Yaml(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Env(a), FileFacts::Env(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Helm(a), FileFacts::Helm(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Docker(a), FileFacts::Docker(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Ignore(a), FileFacts::Ignore(b)) => Arc::ptr_eq(a, b),
            (FileFacts::Other, FileFacts::Other) => true,
            _ => false,
        }
    }
}

/// Known to be there, known to be missing, or not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "value")]
pub enum Tri<T> {
    /// It is there.
    Present(T),
    /// It is proven to be missing.
    Absent,
    /// Nothing can be said.
    #[default]
    Unknown,
}

impl<T> Tri<T> {
    /// The value, if present.
    pub fn present(&self) -> Option<&T> {
        match self {
            Tri::Present(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is proven to be missing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Tri::Absent)
    }

    /// Whether nothing can be said.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Tri::Unknown)
    }
}
