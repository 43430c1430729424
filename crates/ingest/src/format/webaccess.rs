//! Access logs of web servers (`web/access`): NGINX and Apache lines in the common, combined and `vhost_combined` format, and
//! NGINX records in JSON. HTTP Activity.
//!
//! Rules see the W3C names of `web`; of a JSON record its own names too. Fields behind the user agent are not read. A visitor
//! writes the path, the referrer, the user agent and the user name, so the fields in front of them are found from the left,
//! and bytes that are no text do not make a line unreadable.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use ocsf::Event;

use super::append::Appended;
use super::flat::Flat;
use super::json::{Scalar, fields, parse};
use super::web::Hit;
use super::{Format, Unreadable, time};

/// `[07/Dec/2016:11:05:07 +0100] "` without the brackets.
const TIME_BYTES: usize = 26;

/// An access line: something, a time in brackets, a quoted request.
pub(super) fn is_line(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    split_at_time(&line).is_some_and(|(before, ..)| before.split_ascii_whitespace().count() >= 3)
}

/// What stands before the time, the time, and what stands behind the quote that opens the request.
fn split_at_time(line: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(at) = line.get(from..)?.find(" [") {
        let start = from + at + 2;
        let written = line.get(start..start + TIME_BYTES);
        let behind = line.get(start + TIME_BYTES..).and_then(|rest| rest.strip_prefix("] \""));
        if let (Some(written), Some(behind), true) = (written, behind, written.is_some_and(looks_like_time)) {
            return Some((line.get(..start - 2)?, written, behind));
        }
        from = start;
    }
    None
}

fn looks_like_time(text: &str) -> bool {
    const LIKE: &[u8] = b"00/Aaa/0000:00:00:00 +0000";
    text.len() == LIKE.len()
        && text.bytes().zip(LIKE).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            b'A' | b'a' => byte.is_ascii_alphabetic(),
            b'+' => matches!(byte, b'+' | b'-'),
            _ => byte == *like,
        })
}

fn hit(line: &str) -> Result<Hit<'_>, Unreadable> {
    let (before, written, behind) =
        split_at_time(line).ok_or_else(|| Unreadable("line has no [time] followed by a quoted request".to_owned()))?;
    let mut hit = Hit { time: Some(written), ..Hit::default() };
    set_client(&mut hit, before)?;
    let (request, rest) = quoted(behind).ok_or_else(|| Unreadable("request has no closing quote".to_owned()))?;
    hit.set_request(request);
    let mut words = rest.trim_start().splitn(3, ' ');
    hit.status = words.next().filter(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()));
    if hit.status.is_none() {
        return Err(Unreadable("line has no status after the request".to_owned()));
    }
    hit.bytes = words.next().filter(|bytes| *bytes != "-");
    let mut rest = words.next().unwrap_or_default();
    for field in [&mut hit.referer, &mut hit.agent] {
        let Some((value, behind)) = rest.trim_start().strip_prefix('"').and_then(quoted) else { break };
        *field = Some(value).filter(|value| !value.is_empty() && *value != "-");
        rest = behind;
    }
    Ok(hit)
}

/// A quoted field up to the first quote without a backslash, and what follows it. Servers escape quotes that come from
/// outside.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

/// `client ident user`; also `host:port client ident user`, and a list of forwarded addresses as the client. Of a list the client
/// is the first address that is nobody's inner network, else the first; it is as trustworthy as the proxy in front.
fn set_client<'t>(hit: &mut Hit<'t>, before: &'t str) -> Result<(), Unreadable> {
    let (left, user) = clients_and_user(before)
        .ok_or_else(|| Unreadable("line has fewer than three fields before the time".to_owned()))?;
    let words: Vec<&str> = left.split_ascii_whitespace().collect();
    let first = words.first().copied().unwrap_or_default();
    let is_client = words.len() == 1 || first.ends_with(',') || first.starts_with('"') || address(first).is_some();
    let clients = words.get(usize::from(!is_client)..).unwrap_or_default();
    let host = (!is_client).then_some(first);
    let listed = |word: &&&str| clients.len() > 1 && address(word).is_some_and(|ip| !is_inner(ip));
    let client = bare(clients.iter().find(listed).or(clients.first()).copied().unwrap_or_default());
    hit.host = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    hit.client = Some(client).filter(|client| !client.is_empty() && *client != "-");
    hit.user = Some(user).filter(|user| !matches!(*user, "" | "-" | "\"\"" | "\"-\""));
    Ok(())
}

