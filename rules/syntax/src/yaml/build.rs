//! From the parser's events to trees.

use granit_parser::{Event, Options, Parser, ScalarStyle, Span as ParserSpan, StructureStyle, Tag};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::template::{Action, ActionKind, column};
use super::{DoubledKey, Map, Node, NodeKind, Seq};
use crate::Span;

/// How many values a file may have, aliases counted as often as they are used.
const MAX_NODES: usize = 400_000;
/// How deep values may nest.
const MAX_DEPTH: usize = 200;
/// How long a text of templates for one key is followed.
const MAX_INSERTED: usize = 16 << 10;

/// What was read, and where it ended early.
pub(super) struct Read {
    pub(super) documents: Vec<Node>,
    pub(super) error: Option<(usize, String)>,
    pub(super) doubled: Vec<DoubledKey>,
}

/// Reads the masked text; `original` tells what the templates were.
pub(super) fn documents(masked: &str, original: &str, actions: &[Action]) -> Read {
    let mut options = Options::default();
    options.emit_comments = false;
    options.emit_unresolved_aliases = true;
    let mut parser = Parser::new_from_str_with_options(masked, options);
    let mut builder = Builder { original, actions, ..Builder::default() };
    let mut error = None;
    while let Some(next) = parser.next_event() {
        match next {
            Ok((event, span)) => {
                if let Err(message) = builder.event(event, range(span)) {
                    error = Some((range(span).start as usize, message));
                    break;
                }
            }
            Err(e) => {
                // What is not closed is at fault, not what came after it.
                let unclosed = builder.open.iter().find(|open| open.is_flow());
                let at = e.marker().byte_offset().unwrap_or(0);
                let at = unclosed.map_or(at, |open| open.node.span.start as usize);
                error = Some((at, reason(&e)));
                break;
            }
        }
    }
    builder.finish();
    let insertions =
        actions.iter().filter(|a| a.whole_line && matches!(a.kind, ActionKind::Output | ActionKind::Range));
    for insertion in insertions {
        let fits = |doc: &&mut Node| doc.span.start <= insertion.span.start;
        if let Some(document) = builder.documents.iter_mut().rev().find(fits) {
            insert(document, insertion, column(original, insertion), original);
        }
    }
    Read { documents: builder.documents, error, doubled: builder.doubled }
}

/// What the parser says, without its own words for the place.
fn reason(error: &granit_parser::ScanError) -> String {
    let said = error.to_string();
    let text =
        said.split(" at char").next().unwrap_or(&said).split(" at byte").next().unwrap_or(&said).trim();
    if text.is_empty() { "this is no YAML".to_owned() } else { text.to_owned() }
}

fn range(span: ParserSpan) -> Span {
    let bytes = span.byte_range().unwrap_or(0..0);
    Span::new(bytes.start as u32, bytes.end as u32)
}

/// A tag that is none of YAML's own.
fn own_tag(tag: Option<&Tag>) -> Option<Box<str>> {
    tag.filter(|tag| tag.handle() == "!").map(|tag| tag.suffix().into())
}

/// What is begun and not ended yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<Node>,
}

impl Open {
    fn is_flow(&self) -> bool {
        matches!(
            &self.node.kind,
            NodeKind::Map(Map { flow: true, .. }) | NodeKind::Seq(Seq { flow: true, .. })
        )
    }
}

