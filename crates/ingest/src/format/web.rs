//! What the web formats share: one request with its answer, the names rules see it by, and the event it becomes.
//!
//! Rules of Sigma's category `webserver` use the W3C names (`c-ip`, `cs-method`, `cs-uri-stem`, `sc-status`, …). They are
//! written here for every format, beside the format's own names. HTTP Activity.

use jiff::Timestamp;
use ocsf::{Actor, Class, Endpoint, Event, HttpRequest, HttpResponse, Status, Traffic, Url, User};

use super::append::Appended;
use super::flat::Flat;
use super::{Format, aws, azure};

/// A request as a web server, a load balancer or a content network wrote it down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hit<'t> {
    /// The time as the log spells it.
    pub(super) time: Option<&'t str>,
    /// Address of the client, or its name.
    pub(super) client: Option<&'t str>,
    pub(super) user: Option<&'t str>,
    pub(super) method: Option<&'t str>,
    /// Path with query, as asked for.
    pub(super) uri: Option<&'t str>,
    pub(super) version: Option<&'t str>,
    pub(super) status: Option<&'t str>,
    /// Bytes sent to the client.
    pub(super) bytes: Option<&'t str>,
    /// Bytes received from the client.
    pub(super) received: Option<&'t str>,
    pub(super) referer: Option<&'t str>,
    pub(super) agent: Option<&'t str>,
    pub(super) host: Option<&'t str>,
}

/// Where the W3C names go: a flat object, or a record that already is one.
pub(super) trait Names {
    fn put(&mut self, name: &str, value: &str);
    fn put_number(&mut self, name: &str, value: &str);
}

impl Names for Flat {
    fn put(&mut self, name: &str, value: &str) {
        self.text(name, value);
    }

    fn put_number(&mut self, name: &str, value: &str) {
        self.number(name, value);
    }
}

impl Names for Appended<'_> {
    fn put(&mut self, name: &str, value: &str) {
        self.text(name, value);
    }

    fn put_number(&mut self, name: &str, value: &str) {
        self.number(name, value);
    }
}

impl<'t> Hit<'t> {
    /// Takes `GET /path?x=1 HTTP/1.1` apart. Something else in its place is kept as the target.
    pub(super) fn set_request(&mut self, line: &'t str) {
        let line = line.trim();
        if line.is_empty() || line == "-" {
            return;
        }
        let (method, rest) = line.split_once(' ').unwrap_or(("", line));
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if !is_method {
            self.uri = Some(line);
            return;
        }
        self.method = Some(method);
        // The target may hold spaces; the version is what follows the last one.
        let (target, version) = match rest.rsplit_once(' ') {
            Some((target, version)) if version.starts_with("HTTP/") => (target, Some(version)),
            _ => (rest, None),
        };
        self.uri = Some(target);
        self.version = version;
    }

    /// The W3C names, with the time as `date-time` (RFC 3339, UTC) and as it was written.
    pub(super) fn names(&self, when: Option<Timestamp>, out: &mut impl Names) {
        let texts = [
            ("time", self.time),
            ("c-ip", self.client),
            ("cs-username", self.user),
            ("cs-method", self.method),
            ("cs-uri", self.uri),
            ("cs-version", self.version),
            ("cs-referer", self.referer),
            ("cs-user-agent", self.agent),
            ("cs-host", self.host),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                out.put(name, value);
            }
        }
        if let Some(when) = when {
            out.put("date-time", &when.to_string());
        }
        if let Some(uri) = self.uri {
            let (stem, query) = path_and_query(uri);
            out.put("cs-uri-stem", stem);
            if let Some(query) = query {
                out.put("cs-uri-query", query);
            }
        }
        for (name, value) in [("sc-status", self.status), ("sc-bytes", self.bytes), ("cs-bytes", self.received)] {
            if let Some(value) = value {
                out.put_number(name, value);
            }
        }
    }

    /// HTTP Activity, with everything but the metadata that names the product.
    pub(super) fn event(&self, format: Format, when: Timestamp, raw: &[u8]) -> Event {
        let mut event = Event::new(format.id(), Class::HttpActivity, when, raw);
        event.activity_id = activity(self.method.unwrap_or_default());
        event.src_endpoint = self.client.map(azure::endpoint);
        event.http_request = Some(Box::new(self.request()));
        event.bytes = number(self.bytes);
        let code = self.status.and_then(|code| code.parse::<u16>().ok()).filter(|code| *code > 0);
        event.http_response = code.map(|code| HttpResponse { code, body_length: event.bytes, latency: None });
        event.status = match code {
            Some(code) if code < 400 => Status::Success,
            Some(_) => Status::Failure,
            None => Status::Unknown,
        };
        event.status_code = self.status.filter(|code| *code != "-").map(str::to_owned);
        let received = number(self.received);
        event.traffic = (event.bytes.is_some() || received.is_some()).then_some(Traffic {
            bytes_out: event.bytes,
            bytes_in: received,
            ..Traffic::default()
        });
        // Anybody may claim a name; only a server that did not refuse it vouches for it.
        let vouched = self.user.filter(|_| code.is_none_or(|code| code != 401));
        let address = event.src_endpoint.as_ref().and_then(|endpoint| endpoint.ip.as_deref());
        event.actor_key = vouched.map(|user| format!("web:{user}")).or_else(|| address.and_then(aws::key_of_ip));
        event.actor = self
            .user
            .map(|name| Actor {
                user: Some(User { name: Some(name.to_owned()), ..User::default() }),
                ..Actor::default()
            })
            .map(Box::new);
        event.dst_endpoint = self.host.map(|host| Endpoint { hostname: Some(host.to_owned()), ..Endpoint::default() });
        event
    }

    fn request(&self) -> HttpRequest {
        let url = self.uri.map(|uri| {
            let (stem, query) = path_and_query(uri);
            Url {
                path: Some(stem.to_owned()),
                query_string: query.map(str::to_owned),
                hostname: self.host.map(str::to_owned),
            }
        });
        HttpRequest {
            http_method: self.method.map(str::to_owned),
            url,
            user_agent: self.agent.map(str::to_owned),
            referrer: self.referer.map(str::to_owned),
            version: self.version.map(|version| version.trim_start_matches("HTTP/").to_owned()),
            uid: None,
        }
    }
}

