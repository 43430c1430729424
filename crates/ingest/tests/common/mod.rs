//! What the tests of this crate share: reading bytes into items, finding the corpora, and the OCSF schema.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::print_stdout, reason = "a skipped test must be seen")]
#![allow(clippy::unwrap_used, reason = "a test helper fails by panicking")]

pub(crate) mod compare;
pub(crate) mod samples;
pub(crate) mod schema;

use std::io::Cursor;
use std::path::PathBuf;

use ingest::{Format, Item, Limits, Reader, Rejected};
use ocsf::Event;

/// What came out of one member. records = events + rejected is checked on the way.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) format: Option<Format>,
    pub(crate) skipped: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) rejected: Vec<Rejected>,
}

impl Outcome {
    pub(crate) fn reasons(&self) -> Vec<&str> {
        self.rejected.iter().map(|rejected| rejected.reason.as_str()).collect()
    }

    pub(crate) fn uids(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.uid()).collect()
    }
}

pub(crate) fn read(bytes: &[u8]) -> Outcome {
    read_with(bytes, None, &Limits::default())
}

/// Reads whole, in a stream, and with a reader that finds the ends of records itself, and demands the same result.
pub(crate) fn read_with(bytes: &[u8], forced: Option<Format>, limits: &Limits) -> Outcome {
    let streaming = Limits { whole_compressed_bytes_max: 7, whole_decoded_bytes_max: 0, ..limits.clone() };
    let whole = read_once(bytes, forced, limits);
    let streamed = read_once(bytes, forced, &streaming);
    assert_eq!(whole.skipped, streamed.skipped);
    assert_eq!(whole.uids(), streamed.uids());
    assert_eq!(whole.reasons(), streamed.reasons());
    // The other reader refuses what nests deeper than 127 and does not know the limit.
    if 128 <= limits.depth_max {
        for limits in [limits, &streaming] {
            let ahead = read_ahead(bytes, forced, limits);
            assert_eq!(whole.uids(), ahead.uids());
            assert_eq!(whole.reasons(), ahead.reasons());
        }
    }
    whole
}

fn read_ahead(bytes: &[u8], forced: Option<Format>, limits: &Limits) -> Outcome {
    let mut reader = Reader::new(limits.clone());
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let Some(mut file) = reader.open_stream("test", input, forced).unwrap() else {
        return Outcome { skipped: true, ..Outcome::default() };
    };
    let mut out = Outcome { format: file.format(), ..Outcome::default() };
    loop {
        let length = file.ahead().and_then(object_length);
        let taken = length.and_then(|length| file.take(length));
        let event = match taken {
            Some(record) => record.event(),
            None => match file.next() {
                Some(Item::Record(record)) => record.event(),
                Some(Item::Rejected(rejected)) => Err(rejected),
                None => break,
            },
        };
        match event {
            Ok(event) => out.events.push(event),
            Err(rejected) => out.rejected.push(rejected),
        }
    }
    assert_eq!(file.counts().records, (out.events.len() + out.rejected.len()) as u64);
    out
}

/// The length of the object at the start of `bytes`, if it is whole and valid.
fn object_length(bytes: &[u8]) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<serde_json::Value>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

fn read_once(bytes: &[u8], forced: Option<Format>, limits: &Limits) -> Outcome {
    let mut reader = Reader::new(limits.clone());
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let Some(mut file) = reader.open_stream("test", input, forced).unwrap() else {
        return Outcome { skipped: true, ..Outcome::default() };
    };
    let mut out = Outcome { format: file.format(), ..Outcome::default() };
    let mut index = 0;
    while let Some(item) = file.next() {
        match item {
            Item::Record(record) => {
                assert_eq!(record.index, index);
                // The view may fail, but it must not panic, and what it gives is an object.
                if let Ok(view) = record.json()
                    && let Ok(value) = serde_json::from_slice::<serde_json::Value>(&view)
                {
                    assert!(value.is_object() || record.event().is_err());
                }
                match record.event() {
                    Ok(event) => {
                        assert!(record.check().is_ok());
                        assert_eq!(event.raw, record.raw);
                        out.events.push(event);
                    }
                    Err(rejected) => {
                        assert!(record.check().is_err() && record.check_needed(&[]).is_err());
                        out.rejected.push(rejected);
                    }
                }
            }
            Item::Rejected(rejected) => {
                assert_eq!(rejected.record, index);
                assert!(rejected.raw.len() <= limits.rejected_raw_bytes_max);
                out.rejected.push(rejected);
            }
        }
        index += 1;
    }
    assert_eq!(file.counts().records, index);
    assert_eq!(index, (out.events.len() + out.rejected.len()) as u64);
    out
}

/// The folder of public samples beside the repository; `None` when it is not there, said visibly.
pub(crate) fn corpora() -> Option<PathBuf> {
    let found = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared").join("corpora"))
        .find(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: corpora not present");
    }
    found
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A small valid CloudTrail record.
pub(crate) fn cloudtrail(id: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","userName":"ann"}},"eventTime":"2026-03-02T10:11:12Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli","requestParameters":{{"bucketName":"larkfield","key":"a\"}}]"}},"responseElements":null,"requestID":"r","eventID":"{id}","readOnly":true,"eventType":"AwsApiCall","recipientAccountId":"111122223333"}}"#
    )
}
