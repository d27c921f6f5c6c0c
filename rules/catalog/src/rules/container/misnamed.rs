//! Images of manifests that a workflow pushes under another name.

use svclint_model::MisnamedImage;

use super::image_does_not_match_crate::IMAGE_DOES_NOT_MATCH_CRATE;
use crate::{Applicability, Context, Finding};

/// `image: registry/shop/order:1.4`, where the workflow pushes `registry/shop/orders`.
pub(super) fn finding(cx: &Context<'_>, image: &MisnamedImage) -> Finding {
    let MisnamedImage { name, at, pushed, pushed_at } = image;
    let written = cx.text(*at);
    let edits = if written.contains(name.as_str()) {
        cx.set(*at, written.trim_matches(['"', '\'']).replacen(name.as_str(), pushed, 1))
    } else {
        Vec::new()
    };
    let message =
        format!("nothing here builds `{name}`, and `{pushed}` is pushed: what runs is not what was built");
    Finding::new(&IMAGE_DOES_NOT_MATCH_CRATE, *at, message)
        .help(format!("use one name in both places: `{pushed}`, if it is the one that is meant"))
        .label("built by nothing here")
        .related(*pushed_at, format!("pushes `{pushed}`"))
        .subject(name.clone())
        .fix(format!("Change it to `{pushed}`"), Applicability::Proposal, edits)
}
