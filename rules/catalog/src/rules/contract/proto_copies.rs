//! Copies of one protobuf message that differ on the wire.

use std::collections::BTreeMap;
use std::path::Path;

use crate::rules::contained::is_aside;
use svclint_model::{FileId, Model, Place, ProtoField, ProtoFile, ProtoMessage};

/// A field that means something else in another copy of its message.
pub(super) struct Conflict {
    /// The field.
    pub(super) at: Place,
    /// The field in the other copy.
    pub(super) other: Place,
    /// What is wrong.
    pub(super) message: String,
    /// The message's full name with the field's.
    pub(super) subject: String,
}

/// One conflict for each message whose copies differ.
pub(super) fn conflicts(model: &Model) -> Vec<Conflict> {
    let mut copies: BTreeMap<String, Vec<(FileId, &ProtoMessage)>> = BTreeMap::new();
    for (file, proto) in model.protos.iter().filter(|(file, proto)| takes_part(model, *file, proto)) {
        for message in &proto.messages {
            copies.entry(format!("{}.{}", proto.package, message.name)).or_default().push((*file, message));
        }
    }
    copies.iter().filter_map(|(name, copies)| conflict(model, name, copies)).collect()
}

/// Folders of files that others wrote: what they do with them is not for this workspace to mend.
const FOREIGN: &[&str] = &["vendor", "third_party", "third-party", "thirdparty"];

fn takes_part(model: &Model, file: FileId, proto: &ProtoFile) -> bool {
    let path = model.files.get(file.0 as usize).map_or(Path::new(""), |p| p);
    let foreign = path.iter().filter_map(|part| part.to_str()).any(|part| FOREIGN.contains(&part));
    !foreign && !is_aside(model, path) && !proto.broken && !proto.package.is_empty()
}

fn conflict(model: &Model, name: &str, copies: &[(FileId, &ProtoMessage)]) -> Option<Conflict> {
    let ((first_file, first), rest) = copies.split_first()?;
    rest.iter().filter(|(file, _)| file != first_file).find_map(|(file, message)| {
        let (ours, theirs, how) = message.fields.iter().find_map(|field| {
            let (other, how) = first.fields.iter().find_map(|other| Some((other, differ(field, other)?)))?;
            Some((field, other, how))
        })?;
        let path = model.files.get(first_file.0 as usize)?;
        Some(Conflict {
            at: Place { file: *file, span: ours.span },
            other: Place { file: *first_file, span: theirs.span },
            message: format!(
                "{how} of `{name}` than in `{}`: programs built from the two read each other's messages wrongly",
                path.file_name().and_then(|n| n.to_str()).unwrap_or("the other copy")
            ),
            subject: format!("{name}.{}", ours.name),
        })
    })
}

/// How two fields contradict each other, if they do.
fn differ(field: &ProtoField, other: &ProtoField) -> Option<String> {
    if field.number == other.number && !are_alike(&field.ty, &other.ty) {
        return Some(format!("field {} is `{}` and not `{}` in this copy", field.number, field.ty, other.ty));
    }
    let moved = field.name == other.name && field.number != other.number;
    moved.then(|| {
        format!("`{}` has number {} and not {} in this copy", field.name, field.number, other.number)
    })
}

/// How a type is written on the wire.
#[derive(Clone, Copy, PartialEq)]
enum Wire {
    Varint,
    ZigZag,
    Fixed32,
    Fixed64,
    Float,
    Double,
    Text,
    Map,
    /// A message or an enum.
    Named,
}

fn wire(ty: &str) -> Wire {
    match ty {
        "int32" | "int64" | "uint32" | "uint64" | "bool" => Wire::Varint,
        "sint32" | "sint64" => Wire::ZigZag,
        "fixed32" | "sfixed32" => Wire::Fixed32,
        "fixed64" | "sfixed64" => Wire::Fixed64,
        "float" => Wire::Float,
        "double" => Wire::Double,
        "string" | "bytes" => Wire::Text,
        _ if ty.starts_with("map<") => Wire::Map,
        _ => Wire::Named,
    }
}

/// Whether one type can be read as the other.
fn are_alike(one: &str, other: &str) -> bool {
    match (wire(one), wire(other)) {
        // An enum is a number; a map is a list of messages; a message may be kept as bytes.
        (Wire::Named, Wire::Varint | Wire::Map) | (Wire::Varint | Wire::Map, Wire::Named) => true,
        (Wire::Named, Wire::Text) => other == "bytes",
        (Wire::Text, Wire::Named) => one == "bytes",
        (a, b) => a == b,
    }
}
