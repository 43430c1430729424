//! `watertight source`: where records come from, how far they were read, and which formats are known.

use ingest::Format;
use serde_json::{Value, json};

use crate::config::{Place, Source};
use crate::context::Context;
use crate::exit::{Exit, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Configured sources with what they gave
    List {
        /// The formats this program knows, instead
        #[arg(long)]
        known: bool,
    },
}

pub(crate) fn run(command: &Command, context: &Context) -> Outcome {
    let Command::List { known } = command;
    if *known {
        let rows: Vec<Value> = Format::ALL.into_iter().map(|format| json!({"id": format.id()})).collect();
        output::rows(context.format, &["id"], &rows)?;
        return Ok(Exit::Done);
    }
    context.block_on(list(context))
}

async fn list(context: &Context) -> Outcome {
    let instance = Instance::read(context).await?;
    let sums = instance.store.source_sums().await.or_fail("failed to read batches")?;
    let rows: Vec<Value> = instance
        .config
        .source
        .iter()
        .map(|source| {
            let sum = sums.iter().find(|sum| sum.source == source.id).cloned().unwrap_or_default();
            json!({
                "id": source.id, "path": place(source), "batches": sum.batches, "records": sum.records,
                "rejected": sum.rejected, "findings": sum.findings, "last_event": sum.last_event,
            })
        })
        .collect();
    output::rows(context.format, &["id", "records", "rejected", "findings", "last_event", "path"], &rows)?;
    Ok(Exit::Done)
}

/// Where a source's records come from, in a word.
fn place(source: &Source) -> String {
    match source.place() {
        Place::Path(path) => path.to_owned(),
        Place::Http(http) => format!("/in/{} ({})", source.id, format!("{:?}", http.protocol).to_lowercase()),
        Place::Syslog(syslog) => format!("syslog {}", syslog.listen),
    }
}
