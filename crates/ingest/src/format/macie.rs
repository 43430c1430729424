//! Amazon Macie findings (`aws/macie`): Detection Finding. As EventBridge delivers them and as the API returns them.
//!
//! Rules see the finding itself. What was found is counted by kind in `unmapped.sensitive_data`; the data itself is never in a
//! finding. Contents: Macie user guide, "Amazon EventBridge event schema for Macie findings".

use ocsf::{
    Account, Actor, Api, Class, Cloud, Event, FindingStatus, Identified, Resource, Severity, User, VendorFinding,
};
use serde_json::{Map, Value};

use super::findings::{self, instant};
use super::json::{List, Scalar, fields, parse};
use super::{Format, Unreadable, aws, azure, time};

fields!(Record {
    id = "id": Scalar<'a>,
    account = "accountId": Scalar<'a>,
    region = "region": Scalar<'a>,
    kind = "type": Scalar<'a>,
    category = "category": Scalar<'a>,
    severity = "severity": Graded<'a>,
    title = "title": Scalar<'a>,
    description = "description": Scalar<'a>,
    created = "createdAt": Scalar<'a>,
    updated = "updatedAt": Scalar<'a>,
    archived = "archived": Scalar<'a>,
    count = "count": Scalar<'a>,
    affected = "resourcesAffected": Affected<'a>,
    classification = "classificationDetails": Classification<'a>,
    policy = "policyDetails": Policy<'a>,
});
fields!(Graded { description = "description": Scalar<'a> });
fields!(Affected { bucket = "s3Bucket": Bucket<'a>, object = "s3Object": Object<'a> });
fields!(Bucket { arn = "arn": Scalar<'a>, name = "name": Scalar<'a>, owner = "owner": Owner<'a> });
fields!(Owner { id = "id": Scalar<'a>, name = "displayName": Scalar<'a> });
fields!(Object { path = "path": Scalar<'a>, key = "key": Scalar<'a> });
fields!(Classification { result = "result": Outcome<'a> });
fields!(Outcome { data = "sensitiveData": List<Sensitive<'a>> });
fields!(Sensitive { category = "category": Scalar<'a>, detections = "detections": List<Detected<'a>> });
fields!(Detected { kind = "type": Scalar<'a>, count = "count": Scalar<'a> });
fields!(Policy { action = "action": Action<'a>, actor = "actor": Party<'a> });
fields!(Action { call = "apiCallDetails": Call<'a> });
fields!(Call { api = "api": Scalar<'a>, service = "apiServiceName": Scalar<'a>, last = "lastSeen": Scalar<'a>, first = "firstSeen": Scalar<'a> });
fields!(Party { address = "ipAddressDetails": Address<'a>, identity = "userIdentity": Identity<'a> });
fields!(Address { v4 = "ipAddressV4": Scalar<'a> });
fields!(Identity {
    kind = "type": Scalar<'a>,
    user = "iamUser": Principal<'a>,
    role = "assumedRole": Principal<'a>,
    root = "root": Principal<'a>,
    federated = "federatedUser": Principal<'a>,
});
fields!(Principal { arn = "arn": Scalar<'a>, name = "userName": Scalar<'a>, id = "principalId": Scalar<'a> });

impl Identity<'_> {
    fn principal(&self) -> Option<&Principal<'_>> {
        [&self.user, &self.role, &self.root, &self.federated].into_iter().find(|one| one.arn.text().is_some())
    }
}

/// A finding as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let written = record.updated.text().or(record.created.text());
    let written = written.ok_or_else(|| Unreadable::missing("updatedAt (or createdAt)"))?;
    let when = time::required("updatedAt", written)?;
    let kind = record.kind.required("type")?;
    let id = record.id.required("id")?;

    let mut event = Event::new(Format::Macie.id(), Class::DetectionFinding, when, raw);
    let status = if record.archived.truth() == Some(true) { FindingStatus::Archived } else { FindingStatus::New };
    let repeated = record.count.count().is_some_and(|count| count > 1) && status == FindingStatus::New;
    event.activity_id = if repeated { 2 } else { status.activity_id() };
    event.severity = Severity::from_level(record.severity.description.text().unwrap_or_default());
    event.metadata = ocsf::Metadata {
        uid: format!("{id}/{written}").into(),
        product_name: "Macie",
        vendor_name: "AWS",
        feature: record.category.string(),
        event_code: Some(kind.to_owned()),
        correlation_uid: Some(id.to_owned()),
        ..ocsf::Metadata::default()
    };
    event.message = record.title.string();
    event.cloud = Some(Cloud {
        provider: "AWS",
        region: record.region.string(),
        zone: None,
        account: record.account.string().map(Account::aws),
    });
    let call = &record.policy.action.call;
    event.finding = Some(Box::new(VendorFinding {
        uid: id.to_owned(),
        title: record.title.string(),
        desc: record.description.string(),
        types: vec![kind.to_owned()],
        created_time: instant(&record.created),
        modified_time: instant(&record.updated),
        first_seen_time: instant(&call.first),
        last_seen_time: instant(&call.last),
        src_url: None,
        status,
    }));
    event.api = call
        .api
        .string()
        .map(|operation| Api { operation, service: call.service.string().map(Identified::named), ..Api::default() })
        .map(Box::new);
    set_actor(&mut event, &record);
    event.resources = resources(&record.affected);
    let seen = sensitive(&record.classification.result);
    if !seen.is_empty() {
        event.unmapped.insert("sensitive_data".to_owned(), Value::Object(seen));
    }
    Ok(event)
}

fn set_actor(event: &mut Event, record: &Record<'_>) {
    let party = &record.policy.actor;
    event.src_endpoint = party.address.v4.text().map(azure::endpoint);
    let by_address = || party.address.v4.text().and_then(aws::key_of_ip);
    let principal = party.identity.principal();
    let arn = principal.and_then(|principal| principal.arn.text());
    event.actor_key = arn.and_then(|arn| findings::arn_key(record.account.text(), arn)).or_else(by_address);
    event.actor = principal
        .map(|principal| Actor {
            user: Some(User {
                name: principal.name.string(),
                uid: principal.arn.string(),
                uid_alt: principal.id.string(),
                kind: party.identity.kind.string(),
                ..User::default()
            }),
            ..Actor::default()
        })
        .map(Box::new);
}

/// The object, then its bucket.
fn resources(affected: &Affected<'_>) -> Vec<Resource> {
    let (bucket, object) = (&affected.bucket, &affected.object);
    let owner = bucket.owner.id.string().or_else(|| bucket.owner.name.string());
    let owner = owner.map(|uid| User { uid: Some(uid), ..User::default() });
    let name = bucket.name.string();
    let mut out = Vec::new();
    let path = object.path.string().or_else(|| Some(format!("{}/{}", name.as_deref()?, object.key.text()?)));
    out.extend(path.map(|path| Resource {
        uid: Some(format!("arn:aws:s3:::{path}")),
        kind: Some("AWS::S3::Object".to_owned()),
        ..Resource::default()
    }));
    let arn = bucket.arn.string().or_else(|| Some(format!("arn:aws:s3:::{}", name.as_deref()?)));
    out.extend(arn.map(|arn| Resource { uid: Some(arn), name, kind: Some("AWS::S3::Bucket".to_owned()), owner }));
    out
}

/// How often each kind was seen, by category: `{"PERSONAL_INFORMATION":{"NAME":3}}`.
fn sensitive(outcome: &Outcome<'_>) -> Map<String, Value> {
    let mut out = Map::new();
    for found in &outcome.data.0 {
        let Some(category) = found.category.string() else { continue };
        let counts = found.detections.0.iter().filter_map(|one| Some((one.kind.string()?, one.count.count()?.into())));
        out.insert(category, Value::Object(counts.collect()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_data_and_policy() {
        let raw = br#"{"schemaVersion":"1.0","id":"m-1","accountId":"111122223333","region":"eu-west-1","category":"CLASSIFICATION",
            "type":"SensitiveData:S3Object/Personal","severity":{"score":3,"description":"High"},"count":1,"archived":false,
            "createdAt":"2026-03-02T10:11:12.345Z","updatedAt":"2026-03-02T10:11:12.345Z","resourcesAffected":{
            "s3Bucket":{"arn":"arn:aws:s3:::larkfield-exports","name":"larkfield-exports","owner":{"id":"79a5"}},
            "s3Object":{"key":"a/b.csv","path":"larkfield-exports/a/b.csv"}},"policyDetails":null,
            "classificationDetails":{"result":{"sensitiveData":[{"category":"PERSONAL_INFORMATION",
            "detections":[{"type":"NAME","count":30}]}]}}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.severity), (200_401, Severity::High));
        assert_eq!(event.hot().resources, ["arn:aws:s3:::larkfield-exports/a/b.csv", "arn:aws:s3:::larkfield-exports"]);
        assert_eq!(event.unmapped["sensitive_data"]["PERSONAL_INFORMATION"]["NAME"], 30);
        assert_eq!(event.actor_key, None);
        let policy = br#"{"id":"m-2","accountId":"111122223333","type":"Policy:IAMUser/S3BucketPublic","category":"POLICY",
            "updatedAt":"2026-03-02T10:11:12Z","severity":{"description":"High"},"resourcesAffected":{"s3Bucket":{"name":"b"}},
            "policyDetails":{"action":{"apiCallDetails":{"api":"PutBucketPolicy","apiServiceName":"s3.amazonaws.com"}},
            "actor":{"ipAddressDetails":{"ipAddressV4":"192.0.2.7"},"userIdentity":{"type":"AssumedRole","assumedRole":{
            "arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci","principalId":"AROA:ci"}}}}}"#;
        let event = normalize(policy).unwrap();
        assert_eq!(event.actor_key.as_deref(), Some("aws:role-session:111122223333/deploy/ci"));
        assert_eq!(event.hot().src_ip, Some("192.0.2.7"));
    }
}
