//! Database Activity Streams of Aurora and RDS after decryption (`aws/dbactivity`): API Activity, one event per activity.
//!
//! Reads the lists of `databaseActivityEventList` and single activities; decrypting the stream is not done here. Heartbeats only say that
//! the stream lives and are rejected with that reason. Rules see the activity itself. Contents: Aurora user guide, "Monitoring database
//! activity streams", database activity event list.

use ocsf::{Api, Class, Endpoint, Event, Identified, Status};

use super::marks::Keys;
use super::sqltext;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};

/// One activity.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    const MARKS: [&[u8]; 8] = [
        b"commandText",
        b"dbUserName",
        b"dbProtocol",
        b"netProtocol",
        b"statementId",
        b"remoteHost",
        b"serverType",
        b"logTime",
    ];
    keys.has(b"logTime") && keys.count(&MARKS) >= 5
}

/// An activity as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    if tree.peek("type").as_deref() == Some("heartbeat") {
        return Err(Unreadable("a heartbeat of the stream is no activity".to_owned()));
    }
    let written = tree.required(&["logTime", "startTime", "endTime"])?;
    let when = sqltext::instant(&written).ok_or_else(|| Unreadable(format!("logTime `{written}` is not a time")))?;
    let command = tree.required(&["command", "class"])?;
    let mut event =
        begin(Format::DbActivity, Class::ApiActivity, when, raw, ("AWS", "Database Activity Streams"), &command);
    let statement = tree.peek("commandText");
    event.activity_id = sqltext::activity(statement.as_deref().unwrap_or(&command));
    event.src_endpoint = tree::endpoint(tree.take(&["remoteHost"]).filter(|host| host != "[local]"));
    let port = tree::port(tree.count(&["remotePort"]));
    if let Some(end) = &mut event.src_endpoint {
        end.port = port;
    }
    event.dst_endpoint = tree.take(&["serverHost"]).map(|host| Endpoint { name: Some(host), ..Endpoint::default() });
    let user = tree::user(tree.take(&["dbUserName"]), None);
    tree::set_actor(&mut event, "sql", user);
    let service = tree.take(&["serviceName", "serverType"]);
    event.api = Some(Box::new(Api { operation: command, service: service.map(Identified::named), ..Api::default() }));
    let code = tree.take(&["exitCode"]);
    let error = tree.take(&["errorMessage"]);
    event.status = match (code.as_deref(), &error) {
        (_, Some(_)) => Status::Failure,
        (Some("0") | None, None) => Status::Success,
        _ => Status::Failure,
    };
    (event.status_code, event.status_detail) = (code, error);
    if let Some(user) = event.actor.as_mut() {
        user.app_name = tree.take(&["clientApplication"]);
    }
    let database = tree.take(&["databaseName"]);
    let object = tree.take(&["objectName"]);
    let kind = tree.take(&["objectType"]);
    event.resources.extend(tree::resource(object, None, kind.as_deref()));
    event.resources.extend(tree::resource(database, None, Some("database")));
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement() {
        let raw = br#"{"class":"TABLE","command":"SELECT","commandText":"select * from students","databaseName":"campus","dbUserName":"ann",
            "logTime":"2026-03-02 10:11:12.610198+00","remoteHost":"192.0.2.7","remotePort":"5080","objectName":"public.students","rowCount":1000,
            "exitCode":0,"errorMessage":null,"serverType":"PostgreSQL"}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.operation(), event.status), (600_302, Some("SELECT"), Status::Success));
        assert_eq!((event.actor_key.as_deref(), event.hot().src_ip), (Some("sql:ann"), Some("192.0.2.7")));
        assert_eq!((event.resource_uids().len(), &event.unmapped["rowCount"]), (2, &1000.into()));
        assert_eq!(event.time.as_second(), 1_772_446_272);
        assert!(normalize(br#"{"type":"heartbeat"}"#).is_err());
    }
}
