//! Application JSON log v1 (`application/json`): HTTP Activity, Authentication or Base Event.
//!
//! Our own generic web-application log, one object a line; `timestamp`, `service` and `event` are required. Rules see the
//! record itself.

use ocsf::{
    Actor, Class, Endpoint, Event, HttpRequest, HttpResponse, Identified, Location, Resource, Session, Severity,
    Status, Traffic, Url, User, UserType,
};

use super::json::{Scalar, fields, parse};
use super::{Format, Unreadable, aws, time, web};

fields!(Record {
    timestamp = "timestamp": Scalar<'a>,
    service = "service": Scalar<'a>,
    event = "event": Scalar<'a>,
    level = "level": Scalar<'a>,
    event_id = "event_id": Scalar<'a>,
    trace_id = "trace_id": Scalar<'a>,
    session_id = "session_id": Scalar<'a>,
    message = "message": Scalar<'a>,
    user = "user": Person<'a>,
    client = "client": Client<'a>,
    http = "http": Http<'a>,
    resource = "resource": Thing<'a>,
});
fields!(Person { id = "id": Scalar<'a>, role = "role": Scalar<'a>, student_id = "student_id": Scalar<'a> });
fields!(Client { ip = "ip": Scalar<'a>, user_agent = "user_agent": Scalar<'a>, country = "country": Scalar<'a> });
fields!(Http {
    method = "method": Scalar<'a>,
    path = "path": Scalar<'a>,
    route = "route": Scalar<'a>,
    status = "status": Scalar<'a>,
    response_bytes = "response_bytes": Scalar<'a>,
});
fields!(Thing {
    kind = "type": Scalar<'a>,
    id = "id": Scalar<'a>,
    owner = "owner_id": Scalar<'a>,
    count = "count": Scalar<'a>,
});

/// A log line as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let written = record.timestamp.required("timestamp")?;
    let when = time::required("timestamp", written)?;
    let service = record.service.required("service")?;
    let name = record.event.required("event")?;
    let code = record.http.status.count().and_then(|code| u16::try_from(code).ok());

    let class = class(name, &record);
    let mut event = Event::new(Format::AppJson.id(), class, when, raw);
    event.activity_id = activity(class, name, record.http.method.text());
    event.severity = match record.level.text() {
        Some("error" | "fatal") => Severity::Medium,
        Some("warn" | "warning") => Severity::Low,
        _ => Severity::Informational,
    };
    event.metadata = ocsf::Metadata {
        uid: record.event_id.string().into(),
        product_name: "Application log",
        vendor_name: "Application",
        feature: Some(service.to_owned()),
        event_code: Some(name.to_owned()),
        correlation_uid: record.trace_id.string(),
        ..ocsf::Metadata::default()
    };
    event.message = record.message.string();
    event.service = Some(Identified::named(service.to_owned()));
    event.actor_key = actor_key(service, &record);
    event.actor = actor(&record).map(Box::new);
    event.user = event.actor.as_ref().and_then(|actor| actor.user.clone()).map(Box::new);
    event.session = record.session_id.string().map(Session::of);
    event.src_endpoint = source(&record.client);
    event.http_request = request(&record).map(Box::new);
    event.bytes = record.http.response_bytes.count();
    event.http_response = code.map(|code| HttpResponse { code, body_length: event.bytes, latency: None });
    event.traffic = event.bytes.map(|bytes| Traffic { bytes_out: Some(bytes), ..Traffic::default() });
    event.status = match code {
        Some(code) if code < 400 => Status::Success,
        Some(_) => Status::Failure,
        None => Status::Unknown,
    };
    event.status_code = code.map(|code| code.to_string());
    event.resources.extend(resource(&record.resource));
    if let Some(count) = record.resource.count.count() {
        event.unmapped.insert("resource_count".to_owned(), count.into());
    }
    Ok(event)
}

/// A request is HTTP Activity, which needs a request or a response; a login without HTTP details is still a login.
fn class(name: &str, record: &Record<'_>) -> Class {
    let about_login = name == "login" || name == "logout" || name.starts_with("login.") || name.starts_with("auth.");
    let has_http = request(record).is_some() || record.http.status.count().is_some();
    if about_login {
        Class::Authentication
    } else if has_http {
        Class::HttpActivity
    } else {
        Class::Base
    }
}

fn activity(class: Class, name: &str, method: Option<&str>) -> u8 {
    match class {
        Class::Authentication if name == "logout" => 2,
        Class::Authentication => 1,
        Class::HttpActivity => web::activity(method.unwrap_or_default()),
        _ => 99,
    }
}

/// `app:<service>:<user or session>`; of somebody without either we know the address.
fn actor_key(service: &str, record: &Record<'_>) -> Option<String> {
    let who = record.user.id.string().or_else(|| record.session_id.string());
    who.map(|who| format!("app:{service}:{who}")).or_else(|| record.client.ip.text().and_then(aws::key_of_ip))
}

fn actor(record: &Record<'_>) -> Option<Actor> {
    let user = record.user.id.string().map(|id| User {
        name: Some(id.clone()),
        uid: Some(id),
        uid_alt: record.user.student_id.string(),
        kind: record.user.role.string(),
        type_id: match record.user.role.text() {
            Some("service") => UserType::Service,
            Some("staff" | "registrar") => UserType::Admin,
            Some("anonymous") | None => UserType::Unknown,
            Some(_) => UserType::User,
        },
        ..User::default()
    });
    let session = record.session_id.string().map(Session::of);
    let actor = Actor { user, session, ..Actor::default() };
    (!actor.is_empty()).then_some(actor)
}

fn source(client: &Client<'_>) -> Option<Endpoint> {
    let mut endpoint = aws::endpoint(client.ip.text()?);
    endpoint.location =
        client.country.string().map(|country| Location { country: Some(country), ..Location::default() });
    Some(endpoint)
}

fn request(record: &Record<'_>) -> Option<HttpRequest> {
    let http = &record.http;
    let path = http.path.text().or(http.route.text());
    let request = HttpRequest {
        http_method: http.method.string(),
        url: path.map(Url::of_target),
        user_agent: record.client.user_agent.string(),
        ..HttpRequest::default()
    };
    (request.http_method.is_some() || request.url.is_some()).then_some(request)
}

/// `type:id`, so that a student record and an order with one number stay apart.
fn resource(thing: &Thing<'_>) -> Option<Resource> {
    let id = thing.id.string()?;
    let kind = thing.kind.string();
    let uid = kind.as_ref().map_or_else(|| id.clone(), |kind| format!("{kind}:{id}"));
    let owner = thing.owner.string().map(|uid| User { uid: Some(uid), ..User::default() });
    Some(Resource { uid: Some(uid), name: Some(id), kind, owner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request() {
        let raw = br#"{"timestamp":"2026-03-02T10:11:12.123Z","service":"student-portal","event":"http.request",
            "user":{"id":"stu-9","role":"student","student_id":"S-100231"},"client":{"ip":"192.0.2.4"},
            "http":{"method":"GET","path":"/v1/students/S-100999/record","status":200,"response_bytes":1234},
            "resource":{"type":"student_record","id":"S-100999","count":1}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(event.class, Class::HttpActivity);
        assert_eq!(event.type_uid(), 400_203);
        assert_eq!(event.actor_key.as_deref(), Some("app:student-portal:stu-9"));
        assert_eq!(event.hot().resources, ["student_record:S-100999"]);
        assert_eq!(event.hot().bytes, Some(1234));
    }

    #[test]
    fn required_fields_are_named() {
        let cases = [
            (r#"{"service":"a","event":"b"}"#, "timestamp is missing"),
            (r#"{"timestamp":5,"service":"a","event":"b"}"#, "timestamp is not a string"),
            (r#"{"timestamp":"soon","service":"a","event":"b"}"#, "timestamp `soon` is not a time"),
            (r#"{"timestamp":"2026-03-02T10:11:12Z","event":"b"}"#, "service is missing"),
            (r#"{"timestamp":"2026-03-02T10:11:12Z","service":"a","event":""}"#, "event is empty"),
            ("[1]", "record is not a JSON object"),
        ];
        for (raw, reason) in cases {
            assert_eq!(normalize(raw.as_bytes()).unwrap_err().0, reason);
        }
    }
}
