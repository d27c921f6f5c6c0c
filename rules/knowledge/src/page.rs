//! The shape of a knowledge page.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use semver::VersionReq;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use smol_str::SmolStr;

use crate::action::{Action, Carries, Effect, Role, SwitchField};
use crate::limit::Limit;
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
    pub types: BTreeMap<SmolStr, Arc<TypeEntry>>,
    /// Free functions by canonical path.
    #[serde(default)]
    pub functions: BTreeMap<SmolStr, OneOrMany<Arc<Callable>>>,
    /// Macros by canonical path.
    #[serde(default)]
    pub macros: BTreeMap<SmolStr, Arc<MacroEntry>>,
    /// Attribute macros by canonical path.
    #[serde(default)]
    pub attributes: BTreeMap<SmolStr, Arc<Attribute>>,
    /// What the library's code generator writes.
    #[serde(default)]
    pub generated: Vec<Generated>,
}

/// Types in generated code, told by the ends of their names: `greeter_client::GreeterClient`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// How the module's name ends.
    pub module: SmolStr,
    /// How the type's name ends.
    #[serde(rename = "type")]
    pub ty: SmolStr,
    /// The type entry whose methods they have.
    pub like: SmolStr,
}

/// Which library a page is about.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
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
    /// The library on which it runs: its code for fixes goes with this one's.
    pub runtime: Option<SmolStr>,
    /// The releases whose sources were read for it.
    #[serde(default)]
    pub checked: Vec<String>,
    /// Other packages that define what the library re-exports, beside those whose names begin like its own.
    #[serde(default)]
    pub sources: Vec<String>,
    /// The packages that speak with it through what it keeps in globals: built with another release of it, they speak with
    /// nobody.
    #[serde(default)]
    pub global_users: BTreeMap<SmolStr, GlobalUser>,
    /// Its router writes the OpenAPI document from the routes that it is given for it: what the document lacks was left out
    /// on purpose.
    #[serde(default)]
    pub describes: bool,
    /// It adds functions to the OpenAPI document by itself: what no list names may be there all the same.
    #[serde(default)]
    pub collects: bool,
    /// How its routers write parameters in paths.
    #[serde(default)]
    pub paths: Vec<PathSyntax>,
    /// Its routers ask their routes in the order in which they were added, and take the first that fits.
    #[serde(default)]
    pub first_match: bool,
}

/// How a library's routers write parameters in paths: `{id}` or `:id`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathSyntax {
    /// Only in these releases of the library.
    pub versions: Option<VersionReq>,
    /// A parameter with the name `id`.
    pub parameter: String,
    /// One that takes all the rest of the path.
    pub rest: String,
    /// What becomes of a parameter in the other syntax.
    pub others: Otherwise,
}

/// What a router does with a path in a syntax that is not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// It panics when it gets it.
    Panics,
    /// It takes it for plain text.
    Literal,
}

/// A package that speaks with a library through its globals.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlobalUser {
    /// The feature by which it does; `{0}` and `{1}` are the first two numbers of the library's release.
    pub feature: Option<String>,
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
    pub methods: BTreeMap<SmolStr, OneOrMany<Arc<Callable>>>,
    /// Other types, or traits, whose methods it has too.
    #[serde(default)]
    pub like: OneOrMany<SmolStr>,
    /// It is a trait: where it is in scope, its methods may be called on values of any type that has no such method itself.
    #[serde(default)]
    pub extends: bool,
    /// It is a macro for `#[derive]` that writes types beside the one that it stands on: their names, and whose methods
    /// they have.
    #[serde(default)]
    pub generates: BTreeMap<SmolStr, SmolStr>,
    /// It is a trait that `#[derive]` implements: helper attributes of fields that name environment variables.
    pub env_attribute: Option<EnvAttribute>,
    /// It is a trait, and a framework calls its methods before a handler that has a type with it among its parameters.
    #[serde(default)]
    pub extracts: bool,
    /// It is a trait, and this is how attributes change the names under which a derive reads fields.
    pub field_words: Option<FieldWords>,
    /// It is a trait, implemented or derived, that takes a part out of the state that a framework holds: its function.
    pub takes_part: Option<SmolStr>,
    /// It is a trait, and types that implement or derive it are made of what comes from outside: a file, a message, the
    /// command line.
    #[serde(default)]
    pub outside: bool,
    /// What a method that is not listed is: the calls of generated clients.
    pub others: Option<Arc<Callable>>,
    /// Its clones share what it holds, and may be used at the same time: a pool, or a connection that takes many requests.
    #[serde(default)]
    pub shared: bool,
    /// As an argument of such a type it takes this back: the database has one writer at a time, and a lock may keep others in line.
    #[serde(default)]
    pub one_writer: bool,
    /// As a parameter of a handler it is the body, read to its end before the handler runs.
    #[serde(default)]
    pub whole: bool,
    /// A method that is not listed gives the receiver back: builders.
    #[serde(default)]
    pub chains: bool,
    /// What is done by giving its fields a value.
    #[serde(default)]
    pub writes: BTreeMap<SmolStr, FieldWrite>,
    /// Its named fields that may hold limits, and which: what is put there is not looked into.
    #[serde(default)]
    pub holds: BTreeMap<SmolStr, OneOrMany<Limit>>,
    /// Its values are options, and by these fields they switch something on; by default all is off.
    #[serde(default)]
    pub switches: BTreeMap<SmolStr, SwitchField>,
}