/// A word of a list of addresses without its comma and quotes.
fn bare(word: &str) -> &str {
    word.trim_matches(['"', ','])
}

fn address(word: &str) -> Option<IpAddr> {
    bare(word).parse().ok()
}

/// An address of somebody's own network.
fn is_inner(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// What stands left of the ident, and the user. The ident is nearly always `-`; a user name may hold spaces.
fn clients_and_user(before: &str) -> Option<(&str, &str)> {
    let trimmed = before.trim();
    if let Some((left, user)) = trimmed.split_once(" - ") {
        return (!left.trim().is_empty()).then_some((left, user));
    }
    let (rest, user) = trimmed.rsplit_once(' ')?;
    let (left, _ident) = rest.trim_end().rsplit_once(' ')?;
    Some((left, user))
}

fields!(Record {
    time_iso8601 = "time_iso8601": Scalar<'a>,
    time_local = "time_local": Scalar<'a>,
    msec = "msec": Scalar<'a>,
    time = "time": Scalar<'a>,
    timestamp = "timestamp": Scalar<'a>,
    at_timestamp = "@timestamp": Scalar<'a>,
    remote_addr = "remote_addr": Scalar<'a>,
    remote_user = "remote_user": Scalar<'a>,
    request = "request": Scalar<'a>,
    method = "request_method": Scalar<'a>,
    request_uri = "request_uri": Scalar<'a>,
    uri = "uri": Scalar<'a>,
    args = "args": Scalar<'a>,
    protocol = "server_protocol": Scalar<'a>,
    status = "status": Scalar<'a>,
    body_bytes = "body_bytes_sent": Scalar<'a>,
    bytes = "bytes_sent": Scalar<'a>,
    request_length = "request_length": Scalar<'a>,
    referer = "http_referer": Scalar<'a>,
    referrer = "http_referrer": Scalar<'a>,
    agent = "http_user_agent": Scalar<'a>,
    host = "http_host": Scalar<'a>,
    server_name = "server_name": Scalar<'a>,
    request_id = "request_id": Scalar<'a>,
});

/// What NGINX calls its variables; a record has at least these of them.
pub(super) const JSON_MARKS: [&[u8]; 8] = [
    b"remote_addr",
    b"status",
    b"request",
    b"request_uri",
    b"request_method",
    b"body_bytes_sent",
    b"bytes_sent",
    b"http_user_agent",
];

impl Record<'_> {
    fn written(&self) -> Option<(&'static str, String)> {
        let fields = [
            ("time_iso8601", &self.time_iso8601),
            ("time_local", &self.time_local),
            ("@timestamp", &self.at_timestamp),
            ("timestamp", &self.timestamp),
            ("time", &self.time),
            ("msec", &self.msec),
        ];
        fields.iter().find_map(|(name, value)| Some((*name, value.string()?)))
    }

    fn when(&self) -> Result<Timestamp, Unreadable> {
        let (name, written) =
            self.written().ok_or_else(|| Unreadable::missing("time_iso8601 (or time_local, msec)"))?;
        let seconds = || written.parse::<f64>().ok().and_then(time::seconds);
        time::instant(&written)
            .or_else(|| time::common_log(&written))
            .or_else(seconds)
            .ok_or_else(|| Unreadable(format!("{name} `{written}` is not a time")))
    }
}

/// The values of a JSON record, spelled out: numbers may be numbers or text there.
#[derive(Debug, Default)]
struct Owned {
    status: Option<String>,
    bytes: Option<String>,
    received: Option<String>,
    uri: Option<String>,
}

