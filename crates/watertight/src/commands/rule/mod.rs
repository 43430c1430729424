//! `watertight rule`: check, test, list and show detection rules. Paths name rules of yours; without one, the built-in ones.
//!
//! What rules have found, would have found and might find is in files of its own beside this one.

mod backtest;
mod coverage;
mod history;
mod tune;

use std::path::PathBuf;

use serde_json::{Value, json};
use sigma::{Correlation, Loaded, TestOutcome};

use crate::content::Content;
use crate::context::Context;
use crate::dispositions::{self, RulePrecision};
use crate::exit::{Exit, Failure, Outcome};
use crate::instance::Instance;
use crate::rules::{self, Values};
use crate::{output, pipelines};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Load and compile; every mistake with its line
    Check { paths: Vec<PathBuf> },
    /// Run the examples that rules carry
    Test { paths: Vec<PathBuf> },
    /// One row a rule
    List {
        paths: Vec<PathBuf>,
        /// With what people said of its findings, from the data directory
        #[arg(long)]
        precision: bool,
    },
    /// One rule, whole, by id; with its precision where there is data
    Show { id: String },
    /// What rules would have found in the lake; nothing is stored
    Backtest(backtest::Args),
    /// Propose thresholds and exclusions on labelled history; nothing is applied
    Tune(tune::Args),
    /// Techniques and kinds of resource against what watches for them and what feeds that; gaps are rows too
    Coverage,
    /// Content versions as the log has them: what changed, who wrote and who approved it
    History,
}

pub(crate) fn run(command: &Command, context: &Context) -> Outcome {
    let config = context.config()?;
    let content = context.content(&config)?;
    match command {
        Command::Check { paths } => check(&content, paths),
        Command::Test { paths } => {
            let loaded = rules::with_compile_errors(load(&content, paths)?, &content)?;
            let faults = test(&content, &loaded, &mut |text| output::talk(text))?;
            if faults == 0 {
                Ok(Exit::Done)
            } else {
                Err(Failure::failed(format!("{faults} examples did not show what they should")))
            }
        }
        Command::List { paths, precision } => list(context, &load(&content, paths)?, *precision),
        Command::Show { id } => show(context, &load(&content, &[])?, id),
        Command::Backtest(args) => backtest::run(args, context),
        Command::Tune(args) => tune::run(args, context),
        Command::Coverage => coverage::run(context, &config, &content),
        Command::History => history::run(context),
    }
}

fn load(content: &Content, paths: &[PathBuf]) -> Result<Loaded, Failure> {
    let mut files = Vec::new();
    for path in paths {
        rules::read_rules(path, &mut files)?;
    }
    if paths.is_empty() {
        let built_in = content.below("rules").filter(|(name, _)| rules::is_rule(name));
        files.extend(built_in.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
    Ok(sigma::load_with(files, &pipelines::read(Some(content), &[])?))
}

fn check(content: &Content, paths: &[PathBuf]) -> Outcome {
    let loaded = load(content, paths)?;
    let options = rules::options(Some(content), Values::Examples)?;
    let (program, complaints) = sigma::Program::compile_with(&loaded.rules, &loaded.correlations, &options);
    for error in loaded.errors.iter().chain(&complaints).chain(&loaded.warnings) {
        output::talk(error);
    }
    let is_error = |complaint: &&sigma::RuleError| complaint.severity == sigma::Severity::Error;
    let errors = complaints.iter().filter(is_error).count();
    let failed = loaded.errors.len() + errors;
    let of_correlations = (0..loaded.correlations.len()).filter(|&index| !program.has_correlation(index)).count();
    output::talk(format!(
        "{} rules and {} correlations can be used, {failed} cannot, {} warnings",
        loaded.rules.len() - errors.saturating_sub(of_correlations),
        loaded.correlations.len() - of_correlations,
        loaded.warnings.len() + complaints.len() - errors
    ));
    if failed == 0 { Ok(Exit::Done) } else { Err(Failure::usage(format!("{failed} rules cannot be used"))) }
}

/// Runs every example; says which failed. Returns how many did.
pub(crate) fn test(content: &Content, loaded: &Loaded, say: &mut dyn FnMut(String)) -> Result<usize, Failure> {
    let options = rules::options(Some(content), Values::Examples)?;
    let mut tried = 0;
    let mut faults = loaded.errors.len();
    for error in &loaded.errors {
        say(error.to_string());
    }
    let mut tell = |file: &str, title: &str, outcomes: &[TestOutcome]| {
        tried += outcomes.len();
        for outcome in outcomes.iter().filter(|outcome| !outcome.passed()) {
            faults += 1;
            say(format!("{file}: `{title}`, example `{}`: {}", outcome.name, fault(outcome)));
        }
    };
    for rule in &loaded.rules {
        tell(&rule.file, &rule.title, &sigma::test_rule(rule, &options));
    }
    for (index, correlation) in loaded.correlations.iter().enumerate() {
        let outcomes = sigma::test_correlation(index, &loaded.rules, &loaded.correlations, &options);
        tell(&correlation.file, &correlation.title, &outcomes);
    }
    let (rules, correlations) = (loaded.rules.len(), loaded.correlations.len());
    say(format!("{rules} rules, {correlations} correlations, {tried} examples, {faults} faults"));
    Ok(faults)
}

/// What is wrong with an example that did not pass.
fn fault(outcome: &TestOutcome) -> String {
    match (&outcome.problem, outcome.fired) {
        (Some(problem), _) => problem.clone(),
        (None, Some(true)) => "it fires and should not".to_owned(),
        (None, _) => "it does not fire and should".to_owned(),
    }
}

fn list(context: &Context, loaded: &Loaded, precision: bool) -> Outcome {
    let mut rows: Vec<Value> = loaded
        .rules
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id, "title": rule.title, "level": rule.level, "logsource": rule.logsource, "attack": rule.attack,
                "surface": rule.watertight.surface, "version": rule.version, "file": rule.file, "examples": rule.tests.len(),
            })
        })
        .collect();
    rows.extend(loaded.correlations.iter().map(|correlation| {
        json!({
            "id": correlation.id, "title": correlation.title, "level": correlation.level, "correlation": correlation.kind.as_str(),
            "attack": correlation.attack, "surface": correlation.watertight.surface, "version": correlation.version,
            "file": correlation.file, "examples": correlation.tests.len(),
        })
    }));
    let columns: &[&str] = if precision {
        add_precision(context, &mut rows)?;
        &["title", "level", "findings", "true", "false", "undecided", "precision", "precision_at_least"]
    } else {
        &["level", "title", "surface", "attack", "file"]
    };
    output::rows(context.format, columns, &rows)?;
    Ok(Exit::Done)
}

