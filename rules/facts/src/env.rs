//! `.env` files: names and values.

/// The variables of a `.env` file, in order. What is no assignment is left out.
pub fn env_file(text: &str) -> Vec<(String, String)> {
    let variable = |line: &str| {
        let line = line.trim().strip_prefix("export ").unwrap_or(line.trim());
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        is_name.then(|| (name.to_owned(), unquoted(value.trim())))
    };
    text.lines().filter(|line| !line.trim_start().starts_with('#')).filter_map(variable).collect()
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote).and_then(|v| v.split(quote).next()) {
            return inside.to_owned();
        }
    }
    // A comment after the value.
    value.split(" #").next().unwrap_or(value).trim_end().to_owned()
}
