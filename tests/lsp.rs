//! The language server, over its real protocol.

use std::path::{Path, PathBuf};

use crate::support::{Lsp, copy_of, uri};
use serde_json::{Value, json};

fn client_file(root: &Path) -> (PathBuf, String) {
    let path = root.join("crates/gateway/src/clients/orders.rs");
    let text = std::fs::read_to_string(&path).expect("readable");
    (path, text)
}

fn codes(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().filter_map(|d| d["code"].as_str()).collect()
}

/// Applies the edits of an action to a text, positions in UTF-16.
fn apply(text: &str, action: &Value, path: &Path) -> String {
    let mut edits = action["edit"]["changes"][uri(path)].as_array().expect("edits of the file").clone();
    let at = |p: &Value| {
        let (line, column) = (
            p["line"].as_u64().expect("a line") as usize,
            p["character"].as_u64().expect("a column") as usize,
        );
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = 0;
        let inside = text[start..].char_indices().find(|(_, c)| {
            let here = units >= column;
            units += c.len_utf16();
            here
        });
        inside.map_or(text.len(), |(i, _)| start + i)
    };
    edits.sort_by_key(|e| std::cmp::Reverse(at(&e["range"]["start"])));
    let mut text = text.to_owned();
    let spans: Vec<(usize, usize)> =
        edits.iter().map(|e| (at(&e["range"]["start"]), at(&e["range"]["end"]))).collect();
    for (edit, (start, end)) in edits.iter().zip(spans) {
        text.replace_range(start..end, edit["newText"].as_str().expect("a text"));
    }
    text
}

fn actions(lsp: &mut Lsp, path: &Path, range: &Value, context: Value) -> Vec<Value> {
    let params = json!({ "textDocument": { "uri": uri(path) }, "range": range, "context": context });
    lsp.request("textDocument/codeAction", params)["result"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_finding_is_pushed_fixed_and_gone() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let mut lsp = Lsp::session(&[&root], &json!({}));
    let (path, text) = client_file(&root);
    lsp.open(&path, &text, 1);
    let found = lsp.diagnostics(&path, Some(1));
    let finding =
        found.iter().find(|d| d["code"] == "http-client-without-timeout").expect("reported").clone();
    assert_eq!(finding["range"]["start"], json!({ "line": 10, "character": 21 }));
    assert!(!finding["relatedInformation"].as_array().expect("evidence").is_empty());

    let all = actions(&mut lsp, &path, &finding["range"], json!({ "diagnostics": [finding] }));
    let titles: Vec<&str> = all.iter().filter_map(|a| a["title"].as_str()).collect();
    assert_eq!(titles, ["Give the client a timeout", "Allow `http-client-without-timeout` on this line"]);
    let fixed = apply(&text, &all[0], &path);
    lsp.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": uri(&path), "version": 2 }, "contentChanges": [{ "text": fixed }] }),
    );
    assert!(!codes(&lsp.diagnostics(&path, Some(2))).contains(&"http-client-without-timeout"));

    let allowed = apply(&text, &all[1], &path);
    lsp.notify("textDocument/didChange", json!({ "textDocument": { "uri": uri(&path), "version": 3 }, "contentChanges": [{ "text": allowed }] }));
    assert!(!codes(&lsp.diagnostics(&path, Some(3))).contains(&"http-client-without-timeout"));
    assert_eq!(lsp.end(), Some(0));
}

#[test]
fn edits_arrive_in_order_and_unsaved_text_wins() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let mut lsp = Lsp::session(&[&root], &json!({}));
    let (path, text) = client_file(&root);
    lsp.open(&path, &text, 1);
    // A comment is typed in front of everything, one character at a time: with a character that UTF-16 counts twice.
    let typed = "// é😀 typed\n";
    let mut column = 0;
    let mut version = 1;
    for c in typed.chars() {
        version += 1;
        let at = json!({ "line": 0, "character": column });
        let change = json!({ "range": { "start": at, "end": at }, "text": c.to_string() });
        lsp.notify(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri(&path), "version": version }, "contentChanges": [change] }),
        );
        column += c.len_utf16();
    }
    let found = lsp.diagnostics(&path, Some(version));
    let finding = found.iter().find(|d| d["code"] == "http-client-without-timeout").expect("still there");
    assert_eq!(finding["range"]["start"]["line"], 11);

    // Closing without saving brings the disk's text back.
    lsp.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&path) } }));
    let back = lsp.wait(|m| {
        let p = &m["params"];
        m["method"] == "textDocument/publishDiagnostics" && p["uri"] == uri(&path) && p["version"].is_null()
    });
    let back = back["params"]["diagnostics"].as_array().expect("a list").clone();
    assert_eq!(
        back.iter().find(|d| d["code"] == "http-client-without-timeout").expect("there")["range"]["start"]["line"],
        10
    );
    assert_eq!(lsp.end(), Some(0));
}

