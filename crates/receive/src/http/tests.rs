//! Requests as senders make them, and what they are answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use super::*;
use serde_json::json;

const NOW_MS: i64 = 1_772_445_600_123;
const SECRET: &str = "0123456789abcdef-a-secret";

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

fn inlet(protocol: Protocol, auth: Auth) -> Inlet {
    Inlet { protocol, auth, body_bytes_max: 1 << 20 }
}

fn ask(inlet: &Inlet, method: &Method, query: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    inlet.answer(&Request { method, query, headers: &map, body }, NOW_MS)
}

fn post(inlet: &Inlet, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    ask(inlet, &Method::POST, "", headers, body)
}

fn status(answer: &Answer) -> u16 {
    match answer {
        Answer::Reply(reply) | Answer::Take { reply, .. } => reply.status.as_u16(),
    }
}

fn taken(answer: Answer) -> Vec<String> {
    match answer {
        Answer::Take { records, .. } => {
            records.into_iter().map(|record| String::from_utf8_lossy(&record).into_owned()).collect()
        }
        Answer::Reply(reply) => panic!("{reply:?}"),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn plain_bodies_are_split_as_files_are() {
    let inlet = inlet(Protocol::Plain, Auth::Bearer(secret()));
    let bearer = format!("Bearer {SECRET}");
    let allowed = ("authorization", bearer.as_str());
    let cases: [(&[u8], &[&str]); 6] = [
        (b"{\"a\":1}\n{\"a\":2}\n", &["{\"a\":1}", "{\"a\":2}"]),
        (b"[{\"a\":1},{\"a\":2}]", &["{\"a\":1}", "{\"a\":2}"]),
        (b"{\"Records\":[{\"a\":1}]}", &["{\"a\":1}"]),
        (b"first line\r\nsecond line", &["first line", "second line"]),
        // What is damaged is kept for the reader to reject.
        (b"{\"a\":1}\n{\"a\":", &["{\"a\":1}", "{\"a\":"]),
        (b"", &[]),
    ];
    for (body, records) in cases {
        assert_eq!(taken(post(&inlet, &[allowed], body)), records, "{}", String::from_utf8_lossy(body));
    }
    let zipped = gzip(b"{\"a\":1}");
    assert_eq!(taken(post(&inlet, &[allowed, ("content-encoding", "gzip")], &zipped)), ["{\"a\":1}"]);
    assert_eq!(status(&post(&inlet, &[allowed, ("content-encoding", "br")], &zipped)), 415);
    assert_eq!(status(&post(&inlet, &[allowed, ("content-encoding", "gzip")], b"no gzip")), 400);
    assert_eq!(status(&ask(&inlet, &Method::GET, "", &[allowed], b"")), 405);
}

#[test]
fn a_body_that_unpacks_to_too_much_is_refused() {
    let inlet = Inlet { protocol: Protocol::Plain, auth: Auth::Anybody, body_bytes_max: 1000 };
    let bomb = gzip(&vec![b'x'; 100_000]);
    assert!(bomb.len() < 1000);
    assert_eq!(status(&post(&inlet, &[("content-encoding", "gzip")], &bomb)), 413);
    assert_eq!(status(&post(&inlet, &[], &[b'x'; 1001])), 413);
    assert_eq!(status(&post(&inlet, &[], &[b'x'; 1000])), 202);
}

#[test]
fn who_may_send() {
    let basic = format!("Basic {}", STANDARD.encode(format!("sensor:{SECRET}")));
    let named = |name: &str| Auth::Header { name: name.to_owned(), secret: secret() };
    type Case<'c> = (Auth, &'c str, &'c [(&'c str, &'c str)], bool);
    let cases: [Case<'_>; 12] = [
        (Auth::Anybody, "", &[], true),
        (Auth::Bearer(secret()), "", &[("authorization", SECRET)], true),
        (Auth::Bearer(secret()), "", &[("authorization", "Bearer 0123456789abcdef-a-secre")], false),
        (Auth::Bearer(secret()), "", &[], false),
        (Auth::Basic { user: "sensor".to_owned(), password: secret() }, "", &[("authorization", &basic)], true),
        (Auth::Basic { user: "other".to_owned(), password: secret() }, "", &[("authorization", &basic)], false),
        (Auth::Basic { user: "sensor".to_owned(), password: secret() }, "", &[("authorization", "Basic ?")], false),
        (named("x-api-key"), "", &[("x-api-key", SECRET)], true),
        (named("x-api-key"), "", &[("x-api-key", "")], false),
        (Auth::Query { name: "code".to_owned(), secret: secret() }, "a=b&code=0123456789abcdef%2Da-secret", &[], true),
        (Auth::Query { name: "code".to_owned(), secret: secret() }, "code=", &[], false),
        (Auth::HubSignature(secret()), "", &[("x-hub-signature-256", "sha256=zz")], false),
    ];
    for (auth, query, headers, allowed) in cases {
        let shown = format!("{auth:?} {query} {headers:?}");
        let answer = ask(&inlet(Protocol::Plain, auth), &Method::POST, query, headers, b"{}");
        assert_eq!(status(&answer), if allowed { 202 } else { 401 }, "{shown}");
    }
    assert_eq!(Secret::new("short"), Err(SecretError::Short { bytes: 5 }));
    assert_eq!(Secret::new("whsec_?"), Err(SecretError::Encoding));
    assert!(!format!("{:?}", secret()).contains("0123"));
}

fn sum(parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn signed_webhooks() {
    let body = b"{\"a\":1}";
    let standard = inlet(Protocol::Plain, Auth::Webhook(secret()));
    let signed = |sent: i64| {
        let sent = sent.to_string();
        let signature = STANDARD.encode(sum(&[b"msg_1.", sent.as_bytes(), b".", body]));
        (sent, format!("v1,AAAA v1,{signature}"))
    };
    for (age, expected) in [(0, 202), (299, 202), (-299, 202), (301, 401), (-301, 401)] {
        let (sent, signature) = signed(NOW_MS / 1000 - age);
        let headers =
            [("webhook-id", "msg_1"), ("webhook-timestamp", sent.as_str()), ("webhook-signature", &signature)];
        assert_eq!(status(&post(&standard, &headers, body)), expected, "{age}");
        assert_eq!(status(&post(&standard, &headers, b"{\"a\":2}")), 401);
        assert_eq!(status(&post(&standard, &headers[1..], body)), 401);
    }
    let hub = inlet(Protocol::Plain, Auth::HubSignature(secret()));
    let hex: String = sum(&[body]).iter().map(|byte| format!("{byte:02x}")).collect();
    let signature = format!("sha256={hex}");
    assert_eq!(status(&post(&hub, &[("x-hub-signature-256", &signature)], body)), 202);
    assert_eq!(status(&post(&hub, &[("x-hub-signature-256", &signature)], b"other")), 401);
}

#[test]
fn firehose_gets_its_id_back() {
    let inlet =
        inlet(Protocol::Firehose, Auth::Header { name: "x-amz-firehose-access-key".to_owned(), secret: secret() });
    let key = ("x-amz-firehose-access-key", SECRET);
    let subscription =
        gzip(br#"{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[{"id":"1","timestamp":1,"message":"m"}]}"#);
    let control = gzip(br#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,"message":"m"}]}"#);
    let data = |bytes: &[u8]| json!({"data": STANDARD.encode(bytes)});
    let body = json!({
        "requestId": "r-1", "timestamp": 1,
        "records": [data(b"{\"a\":1}\n{\"a\":2}\n"), data(&subscription), data(&control)],
    });
    let answer = post(&inlet, &[key], body.to_string().as_bytes());
    let Answer::Take { records, reply } = answer else { panic!("{answer:?}") };
    assert_eq!(records.len(), 3);
    assert!(records[2].starts_with(b"{\"id\":\"1\""), "{}", String::from_utf8_lossy(&records[2]));
    let told: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(told, json!({"requestId": "r-1", "timestamp": NOW_MS}));
    for (body, expected) in [(r#"{"requestId":"r-2"}"#, 400), (r#"{"requestId":"r","records":[{"data":"?"}]}"#, 400)] {
        let answer = post(&inlet, &[key, ("x-amz-firehose-request-id", "r-2")], body.as_bytes());
        assert_eq!(status(&answer), expected);
        let Answer::Reply(reply) = answer else { panic!() };
        let told: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(told["requestId"], "r-2");
        assert!(told["errorMessage"].is_string());
    }
}

#[test]
fn event_grid_is_validated_both_ways() {
    let inlet = inlet(Protocol::EventGrid, Auth::Query { name: "code".to_owned(), secret: secret() });
    let query = format!("code={SECRET}");
    let body = br#"[{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"C-1"}}]"#;
    let answer = ask(&inlet, &Method::POST, &query, &[("aeg-event-type", "SubscriptionValidation")], body);
    let Answer::Take { records, reply } = answer else { panic!("{answer:?}") };
    assert_eq!((records.len(), reply.body.as_str()), (0, r#"{"validationResponse":"C-1"}"#));
    let headers = [("webhook-request-origin", "eventgrid.azure.net")];
    let Answer::Reply(reply) = ask(&inlet, &Method::OPTIONS, &query, &headers, b"") else { panic!() };
    assert!(reply.headers.contains(&("webhook-allowed-origin", "eventgrid.azure.net".to_owned())));
    assert_eq!(status(&ask(&inlet, &Method::OPTIONS, "code=wrong", &headers, b"")), 401);
    let events = br#"[{"id":"1","eventType":"a","data":{}},{"id":"2","eventType":"b","data":{}}]"#;
    assert_eq!(taken(ask(&inlet, &Method::POST, &query, &[("aeg-event-type", "Notification")], events)).len(), 2);
}

#[test]
fn okta_xapi_and_browsers() {
    let okta = inlet(Protocol::Okta, Auth::Bearer(secret()));
    let Answer::Reply(reply) = ask(&okta, &Method::GET, "", &[("x-okta-verification-challenge", "c")], b"") else {
        panic!()
    };
    assert_eq!(reply.body, r#"{"verification":"c"}"#);
    let hook = br#"{"eventType":"com.okta.event_hook","data":{"events":[{"uuid":"1"},{"uuid":"2"}]}}"#;
    assert_eq!(taken(post(&okta, &[("authorization", SECRET)], hook)), [r#"{"uuid":"1"}"#, r#"{"uuid":"2"}"#]);

    let xapi = inlet(Protocol::Xapi, Auth::Anybody);
    let version = ("x-experience-api-version", "1.0.3");
    let Answer::Take { records, reply } = post(&xapi, &[version], br#"[{"id":"a"},{"id":"b"}]"#) else { panic!() };
    assert_eq!((records.len(), reply.body.as_str()), (2, r#"["a","b"]"#));
    assert_eq!(status(&post(&xapi, &[], br#"{"id":"a"}"#)), 400);
    assert_eq!(status(&post(&xapi, &[version], br#"{"actor":{}}"#)), 400);
    assert_eq!(status(&ask(&xapi, &Method::PUT, "statementId=a", &[version], br#"{"actor":{}}"#)), 204);

    let beacon = inlet(Protocol::Beacon, Auth::Anybody);
    let origin = ("origin", "https://shop.example");
    let Answer::Reply(reply) = ask(&beacon, &Method::OPTIONS, "", &[origin], b"") else { panic!() };
    assert!(reply.headers.contains(&("access-control-allow-origin", "*".to_owned())));
    let report = br#"[{"type":"csp-violation","body":{}},{"type":"deprecation","body":{}}]"#;
    let reports = taken(post(&beacon, &[origin], report));
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[0], r#"{"type":"csp-violation","body":{},"received_at":"2026-03-02T10:00:00.123Z"}"#);
    assert_eq!(taken(post(&beacon, &[], b"{}")), [r#"{"received_at":"2026-03-02T10:00:00.123Z"}"#]);
    assert_eq!(taken(post(&beacon, &[], b"[1]")), ["1"]);
    assert_eq!(status(&post(&beacon, &[origin], &[b' '; 70_000])), 400);
}
