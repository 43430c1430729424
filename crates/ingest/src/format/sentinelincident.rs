//! Incidents of Microsoft Sentinel (`azure/sentinelincident`): Detection Finding.
//!
//! The table SecurityIncident, the REST API, and what an automation rule sends (`object`). Alerts inside are `azure/securityalert`. Rules see the
//! record itself. Contents: Sentinel documentation, "SecurityIncident" table; REST API, incidents.

use ocsf::{Account, Class, Cloud, Event, FindingStatus, Severity, VendorFinding};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable, resourcelog};
use crate::frame::member_text;

/// The three shapes.
pub(super) fn is(keys: &Keys<'_>, record: &[u8]) -> bool {
    let table = keys.has_all(&[b"IncidentName", b"IncidentNumber"]) && keys.has(b"Severity");
    let rest = member_text(record, b"type")
        .is_some_and(|kind| kind.to_ascii_lowercase().ends_with(b"securityinsights/incidents\""));
    let rule = keys.has_all(&[b"objectSchemaType", b"objectEventType", b"object"]);
    table || (rest && keys.has(b"properties")) || rule
}

/// An incident as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&[
        "LastModifiedTime",
        "properties/lastModifiedTimeUtc",
        "object/properties/lastModifiedTimeUtc",
        "TimeGenerated",
        "CreatedTime",
        "properties/createdTimeUtc",
    ])?;
    let title = tree.required(&["Title", "properties/title", "object/properties/title"])?;
    let severity = tree.take(&["Severity", "properties/severity", "object/properties/severity"]);
    let state = tree.take(&["Status", "properties/status", "object/properties/status"]);
    let mut event = begin(
        Format::SentinelIncident,
        Class::DetectionFinding,
        when,
        raw,
        ("Microsoft", "Microsoft Sentinel"),
        &title,
    );
    event.severity = match severity.as_deref() {
        Some("High") => Severity::High,
        Some("Medium") => Severity::Medium,
        Some("Low") => Severity::Low,
        _ => Severity::Informational,
    };
    let number = tree.take(&["IncidentNumber", "properties/incidentNumber", "object/properties/incidentNumber"]);
    let name = tree.take(&["IncidentName", "name", "object/name", "id"]);
    let resource = tree.peek("id").or_else(|| tree.peek("object/id"));
    let account = resource.as_deref().and_then(resourcelog::subscription).map(Account::azure_subscription);
    event.cloud = Some(Cloud { provider: "Azure", region: None, zone: None, account });
    event.metadata.correlation_uid.clone_from(&number);
    let owner = tree.take(&[
        "Owner/userPrincipalName",
        "properties/owner/userPrincipalName",
        "object/properties/owner/userPrincipalName",
    ]);
    event.user = tree::user(owner, None).map(Box::new);
    let instant = |tree: &mut Tree, paths: &[&str]| tree.when(paths).ok().map(|time| time.as_millisecond());
    let finding = VendorFinding {
        uid: name.or(number).unwrap_or_else(|| ocsf::record_uid(raw)),
        title: Some(title),
        desc: tree.take(&["Description", "properties/description", "object/properties/description"]),
        created_time: instant(
            &mut tree,
            &["CreatedTime", "properties/createdTimeUtc", "object/properties/createdTimeUtc"],
        ),
        first_seen_time: instant(
            &mut tree,
            &["FirstActivityTime", "properties/firstActivityTimeUtc", "object/properties/firstActivityTimeUtc"],
        ),
        last_seen_time: instant(
            &mut tree,
            &["LastActivityTime", "properties/lastActivityTimeUtc", "object/properties/lastActivityTimeUtc"],
        ),
        src_url: tree.take(&["IncidentUrl", "properties/incidentUrl", "object/properties/incidentUrl"]),
        status: match state.as_deref() {
            Some("New") => FindingStatus::New,
            Some("Active") => FindingStatus::InProgress,
            Some("Closed") => FindingStatus::Resolved,
            _ => FindingStatus::Unknown,
        },
        ..VendorFinding::default()
    };
    event.set_finding(finding);
    event.status_detail =
        tree.take(&["Classification", "properties/classification", "object/properties/classification"]);
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_shapes_of_one_incident() {
        let shapes = [
            r#"{"IncidentName":"i-1","IncidentNumber":7,"Title":"many reads","Severity":"High","Status":"New","LastModifiedTime":"2026-03-02T10:11:12Z"}"#,
            r#"{"id":"/subscriptions/AA/x","name":"i-1","type":"Microsoft.SecurityInsights/incidents","properties":{"title":"many reads","severity":"High","status":"New","incidentNumber":7,"lastModifiedTimeUtc":"2026-03-02T10:11:12Z"}}"#,
            r#"{"objectSchemaType":"Incident","objectEventType":"Create","object":{"name":"i-1","properties":{"title":"many reads","severity":"High","status":"New","lastModifiedTimeUtc":"2026-03-02T10:11:12Z"}}}"#,
        ];
        for shape in shapes {
            let event = normalize(shape.as_bytes()).unwrap();
            assert_eq!((event.operation(), event.severity), (Some("many reads"), Severity::High), "{shape}");
            assert_eq!(event.finding.unwrap().uid, "i-1");
        }
    }
}
