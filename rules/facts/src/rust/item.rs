//! Files, chunks and items. All spans are relative to the chunk that holds the item.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use svclint_syntax::Span;

use super::body::{Body, Path, TypeRef};
use crate::Name;

/// What a Rust file says: its chunks in order of appearance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RustFile {
    /// Whether the file says that a program wrote it (`@generated` near its beginning): read, but never linted.
    pub generated: bool,
    /// The chunks. A container that was split (a large `impl`, `trait` or `mod`) comes before its members.
    pub chunks: Vec<FileChunk>,
}

/// One chunk at its place in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileChunk {
    /// Where the chunk begins in the document; its facts' spans are relative to this.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
    /// Hash of the chunk's text and of how it was parsed.
    pub hash: u64,
    /// Whether it is the head of a block that was cut into chunks.
    pub is_container: bool,
    /// For a member of a split container: index of the container's chunk.
    pub container: Option<u32>,
    /// What the chunk says.
    pub facts: Arc<ChunkFacts>,
    /// The text no longer parses and `facts` are the last good ones: true in an editor while someone types.
    pub stale: bool,
    /// Why the chunk does not parse, if it does not. The span is relative to the chunk.
    pub error: Option<SyntaxError>,
}

/// What one chunk says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChunkFacts {
    /// The items, or for a member chunk the members.
    pub items: Vec<Arc<Item>>,
    /// Inner attributes of the file (`#![..]`), in its first chunk.
    pub inner_attrs: Vec<Attr>,
    /// Every comment outside of strings, doc comments included.
    pub comments: Vec<Comment>,
    /// The words anywhere in it, macros included, that may name what generators write for servers: `StockServer`, and in
    /// paths `stock_server`.
    pub server_words: Vec<SmolStr>,
    /// A hash of all that other code can see: the text without bodies, comments, white space and test code. While it stays
    /// the same, items and members are the same in the same order, and only what bodies say may differ.
    pub signature: u64,
}

/// A comment and, when it speaks to svclint, what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The whole comment with its marks.
    pub span: Span,
    /// The text after `svclint:`, trimmed, if the comment begins with that word.
    pub directive: Option<String>,
}

/// A chunk that the parser refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// The parser's words.
    pub message: String,
}

/// An attribute, `#[path(..)]` or `#[path = ..]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attr {
    /// `derive`, `tokio::main`, `actix_web::get`.
    pub path: Path,
    /// What stands inside, as far as it could be read: literals, `key = literal` pairs and nested paths, in order.
    pub args: Vec<AttrArg>,
    /// From `#` to `]`.
    pub span: Span,
}

/// One argument of an attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AttrArg {
    /// A bare literal: the path in `#[get("/x")]`.
    Lit(Lit, Span),
    /// `name = literal`; for `#[path = "x.rs"]` the name is empty.
    Pair(Name, Lit, Span),
    /// A bare path, or a path with arguments of its own: `cfg(test)` holds `Nested(test, [])`, `all(test, unix)`
    /// holds `Nested(all, [..])`; `name = value()` holds `Nested(name, [Other])`.
    Nested(Path, Vec<AttrArg>),
    /// Anything else.
    Other(Span),
}

/// A literal value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Lit {
    /// A string, unescaped.
    Str(String),
    /// A byte string, a C string: only that it is one.
    Bytes,
    /// An integer with its suffix gone; `None` when it does not fit.
    Int(Option<u64>),
    /// A float as written, suffix gone.
    Float(String),
    /// A character.
    Char(char),
    /// A boolean.
    Bool(bool),
}

/// An item, a member of an `impl` or `trait`, or an item inside a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its name; empty for `impl`, `use`, `extern` blocks and macro calls without one.
    pub name: Name,
    /// The name, or the keyword where there is none.
    pub name_span: Span,
    /// The whole item with its attributes.
    pub span: Span,
    /// Whether `pub` (in any form) is written.
    pub public: bool,
    /// Outer attributes.
    pub attrs: Vec<Attr>,
    /// What it is.
    pub kind: ItemKind,
}

impl Item {
    /// Whether it is compiled for tests or for trying things out only: no release has it.
    pub fn is_test(&self) -> bool {
        self.attrs.iter().any(|a| match a.path.last() {
            "test" => true,
            "cfg" => a.args.iter().any(AttrArg::is_no_release),
            _ => false,
        })
    }
}

/// Whether a feature is called for what tests need: `test-harness`, `mock`.
fn is_for_tests(feature: &str) -> bool {
    feature.split(['-', '_']).any(|word| matches!(word, "test" | "tests" | "testing" | "mock" | "mocks"))
}

