//! The JSON schema of `svclint.toml`, made from the types that read it.

use serde_json::{Value, json};
use svclint_catalog::{Category, rules};

use super::file::ConfigFile;

/// The schema, in which editors find the names of all rules and categories too.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(ConfigFile).to_value();
    let named = |name: &str, text: String| json!({ "const": name, "description": text });
    let mut names: Vec<Value> = rules().iter().map(|r| named(r.meta.id, r.meta.summary())).collect();
    let rule_names = json!({ "type": "string", "oneOf": names });
    names.extend(Category::ALL.map(|c| named(c.name(), format!("All rules of the category {}", c.name()))));
    names.push(named("all", "All rules".to_owned()));
    let level_names = json!({ "oneOf": names });
    for table in ["/properties/levels", "/$defs/Override/properties/levels"] {
        if let Some(Value::Object(levels)) = schema.pointer_mut(table) {
            levels.insert("propertyNames".to_owned(), level_names.clone());
        }
    }
    if let Some(Value::Object(rules)) = schema.pointer_mut("/$defs/Exception/properties/rules") {
        rules.insert("items".to_owned(), rule_names);
    }
    schema
}
