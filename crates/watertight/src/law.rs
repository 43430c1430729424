//! The law as the binary uses it: regimes from content, evaluated for given facts, and the obligations of an incident.
//!
//! `duty` judges; `assess` turns its answers into entries when something changed, `questions` reads back what stayed open.

mod assess;
mod concerned;
mod questions;

use duty::Law;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::config::Organisation;
use crate::content::{Content, hex};
use crate::exit::Failure;
use crate::instance::Instance;
use crate::output;

pub(crate) use assess::{Assessed, assess};
pub(crate) use concerned::concerned;
pub(crate) use questions::{Standing, Unowed, has_failed_safe, last_unowed};

/// Loads every regime; names those that cannot be used.
pub(crate) fn load(content: &Content) -> Law {
    let files = content.below("regimes").filter(|(name, _)| name.ends_with(".toml"));
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let (law, errors) = Law::load(files);
    for error in errors {
        output::talk(error);
    }
    law
}

/// What keeps regimes from being used, if anything.
pub(crate) fn faults(content: &Content) -> Vec<String> {
    let files = content.below("regimes").filter(|(name, _)| name.ends_with(".toml"));
    let (_, errors) = Law::load(files.map(|(name, text)| (name.to_owned(), text.to_owned())));
    errors.iter().map(ToString::to_string).collect()
}

/// The incident's facts, with what the organisation says of itself where nobody has said otherwise.
pub(crate) async fn incident_facts(instance: &Instance, incident: &str) -> Result<Value, Failure> {
    let cases = instance.store.cases().await;
    let found = cases.incidents.find(incident);
    let found = found.ok_or_else(|| Failure::usage(format!("there is no incident `{incident}`")))?;
    let mut facts = incident::breach_facts(found);
    if let Some(facts) = facts.as_object_mut() {
        fill_organisation(facts, &instance.config.organisation);
    }
    Ok(facts)
}

pub(crate) fn fill_organisation(facts: &mut Map<String, Value>, organisation: &Organisation) {
    let mut fill = |key: &str, value: Value| {
        facts.entry(key).or_insert(value);
    };
    if !organisation.role.is_empty() {
        fill("role", json!(organisation.role));
    }
    if let Some(sector) = &organisation.sector {
        fill("sector", json!(sector));
    }
    if let Some(establishment) = &organisation.establishment {
        fill("establishment", json!(establishment));
    }
}

/// What names the facts that the law was asked about.
pub(crate) fn facts_hash(facts: &Value) -> String {
    hash(&[&facts.to_string()])
}

/// What names all of the law that was asked, regimes that do not apply included: a new version may apply.
pub(crate) fn set_hash(law: &Law) -> String {
    let versions: Vec<&str> = law.regimes().iter().map(|regime| regime.sha256.as_str()).collect();
    hash(&versions)
}

/// SHA-256 over length-prefixed parts, first 16 bytes in hex.
pub(crate) fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex(hasher.finalize().get(..16).unwrap_or_default())
}
