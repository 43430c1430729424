//! What a run of sending came to: the notice's progress, the messages that failed for good, and whether the duty is done.
//!
//! A duty to the people concerned is done when as many were reached as are concerned, not when our list is at its end. Where
//! nobody knows how many there are, a person says so with `duty fulfil`.

use ::notice::deliver::{OutboxItem, Status};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::sending::Sent;
use crate::cases;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::law::{hash, incident_facts};
use crate::store::{Draft, NoticeState};

/// Records how a notice stands after a run.
pub(super) async fn finish(
    instance: &mut Instance,
    notice: &str,
    document: &Value,
    sent: Sent,
    now: Timestamp,
) -> Result<NoticeState, Failure> {
    let state = match sent {
        Sent { waiting: 0, refused: 0, .. } => NoticeState::Sent,
        Sent { waiting: 0, .. } => NoticeState::SentInPart,
        _ => NoticeState::Sending,
    };
    let incident = document["incident"].as_str().unwrap_or_default();
    let items = instance.store.outbox(notice, false).await.or_fail("failed to read the outbox")?;
    let mut drafts: Vec<Draft> = items.iter().filter_map(|item| failed(notice, incident, item)).collect();
    let clear = json!({"id": notice, "incident": incident, "state": state, "sent": sent});
    drafts.push(draft(
        "notice.progress",
        &hash(&["notice.progress", notice, &clear.to_string()]),
        incident,
        clear,
        now,
    ));
    if state == NoticeState::Sent {
        drafts.push(reached(instance, notice, document, now).await?);
    }
    cases::append(instance, &drafts).await?;
    Ok(state)
}

/// The entry of a message that will never arrive this way: another channel is needed. The server's words may name the recipient.
fn failed(notice: &str, incident: &str, item: &OutboxItem) -> Option<Draft> {
    let (state, at) = match item.status {
        Status::Refused { at } => ("refused", at),
        Status::Bounced { at } => ("bounced", at),
        Status::GivenUp { at } => ("given_up", at),
        Status::Queued
        | Status::InFlight { .. }
        | Status::Waiting { .. }
        | Status::Uncertain { .. }
        | Status::Sent { .. } => return None,
    };
    let clear = json!({
        "id": item.id, "notice": notice, "incident": incident, "state": state, "failed_at": at,
        "recipient_id": item.recipient_id, "attempts": item.attempts,
    });
    let mut entry = draft("delivery.failed", &hash(&["delivery.failed", &item.id, state]), incident, clear, at);
    entry.body = item.last_reply.as_ref().map(|reply| json!({"reply": reply}));
    Some(entry)
}

/// Fulfilled, or how many of those concerned were reached.
async fn reached(instance: &Instance, notice: &str, document: &Value, now: Timestamp) -> Result<Draft, Failure> {
    let incident = document["incident"].as_str().unwrap_or_default();
    let id = document["obligation"].as_str().unwrap_or_default();
    let obligation = instance.store.document("obligation", id).await.or_fail("failed to read the obligation")?;
    let obligation = obligation.unwrap_or(Value::Null);
    let reached = reached_by_any_notice(instance, id).await?;
    let facts = incident_facts(instance, incident).await?;
    let (kind, state) = match concerned(&obligation, &facts) {
        Concerned::Office => ("obligation.fulfilled", json!("fulfilled")),
        Concerned::AtMost(people) if people <= reached => ("obligation.fulfilled", json!("fulfilled")),
        Concerned::AtMost(_) | Concerned::Unknown => ("obligation.progress", obligation["state"].clone()),
    };
    let clear = json!({
        "id": id, "incident": incident, "state": state, "by_notice": notice, "reached": reached,
        "concerned": concerned(&obligation, &facts).shown(), "reached_at": now,
    });
    Ok(draft(kind, &hash(&[kind, id, notice, &reached.to_string()]), incident, clear, now))
}

