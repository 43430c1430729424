//! Entra ID Protection (`azure/riskdetection`): Detection Finding. Risk detections of users and service principals, and the risk
//! state of both.
//!
//! Two shapes as for sign-ins: diagnostic stream (UserRiskEvents, RiskyUsers, ServicePrincipalRiskEvents,
//! RiskyServicePrincipals) and Microsoft Graph. Rules see the record plus every member of `properties` at the top, all of it
//! with capitals (`riskEventType` and `RiskEventType`).

use ocsf::{
    Account, Actor, Class, Cloud, Event, FindingStatus, HttpRequest, Location, Resource, Severity, User, VendorFinding,
};
use serde_json::{Map, Value};

use super::azure::{self, Names};
use super::{Format, Unreadable, resourcelog, time};

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut map = azure::parse(raw)?;
    azure::open_properties(&mut map);
    let mut names = Names(map);
    names.lift("properties");
    names.capitals();
    names.bytes()
}

fn properties(map: &Map<String, Value>) -> &Map<String, Value> {
    match map.get("properties") {
        Some(Value::Object(inner)) => inner,
        _ => map,
    }
}

/// A detection or a change of state as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut map = azure::parse(raw)?;
    azure::open_properties(&mut map);
    let inner = properties(&map);
    let (when, written) = when(&map, inner)?;
    let kind = azure::first(inner, &["riskEventType", "riskType"])
        .or_else(|| azure::text(&map, "operationName"))
        .or_else(|| azure::text(inner, "riskDetail"))
        .ok_or_else(|| Unreadable::missing("riskEventType"))?;
    let id = azure::text(inner, "id").unwrap_or_else(|| ocsf::record_uid(raw));
    let tenant = azure::first(&map, &["tenantId"]).or_else(|| azure::text(inner, "homeTenantId"));

    let mut event = Event::new(Format::AzureRiskDetection.id(), Class::DetectionFinding, when, raw);
    let finding = finding(inner, &id, &kind);
    event.set_finding(finding);
    event.severity = Severity::from_level(&azure::text(inner, "riskLevel").unwrap_or_default());
    event.metadata = ocsf::Metadata {
        uid: format!("{id}/{written}").into(),
        product_name: "Microsoft Entra ID Protection",
        vendor_name: "Microsoft",
        feature: azure::text(&map, "category"),
        event_code: Some(kind),
        correlation_uid: azure::text(inner, "correlationId"),
        tenant_uid: tenant.clone(),
        ..ocsf::Metadata::default()
    };
    event.cloud =
        Some(Cloud { provider: "Azure", region: None, zone: None, account: tenant.clone().map(Account::entra_tenant) });
    event.status_detail = azure::text(inner, "riskDetail");
    set_who(&mut event, &map, inner, tenant);
    event.src_endpoint = source(&map, inner);
    event.http_request = user_agent(inner).map(HttpRequest::of_agent).map(Box::new);
    Ok(event)
}

/// When the risk was detected or last changed. The outer time of the stream comes last: it is written as `8/22/2022 6:07:16 PM`
/// and says when the record was sent.
fn when(map: &Map<String, Value>, inner: &Map<String, Value>) -> Result<(jiff::Timestamp, String), Unreadable> {
    let fields = ["lastUpdatedDateTime", "riskLastUpdatedDateTime", "detectedDateTime", "activityDateTime"];
    let written = azure::first(inner, &fields).or_else(|| azure::text(map, "time"));
    let written = written.ok_or_else(|| Unreadable::missing("lastUpdatedDateTime (or detectedDateTime, time)"))?;
    let found = time::instant(&written).or_else(|| time::american(&written));
    let found = found.ok_or_else(|| Unreadable(format!("time `{written}` is not a time")))?;
    Ok((found, written))
}

fn finding(inner: &Map<String, Value>, id: &str, kind: &str) -> VendorFinding {
    let at = |name: &str| azure::text(inner, name).as_deref().and_then(time::instant).map(|time| time.as_millisecond());
    VendorFinding {
        uid: id.to_owned(),
        title: Some(kind.to_owned()),
        types: vec![kind.to_owned()],
        created_time: at("detectedDateTime"),
        modified_time: at("lastUpdatedDateTime").or_else(|| at("riskLastUpdatedDateTime")),
        first_seen_time: at("activityDateTime"),
        status: match azure::text(inner, "riskState").unwrap_or_default().as_str() {
            "atRisk" | "confirmedCompromised" => FindingStatus::New,
            "confirmedSafe" | "remediated" => FindingStatus::Resolved,
            "dismissed" => FindingStatus::Suppressed,
            _ => FindingStatus::Unknown,
        },
        ..VendorFinding::default()
    }
}

