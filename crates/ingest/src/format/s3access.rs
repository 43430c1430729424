//! S3 server access log lines (`aws/s3access`): API Activity.
//!
//! Fields are found by position, quoted strings may hold spaces and even quotes, later fields may be missing. Rules see
//! a flat object with the vendor's names in snake case, numbers as numbers, `-` left out.

use std::borrow::Cow;

use ocsf::{
    Account, Actor, Api, ApiRequest, Class, Cloud, Event, HttpRequest, HttpResponse, Identified, Resource, Status, Url,
    User, UserType,
};

use super::flat::Flat;
use super::{Format, Unreadable, aws, time};

/// Positions (Amazon S3 user guide, "Server access log format"). Lines of older logs end earlier, after `version_id`.
const FIELDS: [&str; 26] = [
    "bucket_owner",
    "bucket",
    "time",
    "remote_ip",
    "requester",
    "request_id",
    "operation",
    "key",
    "request_uri",
    "http_status",
    "error_code",
    "bytes_sent",
    "object_size",
    "total_time",
    "turn_around_time",
    "referer",
    "user_agent",
    "version_id",
    "host_id",
    "signature_version",
    "cipher_suite",
    "authentication_type",
    "host_header",
    "tls_version",
    "access_point_arn",
    "acl_required",
];
/// The first fields every line has, up to `turn_around_time`.
const FIELDS_MIN: usize = 15;
const NUMBERS: [&str; 5] = ["http_status", "bytes_sent", "object_size", "total_time", "turn_around_time"];

/// A line of an access log: 64 hexadecimal digits, a bucket, a time in brackets.
pub(super) fn is_line(line: &[u8]) -> bool {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let (owner, _, rest) = (words.next(), words.next(), words.next());
    let hex = owner.is_some_and(|owner| owner.len() == 64 && owner.iter().all(u8::is_ascii_hexdigit));
    hex && rest.is_some_and(|rest| rest.first() == Some(&b'[') && rest.get(27) == Some(&b']'))
}

type Fields<'r> = Vec<(&'static str, &'r str)>;

/// A visitor writes part of this line (path, referrer, user agent) and may write any bytes: they must not make it unreadable,
/// or whoever steals would only need a strange browser. The event keeps the line as it came.
fn line(raw: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(raw)
}

fn fields(line: &str) -> Result<Fields<'_>, Unreadable> {
    let mut rest = line.trim();
    let mut out = Vec::with_capacity(FIELDS.len());
    let mut found = 0;
    for name in FIELDS {
        if rest.is_empty() {
            break;
        }
        let (value, behind) =
            take(rest).ok_or_else(|| Unreadable(format!("{name} has no closing quote or bracket")))?;
        rest = behind;
        found += 1;
        if value != "-" && !value.is_empty() {
            out.push((name, value));
        }
    }
    if found < FIELDS_MIN {
        return Err(Unreadable(format!("line has {found} fields, an access log line has at least {FIELDS_MIN}")));
    }
    Ok(out)
}

/// The next field and what follows it. A quoted field ends at a quote before a space or the end: user agents may
/// hold quotes of their own.
fn take(rest: &str) -> Option<(&str, &str)> {
    let (value, behind) = if let Some(quoted) = rest.strip_prefix('"') {
        quoted.split_once("\" ").or_else(|| quoted.strip_suffix('"').map(|value| (value, "")))?
    } else if let Some(bracketed) = rest.strip_prefix('[') {
        bracketed.split_once(']')?
    } else {
        rest.split_once(' ').unwrap_or((rest, ""))
    };
    Some((value, behind.trim_start_matches(' ')))
}

/// The flat object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut flat = Flat::new(FIELDS.len(), raw.len());
    for (name, value) in fields(&line(raw))? {
        if NUMBERS.contains(&name) {
            flat.number(name, value);
        } else {
            flat.text(name, value);
        }
    }
    Ok(flat.finish())
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let line = line(raw);
    let fields = fields(&line)?;
    let text = |name: &str| fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
    let owned = |name: &str| text(name).map(str::to_owned);
    let number = |name: &str| text(name).and_then(|value| value.parse::<u64>().ok());
    let written = text("time").ok_or_else(|| Unreadable::missing("time"))?;
    let when = time::common_log(written).ok_or_else(|| Unreadable(format!("time `{written}` is not a time")))?;
    let operation = text("operation").ok_or_else(|| Unreadable::missing("operation"))?;
    let bucket = text("bucket").ok_or_else(|| Unreadable::missing("bucket"))?;

    let mut event = Event::new(Format::S3Access.id(), Class::ApiActivity, when, raw);
    event.activity_id = activity(operation);
    event.metadata = ocsf::Metadata {
        product_name: "S3 server access log",
        vendor_name: "AWS",
        correlation_uid: owned("request_id"),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(Cloud { provider: "AWS", region: None, zone: None, account: None });
    event.actor_key = actor_key(text("requester"), text("remote_ip"));
    event.actor = text("requester").map(actor).map(Box::new);
    event.api = Some(Box::new(Api {
        operation: operation.to_owned(),
        service: Some(Identified::named("s3.amazonaws.com".to_owned())),
        request: owned("request_id").map(|uid| ApiRequest { uid, data: None }),
        ..Api::default()
    }));
    event.src_endpoint = text("remote_ip").map(aws::endpoint);
    event.http_request = Some(Box::new(request(&text)));
    event.bytes = number("bytes_sent");
    let code = number("http_status").and_then(|code| u16::try_from(code).ok());
    event.http_response =
        code.map(|code| HttpResponse { code, body_length: event.bytes, latency: number("total_time") });
    event.status = match code {
        Some(code) if code < 400 => Status::Success,
        Some(_) => Status::Failure,
        None => Status::Unknown,
    };
    event.status_code = owned("error_code").or_else(|| code.map(|code| code.to_string()));
    event.resources = vec![resource(bucket, text("key"), text("bucket_owner"))];
    Ok(event)
}

