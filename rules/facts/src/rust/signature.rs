//! What of a chunk other code can see.

use svclint_syntax::Span;
use xxhash_rust::xxh3::Xxh3;

use super::body::{Body, ExprId, ExprKind, Stmt};
use super::item::{ChunkFacts, Item, ItemKind};

/// See [`ChunkFacts::signature`].
pub(super) fn signature(text: &str, facts: &ChunkFacts) -> u64 {
    let mut bodies = Vec::new();
    let mut hasher = Xxh3::new();
    facts.items.iter().for_each(|item| hide(item, &mut bodies, &mut hasher));
    let mut hidden: Vec<(Span, bool)> = bodies.into_iter().map(|span| (span, true)).collect();
    hidden.extend(facts.comments.iter().map(|c| (c.span, false)));
    hidden.sort_unstable_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let mut at = 0;
    for (span, is_body) in hidden {
        if span.start >= at {
            add(&mut hasher, text, at, span.start);
            // That a body is there counts: `fn f();` declares, `fn f() {}` defines.
            if is_body {
                hasher.update(&[0]);
            }
        }
        at = at.max(span.end);
    }
    add(&mut hasher, text, at, text.len() as u32);
    hasher.digest()
}

/// The visible text between two places, without white space.
fn add(hasher: &mut Xxh3, text: &str, from: u32, to: u32) {
    let part = text.get(from as usize..to as usize).unwrap_or_default();
    part.split_ascii_whitespace().for_each(|word| {
        hasher.update(word.as_bytes());
        hasher.update(&[1]);
    });
}

/// The parts of an item that no other code sees.
fn hide(item: &Item, hidden: &mut Vec<Span>, hasher: &mut Xxh3) {
    if item.is_test() {
        return hidden.push(item.span);
    }
    match &item.kind {
        ItemKind::Fn(function) => function.body.iter().for_each(|b| hide_body(b, hidden, hasher)),
        ItemKind::Const { value, .. } => value.iter().for_each(|b| hide_body(b, hidden, hasher)),
        ItemKind::Impl(def) => def.members.iter().for_each(|m| hide(m, hidden, hasher)),
        ItemKind::Trait(def) => def.members.iter().for_each(|m| hide(m, hidden, hasher)),
        ItemKind::Mod { items: Some(items) } => items.iter().for_each(|i| hide(i, hidden, hasher)),
        // What a macro writes may depend on every token.
        _ => {}
    }
}

/// A body, without the items in it: these have names of their own. Which blocks hold how many counts.
fn hide_body(body: &Body, hidden: &mut Vec<Span>, hasher: &mut Xxh3) {
    let Some(root) = body.root else { return };
    let whole = body.expr(root).span;
    let mut visible = Vec::new();
    for (_, items) in body.blocks_with_items() {
        hasher.update(&(items.len() as u32).to_le_bytes());
        for item in items {
            visible.push(item.span);
            hide(item, hidden, hasher);
        }
    }
    visible.sort_unstable_by_key(|span| span.start);
    let mut at = whole.start;
    for span in visible {
        if span.start > at {
            hidden.push(Span::new(at, span.start));
        }
        at = at.max(span.end);
    }
    hidden.push(Span::new(at.min(whole.end), whole.end));
}

impl Body {
    /// The blocks that hold items, with these.
    pub fn blocks_with_items(&self) -> impl Iterator<Item = (ExprId, Vec<&std::sync::Arc<Item>>)> {
        self.iter().filter_map(|(id, expr)| {
            let ExprKind::Block { stmts, .. } = &expr.kind else { return None };
            let items: Vec<_> = stmts
                .iter()
                .filter_map(|s| if let Stmt::Item(item) = s { Some(item) } else { None })
                .collect();
            (!items.is_empty()).then_some((id, items))
        })
    }
}
