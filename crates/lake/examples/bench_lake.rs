//! Measures the lake on synthetic CloudTrail-like rows: append, size, queries, retention; and, on the same rows, the floor
//! that append is compared with: writing the raw column alone as zstd Parquet.
//!
//! `cargo run --release -p lake --example bench_lake -- [ROWS_PER_DAY] [DAYS] [DIR] [fill|query|maintain]`; without the last word all
//! three, one after the other. CPU seconds are user + system of this process, so they include everything the engine starts; the
//! allocator is the program's. Same arguments, same rows. `cargo xtask bench lake` asks DuckDB the same between them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{RecordBatch, StringArray};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use jiff::Timestamp;
use jiff::civil::date;
use lake::{EventRow, Filter, Lake, Options, Retain, TableName, Txn, Vacuum};

/// As in the program: a scan allocates and frees in large pieces, and what that costs is the allocator's doing.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SOURCE: &str = "trail";
/// Rows per append: what the flow hands over at a time.
const BATCH_ROWS: usize = 20_000;
/// A principal that acts this often in all days together.
const RARE_ROWS: u64 = 40;
/// Clock ticks per second in `/proc/self/stat`.
const TICKS: f64 = 100.0;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let per_day: u64 = arguments.next().map_or(Ok(5_000), |text| text.parse())?;
    let days: u64 = arguments.next().map_or(Ok(90), |text| text.parse())?;
    let dir = arguments.next().map_or_else(|| std::env::temp_dir().join("bench-lake"), PathBuf::from);
    let part = arguments.next();
    let is_asked = |name: &str| part.as_deref().is_none_or(|part| part == name);
    if is_asked("fill") {
        fill(&dir, per_day, days).await?;
    }
    let lake = Lake::open(&dir, &Options::default()).await?;
    if is_asked("query") {
        queries(&lake, days).await?;
    }
    if is_asked("maintain") {
        maintain(&lake, &dir).await?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
async fn fill(dir: &Path, per_day: u64, days: u64) -> Result<()> {
    if dir.exists() {
        std::fs::remove_dir_all(dir)?;
    }
    let lake = Lake::open(dir, &Options::default()).await?;
    let rows = per_day * days;

    let (floor_cpu, floor_bytes, raw_bytes) = floor(per_day, days)?;
    println!("rows {rows}, days {days}, raw {:.0} B/row", per(raw_bytes, rows));
    println!("floor: raw column alone: {:.2} CPU-s, {:.1} B/row", floor_cpu, per(floor_bytes, rows));

    let (append_cpu, append_wall) = append(&lake, per_day, days).await?;
    let bytes = lake.status().await?.tables.iter().map(|table| table.bytes).sum::<u64>();
    println!("append: {append_cpu:.2} CPU-s, {append_wall:.2} s, {:.0} rows/CPU-s", rows as f64 / append_cpu);
    println!("append: {:.1} B/row; floor CPU / append CPU = {:.2}", per(bytes, rows), floor_cpu / append_cpu);
    Ok(())
}

/// CPU and bytes of writing only the raw text, in the order it arrives, in batches of the same size.
fn floor(per_day: u64, days: u64) -> Result<(f64, u64, u64)> {
    let (mut cpu, mut bytes, mut raw_bytes) = (0.0, 0, 0);
    for day in 0..days {
        for rows in batches(day, per_day) {
            raw_bytes += rows.iter().map(|row| row.raw.len() as u64).sum::<u64>();
            let start = cpu_seconds()?;
            let raw = StringArray::from_iter_values(rows.iter().map(|row| &row.raw));
            let batch = RecordBatch::try_from_iter([("raw", Arc::new(raw) as _)])?;
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
                .set_dictionary_enabled(false)
                .build();
            let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
            writer.write(&batch)?;
            bytes += writer.into_inner()?.len() as u64;
            cpu += cpu_seconds()? - start;
        }
    }
    Ok((cpu, bytes, raw_bytes))
}

async fn append(lake: &Lake, per_day: u64, days: u64) -> Result<(f64, f64)> {
    let (mut cpu, mut wall, mut seq) = (0.0, 0.0, 0);
    for day in 0..days {
        for rows in batches(day, per_day) {
            seq += 1;
            let (start_cpu, start) = (cpu_seconds()?, Instant::now());
            lake.append_events(rows, &Txn { source: SOURCE.to_owned(), seq }).await?;
            cpu += cpu_seconds()? - start_cpu;
            wall += start.elapsed().as_secs_f64();
        }
    }
    Ok((cpu, wall))
}

#[expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
async fn queries(lake: &Lake, days: u64) -> Result<()> {
    let week = day_text(days.saturating_sub(7));
    let last = day_text(days - 1);
    let needle = format!("raw LIKE '%{}%'", needle());
    for (name, sql) in [
        ("count", "SELECT count(*) FROM events".to_owned()),
        ("rare principal", "SELECT count(*), min(time), max(time) FROM events WHERE actor = 'aws:user:444455556666/rare'".to_owned()),
        ("rare principal, whole rows", "SELECT * FROM events WHERE actor = 'aws:user:444455556666/rare'".to_owned()),
        ("absent principal", "SELECT count(*) FROM events WHERE actor = 'aws:user:444455556666/absent'".to_owned()),
        ("one event id", format!("SELECT * FROM events WHERE event_uid = '{}'", needle_uid())),
        ("failures grouped", "SELECT operation, count(*), count(DISTINCT actor) FROM events WHERE status = 'AccessDenied' GROUP BY 1 ORDER BY 2 DESC".to_owned()),
        ("needle in raw, all days", format!("SELECT count(*) FROM events WHERE {needle}")),
        ("needle in raw, 7 days", format!("SELECT count(*) FROM events WHERE {needle} AND day >= '{week}'")),
        ("self-join, one day", format!("SELECT count(*) FROM events a JOIN events b ON a.actor = b.actor AND a.day = b.day WHERE a.day = '{last}' AND a.operation = 'PutBucketPolicy' AND b.operation = 'GetObject' AND b.time > a.time")),
    ] {
        let mut times = Vec::new();
        for _ in 0..3 {
            let (start_cpu, start) = (cpu_seconds()?, Instant::now());
            let rows = lake.sql(&sql, 1_000_000).await?;
            times.push((start.elapsed().as_secs_f64(), cpu_seconds()? - start_cpu, rows.rows.len()));
        }
        let (first, best) = (times[0].0, times.iter().map(|time| time.0).fold(f64::MAX, f64::min));
        println!("query: {name}: first {first:.3} s, best {best:.3} s, {:.2} CPU-s, {} rows", times[2].1, times[0].2);
    }
    let filter = Filter { actors: ["aws:user:444455556666/rare".to_owned()].into(), ..Filter::default() };
    let start = Instant::now();
    let rows = lake.read_events(&filter, 1_000_000).await?;
    println!("read_events: rare principal: {:.3} s, {} rows", start.elapsed().as_secs_f64(), rows.len());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
async fn maintain(lake: &Lake, dir: &Path) -> Result<()> {
    let now: Timestamp = "2099-01-01T00:00:00Z".parse()?;
    let first = date(2026, 1, 1);
    let (start_cpu, start) = (cpu_seconds()?, Instant::now());
    let done = lake.compact(TableName::Events, first, now).await?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds()? - start_cpu);
    println!("compact one day: {done:?}: {wall:.2} s, {cpu:.2} CPU-s");
    let request = |before| Retain { table: TableName::Events, older_than: before, dry_run: false, now };
    let start = Instant::now();
    let done = lake.retain(&request(date(2026, 1, 6))).await?;
    println!("drop 5 days: {} rows: {:.3} s", done.rows_dropped, start.elapsed().as_secs_f64());
    let filter = Filter { actors: ["aws:user:111122223333/user7".to_owned()].into(), ..Filter::default() };
    lake.hold("bench", filter, "bench", now).await?;
    let (start_cpu, start) = (cpu_seconds()?, Instant::now());
    let done = lake.retain(&request(date(2026, 1, 11))).await?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds()? - start_cpu);
    println!(
        "drop 5 days except {} held rows: {} rows: {wall:.2} s, {cpu:.2} CPU-s",
        done.rows_held, done.rows_dropped
    );
    let start = Instant::now();
    let done = lake.vacuum(&Vacuum { keep: Duration::ZERO, now, dry_run: false }).await?;
    println!("vacuum: {done:?}: {:.3} s; lake left in {}", start.elapsed().as_secs_f64(), dir.display());
    Ok(())
}

