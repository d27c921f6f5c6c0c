//! What a service of a compose file has mounted, and where.

use super::super::data::{Mount, Spot, Volume};
use super::super::value::Value;

/// The volumes that are mounted: the host's path where it is one.
pub(super) fn volumes(service: &Value) -> Vec<Volume> {
    let volume = |value: &Value| {
        let source = match value.text() {
            Some(text) => text.split(':').next(),
            None => value.get("source").and_then(Value::text),
        };
        let source = source.unwrap_or("");
        let is_path = source.starts_with(['/', '.', '~']);
        Volume {
            name: source.to_owned(),
            kind: if is_path { "hostPath" } else { "volume" }.to_owned(),
            host_path: is_path.then(|| source.to_owned()),
            at: value.at,
        }
    };
    service.get("volumes").map_or(&[][..], Value::items).iter().map(volume).collect()
}

/// The paths at which something is mounted, and whether they are all.
pub(super) fn mounts(service: &Value) -> (Vec<Mount>, bool) {
    let listed = service.get("volumes").map_or(&[][..], Value::items);
    let mut found: Vec<Option<Mount>> = listed.iter().map(mount).collect();
    if let Some(tmpfs) = service.get("tmpfs") {
        found.extend(tmpfs.items().iter().chain(tmpfs.text().map(|_| tmpfs)).map(mount));
    }
    let kept = ["secrets", "configs", "volumes_from"];
    let complete = found.iter().all(Option::is_some)
        && !service.is_open()
        && !service.get("volumes").is_some_and(Value::is_open)
        && !kept.iter().any(|key| service.get(key).is_some());
    (found.into_iter().flatten().collect(), complete)
}

/// `./data:/data:ro`, `/data`, or the long form.
fn mount(value: &Value) -> Option<Mount> {
    let (source, path, read_only) = match value.text() {
        Some(text) if text.contains('$') => return None,
        Some(text) => {
            let (source, rest) = text.split_once(':').unwrap_or(("", text));
            match rest.starts_with('/') {
                true => {
                    let options = rest.split(':').nth(1).unwrap_or("");
                    (source, rest.split(':').next()?, options.split(',').any(|o| o == "ro"))
                }
                // `/run:size=64k`
                false => ("", source, false),
            }
        }
        None => {
            let source = value.get("source").and_then(Value::text).unwrap_or("");
            let read_only = value.get("read_only").and_then(Value::text) == Some("true");
            (source, value.get("target")?.text().filter(|t| !t.contains('$'))?, read_only)
        }
    };
    let path = Spot { value: path.to_owned(), at: value.at };
    Some(Mount { path, volume: source.to_owned(), read_only })
}
