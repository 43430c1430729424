//! Kinds of resource, and who watches over them. A watcher watches over what its own examples are about; what the lake has
//! seen lately and no example names is watched over by nobody.

use std::collections::BTreeMap;

use ingest::{Decoder, Format};
use ocsf::Event;
use serde_json::Value;
use sigma::Loaded;

use super::watchers::Watcher;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;

/// Days of the lake that are looked at, back from its newest event.
const DAYS: u32 = 30;
/// Kinds of call that are looked at. Names of calls come from logs: nobody must be able to make this endless.
const CALLS_MAX: usize = 20_000;

/// One kind of resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) name: String,
    /// Surface → how many watchers.
    pub(crate) watchers: BTreeMap<String, usize>,
    /// In the last days of the lake.
    pub(crate) events: u64,
    pub(crate) last_event: Option<String>,
}

/// All kinds that content or the lake knows, by name.
pub(crate) async fn things(
    loaded: &Loaded,
    watchers: &[Watcher],
    instance: Option<&Instance>,
) -> Result<Vec<Thing>, Failure> {
    let mut known: BTreeMap<String, Thing> = BTreeMap::new();
    for watcher in watchers {
        for name in of_examples(loaded, watcher) {
            *entry(&mut known, &name).watchers.entry(watcher.surface.clone()).or_default() += 1;
        }
    }
    if let Some(instance) = instance {
        for (name, events, last) in seen(instance).await? {
            let thing = entry(&mut known, &name);
            thing.events += events;
            thing.last_event = thing.last_event.take().max(Some(last));
        }
    }
    Ok(known.into_values().collect())
}

/// Clouds do not agree with themselves about capital letters.
fn entry<'k>(known: &'k mut BTreeMap<String, Thing>, name: &str) -> &'k mut Thing {
    known.entry(name.to_lowercase()).or_insert_with(|| Thing { name: name.to_owned(), ..Thing::default() })
}

/// What the examples that should fire are about.
fn of_examples(loaded: &Loaded, watcher: &Watcher) -> Vec<String> {
    let mut events: Vec<Value> = Vec::new();
    if let Some(rule) = loaded.rules.iter().find(|rule| rule.id == watcher.id) {
        events.extend(rule.tests.iter().filter(|test| test.fires).map(|test| Value::Object(test.event.clone())));
    }
    if let Some(own) = loaded.correlations.iter().find(|own| own.id == watcher.id) {
        let firing = own.tests.iter().filter(|test| test.fires).flat_map(|test| &test.events);
        events.extend(firing.map(|timed| Value::Object(timed.event.clone())));
    }
    let mut names = Vec::new();
    for event in events {
        let raw = event.to_string();
        let formats = Format::ALL.into_iter().filter(|format| watcher.supply.logsources.contains(format.id()));
        // An example of a rule for several logs is of one of them: the first that can read it tells.
        let read = formats.map(Decoder::new).find_map(|decoder| decoder.normalize(raw.as_bytes()).ok());
        match (read, watcher.supply.logsources.first()) {
            (Some(event), _) => names.extend(kinds(&event)),
            // Lines of text: the example shows them as rules see them, which is not how they are written.
            (None, Some(only)) if watcher.supply.logsources.len() == 1 => names.push(only.clone()),
            (None, _) => {}
        }
    }
    names.sort();
    names.dedup();
    names
}

/// What an event is about: the kinds of its resources, else the service that was called, else its log.
fn kinds(event: &Event) -> Vec<String> {
    let mut kinds: Vec<String> = event.resources.iter().filter_map(|thing| thing.kind.clone()).collect();
    if kinds.is_empty() {
        let called = event.api.as_ref().and_then(|api| api.service.as_ref()?.name.clone());
        kinds.push(called.unwrap_or_else(|| event.format.to_owned()));
    }
    kinds.sort();
    kinds.dedup();
    kinds
}

/// Kind, events and time of the newest, from one record of each kind of call.
async fn seen(instance: &Instance) -> Result<Vec<(String, u64, String)>, Failure> {
    let query = format!(
        "SELECT logsource, operation, count(*), max(time), min(raw) FROM events \
         WHERE day > (SELECT max(day) FROM events) - INTERVAL '{DAYS} days' GROUP BY logsource, operation"
    );
    let found =
        instance.lake.sql(&query, CALLS_MAX).await.or_fail("failed to read what the stored events are about")?;
    let mut seen = Vec::new();
    for row in &found.rows {
        let text = |place: usize| row.get(place).and_then(Value::as_str).unwrap_or_default();
        let (events, last) = (row.get(2).and_then(Value::as_u64).unwrap_or_default(), text(3).to_owned());
        let Some(format) = Format::from_id(text(0)) else { continue };
        let Ok(event) = Decoder::new(format).normalize(text(4).as_bytes()) else { continue };
        seen.extend(kinds(&event).into_iter().map(|kind| (kind, events, last.clone())));
    }
    Ok(seen)
}
