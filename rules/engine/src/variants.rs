//! One finding for what is wrong in several variants of the same manifest: base, overlays, chart, release.

use rustc_hash::FxHashMap;
use svclint_catalog::{Finding, Related};
use svclint_model::{FileId, Model, Place};

/// How many variants are named.
const NAMED: usize = 6;

/// Puts findings that say the same of the same object in different files together. The first place stays.
pub(crate) fn together(
    model: &Model,
    mut findings: Vec<Finding>,
    is_manifest: impl Fn(FileId) -> bool,
) -> Vec<Finding> {
    findings.sort_by_key(|finding| finding.place);
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut first: FxHashMap<(&'static str, String, String), usize> = FxHashMap::default();
    for finding in findings {
        if !is_manifest(finding.place.file) || finding.subject.is_empty() {
            kept.push(finding);
            continue;
        }
        let key = (finding.rule.id, finding.subject.clone(), finding.message.clone());
        match first.get(&key).and_then(|at| kept.get_mut(*at)) {
            Some(same) if same.place == finding.place || same.variants.contains(&finding.place) => {}
            Some(same) => same.variants.push(finding.place),
            None => {
                first.insert(key, kept.len());
                kept.push(finding);
            }
        }
    }
    for finding in &mut kept {
        name_variants(model, finding);
    }
    kept
}

fn name_variants(model: &Model, finding: &mut Finding) {
    let others = finding.variants.len();
    let named: Vec<Place> = finding.variants.iter().take(NAMED).copied().collect();
    for (number, place) in named.into_iter().enumerate() {
        let path = model.relative(place.file).display().to_string();
        let more = others.saturating_sub(NAMED);
        let rest = if number + 1 == NAMED && more > 0 {
            format!(" and in {more} more files")
        } else {
            String::new()
        };
        finding.related.push(Related { place, message: format!("the same in `{path}`{rest}") });
    }
}
