//! `watertight normalize`: logs into OCSF events, one JSON a line, in input order. What cannot be read goes to a file of
//! its own, with its bytes and the reason.

use std::path::PathBuf;

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
    let job = Job { forced, keeps: args.rejected.is_some() };
    let kept = args
        .rejected
        .as_deref()
        .map(|path| std::fs::File::create(path).or_usage(format!("failed to write `{}`", path.display())));
    let threads = offline::threads(args.threads);
    let mut stats = offline::run(&args.paths, threads, &job, kept.transpose()?)?;
    stats.seconds = started.elapsed().as_secs_f64();
    stats.threads = threads as u64;
    stats.write(args.stats.as_deref())?;
    Ok(if 0 < stats.rejected { Exit::Rejected } else { Exit::Done })
}

#[derive(Debug)]
struct Job {
    forced: Option<Format>,
    /// Whether rejected records are wanted.
    keeps: bool,
}

impl offline::Job for Job {
    type Tools = ();

    fn tools(&self) {}

    fn forced(&self) -> Option<Format> {
        self.forced
    }

    fn record(&self, (): &mut (), record: &Record<'_>, part: &mut Part) -> Result<Option<Rejected>, Failure> {
        match record.event() {
            Ok(event) => part.event(&event).map(|()| None),
            Err(rejected) => Ok(Some(rejected)),
        }
    }

    /// In input order, as events are: lines are carried beside those to print.
    fn keep(&self, rejected: &Rejected, part: &mut Part) -> Result<(), Failure> {
        if !self.keeps {
            return Ok(());
        }
        let raw = base64::engine::general_purpose::STANDARD.encode(&rejected.raw);
        part.keep(
            &json!({"file": rejected.member, "record": rejected.record, "reason": rejected.reason, "raw_base64": raw}),
        )
    }
}
