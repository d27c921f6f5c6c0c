//! From a keystroke to published diagnostics, in the running server: one character typed inside a function of a file of 5,000
//! lines, again and again. Prints the 50th and 99th percentile.
//!
//! `cargo bench -p svclint --bench edit`

#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::time::Instant;

use serde_json::json;
use support::{Lsp, copy_of, uri};

const EDITS: usize = 400;
const LINES: usize = 5_000;

fn main() {
    let dir = copy_of("shop");
    let root = dir.path().canonicalize().expect("real");
    let path = root.join("crates/orders/src/big.rs");
    let mut text =
        String::from("use crate::repo::OrderRepo;\n\npub struct Big { repo: OrderRepo }\n\nimpl Big {\n");
    let mut number = 0;
    while text.lines().count() < LINES {
        text.push_str(&format!(
            "    pub async fn step_{number}(&self, id: uuid::Uuid) -> Result<usize, sqlx::Error> {{\n        \
             let found = self.repo.find(id).await?;\n        let all = self.repo.list().await?;\n        \
             tracing::debug!(%id, count = all.len(), \"step {number}\");\n        \
             Ok(found.map_or(0, |order| order.customer.len() + all.len() + {number}))\n    }}\n\n"
        ));
        number += 1;
    }
    text.push_str("}\n");
    std::fs::write(&path, &text).expect("written");
    let main = root.join("crates/orders/src/main.rs");
    let with_big =
        std::fs::read_to_string(&main).expect("readable").replace("mod error;", "mod big;\nmod error;");
    std::fs::write(&main, with_big).expect("written");

    let mut lsp = Lsp::session(&[&root], &json!({}));
    lsp.open(&path, &text, 1);
    lsp.diagnostics(&path, Some(1));
    let line = text.lines().position(|l| l.contains("step_300")).expect("a function in the middle") + 2;
    let mut times = Vec::new();
    for edit in 0..EDITS {
        let version = edit as i64 + 2;
        let at = json!({ "line": line, "character": 12 });
        let end = json!({ "line": line, "character": 12 + edit % 2 });
        let change =
            json!({ "range": { "start": at, "end": end }, "text": if edit % 2 == 0 { "x" } else { "" } });
        let start = Instant::now();
        lsp.notify(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri(&path), "version": version }, "contentChanges": [change] }),
        );
        lsp.diagnostics(&path, Some(version));
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!("{} lines, {EDITS} edits", text.lines().count());
    println!("p50 {:6.1} ms", times[EDITS / 2]);
    println!("p99 {:6.1} ms", times[EDITS * 99 / 100]);
}
