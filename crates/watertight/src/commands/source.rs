//! `watertight source`: where records come from, how far they were read, and which formats are known.

use std::collections::BTreeMap;

use ingest::Format;
use serde_json::{Value, json};

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
    let batches = instance.store.documents("batch").await.or_fail("failed to read batches")?;
    let mut by_source: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for batch in &batches {
        by_source.entry(batch["source"].as_str().unwrap_or_default()).or_default().push(batch);
    }
    let sum = |rows: &[&Value], field: &str| rows.iter().filter_map(|row| row[field].as_u64()).sum::<u64>();
    let configured = instance.config.source.iter().map(|source| {
        let rows = by_source.get(source.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        json!({
            "id": source.id, "path": source.path, "batches": rows.len(),
            "records": sum(rows, "records"), "rejected": sum(rows, "rejected"), "findings": sum(rows, "findings"),
            "last_event": rows.iter().filter_map(|row| row["last_event"].as_str()).max(),
        })
    });
    let rows: Vec<Value> = configured.collect();
    output::rows(context.format, &["id", "records", "rejected", "findings", "last_event", "path"], &rows)?;
    Ok(Exit::Done)
}
