//! Suppressions in the sealed log: asked for by one person, approved by another, ended by time or by a third word.
//!
//! What a condition names is personal and stands in the encrypted body; when that is erased the suppression covers nothing
//! any more. `incident` judges what is covered; this file reads and writes.

use incident::{Condition, Suppression, SuppressionFault, SuppressionRequest, check_request};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::config::is_same_person;
use crate::exit::{Failure, OrFail as _};
use crate::law::hash;
use crate::store::{Body, Draft, Store};

/// Suppressions that may count at the same time: each finding is held against all of them, and a batch's entry counts each.
pub(crate) const IN_FORCE_MAX: usize = 500;

const KIND: &str = "suppression";
const REQUESTED: &str = "suppression.requested";

/// What a person asks for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) rule_id: String,
    pub(crate) condition: Condition,
    pub(crate) reason: String,
    pub(crate) owner: String,
    pub(crate) by: String,
    pub(crate) expires: Timestamp,
}

/// The entry of a request. Asking for the very same a second time is the same request, unless the first has ended.
pub(crate) async fn request(store: &Store, wish: &Wish, now: Timestamp) -> Result<Draft, Failure> {
    let Wish { rule_id, condition, reason, owner, by, expires } = wish;
    let asked = SuppressionRequest { rule_id, condition, reason, expires: *expires };
    check_request(&asked, now).or_usage("failed to request a suppression")?;
    let condition = serde_json::to_value(condition).or_fail("failed to write the condition")?;
    let told = condition.to_string();
    let known = documents(store).await?;
    let expires_told = expires.to_string();
    let mut parts = vec!["suppression", rule_id, &told, owner, by, &expires_told];
    let mut id = id_of(&parts);
    // Each that has ended goes into the id of the one after it, and there are no more of them than suppressions.
    for _ in &known {
        let ended =
            known.iter().any(|one| text(one, "id") == id && matches!(state_at(one, now), "revoked" | "expired"));
        if !ended {
            break;
        }
        parts.push("again");
        id = id_of(&parts);
    }
    Ok(Draft {
        id: hash(&[REQUESTED, &id]),
        kind: REQUESTED.to_owned(),
        at: now,
        subject: id.clone(),
        clear: json!({
            "id": id, "rule_id": rule_id, "fields": wish.condition.fields(), "owner": owner, "requested_by": by,
            "requested_at": now, "expires": expires, "state": "requested",
        }),
        body: Some(json!({"condition": condition, "reason": reason})),
    })
}

fn id_of(parts: &[&str]) -> String {
    let mut id = hash(parts);
    id.truncate(ID_DIGITS);
    format!("sup-{id}")
}

/// As much of an id names a suppression for approval: fewer digits may name one that nobody has looked at.
const NAME_DIGITS_MIN: usize = 8;

/// Digits of an id: enough for people to tell them apart, and 64 bits against chance.
const ID_DIGITS: usize = 16;

/// The entry of an approval; `None` when it was approved before.
pub(crate) async fn approve(store: &Store, id: &str, by: &str, now: Timestamp) -> Result<Option<Draft>, Failure> {
    if id.strip_prefix("sup-").unwrap_or(id).len() < NAME_DIGITS_MIN {
        return Err(Failure::usage(format!("`{id}` is too short to approve by")).help(format!(
            "give {NAME_DIGITS_MIN} digits of its id or more; `watertight suppression list` shows them"
        )));
    }
    let document = find(store, id).await?;
    let id = text(&document, "id");
    refuse_ended(&document, now)?;
    if document["state"] == "approved" {
        return Ok(None);
    }
    if is_same_person(text(&document, "requested_by"), by) || is_same_person(text(&document, "owner"), by) {
        let fault = SuppressionFault::SamePerson { approver: by.to_owned() };
        return Err(fault).or_usage("failed to approve the suppression");
    }
    if IN_FORCE_MAX <= in_force(store, now).await?.len() {
        return Err(Failure::usage(format!("{IN_FORCE_MAX} suppressions are in force already"))
            .help("revoke some, or change the rules that need so many"));
    }
    Ok(Some(Draft {
        id: hash(&["suppression.approved", id]),
        kind: "suppression.approved".to_owned(),
        at: now,
        subject: id.to_owned(),
        clear: json!({"id": id, "state": "approved", "approved_by": by, "approved_at": now}),
        body: None,
    }))
}

