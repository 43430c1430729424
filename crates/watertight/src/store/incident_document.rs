//! The incident as people and programs read it: one JSON document drawn from the folded state.
//!
//! Clear parts only: free text stays in encrypted bodies, and the document names the entry that holds it.

use incident::{FactVersion, Incident};
use serde_json::{Map, Value, json};

/// Draws the document. Times are RFC 3339 instants; severities are OCSF words; `breach` is ENISA's, when assessed.
pub(super) fn incident_document(incident: &Incident) -> Value {
    let facts: Map<String, Value> =
        incident.facts.iter().filter_map(|(name, versions)| Some((name.clone(), fact(versions.last()?)))).collect();
    let signals: Vec<Value> = incident
        .signals
        .values()
        .map(|signal| {
            json!({
                "rule_id": signal.rule_id, "rule_title": signal.rule_title, "surface": signal.surface,
                "severity": signal.severity, "count": signal.count,
                "first": signal.span.first, "last": signal.span.last,
            })
        })
        .collect();
    json!({
        "id": incident.id,
        "number": incident.number,
        "tenant": incident.tenant,
        "title": incident.title,
        "status": incident.status().as_str(),
        "severity": incident.severity(),
        "severity_id": incident.severity().id(),
        "priority": incident.priority,
        "confidence": incident.confidence,
        "breach": incident.breach,
        "opened_at": incident.opened_at,
        "discovered": incident.discovered,
        "first_event": incident.events.first,
        "last_event": incident.events.last,
        "finding_count": incident.finding_count,
        "signals": signals,
        "facts": facts,
        "links": incident.links,
        "owner": incident.owner,
        "acknowledged": incident.acknowledged.as_ref().map(|seen| json!({"by": seen.by, "at": seen.at})),
        "closed": incident.closed.as_ref().map(|(at, verdict, by)| json!({"at": at, "verdict": verdict, "by": by})),
        "version": incident.version,
    })
}

fn fact(version: &FactVersion) -> Value {
    json!({
        "value": version.value, "in_body": version.in_body, "asserted_by": version.asserted_by,
        "at": version.at, "revision": version.revision, "entry": version.entry,
    })
}
