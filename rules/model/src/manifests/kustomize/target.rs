//! Which objects a patch or replacement means.

use super::super::value::Value;
use super::Object;
use crate::place::Tri;

/// Whether a selector of objects means one: by group, version, kind, name, namespace and labels, as far as it tells them. `Unknown`
/// where it may.
pub(super) fn is_meant(object: &Object, target: &Value) -> Tri<()> {
    let text = |key: &str| target.get(key).and_then(Value::text);
    let version = object.value.get("apiVersion").and_then(Value::text).unwrap_or("");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let plain = [("group", group), ("version", version)];
    if plain.iter().any(|(key, own)| text(key).is_some_and(|wanted| wanted != *own)) {
        return Tri::Absent;
    }
    let name = |pattern: &str| {
        let all = object.name().into_iter().chain(object.former.iter().map(String::as_str));
        either(all.map(|own| matches(pattern, own)))
    };
    let one = |own: Option<&str>| {
        let own = own.map(str::to_owned);
        move |pattern: &str| own.as_deref().map_or(Tri::Absent, |own| matches(pattern, own))
    };
    let labels = |selector: &str| {
        let own = object.value.get("metadata").map(|m| m.labels("labels")).unwrap_or_default();
        let one = |term: &str| {
            let equal = term.split_once("==").or_else(|| term.split_once('='));
            match equal.map(|(key, value)| (key.trim(), value.trim())) {
                Some((key, value)) if plain_word(key) => match own.all.get(key) {
                    Some(Some(own)) if own == value => Tri::Present(()),
                    None if !own.complete => Tri::Unknown,
                    Some(None) => Tri::Unknown,
                    _ => Tri::Absent,
                },
                _ => Tri::Unknown,
            }
        };
        both(selector.split(',').map(one))
    };
    both([
        text("kind").map_or(Tri::Present(()), one(object.kind())),
        text("name").map_or(Tri::Present(()), name),
        text("namespace").map_or(Tri::Present(()), one(object.namespace())),
        text("labelSelector").map_or(Tri::Present(()), labels),
        text("annotationSelector").map_or(Tri::Present(()), |_| Tri::Unknown),
    ])
}

fn plain_word(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c))
}

/// Whether a regular expression, as it is mostly written for names, means all of a name: words, `.*` and `|`.
fn matches(pattern: &str, name: &str) -> Tri<()> {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    either(pattern.split('|').map(|one| alternative(one, name)))
}

fn alternative(pattern: &str, name: &str) -> Tri<()> {
    let parts: Vec<&str> = pattern.split(".*").collect();
    if !parts.iter().all(|part| plain_word(part)) {
        return Tri::Unknown;
    }
    let [first, middle @ ..] = parts.as_slice() else { return Tri::Unknown };
    let Some(mut rest) = name.strip_prefix(first) else { return Tri::Absent };
    let Some((last, middle)) = middle.split_last() else {
        return if rest.is_empty() { Tri::Present(()) } else { Tri::Absent };
    };
    for part in middle {
        let Some(at) = rest.find(part) else { return Tri::Absent };
        rest = &rest[at + part.len()..];
    }
    if rest.ends_with(last) { Tri::Present(()) } else { Tri::Absent }
}

fn either(all: impl IntoIterator<Item = Tri<()>>) -> Tri<()> {
    all.into_iter().fold(Tri::Absent, |found, one| match (found, one) {
        (Tri::Present(()), _) | (_, Tri::Present(())) => Tri::Present(()),
        (Tri::Unknown, _) | (_, Tri::Unknown) => Tri::Unknown,
        _ => Tri::Absent,
    })
}

fn both(all: impl IntoIterator<Item = Tri<()>>) -> Tri<()> {
    all.into_iter().fold(Tri::Present(()), |found, one| match (found, one) {
        (Tri::Absent, _) | (_, Tri::Absent) => Tri::Absent,
        (Tri::Unknown, _) | (_, Tri::Unknown) => Tri::Unknown,
        _ => Tri::Present(()),
    })
}