#[test]
fn a_function_that_is_being_typed_keeps_the_others_findings() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let mut lsp = Lsp::session(&[&root], &json!({}));
    let (path, text) = client_file(&root);
    lsp.open(&path, &text, 1);
    lsp.diagnostics(&path, Some(1));
    let broken = format!("{text}\nasync fn half(a: &str) {{\n    let x = a.\n");
    lsp.notify("textDocument/didChange", json!({ "textDocument": { "uri": uri(&path), "version": 2 }, "contentChanges": [{ "text": broken }] }));
    let found = lsp.diagnostics(&path, Some(2));
    assert!(
        codes(&found).contains(&"http-client-without-timeout") && codes(&found).contains(&"syntax-error"),
        "{:?}",
        codes(&found)
    );
    assert_eq!(lsp.end(), Some(0));
}

#[test]
fn positions_are_counted_as_the_client_asked() {
    for (offered, column) in
        [(json!(["utf-8", "utf-16"]), 35), (json!(["utf-16"]), 30), (json!(["utf-32"]), 29)]
    {
        let dir = copy_of("shop");
        let root = dir.path().canonicalize().expect("real");
        let capabilities = json!({ "general": { "positionEncodings": offered } });
        let mut lsp = Lsp::session(&[&root], &capabilities);
        let (path, text) = client_file(&root);
        let text = text.replace("Self { http:", "Self { /*é漢😀*/ http:");
        lsp.open(&path, &text, 1);
        let found = lsp.diagnostics(&path, Some(1));
        let finding = found.iter().find(|d| d["code"] == "http-client-without-timeout").expect("reported");
        assert_eq!(finding["range"]["start"]["character"], column, "{offered}");
        assert_eq!(lsp.end(), Some(0));
    }
}

#[test]
fn a_client_that_pulls_is_not_pushed_to() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let mut lsp = Lsp::session(&[&root], &json!({ "textDocument": { "diagnostic": {} } }));
    let (path, text) = client_file(&root);
    lsp.open(&path, &text, 1);
    let answer = lsp.request("textDocument/diagnostic", json!({ "textDocument": { "uri": uri(&path) } }));
    let items = answer["result"]["items"].as_array().expect("items").clone();
    assert!(codes(&items).contains(&"http-client-without-timeout"));
    let all = lsp.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
    assert!(all["result"]["items"].as_array().expect("items").len() > 3);
    assert_eq!(lsp.end(), Some(0));
}

#[test]
fn clients_that_lose_data_still_get_their_fix() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let mut lsp = Lsp::session(&[&root], &json!({}));
    let (path, text) = client_file(&root);
    lsp.open(&path, &text, 1);
    let found = lsp.diagnostics(&path, Some(1));
    let mut bare =
        found.iter().find(|d| d["code"] == "http-client-without-timeout").expect("reported").clone();
    let fields = bare.as_object_mut().expect("an object");
    fields.remove("data");
    fields.remove("source");
    let range = bare["range"].clone();
    let fix = |all: &[Value]| all.iter().any(|a| a["title"] == "Give the client a timeout");
    assert!(fix(&actions(&mut lsp, &path, &range, json!({ "diagnostics": [bare] }))));
    assert!(fix(&actions(&mut lsp, &path, &range, json!({ "diagnostics": [] }))), "by the range alone");
    assert!(actions(&mut lsp, &path, &range, json!({ "diagnostics": [], "only": ["refactor"] })).is_empty());
    assert_eq!(lsp.end(), Some(0));
}

