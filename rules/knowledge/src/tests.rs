use semver::Version;

use crate::{Action, Limit, LimitDefault, Template, built_in, load_page};

#[test]
fn the_shipped_pages_load() {
    let knowledge = built_in().unwrap_or_else(|e| panic!("{e}"));
    assert!(knowledge.libraries().count() >= 8);
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let text =
        "[library]\nname = \"x\"\nversions = \"1\"\n\n[types.\"x::Y\".methods]\nnew = { givs = \"x::Y\" }\n";
    let error = load_page("x.toml", text).expect_err("an unknown key");
    assert_eq!((error.line, error.file.as_str()), (6, "x.toml"));
    assert!(error.to_string().contains("new"), "{error}");

    let text = "[library]\nname = \"x\"\nversions = \"1\"\n[functions]\n\"x::f\" = { gives = \"Result<\" }\n";
    let error = load_page("x.toml", text).expect_err("a broken type");
    assert_eq!(error.line, 5);
}

#[test]
fn templates_read_short_names_parameters_and_arguments() {
    let read = |t: &str| Template::try_from(t.to_owned());
    assert_eq!(
        read("Result<T, ?>"),
        Ok(Template::Path(
            "std::result::Result".into(),
            vec![Template::Param("T".into()), Template::Unknown]
        ))
    );
    assert_eq!(read("$0()"), Ok(Template::ArgReturn(0)));
    assert_eq!(read("()"), Ok(Template::Tuple(vec![])));
    for broken in ["", "Result<", "Result<T", "$x", "a b", "(T"] {
        assert!(read(broken).is_err(), "{broken:?}");
    }
}

#[test]
fn entries_follow_the_locked_version() {
    let knowledge = built_in().unwrap_or_else(|e| panic!("{e}"));
    let at = |v: &str| {
        let version = Version::parse(v).ok();
        knowledge.view(move |name| if name == "reqwest" { version.clone() } else { None })
    };
    assert!(at("0.11.27").method("reqwest::ClientBuilder", "read_timeout").is_none());
    assert!(at("0.12.28").method("reqwest::ClientBuilder", "read_timeout").is_some());
    assert!(at("0.9.0").type_entry("reqwest::Client").is_none(), "no page holds for 0.9");
}

#[test]
fn async_and_blocking_clients_differ() {
    let knowledge = built_in().unwrap_or_else(|e| panic!("{e}"));
    let view = knowledge.view(|_| None);
    let total = |path: &str| match view.method(path, "new").map(|c| c.does.as_slice()) {
        Some([Action::MakeClient(made)]) => made.limits.get(&Limit::Total).cloned(),
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(total("reqwest::Client"), Some(LimitDefault::None));
    assert_eq!(total("reqwest::blocking::Client"), Some(LimitDefault::Some("30 s".into())));
    assert_eq!(view.canonical("reqwest::header::HeaderMap"), "http::HeaderMap");
}

#[test]
fn actions_are_told_in_the_words_of_the_pages() {
    let words = |does: &str| {
        let text = format!(
            "[library]\nname = \"x\"\nversions = \"1\"\n[functions]\n\"x::f\" = {{ does = {does} }}\n"
        );
        let page = load_page("x.toml", &text).unwrap_or_else(|e| panic!("{e}"));
        page.functions["x::f"].as_slice()[0].does.as_slice()[0].words()
    };
    assert_eq!(words("\"send\""), "send");
    assert_eq!(
        words("{ set-limit = { limit = \"total\", value = 0 } }"),
        "{ set-limit = { limit = \"total\", value = 0 } }"
    );
    assert_eq!(words("{ effect = \"sleep\" }"), "{ effect = \"sleep\" }");
}

#[test]
fn a_limit_in_no_known_unit_is_a_mistake() {
    let text = "[library]\nname = \"x\"\nversions = \"1\"\n[functions]\n\"x::f\" = { does = { make-client = { protocol = \"http\", limits = { total = \"5 parsecs\" } } } }\n";
    let error = load_page("x.toml", text).expect_err("no unit");
    assert_eq!(error.line, 5);
    assert!(error.message.contains("`parsecs`") && error.message.contains("ms"), "{error}");
}
