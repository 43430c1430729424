//! AWS Config (`aws/config`): API Activity for what changed, Detection Finding for what a rule says of it.
//!
//! Items of snapshots and histories (`configurationItems`), change notifications (EventBridge, or the message of the topic), and
//! changes of compliance. Rules see the record itself. Contents: AWS Config developer guide, "Components of a configuration item"
//! and "Example notifications".

use ocsf::{Account, Class, Cloud, Event, FindingStatus, Severity, Status, VendorFinding};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};

const PRODUCT: (&str, &str) = ("AWS", "AWS Config");
/// Where an item may stand: alone, in a message, in an event.
const ITEMS: [&str; 3] = ["detail/configurationItem/", "configurationItem/", ""];
/// The same for a result of a rule.
const RESULTS: [&str; 2] = ["detail/", ""];

/// An item, or a message about one.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    let item = keys.has(b"configurationItemStatus")
        && keys.count(&[b"resourceType", b"resourceId", b"configurationItemCaptureTime"]) >= 2;
    let message = keys.has(b"messageType")
        && keys.count(&[
            b"configurationItem",
            b"configurationItemDiff",
            b"configurationItemSummary",
            b"newEvaluationResult",
        ]) >= 1;
    item || message
}

/// The kinds of events that are read with their envelope.
pub(super) fn is_detail(kind: &[u8]) -> bool {
    matches!(kind, b"\"Config Configuration Item Change\"" | b"\"Config Rules Compliance Change\"")
}

/// An item or a result as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let mut event = match RESULTS.into_iter().find(|at| tree.has(&format!("{at}newEvaluationResult"))) {
        Some(at) => compliance(&mut tree, at, raw)?,
        None => item(&mut tree, raw)?,
    };
    event.unmapped = tree.rest();
    Ok(event)
}

fn item(tree: &mut Tree, raw: &[u8]) -> Result<Event, Unreadable> {
    let oversized = ["detail/configurationItemSummary/", "configurationItemSummary/"];
    let has = |at: &&str| tree.has(&format!("{at}resourceType"));
    let at = ITEMS.into_iter().chain(oversized).find(has).unwrap_or_default();
    let name = |field: &str| format!("{at}{field}");
    let when = tree.when(&[&name("configurationItemCaptureTime"), "notificationCreationTime", "time"])?;
    let change =
        tree.peek("detail/configurationItemDiff/changeType").or_else(|| tree.peek("configurationItemDiff/changeType"));
    let status = tree.take(&[&name("configurationItemStatus")]);
    let operation = change.or_else(|| status.clone()).unwrap_or_else(|| "ConfigurationItem".to_owned());
    let mut event = begin(Format::AwsConfig, Class::ApiActivity, when, raw, PRODUCT, &operation);
    event.activity_id = match operation.as_str() {
        "CREATE" | "ResourceDiscovered" => 1,
        "UPDATE" | "OK" => 3,
        "DELETE" | "ResourceDeleted" | "ResourceDeletedNotRecorded" => 4,
        _ => 99,
    };
    event.status = Status::Success;
    event.status_detail = status;
    place(&mut event, tree, &[&name("awsAccountId"), &name("accountId"), "account"], &[&name("awsRegion"), "region"]);
    event.metadata.product_version = tree.take(&[&name("configurationItemVersion"), &name("version")]);
    let uid = tree.take(&[&name("ARN"), &name("arn")]);
    let id = tree.take(&[&name("resourceId")]);
    let called = tree.take(&[&name("resourceName")]).or_else(|| id.clone());
    let kind = tree.take(&[&name("resourceType")]);
    event.resources.extend(tree::resource(uid.or(id), called, kind.as_deref()));
    Ok(event)
}

fn compliance(tree: &mut Tree, at: &str, raw: &[u8]) -> Result<Event, Unreadable> {
    let name = |field: &str| format!("{at}{field}");
    let when =
        tree.when(&[&name("newEvaluationResult/resultRecordedTime"), &name("notificationCreationTime"), "time"])?;
    let result = tree.required(&[&name("newEvaluationResult/complianceType")])?;
    let rule = tree.take(&[&name("configRuleName"), &name("configRuleARN")]);
    let rule = rule.unwrap_or_else(|| "rule".to_owned());
    let mut event = begin(Format::AwsConfig, Class::DetectionFinding, when, raw, PRODUCT, &rule);
    let broken = result == "NON_COMPLIANT";
    event.severity = if broken { Severity::Medium } else { Severity::Informational };
    place(&mut event, tree, &[&name("awsAccountId"), "account"], &[&name("awsRegion"), "region"]);
    event.status_detail = Some(result.clone());
    let kind = tree.take(&[&name("resourceType")]);
    let id = tree.take(&[&name("resourceId")]);
    let of = id.clone().unwrap_or_default();
    event.resources.extend(tree::resource(id, None, kind.as_deref()));
    let finding = VendorFinding {
        uid: format!("{rule}/{of}"),
        title: Some(rule),
        types: vec![result.clone()],
        // Neither `NOT_APPLICABLE` nor `INSUFFICIENT_DATA` says that a rule is kept.
        status: match result.as_str() {
            "NON_COMPLIANT" => FindingStatus::New,
            "COMPLIANT" => FindingStatus::Resolved,
            _ => FindingStatus::Unknown,
        },
        ..VendorFinding::default()
    };
    event.set_finding(finding);
    Ok(event)
}

/// Account and region. Accounts may be numbers.
pub(super) fn place(event: &mut Event, tree: &mut Tree, accounts: &[&str], regions: &[&str]) {
    let account = tree.take(accounts).map(Account::aws);
    event.cloud = Some(Cloud { provider: "AWS", region: tree.take(regions), zone: None, account });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_and_its_judgement() {
        let change = br#"{"detail-type":"Config Configuration Item Change","time":"2026-03-02T10:11:12Z","detail":{"messageType":"x",
            "configurationItemDiff":{"changeType":"UPDATE"},"configurationItem":{"configurationItemStatus":"OK","resourceType":"AWS::S3::Bucket",
            "configurationItemCaptureTime":"2026-03-02T10:10:00Z","resourceId":"b","ARN":"arn:aws:s3:::b","awsAccountId":"111122223333"}}}"#;
        let event = normalize(change).unwrap();
        assert_eq!(
            (event.type_uid(), event.operation(), event.account()),
            (600_303, Some("UPDATE"), Some("111122223333"))
        );
        assert_eq!(event.resource_uids(), ["arn:aws:s3:::b"]);
        assert_eq!(event.time.to_string(), "2026-03-02T10:10:00Z");
        assert_eq!(event.unmapped["detail"]["messageType"], "x");
        let judged = br#"{"detail-type":"Config Rules Compliance Change","time":"2026-03-02T10:11:12Z","account":"111122223333","detail":{
            "configRuleName":"s3-public","resourceId":"b","newEvaluationResult":{"complianceType":"NON_COMPLIANT"}}}"#;
        let event = normalize(judged).unwrap();
        assert_eq!((event.class, event.severity), (Class::DetectionFinding, Severity::Medium));
        assert_eq!(event.operation(), Some("s3-public"));
    }
}