fn owned(record: &Record<'_>) -> Owned {
    let uri = record.request_uri.string().or_else(|| {
        let path = record.uri.text()?;
        Some(record.args.text().map_or_else(|| path.to_owned(), |args| format!("{path}?{args}")))
    });
    Owned {
        status: record.status.string(),
        bytes: record.body_bytes.string().or_else(|| record.bytes.string()),
        received: record.request_length.string(),
        uri,
    }
}

fn json_hit<'r>(record: &'r Record<'_>, owned: &'r Owned) -> Hit<'r> {
    let said = |scalar: &'r Scalar<'_>| scalar.text().filter(|text| *text != "-");
    let mut hit = Hit::default();
    if let Some(line) = said(&record.request) {
        hit.set_request(line);
    }
    hit.time = said(&record.time_local).or(said(&record.time_iso8601));
    hit.client = said(&record.remote_addr);
    hit.user = said(&record.remote_user);
    hit.method = said(&record.method).or(hit.method);
    hit.uri = owned.uri.as_deref().or(hit.uri);
    hit.version = said(&record.protocol).or(hit.version);
    hit.status = owned.status.as_deref();
    hit.bytes = owned.bytes.as_deref();
    hit.received = owned.received.as_deref();
    hit.referer = said(&record.referer).or(said(&record.referrer));
    hit.agent = said(&record.agent);
    hit.host = said(&record.host).or(said(&record.server_name));
    hit
}

fn is_json(raw: &[u8]) -> bool {
    raw.trim_ascii_start().first() == Some(&b'{')
}

fn text(raw: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(raw)
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    if is_json(raw) {
        let record: Record<'_> = parse(raw)?;
        let mut view = Appended::to(raw)?;
        let owned = owned(&record);
        json_hit(&record, &owned).names(record.when().ok(), &mut view);
        return Ok(view.finish());
    }
    let line = text(raw);
    let hit = hit(line.trim())?;
    let mut flat = Flat::new(16, raw.len());
    hit.names(hit.time.and_then(time::common_log), &mut flat);
    Ok(flat.finish())
}

/// A line or record as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut event = if is_json(raw) {
        let record: Record<'_> = parse(raw)?;
        let owned = owned(&record);
        let mut event = json_hit(&record, &owned).event(Format::WebAccess, record.when()?, raw);
        event.metadata.correlation_uid = record.request_id.string();
        event
    } else {
        let line = text(raw);
        let hit = hit(line.trim())?;
        let written = hit.time.unwrap_or_default();
        let when = time::common_log(written).ok_or_else(|| Unreadable(format!("time `{written}` is not a time")))?;
        hit.event(Format::WebAccess, when, raw)
    };
    event.metadata.product_name = "Web server access log";
    event.metadata.vendor_name = "Web server";
    Ok(event)
}

#[cfg(test)]
mod tests {
    use ocsf::Status;
    use serde_json::Value;

    use super::*;

    const TAIL: &str =
        r#"[02/Mar/2026:10:11:12 +0100] "GET /a/b?c=d HTTP/1.1" 200 571 "https://r.example/" "curl/8 \"x\"""#;

