//! Running the binary from a test: a place of its own for every test, no inherited settings, a fixed clock, and the log
//! read back from its tiles without any code of ours.
//!
//! Nothing here knows what a command means; assertions live in the tests.

#![allow(dead_code, reason = "each test binary uses its own part of this module")]

pub(crate) mod own_rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What there is to know of a breach at a processor whose contract gives it 24 hours.
pub(crate) const PROCESSOR_FACTS: &[(&str, &str)] = &[
    ("role", "[\"processor\"]"),
    ("elements", "[\"NAME\",\"EMAIL\"]"),
    ("customers", "[\"Northgate University\"]"),
    ("contract.notify_hours", "24"),
    ("contract.clock", "awareness"),
    ("times.aware", "2026-03-02T12:00:00Z"),
    ("times.processor_aware", "2026-03-02T12:00:00Z"),
    ("encryption.encrypted", "false"),
    ("event.confidentiality", "true"),
    ("event.acquisition", "true"),
    // Last: where people live is what the law is asked upon.
    ("subjects.DE", "40"),
];

/// The clock of every test: the morning after the first simulated day.
pub(crate) const NOW: &str = "2026-03-03T08:00:00Z";

/// What a finished command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    asked: String,
}

impl Ran {
    fn new(asked: String, output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr), asked }
    }

    /// Asserts the exit code; `None` is death by a signal.
    #[track_caller]
    pub(crate) fn exits(self, code: impl Into<Option<i32>>) -> Self {
        let code = code.into();
        assert_eq!(
            self.code,
            code,
            "exit code of `watertight {}`\nstdout: {}\nstderr: {}",
            self.asked,
            head(&self.stdout),
            head(&self.stderr)
        );
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.exits(0)
    }

    /// One JSON value a line.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("`watertight {}` printed `{line}`: {error}", self.asked))
        };
        self.stdout.lines().map(parse).collect()
    }

    /// The only JSON value printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let mut rows = self.rows();
        assert_eq!(rows.len(), 1, "`watertight {}` printed {} lines: {}", self.asked, rows.len(), head(&self.stdout));
        rows.remove(0)
    }

    /// Output lines in an order of their own, to compare sets.
    pub(crate) fn sorted_lines(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self.stdout.lines().collect();
        lines.sort_unstable();
        lines
    }
}

fn head(text: &str) -> String {
    text.chars().take(2000).collect()
}

/// The binary with nothing inherited but where programs are: no `WATERTIGHT_*`, no colours, no home.
/// `WATERTIGHT_TEST_BINARY` names another one: an installed build, or a copy that stays as it is during a long run.
pub(crate) fn watertight() -> Command {
    let mut command = Command::new(
        std::env::var_os("WATERTIGHT_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_watertight").into()),
    );
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// A directory with a configuration and a data directory, gone when the test ends.
#[derive(Debug)]
pub(crate) struct Place {
    root: TempDir,
    pub(crate) now: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { root: TempDir::new().expect("a temporary directory"), now: NOW.to_owned() };
        fs::write(place.config(), "").expect("write the configuration");
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("watertight.toml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file below the place, with its directories.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file lies in a directory")).expect("make directories");
        fs::write(&path, bytes).expect("write a file");
        path
    }

    /// `watertight --config … --data-dir … --now …`, run in the place itself.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = watertight();
        command.current_dir(self.root.path());
        command
            .arg("--config")
            .arg(self.config())
            .arg("--data-dir")
            .arg(self.data())
            .args(["--now", &self.now])
            .args(args);
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        run(self.command(args))
    }

    /// Like `run`, with one failpoint armed (`name:visit`).
    #[track_caller]
    pub(crate) fn run_to_failpoint(&self, failpoint: &str, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command.env("WATERTIGHT_FAILPOINT", failpoint);
        run(command)
    }

    /// Starts a command that the test will kill.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start the program")
    }

    #[track_caller]
    pub(crate) fn query(&self, sql: &str) -> Vec<Value> {
        self.run(&["query", "--limit", "1000000", sql]).ok().rows()
    }

    /// Every entry of the sealed log, read from its tiles.
    pub(crate) fn log(&self) -> Vec<Value> {
        log_entries(&self.data().join("log"))
    }
}

