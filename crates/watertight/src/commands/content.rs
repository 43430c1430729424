//! `watertight content`: check every content file's own examples (rules, baselines, identifiers, regimes, templates); propose
//! and approve content that did not come with the program.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::rule;
use crate::content::Content;
use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::opaque_id::opaque_id;
use crate::store::Draft;
use crate::{cases, lifecycle, notices, output, rules};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run the examples of every file (default: the content in use)
    Check { dir: Option<PathBuf> },
    /// Propose the content in use (`--content`, [content] dir) for approval; its examples must hold
    Propose {
        #[arg(long, value_parser = opaque_id)]
        by: String,
        /// The output of `rule backtest` that was looked at; its hash is sealed
        #[arg(long, value_name = "FILE")]
        backtest: Option<PathBuf>,
    },
    /// Approve what somebody else proposed, by the beginning of its hash
    Approve {
        hash: String,
        #[arg(long, value_parser = opaque_id)]
        by: String,
    },
}

pub(crate) fn run(command: &Command, context: &Context) -> Outcome {
    match command {
        Command::Check { dir } => check(dir.as_deref(), context),
        Command::Propose { by, backtest } => context.block_on(propose(context, by, backtest.as_deref())),
        Command::Approve { hash, by } => context.block_on(approve(context, hash, by)),
    }
}

async fn propose(context: &Context, by: &str, backtest: Option<&Path>) -> Outcome {
    let mut instance = Instance::open(context).await?;
    instance.config.check_person(by, false)?;
    let backtest = match backtest {
        Some(path) => Some(std::fs::read(path).or_usage(format!("failed to read `{}`", path.display()))?),
        None => None,
    };
    let faults: usize = examples(&instance.content)?.iter().map(|(_, _, faults)| faults).sum();
    if 0 < faults {
        return Err(Failure::usage(format!("the content is not proposed: {faults} mistakes and examples that fail")));
    }
    let draft = lifecycle::propose(&instance, by, backtest.as_deref(), context.clock.now()).await?;
    let Some(draft) = draft else {
        output::talk("nothing new: this content was proposed before; another person approves it");
        return Ok(Exit::Done);
    };
    let shown = draft.clear.clone();
    cases::append(&mut instance, &[draft]).await?;
    output::talk("proposed; another person approves it");
    output::object(context.format, &shown)?;
    Ok(Exit::Done)
}

async fn approve(context: &Context, hash: &str, by: &str) -> Outcome {
    let mut instance = Instance::open(context).await?;
    instance.config.check_person(by, true)?;
    let draft = lifecycle::approve(&instance.store, hash, by, context.clock.now()).await?;
    let drafts: Vec<Draft> = draft.into_iter().collect();
    let appended = cases::append(&mut instance, &drafts).await?;
    output::talk(if appended == 0 { "nothing new: it was approved before" } else { "approved" });
    Ok(Exit::Done)
}

fn check(dir: Option<&Path>, context: &Context) -> Outcome {
    let content = match dir {
        Some(dir) => Content::from_dir(dir)?,
        None => context.content(&context.config()?)?,
    };
    let checked = examples(&content)?;
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

/// What kind of content, how much of it, and how many faults.
type Checked = (&'static str, usize, usize);

/// Runs every example and names each mistake. The same for what is checked and for what is proposed.
fn examples(content: &Content) -> Result<[Checked; 5], Failure> {
    let loaded = rules::of_content(content)?;
    Ok([
        ("rules", loaded.rules.len() + loaded.correlations.len(), rule::test(content, &loaded)?),
        baselines(content),
        identifiers(content),
        regimes(content),
        templates(content),
    ])
}

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
