//! The data: real public CloudTrail records, repeated with other ids, times, principals and addresses until there is enough
//! of them, or files of somebody's choice. The same seed gives the same bytes on every machine.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use libdeflater::{CompressionLvl, Compressor, Decompressor};

/// Records per file, near the average of a busy account.
const RECORDS_PER_FILE: usize = 2_000;
/// When the first record happens, and how far apart they are on average.
const START: &str = "2026-01-05T00:00:00Z";
const STEP_MS: i64 = 450;
/// So many principals, and accounts they belong to.
const PRINCIPALS: u64 = 5_000;
const ACCOUNTS: u64 = 40;

/// Files as they lie in a bucket.
pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    /// gzip of `{"Records":[…]}`.
    pub(crate) files: Vec<Vec<u8>>,
    /// Decompressed.
    pub(crate) bytes: usize,
    pub(crate) longest: usize,
}

#[derive(serde::Deserialize)]
struct RawFile<'t> {
    #[serde(borrow, rename = "Records")]
    records: Vec<&'t serde_json::value::RawValue>,
}

impl Corpus {
    /// Attack recordings, repeated.
    pub(crate) fn replicated(corpora: &Path, bytes_wanted: usize) -> Self {
        let originals = originals(&corpora.join("05-attack-data"));
        let mut corpus = Self { name: "replicated attack recordings", files: Vec::new(), bytes: 0, longest: 0 };
        let mut random = Random(0x5EED);
        let mut now: Timestamp = START.parse().unwrap();
        let mut records = originals.iter().cycle();
        while corpus.bytes < bytes_wanted {
            let varied: Vec<String> =
                records.by_ref().take(RECORDS_PER_FILE).map(|record| vary(record, &mut now, &mut random)).collect();
            corpus.add(format!("{{\"Records\":[{}]}}", varied.join(",")).as_bytes());
        }
        corpus
    }

    /// The files of a directory, plain or gzip.
    pub(crate) fn of_files(name: &'static str, folder: &Path) -> Self {
        let mut corpus = Self { name, files: Vec::new(), bytes: 0, longest: 0 };
        for path in files(folder) {
            let bytes = fs::read(path).unwrap();
            if bytes.starts_with(&[0x1f, 0x8b]) {
                let length = u32::from_le_bytes(*bytes.last_chunk().unwrap());
                let mut text = vec![0; usize::try_from(length).unwrap()];
                Decompressor::new().gzip_decompress(&bytes, &mut text).unwrap();
                corpus.add(&text);
            } else {
                corpus.add(&bytes);
            }
        }
        corpus
    }

    /// Its first files, about so many bytes of them: for what is slow.
    pub(crate) fn sample(&self, bytes_wanted: usize) -> Self {
        let count = (self.files.len() * bytes_wanted / self.bytes.max(1)).clamp(1, self.files.len());
        let files: Vec<Vec<u8>> = self.files[..count].to_vec();
        let length = |file: &Vec<u8>| usize::try_from(u32::from_le_bytes(*file.last_chunk().unwrap())).unwrap();
        Self { name: self.name, bytes: files.iter().map(length).sum(), longest: self.longest, files }
    }

    pub(crate) fn packed_bytes(&self) -> usize {
        self.files.iter().map(Vec::len).sum()
    }

    fn add(&mut self, text: &[u8]) {
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut packed = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor.gzip_compress(text, &mut packed).unwrap();
        packed.truncate(length);
        self.bytes += text.len();
        self.longest = self.longest.max(text.len());
        self.files.push(packed);
    }
}

/// Records as the vendor wrote them, order of keys included.
fn originals(folder: &Path) -> Vec<String> {
    let mut originals: Vec<String> = Vec::new();
    for path in files(&folder.join("invictus-aws")) {
        let text = fs::read_to_string(path).unwrap();
        let file: RawFile<'_> = serde_json::from_str(&text).unwrap();
        originals.extend(file.records.iter().map(|record| record.get().to_owned()));
    }
    for path in files(&folder.join("stratus-detonation-logs")) {
        let text = fs::read_to_string(path).unwrap();
        let Ok(records) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(&text) else { continue };
        originals.extend(records.iter().map(|record| compact(record.get())));
    }
    originals
}

/// These recordings were laid out for people; the service writes no white space between tokens.
fn compact(record: &str) -> String {
    let (mut in_string, mut is_escaped) = (false, false);
    let keep = |character: &char| {
        let is_kept = in_string || !character.is_whitespace();
        in_string ^= *character == '"' && !is_escaped;
        is_escaped = *character == '\\' && !is_escaped;
        is_kept
    };
    record.chars().filter(keep).collect()
}

/// Gives the record other ids, another time, another principal in another account, and another address.
fn vary(record: &str, now: &mut Timestamp, random: &mut Random) -> String {
    *now += SignedDuration::from_millis(i64::try_from(random.below(2 * STEP_MS.unsigned_abs())).unwrap());
    let principal = random.below(PRINCIPALS);
    let account = format!("{:012}", 100_000_000_000 + 7_919 * (principal % ACCOUNTS));
    let mut record = record.to_owned();
    for (name, text) in [
        ("eventTime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("sourceIPAddress", address(random)),
        ("eventID", uuid(random)),
        ("requestID", uuid(random)),
    ] {
        if let Some(old) = value(&record, name).map(str::to_owned) {
            // A service's name is no address.
            let is_service = name == "sourceIPAddress" && !old.starts_with(|first: char| first.is_ascii_digit());
            if !is_service {
                record = record.replacen(&format!("\"{name}\":\"{old}\""), &format!("\"{name}\":\"{text}\""), 1);
            }
        }
    }
    for (name, text) in
        [("userName", format!("user-{principal}")), ("accountId", account), ("accessKeyId", key(random))]
    {
        // Wherever else it stands, in ARNs for example, it is the same one.
        if let Some(old) = value(&record, name).filter(|old| 3 < old.len()).map(str::to_owned) {
            record = record.replace(&old, &text);
        }
    }
    record
}

/// The text of the first member of this name, if it has no escapes.
fn value<'r>(record: &'r str, name: &str) -> Option<&'r str> {
    let start = record.find(&format!("\"{name}\":\""))? + name.len() + 4;
    let rest = record.get(start..)?;
    let text = rest.get(..rest.find('"')?)?;
    (!text.is_empty() && !text.contains('\\')).then_some(text)
}

fn address(random: &mut Random) -> String {
    let mut octet = || 1 + random.below(223);
    format!("{}.{}.{}.{}", octet(), octet(), octet(), octet())
}

fn uuid(random: &mut Random) -> String {
    let mut hex = || format!("{:08x}", random.below(1 << 32));
    let digits = format!("{}{}{}{}", hex(), hex(), hex(), hex());
    let part = |from: usize, to: usize| digits.get(from..to).unwrap().to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn key(random: &mut Random) -> String {
    format!("ASIA{:016X}", random.below(1 << 32) << 16 | random.below(1 << 16))
}

/// A 64-bit linear congruential generator (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 31) % limit
    }
}

/// All files below a directory, in a fixed order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
