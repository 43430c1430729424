//! Audit plugin of MariaDB (`mariadb/audit`), which RDS uses for MySQL too, and Aurora MySQL's advanced audit: logins as
//! Authentication, all else as API Activity.
//!
//! `time,server,user,host,connection,query,operation,database,object,code`; the object stands in single quotes with `\'` inside and
//! may hold commas. Times have no zone and are read as UTC; Aurora counts microseconds. No line counts rows. Rules see a flat object.
//! Contents: MariaDB documentation, "MariaDB Audit Plugin - Log Format".

use std::borrow::Cow;

use jiff::Timestamp;
use ocsf::{Class, Endpoint, Event, Identified, Resource, Status};

use super::flat::Flat;
use super::tree::{self, begin};
use super::{Format, Unreadable, sqltext};

const FIELDS: [&str; 10] = [
    "timestamp",
    "serverhost",
    "username",
    "host",
    "connectionid",
    "queryid",
    "operation",
    "database",
    "object",
    "retcode",
];
const OPERATIONS: [&str; 18] = [
    "CONNECT",
    "FAILED_CONNECT",
    "DISCONNECT",
    "QUERY",
    "QUERY_DDL",
    "QUERY_DML",
    "QUERY_DML_NO_SELECT",
    "QUERY_DCL",
    "READ",
    "WRITE",
    "CREATE",
    "ALTER",
    "RENAME",
    "DROP",
    "CHANGEUSER",
    "TABLE",
    "PROXY_CONNECT",
    "AUDIT",
];

/// A line whose seventh field is one of the plugin's operations and whose first is its time.
pub(super) fn is_line(line: &[u8]) -> bool {
    let mut fields = line.split(|byte| *byte == b',');
    let time = fields.next().and_then(|field| std::str::from_utf8(field).ok());
    let operation = fields.nth(5).and_then(|field| std::str::from_utf8(field).ok());
    operation.is_some_and(|operation| OPERATIONS.contains(&operation)) && time.and_then(instant).is_some()
}

type Fields<'t> = [&'t str; 10];

/// The fields by position: the last is behind the last comma, the object is what is left between.
fn fields(line: &str) -> Result<Fields<'_>, Unreadable> {
    let mut parts = line.trim().splitn(9, ',');
    let mut out = [""; 10];
    for field in out.iter_mut().take(9) {
        *field = parts.next().ok_or_else(|| Unreadable("line has fewer than nine fields".to_owned()))?;
    }
    let (object, code) = out[8].rsplit_once(',').unwrap_or((out[8], ""));
    let object = object.strip_prefix('\'').and_then(|object| object.strip_suffix('\'')).unwrap_or(object);
    (out[8], out[9]) = (object, code);
    Ok(out)
}

/// `20260302 10:11:12`, or microseconds since 1970.
fn instant(written: &str) -> Option<Timestamp> {
    if written.len() == 17 && written.as_bytes().get(8) == Some(&b' ') {
        let parsed = jiff::fmt::strtime::parse("%Y%m%d %H:%M:%S", written).ok()?.to_datetime().ok()?;
        return parsed.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    (written.len() == 16).then(|| Timestamp::from_microsecond(written.parse().ok()?).ok())?
}

fn text(raw: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(raw)
}

/// The flat object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let text = text(raw);
    let mut flat = Flat::new(FIELDS.len(), raw.len());
    for (name, value) in FIELDS.into_iter().zip(fields(&text)?).filter(|(_, value)| !value.is_empty()) {
        if matches!(name, "connectionid" | "queryid" | "retcode") {
            flat.number(name, value);
        } else {
            flat.text(name, value);
        }
    }
    Ok(flat.finish())
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let text = text(raw);
    let [time, server, user, host, connection, query, operation, database, object, code] = fields(&text)?;
    let when = instant(time).ok_or_else(|| Unreadable(format!("timestamp `{time}` is not a time")))?;
    let login = match operation {
        "CONNECT" | "FAILED_CONNECT" | "CHANGEUSER" | "PROXY_CONNECT" => Some(1),
        "DISCONNECT" => Some(2),
        _ => None,
    };
    let word = sqltext::word(object);
    let named = if operation.starts_with("QUERY") && !word.is_empty() { word.as_str() } else { operation };
    let class = if login.is_some() { Class::Authentication } else { Class::ApiActivity };
    let mut event = begin(Format::MariaDb, class, when, raw, ("MariaDB", "Audit Plugin"), named);
    event.activity_id = login.unwrap_or_else(|| sqltext::activity(if named == operation { operation } else { object }));
    event.status = match (operation, code) {
        ("FAILED_CONNECT", _) => Status::Failure,
        (_, "0") => Status::Success,
        (_, "") => Status::Unknown,
        _ => Status::Failure,
    };
    event.status_code = Some(code.to_owned()).filter(|code| !code.is_empty());
    event.service = Some(Identified::named("MariaDB".to_owned()));
    event.metadata.correlation_uid = Some(format!("{connection}/{query}"));
    event.src_endpoint = tree::endpoint(Some(host.to_owned()).filter(|host| !host.is_empty()));
    event.dst_endpoint =
        Some(Endpoint { name: Some(server.to_owned()), ..Endpoint::default() }).filter(|_| !server.is_empty());
    let who = tree::user(Some(user.to_owned()).filter(|user| !user.is_empty()), None);
    event.user = who.clone().map(Box::new);
    tree::set_actor(&mut event, "sql", who);
    // Of a table the object is its name, of a query its text.
    if !operation.starts_with("QUERY") && !object.is_empty() {
        let uid = if database.is_empty() { object.to_owned() } else { format!("{database}.{object}") };
        event.resources.push(Resource { uid: Some(uid), kind: Some("table".to_owned()), ..Resource::default() });
    } else if !object.is_empty() {
        event.message = Some(object.to_owned());
    }
    if !database.is_empty() {
        event.resources.push(Resource {
            uid: Some(database.to_owned()),
            kind: Some("database".to_owned()),
            ..Resource::default()
        });
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_a_table_and_a_login() {
        let query =
            br"20260302 10:11:12,db1,ann,192.0.2.7,8,15,QUERY,campus,'select * from students where name=\'x, y\'',0";
        assert!(is_line(query));
        let event = normalize(query).unwrap();
        assert_eq!((event.type_uid(), event.operation(), event.status), (600_302, Some("SELECT"), Status::Success));
        assert_eq!((event.hot().src_ip, event.time.as_second()), (Some("192.0.2.7"), 1_772_446_272));
        let table = b"1772446272000000,db1,ann,192.0.2.7,8,15,READ,campus,students,";
        let event = normalize(table).unwrap();
        assert_eq!((event.type_uid(), event.resource_uids()[0].as_str()), (600_302, "campus.students"));
        let login = b"20260302 10:11:12,db1,root,192.0.2.9,9,0,FAILED_CONNECT,,,1045";
        let event = normalize(login).unwrap();
        assert_eq!((event.type_uid(), event.status), (300_201, Status::Failure));
        for line in [&b"20260302 10:11:12,db1,ann"[..], b"a,b,c,d,e,f,QUERY,x,y,z", b""] {
            assert!(!is_line(line));
        }
    }
}
