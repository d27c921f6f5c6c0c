//! What JSON values are made of, as documents describe them and as code reads and writes them.

use serde::Serialize;

use crate::manifests::{Block, Spot};
use crate::place::{Place, Tri};

/// What a JSON value is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// The type's name, or the schema's.
    pub name: String,
    /// Where it is declared.
    pub at: Place,
    /// What it is.
    pub kind: ShapeKind,
}

/// Kinds of values that are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ShapeKind {
    /// A mapping.
    Object {
        /// All that it may have.
        members: Vec<Member>,
        /// Whether one with other members is refused.
        closed: bool,
        /// For fixes of documents: where the members that it must have are listed.
        required: Option<Listed>,
        /// For fixes of documents: the mapping that describes it.
        block: Option<Block>,
    },
    /// One of some words.
    Words(Vec<Spot<String>>),
    /// Many of one kind.
    List(Box<Shape>),
}

/// One member of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its name in JSON.
    pub name: String,
    /// Where it is declared.
    pub at: Place,
    /// Whether it is always there.
    pub needed: Tri<()>,
    /// What it is made of, where that is known.
    pub shape: Option<Shape>,
}

/// A list in a document, to which a word may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its last item.
    pub last: Place,
    /// Whether it is written as `[a, b]`.
    pub flow: bool,
}

/// What an operation of a document and the handler that serves it say of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Payload {
    /// The operation: index into the document's.
    pub operation: usize,
    /// What the code takes.
    pub takes: Option<Shape>,
    /// What the code gives.
    pub gives: Option<Shape>,
}
