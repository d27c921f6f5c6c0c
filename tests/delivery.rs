//! What others run svclint with: the GitHub action and the hooks of pre-commit, as they stand in this repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_yaml_ng::Value;

use crate::support::SVCLINT;
use crate::support::repository::Repository;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document(path: &str) -> Value {
    let text = std::fs::read_to_string(project().join(path)).expect("readable");
    serde_yaml_ng::from_str(&text).expect("it is YAML")
}

/// Runs the step of the action that checks, as a runner would.
fn act(inputs: &[(&str, &str)]) -> Output {
    let action = document("action.yml");
    let steps = action["runs"]["steps"].as_sequence().expect("steps");
    let check = steps.iter().find(|step| step["name"] == "Check").expect("a step that checks");
    let shop = Repository::of("shop");
    let mut bash = Command::new("bash");
    bash.args(["-eo", "pipefail", "-c", check["run"].as_str().expect("a script")]).current_dir(shop.path());
    for (name, value) in check["env"].as_mapping().expect("variables") {
        let given = |input: &str| inputs.iter().find(|(name, _)| *name == input).map(|(_, value)| *value);
        let value = value.as_str().expect("a text");
        let input = value.trim_start_matches("${{ inputs.").trim_end_matches(" }}");
        let default = action["inputs"][input]["default"].as_str().unwrap_or_default();
        bash.env(name.as_str().expect("a name"), given(input).unwrap_or(default));
    }
    let ran = bash.env("SVCLINT", SVCLINT).output().expect("bash runs");
    assert!(!shop.file("hostile").exists(), "an input ran as a script");
    ran
}

#[test]
fn the_action_annotates_and_fails() {
    let found = act(&[]);
    let text = String::from_utf8_lossy(&found.stdout);
    assert_eq!(found.status.code(), Some(1), "{}", String::from_utf8_lossy(&found.stderr));
    assert!(text.contains("::warning file=crates/gateway/src/clients/orders.rs,line="), "{text}");
    let nothing = act(&[("args", "-A\nall\n")]);
    assert_eq!((nothing.status.code(), nothing.stdout.len()), (Some(0), 0));
    let args = "-A\nall\n-W\nhttp-client-without-timeout\n--fail-on=error";
    let one = act(&[("paths", "crates/gateway\ncrates/payments"), ("args", args), ("sarif", "out.sarif")]);
    assert_eq!(one.status.code(), Some(0), "{}", String::from_utf8_lossy(&one.stderr));
    assert!(!one.stdout.is_empty());
}

#[test]
fn inputs_of_the_action_are_no_scripts() {
    let hostile = act(&[("args", "$(touch hostile); `false`"), ("since", "\"; exit 7 #")]);
    assert_eq!(hostile.status.code(), Some(2), "they are options, and wrong ones");
    let action = document("action.yml");
    for step in action["runs"]["steps"].as_sequence().expect("steps") {
        assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{step:?}");
    }
}

/// A commit with a new defect is refused, and one without goes through.
#[test]
#[ignore = "needs pre-commit on the path, which tests/run brings"]
fn pre_commit_refuses_a_new_defect() {
    let hooks = document(".pre-commit-hooks.yaml");
    let mut hook = hooks[0].as_mapping().expect("a hook").clone();
    let entry = hook["entry"].as_str().expect("an entry").replacen("svclint", SVCLINT, 1);
    hook.insert("entry".into(), entry.into());
    let config = serde_yaml_ng::to_string(&Value::Sequence(vec![Value::Mapping(hook)])).expect("YAML");
    let indented: String = config.lines().map(|line| format!("      {line}\n")).collect();
    let shop = Repository::of("shop");
    shop.write(".pre-commit-config.yaml", &format!("repos:\n  - repo: local\n    hooks:\n{indented}"));
    shop.commit("A hook");
    let run = || {
        let home = shop.path().join(".git/pre-commit-home");
        let mut command = Command::new("pre-commit");
        command.arg("run").current_dir(shop.path()).env("PRE_COMMIT_HOME", home);
        let ran = command.output().expect("pre-commit runs");
        (ran.status.success(), String::from_utf8_lossy(&ran.stdout).into_owned())
    };
    shop.write("crates/gateway/src/clients/notes.rs", "//! Nothing.\n");
    shop.git(&["add", "--all"]);
    let (passed, said) = run();
    assert!(passed, "{said}");
    let defect = "use reqwest::Client;\n\npub async fn stock() -> Result<String, reqwest::Error> {\n    \
                  Client::new().get(\"http://stock\").send().await?.error_for_status()?.text().await\n}\n";
    shop.write("crates/gateway/src/clients/stock.rs", defect);
    let module = shop.read("crates/gateway/src/clients/mod.rs");
    shop.write("crates/gateway/src/clients/mod.rs", &format!("pub mod stock;\n{module}"));
    shop.edit(
        "crates/gateway/src/handlers.rs",
        "{\n",
        "{\n    let _ = crate::clients::stock::stock().await;\n",
    );
    shop.git(&["add", "--all"]);
    let (passed, said) = run();
    assert!(!passed && said.contains("http-client-without-timeout"), "{said}");
}
