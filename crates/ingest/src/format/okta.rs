//! Okta System Log (`okta/okta`): Authentication, Account Change or API Activity.
//!
//! Rules see the event itself. Contents: Okta developer documentation, "System Log API", LogEvent object.

use ocsf::{
    Actor, Api, ApiRequest, Class, Cloud, Event, HttpRequest, Identified, Location, Resource, Session, Severity,
    Status, Url, User, UserType,
};

use super::json::{List, Scalar, fields, parse};
use super::{Format, Unreadable, aws, azure, time};

fields!(Record {
    uuid = "uuid": Scalar<'a>,
    published = "published": Scalar<'a>,
    event_type = "eventType": Scalar<'a>,
    severity = "severity": Scalar<'a>,
    message = "displayMessage": Scalar<'a>,
    actor = "actor": Party<'a>,
    client = "client": Client<'a>,
    outcome = "outcome": Outcome<'a>,
    target = "target": List<Party<'a>>,
    context = "authenticationContext": AuthContext<'a>,
    transaction = "transaction": Transaction<'a>,
    debug = "debugContext": Debug<'a>,
});
fields!(Party {
    id = "id": Scalar<'a>,
    kind = "type": Scalar<'a>,
    alternate_id = "alternateId": Scalar<'a>,
    display_name = "displayName": Scalar<'a>,
});
fields!(Client {
    ip = "ipAddress": Scalar<'a>,
    agent = "userAgent": Agent<'a>,
    place = "geographicalContext": Place<'a>,
});
fields!(Agent { raw = "rawUserAgent": Scalar<'a> });
fields!(Place { city = "city": Scalar<'a>, state = "state": Scalar<'a>, country = "country": Scalar<'a> });
fields!(Outcome { result = "result": Scalar<'a>, reason = "reason": Scalar<'a> });
fields!(AuthContext { session = "externalSessionId": Scalar<'a>, root = "rootSessionId": Scalar<'a> });
fields!(Transaction { id = "id": Scalar<'a> });
fields!(Debug { data = "debugData": DebugData<'a> });
fields!(DebugData { request_id = "requestId": Scalar<'a>, request_uri = "requestUri": Scalar<'a> });

/// Okta writes this where it does not know.
const UNKNOWN: &str = "unknown";

/// An event of the System Log.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let when = time::required("published", record.published.required("published")?)?;
    let operation = record.event_type.required("eventType")?;
    let (class, activity_id) = class(operation);

    let mut event = Event::new(Format::Okta.id(), class, when, raw);
    event.activity_id = activity_id;
    event.severity = match record.severity.text() {
        Some("ERROR") => Severity::Medium,
        Some("WARN") => Severity::Low,
        _ => Severity::Informational,
    };
    event.metadata = ocsf::Metadata {
        uid: record.uuid.string().into(),
        product_name: "System Log",
        vendor_name: "Okta",
        event_code: Some(operation.to_owned()),
        correlation_uid: record.transaction.id.string(),
        ..ocsf::Metadata::default()
    };
    event.message = record.message.string();
    event.cloud = Some(Cloud { provider: "Okta", region: None, zone: None, account: None });
    event.actor_key = actor_key(&record);
    let session = record.context.session.string().or_else(|| record.context.root.string()).map(Session::of);
    event.session.clone_from(&session);
    event.actor = actor(&record, session).map(Box::new);
    event.service = Some(Identified::named("Okta".to_owned()));
    event.api = Some(Box::new(Api {
        operation: operation.to_owned(),
        service: Some(Identified::named("Okta".to_owned())),
        request: record.debug.data.request_id.string().map(|uid| ApiRequest { uid, data: None }),
        ..Api::default()
    }));
    event.src_endpoint = record.client.ip.text().map(|ip| {
        let place = &record.client.place;
        let location =
            Location { city: place.city.string(), country: place.country.string(), region: place.state.string() };
        ocsf::Endpoint { location: (location != Location::default()).then_some(location), ..azure::endpoint(ip) }
    });
    event.http_request = request(&record).map(Box::new);
    event.status = status(record.outcome.result.text());
    event.status_code = record.outcome.result.string();
    event.status_detail = record.outcome.reason.string();
    event.resources = record.target.0.iter().filter_map(resource).collect();
    event.user = whom(&event, &record).map(Box::new);
    Ok(event)
}

/// `okta:<id>`, else the login; of somebody Okta does not know either of there is the address.
fn actor_key(record: &Record<'_>) -> Option<String> {
    let said = |scalar: &Scalar<'_>| scalar.text().filter(|text| *text != UNKNOWN).map(|text| format!("okta:{text}"));
    let by_address = || record.client.ip.text().and_then(aws::key_of_ip);
    said(&record.actor.id).or_else(|| said(&record.actor.alternate_id)).or_else(by_address)
}

fn user(party: &Party<'_>) -> Option<User> {
    let user = User {
        name: party.alternate_id.string().or_else(|| party.display_name.string()),
        uid: party.id.string(),
        kind: party.kind.string(),
        full_name: party.display_name.string(),
        type_id: match party.kind.text() {
            Some("User") => UserType::User,
            Some("SystemPrincipal") => UserType::System,
            Some("PublicClientApp" | "AppInstance") => UserType::Service,
            Some(_) => UserType::Other,
            None => UserType::Unknown,
        },
        ..User::default()
    };
    (user.name.is_some() || user.uid.is_some()).then_some(user)
}

fn actor(record: &Record<'_>, session: Option<Session>) -> Option<Actor> {
    let actor = Actor { user: user(&record.actor), session, ..Actor::default() };
    (!actor.is_empty()).then_some(actor)
}

/// Of a sign-in the actor, of an account change the first user among the targets.
fn whom(event: &Event, record: &Record<'_>) -> Option<User> {
    let acting = || event.actor.as_ref().and_then(|actor| actor.user.clone());
    match event.class {
        Class::Authentication => acting(),
        Class::AccountChange => {
            let target = record.target.0.iter().find(|party| party.kind.text() == Some("User"));
            target.and_then(user).or_else(acting)
        }
        _ => None,
    }
}

fn request(record: &Record<'_>) -> Option<HttpRequest> {
    let request = HttpRequest {
        user_agent: record.client.agent.raw.string(),
        url: record.debug.data.request_uri.text().map(Url::of_target),
        ..HttpRequest::default()
    };
    (request != HttpRequest::default()).then_some(request)
}

fn resource(party: &Party<'_>) -> Option<Resource> {
    let name = party.alternate_id.string().filter(|name| name != UNKNOWN).or_else(|| party.display_name.string());
    let resource = Resource { uid: party.id.string(), name, kind: party.kind.string(), owner: None };
    (resource.uid.is_some() || resource.name.is_some()).then_some(resource)
}

/// `SKIPPED`, `CHALLENGE`, `DEFERRED` and `UNKNOWN` are neither.
fn status(result: Option<&str>) -> Status {
    match result {
        Some("SUCCESS" | "ALLOW") => Status::Success,
        Some("FAILURE" | "DENY") => Status::Failure,
        _ => Status::Unknown,
    }
}

/// Okta names events `<area>.<thing>.<what happened>`.
fn class(operation: &str) -> (Class, u8) {
    let login = match operation {
        "user.session.start" => Some(1),
        "user.session.end" | "user.session.clear" => Some(2),
        _ if operation.starts_with("user.authentication.") => Some(1),
        "policy.evaluate_sign_on" | "user.session.impersonation.initiate" => Some(99),
        _ => None,
    };
    if let Some(activity) = login {
        return (Class::Authentication, activity);
    }
    if let Some(activity) = account_change(operation) {
        return (Class::AccountChange, activity);
    }
    let verb = operation.rsplit(['.', '_']).next().unwrap_or_default();
    let activity = match verb {
        "create" | "add" | "grant" | "import" => 1,
        "read" | "list" | "view" | "download" | "export" => 2,
        "update" | "change" | "activate" | "deactivate" | "rotate" | "enable" | "disable" => 3,
        "delete" | "remove" | "revoke" => 4,
        _ => 99,
    };
    (Class::ApiActivity, activity)
}

fn account_change(operation: &str) -> Option<u8> {
    let activity = match operation {
        "user.lifecycle.create" => 1,
        "user.lifecycle.activate" | "user.lifecycle.reactivate" | "user.lifecycle.unsuspend" => 2,
        "user.account.update_password" => 3,
        "user.account.reset_password" | "user.account.expire_password" => 4,
        "user.lifecycle.deactivate" | "user.lifecycle.suspend" => 5,
        "user.lifecycle.delete.initiated" | "user.lifecycle.delete.completed" => 6,
        "user.account.privilege.grant" => 7,
        "user.account.privilege.revoke" => 8,
        "user.account.lock" => 9,
        "user.mfa.factor.activate" => 10,
        "user.mfa.factor.deactivate" | "user.mfa.factor.reset_all" => 11,
        "user.account.unlock" | "user.account.unlock_by_admin" => 12,
        _ if operation.starts_with("user.account.") || operation.starts_with("user.lifecycle.") => 99,
        _ => return None,
    };
    Some(activity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_reset() {
        let raw = br#"{"uuid":"u-1","published":"2026-03-02T10:11:12.345Z","eventType":"user.mfa.factor.reset_all",
            "severity":"WARN","actor":{"id":"00u1","type":"User","alternateId":"ann@larkfield.example"},
            "client":{"ipAddress":"192.0.2.7","userAgent":{"rawUserAgent":"x"},"geographicalContext":{"city":"Ulm"}},
            "outcome":{"result":"SUCCESS"},"target":[{"id":"00u2","type":"User","alternateId":"bob@larkfield.example"}]}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status, event.severity), (300_111, Status::Success, Severity::Low));
        assert_eq!(event.actor_key.as_deref(), Some("okta:00u1"));
        assert_eq!(event.user.as_ref().unwrap().uid.as_deref(), Some("00u2"));
        assert_eq!(event.hot().resources, ["00u2"]);
        assert_eq!(event.hot().src_ip, Some("192.0.2.7"));
    }

    #[test]
    fn an_unknown_actor_is_an_address_and_targets_may_be_null() {
        let raw = br#"{"uuid":"u-1","published":"2026-03-02T10:11:12Z","eventType":"user.session.start",
            "actor":{"id":"unknown","type":"User","alternateId":"unknown"},"client":{"ipAddress":"192.0.2.7"},
            "outcome":{"result":"FAILURE","reason":"VERIFICATION_ERROR"},"target":null}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status), (300_201, Status::Failure));
        assert_eq!(event.actor_key.as_deref(), Some("ip:192.0.2.7"));
    }
}
