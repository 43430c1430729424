//! Azure Activity Log (`azure/activitylogs`): API Activity.
//!
//! Two shapes: diagnostic settings (storage, Event Hubs: `time`, `operationName` as text, the caller inside
//! `identity.claims`) and the REST API (`eventTimestamp`, `{value, localizedValue}` pairs, `caller`).
//!
//! Rules see the record with pairs reduced to their value, plus, where absent: `caller`, `resourceId`, every top member
//! with a capital, and Log Analytics' `OperationNameValue`, `CategoryValue`, `ResourceProviderValue`.

use ocsf::{
    Account, Actor, Api, ApiRequest, Class, Cloud, Event, HttpRequest, Identified, Resource, Session, Status, Url,
};
use serde_json::{Map, Value};

use super::azure::{self, Names};
use super::{Format, Unreadable, time};

/// The members that may be `{value, localizedValue}` pairs.
const PAIRS: [&str; 8] = [
    "operationName",
    "category",
    "status",
    "subStatus",
    "eventName",
    "resourceType",
    "resourceProviderName",
    "eventSource",
];
/// Where the caller may stand, best first.
const CALLER: [&str; 8] = [
    "caller",
    "identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "identity.claims.upn",
    "identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "identity.claims.appid",
    "claims.appid",
    "identity.authorization.evidence.principalId",
    "identity.claims.http://schemas.microsoft.com/identity/claims/objectidentifier",
];

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut map = azure::parse(raw)?;
    azure::open_properties(&mut map);
    for name in PAIRS {
        let value = map.get(name).and_then(|pair| pair.get("value")).filter(|value| !value.is_object()).cloned();
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    }
    let mut names = Names(map);
    names.add_some("caller", caller(&names.0));
    names.add_some("resourceId", azure::text(&names.0, "resourceUri"));
    names.add_some("callerIpAddress", azure::text(&names.0, "httpRequest.clientIpAddress"));
    names.add_some("OperationNameValue", azure::text(&names.0, "operationName"));
    names.add_some("CategoryValue", azure::text(&names.0, "category"));
    names.add_some("ResourceProviderValue", provider(&names.0));
    names.capitals();
    names.bytes()
}

/// A record as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut map = azure::parse(raw)?;
    azure::open_properties(&mut map);
    let written = azure::first(&map, &["time", "eventTimestamp", "submissionTimestamp"]);
    let written = written.ok_or_else(|| Unreadable::missing("time (or eventTimestamp)"))?;
    let when = time::required("time", &written)?;
    let operation = azure::text(&map, "operationName").ok_or_else(|| Unreadable::missing("operationName"))?;
    let resource = azure::first(&map, &["resourceId", "resourceUri"]);
    let caller = caller(&map);

    let mut event = Event::new(Format::ActivityLogs.id(), Class::ApiActivity, when, raw);
    event.activity_id = activity(&operation);
    event.severity = azure::severity(azure::text(&map, "level").as_deref());
    event.metadata = metadata(&map);
    event.cloud = Some(cloud(&map, resource.as_deref()));
    event.actor_key = caller.as_deref().map(azure::key);
    event.actor = actor(&map, caller).map(Box::new);
    event.api = Some(Box::new(Api {
        operation,
        service: provider(&map).map(Identified::named),
        request: azure::first(&map, &["operationId", "correlationId"]).map(|uid| ApiRequest { uid, data: None }),
        ..Api::default()
    }));
    event.src_endpoint =
        azure::first(&map, &["callerIpAddress", "httpRequest.clientIpAddress", "identity.claims.ipaddr"])
            .map(|address| azure::endpoint(&address));
    event.http_request = request(&map).map(Box::new);
    (event.status, event.status_code) = status(&map);
    event.status_detail = azure::first(&map, &["resultDescription", "properties.statusMessage"]);
    event.message = azure::text(&map, "description");
    event.resources.extend(resource.map(|uid| Resource {
        kind: resource_type(&uid),
        uid: Some(uid),
        ..Resource::default()
    }));
    Ok(event)
}

fn metadata(map: &Map<String, Value>) -> ocsf::Metadata {
    ocsf::Metadata {
        uid: azure::text(map, "eventDataId").into(),
        product_name: "Azure Activity Log",
        vendor_name: "Microsoft",
        event_code: azure::text(map, "category"),
        correlation_uid: azure::text(map, "correlationId"),
        tenant_uid: azure::text(map, "tenantId"),
        ..ocsf::Metadata::default()
    }
}

fn caller(map: &Map<String, Value>) -> Option<String> {
    CALLER.iter().find_map(|path| claim(map, path)).or_else(|| claims_of_rest(map))
}

/// Claim names hold dots and slashes, so the path is split at the first two members only.
fn claim(map: &Map<String, Value>, path: &str) -> Option<String> {
    match path.strip_prefix("identity.claims.") {
        Some(name) => azure::at(map, "identity.claims")?.get(name)?.as_str().map(str::to_owned),
        None => azure::text(map, path),
    }
}

