//! `rootfs-readonly-but-written`

use svclint_model::{Deed, Mount, Tri, What};

use super::mounted::{is_read_only, mounted};
use super::sure::sure_deeds;
use crate::edit::joined;
use crate::rules::deployed::{Deployed, deployed};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports containers whose program writes to what is read-only: the root file system where no volume is mounted over it, or a
    /// ConfigMap, Secret or volume that is mounted so.
    ///
    /// ## Why it matters
    /// The first write fails: at the start, or on the first request that needs it.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/healthz", get(|| async { "ok" })).route("/v1/report", get(report));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    ///
    /// async fn report() -> String {
    ///     tokio::fs::write("/var/cache/shop/report.csv", "id;total").await.unwrap();
    ///     "done".into()
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           securityContext: { readOnlyRootFilesystem: true }
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/healthz", get(|| async { "ok" })).route("/v1/report", get(report));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    ///
    /// async fn report() -> String {
    ///     tokio::fs::write("/var/cache/shop/report.csv", "id;total").await.unwrap();
    ///     "done".into()
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           securityContext: { readOnlyRootFilesystem: true }
    ///           volumeMounts: [{ name: cache, mountPath: /var/cache/shop }]
    ///       volumes: [{ name: cache, emptyDir: {} }]
    /// ```
    ///
    /// ## Fix
    /// Mounts an empty folder there. What is written to it is gone with the pod.
    ///
    /// ## References
    /// - Kubernetes, "Configure a Security Context for a Pod or Container"
    pub(crate) ROOTFS_READONLY_BUT_WRITTEN {
        id: "rootfs-readonly-but-written",
        category: Orchestration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx).filter(|p| p.container.mounts_complete) {
        findings.extend(first_write(cx, &program).map(|write| finding(cx, &program, &write)));
    }
}

/// A write that fails.
struct Write<'m> {
    path: &'m str,
    deed: &'m Deed,
    /// What is mounted there, where that is why it fails.
    mount: Option<&'m Mount>,
}

/// The first write that is sure to be done and to fail.
fn first_write<'m>(cx: &Context<'m>, program: &Deployed<'m>) -> Option<Write<'m>> {
    let security = &program.container.security;
    // Another folder for what is temporary.
    let moved = program.deployment.env.variables.contains_key("TMPDIR");
    let read_only_root = !moved && matches!(&security.read_only_root, Tri::Present(on) if on.value);
    sure_deeds(cx.model, program.service).into_iter().find_map(|deed| {
        let What::WriteFile(Tri::Present(path)) = &deed.what else { return None };
        let mount = mounted(program, path);
        let fails = mount.map_or(read_only_root, |mount| is_read_only(program, mount, path));
        (is_known(path) && fails).then_some(Write { path, deed, mount })
    })
}

/// Whether a path is known, and one of the container's own files.
fn is_known(path: &str) -> bool {
    let is_own = !["/dev/", "/proc/", "/sys/"].iter().any(|p| path.starts_with(p));
    path.starts_with('/') && is_own && !path.contains(['{', '$'])
}

fn finding(cx: &Context<'_>, program: &Deployed<'_>, write: &Write<'_>) -> Finding {
    let Write { path, deed, mount } = *write;
    let what = match mount {
        Some(_) => "what is mounted there",
        None => "the root file system of its container",
    };
    let message =
        format!("`{}` writes to `{path}`, and {what} is read-only: the write fails", program.service.name);
    let at = match (mount, &program.container.security.read_only_root) {
        (Some(mount), _) => mount.path.at,
        (None, Tri::Present(on)) => on.at,
        (None, _) => program.container.name_at,
    };
    // A file's folder; a name with a dot is one.
    let folder = match path.rsplit_once('/') {
        Some((folder, name)) if name.contains('.') && !folder.is_empty() => folder,
        _ => path,
    };
    program.explained(
        Finding::new(&ROOTFS_READONLY_BUT_WRITTEN, at, message)
            .help(match mount {
                Some(_) => "write to another folder, or mount there what can be written to".to_owned(),
                None => format!("mount a volume at `{folder}`"),
            })
            .label("read-only")
            .related(deed.at, "writes here")
            .subject(format!("{} {path}", program.subject()))
            .fix(
                format!("Mount an empty folder at `{folder}`"),
                Applicability::Unsafe,
                edits(cx, program, folder),
            ),
    )
}

fn edits(cx: &Context<'_>, program: &Deployed<'_>, folder: &str) -> Vec<Edit> {
    // A list that is there already is left to its writer.
    if !program.container.mounts.is_empty()
        || !program.workload.volumes.is_empty()
        || program.workload.is_compose()
    {
        return Vec::new();
    }
    let name = folder.trim_matches('/').replace(['/', '_', '.'], "-");
    let name = if name.is_empty() { "scratch".to_owned() } else { name };
    let mount = ["volumeMounts:", &format!("  - name: {name}"), &format!("    mountPath: {folder}")];
    let mut edits = cx.add_entry(program.container.block, &mount);
    let volume = ["volumes:", &format!("  - name: {name}"), "    emptyDir: {}"];
    edits.extend(cx.add_entry(program.workload.pod, &volume));
    if edits.len() == 2 { joined(edits) } else { Vec::new() }
}
