//! Looking things up.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use semver::Version;
use serde::Deserialize;
use smol_str::SmolStr;

use crate::page::{Attribute, Callable, MacroEntry, OneOrMany, Page, PathSyntax, TypeEntry};

/// Some pages.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    pages: Vec<Arc<Page>>,
    reexports: FxHashMap<SmolStr, SmolStr>,
    /// The names of methods that types of the standard library have.
    common: FxHashSet<SmolStr>,
    /// The functions and types that people declared for their own code.
    declared: FxHashSet<SmolStr>,
    /// The libraries that have a method of a name that does something.
    active: FxHashMap<SmolStr, Vec<SmolStr>>,
    links: Vec<DeclaredLink>,
}

/// What people state of an image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredLink {
    /// Its name without tag and digest, as manifests write it.
    pub image: String,
    /// The binary in it.
    pub program: String,
}

impl Knowledge {
    /// Puts pages together. A later page adds to an earlier one of the same library.
    pub fn new(pages: Vec<Arc<Page>>) -> Self {
        let mut knowledge = Knowledge::default();
        for page in &pages {
            let library = &page.library.name;
            for (from, to) in &page.reexports {
                knowledge.reexports.insert(from.clone(), to.clone());
            }
            for (name, callables) in page.types.values().flat_map(|t| &t.methods) {
                if library == "std" {
                    knowledge.common.insert(name.clone());
                }
                if callables.as_slice().iter().any(|c| !c.does.as_slice().is_empty()) {
                    let libraries = knowledge.active.entry(name.clone()).or_default();
                    if libraries.last() != Some(library) {
                        libraries.push(library.clone());
                    }
                }
            }
        }
        knowledge.pages = pages;
        knowledge
    }

    /// With pages that people wrote about their own wrappers, which may be code of the workspace itself: what they declare
    /// goes before what can be read.
    #[must_use]
    pub fn declaring(&self, pages: Vec<Arc<Page>>) -> Knowledge {
        let declared = pages.iter().flat_map(|p| p.types.keys().chain(p.functions.keys())).cloned().collect();
        let all = self.pages.iter().cloned().chain(pages).collect();
        Knowledge { declared, ..Knowledge::new(all) }
    }

    /// With what people state of images.
    #[must_use]
    pub fn linking(self, links: Vec<DeclaredLink>) -> Knowledge {
        Knowledge { links, ..self }
    }

    /// What people state of images.
    pub fn links(&self) -> &[DeclaredLink] {
        &self.links
    }

    /// Whether people declared something themselves.
    pub fn declares(&self, path: &str) -> bool {
        self.declared.contains(path)
    }

    /// Whether people declared anything.
    pub fn has_declarations(&self) -> bool {
        !self.declared.is_empty()
    }

    /// The libraries that have a page.
    pub fn libraries(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter().map(|p| &**p)
    }

    /// The path under which something has its entry: `axum::http::HeaderMap` → `http::HeaderMap`. Follows re-exports by
    /// their longest prefix, a few steps deep.
    pub fn canonical(&self, path: &str) -> SmolStr {
        let mut path = SmolStr::new(path);
        for _ in 0..6 {
            match self.step(&path) {
                Some(next) if next != path => path = next,
                _ => break,
            }
        }
        path
    }

    fn step(&self, path: &str) -> Option<SmolStr> {
        let mut prefix = path;
        loop {
            if let Some(to) = self.reexports.get(prefix) {
                return Some(SmolStr::from_iter([to.as_str(), &path[prefix.len()..]]));
            }
            prefix = &prefix[..prefix.rfind("::")?];
        }
    }

    /// The entries that hold for a set of dependencies. `version` gives the release of a package, or `None` where it is
    /// not known: then the newest release that the page was checked with is taken.
    pub fn view(self: &Arc<Self>, version: impl Fn(&str) -> Option<Version>) -> View {
        let mut view = View::new(self.clone());
        for page in &self.pages {
            let package = page.library.package.as_ref().unwrap_or(&page.library.name);
            let used = version(package);
            if let Some(version) = &used {
                let holds = |s: &&PathSyntax| s.versions.as_ref().is_none_or(|v| v.matches(&stable(version)));
                let syntax = page.library.paths.iter().find(holds).cloned();
                view.used.insert(page.library.name.clone());
                view.paths.extend(syntax.map(|s| (page.library.name.clone(), s)));
            }
            let version = used.or_else(|| newest(&page.library.checked));
            if version.as_ref().is_some_and(|v| !page.library.versions.matches(&stable(v))) {
                continue;
            }
            let release = view.releases.len() as u32;
            for (path, entry) in &page.types {
                let library = page.library.name.clone();
                view.types.insert(path.clone(), TypeView { entry: entry.clone(), release, library });
                if entry.extends {
                    view.extension_traits.push(path.clone());
                }
                if !entry.generates.is_empty() {
                    let derive = path.rsplit("::").next().unwrap_or(path);
                    view.deriving.insert(SmolStr::new(derive), entry.clone());
                }
            }
            for (path, callables) in &page.functions {
                if let Some(callable) = holding(callables, version.as_ref()) {
                    view.functions.insert(path.clone(), callable.clone());
                }
            }
            view.macros.extend(page.macros.iter().map(|(path, entry)| (path.clone(), entry.clone())));
            view.attributes.extend(page.attributes.iter().map(|(path, entry)| (path.clone(), entry.clone())));
            view.releases.push(version);
        }
        view.extension_traits.sort_unstable();
        view
    }
}