fn claims_of_rest(map: &Map<String, Value>) -> Option<String> {
    let claims = azure::at(map, "claims")?;
    let names = ["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "upn", "appid"];
    names.iter().find_map(|name| claims.get(name)?.as_str().map(str::to_owned))
}

fn actor(map: &Map<String, Value>, caller: Option<String>) -> Option<Actor> {
    let object = "identity.claims.http://schemas.microsoft.com/identity/claims/objectidentifier";
    let uid = claim(map, object).or_else(|| azure::text(map, "identity.authorization.evidence.principalId"));
    let application = claim(map, "identity.claims.appid").or_else(|| azure::text(map, "claims.appid"));
    let session = claim(map, "identity.claims.uti").map(Session::of);
    let actor = Actor {
        user: azure::user(caller, uid, azure::text(map, "tenantId")),
        session,
        app_uid: application,
        ..Actor::default()
    };
    (!actor.is_empty()).then_some(actor)
}

/// The segment behind `name` in a resource id, whatever its case.
fn segment(resource: &str, name: &str) -> Option<String> {
    let mut parts = resource.split('/');
    parts.find(|part| part.eq_ignore_ascii_case(name))?;
    parts.next().filter(|part| !part.is_empty()).map(str::to_lowercase)
}

fn cloud(map: &Map<String, Value>, resource: Option<&str>) -> Cloud {
    let from_resource = || segment(resource?, "subscriptions");
    let subscription = azure::text(map, "subscriptionId").or_else(from_resource);
    Cloud {
        provider: "Azure",
        region: azure::first(map, &["location", "resourceLocation"]),
        zone: None,
        account: subscription.map(Account::azure_subscription),
    }
}

fn provider(map: &Map<String, Value>) -> Option<String> {
    let named = azure::text(map, "resourceProviderName");
    let operation = || azure::text(map, "operationName")?.split_once('/').map(|(provider, _)| provider.to_owned());
    named.or_else(operation)
}

/// `Microsoft.Storage/storageAccounts` out of a resource id.
fn resource_type(resource: &str) -> Option<String> {
    let lower = resource.to_ascii_lowercase();
    let mut parts = lower.rsplit_once("/providers/")?.1.split('/');
    Some(format!("{}/{}", parts.next()?, parts.next()?))
}

/// The last word of the operation; an action reads when it lists or gets something.
fn activity(operation: &str) -> u8 {
    let lower = operation.to_ascii_lowercase();
    let mut words = lower.rsplit('/');
    match words.next().unwrap_or_default() {
        "read" => 2,
        "write" => 3,
        "delete" => 4,
        "action" => match words.next().unwrap_or_default() {
            verb if verb.starts_with("list") || verb.starts_with("get") || verb.starts_with("export") => 2,
            verb if verb.starts_with("create") => 1,
            verb if verb.starts_with("delete") || verb.starts_with("purge") => 4,
            _ => 3,
        },
        _ => 99,
    }
}

fn request(map: &Map<String, Value>) -> Option<HttpRequest> {
    let path = azure::text(map, "httpRequest.uri");
    let request = HttpRequest {
        http_method: azure::text(map, "httpRequest.method"),
        url: path.map(|path| Url { path: Some(path), ..Url::default() }),
        uid: azure::text(map, "httpRequest.clientRequestId"),
        ..HttpRequest::default()
    };
    (request != HttpRequest::default()).then_some(request)
}

/// `Start` and `Accept` are steps on the way, not yet a success.
fn status(map: &Map<String, Value>) -> (Status, Option<String>) {
    let word = azure::first(map, &["resultType", "status"]);
    let status = match word.as_deref().unwrap_or_default().to_ascii_lowercase().as_str() {
        "success" | "succeeded" => Status::Success,
        "failure" | "failed" => Status::Failure,
        _ => Status::Unknown,
    };
    let code = azure::first(map, &["resultSignature", "subStatus", "properties.statusCode"]);
    (status, code.or(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = r#"{"eventTimestamp":"2026-03-02T10:11:12.1234567Z","eventDataId":"e-1","caller":"Ann@larkfield.example",
        "operationName":{"value":"Microsoft.Storage/storageAccounts/listKeys/action","localizedValue":"List keys"},
        "resourceId":"/subscriptions/AAAA/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/larkfield",
        "status":{"value":"Succeeded"},"httpRequest":{"clientIpAddress":"198.51.100.7","method":"POST"},
        "properties":"{\"statusCode\":\"OK\"}"}"#;

    #[test]
    fn rest_shape() {
        let event = normalize(REST.as_bytes()).unwrap();
        assert_eq!(event.uid(), "e-1");
        assert_eq!(event.activity_id, 2);
        assert_eq!(event.status, Status::Success);
        assert_eq!(event.actor_key.as_deref(), Some("entra:ann@larkfield.example"));
        assert_eq!(event.account(), Some("aaaa"));
        let view: Value = serde_json::from_slice(&view(REST.as_bytes()).unwrap()).unwrap();
        assert_eq!(view["operationName"], "Microsoft.Storage/storageAccounts/listKeys/action");
        assert_eq!(view["OperationNameValue"], view["operationName"]);
        assert_eq!(view["properties"]["statusCode"], "OK");
    }

    #[test]
    fn diagnostic_shape() {
        let raw = br#"{"time":"2026-03-02T10:11:12.1234567Z","category":"Administrative","resultType":"Failure",
            "operationName":"MICROSOFT.SQL/SERVERS/FIREWALLRULES/WRITE","callerIpAddress":"198.51.100.7",
            "identity":{"claims":{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn":"ann@larkfield.example"}},
            "resourceId":"/SUBSCRIPTIONS/AAAA/PROVIDERS/MICROSOFT.SQL/SERVERS/S1"}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(event.actor_key.as_deref(), Some("entra:ann@larkfield.example"));
        assert_eq!((event.activity_id, event.status), (3, Status::Failure));
        assert_eq!(event.resources[0].kind.as_deref(), Some("microsoft.sql/servers"));
        let view: Value = serde_json::from_slice(&view(raw).unwrap()).unwrap();
        assert_eq!(view["caller"], "ann@larkfield.example");
        assert_eq!(view["ResourceProviderValue"], "MICROSOFT.SQL");
    }
}
