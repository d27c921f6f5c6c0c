//! Running the program, and speaking its protocol.

#![allow(dead_code)]

pub(crate) mod repository;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) const SVCLINT: &str = env!("CARGO_BIN_EXE_svclint");

/// `tests/systems`
pub(crate) fn systems() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/systems")
        .canonicalize()
        .expect("the sample systems are there")
}

/// A copy of a sample system that a test may change.
pub(crate) fn copy_of(system: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    copy(&systems().join(system), dir.path());
    dir
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("known") {
            kind if kind.is_dir() && entry.file_name() != "target" => copy(&entry.path(), &target),
            kind if kind.is_file() => drop(std::fs::copy(entry.path(), target).expect("copied")),
            _ => {}
        }
    }
}

/// Runs the program in a folder, without colours.
pub(crate) fn svclint(dir: &Path, args: &[&str]) -> Output {
    Command::new(SVCLINT)
        .args(args)
        .current_dir(dir)
        .env("NO_COLOR", "1")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .expect("the program runs")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `path:line rule` of each finding in `svclint check --format json`.
pub(crate) fn findings(json: &Value) -> Vec<String> {
    let line = |f: &Value| {
        format!(
            "{}:{} {}",
            f["path"].as_str().unwrap_or(""),
            f["range"]["start"]["line"],
            f["rule"].as_str().unwrap_or("")
        )
    };
    json["findings"].as_array().expect("findings").iter().map(line).collect()
}

const PATIENCE: Duration = Duration::from_secs(20);

/// A client that speaks to a running server.
pub(crate) struct Lsp {
    child: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    next_id: i64,
    /// Notifications that were not asked for yet.
    pending: Vec<Value>,
}

impl Lsp {
    pub(crate) fn start() -> Lsp {
        let mut child = Command::new(SVCLINT)
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("piped");
        let (send, messages) = channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            while let Some(message) = read_message(&mut reader) {
                if send.send(message).is_err() {
                    break;
                }
            }
        });
        Lsp { child, stdin, messages, next_id: 0, pending: Vec::new() }
    }

    /// Starts a session on some folders.
    pub(crate) fn session(roots: &[&Path], capabilities: &Value) -> Lsp {
        let mut lsp = Lsp::start();
        let folders: Vec<Value> = roots.iter().map(|r| json!({ "uri": uri(r), "name": "root" })).collect();
        lsp.request("initialize", json!({ "processId": null, "capabilities": capabilities, "rootUri": null, "workspaceFolders": folders }));
        lsp.notify("initialized", json!({}));
        lsp
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("open");
        stdin.write_all(bytes).expect("written");
        stdin.flush().expect("written");
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request and waits for its answer; requests of the server are answered with nothing on the way.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
            self.keep(message);
        }
    }

    fn receive(&mut self) -> Value {
        self.messages.recv_timeout(PATIENCE).expect("the server answers")
    }

    fn keep(&mut self, message: Value) {
        if message.get("id").is_some() && message.get("method").is_some() {
            let id = message["id"].clone();
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
        }
        self.pending.push(message);
    }

    /// Waits for a notification that fits.
    pub(crate) fn wait(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(at) = self.pending.iter().position(&fits) {
                return self.pending.remove(at);
            }
            let message = self.receive();
            self.keep(message);
        }
    }

    /// Waits for the diagnostics of a file, as of a version of its text.
    pub(crate) fn diagnostics(&mut self, path: &Path, version: Option<i64>) -> Vec<Value> {
        let uri = uri(path);
        let message = self.wait(|m| {
            let p = &m["params"];
            m["method"] == "textDocument/publishDiagnostics"
                && p["uri"] == uri
                && version.is_none_or(|v| p["version"] == v)
        });
        message["params"]["diagnostics"].as_array().expect("a list").clone()
    }

    pub(crate) fn open(&mut self, path: &Path, text: &str, version: i64) {
        let document = json!({ "uri": uri(path), "languageId": "rust", "version": version, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Ends the session in order and gives the exit status.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.child.wait().expect("it ends").code()
    }

    /// Leaves without a word.
    pub(crate) fn leave(mut self) -> Option<i32> {
        self.stdin = None;
        self.child.wait().expect("it ends").code()
    }
}

fn read_message(reader: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok()?
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

pub(crate) fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}
