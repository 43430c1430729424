//! `watertight lake`: what the lake holds, retention by whole days, and legal holds that beat it.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use lake::{Filter, Retain, TableName, Vacuum};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::Context;
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::opaque_id::OpaqueId;
use crate::store::Draft;
use crate::utc_day::utc_day;
use crate::{cases, holds, law, output};

/// Events are kept at least this long on every surface; an investigation asks for a quarter.
const RETENTION_DAYS_MIN: u32 = 90;

/// Old files stay readable this long for queries that began before.
const VACUUM_GRACE: std::time::Duration = std::time::Duration::from_secs(3600);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Tables, rows, days, bytes, holds
    Status {
        /// One row a day
        #[arg(long)]
        days: bool,
    },
    #[command(flatten)]
    Change(Change),
}

/// What changes what the lake keeps.
#[derive(Debug, Serialize, Deserialize, clap::Subcommand)]
pub(crate) enum Change {
    /// Drop whole days of events that are older than asked, except rows under a hold
    Retain {
        /// Keep this many days of events (at least 90)
        #[arg(long, value_name = "DAYS")]
        keep_days: u32,
        /// Say what would be dropped, drop nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Keep matching rows whatever retention says
    Hold {
        /// A name for the hold; it stays readable for ever
        id: OpaqueId,
        /// Why, for the person who asks later
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        rows: Selection,
    },
    /// End a hold
    Release {
        id: String,
        /// Who ends it: an opaque id, never a name
        #[arg(long)]
        by: OpaqueId,
    },
    /// Merge the small files of a day
    Compact { day: Date },
}

/// Which rows a hold keeps; every part that is given must match.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Selection {
    #[arg(long)]
    actor: Vec<String>,
    #[arg(long)]
    resource: Vec<String>,
    #[arg(long)]
    event_uid: Vec<String>,
    #[arg(long)]
    source: Option<String>,
    #[arg(long, value_name = "RFC3339")]
    from: Option<Timestamp>,
    #[arg(long, value_name = "RFC3339")]
    to: Option<Timestamp>,
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    context.block_on(async {
        match command {
            Command::Status { days } => status(context, days).await,
            Command::Change(change) => door::write(context, change).await,
        }
    })
}

async fn status(context: &Context, by_day: bool) -> Outcome {
    let instance = Instance::read(context).await?;
    let status = instance.lake.status().await.or_fail("failed to read the lake's state")?;
    let mut rows = Vec::new();
    for table in &status.tables {
        if by_day {
            rows.extend(table.days.iter().map(|day| json!({"table": table.table, "day": day.day, "files": day.files, "rows": day.rows, "bytes": day.bytes})));
        } else {
            rows.push(json!({
                "table": table.table, "rows": table.rows, "files": table.files, "bytes": table.bytes,
                "bytes_on_disk": table.bytes_on_disk, "first_day": table.first_day(), "last_day": table.last_day(),
                "held_rows": table.held_rows, "version": table.version,
            }));
        }
    }
    let columns: &[&str] = if by_day {
        &["table", "day", "files", "rows", "bytes"]
    } else {
        &["table", "rows", "files", "bytes", "first_day", "last_day", "held_rows"]
    };
    output::rows(context.format, columns, &rows)?;
    for hold in &status.holds {
        output::talk(format!("hold `{}` since {}: {}", hold.id, hold.placed, hold.reason));
    }
    Ok(Exit::Done)
}

pub(super) async fn carry_out(
    instance: &mut Instance,
    change: &Change,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<(), Failure> {
    match change {
        Change::Retain { keep_days, dry_run } => retain(instance, *keep_days, *dry_run, now, answer).await,
        Change::Hold { id, reason, rows } => {
            answer.object(&holds::place(instance, id, rows.clone().into(), reason, now).await?)
        }
        Change::Release { id, by } => answer.object(&holds::release(instance, id, by, now).await?),
        Change::Compact { day } => compact(instance, *day, now, answer).await,
    }
}

async fn retain(
    instance: &mut Instance,
    keep_days: u32,
    dry_run: bool,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<(), Failure> {
    if keep_days < RETENTION_DAYS_MIN {
        return Err(Failure::usage(format!(
            "{keep_days} days is less than the {RETENTION_DAYS_MIN} that evidence needs"
        ))
        .help(format!("give --keep-days {RETENTION_DAYS_MIN} or more")));
    }
    let today = utc_day(now);
    let older_than = today.checked_sub(i64::from(keep_days).days()).or_usage("too many days")?;
    if !dry_run {
        // An incident that was opened a moment ago holds its events too.
        for incident in cases::open_incidents(&instance.store).await {
            holds::hold_incident(instance, &incident, now).await?;
        }
        let ordered =
            json!({"id": older_than.to_string(), "state": "ordered", "older_than": older_than, "ordered_at": now});
        cases::append(instance, &[entry("retention.ordered", ordered, now)]).await?;
    }
    let mut rows = Vec::new();
    // Findings and entries outlive the audit period; only raw telemetry goes.
    for table in [TableName::Events, TableName::Rejected, TableName::Hits, TableName::Links] {
        let request = Retain { table, older_than, dry_run, now };
        let done = instance.lake.retain(&request).await.or_fail("failed to drop old days")?;
        rows.push(serde_json::to_value(&done).or_fail("failed to print")?);
    }
    if !dry_run {
        let done = json!({"id": older_than.to_string(), "state": "done", "older_than": older_than, "tables": rows, "done_at": now});
        cases::append(instance, &[entry("retention.done", done, now)]).await?;
        let sweep = Vacuum { keep: VACUUM_GRACE, now, dry_run };
        instance.lake.vacuum(&sweep).await.or_fail("failed to remove old files")?;
    }
    answer.rows(&["table", "rows_dropped", "rows_held", "dry_run"], rows);
    Ok(())
}

/// What was asked before it is done, and what came of it: rows that are gone must not be gone without a word.
fn entry(kind: &str, clear: Value, now: Timestamp) -> Draft {
    let id = law::hash(&[kind, &clear.to_string()]);
    Draft { id, kind: kind.to_owned(), at: now, subject: "lake".to_owned(), clear, body: None }
}

impl From<Selection> for Filter {
    fn from(rows: Selection) -> Self {
        Self {
            tenant: None,
            source: rows.source,
            actors: rows.actor.into_iter().collect(),
            resources: rows.resource.into_iter().collect(),
            event_uids: rows.event_uid.into_iter().collect(),
            seq: None,
            from_us: rows.from.map(Timestamp::as_microsecond),
            to_us: rows.to.map(Timestamp::as_microsecond),
        }
    }
}

async fn compact(instance: &Instance, day: Date, now: Timestamp, answer: &mut Answer) -> Result<(), Failure> {
    let mut rows: Vec<Value> = Vec::new();
    for table in TableName::ALL {
        let done = instance.lake.compact(table, day, now).await.or_fail("failed to merge files")?;
        rows.push(json!({"table": table, "files_before": done.files_before, "files_after": done.files_after, "rows": done.rows}));
    }
    answer.rows(&["table", "files_before", "files_after", "rows"], rows);
    Ok(())
}
