//! Entra sign-ins (`azure/signinlogs`): Authentication.
//!
//! Two shapes: the diagnostic stream (a wrapper with `category` and `properties`) and Microsoft Graph (the content of
//! `properties` alone). All sign-in categories are read: users, non-interactive, service principals, managed identities.
//!
//! Rules see the record plus, where absent: every member of `properties` at the top, all of it with capitals (one level
//! below too), and `ResultType` (number), `ResultDescription`, `Status` (`Success` or `Failure`), `ClientApp`,
//! `Username`, `ActivityDetails`, `NetworkLocationDetails` as JSON text, `properties.message` for device code and ROPC.

use ocsf::{Account, Actor, Class, Cloud, Endpoint, Event, HttpRequest, Identified, Location, Session, Status};
use serde_json::{Map, Value, json};

use super::azure::{self, Names};
use super::{Format, Unreadable, time};

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut map = azure::parse(raw)?;
    azure::open_properties(&mut map);
    let code = error_code(&map);
    let mut names = Names(map);
    add_portal_message(&mut names);
    let inner = properties(&names.0).clone();
    names.add_some(
        "ResultType",
        code.map_or_else(|| azure::text(&names.0, "resultType").map(Value::from), |code| Some(code.into())),
    );
    let reason = azure::first(&inner, &["status.failureReason"]).or_else(|| azure::text(&names.0, "resultDescription"));
    names.add_some("ResultDescription", reason.clone());
    names.add_some("Resultdescription", reason);
    names.add_some("Status", code.map(|code| if code == 0 { "Success" } else { "Failure" }));
    names.add_some("ClientApp", azure::text(&inner, "clientAppUsed"));
    names.add_some("Username", azure::text(&inner, "userPrincipalName"));
    names.add("ActivityDetails", "Sign-ins");
    names.add_some("NetworkLocationDetails", inner.get("networkLocationDetails").map(Value::to_string));
    for name in ["deviceDetail", "location"] {
        names.add_some(&azure::capital(name), inner.get(name).map(|value| azure::with_capitals(value, 1)));
    }
    names.lift("properties");
    names.capitals();
    names.bytes()
}

/// What the portal calls the message of two risky ways to sign in.
fn add_portal_message(names: &mut Names) {
    let message = match azure::text(properties(&names.0), "authenticationProtocol").as_deref() {
        Some("deviceCode") => "Device Code",
        Some("ropc") => "ROPC",
        _ => return,
    };
    let inner = names.0.entry("properties").or_insert_with(|| json!({}));
    if let Some(inner) = inner.as_object_mut() {
        inner.entry("message").or_insert_with(|| message.into());
    }
}

/// The sign-in itself: `properties` of the diagnostic shape, everything of the Graph shape.
fn properties(map: &Map<String, Value>) -> &Map<String, Value> {
    match map.get("properties") {
        Some(Value::Object(inner)) if map.contains_key("category") || map.contains_key("operationName") => inner,
        _ => map,
    }
}

fn error_code(map: &Map<String, Value>) -> Option<u64> {
    let inner = azure::text(properties(map), "status.errorCode").or_else(|| azure::text(map, "resultType"));
    inner?.parse().ok()
}

/// A sign-in as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut map = azure::parse(raw)?;
    azure::open_properties(&mut map);
    let inner = properties(&map);
    let written = azure::text(inner, "createdDateTime").or_else(|| azure::text(&map, "time"));
    let written = written.ok_or_else(|| Unreadable::missing("createdDateTime (or time)"))?;
    let when = time::required("time", &written)?;

    let mut event = Event::new(Format::SignInLogs.id(), Class::Authentication, when, raw);
    event.activity_id = 1;
    let tenant = azure::text(&map, "tenantId").or_else(|| azure::text(inner, "homeTenantId"));
    event.metadata = ocsf::Metadata {
        uid: azure::text(inner, "id").into(),
        product_name: "Microsoft Entra ID",
        vendor_name: "Microsoft",
        event_code: azure::text(&map, "category"),
        correlation_uid: azure::first(inner, &["correlationId"]).or_else(|| azure::text(&map, "correlationId")),
        tenant_uid: tenant.clone(),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(cloud(&map, tenant.clone()));
    let who =
        azure::first(inner, &["userPrincipalName", "servicePrincipalName", "appId", "userId", "servicePrincipalId"]);
    // A program is known by its application id: its display name is not unique.
    let named = azure::first(inner, &["userPrincipalName", "appId", "servicePrincipalId", "userId"]);
    event.actor_key = named.as_deref().map(azure::key);
    event.user = azure::user(who, azure::first(inner, &["userId", "servicePrincipalId"]), tenant)
        .map(|user| ocsf::User {
            full_name: azure::first(inner, &["userDisplayName"]),
            kind: azure::text(inner, "userType"),
            ..user
        })
        .map(Box::new);
    let session = azure::text(inner, "sessionId").map(Session::of);
    event.session.clone_from(&session);
    event.actor = actor(inner, event.user.as_deref().cloned(), session).map(Box::new);
    event.service = Some(service(inner));
    event.src_endpoint = source(&map, inner);
    event.http_request = azure::text(inner, "userAgent").map(HttpRequest::of_agent).map(Box::new);
    event.is_mfa = azure::text(inner, "authenticationRequirement").map(|need| need == "multiFactorAuthentication");
    (event.status, event.status_code) = match error_code(&map) {
        Some(0) => (Status::Success, Some("0".to_owned())),
        Some(code) => (Status::Failure, Some(code.to_string())),
        None => (Status::Unknown, None),
    };
    event.status_detail = azure::text(inner, "status.failureReason").or_else(|| azure::text(&map, "resultDescription"));
    Ok(event)
}