    fn seen(line: &str) -> Value {
        serde_json::from_slice(&view(line.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_combined_line() {
        let line = format!("192.0.2.7 - ann {TAIL}");
        assert!(is_line(line.as_bytes()));
        let view = seen(&line);
        let expected = serde_json::json!({
            "time": "02/Mar/2026:10:11:12 +0100", "date-time": "2026-03-02T09:11:12Z", "c-ip": "192.0.2.7",
            "cs-username": "ann", "cs-method": "GET", "cs-uri": "/a/b?c=d", "cs-uri-stem": "/a/b", "cs-uri-query": "c=d",
            "cs-version": "HTTP/1.1", "cs-referer": "https://r.example/", "cs-user-agent": "curl/8 \\\"x\\\"",
            "sc-status": 200, "sc-bytes": 571,
        });
        assert_eq!(view, expected);
        let event = normalize(line.as_bytes()).unwrap();
        assert_eq!((event.type_uid(), event.status), (400_203, Status::Success));
        assert_eq!(event.actor_key.as_deref(), Some("web:ann"));
        assert_eq!(event.hot().bytes, Some(571));
    }

    #[test]
    fn clients_of_all_kinds() {
        let cases = [
            ("192.0.2.7 - -", "192.0.2.7", None),
            ("shop.example:443 192.0.2.7 - -", "192.0.2.7", Some("shop.example")),
            ("192.0.2.7, 198.51.100.1 - -", "192.0.2.7", None),
            ("10.0.0.1, 192.0.2.7, 198.51.100.1 - -", "192.0.2.7", None),
            ("10.0.0.1, 10.0.0.2 - -", "10.0.0.1", None),
            ("\"192.0.2.7, 198.51.100.1\" 203.0.113.9 - -", "192.0.2.7", None),
            ("host.example - -", "host.example", None),
            ("localhost, localhost - -", "localhost", None),
            ("shop.example 192.0.2.7, 198.51.100.1 - -", "192.0.2.7", Some("shop.example")),
            ("shop.example:80 unix: - -", "unix:", Some("shop.example")),
        ];
        for (before, client, host) in cases {
            let view = seen(&format!("{before} {TAIL}"));
            assert_eq!(view["c-ip"], client, "{before}");
            assert_eq!(view.get("cs-host").and_then(Value::as_str), host, "{before}");
            assert!(view.get("cs-username").is_none(), "{before}");
        }
    }

    #[test]
    fn users_may_have_spaces_and_idents_may_be_there() {
        for (before, user) in [("192.0.2.7 - Ann Lee", "Ann Lee"), ("192.0.2.7 ident ann", "ann")] {
            assert_eq!(seen(&format!("{before} {TAIL}"))["cs-username"], user, "{before}");
        }
    }

    #[test]
    fn a_visitor_cannot_forge_fields() {
        let line = r#"192.0.2.7 - x [01/Jan/2020:00:00:00 +0000] \"GET [02/Mar/2026:10:11:12 +0000] "GET /\" 200 5 HTTP/1.1" 404 9"#;
        let view = seen(line);
        assert_eq!(view["sc-status"], 404);
        assert_eq!(view["date-time"], "2026-03-02T10:11:12Z");
    }

    #[test]
    fn json_of_nginx_keeps_its_own_names() {
        let raw =
            br#"{"time_iso8601":"2026-03-02T10:11:12+00:00","remote_addr":"192.0.2.7","request":"POST /login HTTP/2.0",
            "status":"302","body_bytes_sent":0,"http_user_agent":"x","http_host":"shop.example","remote_user":"-"}"#;
        let view: Value = serde_json::from_slice(&view(raw).unwrap()).unwrap();
        assert_eq!((&view["status"], &view["sc-status"]), (&"302".into(), &302.into()));
        assert_eq!((&view["cs-uri"], &view["cs-host"]), (&"/login".into(), &"shop.example".into()));
        let event = normalize(raw).unwrap();
        assert_eq!(event.actor_key.as_deref(), Some("ip:192.0.2.7"));
        let missing = br#"{"remote_addr":"192.0.2.7","request":"POST /login HTTP/2.0","status":302}"#;
        assert_eq!(normalize(missing).unwrap_err().0, "time_iso8601 (or time_local, msec) is missing");
    }

    #[test]
    fn broken_lines_are_refused_with_a_reason() {
        let cases = [
            ("192.0.2.7 - -", "line has no [time] followed by a quoted request"),
            ("192.0.2.7 - - [02/Mar/2026:10:11:12 +0000] \"GET /", "request has no closing quote"),
            ("192.0.2.7 - - [02/Mar/2026:10:11:12 +0000] \"GET /\" x", "line has no status after the request"),
            ("- - [02/Mar/2026:10:11:12 +0000] \"GET /\" 200", "line has fewer than three fields before the time"),
            ("a - - [99/Mar/2026:10:11:12 +0000] \"GET /\" 200", "time `99/Mar/2026:10:11:12 +0000` is not a time"),
        ];
        for (line, reason) in cases {
            assert_eq!(normalize(line.as_bytes()).unwrap_err().0, reason, "{line}");
        }
    }
}
