//! `watertight incident`: list, show, open, set facts, close, and the timeline as the log has it.

use incident::{Asserter, Command as Wish, Fact, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cases;
use crate::context::Context;
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::opaque_id::OpaqueId;
use crate::output;
use crate::store::{Body, SourceSums};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Every incident, newest first
    List,
    /// One incident, whole (id or number)
    Show { incident: String },
    #[command(flatten)]
    Change(Change),
    /// Every entry about it and its findings' verdicts, with its log index
    Timeline { incident: String },
}

/// What changes an incident.
#[derive(Debug, Serialize, Deserialize, clap::Subcommand)]
pub(crate) enum Change {
    /// Open an incident that no rule found
    Open {
        /// What happened, without names: it stays readable for ever
        #[arg(long)]
        title: String,
        /// Where it was reported; the same reference opens it once
        #[arg(long)]
        reference: String,
        #[arg(long, default_value = "high")]
        severity: String,
        /// When it happened first, as far as known
        #[arg(long, value_name = "RFC3339")]
        first_event: Timestamp,
        #[arg(long)]
        by: OpaqueId,
    },
    /// Attest a fact: `watertight incident fact 3 times.aware 2026-03-02T10:00:00Z --by P-17`
    Fact {
        incident: String,
        /// A key of the facts format, dotted (`subjects.US-CA`, `risk.gdpr`)
        name: String,
        /// JSON, or plain text; `unknown` takes an earlier value back
        value: String,
        /// Who says so: an opaque id, never a name
        #[arg(long)]
        by: OpaqueId,
        /// The second person, when an attested awareness time changes
        #[arg(long)]
        approved_by: Option<OpaqueId>,
        /// Only if the incident is still at this version (`incident show`); what changed meanwhile is a conflict
        #[arg(long, value_name = "VERSION")]
        expected: Option<u64>,
    },
    /// Assess the breach for the people concerned (ENISA 2013): `--inputs '{"data":[{"category":"financial"}],…}'`
    Breach {
        incident: String,
        /// The method's inputs as JSON; `watertight incident show` prints the last ones
        #[arg(long, value_name = "JSON")]
        inputs: String,
        #[arg(long)]
        by: OpaqueId,
        #[arg(long)]
        reason: String,
        /// Only if the incident is still at this version (`incident show`); what changed meanwhile is a conflict
        #[arg(long, value_name = "VERSION")]
        expected: Option<u64>,
    },
    /// Take notice of it; escalation stops
    Acknowledge {
        incident: String,
        #[arg(long)]
        by: OpaqueId,
    },
    /// Close with a verdict; it counts for its findings that have none of their own
    Close {
        incident: String,
        /// true_positive, false_positive, benign, test, duplicate, …
        #[arg(long)]
        verdict: String,
        #[arg(long)]
        reason: String,
        #[arg(long)]
        by: OpaqueId,
        #[arg(long)]
        duplicate_of: Option<String>,
        /// Only if the incident is still at this version (`incident show`); what changed meanwhile is a conflict
        #[arg(long, value_name = "VERSION")]
        expected: Option<u64>,
    },
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    context.block_on(async {
        match command {
            Command::List => list(context).await,
            Command::Show { incident } => show(context, &incident).await,
            Command::Timeline { incident } => timeline(context, &incident).await,
            Command::Change(change) => door::write(context, change).await,
        }
    })
}

async fn list(context: &Context) -> Outcome {
    let instance = Instance::read(context).await?;
    let mut rows = instance.store.documents("incident").await.or_fail("failed to read incidents")?;
    rows.sort_by_key(|row| std::cmp::Reverse(row["number"].as_u64()));
    output::rows(
        context.format,
        &["number", "title", "severity", "status", "finding_count", "first_event", "id"],
        &rows,
    )?;
    tell_held_back(&instance).await?;
    Ok(Exit::Done)
}

/// A quiet list must not look like a quiet company.
async fn tell_held_back(instance: &Instance) -> Result<(), Failure> {
    let sums = instance.store.source_sums().await.or_fail("failed to read batches")?;
    let held_back = SourceSums::total(&sums).held_back;
    if 0 < held_back {
        output::talk(format!(
            "{held_back} findings were held back in the first week of their sources; `watertight finding list --held-back`"
        ));
    }
    Ok(())
}

async fn show(context: &Context, name: &str) -> Outcome {
    let instance = Instance::read(context).await?;
    let id = cases::find(&instance.store, name).await?;
    let document = instance.store.document("incident", &id).await.or_fail("failed to read the incident")?;
    output::object(context.format, &document)?;
    Ok(Exit::Done)
}

async fn timeline(context: &Context, name: &str) -> Outcome {
    let instance = Instance::read(context).await?;
    let id = cases::find(&instance.store, name).await?;
    let mut rows = Vec::new();
    for stored in instance.store.entries_about(&id).await.or_fail("failed to read the timeline")? {
        let body = match instance.store.body(&stored.entry).await.or_fail("failed to open a body")? {
            Body::None => Value::Null,
            Body::Readable(body) => body,
            Body::Erased(at) => json!({"erased": at}),
        };
        rows.push(json!({"at": stored.entry.at, "kind": stored.entry.kind, "position": stored.position, "clear": stored.entry.clear, "body": body}));
    }
    output::rows(context.format, &["at", "kind", "position"], &rows)?;
    Ok(Exit::Done)
}

pub(super) async fn carry_out(
    instance: &mut Instance,
    change: &Change,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<(), Failure> {
    let wish = wish(instance, change).await?;
    match cases::command(instance, wish, now).await? {
        0 => answer.talk("nothing new: the log had this already"),
        n => answer.talk(format!("{n} entries appended and sealed")),
    }
    Ok(())
}

async fn wish(instance: &Instance, change: &Change) -> Result<Wish, Failure> {
    let store = &instance.store;
    Ok(match change {
        Change::Open { title, reference, severity, first_event, by } => Wish::Open {
            tenant: store.tenant().to_owned(),
            reference: reference.clone(),
            title: title.clone(),
            severity: ocsf::Severity::from_level(severity),
            first_event: *first_event,
            by: by.to_string(),
            description: None,
        },
        Change::Fact { incident, name, value, by, approved_by, expected } => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
            let mut fact = Fact::from_json(name, &value, Asserter::Human(by.to_string()));
            fact.approved_by = approved_by.as_ref().map(ToString::to_string);
            Wish::SetFact { incident: cases::find(store, incident).await?, fact, expected: *expected }
        }
        Change::Breach { incident, inputs, by, reason, expected } => Wish::AssessBreach {
            incident: cases::find(store, incident).await?,
            inputs: serde_json::from_str(inputs).or_usage("failed to read --inputs")?,
            by: by.to_string(),
            reason: reason.clone(),
            expected: *expected,
        },
        Change::Acknowledge { incident, by } => {
            Wish::Acknowledge { incident: cases::find(store, incident).await?, by: by.to_string() }
        }
        Change::Close { incident, verdict, reason, by, duplicate_of, expected } => Wish::Close {
            incident: cases::find(store, incident).await?,
            verdict: parse_verdict(verdict)?,
            reason: reason.clone(),
            by: by.to_string(),
            duplicate_of: duplicate_of.clone(),
            expected: *expected,
        },
    })
}

pub(super) fn parse_verdict(word: &str) -> Result<Verdict, Failure> {
    serde_json::from_value(json!(word)).or_usage(format!("`{word}` is not a verdict"))
}