#[derive(Default)]
struct Builder<'t> {
    original: &'t str,
    actions: &'t [Action],
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: FxHashMap<usize, Node>,
    nodes: usize,
    doubled: Vec<DoubledKey>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = Node { tag: own_tag(tag.as_deref()), ..self.scalar(&text, style, span) };
                self.add(node, anchor)?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                let seq = Seq { flow: style == StructureStyle::Flow, ..Seq::default() };
                self.begin(Node { span, kind: NodeKind::Seq(seq), tag: own_tag(tag.as_deref()) }, anchor)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                let map = Map { flow: style == StructureStyle::Flow, ..Map::default() };
                self.begin(Node { span, kind: NodeKind::Map(map), tag: own_tag(tag.as_deref()) }, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
            Event::Alias(id) => {
                // Counted before it is copied: aliases of aliases grow without end.
                self.nodes += self.anchors.get(&id).map_or(0, size);
                let node = self.anchors.get(&id).filter(|_| self.nodes <= MAX_NODES).cloned();
                self.add(node.unwrap_or_else(|| template(span, "")), 0)?;
            }
            Event::UnresolvedAlias(_) => self.add(template(span, ""), 0)?,
            Event::DocumentEnd => self.finish(),
            _ => {}
        }
        Ok(())
    }

    fn scalar(&self, text: &str, style: ScalarStyle, span: Span) -> Node {
        let quoted = style != ScalarStyle::Plain;
        // A block may hold templates as text: nothing in it is looked at.
        let line =
            matches!(style, ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let span = if line { span } else { without_rest(span, self.original) };
        let touches = |a: &&Action| a.span.start < span.end && span.start < a.span.end;
        let first = self.actions.partition_point(|a| a.span.end <= span.start);
        if self.actions.get(first).filter(touches).is_some() {
            let source = if line { self.source(span) } else { String::new() };
            let source = if quoted { source.trim_matches(['"', '\'']) } else { &source };
            return template(span, source);
        }
        let is_null = !quoted && matches!(text, "" | "~" | "null" | "Null" | "NULL");
        let kind =
            if is_null { NodeKind::Null } else { NodeKind::Scalar { text: SmolStr::new(text), quoted } };
        let span = if span.is_empty() || is_null && text == "~" && span.text(self.original) != "~" {
            Span::at(span.start)
        } else {
            span
        };
        Node { span, kind, tag: None }
    }

    /// A text with what its actions mean where they stand; empty where that is not known.
    fn source(&self, span: Span) -> String {
        let (mut out, mut from) = (String::new(), span.start);
        let first = self.actions.partition_point(|a| a.span.end <= span.start);
        for action in self.actions.iter().skip(first).take_while(|a| a.span.start < span.end) {
            if action.inside.is_empty() {
                return String::new();
            }
            out.push_str(Span::new(from, action.span.start.max(from)).text(self.original));
            out.push_str(&written(action));
            from = action.span.end;
        }
        out.push_str(Span::new(from.min(span.end), span.end).text(self.original));
        out
    }

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("values nest more than {MAX_DEPTH} deep"));
        }
        self.open.push(Open { node, anchor, key: None });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), String> {
        let Some(mut closed) = self.open.pop() else { return Ok(()) };
        closed.node.span = extent(&closed.node, span);
        if let NodeKind::Map(map) = &mut closed.node.kind {
            map.indent = column_of(self.original, closed.node.span.start);
            let templated = !self.actions.is_empty();
            if !templated {
                self.doubled.extend(keep_last(map));
            }
            settle(map, templated);
        }
        self.add(closed.node, closed.anchor)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!("more than {MAX_NODES} values, aliases counted as often as they are used"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.put(node);
        Ok(())
    }

    fn put(&mut self, node: Node) {
        let Some(parent) = self.open.last_mut() else {
            if !matches!(node.kind, NodeKind::Null) {
                self.documents.push(node);
            }
            return;
        };
        match &mut parent.node.kind {
            NodeKind::Map(map) => match parent.key.take() {
                Some(key) => map.entries.push((key, node)),
                None => parent.key = Some(node),
            },
            NodeKind::Seq(seq) => seq.items.push(node),
            _ => {}
        }
    }

    /// Ends what an error or the file's end left open.
    fn finish(&mut self) {
        while let Some(mut closed) = self.open.pop() {
            if let Some(key) = closed.key.take()
                && let NodeKind::Map(map) = &mut closed.node.kind
            {
                let value = template(Span::at(key.span.end), "");
                map.entries.push((key, value));
                map.open = true;
            }
            let end = Span::at(closed.node.span.start);
            closed.node.span = extent(&closed.node, end);
            self.put(closed.node);
        }
    }
}

/// A block without the blanks after its last line: the parser takes it to end where the next key begins.
fn without_rest(span: Span, text: &str) -> Span {
    Span::new(span.start, span.start + span.text(text).trim_end().len() as u32)
}

fn template(span: Span, source: &str) -> Node {
    Node { span, kind: NodeKind::Template(SmolStr::new(source)), tag: None }
}

/// An action with what it means where it stands.
fn written(action: &Action) -> String {
    let inside = if action.inside.is_empty() { "?" } else { &action.inside };
    format!("{{{{ {inside} }}}}")
}

/// From the first to the last thing inside; the parser's own end lies before the next token, comments included.
fn extent(node: &Node, end: Span) -> Span {
    let (flow, last) = match &node.kind {
        NodeKind::Map(map) => {
            (map.flow, map.entries.last().map(|(key, value)| key.span.end.max(value.span.end)))
        }
        NodeKind::Seq(seq) => (seq.flow, seq.items.last().map(|item| item.span.end)),
        _ => (true, None),
    };
    let start = match &node.kind {
        NodeKind::Map(map) if !flow => map.entries.first().map_or(node.span.start, |(key, _)| key.span.start),
        _ => node.span.start,
    };
    let end = if flow { end.end } else { last.unwrap_or(node.span.start) };
    Span::new(start.min(end), end)
}

