//! What `detect` and `normalize` share: paths become inputs, inputs are read in parallel, output comes in order.
//!
//! Memory stays bounded whatever the input: a worker that is too far ahead of the printer waits, and so does one whose
//! output for a later file has grown large.

mod sorter;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use ingest::{Counts, Format, LogFile, Member, ReadError, Reader, Rejected, S3Config, S3Store};
use ocsf::Severity;
use serde::Serialize;

use crate::exit::{Exit, Failure, OrFail as _};
use crate::output::{self, Out};

pub(crate) use sorter::{Room, Sortable, Sorted, Sorter};

/// Output of one file that may wait in memory for its turn.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// How many files ahead of the printer a worker may be.
const AHEAD_MAX: usize = 256;
/// Rejections named on stderr before only the count goes on.
const REJECTIONS_SHOWN: u64 = 20;

/// Counts as the contract spells them. records = events + rejected.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Stats {
    pub(crate) files: u64,
    pub(crate) skipped: u64,
    pub(crate) bytes_read: u64,
    pub(crate) bytes_decoded: u64,
    pub(crate) records: u64,
    pub(crate) events: u64,
    pub(crate) rejected: u64,
    pub(crate) findings: u64,
    pub(crate) rules_loaded: u64,
    pub(crate) rules_failed: u64,
    pub(crate) seconds: f64,
    pub(crate) threads: u64,
    #[serde(skip)]
    pub(crate) highest: Severity,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            files: 0,
            skipped: 0,
            bytes_read: 0,
            bytes_decoded: 0,
            records: 0,
            events: 0,
            rejected: 0,
            findings: 0,
            rules_loaded: 0,
            rules_failed: 0,
            seconds: 0.0,
            threads: 0,
            highest: Severity::Unknown,
        }
    }
}

impl Stats {
    /// Counts a rejection, and names the first ones on stderr.
    pub(crate) fn reject(&mut self, rejected: &Rejected) {
        self.rejected += 1;
        if self.rejected <= REJECTIONS_SHOWN {
            output::talk(format!("rejected: {} record {}: {}", rejected.member, rejected.record, rejected.reason));
        }
    }

    /// A file that cannot be opened counts as one record, rejected: the others go on.
    pub(crate) fn unreadable_file(mut self, name: &str, error: &ReadError) -> Self {
        output::talk(format!("rejected: {name}: {error}"));
        self.records += 1;
        self.rejected += 1;
        self
    }

    pub(crate) fn add_counts(&mut self, counts: Counts) {
        self.records += counts.records;
        self.bytes_read += counts.bytes_read;
        self.bytes_decoded += counts.bytes_decoded;
    }

    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.skipped += other.skipped;
        self.bytes_read += other.bytes_read;
        self.bytes_decoded += other.bytes_decoded;
        self.records += other.records;
        self.events += other.events;
        self.rejected += other.rejected;
        self.findings += other.findings;
        self.highest = self.highest.max(other.highest);
    }

    /// Proves the sum, then writes the counts to a file or (`-`) to stderr.
    pub(crate) fn write(&self, to: Option<&Path>) -> Result<(), Failure> {
        if self.records != self.events + self.rejected {
            return Err(Failure::failed(format!(
                "records were lost: {} read, {} events, {} rejected; this is our mistake, please report it",
                self.records, self.events, self.rejected
            )));
        }
        let Some(path) = to else { return Ok(()) };
        let json = serde_json::to_string(self).or_fail("failed to print stats")?;
        if path == Path::new("-") {
            output::talk(json);
            return Ok(());
        }
        crate::durable::write(path, format!("{json}\n").as_bytes())
    }
}

/// The format that `--logsource` or `--source` names.
pub(crate) fn forced_format(id: Option<&str>) -> Result<Option<Format>, Failure> {
    let Some(id) = id else { return Ok(None) };
    Format::from_id(id).map(Some).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.into_iter().map(Format::id).collect();
        Failure::usage(format!("`{id}` is not a source that is known")).help(format!("one of: {}", known.join(", ")))
    })
}

pub(crate) fn threads(asked: Option<NonZeroUsize>) -> usize {
    asked.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
}

pub(crate) fn unreadable(error: &ReadError) -> Failure {
    Failure::usage(format!("failed to read: {error}"))
}

/// One thing to read: a local member, or an object of a bucket.
#[derive(Debug)]
pub(crate) enum Input {
    Local(Member),
    S3 { member: Member, store: std::sync::Arc<S3Store>, runtime: tokio::runtime::Handle },
}

impl Input {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Local(member) | Self::S3 { member, .. } => &member.name,
        }
    }

    pub(crate) fn open(&self, reader: &mut Reader, forced: Option<Format>) -> Result<Option<LogFile>, ReadError> {
        match self {
            Self::Local(member) => reader.open(member, forced),
            Self::S3 { member, store, runtime } => {
                let stream = store.reader(member, runtime.clone())?;
                reader.open_stream(&member.name, stream, forced)
            }
        }
    }
}

