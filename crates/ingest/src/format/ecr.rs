//! Container registry events of AWS (`aws/ecr`): API Activity for what was done to an image, Detection Finding for a scan of it.
//!
//! EventBridge only: calls to the registry are in CloudTrail, and there is no log of pulled layers. Rules see the envelope with its
//! `detail`. Contents: ECR user guide, "Amazon ECR events and EventBridge".

use ocsf::{Class, Event, FindingStatus, Resource, Severity, Status, VendorFinding};

use super::awsconfig::place;
use super::tree::{Tree, begin};
use super::{Format, Unreadable};

const PRODUCT: (&str, &str) = ("AWS", "Amazon ECR");

/// The kinds of events that are read with their envelope.
pub(super) fn is_detail(kind: &[u8]) -> bool {
    kind.starts_with(b"\"ECR ")
}

/// An action on an image, or the result of a scan.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["time"])?;
    let scan = tree.has("detail/finding-severity-counts") || tree.has("detail/scan-status");
    let action = tree.take(&["detail/action-type", "detail-type"]).unwrap_or_default();
    let (class, operation) =
        if scan { (Class::DetectionFinding, "ImageScan".to_owned()) } else { (Class::ApiActivity, action) };
    let mut event = begin(Format::Ecr, class, when, raw, PRODUCT, &operation);
    event.metadata.uid = tree.take(&["id"]).into();
    place(&mut event, &mut tree, &["account"], &["region"]);
    event.status = match tree.take(&["detail/result", "detail/scan-status"]).as_deref() {
        Some("SUCCESS" | "COMPLETE") => Status::Success,
        Some("FAILURE" | "FAILED") => Status::Failure,
        _ => Status::Unknown,
    };
    event.activity_id = match operation.as_str() {
        "PUSH" => 1,
        "PULL" => 2,
        "DELETE" => 4,
        _ if scan => 1,
        _ => 99,
    };
    let repository = tree.take(&["detail/repository-name"]);
    let digest = tree.take(&["detail/image-digest"]);
    let named = repository.as_ref().map(|name| format!("{name}@{}", digest.as_deref().unwrap_or("latest")));
    event.resources.extend(named.clone().map(|uid| Resource {
        uid: Some(uid),
        name: repository,
        kind: Some("AWS::ECR::Image".to_owned()),
        owner: None,
    }));
    if scan {
        let count =
            |tree: &mut Tree, name: &str| tree.count(&[&format!("detail/finding-severity-counts/{name}")]).unwrap_or(0);
        let (critical, high) = (count(&mut tree, "CRITICAL"), count(&mut tree, "HIGH"));
        event.severity = match (critical, high) {
            (1.., _) => Severity::Critical,
            (_, 1..) => Severity::High,
            _ => Severity::Informational,
        };
        let uid = named.unwrap_or_else(|| event.uid().to_owned());
        let title = format!("image scan: {critical} critical, {high} high");
        let status = FindingStatus::New;
        event.finding = Some(Box::new(VendorFinding { uid, title: Some(title), status, ..VendorFinding::default() }));
    }
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_and_a_scan() {
        let push = br#"{"id":"e-1","detail-type":"ECR Image Action","time":"2026-03-02T10:11:12Z","account":"111122223333","detail":{
            "result":"SUCCESS","repository-name":"shop","image-digest":"sha256:1","action-type":"PUSH","image-tag":"v1"}}"#;
        let event = normalize(push).unwrap();
        assert_eq!((event.type_uid(), event.operation(), event.status), (600_301, Some("PUSH"), Status::Success));
        assert_eq!(
            (event.resource_uids(), &event.unmapped["detail"]["image-tag"]),
            (vec!["shop@sha256:1".to_owned()], &"v1".into())
        );
        let scan = br#"{"detail-type":"ECR Image Scan","time":"2026-03-02T10:11:12Z","detail":{"scan-status":"COMPLETE","repository-name":"shop",
            "finding-severity-counts":{"CRITICAL":2,"HIGH":1}}}"#;
        assert_eq!(normalize(scan).unwrap().severity, Severity::Critical);
    }
}