/// The entry of a call that holds for a release.
fn holding<'k>(
    callables: &'k OneOrMany<Arc<Callable>>,
    version: Option<&Version>,
) -> Option<&'k Arc<Callable>> {
    callables.as_slice().iter().find(|callable| match (&callable.versions, version) {
        (Some(req), Some(version)) => req.matches(&stable(version)),
        _ => true,
    })
}

/// What the path of something begins with that a program writes and that is not on disk.
pub const GENERATED: &str = "generated::";

/// How many types are followed from one to the one that it is like.
const LIKE_DEPTH: u32 = 6;

/// Without its pre-release part: a release candidate counts as the release.
fn stable(version: &Version) -> Version {
    Version::new(version.major, version.minor, version.patch)
}

fn newest(checked: &[String]) -> Option<Version> {
    checked.iter().filter_map(|v| Version::parse(v).ok()).max()
}

/// The entries that hold for one set of dependencies.
#[derive(Clone, Debug)]
pub struct View {
    knowledge: Arc<Knowledge>,
    types: FxHashMap<SmolStr, TypeView>,
    functions: FxHashMap<SmolStr, Arc<Callable>>,
    macros: FxHashMap<SmolStr, Arc<MacroEntry>>,
    attributes: FxHashMap<SmolStr, Arc<Attribute>>,
    extension_traits: Vec<SmolStr>,
    /// The releases that the pages' entries are taken for.
    releases: Vec<Option<Version>>,
    /// The libraries that are depended on.
    used: FxHashSet<SmolStr>,
    /// The derives that write types beside the one that they stand on, by their last word.
    deriving: FxHashMap<SmolStr, Arc<TypeEntry>>,
    /// How the libraries that are depended on write parameters in paths, where their releases are known.
    paths: FxHashMap<SmolStr, PathSyntax>,
}

#[derive(Clone, Debug)]
struct TypeView {
    entry: Arc<TypeEntry>,
    /// Index into [`View::releases`].
    release: u32,
    library: SmolStr,
}

impl View {
    fn new(knowledge: Arc<Knowledge>) -> Self {
        View {
            knowledge,
            types: FxHashMap::default(),
            functions: FxHashMap::default(),
            macros: FxHashMap::default(),
            attributes: FxHashMap::default(),
            extension_traits: Vec::new(),
            releases: Vec::new(),
            used: FxHashSet::default(),
            deriving: FxHashMap::default(),
            paths: FxHashMap::default(),
        }
    }

    /// What the view is of.
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// See [`Knowledge::canonical`].
    pub fn canonical(&self, path: &str) -> SmolStr {
        self.knowledge.canonical(path)
    }

    /// The path under which a type has its entry: its own, or for generated code the one that it is written like.
    fn entry_path<'p>(&'p self, path: &'p str) -> &'p str {
        if self.types.contains_key(path) {
            return path;
        }
        // In a module that is not here, or in a library of such code.
        let mut words = path.rsplit("::");
        let (name, module) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let pages = self.knowledge.pages.iter().flat_map(|p| &p.generated);
        let mut fits = pages.filter(|g| module.ends_with(g.module.as_str()) && name.ends_with(g.ty.as_str()));
        fits.next().map_or(path, |g| g.like.as_str())
    }

    /// The last words of the types that are listed for a library.
    pub fn types_of(&self, library: &str) -> Vec<&str> {
        let own = self.types.keys().filter(|t| t.split("::").next() == Some(library));
        own.filter_map(|t| t.rsplit("::").next()).collect()
    }

    /// Whether a type of generated code, in a module of some name, is one that a page speaks of.
    pub fn is_generated(&self, module: &str, name: &str) -> bool {
        let pages = self.knowledge.pages.iter().flat_map(|p| &p.generated);
        let mut fits = pages.filter(|g| module.ends_with(g.module.as_str()) && name.ends_with(g.ty.as_str()));
        fits.next().is_some_and(|g| !g.ty.is_empty())
    }

