//! From an exposure to facts of the incident, asserted by the system with the exposure as their evidence.
//!
//! It states what was counted and nothing else: whether the risk is high, when we became aware, remain for a person.

use incident::{Asserter, Command, Fact, FactValue, setters};
use jiff::Timestamp;
use serde_json::json;

use super::Exposure;
use crate::cases;
use crate::config::{Customer, Organisation};
use crate::exit::Failure;
use crate::instance::Instance;

/// No count of people is larger: ten thousand million.
const MANKIND: u64 = 10_000_000_000;

/// Who says so.
const SCOPE: &str = "scope";

/// Sets the facts an exposure shows. Returns the names of those that stay as a person stated them.
pub(crate) async fn state_facts(
    instance: &mut Instance,
    exposure: &Exposure,
    now: Timestamp,
) -> Result<Vec<String>, Failure> {
    let mut stay = Vec::new();
    for fact in facts(exposure, &instance.config.organisation) {
        if attested(instance, &exposure.incident, &fact.name).await {
            stay.push(fact.name);
            continue;
        }
        let command = Command::SetFact { incident: exposure.incident.clone(), fact, expected: None };
        cases::decide(&instance.store, command, now).await?;
    }
    instance.sealer.seal(&instance.store).await?;
    Ok(stay)
}

/// What to say of a fact that stays.
pub(crate) fn stays(name: &str) -> String {
    format!("`{name}` stays as a person stated it; the count says otherwise or the same")
}

/// What a person stated is changed by a person only.
async fn attested(instance: &Instance, incident: &str, name: &str) -> bool {
    let cases = instance.store.cases().await;
    let version = cases.incidents.find(incident).and_then(|found| found.fact(name));
    version.is_some_and(|version| matches!(version.asserted_by, Asserter::Human(_)))
}

fn facts(exposure: &Exposure, organisation: &Organisation) -> Vec<Fact> {
    let by = || Asserter::System(SCOPE.to_owned());
    let mut facts = Vec::new();
    let elements: Vec<&str> = exposure.elements.iter().map(String::as_str).collect();
    if !elements.is_empty() {
        facts.push(setters::elements(&elements, by()));
    }
    for (place, &count) in &exposure.residency {
        // Records that a log counts without naming could belong to people anywhere: every place may have more. What could not
        // be opened has no upper bound but mankind.
        let value = match exposure.subjects_at_most {
            _ if exposure.lower_bound => FactValue::Range(count, MANKIND),
            Some(most) => FactValue::Range(count, most.max(count)),
            None => FactValue::Known(json!(count)),
        };
        facts.push(Fact::new(&format!("subjects.{place}"), value, by()));
    }
    let customers: Vec<&Customer> =
        organisation.customer.iter().filter(|customer| exposure.customers.contains(&customer.name)).collect();
    facts.extend(roles(exposure, organisation, &customers));
    if !customers.is_empty() {
        let names: Vec<&str> = customers.iter().map(|customer| customer.name.as_str()).collect();
        facts.push(setters::customers(&names, by()));
        // One term for all: the shortest, so that nobody is told late.
        if let Some(hours) = customers.iter().map(|customer| customer.notify_hours).min() {
            facts.push(Fact::known("contract.notify_hours", json!(hours), by()));
            facts.push(Fact::known("contract.clock", json!("awareness"), by()));
        }
        if customers.iter().any(|customer| customer.minors) {
            facts.push(Fact::known("minors", json!(true), by()));
        }
    }
    facts
}

/// What we are for the people concerned: our own role, unless all of them are customers' people.
fn roles(exposure: &Exposure, organisation: &Organisation, customers: &[&Customer]) -> Option<Fact> {
    let mut roles: Vec<&str> = customers.iter().filter_map(|customer| customer.our_role.as_deref()).collect();
    if exposure.customers.is_empty() {
        roles.extend(organisation.role.iter().map(String::as_str));
    }
    roles.sort_unstable();
    roles.dedup();
    (!roles.is_empty()).then(|| setters::role(&roles, Asserter::System(SCOPE.to_owned())))
}
