//! A sink that keeps files in memory and readers that know the formats only from their descriptions.
//!
//! Shared by the tests of this folder; nothing here uses the simulator's own writers.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use simulate::{GroundTruth, Options, Sink, Stories, generate};

/// All files of a run by path.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Sink for Memory {
    fn put(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let before = self.files.insert(path.to_owned(), content.to_vec());
        assert!(before.is_none(), "`{path}` was written twice");
        Ok(())
    }
}

/// A run that starts on Monday 2 March 2026.
pub(crate) fn run(seed: u64, days: u32, scale: f64, stories: Stories) -> (GroundTruth, Memory) {
    let mut memory = Memory::default();
    let options = Options { seed, days, start: jiff::civil::date(2026, 3, 2), scale, stories };
    let truth = generate(&options, &mut memory).expect("the run succeeds");
    (truth, memory)
}

/// One record of a telemetry file: as JSON, or as text for the space-separated formats.
pub(crate) enum Read {
    Json(Value),
    Text(String),
}

impl Read {
    pub(crate) fn json(&self) -> &Value {
        match self {
            Self::Json(value) => value,
            Self::Text(text) => panic!("text where JSON was expected: {text}"),
        }
    }
}

impl Memory {
    pub(crate) fn text(&self, path: &str) -> String {
        let bytes = self.files.get(path).unwrap_or_else(|| panic!("no file `{path}`"));
        let mut text = String::new();
        if path.ends_with(".gz") {
            MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip of UTF-8");
        } else {
            bytes.as_slice().read_to_string(&mut text).expect("UTF-8");
        }
        text
    }

    pub(crate) fn telemetry(&self) -> impl Iterator<Item = &String> {
        self.files.keys().filter(|path| path.starts_with("telemetry/"))
    }

    /// The records of a telemetry file in order, headers left out.
    pub(crate) fn records(&self, path: &str) -> Vec<Read> {
        let text = self.text(path);
        let json =
            |line: &str| Read::Json(serde_json::from_str(line).unwrap_or_else(|e| panic!("{path}: {e}: {line}")));
        if path.contains("/cloudtrail/") {
            let mut file: Value = serde_json::from_str(&text).expect("a CloudTrail file");
            let Value::Array(records) = file["Records"].take() else { panic!("`{path}` has no Records") };
            return records.into_iter().map(Read::Json).collect();
        }
        if path.contains("/vpcflow/") {
            return text.lines().skip(1).map(|l| Read::Text(l.to_owned())).collect();
        }
        if path.contains("/s3access/") {
            return text.lines().map(|l| Read::Text(l.to_owned())).collect();
        }
        text.lines().map(json).collect()
    }
}

/// Instant of a record by its own format's field.
pub(crate) fn time(path: &str, record: &Read) -> jiff::Timestamp {
    match record {
        Read::Text(line) if path.contains("/vpcflow/") => {
            let start: i64 = line.split(' ').nth(10).expect("start").parse().expect("seconds");
            jiff::Timestamp::from_second(start).expect("instant")
        }
        Read::Text(line) => {
            let stamp = line.split(['[', ']']).nth(1).expect("bracketed time");
            let zoned = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", stamp).expect("access log time");
            zoned.to_timestamp().expect("instant")
        }
        Read::Json(value) => {
            let field =
                ["eventTime", "time", "timestamp", "CreationTime"].iter().find_map(|f| value.get(f)).expect("a time");
            let text = field.as_str().expect("text");
            let text = if text.ends_with('Z') { text.to_owned() } else { format!("{text}Z") };
            text.parse().expect("instant")
        }
    }
}

/// The vendor's own id of a record, where its format has one.
pub(crate) fn id(path: &str, record: &Read) -> Option<String> {
    match record {
        Read::Text(_) if path.contains("/vpcflow/") => None,
        // After owner, bucket, the bracketed time (two fields), address and requester.
        Read::Text(line) => line.split(' ').nth(6).map(str::to_owned),
        Read::Json(_) if path.contains("/activitylogs/") => None,
        Read::Json(value) => {
            let field = value
                .get("eventID")
                .or(value.get("event_id"))
                .or(value.get("Id"))
                .or_else(|| value["properties"].get("id"));
            field.and_then(Value::as_str).map(str::to_owned)
        }
    }
}
