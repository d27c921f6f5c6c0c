//! How much svclint takes on.

use crate::scan::{Token, scan};

/// The stack that a thread needs to parse: syn recurses, and overflows abort the process.
pub const PARSER_STACK_BYTES: usize = 64 << 20;

/// Limits on what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Larger files are skipped. Bytes.
    pub max_file_bytes: u64,
    /// Chunks with deeper brackets are refused.
    pub max_depth: u32,
    /// Chunks with longer runs of prefix operators (`----x`) are refused.
    pub max_prefix_run: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { max_file_bytes: 4 << 20, max_depth: 500, max_prefix_run: 2000 }
    }
}

impl Bounds {
    /// Why the text must not be parsed, if so.
    pub(crate) fn refuse(&self, text: &str) -> Option<String> {
        // Counting bytes is far cheaper than scanning, and settles nearly every text.
        let bytes = text.as_bytes();
        let brackets = memchr::memchr3_iter(b'(', b'[', b'{', bytes).count();
        let deepest = if brackets as u64 > u64::from(self.max_depth) { deepest(bytes) } else { 0 };
        if deepest > self.max_depth {
            return Some(format!("brackets nest {deepest} deep; svclint reads at most {}", self.max_depth));
        }
        let run =
            if text.len() as u64 > u64::from(self.max_prefix_run) { longest_prefix_run(text) } else { 0 };
        (run > self.max_prefix_run).then(|| {
            format!("{run} operators follow each other; svclint reads at most {}", self.max_prefix_run)
        })
    }
}

/// How deep brackets nest.
fn deepest(text: &[u8]) -> u32 {
    let (mut depth, mut deepest) = (0u32, 0u32);
    scan(text, |_, token| match token {
        Token::Open(_) => {
            depth += 1;
            deepest = deepest.max(depth);
        }
        Token::Close(_) => depth = depth.saturating_sub(1),
        Token::Semicolon => {}
    });
    deepest
}

fn longest_prefix_run(text: &str) -> u32 {
    let (mut run, mut longest) = (0, 0);
    for byte in text.bytes() {
        match byte {
            b'-' | b'!' | b'*' | b'&' => run += 1,
            b' ' | b'\n' | b'\t' | b'\r' => {}
            _ => run = 0,
        }
        longest = longest.max(run);
    }
    longest
}
