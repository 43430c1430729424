//! `watertight duty`: the obligations of incidents, the law behind a rule, and whether anything is overdue.

use jiff::Timestamp;
use serde_json::Value;

use crate::cases;
use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::{law, output};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Every obligation, the nearest deadline first
    List {
        /// Only of this incident (id or number)
        #[arg(long)]
        incident: Option<String>,
    },
    /// A rule of law: trigger, clock, deadline, content, citation
    Explain { rule_id: String },
    /// Ask the law again about an incident as its facts stand now
    Assess { incident: String },
    /// Exit with 5 if a required notice is past its deadline
    Check,
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    if let Command::Explain { rule_id } = &command {
        return explain(rule_id, context);
    }
    context.block_on(async {
        match command {
            Command::List { incident } => list(context, incident.as_deref()).await,
            Command::Assess { incident } => assess(context, &incident).await,
            Command::Check | Command::Explain { .. } => check(context).await,
        }
    })
}

const COLUMNS: &[&str] = &["due_by", "standard", "recipient", "rule_id", "state", "citation", "incident"];

async fn list(context: &Context, incident: Option<&str>) -> Outcome {
    let instance = Instance::read(context).await?;
    let mut rows = instance.store.documents("obligation").await.or_fail("failed to read obligations")?;
    if let Some(name) = incident {
        let id = cases::find(&instance.store, name).await?;
        rows.retain(|row| row["incident"] == id.as_str());
    }
    rows.sort_by_key(|row| (due(row).is_none(), due(row), row["id"].to_string()));
    output::rows(context.format, COLUMNS, &rows)?;
    Ok(Exit::Done)
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

async fn assess(context: &Context, name: &str) -> Outcome {
    let mut instance = Instance::open(context).await?;
    let law = law::load(&instance.content);
    let incident = cases::find(&instance.store, name).await?;
    let assessed = law::assess(&mut instance, &law, &incident, context.clock.now()).await?;
    output::object(context.format, &assessed)?;
    Ok(Exit::Done)
}

async fn check(context: &Context) -> Outcome {
    let instance = Instance::read(context).await?;
    let now = context.clock.now();
    let mut rows = instance.store.documents("obligation").await.or_fail("failed to read obligations")?;
    rows.retain(|row| row["state"] == "required" && due(row).is_some_and(|due| due < now));
    output::rows(context.format, COLUMNS, &rows)?;
    if rows.is_empty() {
        return Ok(Exit::Done);
    }
    output::talk(format!("{} obligations are overdue at {now}", rows.len()));
    Ok(Exit::Overdue)
}
