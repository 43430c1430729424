//! `watertight ingest`: read every configured source to its present end, once: lake, findings, incidents, log; then follow up
//! the incidents that changed: exposure, facts, obligations. A source that fails is said at the end; the others are read.

use serde_json::json;

use crate::config::Source;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::flow::{self, Drained, Turn};
use crate::instance::Instance;
use crate::{law, lifecycle, output, response};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this source (default: all)
    #[arg(long, value_name = "ID")]
    source: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    context.block_on(async {
        let mut instance = Instance::open(context).await?;
        let mut rows = Vec::new();
        let mut total = Turn::default();
        let drained = ingest(&mut instance, &args.source, context).await?;
        let law = law::load(&instance.content);
        let assessed = response::follow_up(&mut instance, &law, context.clock.now()).await?;
        for (source, turn) in &drained.turns {
            total = total.plus(*turn);
            rows.push(json!({"source": source, "records": turn.records, "events": turn.events, "rejected": turn.rejected, "findings": turn.findings}));
        }
        output::rows(context.format, &["source", "records", "events", "rejected", "findings"], &rows)?;
        let duties: usize = assessed.iter().map(|assessed| assessed.required).sum();
        if 0 < duties {
            output::talk(format!("{duties} obligations of {} incidents; `watertight duty list`", assessed.len()));
        }
        drained.outcome()?;
        Ok(if 0 < total.rejected { Exit::Rejected } else { Exit::Done })
    })
}

/// Drains the sources side by side. Returns what each gave, and which failed.
pub(crate) async fn ingest(instance: &mut Instance, only: &[String], context: &Context) -> Result<Drained, Failure> {
    let sources = instance.config.source.clone();
    if let Some(unknown) = only.iter().find(|id| sources.iter().all(|source| source.id != **id)) {
        return Err(
            Failure::usage(format!("there is no source `{unknown}`")).help("`watertight source list` shows them")
        );
    }
    if sources.is_empty() {
        return Err(Failure::usage("no source is configured")
            .help("add [[source]] to watertight.toml; `watertight config schema` shows it"));
    }
    instance.open_spools()?;
    let mut detectors = lifecycle::begin(instance, context.clock.now()).await?;
    let is_wanted = |id: &String| only.is_empty() || only.contains(id);
    // A source that is not asked in this run must not hold time back for the others.
    sources.iter().filter(|source| !is_wanted(&source.id)).for_each(|source| detectors.note_exhausted(&source.id));
    let wanted: Vec<&Source> = sources.iter().filter(|source| is_wanted(&source.id)).collect();
    flow::drain(instance, &mut detectors, &wanted, || context.clock.now()).await
}
