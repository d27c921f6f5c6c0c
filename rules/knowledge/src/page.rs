//! The shape of a knowledge page.

use std::collections::BTreeMap;

use semver::VersionReq;
use serde::Deserialize;
use smol_str::SmolStr;

use crate::action::{Action, Carries, Role};
use crate::template::Template;

/// One library's page.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Which library, and how it was checked.
    pub library: Library,
    /// Paths under which the library shows something that has its entry elsewhere: longest prefix wins.
    #[serde(default)]
    pub reexports: BTreeMap<SmolStr, SmolStr>,
    /// Types by canonical path.
    #[serde(default)]
    pub types: BTreeMap<SmolStr, TypeEntry>,
    /// Free functions by canonical path.
    #[serde(default)]
    pub functions: BTreeMap<SmolStr, OneOrMany<Callable>>,
    /// Macros by canonical path.
    #[serde(default)]
    pub macros: BTreeMap<SmolStr, MacroEntry>,
    /// Attribute macros by canonical path.
    #[serde(default)]
    pub attributes: BTreeMap<SmolStr, Attribute>,
}

/// Which library a page is about.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The crate's name in code (`_`, not `-`).
    pub name: SmolStr,
    /// The package's name in Cargo.lock, where it differs by more than `-`.
    pub package: Option<SmolStr>,
    /// The releases that the page holds for.
    pub versions: VersionReq,
    /// Code of this library for fixes, by what it is for: `health-route`, `headers-param`, ...
    #[serde(default)]
    pub snippets: BTreeMap<String, String>,
    /// The releases whose sources were read for it.
    #[serde(default)]
    pub checked: Vec<String>,
}

/// A type.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TypeEntry {
    /// What it is.
    pub is: Option<Role>,
    /// Its type parameters.
    #[serde(default)]
    pub params: Vec<SmolStr>,
    /// What `*value` and method calls that it does not know see: `T` for `Arc<T>`.
    pub derefs: Option<Template>,
    /// The types of its tuple fields: `Json(x)`.
    #[serde(default)]
    pub fields: Vec<Template>,
    /// The types of its named fields.
    #[serde(default)]
    pub named: BTreeMap<SmolStr, Template>,
    /// What a value of this type carries when used as a layer or middleware.
    pub carries: Option<Carries>,
    /// Which library speaks: shown to users as the client's library. Defaults to the page's.
    pub shown: Option<SmolStr>,
    /// Associated functions and methods.
    #[serde(default)]
    pub methods: BTreeMap<SmolStr, OneOrMany<Callable>>,
    /// Another type whose methods it has too.
    pub like: Option<SmolStr>,
    /// A method that is not listed gives the receiver back: builders.
    #[serde(default)]
    pub chains: bool,
}

/// A function or method.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Callable {
    /// What it returns.
    pub gives: Option<Template>,
    /// What it does.
    #[serde(default)]
    pub does: OneOrMany<Action>,
    /// Types of the parameters of closures given to it.
    #[serde(default)]
    pub closure: Vec<Template>,
    /// Only in these releases of the library.
    pub versions: Option<VersionReq>,
}

/// A macro.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MacroEntry {
    /// The type of its value.
    pub gives: Option<Template>,
    /// What it does; arguments are the macro's.
    #[serde(default)]
    pub does: OneOrMany<Action>,
}

/// An attribute on a function.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attribute {
    /// The function answers this method (`GET`, `ANY`), its path being the attribute's first literal.
    pub method: Option<String>,
    /// The function is where a program begins.
    #[serde(default)]
    pub entry: bool,
    /// The function is a test.
    #[serde(default)]
    pub test: bool,
    /// The `impl` block that carries it serves gRPC when its methods take a gRPC request.
    #[serde(default)]
    pub grpc: bool,
}

/// `x` or `[x, y]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// A list.
    Many(Vec<T>),
    /// One.
    One(T),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        OneOrMany::Many(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    /// All of them.
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::Many(all) => all,
            OneOrMany::One(one) => std::slice::from_ref(one),
        }
    }
}
