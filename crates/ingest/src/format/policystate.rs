//! Azure Policy (`azure/policystate`): Detection Finding for what a policy says of a resource.
//!
//! Rows of the policy insights API and the events of Event Grid. Rules see the record itself. Contents: Azure Policy documentation, "Get
//! compliance data", "Event Grid event schema".

use ocsf::{Account, Class, Cloud, Event, FindingStatus, Severity, VendorFinding};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable, resourcelog};
use crate::frame::member_text;

/// A row, or an event about one.
pub(super) fn is(keys: &Keys<'_>, record: &[u8]) -> bool {
    let row = keys.has(b"policyAssignmentId")
        && keys.count(&[b"complianceState", b"isCompliant", b"policyDefinitionId"]) >= 2;
    let event = |name: &[u8]| {
        member_text(record, name).is_some_and(|kind| kind.starts_with(b"\"Microsoft.PolicyInsights.PolicyState"))
    };
    row || event(b"eventType") || event(b"type")
}

/// A state as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["timestamp", "data/timestamp", "eventTime", "time"])?;
    let state = tree.take(&["complianceState", "data/complianceState"]);
    let compliant = tree.take(&["isCompliant"]);
    let state = state
        .or_else(|| compliant.map(|is| if is == "true" { "Compliant".to_owned() } else { "NonCompliant".to_owned() }));
    let state = state.ok_or_else(|| Unreadable::missing("complianceState"))?;
    let policy = tree.required(&[
        "policyDefinitionId",
        "data/policyDefinitionId",
        "policyAssignmentId",
        "data/policyAssignmentId",
    ])?;
    let mut event =
        begin(Format::PolicyState, Class::DetectionFinding, when, raw, ("Microsoft", "Azure Policy"), &policy);
    let resource = tree.take(&["resourceId", "subject", "data/resourceId"]);
    let account = resource.as_deref().and_then(resourcelog::subscription).map(Account::azure_subscription);
    event.cloud = Some(Cloud { provider: "Azure", region: tree.take(&["resourceLocation"]), zone: None, account });
    event.severity = if state == "NonCompliant" { Severity::Medium } else { Severity::Informational };
    event.status_detail = tree.take(&["complianceReasonCode", "data/complianceReasonCode", "policyDefinitionAction"]);
    let finding = VendorFinding {
        uid: format!("{policy}/{}", resource.as_deref().unwrap_or_default()),
        title: Some(tree.take(&["policyDefinitionName", "policyDefinitionReferenceId"]).unwrap_or(policy)),
        types: vec![state.clone()],
        status: match state.as_str() {
            "NonCompliant" => FindingStatus::New,
            "Compliant" => FindingStatus::Resolved,
            "Exempt" => FindingStatus::Suppressed,
            // Neither `Unknown` nor `Conflict` says that a policy is kept.
            _ => FindingStatus::Unknown,
        },
        ..VendorFinding::default()
    };
    event.set_finding(finding);
    let kind = tree.take(&["resourceType"]);
    event.resources.extend(tree::resource(resource, None, kind.as_deref()));
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_and_an_event() {
        let row = br#"{"timestamp":"2026-03-02T10:11:12Z","resourceId":"/subscriptions/aa/x","policyAssignmentId":"a","policyDefinitionId":"d","complianceState":"NonCompliant"}"#;
        let event = normalize(row).unwrap();
        assert_eq!((event.severity, event.account(), event.operation()), (Severity::Medium, Some("aa"), Some("d")));
        let grid = br#"{"eventType":"Microsoft.PolicyInsights.PolicyStateChanged","subject":"/subscriptions/aa/x","eventTime":"2026-03-02T10:11:12Z","data":{"timestamp":"2026-03-02T10:11:12Z","policyDefinitionId":"d","complianceState":"Compliant"}}"#;
        assert_eq!(normalize(grid).unwrap().activity_id, 3);
    }
}
