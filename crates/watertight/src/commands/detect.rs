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

use ingest::{Format, LogFile, Record, Rejected};
use ocsf::{Event, Severity};
use sigma::{CorrelationLimits, Hit, LogSourceId, Matcher};

use super::offline::{self, Part, Room, Stats};
use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::ocsf_rules::OcsfRules;
use crate::output::{self, Out};
use crate::rules::{self, Extra, RuleSet};
use crate::translate;
use gathered::{EventInTime, Gathered, Line};
use row::At;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rule files or directories, beside the built-in rules
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Sigma processing pipelines that fit the rules to the logs: field names, logsources, conditions, placeholders
    #[arg(long, value_name = "FILE")]
    pipeline: Vec<PathBuf>,
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
    let rules = rules::load(content.as_ref(), Extra { rules: &args.rules, pipelines: &args.pipeline }, &config)?;
    report_rules(&rules);
    let job = Job {
        args,
        rules: &rules,
        tenant: config.tenant(),
        forced: offline::forced_format(args.logsource.as_deref())?,
        ocsf: OcsfRules::of(&rules.rules),
        gathered: correlates(&rules).then(|| Gathered::new(Room::default())),
    };
    let threads = offline::threads(args.threads);
    let mut stats = offline::run(&args.paths, threads, &job, None)?;
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

/// What correlating may keep. With the room of the sorters, about 36 MB, it stays below 120 MB: a group with its first hit
/// takes about 400 bytes and each further hit 200. In `serve` the limits are wider, because there hits of all sources wait
/// for late ones; here they come in order, and only those of open windows are kept.
const CORRELATION_LIMITS: CorrelationLimits = CorrelationLimits {
    lateness_us: 0,
    groups_max: 100_000,
    hits_max: 250_000,
    hits_per_group_max: 100_000,
    events_listed_max: 32,
};

/// Correlates, and prints every finding.
fn print_all(gathered: Gathered, rules: &RuleSet, tenant: &str, stats: &mut Stats) -> Result<(), Failure> {
    let mut out = Out::new();
    let found = correlate::finish(gathered.into_kept(), rules, tenant, CORRELATION_LIMITS, |line| out.line(line))?;
    out.flush()?;
    found.warnings.iter().for_each(output::talk);
    stats.findings += found.findings;
    stats.highest = stats.highest.max(found.highest);
    stats.lost = found.lost;
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
    forced: Option<Format>,
    /// Rules that see OCSF events, if there are any.
    ocsf: Option<OcsfRules>,
    /// Where findings and hits wait for the end; `None` without correlations, when findings are printed as they come.
    gathered: Option<Gathered>,
}

/// One worker's tools: they are reused from file to file.
struct Tools {
    matcher: Matcher,
    /// The format of the last record, what that is called in rules, and whether the matcher watches what it needs.
    source: Option<(Format, LogSourceId)>,
    matched: Vec<usize>,
    hits: Vec<Hit>,
    /// An event as OCSF rules see it.
    json: Vec<u8>,
}

impl offline::Job for Job<'_> {
    type Tools = Tools;

    fn tools(&self) -> Tools {
        let matcher = Matcher::watching(&self.rules.program, WATCHED.needed());
        Tools { matcher, source: None, matched: Vec::new(), hits: Vec::new(), json: Vec::new() }
    }

    fn forced(&self) -> Option<Format> {
        self.forced
    }

    fn record(&self, tools: &mut Tools, record: &Record<'_>, part: &mut Part) -> Result<Option<Rejected>, Failure> {
        let view = match record.json() {
            Ok(view) => view,
            Err(rejected) => return Ok(Some(rejected)),
        };
        let source = self.source(tools, record.format());
        match tools.matcher.evaluate(source, &view) {
            Ok(_) => self.evaluated(tools, record, &view, part),
            Err(error) => Ok(Some(record.reject(error.to_string()))),
        }
    }

    /// The matcher finds the record's end, so that its bytes are gone over once. What it does not understand, framing
    /// has to judge.
    fn ahead(&self, tools: &mut Tools, file: &mut LogFile, part: &mut Part) -> Result<bool, Failure> {
        let Some(format) = file.format() else { return Ok(false) };
        let source = self.source(tools, format);
        let Some(bytes) = file.ahead() else { return Ok(false) };
        let Ok((_, length)) = tools.matcher.evaluate_next(source, bytes) else { return Ok(false) };
        let Some(record) = file.take(length) else { return Ok(false) };
        let rejected = self.evaluated(tools, &record, record.raw, part)?;
        offline::count(self, rejected, part)?;
        Ok(true)
    }
}

