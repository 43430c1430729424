//! OpenTelemetry logs in their JSON encoding (`otlp/logs`): one event per log record.
//!
//! A request or a line of the file exporter holds records in nested lists (`resourceLogs`, `scopeLogs`); [`split`] takes them apart, each with its
//! resource and scope. Records that carry a request's attributes become HTTP Activity, those that name an event API Activity, the rest Base events.
//! Rules see the cut record with attributes as plain members. Contents: OpenTelemetry protocol 1.x, "JSON Protobuf encoding"; semantic conventions.

use std::collections::BTreeMap;

use ocsf::{Api, Class, Event, HttpRequest, HttpResponse, Identified, Severity, Status, Url};
use serde_json::{Map, Value};

use super::marks::Keys;
use super::tree::{self, Parts, Tree, begin};
use super::{Format, Unreadable, aws, web};

/// A request, or a record that [`split`] cut out.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    keys.has(b"resourceLogs") || keys.has_all(&[b"logRecord", b"resource"])
}

/// The records of a request; `None` when there are none, or when it has to be rejected whole: [`open`] then says why.
pub(super) fn split(framed: &[u8]) -> Option<Vec<Vec<u8>>> {
    memchr::memmem::find(framed, b"\"resourceLogs\"")?;
    cut(&super::azure::parse(framed).ok()?).ok()?.finish()
}

fn cut(request: &Map<String, Value>) -> Result<Parts, Unreadable> {
    let mut parts = Parts::default();
    for resource in list(request, "resourceLogs", "")? {
        let resource = object(resource, "resourceLogs")?;
        for scope in list(resource, "scopeLogs", "resource")? {
            let scope = object(scope, "scopeLogs")?;
            let around = [("resource", resource.get("resource")), ("scope", scope.get("scope"))];
            let mut part: BTreeMap<_, _> = around.map(|(name, value)| (name, value.unwrap_or(&Value::Null))).into();
            for record in list(scope, "logRecords", "scope")? {
                part.insert("logRecord", record);
                parts.push(&part)?;
            }
        }
    }
    Ok(parts)
}

fn object<'v>(value: &'v Value, list: &str) -> Result<&'v Map<String, Value>, Unreadable> {
    value.as_object().ok_or_else(|| Unreadable(format!("{list} holds something that is no object")))
}

/// The elements of a list, which may be absent. Beside it stand what is `around` and plain values such as `schemaUrl`; whatever
/// else could hold records (`instrumentationLibraryLogs` of old versions) would be lost.
fn list<'v>(holder: &'v Map<String, Value>, name: &str, around: &str) -> Result<&'v [Value], Unreadable> {
    let is_unknown = |(other, value): &(&String, &Value)| {
        *other != name && *other != around && (value.is_object() || value.is_array())
    };
    if let Some((other, _)) = holder.iter().find(is_unknown) {
        return Err(Unreadable(format!("`{other}` beside {name} is not understood")));
    }
    match holder.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(Unreadable(format!("{name} is no list"))),
    }
}

/// A value of any of the protocol's kinds as plain JSON. Whole numbers come as text.
fn any(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|map| map.iter().next()) else { return value.clone() };
    match kind.as_str() {
        "intValue" => {
            inner.as_str().and_then(|text| text.parse::<i64>().ok()).map_or_else(|| inner.clone(), Value::from)
        }
        "arrayValue" => inner.get("values").and_then(Value::as_array).into_iter().flatten().map(any).collect(),
        "kvlistValue" => Value::Object(attributes(inner.get("values"))),
        _ => inner.clone(),
    }
}

fn attributes(list: Option<&Value>) -> Map<String, Value> {
    let pair = |one: &Value| Some((one.get("key")?.as_str()?.to_owned(), any(one.get("value")?)));
    list.and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect()
}

