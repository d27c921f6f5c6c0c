//! Names in other letters, as derives change those of fields and variants: `order_id` is `orderId`.

/// The name of a field by a rule such as `camelCase`; `None` for a rule that is not known.
pub(crate) fn field(name: &str, rule: &str) -> Option<String> {
    let joined = |joint: &str| name.replace('_', joint);
    Some(match rule {
        "lowercase" | "snake_case" => name.to_owned(),
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => name.to_ascii_uppercase(),
        "kebab-case" => joined("-"),
        "SCREAMING-KEBAB-CASE" => joined("-").to_ascii_uppercase(),
        "PascalCase" => name.split('_').map(|word| first(word, true)).collect(),
        "camelCase" => first(&field(name, "PascalCase")?, false),
        _ => return None,
    })
}

/// The same for the name of a variant.
pub(crate) fn variant(name: &str, rule: &str) -> Option<String> {
    match rule {
        "PascalCase" => Some(name.to_owned()),
        "lowercase" => Some(name.to_ascii_lowercase()),
        "UPPERCASE" => Some(name.to_ascii_uppercase()),
        "camelCase" => Some(first(name, false)),
        _ => field(&snake(name), rule),
    }
}

/// With another first letter.
fn first(word: &str, upper: bool) -> String {
    let mut letters = word.chars();
    let Some(letter) = letters.next() else { return String::new() };
    let letter = if upper { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
    std::iter::once(letter).chain(letters).collect()
}

/// Each capital begins a word, as derives count them: `HTTPError` is `h_t_t_p_error`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::{field, variant};

    #[test]
    fn names_are_changed_as_derives_do() {
        for (rule, of_field, of_variant) in [
            ("lowercase", "order_id", "inuse"),
            ("UPPERCASE", "ORDER_ID", "INUSE"),
            ("PascalCase", "OrderId", "InUse"),
            ("camelCase", "orderId", "inUse"),
            ("snake_case", "order_id", "in_use"),
            ("SCREAMING_SNAKE_CASE", "ORDER_ID", "IN_USE"),
            ("kebab-case", "order-id", "in-use"),
            ("SCREAMING-KEBAB-CASE", "ORDER-ID", "IN-USE"),
        ] {
            assert_eq!(field("order_id", rule).as_deref(), Some(of_field), "{rule}");
            assert_eq!(variant("InUse", rule).as_deref(), Some(of_variant), "{rule}");
        }
        assert_eq!(variant("HTTPError", "snake_case").as_deref(), Some("h_t_t_p_error"));
        assert_eq!(field("order_id", "Title Case"), None);
    }
}
