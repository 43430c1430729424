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
use crate::law::{concerned, hash, incident_facts};
use crate::store::{Draft, NoticeState, ObligationState};

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
    if state != NoticeState::Sending {
        drafts.extend(progress(instance, notice, document, state == NoticeState::Sent, now).await?);
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

/// Fulfilled, or how many of those concerned were reached; `None` when the document says so already.
async fn progress(
    instance: &Instance,
    notice: &str,
    document: &Value,
    whole_list: bool,
    now: Timestamp,
) -> Result<Option<Draft>, Failure> {
    let incident = document["incident"].as_str().unwrap_or_default();
    let id = document["obligation"].as_str().unwrap_or_default();
    let obligation = instance.store.document("obligation", id).await.or_fail("failed to read the obligation")?;
    let obligation = obligation.unwrap_or(Value::Null);
    let reached = reached_by_any_notice(instance, id).await?;
    let concerned = concerned(&obligation, &incident_facts(instance, incident).await?);
    let (kind, state) = if concerned.is_reached_by(reached, whole_list) {
        ("obligation.fulfilled", json!(ObligationState::Fulfilled))
    } else {
        ("obligation.progress", obligation["state"].clone())
    };
    let clear = json!({
        "id": id, "incident": incident, "state": state, "by_notice": notice, "reached": reached,
        "concerned": concerned.shown(),
    });
    if ["state", "reached", "concerned"].iter().all(|field| obligation[*field] == clear[*field]) {
        return Ok(None);
    }
    // The document's last entry is in the id: what is reached again after it went back is another entry.
    let entry_id = hash(&[kind, &clear.to_string(), &obligation["last"]["position"].to_string()]);
    Ok(Some(draft(kind, &entry_id, incident, clear, now)))
}

/// People whose server took a message, over every notice of the obligation. Who is in two of them under one id counts once.
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

fn draft(kind: &str, id: &str, incident: &str, clear: Value, at: Timestamp) -> Draft {
    Draft { id: id.to_owned(), kind: kind.to_owned(), at, subject: incident.to_owned(), clear, body: None }
}
