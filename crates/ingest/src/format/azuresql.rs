//! Azure SQL auditing (`azure/sqlaudit`): API Activity, sign-ins Authentication. Category SQLSecurityAuditEvents.
//!
//! Rules see what `resourcelog` says: `action_name`, `statement`, `server_principal_name`, `affected_rows` and the others of
//! `properties` stand at the top. The statement may hold personal data; the event repeats it nowhere but in the record.
//! Contents: Azure SQL documentation, "SQL Database audit log format".

use ocsf::{Actor, Class, Event, Identified, Resource, Status};

use super::json::{Scalar, fields, parse, parse_text};
use super::resourcelog::{self, Common};
use super::{Format, Unreadable, aws, azure, time};

fields!(Properties {
    event_time = "event_time": Scalar<'a>,
    action_id = "action_id": Scalar<'a>,
    action_name = "action_name": Scalar<'a>,
    succeeded = "succeeded": Scalar<'a>,
    principal = "server_principal_name": Scalar<'a>,
    session_principal = "session_server_principal_name": Scalar<'a>,
    database_principal = "database_principal_name": Scalar<'a>,
    principal_sid = "server_principal_sid": Scalar<'a>,
    client_ip = "client_ip": Scalar<'a>,
    application = "application_name": Scalar<'a>,
    server = "server_instance_name": Scalar<'a>,
    database = "database_name": Scalar<'a>,
    schema = "schema_name": Scalar<'a>,
    object = "object_name": Scalar<'a>,
    class = "class_type_description": Scalar<'a>,
    event_id = "event_id": Scalar<'a>,
    rows = "response_rows": Scalar<'a>,
    affected = "affected_rows": Scalar<'a>,
});

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    resourcelog::lifted(raw)
}

/// A record as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Common<'_> = parse(raw)?;
    let inner = resourcelog::object(&record.properties);
    let properties: Properties<'_> = parse_text(&inner)?;
    let mut event = record.event(Format::AzureSqlAudit, "Azure SQL Database", raw)?;
    // The outer time is when the record was written out.
    if let Some(written) = properties.event_time.text() {
        event.time = time::required("event_time", written)?;
    }
    let action = properties.action_name.text().or(properties.action_id.text());
    let action = action.ok_or_else(|| Unreadable::missing("properties.action_name"))?;
    (event.class, event.activity_id) = class(action);
    if let Some(api) = &mut event.api {
        api.operation = action.to_owned();
    }
    if let Some(uid) = properties.event_id.string() {
        event.metadata.uid = uid.into();
    }
    event.status = match properties.succeeded.truth() {
        Some(true) => Status::Success,
        Some(false) => Status::Failure,
        None => Status::Unknown,
    };
    event.src_endpoint = properties.client_ip.text().and_then(resourcelog::address).or(event.src_endpoint);
    set_actor(&mut event, &properties);
    event.service = properties.server.string().map(Identified::named);
    if let Some(object) = object(&properties) {
        event.resources.insert(0, object);
    }
    for (name, value) in [("response_rows", &properties.rows), ("affected_rows", &properties.affected)] {
        if let Some(count) = value.count() {
            event.unmapped.insert(name.to_owned(), count.into());
        }
    }
    Ok(event)
}

/// A name with `@` is one of Entra; another is a login of that server.
fn set_actor(event: &mut Event, properties: &Properties<'_>) {
    let names = [&properties.principal, &properties.session_principal, &properties.database_principal];
    let name = names.iter().find_map(|name| name.text());
    let server = properties.server.text().unwrap_or("unknown");
    let address = event.src_endpoint.as_ref().and_then(|endpoint| endpoint.ip.as_deref());
    event.actor_key = match name {
        Some(name) if name.contains('@') => Some(azure::key(name)),
        Some(name) => Some(format!("sql:{server}/{name}")),
        None => address.and_then(aws::key_of_ip),
    };
    let user = azure::user(name.map(str::to_owned), properties.principal_sid.string(), None);
    event.user = user.clone().map(Box::new);
    let actor = Actor { user, app_name: properties.application.string(), ..Actor::default() };
    event.actor = (!actor.is_empty()).then_some(actor).map(Box::new);
}

/// `<server>/<database>/<schema>.<object>`, as far as the record says.
fn object(properties: &Properties<'_>) -> Option<Resource> {
    let database = format!("{}/{}", properties.server.text()?, properties.database.text()?);
    let named = properties.object.text().filter(|object| Some(*object) != properties.database.text());
    let uid = match (properties.schema.text(), named) {
        (Some(schema), Some(object)) => format!("{database}/{schema}.{object}"),
        (None, Some(object)) => format!("{database}/{object}"),
        _ => database,
    };
    Some(Resource { uid: Some(uid), kind: properties.class.string(), ..Resource::default() })
}

fn class(action: &str) -> (Class, u8) {
    let upper = action.to_ascii_uppercase();
    if upper.contains("AUTHENTICATION") || upper.contains("LOGIN SUCCEEDED") || upper.contains("LOGIN FAILED") {
        return (Class::Authentication, 1);
    }
    if upper.contains("LOGOUT") {
        return (Class::Authentication, 2);
    }
    let starts = |words: &[&str]| words.iter().any(|word| upper.starts_with(word));
    let activity = match () {
        () if starts(&["SELECT", "VIEW", "RECEIVE"]) => 2,
        () if starts(&["INSERT", "CREATE", "ADD"]) => 1,
        () if starts(&["DELETE", "DROP", "TRUNCATE"]) => 4,
        () if starts(&["UPDATE", "ALTER", "CHANGE", "GRANT", "DENY", "REVOKE"]) => 3,
        () => 99,
    };
    (Class::ApiActivity, activity)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SELECT: &str = r#"{"time":"2026-03-02T10:11:20Z","category":"SQLSecurityAuditEvents","operationName":"AuditEvent",
        "resourceId":"/SUBSCRIPTIONS/AA/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.SQL/SERVERS/S/DATABASES/SHOP","properties":{
        "event_time":"2026-03-02T10:11:12.5Z","action_id":"SL  ","action_name":"SELECT","succeeded":"true","client_ip":"192.0.2.7",
        "server_principal_name":"ann@larkfield.example","server_instance_name":"s","database_name":"shop","schema_name":"dbo",
        "object_name":"customers","response_rows":50000,"statement":"select * from customers"}}"#;

    #[test]
    fn a_table_is_read() {
        let event = normalize(SELECT.as_bytes()).unwrap();
        assert_eq!(event.time.to_string(), "2026-03-02T10:11:12.5Z");
        assert_eq!((event.type_uid(), event.status), (600_302, Status::Success));
        assert_eq!(event.actor_key.as_deref(), Some("entra:ann@larkfield.example"));
        assert_eq!(event.resource_uids()[0], "s/shop/dbo.customers");
        assert_eq!(event.unmapped["response_rows"], 50_000);
        let view: serde_json::Value = serde_json::from_slice(&view(SELECT.as_bytes()).unwrap()).unwrap();
        assert_eq!((&view["action_name"], &view["statement"]), (&"SELECT".into(), &"select * from customers".into()));
    }

    #[test]
    fn a_login_of_the_server_is_no_user_of_entra() {
        let raw =
            SELECT.replace("ann@larkfield.example", "sa").replace("\"SELECT\"", "\"DATABASE AUTHENTICATION FAILED\"");
        let event = normalize(raw.replace("\"true\"", "\"false\"").as_bytes()).unwrap();
        assert_eq!((event.type_uid(), event.status), (300_201, Status::Failure));
        assert_eq!(event.actor_key.as_deref(), Some("sql:s/sa"));
    }
}
