//! The handlers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use svclint_engine::{FixMode, WATCHED, fix_file};
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types::{
    ClientCapabilities, CodeAction, CodeActionKind, CodeActionOptions, CodeActionOrCommand, CodeActionParams,
    CodeActionProviderCapability, CodeActionResponse, Diagnostic, DiagnosticOptions,
    DiagnosticServerCapabilities, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWatchedFilesRegistrationOptions, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DocumentDiagnosticParams, DocumentDiagnosticReport,
    DocumentDiagnosticReportResult, FileSystemWatcher, FullDocumentDiagnosticReport, GlobPattern,
    GotoDefinitionParams, GotoDefinitionResponse, Hover, HoverContents, HoverParams, HoverProviderCapability,
    InitializeParams, InitializeResult, InitializedParams, Location, MarkupContent, MarkupKind,
    NumberOrString, OneOf, Position, Range, ReferenceParams, Registration,
    RelatedFullDocumentDiagnosticReport, ServerCapabilities, ServerInfo, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextEdit, WorkspaceDiagnosticParams, WorkspaceDiagnosticReport,
    WorkspaceDiagnosticReportResult, WorkspaceDocumentDiagnosticReport, WorkspaceEdit,
    WorkspaceFoldersServerCapabilities, WorkspaceFullDocumentDiagnosticReport, WorkspaceServerCapabilities,
};
use tower_lsp_server::{Client, LanguageServer};

use super::navigate::Here;
use super::session::{Session, Snapshot};
use super::{analysis, convert};

/// How long a request waits for the analysis of the newest text.
const PATIENCE: Duration = Duration::from_secs(10);
/// Fixes all that can be fixed without a look.
const FIX_ALL: &str = "source.fixAll.svclint";

pub(super) struct Backend {
    session: Arc<Session>,
    client: Client,
    roots: std::sync::Mutex<Vec<PathBuf>>,
}

impl Backend {
    pub(super) fn new(client: Client) -> Self {
        let session = Arc::new(Session::new());
        analysis::start(session.clone(), client.clone(), tokio::runtime::Handle::current());
        Backend { session, client, roots: std::sync::Mutex::default() }
    }

    fn set_roots(&self, change: impl FnOnce(&mut Vec<PathBuf>)) {
        let mut roots = self.roots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut roots);
        let roots = roots.clone();
        self.session.wake(|p| p.reload = Some(roots));
    }

    /// The analysis of the newest text; an older one when that takes too long.
    async fn snapshot(&self) -> Option<Snapshot> {
        let wanted = self.session.generation();
        let mut snapshots = self.session.snapshot.subscribe();
        let fresh = snapshots.wait_for(|s| s.as_ref().is_some_and(|s| s.generation >= wanted));
        let _ = tokio::time::timeout(PATIENCE, fresh).await;
        self.session.snapshot.borrow().clone()
    }

    async fn diagnostics_of(&self, path: &Path) -> Vec<Diagnostic> {
        let Some(snapshot) = self.snapshot().await else { return Vec::new() };
        analysis::by_file(&snapshot.report, self.session.client().encoding).remove(path).unwrap_or_default()
    }

    fn register_watchers(&self) {
        let watchers = WATCHED
            .map(|glob| FileSystemWatcher { glob_pattern: GlobPattern::String(glob.into()), kind: None });
        let options = DidChangeWatchedFilesRegistrationOptions { watchers: watchers.into() };
        let registration = Registration {
            id: "svclint/files".into(),
            method: "workspace/didChangeWatchedFiles".into(),
            register_options: serde_json::to_value(options).ok(),
        };
        let client = self.client.clone();
        // Never awaited in a handler: the answer comes through the same reader.
        tokio::spawn(async move { drop(client.register_capability(vec![registration]).await) });
    }
}

