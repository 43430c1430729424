//! Keycloak events (`keycloak/events`): Authentication, Account Change, or API Activity for administrators.
//!
//! JSON of the admin API, of webhooks and of event listeners; and the lines that the server's log has of them (`type=LOGIN_ERROR, realmId=…`). Other
//! lines of the server's log are Base events of it. Times of lines have no zone and are read as UTC. Rules see the event; of lines a flat object of their
//! names. Contents: Keycloak server administration guide, "Configuring auditing to track events".

use std::borrow::Cow;

use ocsf::{Class, Event, Identified, Resource, Session, Severity, Status, User};
use serde_json::{Map, Value};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};

const PRODUCT: (&str, &str) = ("Keycloak", "Keycloak");

/// An event of a user or an administrator.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    let user = keys.has_all(&[b"type", b"realmId"])
        && keys.count(&[b"clientId", b"userId", b"ipAddress", b"details", b"sessionId", b"error"]) >= 2;
    let admin = keys.has_all(&[b"operationType", b"resourceType"])
        && keys.count(&[b"authDetails", b"realmId", b"resourcePath"]) >= 2;
    let logged = keys.has_all(&[b"loggerName", b"message"])
        && keys.count(&[b"timestamp", b"sequence", b"threadName", b"hostName"]) >= 2;
    user || admin || logged
}

/// A line of the server's log: `2026-03-02 10:11:12,345 INFO  [logger] (thread) text`.
pub(super) fn is_line(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|line| Line::of(line).is_some_and(|line| line.is_keycloak()))
}

/// Whether a line goes on with the one before it: the trace of an error.
pub(super) fn continues(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_whitespace) || line.starts_with(b"Caused by: ")
}

struct Line<'t> {
    time: &'t str,
    level: &'t str,
    logger: &'t str,
    text: &'t str,
}

impl<'t> Line<'t> {
    fn of(line: &'t str) -> Option<Self> {
        let (time, rest) = line.split_at_checked(23)?;
        let shape = time.as_bytes();
        let is = |at: usize, byte: u8| shape.get(at) == Some(&byte);
        if !(is(4, b'-') && is(10, b' ') && is(13, b':') && is(19, b',')) {
            return None;
        }
        let (level, rest) = rest.trim_start().split_once(' ')?;
        let (logger, rest) = rest.trim_start().strip_prefix('[')?.split_once(']')?;
        let text =
            rest.trim_start().strip_prefix('(').and_then(|rest| rest.split_once(") ")).map_or(rest, |(_, text)| text);
        let known = matches!(level, "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL");
        known.then_some(Self { time, level, logger, text: text.trim() })
    }

    /// Loggers of Keycloak, or of the servers it runs on.
    fn is_keycloak(&self) -> bool {
        let own =
            ["org.keycloak", "org.key.", "org.jboss", "org.wildfly", "io.quarkus", "org.infinispan", "org.hibernate"];
        own.iter().any(|own| self.logger.starts_with(own)) || self.text.contains("realmId=")
    }

    /// `type=LOGIN_ERROR, realmId="x", …` by name.
    fn pairs(&self) -> Map<String, Value> {
        let mut out = Map::new();
        if !self.text.contains("type=") && !self.text.contains("operationType=") {
            return out;
        }
        for pair in self.text.split(", ") {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim_matches('"');
            if value != "null" && !value.is_empty() {
                out.insert(name.trim().to_owned(), value.into());
            }
        }
        out
    }
}

/// The record as a tree, whichever way it came.
fn open(raw: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    if raw.trim_ascii_start().starts_with(b"{") {
        return super::azure::parse(raw).map(open_logged);
    }
    let text = String::from_utf8_lossy(raw);
    let line = Line::of(text.trim_end()).ok_or_else(|| Unreadable("line has no time, level and logger".to_owned()))?;
    let mut out = line.pairs();
    out.insert("time".to_owned(), line.time.replacen(',', ".", 1).into());
    out.insert("level".to_owned(), line.level.into());
    out.insert("logger".to_owned(), line.logger.into());
    out.insert("message".to_owned(), line.text.into());
    Ok(out)
}

