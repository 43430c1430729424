//! `watertight baseline`: what is learned about whom, and the examples that baselines carry.

use serde_json::{Value, json};

use crate::baselines::{self, Learning};
use crate::content::Content;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// One row a baseline: how many it knows, how often it spoke, what it waits for
    List,
    /// Run the examples of every baseline
    Check,
}

pub(crate) fn run(command: &Command, context: &Context) -> Outcome {
    let config = context.config()?;
    let content = context.content(&config)?;
    match command {
        Command::List => list(context, &content),
        Command::Check => match check(&content, &mut |text| output::talk(text)).1 {
            0 => Ok(Exit::Done),
            faults => Err(Failure::failed(format!("{faults} examples did not show what they should"))),
        },
    }
}

/// Runs every example and says which failed. Returns how many baselines there are, and how many faults.
pub(crate) fn check(content: &Content, say: &mut dyn FnMut(String)) -> (usize, usize) {
    let loaded = baselines::definitions(content);
    loaded.errors.iter().for_each(|error| say(format!("error: {error}")));
    let outcomes = ::baseline::check(&loaded);
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.passed).collect();
    for outcome in &failed {
        say(format!("{}: example `{}`: {}", outcome.file, outcome.name, outcome.details));
    }
    let (files, examples, faults) = (loaded.baselines.len(), outcomes.len(), failed.len() + loaded.errors.len());
    say(format!("{files} baselines, {examples} examples, {faults} faults"));
    (files, faults)
}

fn list(context: &Context, content: &Content) -> Outcome {
    let config = context.config()?;
    let learning = Learning::open(context.data_dir(), content, &config)?;
    let stats = learning.stats()?;
    let rows: Vec<Value> = stats
        .baselines
        .iter()
        .zip(learning.baselines())
        .map(|(stats, baseline)| {
            json!({
                "id": stats.id, "title": stats.title, "level": baseline.level, "surface": baseline.surface,
                "entities": stats.entities, "peers": stats.peers, "events": stats.selected, "unusual": stats.unusual,
                "waiting": stats.waiting, "late": stats.late, "nameless": stats.nameless, "evicted": stats.evicted,
                "memory_bytes": stats.bytes, "version": baseline.version, "file": baseline.file,
            })
        })
        .collect();
    output::rows(context.format, &["level", "title", "entities", "events", "unusual", "waiting"], &rows)?;
    Ok(Exit::Done)
}
