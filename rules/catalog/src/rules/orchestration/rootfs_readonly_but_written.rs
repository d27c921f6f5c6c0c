//! `rootfs-readonly-but-written`

use svclint_model::{Deed, Tri, What};

use super::sure::sure_deeds;
use crate::edit::joined;
use crate::rules::deployed::{Deployed, deployed};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports containers with a read-only root file system whose program writes to a path that no volume is mounted at.
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
    for program in deployed(cx) {
        let read_only = matches!(&program.container.security.read_only_root, Tri::Present(on) if on.value);
        // Another folder for what is temporary, or mounts that are not seen.
        let moved = program.deployment.env.variables.contains_key("TMPDIR");
        if read_only && !moved && program.container.mounts_complete {
            findings.extend(first_write(cx, &program).map(|(path, deed)| finding(cx, &program, path, deed)));
        }
    }
}

/// The first write that is sure to be done, to a path that is known and that nothing is mounted at.
fn first_write<'m>(cx: &Context<'m>, program: &Deployed<'m>) -> Option<(&'m str, &'m Deed)> {
    sure_deeds(cx.model, program.service).into_iter().find_map(|deed| match &deed.what {
        What::WriteFile(Tri::Present(path)) if path.starts_with('/') && !is_mounted(program, path) => {
            Some((path.as_str(), deed))
        }
        _ => None,
    })
}

fn is_mounted(program: &Deployed<'_>, path: &str) -> bool {
    // Not files of the root file system at all.
    if ["/dev/", "/proc/", "/sys/"].iter().any(|p| path.starts_with(p)) || path.contains(['{', '$']) {
        return true;
    }
    program.container.mounts.iter().any(|(mount, _)| {
        let at = mount.value.trim_end_matches('/');
        path == at || path.strip_prefix(at).is_some_and(|rest| rest.starts_with('/'))
    })
}

fn finding(cx: &Context<'_>, program: &Deployed<'_>, path: &str, deed: &Deed) -> Finding {
    let message = format!(
        "`{}` writes to `{path}`, and the root file system of its container is read-only: the write fails",
        program.service.name
    );
    let at = match &program.container.security.read_only_root {
        Tri::Present(on) => on.at,
        _ => program.container.name_at,
    };
    // A file's folder; a name with a dot is one.
    let folder = match path.rsplit_once('/') {
        Some((folder, name)) if name.contains('.') && !folder.is_empty() => folder,
        _ => path,
    };
    program.explained(
        Finding::new(&ROOTFS_READONLY_BUT_WRITTEN, at, message)
            .help(format!("mount a volume at `{folder}`"))
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