fn read_client(capabilities: &ClientCapabilities) -> super::session::Client {
    let general = capabilities.general.as_ref();
    let (encoding, _) = convert::negotiate(general.and_then(|g| g.position_encodings.as_deref()));
    let workspace = capabilities.workspace.as_ref();
    let text = capabilities.text_document.as_ref();
    super::session::Client {
        encoding,
        pulls: text.is_some_and(|t| t.diagnostic.is_some()),
        refreshes: workspace
            .and_then(|w| w.diagnostics.as_ref())
            .and_then(|d| d.refresh_support)
            .unwrap_or(false),
        progress: capabilities.window.as_ref().and_then(|w| w.work_done_progress).unwrap_or(false),
        watches: workspace
            .and_then(|w| w.did_change_watched_files.as_ref())
            .and_then(|w| w.dynamic_registration)
            .unwrap_or(false),
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let client = read_client(&params.capabilities);
        self.session.set_client(client);
        let folders = params.workspace_folders.iter().flatten().filter_map(|f| convert::path_of(&f.uri));
        let mut roots: Vec<PathBuf> = folders.collect();
        #[allow(deprecated)]
        if roots.is_empty() {
            roots.extend(params.root_uri.as_ref().and_then(convert::path_of));
        }
        *self.roots.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = roots;
        let general = params.capabilities.general.as_ref();
        let (_, encoding) = convert::negotiate(general.and_then(|g| g.position_encodings.as_deref()));
        let actions = CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::from(FIX_ALL)]),
            ..CodeActionOptions::default()
        };
        let diagnostics = DiagnosticOptions {
            identifier: Some("svclint".into()),
            inter_file_dependencies: true,
            workspace_diagnostics: true,
            ..DiagnosticOptions::default()
        };
        let folders = WorkspaceFoldersServerCapabilities {
            supported: Some(true),
            change_notifications: Some(OneOf::Left(true)),
        };
        Ok(InitializeResult {
            capabilities: ServerCapabilities {
                position_encoding: Some(encoding),
                text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::INCREMENTAL)),
                code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
                definition_provider: Some(OneOf::Left(true)),
                references_provider: Some(OneOf::Left(true)),
                hover_provider: Some(HoverProviderCapability::Simple(true)),
                diagnostic_provider: Some(DiagnosticServerCapabilities::Options(diagnostics)),
                workspace: Some(WorkspaceServerCapabilities {
                    workspace_folders: Some(folders),
                    ..WorkspaceServerCapabilities::default()
                }),
                ..ServerCapabilities::default()
            },
            server_info: Some(ServerInfo {
                name: "svclint".into(),
                version: Some(env!("CARGO_PKG_VERSION").into()),
            }),
            ..InitializeResult::default()
        })
    }

    /// Only from here on may the server speak by itself, so only now does it begin to read.
    async fn initialized(&self, _: InitializedParams) {
        self.set_roots(|_| ());
        if self.session.client().watches {
            self.register_watchers();
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.session.wake(|p| p.stopped = true);
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        if let Some(path) = convert::path_of(&document.uri) {
            self.session.open(path, &document.text, document.version);
        }
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        if let Some(path) = convert::path_of(&params.text_document.uri) {
            self.session.change(path, params.text_document.version, params.content_changes);
        }
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        if let Some(path) = convert::path_of(&params.text_document.uri) {
            self.session.close(path);
        }
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        let changed: Vec<PathBuf> = params.changes.iter().filter_map(|c| convert::path_of(&c.uri)).collect();
        self.session.wake(|p| p.changed.extend(changed));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let removed: Vec<PathBuf> =
            params.event.removed.iter().filter_map(|f| convert::path_of(&f.uri)).collect();
        let added = params.event.added.iter().filter_map(|f| convert::path_of(&f.uri));
        self.set_roots(|roots| {
            roots.retain(|r| !removed.contains(r));
            roots.extend(added);
        });
    }

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        let items = match convert::path_of(&params.text_document.uri) {
            Some(path) => self.diagnostics_of(&path).await,
            None => Vec::new(),
        };
        let full = FullDocumentDiagnosticReport { result_id: None, items };
        let report = RelatedFullDocumentDiagnosticReport {
            related_documents: None,
            full_document_diagnostic_report: full,
        };
        Ok(DocumentDiagnosticReportResult::Report(DocumentDiagnosticReport::Full(report)))
    }

    async fn workspace_diagnostic(
        &self,
        _: WorkspaceDiagnosticParams,
    ) -> Result<WorkspaceDiagnosticReportResult> {
        let mut items = Vec::new();
        if let Some(snapshot) = self.snapshot().await {
            for (path, found) in analysis::by_file(&snapshot.report, self.session.client().encoding) {
                let Some(uri) = convert::uri_of(&path) else { continue };
                let report = WorkspaceFullDocumentDiagnosticReport {
                    uri,
                    version: snapshot.versions.get(&path).map(|v| i64::from(*v)),
                    full_document_diagnostic_report: FullDocumentDiagnosticReport {
                        result_id: None,
                        items: found,
                    },
                };
                items.push(WorkspaceDocumentDiagnosticReport::Full(report));
            }
        }
        Ok(WorkspaceDiagnosticReport { items }.into())
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let Some(path) = convert::path_of(&params.text_document.uri) else { return Ok(None) };
        let Some(snapshot) = self.snapshot().await else { return Ok(None) };
        let only = params.context.only.as_deref();
        let asks = |kind: &str| {
            only.is_some_and(|all| {
                all.iter().any(|k| kind == k.as_str() || kind.starts_with(&format!("{}.", k.as_str())))
            })
        };
        let mut actions = Vec::new();
        if only.is_none() || asks("quickfix") {
            actions.extend(self.quick_fixes(&snapshot, &path, params.range, &params.context.diagnostics));
        }
        if asks(FIX_ALL) {
            actions.extend(self.fix_everything(&snapshot, &path));
        }
        Ok(Some(actions.into_iter().map(CodeActionOrCommand::CodeAction).collect()))
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let Some(path) = convert::path_of(&at.text_document.uri) else { return Ok(None) };
        let Some(snapshot) = self.snapshot().await else { return Ok(None) };
        let report = &snapshot.report;
        let encoding = self.session.client().encoding;
        let here = report.findings.iter().map(|f| &f.finding).find_map(|finding| {
            let file = report.file(finding.place.file).filter(|f| *f.path == *path)?;
            let range = convert::range(&file, finding.place.span, encoding);
            (range.start <= at.position && at.position <= range.end).then_some((finding, range))
        });
        let links = Here::at(report, &path, at.position, encoding).map(|here| here.text());
        let range = here.as_ref().map(|(_, range)| *range);
        let finding = here.map(|(finding, _)| convert::hover_text(finding));
        let parts: Vec<String> = [links, finding].into_iter().flatten().collect();
        Ok((!parts.is_empty()).then(|| Hover {
            contents: HoverContents::Markup(MarkupContent {
                kind: MarkupKind::Markdown,
                value: parts.join("\n\n---\n\n"),
            }),
            range,
        }))
    }

    async fn goto_definition(&self, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>> {
        let at = params.text_document_position_params;
        let Some(path) = convert::path_of(&at.text_document.uri) else { return Ok(None) };
        let Some(snapshot) = self.snapshot().await else { return Ok(None) };
        let encoding = self.session.client().encoding;
        let here = Here::at(&snapshot.report, &path, at.position, encoding);
        let found = here.map(|here| here.definitions(&snapshot.report, encoding)).unwrap_or_default();
        Ok((!found.is_empty()).then_some(GotoDefinitionResponse::Array(found)))
    }

    async fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>> {
        let at = params.text_document_position;
        let Some(path) = convert::path_of(&at.text_document.uri) else { return Ok(None) };
        let Some(snapshot) = self.snapshot().await else { return Ok(None) };
        let encoding = self.session.client().encoding;
        let here = Here::at(&snapshot.report, &path, at.position, encoding);
        let found = here.map(|here| here.references(&snapshot.report, encoding)).unwrap_or_default();
        Ok((!found.is_empty()).then_some(found))
    }
}

