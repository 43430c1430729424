//! CloudFront standard access logs (`aws/cloudfront`): HTTP Activity.
//!
//! Tab-separated lines; `#Fields:` names the columns, and without it they are the documented ones in order. Rules see the W3C
//! names of `web` and the log's own (`x-edge-result-type`, `cs(Cookie)`, …). Values are URL-encoded by CloudFront, the user agent
//! twice; rules and events get them decoded once. Contents: CloudFront developer guide, "Standard log file fields".

use std::borrow::Cow;

use jiff::Timestamp;
use ocsf::{Cloud, Event, Resource};

use super::append::Appended;
use super::web::Hit;
use super::{Format, Unreadable, time};

const DEFAULT: [&str; 33] = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
];
/// Older logs end after `x-edge-request-id`.
const FIELDS_MIN: usize = 15;
/// Column names read from a header; CloudFront writes 33.
const COLUMNS_MAX: usize = 64;

/// The columns of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns(Vec<String>);

impl Columns {
    /// The columns that the `#Fields:` line of a file's head names, when they are CloudFront's.
    pub(super) fn of_head(head: &[u8]) -> Option<Self> {
        const LINES: usize = 4;
        let mut lines = head.split(|byte| *byte == b'\n').take(LINES);
        let named = lines.find_map(|line| line.trim_ascii().strip_prefix(b"#Fields:"))?;
        let text = std::str::from_utf8(named).ok()?;
        let names: Vec<String> = text.split_ascii_whitespace().take(COLUMNS_MAX).map(str::to_owned).collect();
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        (has("x-edge-location") && has("c-ip")).then_some(Self(names))
    }
}

/// `#Version:` and `#Fields:`.
pub(super) fn is_header(line: &[u8]) -> bool {
    line.starts_with(b"#")
}

/// A line in the documented order: a date, a time and an address at their places.
pub(super) fn is_line(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line) else { return false };
    let fields: Vec<&str> = text.split(separator(text)).take(FIELDS_MIN).collect();
    let at = |index: usize| fields.get(index).copied().unwrap_or_default();
    fields.len() == FIELDS_MIN
        && instant(at(0), at(1)).is_some()
        && at(4).parse::<std::net::IpAddr>().is_ok()
        && at(7).starts_with('/')
}

/// Exports through other tools turn tabs into spaces; no value holds a raw one.
fn separator(line: &str) -> char {
    if line.contains('\t') { '\t' } else { ' ' }
}

type Fields<'r> = Vec<(&'r str, &'r str)>;

fn fields<'r>(line: &'r str, columns: Option<&'r Columns>) -> Result<Fields<'r>, Unreadable> {
    let named = columns.into_iter().flat_map(|columns| columns.0.iter().map(String::as_str));
    let names: Vec<&str> = if columns.is_some() { named.collect() } else { DEFAULT.to_vec() };
    let values: Vec<&str> = line.split(separator(line)).collect();
    if values.len() < names.len().min(FIELDS_MIN) {
        let wanted = names.len().min(FIELDS_MIN);
        return Err(Unreadable(format!("line has {} fields, one of CloudFront has at least {wanted}", values.len())));
    }
    let pairs = names.into_iter().zip(values);
    Ok(pairs.filter(|(_, value)| !matches!(*value, "-" | "")).collect())
}

fn value<'r>(fields: &Fields<'r>, name: &str) -> Option<&'r str> {
    fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)
}

fn instant(date: &str, clock: &str) -> Option<Timestamp> {
    (date.len() == 10 && clock.len() == 8).then(|| time::instant(&format!("{date}T{clock}Z")))?
}

/// `%20` and its like undone, once. What is no escape stays.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|byte| char::from(*byte).to_digit(16));
        match (byte, digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                out.extend(u8::try_from(high * 16 + low));
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// The decoded values a hit borrows.
struct Owned<'r> {
    uri: Option<String>,
    agent: Option<Cow<'r, str>>,
    referer: Option<Cow<'r, str>>,
}

fn owned<'r>(fields: &Fields<'r>) -> Owned<'r> {
    let stem = value(fields, "cs-uri-stem");
    let uri = stem.map(|stem| match value(fields, "cs-uri-query") {
        Some(query) => format!("{stem}?{query}"),
        None => stem.to_owned(),
    });
    Owned {
        uri,
        agent: value(fields, "cs(User-Agent)").map(decoded),
        referer: value(fields, "cs(Referer)").map(decoded),
    }
}

fn hit<'r>(fields: &Fields<'r>, owned: &'r Owned<'_>) -> Hit<'r> {
    Hit {
        client: value(fields, "c-ip"),
        method: value(fields, "cs-method"),
        uri: owned.uri.as_deref(),
        version: value(fields, "cs-protocol-version"),
        // `000` is written of a connection that the viewer closed first.
        status: value(fields, "sc-status").filter(|code| *code != "000"),
        bytes: value(fields, "sc-bytes"),
        received: value(fields, "cs-bytes"),
        referer: owned.referer.as_deref(),
        agent: owned.agent.as_deref(),
        host: value(fields, "x-host-header").or(value(fields, "cs(Host)")),
        ..Hit::default()
    }
}

