//! What programs read from their environment.

use rustc_hash::FxHashMap;
use svclint_model::{Place, Setting, Tri, What};

use super::start::Start;
use crate::Context;
use crate::rules::deployed::Deployed;

/// What a program reads: in its functions, and through the types that it is configured with.
fn settings<'m>(cx: &Context<'m>, program: &Deployed<'m>) -> Vec<&'m Setting> {
    let model = cx.model;
    let functions = program.service.functions.iter().filter_map(|f| model.functions.get(f.0 as usize));
    let deeds = functions.flat_map(|f| &f.does).filter_map(|deed| match deed.what {
        What::ReadEnv(number) => model.settings.get(number as usize),
        _ => None,
    });
    let mut found: Vec<&Setting> = deeds.collect();
    // What no function reads itself is declared by a type.
    let mut declared: FxHashMap<Place, &Setting> = FxHashMap::default();
    let files = program.service.files(model);
    let parsed = model.settings.iter().filter(|s| files.contains(&s.at.file));
    declared.extend(parsed.map(|s| (s.at, s)));
    for deed in model.functions.iter().flat_map(|f| &f.does) {
        declared.remove(&deed.at);
    }
    let declared = model.settings.iter().filter(|s| declared.contains_key(&s.at));
    found.extend(declared);
    found
}

/// What it does not start without.
pub(super) fn needed<'m>(cx: &Context<'m>, program: &Deployed<'m>) -> Vec<&'m Setting> {
    let start = Start::of(cx.model, program.service);
    let is_needed = |s: &&Setting| s.required && !s.prefixed && start.ends_without(s);
    settings(cx, program).into_iter().filter(is_needed).collect()
}

/// All names that it reads; `None` where some are not known.
pub(super) fn read<'m>(cx: &Context<'m>, program: &Deployed<'m>) -> Option<Vec<(&'m str, Place)>> {
    let settings = settings(cx, program);
    // What is read by a prefix is known where the fields are that it is read into.
    let has_fields = |prefix: &str| {
        settings.iter().any(|s| {
            !s.prefixed && matches!(&s.name, Tri::Present(n) if n.starts_with(&prefix.to_uppercase()))
        })
    };
    let is_known = settings.iter().all(|s| match &s.name {
        Tri::Present(name) if s.prefixed => !name.is_empty() && has_fields(name),
        Tri::Present(_) => true,
        _ => false,
    });
    let name = |s: &&'m Setting| match &s.name {
        Tri::Present(name) if !s.prefixed => Some((name.as_str(), s.at)),
        _ => None,
    };
    is_known.then(|| settings.iter().filter_map(name).collect())
}
