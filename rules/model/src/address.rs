//! Network addresses of the standard library, as text.

use crate::fold::Text;

/// `Ipv4Addr::UNSPECIFIED`
pub(crate) fn constant(path: &str) -> Option<Text> {
    let text = match path.strip_prefix("std::net::")? {
        "Ipv4Addr::UNSPECIFIED" => "0.0.0.0",
        "Ipv4Addr::LOCALHOST" => "127.0.0.1",
        "Ipv6Addr::UNSPECIFIED" => "[::]",
        "Ipv6Addr::LOCALHOST" => "[::1]",
        _ => return None,
    };
    Some(Text::known(text))
}

/// What a function or constructor makes of its arguments: `SocketAddr::new(ip, port)`.
pub(crate) fn made(path: &str, args: &[Text]) -> Option<Text> {
    match (path.strip_prefix("std::net::")?, args) {
        ("Ipv4Addr::new", [_, _, _, _]) => Some(joined(args, ".")),
        ("SocketAddr::new", [_, _]) => Some(joined(args, ":")),
        ("Ipv4Addr" | "Ipv6Addr" | "SocketAddr" | "SocketAddr::V4" | "SocketAddr::V6", [only]) => {
            Some(only.clone())
        }
        _ => None,
    }
}

/// Texts with something between them.
pub(crate) fn joined(parts: &[Text], between: &str) -> Text {
    let texts: Vec<&str> = parts.iter().map(|p| p.text.as_str()).collect();
    Text { text: texts.join(between), complete: parts.iter().all(|p| p.complete) }
}
