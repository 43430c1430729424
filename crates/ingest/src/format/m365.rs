//! Microsoft 365 unified audit log (`m365/audit`): Authentication for sign-ins, API Activity for the rest.
//!
//! Rules see the record plus, where absent: `eventSource` (the workload), `eventName` (the alert's name or the operation),
//! `status`, `Payload`, and every name of `ExtendedProperties` and `Parameters` at the top.

use ocsf::{Account, Actor, Api, ApiRequest, Class, Cloud, Event, HttpRequest, Identified, Resource, Session, Status};
use serde_json::{Map, Value};

use super::azure::{self, Names};
use super::{Format, Unreadable, time};

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let map = azure::parse(raw)?;
    let listed: Vec<(String, Value)> = ["ExtendedProperties", "Parameters"]
        .iter()
        .filter_map(|name| map.get(*name)?.as_array())
        .flatten()
        .filter_map(|pair| Some((pair.get("Name")?.as_str()?.to_owned(), pair.get("Value")?.clone())))
        .collect();
    let mut names = Names(map);
    names.add_some("eventSource", azure::text(&names.0, "Workload"));
    names.add_some("eventName", azure::first(&names.0, &["Name", "Operation"]));
    names.add("status", if status(&names.0) == Status::Failure { "failure" } else { "success" });
    names.add_some("Payload", azure::text(&names.0, "Data"));
    for (name, value) in listed {
        names.add(&name, value);
    }
    names.bytes()
}

/// A record as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let map = azure::parse(raw)?;
    let written = azure::text(&map, "CreationTime").ok_or_else(|| Unreadable::missing("CreationTime"))?;
    // Times are UTC and written without a zone.
    let when = time::required("CreationTime", &written)?;
    let operation = azure::text(&map, "Operation").ok_or_else(|| Unreadable::missing("Operation"))?;
    let sign_in = matches!(operation.as_str(), "UserLoggedIn" | "UserLoginFailed" | "MailboxLogin");
    let class = if sign_in { Class::Authentication } else { Class::ApiActivity };

    let mut event = Event::new(Format::M365Audit.id(), class, when, raw);
    event.activity_id = if sign_in { 1 } else { activity(&operation) };
    let tenant = azure::text(&map, "OrganizationId");
    event.metadata = ocsf::Metadata {
        uid: azure::text(&map, "Id").into(),
        product_name: "Microsoft 365 audit log",
        vendor_name: "Microsoft",
        event_code: azure::text(&map, "RecordType"),
        tenant_uid: tenant.clone(),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(Cloud {
        provider: "Microsoft 365",
        region: None,
        zone: None,
        account: tenant.clone().map(Account::m365_tenant),
    });
    let who = azure::first(&map, &["UserId", "UserKey", "ApplicationId"]);
    event.actor_key = who.as_deref().map(azure::key);
    event.user = azure::user(who, azure::text(&map, "UserKey"), tenant).map(Box::new);
    event.actor = actor(&map, event.user.as_deref().cloned()).map(Box::new);
    let workload = azure::text(&map, "Workload").unwrap_or_else(|| "Microsoft 365".to_owned());
    let service = Identified::named(workload);
    event.service = Some(service.clone());
    event.api = Some(Box::new(Api {
        operation,
        service: Some(service),
        request: azure::first(&map, &["CorrelationId", "InterSystemsId"]).map(|uid| ApiRequest { uid, data: None }),
        ..Api::default()
    }));
    event.src_endpoint =
        azure::first(&map, &["ClientIP", "ClientIPAddress", "ActorIpAddress"]).map(|address| azure::endpoint(&address));
    let agent = azure::first(&map, &["UserAgent", "ClientInfoString"]).or_else(|| extended(&map, "UserAgent"));
    event.http_request = agent.map(HttpRequest::of_agent).map(Box::new);
    event.status = status(&map);
    event.status_code = azure::first(&map, &["ErrorNumber", "ResultStatus"]);
    event.status_detail = azure::text(&map, "LogonError");
    event.resources = resources(&map);
    Ok(event)
}

fn extended(map: &Map<String, Value>, name: &str) -> Option<String> {
    let list = map.get("ExtendedProperties")?.as_array()?;
    let pair = list.iter().find(|pair| pair.get("Name").is_some_and(|found| found == name))?;
    pair.get("Value")?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn actor(map: &Map<String, Value>, user: Option<ocsf::User>) -> Option<Actor> {
    let session = azure::first(map, &["SessionId", "AppAccessContext.AADSessionId"]);
    let actor = Actor {
        user,
        session: session.map(Session::of),
        app_uid: azure::first(map, &["ApplicationId", "AppAccessContext.ClientAppId"]),
        ..Actor::default()
    };
    (!actor.is_empty()).then_some(actor)
}

fn status(map: &Map<String, Value>) -> Status {
    let failed_login = azure::text(map, "Operation").as_deref() == Some("UserLoginFailed");
    match azure::text(map, "ResultStatus").unwrap_or_default().to_ascii_lowercase().as_str() {
        _ if failed_login => Status::Failure,
        "succeeded" | "success" | "true" | "partiallysucceeded" => Status::Success,
        "failed" | "failure" | "false" => Status::Failure,
        _ => Status::Unknown,
    }
}

/// What was touched: a file or site by its URL, else the object the operation names, else the mailbox.
fn resources(map: &Map<String, Value>) -> Vec<Resource> {
    let uid = azure::first(map, &["ObjectId", "SiteUrl", "MailboxOwnerUPN", "AlertId"]);
    let kind = azure::first(map, &["ItemType", "RecordType"]);
    uid.map(|uid| Resource { uid: Some(uid), kind, ..Resource::default() }).into_iter().collect()
}

/// The verb the operation starts with (`FileDownloaded`, `New-InboxRule`, `Add member to role.`) or ends with.
fn activity(operation: &str) -> u8 {
    let has = |words: &[&str]| words.iter().any(|word| operation.contains(word));
    if has(&["Download", "Accessed", "Viewed", "Get-", "Search", "MailItemsAccessed", "Preview"]) {
        2
    } else if has(&["Delete", "Remove", "Purge", "Recycle"]) {
        4
    } else if has(&["New-", "Add", "Create", "Upload", "Copied"]) {
        1
    } else if has(&["Set-", "Update", "Modif", "Change", "Rename", "Moved", "Enable", "Disable", "Shar"]) {
        3
    } else {
        99
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_rule() {
        let raw =
            br#"{"CreationTime":"2026-03-02T10:11:12","Id":"m-1","Operation":"New-InboxRule","Workload":"Exchange",
            "OrganizationId":"t","UserId":"Ann@larkfield.example","ClientIP":"[2001:db8::1]:443","ResultStatus":"True",
            "RecordType":1,"Parameters":[{"Name":"ForwardTo","Value":"x@elsewhere.example"}]}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(event.time.to_string(), "2026-03-02T10:11:12Z");
        assert_eq!(event.hot().src_ip, Some("2001:db8::1"));
        assert_eq!((event.activity_id, event.status), (1, Status::Success));
        let view: Value = serde_json::from_slice(&view(raw).unwrap()).unwrap();
        assert_eq!(view["ForwardTo"], "x@elsewhere.example");
        assert_eq!(view["eventSource"], "Exchange");
        assert_eq!(view["status"], "success");
    }
}