/// The server's log in JSON has an event as the pairs of its message.
fn open_logged(mut map: Map<String, Value>) -> Map<String, Value> {
    let (Some(Value::String(text)), true) = (map.get("message").cloned(), map.contains_key("loggerName")) else {
        return map;
    };
    let line = Line { time: "", level: "", logger: "", text: &text };
    map.extend(line.pairs());
    if let Some(time) = map.remove("timestamp") {
        map.insert("time".to_owned(), time);
    }
    map
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Cow<'_, [u8]>, Unreadable> {
    if raw.trim_ascii_start().starts_with(b"{") {
        return Ok(Cow::Borrowed(raw));
    }
    Ok(Cow::Owned(Value::Object(open(raw)?).to_string().into_bytes()))
}

/// An event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::of(open(raw)?);
    let when = tree.when(&["time"])?;
    let admin = tree.take(&["operationType"]);
    let kind = tree.take(&["type"]);
    let mut event = match (&admin, &kind) {
        (Some(operation), _) => by_administrator(&mut tree, when, raw, operation),
        (None, Some(kind)) => of_user(&mut tree, when, raw, kind),
        (None, None) => {
            let level = tree.required(&["level", "type"])?;
            begin(Format::Keycloak, Class::Base, when, raw, PRODUCT, &level)
        }
    };
    event.metadata.uid = tree.take(&["id"]).into();
    event.metadata.tenant_uid = tree.take(&["realmName", "realmId"]);
    if event.class == Class::Base {
        event.message = tree.take(&["message"]);
    }
    let error = tree.take(&["error"]);
    event.severity = if error.is_some() { Severity::Low } else { Severity::Informational };
    if event.class != Class::Base {
        event.status = if error.is_some() { Status::Failure } else { Status::Success };
    }
    event.status_detail = error;
    event.service = Some(Identified::named("Keycloak".to_owned()));
    event.unmapped = tree.rest();
    Ok(event)
}

fn of_user(tree: &mut Tree, when: jiff::Timestamp, raw: &[u8], kind: &str) -> Event {
    let (class, activity) = match kind.trim_end_matches("_ERROR") {
        "LOGIN"
        | "IMPERSONATE"
        | "CLIENT_LOGIN"
        | "CODE_TO_TOKEN"
        | "TOKEN_EXCHANGE"
        | "IDENTITY_PROVIDER_LOGIN"
        | "REFRESH_TOKEN" => (Class::Authentication, 1),
        "LOGOUT" => (Class::Authentication, 2),
        "REGISTER" => (Class::AccountChange, 1),
        "UPDATE_PASSWORD" => (Class::AccountChange, 3),
        "RESET_PASSWORD" | "SEND_RESET_PASSWORD" => (Class::AccountChange, 4),
        "DELETE_ACCOUNT" => (Class::AccountChange, 6),
        "UPDATE_TOTP" | "UPDATE_CREDENTIAL" => (Class::AccountChange, 10),
        "REMOVE_TOTP" | "REMOVE_CREDENTIAL" => (Class::AccountChange, 11),
        "USER_DISABLED_BY_PERMANENT_LOCKOUT" | "USER_DISABLED_BY_TEMPORARY_LOCKOUT" => (Class::AccountChange, 9),
        "UPDATE_EMAIL" | "UPDATE_PROFILE" | "VERIFY_EMAIL" | "FEDERATED_IDENTITY_LINK" => (Class::AccountChange, 99),
        _ => (Class::ApiActivity, 99),
    };
    let mut event = begin(Format::Keycloak, class, when, raw, PRODUCT, kind);
    event.activity_id = activity;
    event.src_endpoint = tree::endpoint(tree.take(&["ipAddress"]));
    let name = tree.take(&["details/username", "username", "details/email"]);
    let user = tree::user(name, tree.take(&["userId"]));
    let session = tree.take(&["sessionId", "details/code_id", "code_id"]).map(Session::of);
    set_people(&mut event, user.clone(), tree.take(&["clientId"]), session);
    event.user = user.map(Box::new);
    event
}