impl AttrArg {
    /// `test`, `debug_assertions`, `feature = "test-utils"`, `all(test, ..)`, and `any(test, ..)`, by which libraries lend their helpers for tests; not
    /// `not(test)`.
    fn is_no_release(&self) -> bool {
        match self {
            AttrArg::Nested(path, args) if args.is_empty() => {
                matches!(path.last(), "test" | "debug_assertions")
            }
            AttrArg::Pair(key, Lit::Str(feature), _) => key == "feature" && is_for_tests(feature),
            AttrArg::Nested(path, args) => {
                matches!(path.last(), "all" | "any") && args.iter().any(AttrArg::is_no_release)
            }
            _ => false,
        }
    }
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ItemKind {
    /// A function, method or associated function.
    Fn(Box<Function>),
    /// A struct or union.
    Struct(Generics, Fields),
    /// An enum.
    Enum(Generics, Vec<Variant>),
    /// `impl [Trait for] Type`.
    Impl(Box<Impl>),
    /// A trait.
    Trait(Box<Trait>),
    /// `mod x;` (`items` is `None`) or `mod x { .. }`. A split one has its items in the following chunks.
    Mod {
        /// The items between the braces.
        items: Option<Vec<Arc<Item>>>,
    },
    /// The leaves of a `use` tree.
    Use(Vec<UseLeaf>),
    /// `const` and `static`, also associated ones.
    Const {
        /// `static`.
        is_static: bool,
        /// The declared type.
        ty: TypeRef,
        /// The value.
        value: Option<Arc<Body>>,
    },
    /// `type X = ..;` also associated ones; no type for a declaration in a trait.
    TypeAlias(Generics, Option<TypeRef>),
    /// A macro call in item position, with its arguments as far as they could be read (`lazy_static!`).
    Macro {
        /// The macro's path.
        path: Path,
        /// `static ref NAME: Type = value;` entries and the like are kept as items.
        items: Vec<Arc<Item>>,
        /// The strings among its tokens: `include_proto!("orders.v1")`.
        strings: Vec<(String, Span)>,
    },
    /// A `macro_rules!` with one rule whose parts are expressions: like a function that is written where it is called. Its
    /// parameters have no types.
    MacroRules(Box<Function>),
    /// Other `macro_rules!`, `extern` blocks, and what later versions of the language bring.
    Other,
}

/// A function's signature and body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// `async fn`.
    pub is_async: bool,
    /// Type parameters with bounds, `where` clauses included.
    pub generics: Generics,
    /// `self`, `&self`, `&mut self`, `self: Arc<Self>`: its type is `Self` unless written.
    pub receiver: Option<TypeRef>,
    /// The parameters without the receiver. `Body::params` has their patterns.
    pub params: Vec<Param>,
    /// From `(` to `)` of the parameter list.
    pub params_span: Span,
    /// The written return type.
    pub ret: Option<TypeRef>,
    /// The block with its braces, absent in trait declarations.
    pub body: Option<Arc<Body>>,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// The type as written.
    pub ty: TypeRef,
    /// For a plain name, the name; for `State(state)` and the like, nothing.
    pub name: Option<Name>,
}

/// Type parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Generics {
    /// In order; lifetimes and const parameters left out.
    pub params: Vec<GenericParam>,
    /// `where` bounds on anything but a plain type parameter.
    pub predicates: Vec<(TypeRef, Vec<Path>)>,
}

/// `T: A + B`, bounds of `where` clauses merged in. Lifetimes and `?Sized` left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenericParam {
    /// `T`
    pub name: Name,
    /// The traits.
    pub bounds: Vec<Path>,
}

/// The fields of a struct or variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fields {
    /// `{ a: A }`
    Named(Vec<Field>),
    /// `(A, B)`: the names are "0", "1", …
    Tuple(Vec<Field>),
    /// Nothing.
    Unit,
}

impl Fields {
    /// The fields, whatever they are written in.
    pub fn list(&self) -> &[Field] {
        match self {
            Fields::Named(list) | Fields::Tuple(list) => list,
            Fields::Unit => &[],
        }
    }
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name or number.
    pub name: Name,
    /// Its type.
    pub ty: TypeRef,
    /// Its attributes.
    pub attrs: Vec<Attr>,
    /// The whole field.
    pub span: Span,
}

/// One variant of an enum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: Name,
    /// Its fields.
    pub fields: Fields,
    /// The whole variant.
    pub span: Span,
    /// Its attributes.
    pub attrs: Vec<Attr>,
}

/// An `impl` block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Impl {
    /// Its type parameters.
    pub generics: Generics,
    /// The implemented trait.
    pub trait_: Option<Path>,
    /// The type it is for.
    pub self_ty: TypeRef,
    /// The members; empty when the block was split (see [`FileChunk::container`]).
    pub members: Vec<Arc<Item>>,
}

/// A trait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trait {
    /// Its type parameters.
    pub generics: Generics,
    /// Supertraits.
    pub bounds: Vec<Path>,
    /// The members; empty when the trait was split.
    pub members: Vec<Arc<Item>>,
}

/// One name that a `use` brings in: `use a::{b as c, d::*}` has two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseLeaf {
    /// The full path: `a::b`; for a glob, the path before `::*`. `self` leaves end in the parent's name.
    pub path: Vec<Name>,
    /// Written with a leading `::`.
    pub global: bool,
    /// `as c`; `_` is kept as "_".
    pub rename: Option<Name>,
    /// `::*`
    pub glob: bool,
    /// The leaf's last word (or `*`).
    pub span: Span,
}
