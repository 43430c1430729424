//! `watertight content check`: every content file's own examples: rules, baselines, identifiers, regimes, templates.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::rule;
use crate::content::Content;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::{notices, output};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run the examples of every file (default: the content in use)
    Check { dir: Option<PathBuf> },
}

pub(crate) fn run(command: &Command, context: &Context) -> Outcome {
    let Command::Check { dir } = command;
    let content = match dir {
        Some(dir) => Content::from_dir(dir)?,
        None => context.content(&context.config()?)?,
    };
    let rules = sigma::load(content.below("rules").filter(|(name, _)| name.ends_with(".yml")));
    let checked = [
        ("rules", rules.rules.len() + rules.correlations.len(), rule::test(&content, &rules)?),
        baselines(&content),
        identifiers(&content),
        regimes(&content),
        templates(&content),
    ];
    let rows: Vec<Value> = checked
        .iter()
        .map(|(kind, files, faults)| json!({"content": kind, "items": files, "faults": faults}))
        .collect();
    output::rows(context.format, &["content", "items", "faults"], &rows)?;
    let faults: usize = checked.iter().map(|(_, _, faults)| faults).sum();
    if faults == 0 {
        Ok(Exit::Done)
    } else {
        Err(Failure::failed(format!("{faults} examples did not show what they should")))
    }
}

type Checked = (&'static str, usize, usize);

fn baselines(content: &Content) -> Checked {
    let (files, faults) = super::baseline::check(content);
    ("baselines", files, faults)
}

fn identifiers(content: &Content) -> Checked {
    let files: Vec<(&str, &str)> = content.below("identifiers").collect();
    let (classifier, errors) = ::classify::Classifier::new(&files);
    let failures = classifier.check_identifiers();
    errors.iter().for_each(output::talk);
    failures.iter().for_each(output::talk);
    ("identifiers", classifier.identifiers().len(), errors.len() + failures.len())
}

fn regimes(content: &Content) -> Checked {
    let files = content.below("regimes").filter(|(name, _)| name.ends_with(".toml"));
    let (law, errors) = duty::Law::load(files.map(|(name, text)| (name.to_owned(), text.to_owned())));
    errors.iter().for_each(output::talk);
    let outcomes = duty::check_cases(&law);
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.holds()).collect();
    for outcome in &failed {
        output::talk(format!("{outcome:?}"));
    }
    ("regimes", law.regimes().len(), errors.len() + failed.len())
}

fn templates(content: &Content) -> Checked {
    let library = notices::library(content);
    let faults = ::notice::check_library(&library).faults;
    faults.iter().for_each(output::talk);
    ("templates", library.iter().count(), faults.len())
}
