//! Access logs of Envoy in JSON (`envoy/access`): HTTP Activity.
//!
//! The format is the owner's; this reads the members that the documentation's example and the service meshes built on Envoy use, and lines of the default
//! format, also with the fields that Istio adds. What is missing is null or `-`. Rules see the record and the W3C names, of a line a flat object. Contents: Envoy
//! documentation, "Access logging", default format string and JSON format; Istio documentation, "Envoy access logs".

use std::borrow::Cow;

use ocsf::Event;
use serde_json::{Map, Value};

use super::marks::Keys;
use super::said::{Paths, Said};
use super::tree::Tree;
use super::{Format, Unreadable, azure};

const PATHS: Paths = Paths {
    time: &["start_time"],
    client: &["x_forwarded_for", "x-forwarded-for", "downstream_remote_address", "downstream_direct_remote_address"],
    user: &["user", "jwt_sub"],
    method: &["method", ":method"],
    uri: &["path", "x-envoy-origin-path", "x_envoy_origin_path", ":path"],
    query: &[],
    version: &["protocol"],
    status: &["response_code"],
    bytes: &["bytes_sent"],
    received: &["bytes_received"],
    referer: &["referer"],
    agent: &["user_agent", "user-agent"],
    host: &["authority", ":authority"],
    uid: &["request_id", "x-request-id", "x_request_id"],
};

/// What only Envoy calls by these names.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    const MARKS: [&[u8]; 8] = [
        b"response_flags",
        b"upstream_cluster",
        b"upstream_host",
        b"downstream_remote_address",
        b"downstream_local_address",
        b"route_name",
        b"response_code_details",
        b"bytes_sent",
    ];
    keys.has_all(&[b"start_time", b"response_code"]) && keys.count(&MARKS) >= 3
}

fn said(tree: &mut Tree) -> Said {
    // A list of forwarded addresses begins with the client's.
    Said::of(tree, &PATHS).with_first_client()
}

/// A line of the default format: `[2026-03-02T10:11:12.345Z] "GET / HTTP/1.1" 200 - …`.
pub(super) fn is_line(line: &[u8]) -> bool {
    let head = line.starts_with(b"[") && line.get(5) == Some(&b'-') && line.get(11) == Some(&b'T');
    head && std::str::from_utf8(line).is_ok_and(|line| of_line(line).is_some())
}

/// The fields of a line by the names of the JSON format.
fn of_line(line: &str) -> Option<Map<String, Value>> {
    let (time, rest) = line.trim().strip_prefix('[')?.split_once("] \"")?;
    let (request, rest) = rest.split_once("\" ")?;
    let mut words = words(rest).into_iter();
    let (code, flags) = (words.next()?, words.next()?);
    let mut out = Map::new();
    let mut put = |name: &str, value: &str| {
        if value != "-" && !value.is_empty() {
            out.insert(name.to_owned(), value.into());
        }
    };
    put("start_time", time);
    let (method, rest) = request.split_once(' ').unwrap_or((request, ""));
    let (path, protocol) = rest.rsplit_once(' ').unwrap_or((rest, ""));
    put("method", method);
    put("path", path);
    put("protocol", protocol);
    put("response_code", code);
    put("response_flags", flags);
    // Istio puts three details here; the counts are the first run of numbers.
    let mut rest = words.skip_while(|word| word.parse::<u64>().is_err());
    let names = [
        "bytes_received",
        "bytes_sent",
        "duration",
        "upstream_service_time",
        "x_forwarded_for",
        "user_agent",
        "request_id",
        "authority",
        "upstream_host",
        "upstream_cluster",
        "upstream_local_address",
        "downstream_local_address",
        "downstream_remote_address",
        "requested_server_name",
        "route_name",
    ];
    for name in names {
        put(name, rest.next().unwrap_or("-"));
    }
    (code.parse::<u16>().is_ok() && out.contains_key("bytes_sent")).then_some(out)
}

/// Words between spaces; quoted ones may hold spaces.
fn words(mut rest: &str) -> Vec<&str> {
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (word, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        out.push(word);
        rest = behind.trim_start();
    }
    out
}

/// The record as JSON, whichever way it came.
fn open(raw: &[u8]) -> Result<Cow<'_, [u8]>, Unreadable> {
    if raw.trim_ascii_start().starts_with(b"{") {
        azure::parse(raw)?;
        return Ok(Cow::Borrowed(raw));
    }
    let map = of_line(&String::from_utf8_lossy(raw));
    let map = map.ok_or_else(|| Unreadable("line is none of the default format".to_owned()))?;
    Ok(Cow::Owned(Value::Object(map).to_string().into_bytes()))
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let json = open(raw)?;
    said(&mut Tree::parse(&json)?).view(&json)
}

/// A request as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(&open(raw)?)?;
    let said = said(&mut tree);
    let when = said.when("start_time")?;
    let mut event = said.event(Format::Envoy, when, raw, ("Envoy", "Envoy"));
    event.status_detail = tree.take(&["response_flags"]).filter(|flags| flags != "-");
    if let Some(response) = &mut event.http_response {
        response.latency = tree.count(&["duration"]);
    }
    event.service = tree.take(&["upstream_cluster"]).filter(|name| name != "-").map(ocsf::Identified::named);
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request() {
        let raw = br#"{"start_time":"2026-03-02T10:11:12.345Z","method":"GET","path":"/v1/students?all=1","protocol":"HTTP/2","response_code":200,"response_flags":"-","bytes_sent":121258,
            "bytes_received":0,"duration":11,"authority":"shop.example","user_agent":"curl","x_forwarded_for":"192.0.2.7,10.0.0.1","upstream_cluster":"api","request_id":"r-1","upstream_host":null}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.hot().src_ip, event.bytes, event.uid()), (Some("192.0.2.7"), Some(121_258), "r-1"));
        assert_eq!((event.http_response.unwrap().latency, event.status_detail), (Some(11), None));
    }

    #[test]
    fn lines_of_the_default_format() {
        let plain = br#"[2026-03-02T10:11:12.345Z] "POST /v1/orders HTTP/2" 204 - 154 0 226 100 "192.0.2.7" "curl 8" "r-1" "shop.example" "tcp://10.0.2.1:80""#;
        let istio = br#"[2026-03-02T10:11:12.345Z] "POST /v1/orders HTTP/2" 204 - via_upstream - "-" 154 0 226 100 "192.0.2.7" "curl 8" "r-1" "shop.example" "10.0.2.1:80" outbound|80||x 10.1.1.1:5 10.2.2.2:80 192.0.2.7:5080 - default"#;
        for line in [&plain[..], &istio[..]] {
            assert!(is_line(line));
            let event = normalize(line).unwrap();
            assert_eq!(
                (event.hot().src_ip, event.hot().http_status, event.hot().user_agent),
                (Some("192.0.2.7"), Some(204), Some("curl 8"))
            );
            assert_eq!((event.bytes, event.uid()), (Some(0), "r-1"));
        }
        for line in
            [&b"[2026-03-02T10:11:12Z] x"[..], b"[2026-03-02T10:11:12Z] \"GET / HTTP/1.1\" a - 1 2", b"[1,2]", b""]
        {
            assert!(!is_line(line));
        }
    }
}
