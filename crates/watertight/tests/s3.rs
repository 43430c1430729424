//! `s3://` against a real S3 API on the loopback address: the stand-in that `cargo xtask test` installs.
//!
//! Run without it (plain `cargo test`), the test says in one line that it did not run.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The stand-in, killed when the test ends however it ends.
struct Moto {
    child: Child,
    port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn start() -> Option<Moto> {
    let server = std::env::var_os("WATERTIGHT_RIG_MOTO")?;
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let child = Command::new(server)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start the S3 stand-in");
    let moto = Moto { child, port };
    let patience = Instant::now() + Duration::from_secs(120);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < patience, "the S3 stand-in did not start");
        std::thread::sleep(Duration::from_millis(200));
    }
    Some(moto)
}

/// One HTTP request; the stand-in checks no signatures, so setting it up needs no client of its own.
fn put(moto: &Moto, path: &str, body: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", moto.port)).expect("reach the stand-in");
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        moto.port,
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("send a request");
    stream.write_all(body).expect("send a body");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("read the answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn watertight(moto: &Moto, args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_watertight"))
        .args(args)
        .env_clear()
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", moto.port))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .expect("run the program");
    let code = output.status.code();
    let code = code.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (code, String::from_utf8(output.stdout).expect("UTF-8 on stdout"))
}

const RECORDS: &str = r#"{"Records":[
{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDA","arn":"arn:aws:iam::111122223333:user/ana","accountId":"111122223333","userName":"ana"},"eventTime":"2026-03-02T10:11:12Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2","requestParameters":{"name":"org-trail"},"responseElements":null,"requestID":"r","eventID":"7a1c2e4f-0000-4000-8000-000000000001","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333"}
]}"#;

#[test]
fn objects_below_a_prefix_are_read_like_files() {
    let Some(moto) = start() else {
        println!("skipped: the S3 stand-in is not installed; `cargo xtask test` installs it");
        return;
    };
    put(&moto, "/trail", b"");
    put(&moto, "/trail/AWSLogs/a.json", RECORDS.as_bytes());
    put(&moto, "/trail/other/b.json", RECORDS.as_bytes());

    let (code, findings) = watertight(&moto, &["--format", "jsonl", "detect", "s3://trail/AWSLogs/"]);
    assert_eq!(code, 0);
    let findings: Vec<serde_json::Value> = findings.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(findings.len(), 1, "one object is below the prefix: {findings:?}");
    assert_eq!(findings[0]["rule_title"], "CloudTrail stopped or deleted");
    assert!(findings[0]["file"].as_str().unwrap().contains("AWSLogs/a.json"));

    let (code, events) = watertight(&moto, &["normalize", "s3://trail/"]);
    assert_eq!((code, events.lines().count()), (0, 2));
}