fn number(text: Option<&str>) -> Option<u64> {
    text?.parse().ok()
}

/// `https://host:443/path?x` as `host:443` and `/path?x`; a target without a host stays whole.
pub(super) fn host_and_target(url: &str) -> (Option<&str>, &str) {
    let Some((scheme, rest)) = url.split_once("://") else { return (None, url) };
    if !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return (None, url);
    }
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(at);
    (Some(host), if target.is_empty() { "/" } else { target })
}

/// The path, which is never empty, and what stands behind the first `?`.
pub(super) fn path_and_query(uri: &str) -> (&str, Option<&str>) {
    let (_, target) = host_and_target(uri);
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    (if path.is_empty() { "/" } else { path }, query)
}

/// OCSF's activity of a request method.
pub(super) fn activity(method: &str) -> u8 {
    match method.to_ascii_uppercase().as_str() {
        "CONNECT" => 1,
        "DELETE" => 2,
        "GET" => 3,
        "HEAD" => 4,
        "OPTIONS" => 5,
        "POST" => 6,
        "PUT" => 7,
        "TRACE" => 8,
        "PATCH" => 9,
        "" => 0,
        _ => 99,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_apart() {
        let cases = [
            ("GET /a?b=c HTTP/1.1", Some("GET"), Some("/a?b=c"), Some("HTTP/1.1")),
            ("GET /a b HTTP/1.0", Some("GET"), Some("/a b"), Some("HTTP/1.0")),
            ("GET /a", Some("GET"), Some("/a"), None),
            ("\\x16\\x03\\x01", None, Some("\\x16\\x03\\x01"), None),
            ("-", None, None, None),
            ("", None, None, None),
        ];
        for (line, method, uri, version) in cases {
            let mut hit = Hit::default();
            hit.set_request(line);
            assert_eq!((hit.method, hit.uri, hit.version), (method, uri, version), "{line}");
        }
    }

    #[test]
    fn targets_have_a_path_and_perhaps_a_host() {
        let cases = [
            ("https://shop.example:443/a?b=http://c/d", Some("shop.example:443"), "/a", Some("b=http://c/d")),
            ("https://shop.example", Some("shop.example"), "/", None),
            ("https://shop.example?x", Some("shop.example"), "/", Some("x")),
            ("/a?to=https://b/c", None, "/a", Some("to=https://b/c")),
            ("*", None, "*", None),
        ];
        for (uri, host, path, query) in cases {
            assert_eq!(host_and_target(uri).0, host, "{uri}");
            assert_eq!(path_and_query(uri), (path, query), "{uri}");
        }
    }

    #[test]
    fn a_refused_name_is_no_actor() {
        let hit = |status| Hit { client: Some("192.0.2.1"), user: Some("ann"), status: Some(status), ..Hit::default() };
        let key = |status| hit(status).event(Format::WebAccess, Timestamp::UNIX_EPOCH, b"").actor_key;
        assert_eq!(key("401").as_deref(), Some("ip:192.0.2.1"));
        assert_eq!(key("200").as_deref(), Some("web:ann"));
    }
}
