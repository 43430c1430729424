//! `watertight state`: the documents folded from the log, rebuilt or compared.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::Context;
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::opaque_id::OpaqueId;
use crate::store::Draft;
use crate::{cases, law, output};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Fold the log again from its first entry
    Rebuild(Rebuild),
    /// Say that the clock was ahead when entries were written, and that it is right now: writing goes on from here
    CorrectClock {
        #[arg(long)]
        by: OpaqueId,
        /// What was wrong (kept encrypted)
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rebuild {
    /// Change nothing: rebuild beside the live documents and name every difference
    #[arg(long)]
    compare: bool,
}

/// What changes the documents, or says that a clock was wrong.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Rebuild,
    CorrectClock { by: OpaqueId, reason: String },
}

impl Change {
    /// Its entry is the one that may be earlier than the last: it says that the clock was wrong then.
    pub(super) fn sets_the_clock_right(&self) -> bool {
        matches!(self, Self::CorrectClock { .. })
    }
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    context.block_on(async {
        let change = match command {
            Command::Rebuild(Rebuild { compare: true }) => return compare(context).await,
            Command::Rebuild(Rebuild { compare: false }) => Change::Rebuild,
            Command::CorrectClock { by, reason } => Change::CorrectClock { by, reason },
        };
        door::write(context, change).await
    })
}

pub(super) async fn carry_out(
    instance: &mut Instance,
    change: &Change,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<(), Failure> {
    match change {
        Change::Rebuild => {
            let entries = instance.store.rebuild().await.or_fail("failed to rebuild the documents")?;
            answer.object(&json!({"entries": entries, "rebuilt": true}))
        }
        Change::CorrectClock { by, reason } => answer.object(&correct_clock(instance, by, reason, now).await?),
    }
}

/// The wrong times stay in the log; what is said here explains them.
async fn correct_clock(instance: &mut Instance, by: &str, reason: &str, now: Timestamp) -> Result<Value, Failure> {
    let ahead = instance.store.latest_at().await.or_fail("failed to read the log's last time")?;
    if ahead.is_none_or(|ahead| ahead <= now) {
        return Err(Failure::usage("no entry of the log is ahead of this clock"));
    }
    let size = instance.store.size().await.or_fail("failed to read the log")?;
    let clear = json!({"by": by, "corrected_at": now, "latest_before": ahead, "entries_before": size});
    let entry = Draft {
        id: law::hash(&["clock.corrected", &clear.to_string()]),
        kind: "clock.corrected".to_owned(),
        at: now,
        subject: "clock".to_owned(),
        clear: clear.clone(),
        body: Some(json!({"reason": reason})),
    };
    cases::append(instance, &[entry]).await?;
    Ok(clear)
}

async fn compare(context: &Context) -> Outcome {
    let instance = Instance::read(context).await?;
    let scratch = instance.dir.join(format!("rebuild-{}.sqlite", std::process::id()));
    let compared = instance.store.compare_rebuilt(&scratch).await;
    remove_database(&scratch);
    let (entries, documents, differences) = compared.or_fail("failed to rebuild the documents")?;
    output::object(
        context.format,
        &json!({"entries": entries, "documents": documents, "equal": differences.is_empty(), "differences": differences}),
    )?;
    if differences.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Failure::failed(format!("{} documents differ from the log", differences.len()))
        .help("`watertight state rebuild` folds the log again; keep a copy of the data directory first"))
}

/// SQLite keeps up to three files for a database.
fn remove_database(path: &std::path::Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // A scratch file that stays behind costs space and harms nothing.
        drop(std::fs::remove_file(name));
    }
}
