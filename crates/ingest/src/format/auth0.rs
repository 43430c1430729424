//! Auth0 tenant logs (`auth0/logs`): Authentication for logins and their kin, Account Change for users, API Activity for the rest.
//!
//! Log streams (`{"log_id", "data"}`), the management API and files of it. The two or more letters of `type` tell what happened. Rules see the record
//! itself. Contents: Auth0 documentation, "Log Event Type Codes", "Tenant log schema".

use ocsf::{Class, Cloud, Event, HttpRequest, Identified, Severity, Status};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};
use crate::frame::member_text;

/// A log of the stream, or the log itself.
pub(super) fn is(keys: &Keys<'_>, record: &[u8]) -> bool {
    let own = |keys: &Keys<'_>| {
        const MARKS: [&[u8]; 8] = [
            b"client_id",
            b"connection_id",
            b"user_agent",
            b"strategy",
            b"isMobile",
            b"auth0_client",
            b"hostname",
            b"tenant_name",
        ];
        keys.has_all(&[b"type", b"date", b"log_id"]) && keys.count(&MARKS) >= 1
    };
    let inner = || member_text(record, b"data").is_some_and(|data| Keys::of(data).has_all(&[b"type", b"date"]));
    own(keys) || (keys.has_all(&[b"log_id", b"data"]) && inner())
}

/// What a code means: OCSF class and activity, and ours for the outcome.
fn meaning(code: &str) -> (Class, u8, Status) {
    let by_letter = if code.starts_with('f')
        || code.starts_with("limit")
        || code.starts_with("pwd_leak")
        || code.contains("fail")
    {
        Status::Failure
    } else if code.starts_with('s') || code.starts_with("mgmt_api") || code.ends_with("_success") {
        Status::Success
    } else {
        Status::Unknown
    };
    let (class, activity) = match code {
        // Logins, exchanges of tokens and second factors.
        "s"
        | "f"
        | "fu"
        | "fp"
        | "fc"
        | "fco"
        | "fcoa"
        | "ssa"
        | "fsa"
        | "scoa"
        | "slo_in"
        | "fepft"
        | "sepft"
        | "feacft"
        | "seacft"
        | "feccft"
        | "seccft"
        | "feoobft"
        | "seoobft"
        | "feotpft"
        | "seotpft"
        | "fercft"
        | "sercft"
        | "ferrt"
        | "sertft"
        | "fertft"
        | "fede"
        | "sede"
        | "fens"
        | "sens"
        | "limit_wc"
        | "limit_sul"
        | "limit_mu"
        | "pwd_leak"
        | "w"
        | "gd_auth_succeed"
        | "gd_auth_failed"
        | "gd_auth_rejected"
        | "gd_start_auth"
        | "fcpn"
        | "fdeac"
        | "fi"
        | "si"
        | "oidc_backchannel_logout_failed" => (Class::Authentication, 1),
        "slo" | "flo" | "srrt" | "oidc_backchannel_logout_succeeded" => (Class::Authentication, 2),
        // Users: made, passwords, addresses, blocked, deleted.
        "ss" | "fs" => (Class::AccountChange, 1),
        "scp" | "fcp" => (Class::AccountChange, 3),
        "scpr" | "fcpr" => (Class::AccountChange, 4),
        "sdu" | "fdu" => (Class::AccountChange, 6),
        "gd_user_delete" | "gd_unenroll" => (Class::AccountChange, 11),
        "gd_enrollment_complete" => (Class::AccountChange, 10),
        "sce" | "fce" | "scu" | "fcu" | "sv" | "fv" | "svr" | "fvr" => (Class::AccountChange, 99),
        "mgmt_api_read" => (Class::ApiActivity, 2),
        _ => (Class::ApiActivity, 99),
    };
    (class, activity, by_letter)
}

/// A log as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let at = if tree.has("data/type") { "data/" } else { "" };
    let name = |field: &str| format!("{at}{field}");
    let when = tree.when(&[&name("date")])?;
    let code = tree.required(&[&name("type")])?;
    let (class, activity, status) = meaning(&code);
    let mut event = begin(Format::Auth0, class, when, raw, ("Okta", "Auth0"), &code);
    event.activity_id = activity;
    event.status = status;
    event.metadata.uid = tree.take(&[&name("log_id"), &name("_id"), "log_id"]).into();
    event.metadata.tenant_uid = tree.take(&[&name("tenant_name"), &name("hostname")]);
    event.metadata.correlation_uid = tree.take(&[&name("session_id"), &name("details/session_id")]);
    event.message = tree.take(&[&name("description")]);
    event.severity = if status == Status::Failure { Severity::Low } else { Severity::Informational };
    event.status_code = tree.take(&[&name("details/response/statusCode")]);
    event.status_detail = tree.take(&[&name("details/error/message"), &name("details/error")]);
    event.cloud = Some(Cloud { provider: "Auth0", region: None, zone: None, account: None });
    event.service = Some(Identified::named("Auth0".to_owned()));
    event.src_endpoint = tree::endpoint(tree.take(&[&name("ip"), &name("client_ip")]));
    event.http_request = tree.take(&[&name("user_agent")]).map(HttpRequest::of_agent).map(Box::new);
    if let Some(request) = &mut event.http_request {
        request.http_method = tree.take(&[&name("details/request/method")]).map(|method| method.to_ascii_uppercase());
        request.url = tree.take(&[&name("details/request/path")]).map(|path| ocsf::Url::of_target(&path));
    }
    let who = tree::user(tree.take(&[&name("user_name")]), tree.take(&[&name("user_id")]));
    // Of the management API the caller stands in the request.
    let caller = || {
        tree::user(
            tree.peek(&name("details/request/auth/user/email")),
            tree.peek(&name("details/request/auth/user/user_id")),
        )
    };
    let who = who.or_else(caller);
    event.user = who.clone().map(Box::new);
    tree::set_actor(&mut event, "auth0", who);
    if let Some(actor) = &mut event.actor {
        actor.app_name = tree.take(&[&name("client_name")]);
        actor.app_uid = tree.take(&[&name("client_id")]);
    }
    let connection = tree.take(&[&name("connection")]);
    let uid = tree.take(&[&name("connection_id")]);
    event.resources.extend(tree::resource(uid, connection, Some("connection")));
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_password_and_a_call_of_the_api() {
        let raw = br#"{"log_id":"l-1","data":{"date":"2026-03-02T10:11:12.345Z","type":"fp","description":"Wrong email or password.","ip":"192.0.2.7","user_agent":"x",
            "user_id":"auth0|1","user_name":"ann@larkfield.example","connection_id":"con_1","strategy":"auth0","client_name":"shop"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status), (300_201, Status::Failure));
        assert_eq!((event.actor_key.as_deref(), event.hot().src_ip), (Some("auth0:auth0|1"), Some("192.0.2.7")));
        assert_eq!(event.unmapped["data"]["strategy"], "auth0");
        let api = br#"{"date":"2026-03-02T10:11:12Z","type":"sapi","log_id":"l-2","client_id":"c","description":"Create a User","details":{"request":{"method":"post"}}}"#;
        let event = normalize(api).unwrap();
        assert_eq!((event.class, event.status, event.uid()), (Class::ApiActivity, Status::Success, "l-2"));
    }
}
