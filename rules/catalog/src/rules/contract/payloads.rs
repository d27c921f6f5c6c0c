//! How a schema and a type differ that are meant for the same JSON.

use svclint_model::{Member, Place, Shape, ShapeKind};

/// A difference between a schema and a type.
pub(super) struct Drift<'m> {
    /// Its kind.
    pub(super) what: What,
    /// The members or words that it is about.
    pub(super) names: Vec<&'m str>,
    /// Where the document says it.
    pub(super) at: Place,
    /// Where the code does.
    pub(super) own: Place,
    /// The schema that says it.
    pub(super) schema: &'m Shape,
}

/// Kinds of differences.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The code refuses a body without members that the schema calls optional.
    Optional,
    /// The code refuses a body without a member that the schema does not have.
    Undescribed,
    /// The code refuses a member that the schema has, or a word that it lists.
    Refused,
    /// The code never gives a member that the schema calls needed.
    NeverGiven,
    /// The code leaves out a member that the schema calls needed.
    SometimesGiven,
    /// The code gives a word that the schema does not list.
    Unlisted,
}

/// Finds where code that reads a value is stricter than its schema.
pub(super) fn taken<'m>(schema: &'m Shape, own: &'m Shape, found: &mut Vec<Drift<'m>>) {
    let mut drift = |what, names, at, own| found.push(Drift { what, names, at, own, schema });
    match (&schema.kind, &own.kind) {
        (ShapeKind::List(schema), ShapeKind::List(own)) => taken(schema, own, found),
        (ShapeKind::Words(listed), ShapeKind::Words(accepted)) => {
            for word in listed.iter().filter(|word| accepted.iter().all(|w| w.value != word.value)) {
                drift(What::Refused, vec![&*word.value], word.at, own.at);
            }
        }
        (ShapeKind::Object { members, .. }, ShapeKind::Object { members: accepted, closed, .. }) => {
            let needed = || accepted.iter().filter(|m| m.needed.present().is_some());
            for member in needed().filter(|m| named(members, &m.name).is_none()) {
                drift(What::Undescribed, vec![&*member.name], schema.at, member.at);
            }
            let optional = |m: &&Member| named(members, &m.name).is_some_and(|d| d.needed.is_absent());
            let optional: Vec<&Member> = needed().filter(optional).collect();
            let first = optional.first().and_then(|own| Some((named(members, &own.name)?.at, own.at)));
            if let Some((at, own)) = first {
                drift(What::Optional, optional.iter().map(|m| &*m.name).collect(), at, own);
            }
            for member in members.iter().filter(|m| *closed && named(accepted, &m.name).is_none()) {
                drift(What::Refused, vec![&*member.name], member.at, own.at);
            }
            pairs(members, accepted).for_each(|(schema, own)| taken(schema, own, found));
        }
        _ => {}
    }
}

/// Finds where code that writes a value gives other ones than its schema says.
pub(super) fn given<'m>(schema: &'m Shape, own: &'m Shape, found: &mut Vec<Drift<'m>>) {
    let mut drift = |what, name, at, own| found.push(Drift { what, names: vec![name], at, own, schema });
    match (&schema.kind, &own.kind) {
        (ShapeKind::List(schema), ShapeKind::List(own)) => given(schema, own, found),
        (ShapeKind::Words(listed), ShapeKind::Words(written)) => {
            for word in written.iter().filter(|word| listed.iter().all(|w| w.value != word.value)) {
                drift(What::Unlisted, &*word.value, schema.at, word.at);
            }
        }
        (ShapeKind::Object { members, .. }, ShapeKind::Object { members: written, .. }) => {
            for member in members.iter().filter(|m| m.needed.present().is_some()) {
                match named(written, &member.name) {
                    None => drift(What::NeverGiven, &*member.name, member.at, own.at),
                    Some(known) if known.needed.is_absent() => {
                        drift(What::SometimesGiven, &*member.name, member.at, known.at);
                    }
                    Some(_) => {}
                }
            }
            pairs(members, written).for_each(|(schema, own)| given(schema, own, found));
        }
        _ => {}
    }
}

fn named<'m>(members: &'m [Member], name: &str) -> Option<&'m Member> {
    members.iter().find(|m| m.name == name)
}

/// The members of both sides of which both say what they are made of.
fn pairs<'m>(described: &'m [Member], own: &'m [Member]) -> impl Iterator<Item = (&'m Shape, &'m Shape)> {
    described.iter().filter_map(|m| Some((m.shape.as_ref()?, named(own, &m.name)?.shape.as_ref()?)))
}