fn cloud(map: &Map<String, Value>, tenant: Option<String>) -> Cloud {
    Cloud {
        provider: "Azure",
        region: map.get("location").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned),
        zone: None,
        account: tenant.map(Account::entra_tenant),
    }
}

fn actor(inner: &Map<String, Value>, user: Option<ocsf::User>, session: Option<Session>) -> Option<Actor> {
    let actor = Actor {
        user,
        session,
        app_name: azure::text(inner, "appDisplayName"),
        app_uid: azure::text(inner, "appId"),
        ..Actor::default()
    };
    (!actor.is_empty()).then_some(actor)
}

fn service(inner: &Map<String, Value>) -> Identified {
    let name = azure::first(inner, &["resourceDisplayName", "appDisplayName"]);
    let uid = azure::first(inner, &["resourceId", "appId"]);
    match (&name, &uid) {
        (None, None) => Identified::named("Microsoft Entra ID".to_owned()),
        _ => Identified { name, uid },
    }
}

fn source(map: &Map<String, Value>, inner: &Map<String, Value>) -> Option<Endpoint> {
    let address = azure::text(inner, "ipAddress").or_else(|| azure::text(map, "callerIpAddress"))?;
    let mut endpoint = azure::endpoint(&address);
    let location = Location {
        city: azure::text(inner, "location.city"),
        region: azure::text(inner, "location.state"),
        country: azure::text(inner, "location.countryOrRegion"),
    };
    endpoint.location = (location != Location::default()).then_some(location);
    Some(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = r#"{"id":"s-1","createdDateTime":"2026-03-02T10:11:12Z","userPrincipalName":"Ann@larkfield.example",
        "userId":"u-1","appId":"a-1","ipAddress":"198.51.100.7","status":{"errorCode":50126,"failureReason":"bad password"},
        "deviceDetail":{"isCompliant":false},"networkLocationDetails":[],"authenticationRequirement":"singleFactorAuthentication",
        "authenticationProtocol":"deviceCode"}"#;

    fn wrapped() -> String {
        format!(
            r#"{{"time":"2026-03-02T10:12:00Z","category":"SignInLogs","resultType":"50126","tenantId":"t","properties":{INNER}}}"#
        )
    }

    #[test]
    fn both_shapes_give_the_same_event() {
        let graph = normalize(INNER.as_bytes()).unwrap();
        let stream = normalize(wrapped().as_bytes()).unwrap();
        for event in [&graph, &stream] {
            assert_eq!(event.uid(), "s-1");
            assert_eq!(event.actor_key.as_deref(), Some("entra:ann@larkfield.example"));
            assert_eq!(event.status, Status::Failure);
            assert_eq!(event.status_code.as_deref(), Some("50126"));
            assert_eq!(event.is_mfa, Some(false));
            assert_eq!(event.time.to_string(), "2026-03-02T10:11:12Z");
        }
    }

    #[test]
    fn rules_find_the_spellings_they_use() {
        for raw in [INNER.to_owned(), wrapped()] {
            let view: Value = serde_json::from_slice(&view(raw.as_bytes()).unwrap()).unwrap();
            assert_eq!(view["ResultType"], 50126);
            assert_eq!(view["DeviceDetail"]["isCompliant"], false);
            assert_eq!(view["NetworkLocationDetails"], "[]");
            assert_eq!(view["AuthenticationRequirement"], "singleFactorAuthentication");
            assert_eq!(view["properties"]["message"], "Device Code");
            assert_eq!(view["ResultDescription"], "bad password");
        }
    }
}
