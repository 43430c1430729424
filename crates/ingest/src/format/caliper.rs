//! Caliper events (`caliper/events`), versions 1.0 to 1.2: Authentication for sessions, API Activity for the rest.
//!
//! Rules see the event itself, out of its envelope. A Canvas user has the key that Canvas live events give him. Entities that a
//! sensor sends to describe things are no events and are not read. Contents: IMS Global, "Caliper Analytics specification".

use ocsf::{Actor, Api, Class, Cloud, Event, HttpRequest, Identified, Resource, Session, Status, User, UserType};

use super::json::{Raw, Scalar, fields, parse, parse_text};
use super::{Format, Unreadable, aws, azure, time};

fields!(Record {
    id = "id": Scalar<'a>,
    uuid = "uuid": Scalar<'a>,
    old_id = "@id": Scalar<'a>,
    kind = "type": Scalar<'a>,
    old_kind = "@type": Scalar<'a>,
    action = "action": Scalar<'a>,
    when = "eventTime": Scalar<'a>,
    actor = "actor": Raw<'a>,
    object = "object": Raw<'a>,
    target = "target": Raw<'a>,
    group = "group": Raw<'a>,
    app = "edApp": Raw<'a>,
    session = "session": Raw<'a>,
    extensions = "extensions": Extensions<'a>,
});
fields!(Thing {
    id = "id": Scalar<'a>,
    old_id = "@id": Scalar<'a>,
    kind = "type": Scalar<'a>,
    old_kind = "@type": Scalar<'a>,
    name = "name": Scalar<'a>,
    client = "client": Client<'a>,
    extensions = "extensions": Extensions<'a>,
});
fields!(Client { ip = "ipAddress": Scalar<'a>, agent = "userAgent": Scalar<'a> });
fields!(Extensions { canvas = "com.instructure.canvas": Canvas<'a> });
fields!(Canvas {
    login = "user_login": Scalar<'a>,
    account = "root_account_uuid": Scalar<'a>,
    ip = "client_ip": Scalar<'a>,
    agent = "user_agent": Scalar<'a>,
    request = "request_id": Scalar<'a>,
});

/// How Canvas spells its users.
const CANVAS_USER: &str = "urn:instructure:canvas:user:";

/// What is described by an object or only named by its identifier.
#[derive(Debug, Default)]
struct Described<'r> {
    thing: Thing<'r>,
    named: Option<String>,
}

impl Described<'_> {
    fn id(&self) -> Option<String> {
        self.thing.id.string().or_else(|| self.thing.old_id.string()).or_else(|| self.named.clone())
    }

    fn kind(&self) -> Option<String> {
        let kind = self.thing.kind.string().or_else(|| self.thing.old_kind.string())?;
        Some(short(&kind).to_owned())
    }

    fn resource(&self) -> Option<Resource> {
        Some(Resource { uid: Some(self.id()?), name: self.thing.name.string(), kind: self.kind(), owner: None })
    }
}

fn described<'r>(raw: &'r Raw<'_>) -> Result<Described<'r>, Unreadable> {
    Ok(match raw.text() {
        Some(text) if text.starts_with('{') => Described { thing: parse_text(text)?, named: None },
        Some(text) if text.starts_with('"') => {
            Described { named: serde_json::from_str(text).ok(), ..Described::default() }
        }
        _ => Described::default(),
    })
}

/// The last word of a name that may be an address: `http://purl…/action#LoggedIn` is `LoggedIn`.
fn short(name: &str) -> &str {
    name.rsplit(['/', '#']).next().unwrap_or(name)
}

