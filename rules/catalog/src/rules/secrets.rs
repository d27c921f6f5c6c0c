//! Names of secrets, and values that are none.

/// Last words of the names of secrets.
const SECRET: &[&str] = &[
    "secret",
    "secrets",
    "password",
    "passwd",
    "passphrase",
    "token",
    "salt",
    "pepper",
    "apikey",
    "credentials",
];

/// What stands in front of `key` where it is a secret: `API_KEY`, not `PARTITION_KEY`.
const KEYS: &[&str] =
    &["access", "api", "auth", "encryption", "hmac", "jwt", "master", "private", "secret", "signing"];

/// Whether a variable or field holds a secret, by its name.
pub(super) fn is_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(['_', '-', '.']).filter(|w| !w.is_empty()).collect();
    match words.as_slice() {
        // `CSRF_TOKEN` is the name of a header or cookie as often as not; `SECRET_KEY_BASE` is Rails'.
        [.., "csrf" | "xsrf", "token"] => false,
        [.., "secret", "key", "base"] => true,
        [.., before, "key"] => KEYS.contains(before),
        [.., last] => SECRET.contains(last),
        [] => false,
    }
}

/// Whether a text can be the secret itself: not a number, a switch, a path or an address of it, and not made of other
/// variables.
pub(super) fn is_value(text: &str) -> bool {
    let text = text.trim();
    let is_number = text.parse::<f64>().is_ok();
    let is_word =
        ["true", "false", "none", "null", "disabled", "off"].contains(&text.to_lowercase().as_str());
    let elsewhere = text.starts_with(['/', '.', '~']) || text.contains("://");
    !text.is_empty() && !is_number && !is_word && !elsewhere && !text.contains(['$', '{'])
}

#[cfg(test)]
mod tests {
    use super::{is_secret, is_value};

    #[test]
    fn names_end_with_what_they_hold() {
        for name in ["JWT_SECRET", "db.password", "API_KEY", "GITHUB_TOKEN", "secret-key", "PASSWORD_SALT"] {
            assert!(is_secret(name), "{name}");
        }
        for name in
            ["TOKEN_URL", "JWT_SECRET_FILE", "SECRET_NAME", "PARTITION_KEY", "PASSWORD_MIN_LENGTH", "KEY"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn what_points_elsewhere_is_no_secret() {
        for text in ["", "3600", "true", "/run/secrets/key", "vault://key", "${KEY}", "None"] {
            assert!(!is_value(text), "{text}");
        }
        assert!(is_value("dev-secret"));
    }
}
