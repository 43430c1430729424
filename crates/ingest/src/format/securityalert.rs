//! Alerts of Microsoft Defender for Cloud (`azure/securityalert`): Detection Finding.
//!
//! Three shapes of one alert: rows of Sentinel's table `SecurityAlert`, the REST resource with `properties`, and continuous export
//! to an event hub (its names with capitals). Rules see the names of the table (`AlertName`, `AlertType`, `AlertSeverity`,
//! `ProviderName`, `CompromisedEntity`, `Entities`, `ExtendedProperties`, …) beside those of the record; entities and extended
//! properties that are JSON in a string are opened. Contents: Azure Monitor documentation, table SecurityAlert; Defender for
//! Cloud REST API, Alerts.

use ocsf::{Account, Actor, Class, Cloud, Event, FindingStatus, Resource, Severity, User, VendorFinding};
use serde_json::{Map, Value};

use super::azure::{self, Names};
use super::{Format, Unreadable, aws, resourcelog, time};

/// The table's names, and those of the other shapes for the same thing.
const TABLE: [(&str, &[&str]); 16] = [
    ("AlertName", &["AlertDisplayName", "DisplayName"]),
    ("DisplayName", &["AlertDisplayName", "AlertName"]),
    ("AlertSeverity", &["Severity"]),
    ("AlertType", &[]),
    ("SystemAlertId", &[]),
    ("VendorName", &[]),
    ("ProductName", &[]),
    ("ProviderName", &["ProductName"]),
    ("CompromisedEntity", &[]),
    ("Tactics", &["Intent"]),
    ("StartTime", &["StartTimeUtc"]),
    ("EndTime", &["EndTimeUtc"]),
    ("TimeGenerated", &["TimeGeneratedUtc"]),
    ("AlertLink", &["AlertUri"]),
    ("ResourceId", &["AzureResourceId"]),
    ("Status", &[]),
];

/// The alert with the table's names.
fn alert(raw: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    let mut map = azure::parse(raw)?;
    azure::open_properties(&mut map);
    let mut names = Names(map);
    names.lift("properties");
    names.capitals();
    for (name, others) in TABLE {
        let found = others.iter().find_map(|other| names.0.get(*other).filter(|value| !value.is_null()).cloned());
        names.add_some(name, found);
    }
    for name in ["Entities", "ExtendedProperties", "RemediationSteps", "ExtendedLinks"] {
        let opened = names.0.get(name).and_then(Value::as_str).and_then(opened);
        if let Some(opened) = opened {
            names.0.insert(name.to_owned(), opened);
        }
    }
    Ok(names.0)
}

fn opened(text: &str) -> Option<Value> {
    resourcelog::is_shallow(text).then(|| serde_json::from_str(text).ok())?
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    Names(alert(raw)?).bytes()
}

/// An alert as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let map = alert(raw)?;
    let written = azure::first(&map, &["TimeGenerated", "ProcessingEndTime", "EndTime", "StartTime"]);
    let written = written.ok_or_else(|| Unreadable::missing("TimeGenerated (or timeGeneratedUtc)"))?;
    let when = time::required("TimeGenerated", &written)?;
    let kind = azure::first(&map, &["AlertType", "AlertName"]).ok_or_else(|| Unreadable::missing("AlertType"))?;
    let id = azure::first(&map, &["SystemAlertId", "name", "Id"]).unwrap_or_else(|| ocsf::record_uid(raw));

    let mut event = Event::new(Format::AzureSecurityAlert.id(), Class::DetectionFinding, when, raw);
    let finding = finding(&map, &id, &kind);
    event.set_finding(finding);
    event.severity = Severity::from_level(&azure::text(&map, "AlertSeverity").unwrap_or_default());
    event.metadata = ocsf::Metadata {
        uid: format!("{id}/{written}").into(),
        product_name: "Microsoft Defender for Cloud",
        vendor_name: "Microsoft",
        feature: azure::text(&map, "ProductName"),
        event_code: Some(kind),
        correlation_uid: azure::text(&map, "CorrelationKey"),
        tenant_uid: azure::text(&map, "TenantId"),
        ..ocsf::Metadata::default()
    };
    event.message = azure::text(&map, "AlertName");
    event.resources = resources(&map);
    let of_resource = || event.resources.iter().find_map(|one| resourcelog::subscription(one.uid.as_deref()?));
    let subscription = azure::first(&map, &["WorkspaceSubscriptionId", "SubscriptionId"]).or_else(of_resource);
    event.cloud = Some(Cloud {
        provider: "Azure",
        region: None,
        zone: None,
        account: subscription.map(Account::azure_subscription),
    });
    set_actor(&mut event, &map);
    Ok(event)
}

fn finding(map: &Map<String, Value>, id: &str, kind: &str) -> VendorFinding {
    let at = |name: &str| azure::text(map, name).as_deref().and_then(time::instant).map(|time| time.as_millisecond());
    VendorFinding {
        uid: id.to_owned(),
        title: azure::text(map, "AlertName"),
        desc: azure::text(map, "Description"),
        types: vec![kind.to_owned()],
        created_time: at("TimeGenerated"),
        modified_time: None,
        first_seen_time: at("StartTime"),
        last_seen_time: at("EndTime"),
        src_url: azure::text(map, "AlertLink"),
        status: match azure::text(map, "Status").unwrap_or_default().as_str() {
            "New" | "Active" => FindingStatus::New,
            "InProgress" => FindingStatus::InProgress,
            "Resolved" => FindingStatus::Resolved,
            "Dismissed" => FindingStatus::Suppressed,
            _ => FindingStatus::Unknown,
        },
    }
}

