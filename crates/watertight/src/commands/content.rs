//! `watertight content`: check every content file's own examples (rules, baselines, identifiers, regimes, templates); propose
//! and approve content that did not come with the program.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rule;
use crate::content::Content;
use crate::context::Context;
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::opaque_id::OpaqueId;
use crate::store::Draft;
use crate::{cases, lifecycle, notices, output, rules};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run the examples of every file (default: the content in use)
    Check { dir: Option<PathBuf> },
    /// Propose the content in use (`--content`, [content] dir) for approval; its examples must hold
    Propose {
        #[arg(long)]
        by: OpaqueId,
        /// The output of `rule backtest` that was looked at; its hash is sealed
        #[arg(long, value_name = "FILE")]
        backtest: Option<PathBuf>,
    },
    /// Approve what somebody else proposed, by the beginning of its hash
    Approve {
        hash: String,
        #[arg(long)]
        by: OpaqueId,
    },
}

/// What changes which content counts. A proposal carries the content itself: the directory is the proposer's.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Propose { by: OpaqueId, content: Content, backtest_sha256: Option<String> },
    Approve { hash: String, by: OpaqueId },
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    let change = match command {
        Command::Check { dir } => return check(dir.as_deref(), context),
        Command::Propose { by, backtest } => {
            let content = context.content(&context.config()?)?;
            Change::Propose { by, content, backtest_sha256: backtest.as_deref().map(sha256_of).transpose()? }
        }
        Command::Approve { hash, by } => Change::Approve { hash, by },
    };
    context.block_on(door::write(context, change))
}

fn sha256_of(path: &Path) -> Result<String, Failure> {
    use sha2::Digest as _;
    let bytes = std::fs::read(path).or_usage(format!("failed to read `{}`", path.display()))?;
    Ok(crate::content::hex(&sha2::Sha256::digest(bytes)))
}

pub(super) async fn carry_out(
    instance: &mut Instance,
    change: &Change,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<(), Failure> {
    match change {
        Change::Propose { by, content, backtest_sha256 } => {
            instance.config.check_person(by, false)?;
            let checked = examples(content, &mut |text| answer.talk(text))?;
            let faults: usize = checked.iter().map(|(_, _, faults)| faults).sum();
            if 0 < faults {
                let message = format!("the content is not proposed: {faults} mistakes and examples that fail");
                return Err(Failure::usage(message));
            }
            let proposal = lifecycle::Proposal { content, by, backtest_sha256: backtest_sha256.as_deref() };
            let Some(draft) = lifecycle::propose(&instance.store, &proposal, now).await? else {
                answer.talk("nothing new: this content was proposed before; another person approves it");
                return Ok(());
            };
            let shown = draft.clear.clone();
            cases::append(instance, &[draft]).await?;
            answer.talk("proposed; another person approves it");
            answer.object(&shown)
        }
        Change::Approve { hash, by } => {
            instance.config.check_person(by, true)?;
            let draft = lifecycle::approve(&instance.store, hash, by, now).await?;
            let drafts: Vec<Draft> = draft.into_iter().collect();
            let appended = cases::append(instance, &drafts).await?;
            answer.talk(if appended == 0 { "nothing new: it was approved before" } else { "approved" });
            Ok(())
        }
    }
}

fn check(dir: Option<&Path>, context: &Context) -> Outcome {
    let content = match dir {
        Some(dir) => Content::from_dir(dir)?,
        None => context.content(&context.config()?)?,
    };
    let checked = examples(&content, &mut |text| output::talk(text))?;
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

/// Runs every example and says each mistake. The same for what is checked and for what is proposed.
fn examples(content: &Content, say: &mut dyn FnMut(String)) -> Result<[Checked; 5], Failure> {
    let loaded = rules::of_content(content)?;
    Ok([
        ("rules", loaded.rules.len() + loaded.correlations.len(), rule::test(content, &loaded, say)?),
        baselines(content, say),
        identifiers(content, say),
        regimes(content, say),
        templates(content, say),
    ])
}

fn baselines(content: &Content, say: &mut dyn FnMut(String)) -> Checked {
    let (files, faults) = super::baseline::check(content, say);
    ("baselines", files, faults)
}

fn identifiers(content: &Content, say: &mut dyn FnMut(String)) -> Checked {
    let files: Vec<(&str, &str)> = content.below("identifiers").collect();
    let (classifier, errors) = ::classify::Classifier::new(&files);
    let failures = classifier.check_identifiers();
    errors.iter().for_each(|error| say(error.to_string()));
    failures.iter().for_each(|failure| say(failure.to_string()));
    ("identifiers", classifier.identifiers().len(), errors.len() + failures.len())
}

fn regimes(content: &Content, say: &mut dyn FnMut(String)) -> Checked {
    let files = content.below("regimes").filter(|(name, _)| name.ends_with(".toml"));
    let (law, errors) = duty::Law::load(files.map(|(name, text)| (name.to_owned(), text.to_owned())));
    errors.iter().for_each(|error| say(error.to_string()));
    let outcomes = duty::check_cases(&law);
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.holds()).collect();
    failed.iter().for_each(|outcome| say(format!("{outcome:?}")));
    ("regimes", law.regimes().len(), errors.len() + failed.len())
}

fn templates(content: &Content, say: &mut dyn FnMut(String)) -> Checked {
    let library = notices::library_of(content, say);
    let faults = ::notice::check_library(&library).faults;
    faults.iter().for_each(|fault| say(fault.to_string()));
    ("templates", library.iter().count(), faults.len())
}
