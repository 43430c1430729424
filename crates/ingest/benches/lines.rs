//! Flow log lines out of a file against reading the lines of that file and doing nothing with them.
//!
//! `cargo xtask bench ingest` runs it; `cargo bench -p ingest --bench lines -- [MB]` runs it alone. The peer reads the file
//! through one bounded buffer, finds the end of every line with `memchr` and hands the line on. We read the same file with
//! our own reader and hand on what became of each line. Both on one thread, the file in the page cache, the allocator the
//! program's own. Absolute numbers move from machine to machine; compare the rows of one run.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its result")]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;

use ingest::{Item, Limits, Reader, Record};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

const MEGABYTES_USUAL: usize = 400;
/// What the peer holds in memory: what our own reader takes at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// Runs of which the fastest counts; the rows take turns, so that a disturbance meets all of them.
const ROUNDS: usize = 5;

fn main() -> Result<(), Failure> {
    // Cargo's own `--bench` is no size.
    let megabytes = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(MEGABYTES_USUAL);
    let dir = tempfile::tempdir()?;
    for (name, long) in [("version 2, 14 columns", false), ("version 5, 29 columns", true)] {
        let path = dir.path().join("flow.log");
        let lines = write_lines(&path, megabytes * 1_000_000, long)?;
        let bytes = path.metadata()?.len();
        println!("\nVPC flow log, {name}: {lines} lines, {} bytes each", bytes / lines);
        compare(&path, lines, bytes)?;
    }
    Ok(())
}

/// What is done with every line of a file; it returns how many it saw.
type Row<'r> = (&'r str, &'r dyn Fn(&Path) -> Result<u64, Failure>);

fn compare(path: &Path, lines: u64, bytes: u64) -> Result<(), Failure> {
    let rows: [Row<'_>; 5] = [
        ("lines found with memchr", &peer),
        ("records found", &|path| ours(path, |record| _ = black_box(record.raw))),
        ("records checked", &|path| ours(path, |record| _ = black_box(&record.check()))),
        ("object that rules see", &|path| ours(path, |record| _ = black_box(&record.json()))),
        ("typed OCSF event", &|path| ours(path, |record| _ = black_box(&record.event()))),
    ];
    let mut best = [f64::INFINITY; 5];
    for _ in 0..ROUNDS {
        for ((name, work), best) in rows.iter().zip(&mut best) {
            let started = cpu_seconds()?;
            let seen = work(path)?;
            *best = best.min(cpu_seconds()? - started);
            if seen != lines {
                return Err(format!("{name}: {seen} of {lines} lines").into());
            }
        }
    }
    println!("{:26} {:>14} {:>9} {:>8}", "", "MB per CPU-s", "ns/line", "ratio");
    for ((name, _), seconds) in rows.iter().zip(best) {
        let (rate, each) = (bytes as f64 / 1e6 / seconds, seconds * 1e9 / lines as f64);
        println!("{name:26} {rate:14.0} {each:9.1} {:8.3}", best[0] / seconds);
    }
    Ok(())
}

/// A buffer that slides over the file; each line is shown to nobody in particular.
fn peer(path: &Path) -> Result<u64, Failure> {
    let (mut file, mut buffer) = (File::open(path)?, vec![0; BUFFER_BYTES]);
    let (mut filled, mut lines) = (0, 0);
    loop {
        let count = file.read(&mut buffer[filled..])?;
        if count == 0 {
            return Ok(lines + u64::from(filled > 0));
        }
        filled += count;
        let mut start = 0;
        while let Some(length) = memchr::memchr(b'\n', &buffer[start..filled]) {
            black_box(&buffer[start..start + length]);
            start += length + 1;
            lines += 1;
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
    }
}

fn ours(path: &Path, work: impl Fn(&Record<'_>)) -> Result<u64, Failure> {
    let mut reader = Reader::new(Limits::default());
    let name = path.to_str().ok_or("a path that is no text")?;
    let mut file = reader.open_name(name, None)?.ok_or("not recognised")?;
    let mut records = 0;
    while let Some(item) = file.next() {
        match item {
            Item::Record(record) => work(&record),
            Item::Rejected(rejected) => return Err(rejected.reason.into()),
        }
        records += 1;
    }
    Ok(records)
}

/// Lines whose interfaces, addresses, ports and amounts differ; always the same ones.
fn write_lines(path: &Path, bytes: usize, long: bool) -> Result<u64, Failure> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut random = Random(7);
    let (mut written, mut lines) = (0, 0);
    while written < bytes {
        let line = line(&mut random, lines / 1_000, long);
        out.write_all(line.as_bytes())?;
        written += line.len();
        lines += 1;
    }
    out.flush()?;
    Ok(lines)
}

fn line(random: &mut Random, second: u64, long: bool) -> String {
    let start = 1_772_446_272 + second;
    let (account, interface) = (111_122_223_333 + random.below(3), random.below(500) * 0x9e37_79b9);
    let near = format!("10.{}.{}.{}", random.below(4), random.below(256), random.below(256));
    let far = format!("{}.{}.{}.{}", 11 + random.below(200), random.below(256), random.below(256), random.below(256));
    let (port, service) = (1024 + random.below(64_000), [443, 443, 443, 80, 22, 5432, 53][random.pick(7)]);
    let (packets, bytes) = (1 + random.below(400), 40 + random.below(2_000_000));
    let (end, protocol) = (start + 10 + random.below(50), [6, 6, 6, 17][random.pick(4)]);
    let (version, action) = (if long { 5 } else { 2 }, ["ACCEPT", "ACCEPT", "ACCEPT", "REJECT"][random.pick(4)]);
    let head = format!(
        "{version} {account} eni-{interface:017x} {near} {far} {port} {service} {protocol} {packets} {bytes} {start} {end} {action} OK"
    );
    if !long {
        return head + "\n";
    }
    let machine = random.below(500) * 0x51_7cc1;
    format!(
        "{head} vpc-0a1b2c3d4e5f60718 subnet-0a1b2c3d4e5f60718 i-{machine:017x} 19 IPv4 {near} {far} eu-west-1 euw1-az1 - - - - egress 8\n"
    )
}

/// Seconds this thread spent on a processor: unlike the clock on the wall, other work on the machine does not change it.
fn cpu_seconds() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}

/// splitmix64: small, fast, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ (value >> 31)) % limit
    }

    fn pick(&mut self, among: usize) -> usize {
        usize::try_from(self.below(among as u64)).unwrap_or(0)
    }
}