/// The cut record with attributes by name, and the body as it is.
fn open(raw: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    let record = super::azure::parse(raw)?;
    let missing = || Unreadable::missing("logRecords");
    if record.contains_key("resourceLogs") {
        return Err(cut(&record).err().unwrap_or_else(missing));
    }
    let Some(Value::Object(log)) = record.get("logRecord") else { return Err(missing()) };
    let mut out: Map<String, Value> = log.clone();
    out.insert("attributes".to_owned(), Value::Object(attributes(log.get("attributes"))));
    let resource = record.get("resource").and_then(|resource| resource.get("attributes"));
    out.insert("resource".to_owned(), Value::Object(attributes(resource)));
    if let Some(body) = log.get("body") {
        out.insert("body".to_owned(), any(body));
    }
    if let Some(scope) = record.get("scope").filter(|scope| !scope.is_null()) {
        out.insert("scope".to_owned(), scope.clone());
    }
    Ok(out)
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    Ok(Value::Object(open(raw)?).to_string().into_bytes())
}

/// A record as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::of(open(raw)?);
    let unset = tree.peek("timeUnixNano").is_some_and(|time| time == "0");
    let when = tree.when(if unset { &["observedTimeUnixNano"] } else { &["timeUnixNano", "observedTimeUnixNano"] })?;
    let named = tree.take(&["eventName", "attributes/event.name"]);
    let method = tree.take(&["attributes/http.request.method", "attributes/http.method"]);
    let code = tree.count(&["attributes/http.response.status_code", "attributes/http.status_code"]);
    let class = match (&method, &named) {
        (Some(_), _) => Class::HttpActivity,
        (None, Some(_)) => Class::ApiActivity,
        (None, None) => Class::Base,
    };
    let operation =
        named.or_else(|| method.clone()).or_else(|| tree.peek("severityText")).unwrap_or_else(|| "log".to_owned());
    let mut event = begin(Format::Otlp, class, when, raw, ("OpenTelemetry", "OpenTelemetry"), &operation);
    event.activity_id = match class {
        Class::HttpActivity => web::activity(method.as_deref().unwrap_or_default()),
        Class::ApiActivity => 99,
        _ => 0,
    };
    event.severity = match tree.count(&["severityNumber"]) {
        Some(21..) => Severity::High,
        Some(17..) => Severity::Medium,
        Some(13..) => Severity::Low,
        _ => Severity::Informational,
    };
    event.message = tree.take(&["body"]);
    event.metadata.correlation_uid = tree.take(&["traceId"]).filter(|trace| !trace.is_empty());
    set_request(&mut event, &mut tree, method, code);
    event.src_endpoint = tree::endpoint(tree.take(&[
        "attributes/client.address",
        "attributes/source.address",
        "attributes/network.peer.address",
        "attributes/net.peer.ip",
    ]));
    let name = tree.take(&["attributes/user.name", "attributes/user.email", "attributes/enduser.id"]);
    let user = tree::user(name, tree.take(&["attributes/user.id"]));
    event.user = user.clone().map(Box::new);
    tree::set_actor(&mut event, "otel", user);
    event.session = tree.take(&["attributes/session.id"]).map(ocsf::Session::of);
    let service = tree.take(&["resource/service.name"]);
    if let Some(api) = &mut event.api {
        **api = Api { service: service.clone().map(Identified::named), ..Api::clone(api) };
    }
    event.metadata.feature = service;
    if let Some(error) = tree.take(&["attributes/exception.type", "attributes/error.type"]) {
        event.status = Status::Failure;
        event.status_detail = Some(error);
    }
    event.unmapped = tree.rest();
    Ok(event)
}