#[test]
fn a_hover_explains_the_rule() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let mut lsp = Lsp::session(&[&root], &json!({}));
    let (path, text) = client_file(&root);
    lsp.open(&path, &text, 1);
    let hover = lsp.request(
        "textDocument/hover",
        json!({ "textDocument": { "uri": uri(&path) }, "position": { "line": 10, "character": 30 } }),
    );
    let text = hover["result"]["contents"]["value"].as_str().expect("a text").to_owned();
    assert!(text.contains("**http-client-without-timeout**") && text.contains("Why it matters"), "{text}");
    assert_eq!(lsp.end(), Some(0));
}

#[test]
fn the_first_reading_is_shown_as_progress() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let mut lsp = Lsp::session(&[&root], &json!({ "window": { "workDoneProgress": true } }));
    for kind in ["begin", "end"] {
        lsp.wait(|m| m["method"] == "$/progress" && m["params"]["value"]["kind"] == kind);
    }
    assert_eq!(lsp.end(), Some(0));
}

#[test]
fn several_roots_and_changes_on_disk() {
    let (one, two) = (copy_of("shop"), copy_of("shop-mended"));
    let roots = [one.path().canonicalize().expect("real"), two.path().canonicalize().expect("real")];
    let mut lsp = Lsp::session(&[&roots[0], &roots[1]], &json!({}));
    let (bad, _) = client_file(&roots[0]);
    assert!(!lsp.diagnostics(&bad, None).is_empty());
    // Somebody undoes a mended file outside of the editor.
    let (mended, _) = client_file(&roots[1]);
    let worse =
        std::fs::read_to_string(&mended).expect("readable").replace(".timeout(Duration::from_secs(5))", "");
    std::fs::write(&mended, worse).expect("written");
    lsp.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri(&mended), "type": 2 }] }));
    assert_eq!(codes(&lsp.diagnostics(&mended, None)), ["http-client-without-timeout"]);
    assert_eq!(lsp.end(), Some(0));
}

/// A configuration that is wrong from the start costs what it says, not the session.
#[test]
fn a_broken_configuration_is_a_finding_until_it_is_mended() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let config = root.join("svclint.toml");
    std::fs::write(&config, "[[lnk]]\n").expect("written");
    let mut lsp = Lsp::session(&[&root], &json!({}));
    let (path, text) = client_file(&root);
    lsp.open(&path, &text, 1);
    assert_eq!(codes(&lsp.diagnostics(&config, None)), ["config-error"]);
    assert!(codes(&lsp.diagnostics(&path, Some(1))).contains(&"http-client-without-timeout"));
    std::fs::write(&config, "").expect("written");
    lsp.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri(&config), "type": 2 }] }));
    assert!(lsp.diagnostics(&config, None).is_empty());
    assert_eq!(lsp.end(), Some(0));
}

#[test]
fn bad_messages_do_not_end_the_session() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let mut lsp = Lsp::session(&[&root], &json!({}));
    lsp.raw(b"Content-Length: 9\r\n\r\nnot json!");
    lsp.raw(b"Content-Length: 2\r\n\r\n[]");
    lsp.raw(b"X-Nothing: 1\r\n\r\n");
    lsp.raw(b"content-length: 43\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"$/x\",\"params\":0}");
    let unknown = lsp.request("svclint/noSuchMethod", json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    let (path, text) = client_file(&root);
    // An impossible edit is refused, the next full text puts things right.
    lsp.open(&path, &text, 1);
    let nowhere =
        json!({ "start": { "line": 9999, "character": 0 }, "end": { "line": 9999, "character": 1 } });
    lsp.notify("textDocument/didChange", json!({ "textDocument": { "uri": uri(&path), "version": 2 }, "contentChanges": [{ "range": nowhere, "text": "x" }] }));
    lsp.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": uri(&path), "version": 3 }, "contentChanges": [{ "text": text }] }),
    );
    assert!(codes(&lsp.diagnostics(&path, Some(3))).contains(&"http-client-without-timeout"));
    assert_eq!(lsp.end(), Some(0));
}

#[test]
fn the_end_is_told_by_the_exit_status() {
    let lsp = Lsp::start();
    assert_eq!(lsp.leave(), Some(1), "gone without shutdown");
    let mut lsp = Lsp::session(&[], &json!({}));
    lsp.notify("exit", Value::Null);
    assert_eq!(lsp.leave(), Some(1), "exit without shutdown");
}

