//! Error logs of NGINX and Apache (`web/error`): Base events with the client and the request they are about.
//!
//! `2026/03/02 10:11:12 [error] 8#0: *1 text, client: …` and `[Mon Mar 02 10:11:12.123456 2026] [core:error] [pid 1] [client …] text`. Neither has a zone;
//! both are read as UTC. Rules see a flat object. Contents: NGINX documentation, `error_log`; Apache documentation, "Error Log" and `ErrorLogFormat`.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ocsf::{Class, Event, HttpRequest, Severity, Url};

use super::flat::Flat;
use super::tree::{self, begin};
use super::{Format, Unreadable, aws};

/// A line of either.
pub(super) fn is_line(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|line| Line::of(line).is_some())
}

#[derive(Debug, Default)]
struct Line<'t> {
    server: &'static str,
    time: &'t str,
    level: &'t str,
    module: Option<&'t str>,
    process: Option<&'t str>,
    client: Option<&'t str>,
    request: Option<&'t str>,
    host: Option<&'t str>,
    referer: Option<&'t str>,
    message: &'t str,
}

impl<'t> Line<'t> {
    fn of(line: &'t str) -> Option<Self> {
        let line = line.trim_end();
        if line.starts_with('[') { Self::of_apache(line) } else { Self::of_nginx(line) }
    }

    fn of_nginx(line: &'t str) -> Option<Self> {
        let (time, rest) = line.split_at_checked(19)?;
        let shape = time.as_bytes();
        let is = |at: usize, byte: u8| shape.get(at) == Some(&byte);
        if !(is(4, b'/') && is(7, b'/') && is(10, b' ') && is(13, b':')) {
            return None;
        }
        let (level, rest) = rest.strip_prefix(" [")?.split_once("] ")?;
        let known = ["debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"].contains(&level);
        let (process, message) = rest.split_once(": ").filter(|(process, _)| process.contains('#'))?;
        let named = |name: &str| {
            let (_, rest) = message.split_once(&format!(", {name}: "))?;
            match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').map(|(value, _)| value),
                None => Some(rest.split_once(", ").map_or(rest, |(value, _)| value)),
            }
        };
        known.then(|| Self {
            server: "NGINX",
            time,
            level,
            module: None,
            process: process.split('#').next(),
            client: named("client"),
            request: named("request"),
            host: named("host").or_else(|| named("server")),
            referer: named("referrer"),
            message,
        })
    }

    fn of_apache(line: &'t str) -> Option<Self> {
        let (time, mut rest) = line.strip_prefix('[')?.split_once("] ")?;
        apache_instant(time)?;
        let mut out = Self { server: "Apache", time, ..Self::default() };
        while let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            if let Some(process) = inside.strip_prefix("pid ") {
                out.process = process.split(':').next();
            } else if let Some(client) = inside.strip_prefix("client ") {
                out.client = Some(client);
            } else if out.level.is_empty() {
                (out.module, out.level) =
                    inside.split_once(':').map_or((None, inside), |(module, level)| (Some(module), level));
            } else {
                break;
            }
            rest = behind.trim_start();
        }
        // Traces name their place in the source before the client.
        if out.client.is_none() {
            out.client =
                rest.split_once("[client ").and_then(|(_, rest)| rest.split_once(']')).map(|(client, _)| client);
        }
        out.referer = rest.split_once(", referer: ").map(|(_, referer)| referer);
        out.message = rest;
        let level = out.level.trim_end_matches(|c: char| c.is_ascii_digit());
        let known = ["trace", "debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"].contains(&level);
        known.then_some(out)
    }

    fn when(&self) -> Option<Timestamp> {
        if self.server == "Apache" {
            return apache_instant(self.time);
        }
        let parsed = jiff::fmt::strtime::parse("%Y/%m/%d %H:%M:%S", self.time).ok()?.to_datetime().ok()?;
        parsed.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    }
}

