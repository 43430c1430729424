//! `watertight rule coverage`: which techniques and kinds of resource something watches over, and whether it is fed.
//!
//! Gaps are rows: techniques that nobody watches for, watchers that no source feeds, kinds of resource without a watcher.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::baselines;
use crate::config::Config;
use crate::content::Content;
use crate::context::Context;
use crate::coverage::{self, Fed, Known, Thing, Watcher, layer, things, watchers};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::output::{self, Format};
use crate::rules::{self, Extra, Values};

pub(super) fn run(context: &Context, config: &Config, content: &Content) -> Outcome {
    let (watchers, things, silent) = if context.existing_data_dir().is_ok() {
        context.block_on(async {
            let instance = Instance::read(context).await?;
            let fed = Fed::read(&instance).await?;
            let last = last_findings(&instance).await?;
            look(config, content, &fed, &last, Some(&instance)).await
        })?
    } else {
        output::talk("there is no data yet, so nothing is fed; run `watertight ingest` first");
        let fed = Fed::silent(config);
        context.block_on(look(config, content, &fed, &BTreeMap::new(), None))?
    };
    for id in &silent {
        output::talk(format!("source `{id}` is configured and has given nothing"));
    }
    match context.format {
        Format::Navigator => output::object(Format::Json, &layer(&watchers))?,
        Format::Human => print(&coverage::rows(&watchers, &things), &watchers)?,
        format => output::rows(format, &[], &coverage::rows(&watchers, &things))?,
    }
    Ok(Exit::Done)
}

async fn look(
    config: &Config,
    content: &Content,
    fed: &Fed,
    last: &BTreeMap<String, String>,
    instance: Option<&Instance>,
) -> Result<(Vec<Watcher>, Vec<Thing>, Vec<String>), Failure> {
    let loaded = rules::of_content(content)?;
    loaded.errors.iter().for_each(output::talk);
    let baselines = baselines::definitions(content);
    baselines.errors.iter().for_each(|error| output::talk(format!("error: {error}")));
    let options = rules::options(Some(content), Values::Examples)?;
    let waiting = rules::load(Some(content), Extra::default(), config)?.waiting;
    let waiting = waiting.into_iter().map(|one| (one.title, one.placeholder)).collect();
    let known = Known { fed, last, waiting: &waiting, options: &options };
    let watchers = watchers(&loaded, &baselines, &known);
    let things = things(&loaded, &watchers, instance).await?;
    Ok((watchers, things, fed.silent.clone()))
}

/// Rule id → time of its newest finding.
async fn last_findings(instance: &Instance) -> Result<BTreeMap<String, String>, Failure> {
    let query = "SELECT rule_id, max(time) FROM findings GROUP BY rule_id";
    let found = instance.lake.sql(query, RULES_MAX).await.or_fail("failed to read when rules last found something")?;
    let text = |row: &[Value], place: usize| row.get(place).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(found.rows.iter().map(|row| (text(row, 0), text(row, 1))).collect())
}

/// More rules than any content has ever had.
const RULES_MAX: usize = 100_000;

/// A short answer, then what is missing.
fn print(rows: &[Value], watchers: &[Watcher]) -> Result<(), Failure> {
    let of = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).cloned().collect::<Vec<Value>>();
    output::rows(
        Format::Human,
        &["surface", "rules", "correlations", "baselines", "techniques", "not_fed", "waiting", "never_found"],
        &surfaces(watchers),
    )?;
    let is_gap = |row: &Value| row["watchers"] == 0;
    let (unwatched, watched): (Vec<Value>, Vec<Value>) = of("technique").into_iter().partition(is_gap);
    output::talk("\ntechniques by surface:");
    output::rows(Format::Human, &["technique", "name", "surface", "watchers", "fed", "last_finding"], &watched)?;
    output::talk(format!("\n{} techniques of the cloud matrices that nobody watches for:", unwatched.len()));
    output::rows(Format::Human, &["technique", "name"], &unwatched)?;
    let not_fed = of("not_fed");
    output::talk(format!("\n{} that no source feeds:", not_fed.len()));
    output::rows(Format::Human, &["title", "watcher", "surface", "logsources"], &not_fed)?;
    let resources = of("resource");
    let alone = resources.iter().filter(|row| is_gap(row)).count();
    output::talk(format!("\nkinds of resource, {alone} of them without any watcher:"));
    output::rows(Format::Human, &["resource", "watchers", "events", "last_event", "surfaces"], &resources)
}

fn surfaces(watchers: &[Watcher]) -> Vec<Value> {
    let names: BTreeSet<&str> = watchers.iter().map(|watcher| watcher.surface.as_str()).collect();
    let row = |surface: &str| {
        let own: Vec<&Watcher> = watchers.iter().filter(|watcher| watcher.surface == surface).collect();
        let count = |is_meant: &dyn Fn(&Watcher) -> bool| own.iter().filter(|watcher| is_meant(watcher)).count();
        json!({
            "surface": surface,
            "rules": count(&|watcher| watcher.kind == "rule"),
            "correlations": count(&|watcher| watcher.kind == "correlation"),
            "baselines": count(&|watcher| watcher.kind == "baseline"),
            "techniques": own.iter().flat_map(|watcher| &watcher.attack).collect::<BTreeSet<_>>().len(),
            "not_fed": count(&|watcher| !watcher.supply.is_fed),
            "waiting": count(&|watcher| watcher.waits_for.is_some()),
            "never_found": count(&|watcher| watcher.last_finding.is_none()),
        })
    };
    names.into_iter().map(row).collect()
}