/// The entry of a revocation; `None` when it was revoked before.
pub(crate) async fn revoke(
    store: &Store,
    id: &str,
    by: &str,
    reason: &str,
    now: Timestamp,
) -> Result<Option<Draft>, Failure> {
    let document = find(store, id).await?;
    let id = text(&document, "id");
    if document["state"] == "revoked" {
        return Ok(None);
    }
    Ok(Some(Draft {
        id: hash(&["suppression.revoked", id]),
        kind: "suppression.revoked".to_owned(),
        at: now,
        subject: id.to_owned(),
        clear: json!({"id": id, "state": "revoked", "revoked_by": by, "revoked_at": now}),
        body: Some(json!({"reason": reason})),
    }))
}

fn refuse_ended(document: &Value, now: Timestamp) -> Result<(), Failure> {
    let ended = match document["state"].as_str() {
        Some("revoked") => "been revoked",
        _ if instant(document, "expires").is_none_or(|expires| expires <= now) => "expired",
        _ => return Ok(()),
    };
    let id = text(document, "id").to_owned();
    Err(SuppressionFault::Ended { id, ended }).or_usage("failed to approve the suppression")
}

/// The document of a suppression that a person named by its id, or by the beginning of it if that names one.
async fn find(store: &Store, name: &str) -> Result<Value, Failure> {
    let documents = documents(store).await?;
    let mut named = documents.into_iter().filter(|document| text(document, "id").starts_with(name));
    let found = named.next().filter(|_| !name.is_empty());
    match (found, named.next()) {
        (Some(document), None) => Ok(document),
        (Some(_), Some(_)) => Err(Failure::usage(format!("`{name}` names several suppressions"))),
        (None, _) => Err(Failure::usage(format!("there is no suppression `{name}`"))
            .help("`watertight suppression list` shows their ids")),
    }
}

/// Every suppression there ever was, as its entries tell it.
pub(crate) async fn documents(store: &Store) -> Result<Vec<Value>, Failure> {
    store.documents(KIND).await.or_fail("failed to read suppressions")
}

/// Those that count at an instant.
pub(crate) async fn in_force(store: &Store, at: Timestamp) -> Result<Vec<Suppression>, Failure> {
    let mut counting = Vec::new();
    for document in documents(store).await? {
        let Some(mut suppression) = suppression(&document) else { continue };
        if !suppression.in_force(at) {
            continue;
        }
        if let Some((condition, _)) = asked(store, &suppression.id).await? {
            suppression.condition = condition;
            counting.push(suppression);
        }
    }
    Ok(counting)
}

/// The clear part of one; the condition is still empty.
fn suppression(document: &Value) -> Option<Suppression> {
    Some(Suppression {
        id: document["id"].as_str()?.to_owned(),
        rule_id: document["rule_id"].as_str()?.to_owned(),
        condition: Condition::default(),
        approved_at: instant(document, "approved_at"),
        revoked_at: instant(document, "revoked_at"),
        expires: instant(document, "expires")?,
    })
}

/// What was asked for and why; `None` when that was erased.
pub(crate) async fn asked(store: &Store, id: &str) -> Result<Option<(Condition, String)>, Failure> {
    let entry = store.entry_by_id(&hash(&[REQUESTED, id])).await.or_fail("failed to read a suppression")?;
    let Some(stored) = entry else { return Ok(None) };
    match store.body(&stored.entry).await.or_fail("failed to open a suppression")? {
        Body::Readable(body) => {
            let condition = serde_json::from_value(body["condition"].clone());
            let condition = condition.or_fail("failed to read the condition of a suppression")?;
            Ok(Some((condition, text(&body, "reason").to_owned())))
        }
        Body::None | Body::Erased(_) => Ok(None),
    }
}

/// What to call its state at an instant.
pub(crate) fn state_at(document: &Value, now: Timestamp) -> &'static str {
    match document["state"].as_str() {
        Some("revoked") => "revoked",
        _ if instant(document, "expires").is_none_or(|expires| expires <= now) => "expired",
        Some("approved") => "in_force",
        _ => "requested",
    }
}

fn text<'v>(document: &'v Value, key: &str) -> &'v str {
    document[key].as_str().unwrap_or_default()
}

fn instant(document: &Value, key: &str) -> Option<Timestamp> {
    document[key].as_str()?.parse().ok()
}
