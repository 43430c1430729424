//! Google Workspace activity reports (`gcp/google_workspace`): Authentication, Account Change or API Activity.
//!
//! Rules see the activity plus, where absent: `eventService` (`admin.googleapis.com`), `eventName` (of all its events), and every
//! parameter of its events at the top, under its own name and in lower case (`new_value`). One activity is one event; where it
//! holds several, the first names it. Contents: Google Workspace Reports API, resource Activity.

use ocsf::{Account, Actor, Api, Class, Cloud, Event, Identified, Resource, Status, User, UserType};

use super::append::Appended;
use super::json::{List, OneOrMore, Raw, Scalar, fields, parse};
use super::{Format, Unreadable, aws, azure, time};

fields!(Record {
    id = "id": Id<'a>,
    actor = "actor": Party<'a>,
    ip = "ipAddress": Scalar<'a>,
    domain = "ownerDomain": Scalar<'a>,
    events = "events": OneOrMore<Part<'a>>,
});
fields!(Id {
    time = "time": Scalar<'a>,
    qualifier = "uniqueQualifier": Scalar<'a>,
    application = "applicationName": Scalar<'a>,
    customer = "customerId": Scalar<'a>,
});
fields!(Party {
    email = "email": Scalar<'a>,
    profile = "profileId": Scalar<'a>,
    kind = "callerType": Scalar<'a>,
    key = "key": Scalar<'a>,
});
fields!(Part { kind = "type": Scalar<'a>, name = "name": Scalar<'a>, parameters = "parameters": List<Parameter<'a>> });
fields!(Parameter {
    name = "name": Scalar<'a>,
    value = "value": Raw<'a>,
    truth = "boolValue": Raw<'a>,
    number = "intValue": Raw<'a>,
    many = "multiValue": Raw<'a>,
    many_numbers = "multiIntValue": Raw<'a>,
});

impl Parameter<'_> {
    /// The value as JSON.
    fn json(&self) -> Option<&str> {
        let values = [&self.value, &self.truth, &self.number, &self.many, &self.many_numbers];
        values.into_iter().find_map(|value| value.text())
    }
}

impl Record<'_> {
    /// The parameter of this name, whatever its case, as text.
    fn parameter(&self, wanted: &str) -> Option<String> {
        let parameters = self.events.0.iter().flat_map(|event| &event.parameters.0);
        let named = |one: &&Parameter<'_>| one.name.text().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        let json = parameters.into_iter().find(named)?.json()?;
        match serde_json::from_str(json).ok()? {
            serde_json::Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            serde_json::Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        }
    }
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let mut view = Appended::to(raw)?;
    if let Some(application) = record.id.application.text() {
        view.text("eventService", &format!("{application}.googleapis.com"));
    }
    match record.events.0.as_slice() {
        [one] => view.some("eventName", one.name.text()),
        several => view.list("eventName", several.iter().filter_map(|event| event.name.text())),
    }
    for parameter in record.events.0.iter().flat_map(|event| &event.parameters.0) {
        if let (Some(name), Some(value)) = (parameter.name.text(), parameter.json()) {
            view.json(name, value);
            view.json(&name.to_ascii_lowercase(), value);
        }
    }
    Ok(view.finish())
}

/// An activity as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let written = record.id.time.required("id.time")?;
    let when = time::required("id.time", written)?;
    let first = record.events.0.first().ok_or_else(|| Unreadable::missing("events"))?;
    let operation = first.name.required("events.name")?;
    let application = record.id.application.text().unwrap_or("unknown");
    let (class, activity_id) = class(application, operation);

    let mut event = Event::new(Format::GoogleWorkspace.id(), class, when, raw);
    event.activity_id = activity_id;
    event.metadata = ocsf::Metadata {
        product_name: "Google Workspace",
        vendor_name: "Google",
        feature: Some(application.to_owned()),
        event_code: first.kind.string(),
        correlation_uid: record.id.qualifier.string(),
        tenant_uid: record.id.customer.string(),
        ..ocsf::Metadata::default()
    };
    // OCSF's account type 15 is Google Workspace.
    let account = record.id.customer.string().map(|uid| Account {
        uid: Some(uid),
        type_id: Some(15),
        name: record.domain.string(),
    });
    event.cloud = Some(Cloud { provider: "GCP", region: None, zone: None, account });
    event.actor_key = actor_key(&record);
    event.actor = actor(&record).map(Box::new);
    event.service = Some(Identified::named(application.to_owned()));
    event.api = Some(Box::new(Api {
        operation: operation.to_owned(),
        service: Some(Identified::named(format!("{application}.googleapis.com"))),
        ..Api::default()
    }));
    event.src_endpoint = record.ip.text().map(azure::endpoint);
    event.bytes = record.parameter("num_response_bytes").and_then(|text| text.parse().ok());
    event.status = status(operation, record.parameter("login_challenge_status").as_deref());
    event.resources = resources(&record);
    event.user = whom(&event, &record).map(Box::new);
    Ok(event)
}

fn actor_key(record: &Record<'_>) -> Option<String> {
    let known = record.actor.email.text().or(record.actor.key.text()).map(str::to_lowercase);
    let known = known.or_else(|| record.actor.profile.string());
    known.map(|who| format!("google:{who}")).or_else(|| record.ip.text().and_then(aws::key_of_ip))
}

fn actor(record: &Record<'_>) -> Option<Actor> {
    let user = User {
        name: record.actor.email.string().or_else(|| record.actor.key.string()),
        uid: record.actor.profile.string(),
        kind: record.actor.kind.string(),
        type_id: match record.actor.kind.text() {
            Some("USER") => UserType::User,
            Some("KEY") => UserType::Service,
            _ => UserType::Unknown,
        },
        ..User::default()
    };
    (user.name.is_some() || user.uid.is_some()).then(|| Actor { user: Some(user), ..Actor::default() })
}

