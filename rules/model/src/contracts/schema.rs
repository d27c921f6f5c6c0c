//! Schemas of OpenAPI documents, as far as they say for certain what a value is made of.

use svclint_syntax::yaml::NodeKind;

use super::refs::{Files, Value};
use super::shape::{Listed, Member, Shape, ShapeKind};
use crate::manifests::Spot;
use crate::place::{Place, Tri};

/// How deep members of members are read: schemas refer to themselves.
const DEPTH: u32 = 4;
/// How many members one body may have, those of members included.
const MOST: u32 = 500;

/// Words that say more of a value than is followed.
const OPEN_WORDS: [&str; 10] = [
    "oneOf",
    "anyOf",
    "not",
    "if",
    "discriminator",
    "patternProperties",
    "dependentSchemas",
    "dependentRequired",
    "$dynamicRef",
    "x-nullable",
];

/// The schema of the JSON among the kinds of content that a body or an answer may have.
pub(super) fn of_content<'a>(files: &Files<'a>, holder: Value<'a>) -> Option<Shape> {
    let content = holder.get("content")?;
    let mut json = content.entries().filter(|(kind, ..)| is_json(kind));
    let (_, _, media) = json.next().filter(|_| json.next().is_none())?;
    of(files, media.get("schema")?)
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or(kind).trim();
    kind == "application/json" || kind.ends_with("+json")
}

/// What a schema says; `None` where it may say more than is read.
pub(super) fn of<'a>(files: &Files<'a>, schema: Value<'a>) -> Option<Shape> {
    let mut left = MOST;
    Reader { files, left: &mut left }.shape(schema, DEPTH)
}

struct Reader<'r, 'a> {
    files: &'r Files<'a>,
    left: &'r mut u32,
}

impl<'a> Reader<'_, 'a> {
    fn shape(&mut self, schema: Value<'a>, depth: u32) -> Option<Shape> {
        let depth = depth.checked_sub(1)?;
        let name = schema.text("$ref").and_then(|target| target.rsplit('/').next()).unwrap_or("").to_owned();
        let schema = self.files.follow(schema)?;
        let is_clear = !schema.is_open() && !OPEN_WORDS.iter().any(|word| schema.get(word).is_some());
        if !is_clear {
            return None;
        }
        let kind = if schema.get("enum").is_some() {
            words(schema)?
        } else if let Some(parts) = schema.get("allOf") {
            self.all_of(schema, parts, depth)?
        } else {
            match schema.text("type") {
                Some("array") => ShapeKind::List(Box::new(self.shape(schema.get("items")?, depth)?)),
                Some("object") | None => self.object(schema, depth)?,
                Some(_) => return None,
            }
        };
        Some(Shape { name, at: schema.at(), kind })
    }

    fn object(&mut self, schema: Value<'a>, depth: u32) -> Option<ShapeKind> {
        let (properties, list) = (schema.get("properties"), schema.get("required"));
        // Without either it may have any members; with a template more of them.
        if properties.or(list).is_none() || [properties, list].into_iter().flatten().any(Value::is_open) {
            return None;
        }
        let required: Vec<&str> =
            list.into_iter().flat_map(Value::items).filter_map(|item| item.node.text()).collect();
        let mut members = Vec::new();
        for (name, at, value) in properties.into_iter().flat_map(Value::entries) {
            *self.left = self.left.checked_sub(1)?;
            let one_way = value.is_true("readOnly") || value.is_true("writeOnly");
            members.push(Member {
                name: name.to_owned(),
                at,
                needed: match required.contains(&name) {
                    true if one_way => Tri::Unknown,
                    true => Tri::Present(()),
                    false => Tri::Absent,
                },
                shape: self.shape(value, depth),
            });
        }
        // One that is required and not described is a member all the same.
        let described = |name: &&&str| !members.iter().any(|m| m.name == **name);
        let bare: Vec<&str> = required.iter().filter(described).copied().collect();
        let at = list.map_or(schema.at(), Value::at);
        members.extend(bare.into_iter().map(|name| Member {
            name: name.to_owned(),
            at,
            needed: Tri::Present(()),
            shape: None,
        }));
        let closed = schema.text("additionalProperties") == Some("false");
        let required = list.and_then(listed);
        Some(ShapeKind::Object { members, closed, required, block: schema.block() })
    }

    /// All parts together; one that is no plain object may say anything.
    fn all_of(&mut self, schema: Value<'a>, parts: Value<'a>, depth: u32) -> Option<ShapeKind> {
        let own = schema.get("properties").map(|_| self.object(schema, depth));
        let parts: Vec<Value<'a>> = parts.items().collect();
        let mut all: Vec<Member> = Vec::new();
        for kind in parts.into_iter().map(|part| Some(self.shape(part, depth)?.kind)).chain(own) {
            let ShapeKind::Object { members, .. } = kind? else { return None };
            for member in members {
                match all.iter_mut().find(|known| known.name == member.name) {
                    Some(known) if known.needed.is_absent() => known.needed = member.needed,
                    Some(_) => {}
                    None => all.push(member),
                }
            }
        }
        Some(ShapeKind::Object { members: all, closed: false, required: None, block: None })
    }
}

/// `enum: [open, paid]`; other values than words are not compared.
fn words(schema: Value<'_>) -> Option<ShapeKind> {
    let list = schema.get("enum").filter(|list| !list.is_open())?;
    if schema.text("type").is_some_and(|kind| kind != "string") {
        return None;
    }
    let word = |item: Value<'_>| {
        Some(Spot { value: item.node.text()?.to_owned(), at: item.at() }).filter(|w| w.value != "null")
    };
    list.items().map(word).collect::<Option<Vec<_>>>().map(ShapeKind::Words)
}

fn listed(list: Value<'_>) -> Option<Listed> {
    let NodeKind::Seq(seq) = &list.node.kind else { return None };
    let last: Place = list.items().last()?.at();
    Some(Listed { last, flow: seq.flow })
}
