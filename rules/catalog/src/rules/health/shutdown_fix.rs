//! The edit that makes a server wait for the signal to end.

use svclint_model::{FileId, Listener};
use svclint_syntax::Span;

use crate::{Applicability, Context, Edit, Fix};

/// The helper that the edit calls.
const HELPER: &str = "shutdown_signal";

/// Serves with a graceful end, on a helper that waits for the signals; `None` where the library has no such call, or the
/// helper's name is taken by something else.
pub(super) fn fix(cx: &Context<'_>, listener: &Listener) -> Option<Fix> {
    let (file, call) = (listener.at.file, cx.text(listener.at));
    let (path, args) = call.strip_suffix(')')?.split_once('(')?;
    let method = path.rsplit(['.', ':']).next()?;
    let template = listener.snippets.get(&format!("graceful-{method}"))?;
    let written = template.replace("{call}", call).replace("{args}", args.trim_end().trim_end_matches(','));
    let text = match written.strip_prefix(call) {
        // A call of its own goes to a line of its own where the chain has lines.
        Some(added) => format!("{call}{}{added}", gap(cx, listener)),
        None => written,
    };
    let mut edits = vec![Edit::Replace { file, span: listener.at.span, text }];
    if !has_helper(cx, file)? {
        let end = cx.sources.text(file).trim_end().len() as u32;
        let helper = listener.snippets.get("shutdown-signal")?;
        let lines = helper.trim().replace('\n', cx.line_end(file)).replace("    ", cx.indent_step(file));
        let gap = cx.line_end(file).repeat(2);
        edits.push(Edit::Replace { file, span: Span::at(end), text: format!("{gap}{lines}") });
    }
    let title = "End gracefully on SIGTERM and Ctrl-C".into();
    Some(Fix { title, applicability: Applicability::Unsafe, edits })
}

/// The line break in front of a further call.
fn gap(cx: &Context<'_>, listener: &Listener) -> String {
    let rest = cx.sources.text(listener.at.file).get(listener.at.span.end as usize..).unwrap_or("");
    let blank = &rest[..rest.len() - rest.trim_start().len()];
    if blank.contains('\n') && rest.trim_start().starts_with('.') { blank.to_owned() } else { String::new() }
}

/// Whether the file has the helper; `None` where its name means something else there.
fn has_helper(cx: &Context<'_>, file: FileId) -> Option<bool> {
    let scope = cx.model.scopes.get(file.0 as usize)?;
    let is_helper = |f: &&std::sync::Arc<svclint_model::Function>| {
        let name = f.path.rsplit("::").next();
        f.name.file == file && name == Some(HELPER) && f.is_async && f.inputs.is_empty()
    };
    if cx.model.functions.iter().any(|f| is_helper(&f)) {
        return Some(true);
    }
    let taken = scope.items.iter().any(|n| n == HELPER) || scope.uses.iter().any(|(_, n)| n == HELPER);
    (!taken).then_some(false)
}
