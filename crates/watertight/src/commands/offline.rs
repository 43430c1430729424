//! What `detect` and `normalize` share: paths become inputs, inputs are read in parallel, output comes in order.
//!
//! Several workers read several files, or pieces of one large file. What is printed depends on neither.

mod part;
mod pieces;
mod pool;
mod sorter;
mod stats;

use std::collections::HashSet;
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ingest::{Format, Item, Limits, LogFile, Member, ReadError, Reader, Record, Rejected, S3Config, S3Store};

use crate::exit::{Failure, OrFail as _};

pub(crate) use part::Part;
use pool::{Alarm, InOrder, Pool, Task};
pub(crate) use sorter::{Room, Sortable, Sorted, Sorter};
pub(crate) use stats::{Lost, Stats};

/// What a command does with records. It is shared by all workers; each has tools of its own.
pub(crate) trait Job: Sync {
    type Tools;

    fn tools(&self) -> Self::Tools;

    /// The format of every file, if the user says it.
    fn forced(&self) -> Option<Format>;

    /// Takes one record; gives it back as rejected if it is no event.
    fn record(
        &self,
        tools: &mut Self::Tools,
        record: &Record<'_>,
        part: &mut Part,
    ) -> Result<Option<Rejected>, Failure>;

    /// Keeps what was rejected, where the command does that.
    fn keep(&self, _: &Rejected, _: &mut Part) -> Result<(), Failure> {
        Ok(())
    }

    /// Takes the next record if it can find its end itself, see [`LogFile::ahead`]. False if it did not.
    fn ahead(&self, _: &mut Self::Tools, _: &mut LogFile, _: &mut Part) -> Result<bool, Failure> {
        Ok(false)
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

/// One thing to read: a local file by its name, or an object of a bucket.
#[derive(Debug)]
pub(crate) enum Input {
    Local(Box<str>),
    S3(Box<Object>),
}

#[derive(Debug)]
pub(crate) struct Object {
    member: Member,
    store: std::sync::Arc<S3Store>,
    runtime: tokio::runtime::Handle,
}

impl Input {
    fn name(&self) -> &str {
        match self {
            Self::Local(name) => name,
            Self::S3(object) => &object.member.name,
        }
    }

    fn open(&self, reader: &mut Reader, forced: Option<Format>) -> Result<Option<LogFile>, ReadError> {
        match self {
            Self::Local(name) => reader.open_name(name, forced),
            Self::S3(object) => {
                let stream = object.store.reader(&object.member, object.runtime.clone())?;
                reader.open_stream(&object.member.name, stream, forced)
            }
        }
    }
}

/// Reads every input with so many workers, prints, and writes what the job keeps to `kept`. Returns the sum of all counts.
pub(crate) fn run<J: Job>(paths: &[String], threads: usize, job: &J, kept: Option<File>) -> Result<Stats, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.or_fail("failed to start the runtime")?;
    let inputs = inputs(paths, &runtime)?;
    let pool = Pool::new(inputs.len(), kept);
    let total = Mutex::new(Stats::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(job, &inputs, &pool, threads, &total));
        }
    });
    pool.end()?;
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn work<J: Job>(job: &J, inputs: &[Input], pool: &Pool, threads: usize, total: &Mutex<Stats>) {
    let _alarm = Alarm(pool);
    let (mut reader, mut tools) = (Reader::new(Limits::default()), job.tools());
    let mut sum = Stats::default();
    while let Some(task) = pool.task() {
        match task {
            Task::Piece(ticket) => {
                ticket.work(job, &mut tools);
                pool.tell_finished();
            }
            Task::File(index) => {
                let mut out = InOrder::new(pool, index);
                let outcome = inputs
                    .get(index)
                    .map_or(Ok(()), |input| read(job, (&mut reader, &mut tools), input, threads, &mut out));
                if let Err(failure) = outcome {
                    pool.fail(failure);
                }
                sum.add(&out.finish());
            }
        }
    }
    lock(total).add(&sum);
}