/// The format whose indispensable members the matcher tells in passing: the one that comes in masses.
const WATCHED: Format = Format::CloudTrail;

impl Job<'_> {
    fn source(&self, tools: &mut Tools, format: Format) -> LogSourceId {
        if let Some((known, source)) = tools.source
            && known == format
        {
            return source;
        }
        let source = rules::log_source(&self.rules.program, format);
        tools.source = Some((format, source));
        source
    }

    /// Tells what the matcher has found. A record that cannot become an event comes back as rejected.
    fn evaluated(
        &self,
        tools: &mut Tools,
        record: &Record<'_>,
        view: &[u8],
        part: &mut Part,
    ) -> Result<Option<Rejected>, Failure> {
        let is_asked = |ocsf: &OcsfRules| ocsf.may_ask(record.format(), record.raw);
        if tools.matcher.matched().is_empty() && !self.ocsf.as_ref().is_some_and(is_asked) {
            // What `normalize` would reject is rejected here too, so that the two commands count alike.
            let checked = if record.format() == WATCHED {
                record.check_needed(&[tools.matcher.watched(view, 0), tools.matcher.watched(view, 1)])
            } else {
                record.check()
            };
            return Ok(checked.err());
        }
        // Matches are rare: only now is the record worth normalising.
        let event = match record.event() {
            Ok(event) => event,
            Err(rejected) => return Ok(Some(rejected)),
        };
        if self.is_asked_for(&event) {
            self.event(tools, record, view, &event, part)?;
        }
        Ok(None)
    }

    fn is_asked_for(&self, event: &Event) -> bool {
        self.args.from.is_none_or(|from| from <= event.time) && self.args.to.is_none_or(|to| event.time < to)
    }

    /// Tells what rules say of an event, and notes what correlations need.
    fn event(
        &self,
        tools: &mut Tools,
        record: &Record<'_>,
        view: &[u8],
        event: &Event,
        part: &mut Part,
    ) -> Result<(), Failure> {
        let Tools { matcher, matched, hits, json, .. } = tools;
        let time_us = event.time.as_microsecond();
        let uid = event.hot().uid;
        matched.clear();
        matched.extend_from_slice(matcher.matched());
        let mut noted = self.gathered.as_ref().map(|_| matcher.hits(view, time_us, uid, hits));
        if let Some(ocsf) = self.ocsf.as_ref().filter(|ocsf| ocsf.asks(event.class)) {
            match ocsf.evaluate(&self.rules.program, matcher, event, json) {
                Ok(rules) => matched.extend_from_slice(rules),
                Err(error) => part.say(format!("note: {} record {}: {error}", record.member(), record.index)),
            }
            matched.sort_unstable();
            if let Some(Ok(losses)) = &mut noted {
                match matcher.hits(json, time_us, uid, hits) {
                    Ok(more) => {
                        losses.groups_cut += more.groups_cut;
                        losses.values_cut += more.values_cut;
                    }
                    Err(error) => noted = Some(Err(error)),
                }
            }
        }
        if matched.is_empty() {
            return Ok(());
        }
        let at = At::new(record.member(), record.index, event);
        for &rule in matched.iter().filter(|&&rule| self.rules.program.reports_alone(rule)) {
            self.tell(rule, &at, part)?;
        }
        match (&self.gathered, noted) {
            (Some(gathered), Some(Ok(losses))) => {
                gathered.event(EventInTime { time_us, file: part.file, at }, hits, losses)?;
            }
            (Some(gathered), Some(Err(_))) => {
                hits.clear();
                gathered.unreadable_event();
            }
            _ => {}
        }
        Ok(())
    }

    /// A rule's own finding: printed in its turn, or kept for the end.
    fn tell(&self, number: usize, at: &At, part: &mut Part) -> Result<(), Failure> {
        let Some(rule) = self.rules.rules.get(number) else { return Ok(()) };
        part.stats.findings += 1;
        part.stats.highest = part.stats.highest.max(translate::severity(rule.level));
        let finding = row::of_rule(self.tenant, rule, at);
        let Some(gathered) = &self.gathered else { return part.json(&finding) };
        let text = serde_json::to_string(&finding).or_fail("failed to print")?;
        gathered.line(Line { file: part.file, record: at.record, rank: number, text })
    }
}