/// Lays what was found over the rules; what was found without a rule of these (data in logs, rules of the past) follows.
fn add_precision(context: &Context, rows: &mut Vec<Value>) -> Result<(), Failure> {
    let mut found = context.block_on(async {
        let instance = Instance::read(context).await?;
        dispositions::per_rule(&instance, None).await
    })?;
    for row in &mut *rows {
        let of_rule = found.remove(row["id"].as_str().unwrap_or_default()).unwrap_or_default();
        lay_over(row, &of_rule);
    }
    for (id, of_rule) in found {
        let mut row = json!({"id": id, "title": of_rule.title, "in_content": false});
        lay_over(&mut row, &of_rule);
        rows.push(row);
    }
    Ok(())
}

fn lay_over(row: &mut Value, found: &RulePrecision) {
    let (Value::Object(row), Ok(Value::Object(mut found))) = (row, serde_json::to_value(found)) else { return };
    found.remove("title");
    row.extend(found);
}

/// What is known of one rule's findings, where there is a data directory.
fn precision_of(context: &Context, id: &str) -> Result<Value, Failure> {
    if context.existing_data_dir().is_err() {
        return Ok(Value::Null);
    }
    let found = context.block_on(async {
        let instance = Instance::read(context).await?;
        dispositions::per_rule(&instance, Some(id)).await
    })?;
    Ok(found.get(id).map_or(Value::Null, |found| json!(found)))
}

fn show(context: &Context, loaded: &Loaded, id: &str) -> Outcome {
    if let Some(correlation) = loaded.correlations.iter().find(|correlation| correlation.id == id) {
        return show_correlation(context, correlation, &precision_of(context, id)?);
    }
    let rule = loaded.rules.iter().find(|rule| rule.id == id || rule.file.ends_with(id));
    let rule = rule.ok_or_else(|| {
        Failure::usage(format!("there is no rule `{id}`")).help("`watertight rule list` shows their ids")
    })?;
    output::object(
        context.format,
        &json!({
            "id": rule.id, "title": rule.title, "level": rule.level, "status": rule.status, "logsource": rule.logsource,
            "description": rule.description, "attack": rule.attack, "falsepositives": rule.falsepositives,
            "watertight": rule.watertight, "ads": rule.ads, "tests": rule.tests, "version": rule.version, "file": rule.file,
            "precision": precision_of(context, &rule.id)?,
        }),
    )?;
    Ok(Exit::Done)
}

fn show_correlation(context: &Context, correlation: &Correlation, precision: &Value) -> Outcome {
    output::object(
        context.format,
        &json!({
            "id": correlation.id, "title": correlation.title, "level": correlation.level, "status": correlation.status,
            "correlation": correlation.kind.as_str(), "rules": correlation.rules, "group_by": correlation.group_by,
            "timespan_seconds": correlation.timespan_us / 1_000_000, "description": correlation.description,
            "attack": correlation.attack, "falsepositives": correlation.falsepositives, "watertight": correlation.watertight,
            "ads": correlation.ads, "tests": correlation.tests, "version": correlation.version, "file": correlation.file,
            "precision": precision,
        }),
    )?;
    Ok(Exit::Done)
}
