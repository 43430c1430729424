//! `watertight suppression`: ask for, approve, revoke and list what is answered for. Two people, and never for ever.

use std::collections::BTreeSet;

use incident::{Condition, SUPPRESSION_DAYS_MAX};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cases;
use crate::context::Context;
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::opaque_id::OpaqueId;
use crate::rules::{self, Extra};
use crate::store::Draft;
use crate::suppressions::{self, Wish};
use crate::{baselines, output};

#[derive(Debug, clap::Subcommand)]
#[expect(clippy::large_enum_variant, reason = "a process makes one of them")]
pub(crate) enum Command {
    #[command(flatten)]
    Change(Change),
    /// Each with its state and what it has kept quiet
    List,
}

/// What changes what is answered for.
#[derive(Debug, Serialize, Deserialize, clap::Subcommand)]
pub(crate) enum Change {
    /// Ask that findings of one rule about one actor or resource open no incident
    Request(Request),
    /// Agree to a request; not as its requester or owner
    Approve {
        suppression: String,
        #[arg(long)]
        by: OpaqueId,
    },
    /// End it now
    Revoke {
        suppression: String,
        #[arg(long)]
        reason: String,
        #[arg(long)]
        by: OpaqueId,
    },
}

#[derive(Debug, Serialize, Deserialize, clap::Args)]
pub(crate) struct Request {
    /// The rule's id
    #[arg(long, value_name = "ID")]
    rule: String,
    /// The actor, exactly as findings name it
    #[arg(long)]
    actor: Vec<String>,
    /// A resource, exactly; `…/*` is everything below it. Findings with any other resource are not covered
    #[arg(long)]
    resource: Vec<String>,
    /// The source address, or a network in CIDR form
    #[arg(long, value_name = "ADDRESS")]
    src_ip: Vec<String>,
    /// The user agent, exactly
    #[arg(long)]
    user_agent: Vec<String>,
    /// Why this is no leak; kept encrypted
    #[arg(long)]
    reason: String,
    /// Who answers for it: an opaque id
    #[arg(long)]
    owner: OpaqueId,
    /// When it ends; at most 180 days from now
    #[arg(long, value_name = "RFC3339", conflicts_with = "days", required_unless_present = "days")]
    expires: Option<Timestamp>,
    /// The same as a number of days
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=SUPPRESSION_DAYS_MAX))]
    days: Option<i64>,
    #[arg(long)]
    by: OpaqueId,
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    context.block_on(async {
        match command {
            Command::List => list(context).await,
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
    match change {
        Change::Request(request) => ask(instance, request, now, answer).await,
        Change::Approve { suppression, by } => {
            instance.config.check_person(by, true)?;
            let draft = suppressions::approve(&instance.store, suppression, by, now).await?;
            answer.talk(append(instance, draft, "approved: it counts for what is discovered from now on").await?);
            Ok(())
        }
        Change::Revoke { suppression, reason, by } => {
            instance.config.check_person(by, false)?;
            let draft = suppressions::revoke(&instance.store, suppression, by, reason, now).await?;
            let said = "revoked: what is discovered from now on opens incidents again";
            answer.talk(append(instance, draft, said).await?);
            Ok(())
        }
    }
}

async fn ask(instance: &mut Instance, request: &Request, now: Timestamp, answer: &mut Answer) -> Result<(), Failure> {
    instance.config.check_person(&request.by, false)?;
    instance.config.check_person(&request.owner, false)?;
    // `check_request` holds what comes of it to the limit, whoever sent the number.
    let in_days = |days: i64| now.checked_add(SignedDuration::from_hours(days.checked_mul(24)?)).ok();
    let expires = request.expires.or_else(|| request.days.and_then(in_days));
    let expires = expires.ok_or_else(|| Failure::usage("say when it ends with --expires or --days"))?;
    let set = |values: &[String]| values.iter().cloned().collect::<BTreeSet<String>>();
    let wish = Wish {
        rule_id: request.rule.clone(),
        condition: Condition {
            actor: set(&request.actor),
            resource: set(&request.resource),
            src_ip: set(&request.src_ip),
            user_agent: set(&request.user_agent),
        },
        reason: request.reason.clone(),
        owner: request.owner.to_string(),
        by: request.by.to_string(),
        expires,
    };
    if !is_known_rule(instance, &wish.rule_id)? {
        answer.talk(format!(
            "note: no rule in use has the id `{}`; nothing is covered until one tells a finding",
            wish.rule_id
        ));
    }
    let draft = suppressions::request(&instance.store, &wish, now).await?;
    let id = draft.subject.clone();
    answer.talk(append(instance, Some(draft), "asked for; it counts when another person approves it").await?);
    answer.object(&json!({"id": id, "expires": expires}))
}

/// Findings come from rules, correlations and baselines of the content, and from data seen in logs.
fn is_known_rule(instance: &Instance, id: &str) -> Result<bool, Failure> {
    let rules = rules::load(Some(&instance.content), Extra::default(), &instance.config)?;
    let baselines = baselines::definitions(&instance.content).baselines;
    Ok(rules.rules.iter().any(|rule| rule.id == id)
        || rules.correlations.iter().any(|correlation| correlation.id == id)
        || baselines.iter().any(|baseline| baseline.id == id)
        || id.starts_with("data-in-logs."))
}

async fn append(instance: &mut Instance, draft: Option<Draft>, said: &'static str) -> Result<&'static str, Failure> {
    let drafts: Vec<Draft> = draft.into_iter().collect();
    let appended = cases::append(instance, &drafts).await?;
    Ok(if appended == 0 { "nothing new: the log had this already" } else { said })
}

async fn list(context: &Context) -> Outcome {
    let instance = Instance::read(context).await?;
    let counts = instance.store.suppressed_counts().await.or_fail("failed to count suppressed findings")?;
    let mut rows = Vec::new();
    for document in suppressions::documents(&instance.store).await? {
        let id = document["id"].as_str().unwrap_or_default();
        let (condition, reason) = match suppressions::asked(&instance.store, id).await? {
            Some((condition, reason)) => (json!(condition), Value::from(reason)),
            None => (Value::from("erased"), Value::Null),
        };
        rows.push(json!({
            "id": id, "state": suppressions::state_at(&document, context.clock.now()), "rule_id": document["rule_id"],
            "condition": condition, "reason": reason, "owner": document["owner"],
            "requested_by": document["requested_by"], "approved_by": document["approved_by"],
            "expires": document["expires"], "findings": counts.get(id).copied().unwrap_or(0),
        }));
    }
    output::rows(
        context.format,
        &["id", "state", "rule_id", "condition", "owner", "approved_by", "expires", "findings"],
        &rows,
    )?;
    Ok(Exit::Done)
}
