//! LTI 1.3 launches (`lti/launches`): Authentication, the claims of the message's token as a tool or a platform logged them.
//!
//! The token itself is not read: its signature has to be checked by whoever receives it. Rules see the claims. Contents: 1EdTech "LTI Core Specification
//! 1.3", "Security Framework".

use ocsf::{Actor, Class, Event, Identified, Idp, Resource, Status};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};

const CLAIM: &str = "https:~1~1purl.imsglobal.org~1spec~1lti~1claim~1";

/// Issuer, subject, and a claim of the standard's.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    let claims: [&[u8]; 3] = [
        b"https://purl.imsglobal.org/spec/lti/claim/message_type",
        b"https://purl.imsglobal.org/spec/lti/claim/deployment_id",
        b"https://purl.imsglobal.org/spec/lti/claim/version",
    ];
    keys.has(b"iss") && keys.count(&claims) >= 1
}

/// A launch.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["iat", "timestamp", "time"])?;
    let claim = |name: &str| format!("{CLAIM}{name}");
    let kind = tree.take(&[&claim("message_type")]).unwrap_or_else(|| "LtiResourceLinkRequest".to_owned());
    let mut event = begin(Format::Lti, Class::Authentication, when, raw, ("1EdTech", "LTI"), &kind);
    event.activity_id = 1;
    event.status = Status::Success;
    event.metadata.uid = tree.take(&["jti", "nonce"]).into();
    event.metadata.tenant_uid = tree.take(&[&claim("deployment_id")]);
    event.src_endpoint = tree::endpoint(tree.take(&["client_ip", "ip", "remote_addr"]));
    let issuer = tree.take(&["iss"]);
    let subject = tree.take(&["sub"]);
    let user = tree::user(tree.take(&["email", "name"]), subject.clone());
    event.user = user.clone().map(Box::new);
    // A subject is unique within its issuer only.
    event.actor_key = issuer.as_ref().zip(subject.as_ref()).map(|(issuer, subject)| format!("lti:{issuer}#{subject}"));
    event.actor = user.map(|user| {
        Box::new(Actor {
            user: Some(user),
            idp: issuer.map(|name| Idp { name: Some(name), uid: None }),
            ..Actor::default()
        })
    });
    event.service = tree.take(&["aud", "aud/0", "azp"]).map(Identified::named);
    for (name, kind) in [("resource_link", "resource link"), ("context", "course")] {
        let uid = tree.take(&[&claim(&format!("{name}/id"))]);
        let title = tree.take(&[&claim(&format!("{name}/title")), &claim(&format!("{name}/label"))]);
        event.resources.extend(uid.map(|uid| Resource {
            uid: Some(uid),
            name: title,
            kind: Some(kind.to_owned()),
            owner: None,
        }));
    }
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch() {
        let raw = br#"{"iss":"https://campus.example","sub":"s-1","aud":["tool"],"iat":1772446272,"nonce":"n","email":"ann@campus.example",
            "https://purl.imsglobal.org/spec/lti/claim/message_type":"LtiResourceLinkRequest","https://purl.imsglobal.org/spec/lti/claim/deployment_id":"d",
            "https://purl.imsglobal.org/spec/lti/claim/context":{"id":"c-1","title":"Biology"},"https://purl.imsglobal.org/spec/lti/claim/roles":["x#Learner"]}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(
            (event.actor_key.as_deref(), event.metadata.tenant_uid.as_deref()),
            (Some("lti:https://campus.example#s-1"), Some("d"))
        );
        assert_eq!((event.resource_uids()[0].as_str(), event.operation()), ("c-1", Some("LtiResourceLinkRequest")));
        assert_eq!(event.unmapped["https://purl.imsglobal.org/spec/lti/claim/roles"][0], "x#Learner");
    }
}
