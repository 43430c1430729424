//! AWS principals and the `userIdentity` that CloudTrail writes for each of them.
//!
//! Ids and keys are derived from the name, so one actor looks the same all year. It decides nothing about what they do.

use crate::clock::{self, HOUR, Ms};
use crate::json::{J, j};
use crate::rng::Rng;

/// Someone or something that calls AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    User {
        account: &'static str,
        name: String,
    },
    Role {
        account: &'static str,
        role: String,
        session: String,
        kind: Session,
    },
    Service {
        dns: &'static str,
    },
    /// Nobody signed the request.
    Anonymous,
    /// A principal of another account, as the resource owner sees it.
    Foreign {
        account: &'static str,
        id: String,
    },
}

/// How a role session came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    /// A person through the identity centre, with MFA.
    Person,
    /// An instance profile; the session is the instance id.
    Instance,
    /// A task, pipeline or scheduled job.
    Job,
}

impl Principal {
    pub(crate) fn user(account: &'static str, name: &str) -> Self {
        Self::User { account, name: name.to_owned() }
    }

    pub(crate) fn job(account: &'static str, role: &str, session: &str) -> Self {
        Self::Role { account, role: role.to_owned(), session: session.to_owned(), kind: Session::Job }
    }

    pub(crate) fn instance(account: &'static str, role: &str, id: &str) -> Self {
        Self::Role { account, role: role.to_owned(), session: id.to_owned(), kind: Session::Instance }
    }

    /// A permission set of the identity centre, used by the person `upn`.
    pub(crate) fn person(account: &'static str, set: &str, upn: &str) -> Self {
        let suffix = Rng::new(0, set, account.len().try_into().unwrap_or(0)).hex(16);
        let role = format!("AWSReservedSSO_{set}_{suffix}");
        Self::Role { account, role, session: upn.to_owned(), kind: Session::Person }
    }

    /// The entity key that findings use for this actor.
    pub(crate) fn entity(&self, ip: &str) -> String {
        match self {
            Self::User { account, name } => format!("aws:user:{account}/{name}"),
            Self::Role { account, role, session, .. } => format!("aws:role-session:{account}/{role}/{session}"),
            Self::Service { dns } => format!("aws:service:{dns}"),
            Self::Anonymous => format!("ip:{ip}"),
            Self::Foreign { account, id } => format!("aws:user:{account}/{id}"),
        }
    }

    pub(crate) fn arn(&self) -> Option<String> {
        match self {
            Self::User { account, name } => Some(format!("arn:aws:iam::{account}:user/{name}")),
            Self::Role { account, role, session, .. } => {
                Some(format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"))
            }
            Self::Service { .. } | Self::Anonymous | Self::Foreign { .. } => None,
        }
    }

    /// The `userIdentity` object at a time. Sessions last to the end of a four-hour block, then get a new key.
    pub(crate) fn identity(&self, seed: u64, at: Ms) -> J {
        match self {
            Self::User { account, name } => j!({
                "type": "IAMUser", "principalId": (unique(seed, "AIDA", account, name)), "arn": (self.arn()),
                "accountId": (*account), "accessKeyId": (unique(seed, "AKIA", account, name)), "userName": name,
            }),
            Self::Role { account, role, session, kind } => {
                self.session_identity(seed, at, (account, role, session, *kind))
            }
            Self::Service { dns } => j!({"type": "AWSService", "invokedBy": (*dns)}),
            // Both spellings are seen in the service's files.
            Self::Anonymous => {
                let account = if seed.is_multiple_of(2) { "ANONYMOUS_PRINCIPAL" } else { "anonymous" };
                j!({"type": "AWSAccount", "principalId": "", "accountId": account})
            }
            Self::Foreign { account, id } => j!({"type": "AWSAccount", "principalId": id, "accountId": (*account)}),
        }
    }

    fn session_identity(&self, seed: u64, at: Ms, (account, role, session, kind): (&str, &str, &str, Session)) -> J {
        let role_id = unique(seed, "AROA", account, role);
        let path = if kind == Session::Person { "aws-reserved/sso.amazonaws.com/" } else { "" };
        let mfa = if kind == Session::Person { "true" } else { "false" };
        let block = at.div_euclid(4 * HOUR);
        let mut key_rng = Rng::new(seed, session, block.unsigned_abs());
        let created = block * 4 * HOUR - key_rng.range(0, 900) * 1000;
        let mut context = j!({
            "sessionIssuer": {
                "type": "Role", "principalId": (&role_id), "arn": (format!("arn:aws:iam::{account}:role/{path}{role}")),
                "accountId": account, "userName": role,
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": (clock::seconds(created)), "mfaAuthenticated": mfa},
        });
        if kind == Session::Instance {
            context.set("ec2RoleDelivery", "2.0");
        }
        j!({
            "type": "AssumedRole", "principalId": (format!("{role_id}:{session}")), "arn": (self.arn()), "accountId": account,
            "accessKeyId": (format!("ASIA{}", key_rng.base32(16))), "sessionContext": context,
        })
    }
}

fn unique(seed: u64, prefix: &str, account: &str, name: &str) -> String {
    let number = account.parse::<u64>().unwrap_or(0);
    let digits = if prefix == "AKIA" { 16 } else { 17 };
    format!("{prefix}{}", Rng::new(seed ^ number, name, u64::from(prefix.len() == 4)).base32(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(who: &Principal) -> serde_json::Value {
        serde_json::from_str(&who.identity(1, 1_772_460_000_000).text()).unwrap()
    }

    #[test]
    fn shapes_are_those_of_the_service() {
        let role = parsed(&Principal::instance("111122223333", "web", "i-0abc"));
        assert_eq!(role["type"], "AssumedRole");
        assert_eq!(role["sessionContext"]["sessionIssuer"]["userName"], "web");
        assert_eq!(role["sessionContext"]["ec2RoleDelivery"], "2.0");
        assert!(role["principalId"].as_str().unwrap().ends_with(":i-0abc"));
        assert!(role["accessKeyId"].as_str().unwrap().starts_with("ASIA"));
        let nobody = parsed(&Principal::Anonymous);
        assert_eq!((&nobody["type"], &nobody["accountId"]), (&"AWSAccount".into(), &"anonymous".into()));
        assert!(nobody.get("arn").is_none());
        let user = parsed(&Principal::user("111122223333", "ci"));
        assert!(user["accessKeyId"].as_str().unwrap().starts_with("AKIA"));
    }
}
