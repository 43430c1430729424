//! `watertight state`: the documents folded from the log, rebuilt or compared.

use serde_json::json;

use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::opaque_id::opaque_id;
use crate::store::Draft;
use crate::{cases, law, output};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Fold the log again from its first entry
    Rebuild(Rebuild),
    /// Say that the clock was ahead when entries were written, and that it is right now: writing goes on from here
    CorrectClock {
        #[arg(long, value_parser = opaque_id)]
        by: String,
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

pub(crate) fn run(command: &Command, context: &Context) -> Outcome {
    context.block_on(async {
        match command {
            Command::Rebuild(Rebuild { compare: true }) => compare(context).await,
            Command::Rebuild(Rebuild { compare: false }) => rebuild(context).await,
            Command::CorrectClock { by, reason } => correct_clock(context, by, reason).await,
        }
    })
}

/// The wrong times stay in the log; what is said here explains them.
async fn correct_clock(context: &Context, by: &str, reason: &str) -> Outcome {
    let mut instance = Instance::open_to_correct_the_clock(context).await?;
    let now = context.clock.now();
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
    cases::append(&mut instance, &[entry]).await?;
    output::object(context.format, &clear)?;
    Ok(Exit::Done)
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

async fn rebuild(context: &Context) -> Outcome {
    let instance = Instance::open(context).await?;
    let entries = instance.store.rebuild().await.or_fail("failed to rebuild the documents")?;
    output::object(context.format, &json!({"entries": entries, "rebuilt": true}))?;
    Ok(Exit::Done)
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