fn set_who(event: &mut Event, map: &Map<String, Value>, inner: &Map<String, Value>, tenant: Option<String>) {
    let named = azure::first(inner, &["userPrincipalName", "appId", "servicePrincipalId", "userId"]);
    event.actor_key = named.as_deref().map(azure::key);
    // The state of a user has the user's id for its own.
    let is_state = azure::text(map, "category").is_some_and(|category| category.starts_with("Risky"));
    let own = || azure::text(inner, "id").filter(|_| is_state);
    let uid = azure::first(inner, &["userId", "servicePrincipalId"]).or_else(own);
    let full_name = azure::first(inner, &["userDisplayName", "servicePrincipalDisplayName"]);
    let user = azure::user(named, uid, tenant).map(|user| User { full_name, ..user });
    event.resources.extend(user.as_ref().and_then(|user| {
        let resource = Resource { uid: user.uid.clone(), name: user.name.clone(), ..Resource::default() };
        (resource.uid.is_some() || resource.name.is_some()).then_some(resource)
    }));
    event.actor = user.map(|user| Actor { user: Some(user), ..Actor::default() }).map(Box::new);
}

fn source(map: &Map<String, Value>, inner: &Map<String, Value>) -> Option<ocsf::Endpoint> {
    let address = azure::text(inner, "ipAddress").or_else(|| azure::text(map, "callerIpAddress"))?;
    let location = Location {
        city: azure::text(inner, "location.city"),
        country: azure::text(inner, "location.countryOrRegion"),
        region: azure::text(inner, "location.state"),
    };
    let endpoint = resourcelog::address(&address)?;
    Some(ocsf::Endpoint { location: (location != Location::default()).then_some(location), ..endpoint })
}

/// `additionalInfo` is a list of pairs, as JSON in a string.
fn user_agent(inner: &Map<String, Value>) -> Option<String> {
    let text = azure::text(inner, "additionalInfo").filter(|text| resourcelog::is_shallow(text))?;
    let pairs: Vec<Map<String, Value>> = serde_json::from_str(&text).ok()?;
    let pair = pairs.iter().find(|pair| azure::text(pair, "Key").as_deref() == Some("userAgent"))?;
    azure::text(pair, "Value")
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = r#"{"id":"r-1","riskEventType":"anonymizedIPAddress","riskState":"atRisk","riskLevel":"high","riskDetail":"none",
        "ipAddress":"192.0.2.7","activityDateTime":"2026-03-02T10:11:12Z","detectedDateTime":"2026-03-02T10:12:00Z",
        "lastUpdatedDateTime":"2026-03-02T10:13:00Z","userId":"u","userPrincipalName":"Ann@larkfield.example",
        "additionalInfo":"[{\"Key\":\"userAgent\",\"Value\":\"x\"}]"}"#;

    #[test]
    fn both_shapes() {
        let stream = format!(
            r#"{{"time":"3/2/2026 10:13:05 AM","category":"UserRiskEvents","operationName":"User Risk Detection","tenantId":"t","properties":{INNER}}}"#
        );
        for raw in [INNER, &stream] {
            let event = normalize(raw.as_bytes()).unwrap();
            assert_eq!((event.type_uid(), event.severity), (200_401, Severity::High));
            assert_eq!(event.time.to_string(), "2026-03-02T10:13:00Z");
            assert_eq!(event.actor_key.as_deref(), Some("entra:ann@larkfield.example"));
            assert_eq!(event.hot().user_agent, Some("x"));
            assert_eq!(event.hot().operation, Some("anonymizedIPAddress"));
            let view: Value = serde_json::from_slice(&view(raw.as_bytes()).unwrap()).unwrap();
            assert_eq!((&view["riskEventType"], &view["RiskLevel"]), (&"anonymizedIPAddress".into(), &"high".into()));
        }
    }

    #[test]
    fn the_streams_own_time_is_understood_where_it_is_all_there_is() {
        let raw = br#"{"time":"3/2/2026 6:13:05 PM","category":"RiskyUsers","operationName":"Risky user","properties":{"id":"u"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(event.time.to_string(), "2026-03-02T18:13:05Z");
        assert_eq!(event.resource_uids(), ["u"]);
    }
}