/// Reads one input to its end.
fn read<J: Job>(
    job: &J,
    (reader, tools): (&mut Reader, &mut J::Tools),
    input: &Input,
    threads: usize,
    out: &mut InOrder<'_>,
) -> Result<(), Failure> {
    out.part.stats.files = 1;
    let mut file = match input.open(reader, job.forced()) {
        Ok(Some(file)) => file,
        Ok(None) => {
            out.part.stats.skipped = 1;
            return Ok(());
        }
        // A file that cannot be opened counts as one record, rejected: the others go on.
        Err(error) => {
            let (member, reason) = (input.name().to_owned(), error.to_string());
            out.part.stats.records += 1;
            return reject(job, &Rejected { member, record: 0, reason, raw: Vec::new() }, &mut out.part);
        }
    };
    let shared = file.decoder().filter(|_| 1 < threads && file.is_streamed()).cloned();
    if let Some(decoder) = shared {
        pieces::read(job, tools, &mut file, &decoder, out)?;
    } else {
        loop {
            while job.ahead(tools, &mut file, &mut out.part)? {
                out.relieve()?;
            }
            let Some(item) = file.next() else { break };
            look(job, tools, item, &mut out.part)?;
            out.relieve()?;
        }
    }
    out.part.stats.add_counts(file.counts());
    reader.reuse(file);
    Ok(())
}

/// Takes one item and counts it.
fn look<J: Job>(job: &J, tools: &mut J::Tools, item: Item<'_>, part: &mut Part) -> Result<(), Failure> {
    let rejected = match item {
        Item::Rejected(rejected) => Some(rejected),
        Item::Record(record) => job.record(tools, &record, part)?,
    };
    count(job, rejected, part)
}

/// A record is an event or rejected.
pub(crate) fn count<J: Job>(job: &J, rejected: Option<Rejected>, part: &mut Part) -> Result<(), Failure> {
    match rejected {
        Some(rejected) => reject(job, &rejected, part),
        None => {
            part.stats.events += 1;
            Ok(())
        }
    }
}

fn reject<J: Job>(job: &J, rejected: &Rejected, part: &mut Part) -> Result<(), Failure> {
    part.reject(rejected);
    job.keep(rejected, part)
}

fn inputs(paths: &[String], runtime: &tokio::runtime::Runtime) -> Result<Vec<Input>, Failure> {
    let (mut inputs, mut seen) = (Vec::new(), HashSet::new());
    for path in paths {
        if path.starts_with("s3://") {
            // Credentials and endpoint come from the environment that AWS tools share.
            let config = S3Config { use_environment: true, ..S3Config::default() };
            let (store, prefix) = S3Store::open(path, &config).map_err(|error| unreadable(&error))?;
            let store = std::sync::Arc::new(store);
            let members = runtime.block_on(store.list(&prefix)).map_err(|error| unreadable(&error))?;
            let handle = runtime.handle();
            inputs.extend(
                members.into_iter().map(|member| {
                    Input::S3(Box::new(Object { member, store: store.clone(), runtime: handle.clone() }))
                }),
            );
        } else if path.starts_with("az://") {
            return Err(Failure::usage(format!("`{path}`: Azure Blob is not read by this version"))
                .help("copy the blobs to a directory or a bucket"));
        } else {
            let names = ingest::read::names(path).map_err(|error| unreadable(&error))?;
            let names = if 1 < paths.len() { unread(names, &mut seen) } else { names };
            inputs.extend(names.into_iter().map(Input::Local));
        }
    }
    Ok(inputs)
}

/// The files that no argument before this one has named, however it spelled them.
fn unread(names: Vec<Box<str>>, seen: &mut HashSet<PathBuf>) -> Vec<Box<str>> {
    // What has no place of its own (standard input, a broken link) is known by its name.
    let place = |name: &str| std::fs::canonicalize(name).unwrap_or_else(|_| PathBuf::from(name));
    let placed = names.into_iter().map(|name| (place(&name), name));
    let (places, names): (Vec<PathBuf>, Vec<Box<str>>) = placed.filter(|(place, _)| !seen.contains(place)).unzip();
    seen.extend(places);
    names
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panicking worker ends the scope with a panic anyway; what it guarded is only counts and buffers.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
