//! What an entity's own name tells: the person whose address is a session name, the machine whose id is one.

/// Keys of the same actor under another name.
pub(super) fn other_names(entity: &str) -> Vec<String> {
    let person = person(entity).map(|address| format!("person:{address}"));
    let user = application_user(entity).map(|id| format!("application-user:{id}"));
    let machine = session_name(entity).filter(|name| is_machine(name)).map(|id| format!("resource:{id}"));
    person.into_iter().chain(user).chain(machine).collect()
}

/// True for the id of an EC2 instance.
pub(super) fn is_machine(entity: &str) -> bool {
    let id = entity.strip_prefix("i-").unwrap_or_default();
    (8..=17).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The mail address by which a person signs in, lower case. Customers of an application are no such people: theirs are
/// known to nobody but the application.
fn person(entity: &str) -> Option<String> {
    let name = match entity.split_once(':')? {
        ("aws", _) => session_name(entity)?,
        ("entra" | "okta" | "google" | "m365" | "github" | "k8s", name) => name,
        _ => return None,
    };
    let (local, domain) = name.split_once('@')?;
    let is_address = !local.is_empty() && domain.contains('.') && !domain.contains(['@', '/', ' ']);
    is_address.then(|| name.to_lowercase())
}

/// `app:<service>:<user or session>` → the user, who is the same in every service of one company.
fn application_user(entity: &str) -> Option<&str> {
    let (_, id) = entity.strip_prefix("app:")?.split_once(':')?;
    (!id.is_empty()).then_some(id)
}

/// `aws:role-session:<account>/<role>/<session>` → the session's name.
fn session_name(entity: &str) -> Option<&str> {
    let path = entity.strip_prefix("aws:role-session:")?;
    path.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_person_and_the_machine() {
        let cases: [(&str, &[&str]); 9] = [
            ("aws:role-session:111122223333/Admin/Ann@larkfield.example", &["person:ann@larkfield.example"]),
            ("entra:ann@larkfield.example", &["person:ann@larkfield.example"]),
            ("aws:role-session:111122223333/etl/i-0123456789abcdef0", &["resource:i-0123456789abcdef0"]),
            ("aws:role-session:111122223333/etl/i-team", &[]),
            ("app:checkout:cust-1042", &["application-user:cust-1042"]),
            ("app:customer-account:ann@mail.example", &["application-user:ann@mail.example"]),
            ("aws:user:111122223333/ann", &[]),
            ("entra:@x.example", &[]),
            ("", &[]),
        ];
        for (entity, names) in cases {
            assert_eq!(other_names(entity), names, "{entity}");
        }
    }
}
