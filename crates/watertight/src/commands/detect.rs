//! `watertight detect`: offline detection over logs. Findings on stdout, by file, then record; the same input always
//! gives the same bytes.
//!
//! Files are read in parallel and printed in order. Nothing is stored.

use std::path::PathBuf;

use ingest::{Item, Limits, Reader, Record, Rejected};
use ocsf::{Severity, finding_uid};
use serde_json::json;
use sigma::{LogSourceId, Matcher};

use super::offline::{self, InOrder, Input, Stats};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::rules::{self, RuleSet};
use crate::{output, translate};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rule files or directories, beside the built-in rules
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Only the rules given with --rules
    #[arg(long)]
    no_builtin: bool,
    /// The logsource of every file, instead of recognising it
    #[arg(long, value_name = "PRODUCT/SERVICE")]
    logsource: Option<String>,
    /// Only events at or after this instant
    #[arg(long, value_name = "RFC3339")]
    from: Option<jiff::Timestamp>,
    /// Only events before this instant
    #[arg(long, value_name = "RFC3339")]
    to: Option<jiff::Timestamp>,
    /// Exit with 3 if a finding has at least this level
    #[arg(long, value_name = "LEVEL")]
    fail_level: Option<sigma::Level>,
    /// Write counts as one JSON object here (`-` for stderr)
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,
    /// Files read at the same time (default: one per core)
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Files, directories, globs, `-`, or s3://bucket/prefix
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let started = std::time::Instant::now();
    let config = context.config()?;
    let content = if args.no_builtin { None } else { Some(context.content(&config)?) };
    let rules = rules::load(content.as_ref(), &args.rules, &config)?;
    report_rules(&rules);
    let job = Job {
        args,
        rules: &rules,
        tenant: config.tenant(),
        forced: offline::forced_format(args.logsource.as_deref())?,
    };
    let threads = offline::threads(args.threads);
    let mut stats = offline::for_each_file(&args.paths, threads, || Worker::new(&job), Worker::file)?;
    stats.rules_loaded = rules.rules.len() as u64;
    stats.rules_failed = rules.errors.len() as u64;
    stats.seconds = started.elapsed().as_secs_f64();
    stats.threads = threads as u64;
    stats.write(args.stats.as_deref())?;
    Ok(exit(args, &stats))
}

/// Says what is not used and why; rule authors read this.
fn report_rules(rules: &RuleSet) {
    for error in rules.errors.iter().chain(&rules.warnings) {
        output::talk(error);
    }
    rules::tell_waiting(&rules);
}

fn exit(args: &Args, stats: &Stats) -> Exit {
    let alarm = args.fail_level.is_some_and(|level| Severity::from_level(level.as_str()) <= stats.highest);
    if alarm && 0 < stats.findings {
        Exit::Findings
    } else if 0 < stats.rejected {
        Exit::Rejected
    } else {
        Exit::Done
    }
}

#[derive(Debug)]
struct Job<'a> {
    args: &'a Args,
    rules: &'a RuleSet,
    tenant: &'a str,
    forced: Option<ingest::Format>,
}

/// One thread's tools: they are reused from file to file.
struct Worker<'a> {
    job: &'a Job<'a>,
    reader: Reader,
    matcher: Matcher,
}

impl<'a> Worker<'a> {
    fn new(job: &'a Job<'a>) -> Self {
        Self { job, reader: Reader::new(Limits::default()), matcher: Matcher::new(&job.rules.program) }
    }

    fn file(&mut self, input: &Input, out: &mut InOrder<'_>) -> Result<Stats, Failure> {
        let Self { job, reader, matcher } = self;
        let mut stats = Stats { files: 1, ..Stats::default() };
        let name = input.name();
        let mut file = match input.open(reader, job.forced) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Stats { skipped: 1, ..stats }),
            Err(error) => return Ok(stats.unreadable_file(name, &error)),
        };
        while let Some(item) = file.next() {
            let rejected = match item {
                Item::Rejected(rejected) => Some(rejected),
                Item::Record(record) => detect(job, matcher, name, &record, out, &mut stats)?,
            };
            if let Some(rejected) = rejected {
                stats.reject(&rejected);
            } else {
                stats.events += 1;
            }
        }
        stats.add_counts(file.counts());
        reader.reuse(file);
        Ok(stats)
    }
}

/// Evaluates one record and prints what it finds. A record that cannot be evaluated comes back as rejected.
fn detect(
    job: &Job<'_>,
    matcher: &mut Matcher,
    file: &str,
    record: &Record<'_>,
    out: &mut InOrder<'_>,
    stats: &mut Stats,
) -> Result<Option<Rejected>, Failure> {
    let view = match record.json() {
        Ok(view) => view,
        Err(rejected) => return Ok(Some(rejected)),
    };
    let (product, service) = record.format().logsource();
    let source: LogSourceId = job.rules.program.log_source(product, service);
    let hits = match matcher.evaluate(source, &view) {
        Ok(hits) => hits,
        Err(error) => return Ok(Some(record.reject(error.to_string()))),
    };
    if hits.is_empty() {
        // What `normalize` would reject is rejected here too, so that the two commands count alike.
        return Ok(record.check().err());
    }
    // Hits are rare: only now is the record worth normalising.
    let event = match record.event() {
        Ok(event) => event,
        Err(rejected) => return Ok(Some(rejected)),
    };
    if job.args.from.is_some_and(|from| event.time < from) || job.args.to.is_some_and(|to| to <= event.time) {
        return Ok(None);
    }
    for &hit in hits {
        if let Some(rule) = job.rules.rules.get(hit) {
            stats.findings += 1;
            stats.highest = stats.highest.max(translate::severity(rule.level));
            out.json(&row(job, file, rule, &event, record))?;
        }
    }
    Ok(None)
}

/// A finding as the contract spells it.
fn row(job: &Job<'_>, file: &str, rule: &sigma::Rule, event: &ocsf::Event, record: &Record<'_>) -> serde_json::Value {
    let hot = event.hot();
    json!({
        "finding_uid": finding_uid(job.tenant, &rule.id, &rule.version, hot.uid),
        "rule_id": rule.id,
        "rule_title": rule.title,
        "level": rule.level.map_or("unknown", sigma::Level::as_str),
        "logsource": hot.format,
        "time": hot.time,
        "event_uid": hot.uid,
        "actor": hot.actor_key,
        "observables": translate::observables(event, &hot.resources),
        "attack": rule.attack,
        "file": file,
        "record": record.index,
        "correlation": null,
    })
}
