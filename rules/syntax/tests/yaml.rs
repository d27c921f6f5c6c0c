//! YAML as people write it, with templates in it, and broken.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use svclint_syntax::yaml::{Node, NodeKind, Yaml, yaml};

/// Values one a line: where in the tree, and the text at the span.
fn shown(text: &str) -> String {
    let mut lines = Vec::new();
    let read = yaml(text);
    for (number, document) in read.documents.iter().enumerate() {
        let root = if read.documents.len() > 1 { format!("{number}") } else { String::new() };
        show(document, text, &root, &mut lines);
    }
    lines.extend(read.errors.iter().map(|e| format!("error at `{}`", e.span.text(text))));
    lines.join("\n")
}

fn show(node: &Node, text: &str, path: &str, lines: &mut Vec<String>) {
    match &node.kind {
        NodeKind::Map(map) => {
            for (key, value) in &map.entries {
                show(value, text, &format!("{path}.{}", key.text().unwrap_or("?")), lines);
            }
            lines.extend(map.open.then(|| format!("{path}.*")));
        }
        NodeKind::Seq(seq) => {
            for (number, item) in seq.items.iter().enumerate() {
                show(item, text, &format!("{path}[{number}]"), lines);
            }
            lines.extend(seq.open.then(|| format!("{path}[*]")));
        }
        NodeKind::Null => lines.push(format!("{path} = null")),
        NodeKind::Template(source) => lines.push(format!("{path} <- {source}")),
        NodeKind::Scalar { text: value, .. } => {
            let written = node.span.text(text);
            let same = written.trim_matches(['"', '\'']) == value.as_str();
            lines.push(if same {
                format!("{path} = {value}")
            } else {
                format!("{path} = {value:?} at {written:?}")
            });
        }
    }
}

#[test]
fn documents_anchors_and_merge_keys() {
    let text = "a: &x {p: 1, q: '2'}\nb: *x\nc:\n  <<: *x\n  q: 3\nd: |\n  two\n  lines\ne:\n---\n- \"é\" # comment\n- ~\n";
    insta::assert_snapshot!(shown(text), @r#"
    0.a.p = 1
    0.a.q = 2
    0.b.p = 1
    0.b.q = 2
    0.c.q = 3
    0.c.p = 1
    0.d = "two\nlines\n" at "two\n  lines"
    0.e = null
    1[0] = é
    1[1] = null
    "#);
}

#[test]
fn templates_are_unknown_and_never_wrong() {
    let text = r#"apiVersion: v1
{{- if .Values.on }}
kind: Deployment
metadata:
  name: {{ include "shop.name" . }}
  labels:
    {{- include "shop.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas | default 2 }}
  image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  env:
    - name: A
      value: b
    {{- range $k, $v := .Values.env }}
    - name: {{ $k }}
    {{- end }}
  {{- if .Values.fast }}
  mode: fast
  {{- else }}
  mode: slow
  {{- end }}
  last: "{{ "quoted }} inside" }}"
{{- end }}
"#;
    insta::assert_snapshot!(shown(text), @r#"
    .apiVersion = v1
    .kind = Deployment
    .metadata.name <- {{ include "shop.name" . }}
    .metadata.labels <- {{ include "shop.labels" . | nindent 4 }}
    .spec.replicas <- {{ .Values.replicas | default 2 }}
    .spec.image <- {{ .Values.image.repository }}:{{ .Values.image.tag }}
    .spec.nodeSelector <- {{ toYaml (.Values.nodeSelector) | nindent 4 }}
    .spec.env[0].name = A
    .spec.env[0].value = b
    .spec.env[1].name <- 
    .spec.env[*]
    .spec.mode <- 
    .spec.last <- {{ "quoted }} inside" }}
    "#);
}

#[test]
fn a_mistake_costs_its_line_only() {
    for (text, shown_as) in [
        ("a: 1\nb: [1, 2\nc: 3\n", ".a = 1\n.c = 3\nerror at `b: [1, 2`"),
        ("a: 1\nd:\n  e: 4\n  f\n  g: 5\n", ".a = 1\n.d.e = 4\n.d.g = 5\nerror at `  f`"),
        ("a: 1\nb: \"x\nc: 2\n", ".a = 1\n.c = 2\nerror at `b: \"x`"),
    ] {
        assert_eq!(shown(text), shown_as, "{text}");
    }
}

#[test]
fn hostile_files_are_bounded() {
    let bomb: String = (0..30).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let alias = format!("*a{n}, ").repeat(9);
        format!("{text}a{0}: &a{0} [{alias}*a{n}]\n", n + 1)
    });
    assert!(!yaml(&bomb).errors.is_empty());
    let deep = format!("{}x", "[".repeat(10_000));
    let _: Yaml = yaml(&deep);
    let nested: String = (0..500).map(|n| format!("{}k:\n", " ".repeat(n))).collect();
    let _: Yaml = yaml(&nested);
    for text in [
        "",
        "\u{feff}a: 1",
        "\ta: 1",
        "a: 1\r\nb:\r\n  - 2\r\n",
        "{{",
        "{{ \"",
        "a: {{ x",
        "é: {{ é }} é",
        "*x",
        "&",
        "%",
        "--- ---",
        "? a\n: b",
        "a: b: c",
    ] {
        for cut in (0..=text.len()).filter(|n| text.is_char_boundary(*n)) {
            let _: Yaml = yaml(&text[..cut]);
        }
    }
    assert_eq!(shown("\u{feff}a: 1\r\nb:\r\n- 2\r\n"), ".a = 1\n.b[0] = 2");
}

#[test]
fn a_block_of_text_ends_with_its_last_line() {
    let text = "a:\n  b: |-\n    one\n     two\n\n  c: >\n    three\n\n# of d\nd: 1\n";
    insta::assert_snapshot!(shown(text), @r#"
    .a.b = "one\n two" at "one\n     two"
    .a.c = "three\n" at "three"
    .d = 1
    "#);
}

#[test]
fn strings_in_actions_in_texts_in_quotes_have_escaped_quotes() {
    let text = "- a: \"at {{ $value | printf \\\"%.1f\\\" }}% of {{ $labels.instance }}\"\n  b: \"{{ $value }}\"\n- a: 1\n";
    insta::assert_snapshot!(shown(text), @"
    [0].a <- 
    [0].b <- 
    [1].a = 1
    ");
}

#[test]
fn the_last_one_of_a_key_counts() {
    let text = "a: {x: 1}\nb: 2\n'a': 3\nc:\n  - b: 4\n    b: 5\n";
    let read = yaml(text);
    let told: Vec<_> =
        read.doubled.iter().map(|d| (d.key.as_str(), d.lost_entry.text(text), d.kept.text(text))).collect();
    assert_eq!(told, [("b", "b: 4", "b"), ("a", "a: {x: 1}", "'a'")]);
    assert_eq!(read.documents.first().and_then(|d| d.get("a")).and_then(Node::text), Some("3"));
}