/// Reads every input with one worker a thread; `file` prints through `InOrder`. Returns the sum of all counts.
pub(crate) fn for_each_file<W>(
    paths: &[String],
    threads: usize,
    worker: impl Fn() -> W + Sync,
    file: impl Fn(&mut W, &Input, &mut InOrder<'_>) -> Result<Stats, Failure> + Sync,
) -> Result<Stats, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.or_fail("failed to start the runtime")?;
    let inputs = inputs(paths, &runtime)?;
    let printer = Printer::default();
    let next = AtomicUsize::new(0);
    let total = Mutex::new(Stats::default());
    std::thread::scope(|scope| {
        for _ in 0..threads.min(inputs.len()).max(1) {
            scope.spawn(|| {
                let mut tools = worker();
                while let Some(index) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&index| index < inputs.len())
                {
                    let mut out = InOrder { printer: &printer, index, buffer: Vec::new() };
                    match printer.wait_for_window(index).and_then(|()| file(&mut tools, &inputs[index], &mut out)) {
                        Ok(stats) => lock(&total).add(&stats),
                        Err(failure) => printer.fail(failure),
                    }
                    out.finish();
                }
            });
        }
    });
    printer.end()?;
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn inputs(paths: &[String], runtime: &tokio::runtime::Runtime) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.starts_with("s3://") {
            // Credentials and endpoint come from the environment that AWS tools share.
            let config = S3Config { use_environment: true, ..S3Config::default() };
            let (store, prefix) = S3Store::open(path, &config).map_err(|error| unreadable(&error))?;
            let store = std::sync::Arc::new(store);
            let members = runtime.block_on(store.list(&prefix)).map_err(|error| unreadable(&error))?;
            let handle = runtime.handle();
            inputs.extend(members.into_iter().map(|member| Input::S3 {
                member,
                store: store.clone(),
                runtime: handle.clone(),
            }));
        } else if path.starts_with("az://") {
            return Err(Failure::usage(format!("`{path}`: Azure Blob is not read by this version"))
                .help("copy the blobs to a directory or a bucket"));
        } else {
            let members = ingest::read::expand(path).map_err(|error| unreadable(&error))?;
            inputs.extend(members.into_iter().map(Input::Local));
        }
    }
    Ok(inputs)
}

/// Puts the output of files that were read at the same time into the order of the files.
#[derive(Debug, Default)]
struct Printer {
    state: Mutex<PrinterState>,
    turned: Condvar,
}

#[derive(Debug, Default)]
struct PrinterState {
    /// The file whose output goes to stdout now.
    turn: usize,
    /// Output of later files that are read already.
    done: BTreeMap<usize, Vec<u8>>,
    failure: Option<Failure>,
}

/// The output of one file.
#[derive(Debug)]
pub(crate) struct InOrder<'a> {
    printer: &'a Printer,
    index: usize,
    buffer: Vec<u8>,
}

impl InOrder<'_> {
    /// Which of all inputs this file is.
    pub(crate) fn position(&self) -> usize {
        self.index
    }

    /// Adds one JSON line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.buffer, value).or_fail("failed to print")?;
        self.buffer.push(b'\n');
        if WAITING_BYTES_MAX < self.buffer.len() {
            self.printer.wait_for_turn(self.index)?;
            self.printer.print(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn finish(self) {
        self.printer.finish(self.index, self.buffer);
    }
}

impl Printer {
    fn wait_for_window(&self, index: usize) -> Result<(), Failure> {
        self.wait(|state| index < state.turn + AHEAD_MAX)
    }

    fn wait_for_turn(&self, index: usize) -> Result<(), Failure> {
        self.wait(|state| state.turn == index)
    }

    fn wait(&self, ready: impl Fn(&PrinterState) -> bool) -> Result<(), Failure> {
        let mut state = lock(&self.state);
        while !ready(&state) {
            if state.failure.is_some() {
                return Err(stopped());
            }
            state = self.turned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.failure.is_some() { Err(stopped()) } else { Ok(()) }
    }

    fn print(&self, bytes: &[u8]) -> Result<(), Failure> {
        let _turn = lock(&self.state);
        write_stdout(bytes)
    }

    /// The file is read to its end: print it and all finished ones behind it, or keep it until its turn.
    fn finish(&self, index: usize, buffer: Vec<u8>) {
        let mut state = lock(&self.state);
        state.done.insert(index, buffer);
        let mut turn = state.turn;
        while let Some(buffer) = state.done.remove(&turn) {
            if state.failure.is_none() {
                state.failure = write_stdout(&buffer).err();
            }
            turn += 1;
        }
        state.turn = turn;
        self.turned.notify_all();
    }

    /// The first failure counts; every worker stops at its next step.
    fn fail(&self, failure: Failure) {
        let mut state = lock(&self.state);
        // A worker that merely heard of the failure has nothing to add.
        if failure.message != STOPPED && state.failure.is_none() {
            state.failure = Some(failure);
        }
        self.turned.notify_all();
    }

    fn end(self) -> Result<(), Failure> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.failure.map_or(Ok(()), Err)
    }
}

const STOPPED: &str = "another file failed";

fn stopped() -> Failure {
    Failure { exit: Exit::Failed, message: STOPPED.to_owned(), help: None }
}

fn write_stdout(bytes: &[u8]) -> Result<(), Failure> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut out = Out::new();
    out.bytes(bytes)?;
    out.flush()
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panicking worker ends the scope with a panic anyway; what it guarded is only counts and buffers.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
