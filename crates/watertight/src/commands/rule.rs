//! `watertight rule`: check, test, list and show detection rules. Paths name rules of yours; without one, the built-in ones.

use std::path::PathBuf;

use serde_json::{Value, json};
use sigma::Loaded;

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
    let (_, errors) = sigma::Program::compile(&loaded.rules, &options);
    for error in loaded.errors.iter().chain(&errors).chain(&loaded.warnings) {
        output::talk(error);
    }
    let failed = loaded.errors.len() + errors.len();
    output::talk(format!(
        "{} rules can be used, {failed} cannot, {} warnings",
        loaded.rules.len() - errors.len(),
        loaded.warnings.len()
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
    for rule in &loaded.rules {
        let outcomes = sigma::test_rule(rule, &options);
        tried += outcomes.len();
        for outcome in outcomes.iter().filter(|outcome| !outcome.passed()) {
            faults += 1;
            let shown = match (&outcome.problem, outcome.fired) {
                (Some(problem), _) => problem.clone(),
                (None, Some(true)) => "it fires and should not".to_owned(),
                (None, _) => "it does not fire and should".to_owned(),
            };
            output::talk(format!("{}: `{}`, example `{}`: {shown}", rule.file, rule.title, outcome.name));
        }
    }
    output::talk(format!("{} rules, {tried} examples, {faults} faults", loaded.rules.len()));
    Ok(faults)
}

fn list(context: &Context, loaded: &Loaded) -> Outcome {
    let rows: Vec<Value> = loaded
        .rules
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id, "title": rule.title, "level": rule.level, "logsource": rule.logsource, "attack": rule.attack,
                "surface": rule.watertight.surface, "version": rule.version, "file": rule.file, "examples": rule.tests.len(),
            })
        })
        .collect();
    output::rows(context.format, &["level", "title", "surface", "attack", "file"], &rows)?;
    Ok(Exit::Done)
}

fn show(context: &Context, loaded: &Loaded, id: &str) -> Outcome {
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
