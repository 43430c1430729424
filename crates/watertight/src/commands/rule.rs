//! `watertight rule`: check, test, list and show detection rules. Paths name rules of yours; without one, the built-in ones.

use std::path::PathBuf;

use serde_json::{Value, json};
use sigma::{Correlation, Loaded, TestOutcome};

use crate::content::Content;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::output;
use crate::rules::{self, Values};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Load and compile; every mistake with its line
    Check { paths: Vec<PathBuf> },
    /// Run the examples that rules carry
    Test { paths: Vec<PathBuf> },
    /// One row a rule
    List { paths: Vec<PathBuf> },
    /// One rule, whole, by id
    Show { id: String },
}

pub(crate) fn run(command: &Command, context: &Context) -> Outcome {
    let config = context.config()?;
    let content = context.content(&config)?;
    match command {
        Command::Check { paths } => check(&content, paths),
        Command::Test { paths } => {
            let faults = test(&content, &load(&content, paths)?)?;
            if faults == 0 {
                Ok(Exit::Done)
            } else {
                Err(Failure::failed(format!("{faults} examples did not show what they should")))
            }
        }
        Command::List { paths } => list(context, &load(&content, paths)?),
        Command::Show { id } => show(context, &load(&content, &[])?, id),
    }
}

fn load(content: &Content, paths: &[PathBuf]) -> Result<Loaded, Failure> {
    let mut files = Vec::new();
    for path in paths {
        rules::read_rules(path, &mut files)?;
    }
    if paths.is_empty() {
        let built_in = content.below("rules").filter(|(name, _)| name.ends_with(".yml"));
        files.extend(built_in.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
    Ok(sigma::load(files))
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
pub(crate) fn test(content: &Content, loaded: &Loaded) -> Result<usize, Failure> {
    let options = rules::options(Some(content), Values::Examples)?;
    let mut tried = 0;
    let mut faults = loaded.errors.len();
    for error in &loaded.errors {
        output::talk(error);
    }
    let mut tell = |file: &str, title: &str, outcomes: &[TestOutcome]| {
        tried += outcomes.len();
        for outcome in outcomes.iter().filter(|outcome| !outcome.passed()) {
            faults += 1;
            output::talk(format!("{file}: `{title}`, example `{}`: {}", outcome.name, fault(outcome)));
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
    output::talk(format!("{rules} rules, {correlations} correlations, {tried} examples, {faults} faults"));
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

fn list(context: &Context, loaded: &Loaded) -> Outcome {
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
    output::rows(context.format, &["level", "title", "surface", "attack", "file"], &rows)?;
    Ok(Exit::Done)
}

fn show(context: &Context, loaded: &Loaded, id: &str) -> Outcome {
    if let Some(correlation) = loaded.correlations.iter().find(|correlation| correlation.id == id) {
        return show_correlation(context, correlation);
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
        }),
    )?;
    Ok(Exit::Done)
}

fn show_correlation(context: &Context, correlation: &Correlation) -> Outcome {
    output::object(
        context.format,
        &json!({
            "id": correlation.id, "title": correlation.title, "level": correlation.level, "status": correlation.status,
            "correlation": correlation.kind.as_str(), "rules": correlation.rules, "group_by": correlation.group_by,
            "timespan_seconds": correlation.timespan_us / 1_000_000, "description": correlation.description,
            "attack": correlation.attack, "falsepositives": correlation.falsepositives, "watertight": correlation.watertight,
            "ads": correlation.ads, "tests": correlation.tests, "version": correlation.version, "file": correlation.file,
        }),
    )?;
    Ok(Exit::Done)
}
