//! Entra directory audit (`azure/auditlogs`): Account Change for users, API Activity for the rest.
//!
//! Two shapes as for sign-ins: diagnostic stream and Microsoft Graph.
//!
//! Rules see the record plus, where absent: every member of `properties` at the top, all of it with capitals,
//! `TargetResources` with capitals below, `properties.message` and `OperationName` (the activity), `Status` and
//! `Category`, and an object for each dotted name among the modified properties (`ConsentContext.IsAdminConsent`).

use ocsf::{Account, Actor, Api, ApiRequest, Class, Cloud, Event, HttpRequest, Identified, Resource, Status, User};
use serde_json::{Map, Value, json};

use super::azure::{self, Names};
use super::{Format, Unreadable, time};

/// Levels below `targetResources` that rules address: the resource, its modified properties.
const TARGET_LEVELS: u8 = 2;

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut map = azure::parse(raw)?;
    azure::open_properties(&mut map);
    let inner = properties(&map).clone();
    let activity = azure::text(&inner, "activityDisplayName").or_else(|| azure::text(&map, "operationName"));
    let mut names = Names(map);
    let properties = names.0.entry("properties").or_insert_with(|| json!({}));
    if let (Some(properties), Some(activity)) = (properties.as_object_mut(), &activity) {
        properties.entry("message").or_insert_with(|| activity.clone().into());
        for name in ["result", "category"] {
            if let Some(value) = inner.get(name) {
                properties.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
    names.add_some("operationName", activity.clone());
    names.add_some("OperationName", activity.clone());
    names.add_some("activityType", activity.clone());
    names.add_some("ActivityType", activity);
    names.add_some("Category", azure::text(&inner, "category"));
    names.add_some("Status", azure::text(&inner, "result"));
    names.add_some(
        "TargetResources",
        inner.get("targetResources").map(|list| azure::with_capitals(list, TARGET_LEVELS)),
    );
    for (name, value) in dotted_changes(&inner) {
        names.add(&name, value);
    }
    names.lift("properties");
    names.capitals();
    names.bytes()
}

/// Modified properties such as `ConsentContext.IsAdminConsent` as `{"ConsentContext":{"IsAdminConsent":"False"}}`.
fn dotted_changes(inner: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    let targets = inner.get("targetResources").and_then(Value::as_array);
    let changes = targets.into_iter().flatten().filter_map(|target| target.get("modifiedProperties")?.as_array());
    for change in changes.flatten() {
        let name = change.get("displayName").and_then(Value::as_str).and_then(|name| name.split_once('.'));
        let (Some((group, member)), Some(value)) = (name, change.get("newValue").and_then(Value::as_str)) else {
            continue;
        };
        let group = out.entry(group).or_insert_with(|| json!({}));
        if let Some(group) = group.as_object_mut() {
            group.insert(member.to_owned(), unquoted(value).into());
        }
    }
    out
}

/// Values are JSON in a string: `"\"False\""` is `False`.
fn unquoted(value: &str) -> String {
    serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_owned())
}

fn properties(map: &Map<String, Value>) -> &Map<String, Value> {
    match map.get("properties") {
        Some(Value::Object(inner)) => inner,
        _ => map,
    }
}

/// An audit entry as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut map = azure::parse(raw)?;
    azure::open_properties(&mut map);
    let inner = properties(&map);
    let written = azure::text(inner, "activityDateTime").or_else(|| azure::text(&map, "time"));
    let written = written.ok_or_else(|| Unreadable::missing("activityDateTime (or time)"))?;
    let when = time::required("time", &written)?;
    let operation = azure::text(inner, "activityDisplayName").or_else(|| azure::text(&map, "operationName"));
    let operation = operation.ok_or_else(|| Unreadable::missing("activityDisplayName (or operationName)"))?;
    let (class, activity_id) = class(&operation, azure::text(inner, "operationType").as_deref());
    let tenant = azure::text(&map, "tenantId");

    let mut event = Event::new(Format::AuditLogs.id(), class, when, raw);
    event.activity_id = activity_id;
    event.metadata = ocsf::Metadata {
        uid: azure::text(inner, "id").into(),
        product_name: "Microsoft Entra ID",
        vendor_name: "Microsoft",
        event_code: azure::text(inner, "category"),
        correlation_uid: azure::text(inner, "correlationId"),
        tenant_uid: tenant.clone(),
        ..ocsf::Metadata::default()
    };
    event.cloud =
        Some(Cloud { provider: "Azure", region: None, zone: None, account: tenant.clone().map(Account::entra_tenant) });
    let initiator = ["user.userPrincipalName", "app.appId", "app.servicePrincipalId", "user.id", "app.displayName"];
    let who = initiator.iter().find_map(|path| azure::text(inner, &format!("initiatedBy.{path}")));
    event.actor_key = who.as_deref().map(azure::key);
    event.actor = actor(inner, tenant).map(Box::new);
    event.api = Some(Box::new(Api {
        operation,
        service: azure::text(inner, "loggedByService").map(Identified::named),
        request: azure::text(inner, "correlationId").map(|uid| ApiRequest { uid, data: None }),
        ..Api::default()
    }));
    let address = azure::text(inner, "initiatedBy.user.ipAddress").or_else(|| azure::text(&map, "callerIpAddress"));
    event.src_endpoint = address.map(|address| azure::endpoint(&address));
    event.http_request = user_agent(inner).map(HttpRequest::of_agent).map(Box::new);
    event.status = match azure::text(inner, "result").unwrap_or_default().to_ascii_lowercase().as_str() {
        "success" => Status::Success,
        "failure" => Status::Failure,
        _ => Status::Unknown,
    };
    event.status_detail = azure::text(inner, "resultReason");
    event.resources = targets(inner);
    event.user = event
        .resources
        .first()
        .map(|target| User {
            name: target.name.clone(),
            uid: target.uid.clone(),
            kind: target.kind.clone(),
            ..User::default()
        })
        .map(Box::new);
    Ok(event)
}