/// The rows of one day in appends.
fn batches(day: u64, per_day: u64) -> impl Iterator<Item = Vec<EventRow>> {
    let numbers: Vec<u64> = (0..per_day).collect();
    let chunks: Vec<Vec<u64>> = numbers.chunks(BATCH_ROWS).map(<[u64]>::to_vec).collect();
    chunks.into_iter().map(move |chunk| chunk.into_iter().map(|n| row(day, n, per_day)).collect())
}

const OPERATIONS: [&str; 12] = [
    "GetObject",
    "GetObject",
    "GetObject",
    "PutObject",
    "ListBucket",
    "AssumeRole",
    "DescribeInstances",
    "Decrypt",
    "GetCallerIdentity",
    "HeadObject",
    "PutBucketPolicy",
    "GetSecretValue",
];

fn row(day: u64, n: u64, per_day: u64) -> EventRow {
    let mut random = Random(day * 1_000_003 + n * 7_919 + 12_345);
    let micros = n * (86_400_000_000 / per_day);
    let time_us = 1_767_225_600_000_000 + i64::try_from(day * 86_400_000_000 + micros).unwrap_or(0);
    let rare = n == per_day / 2 && day < RARE_ROWS;
    // Few principals do most of the work.
    let user = (random.next() % 60) * (random.next() % 40) * (random.next() % 3);
    let actor =
        if rare { "aws:user:444455556666/rare".to_owned() } else { format!("aws:user:111122223333/user{user}") };
    let operation = OPERATIONS[usize::try_from(random.next() % 12).unwrap_or(0)];
    let denied = random.next().is_multiple_of(50);
    let bucket =
        format!("larkfield-{}", ["orders", "media", "exports", "gradebooks"][usize::try_from(user % 4).unwrap_or(0)]);
    let key = format!("{bucket}/{:02}/part-{:06}.parquet", day % 28, random.next() % 50_000);
    let ip = format!("198.51.100.{}", user % 250);
    let uid = if day == 3 && n == 17 { needle_uid() } else { random.uuid() };
    let request = if day == 3 && n == 17 { needle() } else { random.hex(16).to_uppercase() };
    let time = Timestamp::from_microsecond(time_us).map(|time| format!("{time:.0}")).unwrap_or_default();
    let bytes = i64::try_from(random.next() % 5_000_000).unwrap_or(0);
    let error = if denied {
        "\"errorCode\":\"AccessDenied\",\"errorMessage\":\"User is not authorized to perform this action\","
    } else {
        ""
    };
    let raw = format!(
        "{{\"eventVersion\":\"1.09\",\"userIdentity\":{{\"type\":\"IAMUser\",\"principalId\":\"AIDA{:016}\",\"arn\":\"arn:aws:iam::111122223333:user/user{user}\",\"accountId\":\"111122223333\",\"accessKeyId\":\"ASIA{}\",\"userName\":\"user{user}\",\"sessionContext\":{{\"attributes\":{{\"creationDate\":\"{time}\",\"mfaAuthenticated\":\"true\"}}}}}},\"eventTime\":\"{time}\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"{operation}\",\"awsRegion\":\"eu-central-1\",\"sourceIPAddress\":\"{ip}\",\"userAgent\":\"[aws-sdk-java/2.20.{} Linux/5.10 OpenJDK_64-Bit_Server_VM/17.0.6 vendor/Amazon]\",{error}\"requestParameters\":{{\"bucketName\":\"{bucket}\",\"Host\":\"{bucket}.s3.eu-central-1.amazonaws.com\",\"key\":\"{key}\"}},\"responseElements\":null,\"additionalEventData\":{{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"bytesTransferredIn\":0,\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"{}\",\"bytesTransferredOut\":{bytes}}},\"requestID\":\"{request}\",\"eventID\":\"{uid}\",\"readOnly\":true,\"resources\":[{{\"type\":\"AWS::S3::Object\",\"ARN\":\"arn:aws:s3:::{key}\"}},{{\"accountId\":\"111122223333\",\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::{bucket}\"}}],\"eventType\":\"AwsApiCall\",\"managementEvent\":false,\"recipientAccountId\":\"111122223333\",\"eventCategory\":\"Data\",\"tlsDetails\":{{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\"{bucket}.s3.eu-central-1.amazonaws.com\"}}}}",
        user * 7_919,
        random.hex(16).to_uppercase(),
        user % 80,
        random.hex(76),
    );
    EventRow {
        tenant: "larkfield".to_owned(),
        source: SOURCE.to_owned(),
        record: i64::try_from(n).unwrap_or(0),
        logsource: "aws/cloudtrail".to_owned(),
        class_uid: if operation == "AssumeRole" { 3002 } else { 6003 },
        time_us,
        ingest_us: time_us + 300_000_000,
        delivery_us: None,
        event_uid: uid,
        operation: operation.to_owned(),
        status: Some(if denied { "AccessDenied" } else { "Success" }.to_owned()),
        actor,
        user_name: Some(format!("user{user}")),
        src_ip: Some(ip),
        user_agent: Some(format!("aws-sdk-java/2.20.{}", user % 80)),
        account: Some("111122223333".to_owned()),
        region: Some("eu-central-1".to_owned()),
        resources: vec![format!("arn:aws:s3:::{key}"), format!("arn:aws:s3:::{bucket}")],
        bytes: Some(bytes),
        http_status: None,
        row_count: None,
        raw,
        raw_bytes: None,
    }
}

fn needle() -> String {
    "NEEDLE0123456789".to_owned()
}

fn needle_uid() -> String {
    "0d1e2f3a-0000-4000-8000-00000000cafe".to_owned()
}

fn day_text(day: u64) -> String {
    let day = date(2026, 1, 1).checked_add(jiff::Span::new().days(i64::try_from(day).unwrap_or(0)));
    day.map(|day| day.to_string()).unwrap_or_default()
}

fn per(bytes: u64, rows: u64) -> f64 {
    bytes as f64 / rows as f64
}

/// splitmix64: small, fast, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }

    fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
        format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
    }
}

/// User and system time of this process.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The second field is the program name in parentheses and may hold spaces.
    let (_, fields) = stat.rsplit_once(')').ok_or("unknown format of /proc/self/stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| -> Result<f64> { Ok(fields.get(index).ok_or("short /proc/self/stat")?.parse::<f64>()?) };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}
