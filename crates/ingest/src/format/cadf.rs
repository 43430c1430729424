//! Cloud Auditing Data Federation (`cadf/events`): Authentication, API Activity.
//!
//! Single events and the `events` of a log. Rules see the event itself. Contents: DMTF DSP0262, "Cloud Auditing Data Federation".

use ocsf::{Class, Event, HttpRequest, Status};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};
use crate::frame::member_text;

/// An event says by its type URI that it is one; the shorter form has the three who, what and on what.
pub(super) fn is(keys: &Keys<'_>, record: &[u8]) -> bool {
    let named =
        member_text(record, b"typeURI").is_some_and(|uri| memchr::memmem::find(uri, b"dmtf.org/cloud/audit").is_some());
    (named && keys.has(b"eventTime")) || keys.has_all(&[b"initiator", b"target", b"action", b"outcome", b"eventTime"])
}

/// An event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["eventTime"])?;
    let action = tree.required(&["action"])?;
    let verb = action.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let (class, activity) = match verb.as_str() {
        _ if action.starts_with("authenticate") => (Class::Authentication, if verb == "logoff" { 2 } else { 1 }),
        "create" | "backup" | "restore" | "allow" => (Class::ApiActivity, 1),
        "read" | "list" | "get" | "monitor" => (Class::ApiActivity, 2),
        "update" | "set" | "enable" | "disable" | "configure" => (Class::ApiActivity, 3),
        "delete" | "undeploy" => (Class::ApiActivity, 4),
        _ => (Class::ApiActivity, 99),
    };
    let mut event = begin(Format::Cadf, class, when, raw, ("DMTF", "CADF"), &action);
    event.activity_id = activity;
    event.metadata.uid = tree.take(&["id"]).into();
    event.status = match tree.take(&["outcome"]).as_deref() {
        Some("success") => Status::Success,
        Some("failure") => Status::Failure,
        _ => Status::Unknown,
    };
    event.status_code = tree.take(&["reason/reasonCode"]);
    event.status_detail = tree.take(&["reason/reasonType"]);
    event.src_endpoint = tree::endpoint(tree.take(&["initiator/host/address"]));
    event.http_request = tree.take(&["initiator/host/agent"]).map(HttpRequest::of_agent).map(Box::new);
    let user = tree::user(
        tree.take(&["initiator/username", "initiator/name"]),
        tree.take(&["initiator/id", "initiatorId", "initiator/user_id"]),
    );
    event.user = user.clone().map(Box::new);
    tree::set_actor(&mut event, "cadf", user);
    event.metadata.tenant_uid = tree.take(&["initiator/project_id", "initiator/domain_id"]);
    event.service = tree.take(&["observer/name", "observer/id", "observerId"]).map(ocsf::Identified::named);
    let (uid, name) = (tree.take(&["target/id", "targetId"]), tree.take(&["target/name"]));
    let kind = tree.take(&["target/typeURI"]);
    event.resources.extend(tree::resource(uid, name, kind.as_deref()));
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_and_a_deletion() {
        let raw = br#"{"typeURI":"http://schemas.dmtf.org/cloud/audit/1.0/event","id":"e-1","eventType":"activity","eventTime":"2026-03-02T10:11:12.345+0000","action":"authenticate","outcome":"failure",
            "initiator":{"id":"u-1","name":"ann","host":{"address":"192.0.2.7","agent":"curl"}},"target":{"id":"t","typeURI":"service/security/account/user"},"reason":{"reasonCode":"401"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(
            (event.type_uid(), event.status, event.status_code.as_deref()),
            (300_201, Status::Failure, Some("401"))
        );
        assert_eq!((event.actor_key.as_deref(), event.hot().src_ip), (Some("cadf:u-1"), Some("192.0.2.7")));
        let deleted = br#"{"eventTime":"2026-03-02T10:11:12Z","action":"delete","outcome":"success","initiator":{"id":"u"},"target":{"id":"vm-1","name":"vm"}}"#;
        assert_eq!(normalize(deleted).unwrap().type_uid(), 600_304);
    }
}
