//! The one door to tree-sitter: where the instructions of a Dockerfile begin and end.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, ParseState, Parser};

use crate::Span;

/// An instruction of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its keyword.
    pub keyword: Span,
    /// All of it, without the line end.
    pub span: Span,
    /// Where what stands on its own lines ends: before the bodies of its heredocs.
    pub head_end: u32,
    /// The bodies of its heredocs, with their end markers.
    pub heredocs: Vec<Span>,
}

/// What a Dockerfile is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instructions {
    /// The instructions in their order.
    pub list: Vec<Instruction>,
    /// What could not be read: there may be more instructions in it.
    pub broken: Vec<Span>,
}

/// Longer texts are not read: no image is described by so much.
const MAX_BYTES: usize = 1 << 20;

/// How many steps the parser may take: a text that is no Dockerfile must not hold up the others.
const MAX_STEPS: usize = 200_000;

/// Splits a Dockerfile into its instructions. Never fails: what is not understood is told as broken.
pub fn instructions(text: &str) -> Instructions {
    let everything = Span::new(0, text.len().min(u32::MAX as usize) as u32);
    let unread = Instructions { list: Vec::new(), broken: vec![everything] };
    let mut parser = Parser::new();
    if text.len() > MAX_BYTES || parser.set_language(&tree_sitter_containerfile::LANGUAGE.into()).is_err() {
        return unread;
    }
    let mut steps = 0;
    let mut bounded = |_: &ParseState| {
        steps += 1;
        if steps > MAX_STEPS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut bounded);
    let bytes = text.as_bytes();
    let mut rest = |at: usize, _| bytes.get(at..).unwrap_or_default();
    let Some(tree) = parser.parse_with_options(&mut rest, None, Some(options)) else { return unread };
    let mut found = Instructions::default();
    collect(tree.root_node(), &mut found);
    found
}

/// Instructions stand at the top, or in what is broken.
fn collect(node: Node<'_>, found: &mut Instructions) {
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        if child.is_error() {
            found.broken.push(span(child));
            collect(child, found);
        } else if child.kind().ends_with("_instruction") {
            found.list.push(instruction(child));
            if child.has_error() {
                found.broken.push(span(child));
            }
        } else if child.is_missing() {
            found.broken.push(span(child));
        }
    }
}

fn instruction(node: Node<'_>) -> Instruction {
    let mut cursor = node.walk();
    let heredocs: Vec<Span> =
        node.children(&mut cursor).filter(|c| c.kind() == "heredoc_block").map(span).collect();
    let whole = span(node);
    let keyword = node.child(0).map_or(Span::at(whole.start), span);
    let head_end = heredocs.first().map_or(whole.end, |h| h.start);
    Instruction { keyword, span: whole, head_end, heredocs }
}

fn span(node: Node<'_>) -> Span {
    Span::new(node.start_byte() as u32, node.end_byte() as u32)
}