/// The verb is the second word: `REST.GET.OBJECT`, `BATCH.DELETE.OBJECT`, `S3.EXPIRE.OBJECT`.
fn activity(operation: &str) -> u8 {
    match operation.split('.').nth(1).unwrap_or_default() {
        "PUT" | "COPY" | "POST" | "CREATE" => 1,
        "GET" | "HEAD" | "OPTIONS" | "SELECT" => 2,
        "TRANSITION" | "RESTORE" | "UPDATE" => 3,
        "DELETE" | "EXPIRE" => 4,
        _ => 99,
    }
}

/// An ARN, a canonical user id, a service (`svc:…`), or nobody: then all we know is the address.
fn actor_key(requester: Option<&str>, address: Option<&str>) -> Option<String> {
    let Some(requester) = requester else { return address.and_then(aws::key_of_ip) };
    if let Some(service) = requester.strip_prefix("svc:") {
        return Some(format!("aws:service:{service}"));
    }
    aws::key_of_arn(requester).or_else(|| Some(format!("aws:canonical:{requester}")))
}

fn actor(requester: &str) -> Actor {
    let service = requester.starts_with("svc:");
    let name = requester.rsplit(['/', ':']).next().filter(|name| *name != requester);
    let account = requester.split(':').nth(4).filter(|account| !account.is_empty());
    let user = User {
        name: name.map(str::to_owned),
        uid: Some(requester.to_owned()),
        type_id: if service { UserType::Service } else { UserType::User },
        account: account.map(|uid| Account::aws(uid.to_owned())),
        ..User::default()
    };
    Actor { user: Some(user), ..Actor::default() }
}

fn request<'t>(text: &dyn Fn(&str) -> Option<&'t str>) -> HttpRequest {
    let mut words = text("request_uri").unwrap_or_default().split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    HttpRequest {
        http_method: method.filter(|method| !method.is_empty()).map(str::to_owned),
        url: target.map(Url::of_target),
        user_agent: text("user_agent").map(str::to_owned),
        referrer: text("referer").map(str::to_owned),
        version: version.map(str::to_owned),
        uid: text("request_id").map(str::to_owned),
    }
}

fn resource(bucket: &str, key: Option<&str>, owner: Option<&str>) -> Resource {
    let uid = match key {
        Some(key) => format!("arn:aws:s3:::{bucket}/{key}"),
        None => format!("arn:aws:s3:::{bucket}"),
    };
    Resource {
        uid: Some(uid),
        name: None,
        kind: Some(if key.is_some() { "AWS::S3::Object" } else { "AWS::S3::Bucket" }.to_owned()),
        owner: owner.map(|uid| User { uid: Some(uid.to_owned()), ..User::default() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

    fn line(agent: &str) -> Vec<u8> {
        format!(
            "{OWNER} larkfield-exports [02/Mar/2026:10:11:12 +0000] 192.0.2.7 - 3E57427F3EXAMPLE REST.GET.OBJECT \
             a%2520b.csv \"GET /larkfield-exports/a%2520b.csv?x=1 HTTP/1.1\" 200 - 2662992 3462992 70 10 \"-\" \
             \"{agent}\" - hostid= - ECDHE-RSA-AES128-GCM-SHA256 - s3.amazonaws.com TLSv1.2 - Yes us-east-1"
        )
        .into_bytes()
    }

    #[test]
    fn anonymous_read() {
        let raw = line("curl/8.1");
        assert!(is_line(&raw));
        let view: Value = serde_json::from_slice(&view(&raw).unwrap()).unwrap();
        assert_eq!(view["bytes_sent"], 2_662_992);
        assert_eq!(view["acl_required"], "Yes");
        assert!(view.get("requester").is_none());
        let event = normalize(&raw).unwrap();
        assert_eq!(event.actor_key.as_deref(), Some("ip:192.0.2.7"));
        assert_eq!(event.hot().resources, ["arn:aws:s3:::larkfield-exports/a%2520b.csv"]);
        assert_eq!(event.hot().http_status, Some(200));
    }

    #[test]
    fn quotes_inside_a_user_agent_do_not_end_it() {
        let raw = line("evil\"agent\"x");
        let view: Value = serde_json::from_slice(&view(&raw).unwrap()).unwrap();
        assert_eq!(view["user_agent"], "evil\"agent\"x");
        assert_eq!(view["tls_version"], "TLSv1.2");
    }

    #[test]
    fn short_and_broken_lines_are_refused() {
        assert_eq!(normalize(b"a b").unwrap_err().0, "line has 2 fields, an access log line has at least 15");
        let open = format!("{OWNER} b [02/Mar/2026:10:11:12 +0000");
        assert_eq!(normalize(open.as_bytes()).unwrap_err().0, "time has no closing quote or bracket");
    }
}
