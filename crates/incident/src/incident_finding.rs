//! A case as an OCSF 2005 Incident Finding, for other systems.
//!
//! Made from the state, so it holds no names and no free text. Nothing is read back from it.

use ocsf::Confidence;
use serde_json::{Value, json};

use crate::state::{Incident, Status};
use crate::{BreachLevel, Priority};

/// Signals listed in one object; the case itself has them all.
const FINDINGS_LISTED_MAX: usize = 100;

/// The OCSF 1.8 object.
#[must_use]
pub fn incident_finding(incident: &Incident) -> Value {
    let status = incident.status();
    // Activities of the class: 1 Create, 2 Update, 3 Close.
    let activity_id = match status {
        Status::New => 1,
        Status::InProgress => 2,
        Status::Closed => 3,
    };
    let mut object = json!({
        "class_uid": 2005,
        "class_name": "Incident Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": activity_id,
        "type_uid": 200_500 + activity_id,
        "time": incident.events.last.as_millisecond(),
        "start_time": incident.events.first.as_millisecond(),
        "end_time": incident.events.last.as_millisecond(),
        "severity_id": incident.severity().id(),
        "severity": incident.severity().as_str(),
        "status_id": status.id(),
        "status": status.as_str(),
        "priority_id": priority_id(incident.priority),
        "desc": incident.title,
        "metadata": {
            "version": "1.8.0",
            "uid": incident.id,
            "product": {"name": "watertight", "vendor_name": "watertight"},
            "tenant_uid": incident.tenant,
        },
        "finding_info_list": finding_infos(incident),
        "is_suspected_breach": is_suspected_breach(incident),
    });
    if let Value::Object(members) = &mut object {
        if let Some(confidence) = incident.confidence {
            members.insert("confidence_id".to_owned(), json!(confidence_id(confidence)));
        }
        if let Some((_, verdict, _)) = &incident.closed {
            members.insert("verdict_id".to_owned(), json!(verdict.id()));
        }
        if let Some(breach) = &incident.breach {
            members.insert("impact_id".to_owned(), json!(impact_id(breach.level)));
            members.insert("impact".to_owned(), json!(breach.arithmetic));
        }
    }
    object
}

fn finding_infos(incident: &Incident) -> Vec<Value> {
    let signals = incident.signals.iter().take(FINDINGS_LISTED_MAX);
    signals
        .map(|(uid, signal)| {
            json!({
                "uid": uid,
                "title": signal.rule_title,
                "analytic": {"uid": signal.rule_id, "type_id": 1},
                "first_seen_time": signal.span.first.as_millisecond(),
                "last_seen_time": signal.span.last.as_millisecond(),
            })
        })
        .collect()
}

/// Somebody has attested awareness or scored the breach; an alert alone is no suspicion of a breach.
fn is_suspected_breach(incident: &Incident) -> bool {
    incident.breach.is_some() || incident.fact("times.aware").is_some_and(crate::FactVersion::is_known)
}

/// OCSF: 1 Low … 4 Critical.
fn priority_id(priority: Priority) -> u8 {
    match priority {
        Priority::P1 => 4,
        Priority::P2 => 3,
        Priority::P3 => 2,
        Priority::P4 => 1,
    }
}

fn confidence_id(confidence: Confidence) -> u8 {
    match confidence {
        Confidence::Low => 1,
        Confidence::Medium => 2,
        Confidence::High => 3,
    }
}

fn impact_id(level: BreachLevel) -> u8 {
    match level {
        BreachLevel::Low => 1,
        BreachLevel::Medium => 2,
        BreachLevel::High => 3,
        BreachLevel::VeryHigh => 4,
    }
}