#[track_caller]
pub(crate) fn run(mut command: Command) -> Ran {
    let asked: Vec<String> = command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
    Ran::new(asked.join(" "), command.output().expect("run the program"))
}

/// Runs the binary in no particular place: for commands that need neither data nor configuration.
#[track_caller]
pub(crate) fn bare(args: &[&str]) -> Ran {
    let elsewhere = TempDir::new().expect("a temporary directory");
    let mut command = watertight();
    command.current_dir(elsewhere.path()).args(args);
    run(command)
}

/// The configuration of the tests' company, with the given sources and a loopback mail server if a port is given.
pub(crate) fn config_text(sources: &[(&str, &str)], mail_port: Option<u16>) -> String {
    let mut text = String::from(
        "tenant = \"larkfield\"\n\n[organisation]\nname = \"Larkfield Supply, Inc.\"\nrole = [\"controller\"]\nsector = \"ecommerce\"\n\
         establishment = \"IE\"\ncontact_name = \"Privacy Office\"\ncontact_email = \"privacy@larkfield.example\"\n\
         contact_phone = \"+1 555 0100\"\naddress = \"1 Harbour Street\"\nwebsite = \"https://larkfield.example\"\n",
    );
    for (id, path) in sources {
        text.push_str(&format!("\n[[source]]\nid = \"{id}\"\npath = \"{path}\"\n"));
    }
    if let Some(port) = mail_port {
        text.push_str(&format!(
            "\n[mail]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"Larkfield Privacy <privacy@larkfield.example>\"\n"
        ));
    }
    text
}

/// Copies a directory as it lies.
pub(crate) fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make a directory");
    for entry in fs::read_dir(from).expect("list a directory") {
        let entry = entry.expect("list a directory");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy a file");
        }
    }
}

/// Every file below a directory with its bytes, by path.
pub(crate) fn files_below(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).expect("list a directory") {
            let path = entry.expect("list a directory").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = fs::read(&path).expect("read a file");
                files.insert(path, bytes);
            }
        }
    }
    files
}

/// Reads a C2SP log's entry bundles (`tile/entries/…`): each entry is a big-endian u16 length and its bytes.
pub(crate) fn log_entries(log: &Path) -> Vec<Value> {
    let mut entries = Vec::new();
    loop {
        let index = entries.len() / 256;
        assert!(index < 1000, "the test reads logs of up to 256,000 entries");
        let full = log.join(format!("tile/entries/{index:03}"));
        let bundle =
            if full.is_file() { Some(full.clone()) } else { widest(&log.join(format!("tile/entries/{index:03}.p"))) };
        let Some(bundle) = bundle else { return entries };
        let mut rest = fs::read(&bundle).expect("read an entry bundle").into_iter().peekable();
        while rest.peek().is_some() {
            let length = usize::from(u16::from_be_bytes([
                rest.next().expect("something is left"),
                rest.next().expect("a length has two bytes"),
            ]));
            let bytes: Vec<u8> = rest.by_ref().take(length).collect();
            assert_eq!(bytes.len(), length, "{} ends inside an entry", bundle.display());
            entries.push(serde_json::from_slice(&bytes).expect("an entry is JSON"));
        }
        if bundle != full {
            return entries;
        }
    }
}

/// The partial bundle with the most entries.
fn widest(dir: &Path) -> Option<PathBuf> {
    let names = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let width = names.filter_map(|name| name.parse::<u32>().ok()).max()?;
    Some(dir.join(width.to_string()))
}

