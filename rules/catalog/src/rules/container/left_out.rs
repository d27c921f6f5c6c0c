//! What an image is built with and does not get: `image-does-not-match-crate` at the `COPY` that asks for it.

use svclint_model::{Image, LeftOut};

use super::image_does_not_match_crate::IMAGE_DOES_NOT_MATCH_CRATE;
use super::written::file_name;
use crate::edit::insert_after;
use crate::{Applicability, Context, Finding};

/// `COPY migrations migrations`, where `.dockerignore` says `migrations`.
pub(super) fn finding(cx: &Context<'_>, image: &Image, left_out: &LeftOut) -> Finding {
    let LeftOut { at, path, package, by } = left_out;
    let package = package.and_then(|number| cx.model.packages.get(number));
    let ignore = cx.model.files.get(by.file.0 as usize).and_then(|p| p.to_str()).unwrap_or(".dockerignore");
    let what = match package {
        Some(package) => format!("the package `{}`", package.name),
        None => format!("`{path}`"),
    };
    // A package is its folder, not its manifest alone.
    let kept = package.and_then(|_| path.strip_suffix("/Cargo.toml")).unwrap_or(path);
    let exception = format!("{}!{kept}", cx.line_end(by.file));
    let message = format!("`{}` keeps {what} out of the build: the image cannot be built", file_name(ignore));
    let mut finding = Finding::new(&IMAGE_DOES_NOT_MATCH_CRATE, *at, message)
        .help(format!("take the line out of `{}`, or add `!{kept}` below it", file_name(ignore)))
        .label("not there to copy")
        .related(*by, "kept out by this line")
        .subject(path.clone())
        .fix(
            format!("Let `{kept}` into the build"),
            Applicability::Proposal,
            vec![insert_after(*by, exception)],
        );
    finding.service = image.ships.as_ref().map(|s| s.binary.clone());
    finding
}
