//! Microsoft Defender XDR incidents and alerts (`m365/defender`): Detection Finding.
//!
//! Four shapes: incident and alert of Microsoft Graph security (`alerts_v2`), incident of the Defender API and the alert inside it.
//! One record is one event, an incident with its alerts too. Rules see the record itself. Advanced-hunting events are not
//! findings and are not read. Contents: Microsoft Graph documentation, resource types `incident` and `alert`.

use ocsf::{Account, Actor, Class, Cloud, Event, FindingStatus, Resource, Severity, User, VendorFinding};

use super::findings::instant;
use super::json::{OneOrMore, Scalar, fields, parse};
use super::{Format, Unreadable, aws, azure, resourcelog, time};

fields!(Record {
    id = "id": Scalar<'a>,
    incident_id = "incidentId": Scalar<'a>,
    alert_id = "alertId": Scalar<'a>,
    tenant = "tenantId": Scalar<'a>,
    title = "title": Scalar<'a>,
    name = "displayName": Scalar<'a>,
    incident_name = "incidentName": Scalar<'a>,
    description = "description": Scalar<'a>,
    category = "category": Scalar<'a>,
    severity = "severity": Scalar<'a>,
    status = "status": Scalar<'a>,
    source = "serviceSource": Scalar<'a>,
    created = "createdDateTime": Scalar<'a>,
    created_api = "createdTime": Scalar<'a>,
    creation = "creationTime": Scalar<'a>,
    updated = "lastUpdateDateTime": Scalar<'a>,
    updated_api = "lastUpdateTime": Scalar<'a>,
    updated_alert = "lastUpdatedTime": Scalar<'a>,
    first = "firstActivityDateTime": Scalar<'a>,
    first_api = "firstActivity": Scalar<'a>,
    last = "lastActivityDateTime": Scalar<'a>,
    last_api = "lastActivity": Scalar<'a>,
    web_url = "incidentWebUrl": Scalar<'a>,
    alert_url = "alertWebUrl": Scalar<'a>,
    alerts = "alerts": OneOrMore<Alert<'a>>,
    evidence = "evidence": OneOrMore<Evidence<'a>>,
    entities = "entities": OneOrMore<Entity<'a>>,
});
fields!(Alert {
    title = "title": Scalar<'a>,
    category = "category": Scalar<'a>,
    evidence = "evidence": OneOrMore<Evidence<'a>>,
    entities = "entities": OneOrMore<Entity<'a>>,
});
fields!(Evidence {
    kind = "@odata.type": Scalar<'a>,
    user = "userAccount": UserAccount<'a>,
    device = "deviceDnsName": Scalar<'a>,
    device_id = "mdeDeviceId": Scalar<'a>,
    address = "ipAddress": Scalar<'a>,
    sender_ip = "senderIp": Scalar<'a>,
    mailbox = "primaryAddress": Scalar<'a>,
    app_id = "appId": Scalar<'a>,
    resource = "resourceId": Scalar<'a>,
});
fields!(UserAccount { upn = "userPrincipalName": Scalar<'a>, name = "accountName": Scalar<'a>, id = "azureAdUserId": Scalar<'a> });
fields!(Entity {
    kind = "entityType": Scalar<'a>,
    upn = "userPrincipalName": Scalar<'a>,
    name = "accountName": Scalar<'a>,
    id = "aadUserId": Scalar<'a>,
    address = "ipAddress": Scalar<'a>,
    device = "deviceId": Scalar<'a>,
    mailbox = "mailboxAddress": Scalar<'a>,
});

fn text<'r>(choices: &[&'r Scalar<'_>]) -> Option<&'r str> {
    choices.iter().find_map(|one| one.text())
}

/// An incident or alert as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let updated = [&record.updated, &record.updated_api, &record.updated_alert];
    let created = [&record.created, &record.created_api, &record.creation];
    let written = text(&updated).or(text(&created));
    let written = written.ok_or_else(|| Unreadable::missing("lastUpdateDateTime (or createdDateTime)"))?;
    let when = time::required("lastUpdateDateTime", written)?;
    let id = [&record.id, &record.alert_id, &record.incident_id].into_iter().find_map(Scalar::string);
    let id = id.ok_or_else(|| Unreadable::missing("id (or incidentId, alertId)"))?;

    let mut event = Event::new(Format::M365Defender.id(), Class::DetectionFinding, when, raw);
    let finding = finding(&record, &id);
    let again = text(&created).is_some_and(|created| created != written);
    event.activity_id = match finding.status {
        FindingStatus::New if again => 2,
        status => status.activity_id(),
    };
    let first_alert = record.alerts.0.first();
    let category = record.category.string().or_else(|| first_alert?.category.string());
    event.message.clone_from(&finding.title);
    event.finding = Some(Box::new(finding));
    event.severity = Severity::from_level(record.severity.text().unwrap_or_default());
    let tenant = record.tenant.string();
    event.metadata = ocsf::Metadata {
        uid: format!("{id}/{written}").into(),
        product_name: "Microsoft Defender XDR",
        vendor_name: "Microsoft",
        feature: record.source.string(),
        event_code: category.or_else(|| event.message.clone()),
        correlation_uid: record.incident_id.string().or(Some(id)),
        tenant_uid: tenant.clone(),
        ..ocsf::Metadata::default()
    };
    event.cloud =
        Some(Cloud { provider: "Microsoft 365", region: None, zone: None, account: tenant.map(Account::m365_tenant) });
    set_evidence(&mut event, &record);
    Ok(event)
}

fn finding(record: &Record<'_>, id: &str) -> VendorFinding {
    let title = text(&[&record.title, &record.name, &record.incident_name]);
    let at = |choices: &[&Scalar<'_>]| choices.iter().find_map(|one| instant(one));
    let mut types: Vec<String> = record.category.string().into_iter().collect();
    types.extend(record.alerts.0.iter().filter_map(|alert| alert.category.string()));
    types.dedup();
    VendorFinding {
        uid: id.to_owned(),
        title: title.map(str::to_owned).or_else(|| record.alerts.0.first()?.title.string()),
        desc: record.description.string(),
        types,
        created_time: at(&[&record.created, &record.created_api, &record.creation]),
        modified_time: at(&[&record.updated, &record.updated_api, &record.updated_alert]),
        first_seen_time: at(&[&record.first, &record.first_api]),
        last_seen_time: at(&[&record.last, &record.last_api]),
        src_url: text(&[&record.alert_url, &record.web_url]).map(str::to_owned),
        status: status(record.status.text().unwrap_or_default()),
    }
}

fn status(word: &str) -> FindingStatus {
    match word.to_ascii_lowercase().as_str() {
        "active" | "new" | "awaitingaction" => FindingStatus::New,
        "inprogress" => FindingStatus::InProgress,
        "resolved" => FindingStatus::Resolved,
        "redirected" => FindingStatus::Archived,
        _ => FindingStatus::Unknown,
    }
}

/// Users, addresses and things in the evidence of the record and of its alerts.
#[derive(Default)]
struct Seen {
    user: Option<User>,
    address: Option<String>,
    resources: Vec<Resource>,
}

impl Seen {
    fn user(&mut self, name: Option<String>, uid: Option<String>) {
        if self.user.is_none() && (name.is_some() || uid.is_some()) {
            self.user = Some(User { name, uid, ..User::default() });
        }
    }

    fn address(&mut self, written: Option<&str>) {
        if self.address.is_none() {
            self.address = written.and_then(resourcelog::address).and_then(|endpoint| endpoint.ip);
        }
    }

    fn thing(&mut self, uid: &Scalar<'_>, kind: &str) {
        let Some(uid) = uid.string() else { return };
        if !self.resources.iter().any(|known| known.uid.as_ref() == Some(&uid)) {
            self.resources.push(Resource { uid: Some(uid), kind: Some(kind.to_owned()), ..Resource::default() });
        }
    }

    fn evidence(&mut self, list: &[Evidence<'_>]) {
        for one in list {
            let name = one.user.upn.string().or_else(|| one.user.name.string());
            self.user(name, one.user.id.string());
            self.address(one.address.text().or(one.sender_ip.text()));
            self.thing(&one.device, "device");
            self.thing(&one.mailbox, "mailbox");
            self.thing(&one.app_id, "application");
            self.thing(&one.resource, "azure");
        }
    }

    fn entities(&mut self, list: &[Entity<'_>]) {
        for one in list {
            self.user(one.upn.string().or_else(|| one.name.string()), one.id.string());
            self.address(one.address.text());
            self.thing(&one.device, "device");
            self.thing(&one.mailbox, "mailbox");
        }
    }
}

fn set_evidence(event: &mut Event, record: &Record<'_>) {
    let mut seen = Seen::default();
    seen.evidence(&record.evidence.0);
    seen.entities(&record.entities.0);
    for alert in &record.alerts.0 {
        seen.evidence(&alert.evidence.0);
        seen.entities(&alert.entities.0);
    }
    let named = seen.user.as_ref().and_then(|user| user.name.as_deref().or(user.uid.as_deref()));
    let by_address = || seen.address.as_deref().and_then(aws::key_of_ip);
    event.actor_key = named.map(azure::key).or_else(by_address);
    event.actor = seen.user.map(|user| Actor { user: Some(user), ..Actor::default() }).map(Box::new);
    event.src_endpoint = seen.address.map(|ip| ocsf::Endpoint { ip: Some(ip), ..ocsf::Endpoint::default() });
    event.resources = seen.resources;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_of_graph() {
        let raw = br##"{"id":"a-1","incidentId":"28","title":"Mass download","category":"Exfiltration","severity":"high","status":"new",
            "serviceSource":"microsoftDefenderForCloudApps","detectionSource":"microsoftDefenderForCloudApps",
            "createdDateTime":"2026-03-02T10:11:12Z","lastUpdateDateTime":"2026-03-02T10:21:12Z","alertWebUrl":"https://x.example/a-1",
            "evidence":[{"@odata.type":"#microsoft.graph.security.userEvidence","userAccount":{"userPrincipalName":"Ann@larkfield.example"}},
            {"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"192.0.2.7"}]}"##;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.severity), (200_402, Severity::High));
        assert_eq!(event.actor_key.as_deref(), Some("entra:ann@larkfield.example"));
        assert_eq!(event.hot().operation, Some("Exfiltration"));
        assert_eq!(event.hot().src_ip, Some("192.0.2.7"));
        assert_eq!(event.metadata.correlation_uid.as_deref(), Some("28"));
    }

    #[test]
    fn an_incident_of_the_defender_api() {
        let raw = br#"{"incidentId":12,"incidentName":"12","createdTime":"2026-03-02T10:11:12Z","lastUpdateTime":"2026-03-02T10:11:12Z",
            "severity":"Low","status":"Redirected","alerts":[{"alertId":"x","category":"Malware","entities":[
            {"entityType":"User","accountName":"ann"},{"entityType":"Ip","ipAddress":"192.0.2.7"}]}]}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.severity), (200_403, Severity::Low));
        assert_eq!(event.actor_key.as_deref(), Some("entra:ann"));
        assert_eq!(event.uid(), "12/2026-03-02T10:11:12Z");
    }
}
