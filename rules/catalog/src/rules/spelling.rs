//! Names that were meant to be another one.

use strsim::osa_distance;

/// Whether one name is the other with a slip of the hand: the same words but for a letter in one of them (two in a long one),
/// or the same letters with other signs between them, or `url` for `uri`. What differs in a number, or in a whole short word
/// (`api-a`, `api-b`), is another name.
pub(super) fn is_slip(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let joined = |name: &str| name.split(SIGNS).collect::<String>();
    if a == b || joined(&a) == joined(&b) {
        return a != b;
    }
    let (own, other): (Vec<&str>, Vec<&str>) = (a.split(SIGNS).collect(), b.split(SIGNS).collect());
    let mut differing = own.iter().zip(&other).filter(|(a, b)| a != b);
    let (Some((a, b)), None, true) = (differing.next(), differing.next(), own.len() == other.len()) else {
        return false;
    };
    // Two ways to speak that are a letter apart.
    let are_schemes = matches!((*a, *b), ("http", "https") | ("https", "http"));
    let are_addresses = matches!((*a, *b), ("url", "uri") | ("uri", "url"));
    let allowed = match a.len().max(b.len()) {
        _ if are_schemes => 0,
        _ if are_addresses => 1,
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    digits(a) == digits(b) && osa_distance(a, b) <= allowed
}

/// The digits of a name: a slip leaves them as they are.
pub(super) fn digits(name: &str) -> String {
    name.chars().filter(char::is_ascii_digit).collect()
}

/// What stands between the words of a name.
const SIGNS: [char; 4] = ['-', '_', '.', '/'];

/// The name of several that was meant.
pub(super) fn meant<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known.filter(|k| is_slip(k, name)).min_by_key(|k| osa_distance(k, name))
}
