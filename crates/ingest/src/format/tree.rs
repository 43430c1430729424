//! A record as a tree from which formats take what they understand; what nobody took survives in `unmapped`.
//!
//! For logs that come by the thousand, not by the million: the busy formats read borrowed fields (`json`) and keep the record's
//! text alone. Beside it stands what such formats share: the start of an event, people, addresses.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use ocsf::{Actor, Api, Class, Endpoint, Event, Metadata, Resource, User};
use serde_json::{Map, Value};

use super::{Format, Unreadable, aws, azure, time};

/// A record that is taken apart.
#[derive(Debug)]
pub(super) struct Tree(Map<String, Value>);

impl Tree {
    /// Parses a record that must be an object.
    pub(super) fn parse(raw: &[u8]) -> Result<Self, Unreadable> {
        azure::parse(raw).map(Self)
    }

    /// A record that was opened some other way.
    pub(super) fn of(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// The same where `properties` may be JSON in a string.
    pub(super) fn of_azure(raw: &[u8]) -> Result<Self, Unreadable> {
        let mut map = azure::parse(raw)?;
        azure::open_properties(&mut map);
        Ok(Self(map))
    }

    /// The value at a path of names with `/` between them; a number is a place in a list, and `~1` a `/` in a name.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('/').map(name);
        let mut value = self.0.get(parts.next()?.as_ref())?;
        for part in parts {
            value = match value {
                Value::Array(list) => list.get(part.parse::<usize>().ok()?)?,
                value => value.get(part.as_ref())?,
            };
        }
        (!value.is_null()).then_some(value)
    }

    /// Plain text there; numbers and truth values are spelled out.
    pub(super) fn peek(&self, path: &str) -> Option<String> {
        plain(self.at(path)?)
    }

    /// The first of the paths that holds plain text. It is taken: it has found its place in the event.
    pub(super) fn take(&mut self, paths: &[&str]) -> Option<String> {
        let path = paths.iter().find(|path| self.peek(path).is_some())?;
        let text = self.peek(path);
        self.remove(path);
        text
    }

    /// The same for a count.
    pub(super) fn count(&mut self, paths: &[&str]) -> Option<u64> {
        let path = paths.iter().find(|path| self.peek(path).is_some_and(|text| count(&text).is_some()))?;
        let number = self.peek(path).and_then(|text| count(&text));
        self.remove(path);
        number
    }

    /// The text that must stand at one of the paths, of which the first gives it its name.
    pub(super) fn required(&mut self, paths: &[&str]) -> Result<String, Unreadable> {
        self.take(paths).ok_or_else(|| Unreadable::missing(paths.first().copied().unwrap_or_default()))
    }

    /// The instant that must stand at one of the paths: RFC 3339, or seconds, milliseconds, microseconds or nanoseconds since
    /// 1970, which their size tells apart.
    pub(super) fn when(&mut self, paths: &[&str]) -> Result<Timestamp, Unreadable> {
        let written = self.required(paths)?;
        let name = paths.first().copied().unwrap_or_default();
        instant(&written).ok_or_else(|| Unreadable(format!("{name} `{written}` is not a time")))
    }

