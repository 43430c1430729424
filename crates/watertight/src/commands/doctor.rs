//! `watertight doctor`: what is misconfigured, missing or silent, and the command that mends it.

use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::rules::Waiting;
use crate::stored_findings::{self, FIRST_WEEK, quoted};
use crate::withheld::{self, Noticed};
use crate::{output, rules};

/// A source that has given nothing for this long is called silent.
const SILENT_HOURS: i64 = 24;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Outcome {
    let config = context.config()?;
    let content = context.content(&config)?;
    let mut rows = Vec::new();
    let mut say = |what: String, mend: &str| rows.push(json!({"what": what, "mend": mend}));
    if config.source.is_empty() {
        say("no source is configured".to_owned(), "add [[source]] to watertight.toml; see `watertight config schema`");
    }
    if config.organisation.role.is_empty() || config.organisation.establishment.is_none() {
        say(
            "the law cannot be asked without our role and establishment".to_owned(),
            "fill [organisation] in watertight.toml",
        );
    }
    if config.objects.root.is_none() {
        say(
            "exposed objects cannot be opened, so nobody can be counted".to_owned(),
            "set [objects] root in watertight.toml",
        );
    }
    if config.mail.is_none() {
        say("notices cannot be sent".to_owned(), "fill [mail] in watertight.toml");
    }
    let rules = rules::load(Some(&content), &[], &config)?;
    for error in &rules.errors {
        say(format!("a rule cannot be used: {}", error.message), "`watertight rule check` shows the line");
    }
    for Waiting { title, placeholder, .. } in &rules.waiting {
        say(format!("rule `{title}` waits for `{placeholder}`"), "give it a value in [placeholders]");
    }
    if context.existing_data_dir().is_ok() {
        rows.extend(context.block_on(silent_sources(context))?);
        rows.extend(context.block_on(held_back(context))?);
    } else {
        say("there is no data yet".to_owned(), "watertight ingest");
    }
    output::rows(context.format, &["what", "mend"], &rows)?;
    if rows.is_empty() {
        output::talk("nothing to mend");
        return Ok(Exit::Done);
    }
    Err(Failure { exit: Exit::Failed, message: format!("{} things to mend", rows.len()), help: None })
}

async fn silent_sources(context: &Context) -> Result<Vec<Value>, Failure> {
    let instance = Instance::read(context).await?;
    let sums = instance.store.source_sums().await.or_fail("failed to read batches")?;
    let now = context.clock.now();
    let mut silent = Vec::new();
    for source in &instance.config.source {
        let of_source = sums.iter().find(|sum| sum.source == source.id);
        let last = of_source.and_then(|sum| sum.last_event.as_ref()?.parse::<jiff::Timestamp>().ok());
        let quiet = last.is_none_or(|last| SILENT_HOURS * 3600 < now.duration_since(last).as_secs());
        if quiet {
            let since = last.map_or_else(|| "ever".to_owned(), |last| format!("since {last}"));
            silent.push(json!({"what": format!("source `{}` has given nothing {since}", source.id), "mend": "watertight ingest, then look at the source"}));
        }
    }
    Ok(silent)
}

/// Sources whose first week is over, with findings that nobody has been told of and nobody has judged.
async fn held_back(context: &Context) -> Result<Vec<Value>, Failure> {
    let instance = Instance::read(context).await?;
    let now = context.clock.now();
    let mut over = Vec::new();
    for sum in instance.store.source_sums().await.or_fail("failed to read batches")? {
        let ends = withheld::first_week_ends(&instance, &sum.source, now).await?;
        if sum.held_back == 0 || ends.is_some_and(|ends| now < ends) {
            continue;
        }
        let count = waiting(&instance, &sum.source).await?;
        if 0 < count {
            let source = &sum.source;
            over.push(json!({"what": format!("the first week of source `{source}` is over; {count} findings were held back and wait for a look"), "mend": "watertight finding list --held-back, give verdicts, then watertight rule tune"}));
        }
    }
    Ok(over)
}

/// Held back findings of a source that joined nothing and have no verdict; of many, the newest are counted.
async fn waiting(instance: &Instance, source: &str) -> Result<usize, Failure> {
    const COUNTED_MAX: usize = 10_000;
    let condition = format!("source = {} AND json LIKE '{FIRST_WEEK}'", quoted(source));
    let cases = instance.store.cases().await;
    let is_waiting = |noticed: &Noticed| {
        let record = cases.incidents.findings.get(&noticed.finding.uid);
        record.is_none_or(|record| record.incident.is_none() && record.verdict.is_none())
    };
    Ok(stored_findings::newest(&instance.lake, &condition, COUNTED_MAX, is_waiting).await?.len())
}
