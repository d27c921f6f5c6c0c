//! `$ref`: inside of a document, and from one file to another.

use std::path::Path;

use rustc_hash::FxHashMap;
use svclint_syntax::Span;
use svclint_syntax::yaml::{Node, NodeKind, Yaml};

use super::data::Reference;
use crate::manifests::Block;
use crate::packages::normal_path;
use crate::place::{FileFacts, FileId, Place, SourceFile};

/// How many references are followed one after the other.
const MAX_STEPS: usize = 16;
/// How many references of one document are kept.
const MAX_REFERENCES: usize = 5000;

/// A value and the file it stands in.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) file: FileId,
    pub(super) node: &'a Node,
}

impl<'a> Value<'a> {
    pub(super) fn at(self) -> Place {
        Place { file: self.file, span: self.node.span }
    }

    pub(super) fn get(self, key: &str) -> Option<Value<'a>> {
        Some(Value { file: self.file, node: self.node.get(key)? })
    }

    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.node.get(key)?.text()
    }

    pub(super) fn is_true(self, key: &str) -> bool {
        self.text(key) == Some("true")
    }

    /// Keys and values; keys that are no text are left out.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'a str, Place, Value<'a>)> {
        let Value { file, node } = self;
        node.entries().iter().filter_map(move |(key, value)| {
            Some((key.text()?, Place { file, span: key.span }, Value { file, node: value }))
        })
    }

    pub(super) fn items(self) -> impl Iterator<Item = Value<'a>> {
        self.node.items().iter().map(move |node| Value { file: self.file, node })
    }

    /// Whether there may be more in it than is seen.
    pub(super) fn is_open(self) -> bool {
        match &self.node.kind {
            NodeKind::Map(map) => map.open || map.entries.iter().any(|(key, _)| key.text().is_none()),
            NodeKind::Seq(seq) => seq.open,
            NodeKind::Template(_) => true,
            NodeKind::Null | NodeKind::Scalar { .. } => false,
        }
    }

    /// What a fix needs to add to a mapping.
    pub(super) fn block(self) -> Option<Block> {
        let NodeKind::Map(map) = &self.node.kind else { return None };
        Some(Block { at: self.at(), indent: map.indent, flow: map.flow, open: map.open })
    }
}

/// The files that references may lead to.
pub(super) struct Files<'a> {
    pub(super) all: Vec<(FileId, &'a Path, &'a Yaml)>,
    by_path: FxHashMap<&'a Path, usize>,
}

impl<'a> Files<'a> {
    pub(super) fn of(files: &'a [SourceFile]) -> Self {
        let read = |(number, file): (usize, &'a SourceFile)| match &file.facts {
            FileFacts::Yaml(yaml) => Some((FileId(number as u32), &*file.path, &**yaml)),
            _ => None,
        };
        let all: Vec<_> = files.iter().enumerate().filter_map(read).collect();
        let by_path = all.iter().enumerate().map(|(n, (_, path, _))| (*path, n)).collect();
        Files { all, by_path }
    }

    /// What a value is once its references are followed; `None` for one that leads nowhere or round in a circle.
    pub(super) fn follow(&self, value: Value<'a>) -> Option<Value<'a>> {
        let mut value = value;
        for _ in 0..MAX_STEPS {
            let Some(target) = value.text("$ref") else { return Some(value) };
            value = self.target(value.file, target)?;
        }
        None
    }

    /// All references of a document, through all files that it is written in, and whether these are all: none leads nowhere.
    pub(super) fn references(&self, document: Value<'a>) -> (Vec<Reference>, bool) {
        let (mut found, mut all) = (Vec::new(), true);
        let mut seen = vec![document.file];
        let mut left = vec![document];
        while let Some(value) = left.pop() {
            if let Some(written) = value.node.get("$ref")
                && let Some(text) = written.text()
            {
                let target = self.target(value.file, text).filter(|_| found.len() < MAX_REFERENCES);
                let Some(target) = target else {
                    all = false;
                    continue;
                };
                let begins = Span::at(target.node.span.start);
                found.push(Reference {
                    written: text.to_owned(),
                    at: Place { file: value.file, span: written.span },
                    target: Place { file: target.file, span: begins },
                });
                if !seen.contains(&target.file) {
                    seen.push(target.file);
                    let at = self.all.binary_search_by_key(&target.file, |(id, _, _)| *id).ok();
                    let documents = at.and_then(|n| self.all.get(n)).map(|(_, _, yaml)| &yaml.documents);
                    left.extend(documents.into_iter().flatten().map(|node| Value { node, ..target }));
                }
            }
            left.extend(value.items());
            left.extend(value.entries().map(|(_, _, inner)| inner));
        }
        (found, all)
    }

    /// `#/components/parameters/Id`, `paths/orders.yaml`, `../common.yaml#/Error`.
    fn target(&self, from: FileId, target: &str) -> Option<Value<'a>> {
        let (file, pointer) = target.split_once('#').unwrap_or((target, ""));
        let at = |id: FileId| self.all.binary_search_by_key(&id, |(id, _, _)| *id).ok();
        let (id, path, _) = *self.all.get(at(from)?)?;
        let found = if file.is_empty() {
            at(id)?
        } else {
            *self.by_path.get(normal_path(&path.parent()?.join(file)).as_path())?
        };
        let (file, _, yaml) = *self.all.get(found)?;
        let whole = Value { file, node: yaml.documents.first()? };
        pointer.split('/').filter(|key| !key.is_empty()).try_fold(whole, |value, key| step(value, key))
    }
}

/// One step of a JSON pointer.
fn step<'a>(value: Value<'a>, key: &str) -> Option<Value<'a>> {
    let key = key.replace("%7B", "{").replace("%7D", "}").replace("~1", "/").replace("~0", "~");
    match &value.node.kind {
        NodeKind::Seq(_) => value.items().nth(key.parse().ok()?),
        _ => value.get(&key),
    }
}
