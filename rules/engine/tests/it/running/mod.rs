//! Runs services and talks to them over the loopback interface. Nothing waits for ever: where nobody answers, a test fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running service. It ends with the test.
pub(crate) struct Service {
    process: Child,
    /// Where it listens: it prints the address first.
    address: String,
}

impl Service {
    pub(crate) fn start(program: &Path, (name, value): (&str, String)) -> Service {
        let mut process = Command::new(program)
            .env(name, value)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let stdout = process.stdout.take().expect("piped");
        let (tell, told) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            tell.send(BufReader::new(stdout).read_line(&mut line).map(|_| line))
        });
        let line = told.recv_timeout(PATIENCE).expect("it tells its address").expect("readable");
        Service { process, address: line.trim().to_owned() }
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    }

    /// How it ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.process.wait().expect("it ends")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A listener of the test's own, and its address.
pub(crate) fn loopback() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    (listener, address)
}

/// The next connection.
pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    let listener = listener.try_clone().expect("a socket");
    let (tell, told) = channel();
    thread::spawn(move || tell.send(listener.accept()));
    let (stream, _) = told.recv_timeout(PATIENCE).expect("it connects").expect("accepted");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream
}

/// Sends a request; the answer is still to come. What has a body ends the headers itself.
pub(crate) fn begin(service: &Service, request: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&service.address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let end = if headers.contains("\r\n\r\n") { "" } else { "\r\n" };
    let text = format!("{request} HTTP/1.1\r\nhost: service\r\nconnection: close\r\n{headers}{end}");
    stream.write_all(text.as_bytes()).expect("sent");
    stream
}

/// What comes back until the connection ends, however it ends.
pub(crate) fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A request and its answer.
pub(crate) fn ask(service: &Service, request: &str, headers: &str) -> String {
    answer(&mut begin(service, request, headers))
}

/// The head of the request that comes in.
pub(crate) fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}
