//! `watertight notice`: draft, check, approve, send; status and receipts.

use std::path::PathBuf;

use ::notice::Recipient;
use serde_json::json;

use crate::cases;
use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::notices::{self, Approve};
use crate::opaque_id::opaque_id;
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
        #[arg(long, value_parser = opaque_id)]
        by: String,
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
        #[arg(long, value_parser = opaque_id)]
        by: String,
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

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    context.block_on(async {
        match command {
            Command::Draft { incident, language, by } => draft(context, &incident, &language, &by).await,
            Command::Check { notice, to } => check(context, &notice, to).await,
            Command::Approve { notice, hash, by, to } => approve(context, &notice, &hash, &by, to).await,
            Command::Send { notice } => send(context, &notice).await,
            Command::Status => status(context).await,
            Command::Receipts { notice } => receipts(context, &notice).await,
        }
    })
}

async fn draft(context: &Context, incident: &str, language: &str, by: &str) -> Outcome {
    let mut instance = Instance::open(context).await?;
    let incident = cases::find(&instance.store, incident).await?;
    let drafted = notices::draft_incident(&mut instance, &incident, language, by, context.clock.now()).await?;
    output::object(context.format, &drafted)?;
    for rule in &drafted.without_template {
        output::talk(format!("no template answers `{rule}` in `{language}`; write that notice by hand"));
    }
    Ok(Exit::Done)
}

async fn check(context: &Context, notice: &str, to: To) -> Outcome {
    let instance = Instance::read(context).await?;
    let checked = notices::check(&instance, notice, &to.read()?).await?;
    output::object(context.format, &checked)?;
    Ok(Exit::Done)
}

async fn approve(context: &Context, notice: &str, hash: &str, by: &str, to: To) -> Outcome {
    let mut instance = Instance::open(context).await?;
    let wish = Approve { notice, hash, approver: by, recipients: to.read()? };
    let hash = notices::approve(&mut instance, &wish, context.clock.now()).await?;
    output::object(context.format, &json!({"notice": notice, "approved": hash, "by": by}))?;
    Ok(Exit::Done)
}

async fn send(context: &Context, notice: &str) -> Outcome {
    let mut instance = Instance::open(context).await?;
    let sent = notices::send(&mut instance, notice, context.clock.now()).await?;
    output::object(context.format, &sent)?;
    if 0 < sent.refused + sent.waiting {
        return Err(Failure::failed(format!("{} recipients refused, {} still to try", sent.refused, sent.waiting))
            .help("`watertight notice receipts` shows who has it; run send again for those still to try"));
    }
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
