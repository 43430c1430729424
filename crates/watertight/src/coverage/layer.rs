//! Coverage as a layer for the ATT&CK Navigator: one score a technique. Layer format 4.5, which Navigator 5 reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::techniques::{self, ATTACK_VERSION};
use super::watchers::Watcher;

const LAYER_VERSION: &str = "4.5";
const NAVIGATOR_VERSION: &str = "5.1.0";

/// The score is how many watchers are fed; a technique that only those watch for which get nothing has 0, and so has one
/// that nobody watches for. The comment says which.
pub(crate) fn layer(watchers: &[Watcher]) -> Value {
    let mut of: BTreeMap<&str, (usize, usize, BTreeSet<&str>)> = BTreeMap::new();
    for watcher in watchers {
        for technique in &watcher.attack {
            let (all, fed, surfaces) = of.entry(technique).or_default();
            *all += 1;
            *fed += usize::from(watcher.supply.is_fed);
            surfaces.insert(&watcher.surface);
        }
    }
    let most = of.values().map(|(_, fed, _)| *fed).max().unwrap_or(0).max(1);
    let mut listed: Vec<Value> = of
        .iter()
        .map(|(technique, (all, fed, surfaces))| {
            let surfaces = surfaces.iter().copied().collect::<Vec<_>>().join(", ");
            let comment = format!("{all} watch for it, {fed} are fed; surfaces: {surfaces}");
            json!({"techniqueID": technique, "score": fed, "comment": comment, "enabled": true})
        })
        .collect();
    for (technique, _) in techniques::unwatched(watchers) {
        listed.push(json!({"techniqueID": technique, "score": 0, "comment": "nobody watches for it", "enabled": true}));
    }
    json!({
        "name": "watertight", "domain": "enterprise-attack",
        "versions": {"attack": ATTACK_VERSION, "navigator": NAVIGATOR_VERSION, "layer": LAYER_VERSION},
        "description": "Rules, correlations and baselines that report, by technique; the score counts those that a source feeds.",
        "filters": {"platforms": techniques::PLATFORMS},
        "gradient": {"colors": ["#ffffff", "#66b1ff"], "minValue": 0, "maxValue": most},
        "techniques": listed,
    })
}