fn by_administrator(tree: &mut Tree, when: jiff::Timestamp, raw: &[u8], operation: &str) -> Event {
    let kind = tree.take(&["resourceType"]).unwrap_or_else(|| "UNKNOWN".to_owned());
    let path = tree.take(&["resourcePath"]);
    let mut event = begin(Format::Keycloak, Class::ApiActivity, when, raw, PRODUCT, &format!("{operation} {kind}"));
    event.activity_id = match operation {
        "CREATE" => 1,
        "UPDATE" => 3,
        "DELETE" => 4,
        _ => 99,
    };
    event.src_endpoint = tree::endpoint(tree.take(&["authDetails/ipAddress", "ipAddress"]));
    let user = tree::user(tree.take(&["authDetails/username"]), tree.take(&["authDetails/userId", "userId"]));
    set_people(&mut event, user, tree.take(&["authDetails/clientId", "clientId"]), None);
    event.resources.extend(path.map(|path| Resource { uid: Some(path), kind: Some(kind), ..Resource::default() }));
    event
}

fn set_people(event: &mut Event, user: Option<User>, client: Option<String>, session: Option<Session>) {
    tree::set_actor(event, "keycloak", user);
    event.session.clone_from(&session);
    if let Some(actor) = &mut event.actor {
        actor.app_name = client;
        actor.session = session;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_the_json_of_the_same() {
        let line = br"2026-03-02 10:11:12,357 WARN  [org.keycloak.events] (executor-thread-1) type=LOGIN_ERROR, realmId=campus, clientId=portal, userId=null, ipAddress=192.0.2.7, error=user_not_found, username=ann";
        assert!(is_line(line));
        let json = br#"{"time":1772446272357,"type":"LOGIN_ERROR","realmId":"campus","clientId":"portal","ipAddress":"192.0.2.7","error":"user_not_found","details":{"username":"ann"}}"#;
        for raw in [&line[..], &json[..]] {
            let event = normalize(raw).unwrap();
            assert_eq!(
                (event.type_uid(), event.status, event.hot().src_ip),
                (300_201, Status::Failure, Some("192.0.2.7"))
            );
            assert_eq!(
                (event.actor_key.as_deref(), event.time.as_millisecond()),
                (Some("keycloak:ann"), 1_772_446_272_357)
            );
        }
    }

    #[test]
    fn administrators_and_the_server_itself() {
        let raw = br#"{"time":1772446272357,"realmId":"campus","authDetails":{"userId":"u","ipAddress":"192.0.2.7"},"operationType":"DELETE","resourceType":"USER","resourcePath":"users/1","representation":"{}"}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(
            (event.type_uid(), event.operation(), event.resource_uids()[0].as_str()),
            (600_304, Some("DELETE USER"), "users/1")
        );
        let line = br"2026-03-02 10:11:12,548 INFO  [org.keycloak.services] (Server -- 64) KC-SERVICES0009: Added user 'admin' to realm 'master'";
        let event = normalize(line).unwrap();
        assert_eq!(
            (event.class, event.message.as_deref()),
            (Class::Base, Some("KC-SERVICES0009: Added user 'admin' to realm 'master'"))
        );
        assert!(!is_line(b"2026-03-02 10:11:12,548 INFO  [com.example.shop] (main) started"));
        let logged = br#"{"timestamp":"2026-03-02T10:11:12.357Z","sequence":7,"loggerName":"org.keycloak.events","level":"WARN","message":"type=\"LOGIN_ERROR\", realmId=\"campus\", clientId=\"portal\", ipAddress=\"192.0.2.7\", error=\"user_not_found\"","threadName":"x"}"#;
        let event = normalize(logged).unwrap();
        assert_eq!((event.type_uid(), event.status, event.hot().src_ip), (300_201, Status::Failure, Some("192.0.2.7")));
    }
}