/// A probe's path leads to the handler and back; its finding is mended in the manifest.
#[test]
fn manifests_and_code_lead_to_each_other() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let mut lsp = Lsp::session(&[&root], &json!({}));
    let manifest = root.join("deploy/k8s/gateway.yaml");
    let text = std::fs::read_to_string(&manifest).expect("readable");
    lsp.open(&manifest, &text, 1);
    let diagnostics = lsp.diagnostics(&manifest, Some(1));
    let finding = diagnostics.iter().find(|d| d["code"] == "probe-route-missing").expect("reported");
    let offered = actions(&mut lsp, &manifest, &finding["range"], json!({ "diagnostics": [finding] }));
    let mended = apply(&text, &offered[0], &manifest);
    assert!(
        mended.contains("readinessProbe:\n            httpGet: { path: /healthz, port: 8080 }"),
        "{mended}"
    );
    let allowed = offered.iter().find(|a| a["title"] == "Allow `probe-route-missing` on this line");
    let text_of = &allowed.expect("offered")["edit"]["changes"][uri(&manifest)][0]["newText"];
    assert!(text_of.as_str().expect("a text").trim_start().starts_with("# svclint: allow"), "{text_of}");

    // The path of the liveness probe.
    let line = text.lines().position(|l| l.contains("path: /healthz")).expect("there");
    let column = text.lines().nth(line).and_then(|l| l.find("/healthz")).expect("there") + 2;
    let at = json!({ "textDocument": { "uri": uri(&manifest) }, "position": { "line": line, "character": column } });
    let found = lsp.request("textDocument/definition", at.clone())["result"].clone();
    let places: Vec<&str> =
        found.as_array().expect("places").iter().filter_map(|l| l["uri"].as_str()).collect();
    assert!(places.iter().all(|p| p.ends_with(".rs")) && !places.is_empty(), "{found}");
    let hover = lsp.request("textDocument/hover", at)["result"]["contents"]["value"].clone();
    assert!(hover.as_str().is_some_and(|t| t.contains("GET /healthz")), "{hover}");
    let back = json!({
        "textDocument": { "uri": found[0]["uri"] },
        "position": found[0]["range"]["start"],
        "context": { "includeDeclaration": false },
    });
    let back = lsp.request("textDocument/references", back)["result"].clone();
    let probes = back.as_array().expect("places").iter().filter(|l| l["uri"] == uri(&manifest)).count();
    assert_eq!(probes, 1, "{back}");
}

/// Where a text first stands in a file, as a request asks of it.
fn place(root: &Path, file: &str, text: &str, skip: usize) -> Value {
    let path = root.join(file);
    let source = std::fs::read_to_string(&path).expect("readable");
    let at = source.match_indices(text).nth(skip).expect("there").0;
    let before = &source[..at];
    let column = at - before.rfind('\n').map_or(0, |n| n + 1) + 1;
    json!({
        "textDocument": { "uri": uri(&path) },
        "position": { "line": before.matches('\n').count(), "character": column },
        "context": { "includeDeclaration": false },
    })
}

/// `file:line` of each place of an answer.
fn places(root: &Path, answer: &Value) -> Vec<String> {
    let base = uri(root);
    let shown = |place: &Value| {
        let file =
            place["uri"].as_str().unwrap_or("").trim_start_matches(&base).trim_start_matches('/').to_owned();
        format!("{file}:{}", place["range"]["start"]["line"].as_u64().unwrap_or(0) + 1)
    };
    answer["result"].as_array().map(|all| all.iter().map(shown).collect()).unwrap_or_default()
}

fn written(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("inside")).expect("made");
        std::fs::write(path, text).expect("written");
    }
}

