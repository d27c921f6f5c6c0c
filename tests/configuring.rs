//! `svclint.toml`: levels, exceptions, which file counts, and what is wrong in it.

use crate::support;
use crate::support::repository::Repository;

const CLIENT: &str = "crates/orders/src/payments.rs";

/// The sample system with a configuration.
fn configured(text: &str) -> Repository {
    let shop = Repository::without_git("shop");
    shop.write("svclint.toml", text);
    shop
}

/// `rule severity` of each finding in a file.
fn severities(shop: &Repository, path: &str, args: &[&str]) -> Vec<String> {
    let json = shop.json(args);
    let all = json["findings"].as_array().expect("findings").clone();
    let of = |f: &serde_json::Value, key: &str| f[key].as_str().unwrap_or("").to_owned();
    all.iter()
        .filter(|f| f["path"] == path)
        .map(|f| format!("{} {}", of(f, "rule"), of(f, "severity")))
        .collect()
}

#[test]
fn levels_are_of_rules_categories_and_all() {
    let client = |text: &str, args: &[&str]| severities(&configured(text), CLIENT, args);
    assert_eq!(
        client("", &[]),
        ["http-client-without-timeout warning", "correlation-id-dropped-outbound warning"]
    );
    let denied = "[levels]\nresilience = \"deny\"\nobservability = \"allow\"\n";
    assert_eq!(client(denied, &[]), ["http-client-without-timeout error"]);
    let own = "[levels]\nhttp-client-without-timeout = \"warn\"\nresilience = \"deny\"\nall = \"allow\"\n";
    assert_eq!(client(own, &[]), ["http-client-without-timeout warning"], "the rule's own name goes first");
    assert_eq!(client(denied, &["-A", "resilience"]), [""; 0], "the command line goes before the file");
    assert_eq!(
        client(denied, &["-A", "all", "-W", "http-client-without-timeout"]),
        ["http-client-without-timeout warning"]
    );
}

#[test]
fn a_category_turns_on_nothing_that_is_off() {
    let off = "server-without-request-timeout";
    let found = |text: &str, args: &[&str]| {
        configured(text).findings(args).iter().filter(|f| f.ends_with(off)).count()
    };
    assert_eq!(found("[levels]\nresilience = \"deny\"\n", &[]), 0);
    assert_eq!(found("", &["-D", "resilience"]), 0);
    assert!(found(&format!("[levels]\n{off} = \"warn\"\n"), &[]) > 0);
}

#[test]
fn levels_of_some_files() {
    let shop = configured(
        "[levels]\nresilience = \"deny\"\n\n[[override]]\npaths = [\"crates/orders/**\", \"deploy\"]\nlevels = { all = \"allow\" }\n\n\
         [[override]]\npaths = [\"**/payments.rs\"]\nlevels = { http-client-without-timeout = \"warn\" }\n",
    );
    let all = shop.findings(&[]);
    assert!(!all.iter().any(|f| f.starts_with("deploy/")), "a folder is all in it: {all:?}");
    let orders: Vec<&String> = all.iter().filter(|f| f.starts_with("crates/orders")).collect();
    assert_eq!(
        orders,
        ["crates/orders/src/payments.rs:13 http-client-without-timeout"],
        "a later one goes before"
    );
    assert_eq!(severities(&shop, CLIENT, &[]), ["http-client-without-timeout warning"]);
    // A rule that is off may be on for some files.
    let some = configured(
        "[[override]]\npaths = [\"crates/orders/**\"]\nlevels = { server-without-request-timeout = \"deny\" }\n",
    );
    let found = some.findings(&[]);
    let on: Vec<&String> = found.iter().filter(|f| f.ends_with("server-without-request-timeout")).collect();
    assert!(!on.is_empty() && on.iter().all(|f| f.starts_with("crates/orders/")), "{on:?}");
}

#[test]
fn the_nearest_file_counts_with_what_it_extends() {
    let shop = configured("[levels]\nhttp-client-without-timeout = \"deny\"\nobservability = \"allow\"\n");
    let client = |args: &[&str]| severities(&shop, CLIENT, args);
    shop.write("crates/orders/svclint.toml", "[levels]\n");
    assert_eq!(
        client(&[]),
        ["http-client-without-timeout warning", "correlation-id-dropped-outbound warning"]
    );
    shop.write(
        "crates/orders/svclint.toml",
        "extends = \"../../svclint.toml\"\n[levels]\nobservability = \"deny\"\n",
    );
    assert_eq!(client(&[]), ["http-client-without-timeout error", "correlation-id-dropped-outbound error"]);
    let gateway = "crates/gateway/src/clients/orders.rs";
    assert_eq!(
        severities(&shop, gateway, &[]),
        ["http-client-without-timeout error"],
        "the other one is as it was"
    );
    // What lies above what is checked counts too, and its patterns begin there.
    std::fs::remove_file(shop.file("crates/orders/svclint.toml")).expect("removed");
    shop.write(
        "svclint.toml",
        "[[override]]\npaths = [\"crates/orders/src/payments.rs\"]\nlevels = { all = \"allow\" }\n",
    );
    let inside = support::svclint(&shop.file("crates/orders"), &["check", "--format", "agent"]);
    let text = support::stdout(&inside);
    assert!(text.contains("src/main.rs") && !text.contains("src/payments.rs:13"), "{text}");
}

