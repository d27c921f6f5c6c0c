//! Facts of a protobuf file: its package and the services in it. Everything else is skipped over.

use serde::{Deserialize, Serialize};

use crate::Name;

/// What a `.proto` file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoFile {
    /// `package shop.v1;`, empty where there is none.
    pub package: Name,
    /// `service Orders { rpc Place (..) .. }`: the names with their methods'.
    pub services: Vec<(Name, Vec<Name>)>,
}

/// Reads a `.proto` file. Never fails: what is not understood is left out.
pub fn proto_file(text: &str) -> ProtoFile {
    let words = words(text);
    let mut file = ProtoFile::default();
    let mut depth = 0u32;
    let mut service_depth = None;
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).copied();
        match *word {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                service_depth = service_depth.filter(|d| *d < depth);
            }
            "package" if depth == 0 => file.package = Name::new(next.unwrap_or("")),
            "service" if depth == 0 => {
                file.services.push((Name::new(next.unwrap_or("")), Vec::new()));
                service_depth = Some(0);
            }
            "rpc" if depth == 1 && service_depth.is_some() => {
                if let (Some((_, methods)), Some(name)) = (file.services.last_mut(), next) {
                    methods.push(Name::new(name));
                }
            }
            _ => {}
        }
    }
    file
}

/// The words and braces outside of comments and strings.
fn words(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = text.get(at..).unwrap_or("");
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else if matches!(byte, b'"' | b'\'') {
            at += string(rest, *byte);
        } else if matches!(byte, b'{' | b'}') {
            words.extend(text.get(at..at + 1));
            at += 1;
        } else if byte.is_ascii_alphanumeric() || *byte == b'_' {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            words.extend(rest.get(..end));
            at += end;
        } else {
            at += 1;
        }
    }
    words
}

/// The length of a string with its quotes.
fn string(text: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\n' => return at,
            _ if byte == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
