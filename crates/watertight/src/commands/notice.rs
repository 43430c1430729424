//! `watertight notice`: draft, check, approve, send; status and receipts.

use std::path::PathBuf;

use ::notice::Recipient;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::write::Step;
use crate::cases;
use crate::context::Context;
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::notices::{self, Approve};
use crate::opaque_id::OpaqueId;
use crate::output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Draft a notice for every obligation of an incident
    Draft {
        #[arg(long)]
        incident: String,
        #[arg(long, default_value = notices::LANGUAGE_DEFAULT)]
        language: String,
        /// Who drafts: an opaque id. The author cannot approve.
        #[arg(long)]
        by: OpaqueId,
    },
    /// Show a notice as it would go out, its gaps, and the hash to approve
    Check {
        notice: String,
        #[command(flatten)]
        to: To,
    },
    /// Approve the hash that `check` showed
    Approve {
        notice: String,
        #[arg(long)]
        hash: String,
        #[arg(long)]
        by: OpaqueId,
        #[command(flatten)]
        to: To,
    },
    /// Send an approved notice; go on where an earlier run stopped
    Send { notice: String },
    /// Every notice and its state
    Status,
    /// What became of each message, with the log entries that prove it
    Receipts { notice: String },
}

/// Whom it goes to.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct To {
    /// One address
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// A file with one recipient a line: {"id","address","name","fields"}
    #[arg(long, value_name = "FILE")]
    recipients: Option<PathBuf>,
}

impl To {
    fn read(self) -> Result<Vec<Recipient>, Failure> {
        match (self.to, self.recipients) {
            (_, Some(path)) => notices::read_recipients(&path),
            (Some(address), None) => Ok(vec![Recipient {
                // Opaque, and the only one of this notice.
                id: "1".to_owned(),
                address,
                name: None,
                fields: serde_json::Map::new(),
            }]),
            (None, None) => Err(Failure::usage("nobody to send to").help("give --to or --recipients")),
        }
    }
}

/// What changes a notice. Recipients travel as they were read: the file is the approver's.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Draft { incident: String, language: String, by: OpaqueId },
    Approve { notice: String, hash: String, by: OpaqueId, recipients: Vec<Recipient> },
    Send { notice: String },
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    context.block_on(async {
        let change = match command {
            Command::Check { notice, to } => return check(context, &notice, to).await,
            Command::Status => return status(context).await,
            Command::Receipts { notice } => return receipts(context, &notice).await,
            Command::Draft { incident, language, by } => Change::Draft { incident, language, by },
            Command::Approve { notice, hash, by, to } => Change::Approve { notice, hash, by, recipients: to.read()? },
            Command::Send { notice } => Change::Send { notice },
        };
        door::write(context, change).await
    })
}

pub(super) async fn carry_out(
    instance: &mut Instance,
    change: &Change,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<Step, Failure> {
    match change {
        Change::Draft { incident, language, by } => {
            let incident = cases::find(&instance.store, incident).await?;
            let drafted = notices::draft_incident(instance, &incident, language, by, now).await?;
            answer.object(&drafted)?;
            for rule in &drafted.without_template {
                answer.talk(format!("no template answers `{rule}` in `{language}`; write that notice by hand"));
            }
        }
        Change::Approve { notice, hash, by, recipients } => {
            let wish = Approve { notice, hash, approver: by, recipients };
            let hash = notices::approve(instance, &wish, now).await?;
            answer.object(&json!({"notice": notice, "approved": hash, "by": by}))?;
        }
        Change::Send { notice } => return send(instance, notice, now, answer).await,
    }
    Ok(Step::Done(Exit::Done))
}

/// Sends for a moment: a notice to thousands must not keep the sources from being read.
async fn send(instance: &mut Instance, notice: &str, now: Timestamp, answer: &mut Answer) -> Result<Step, Failure> {
    let Some(sent) = notices::send(instance, notice, now).await? else { return Ok(Step::More) };
    answer.object(&sent)?;
    if 0 < sent.refused + sent.waiting {
        return Err(Failure::failed(format!("{} recipients refused, {} still to try", sent.refused, sent.waiting))
            .help("`watertight notice receipts` shows who has it; run send again for those still to try"));
    }
    Ok(Step::Done(Exit::Done))
}

async fn check(context: &Context, notice: &str, to: To) -> Outcome {
    let instance = Instance::read(context).await?;
    let checked = notices::check(&instance, notice, &to.read()?).await?;
    output::object(context.format, &checked)?;
    Ok(Exit::Done)
}

async fn status(context: &Context) -> Outcome {
    let instance = Instance::read(context).await?;
    let rows = instance.store.documents("notice").await.or_fail("failed to read notices")?;
    output::rows(context.format, &["id", "rule_id", "recipient", "state", "due_by", "language", "incident"], &rows)?;
    Ok(Exit::Done)
}

async fn receipts(context: &Context, notice: &str) -> Outcome {
    let instance = Instance::read(context).await?;
    let mut rows = instance.store.documents("delivery").await.or_fail("failed to read receipts")?;
    rows.retain(|row| row["notice"] == notice);
    output::rows(
        context.format,
        &["recipient_id", "state", "accepted_at", "message_id", "attempts", "possible_duplicates"],
        &rows,
    )?;
    Ok(Exit::Done)
}
