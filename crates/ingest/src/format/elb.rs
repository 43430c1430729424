//! Access logs of Elastic Load Balancing (`aws/elb`), application and classic load balancers: HTTP Activity.
//!
//! Fields are found by position, quoted strings may hold spaces, later fields may be missing. Rules see the W3C names of `web`
//! and, below them, the documented names of the fields in snake case. Requests hold the whole address; `cs-uri` is its path with
//! query and `cs-host` its host. Contents: Elastic Load Balancing user guides, "Access log entries".

use std::borrow::Cow;

use ocsf::{Cloud, Event, Resource};

use super::flat::Flat;
use super::web::{self, Hit};
use super::{Format, Unreadable, time};

const APPLICATION: [&str; 30] = [
    "type",
    "time",
    "elb",
    "client_port",
    "target_port",
    "request_processing_time",
    "target_processing_time",
    "response_processing_time",
    "elb_status_code",
    "target_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
    "target_group_arn",
    "trace_id",
    "domain_name",
    "chosen_cert_arn",
    "matched_rule_priority",
    "request_creation_time",
    "actions_executed",
    "redirect_url",
    "error_reason",
    "target_port_list",
    "target_status_code_list",
    "classification",
    "classification_reason",
    "conn_trace_id",
];
const CLASSIC: [&str; 15] = [
    "time",
    "elb",
    "client_port",
    "backend_port",
    "request_processing_time",
    "backend_processing_time",
    "response_processing_time",
    "elb_status_code",
    "backend_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
];
const KINDS: [&str; 6] = ["http", "https", "h2", "grpcs", "ws", "wss"];
/// A line has at least everything up to the request.
const FIELDS_MIN: usize = 12;
const NUMBERS: [&str; 5] =
    ["received_bytes", "sent_bytes", "elb_status_code", "target_status_code", "backend_status_code"];

/// A line of a load balancer: a kind (not of classic ones), an instant, a name, a client with its port.
pub(super) fn is_line(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line.get(..line.len().min(512)).unwrap_or_default()) else { return false };
    let mut words = text.split(' ');
    let first = words.next().unwrap_or_default();
    let classic = !KINDS.contains(&first);
    let written = if classic { first } else { words.next().unwrap_or_default() };
    let looks_like_instant = written.len() >= 20 && written.ends_with('Z') && time::instant(written).is_some();
    let client = words.nth(1).unwrap_or_default();
    let has_port = client.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    // Behind the client of a classic line stand its target and three times.
    let times = words.skip(1).take(3).all(|time| time.parse::<f64>().is_ok());
    looks_like_instant && has_port && times
}

type Fields<'r> = Vec<(&'static str, &'r str)>;

fn fields(line: &str) -> Result<Fields<'_>, Unreadable> {
    let first = line.split(' ').next().unwrap_or_default();
    let names: &[&str] = if KINDS.contains(&first) { &APPLICATION } else { &CLASSIC };
    let mut rest = line;
    let mut out = Vec::with_capacity(names.len());
    let mut found = 0;
    for name in names {
        if rest.is_empty() {
            break;
        }
        let (value, behind) = take(rest).ok_or_else(|| Unreadable(format!("{name} has no closing quote")))?;
        rest = behind;
        found += 1;
        if value != "-" && !value.is_empty() {
            out.push((*name, value));
        }
    }
    if found < FIELDS_MIN {
        return Err(Unreadable(format!("line has {found} fields, one of a load balancer has at least {FIELDS_MIN}")));
    }
    Ok(out)
}

/// The next field and what follows it. A quoted field ends at a quote before a space or the end.
fn take(rest: &str) -> Option<(&str, &str)> {
    let (value, behind) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once("\" ").or_else(|| quoted.strip_suffix('"').map(|value| (value, "")))?,
        None => rest.split_once(' ').unwrap_or((rest, "")),
    };
    Some((value, behind.trim_start_matches(' ')))
}

fn value<'r>(fields: &Fields<'r>, name: &str) -> Option<&'r str> {
    fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)
}