fn entities(map: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    map.get("Entities").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// Names of members come with and without capitals.
fn either(entity: &Map<String, Value>, name: &str) -> Option<String> {
    azure::text(entity, name).or_else(|| azure::text(entity, &azure::capital(name)))
}

fn is_kind(entity: &Map<String, Value>, kind: &str) -> bool {
    either(entity, "type").or_else(|| either(entity, "$type")).is_some_and(|word| word.eq_ignore_ascii_case(kind))
}

/// The Azure resources the alert names; the entity it says is compromised where it names none.
fn resources(map: &Map<String, Value>) -> Vec<Resource> {
    let list = map.get("ResourceIdentifiers").and_then(Value::as_array).into_iter().flatten();
    let listed = list.filter_map(Value::as_object).filter_map(|one| either(one, "azureResourceId"));
    let entities = entities(map).filter_map(|entity| either(entity, "resourceId"));
    let mut uids: Vec<String> = azure::text(map, "ResourceId").into_iter().chain(listed).chain(entities).collect();
    if uids.is_empty() {
        uids.extend(azure::text(map, "CompromisedEntity"));
    }
    let mut out: Vec<Resource> = Vec::new();
    for uid in uids {
        if !out.iter().any(|known| known.uid.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(&uid))) {
            out.push(Resource { kind: resourcelog::provider(&uid), uid: Some(uid), ..Resource::default() });
        }
    }
    out
}

/// The account among the entities, else the address.
fn set_actor(event: &mut Event, map: &Map<String, Value>) {
    let address = entities(map).filter(|entity| is_kind(entity, "ip")).find_map(|entity| either(entity, "address"));
    event.src_endpoint = address.as_deref().and_then(resourcelog::address);
    let account = entities(map).find(|entity| is_kind(entity, "account"));
    let name = account.and_then(|account| {
        let name = either(account, "name")?;
        let domain = either(account, "uPNSuffix").or_else(|| either(account, "upnSuffix"));
        Some(domain.map_or_else(|| name.clone(), |domain| format!("{name}@{domain}")))
    });
    let uid = account.and_then(|account| either(account, "aadUserId"));
    let key = name.clone().or_else(|| uid.clone()).as_deref().map(azure::key);
    let by_address = || event.src_endpoint.as_ref()?.ip.as_deref().and_then(aws::key_of_ip);
    event.actor_key = key.or_else(by_address);
    let known = name.is_some() || uid.is_some();
    event.actor =
        known.then(|| Actor { user: Some(User { name, uid, ..User::default() }), ..Actor::default() }).map(Box::new);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"TimeGenerated":"2026-03-02T10:11:12Z","DisplayName":"Unusual amount of data extracted",
        "AlertName":"Unusual amount of data extracted","AlertSeverity":"Medium","ProviderName":"Azure Security Center",
        "VendorName":"Microsoft","SystemAlertId":"s-1","AlertType":"Storage.Blob_DataExfiltration.AmountOfDataAnomaly","Status":"New",
        "ResourceId":"/subscriptions/AA/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/larkfield",
        "Entities":"[{\"$id\":\"1\",\"Address\":\"192.0.2.7\",\"Type\":\"ip\"}]","ExtendedProperties":"{\"Container\":\"exports\"}",
        "Type":"SecurityAlert"}"#;
    const REST: &str = r#"{"id":"/subscriptions/AA/providers/Microsoft.Security/locations/x/alerts/s-1","name":"s-1",
        "type":"Microsoft.Security/Locations/alerts","properties":{"alertType":"Storage.Blob_DataExfiltration.AmountOfDataAnomaly",
        "systemAlertId":"s-1","alertDisplayName":"Unusual amount of data extracted","severity":"Medium","status":"Active",
        "timeGeneratedUtc":"2026-03-02T10:11:12Z","productName":"Microsoft Defender for Cloud","resourceIdentifiers":[
        {"azureResourceId":"/subscriptions/AA/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/larkfield","type":"AzureResource"}],
        "entities":[{"address":"192.0.2.7","type":"ip"}],"extendedProperties":{"Container":"exports"}}}"#;

    #[test]
    fn shapes_agree() {
        for raw in [ROW, REST] {
            let event = normalize(raw.as_bytes()).unwrap();
            assert_eq!((event.type_uid(), event.severity), (200_401, Severity::Medium));
            assert_eq!(event.uid(), "s-1/2026-03-02T10:11:12Z");
            assert_eq!(event.hot().operation, Some("Storage.Blob_DataExfiltration.AmountOfDataAnomaly"));
            assert_eq!(event.actor_key.as_deref(), Some("ip:192.0.2.7"));
            assert_eq!(event.resources[0].kind.as_deref(), Some("microsoft.storage/storageaccounts"));
            assert_eq!(event.account(), Some("aa"));
            let view: Value = serde_json::from_slice(&view(raw.as_bytes()).unwrap()).unwrap();
            assert_eq!(view["AlertName"], "Unusual amount of data extracted");
            assert_eq!(view["AlertSeverity"], "Medium");
            assert_eq!(view["ExtendedProperties"]["Container"], "exports");
            assert!(view["Entities"].is_array());
        }
    }

    #[test]
    fn an_account_is_the_actor() {
        let raw = ROW.replace(
            r#"\"Type\":\"ip\"}"#,
            r#"\"Type\":\"ip\"},{\"Type\":\"account\",\"Name\":\"Ann\",\"UPNSuffix\":\"larkfield.example\"}"#,
        );
        assert_eq!(normalize(raw.as_bytes()).unwrap().actor_key.as_deref(), Some("entra:ann@larkfield.example"));
    }
}