/// `Mon Mar 02 10:11:12.123456 2026`, the fraction may be missing.
fn apache_instant(written: &str) -> Option<Timestamp> {
    let parse = |format: &str| jiff::fmt::strtime::parse(format, written).ok()?.to_datetime().ok();
    let parsed = parse("%a %b %d %H:%M:%S.%f %Y").or_else(|| parse("%a %b %d %H:%M:%S %Y"))?;
    parsed.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn open(text: &str) -> Result<Line<'_>, Unreadable> {
    Line::of(text).ok_or_else(|| Unreadable("line has no time and level; it may continue the one before it".to_owned()))
}

/// The flat object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let text: Cow<'_, str> = String::from_utf8_lossy(raw);
    let line = open(&text)?;
    let mut flat = Flat::new(10, raw.len());
    flat.text("time", line.time);
    flat.text("level", line.level);
    flat.text("message", line.message);
    let optional = [
        ("module", line.module),
        ("pid", line.process),
        ("client", line.client),
        ("request", line.request),
        ("host", line.host),
        ("referer", line.referer),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            flat.text(name, value);
        }
    }
    Ok(flat.finish())
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let text = String::from_utf8_lossy(raw);
    let line = open(&text)?;
    let when = line.when().ok_or_else(|| Unreadable(format!("`{}` is not a time", line.time)))?;
    let product = if line.server == "Apache" { ("Apache", "HTTP Server") } else { ("F5", "NGINX") };
    let mut event = begin(Format::WebError, Class::Base, when, raw, product, line.level);
    event.severity = match line.level {
        "emerg" | "alert" => Severity::High,
        "crit" => Severity::Medium,
        "error" | "warn" => Severity::Low,
        _ => Severity::Informational,
    };
    event.message = Some(line.message.to_owned());
    event.metadata.feature = line.module.map(str::to_owned);
    event.src_endpoint = tree::endpoint(line.client.map(str::to_owned));
    let address = event.src_endpoint.as_ref().and_then(|end| end.ip.as_deref());
    event.actor_key = address.and_then(aws::key_of_ip);
    let mut words = line.request.into_iter().flat_map(|request| request.split(' '));
    let (method, target) = (words.next(), words.next());
    event.http_request = (method.is_some() || line.referer.is_some()).then(|| {
        Box::new(HttpRequest {
            http_method: method.map(str::to_owned),
            url: target.map(|target| Url { hostname: line.host.map(str::to_owned), ..Url::of_target(target) }),
            referrer: line.referer.map(str::to_owned),
            ..HttpRequest::default()
        })
    });
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_servers() {
        let nginx = br#"2026/03/02 10:11:12 [error] 54053#0: *1 open() "/x" failed (2: No such file or directory), client: 192.0.2.7, server: localhost, request: "GET /x?a=b HTTP/1.1", host: "shop.example", referrer: "http://r/""#;
        let event = normalize(nginx).unwrap();
        assert_eq!((event.hot().src_ip, event.time.as_second()), (Some("192.0.2.7"), 1_772_446_272));
        let request = event.http_request.unwrap();
        assert_eq!((request.http_method.as_deref(), request.referrer.as_deref()), (Some("GET"), Some("http://r/")));
        let apache = b"[Mon Mar 02 10:11:12.902022 2026] [core:error] [pid 35708:tid 1] [client 192.0.2.7:5080] AH00126: Invalid URI, referer: http://r/";
        let event = normalize(apache).unwrap();
        assert_eq!((event.hot().src_ip, event.metadata.feature.as_deref()), (Some("192.0.2.7"), Some("core")));
        assert_eq!((event.time.as_second(), event.severity), (1_772_446_272, Severity::Low));
        let old = b"[Mon Mar 02 10:11:12 2026] [notice] ready";
        assert!(is_line(old) && normalize(old).is_ok());
        for line in [&b"[x] [error] y"[..], b"2026/03/02 10:11:12 [nothing] 1#0: y", b"PHP message: x", b""] {
            assert!(!is_line(line) && normalize(line).is_err());
        }
    }
}