/// Messages that a server took, over every notice of the obligation. Nobody is in two notices of it with one id.
async fn reached_by_any_notice(instance: &Instance, obligation: &str) -> Result<u64, Failure> {
    let notices = instance.store.documents("notice").await.or_fail("failed to read notices")?;
    let mut people = std::collections::BTreeSet::new();
    for notice in notices.iter().filter(|notice| notice["obligation"] == obligation) {
        let id = notice["id"].as_str().unwrap_or_default();
        let items = instance.store.outbox(id, false).await.or_fail("failed to read the outbox")?;
        let sent = items.into_iter().filter(|item| matches!(item.status, Status::Sent { .. }));
        people.extend(sent.map(|item| item.recipient_id));
    }
    Ok(people.len() as u64)
}

/// How many somebody must reach to have done a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concerned {
    /// An authority, a bureau, a customer: one message tells it.
    Office,
    /// The people concerned, at most so many.
    AtMost(u64),
    /// The people concerned, and nobody knows how many.
    Unknown,
}

impl Concerned {
    fn shown(self) -> Value {
        match self {
            Self::Office => json!(1),
            Self::AtMost(people) => json!(people),
            Self::Unknown => Value::Null,
        }
    }
}

/// Words by which the regimes name people rather than an office.
const PEOPLE: &[&str] = &[
    "resident",
    "individual",
    "subject",
    "parent",
    "student",
    "titular",
    "principal",
    "patient",
    "subscriber",
    "owner",
    "person",
    "consumer",
];

fn concerned(obligation: &Value, facts: &Value) -> Concerned {
    let recipient = obligation["recipient"].as_str().unwrap_or_default().to_lowercase();
    // `data_owner` and `Office of Consumer Protection` are addressed once.
    let office = ["data_owner", "office", "department", "division", "commission", "attorney", "controller"];
    if office.iter().any(|word| recipient.contains(word)) || !PEOPLE.iter().any(|word| recipient.contains(word)) {
        return Concerned::Office;
    }
    let subjects = &facts["subjects"];
    let at_most = |value: &Value| value.as_u64().or_else(|| value[1].as_u64());
    let jurisdiction = obligation["jurisdiction"].as_str().unwrap_or_default();
    if let Some(here) = subjects.get(jurisdiction) {
        return at_most(here).map_or(Concerned::Unknown, Concerned::AtMost);
    }
    // A law of several places (`EU`): the people of every place have to be reached, which errs on the side of telling more.
    let all: Option<Vec<u64>> =
        subjects.as_object().filter(|places| !places.is_empty()).and_then(|p| p.values().map(at_most).collect());
    all.map_or(Concerned::Unknown, |counts| Concerned::AtMost(counts.into_iter().sum()))
}

fn draft(kind: &str, id: &str, incident: &str, clear: Value, at: Timestamp) -> Draft {
    Draft { id: id.to_owned(), kind: kind.to_owned(), at, subject: incident.to_owned(), clear, body: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_counted_and_offices_are_told_once() {
        let facts = json!({"subjects": {"US-CA": 12, "DE": [3, 40], "FR": null}});
        let of =
            |recipient: &str, place: &str| concerned(&json!({"recipient": recipient, "jurisdiction": place}), &facts);
        for (recipient, place, expected) in [
            ("residents", "US-CA", Concerned::AtMost(12)),
            ("data_subjects", "DE", Concerned::AtMost(40)),
            ("data_subjects", "FR", Concerned::Unknown),
            ("data_subjects", "EU", Concerned::Unknown),
            ("Attorney General", "US-CA", Concerned::Office),
            ("controller Northgate University", "", Concerned::Office),
            ("data_owner", "US-CA", Concerned::Office),
            ("Office of Consumer Protection", "US-MT", Concerned::Office),
            ("students and parents", "US-CA", Concerned::AtMost(12)),
        ] {
            assert_eq!(of(recipient, place), expected, "{recipient} in {place}");
        }
        let known = json!({"subjects": {"DE": 3, "FR": 4}});
        let eu = json!({"recipient": "data_subjects", "jurisdiction": "EU"});
        assert_eq!(concerned(&eu, &known), Concerned::AtMost(7));
        assert_eq!(concerned(&eu, &json!({"subjects": {}})), Concerned::Unknown);
    }
}