/// A named template of a chart leads to its definition, through other named templates, and back to all that print it.
#[test]
fn templates_of_charts_lead_to_their_definitions() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().canonicalize().expect("real");
    written(
        &root,
        &[
            ("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
            (
                "shop/templates/_helpers.tpl",
                "{{- define \"shop.name\" -}}shop{{- end }}\n{{- define \"shop.labels\" -}}\napp: {{ include \"shop.name\" . }}\n{{- end }}\n",
            ),
            (
                "shop/templates/service.yaml",
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ template \"shop.name\" . }}\n  labels: {{- include \"shop.labels\" . | nindent 4 }}\nspec:\n  ports: [{ port: 80 }]\n",
            ),
            // Another chart has a template of that name for itself.
            ("other/Chart.yaml", "apiVersion: v2\nname: other\nversion: 1.0.0\n"),
            ("other/templates/_helpers.tpl", "{{ define \"shop.name\" }}other{{ end }}\n"),
        ],
    );
    let mut lsp = Lsp::session(&[&root], &json!({}));
    let helpers = "shop/templates/_helpers.tpl";
    let service = "shop/templates/service.yaml";
    let mut ask = |what: &str, at: Value| lsp.request(&format!("textDocument/{what}"), at);
    let labels = ask("definition", place(&root, service, "shop.labels", 0));
    assert_eq!(places(&root, &labels), [format!("{helpers}:2")]);
    let name = ask("definition", place(&root, service, "shop.name", 0));
    assert_eq!(places(&root, &name), [format!("{helpers}:1")]);
    let inside = ask("definition", place(&root, helpers, "shop.name", 1));
    assert_eq!(places(&root, &inside), [format!("{helpers}:1")]);
    let uses = ask("references", place(&root, helpers, "shop.name", 0));
    assert_eq!(places(&root, &uses), [format!("{helpers}:3"), format!("{service}:4")]);
    let others = ask("references", place(&root, service, "shop.name", 0));
    assert_eq!(places(&root, &others), [format!("{helpers}:1"), format!("{helpers}:3")]);
    let hover = ask("hover", place(&root, service, "shop.labels", 0))["result"]["contents"]["value"].clone();
    assert_eq!(hover, format!("- the template `shop.labels` of `{helpers}`"));
    let hover = ask("hover", place(&root, helpers, "shop.labels", 0))["result"]["contents"]["value"].clone();
    assert_eq!(hover, format!("- printed by `{service}`"));
    assert_eq!(lsp.end(), Some(0));
}

/// A type of a protobuf file leads to what declares it: in a message around it, in the file, in what that imports.
#[test]
fn types_of_protobuf_files_lead_to_their_declarations() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().canonicalize().expect("real");
    written(
        &root,
        &[
            (
                "proto/shop/orders.proto",
                "syntax = \"proto3\";\npackage shop;\nimport \"shop/common.proto\";\nservice Orders {\n  rpc Place (Order) returns (common.Receipt);\n}\nmessage Order {\n  message Line { string sku = 1; }\n  repeated Line lines = 1;\n  map<string, common.Money> prices = 2;\n  .shop.common.Currency currency = 3;\n  Unseen unseen = 4;\n}\n",
            ),
            (
                "proto/shop/common.proto",
                "syntax = \"proto3\";\npackage shop.common;\nmessage Money { int64 units = 1; }\nmessage Receipt { Money total = 1; }\nenum Currency { UNKNOWN = 0; EUR = 1; }\nmessage Line { string of_others = 1; }\n",
            ),
            // Nobody imports it.
            ("proto/shop/unseen.proto", "syntax = \"proto3\";\npackage shop;\nmessage Unseen {}\n"),
        ],
    );
    let mut lsp = Lsp::session(&[&root], &json!({}));
    let (orders, common) = ("proto/shop/orders.proto", "proto/shop/common.proto");
    let mut ask = |what: &str, at: Value| lsp.request(&format!("textDocument/{what}"), at);
    let mut leads =
        |text: &str, skip: usize| places(&root, &ask("definition", place(&root, orders, text, skip)));
    assert_eq!(leads("Order)", 0), [format!("{orders}:7")]);
    assert_eq!(leads("common.Receipt", 0), [format!("{common}:4")]);
    assert_eq!(leads("Line lines", 0), [format!("{orders}:8")]);
    assert_eq!(leads("common.Money", 0), [format!("{common}:3")]);
    assert_eq!(leads(".shop.common.Currency", 0), [format!("{common}:5")]);
    assert_eq!(leads("Unseen", 0), Vec::<String>::new());
    let uses = ask("references", place(&root, common, "Money", 0));
    assert_eq!(places(&root, &uses), [format!("{common}:4"), format!("{orders}:10")]);
    let text = |answer: Value| answer["result"]["contents"]["value"].as_str().unwrap_or("").to_owned();
    let hover = text(ask("hover", place(&root, orders, "common.Money", 0)));
    assert_eq!(hover, "- `message Money { int64 units }` of `common.proto`");
    let hover = text(ask("hover", place(&root, orders, "Order {", 0)));
    assert_eq!(hover, "- taken by `Orders.Place`");
    assert_eq!(lsp.end(), Some(0));
}
