//! Audit events of the owner's applications (`audit/events`): our own JSON, version 1. Our beacons of browsers are the same with `surface` "browser".
//!
//! `{"v":1,"id","ts","tenant","actor":{"id","type","session","ip","ua"},"action","object":{"type","id","owner_subject"},"outcome","counts":{"records","bytes"},
//! "surface","trace_id"}`. Whoever acts on what belongs to another is worth a look, so the owner stands with the object. Rules see the record itself.
//! Contents: docs/sources.md.

use ocsf::{Class, Event, HttpRequest, Resource, Session, Status, User, UserType};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};
use crate::frame::member_text;

/// Version, instant and action, with one more of ours.
pub(super) fn is(keys: &Keys<'_>, record: &[u8]) -> bool {
    let version = member_text(record, b"v").is_some_and(|version| matches!(version, b"1" | b"\"1\""));
    version
        && keys.has_all(&[b"ts", b"action"])
        && keys.count(&[b"actor", b"object", b"outcome", b"surface", b"counts", b"id"]) >= 2
}

/// An audit event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["ts"])?;
    let action = tree.required(&["action"])?;
    let (class, activity) = meaning(&action);
    let mut event = begin(Format::AuditEvents, class, when, raw, ("watertight", "audit events"), &action);
    event.activity_id = activity;
    event.metadata.uid = tree.take(&["id"]).into();
    event.metadata.tenant_uid = tree.take(&["tenant"]);
    event.metadata.feature = tree.take(&["surface"]);
    event.metadata.correlation_uid = tree.take(&["trace_id"]);
    event.status = match tree.take(&["outcome"]).as_deref() {
        Some("success" | "ok" | "allowed") => Status::Success,
        Some("failure" | "error" | "denied") => Status::Failure,
        _ => Status::Unknown,
    };
    event.src_endpoint = tree::endpoint(tree.take(&["actor/ip"]));
    event.http_request = tree.take(&["actor/ua"]).map(HttpRequest::of_agent).map(Box::new);
    let kind = tree.take(&["actor/type"]);
    let user = tree::user(tree.take(&["actor/name"]), tree.take(&["actor/id"])).map(|user| User {
        type_id: match kind.as_deref() {
            Some("user" | "customer" | "student") => UserType::User,
            Some("admin" | "staff") => UserType::Admin,
            Some("service") => UserType::Service,
            _ => UserType::Unknown,
        },
        kind,
        ..user
    });
    event.user = user.clone().map(Box::new);
    tree::set_actor(&mut event, "app", user);
    let session = tree.take(&["actor/session"]).map(Session::of);
    event.session.clone_from(&session);
    if let Some(actor) = &mut event.actor {
        actor.session = session;
    }
    event.bytes = tree.count(&["counts/bytes"]);
    if let Some(records) = tree.count(&["counts/records"]) {
        event.unmapped.insert("resource_count".to_owned(), records.into());
    }
    let owner = tree::user(None, tree.take(&["object/owner_subject"]));
    let kind = tree.take(&["object/type"]);
    let uid =
        tree.take(&["object/id"]).map(|id| kind.as_ref().map_or_else(|| id.clone(), |kind| format!("{kind}:{id}")));
    event.resources.extend(uid.map(|uid| Resource { uid: Some(uid), name: None, kind, owner }));
    let kept = std::mem::take(&mut event.unmapped);
    event.unmapped = tree.rest();
    event.unmapped.extend(kept);
    Ok(event)
}

/// `account.export.requested`: what it is done to stands first, what is done behind it.
fn meaning(action: &str) -> (Class, u8) {
    let has = |word: &str| action.split(['.', '_', ':', '/']).any(|part| part == word);
    if has("login") || has("signin") {
        return (Class::Authentication, 1);
    }
    if has("logout") || has("signout") {
        return (Class::Authentication, 2);
    }
    let verbs: [(u8, &[&str]); 4] = [
        (4, &["delete", "deleted", "remove", "removed", "purge"]),
        (1, &["create", "created", "add", "added", "upload", "register"]),
        (3, &["update", "updated", "change", "changed", "share", "shared", "grant"]),
        (2, &["read", "view", "viewed", "list", "export", "exported", "download", "downloaded", "search", "requested"]),
    ];
    let found = verbs.into_iter().find(|(_, words)| words.iter().any(|word| has(word)));
    (Class::ApiActivity, found.map_or(99, |(id, _)| id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_of_what_belongs_to_another() {
        let raw = br#"{"v":1,"id":"e-1","ts":"2026-03-02T10:11:12.345Z","tenant":"shop","actor":{"id":"u-1","type":"customer","session":"s","ip":"192.0.2.7","ua":"x"},
            "action":"account.export.requested","object":{"type":"account","id":"7","owner_subject":"u-2"},"outcome":"success","counts":{"records":1000,"bytes":4711},"surface":"web","extra":1}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status, event.bytes), (600_302, Status::Success, Some(4711)));
        assert_eq!((event.actor_key.as_deref(), event.uid()), (Some("app:u-1"), "e-1"));
        assert_eq!(event.resources[0].owner.as_ref().unwrap().uid.as_deref(), Some("u-2"));
        assert_eq!((&event.unmapped["resource_count"], &event.unmapped["extra"]), (&1000.into(), &1.into()));
        assert_eq!(meaning("user.login"), (Class::Authentication, 1));
    }
}