/// What is done by giving a field a value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldWrite {
    /// The value.
    pub is: bool,
    /// What that does.
    pub effect: Effect,
}

/// `#[serde(rename = "x")]` on a field.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FieldWords {
    /// The attribute's name: `serde`.
    pub attribute: SmolStr,
    /// The key of another name.
    pub rename: SmolStr,
    /// The words of fields that are not read by a name of their own.
    pub unnamed: Vec<SmolStr>,
    /// The word of a field whose own fields stand in its place.
    #[serde(default)]
    pub spread: SmolStr,
    /// On a type: the key of how all names are changed, as `camelCase`.
    #[serde(default)]
    pub rename_all: SmolStr,
    /// On a field: it may be left out. On a type: any of its fields may.
    #[serde(default)]
    pub optional: Vec<SmolStr>,
    /// Words that change nothing of names, nor of what may be left out.
    #[serde(default)]
    pub plain: Vec<SmolStr>,
    /// On a type: a field that it does not have is refused.
    #[serde(default)]
    pub closed: SmolStr,
}

impl FieldWords {
    /// Whether a field with a word in its attribute has no name of its own.
    pub fn is_unnamed(&self, word: &str) -> bool {
        word == self.spread || self.unnamed.iter().any(|w| w == word)
    }
}

/// `#[arg(env = "X", default_value = "y")]` on a field: what clap and its kin read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvAttribute {
    /// The attributes' names: `arg`, `clap`.
    pub names: Vec<SmolStr>,
    /// The key with the variable's name; without a value it is the field's in capitals.
    pub env: SmolStr,
    /// The keys with a default.
    pub default: Vec<SmolStr>,
    /// The keys that let the argument be missing, as where another one is given.
    #[serde(default)]
    pub waives: Vec<SmolStr>,
    /// Whether a type with it is a whole command line; otherwise it is a part of one.
    #[serde(default)]
    pub whole: bool,
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
    /// The text or number that it gives, where something outside of the code decides that.
    pub value: Option<String>,
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
    /// The function returns an application that is served at once: rocket's `#[launch]`.
    #[serde(default)]
    pub launches: bool,
    /// The function is a test.
    #[serde(default)]
    pub test: bool,
    /// The `impl` block that carries it serves gRPC when its methods take a gRPC request.
    #[serde(default)]
    pub grpc: bool,
    /// The function runs in a span of its own that notes its arguments: how the span is given to a future, for fixes.
    pub span: Option<SmolStr>,
    /// The key whose value stands before the paths of the routes in the `impl` block that carries it: `prefix_path`.
    pub prefix: Option<SmolStr>,
    /// It describes a route for a document: where another attribute makes one, this makes none.
    #[serde(default)]
    pub describes: bool,
    /// The attribute of a type that lists the functions which it describes, and the word in front of the list:
    /// `#[openapi(paths(a, b))]`.
    pub listed_in: Option<ListedIn>,
}

/// Where functions are listed: `#[openapi(paths(a, b))]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedIn {
    /// `openapi`
    pub attribute: SmolStr,
    /// `paths`
    pub list: SmolStr,
}

/// `x` or `[x, y]`.
#[derive(Clone, Debug, PartialEq)]
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

// By hand, because an untagged enum tells no mistake but that nothing fits.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor(PhantomData))
    }
}

struct OneOrManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one entry or a list of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(OneOrMany::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany::Many)
    }
}
