//! How fast we split: MB/s of inflate alone, inflate and split, inflate and a full parse, on the same data.
//!
//! `cargo run --release -p ingest --example bench_frame -- PATH…` with CloudTrail files (plain or gzip; plain ones are
//! compressed first). Absolute numbers move from machine to machine; compare the lines of one run.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its result")]

use std::io::{Cursor, Read as _, Write as _};

use ingest::{Item, Limits, Reader};
use sonic_rs::JsonValueTrait as _;

type Failure = Box<dyn std::error::Error>;
type Work<'w> = &'w mut dyn FnMut(&[u8], &mut Vec<u8>) -> Result<u64, Failure>;

/// Decoded bytes each measurement goes through.
const BYTES_PER_RUN: usize = 2_000_000_000;

fn main() -> Result<(), Failure> {
    let mut objects = Vec::new();
    for path in std::env::args().skip(1) {
        for member in ingest::read::expand(&path)? {
            let mut bytes = Vec::new();
            ingest::read::open_member(&member)?.read_to_end(&mut bytes)?;
            objects.push(compressed(bytes)?);
        }
    }
    let decoded: usize =
        objects.iter().map(|object| inflate(object, &mut Vec::new())).sum::<Result<usize, Failure>>()?;
    if decoded == 0 {
        return Err("give at least one file".into());
    }
    let rounds = (BYTES_PER_RUN / decoded).clamp(1, 100_000);
    println!("{} objects, {decoded} bytes decoded, {rounds} rounds", objects.len());

    let mut buffer = Vec::new();
    let megabytes = (decoded * rounds) as f64 / 1e6;
    let mut measure = |name: &str, work: Work<'_>| {
        let started = cpu_seconds()?;
        let mut result = 0;
        for _ in 0..rounds {
            for object in &objects {
                result += work(object, &mut buffer)?;
            }
        }
        let rate = megabytes / (cpu_seconds()? - started);
        println!("{name:28} {rate:8.0} MB/s   ({})", result / rounds as u64);
        Ok::<f64, Failure>(rate)
    };
    let inflated = measure("inflate", &mut |object, buffer| Ok(inflate(object, buffer)? as u64))?;
    let mut reader = Reader::new(Limits::default());
    let split = measure("inflate + split", &mut |object, _| walk(&mut reader, object, |_| 0))?;
    let parsed = measure("inflate + sonic-rs Value", &mut |object, buffer| {
        let length = inflate(object, buffer)?;
        let value: sonic_rs::Value = sonic_rs::from_slice(buffer.get(..length).unwrap_or_default())?;
        Ok(value.get("Records").map_or(1, |_| 1))
    })?;
    measure("inflate + split + normalize", &mut |object, _| {
        walk(&mut reader, object, |record| record.event().map_or(1, |event| u64::from(event.activity_id)))
    })?;
    let split_alone = 1.0 / (1.0 / split - 1.0 / inflated);
    println!("split alone                  {split_alone:8.0} MB/s");
    println!("inflate + split : inflate + Value = {:.2}", split / parsed);
    Ok(())
}

/// Seconds this thread spent on a processor: unlike the clock on the wall, other work on the machine does not change it.
fn cpu_seconds() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}

fn walk(reader: &mut Reader, object: &[u8], mut work: impl FnMut(&ingest::Record<'_>) -> u64) -> Result<u64, Failure> {
    let mut sum = 0;
    let input = Box::new(Cursor::new(object.to_vec()));
    if let Some(mut file) = reader.open_stream("bench", input, None)? {
        while let Some(item) = file.next() {
            sum += match item {
                Item::Record(record) => work(&record) + record.raw.len() as u64 / u64::MAX + 1,
                Item::Rejected(_) => 0,
            };
        }
        reader.reuse(file);
    }
    Ok(sum)
}

fn compressed(bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&bytes)?;
    Ok(encoder.finish()?)
}

fn inflate(object: &[u8], buffer: &mut Vec<u8>) -> Result<usize, Failure> {
    let length = object.last_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length));
    buffer.resize(usize::try_from(length)?, 0);
    Ok(libdeflater::Decompressor::new().gzip_decompress(object, buffer)?)
}
