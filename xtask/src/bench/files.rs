//! `cargo xtask bench files`: the same records in 300,000 small files and in few large ones, gzip and plain, through `detect`
//! with the built-in rules.
//!
//! A small account delivers objects of a few records. What opening, reading and closing costs is the system's; a row of its
//! own shows it.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::value::RawValue;

use super::usage::{cpu_of_children, highest_memory};
use crate::say;

const FILES: usize = 300_000;
/// With the simulated company's records, files of about 7 KB.
const RECORDS: usize = 5;
const LARGE_RECORDS: usize = 5_000;
/// A directory of a bucket's copy holds so many files.
const FILES_PER_DIR: usize = 1_000;
const ROUNDS: usize = 3;
const POLL: Duration = Duration::from_millis(5);

pub(super) fn run(args: &[String]) -> Result<(), String> {
    let files = match args {
        [] => FILES,
        [count] => count.parse().map_err(|_| format!("`{count}` is not a number of files"))?,
        _ => return Err("name at most the number of files".to_owned()),
    };
    let (program, dir) = super::program("files")?;
    let company = dir.join("company");
    let make = ["simulate", "--days", "7", "--seed", "1", "--scale", "12", "--stories", "none", "--out"];
    let made = Command::new(&program).args(make).arg(&company).stdout(Stdio::null()).status().map_err(text)?;
    if !made.success() {
        return Err("no company could be simulated".to_owned());
    }
    let records = records(&company.join("telemetry/aws/cloudtrail"), files * RECORDS)?;
    say(&format!("{files} files of {RECORDS} records, against files of {LARGE_RECORDS}; CPU-seconds, one thread"));
    say("| | MB read | MB decoded | small | large | large / small | peak MB |");
    say("|---|---|---|---|---|---|---|");
    for packing in [Packing::Gzip, Packing::Plain] {
        compare(&program, &dir, &records, files, packing)?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Packing {
    Gzip,
    Plain,
}

/// The least time of some rounds, turn and turn about.
fn compare(
    program: &Path,
    dir: &Path,
    records: &[Box<RawValue>],
    files: usize,
    packing: Packing,
) -> Result<(), String> {
    let (small, large) = (dir.join("small"), dir.join("large"));
    let written = write(&small, records, files, RECORDS, packing)?;
    let written_large = write(&large, records, files * RECORDS / LARGE_RECORDS, LARGE_RECORDS, packing)?;
    let (mut fast, mut slow, mut read) = (Run::slowest(), Run::slowest(), Run::slowest());
    for _ in 0..ROUNDS {
        slow = slow.or_better(measure(detect(program, &small))?);
        fast = fast.or_better(measure(detect(program, &large))?);
        read = read.or_better(measure(only_read(&small))?);
    }
    let name = format!("{packing:?}").to_lowercase();
    let row = |what: &str, bytes: u64, decoded: u64, run: Run| {
        let ratio = fast.seconds / run.seconds;
        #[expect(clippy::cast_precision_loss, reason = "megabytes for people")]
        let [bytes, decoded] = [bytes, decoded].map(|bytes| bytes as f64 / 1e6);
        say(&format!(
            "| {name}, {what} | {bytes:.0} | {decoded:.0} | {:.2} | {:.2} | {ratio:.2} | {:.0} |",
            run.seconds, fast.seconds, run.peak_mb
        ));
    };
    row("detect", written.bytes, written.decoded, slow);
    row("opened and read by `cat`", written.bytes, written.decoded, read);
    let (small_rate, large_rate) = (per_second(written.bytes, slow), per_second(written_large.bytes, fast));
    say(&format!("{name}: per byte read {:.2} of large files (must be 0.5)", small_rate / large_rate));
    for folder in [small, large] {
        fs::remove_dir_all(folder).map_err(text)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "bytes per second for people")]
fn per_second(bytes: u64, run: Run) -> f64 {
    bytes as f64 / run.seconds
}

/// Records of a trail, repeated until there are enough.
fn records(trail: &Path, count: usize) -> Result<Vec<Box<RawValue>>, String> {
    #[derive(serde::Deserialize)]
    struct Delivered {
        #[serde(rename = "Records")]
        records: Vec<Box<RawValue>>,
    }
    let mut records = Vec::new();
    for entry in walkdir::WalkDir::new(trail).sort_by_file_name() {
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.file_type().is_file() && records.len() < count {
            let mut decoded = String::new();
            MultiGzDecoder::new(File::open(entry.path()).map_err(text)?).read_to_string(&mut decoded).map_err(text)?;
            let delivered: Delivered = serde_json::from_str(&decoded).map_err(|error| error.to_string())?;
            records.extend(delivered.records);
        }
    }
    if records.is_empty() {
        return Err("the company has no trail".to_owned());
    }
    let different = records.len();
    for index in different..count {
        records.push(records[index % different].clone());
    }
    records.truncate(count);
    Ok(records)
}

#[derive(Debug, Default)]
struct Written {
    bytes: u64,
    decoded: u64,
}

fn write(
    folder: &Path,
    records: &[Box<RawValue>],
    files: usize,
    each: usize,
    packing: Packing,
) -> Result<Written, String> {
    let mut written = Written::default();
    for (number, some) in records.chunks(each).take(files).enumerate() {
        let dir = folder.join(format!("{:04}", number / FILES_PER_DIR));
        if number % FILES_PER_DIR == 0 {
            fs::create_dir_all(&dir).map_err(text)?;
        }
        let plain = format!("{{\"Records\":[{}]}}", some.iter().map(|one| one.get()).collect::<Vec<_>>().join(","));
        let (name, bytes) = match packing {
            Packing::Plain => (format!("{number:06}.json"), plain.clone().into_bytes()),
            Packing::Gzip => (format!("{number:06}.json.gz"), deflated(&plain)?),
        };
        written.bytes += bytes.len() as u64;
        written.decoded += plain.len() as u64;
        fs::write(dir.join(name), bytes).map_err(text)?;
    }
    Ok(written)
}

fn deflated(plain: &str) -> Result<Vec<u8>, String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain.as_bytes()).map_err(text)?;
    encoder.finish().map_err(text)
}

fn detect(program: &Path, logs: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["detect", "--threads", "1"]).arg(logs);
    command
}

/// What the system takes for giving the files' bytes to anybody.
fn only_read(logs: &Path) -> Command {
    let mut command = Command::new("find");
    command.arg(logs).args(["-type", "f", "-exec", "cat", "{}", "+"]);
    command
}

#[derive(Debug, Clone, Copy)]
struct Run {
    seconds: f64,
    peak_mb: f64,
}

impl Run {
    fn slowest() -> Self {
        Self { seconds: f64::INFINITY, peak_mb: 0.0 }
    }

    /// The shorter time; memory at its highest.
    fn or_better(self, other: Self) -> Self {
        Self { seconds: self.seconds.min(other.seconds), peak_mb: self.peak_mb.max(other.peak_mb) }
    }
}

fn measure(mut command: Command) -> Result<Run, String> {
    let before = cpu_of_children();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(text)?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak_mb: f64 = 0.0;
    let ended = loop {
        peak_mb = peak_mb.max(highest_memory(&status));
        if let Some(ended) = child.try_wait().map_err(text)? {
            break ended;
        }
        std::thread::sleep(POLL);
    };
    if !ended.success() {
        return Err(format!("{command:?} ended with {ended}"));
    }
    Ok(Run { seconds: cpu_of_children() - before, peak_mb })
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn text(error: std::io::Error) -> String {
    error.to_string()
}
