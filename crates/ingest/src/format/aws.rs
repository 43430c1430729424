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

/// True for an address, not for a service name. Nearly all are four numbers, for which nothing needs to be made.
pub(super) fn is_ip(text: &str) -> bool {
    is_dotted_quad(text.as_bytes()) || text.parse::<IpAddr>().is_ok()
}

/// Four numbers up to 255 in their shortest form, as `Ipv4Addr` reads them.
fn is_dotted_quad(text: &[u8]) -> bool {
    let (mut dots, mut digits, mut number) = (0, 0, 0_u32);
    for byte in text {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        let goes_on = digit < 10 && digits < 3 && (digits == 0 || number != 0);
        if goes_on {
            (digits, number) = (digits + 1, number * 10 + digit);
        } else if *byte == b'.' && digits != 0 {
            (dots, digits, number) = (dots + 1, 0, 0);
        } else {
            return false;
        }
        if 255 < number {
            return false;
        }
    }
    dots == 3 && digits != 0
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
    fn four_numbers_are_an_address_when_the_standard_library_says_so() {
        let texts = [
            "0.0.0.0",
            "255.255.255.255",
            "10.0.1.5",
            "256.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1.2.3.00",
            "1..2.3",
            ".1.2.3.4",
            "1.2.3.4.",
            "1.2.3.1000",
            "1.2.3.x",
            "1.2.3.4 ",
            "",
            "...",
            "999.1.1.1",
        ];
        for text in texts {
            assert_eq!(is_dotted_quad(text.as_bytes()), text.parse::<std::net::Ipv4Addr>().is_ok(), "{text}");
        }
        assert!(is_ip("2001:db8::1") && !is_ip("s3.amazonaws.com"));
    }

    #[test]
    fn addresses_are_spelled_one_way() {
        assert_eq!(key_of_ip("2001:DB8::0:1").as_deref(), Some("ip:2001:db8::1"));
        assert_eq!(key_of_ip("AWS Internal"), None);
        assert_eq!(endpoint("s3.amazonaws.com").svc_name.as_deref(), Some("s3.amazonaws.com"));
    }
}
