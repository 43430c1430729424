//! What an entity's own name tells: the person whose address is the session name that the identity centre gives, the
//! machine whose id is one, the user that several services of one company share.
//!
//! Whoever takes a session may name it as he likes. Only names that the provider gives make two entities one actor.

use crate::config::EntitySettings;

/// The names of a company.
#[derive(Debug)]
pub(super) struct Names<'c> {
    settings: &'c EntitySettings,
}

impl<'c> Names<'c> {
    pub(super) fn new(settings: &'c EntitySettings) -> Self {
        Self { settings }
    }

    /// Keys of the same actor under another name.
    pub(super) fn same_actor(&self, entity: &str) -> Vec<String> {
        let person = person(entity).map(|address| format!("person:{address}"));
        person.into_iter().chain(self.application_user(entity)).collect()
    }

    /// Keys of what it says it has to do with.
    pub(super) fn linked(&self, entity: &str) -> Vec<String> {
        let machine = session_name(entity).filter(|name| is_machine(name)).map(|id| format!("resource:{id}"));
        machine.into_iter().collect()
    }

    /// `app:<service>:<user>` → the user, who is the same in services that share their accounts.
    fn application_user(&self, entity: &str) -> Option<String> {
        let (service, id) = entity.strip_prefix("app:")?.split_once(':')?;
        let shares = |group: &&Vec<String>| group.iter().any(|name| name == service);
        let group = self.settings.shared_accounts.iter().find(shares)?;
        (!id.is_empty()).then(|| format!("application-user:{}/{id}", group.join("+")))
    }
}

/// True for the id of an EC2 instance.
pub(super) fn is_machine(entity: &str) -> bool {
    let id = entity.strip_prefix("i-").unwrap_or_default();
    (8..=17).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The mail address by which a person signs in, lower case. In a role session only the identity centre's word counts.
/// Customers of an application are no such people: theirs are known to nobody but the application.
fn person(entity: &str) -> Option<String> {
    let name = match entity.split_once(':')? {
        ("aws", _) if role_of(entity)?.starts_with("AWSReservedSSO_") => session_name(entity)?,
        ("entra" | "okta" | "google" | "m365", name) => name,
        _ => return None,
    };
    let (local, domain) = name.split_once('@')?;
    let is_address = !local.is_empty() && domain.contains('.') && !domain.contains(['@', '/', ' ']);
    is_address.then(|| name.to_lowercase())
}

/// `aws:role-session:<account>/<role>/<session>` → the session's name.
fn session_name(entity: &str) -> Option<&str> {
    let path = entity.strip_prefix("aws:role-session:")?;
    path.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.is_empty())
}

fn role_of(entity: &str) -> Option<&str> {
    entity.strip_prefix("aws:role-session:")?.split('/').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_person_and_the_machine() {
        let shared = ["checkout", "customer-account"].map(str::to_owned).to_vec();
        let settings = EntitySettings { shared_accounts: vec![shared] };
        let names = Names::new(&settings);
        let same: [(&str, &[&str]); 9] = [
            (
                "aws:role-session:111122223333/AWSReservedSSO_Admin_1/Ann@larkfield.example",
                &["person:ann@larkfield.example"],
            ),
            // Anybody who may take the role may call himself so.
            ("aws:role-session:111122223333/Admin/ceo@larkfield.example", &[]),
            ("entra:ann@larkfield.example", &["person:ann@larkfield.example"]),
            ("app:checkout:cust-1042", &["application-user:checkout+customer-account/cust-1042"]),
            ("app:customer-account:cust-1042", &["application-user:checkout+customer-account/cust-1042"]),
            ("app:student-portal:cust-1042", &[]),
            ("aws:user:111122223333/ann", &[]),
            ("entra:@x.example", &[]),
            ("", &[]),
        ];
        for (entity, keys) in same {
            assert_eq!(names.same_actor(entity), keys, "{entity}");
        }
        let machine = "aws:role-session:111122223333/etl/i-0123456789abcdef0";
        assert_eq!(names.linked(machine), ["resource:i-0123456789abcdef0"]);
        assert_eq!(names.linked("aws:role-session:111122223333/etl/i-team"), [""; 0]);
    }
}
