//! Chunks: nothing is lost or doubled, and what is broken hurts only itself.

#![allow(clippy::expect_used, clippy::disallowed_methods)]

use std::path::{Path, PathBuf};

use svclint_syntax::{Bounds, Chunk, ChunkKind, Tree, chunks, parse, recover, syn, with_parser_stack};

/// The names of the functions in a text, through chunks and recovery.
fn functions(text: &str) -> Vec<String> {
    with_parser_stack(|| {
        let mut found = Vec::new();
        for chunk in chunks(text) {
            read(text, &chunk, 0, &mut found);
        }
        found
    })
    .expect("no panic")
}

fn read(text: &str, chunk: &Chunk, depth: u32, found: &mut Vec<String>) {
    let names = parse(chunk.span.text(text), chunk.kind, &Bounds::default(), |tree, _| match tree {
        Tree::Items(_, items) => items.iter().flat_map(in_item).collect::<Vec<_>>(),
        Tree::ImplMembers(all) => all
            .iter()
            .filter_map(|m| if let syn::ImplItem::Fn(f) = m { Some(f.sig.ident.to_string()) } else { None })
            .collect(),
        Tree::TraitMembers(all) => all
            .iter()
            .filter_map(|m| if let syn::TraitItem::Fn(f) = m { Some(f.sig.ident.to_string()) } else { None })
            .collect(),
    });
    match names {
        Ok(names) => found.extend(names),
        Err(_) if depth < 5 => {
            recover(text, chunk).iter().for_each(|part| read(text, part, depth + 1, found))
        }
        Err(_) => {}
    }
}

fn in_item(item: &syn::Item) -> Vec<String> {
    match item {
        syn::Item::Fn(f) => vec![f.sig.ident.to_string()],
        syn::Item::Impl(i) => i
            .items
            .iter()
            .filter_map(|m| if let syn::ImplItem::Fn(f) = m { Some(f.sig.ident.to_string()) } else { None })
            .collect(),
        syn::Item::Trait(t) => t
            .items
            .iter()
            .filter_map(|m| if let syn::TraitItem::Fn(f) = m { Some(f.sig.ident.to_string()) } else { None })
            .collect(),
        syn::Item::Mod(m) => m.content.iter().flat_map(|(_, items)| items).flat_map(in_item).collect(),
        _ => Vec::new(),
    }
}

fn own_sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(dir).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push((path.clone(), std::fs::read_to_string(&path).expect("readable")));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &mut found);
    found
}

#[test]
fn this_workspace_is_cut_without_loss() {
    for (path, text) in own_sources() {
        let whole = with_parser_stack(|| {
            syn::parse_file(&text)
                .expect("our own code parses")
                .items
                .iter()
                .flat_map(in_item)
                .collect::<Vec<_>>()
        });
        let mut whole = whole.expect("no panic");
        let mut cut = functions(&text);
        whole.sort();
        cut.sort();
        // The inside of `#[cfg(test)]` modules is left out on purpose.
        if !text.contains("#[cfg(test)]\nmod") {
            assert_eq!(cut, whole, "{}", path.display());
        }
        let all = chunks(&text);
        assert!(
            all.windows(2).all(|w| w[0].span.end <= w[1].span.start),
            "{}: chunks overlap",
            path.display()
        );
    }
}

const TEXT: &str = "use a::b;\n\nfn one() {\n    call(1);\n}\n\nimpl S {\n    fn two(&self) {\n        x.y()\n    }\n\n    fn three() {}\n}\n\nfn four() -> u8 {\n    4\n}\n";

#[test]
fn an_edit_in_one_function_leaves_the_others() {
    assert_eq!(functions(TEXT), ["one", "two", "three", "four"]);
    for (what, broken, left) in [
        ("a lost brace", TEXT.replacen("    call(1);\n}", "    call(1);\n", 1), ["two", "three", "four"]),
        ("an open bracket", TEXT.replacen("call(1)", "call((1", 1), ["two", "three", "four"]),
        ("half a line", TEXT.replacen("        x.y()", "        let z = x.", 1), ["one", "three", "four"]),
        ("an open string", TEXT.replacen("    4", "    \"4", 1), ["one", "two", "three"]),
    ] {
        let found = functions(&broken);
        for name in left {
            assert!(found.iter().any(|f| f == name), "{what}: `{name}` is lost, left are {found:?}");
        }
    }
}

#[test]
fn only_the_edited_chunk_has_a_new_hash() {
    let large = format!(
        "impl S {{\n{}}}\n",
        (0..200)
            .map(|n| format!("    fn f{n}(&self) -> u32 {{\n        compute({n}) + {n}\n    }}\n\n"))
            .collect::<String>()
    );
    let before = chunks(&large);
    let after = chunks(&large.replacen("compute(77)", "compute(770)", 1));
    assert!(before.len() > 10 && before[0].kind == ChunkKind::Container, "a large block is cut");
    let changed = before.iter().zip(&after).filter(|(a, b)| a.hash != b.hash).count();
    assert_eq!((before.len() == after.len(), changed), (true, 1));
}

#[test]
fn marks_at_the_beginning_do_not_shift_places() {
    let text = "\u{feff}#!/usr/bin/env x\n// é\nfn ключ() { \"😀\"; call(); }\n";
    let chunk = chunks(text)[0];
    let name = with_parser_stack(|| {
        parse(chunk.span.text(text), chunk.kind, &Bounds::default(), |tree, map| match tree {
            Tree::Items(_, items) => match &items[0] {
                syn::Item::Fn(f) => {
                    map.span(f.sig.ident.span()).shift(chunk.span.start).text(text).to_owned()
                }
                _ => String::new(),
            },
            _ => String::new(),
        })
    });
    assert_eq!(name.expect("no panic").expect("it parses"), "ключ");
}

#[test]
fn test_modules_are_set_apart() {
    let text = "fn a() {}\n\n/// Tests.\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n\n#[cfg(not(test))]\nmod real { fn c() {} }\n";
    assert_eq!(functions(text), ["a", "c"]);
}

/// A large block is cut into its members, and the first of them takes the attributes of the block along.
#[test]
fn attributes_inside_of_a_large_block() {
    let members: String =
        (0..300).map(|n| format!("    fn f{n}(&self) {{ call({n}, \"some text\"); }}\n")).collect();
    let text = format!("struct S;\nimpl S {{\n    #![allow(clippy::unused_self)]\n\n{members}}}\n");
    assert_eq!(functions(&text).len(), 300);
}
