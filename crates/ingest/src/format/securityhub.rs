//! AWS Security Hub findings in the AWS Security Finding Format (`aws/securityhub`): Detection Finding.
//!
//! Out of the API's `Findings`, out of EventBridge's `detail.findings` (one event per finding) and as JSON lines. Rules see the
//! finding itself. Findings that are OCSF already (`Findings Imported V2`) are not read.

use ocsf::{
    Account, Actor, Api, Class, Cloud, Endpoint, Event, FindingStatus, Identified, Resource, Severity, Status, User,
    VendorFinding,
};

use super::findings::{self, instant};
use super::json::{List, Scalar, fields, parse};
use super::{Format, Unreadable, aws, azure, time};

fields!(Record {
    id = "Id": Scalar<'a>,
    product_arn = "ProductArn": Scalar<'a>,
    product_name = "ProductName": Scalar<'a>,
    generator = "GeneratorId": Scalar<'a>,
    account = "AwsAccountId": Scalar<'a>,
    region = "Region": Scalar<'a>,
    types = "Types": List<Scalar<'a>>,
    created = "CreatedAt": Scalar<'a>,
    updated = "UpdatedAt": Scalar<'a>,
    first = "FirstObservedAt": Scalar<'a>,
    last = "LastObservedAt": Scalar<'a>,
    severity = "Severity": Graded<'a>,
    title = "Title": Scalar<'a>,
    description = "Description": Scalar<'a>,
    source_url = "SourceUrl": Scalar<'a>,
    resources = "Resources": List<Affected<'a>>,
    compliance = "Compliance": Compliance<'a>,
    workflow = "Workflow": Workflow<'a>,
    record_state = "RecordState": Scalar<'a>,
    action = "Action": Action<'a>,
    network = "Network": Network<'a>,
});
fields!(Graded { label = "Label": Scalar<'a>, normalized = "Normalized": Scalar<'a> });
fields!(Affected {
    id = "Id": Scalar<'a>,
    kind = "Type": Scalar<'a>,
    region = "Region": Scalar<'a>,
    details = "Details": Details<'a>,
});
fields!(Details { key = "AwsIamAccessKey": AccessKey<'a> });
fields!(AccessKey {
    name = "PrincipalName": Scalar<'a>,
    user = "UserName": Scalar<'a>,
    id = "PrincipalId": Scalar<'a>,
    kind = "PrincipalType": Scalar<'a>,
});
fields!(Compliance { status = "Status": Scalar<'a> });
fields!(Workflow { status = "Status": Scalar<'a> });
fields!(Action { call = "AwsApiCallAction": Call<'a>, connection = "NetworkConnectionAction": Connection<'a>, probe = "PortProbeAction": Probe<'a> });
fields!(Call { api = "Api": Scalar<'a>, service = "ServiceName": Scalar<'a>, remote = "RemoteIpDetails": Remote<'a> });
fields!(Connection { remote = "RemoteIpDetails": Remote<'a> });
fields!(Probe { details = "PortProbeDetails": List<Connection<'a>> });
fields!(Remote { v4 = "IpAddressV4": Scalar<'a> });
fields!(Network {
    source_v4 = "SourceIpV4": Scalar<'a>,
    source_v6 = "SourceIpV6": Scalar<'a>,
    source_domain = "SourceDomain": Scalar<'a>,
    source_port = "SourcePort": Scalar<'a>,
    target_v4 = "DestinationIpV4": Scalar<'a>,
    target_v6 = "DestinationIpV6": Scalar<'a>,
    target_domain = "DestinationDomain": Scalar<'a>,
    target_port = "DestinationPort": Scalar<'a>,
});

/// A finding as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let written = record.updated.text().or(record.created.text());
    let written = written.ok_or_else(|| Unreadable::missing("UpdatedAt (or CreatedAt)"))?;
    let when = time::required("UpdatedAt", written)?;
    let id = record.id.required("Id")?;

    let mut event = Event::new(Format::SecurityHub.id(), Class::DetectionFinding, when, raw);
    let finding = finding(&record, id);
    event.activity_id = match finding.status {
        FindingStatus::New if record.created.text() != Some(written) => 2,
        status => status.activity_id(),
    };
    event.finding = Some(Box::new(finding));
    event.severity = severity(&record.severity);
    event.metadata = ocsf::Metadata {
        uid: format!("{id}/{written}").into(),
        product_name: "Security Hub",
        vendor_name: "AWS",
        feature: record.product_name.string().or_else(|| record.product_arn.string()),
        event_code: record.types.0.first().and_then(Scalar::string).or_else(|| record.generator.string()),
        correlation_uid: Some(id.to_owned()),
        ..ocsf::Metadata::default()
    };
    event.message = record.title.string();
    let region = record.region.string().or_else(|| record.resources.0.first()?.region.string());
    event.cloud =
        Some(Cloud { provider: "AWS", region, zone: None, account: record.account.string().map(Account::aws) });
    event.status = match record.compliance.status.text() {
        Some("PASSED") => Status::Success,
        Some("FAILED") => Status::Failure,
        _ => Status::Unknown,
    };
    event.status_code = record.compliance.status.string();
    event.api = record
        .action
        .call
        .api
        .string()
        .map(|operation| Api {
            operation,
            service: record.action.call.service.string().map(Identified::named),
            ..Api::default()
        })
        .map(Box::new);
    event.src_endpoint = source(&record);
    event.dst_endpoint = endpoint(
        record.network.target_v4.text().or(record.network.target_v6.text()),
        &record.network.target_domain,
        &record.network.target_port,
    );
    event.actor = actor(&record).map(Box::new);
    event.actor_key = actor_key(&record, &event);
    event.resources = record.resources.0.iter().filter_map(resource).collect();
    Ok(event)
}

fn finding(record: &Record<'_>, id: &str) -> VendorFinding {
    let status = match (record.record_state.text(), record.workflow.status.text()) {
        (Some("ARCHIVED"), _) => FindingStatus::Archived,
        (_, Some("NOTIFIED")) => FindingStatus::InProgress,
        (_, Some("RESOLVED")) => FindingStatus::Resolved,
        (_, Some("SUPPRESSED")) => FindingStatus::Suppressed,
        _ => FindingStatus::New,
    };
    VendorFinding {
        uid: id.to_owned(),
        title: record.title.string(),
        desc: record.description.string(),
        types: record.types.0.iter().filter_map(Scalar::string).collect(),
        created_time: instant(&record.created),
        modified_time: instant(&record.updated),
        first_seen_time: instant(&record.first),
        last_seen_time: instant(&record.last),
        src_url: record.source_url.string(),
        status,
    }
}

/// The label, else the number from 0 to 100 (Security Hub user guide, ASFF `Severity`).
fn severity(graded: &Graded<'_>) -> Severity {
    let of_label = Severity::from_level(graded.label.text().unwrap_or_default());
    match (of_label, graded.normalized.count()) {
        (Severity::Unknown, Some(90..)) => Severity::Critical,
        (Severity::Unknown, Some(70..)) => Severity::High,
        (Severity::Unknown, Some(40..)) => Severity::Medium,
        (Severity::Unknown, Some(1..)) => Severity::Low,
        (Severity::Unknown, Some(0)) => Severity::Informational,
        (known, _) => known,
    }
}

fn endpoint(address: Option<&str>, domain: &Scalar<'_>, port: &Scalar<'_>) -> Option<Endpoint> {
    let at = address.map(azure::endpoint).unwrap_or_default();
    let port = port.count().and_then(|port| u16::try_from(port).ok());
    let end = Endpoint { hostname: domain.string(), port: port.or(at.port), ..at };
    (!end.is_anonymous()).then_some(end)
}

fn source(record: &Record<'_>) -> Option<Endpoint> {
    let action = &record.action;
    let remotes = [&action.call.remote, &action.connection.remote];
    let probed = || action.probe.details.0.iter().find_map(|one| one.remote.v4.text());
    let acting = remotes.iter().find_map(|remote| remote.v4.text()).or_else(probed);
    let network = &record.network;
    match network.source_v4.text().or(network.source_v6.text()) {
        Some(address) => endpoint(Some(address), &network.source_domain, &network.source_port),
        None => acting.map(azure::endpoint),
    }
}

fn access_key<'r>(record: &'r Record<'_>) -> Option<&'r AccessKey<'r>> {
    let keys = record.resources.0.iter().map(|resource| &resource.details.key);
    keys.into_iter().find(|key| key.name.text().or(key.user.text()).is_some())
}

fn actor(record: &Record<'_>) -> Option<Actor> {
    let key = access_key(record)?;
    let user = User {
        name: key.name.string().or_else(|| key.user.string()),
        uid: key.id.string(),
        kind: key.kind.string(),
        ..User::default()
    };
    Some(Actor { user: Some(user), ..Actor::default() })
}

/// The principal of the access key the finding is about, else the remote address of what it saw.
fn actor_key(record: &Record<'_>, event: &Event) -> Option<String> {
    let by_key = access_key(record).zip(record.account.text()).and_then(|(key, account)| {
        let name = key.name.text().or(key.user.text())?;
        findings::principal_key(account, key.kind.text().unwrap_or_default(), name, key.id.text().unwrap_or_default())
    });
    let seen = record.action.call.api.text().is_some() || !record.action.probe.details.0.is_empty();
    let address = event.src_endpoint.as_ref().and_then(|end| end.ip.as_deref()).filter(|_| seen);
    by_key.or_else(|| address.and_then(aws::key_of_ip))
}

fn resource(affected: &Affected<'_>) -> Option<Resource> {
    Some(Resource { uid: Some(affected.id.string()?), kind: affected.kind.string(), ..Resource::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_about_an_access_key() {
        let raw = br#"{"SchemaVersion":"2018-10-08","Id":"arn:f/1","ProductArn":"p","GeneratorId":"g","AwsAccountId":"111122223333",
            "Region":"eu-west-1","Types":["TTPs/Exfiltration"],"CreatedAt":"2026-03-02T10:11:12.000Z",
            "UpdatedAt":"2026-03-02T12:11:12.000Z","Severity":{"Normalized":80},"Title":"t","RecordState":"ACTIVE",
            "Workflow":{"Status":"NEW"},"Resources":[{"Type":"AwsIamAccessKey","Id":"AWS::IAM::AccessKey:AKIA","Details":{
            "AwsIamAccessKey":{"PrincipalName":"ann","PrincipalType":"IAMUser","PrincipalId":"AIDA"}}}],
            "Action":{"AwsApiCallAction":{"Api":"GetObject","RemoteIpDetails":{"IpAddressV4":"192.0.2.7"}}}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.severity), (200_402, Severity::High));
        assert_eq!(event.actor_key.as_deref(), Some("aws:user:111122223333/ann"));
        assert_eq!(event.hot().operation, Some("TTPs/Exfiltration"));
        assert_eq!(event.hot().src_ip, Some("192.0.2.7"));
        assert_eq!(event.hot().resources, ["AWS::IAM::AccessKey:AKIA"]);
    }
}
