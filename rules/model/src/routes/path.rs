//! Paths of routes: one way to write them, whatever the library's own is.

use crate::fold::Text;

/// One path after another, with exactly one slash between them.
pub(super) fn join(prefix: &Text, path: &Text) -> Text {
    let complete = prefix.complete && path.complete;
    let (a, b) = (prefix.text.trim_end_matches('/'), path.text.as_str());
    let text = match b {
        "" | "/" if !a.is_empty() => a.to_owned(),
        _ if b.starts_with('/') || b.is_empty() => format!("{a}{b}"),
        _ => format!("{a}/{b}"),
    };
    Text { text, complete }
}

/// `/users/:id`, `/users/<id>`, `/users/{id:\\d+}` are all `/users/{id}`; what takes the rest is `{*rest}`. A query is cut.
pub(crate) fn normal(path: &str) -> String {
    let path = path.get(..query_at(path)).unwrap_or(path);
    let segments: Vec<String> = split(path).into_iter().map(segment).collect();
    let joined = segments.join("/");
    if joined.is_empty() { "/".into() } else { joined }
}

/// Where the query begins: at a question mark outside of brackets (`{?}` is a part that is not known).
fn query_at(path: &str) -> usize {
    let mut depth = 0u32;
    for (at, c) in path.char_indices() {
        match c {
            '{' | '<' => depth += 1,
            '}' | '>' => depth = depth.saturating_sub(1),
            '?' if depth == 0 => return at,
            _ => {}
        }
    }
    path.len()
}

/// At slashes outside of brackets: a pattern in them may hold one.
fn split(path: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0u32, 0);
    for (at, c) in path.char_indices() {
        match c {
            '{' | '<' => depth += 1,
            '}' | '>' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => {
                parts.push(path.get(start..at).unwrap_or(""));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(path.get(start..).unwrap_or(""));
    parts
}

fn segment(text: &str) -> String {
    if let Some(name) = text.strip_prefix(':') {
        return format!("{{{name}}}");
    }
    if let Some(name) = text.strip_prefix('*') {
        return format!("{{*{name}}}");
    }
    let inner = |open: char, close: &str| text.strip_prefix(open).and_then(|t| t.strip_suffix(close));
    if let Some(name) = inner('<', ">") {
        let rest = name.ends_with("..") || name.starts_with("**");
        return parameter(name.trim_end_matches("..").trim_start_matches('*'), rest);
    }
    // actix: `{tail}*`, `{tail:.*}`; salvo: `{**rest}`.
    if let Some(name) = inner('{', "}*") {
        return parameter(name, true);
    }
    match inner('{', "}") {
        Some("?") | None => text.to_owned(),
        Some(inside) => match inside.split_once(':') {
            Some((name, pattern)) => parameter(name, pattern == ".*" || pattern == ".+"),
            None => parameter(inside.trim_start_matches('*'), inside.starts_with('*')),
        },
    }
}

fn parameter(name: &str, rest: bool) -> String {
    let name = name.split([':', '|']).next().unwrap_or(name);
    if rest { format!("{{*{name}}}") } else { format!("{{{name}}}") }
}

#[cfg(test)]
mod tests {
    use super::{Text, join, normal};

    #[test]
    fn each_library_writes_parameters_its_own_way() {
        for (written, expected) in [
            ("/users/:id", "/users/{id}"),
            ("/users/{id}", "/users/{id}"),
            ("/users/{id:[0-9]+/?}", "/users/{id}"),
            ("/users/<id>/posts?<page>", "/users/{id}/posts"),
            ("/files/*path", "/files/{*path}"),
            ("/files/{*path}", "/files/{*path}"),
            ("/files/{path:.*}", "/files/{*path}"),
            ("/files/{path}*", "/files/{*path}"),
            ("/files/<path..>", "/files/{*path}"),
            ("/files/<**path>", "/files/{*path}"),
            ("/{?}/orders", "/{?}/orders"),
            ("/{?}/orders?<page>", "/{?}/orders"),
            ("", "/"),
        ] {
            assert_eq!(normal(written), expected, "{written}");
        }
    }

    #[test]
    fn parts_are_joined_with_one_slash() {
        let text = |a: &str, b: &str| join(&Text::known(a), &Text::known(b)).text;
        assert_eq!(text("", "/x"), "/x");
        assert_eq!(text("/api/", "/x"), "/api/x");
        assert_eq!(text("/api", "x"), "/api/x");
        assert_eq!(text("/api", "/"), "/api");
    }
}