fn hit<'r>(fields: &Fields<'r>) -> Hit<'r> {
    let mut hit = Hit::default();
    // Requests that never came are written as `- http://host:80- -`.
    if let Some(request) = value(fields, "request").filter(|request| !request.starts_with("- ")) {
        hit.set_request(request);
    }
    if let Some(uri) = hit.uri {
        let (host, target) = web::host_and_target(uri);
        hit.host = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
        hit.uri = Some(target);
    }
    hit.time = value(fields, "time");
    hit.client = value(fields, "client_port").map(|client| client.rsplit_once(':').map_or(client, |(ip, _)| ip));
    hit.status = value(fields, "elb_status_code");
    hit.bytes = value(fields, "sent_bytes");
    hit.received = value(fields, "received_bytes");
    hit.agent = value(fields, "user_agent");
    hit.host = hit.host.or(value(fields, "domain_name"));
    hit
}

fn line(raw: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(raw.trim_ascii())
}

/// The flat object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let line = line(raw);
    let fields = fields(&line)?;
    let mut flat = Flat::new(APPLICATION.len() + 16, raw.len() * 2);
    let hit = hit(&fields);
    hit.names(hit.time.and_then(time::instant), &mut flat);
    for (name, value) in fields {
        match name {
            // Stands among the W3C names already.
            "time" => {}
            _ if NUMBERS.contains(&name) => flat.number(name, value),
            _ => flat.text(name, value),
        }
    }
    Ok(flat.finish())
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let line = line(raw);
    let fields = fields(&line)?;
    let when = time::required("time", value(&fields, "time").ok_or_else(|| Unreadable::missing("time"))?)?;
    let mut event = hit(&fields).event(Format::Elb, when, raw);
    event.metadata = ocsf::Metadata {
        product_name: "Elastic Load Balancing",
        vendor_name: "AWS",
        event_code: value(&fields, "type").map(str::to_owned),
        correlation_uid: value(&fields, "trace_id").map(str::to_owned),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(Cloud { provider: "AWS", region: None, zone: None, account: None });
    if let Some(client) = value(&fields, "client_port") {
        event.src_endpoint = Some(super::azure::endpoint(client));
    }
    let names = [
        ("elb", "AWS::ElasticLoadBalancing::LoadBalancer"),
        ("target_group_arn", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    ];
    for (name, kind) in names {
        event.resources.extend(value(&fields, name).map(|uid| Resource {
            uid: Some(uid.to_owned()),
            kind: Some(kind.to_owned()),
            ..Resource::default()
        }));
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const APP: &str = r#"https 2026-03-02T10:11:12.123456Z app/shop/50dc 192.0.2.7:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 38 4711 "GET https://shop.example:443/a?b=c HTTP/1.1" "curl/8 x" ECDHE TLSv1.2 arn:aws:tg "Root=1-5" "shop.example" "arn:cert" 1 2026-03-02T10:11:12.000000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-""#;
    const CLASSIC_LINE: &str = r#"2026-03-02T10:11:12.123456Z shop 192.0.2.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://shop.example:80/ HTTP/1.1" "curl/8" - -"#;

    #[test]
    fn both_kinds() {
        for (line, bytes) in [(APP, 4711), (CLASSIC_LINE, 29)] {
            assert!(is_line(line.as_bytes()));
            let event = normalize(line.as_bytes()).unwrap();
            assert_eq!(event.hot().src_ip, Some("192.0.2.7"));
            assert_eq!((event.hot().http_status, event.bytes), (Some(200), Some(bytes)));
            let view: Value = serde_json::from_slice(&view(line.as_bytes()).unwrap()).unwrap();
            assert_eq!((&view["c-ip"], &view["cs-host"]), (&"192.0.2.7".into(), &"shop.example".into()));
            assert_eq!((&view["sc-status"], &view["elb_status_code"]), (&200.into(), &200.into()));
        }
        let view: Value = serde_json::from_slice(&view(APP.as_bytes()).unwrap()).unwrap();
        assert_eq!((&view["cs-uri"], &view["cs-uri-query"]), (&"/a?b=c".into(), &"b=c".into()));
        assert_eq!(view["trace_id"], "Root=1-5");
    }

    #[test]
    fn short_lines_are_refused() {
        let reason = normalize(b"https 2026-03-02T10:11:12Z app").unwrap_err().0;
        assert_eq!(reason, "line has 3 fields, one of a load balancer has at least 12");
    }
}
