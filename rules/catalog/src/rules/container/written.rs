//! Instructions written like those around them.

use svclint_model::docker::{Instruction, InstructionKind};
use svclint_model::{Image, Place};
use svclint_syntax::Span;

use crate::finding::Edit;
use crate::rule::Context;

impl Context<'_> {
    /// Instructions in the case of the file's own, each with a line end, as one text.
    pub(super) fn instructions(&self, image: &Image, lines: &[(&str, &str)]) -> String {
        let first = image.stages.first().map_or("", |s| self.text(s.at));
        let is_lower = first.starts_with("from");
        let end = self.line_end(image.file);
        let keyword = |k: &str| if is_lower { k.to_ascii_lowercase() } else { k.to_owned() };
        lines.iter().map(|(k, rest)| format!("{} {rest}{end}", keyword(k))).collect()
    }

    /// Puts instructions in front of another one.
    pub(super) fn before_instruction(&self, image: &Image, at: Place, lines: &[(&str, &str)]) -> Edit {
        let text = self.instructions(image, lines);
        Edit::Replace { file: image.file, span: Span::at(at.span.start), text }
    }

    /// Puts instructions after another one.
    pub(super) fn after_instruction(&self, image: &Image, at: Place, lines: &[(&str, &str)]) -> Edit {
        let end = self.line_end(image.file);
        let text = self.instructions(image, lines);
        let text = format!("{end}{}", text.strip_suffix(end).unwrap_or(&text));
        Edit::Replace { file: image.file, span: Span::at(at.span.end), text }
    }
}

/// Words as a JSON list.
pub(super) fn json<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let quoted = words.into_iter().map(|w| format!("\"{}\"", w.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
}

/// The first instruction of the last stage that says how the container runs: what mends the image stands in front of it.
pub(super) fn first_of_start(image: &Image) -> Option<Place> {
    let stage = image.facts.stages.last()?;
    let starts =
        |i: &&Instruction| matches!(i.kind, InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_));
    let span = stage.instructions.iter().find(starts)?.span;
    Some(Place { file: image.file, span })
}

/// The last instruction of the last stage.
pub(super) fn end_of_last(image: &Image) -> Option<Place> {
    let stage = image.facts.stages.last()?;
    let span = stage.instructions.last().map_or(stage.from, |i| i.span);
    Some(Place { file: image.file, span })
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
