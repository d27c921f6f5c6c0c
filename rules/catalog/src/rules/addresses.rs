//! Addresses that hold in one place only.

/// The host of a URL or of `host:port`, lower case; `None` where it is not a plain one.
pub(super) fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.split(':').next()?,
    };
    let is_plain = !host.is_empty() && !host.contains(['{', '}', '$', ' ', '*', '%', '<']);
    is_plain.then(|| host.to_lowercase())
}

/// Whether a host is the machine itself.
pub(super) fn is_local(host: &str) -> bool {
    host == "localhost" || host == "0.0.0.0" || host == "::1" || host.starts_with("127.")
}

/// Whether a host is known in one cluster or network only: an address, a name without a dot, `orders.shop.svc`.
pub(super) fn is_internal(host: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_v4 = host.split('.').count() == 4 && host.split('.').all(number);
    let ends = [".local", ".internal", ".svc", ".lan", ".localdomain"];
    // What clouds give every machine is the same everywhere.
    let metadata = host == "169.254.169.254" || host == "metadata.google.internal" || host == "169.254.170.2";
    !metadata
        && (is_v4 || is_local(host) || !host.contains('.') || ends.iter().any(|end| host.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::{host, is_internal};

    #[test]
    fn hosts_are_found_in_urls() {
        for (url, expected) in [
            ("http://orders:8080/v1/{}", Some("orders")),
            ("https://user:pw@Orders.shop.svc/x", Some("orders.shop.svc")),
            ("http://[::1]:50051", Some("::1")),
            ("localhost:9092", Some("localhost")),
            ("{}/v1/orders", None),
            ("http://{}:8080/", None),
            ("http://${HOST:-localhost}/", None),
        ] {
            assert_eq!(host(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn public_names_are_the_same_everywhere() {
        for host in ["orders", "10.0.0.7", "localhost", "db.shop.svc.cluster.local", "vault.internal"] {
            assert!(is_internal(host), "{host}");
        }
        for host in ["api.stripe.com", "169.254.169.254", "metadata.google.internal", "example.org"] {
            assert!(!is_internal(host), "{host}");
        }
    }
}
