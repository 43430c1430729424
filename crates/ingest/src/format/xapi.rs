//! xAPI statements (`xapi/statements`): API Activity.
//!
//! Rules see the statement itself, out of a store's `statements`. The verb's address names the operation. A statement without a
//! time of its own has the store's. Contents: ADL, "Experience API specification", 1.0.3 and 2.0.

use ocsf::{Actor, Api, ApiRequest, Class, Cloud, Event, Identified, Resource, User, UserType};

use super::json::{OneOrMore, Scalar, fields, parse};
use super::{Format, Unreadable, time};

fields!(Record {
    id = "id": Scalar<'a>,
    timestamp = "timestamp": Scalar<'a>,
    stored = "stored": Scalar<'a>,
    version = "version": Scalar<'a>,
    actor = "actor": Agent<'a>,
    verb = "verb": Verb<'a>,
    object = "object": Object<'a>,
    context = "context": Context<'a>,
});
fields!(Agent {
    kind = "objectType": Scalar<'a>,
    name = "name": Scalar<'a>,
    mbox = "mbox": Scalar<'a>,
    sha1 = "mbox_sha1sum": Scalar<'a>,
    openid = "openid": Scalar<'a>,
    account = "account": AgentAccount<'a>,
    members = "member": OneOrMore<Member<'a>>,
});
fields!(Member { mbox = "mbox": Scalar<'a> });
fields!(AgentAccount { home = "homePage": Scalar<'a>, name = "name": Scalar<'a> });
fields!(Verb { id = "id": Scalar<'a> });
fields!(Object { id = "id": Scalar<'a>, kind = "objectType": Scalar<'a>, mbox = "mbox": Scalar<'a>, definition = "definition": Definition<'a> });
fields!(Definition { kind = "type": Scalar<'a> });
fields!(Context { platform = "platform": Scalar<'a>, registration = "registration": Scalar<'a> });

/// A statement as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let written = record.timestamp.text().or(record.stored.text());
    let written = written.ok_or_else(|| Unreadable::missing("timestamp (or stored)"))?;
    let when = time::required("timestamp", written)?;
    let verb = record.verb.id.required("verb.id")?;

    let mut event = Event::new(Format::Xapi.id(), Class::ApiActivity, when, raw);
    event.activity_id = activity(verb);
    event.metadata = ocsf::Metadata {
        uid: record.id.string().into(),
        product_name: "Experience API",
        vendor_name: "ADL",
        product_version: record.version.string(),
        correlation_uid: record.context.registration.string(),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(Cloud { provider: "xAPI", region: None, zone: None, account: None });
    event.api = Some(Box::new(Api {
        operation: verb.to_owned(),
        service: record.context.platform.string().map(Identified::named),
        request: record.id.string().map(|uid| ApiRequest { uid, data: None }),
        ..Api::default()
    }));
    event.actor_key = identifier(&record.actor).map(|who| format!("xapi:{who}"));
    event.actor = actor(&record.actor).map(Box::new);
    let object = &record.object;
    let uid = object.id.string().or_else(|| object.mbox.string());
    let kind = object.definition.kind.string().or_else(|| object.kind.string());
    event.resources.extend(uid.map(|uid| Resource { uid: Some(uid), kind, ..Resource::default() }));
    Ok(event)
}

/// An address, a hash of one, an OpenID, or an account at a home page: an agent has just one of them.
fn identifier(agent: &Agent<'_>) -> Option<String> {
    let mail = agent.mbox.text().map(|mbox| mbox.strip_prefix("mailto:").unwrap_or(mbox).to_lowercase());
    let account =
        || Some(format!("{}/{}", agent.account.home.text()?.trim_end_matches('/'), agent.account.name.text()?));
    mail.or_else(account).or_else(|| agent.sha1.string()).or_else(|| agent.openid.string())
}

fn actor(agent: &Agent<'_>) -> Option<Actor> {
    let identifier = identifier(agent);
    let user = User {
        name: agent.name.string().or_else(|| identifier.clone()),
        uid: identifier,
        kind: agent.kind.string(),
        type_id: if agent.kind.text() == Some("Group") { UserType::Other } else { UserType::User },
        ..User::default()
    };
    let known = user.name.is_some() || user.uid.is_some();
    known.then(|| Actor { user: Some(user), ..Actor::default() })
}

/// Verbs of the ADL vocabulary; the last word of the address.
fn activity(verb: &str) -> u8 {
    match verb.trim_end_matches('/').rsplit(['/', '#']).next().unwrap_or_default() {
        "created" | "shared" | "registered" | "imported" | "submitted" => 1,
        "experienced" | "viewed" | "launched" | "accessed" | "downloaded" | "exported" | "read" => 2,
        "scored" | "updated" | "graded" | "preferred" => 3,
        "voided" | "deleted" => 4,
        _ => 99,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement() {
        let raw = br#"{"id":"7ccd","timestamp":"2026-03-02T11:11:12+01:00","actor":{"objectType":"Agent","name":"Ann","mbox":"mailto:Ann@larkfield.example"},
            "verb":{"id":"http://adlnet.gov/expapi/verbs/experienced"},"object":{"id":"https://campus.example/record/7"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(event.time.to_string(), "2026-03-02T10:11:12Z");
        assert_eq!((event.type_uid(), event.uid()), (600_302, "7ccd"));
        assert_eq!(event.actor_key.as_deref(), Some("xapi:ann@larkfield.example"));
        assert_eq!(event.hot().resources, ["https://campus.example/record/7"]);
        let timeless = br#"{"actor":{"account":{"homePage":"https://lms.example/","name":"7"}},"verb":{"id":"v"},"object":{"id":"o"}}"#;
        assert_eq!(normalize(timeless).unwrap_err().0, "timestamp (or stored) is missing");
    }
}