/// How many values a value is made of.
fn size(node: &Node) -> usize {
    match &node.kind {
        NodeKind::Map(map) => 1 + map.entries.iter().map(|(_, value)| 1 + size(value)).sum::<usize>(),
        NodeKind::Seq(seq) => 1 + seq.items.iter().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// Leaves the last one of each key, as Kubernetes does, and tells what is lost.
fn keep_last(map: &mut Map) -> Vec<DoubledKey> {
    let mut last: FxHashMap<&SmolStr, usize> = FxHashMap::default();
    let mut pairs = Vec::new();
    for (number, (key, _)) in map.entries.iter().enumerate() {
        let NodeKind::Scalar { text, quoted } = &key.kind else { continue };
        if (*quoted || text != "<<")
            && let Some(earlier) = last.insert(text, number)
        {
            pairs.push((text.clone(), earlier, number));
        }
    }
    let tell = |(key, earlier, later): &(SmolStr, usize, usize)| {
        let ((lost, lost_value), (kept, kept_value)) = (map.entries.get(*earlier)?, map.entries.get(*later)?);
        Some(DoubledKey {
            key: key.clone(),
            lost: lost.span,
            lost_entry: Span::new(lost.span.start, lost_value.span.end.max(lost.span.end)),
            kept: kept.span,
            same: lost_value.text().is_some() && lost_value.text() == kept_value.text(),
        })
    };
    let doubled = pairs.iter().filter_map(tell).collect();
    let lost: FxHashSet<usize> = pairs.iter().map(|(_, earlier, _)| *earlier).collect();
    let mut numbers = 0..;
    map.entries.retain(|_| numbers.next().is_none_or(|number| !lost.contains(&number)));
    doubled
}

/// Takes in what `<<` merges, and makes of keys that two branches of a template give one that is not known.
fn settle(map: &mut Map, templated: bool) {
    let is_merge =
        |node: &Node| matches!(&node.kind, NodeKind::Scalar { text, quoted: false } if text == "<<");
    let (merges, own): (Vec<_>, Vec<_>) =
        std::mem::take(&mut map.entries).into_iter().partition(|(key, _)| is_merge(key));
    map.entries = if templated { together(own) } else { own };
    let number = map.entries.len();
    let mut keys: FxHashSet<Option<SmolStr>> = FxHashSet::default();
    if !merges.is_empty() {
        keys.extend(map.entries.iter().map(|(key, _)| key.text().map(SmolStr::new)));
    }
    for (_, value) in merges {
        let sources = match value.kind {
            NodeKind::Seq(seq) => seq.items,
            kind => vec![Node { span: value.span, kind, tag: None }],
        };
        for source in sources {
            match source.kind {
                NodeKind::Map(source) => {
                    map.open |= source.open;
                    for (key, value) in source.entries {
                        if keys.insert(key.text().map(SmolStr::new)) {
                            map.entries.push((key, value));
                        }
                    }
                }
                _ => map.open = true,
            }
        }
    }
    map.merged = map.entries.len() - number;
}

/// One entry for each key: what two branches of a template give it is not known where they differ.
fn together(all: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
    let mut entries: Vec<(Node, Node)> = Vec::with_capacity(all.len());
    let mut places: FxHashMap<SmolStr, usize> = FxHashMap::default();
    for (key, value) in all {
        let place =
            key.text().and_then(|text| places.insert(text.into(), entries.len()).map(|at| (text, at)));
        let Some((text, at)) = place else {
            entries.push((key, value));
            continue;
        };
        places.insert(text.into(), at);
        if let Some((_, first)) = entries.get_mut(at)
            && (first.text().is_none() || first.text() != value.text())
        {
            *first = template(first.span, "");
        }
    }
    entries
}

/// Notes in the tree that a template inserts something at a column.
fn insert(node: &mut Node, insertion: &Action, at_column: u32, text: &str) {
    let own = column_of(text, node.span.start);
    let before = |span: Span| span.start < insertion.span.start;
    match &mut node.kind {
        NodeKind::Map(map) => {
            // What `<<` took in stands elsewhere.
            let own_entries = map.entries.len() - map.merged;
            let at = map
                .entries
                .get(..own_entries)
                .unwrap_or_default()
                .partition_point(|(key, _)| before(key.span));
            match at.checked_sub(1).and_then(|at| map.entries.get_mut(at)) {
                Some((key, value)) if at_column > own => match &mut value.kind {
                    NodeKind::Null => *value = template(Span::at(key.span.end), &written(insertion)),
                    NodeKind::Map(_) | NodeKind::Seq(_) => insert(value, insertion, at_column, text),
                    // One more beside the first.
                    NodeKind::Template(source) if value.span.is_empty() && !source.is_empty() => {
                        let fits = source.len() <= MAX_INSERTED;
                        let both =
                            if fits { format!("{source}\n{}", written(insertion)) } else { String::new() };
                        *source = SmolStr::new(both);
                    }
                    _ => map.open = true,
                },
                // `list:` and its items at one column.
                Some((_, value)) if at_column == own && matches!(value.kind, NodeKind::Seq(_)) => {
                    insert(value, insertion, at_column, text);
                    map.open = true;
                }
                Some((key, value)) if matches!(value.kind, NodeKind::Null) => {
                    *value = template(Span::at(key.span.end), &written(insertion));
                    map.open = true;
                }
                _ => map.open = true,
            }
        }
        NodeKind::Seq(seq) => {
            seq.open = true;
            let at = seq.items.partition_point(|item| before(item.span));
            if let Some(item) = at.checked_sub(1).and_then(|at| seq.items.get_mut(at))
                && at_column >= column_of(text, item.span.start)
            {
                insert(item, insertion, at_column, text);
            }
        }
        _ => {}
    }
}

fn column_of(text: &str, at: u32) -> u32 {
    let before = text.get(..at as usize).unwrap_or("");
    (before.len() - before.rfind('\n').map_or(0, |n| n + 1)) as u32
}
