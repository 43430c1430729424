//! What the finding formats share: instants of OCSF, spelling of names, the principal behind an AWS finding.
//!
//! A vendor's finding is Detection Finding (2004): who and where stand in its evidence.

use std::borrow::Cow;

use super::json::Scalar;
use super::{aws, time};

/// Milliseconds since 1970 of a text that is an instant.
pub(super) fn instant(value: &Scalar<'_>) -> Option<i64> {
    value.text().and_then(time::instant).map(|time| time.as_millisecond())
}

/// The record with the first letter of every member name in lower case: AWS's API answers in `UpperCamel` what its exports
/// and events spell in `lowerCamel`. Borrowed when there is nothing to change.
pub(super) fn lower_camel(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(quote) = memchr::memchr(b'"', raw.get(at..).unwrap_or_default()).map(|found| at + found) {
        let Some(end) = string_end(raw, quote) else { break };
        let is_name =
            raw.get(end..).and_then(|rest| rest.iter().find(|byte| !byte.is_ascii_whitespace())) == Some(&b':');
        if is_name && raw.get(quote + 1).is_some_and(u8::is_ascii_uppercase) {
            let bytes = out.get_or_insert_with(|| raw.to_vec());
            if let Some(letter) = bytes.get_mut(quote + 1) {
                letter.make_ascii_lowercase();
            }
        }
        at = end;
    }
    out.map_or(Cow::Borrowed(raw), Cow::Owned)
}

/// Index behind the closing quote of the string at `at`.
fn string_end(raw: &[u8], at: usize) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let found = from + memchr::memchr2(b'"', b'\\', raw.get(from..)?)?;
        if raw.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        from = found + 2;
    }
}

/// The key of the principal that AWS describes by kind, name and principal id, as CloudTrail's records give it.
pub(super) fn principal_key(account: &str, kind: &str, name: &str, principal: &str) -> Option<String> {
    match kind {
        "Root" => Some(format!("aws:root:{account}")),
        "AWSService" | "AWSAccount" | "Anonymous" => None,
        "AssumedRole" => {
            let session = principal.split_once(':').map_or("", |(_, session)| session);
            (!name.is_empty()).then(|| format!("aws:role-session:{account}/{name}/{session}"))
        }
        _ => (!name.is_empty()).then(|| format!("aws:user:{account}/{name}")),
    }
}

/// The same for what is an ARN, else a plain user name.
pub(super) fn arn_key(account: Option<&str>, named: &str) -> Option<String> {
    if named.starts_with("arn:") {
        return aws::key_of_arn(named);
    }
    Some(format!("aws:user:{}/{named}", account?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_change_their_case() {
        let raw: &[u8] = br#"{"AccountId":"1","Service":{"Action" : {"IpAddressV4":"A:\"B\":"}},"tags":[{"Key":"X"}]}"#;
        let expected: &[u8] =
            br#"{"accountId":"1","service":{"action" : {"ipAddressV4":"A:\"B\":"}},"tags":[{"key":"X"}]}"#;
        assert_eq!(lower_camel(raw).as_ref(), expected);
        assert!(matches!(lower_camel(expected), Cow::Borrowed(_)));
        assert_eq!(lower_camel(br#"{"A":"x"#).as_ref(), br#"{"a":"x"#);
    }

    #[test]
    fn principals_have_the_keys_of_cloudtrail() {
        let key = |kind, name, principal| principal_key("111122223333", kind, name, principal);
        assert_eq!(key("IAMUser", "ann", "AIDA").as_deref(), Some("aws:user:111122223333/ann"));
        assert_eq!(key("AssumedRole", "deploy", "AROA:ci").as_deref(), Some("aws:role-session:111122223333/deploy/ci"));
        assert_eq!(key("Root", "Root", "1").as_deref(), Some("aws:root:111122223333"));
        assert_eq!(key("AWSService", "x", "y"), None);
    }
}
