//! `watertight normalize`: logs into OCSF events, one JSON a line, in input order. What cannot be read goes to a file of
//! its own, with its bytes and the reason.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use ingest::{Format, Record, Rejected};
use serde_json::json;

use super::offline::{self, Part};
use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The source of every file, instead of recognising it (`watertight source list --known`)
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Write rejected records here, one JSON a line
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Write counts as one JSON object here (`-` for stderr)
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,
    /// Files read at the same time (default: one per core)
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
}

pub(crate) fn run(args: &Args, _: &Context) -> Outcome {
    let started = std::time::Instant::now();
    let forced = offline::forced_format(args.source.as_deref())?;
    let job = Job { forced, rejects: Rejects::open(args.rejected.as_deref())? };
    let threads = offline::threads(args.threads);
    let mut stats = offline::run(&args.paths, threads, &job)?;
    stats.seconds = started.elapsed().as_secs_f64();
    stats.threads = threads as u64;
    job.rejects.finish()?;
    stats.write(args.stats.as_deref())?;
    Ok(if 0 < stats.rejected { Exit::Rejected } else { Exit::Done })
}

#[derive(Debug)]
struct Job {
    forced: Option<Format>,
    rejects: Rejects,
}

impl offline::Job for Job {
    type Tools = ();

    fn tools(&self) {}

    fn forced(&self) -> Option<Format> {
        self.forced
    }

    fn record(&self, (): &mut (), record: &Record<'_>, part: &mut Part) -> Result<Option<Rejected>, Failure> {
        match record.event() {
            Ok(event) => part.json(&event).map(|()| None),
            Err(rejected) => Ok(Some(rejected)),
        }
    }

    fn keep(&self, rejected: &Rejected) -> Result<(), Failure> {
        self.rejects.write(rejected)
    }
}

/// Where rejected records go. Files are read in parallel, so lines of different files may mix; each names its file.
#[derive(Debug)]
struct Rejects(Option<Mutex<std::io::BufWriter<std::fs::File>>>);

impl Rejects {
    fn open(path: Option<&std::path::Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = std::fs::File::create(path).or_usage(format!("failed to write `{}`", path.display()))?;
        Ok(Self(Some(Mutex::new(std::io::BufWriter::new(file)))))
    }

    fn write(&self, rejected: &Rejected) -> Result<(), Failure> {
        let Some(file) = &self.0 else { return Ok(()) };
        let raw = base64::engine::general_purpose::STANDARD.encode(&rejected.raw);
        let line =
            json!({"file": rejected.member, "record": rejected.record, "reason": rejected.reason, "raw_base64": raw});
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(file, "{line}").or_fail("failed to write a rejected record")
    }

    fn finish(self) -> Result<(), Failure> {
        let Some(file) = self.0 else { return Ok(()) };
        let mut file = file.into_inner().unwrap_or_else(PoisonError::into_inner);
        file.flush().or_fail("failed to write rejected records")
    }
}
