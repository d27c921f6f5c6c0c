//! Looking things up.

use rustc_hash::FxHashMap;
use semver::Version;
use smol_str::SmolStr;

use crate::page::{Attribute, Callable, MacroEntry, Page, TypeEntry};

/// All pages.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    pages: Vec<Page>,
    reexports: FxHashMap<SmolStr, SmolStr>,
}

impl Knowledge {
    /// Puts pages together. A later page adds to an earlier one of the same library.
    pub fn new(pages: Vec<Page>) -> Self {
        let reexports =
            pages.iter().flat_map(|p| &p.reexports).map(|(from, to)| (from.clone(), to.clone())).collect();
        Knowledge { pages, reexports }
    }

    /// The libraries that have a page.
    pub fn libraries(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter()
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
    pub fn view(&self, version: impl Fn(&str) -> Option<Version>) -> View<'_> {
        let mut view = View {
            knowledge: self,
            types: FxHashMap::default(),
            functions: FxHashMap::default(),
            ..View::new(self)
        };
        for page in &self.pages {
            let package = page.library.package.as_ref().unwrap_or(&page.library.name);
            let version = version(package).or_else(|| newest(&page.library.checked));
            let holds = |callable: &&Callable| match (&callable.versions, &version) {
                (Some(req), Some(version)) => req.matches(version),
                _ => true,
            };
            if version.as_ref().is_some_and(|v| !page.library.versions.matches(&stable(v))) {
                continue;
            }
            for (path, entry) in &page.types {
                let mut methods = FxHashMap::default();
                for (name, callables) in &entry.methods {
                    if let Some(callable) = callables.as_slice().iter().find(holds) {
                        methods.insert(name.as_str(), callable);
                    }
                }
                view.types
                    .insert(path.as_str(), TypeView { entry, methods, library: page.library.name.clone() });
            }
            for (path, callables) in &page.functions {
                if let Some(callable) = callables.as_slice().iter().find(holds) {
                    view.functions.insert(path.as_str(), callable);
                }
            }
            view.macros.extend(page.macros.iter().map(|(path, entry)| (path.as_str(), entry)));
            view.attributes.extend(page.attributes.iter().map(|(path, entry)| (path.as_str(), entry)));
        }
        view
    }
}

/// Without its pre-release part: a release candidate counts as the release.
fn stable(version: &Version) -> Version {
    Version::new(version.major, version.minor, version.patch)
}

fn newest(checked: &[String]) -> Option<Version> {
    checked.iter().filter_map(|v| Version::parse(v).ok()).max()
}

/// The entries that hold for one set of dependencies.
#[derive(Clone, Debug)]
pub struct View<'k> {
    knowledge: &'k Knowledge,
    types: FxHashMap<&'k str, TypeView<'k>>,
    functions: FxHashMap<&'k str, &'k Callable>,
    macros: FxHashMap<&'k str, &'k MacroEntry>,
    attributes: FxHashMap<&'k str, &'k Attribute>,
}

#[derive(Clone, Debug)]
struct TypeView<'k> {
    entry: &'k TypeEntry,
    methods: FxHashMap<&'k str, &'k Callable>,
    library: SmolStr,
}

impl<'k> View<'k> {
    fn new(knowledge: &'k Knowledge) -> Self {
        View {
            knowledge,
            types: FxHashMap::default(),
            functions: FxHashMap::default(),
            macros: FxHashMap::default(),
            attributes: FxHashMap::default(),
        }
    }

    /// See [`Knowledge::canonical`].
    pub fn canonical(&self, path: &str) -> SmolStr {
        self.knowledge.canonical(path)
    }

    /// Whether anything is said of a canonical path.
    pub fn knows(&self, path: &str) -> bool {
        self.types.contains_key(path)
            || self.functions.contains_key(path)
            || self.macros.contains_key(path)
            || self.attributes.contains_key(path)
    }

    /// A type by canonical path.
    pub fn type_entry(&self, path: &str) -> Option<&'k TypeEntry> {
        self.types.get(path).map(|t| t.entry)
    }

    /// The name of the library that a type belongs to, as shown to users.
    pub fn library(&self, path: &str) -> Option<&str> {
        let view = self.types.get(path)?;
        Some(view.entry.shown.as_ref().unwrap_or(&view.library))
    }

    /// The code for fixes of a library, by its name.
    pub fn snippets(&self, library: &str) -> Option<&'k std::collections::BTreeMap<String, String>> {
        self.knowledge.pages.iter().find(|p| p.library.name == library).map(|p| &p.library.snippets)
    }

    /// A method or associated function, also of the types that it is `like`.
    pub fn method(&self, path: &str, name: &str) -> Option<&'k Callable> {
        let mut path = path;
        for _ in 0..4 {
            let view = self.types.get(path)?;
            if let Some(callable) = view.methods.get(name) {
                return Some(callable);
            }
            path = view.entry.like.as_ref()?;
        }
        None
    }

    /// A free function by canonical path.
    pub fn function(&self, path: &str) -> Option<&'k Callable> {
        self.functions.get(path).copied()
    }

    /// A macro by canonical path.
    pub fn macro_entry(&self, path: &str) -> Option<&'k MacroEntry> {
        self.macros.get(path).copied()
    }

    /// An attribute by canonical path.
    pub fn attribute(&self, path: &str) -> Option<&'k Attribute> {
        self.attributes.get(path).copied()
    }
}
