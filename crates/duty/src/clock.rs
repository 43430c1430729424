//! Clock events: which attested time starts a legal clock.
//!
//! A clock's own key comes first; where it is absent the discovery or awareness time stands in and the
//! answer says so. Nothing stands in for an act of our own (a notice sent, a report filed).

use crate::deadline::Clock;
use crate::facts::Facts;
use crate::moment::Moment;

/// Where a clock stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    At {
        moment: Moment,
        key: String,
        stands_in_for: Option<String>,
    },
    /// Waits for an act under another rule.
    AwaitsRule {
        rule: String,
        key: &'static str,
    },
    /// The event is not attested and nothing may stand in for it.
    Missing {
        key: String,
    },
}

const FALLBACK: &[&str] = &["discovered", "aware"];
const FALLBACK_PROCESSOR: &[&str] = &["vendor_discovered", "processor_aware", "discovered", "aware"];

/// The start of a rule's clock; of several events, the earliest known.
pub(crate) fn start(clock: &Clock, facts: &Facts, processor_side: bool) -> Start {
    let mut missing = None;
    let mut earliest: Option<(Moment, String)> = None;
    for event in &clock.events {
        match own(event, facts, processor_side) {
            Start::At { moment, key, .. } => {
                let sooner = earliest.as_ref().is_none_or(|(known, _)| instant(&moment) < instant(known));
                if sooner {
                    earliest = Some((moment, key));
                }
            }
            other => missing = Some(prefer(missing, other)),
        }
    }
    if let Some((moment, key)) = earliest {
        return Start::At { moment, key, stands_in_for: None };
    }
    stand_in(missing.unwrap_or(Start::Missing { key: "times".to_owned() }), clock, facts, processor_side)
}

/// The start of one named event, with stand-ins.
pub(crate) fn event(name: &str, facts: &Facts, processor_side: bool) -> Start {
    start(&Clock { events: vec![name.to_owned()], actor: None }, facts, processor_side)
}

/// Only an attested time of this very event.
pub(crate) fn attested(name: &str, facts: &Facts) -> Option<Moment> {
    match own(name, facts, false) {
        Start::At { moment, .. } => Some(moment),
        _ => None,
    }
}

/// The key a person would have to fill in.
pub(crate) fn key_of(name: &str) -> String {
    keys(name, false).first().map_or_else(|| name.to_owned(), |key| path(key))
}

fn own(name: &str, facts: &Facts, processor_side: bool) -> Start {
    let keys = keys(name, processor_side);
    for key in &keys {
        let moment = if key.contains('.') { facts.moment(key) } else { facts.times.get(*key).copied() };
        if let Some(moment) = moment {
            return Start::At { moment, key: path(key), stands_in_for: None };
        }
    }
    if let Some((kind, rule)) = name.split_once(':') {
        let key = match kind {
            "completed" => "times.consumer_notice_sent",
            "receipt" => "times.agency_received_vendor_notice",
            _ => "times.incident_notification_submitted",
        };
        return Start::AwaitsRule { rule: rule.to_owned(), key };
    }
    Start::Missing { key: keys.first().map_or_else(|| name.to_owned(), |key| path(key)) }
}

/// A missing attestation says more than an act still to come: it can be stood in for.
fn prefer(held: Option<Start>, new: Start) -> Start {
    match held {
        Some(missing @ Start::Missing { .. }) => missing,
        _ => new,
    }
}

fn stand_in(missing: Start, clock: &Clock, facts: &Facts, processor_side: bool) -> Start {
    let Start::Missing { key } = &missing else { return missing };
    if !clock.events.iter().any(|event| may_be_stood_in_for(event)) {
        return missing;
    }
    let fallback = if processor_side { FALLBACK_PROCESSOR } else { FALLBACK };
    let found = fallback.iter().find_map(|other| facts.times.get(*other).map(|moment| (*moment, path(other))));
    match found {
        Some((moment, other)) => Start::At { moment, key: other, stands_in_for: Some(key.clone()) },
        None => missing,
    }
}

/// Acts of our own and payments happened or did not; no discovery time can stand in for them.
fn may_be_stood_in_for(event: &str) -> bool {
    !matches!(event, "payment" | "hold_released" | "vulnerability_remedied" | "delay_ended") && !event.contains(':')
}

/// The keys of the facts format that feed an event, first choice first.
fn keys(name: &str, processor_side: bool) -> Vec<&str> {
    match (name.split(':').next().unwrap_or(name), processor_side) {
        ("processor_awareness", _) => vec!["processor_aware"],
        ("awareness" | "reason_to_believe", true) => vec!["processor_aware", "vendor_discovered"],
        ("discovery" | "discovery_or_notification", true) => vec!["vendor_discovered", "discovered"],
        (
            "awareness"
            | "controller_awareness"
            | "manufacturer_awareness"
            | "knowledge_incident_affected_personal_data"
            | "knowledge_personal_data_affected",
            _,
        ) => vec!["aware"],
        ("discovery" | "discovery_or_notification" | "knows_or_has_reason_to_know" | "detection", _) => {
            vec!["discovered"]
        }
        ("determination", true) => vec!["operator_determined", "determined"],
        ("determination", false) => vec!["determined"],
        ("confirmation", _) => vec!["confirmed", "determined"],
        ("suspicion", _) => vec!["suspected"],
        ("occurrence", _) => vec!["occurred"],
        ("classification", _) => vec!["classified_major"],
        ("materiality_determination", _) => vec!["materiality_determined"],
        ("assessment_notifiable", _) => vec!["assessed_notifiable"],
        ("reasonable_belief", _) => vec!["believed"],
        ("payment", _) => vec!["extortion_payment"],
        ("receipt", _) => vec!["agency_received_vendor_notice", "school_received", "received"],
        ("completed", _) => vec!["consumer_notice_sent"],
        ("submission", _) => vec!["incident_notification_submitted", "sa_notified"],
        ("hold_released", _) => vec!["le_hold.released"],
        ("vulnerability_remedied" | "delay_ended", _) => vec!["delay.ended"],
        (other, _) => vec![other],
    }
}

fn path(key: &str) -> String {
    if key.contains('.') { key.to_owned() } else { format!("times.{key}") }
}

fn instant(moment: &Moment) -> Option<jiff::Timestamp> {
    moment.earliest(&moment.own_zone()).map(|zoned| zoned.timestamp())
}
