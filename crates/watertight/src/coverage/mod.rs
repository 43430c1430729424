//! What is watched for and what is not: techniques and kinds of resource against the rules, correlations and baselines that
//! report something, and against the sources that feed them.
//!
//! It reads content and the lake and judges neither. What has no rule is a row like what has one.

mod fed;
mod layer;
mod techniques;
mod things;
mod watchers;

pub(crate) use fed::Fed;
pub(crate) use layer::layer;
pub(crate) use things::{Thing, things};
pub(crate) use watchers::{Known, Watcher, watchers};

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// Everything that `rule coverage` tells, as rows: techniques by surface, techniques that nobody watches for, watchers that
/// get nothing, kinds of resource by surface.
pub(crate) fn rows(watchers: &[Watcher], things: &[Thing]) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut by_place: BTreeMap<(&str, &str), Vec<&Watcher>> = BTreeMap::new();
    for watcher in watchers {
        for technique in &watcher.attack {
            by_place.entry((technique, &watcher.surface)).or_default().push(watcher);
        }
    }
    for ((technique, surface), of_it) in &by_place {
        rows.push(json!({
            "kind": "technique", "technique": technique, "name": techniques::name(technique), "surface": surface,
            "watchers": of_it.len(), "fed": of_it.iter().filter(|watcher| watcher.supply.is_fed).count(),
            "fed_by": of_it.iter().flat_map(|watcher| &watcher.supply.sources).collect::<BTreeSet<_>>(),
            "last_finding": of_it.iter().filter_map(|watcher| watcher.last_finding.as_ref()).max(),
            "covered_by": of_it.iter().map(|watcher| json!(watcher)).collect::<Vec<Value>>(),
        }));
    }
    for (technique, name) in techniques::unwatched(watchers) {
        rows.push(json!({
            "kind": "technique", "technique": technique, "name": name, "surface": null, "watchers": 0, "fed": 0, "fed_by": [],
            "last_finding": null, "covered_by": [],
        }));
    }
    for watcher in watchers.iter().filter(|watcher| !watcher.supply.is_fed) {
        let mut row = json!(watcher);
        row["watcher"] = row["kind"].take();
        row["kind"] = json!("not_fed");
        rows.push(row);
    }
    let surfaces: BTreeSet<&str> = watchers.iter().map(|watcher| watcher.surface.as_str()).collect();
    for thing in things {
        rows.push(json!({
            "kind": "resource", "resource": thing.name, "watchers": thing.watchers.values().sum::<usize>(), "surfaces": thing.watchers,
            "without": surfaces.iter().filter(|surface| !thing.watchers.contains_key(**surface)).collect::<Vec<_>>(),
            "events": thing.events, "last_event": thing.last_event,
        }));
    }
    rows
}
