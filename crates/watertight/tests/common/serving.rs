//! A server beside a test's commands: started on a free port, asked over HTTP, stopped or killed.
//!
//! It is ready when it listens for commands, which is after it has the lease. Dropped, it is killed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Place;

/// How long to wait for what must come; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

#[track_caller]
pub(crate) fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_there() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[derive(Debug)]
pub(crate) struct Serving {
    child: Child,
    stderr: PathBuf,
}

impl Serving {
    #[track_caller]
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_with(place, &[])
    }

    /// With settings in its environment; returns when it takes commands.
    #[track_caller]
    pub(crate) fn start_with(place: &Place, environment: &[(&str, &str)]) -> Self {
        let serving = Self::start_unawaited(place, environment);
        wait_for("the door", || UnixStream::connect(socket(place)).is_ok());
        serving
    }

    #[track_caller]
    pub(crate) fn start_unawaited(place: &Place, environment: &[(&str, &str)]) -> Self {
        let stderr = place.path("serve.txt");
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.envs(environment.iter().copied()).stdout(Stdio::null());
        let child = command.stderr(File::create(&stderr).expect("make a file")).spawn().expect("start the server");
        Self { child, stderr }
    }

    /// What it has said so far.
    pub(crate) fn heard(&self) -> String {
        std::fs::read_to_string(&self.stderr).expect("read what it says")
    }

    /// The body of a page; empty while nobody listens.
    pub(crate) fn page(&self, path: &str) -> String {
        let heard = self.heard();
        let address = heard.split_once("watertight is at http://").and_then(|(_, rest)| rest.split_once('/'));
        let Some(Ok(mut stream)) = address.map(|(address, _)| TcpStream::connect(address)) else {
            return String::new();
        };
        let asked = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(asked.as_bytes()).expect("ask for a page");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("read a page");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        body.to_owned()
    }

    pub(crate) fn api(&self, path: &str) -> Value {
        let mut body = String::new();
        wait_for("the API", || {
            body = self.page(&format!("/api/v1/{path}"));
            !body.is_empty()
        });
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error} in {body}"))
    }

    /// Waits until it has died by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// As an operator stops it.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let told = std::process::Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(told.expect("run kill").success());
        self.ended()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("kill it");
        self.ended();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "a test that fails says what it heard")]
            {
                eprintln!("the server said: {}", self.heard());
            }
        }
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn socket(place: &Place) -> PathBuf {
    place.data().join("serve.sock")
}
