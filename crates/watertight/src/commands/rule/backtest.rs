//! `watertight rule backtest`: one row a rule: what it would have found in the lake, against what is stored and known.
//!
//! Reads only; a finding that a backtest tells is told to nobody else.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use ingest::Format;
use jiff::Timestamp;
use ocsf::Class;
use serde_json::{Value, json};

use crate::backtest::{Label, Labels, Period, Replayed, Told, replay, story_file};
use crate::context::Context;
use crate::dispositions::{lower_bound, share};
use crate::exit::{Exit, Failure, Outcome};
use crate::instance::Instance;
use crate::ocsf_rules::OcsfRules;
use crate::output;
use crate::rules::{self, Extra, RuleSet};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rule files or directories, beside the rules of the content. One with an id of the content takes its place
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Only the rules given with --rules
    #[arg(long)]
    no_builtin: bool,
    /// Only events at or after this instant
    #[arg(long, value_name = "RFC3339")]
    from: Option<Timestamp>,
    /// Only events before this instant
    #[arg(long, value_name = "RFC3339")]
    to: Option<Timestamp>,
    /// What is true, as `watertight simulate` writes it; without it, the verdicts in the log are
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let config = context.config()?;
    let content = if args.no_builtin { None } else { Some(context.content(&config)?) };
    let rules = rules::load_instead(content.as_ref(), Extra { rules: &args.rules, pipelines: &[] }, &config)?;
    rules.errors.iter().for_each(output::talk);
    rules::tell_waiting(&rules);
    let truth = args.truth.as_deref().map(story_file).transpose()?;
    let period = Period { from: args.from, to: args.to };
    context.block_on(async {
        let instance = Instance::read(context).await?;
        let started = Instant::now();
        let replayed = replay(&instance, &rules, period, &BTreeSet::new()).await?;
        tell_speed(&replayed, started.elapsed().as_secs_f64());
        let labels = Labels::read(&instance, truth.as_ref(), period).await?;
        let rows = rows(&rules, &replayed, &labels);
        output::rows(
            context.format,
            &["title", "level", "events", "findings", "per_day", "distinct_actors", "new", "gone", "true", "false"],
            &rows,
        )?;
        if rules.errors.is_empty() { Ok(Exit::Done) } else { Err(Failure::usage("some rules cannot be used")) }
    })
}

fn tell_speed(replayed: &Replayed, seconds: f64) {
    let events: u64 = replayed.events.values().sum();
    // Bytes of records: far below what a float holds exactly for this purpose.
    let megabytes = f64::from(u32::try_from(replayed.bytes >> 10).unwrap_or(u32::MAX)) / 1024.0;
    let rate = if 0.0 < seconds { megabytes / seconds } else { 0.0 };
    output::talk(format!(
        "{events} events of {} days, {megabytes:.1} MiB of records in {seconds:.2} s: {rate:.1} MiB/s",
        replayed.days
    ));
    for (logsource, count) in &replayed.unreadable {
        output::talk(format!("{count} events of {logsource} could not be read again; no rule has looked at them"));
    }
}

fn rows(rules: &RuleSet, replayed: &Replayed, labels: &Labels) -> Vec<Value> {
    let mut by_number: Vec<Vec<&Told>> = vec![Vec::new(); rules.rules.len() + rules.correlations.len()];
    for told in &replayed.told {
        if let Some(of_rule) = by_number.get_mut(told.number) {
            of_rule.push(told);
        }
    }
    let ocsf = OcsfRules::of(&rules.rules);
    let of_rules = rules.rules.iter().enumerate().filter(|(number, _)| rules.program.reports_alone(*number));
    let mut rows: Vec<Value> = of_rules
        .map(|(number, rule)| {
            let mut row = row(&rule.id, &by_number[number], replayed, labels);
            row["title"] = json!(rule.title);
            row["level"] = json!(rule.level);
            row["version"] = json!(rule.version);
            row["events"] = json!(events_of(rules, ocsf.as_ref(), number, replayed));
            row
        })
        .collect();
    let reports = |number: &usize| rules.program.correlation_reports_alone(*number);
    rows.extend(rules.correlations.iter().enumerate().filter(|(number, _)| reports(number)).map(
        |(number, correlation)| {
            let mut row = row(&correlation.id, &by_number[rules.rules.len() + number], replayed, labels);
            row["title"] = json!(correlation.title);
            row["level"] = json!(correlation.level);
            row["version"] = json!(correlation.version);
            row["correlation"] = json!(correlation.kind.as_str());
            let hits = u32::try_from(number).ok().and_then(|number| replayed.hits_of.get(&number));
            row["events"] = json!(hits.copied().unwrap_or(0));
            row
        },
    ));
    rows
}

/// Events of the logsources, or of the OCSF classes, that the rule is about.
fn events_of(rules: &RuleSet, ocsf: Option<&OcsfRules>, number: usize, replayed: &Replayed) -> u64 {
    let is_about = |logsource: &str| {
        let source = Format::from_id(logsource).map(|format| rules::log_source(&rules.program, format));
        source.is_some_and(|source| rules.program.rules_for(source).contains(&number))
    };
    let of_vendor = replayed.events.iter().filter(|(logsource, _)| is_about(logsource)).map(|(_, count)| count);
    let is_about_class = |class: Class| ocsf.is_some_and(|ocsf| ocsf.is_about(&rules.program, number, class));
    let of_class = replayed.of_class.iter().filter(|(class, _)| is_about_class(**class)).map(|(_, count)| count);
    of_vendor.sum::<u64>() + of_class.sum::<u64>()
}

fn row(id: &str, told: &[&Told], replayed: &Replayed, labels: &Labels) -> Value {
    let stored = labels.stored(id);
    let events: BTreeSet<&String> = told.iter().map(|told| &told.event_uid).collect();
    let (mut right, mut wrong, mut shown) = (0_u64, 0_u64, BTreeSet::new());
    for told in told {
        match labels.of(id, told) {
            Label::True(of) => {
                right += 1;
                shown.extend(of);
            }
            Label::False => wrong += 1,
            Label::Unlabelled => {}
        }
    }
    json!({
        "id": id,
        "findings": told.len(),
        "per_day": per_day(told.len() as u64, replayed.days),
        "distinct_actors": told.iter().map(|told| &told.who).collect::<BTreeSet<_>>().len(),
        // Findings of this rule on the same (completing) events.
        "stored": events.iter().filter(|event| stored.contains(**event)).count(),
        "new": events.iter().filter(|event| !stored.contains(**event)).count(),
        "gone": stored.iter().filter(|event| !events.contains(event)).count(),
        "true": right, "false": wrong, "unlabelled": told.len() as u64 - right - wrong,
        "precision": share(right, right + wrong), "precision_at_least": lower_bound(right, right + wrong),
        "shows": shown,
    })
}

/// Hundredths are enough.
fn per_day(findings: u64, days: u64) -> Option<f64> {
    share(findings, days).map(|rate| (rate * 100.0).round() / 100.0)
}
