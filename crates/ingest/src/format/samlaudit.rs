//! Audit log of the Shibboleth identity provider (`saml/audit`): Authentication, one line per answer to a service.
//!
//! Lines of the default format of versions 3 and 4 (thirteen fields) and 5 (one instant less a letter), with `|` between and perhaps a logger's prefix. Only whether
//! an answer was given is in it; attributes are named, not shown. Sign-ins by OpenID Connect of the same server look alike. Rules see a flat object. Contents: Shibboleth wiki,
//! "AuditLoggingConfiguration".

use std::borrow::Cow;

use jiff::Timestamp;
use ocsf::{Class, Event, Identified, Idp, Status};

use super::flat::Flat;
use super::tree::{self, begin};
use super::{Format, Unreadable, time};

/// The default format by position. Older servers end after the assertion.
const FIELDS: [&str; 16] = [
    "time",
    "inbound_binding",
    "request_id",
    "service_provider",
    "profile",
    "identity_provider",
    "outbound_binding",
    "response_id",
    "principal",
    "authentication_context",
    "attributes",
    "name_id",
    "assertion_id",
    "address",
    "session",
    "user_agent",
];
const FIELDS_MIN: usize = 10;

/// A line: an instant, bars, and a protocol's name among the fields.
pub(super) fn is_line(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|line| {
        fields(line).is_ok_and(|fields| {
            let known = |field: &&str| {
                field.starts_with("urn:oasis:names:tc:SAML")
                    || field.contains("shibboleth.net/ns/profiles")
                    || field.contains("openid.net")
            };
            instant(fields[0]).is_some() && fields.iter().any(known)
        })
    })
}

fn fields(line: &str) -> Result<[&str; 16], Unreadable> {
    let line = line.trim();
    let mut out = [""; 16];
    let mut found = 0;
    for (place, field) in out.iter_mut().zip(line.split('|')) {
        *place = field;
        found += 1;
    }
    // A logger may write its own instant and name before the line.
    out[0] = out[0].rsplit(' ').next().unwrap_or_default();
    if found < FIELDS_MIN {
        return Err(Unreadable(format!("line has {found} fields, an audit line has at least {FIELDS_MIN}")));
    }
    Ok(out)
}

/// `20260302T101112Z`, or RFC 3339.
fn instant(written: &str) -> Option<Timestamp> {
    let compact = || jiff::fmt::strtime::parse("%Y%m%dT%H%M%S", written.strip_suffix('Z')?).ok()?.to_datetime().ok();
    let utc =
        |local: jiff::civil::DateTime| local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    compact().and_then(utc).or_else(|| time::instant(written))
}

/// The flat object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let text: Cow<'_, str> = String::from_utf8_lossy(raw);
    let mut flat = Flat::new(FIELDS.len(), raw.len());
    for (name, value) in FIELDS.into_iter().zip(fields(&text)?).filter(|(_, value)| !value.is_empty()) {
        flat.text(name, value);
    }
    Ok(flat.finish())
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let text = String::from_utf8_lossy(raw);
    let fields = fields(&text)?;
    let [
        written,
        _,
        request,
        service,
        profile,
        provider,
        _,
        response,
        principal,
        context,
        attributes,
        _,
        _,
        address,
        session,
        agent,
    ] = fields;
    let when = instant(written).ok_or_else(|| Unreadable(format!("`{written}` is not a time")))?;
    let operation = profile.rsplit('/').next().unwrap_or(profile);
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut event =
        begin(Format::SamlAudit, Class::Authentication, when, raw, ("Shibboleth", "Identity Provider"), operation);
    event.activity_id = if operation.contains("logout") { 2 } else { 1 };
    event.metadata.uid = said(response).into();
    event.metadata.correlation_uid = said(request);
    // An answer without a principal refused one.
    event.status = if principal.is_empty() { Status::Failure } else { Status::Success };
    event.status_detail = said(context);
    event.src_endpoint = tree::endpoint(said(address));
    event.http_request = said(agent).map(ocsf::HttpRequest::of_agent).map(Box::new);
    event.session = said(session).map(ocsf::Session::of);
    event.service = said(service).map(Identified::named);
    let user = tree::user(said(principal), None);
    event.user = user.clone().map(Box::new);
    tree::set_actor(&mut event, "saml", user);
    let idp = said(provider).map(|name| Idp { name: Some(name), uid: None });
    if idp.is_some() {
        event.actor.get_or_insert_default().idp = idp;
    }
    if !attributes.is_empty() {
        let names: Vec<serde_json::Value> = attributes.split(',').map(Into::into).collect();
        event.unmapped.insert("attributes_released".to_owned(), names.into());
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_and_a_refusal() {
        let line = b"20260302T101112Z|urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect|_req|https://portal.campus.example/sp|http://shibboleth.net/ns/profiles/saml2/sso/browser|https://idp.campus.example|urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST|_res|ann|urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport|mail,uid|AAdz|_as|192.0.2.7";
        assert!(is_line(line));
        let event = normalize(line).unwrap();
        assert_eq!((event.type_uid(), event.status, event.hot().src_ip), (300_201, Status::Success, Some("192.0.2.7")));
        assert_eq!((event.actor_key.as_deref(), event.uid()), (Some("saml:ann"), "_res"));
        assert_eq!(event.unmapped["attributes_released"][0], "mail");
        let refused = String::from_utf8_lossy(line).replace("|ann|", "||");
        assert_eq!(normalize(refused.as_bytes()).unwrap().status, Status::Failure);
        for line in [&b"a|b|c"[..], b"20260302T101112Z|1|2|3|4|5|6|7|8|9|10", b""] {
            assert!(!is_line(line));
        }
    }
}
