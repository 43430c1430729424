//! Azure Cosmos DB (`azure/cosmosdb`): API Activity. Category DataPlaneRequests, and its kin for other interfaces.
//!
//! Rules see what `resourcelog` says. Bytes are those of the answer. Contents: Cosmos DB documentation, "Monitor Azure Cosmos DB
//! data by using diagnostic settings".

use ocsf::{Actor, Event, HttpRequest, Resource};

use super::json::{Scalar, fields, parse, parse_text};
use super::resourcelog::{self, Common};
use super::{Format, Unreadable, aws, azure};

fields!(Properties {
    activity = "activityId": Scalar<'a>,
    code = "statusCode": Scalar<'a>,
    agent = "userAgent": Scalar<'a>,
    client_ip = "clientIpAddress": Scalar<'a>,
    response_bytes = "responseLength": Scalar<'a>,
    database = "databaseName": Scalar<'a>,
    collection = "collectionName": Scalar<'a>,
    request_resource = "requestResourceId": Scalar<'a>,
    principal = "aadPrincipalId": Scalar<'a>,
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
    let mut event = record.event(Format::AzureCosmosDb, "Azure Cosmos DB", raw)?;
    event.activity_id = activity(record.operation.text().unwrap_or_default());
    if let Some(uid) = properties.activity.string() {
        event.metadata.correlation_uid = Some(uid);
    }
    if let Some(code) = properties.code.count() {
        event.status = resourcelog::of_code(code);
        event.status_code = Some(code.to_string());
    }
    event.bytes = properties.response_bytes.string().and_then(|text| text.parse::<f64>().ok()).and_then(whole);
    event.http_request = properties.agent.string().map(HttpRequest::of_agent).map(Box::new);
    event.src_endpoint = properties.client_ip.text().and_then(resourcelog::address).or(event.src_endpoint);
    // Without Entra the caller holds a key or a token of the account, and an address is all there is.
    let principal = properties.principal.text().filter(|id| id.bytes().any(|byte| !matches!(byte, b'0' | b'-')));
    let address = event.src_endpoint.as_ref().and_then(|endpoint| endpoint.ip.as_deref());
    event.actor_key = principal.map(azure::key).or_else(|| address.and_then(aws::key_of_ip));
    let user = azure::user(None, principal.map(str::to_owned), None);
    event.actor = user.map(|user| Actor { user: Some(user), ..Actor::default() }).map(Box::new);
    if let Some(object) = object(&record, &properties) {
        event.resources.insert(0, object);
    }
    Ok(event)
}

/// Lengths are written as numbers with a fraction, in strings.
fn whole(number: f64) -> Option<u64> {
    Scalar::Float(number).count()
}

/// `<account id>/<database>/<collection>`.
fn object(record: &Common<'_>, properties: &Properties<'_>) -> Option<Resource> {
    let database = properties.database.text()?;
    let parts = [record.resource_id.text(), Some(database), properties.collection.text()];
    let uid = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    let name = properties.request_resource.string();
    Some(Resource { uid: Some(uid), name, kind: Some("microsoft.documentdb/collection".to_owned()), owner: None })
}

fn activity(operation: &str) -> u8 {
    let starts = |words: &[&str]| words.iter().any(|word| operation.starts_with(word));
    match () {
        () if starts(&["Query", "Read", "Head", "Get", "List", "SqlQuery"]) => 2,
        () if starts(&["Create", "Upsert", "Insert"]) => 1,
        () if starts(&["Replace", "Patch", "Update", "Batch"]) => 3,
        () if starts(&["Delete"]) => 4,
        () => 99,
    }
}

#[cfg(test)]
mod tests {
    use ocsf::Status;

    use super::*;

    #[test]
    fn a_query() {
        let raw = br#"{"time":"2026-03-02T10:11:12Z","category":"DataPlaneRequests","operationName":"Query",
            "resourceId":"/SUBSCRIPTIONS/AA/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.DOCUMENTDB/DATABASEACCOUNTS/LARKFIELD",
            "properties":{"activityId":"a-1","statusCode":"200","userAgent":"sdk","clientIpAddress":"192.0.2.7",
            "responseLength":"4711.000000","databaseName":"shop","collectionName":"orders",
            "aadPrincipalId":"00000000-0000-0000-0000-000000000000"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status, event.bytes), (600_302, Status::Success, Some(4711)));
        assert_eq!(event.actor_key.as_deref(), Some("ip:192.0.2.7"));
        assert!(event.resource_uids()[0].ends_with("LARKFIELD/shop/orders"));
        let known = String::from_utf8_lossy(raw).replace("00000000-0000-0000-0000-000000000000", "AB-1");
        assert_eq!(normalize(known.as_bytes()).unwrap().actor_key.as_deref(), Some("entra:ab-1"));
    }
}
