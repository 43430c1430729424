//! `cargo xtask bench serve`: how long it takes from a file that becomes visible to its finding in the log, while `serve` runs.
//!
//! One file at a time, each with one record that a rule of high level matches; the page's own API says when it was found.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::say;

const FILES: usize = 200;
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the API is asked; it is added to every latency.
const POLL: Duration = Duration::from_millis(10);

pub(super) fn run() -> Result<(), String> {
    let (program, dir) = super::program("serve")?;
    let io = |error: std::io::Error| error.to_string();
    std::fs::create_dir_all(dir.join("logs")).map_err(io)?;
    std::fs::write(dir.join("watertight.toml"), "tenant = \"bench\"\n\n[[source]]\nid = \"trail\"\npath = \"logs\"\n")
        .map_err(io)?;
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(io)?.port();
    let mut server = start(&program, &dir, port).map_err(io)?;
    let measured = measure(&dir, port);
    let stopped = server.kill().and_then(|()| server.wait());
    let mut latencies = measured?;
    stopped.map_err(io)?;
    latencies.sort();
    let at =
        |share: usize| latencies.get(latencies.len() * share / 100).or(latencies.last()).copied().unwrap_or_default();
    say(&format!("{} files, one record and one finding each; from rename to the finding in the log", latencies.len()));
    say("| median | p99 | longest | floor p99 | goal p99 |");
    say("|---|---|---|---|---|");
    say(&format!("| {:.2?} | {:.2?} | {:.2?} | 10 s | 2 s |", at(50), at(99), at(100)));
    Ok(())
}

fn start(program: &Path, dir: &Path, port: u16) -> std::io::Result<Child> {
    let mut command = Command::new(program);
    command.current_dir(dir).args(["--config", "watertight.toml", "--data-dir", "data", "serve"]);
    command.args(["--listen", &format!("127.0.0.1:{port}")]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

fn measure(dir: &Path, port: u16) -> Result<Vec<Duration>, String> {
    wait_for(port, 0)?;
    let mut latencies = Vec::new();
    for number in 0..FILES {
        let written = dir.join(format!("{number}.part"));
        std::fs::write(&written, record(number)).map_err(|error| error.to_string())?;
        let begun = Instant::now();
        std::fs::rename(&written, dir.join(format!("logs/{number:04}.json"))).map_err(|error| error.to_string())?;
        wait_for(port, number + 1)?;
        latencies.push(begun.elapsed());
    }
    Ok(latencies)
}

fn wait_for(port: u16, findings: usize) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if found(port).is_some_and(|found| findings <= found) {
            return Ok(());
        }
        std::thread::sleep(POLL);
    }
    Err(format!("finding {findings} was not there after {PATIENCE:?}"))
}

/// How many findings the API tells; `None` while it does not answer.
fn found(port: u16) -> Option<usize> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!("GET /api/v1/overview HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1)?).ok()?;
    usize::try_from(body["findings"].as_u64()?).ok()
}

/// A trail is stopped, each time by another call.
fn record(number: usize) -> String {
    format!(
        r#"{{"Records":[{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","principalId":"AIDA","arn":"arn:aws:iam::111122223333:user/ana","accountId":"111122223333","userName":"ana"}},"eventTime":"2026-03-02T10:{:02}:{:02}Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2","requestParameters":{{"name":"org-trail"}},"responseElements":null,"requestID":"r-{number}","eventID":"7a1c2e4f-0000-4000-8000-{number:012}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333"}}]}}"#,
        number / 60 % 60,
        number % 60
    )
}
