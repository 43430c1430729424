//! `watertight rule tune`: for correlations other thresholds and windows, for baselines other numbers, for every rule those who
//! make it cry for nothing. Each with its cost. It proposes and never applies.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ::baseline::Baseline;
use jiff::Timestamp;
use serde_json::{Value, json};
use sigma::{Correlation, Hit};

use crate::backtest::{Labels, Period, Replayed, replay, story_file};
use crate::content::Content;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::instance::Instance;
use crate::output::{self, Format};
use crate::rules::{self, Extra, RuleSet, Values};
use crate::tuning::{self, Cost, Tried};
use crate::withheld::Noticed;
use crate::{baselines, stored_findings};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this rule, correlation or baseline, by id
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Rule files or directories, beside the rules of the content
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
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
    let content = context.content(&config)?;
    let rules = rules::load_instead(Some(&content), Extra { rules: &args.rules, pipelines: &[] }, &config)?;
    let options = rules::options(Some(&content), Values::Configured(&config.placeholders))?;
    let truth = args.truth.as_deref().map(story_file).transpose()?;
    let period = Period { from: args.from, to: args.to };
    context.block_on(async {
        let instance = Instance::read(context).await?;
        let labels = Labels::read(&instance, truth.as_ref(), period).await?;
        if labels.is_empty() {
            return Err(Failure::usage("nobody has said which findings are true and which are false").help(
                "give verdicts with `watertight finding disposition` or `watertight incident close`, or name --truth",
            ));
        }
        let wanted = wanted(&rules, args.rule.as_deref());
        let counted: BTreeSet<u32> = wanted.iter().flat_map(|number| family(&rules, *number)).collect();
        let replayed =
            if wanted.is_empty() { Replayed::default() } else { replay(&instance, &rules, period, &counted).await? };
        let mut rows = Vec::new();
        for number in wanted {
            rows.extend(of_correlation(context, &rules, &options, number, &replayed, &labels));
        }
        let baselines = asked_baselines(&content, args.rule.as_deref(), &labels);
        let places = baselines::places(&config)?;
        let tried = tuning::of_baselines(&instance, &baselines, places, period, &labels).await?;
        for (baseline, tried) in baselines.iter().zip(&tried) {
            rows.extend(of_baseline(context, baseline, tried));
        }
        // A value that a true finding shows must not be proposed, whenever that was.
        let ever = Labels::read(&instance, truth.as_ref(), Period::default()).await?;
        rows.extend(exclusions(&instance, args.rule.as_deref(), period, &ever).await?);
        print(context, &rows)?;
        Ok(Exit::Done)
    })
}

/// The correlations to try, by position.
fn wanted(rules: &RuleSet, id: Option<&str>) -> BTreeSet<u32> {
    let correlations = rules.correlations.iter().zip(0_u32..);
    correlations.filter(|(correlation, _)| id.is_none_or(|id| correlation.id == id)).map(|(_, number)| number).collect()
}

/// A correlation and all it stands on, by position; itself first.
fn family(rules: &RuleSet, number: u32) -> Vec<u32> {
    let family = tuning::family(&rules.correlations, number as usize);
    family.into_iter().filter_map(|number| u32::try_from(number).ok()).collect()
}

/// One row a candidate; the proposal, with its patch, is talk for people and a member for programs.
fn of_correlation(
    context: &Context,
    rules: &RuleSet,
    options: &sigma::Options,
    number: u32,
    replayed: &Replayed,
    labels: &Labels,
) -> Vec<Value> {
    let family = family(rules, number);
    let all: Vec<Correlation> =
        family.iter().filter_map(|number| rules.correlations.get(*number as usize)).cloned().collect();
    let Some(correlation) = all.first() else { return Vec::new() };
    // Their numbers among themselves.
    let mut hits = Vec::new();
    for hit in &replayed.hits {
        let place = family.iter().position(|number| *number == hit.correlation);
        let place = place.and_then(|place| u32::try_from(place).ok());
        hits.extend(place.map(|place| Hit { correlation: place, ..hit.clone() }));
    }
    let Some(trials) = tuning::trials(&all, &rules.rules, options, &hits, labels) else {
        output::talk(format!("`{}` cannot be used as it is, so nothing was tried", correlation.title));
        return Vec::new();
    };
    let costs: Vec<Cost> = trials.iter().map(|trial| trial.cost.clone()).collect();
    let best = tuning::best(&costs);
    let patch = best.and_then(|place| trials.get(place)).map(|trial| tuning::patch(correlation, trial.candidate));
    propose(context, &correlation.title, patch.as_deref(), "proposed; try it with `rule backtest --rules` first");
    let named = ("threshold", correlation.id.as_str(), correlation.title.as_str());
    trials
        .iter()
        .enumerate()
        .map(|(place, trial)| row(named, json!(trial), (best == Some(place)).then_some(&patch)))
        .collect()
}