    /// The elements of a list.
    pub(super) fn list(&self, path: &str) -> &[Value] {
        self.at(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the record has the member at all.
    pub(super) fn has(&self, path: &str) -> bool {
        self.at(path).is_some()
    }

    /// What was not taken, without the objects that are empty now.
    pub(super) fn rest(mut self) -> Map<String, Value> {
        self.0.retain(|_, value| prune(value));
        self.0
    }

    fn remove(&mut self, path: &str) {
        let (parent, last) = path.rsplit_once('/').map_or((None, path), |(parent, last)| (Some(parent), last));
        let last = name(last);
        let Some(parent) = parent else {
            self.0.remove(last.as_ref());
            return;
        };
        let mut parts = parent.split('/').map(name);
        let Some(mut value) = parts.next().and_then(|first| self.0.get_mut(first.as_ref())) else { return };
        for part in parts {
            let inner = match value {
                Value::Array(list) => part.parse::<usize>().ok().and_then(|at| list.get_mut(at)),
                value => value.get_mut(part.as_ref()),
            };
            let Some(inner) = inner else { return };
            value = inner;
        }
        if let Value::Object(map) = value {
            map.remove(last.as_ref());
        }
    }
}

/// What the parts of one record may take together. Each part repeats what stands around it, so a record of 16 MiB could ask for
/// terabytes; deliveries repeat a few KiB per part and stay below four times the longest record.
const PARTS_BYTES_MAX: usize = 4 * 16 * 1024 * 1024;

/// The records that were cut out of one.
#[derive(Debug, Default)]
pub(super) struct Parts {
    out: Vec<Vec<u8>>,
    bytes: usize,
}

impl Parts {
    /// Adds one, as far as the limit allows.
    pub(super) fn push(&mut self, part: &BTreeMap<&str, &Value>) -> Result<(), Unreadable> {
        let part = serde_json::to_vec(part).map_err(|error| Unreadable(format!("part cannot be written: {error}")))?;
        self.bytes += part.len();
        if self.bytes > PARTS_BYTES_MAX {
            return Err(Unreadable(format!("taken apart, the record is longer than {PARTS_BYTES_MAX} bytes")));
        }
        self.out.push(part);
        Ok(())
    }

    /// All of them; `None` when there are none.
    pub(super) fn finish(self) -> Option<Vec<Vec<u8>>> {
        (!self.out.is_empty()).then_some(self.out)
    }
}

/// One name of a path.
fn name(part: &str) -> Cow<'_, str> {
    if part.contains("~1") { Cow::Owned(part.replace("~1", "/")) } else { Cow::Borrowed(part) }
}

/// Whether a value is worth keeping; objects lose what is not.
fn prune(value: &mut Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(map) => {
            map.retain(|_, value| prune(value));
            !map.is_empty()
        }
        _ => true,
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A count; some vendors write whole numbers with a fraction.
fn count(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| text.strip_suffix(".0")?.parse().ok())
}

/// An instant as text or as a number since 1970.
pub(super) fn instant(written: &str) -> Option<Timestamp> {
    // Seconds of this century have ten digits; three more make milliseconds, six microseconds, nine nanoseconds.
    const SECONDS_MAX: i64 = 99_999_999_999;
    let Ok(number) = written.parse::<i64>() else {
        let fraction = written.parse::<f64>().ok().and_then(time::seconds);
        return fraction.or_else(|| time::instant(written));
    };
    let found = match number {
        ..0 => return None,
        0..=SECONDS_MAX => Timestamp::from_second(number),
        number if number <= SECONDS_MAX * 1_000 => Timestamp::from_millisecond(number),
        number if number <= SECONDS_MAX * 1_000_000 => Timestamp::from_microsecond(number),
        number => Timestamp::from_nanosecond(i128::from(number)),
    };
    found.ok()
}

/// An event that knows its operation and product. Its uid is that of the record's bytes until the format knows better.
pub(super) fn begin(
    format: Format,
    class: Class,
    when: Timestamp,
    raw: &[u8],
    (vendor_name, product_name): (&'static str, &'static str),
    operation: &str,
) -> Event {
    let mut event = Event::new(format.id(), class, when, raw);
    event.metadata =
        Metadata { product_name, vendor_name, event_code: Some(operation.to_owned()), ..Metadata::default() };
    if class == Class::ApiActivity {
        event.api = Some(Box::new(Api { operation: operation.to_owned(), ..Api::default() }));
    }
    event
}

/// A user by name and id, as far as either is known.
pub(super) fn user(name: Option<String>, uid: Option<String>) -> Option<User> {
    (name.is_some() || uid.is_some()).then_some(User { name, uid, ..User::default() })
}

/// What was acted on, as far as its id or name is known.
pub(super) fn resource(uid: Option<String>, name: Option<String>, kind: Option<&str>) -> Option<Resource> {
    let kind = kind.map(str::to_owned);
    (uid.is_some() || name.is_some()).then_some(Resource { uid, name, kind, owner: None })
}

/// Sets who acted: `<space>:<id or name>`, and of somebody who is known by neither the address.
pub(super) fn set_actor(event: &mut Event, space: &str, user: Option<User>) {
    let known = user.as_ref().and_then(|user| user.uid.as_ref().or(user.name.as_ref()));
    let address = event.src_endpoint.as_ref().and_then(|end| end.ip.as_deref());
    event.actor_key = known.map(|known| format!("{space}:{known}")).or_else(|| address.and_then(aws::key_of_ip));
    event.actor = user.map(|user| Box::new(Actor { user: Some(user), ..Actor::default() }));
}

/// An address, perhaps with a port; a name stays one.
pub(super) fn endpoint(written: Option<String>) -> Option<Endpoint> {
    written.filter(|text| text != "-" && text != "unknown").map(|text| azure::endpoint(&text))
}

/// A port that is one.
pub(super) fn port(number: Option<u64>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_gone_and_the_rest_survives() {
        let raw = br#"{"a":{"b":"x","c":{"d":1}},"n":null,"e":"","l":[{"f":true,"g":2.0}],"when":1772446272000}"#;
        let mut tree = Tree::parse(raw).unwrap();
        assert_eq!(tree.take(&["nothing", "a/b"]).as_deref(), Some("x"));
        assert_eq!(tree.take(&["e", "n"]), None);
        assert_eq!(tree.take(&["l/0/f"]).as_deref(), Some("true"));
        assert_eq!(tree.count(&["a/c/d"]), Some(1));
        assert_eq!(tree.count(&["l/0/g"]), Some(2));
        assert_eq!(tree.when(&["when"]).unwrap().to_string(), "2026-03-02T10:11:12Z");
        assert_eq!(tree.required(&["when"]).unwrap_err().to_string(), "when is missing");
        assert_eq!(Value::Object(tree.rest()), serde_json::json!({"e": "", "l": [{}]}));
    }

    #[test]
    fn instants_by_their_size() {
        let expected: Timestamp = "2026-03-02T10:11:12Z".parse().unwrap();
        for text in [
            "1772446272",
            "1772446272.0",
            "1772446272000",
            "1772446272000000",
            "1772446272000000000",
            "2026-03-02T10:11:12Z",
        ] {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
        assert_eq!([instant("-1"), instant("soon"), instant("")], [None; 3]);
    }
}
