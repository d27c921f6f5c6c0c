//! Words that may name what code generators write for servers.

use rustc_hash::FxHashSet;
use smol_str::SmolStr;

/// The words of a text that end with `Server`, or that consist of several in lower case and stand where paths and lists of
/// names have them, in their order.
pub(super) fn server_words(text: &str) -> Vec<SmolStr> {
    let mut seen = FxHashSet::default();
    let mut before = "";
    let mut rest = text;
    let mut found = Vec::new();
    while let Some(start) = rest.find(is_part) {
        let (between, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        let between = between.trim_end();
        let is_listed = between.ends_with(['{', ',']) || before == "mod";
        let in_path = is_listed || between.ends_with("::") || after.starts_with("::");
        if (word.ends_with("Server") || in_path && is_module(word)) && seen.insert(word) {
            found.push(SmolStr::new(word));
        }
        (before, rest) = (word, after);
    }
    found
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `stock_server`
fn is_module(word: &str) -> bool {
    word.contains('_') && !word.starts_with('_') && !word.contains(char::is_uppercase)
}