/// An event of a sensor.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let when = time::required("eventTime", record.when.required("eventTime")?)?;
    let action = short(record.action.required("action")?);
    let actor = described(&record.actor)?;
    let (app, session, object) = (described(&record.app)?, described(&record.session)?, described(&record.object)?);
    let kind = record.kind.text().or(record.old_kind.text()).map(short);
    let canvas = &record.extensions.canvas;

    let (class, activity_id) = class(action);
    let mut event = Event::new(Format::Caliper.id(), class, when, raw);
    event.activity_id = activity_id;
    let id = [&record.id, &record.uuid, &record.old_id].into_iter().find_map(Scalar::string);
    let tenant = actor.thing.extensions.canvas.account.string().or_else(|| canvas.account.string());
    event.metadata = ocsf::Metadata {
        uid: id.into(),
        product_name: "Caliper",
        vendor_name: "1EdTech",
        feature: kind.map(str::to_owned),
        event_code: Some(action.to_owned()),
        correlation_uid: canvas.request.string(),
        tenant_uid: tenant,
        ..ocsf::Metadata::default()
    };
    let service = Identified { name: app.thing.name.string().or_else(|| app.id()), uid: app.id() };
    let service = (service.name.is_some()).then_some(service);
    event.cloud = Some(Cloud { provider: "Caliper", region: None, zone: None, account: None });
    event.api = Some(Box::new(Api {
        operation: kind.map_or_else(|| action.to_owned(), |kind| format!("{kind}.{action}")),
        service: service.clone(),
        ..Api::default()
    }));
    event.service = service;
    let address = session.thing.client.ip.text().or(session.thing.extensions.canvas.ip.text()).or(canvas.ip.text());
    event.src_endpoint = address.map(azure::endpoint);
    let agent = session.thing.client.agent.string().or_else(|| canvas.agent.string());
    event.http_request = agent.map(HttpRequest::of_agent).map(Box::new);
    event.session = session.id().map(Session::of);
    event.actor_key = actor.id().map(|id| key(&id)).or_else(|| address.and_then(aws::key_of_ip));
    event.actor = of_actor(&actor, event.session.clone()).map(Box::new);
    event.user = event.actor.as_ref().and_then(|actor| actor.user.clone()).map(Box::new);
    event.status = if action.contains("Failed") { Status::Failure } else { Status::Success };
    event.resources.extend(object.resource());
    for raw in [&record.target, &record.group] {
        event.resources.extend(described(raw)?.resource());
    }
    Ok(event)
}

fn key(id: &str) -> String {
    match id.strip_prefix(CANVAS_USER) {
        Some(user) => format!("canvas:{user}"),
        None => format!("caliper:{id}"),
    }
}

fn of_actor(actor: &Described<'_>, session: Option<Session>) -> Option<Actor> {
    let login = actor.thing.extensions.canvas.login.string().or_else(|| actor.thing.name.string());
    let kind = actor.kind();
    let user = User {
        name: login,
        uid: actor.id(),
        type_id: match kind.as_deref() {
            Some("Person") => UserType::User,
            Some("SoftwareApplication") => UserType::Service,
            _ => UserType::Unknown,
        },
        kind,
        ..User::default()
    };
    let known = user.name.is_some() || user.uid.is_some();
    let actor = Actor { user: known.then_some(user), session, ..Actor::default() };
    (!actor.is_empty()).then_some(actor)
}

fn class(action: &str) -> (Class, u8) {
    match action {
        "LoggedIn" => return (Class::Authentication, 1),
        "LoggedOut" | "TimedOut" => return (Class::Authentication, 2),
        _ => {}
    }
    let activity = match action {
        "Created" | "Added" | "Copied" | "Posted" | "Uploaded" | "Submitted" | "Shared" | "Tagged" | "Highlighted" => 1,
        "Viewed" | "Retrieved" | "NavigatedTo" | "Searched" | "Downloaded" | "Printed" | "Launched" | "Described" => 2,
        "Modified" | "Graded" | "Published" | "Unpublished" | "Restored" | "Archived" | "Saved" | "Reset" => 3,
        "Deleted" | "Removed" => 4,
        _ => 99,
    };
    (Class::ApiActivity, activity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn described_and_named_parties() {
        let raw = br#"{"@context":"http://purl.imsglobal.org/ctx/caliper/v1p2","id":"urn:uuid:1","type":"ViewEvent","action":"Viewed",
            "eventTime":"2026-03-02T10:11:12.000Z","actor":{"id":"urn:instructure:canvas:user:42","type":"Person",
            "extensions":{"com.instructure.canvas":{"user_login":"ann@larkfield.example"}}},"object":"https://campus.example/record/7",
            "edApp":{"id":"https://campus.example","type":"SoftwareApplication"},
            "session":{"id":"s-1","client":{"ipAddress":"192.0.2.7","userAgent":"x"}}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.hot().operation), (600_302, Some("ViewEvent.Viewed")));
        assert_eq!(event.actor_key.as_deref(), Some("canvas:42"));
        assert_eq!(event.hot().user_name, Some("ann@larkfield.example"));
        assert_eq!(event.hot().resources, ["https://campus.example/record/7"]);
        assert_eq!((event.hot().src_ip, event.hot().user_agent), (Some("192.0.2.7"), Some("x")));
    }

    #[test]
    fn version_1_0_spells_names_as_addresses() {
        let raw = br#"{"@context":"http://purl.imsglobal.org/ctx/caliper/v1/Context","@type":"http://purl.imsglobal.org/caliper/v1/SessionEvent",
            "actor":{"@id":"https://campus.example/user/1","@type":"http://purl.imsglobal.org/caliper/v1/lis/Person"},
            "action":"http://purl.imsglobal.org/vocab/caliper/v1/action#LoggedIn","eventTime":"2026-03-02T10:11:12.000Z"}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(event.type_uid(), 300_201);
        assert_eq!(event.actor_key.as_deref(), Some("caliper:https://campus.example/user/1"));
    }
}
