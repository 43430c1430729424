//! Alerts of Azure Monitor (`azure/monitoralert`): Detection Finding, in the common alert schema.
//!
//! What an action group sends, and the alerts the management API lists. Rules see the record itself. Contents: Azure Monitor documentation, "Common
//! alert schema".

use ocsf::{Account, Class, Cloud, Event, FindingStatus, Severity, VendorFinding};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable, resourcelog};
use crate::frame::member_text;

/// `schemaId` names the schema; the API has its own type.
pub(super) fn is(record: &[u8]) -> bool {
    let schema = member_text(record, b"schemaId") == Some(b"\"azureMonitorCommonAlertSchema\"");
    let listed = member_text(record, b"type") == Some(b"\"Microsoft.AlertsManagement/alerts\"");
    let has = |name: &[u8]| member_text(record, name).is_some_and(|inner| Keys::of(inner).has(b"essentials"));
    (schema && has(b"data")) || (listed && has(b"properties"))
}

/// An alert as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let sent = "data/essentials/";
    let listed = "properties/essentials/";
    let name = |at: &str, field: &str| format!("{at}{field}");
    let at = if tree.has("data/essentials") { sent } else { listed };
    let resolved = tree.peek(&name(at, "monitorCondition")).is_some_and(|condition| condition == "Resolved");
    let resolved_at = name(at, "resolvedDateTime");
    let mut times = vec![name(at, "firedDateTime"), name(at, "startDateTime"), name(at, "lastModifiedDateTime")];
    if resolved {
        times.insert(0, resolved_at);
    }
    let times: Vec<&str> = times.iter().map(String::as_str).collect();
    let when = tree.when(&times)?;
    let rule = tree.required(&[&name(at, "alertRule"), "name"])?;
    let mut event =
        begin(Format::MonitorAlert, Class::DetectionFinding, when, raw, ("Microsoft", "Azure Monitor"), &rule);
    event.severity = match tree.take(&[&name(at, "severity")]).as_deref() {
        Some("Sev0") => Severity::Critical,
        Some("Sev1") => Severity::High,
        Some("Sev2") => Severity::Medium,
        Some("Sev3") => Severity::Low,
        _ => Severity::Informational,
    };
    let uid =
        tree.take(&[&name(at, "originAlertId"), &name(at, "alertId"), "id"]).unwrap_or_else(|| ocsf::record_uid(raw));
    let finding = VendorFinding {
        uid,
        title: Some(rule),
        desc: tree.take(&[&name(at, "description")]),
        types: tree.take(&[&name(at, "signalType")]).into_iter().collect(),
        status: if resolved { FindingStatus::Resolved } else { FindingStatus::New },
        ..VendorFinding::default()
    };
    event.set_finding(finding);
    let target = tree.take(&[&name(at, "alertTargetIDs/0"), &name(at, "targetResource")]);
    let account = target.as_deref().and_then(resourcelog::subscription).map(Account::azure_subscription);
    event.cloud = Some(Cloud { provider: "Azure", region: None, zone: None, account });
    let kind = target.as_deref().and_then(resourcelog::provider);
    event.resources.extend(tree::resource(target, None, kind.as_deref()));
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fired_and_resolved() {
        let fired = r#"{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"a-1","alertRule":"egress","severity":"Sev1","monitorCondition":"Fired",
            "firedDateTime":"2026-03-02T10:11:12Z","alertTargetIDs":["/subscriptions/AA/providers/Microsoft.Storage/storageAccounts/s"]},"alertContext":{"x":1}}}"#;
        assert!(is(fired.as_bytes()));
        let event = normalize(fired.as_bytes()).unwrap();
        assert_eq!((event.severity, event.activity_id, event.account()), (Severity::High, 1, Some("aa")));
        assert_eq!(event.unmapped["data"]["alertContext"]["x"], 1);
        let resolved = fired.replace("\"Fired\"", "\"Resolved\",\"resolvedDateTime\":\"2026-03-02T11:11:12Z\"");
        let event = normalize(resolved.as_bytes()).unwrap();
        assert_eq!((event.activity_id, event.time.to_string().as_str()), (3, "2026-03-02T11:11:12Z"));
    }
}
