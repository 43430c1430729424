//! IAM Access Analyzer (`aws/accessanalyzer`): Detection Finding.
//!
//! The events of external, internal and unused access, and the findings the API lists (both generations). Rules see the record
//! itself. Contents: IAM user guide, "Monitoring Access Analyzer with EventBridge"; API reference, `FindingSummary`,
//! `FindingSummaryV2`.

use ocsf::{Class, Event, FindingStatus, Severity, VendorFinding};

use super::awsconfig::place;
use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};

/// A finding as the API lists it.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    const MARKS: [&[u8]; 7] =
        [b"analyzedAt", b"resourceOwnerAccount", b"isPublic", b"principal", b"condition", b"findingType", b"status"];
    keys.has_all(&[b"resourceType", b"analyzedAt"]) && keys.count(&MARKS) >= 3
}

/// The kinds of events that are read with their envelope.
pub(super) fn is_detail(kind: &[u8]) -> bool {
    kind.starts_with(b"\"Access Analyzer Finding")
        || kind.starts_with(b"\"Internal Access Finding")
        || kind.starts_with(b"\"Unused Access Finding")
}

/// A finding as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["detail/updatedAt", "updatedAt", "detail/analyzedAt", "analyzedAt", "time"])?;
    let kind = tree.take(&["detail/findingType", "findingType"]).unwrap_or_else(|| "ExternalAccess".to_owned());
    let mut event =
        begin(Format::AccessAnalyzer, Class::DetectionFinding, when, raw, ("AWS", "IAM Access Analyzer"), &kind);
    let uid = tree.required(&["detail/id", "id"])?;
    event.metadata.uid = uid.clone().into();
    place(
        &mut event,
        &mut tree,
        &["detail/accountId", "detail/resourceOwnerAccount", "resourceOwnerAccount", "account"],
        &["region"],
    );
    let public = tree.take(&["detail/isPublic", "isPublic"]).is_some_and(|public| public == "true");
    let state = tree.take(&["detail/status", "status"]);
    let active = state.as_deref() == Some("ACTIVE");
    event.severity = match (active, public) {
        (true, true) => Severity::High,
        (true, false) => Severity::Medium,
        _ => Severity::Informational,
    };
    event.status_detail.clone_from(&state);
    let resource = tree.take(&["detail/resource", "resource"]);
    let principal =
        tree.take(&["detail/principal/AWS", "principal/AWS", "detail/principal/Federated", "principal/Federated"]);
    tree::set_actor(&mut event, "aws:principal", tree::user(principal.filter(|who| who != "*"), None));
    let what = if public { "anybody may reach" } else { "others may reach" };
    let finding = VendorFinding {
        uid,
        title: resource.as_ref().map(|resource| format!("{what} {resource}")),
        types: vec![kind],
        created_time: tree.when(&["detail/createdAt", "createdAt"]).ok().map(|time| time.as_millisecond()),
        status: match state.as_deref() {
            Some("ACTIVE") => FindingStatus::New,
            Some("ARCHIVED") => FindingStatus::Archived,
            Some("RESOLVED") => FindingStatus::Resolved,
            _ => FindingStatus::Unknown,
        },
        ..VendorFinding::default()
    };
    event.set_finding(finding);
    let kind = tree.take(&["detail/resourceType", "resourceType"]);
    event.resources.extend(tree::resource(resource, None, kind.as_deref()));
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_that_anybody_may_reach() {
        let raw = br#"{"detail-type":"Access Analyzer Finding","time":"2026-03-02T10:12:00Z","account":"111122223333","region":"eu-west-1",
            "detail":{"id":"f-1","status":"ACTIVE","isPublic":true,"principal":{"AWS":"*"},"resource":"arn:aws:s3:::exports",
            "resourceType":"AWS::S3::Bucket","updatedAt":"2026-03-02T10:11:12Z","action":["s3:GetObject"]}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.severity, event.operation()), (Severity::High, Some("ExternalAccess")));
        assert_eq!(
            (event.actor_key.as_deref(), event.resource_uids()),
            (None, vec!["arn:aws:s3:::exports".to_owned()])
        );
        assert_eq!(event.unmapped["detail"]["action"][0], "s3:GetObject");
    }
}