/// The baselines to try: the one that is named, or all that have said something.
fn asked_baselines(content: &Content, id: Option<&str>, labels: &Labels) -> Vec<Baseline> {
    let has_said: BTreeSet<&str> = labels.rules().collect();
    let is_asked = |own: &Baseline| id.map_or_else(|| has_said.contains(own.id.as_str()), |id| own.id == id);
    baselines::definitions(content).baselines.into_iter().filter(is_asked).collect()
}

fn of_baseline(context: &Context, baseline: &Baseline, tried: &[Tried]) -> Vec<Value> {
    let costs: Vec<Cost> = tried.iter().map(|one| one.cost.clone()).collect();
    let best = tuning::best(&costs);
    let patch = best.and_then(|place| tried.get(place)).and_then(|one| one.patch.clone());
    propose(context, &baseline.title, patch.as_deref(), "proposed");
    let named = ("baseline", baseline.id.as_str(), baseline.title.as_str());
    let mut rows = Vec::new();
    for (place, one) in tried.iter().enumerate() {
        let mut tried = json!(one);
        if let Some(members) = tried.as_object_mut() {
            members.remove("patch");
        }
        rows.push(row(named, tried, (best == Some(place)).then_some(&patch)));
    }
    rows
}

fn propose(context: &Context, title: &str, patch: Option<&str>, words: &str) {
    if context.format != Format::Human {
        return;
    }
    match patch {
        Some(patch) => output::talk(format!("{words}:\n{patch}")),
        None => output::talk(format!("`{title}`: nothing tried is better than what is")),
    }
}

/// `proposed` carries the patch of the one that is.
fn row((kind, id, title): (&str, &str, &str), mut row: Value, proposed: Option<&Option<String>>) -> Value {
    row["kind"] = json!(kind);
    row["rule_id"] = json!(id);
    row["title"] = json!(title);
    row["proposed"] = json!(proposed.is_some());
    if let Some(patch) = proposed {
        row["patch"] = json!(patch);
    }
    row
}

/// Values behind many false findings of the period and no true one of any time, rule by rule.
async fn exclusions(
    instance: &Instance,
    rule: Option<&str>,
    period: Period,
    labels: &Labels,
) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    for id in labels.rules().filter(|id| rule.is_none_or(|rule| rule == *id)) {
        let condition = format!("rule_id = {}", stored_findings::quoted(id));
        let (mut exclusions, mut title) = (tuning::Exclusions::new(id, labels), None);
        let add = |noticed: Noticed| {
            exclusions.add(&noticed.finding, period.holds(noticed.finding.time));
            title = Some(noticed.finding.rule.title);
        };
        stored_findings::each(&instance.lake, &condition, add).await?;
        for exclusion in exclusions.propose() {
            let mut row = json!(exclusion);
            row["kind"] = json!("exclusion");
            row["rule_id"] = json!(id);
            row["title"] = json!(title);
            rows.push(row);
        }
    }
    Ok(rows)
}

fn print(context: &Context, rows: &[Value]) -> Result<(), Failure> {
    if context.format != Format::Human {
        return output::rows(context.format, &[], rows);
    }
    let of = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).cloned().collect::<Vec<Value>>();
    let thresholds = [
        "title",
        "threshold",
        "timespan",
        "is_current",
        "proposed",
        "findings",
        "true",
        "false",
        "precision_at_least",
        "missed",
        "seconds_to_finding",
    ];
    output::rows(context.format, &thresholds, &of("threshold"))?;
    let numbers: Vec<&str> = ["title", "key", "value"].into_iter().chain(thresholds.into_iter().skip(3)).collect();
    output::rows(context.format, &numbers, &of("baseline"))?;
    let exclusions = of("exclusion");
    for row in exclusions.iter().filter_map(|row| row["propose"].as_str()) {
        output::talk(format!("to consider: {row}"));
    }
    output::rows(context.format, &["title", "field", "value", "false", "unlabelled"], &exclusions)
}