fn actor(inner: &Map<String, Value>, tenant: Option<String>) -> Option<Actor> {
    let by = |path: &str| azure::text(inner, &format!("initiatedBy.{path}"));
    let name = by("user.userPrincipalName").or_else(|| by("user.displayName")).or_else(|| by("app.displayName"));
    let uid = by("user.id").or_else(|| by("app.servicePrincipalId"));
    let actor = Actor {
        user: azure::user(name, uid, tenant),
        app_name: by("app.displayName"),
        app_uid: by("app.appId"),
        ..Actor::default()
    };
    (!actor.is_empty()).then_some(actor)
}

fn user_agent(inner: &Map<String, Value>) -> Option<String> {
    let details = inner.get("additionalDetails").and_then(Value::as_array);
    let listed = details.into_iter().flatten().find(|detail| detail.get("key").is_some_and(|key| key == "User-Agent"));
    azure::text(inner, "userAgent").or_else(|| listed?.get("value")?.as_str().map(str::to_owned))
}

fn targets(inner: &Map<String, Value>) -> Vec<Resource> {
    let list = inner.get("targetResources").and_then(Value::as_array);
    let text =
        |target: &Value, name: &str| target.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let resource = |target: &Value| Resource {
        uid: text(target, "id"),
        name: text(target, "userPrincipalName").or_else(|| text(target, "displayName")),
        kind: text(target, "type"),
        owner: None,
    };
    list.into_iter().flatten().map(resource).filter(|found| found.uid.is_some() || found.name.is_some()).collect()
}

/// Account Change for what OCSF has an activity for, else API Activity by the kind of operation.
fn class(operation: &str, kind: Option<&str>) -> (Class, u8) {
    let account = match operation.trim() {
        "Add user" | "Invite external user" => Some(1),
        "Enable account" => Some(2),
        "Change user password" | "Change password (self-service)" => Some(3),
        "Reset user password" | "Reset password (by admin)" | "Reset password (self-service)" => Some(4),
        "Disable account" => Some(5),
        "Delete user" | "Hard Delete user" => Some(6),
        "Enable Strong Authentication" | "User registered security info" => Some(10),
        "Disable Strong Authentication" | "User deleted security info" => Some(11),
        "Update user" | "Restore user" => Some(99),
        _ => None,
    };
    if let Some(activity) = account {
        return (Class::AccountChange, activity);
    }
    let activity = match kind.unwrap_or_default() {
        "Add" | "Create" | "Assign" => 1,
        "Update" => 3,
        "Delete" | "Unassign" => 4,
        _ => 99,
    };
    (Class::ApiActivity, activity)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = r#"{"id":"d-1","activityDateTime":"2026-03-02T10:11:12Z","activityDisplayName":"Consent to application",
        "category":"ApplicationManagement","operationType":"Assign","result":"success","loggedByService":"Core Directory",
        "initiatedBy":{"user":{"id":"u","userPrincipalName":"ann@larkfield.example","ipAddress":"198.51.100.7"}},
        "targetResources":[{"id":"t","displayName":"Reporter","type":"ServicePrincipal","modifiedProperties":[
            {"displayName":"ConsentContext.IsAdminConsent","newValue":"\"False\""}]}]}"#;

    #[test]
    fn both_shapes() {
        let stream =
            format!(r#"{{"time":"2026-03-02T10:12:00Z","category":"AuditLogs","tenantId":"t","properties":{INNER}}}"#);
        for raw in [INNER, &stream] {
            let event = normalize(raw.as_bytes()).unwrap();
            assert_eq!(event.class, Class::ApiActivity);
            assert_eq!(event.actor_key.as_deref(), Some("entra:ann@larkfield.example"));
            assert_eq!(event.hot().resources, ["t"]);
            let view: Value = serde_json::from_slice(&view(raw.as_bytes()).unwrap()).unwrap();
            assert_eq!(view["ConsentContext"]["IsAdminConsent"], "False");
            assert_eq!(view["properties"]["message"], "Consent to application");
            assert_eq!(
                view["TargetResources"][0]["ModifiedProperties"][0]["DisplayName"],
                "ConsentContext.IsAdminConsent"
            );
            assert_eq!(view["targetResources"][0]["type"], "ServicePrincipal");
            assert_eq!(view["LoggedByService"], "Core Directory");
        }
    }
}
