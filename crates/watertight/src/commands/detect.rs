//! `watertight detect`: offline detection over logs. Findings on stdout, by file, then record; the same input always
//! gives the same bytes.
//!
//! Files are read in parallel and printed in order. With correlations, everything is known only when all files are read:
//! findings wait until then, in order and in bounded memory. Nothing is stored.

mod correlate;
mod gathered;
mod row;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use ingest::{Item, Limits, Reader, Record, Rejected};
use ocsf::{Event, Severity};
use sigma::{CorrelationLimits, Hit, Matcher};

use super::offline::{self, InOrder, Input, Room, Stats};
use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::output::{self, Out};
use crate::rules::{self, RuleSet};
use crate::translate;
use gathered::{EventInTime, Gathered, Line};
use row::At;

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
        gathered: correlates(&rules).then(|| Gathered::new(Room::default())),
    };
    let threads = offline::threads(args.threads);
    let mut stats = offline::for_each_file(&args.paths, threads, || Worker::new(&job), Worker::file)?;
    if let Some(gathered) = job.gathered {
        print_all(gathered, &rules, config.tenant(), &mut stats)?;
    }
    stats.rules_loaded = (rules.rules.len() + rules.correlations.len()) as u64;
    stats.rules_failed = rules.errors.len() as u64;
    stats.seconds = started.elapsed().as_secs_f64();
    stats.threads = threads as u64;
    stats.write(args.stats.as_deref())?;
    Ok(exit(args, &stats))
}

/// Whether any correlation can be used.
fn correlates(rules: &RuleSet) -> bool {
    (0..rules.correlations.len()).any(|number| rules.program.has_correlation(number))
}

/// Correlates, and prints every finding.
fn print_all(gathered: Gathered, rules: &RuleSet, tenant: &str, stats: &mut Stats) -> Result<(), Failure> {
    let mut out = Out::new();
    let limits = CorrelationLimits::default();
    let found = correlate::finish(gathered.into_kept(), rules, tenant, limits, |line| out.line(line))?;
    out.flush()?;
    found.warnings.iter().for_each(output::talk);
    stats.findings += found.findings;
    stats.highest = stats.highest.max(found.highest);
    Ok(())
}

/// Says what is not used and why; rule authors read this.
fn report_rules(rules: &RuleSet) {
    for error in rules.errors.iter().chain(&rules.warnings) {
        output::talk(error);
    }
    rules::tell_waiting(rules);
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
    /// Where findings and hits wait for the end; `None` without correlations, when findings are printed as they come.
    gathered: Option<Gathered>,
}

/// One thread's tools: they are reused from file to file.
struct Worker<'a> {
    job: &'a Job<'a>,
    reader: Reader,
    matcher: Matcher,
    hits: Vec<Hit>,
}

impl<'a> Worker<'a> {
    fn new(job: &'a Job<'a>) -> Self {
        let (reader, matcher) = (Reader::new(Limits::default()), Matcher::new(&job.rules.program));
        Self { job, reader, matcher, hits: Vec::new() }
    }

    fn file(&mut self, input: &Input, out: &mut InOrder<'_>) -> Result<Stats, Failure> {
        let mut stats = Stats { files: 1, ..Stats::default() };
        let name = input.name();
        let mut file = match input.open(&mut self.reader, self.job.forced) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Stats { skipped: 1, ..stats }),
            Err(error) => return Ok(stats.unreadable_file(name, &error)),
        };
        while let Some(item) = file.next() {
            let rejected = match item {
                Item::Rejected(rejected) => Some(rejected),
                Item::Record(record) => self.detect(name, &record, out, &mut stats)?,
            };
            if let Some(rejected) = rejected {
                stats.reject(&rejected);
            } else {
                stats.events += 1;
            }
        }
        stats.add_counts(file.counts());
        self.reader.reuse(file);
        Ok(stats)
    }

    /// Evaluates one record and tells what it finds. A record that cannot be evaluated comes back as rejected.
    fn detect(
        &mut self,
        file: &str,
        record: &Record<'_>,
        out: &mut InOrder<'_>,
        stats: &mut Stats,
    ) -> Result<Option<Rejected>, Failure> {
        let Self { job, matcher, hits, .. } = self;
        let view = match record.json() {
            Ok(view) => view,
            Err(rejected) => return Ok(Some(rejected)),
        };
        let (product, service) = record.format().logsource();
        let matched = match matcher.evaluate(job.rules.program.log_source(product, service), &view) {
            Ok(matched) => matched,
            Err(error) => return Ok(Some(record.reject(error.to_string()))),
        };
        if matched.is_empty() {
            // What `normalize` would reject is rejected here too, so that the two commands count alike.
            return Ok(record.check().err());
        }
        // Matches are rare: only now is the record worth normalising.
        let event = match record.event() {
            Ok(event) => event,
            Err(rejected) => return Ok(Some(rejected)),
        };
        if !job.is_asked_for(&event) {
            return Ok(None);
        }
        let at = At::new(file, record.index, &event);
        for &rule in matched.iter().filter(|&&rule| job.rules.program.reports_alone(rule)) {
            job.tell(rule, &at, out, stats)?;
        }
        if let Some(gathered) = &job.gathered {
            let time_us = event.time.as_microsecond();
            match matcher.hits(&view, time_us, &at.event_uid, hits) {
                Ok(losses) => gathered.event(EventInTime { time_us, file: out.position(), at }, hits, losses)?,
                Err(_) => {
                    hits.clear();
                    gathered.unreadable_event();
                }
            }
        }
        Ok(None)
    }
}

impl Job<'_> {
    fn is_asked_for(&self, event: &Event) -> bool {
        self.args.from.is_none_or(|from| from <= event.time) && self.args.to.is_none_or(|to| event.time < to)
    }

    /// A rule's own finding: printed in its turn, or kept for the end.
    fn tell(&self, number: usize, at: &At, out: &mut InOrder<'_>, stats: &mut Stats) -> Result<(), Failure> {
        let Some(rule) = self.rules.rules.get(number) else { return Ok(()) };
        stats.findings += 1;
        stats.highest = stats.highest.max(translate::severity(rule.level));
        let finding = row::of_rule(self.tenant, rule, at);
        let Some(gathered) = &self.gathered else { return out.json(&finding) };
        let text = serde_json::to_string(&finding).or_fail("failed to print")?;
        gathered.line(Line { file: out.position(), record: at.record, rank: number, text })
    }
}
