//! `watertight duty`: the obligations of incidents, the law behind a rule, and whether anything is overdue.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cases;
use crate::context::Context;
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::law::{Standing, Unowed};
use crate::opaque_id::OpaqueId;
use crate::store::{Draft, ObligationState};
use crate::{law, output};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Every obligation and every question of the law that is open, the nearest deadline first
    List {
        /// Only of this incident (id or number)
        #[arg(long)]
        incident: Option<String>,
        /// Also what the law was asked about and does not require, each with its reason
        #[arg(long)]
        not_required: bool,
    },
    /// A rule of law: trigger, clock, deadline, content, citation
    Explain { rule_id: String },
    #[command(flatten)]
    Change(Change),
    /// Exit with 5 if a required notice is past its deadline, or a question past the time from which it counts as one
    Check,
}

/// What changes an incident's obligations.
#[derive(Debug, Serialize, Deserialize, clap::Subcommand)]
pub(crate) enum Change {
    /// Ask the law again about an incident as its facts stand now
    Assess { incident: String },
    /// Record that a duty was done outside this system: an authority's form, a letter, a call
    Fulfil {
        /// The obligation's id, from `duty list`
        obligation: String,
        /// Who says so: an opaque id, never a name
        #[arg(long)]
        by: OpaqueId,
        /// How it was done and what proves it (kept encrypted)
        #[arg(long)]
        how: String,
    },
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    if let Command::Explain { rule_id } = &command {
        return explain(rule_id, context);
    }
    context.block_on(async {
        match command {
            Command::List { incident, not_required } => list(context, incident.as_deref(), not_required).await,
            Command::Change(change) => door::write(context, change).await,
            Command::Check | Command::Explain { .. } => check(context).await,
        }
    })
}

const COLUMNS: &[&str] = &["due_by", "standard", "recipient", "rule_id", "state", "because", "citation", "incident"];

async fn list(context: &Context, incident: Option<&str>, not_required: bool) -> Outcome {
    let instance = Instance::read(context).await?;
    let only = match incident {
        Some(name) => Some(cases::find(&instance.store, name).await?),
        None => None,
    };
    let mut rows = instance.store.documents("obligation").await.or_fail("failed to read obligations")?;
    rows.extend(questions(&instance, |unowed| not_required || unowed.state != Standing::NotRequired).await?);
    rows.retain(|row| only.as_ref().is_none_or(|id| row["incident"] == id.as_str()));
    rows.sort_by_key(|row| (due(row).is_none(), due(row), row["rule_id"].to_string(), row["incident"].to_string()));
    output::rows(context.format, COLUMNS, &rows)?;
    Ok(Exit::Done)
}

/// What the law left unowed about each incident, in the shape of obligations: a question is due when it counts as a duty.
async fn questions(instance: &Instance, wanted: impl Fn(&Unowed) -> bool) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    for evaluation in instance.store.documents("evaluation").await.or_fail("failed to read the law's answers")? {
        let incident = evaluation["incident"].as_str().unwrap_or_default();
        let unowed = law::last_unowed(&instance.store, incident).await?.unwrap_or_default();
        for unowed in unowed.iter().filter(|unowed| wanted(unowed)) {
            let mut row = serde_json::to_value(unowed).or_fail("failed to print")?;
            row["due_by"] = row["fail_safe_at"].clone();
            row["incident"] = json!(incident);
            rows.push(row);
        }
    }
    Ok(rows)
}

fn due(row: &Value) -> Option<Timestamp> {
    row["due_by"].as_str()?.parse().ok()
}

fn explain(rule_id: &str, context: &Context) -> Outcome {
    let config = context.config()?;
    let law = law::load(&context.content(&config)?);
    let Some(card) = law.explain(rule_id) else {
        let failure = Failure::usage(format!("there is no rule of law `{rule_id}`"));
        return Err(match law.nearest_rule(rule_id) {
            Some(nearest) => failure.help(format!("did you mean `{nearest}`?")),
            None => failure,
        });
    };
    output::object(context.format, &card)?;
    Ok(Exit::Done)
}

pub(super) async fn carry_out(
    instance: &mut Instance,
    change: &Change,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<(), Failure> {
    match change {
        Change::Assess { incident } => {
            let law = law::load(&instance.content);
            let incident = cases::find(&instance.store, incident).await?;
            answer.object(&law::assess(instance, &law, &incident, now).await?)
        }
        Change::Fulfil { obligation, by, how } => answer.object(&fulfil(instance, obligation, by, how, now).await?),
    }
}

/// Returns what the log says of it from now on.
async fn fulfil(instance: &mut Instance, id: &str, by: &str, how: &str, now: Timestamp) -> Result<Value, Failure> {
    let document = instance.store.document("obligation", id).await.or_fail("failed to read the obligation")?;
    let document = document.ok_or_else(|| {
        Failure::usage(format!("there is no obligation `{id}`")).help("`watertight duty list` shows ids")
    })?;
    if !ObligationState::of(&document).is_some_and(ObligationState::is_open) {
        return Err(Failure::usage(format!("the obligation is {} already", document["state"])));
    }
    let incident = document["incident"].as_str().unwrap_or_default();
    let state = ObligationState::Fulfilled;
    // For how many it is done: if more turn out to be concerned, the duty is open again.
    let concerned = law::concerned(&document, &law::incident_facts(instance, incident).await?).shown();
    let clear = json!({
        "id": id, "incident": incident, "state": state, "fulfilled_by": by, "fulfilled_at": now, "concerned": concerned,
    });
    let entry = Draft {
        id: law::hash(&["obligation.fulfilled", id, &document["last"]["position"].to_string()]),
        kind: "obligation.fulfilled".to_owned(),
        at: now,
        subject: incident.to_owned(),
        clear: clear.clone(),
        body: Some(json!({"how": how})),
    };
    cases::append(instance, &[entry]).await?;
    Ok(clear)
}

async fn check(context: &Context) -> Outcome {
    let instance = Instance::read(context).await?;
    let now = context.clock.now();
    let mut rows = instance.store.documents("obligation").await.or_fail("failed to read obligations")?;
    rows.retain(|row| ObligationState::of(row) == Some(ObligationState::Required));
    let open = cases::open_incidents(&instance.store).await;
    let questions = questions(&instance, |unowed| unowed.state == Standing::Pending).await?;
    rows.extend(questions.into_iter().filter(|row| open.iter().any(|id| row["incident"] == id.as_str())));
    rows.retain(|row| due(row).is_some_and(|due| due < now));
    output::rows(context.format, COLUMNS, &rows)?;
    if rows.is_empty() {
        return Ok(Exit::Done);
    }
    output::talk(format!("{} obligations are overdue at {now}", rows.len()));
    Ok(Exit::Overdue)
}
