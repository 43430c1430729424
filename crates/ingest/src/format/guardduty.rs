//! Amazon GuardDuty findings (`aws/guardduty`): Detection Finding.
//!
//! As exported to S3, out of EventBridge's `detail`, and from the API, whose names start with capitals. Rules see the spelling
//! of export and event (`type`, `severity`, `resource.accessKeyDetails`, `service.action`); the API's is turned into it.
//! A finding that repeats comes again with a later `updatedAt` and is an event of its own.

use std::borrow::Cow;

use ocsf::{
    Account, Actor, Api, Class, Cloud, Endpoint, Event, FindingStatus, Identified, Resource, Severity, User,
    VendorFinding,
};

use super::findings::{self, instant};
use super::json::{List, Scalar, fields, parse};
use super::{Format, Unreadable, aws, azure, time};

fields!(Record {
    id = "id": Scalar<'a>,
    arn = "arn": Scalar<'a>,
    account = "accountId": Scalar<'a>,
    region = "region": Scalar<'a>,
    kind = "type": Scalar<'a>,
    severity = "severity": Scalar<'a>,
    title = "title": Scalar<'a>,
    description = "description": Scalar<'a>,
    created = "createdAt": Scalar<'a>,
    updated = "updatedAt": Scalar<'a>,
    resource = "resource": Affected<'a>,
    service = "service": Service<'a>,
});
fields!(Affected {
    key = "accessKeyDetails": AccessKey<'a>,
    buckets = "s3BucketDetails": List<Bucket<'a>>,
    instance = "instanceDetails": Instance<'a>,
    cluster = "eksClusterDetails": ByArn<'a>,
    database = "rdsDbInstanceDetails": Database<'a>,
    login = "rdsDbUserDetails": Login<'a>,
    function = "lambdaDetails": Function<'a>,
    kubernetes = "kubernetesDetails": Kubernetes<'a>,
});
fields!(AccessKey {
    id = "accessKeyId": Scalar<'a>,
    principal = "principalId": Scalar<'a>,
    name = "userName": Scalar<'a>,
    kind = "userType": Scalar<'a>,
});
fields!(Bucket { arn = "arn": Scalar<'a>, name = "name": Scalar<'a> });
fields!(Instance { id = "instanceId": Scalar<'a> });
fields!(ByArn { arn = "arn": Scalar<'a>, name = "name": Scalar<'a> });
fields!(Database { arn = "dbInstanceArn": Scalar<'a>, id = "dbInstanceIdentifier": Scalar<'a> });
fields!(Login { user = "user": Scalar<'a> });
fields!(Function { arn = "functionArn": Scalar<'a> });
fields!(Kubernetes { user = "kubernetesUserDetails": KubernetesUser<'a> });
fields!(KubernetesUser { name = "username": Scalar<'a> });
fields!(Service {
    first = "eventFirstSeen": Scalar<'a>,
    last = "eventLastSeen": Scalar<'a>,
    archived = "archived": Scalar<'a>,
    count = "count": Scalar<'a>,
    action = "action": Action<'a>,
});
fields!(Action {
    kind = "actionType": Scalar<'a>,
    call = "awsApiCallAction": Call<'a>,
    kubernetes = "kubernetesApiCallAction": Call<'a>,
    connection = "networkConnectionAction": Connection<'a>,
    probe = "portProbeAction": Probe<'a>,
    login = "rdsLoginAttemptAction": Call<'a>,
    dns = "dnsRequestAction": DnsRequest<'a>,
});
fields!(Call {
    api = "api": Scalar<'a>,
    service = "serviceName": Scalar<'a>,
    verb = "verb": Scalar<'a>,
    remote = "remoteIpDetails": Remote<'a>,
});
fields!(Connection { direction = "connectionDirection": Scalar<'a>, remote = "remoteIpDetails": Remote<'a> });
fields!(Probe { details = "portProbeDetails": List<Probed<'a>> });
fields!(Probed { remote = "remoteIpDetails": Remote<'a> });
fields!(Remote { v4 = "ipAddressV4": Scalar<'a>, v6 = "ipAddressV6": Scalar<'a> });
fields!(DnsRequest { domain = "domain": Scalar<'a> });

impl Remote<'_> {
    fn address(&self) -> Option<&str> {
        self.v4.text().or(self.v6.text())
    }
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Cow<'_, [u8]> {
    findings::lower_camel(raw)
}

/// A finding as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let spelled = findings::lower_camel(raw);
    let record: Record<'_> = parse(&spelled)?;
    let written = record.updated.text().or(record.created.text()).or(record.service.last.text());
    let written = written.ok_or_else(|| Unreadable::missing("updatedAt (or createdAt)"))?;
    let when = time::required("updatedAt", written)?;
    let kind = record.kind.required("type")?;
    let id = record.id.required("id")?;

    let mut event = Event::new(Format::GuardDuty.id(), Class::DetectionFinding, when, raw);
    let finding = finding(&record, id, kind);
    event.activity_id = match record.service.count.count() {
        Some(count) if count > 1 && finding.status == FindingStatus::New => 2,
        _ => finding.status.activity_id(),
    };
    event.finding = Some(Box::new(finding));
    event.severity = severity(&record.severity);
    event.metadata = ocsf::Metadata {
        uid: format!("{id}/{written}").into(),
        product_name: "GuardDuty",
        vendor_name: "AWS",
        event_code: Some(kind.to_owned()),
        correlation_uid: Some(id.to_owned()),
        ..ocsf::Metadata::default()
    };
    event.message = record.title.string();
    let account = record.account.string().map(Account::aws);
    event.cloud = Some(Cloud { provider: "AWS", region: record.region.string(), zone: None, account });
    event.actor_key = actor_key(&record);
    event.actor = actor(&record).map(Box::new);
    event.api = api(&record.service.action).map(Box::new);
    set_remote(&mut event, &record.service.action);
    event.resources = resources(&record.resource);
    Ok(event)
}

fn finding(record: &Record<'_>, id: &str, kind: &str) -> VendorFinding {
    VendorFinding {
        uid: id.to_owned(),
        title: record.title.string(),
        desc: record.description.string(),
        types: vec![kind.to_owned()],
        created_time: instant(&record.created),
        modified_time: instant(&record.updated),
        first_seen_time: instant(&record.service.first),
        last_seen_time: instant(&record.service.last),
        src_url: None,
        status: if record.service.archived.truth() == Some(true) {
            FindingStatus::Archived
        } else {
            FindingStatus::New
        },
    }
}

/// GuardDuty user guide, "Severity levels of GuardDuty findings": 1.0 low, 4.0 medium, 7.0 high, 9.0 critical.
fn severity(value: &Scalar<'_>) -> Severity {
    let number = value.string().and_then(|text| text.parse::<f64>().ok());
    match number {
        Some(number) if number >= 9.0 => Severity::Critical,
        Some(number) if number >= 7.0 => Severity::High,
        Some(number) if number >= 4.0 => Severity::Medium,
        Some(number) if number >= 0.0 => Severity::Low,
        _ => Severity::Unknown,
    }
}

/// Who the finding says did it: the principal of the access key, the user of the cluster or the database, else the remote
/// address.
fn actor_key(record: &Record<'_>) -> Option<String> {
    let key = &record.resource.key;
    let (kind, name) = (key.kind.text().unwrap_or_default(), key.name.text().unwrap_or_default());
    let principal = key.principal.text().unwrap_or_default();
    let by_key = record.account.text().and_then(|account| findings::principal_key(account, kind, name, principal));
    let cluster_user = record.resource.kubernetes.user.name.text().filter(|name| *name != "system:anonymous");
    let by_cluster = || cluster_user.map(|name| format!("k8s:{name}"));
    let by_login = || {
        let server = record.resource.database.id.text().unwrap_or("unknown");
        record.resource.login.user.text().map(|user| format!("sql:{server}/{user}"))
    };
    let by_address = || remote(&record.service.action).and_then(aws::key_of_ip);
    by_key.or_else(by_cluster).or_else(by_login).or_else(by_address)
}

fn actor(record: &Record<'_>) -> Option<Actor> {
    let key = &record.resource.key;
    let user = User {
        name: [&key.name, &record.resource.kubernetes.user.name, &record.resource.login.user]
            .into_iter()
            .find_map(Scalar::string),
        uid: key.principal.string(),
        kind: key.kind.string(),
        credential_uid: key.id.string(),
        ..User::default()
    };
    let known = user.name.is_some() || user.uid.is_some();
    known.then(|| Actor { user: Some(user), ..Actor::default() })
}

fn api(action: &Action<'_>) -> Option<Api> {
    let operation = action.call.api.string().or_else(|| action.kubernetes.verb.string())?;
    Some(Api { operation, service: action.call.service.string().map(Identified::named), ..Api::default() })
}

/// The remote end is the source of calls and of what comes in, and the target of what goes out.
fn set_remote(event: &mut Event, action: &Action<'_>) {
    let remote_end = remote(action).map(azure::endpoint);
    if action.connection.direction.text() == Some("OUTBOUND") {
        event.dst_endpoint = remote_end;
    } else {
        event.src_endpoint = remote_end;
    }
    if let Some(domain) = action.dns.domain.string() {
        event.dst_endpoint = Some(Endpoint { hostname: Some(domain), ..Endpoint::default() });
    }
}

fn remote<'r>(action: &'r Action<'_>) -> Option<&'r str> {
    let calls = [&action.call.remote, &action.kubernetes.remote, &action.connection.remote, &action.login.remote];
    let probed = || action.probe.details.0.iter().find_map(|probed| probed.remote.address());
    calls.iter().find_map(|remote| remote.address()).or_else(probed)
}

fn resources(affected: &Affected<'_>) -> Vec<Resource> {
    let of = |kind: &str, uid: Option<String>| {
        uid.map(|uid| Resource { uid: Some(uid), kind: Some(kind.to_owned()), ..Resource::default() })
    };
    let bucket = |bucket: &Bucket<'_>| {
        let arn = bucket.arn.string().or_else(|| Some(format!("arn:aws:s3:::{}", bucket.name.text()?)));
        of("AWS::S3::Bucket", arn)
    };
    let mut out: Vec<Resource> = affected.buckets.0.iter().filter_map(bucket).collect();
    out.extend(of("AWS::RDS::DBInstance", affected.database.arn.string().or_else(|| affected.database.id.string())));
    out.extend(of("AWS::EC2::Instance", affected.instance.id.string()));
    out.extend(of("AWS::EKS::Cluster", affected.cluster.arn.string().or_else(|| affected.cluster.name.string())));
    out.extend(of("AWS::Lambda::Function", affected.function.arn.string()));
    out.extend(of("AWS::IAM::AccessKey", affected.key.id.string()));
    out
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const EXPORTED: &str = r#"{"schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-1","id":"f-1",
        "type":"Exfiltration:S3/AnomalousBehavior","severity":8,"createdAt":"2026-03-02T10:11:12.000Z",
        "updatedAt":"2026-03-02T12:11:12.000Z","title":"t","resource":{"resourceType":"AccessKey",
        "accessKeyDetails":{"accessKeyId":"AKIA","principalId":"AROA:ci","userName":"deploy","userType":"AssumedRole"},
        "s3BucketDetails":[{"arn":"arn:aws:s3:::larkfield-exports"}]},
        "service":{"serviceName":"guardduty","archived":false,"count":3,"action":{"actionType":"AWS_API_CALL",
        "awsApiCallAction":{"api":"GetObject","serviceName":"s3.amazonaws.com","remoteIpDetails":{"ipAddressV4":"192.0.2.7"}}}}}"#;

    #[test]
    fn a_finding() {
        let event = normalize(EXPORTED.as_bytes()).unwrap();
        assert_eq!((event.type_uid(), event.severity), (200_402, Severity::High));
        assert_eq!(event.actor_key.as_deref(), Some("aws:role-session:111122223333/deploy/ci"));
        assert_eq!(event.hot().operation, Some("Exfiltration:S3/AnomalousBehavior"));
        assert_eq!(event.hot().src_ip, Some("192.0.2.7"));
        assert_eq!(event.hot().resources, ["arn:aws:s3:::larkfield-exports", "AKIA"]);
        assert_eq!(event.uid(), "f-1/2026-03-02T12:11:12.000Z");
    }

    #[test]
    fn the_spelling_of_the_api_makes_no_difference() {
        let mut api = EXPORTED.to_owned();
        for name in ["accountId", "region", "id", "type", "severity", "updatedAt", "createdAt", "resource", "service"] {
            let (first, rest) = name.split_at(1);
            api = api.replace(&format!("\"{name}\":"), &format!("\"{}{rest}\":", first.to_uppercase()));
        }
        assert_ne!(api, EXPORTED);
        let (one, other) = (normalize(EXPORTED.as_bytes()).unwrap(), normalize(api.as_bytes()).unwrap());
        assert_eq!((&one.actor_key, &one.finding), (&other.actor_key, &other.finding));
        let view: Value = serde_json::from_slice(&view(api.as_bytes())).unwrap();
        assert_eq!(view["resource"]["accessKeyDetails"]["userName"], "deploy");
    }

    #[test]
    fn severities() {
        let of = |number| severity(&Scalar::Float(number));
        assert_eq!([of(9.0), of(8.9), of(7.0), of(6.9), of(3.9)].map(Severity::id), [5, 4, 4, 3, 2]);
        assert_eq!(severity(&Scalar::Absent), Severity::Unknown);
    }
}
