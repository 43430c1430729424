//! What CloudTrail and S3 access logs share: principals and their entity keys.
//!
//! One actor has one key wherever it shows up, so that findings of different surfaces can meet.

use std::net::IpAddr;

/// The key of a principal ARN; `None` when the ARN names no principal.
///
/// ```text
/// arn:aws:iam::111122223333:user/path/ann            aws:user:111122223333/ann
/// arn:aws:sts::111122223333:assumed-role/deploy/ci   aws:role-session:111122223333/deploy/ci
/// arn:aws:iam::111122223333:root                     aws:root:111122223333
/// ```
pub(super) fn key_of_arn(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(6, ':');
    let (_, _, service, _, account, resource) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if !matches!(service, "iam" | "sts") {
        return None;
    }
    if resource == "root" {
        return Some(format!("aws:root:{account}"));
    }
    let (kind, path) = resource.split_once('/')?;
    let last = path.rsplit('/').next().unwrap_or(path);
    match kind {
        "user" => Some(format!("aws:user:{account}/{last}")),
        // Its name is the caller's choice and may be that of a user.
        "federated-user" => Some(format!("aws:federated-user:{account}/{last}")),
        "assumed-role" => Some(format!("aws:role-session:{account}/{path}")),
        "role" => Some(format!("aws:role-session:{account}/{last}/")),
        _ => None,
    }
}

/// True for an address, not for a service name.
pub(super) fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// The key of somebody of whom only the address is known.
pub(super) fn key_of_ip(text: &str) -> Option<String> {
    text.parse::<IpAddr>().ok().map(|ip| format!("ip:{ip}"))
}

/// An endpoint that is an address, a service, or at least a name.
pub(super) fn endpoint(text: &str) -> ocsf::Endpoint {
    let owned = Some(text.to_owned());
    if is_ip(text) {
        ocsf::Endpoint { ip: owned, ..ocsf::Endpoint::default() }
    } else if text.contains('.') {
        ocsf::Endpoint { svc_name: owned, ..ocsf::Endpoint::default() }
    } else {
        ocsf::Endpoint { name: owned, ..ocsf::Endpoint::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_give_the_keys_of_the_vocabulary() {
        let cases = [
            ("arn:aws:iam::111122223333:user/ops/ann", Some("aws:user:111122223333/ann")),
            ("arn:aws:sts::111122223333:assumed-role/deploy/ci", Some("aws:role-session:111122223333/deploy/ci")),
            ("arn:aws-cn:iam::111122223333:root", Some("aws:root:111122223333")),
            ("arn:aws:s3:::bucket/user/x", None),
            ("arn:aws:iam", None),
            ("", None),
        ];
        for (arn, key) in cases {
            assert_eq!(key_of_arn(arn).as_deref(), key, "{arn}");
        }
    }

    #[test]
    fn addresses_are_spelled_one_way() {
        assert_eq!(key_of_ip("2001:DB8::0:1").as_deref(), Some("ip:2001:db8::1"));
        assert_eq!(key_of_ip("AWS Internal"), None);
        assert_eq!(endpoint("s3.amazonaws.com").svc_name.as_deref(), Some("s3.amazonaws.com"));
    }
}
