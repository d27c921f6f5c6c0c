//! How a program is started, and what else than its manifest may give it variables.

use svclint_model::{ImageStage, Tri, What};

use crate::Context;
use crate::rules::deployed::Deployed;

/// Programs that only hand on to the one that they are given.
const HANDS_ON: [&str; 5] = ["tini", "tini-static", "dumb-init", "catatonit", "exec"];

/// Whether a file may give variables: the program loads one, and folders or files are mounted into its container.
pub(super) fn may_come_from_file(cx: &Context<'_>, program: &Deployed<'_>) -> bool {
    let container = program.container;
    let functions = program.service.functions.iter().filter_map(|f| cx.model.functions.get(f.0 as usize));
    let loads = functions.flat_map(|f| &f.does).any(|d| matches!(d.what, What::LoadEnvFile(_)));
    loads && (!container.mounts.is_empty() || !container.mounts_complete)
}

/// The arguments that a program is started with; `None` where they are not known, or something else runs first, which may
/// give it variables: a script, a shell, `doppler run`.
pub(super) fn arguments(cx: &Context<'_>, program: &Deployed<'_>) -> Option<Vec<String>> {
    let words = started(cx, program)?;
    let name = |word: &str| word.rsplit('/').next().unwrap_or(word).replace('_', "-");
    let is_handing = |word: &String| HANDS_ON.contains(&name(word).as_str()) || word.starts_with('-');
    let at = words.iter().position(|w| !is_handing(w))?;
    let first = name(words.get(at)?);
    let known =
        first == name(&program.service.binary) || copied_as(cx, program).is_some_and(|c| name(c) == first);
    known.then(|| words.get(at + 1..).unwrap_or_default().to_vec())
}

/// All words of what a container runs.
fn started(cx: &Context<'_>, program: &Deployed<'_>) -> Option<Vec<String>> {
    let container = program.container;
    let image = program.deployment.image.and_then(|i| cx.model.images.get(i));
    let target = container.build.as_ref().and_then(|b| b.target.as_deref());
    let stage = image.and_then(|i| target.map_or_else(|| i.last(), |name| i.stage(name)));
    let args = |stage: Option<&ImageStage>| match &container.args {
        Tri::Present(words) => Some(words.clone()),
        Tri::Absent => match stage.and_then(|s| s.cmd.as_ref()) {
            Some(cmd) => cmd.argv.clone(),
            None => Some(Vec::new()),
        },
        Tri::Unknown => None,
    };
    let (entry, rest) = match &container.command {
        Tri::Present(words) => (words.clone(), args(None)?),
        Tri::Absent => {
            let stage = stage.filter(|s| !s.broken)?;
            let entry = match &stage.entrypoint {
                Some(entry) => entry.argv.clone()?,
                None => Vec::new(),
            };
            (entry, args(Some(stage))?)
        }
        Tri::Unknown => return None,
    };
    Some([entry, rest].concat())
}

/// The path that the image has the program at.
fn copied_as<'m>(cx: &Context<'m>, program: &Deployed<'_>) -> Option<&'m str> {
    let image = cx.model.images.get(program.deployment.image?)?;
    image.ships.as_ref()?.copied.as_ref()?.to.as_deref()
}