#[test]
fn a_repository_ends_what_counts() {
    let outer = Repository::without_git("shop");
    outer.write("svclint.toml", "[levels]\nall = \"allow\"\n");
    assert_eq!(support::svclint(&outer.file("crates/orders"), &["check"]).status.code(), Some(0));
    outer.write("crates/orders/.git", "gitdir: elsewhere\n");
    assert_eq!(support::svclint(&outer.file("crates/orders"), &["check"]).status.code(), Some(1));
}

#[test]
fn a_manifest_may_configure_its_workspace() {
    let shop = Repository::without_git("shop");
    let manifest = shop.read("Cargo.toml");
    shop.write(
        "Cargo.toml",
        &format!("{manifest}\n[workspace.metadata.svclint.levels]\nobservability = \"allow\"\n"),
    );
    assert_eq!(shop.rules_in(CLIENT, &[]), ["http-client-without-timeout"]);
    shop.write(
        "Cargo.toml",
        &format!("{manifest}\n[workspace.metadata.svclint.levels]\nobservabilty = \"allow\"\n"),
    );
    let ran = shop.run(&["check"]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("Cargo.toml:") && ran.stderr.contains("did you mean `observability`?"),
        "{}",
        ran.stderr
    );
    shop.write("svclint.toml", "");
    shop.write(
        "Cargo.toml",
        &format!("{manifest}\n[workspace.metadata.svclint.levels]\nobservability = \"allow\"\n"),
    );
    assert_eq!(shop.rules_in(CLIENT, &[]).len(), 2, "the file that is about nothing else counts");
}

#[test]
fn exceptions_by_path_item_and_object() {
    let rules = |about: &str, path: &str| {
        let text = format!(
            "[[exception]]\nrules = [\"http-client-without-timeout\", \"container-resources-unset\"]\n{about}\nreason = \"it is so\"\nowner = \"team\"\nexpires = \"2999-12-31\"\n"
        );
        configured(&text).rules_in(path, &[])
    };
    let rest = ["correlation-id-dropped-outbound"];
    assert_eq!(rules("paths = [\"crates/orders/**\"]", CLIENT), rest);
    for item in [
        "orders::payments",
        "payments::PaymentsClient::new",
        "PaymentsClient",
        "orders::payments::PaymentsClient::new",
    ] {
        assert_eq!(rules(&format!("item = \"{item}\""), CLIENT), rest, "{item}");
    }
    for other in ["orders::pay", "Client", "new::x"] {
        assert_eq!(rules(&format!("item = \"{other}\""), CLIENT).len(), 2, "{other}");
    }
    let orders = "deploy/k8s/orders.yaml";
    assert!(
        rules("object = \"Deployment/orders\"", "deploy/k8s/gateway.yaml")
            .contains(&"container-resources-unset".to_owned())
    );
    assert!(
        !rules("object = \"Deployment/orders\"", orders).contains(&"container-resources-unset".to_owned())
    );
    assert!(rules("object = \"Deployment/ord\"", orders).contains(&"container-resources-unset".to_owned()));
}

#[test]
fn exceptions_end_and_fall_out_of_use() {
    let exception = |rule: &str, more: &str| {
        format!("[[exception]]\nrules = [\"{rule}\"]\npaths = [\"crates/orders/**\"]\n{more}\n")
    };
    let said = |text: &str| {
        let shop = configured(text);
        let json = shop.json(&[]);
        let all = json["findings"].as_array().expect("findings").clone();
        let own = all.iter().filter(|f| f["rule"] == "suppression");
        (
            own.map(|f| format!("{}: {}", f["range"]["start"]["line"], f["message"].as_str().unwrap_or("")))
                .collect::<Vec<_>>(),
            shop,
        )
    };
    let (ended, shop) = said(&format!(
        "{}\n[levels]\n",
        exception(
            "http-client-without-timeout",
            "reason = \"soon\"\nowner = \"team-orders\"\nexpires = \"2020-02-29\""
        )
    ));
    assert_eq!(
        ended,
        ["1: this exception ended on 2020-02-29 (team-orders): what it accepted is reported again"]
    );
    assert!(shop.rules_in(CLIENT, &[]).contains(&"http-client-without-timeout".to_owned()));
    let fixed = shop.run(&["check", "--fix", "--allow-dirty"]);
    assert!(fixed.stderr.contains("applied"), "{fixed:?}");
    assert_eq!(shop.read("svclint.toml"), "[levels]\n");
    let (unused, _) = said(&exception("ack-before-processing", "reason = \"soon\""));
    assert_eq!(
        unused,
        [
            "1: nothing that this exception is about is reported by `ack-before-processing`, so it is no longer needed"
        ]
    );
    let (bare, _) = said(&exception("http-client-without-timeout", ""));
    assert_eq!(
        bare,
        ["1: a finding is accepted without a reason; the next reader cannot tell whether it still holds"]
    );
    let (free, _) =
        said(&format!("require-reasons = false\n{}", exception("http-client-without-timeout", "")));
    assert_eq!(free, [""; 0]);
}