/// The user an account change names, else the actor.
fn whom(event: &Event, record: &Record<'_>) -> Option<User> {
    if !matches!(event.class, Class::AccountChange | Class::Authentication) {
        return None;
    }
    let named = record.parameter("USER_EMAIL").or_else(|| record.parameter("affected_email_address"));
    let named = named.map(|name| User { name: Some(name), ..User::default() });
    named.or_else(|| event.actor.as_ref()?.user.clone())
}

fn status(operation: &str, challenge: Option<&str>) -> Status {
    let lower = operation.to_ascii_lowercase();
    let failed = ["failure", "denied", "deny", "blocked", "rejected"].iter().any(|word| lower.contains(word));
    let challenge_failed = challenge.is_some_and(|text| !text.to_ascii_lowercase().contains("passed"));
    if failed || challenge_failed { Status::Failure } else { Status::Success }
}

/// The document, group, user, application or rule the parameters name.
fn resources(record: &Record<'_>) -> Vec<Resource> {
    const NAMED: [(&str, &str); 8] = [
        ("doc_id", "drive.document"),
        ("shared_drive_id", "drive.shared_drive"),
        ("group_email", "group"),
        ("USER_EMAIL", "user"),
        ("client_id", "oauth.client"),
        ("application_name", "application"),
        ("DEVICE_ID", "device"),
        ("ROLE_NAME", "role"),
    ];
    let owner = record.parameter("owner");
    let of = |(name, kind): &(&str, &str)| {
        let is_document = *kind == "drive.document";
        Some(Resource {
            uid: Some(record.parameter(name)?),
            name: is_document.then(|| record.parameter("doc_title")).flatten(),
            kind: Some((*kind).to_owned()),
            owner: owner.clone().filter(|_| is_document).map(|name| User { name: Some(name), ..User::default() }),
        })
    };
    NAMED.iter().filter_map(of).collect()
}

fn class(application: &str, operation: &str) -> (Class, u8) {
    match (application, operation) {
        ("login" | "saml", "logout") => return (Class::Authentication, 2),
        ("login", name) if name.starts_with("login_") || name.starts_with("suspicious_login") => {
            return (Class::Authentication, 1);
        }
        ("saml", "login_success" | "login_failure") => return (Class::Authentication, 1),
        _ => {}
    }
    let account = match operation {
        "CREATE_USER" => Some(1),
        "UNSUSPEND_USER" | "UNDELETE_USER" => Some(2),
        "password_edit" => Some(3),
        "CHANGE_PASSWORD" | "CHANGE_PASSWORD_ON_NEXT_LOGIN" => Some(4),
        "SUSPEND_USER"
        | "account_disabled_generic"
        | "account_disabled_password_leak"
        | "account_disabled_hijacked" => Some(5),
        "DELETE_USER" => Some(6),
        "ASSIGN_ROLE" | "GRANT_ADMIN_PRIVILEGE" | "GRANT_DELEGATED_ADMIN_PRIVILEGES" => Some(7),
        "UNASSIGN_ROLE" | "REVOKE_ADMIN_PRIVILEGE" => Some(8),
        "2sv_enroll" => Some(10),
        "2sv_disable" | "TURN_OFF_2_STEP_VERIFICATION" | "UNENROLL_USER_FROM_STRONG_AUTH" => Some(11),
        _ => None,
    };
    if let Some(activity) = account {
        return (Class::AccountChange, activity);
    }
    let lower = operation.to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    let activity = match () {
        () if starts(&["create", "add", "upload", "copy", "grant", "authorize"]) => 1,
        () if starts(&[
            "view",
            "download",
            "preview",
            "print",
            "request",
            "source_copy",
            "sheets_import",
            "export",
        ]) =>
        {
            2
        }
        () if starts(&["delete", "remove", "trash", "revoke"]) => 4,
        () if starts(&[
            "change", "edit", "update", "rename", "move", "toggle", "enforce", "allow", "untrash", "set",
        ]) =>
        {
            3
        }
        () => 99,
    };
    (Class::ApiActivity, activity)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_document_is_shared() {
        let raw = br##"{"kind":"admin#reports#activity","id":{"time":"2026-03-02T10:11:12.345Z","uniqueQualifier":"-7",
            "applicationName":"drive","customerId":"C1"},"actor":{"callerType":"USER","email":"Ann@larkfield.example","profileId":"9"},
            "ipAddress":"192.0.2.7","events":[{"type":"acl_change","name":"change_user_access","parameters":[
            {"name":"doc_id","value":"d-1"},{"name":"doc_title","value":"Customers"},{"name":"NEW_VALUE","multiValue":["can_view"]},
            {"name":"visibility","value":"people_with_link"},{"name":"primary_event","boolValue":true}]}]}"##;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status), (600_303, Status::Success));
        assert_eq!(event.actor_key.as_deref(), Some("google:ann@larkfield.example"));
        assert_eq!(event.hot().resources, ["d-1"]);
        let view: Value = serde_json::from_slice(&view(raw).unwrap()).unwrap();
        assert_eq!(
            (&view["eventService"], &view["eventName"]),
            (&"drive.googleapis.com".into(), &"change_user_access".into())
        );
        assert_eq!((&view["new_value"][0], &view["primary_event"]), (&"can_view".into(), &true.into()));
    }

    #[test]
    fn an_activity_without_events_is_refused() {
        let raw = br##"{"kind":"admin#reports#activity","id":{"time":"2026-03-02T10:11:12Z"},"actor":{},"events":[]}"##;
        assert_eq!(normalize(raw).unwrap_err().0, "events is missing");
    }
}
