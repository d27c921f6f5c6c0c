//! Texts and facts of all files, kept from one run to the next.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use svclint_catalog::Sources;
use svclint_facts::cargo::{cargo_config, cargo_lock, cargo_manifest};
use svclint_facts::docker::{dockerfile, ignore_file};
use svclint_facts::env::env_file;
use svclint_facts::helm::helm_file;
use svclint_facts::proto::proto_file;
use svclint_facts::rust::{RustFile, SyntaxError, rust_file};
use svclint_facts::sql::sql_tables;
use svclint_model::{FileFacts, FileId, SourceFile};
use svclint_syntax::yaml::{Node, Yaml, YamlError, yaml};
use svclint_syntax::{Bounds, Language, LineIndex, Span};
use xxhash_rust::xxh3::xxh3_64;

use crate::contract;

/// One file as last read.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// Its text.
    pub text: Arc<str>,
    /// Where its lines begin.
    pub lines: Arc<LineIndex>,
    hash: u64,
    facts: FileFacts,
}

impl Analysis {
    /// Reads a text. What `previous` knows of unchanged parts is taken from it. For Rust this needs a thread with a large
    /// stack, see [`svclint_syntax::PARSER_STACK_BYTES`].
    pub(crate) fn read(path: &Path, text: String, previous: Option<&Analysis>, bounds: &Bounds) -> Analysis {
        let hash = xxh3_64(text.as_bytes());
        if let Some(previous) = previous.filter(|p| p.hash == hash) {
            return previous.clone();
        }
        let facts = match Language::of(path) {
            Language::Rust => {
                let before = previous
                    .and_then(|p| if let FileFacts::Rust(file) = &p.facts { Some(&**file) } else { None });
                FileFacts::Rust(Arc::new(rust_file(&text, before, bounds)))
            }
            Language::Toml if path.ends_with("Cargo.toml") => {
                FileFacts::Manifest(Arc::new(cargo_manifest(&text)))
            }
            Language::Toml if path.ends_with("Cargo.lock") => FileFacts::Lock(Arc::new(cargo_lock(&text))),
            Language::Toml if path.ends_with(".cargo/config.toml") => {
                FileFacts::Config(Arc::new(cargo_config(&text)))
            }
            Language::Yaml => FileFacts::Yaml(Arc::new(yaml(&text))),
            // JSON is YAML.
            Language::Json => json(&text).map_or(FileFacts::Other, |read| FileFacts::Yaml(Arc::new(read))),
            Language::Env => FileFacts::Env(Arc::new(env_file(&text))),
            Language::Template => FileFacts::Helm(Arc::new(helm_file(&text))),
            Language::Proto => FileFacts::Proto(Arc::new(proto_file(&text))),
            Language::Dockerfile => FileFacts::Docker(Arc::new(dockerfile(&text))),
            Language::Ignore => FileFacts::Ignore(Arc::new(ignore_file(&text))),
            Language::Sql => FileFacts::Sql(Arc::new(sql_tables(&text))),
            _ => FileFacts::Other,
        };
        Analysis { lines: Arc::new(LineIndex::new(&text)), text: Arc::from(text), hash, facts }
    }

    /// What does not parse, with places in the document.
    pub(crate) fn errors(&self) -> Vec<SyntaxError> {
        match &self.facts {
            FileFacts::Rust(file) => file
                .chunks
                .iter()
                .filter_map(|c| {
                    c.error
                        .as_ref()
                        .map(|e| SyntaxError { span: e.span.shift(c.start), message: e.message.clone() })
                })
                .collect(),
            FileFacts::Manifest(manifest) => manifest.errors.clone(),
            FileFacts::Lock(lock) => lock.errors.clone(),
            FileFacts::Yaml(yaml) => {
                let error = |e: &YamlError| SyntaxError { span: e.span, message: e.message.clone() };
                yaml.errors.iter().map(error).collect()
            }
            FileFacts::Env(_)
            | FileFacts::Helm(_)
            | FileFacts::Sql(_)
            | FileFacts::Proto(_)
            | FileFacts::Docker(_)
            | FileFacts::Ignore(_)
            | FileFacts::Config(_)
            | FileFacts::Other => Vec::new(),
        }
    }

    pub(crate) fn rust(&self) -> Option<&RustFile> {
        if let FileFacts::Rust(file) = &self.facts { Some(file) } else { None }
    }
}

/// What a JSON file says, if it is an OpenAPI document or a Kubernetes object.
fn json(text: &str) -> Option<Yaml> {
    let may_be = contract::names_openapi(text) || contract::names_object(text);
    let read = may_be.then(|| yaml(text))?;
    let is_openapi = |node: &Node| node.get("openapi").or_else(|| node.get("swagger")).is_some();
    let is_object = |node: &Node| node.get("apiVersion").is_some() && node.get("kind").is_some();
    read.documents.first().is_some_and(|node| is_openapi(node) || is_object(node)).then_some(read)
}

/// All files, in the order of their paths.
#[derive(Clone, Debug, Default)]
pub struct FactStore {
    pub(crate) paths: Vec<Arc<Path>>,
    pub(crate) files: FxHashMap<Arc<Path>, Arc<Analysis>>,
}

impl FactStore {
    pub(crate) fn get(&self, path: &Path) -> Option<&Arc<Analysis>> {
        self.files.get(path)
    }

    pub(crate) fn insert(&mut self, path: PathBuf, analysis: Arc<Analysis>) {
        let path: Arc<Path> = Arc::from(path);
        if self.files.insert(path.clone(), analysis).is_none() {
            let at = self.paths.partition_point(|p| *p < path);
            self.paths.insert(at, path);
        }
    }

    pub(crate) fn remove(&mut self, path: &Path) {
        if self.files.remove(path).is_some() {
            self.paths.retain(|p| &**p != path);
        }
    }

    /// The libraries that packages here are or use, by their names in code; `None` where a package without a lock file may
    /// use more than its manifest says.
    pub(crate) fn libraries(&self) -> Option<FxHashSet<String>> {
        let mut libraries = FxHashSet::default();
        let locked = |path: &Path| {
            let mut above = path.ancestors().skip(1);
            above.any(|dir| self.files.contains_key(dir.join("Cargo.lock").as_path()))
        };
        for (path, analysis) in &self.files {
            match &analysis.facts {
                FileFacts::Lock(lock) => {
                    libraries.extend(lock.packages.iter().map(|p| p.name.replace('-', "_")))
                }
                FileFacts::Manifest(_) if !locked(path) => return None,
                _ => {}
            }
        }
        Some(libraries)
    }

    /// What the model is built from.
    pub(crate) fn sources(&self) -> Vec<SourceFile> {
        let facts = |p: &Arc<Path>| self.files.get(p).map_or(FileFacts::Other, |a| a.facts.clone());
        self.paths.iter().map(|path| SourceFile { path: path.clone(), facts: facts(path) }).collect()
    }

    /// The file with an id.
    pub fn file(&self, id: FileId) -> Option<(&Arc<Path>, &Arc<Analysis>)> {
        let path = self.paths.get(id.0 as usize)?;
        Some((path, self.files.get(path)?))
    }

    /// The text at a place; empty where there is none.
    pub fn text_at(&self, file: FileId, span: Span) -> &str {
        self.file(file).map_or("", |(_, analysis)| span.text(&analysis.text))
    }
}

impl Sources for FactStore {
    fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |(_, analysis)| &analysis.text)
    }
}
