//! CloudTrail files into the lake, against inflating them, parsing them and writing only their records as a Parquet column.
//!
//! `cargo xtask bench ingest` runs it on a simulated company's trail; `cargo bench -p watertight --bench ingest -- DIR` on any
//! directory of CloudTrail gzip files. Both sides run in a process of their own, so that each one's memory is its own:
//! ours takes the flow's steps up to a durable append, with the flow's batches and the program's allocator; it neither
//! detects nor seals. Compare the rows of one run.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its result")]

#[path = "../src/translate.rs"]
#[allow(dead_code, unused_imports, reason = "only the step from an event to its row is measured")]
mod translate;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use ingest::Limits;
use ingest::source::{BatchLimits, Files};
use jiff::Timestamp;
use lake::{Lake, Options, Txn};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

const SOURCE: &str = "trail";
/// As in the lake.
const ZSTD_LEVEL: i32 = 3;
/// Runs of each side, in turns; the fastest counts.
const ROUNDS: usize = 3;
/// Clock ticks per second in `/proc/self/stat`.
const TICKS: f64 = 100.0;

/// What one side took and left.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
struct Cost {
    /// Seconds of processor time, the system's included, of inflating, making values or events, and writing.
    steps: [f64; 3],
    seconds: f64,
    records: u64,
    bytes_written: u64,
    peak_megabytes: f64,
}

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let cost = match words.as_slice() {
        [dir] => return compare(dir),
        ["ours", dir, lake] => ours(dir, Path::new(lake))?,
        ["peer", dir, out] => peer(dir, Path::new(out))?,
        _ => return Err("give one directory of CloudTrail gzip files".into()),
    };
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}

fn compare(dir: &str) -> Result<(), Failure> {
    let (mut packed, mut decoded) = (0, 0);
    for bytes in files(dir)? {
        packed += bytes.len() as u64;
        decoded += inflate(&bytes)?.len() as u64;
    }
    let (mut peers, mut mine) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        peers.push(in_own_process("peer", dir)?);
        mine.push(in_own_process("ours", dir)?);
    }
    let fastest = |costs: Vec<Cost>| costs.into_iter().min_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let (Some(peer), Some(ours)) = (fastest(peers), fastest(mine)) else { return Err("nothing ran".into()) };
    if peer.records != ours.records {
        return Err(format!("{} records against {}", ours.records, peer.records).into());
    }
    println!("{} records, {packed} bytes of gzip, {decoded} decompressed", ours.records);
    println!("{:46} {:>6} {:>8} {:>6} {:>8}", "", "CPU-s", "MB/CPU-s", "B/rec", "ratio");
    let row = |name: &str, cost: &Cost| {
        let rate = decoded as f64 / 1e6 / cost.seconds;
        let each = cost.bytes_written as f64 / cost.records as f64;
        let ratio = peer.seconds / cost.seconds;
        println!("{name:46} {:6.2} {rate:8.0} {each:6.0} {ratio:8.2}", cost.seconds);
    };
    row("inflate + sonic-rs value + raw column written", &peer);
    row("inflate + OCSF + lake, raw kept", &ours);
    println!("peer: inflate {:.2}, value {:.2}, column {:.2} CPU-s", peer.steps[0], peer.steps[1], peer.steps[2]);
    println!("ours: read {:.2}, event {:.2}, row and append {:.2} CPU-s", ours.steps[0], ours.steps[1], ours.steps[2]);
    let of_gzip = ours.bytes_written as f64 / packed as f64;
    println!("bytes in the lake against gzip: {of_gzip:.2}; peak memory {:.0} MB", ours.peak_megabytes);
    Ok(())
}

fn in_own_process(side: &str, dir: &str) -> Result<Cost, Failure> {
    let scratch = tempfile::tempdir()?;
    let run = Command::new(std::env::current_exe()?).args([side, dir]).arg(scratch.path()).output()?;
    if !run.status.success() {
        return Err(format!("{side}: {}", String::from_utf8_lossy(&run.stderr)).into());
    }
    Ok(serde_json::from_slice(&run.stdout)?)
}