#[test]
fn mistakes_are_told_with_their_place() {
    let error = |text: &str| {
        let ran = configured(text).run(&["check"]);
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""), "{text}");
        ran.stderr
    };
    let cases = [
        ("lvels = {}\n", ":1:1: ", "did you mean `levels`?"),
        (
            "[levels]\n\nhttp-client-without-timout = \"deny\"\n",
            ":3:1: ",
            "did you mean `http-client-without-timeout`?",
        ),
        (
            "[levels]\nresiliance = \"deny\"\n",
            ":2:1: ",
            "there is no rule or category `resiliance`; did you mean `resilience`?",
        ),
        ("[levels]\nresilience = \"denny\"\n", ":2:14: ", "did you mean `deny`?"),
        ("[levels]\nsyntax-error = \"allow\"\n", ":2:1: ", "has no level"),
        ("[[override]]\npaths = [\"a{\"]\nlevels = {}\n", ":2:10: ", "a{"),
        ("[[override]]\npath = [\"a\"]\nlevels = {}\n", ":2:1: ", "did you mean `paths`?"),
        (
            "[[exception]]\nrules = [\"zzz\"]\npaths = [\"a\"]\n",
            ":2:10: ",
            "there is no rule `zzz`; `svclint rules` lists them",
        ),
        ("[[exception]]\nrules = [\"unversioned-api\"]\n", ":1:", "an exception names what it is about"),
        ("[[exception]]\nrules = []\npaths = [\"a\"]\n", ":1:", "names the rules"),
        (
            "[[exception]]\nrules = [\"unversioned-api\"]\npaths = [\"a\"]\nexpires = \"soon\"\n",
            ":4:11: ",
            "`soon` is no date; write it as 2027-01-31",
        ),
        ("extends = \"../no.toml\"\n", ":1:11: ", "`../no.toml` cannot be read"),
        ("extends = [\"svclint.toml\"]\n", ":1:11: ", "`svclint.toml` extends itself"),
        ("levels = [\n", ":1:11: ", "unclosed array"),
    ];
    for (text, place, says) in cases {
        let said = error(text);
        assert!(said.contains(&format!("svclint.toml{place}")) && said.contains(says), "{text:?}: {said}");
    }
}

#[test]
fn config_prints_what_counts_and_who_said_it() {
    let shop = configured(
        "baseline = \"known.json\"\n[levels]\nresilience = \"deny\"\n\n[[exception]]\nrules = [\"unversioned-api\"]\npaths = [\"crates/**\"]\nreason = \"inside\"\n",
    );
    shop.write(
        "crates/orders/svclint.toml",
        "extends = \"../../svclint.toml\"\n\n[levels]\nunversioned-api = \"allow\"\n",
    );
    let ran = shop.run(&["config", "crates/orders"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""));
    let value: toml::Value = toml::from_str(&ran.stdout).expect("TOML");
    assert_eq!(value["baseline"].as_str(), Some("known.json"));
    assert_eq!(value["levels"]["http-client-without-timeout"].as_str(), Some("deny"));
    let line = |rule: &str| {
        ran.stdout
            .lines()
            .find(|l| l.starts_with(rule))
            .unwrap_or("")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        line("http-client-without-timeout"),
        "http-client-without-timeout = \"deny\" # svclint.toml:3"
    );
    assert_eq!(line("unversioned-api"), "unversioned-api = \"allow\" # crates/orders/svclint.toml:4");
    assert_eq!(line("port-mismatch"), "port-mismatch = \"warn\" # default");
    assert!(ran.stdout.starts_with("# svclint.toml, then crates/orders/svclint.toml\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("# accepted: unversioned-api in crates/**: inside (svclint.toml)\n"));
    assert_eq!(shop.run(&["config", "no-such"]).status, Some(2));
    let none = Repository::without_git("shop").run(&["config"]);
    assert!(none.stdout.starts_with("# no svclint.toml in or above `.`"), "{}", none.stdout);
}

#[test]
fn the_schema_knows_every_key_rule_and_category() {
    let ran = Repository::without_git("shop").run(&["config", "--schema"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""));
    let schema: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let keys: Vec<&String> = schema["properties"].as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["baseline", "exception", "extends", "knowledge", "levels", "link", "override", "require-reasons"]
    );
    assert_eq!(schema["additionalProperties"], false);
    let names = schema["properties"]["levels"]["propertyNames"]["oneOf"].as_array().expect("names");
    for name in ["http-client-without-timeout", "resilience", "all"] {
        assert!(names.iter().any(|n| n["const"] == name), "{name}");
    }
    assert!(schema["$defs"]["Exception"]["properties"]["rules"]["items"]["oneOf"].is_array());
    assert!(schema["$defs"]["Override"]["properties"]["levels"]["propertyNames"].is_object());
}