fn when(fields: &Fields<'_>) -> Result<Timestamp, Unreadable> {
    let date = value(fields, "date").ok_or_else(|| Unreadable::missing("date"))?;
    let clock = value(fields, "time").ok_or_else(|| Unreadable::missing("time"))?;
    instant(date, clock).ok_or_else(|| Unreadable(format!("date and time `{date} {clock}` are not a time")))
}

fn line(raw: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(raw.trim_ascii_end())
}

/// The flat object rules see.
pub(super) fn view(raw: &[u8], columns: Option<&Columns>) -> Result<Vec<u8>, Unreadable> {
    let line = line(raw);
    let fields = fields(&line, columns)?;
    let owned = owned(&fields);
    // A header names the columns, so a name may come twice or be one of ours; the first stays.
    let mut view = Appended::to(b"{}")?;
    hit(&fields, &owned).names(when(&fields).ok(), &mut view);
    for (name, value) in &fields {
        view.text(name, value);
    }
    Ok(view.finish())
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8], columns: Option<&Columns>) -> Result<Event, Unreadable> {
    let line = line(raw);
    let fields = fields(&line, columns)?;
    let when = when(&fields)?;
    let owned = owned(&fields);
    let mut event = hit(&fields, &owned).event(Format::CloudFront, when, raw);
    let request = value(&fields, "x-edge-request-id").map(str::to_owned);
    event.metadata = ocsf::Metadata {
        uid: request.clone().into(),
        product_name: "CloudFront",
        vendor_name: "AWS",
        event_code: value(&fields, "x-edge-result-type").map(str::to_owned),
        correlation_uid: request.clone(),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(Cloud { provider: "AWS", region: None, zone: None, account: None });
    if let Some(http) = &mut event.http_request {
        http.uid = request;
    }
    if let Some(endpoint) = &mut event.src_endpoint {
        endpoint.port = value(&fields, "c-port").and_then(|port| port.parse().ok());
    }
    event.resources.extend(value(&fields, "cs(Host)").map(|host| Resource {
        uid: Some(host.to_owned()),
        kind: Some("AWS::CloudFront::Distribution".to_owned()),
        ..Resource::default()
    }));
    Ok(event)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const HEAD: &[u8] = b"#Version: 1.0\n#Fields: date time x-edge-location c-ip cs(User-Agent) sc-status\n";
    const LINE: &str = "2026-03-02\t10:11:12\tFRA2\t392\t192.0.2.7\tGET\td1.cloudfront.net\t/a%20b\t200\t-\tcurl/8%20x\tc=d\t-\tHit\trid\tshop.example\thttps\t23\t0.001\t-\tTLSv1.2\tX\tHit\tHTTP/2.0\t-\t-\t11040";

    #[test]
    fn a_line_in_the_documented_order() {
        assert!(is_line(LINE.as_bytes()));
        let event = normalize(LINE.as_bytes(), None).unwrap();
        assert_eq!(event.time.to_string(), "2026-03-02T10:11:12Z");
        assert_eq!(event.uid(), "rid");
        assert_eq!((event.hot().user_agent, event.bytes), (Some("curl/8 x"), Some(392)));
        let view: Value = serde_json::from_slice(&view(LINE.as_bytes(), None).unwrap()).unwrap();
        assert_eq!((&view["cs-uri"], &view["cs-user-agent"]), (&"/a%20b?c=d".into(), &"curl/8 x".into()));
        assert_eq!((&view["x-edge-result-type"], &view["cs-host"]), (&"Hit".into(), &"shop.example".into()));
        assert_eq!((&view["date-time"], &view["time"]), (&"2026-03-02T10:11:12Z".into(), &"10:11:12".into()));
    }

    #[test]
    fn a_header_names_other_columns() {
        let columns = Columns::of_head(HEAD).unwrap();
        let event = normalize(b"2026-03-02\t10:11:12\tFRA2\t192.0.2.7\tx\t404", Some(&columns)).unwrap();
        assert_eq!((event.hot().src_ip, event.hot().http_status), (Some("192.0.2.7"), Some(404)));
        assert_eq!(Columns::of_head(b"#Fields: date time c-ip\n"), None);
        assert_eq!(
            normalize(b"a\tb", Some(&columns)).unwrap_err().0,
            "line has 2 fields, one of CloudFront has at least 6"
        );
    }

    #[test]
    fn escapes_are_undone_once() {
        assert_eq!(decoded("a%2520b%zz%4"), "a%20b%zz%4");
    }
}