/// Source → batch → events → rows → durable append, as the flow does it.
#[tokio::main(flavor = "current_thread")]
async fn ours(dir: &str, lake_dir: &Path) -> Result<Cost, Failure> {
    let lake = Lake::open(lake_dir, &Options::default()).await?;
    let now: Timestamp = "2026-11-22T00:00:00Z".parse()?;
    let limits = Limits::default();
    let mut source = Files::new(SOURCE, dir, None, limits.clone(), BatchLimits::default());
    let (mut steps, mut records, mut seq) = ([0.0; 3], 0, 0);
    let mut clock = Clock::start()?;
    while let Some(batch) = source.next_batch_blocking()? {
        steps[0] += clock.lap()?;
        let events: Result<Vec<_>, _> = batch.iter(&limits).map(|record| record.event()).collect();
        let events = events.map_err(|rejected| rejected.reason)?;
        records += events.len() as u64;
        steps[1] += clock.lap()?;
        let rows =
            events.iter().zip(0..).map(|(event, place)| translate::event_row(event, "bench", SOURCE, place, now));
        let rows = rows.collect();
        seq += 1;
        lake.append_events(rows, &Txn { source: SOURCE.to_owned(), seq }).await?;
        drop((events, batch));
        steps[2] += clock.lap()?;
    }
    let bytes_written = lake.status().await?.tables.iter().map(|table| table.bytes).sum();
    Ok(Cost { steps, seconds: steps.iter().sum(), records, bytes_written, peak_megabytes: peak_megabytes()? })
}

/// The same files inflated and made values, and the same records written as a column alone. Which bytes a record takes is
/// found beforehand and not counted.
fn peer(dir: &str, out: &Path) -> Result<Cost, Failure> {
    let mut clock = Clock::start()?;
    for bytes in files(dir)? {
        std::hint::black_box(inflate(&bytes)?);
    }
    let inflated = clock.lap()?;
    for bytes in files(dir)? {
        std::hint::black_box(sonic_rs::from_slice::<sonic_rs::Value>(&inflate(&bytes)?)?);
    }
    let parsed = clock.lap()?;
    let limits = Limits::default();
    let mut source = Files::new(SOURCE, dir, None, limits.clone(), BatchLimits::default());
    let mut batches = Vec::new();
    while let Some(batch) = source.next_batch_blocking()? {
        let texts = batch.iter(&limits).map(|record| String::from_utf8(record.raw.to_vec()));
        batches.push(texts.collect::<Result<Vec<String>, _>>()?);
    }
    clock.lap()?;
    let mut bytes_written = 0;
    for (number, texts) in batches.iter().enumerate() {
        let column = column(texts)?;
        std::fs::write(out.join(format!("{number}.parquet")), &column)?;
        bytes_written += column.len() as u64;
    }
    let steps = [inflated, parsed - inflated, clock.lap()?];
    let records = batches.iter().map(|texts| texts.len() as u64).sum();
    Ok(Cost { steps, seconds: steps.iter().sum(), records, bytes_written, peak_megabytes: peak_megabytes()? })
}

fn column(texts: &[String]) -> Result<Vec<u8>, Failure> {
    let raw = StringArray::from_iter_values(texts);
    let batch = RecordBatch::try_from_iter([("raw", Arc::new(raw) as _)])?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?)
}

/// The bytes of every file, one at a time.
fn files(dir: &str) -> Result<impl Iterator<Item = Vec<u8>>, Failure> {
    Ok(ingest::read::expand(dir)?.into_iter().filter_map(|member| std::fs::read(member.name).ok()))
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, Failure> {
    let length = packed.last_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length));
    let mut text = vec![0; usize::try_from(length)?];
    libdeflater::Decompressor::new().gzip_decompress(packed, &mut text)?;
    Ok(text)
}

/// Processor time of this process in laps, the system's and other threads' included.
struct Clock(f64);

impl Clock {
    fn start() -> Result<Self, Failure> {
        Ok(Self(process_seconds()?))
    }

    fn lap(&mut self) -> Result<f64, Failure> {
        let before = std::mem::replace(&mut self.0, process_seconds()?);
        Ok(self.0 - before)
    }
}

fn process_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The second field is the program's name in parentheses and may hold spaces.
    let (_, fields) = stat.rsplit_once(')').ok_or("unknown format of /proc/self/stat")?;
    let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

/// The most memory this process ever held.
fn peak_megabytes() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1000.0)
}
