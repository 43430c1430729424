//! What a CloudTrail record tells of who stands behind whom: sessions taken, credentials made for others, machines with
//! their network interfaces and security groups.
//!
//! Beside `cloudtrail`. Looks at a handful of calls that succeeded; all others cost one comparison. Shapes: the AWS API
//! references of STS, IAM and EC2, as CloudTrail writes their parameters and responses.

use ocsf::{Link, LinkKind};

use super::aws;
use super::json::{List, Raw, Scalar, fields, parse_text};

/// Links that one record may bring: a call that starts a thousand machines tells of the first ones.
const LINKS_PER_RECORD_MAX: usize = 256;
/// The longest name of an entity; an ARN has at most 2,048 characters.
const NAME_BYTES_MAX: usize = 2_048;

fields!(Said {
    user_name = "userName": Scalar<'a>,
    instance = "instanceId": Scalar<'a>,
    interface = "networkInterfaceId": Scalar<'a>,
    groups = "groupSet": Items<'a>,
    assumed = "assumedRoleUser": Principal<'a>,
    federated = "federatedUser": Principal<'a>,
    instances = "instancesSet": Instances<'a>,
    created = "networkInterface": Interface<'a>,
});
fields!(Principal { arn = "arn": Scalar<'a> });
fields!(Items { items = "items": List<Group<'a>> });
fields!(Group { id = "groupId": Scalar<'a> });
fields!(Instances { items = "items": List<Instance<'a>> });
fields!(Instance {
    id = "instanceId": Scalar<'a>,
    groups = "groupSet": Items<'a>,
    interfaces = "networkInterfaceSet": Interfaces<'a>,
});
fields!(Interfaces { items = "items": List<Interface<'a>> });
fields!(Interface { id = "networkInterfaceId": Scalar<'a>, groups = "groupSet": Items<'a> });

/// The parts of a record that links are read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'r, 'a> {
    pub(super) operation: &'r str,
    pub(super) actor: Option<&'r str>,
    pub(super) account: Option<&'r str>,
    /// `additionalEventData.SwitchFrom`.
    pub(super) switched_from: Option<&'r str>,
    pub(super) parameters: &'r Raw<'a>,
    pub(super) response: &'r Raw<'a>,
}

/// The links that a call which succeeded tells of.
pub(super) fn links(told: Told<'_, '_>) -> Vec<Link> {
    let read = |raw: &Raw<'_>| -> Vec<Link> {
        let Some(said) = raw.text().and_then(|text| parse_text::<Said<'_>>(text).ok()) else { return Vec::new() };
        of(&told, &said).take(LINKS_PER_RECORD_MAX).collect()
    };
    match told.operation {
        "AssumeRole"
        | "AssumeRoleWithSAML"
        | "AssumeRoleWithWebIdentity"
        | "GetFederationToken"
        | "RunInstances"
        | "CreateNetworkInterface" => read(told.response),
        "CreateAccessKey"
        | "CreateLoginProfile"
        | "UpdateLoginProfile"
        | "AttachNetworkInterface"
        | "ModifyNetworkInterfaceAttribute"
        | "ModifyInstanceAttribute" => read(told.parameters),
        "SwitchRole" => told.switched_from.and_then(aws::key_of_arn).map_or_else(Vec::new, |from| {
            told.actor.and_then(|to| link(&from, to, LinkKind::Assumed)).into_iter().collect()
        }),
        _ => Vec::new(),
    }
}

/// One after the other, because a hostile record could tell of millions.
fn of<'s>(told: &Told<'_, '_>, said: &'s Said<'_>) -> impl Iterator<Item = Link> + 's {
    let session = [&said.assumed, &said.federated].into_iter().find_map(|taken| taken.arn.text());
    let session = session.and_then(aws::key_of_arn);
    let assumed = told.actor.zip(session).and_then(|(actor, session)| link(actor, &session, LinkKind::Assumed));
    let user = told.account.zip(said.user_name.text()).map(|(account, user)| format!("aws:user:{account}/{user}"));
    let credentialed = told.actor.zip(user).and_then(|(actor, user)| link(actor, &user, LinkKind::Credentialed));
    let machines = said.instances.items.0.iter().filter_map(|instance| Some((instance, instance.id.text()?)));
    let machines = machines.flat_map(|(instance, id)| {
        let interfaces = instance.interfaces.items.0.iter().filter_map(|interface| interface.id.text());
        guards(&instance.groups, id.to_owned())
            .chain(interfaces.filter_map(move |eni| link(id, &key_of(eni), LinkKind::Runs)))
    });
    let created = said.created.id.text().into_iter();
    let created = created.flat_map(|eni| guards(&said.created.groups, key_of(eni)));
    let (machine, interface) = (said.instance.text(), said.interface.text());
    let attached = machine.zip(interface).and_then(|(id, eni)| link(id, &key_of(eni), LinkKind::Runs));
    let guarded = match (machine, interface) {
        (Some(id), None) => Some(id.to_owned()),
        (None, Some(eni)) => Some(key_of(eni)),
        _ => None,
    };
    let guarded = guarded.into_iter().flat_map(|what| guards(&said.groups, what));
    assumed.into_iter().chain(credentialed).chain(machines).chain(created).chain(attached).chain(guarded)
}

/// The entity key of a network interface, as flow logs give it to their events.
fn key_of(eni: &str) -> String {
    format!("eni:{eni}")
}

fn guards<'s>(groups: &'s Items<'_>, what: String) -> impl Iterator<Item = Link> + 's {
    groups.items.0.iter().filter_map(move |group| link(group.id.text()?, &what, LinkKind::Guards))
}

/// Nobody stands behind himself, and a service that hands out sessions stands behind none of them.
fn link(from: &str, to: &str, kind: LinkKind) -> Option<Link> {
    let is_named = from.len() <= NAME_BYTES_MAX && to.len() <= NAME_BYTES_MAX;
    (from != to && is_named && !from.starts_with("aws:service:")).then(|| Link {
        from: from.to_owned(),
        to: to.to_owned(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use ocsf::LinkKind::{Assumed, Credentialed, Guards, Runs};

    use super::*;

    fn found(record: &str) -> Vec<(String, String, LinkKind)> {
        let event = super::super::cloudtrail::normalize(record.as_bytes()).unwrap();
        event.links.into_iter().map(|link| (link.from, link.to, link.kind)).collect()
    }

    fn record(name: &str, rest: &str) -> String {
        format!(
            r#"{{"eventTime":"2026-03-02T10:11:12Z","eventID":"e-1","eventSource":"x.amazonaws.com","eventName":"{name}",
            "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333"}},
            "recipientAccountId":"111122223333"{rest}}}"#
        )
    }

    #[test]
    fn a_session_leads_to_who_took_it() {
        let response =
            r#","responseElements":{"assumedRoleUser":{"arn":"arn:aws:sts::444455556666:assumed-role/reader/x"}}"#;
        let expected =
            ("aws:user:111122223333/ann".to_owned(), "aws:role-session:444455556666/reader/x".to_owned(), Assumed);
        assert_eq!(found(&record("AssumeRole", response)), [expected]);
        let refused = format!(r#"{response},"errorCode":"AccessDenied""#);
        assert_eq!(found(&record("AssumeRole", &refused)), [], "a refused call gives nobody a session");
        assert_eq!(found(&record("GetObject", response)), []);
    }

    #[test]
    fn a_service_that_hands_out_sessions_is_nobody() {
        let record = r#"{"eventTime":"2026-03-02T10:11:12Z","eventID":"e-1","eventSource":"sts.amazonaws.com",
            "eventName":"AssumeRole","userIdentity":{"type":"AWSService","invokedBy":"ec2.amazonaws.com"},
            "responseElements":{"assumedRoleUser":{"arn":"arn:aws:sts::444455556666:assumed-role/etl/i-1"}}}"#;
        assert_eq!(found(record), []);
    }

    #[test]
    fn a_key_made_for_somebody_leads_to_its_maker() {
        let parameters = r#","requestParameters":{"userName":"bob"}"#;
        let (ann, bob) = ("aws:user:111122223333/ann".to_owned(), "aws:user:111122223333/bob".to_owned());
        assert_eq!(found(&record("CreateAccessKey", parameters)), [(ann, bob, Credentialed)]);
        let own = r#","requestParameters":{"userName":"ann"}"#;
        assert_eq!(found(&record("CreateAccessKey", own)), []);
    }

    #[test]
    fn a_machine_leads_from_its_interfaces_and_to_its_groups() {
        let response = r#","responseElements":{"instancesSet":{"items":[{"instanceId":"i-1","groupSet":{"items":[
            {"groupId":"sg-1"}]},"networkInterfaceSet":{"items":[{"networkInterfaceId":"eni-1"}]}}]}}"#;
        let text = |a: &str, b: &str, kind| (a.to_owned(), b.to_owned(), kind);
        let expected = [text("sg-1", "i-1", Guards), text("i-1", "eni:eni-1", Runs)];
        assert_eq!(found(&record("RunInstances", response)), expected);
        let parameters =
            r#","requestParameters":{"networkInterfaceId":"eni-1","groupSet":{"items":[{"groupId":"sg-2"}]}}"#;
        let expected = [text("sg-2", "eni:eni-1", Guards)];
        assert_eq!(found(&record("ModifyNetworkInterfaceAttribute", parameters)), expected);
    }

    #[test]
    fn a_switched_role_leads_back() {
        let record = r#"{"eventTime":"2026-03-02T10:11:12Z","eventID":"e-1","eventSource":"signin.amazonaws.com",
            "eventName":"SwitchRole","eventType":"AwsConsoleSignIn",
            "userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::444455556666:assumed-role/admin/ann"},
            "additionalEventData":{"SwitchFrom":"arn:aws:iam::111122223333:user/ann"}}"#;
        let expected =
            ("aws:user:111122223333/ann".to_owned(), "aws:role-session:444455556666/admin/ann".to_owned(), Assumed);
        assert_eq!(found(record), [expected]);
    }
}