    /// What `#[derive(Name)]` writes beside the type that it stands on, by the last word of the macro's path.
    pub fn generates(&self, derive: &str) -> Option<&BTreeMap<SmolStr, SmolStr>> {
        self.deriving.get(derive).map(|entry| &entry.generates)
    }

    /// Whether anything is said of a canonical path.
    pub fn knows(&self, path: &str) -> bool {
        self.types.contains_key(path)
            || self.functions.contains_key(path)
            || self.macros.contains_key(path)
            || self.attributes.contains_key(path)
    }

    /// A type by canonical path.
    pub fn type_entry(&self, path: &str) -> Option<&TypeEntry> {
        self.types.get(self.entry_path(path)).map(|t| &*t.entry)
    }

    /// The name of the library that a type belongs to, as shown to users.
    pub fn library(&self, path: &str) -> Option<&str> {
        let view = self.types.get(self.entry_path(path))?;
        Some(view.entry.shown.as_ref().map_or(view.library.as_str(), SmolStr::as_str))
    }

    /// Whether a library's router writes the OpenAPI document.
    pub fn describes(&self, library: &str) -> bool {
        self.knowledge.pages.iter().any(|p| p.library.name == library && p.library.describes)
    }

    /// Whether a library adds functions to the OpenAPI document by itself.
    pub fn collects(&self, library: &str) -> bool {
        self.knowledge.pages.iter().any(|p| p.library.name == library && p.library.collects)
    }

    /// How a library's routers write parameters in paths, where its release is known.
    pub fn path_syntax(&self, library: &str) -> Option<&PathSyntax> {
        self.paths.get(library)
    }

    /// Whether a library's routers take the first route that fits, in the order in which they were added.
    pub fn is_first_match(&self, library: &str) -> bool {
        self.knowledge.pages.iter().any(|p| p.library.name == library && p.library.first_match)
    }

    /// The code for fixes of a library, by its name, with that of its runtime.
    pub fn snippets(&self, library: &str) -> BTreeMap<String, String> {
        let page = |name: &str| self.knowledge.pages.iter().find(|p| p.library.name == name);
        let Some(own) = page(library) else { return BTreeMap::new() };
        let mut snippets = own.library.snippets.clone();
        for (key, code) in
            own.library.runtime.as_deref().and_then(page).iter().flat_map(|p| &p.library.snippets)
        {
            snippets.entry(key.clone()).or_insert_with(|| code.clone());
        }
        snippets
    }

    /// A method or associated function, also of the types that it is `like`.
    pub fn method(&self, path: &str, name: &str) -> Option<&Arc<Callable>> {
        self.method_at(self.entry_path(path), name, 0)
    }

    fn method_at(&self, path: &str, name: &str, depth: u32) -> Option<&Arc<Callable>> {
        let view = self.types.get(path)?;
        let release = self.releases.get(view.release as usize).and_then(Option::as_ref);
        let own = view.entry.methods.get(name).and_then(|callables| holding(callables, release));
        own.or_else(|| {
            let mut like = view.entry.like.as_slice().iter().filter(|_| depth < LIKE_DEPTH);
            like.find_map(|other| self.method_at(other, name, depth + 1))
        })
    }

    /// The path itself, if it names a trait whose methods may be called on values of any type.
    pub fn extending<'p>(&self, path: &'p str) -> Vec<&'p str> {
        let extends = self.types.get(path).is_some_and(|t| t.entry.extends);
        extends.then_some(path).into_iter().collect()
    }

    /// The traits of that kind that `use library::prelude::*` may bring: all of the library.
    pub fn traits_below(&self, path: &str) -> Vec<&str> {
        let library = path.split("::").next().unwrap_or(path);
        self.extension_traits
            .iter()
            .filter(|t| t.split("::").next() == Some(library))
            .map(SmolStr::as_str)
            .collect()
    }

    /// Whether a method of this name may be one that matters: one that does something, of a library that is depended on,
    /// and no type of the standard library has one.
    pub fn matters(&self, method: &str) -> bool {
        let libraries = self.knowledge.active.get(method).map_or(&[][..], Vec::as_slice);
        libraries.iter().any(|l| self.used.contains(l.as_str())) && !self.is_common(method)
    }

    /// Whether a method's name says nothing by itself: the standard library's types have it too.
    pub fn is_common(&self, method: &str) -> bool {
        self.knowledge.common.contains(method)
    }

    /// A free function by canonical path.
    pub fn function(&self, path: &str) -> Option<&Arc<Callable>> {
        self.functions.get(path)
    }

    /// A macro by canonical path.
    pub fn macro_entry(&self, path: &str) -> Option<&Arc<MacroEntry>> {
        self.macros.get(path)
    }

    /// All attributes.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.values().map(|a| &**a)
    }

    /// An attribute by canonical path.
    pub fn attribute(&self, path: &str) -> Option<&Arc<Attribute>> {
        self.attributes.get(path)
    }
}
