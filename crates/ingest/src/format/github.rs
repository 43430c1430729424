//! GitHub audit log of an organisation or enterprise (`github/audit`): Authentication, Account Change or API Activity.
//!
//! Rules see the entry itself. Contents: GitHub documentation, "Audit log events for your organization" and the streamed and
//! exported JSON. Webhook deliveries are another thing and are not read.

use ocsf::{
    Account, Actor, Api, ApiRequest, Class, Cloud, Event, HttpRequest, Identified, Location, Resource, Status, User,
    UserType,
};

use super::json::{List, Scalar, fields, parse};
use super::{Format, Unreadable, aws, azure, time};

fields!(Record {
    timestamp = "@timestamp": Scalar<'a>,
    created_at = "created_at": Scalar<'a>,
    document_id = "_document_id": Scalar<'a>,
    action = "action": Scalar<'a>,
    actor = "actor": Scalar<'a>,
    actor_id = "actor_id": Scalar<'a>,
    actor_ip = "actor_ip": Scalar<'a>,
    actor_is_bot = "actor_is_bot": Scalar<'a>,
    actor_location = "actor_location": Place<'a>,
    user = "user": Scalar<'a>,
    user_id = "user_id": Scalar<'a>,
    org = "org": Scalar<'a>,
    business = "business": Scalar<'a>,
    repo = "repo": Scalar<'a>,
    repository = "repository": Scalar<'a>,
    repositories = "repositories": List<Scalar<'a>>,
    team = "team": Scalar<'a>,
    agent = "user_agent": Scalar<'a>,
    operation_type = "operation_type": Scalar<'a>,
    request_id = "request_id": Scalar<'a>,
    access_type = "programmatic_access_type": Scalar<'a>,
    external_login = "external_identity_nameid": Scalar<'a>,
});
fields!(Place { country = "country_code": Scalar<'a> });

/// An entry of the audit log.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let when = when(&record)?;
    let operation = record.action.required("action")?;
    let (class, activity_id) = class(operation, record.operation_type.text());

    let mut event = Event::new(Format::GitHubAudit.id(), class, when, raw);
    event.activity_id = activity_id;
    event.metadata = ocsf::Metadata {
        uid: record.document_id.string().into(),
        product_name: "GitHub audit log",
        vendor_name: "GitHub",
        event_code: record.operation_type.string(),
        tenant_uid: record.business.string(),
        ..ocsf::Metadata::default()
    };
    let account = record.org.string().or_else(|| record.business.string());
    let account = account.map(|name| Account { name: Some(name.clone()), uid: Some(name), type_id: None });
    event.cloud = Some(Cloud { provider: "GitHub", region: None, zone: None, account });
    let by_address = || record.actor_ip.text().and_then(aws::key_of_ip);
    event.actor_key = record.actor.text().map(|actor| format!("github:{actor}")).or_else(by_address);
    event.actor = actor(&record).map(Box::new);
    event.service = Some(Identified::named("GitHub".to_owned()));
    event.api = Some(Box::new(Api {
        operation: operation.to_owned(),
        service: Some(Identified::named("GitHub".to_owned())),
        request: record.request_id.string().map(|uid| ApiRequest { uid, data: None }),
        ..Api::default()
    }));
    event.src_endpoint = record.actor_ip.text().map(|ip| ocsf::Endpoint {
        location: record
            .actor_location
            .country
            .string()
            .map(|country| Location { country: Some(country), ..Location::default() }),
        ..azure::endpoint(ip)
    });
    event.http_request = record.agent.string().map(HttpRequest::of_agent).map(Box::new);
    // The log notes what was done; the few attempts that failed say so in their name.
    let failed = operation.contains("failed") || operation.ends_with("rejected_push");
    event.status = if failed { Status::Failure } else { Status::Success };
    event.resources = resources(&record);
    event.user = whom(&event, &record).map(Box::new);
    Ok(event)
}

/// Milliseconds since 1970, in older exports an RFC 3339 text.
fn when(record: &Record<'_>) -> Result<jiff::Timestamp, Unreadable> {
    let fields = [("created_at", &record.created_at), ("@timestamp", &record.timestamp)];
    let Some((name, value)) = fields.into_iter().find(|(_, value)| value.string().is_some()) else {
        return Err(Unreadable::missing("created_at (or @timestamp)"));
    };
    let written = value.string().unwrap_or_default();
    let found = value.count().and_then(time::milliseconds).or_else(|| time::instant(&written));
    found.ok_or_else(|| Unreadable(format!("{name} `{written}` is not a time")))
}

fn actor(record: &Record<'_>) -> Option<Actor> {
    let user = User {
        name: record.actor.string(),
        uid: record.actor_id.string(),
        uid_alt: record.external_login.string(),
        type_id: match record.actor_is_bot.truth() {
            Some(true) => UserType::Service,
            _ => UserType::User,
        },
        ..User::default()
    };
    let known = user.name.is_some() || user.uid.is_some();
    let actor = Actor { user: known.then_some(user), app_name: record.access_type.string(), ..Actor::default() };
    (!actor.is_empty()).then_some(actor)
}

fn whom(event: &Event, record: &Record<'_>) -> Option<User> {
    let named =
        record.user.string().map(|name| User { name: Some(name), uid: record.user_id.string(), ..User::default() });
    let acting = || event.actor.as_ref().and_then(|actor| actor.user.clone());
    match event.class {
        Class::Authentication | Class::AccountChange => named.or_else(acting),
        _ => None,
    }
}

/// Repositories first, then the team, the user and the organisation the entry is about.
fn resources(record: &Record<'_>) -> Vec<Resource> {
    let of = |kind: &str, name: &Scalar<'_>| {
        name.string().map(|uid| Resource { uid: Some(uid), kind: Some(kind.to_owned()), ..Resource::default() })
    };
    let mut out: Vec<Resource> =
        of("repository", &record.repo).or_else(|| of("repository", &record.repository)).into_iter().collect();
    out.extend(record.repositories.0.iter().filter_map(|name| of("repository", name)));
    out.extend(of("team", &record.team));
    out.extend(of("user", &record.user));
    out.extend(of("organization", &record.org));
    out
}

