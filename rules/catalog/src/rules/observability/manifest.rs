//! Edits of a `Cargo.toml`.

use svclint_model::Place;
use svclint_syntax::Span;

use crate::{Context, Edit};

/// Asks for a feature of a dependency, whose key is at a place and whose value stands on its line; nothing for other forms.
pub(super) fn with_feature(cx: &Context<'_>, key: Place, feature: &str) -> Vec<Edit> {
    let rest = cx.rest_of_line(key);
    let Some((joint, value)) = rest.split_once('=') else { return Vec::new() };
    if !joint.trim().is_empty() && joint.trim() != "\"" {
        return Vec::new();
    }
    let start = key.span.end + joint.len() as u32 + 1;
    let leading = (value.len() - value.trim_start().len()) as u32;
    let replace = |from: u32, to: u32, text: String| {
        vec![Edit::Replace { file: key.file, span: Span { start: start + from, end: start + to }, text }]
    };
    let value_end = leading + value.trim().len() as u32;
    let trimmed = value.trim();
    if let Some(features) = trimmed.find("features").filter(|_| trimmed.starts_with('{')) {
        let Some(open) = trimmed.get(features..).and_then(|t| t.find('[')) else { return Vec::new() };
        let at = leading + (features + open + 1) as u32;
        let is_empty = trimmed.get(features + open + 1..).is_some_and(|t| t.trim_start().starts_with(']'));
        return replace(at, at, format!("\"{feature}\"{}", if is_empty { "" } else { ", " }));
    }
    if trimmed.starts_with('{') && trimmed.ends_with('}') {
        let inner = trimmed.trim_end_matches('}').trim_end();
        let at = leading + inner.len() as u32;
        let comma = if inner.ends_with(['{', ',']) { "" } else { "," };
        return replace(at, at, format!("{comma} features = [\"{feature}\"]"));
    }
    if trimmed.starts_with('"') && trimmed.ends_with('"') && trimmed.len() > 1 {
        let text = format!("{{ version = {trimmed}, features = [\"{feature}\"] }}");
        return replace(leading, value_end, text);
    }
    Vec::new()
}