impl Backend {
    /// For the diagnostics that the client names; for what lies in its range when it names none.
    fn quick_fixes(
        &self,
        snapshot: &Snapshot,
        path: &Path,
        range: Range,
        named: &[Diagnostic],
    ) -> Vec<CodeAction> {
        let current = analysis::by_file(&snapshot.report, self.session.client().encoding)
            .remove(path)
            .unwrap_or_default();
        let overlaps = |d: &Diagnostic| d.range.start <= range.end && range.start <= d.range.end;
        let ours = |d: &&Diagnostic| d.source.as_deref().is_none_or(|s| s == "svclint");
        let wanted: Vec<Diagnostic> = if named.is_empty() {
            current.into_iter().filter(overlaps).collect()
        } else {
            // What the client sends back may be older than the text, or have lost its data: the current one counts.
            let same = |d: &&Diagnostic| current.iter().find(|c| is_same(c, d)).cloned();
            named
                .iter()
                .filter(ours)
                .filter_map(|d| same(&d).or_else(|| d.data.is_some().then(|| d.clone())))
                .collect()
        };
        wanted.iter().flat_map(|d| self.actions_for(snapshot, path, d)).collect()
    }

    fn actions_for(&self, snapshot: &Snapshot, path: &Path, diagnostic: &Diagnostic) -> Vec<CodeAction> {
        let data = diagnostic.data.clone().and_then(|d| serde_json::from_value::<convert::Data>(d).ok());
        let fixes = data.map(|d| d.fixes).unwrap_or_default();
        let mut actions: Vec<CodeAction> =
            fixes.into_iter().enumerate().map(|(n, fix)| convert::action(fix, diagnostic, n == 0)).collect();
        let file = snapshot.report.file_id(path).and_then(|id| snapshot.report.file(id));
        if let (Some(file), Some(NumberOrString::String(rule))) = (file, &diagnostic.code)
            && svclint_catalog::rule(rule).is_some()
        {
            actions.extend(convert::allow_action(&file, diagnostic, rule));
        }
        actions
    }

    /// All safe fixes of a file, as one new text.
    #[allow(clippy::mutable_key_type)]
    fn fix_everything(&self, snapshot: &Snapshot, path: &Path) -> Option<CodeAction> {
        let id = snapshot.report.file_id(path)?;
        let fixed = fix_file(&snapshot.report, FixMode::Safe, id);
        let text = fixed.files.get(path)?;
        let file = snapshot.report.file(id)?;
        let whole = Range {
            start: Position::default(),
            end: Position { line: file.lines.line_count(), character: 0 },
        };
        let edit = TextEdit { range: whole, new_text: text.clone() };
        let changes = std::collections::HashMap::from([(convert::uri_of(path)?, vec![edit])]);
        Some(CodeAction {
            title: "Apply all safe fixes of svclint".into(),
            kind: Some(CodeActionKind::from(FIX_ALL)),
            edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
            ..CodeAction::default()
        })
    }
}

/// By fingerprint; by code and range for clients that lose the data.
fn is_same(current: &Diagnostic, named: &Diagnostic) -> bool {
    let fingerprint = |d: &Diagnostic| d.data.as_ref()?.get("fingerprint").cloned();
    match (fingerprint(current), fingerprint(named)) {
        (Some(a), Some(b)) => a == b,
        _ => current.code == named.code && current.range == named.range,
    }
}
