//! Measures the log against its budgets: appending in batches of 100 with fsync, verifying a million entries against hashing the
//! same bytes, and proofs. Run it with `--release`; give a directory on the disk to be measured, and the number of entries.
#![expect(clippy::print_stdout, reason = "an example prints what it measured")]

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use evidence::keys::LogKey;
use evidence::store::TileStore;
use evidence::verify::{Trust, verify};
use sha2::{Digest as _, Sha256};

const APPENDED: u64 = 20_000;
const BATCH: u64 = 100;
const ENTRY_BYTES: usize = 400;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from).join("bench-evidence");
    let size: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    std::fs::create_dir_all(&directory)?;
    let key = LogKey::generate("bench.example/log")?;
    bare_batches(&directory)?;
    appends(&directory, &key)?;
    let mut store = TileStore::open(directory.join("large"))?;
    while store.size() < size {
        let first = store.size();
        store.append(first, &(first..size.min(first + 4096)).map(entry).collect::<Vec<_>>())?;
    }
    store.sign_checkpoint(&[&key])?;
    verifies(&store, &key)?;
    proofs(&store)?;
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

/// The floor for any durable append on this disk: one file, one write and one fsync a batch.
fn bare_batches(directory: &Path) -> Outcome {
    let mut file = File::create(directory.join("bare"))?;
    let start = Instant::now();
    for batch in 0..APPENDED / BATCH {
        let bytes: Vec<u8> = (batch * BATCH..(batch + 1) * BATCH).flat_map(entry).collect();
        file.write_all(&bytes)?;
        file.sync_data()?;
    }
    println!("one write and fsync per batch of {BATCH}: {:.0} entries/s", per_second(APPENDED, start));
    Ok(())
}

fn appends(directory: &Path, key: &LogKey) -> Outcome {
    let mut store = TileStore::open(directory.join("small"))?;
    let start = Instant::now();
    while store.size() < APPENDED {
        let first = store.size();
        store.append(first, &(first..first + BATCH).map(entry).collect::<Vec<_>>())?;
    }
    println!("append, batches of {BATCH}, fsync on: {:.0} entries/s", per_second(APPENDED, start));
    let start = Instant::now();
    while store.size() < 2 * APPENDED {
        let first = store.size();
        store.append(first, &(first..first + BATCH).map(entry).collect::<Vec<_>>())?;
        store.sign_checkpoint(&[key])?;
    }
    println!("the same with a checkpoint per batch: {:.0} entries/s", per_second(APPENDED, start));
    Ok(())
}

fn verifies(store: &TileStore, key: &LogKey) -> Outcome {
    let flat: Vec<u8> = (0..store.size()).flat_map(entry).collect();
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let digest = Sha256::digest(&flat);
    let (wall, one_stream) = (start.elapsed().as_secs_f64(), (cpu_seconds() - cpu).max(1e-2));
    println!("SHA-256 of the same {} bytes: {wall:.2} s, {one_stream:.2} CPU-s ({:02x}…)", flat.len(), digest[0]);
    drop(flat);
    let trust = Trust { keys: vec![key.verifier()], ..Trust::default() };
    for _ in 0..3 {
        let (start, cpu) = (Instant::now(), cpu_seconds());
        let report = verify(store.directory(), &trust)?;
        let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        let (ratio, entries, holds) = (cpu / one_stream, report.entries, report.holds());
        println!("verify {entries} entries: {seconds:.2} s, {cpu:.2} CPU-s, {ratio:.2} × one stream; holds: {holds}");
    }
    Ok(())
}

fn proofs(store: &TileStore) -> Outcome {
    let size = store.size();
    let start = Instant::now();
    for n in 0..200 {
        store.prove_inclusion(n * 4999 % size, size)?;
    }
    println!("inclusion proof, verified: {:.3} ms", 1e3 * start.elapsed().as_secs_f64() / 200.0);
    let start = Instant::now();
    for n in 0..100 {
        store.prove_consistency(n * 9973 % size, size)?;
    }
    println!("consistency proof, verified: {:.3} ms", 1e3 * start.elapsed().as_secs_f64() / 100.0);
    let start = Instant::now();
    drop(TileStore::open(store.directory())?);
    println!("open: {:.2} ms", 1e3 * start.elapsed().as_secs_f64());
    Ok(())
}

fn per_second(entries: u64, start: Instant) -> f64 {
    entries as f64 / start.elapsed().as_secs_f64()
}

/// User and system time of this process so far, where Linux tells (in hundredths); 0 elsewhere.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// 400 bytes, as entries of incidents tend to have.
fn entry(index: u64) -> Vec<u8> {
    let mut entry =
        format!("{{\"at\":\"2026-03-02T10:11:12Z\",\"id\":\"e-{index:012}\",\"kind\":\"incident.opened\"").into_bytes();
    entry.resize(ENTRY_BYTES, b' ');
    entry
}