fn class(operation: &str, kind: Option<&str>) -> (Class, u8) {
    match operation {
        "user.login" | "user.failed_login" | "org.sso_response" | "business.sso_response" => {
            return (Class::Authentication, 1);
        }
        "user.logout" => return (Class::Authentication, 2),
        "user.create" => return (Class::AccountChange, 1),
        "user.change_password" => return (Class::AccountChange, 3),
        "user.forgot_password" | "user.password_reset" => return (Class::AccountChange, 4),
        "user.suspend" => return (Class::AccountChange, 5),
        "user.unsuspend" => return (Class::AccountChange, 2),
        "user.delete" => return (Class::AccountChange, 6),
        "two_factor_authentication.enabled" => return (Class::AccountChange, 10),
        "two_factor_authentication.disabled" => return (Class::AccountChange, 11),
        _ => {}
    }
    let verb = operation.rsplit('.').next().unwrap_or_default();
    let starts = |words: &[&str]| words.iter().any(|word| verb.starts_with(word));
    let activity = match kind {
        Some("create") => 1,
        Some("access") => 2,
        Some("modify" | "restore" | "transfer") => 3,
        Some("remove") => 4,
        _ if starts(&["create", "add", "invite", "upload", "register"]) => 1,
        _ if starts(&["clone", "fetch", "download", "access", "export", "view"]) => 2,
        _ if starts(&["destroy", "delete", "remove", "cancel", "revoke"]) => 4,
        _ if starts(&["update", "change", "push", "rename", "enable", "disable", "transfer", "set", "restore"]) => 3,
        _ => 99,
    };
    (Class::ApiActivity, activity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_made_public() {
        let raw = br#"{"@timestamp":1772446272000,"_document_id":"d-1","action":"repo.access","actor":"ann","actor_id":7,
            "actor_ip":"192.0.2.7","org":"larkfield","repo":"larkfield/shop","visibility":"public","operation_type":"modify",
            "created_at":1772446272000,"user_agent":"x","actor_location":{"country_code":"DE"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(event.time.to_string(), "2026-03-02T10:11:12Z");
        assert_eq!((event.type_uid(), event.status), (600_303, Status::Success));
        assert_eq!(event.actor_key.as_deref(), Some("github:ann"));
        assert_eq!(event.hot().resources, ["larkfield/shop", "larkfield"]);
        assert_eq!(event.account(), Some("larkfield"));
    }

    #[test]
    fn times_are_milliseconds_or_text() {
        let at = |time: &str| normalize(format!(r#"{{"created_at":{time},"action":"git.clone"}}"#).as_bytes());
        assert_eq!(at("\"2026-03-02T10:11:12Z\"").unwrap().time.to_string(), "2026-03-02T10:11:12Z");
        assert_eq!(at("1772446272000").unwrap().activity_id, 2);
        assert_eq!(at("-5").unwrap_err().0, "created_at `-5` is not a time");
        assert_eq!(at("null").unwrap_err().0, "created_at (or @timestamp) is missing");
        assert_eq!(at("{}").unwrap_err().0, "created_at (or @timestamp) is missing");
    }
}
