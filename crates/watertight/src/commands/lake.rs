//! `watertight lake`: what the lake holds, retention by whole days, and legal holds that beat it.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use lake::{Filter, Retain, TableName, Vacuum};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::opaque_id::opaque_id;
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
        #[arg(value_parser = opaque_id)]
        id: String,
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
        #[arg(long, value_parser = opaque_id)]
        by: String,
    },
    /// Merge the small files of a day
    Compact { day: Date },
}

/// Which rows a hold keeps; every part that is given must match.
#[derive(Debug, clap::Args)]
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
            Command::Retain { keep_days, dry_run } => retain(context, keep_days, dry_run).await,
            Command::Hold { id, reason, rows } => hold(context, &id, &reason, rows).await,
            Command::Release { id, by } => release(context, &id, &by).await,
            Command::Compact { day } => compact(context, day).await,
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

async fn retain(context: &Context, keep_days: u32, dry_run: bool) -> Outcome {
    if keep_days < RETENTION_DAYS_MIN {
        return Err(Failure::usage(format!(
            "{keep_days} days is less than the {RETENTION_DAYS_MIN} that evidence needs"
        ))
        .help(format!("give --keep-days {RETENTION_DAYS_MIN} or more")));
    }
    let now = context.clock.now();
    let today = utc_day(now);
    let older_than = today.checked_sub(i64::from(keep_days).days()).or_usage("too many days")?;
    let mut instance = Instance::open(context).await?;
    if !dry_run {
        // An incident that was opened a moment ago holds its events too.
        for incident in cases::open_incidents(&instance.store).await {
            holds::hold_incident(&mut instance, &incident, now).await?;
        }
        let ordered =
            json!({"id": older_than.to_string(), "state": "ordered", "older_than": older_than, "ordered_at": now});
        cases::append(&mut instance, &[entry("retention.ordered", ordered, now)]).await?;
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
        cases::append(&mut instance, &[entry("retention.done", done, now)]).await?;
        let sweep = Vacuum { keep: VACUUM_GRACE, now, dry_run };
        instance.lake.vacuum(&sweep).await.or_fail("failed to remove old files")?;
    }
    output::rows(context.format, &["table", "rows_dropped", "rows_held", "dry_run"], &rows)?;
    Ok(Exit::Done)
}

/// What was asked before it is done, and what came of it: rows that are gone must not be gone without a word.
fn entry(kind: &str, clear: Value, now: Timestamp) -> Draft {
    let id = law::hash(&[kind, &clear.to_string()]);
    Draft { id, kind: kind.to_owned(), at: now, subject: "lake".to_owned(), clear, body: None }
}

async fn hold(context: &Context, id: &str, reason: &str, rows: Selection) -> Outcome {
    let mut instance = Instance::open(context).await?;
    let filter = Filter {
        tenant: None,
        source: rows.source,
        actors: rows.actor.into_iter().collect(),
        resources: rows.resource.into_iter().collect(),
        event_uids: rows.event_uid.into_iter().collect(),
        seq: None,
        from_us: rows.from.map(Timestamp::as_microsecond),
        to_us: rows.to.map(Timestamp::as_microsecond),
    };
    let hold = holds::place(&mut instance, id, filter, reason, context.clock.now()).await?;
    output::object(context.format, &hold)?;
    Ok(Exit::Done)
}

async fn release(context: &Context, id: &str, by: &str) -> Outcome {
    let mut instance = Instance::open(context).await?;
    let hold = holds::release(&mut instance, id, by, context.clock.now()).await?;
    output::object(context.format, &hold)?;
    Ok(Exit::Done)
}

async fn compact(context: &Context, day: Date) -> Outcome {
    let instance = Instance::open(context).await?;
    let mut rows: Vec<Value> = Vec::new();
    for table in TableName::ALL {
        let done = instance.lake.compact(table, day, context.clock.now()).await.or_fail("failed to merge files")?;
        rows.push(json!({"table": table, "files_before": done.files_before, "files_after": done.files_after, "rows": done.rows}));
    }
    output::rows(context.format, &["table", "files_before", "files_after", "rows"], &rows)?;
    Ok(Exit::Done)
}
