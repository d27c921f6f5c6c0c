//! Lowering, shown as the source under each span: a wrong span shows at once.

#![allow(clippy::expect_used, clippy::panic)]

use svclint_facts::rust::{Body, ExprKind, ItemKind, RustFile, rust_file};
use svclint_syntax::{Bounds, with_parser_stack};

fn read(text: &str, previous: Option<&RustFile>) -> RustFile {
    with_parser_stack(|| rust_file(text, previous, &Bounds::default())).expect("no panic")
}

fn body(file: &RustFile, name: &str) -> (u32, Body) {
    for chunk in &file.chunks {
        for item in &chunk.facts.items {
            if let ItemKind::Fn(function) = &item.kind
                && item.name == name
            {
                return (
                    chunk.start,
                    std::sync::Arc::unwrap_or_clone(function.body.clone().expect("a body")),
                );
            }
        }
    }
    panic!("no function `{name}`")
}

/// One line for each expression that is more than a path or literal: its kind and its source.
fn dump(text: &str) -> String {
    let file = read(text, None);
    let (start, body) = body(&file, "f");
    let mut lines = Vec::new();
    for (_, expr) in body.iter() {
        let kind = match &expr.kind {
            ExprKind::Path(_) | ExprKind::Lit(_) | ExprKind::Block { .. } => continue,
            ExprKind::MethodCall { method_span, call_span, .. } => {
                let part = |s: &svclint_syntax::Span| s.shift(start).text(text).to_owned();
                format!("method {} {}", part(method_span), part(call_span))
            }
            ExprKind::Macro(call) => format!(
                "macro {} with {} values, {} captured",
                call.path.text(),
                call.args.len(),
                call.implicit
            ),
            ExprKind::Select { branches, .. } => format!("select with {} branches", branches.len()),
            other => format!("{other:?}").split([' ', '(']).next().unwrap_or("").to_lowercase(),
        };
        let source = expr.span.shift(start).text(text).replace('\n', " ");
        lines.push(format!("{kind}: {source}"));
    }
    lines.join("\n")
}

#[test]
fn spans_name_what_was_written() {
    let text = "// ключ 😀\nasync fn f(a: &A) -> R {\n    let x = a.b(1)?.c::<T>(|y| y + 1).await;\n    s.field = &-x[0];\n    if let Some(z) = g(x) { return Z { z, w: !z } }\n    for i in 0..9 { (i, [i]); }\n}\n";
    insta::assert_snapshot!(dump(text), @r##"
    method b .b(1): a.b(1)
    try: a.b(1)?
    binary: y + 1
    closure: |y| y + 1
    method c .c::<T>(|y| y + 1): a.b(1)?.c::<T>(|y| y + 1)
    await: a.b(1)?.c::<T>(|y| y + 1).await
    field: s.field
    index: x[0]
    unary: -x[0]
    ref: &-x[0]
    assign: s.field = &-x[0]
    call: g(x)
    let: let Some(z) = g(x)
    unary: !z
    struct: Z { z, w: !z }
    return: return Z { z, w: !z }
    if: if let Some(z) = g(x) { return Z { z, w: !z } }
    range: 0..9
    array: [i]
    tuple: (i, [i])
    for: for i in 0..9 { (i, [i]); }
    "##);
}

#[test]
fn macros_are_opened() {
    let text = r#"async fn f() {
    info!(target: "t", order = %id, count, "placed {order} for {who}", who = name());
    let v = json!({ "a": one(), "b": [two(), null] });
    tokio::select! { biased; x = recv() => use_it(x), _ = stop(), if ok => {} else => {} }
    assert!(matches!(e, Some(1) if guard()));
    sqlx::query!("SELECT 1", a as _, b).fetch_one(&pool).await;
    weird!(a => b; c d);
}
"#;
    insta::assert_snapshot!(dump(text), @r##"
    call: name()
    macro info with 5 values, 0 captured: info!(target: "t", order = %id, count, "placed {order} for {who}", who = name())
    call: one()
    call: two()
    macro json with 2 values, 0 captured: json!({ "a": one(), "b": [two(), null] })
    call: recv()
    call: use_it(x)
    call: stop()
    select with 3 branches: tokio::select! { biased; x = recv() => use_it(x), _ = stop(), if ok => {} else => {} }
    call: guard()
    macro matches with 2 values, 0 captured: matches!(e, Some(1) if guard())
    macro assert with 1 values, 0 captured: assert!(matches!(e, Some(1) if guard()))
    cast: a
    macro sqlx::query with 3 values, 0 captured: sqlx::query!("SELECT 1", a as _, b)
    ref: &pool
    method fetch_one .fetch_one(&pool): sqlx::query!("SELECT 1", a as _, b).fetch_one(&pool)
    await: sqlx::query!("SELECT 1", a as _, b).fetch_one(&pool).await
    macro weird with 2 values, 0 captured: weird!(a => b; c d)
    "##);
}

#[test]
fn what_did_not_change_is_shared() {
    let text = |n: u32| {
        (0..40)
            .map(|i| {
                format!(
                    "fn f{i}() {{\n    {}\n}}\n\n",
                    "call(1);\n    ".repeat(20) + &if i == 7 { n } else { 0 }.to_string()
                )
            })
            .collect::<String>()
    };
    let before = read(&text(1), None);
    let after = read(&text(2), Some(&before));
    let same = before
        .chunks
        .iter()
        .zip(&after.chunks)
        .filter(|(a, b)| std::sync::Arc::ptr_eq(&a.facts, &b.facts))
        .count();
    assert_eq!(same, before.chunks.len() - 1);
}

#[test]
fn a_chunk_that_breaks_keeps_its_last_good_facts() {
    let good =
        "fn one() {\n    a();\n}\n".to_owned() + &"// padding\n".repeat(120) + "fn two() {\n    b();\n}\n";
    let before = read(&good, None);
    let after = read(&good.replace("a();", "a(;"), Some(&before));
    let stale: Vec<_> = after.chunks.iter().filter(|c| c.stale).collect();
    assert_eq!(stale.len(), 1);
    assert_eq!(stale[0].facts.items[0].name, "one");
    assert!(stale[0].error.is_some());
    assert!(after.chunks.iter().any(|c| c.error.is_none() && c.facts.items.iter().any(|i| i.name == "two")));
}

#[test]
fn comments_and_directives_are_kept() {
    let file = read("// plain\n/* svclint: allow(x) why */\nfn a() { let s = \"// no\"; }\n", None);
    let comments: Vec<_> = file.chunks.iter().flat_map(|c| &c.facts.comments).collect();
    assert_eq!(comments.len(), 2);
    assert_eq!(comments[1].directive.as_deref(), Some("allow(x) why"));
}
