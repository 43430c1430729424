//! `watertight state`: the documents folded from the log, rebuilt or compared.

use serde_json::json;

use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Fold the log again from its first entry
    Rebuild(Rebuild),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rebuild {
    /// Change nothing: rebuild beside the live documents and name every difference
    #[arg(long)]
    compare: bool,
}

pub(crate) fn run(command: &Command, context: &Context) -> Outcome {
    let Command::Rebuild(args) = command;
    context.block_on(async { if args.compare { compare(context).await } else { rebuild(context).await } })
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