/// A small generator for delays and damage: the same seed gives the same test.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// xorshift64*: no statistics are asked of it.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// A gzip file of stored blocks: a compressor is not needed to be read as one (RFC 1952, RFC 1951 section 3.2.4).
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    let blocks: Vec<&[u8]> = if bytes.is_empty() { vec![&[]] } else { bytes.chunks(0xFFFF).collect() };
    for (index, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).expect("chunks are at most 65,535 bytes");
        file.push(u8::from(index + 1 == blocks.len()));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(*block);
    }
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    file.extend((!crc).to_le_bytes());
    file.extend(u32::try_from(bytes.len()).expect("test files are small").to_le_bytes());
    file
}

/// A CloudTrail record that no rule minds: a service describing things, told apart by `number`.
pub(crate) fn quiet_record(number: usize) -> String {
    format!(
        "{{\"eventVersion\":\"1.11\",\"userIdentity\":{{\"type\":\"AssumedRole\",\"principalId\":\"AROAEXAMPLEID00000002:inventory\",\
         \"arn\":\"arn:aws:sts::444455556666:assumed-role/larkfield-inventory/inventory\",\"accountId\":\"444455556666\",\
         \"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"arn\":\"arn:aws:iam::444455556666:role/larkfield-inventory\",\
         \"userName\":\"larkfield-inventory\"}}}}}},\"eventTime\":\"2026-03-02T13:00:{:02}Z\",\"eventSource\":\"ec2.amazonaws.com\",\
         \"eventName\":\"DescribeInstances\",\"awsRegion\":\"us-east-1\",\"sourceIPAddress\":\"198.51.100.9\",\
         \"userAgent\":\"Boto3/1.42.19\",\"requestParameters\":{{}},\"responseElements\":null,\"requestID\":\"r-{number}\",\
         \"eventID\":\"00000000-0000-4000-8000-{number:012}\",\"readOnly\":true,\"eventType\":\"AwsApiCall\",\
         \"managementEvent\":true,\"recipientAccountId\":\"444455556666\",\"eventCategory\":\"Management\"}}",
        number % 60
    )
}

/// A CloudTrail file of these records.
pub(crate) fn cloudtrail_file(records: &[String]) -> String {
    format!("{{\"Records\":[{}]}}", records.join(","))
}

/// A leak: a bucket of customers is opened to everybody.
pub(crate) const PUT_BUCKET_POLICY: &str = include_str!("../fixtures/put-bucket-policy.json");

/// A directory of everything that goes wrong with log files, with the counts they must give.
pub(crate) fn damaged() -> Place {
    let place = Place::new();
    let leak = PUT_BUCKET_POLICY.trim_end().to_owned();
    let whole = cloudtrail_file(&[quiet_record(1), leak, quiet_record(2)]);
    // 3 records.
    place.write("logs/a-whole.json", &whole);
    // 3 records.
    place.write("logs/b-whole.json.gz", gzip(whole.as_bytes()));
    // 2 records whole, the third cut off.
    let mut cut = gzip(cloudtrail_file(&[quiet_record(3), quiet_record(4), quiet_record(5)]).as_bytes());
    cut.truncate(cut.len() - 200);
    place.write("logs/c-cut.json.gz", cut);
    // 3 good lines; rejected: a broken line, NULs, words, a record without an event name.
    let lines = [
        quiet_record(6),
        "{\"eventVersion\":".to_owned(),
        quiet_record(7),
        "\0\0\0\0".to_owned(),
        "not a record".to_owned(),
        quiet_record(8),
        "{\"eventVersion\":\"1.11\"}".to_owned(),
        String::new(),
    ];
    place.write("logs/d-lines.jsonl", lines.join("\n"));
    // No logs.
    place.write("logs/e-notes.txt", "Remember to rotate the keys.\nAnd to water the plants.\n");
    place.write("logs/f-picture.png", [0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13]);
    place.write("logs/g-empty.json", "");
    place
}

/// The names of an object's fields.
#[track_caller]
pub(crate) fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("not an object: {value}")).keys().map(String::as_str).collect()
}
