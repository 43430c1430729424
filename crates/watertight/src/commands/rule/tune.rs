//! `watertight rule tune`: for correlations other thresholds and windows, for every rule those who make it cry for nothing.
//! Each with its cost. It proposes and never applies.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::backtest::{Labels, Period, Replayed, replay, story_file};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::instance::Instance;
use crate::output::{self, Format};
use crate::rules::{self, Extra, RuleSet, Values};
use crate::withheld::Noticed;
use crate::{stored_findings, tuning};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this rule or correlation, by id
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
        let replayed =
            if wanted.is_empty() { Replayed::default() } else { replay(&instance, &rules, period, &wanted).await? };
        let mut rows = Vec::new();
        for number in wanted {
            rows.extend(of_correlation(context, &rules, &options, number, &replayed, &labels));
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

/// One row a candidate; the proposal, with its patch, is talk for people and a member for programs.
fn of_correlation(
    context: &Context,
    rules: &RuleSet,
    options: &sigma::Options,
    number: u32,
    replayed: &Replayed,
    labels: &Labels,
) -> Vec<Value> {
    let Some(correlation) = rules.correlations.get(number as usize) else { return Vec::new() };
    let of_it = replayed.hits.iter().filter(|hit| hit.correlation == number);
    let hits: Vec<sigma::Hit> = of_it.map(|hit| sigma::Hit { correlation: 0, ..hit.clone() }).collect();
    let Some(trials) = tuning::trials(correlation, &rules.rules, options, &hits, labels) else {
        output::talk(format!("`{}` counts other correlations and is not tried by itself", correlation.title));
        return Vec::new();
    };
    let best = tuning::best(&trials);
    let patch = best.map(|trial| tuning::patch(correlation, trial.candidate));
    if context.format == Format::Human {
        match &patch {
            Some(patch) => output::talk(format!("proposed; try it with `rule backtest --rules` first:\n{patch}")),
            None => output::talk(format!("`{}`: nothing tried is better than what is", correlation.title)),
        }
    }
    let rows = trials.iter().map(|trial| {
        let is_proposed = best.is_some_and(|best| best.candidate == trial.candidate);
        let mut row = json!(trial);
        row["kind"] = json!("threshold");
        row["rule_id"] = json!(correlation.id);
        row["title"] = json!(correlation.title);
        row["proposed"] = json!(is_proposed);
        if is_proposed {
            row["patch"] = json!(patch);
        }
        row
    });
    rows.collect()
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
    let exclusions = of("exclusion");
    for row in exclusions.iter().filter_map(|row| row["propose"].as_str()) {
        output::talk(format!("to consider: {row}"));
    }
    output::rows(context.format, &["title", "field", "value", "false", "unlabelled"], &exclusions)
}