fn set_request(event: &mut Event, tree: &mut Tree, method: Option<String>, code: Option<u64>) {
    let path = tree.take(&["attributes/url.path", "attributes/http.target", "attributes/http.route"]);
    let host = tree.take(&["attributes/server.address", "attributes/http.host"]);
    if event.class == Class::HttpActivity {
        event.http_request = Some(Box::new(HttpRequest {
            http_method: method,
            url: path.map(|path| Url { hostname: host.clone(), ..Url::of_target(&path) }),
            user_agent: tree.take(&["attributes/user_agent.original", "attributes/http.user_agent"]),
            ..HttpRequest::default()
        }));
        event.dst_endpoint = tree::endpoint(host);
        event.bytes = tree.count(&["attributes/http.response.body.size", "attributes/http.response.size"]);
    }
    let Some(code) = code.and_then(|code| u16::try_from(code).ok()) else { return };
    event.status = if code < 400 { Status::Success } else { Status::Failure };
    event.status_code = Some(code.to_string());
    event.http_response = Some(HttpResponse { code, body_length: event.bytes, latency: None });
    if event.actor_key.is_none() {
        let address = event.src_endpoint.as_ref().and_then(|end| end.ip.as_deref());
        event.actor_key = address.and_then(aws::key_of_ip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeLogs":[{"scope":{"name":"s"},
        "logRecords":[{"timeUnixNano":"1772446272000000000","severityNumber":9,"body":{"stringValue":"export done"},"eventName":"account.export",
        "attributes":[{"key":"user.id","value":{"stringValue":"u-1"}},{"key":"client.address","value":{"stringValue":"192.0.2.7"}},{"key":"rows","value":{"intValue":"1000"}}],"traceId":"5b8e"},
        {"timeUnixNano":"0","observedTimeUnixNano":"1772446273000000000","severityText":"ERROR","severityNumber":17,"body":{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}}}]}]}]}"#;

    #[test]
    fn a_request_is_taken_apart() {
        let parts = split(REQUEST.as_bytes()).unwrap();
        assert_eq!(parts.len(), 2);
        let event = normalize(&parts[0]).unwrap();
        assert_eq!((event.operation(), event.actor_key.as_deref()), (Some("account.export"), Some("otel:u-1")));
        assert_eq!((event.message.as_deref(), event.hot().src_ip), (Some("export done"), Some("192.0.2.7")));
        assert_eq!((event.time.as_second(), &event.unmapped["attributes"]["rows"]), (1_772_446_272, &1000.into()));
        let view: Value = serde_json::from_slice(&view(&parts[0]).unwrap()).unwrap();
        assert_eq!(view["resource"]["service.name"], "shop");
        let event = normalize(&parts[1]).unwrap();
        assert_eq!(
            (event.class, event.severity, event.time.as_second()),
            (Class::Base, Severity::Medium, 1_772_446_273)
        );
        assert_eq!(event.unmapped["body"]["a"], true);
    }

    #[test]
    fn what_would_lose_a_record_or_the_memory_is_rejected_whole() {
        let good = r#"{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1772446272000000000"}]}]}"#;
        let request = |other: &str| format!(r#"{{"resourceLogs":[{good},{other}]}}"#);
        let cases = [
            ("7", "resourceLogs holds something that is no object"),
            (r#"{"scopeLogs":{"logRecords":[{}]}}"#, "scopeLogs is no list"),
            (r#"{"scopeLogs":[[]]}"#, "scopeLogs holds something that is no object"),
            (r#"{"scopeLogs":[{"logRecords":{"a":1}}]}"#, "logRecords is no list"),
            (
                r#"{"instrumentationLibraryLogs":[{}]}"#,
                "`instrumentationLibraryLogs` beside scopeLogs is not understood",
            ),
        ];
        for (other, reason) in cases {
            let raw = request(other);
            assert_eq!(split(raw.as_bytes()), None, "{raw}");
            assert_eq!(normalize(raw.as_bytes()).unwrap_err().to_string(), reason);
        }
        for nothing in [r#"{"resource":{},"schemaUrl":"s"}"#, r#"{"scopeLogs":[{"logRecords":null}]}"#] {
            assert_eq!(split(request(nothing).as_bytes()).unwrap().len(), 1, "{nothing}");
        }
        // Parts that each repeat 1 MiB: 60 of them are held, 70 are not.
        let large = |count: usize| {
            let (filling, records) = ("x".repeat(1 << 20), vec!["{}"; count].join(","));
            format!(r#"{{"resourceLogs":[{{"resource":"{filling}","scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#)
        };
        assert_eq!(split(large(60).as_bytes()).unwrap().len(), 60);
        assert_eq!(split(large(70).as_bytes()), None);
        let reason = normalize(large(70).as_bytes()).unwrap_err().to_string();
        assert_eq!(reason, "taken apart, the record is longer than 67108864 bytes");
    }
}
