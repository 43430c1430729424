//! `watertight finding`: list, show, and say what a finding was worth.
//!
//! A verdict on a finding counts for its rule's precision; closing an incident counts for its findings that have none.

use incident::Command as Wish;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::incident::parse_verdict;
use crate::cases;
use crate::context::Context;
use crate::dispositions::{verdict_of, word};
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, Outcome};
use crate::instance::Instance;
use crate::opaque_id::OpaqueId;
use crate::output;
use crate::stored_findings::{self, FIRST_WEEK, SUPPRESSED, quoted};
use crate::withheld::{Noticed, Withheld};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Findings, newest first
    List(ListArgs),
    /// One finding, whole
    Show { finding: String },
    #[command(flatten)]
    Change(Change),
}

/// What changes the worth of a finding.
#[derive(Debug, Serialize, Deserialize, clap::Subcommand)]
pub(crate) enum Change {
    /// Give a verdict: `watertight finding disposition UID --verdict false_positive --reason "…" --by P-17`
    Disposition {
        finding: String,
        /// true_positive, security_risk (count for the rule); false_positive, benign (count against it); test, duplicate, …
        #[arg(long)]
        verdict: String,
        /// Why; kept encrypted
        #[arg(long)]
        reason: String,
        #[arg(long)]
        by: OpaqueId,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only findings of this rule id
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Only findings of this incident (id or number)
    #[arg(long, value_name = "INCIDENT")]
    incident: Option<String>,
    /// Only those that nobody has given a verdict on
    #[arg(long)]
    undecided: bool,
    /// Only those that a suppression keeps from opening an incident
    #[arg(long, conflicts_with = "held_back")]
    suppressed: bool,
    /// Only those held back in the first week of their source
    #[arg(long)]
    held_back: bool,
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    context.block_on(async {
        match command {
            Command::List(args) => list(context, &args).await,
            Command::Show { finding } => show(context, &finding).await,
            Command::Change(change) => door::write(context, change).await,
        }
    })
}

pub(super) async fn carry_out(
    instance: &mut Instance,
    change: &Change,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<(), Failure> {
    let Change::Disposition { finding, verdict, reason, by } = change;
    instance.config.check_person(by, false)?;
    let stored = find(instance, finding).await?.finding;
    let wish = Wish::Disposition {
        finding: stored.uid,
        verdict: parse_verdict(verdict)?,
        rule_id: Some(stored.rule.id),
        reason: reason.clone(),
        by: by.to_string(),
    };
    answer.talk(match cases::command(instance, wish, now).await? {
        0 => "nothing new: the log had this verdict already",
        _ => "the verdict is sealed",
    });
    Ok(())
}

async fn list(context: &Context, args: &ListArgs) -> Outcome {
    let instance = Instance::read(context).await?;
    let incident = match &args.incident {
        Some(name) => Some(cases::find(&instance.store, name).await?),
        None => None,
    };
    let mut conditions = vec!["true".to_owned()];
    conditions.extend(args.rule.iter().map(|rule| format!("rule_id = {}", quoted(rule))));
    conditions.extend(args.suppressed.then(|| format!("json LIKE '{SUPPRESSED}'")));
    conditions.extend(args.held_back.then(|| format!("json LIKE '{FIRST_WEEK}'")));
    let cases = instance.store.cases().await;
    let keep = |noticed: &Noticed| {
        let uid = noticed.finding.uid.as_str();
        let home = cases.incidents.findings.get(uid).and_then(|record| record.incident.as_ref());
        let of_incident = incident.as_ref().is_none_or(|incident| home == Some(incident));
        // What joined an incident after all is not waiting for anybody.
        let is_waiting = !args.held_back || home.is_none();
        let undecided = !args.undecided || verdict_of(&cases.incidents, uid).is_none();
        of_incident && is_waiting && undecided
    };
    let found = stored_findings::newest(&instance.lake, &conditions.join(" AND "), args.limit, keep).await?;
    let rows: Vec<Value> = found.iter().map(|noticed| row(noticed, &cases.incidents)).collect();
    output::rows(
        context.format,
        &["time", "severity", "rule_title", "actor", "verdict", "withheld", "finding_uid"],
        &rows,
    )?;
    Ok(Exit::Done)
}

fn row(noticed: &Noticed, state: &incident::State) -> Value {
    let finding = &noticed.finding;
    let record = state.findings.get(&finding.uid);
    json!({
        "finding_uid": finding.uid, "rule_id": finding.rule.id, "rule_title": finding.rule.title,
        "severity": finding.severity, "confidence": finding.confidence, "time": finding.time,
        "discovered": finding.discovered, "logsource": finding.logsource, "event_uid": finding.event_uid,
        "actor": finding.actor, "resources": finding.resources,
        "incident": record.and_then(|record| record.incident.as_ref()),
        "verdict": verdict_of(state, &finding.uid).map(word),
        "verdict_by": record.and_then(|record| record.verdict_by.as_ref()),
        "withheld": noticed.withheld.as_ref().map(because),
    })
}

fn because(withheld: &Withheld) -> String {
    match withheld {
        Withheld::Suppression { suppression } => format!("suppressed by {suppression}"),
        Withheld::FirstWeek { until } => format!("held back until {until}"),
    }
}

async fn show(context: &Context, uid: &str) -> Outcome {
    let instance = Instance::read(context).await?;
    let noticed = find(&instance, uid).await?;
    let cases = instance.store.cases().await;
    let mut object = row(&noticed, &cases.incidents);
    object["finding"] = json!(noticed.finding);
    output::object(context.format, &object)?;
    Ok(Exit::Done)
}

async fn find(instance: &Instance, uid: &str) -> Result<Noticed, Failure> {
    let mut found = stored_findings::noticed(&instance.lake, &format!("uid = {}", quoted(uid))).await?;
    found.pop().ok_or_else(|| {
        Failure::usage(format!("the lake has no finding `{uid}`")).help("`watertight finding list` shows their ids")
    })
}
