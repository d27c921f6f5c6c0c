//! Versions in paths.

/// Whether a path names a version: `/v1`, `/v2.1`; `/1.5`, as some have written it from the beginning.
pub(super) fn has_version(path: &str) -> bool {
    path.split('/').any(|segment| {
        let number = segment.strip_prefix(['v', 'V']);
        let dotted = segment.split('.').count() > 1 && segment.split('.').all(is_number);
        number.is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit())) || dotted
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
