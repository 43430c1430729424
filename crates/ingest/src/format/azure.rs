//! What the Azure formats share: lenient access to members, user keys, and alternative names for rules.
//!
//! Public Sigma rules for Azure spell fields in three ways: as the diagnostic stream does (`operationName`), as Log
//! Analytics does (`OperationName`, `ResultType`), and as the portal shows them. `Names` adds the missing spellings.

use std::net::{IpAddr, SocketAddr};

use ocsf::{Account, Endpoint, Severity, User, UserType};
use serde_json::{Map, Value};

use super::Unreadable;

/// Parses a record that must be an object.
pub(super) fn parse(raw: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    match serde_json::from_slice(raw) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Unreadable("record is not a JSON object".to_owned())),
        Err(error) => {
            let what = if std::str::from_utf8(raw).is_err() { "not valid UTF-8" } else { "not valid JSON" };
            let (line, column) = (error.line(), error.column());
            Err(Unreadable(format!("record is {what} (line {line}, column {column})")))
        }
    }
}

/// The member at a dotted path, whatever its type.
pub(super) fn at<'v>(map: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let mut parts = path.split('.');
    let mut value = map.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    (!value.is_null()).then_some(value)
}

/// Text at a path; numbers are spelled out, and of a `{value, localizedValue}` pair it is the value.
pub(super) fn text(map: &Map<String, Value>, path: &str) -> Option<String> {
    plain(at(map, path)?)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Object(pair) => pair.get("value").filter(|inner| !inner.is_object()).and_then(plain),
        _ => None,
    }
}

/// The first path that holds text.
pub(super) fn first(map: &Map<String, Value>, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| text(map, path))
}

/// `properties` may be JSON in a string; afterwards it is an object or what it was.
pub(super) fn open_properties(map: &mut Map<String, Value>) {
    let opened = match map.get("properties") {
        Some(Value::String(text)) => serde_json::from_str::<Map<String, Value>>(text).ok(),
        _ => None,
    };
    if let Some(opened) = opened {
        map.insert("properties".to_owned(), Value::Object(opened));
    }
}

/// An address as Microsoft writes it: plain, with a port, or an IPv6 address in brackets.
pub(super) fn endpoint(written: &str) -> Endpoint {
    let trimmed = written.trim();
    if let Ok(ip) = trimmed.parse::<IpAddr>() {
        return Endpoint { ip: Some(ip.to_string()), ..Endpoint::default() };
    }
    if let Ok(socket) = trimmed.parse::<SocketAddr>() {
        return Endpoint { ip: Some(socket.ip().to_string()), port: Some(socket.port()), ..Endpoint::default() };
    }
    let bare = trimmed.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(ip) => Endpoint { ip: Some(ip.to_string()), ..Endpoint::default() },
        Err(_) => Endpoint { name: Some(trimmed.to_owned()), ..Endpoint::default() },
    }
}

/// `entra:<user principal name or application id>`. Names are compared without case.
pub(super) fn key(who: &str) -> String {
    format!("entra:{}", who.to_lowercase())
}

/// A user of a tenant; programs have an application id and no `@`.
pub(super) fn user(name: Option<String>, uid: Option<String>, tenant: Option<String>) -> Option<User> {
    let person = name.as_deref().is_some_and(|name| name.contains('@'));
    let user = User {
        type_id: if person { UserType::User } else { UserType::Unknown },
        name,
        uid,
        account: tenant.map(Account::entra_tenant),
        ..User::default()
    };
    (user.name.is_some() || user.uid.is_some()).then_some(user)
}

/// Azure's `level`: a word in activity logs, a number in Entra logs (1 critical … 4 informational).
pub(super) fn severity(level: Option<&str>) -> Severity {
    match level.unwrap_or_default() {
        "Critical" | "1" => Severity::High,
        "Error" | "2" => Severity::Medium,
        "Warning" | "3" => Severity::Low,
        _ => Severity::Informational,
    }
}

/// Adds other spellings of members without replacing any.
pub(super) struct Names(pub(super) Map<String, Value>);

impl Names {
    /// Sets a member unless the vendor already did.
    pub(super) fn add(&mut self, name: &str, value: impl Into<Value>) {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    /// Sets a member when there is a value for it.
    pub(super) fn add_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// Every member of the object at `name` at the top too, as it is and with a capital.
    pub(super) fn lift(&mut self, name: &str) {
        let Some(Value::Object(inner)) = self.0.get(name).cloned() else { return };
        for (name, value) in inner {
            self.add(&capital(&name), value.clone());
            self.add(&name, value);
        }
    }

    /// Every member of the top with a capital too.
    pub(super) fn capitals(&mut self) {
        let names: Vec<(String, Value)> = self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        for (name, value) in names {
            self.add(&capital(&name), value);
        }
    }

    /// The finished object.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Unreadable> {
        serde_json::to_vec(&self.0).map_err(|error| Unreadable(error.to_string()))
    }
}

/// `operationName` as `OperationName`.
pub(super) fn capital(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Copies members under their capital names too, down to `levels` objects deep. Each level doubles what is below it,
/// so the caller names the few levels that rules address.
pub(super) fn with_capitals(value: &Value, levels: u8) -> Value {
    match value {
        Value::Object(map) if levels > 0 => {
            let mut out = Map::new();
            for (name, value) in map {
                let value = with_capitals(value, levels - 1);
                out.insert(capital(name), value.clone());
                out.insert(name.clone(), value);
            }
            Value::Object(out)
        }
        Value::Array(list) => list.iter().map(|value| with_capitals(value, levels)).collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_all_their_dresses() {
        let cases = [
            ("192.0.2.1", Some("192.0.2.1"), None),
            ("192.0.2.1:5080", Some("192.0.2.1"), Some(5080)),
            ("[2001:db8::1]:443", Some("2001:db8::1"), Some(443)),
            ("[2001:db8::1]", Some("2001:db8::1"), None),
            ("somewhere", None, None),
        ];
        for (written, ip, port) in cases {
            let endpoint = endpoint(written);
            assert_eq!((endpoint.ip.as_deref(), endpoint.port), (ip, port), "{written}");
        }
    }

    #[test]
    fn names_never_replace_the_vendors() {
        let map = parse(br#"{"properties":{"id":"1","time":"inner"},"time":"outer"}"#).unwrap();
        let mut names = Names(map);
        names.lift("properties");
        names.capitals();
        assert_eq!(names.0["time"], "outer");
        assert_eq!(names.0["Id"], "1");
    }
}
