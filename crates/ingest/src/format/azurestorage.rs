//! Azure Storage resource logs (`azure/storage`): API Activity. Categories StorageRead, StorageWrite and StorageDelete of blobs,
//! files, queues and tables.
//!
//! Rules see what `resourcelog` says, and `AuthenticationType`, `RequesterUpn`, `RequesterObjectId`, `RequesterAppId` and
//! `RequesterTenantId`. Bytes are those of the answer's body. The query of the address may carry a shared access signature, so
//! the event keeps the path only. Contents: Azure Storage documentation, "Azure Blob Storage monitoring data reference".

use ocsf::{Actor, Event, HttpRequest, HttpResponse, Resource, Url};

use super::json::{Scalar, fields, parse, parse_text};
use super::resourcelog::{self, Common};
use super::{Format, Unreadable, aws, azure, web};

fields!(Identity { kind = "type": Scalar<'a>, hash = "tokenHash": Scalar<'a>, requester = "requester": Requester<'a> });
fields!(Requester {
    upn = "upn": Scalar<'a>,
    object = "objectId": Scalar<'a>,
    app = "appId": Scalar<'a>,
    tenant = "tenantId": Scalar<'a>,
});
fields!(Properties {
    account = "accountName": Scalar<'a>,
    agent = "userAgentHeader": Scalar<'a>,
    referrer = "referrerHeader": Scalar<'a>,
    object_key = "objectKey": Scalar<'a>,
    response_bytes = "responseBodySize": Scalar<'a>,
    client_request = "clientRequestId": Scalar<'a>,
    service = "serviceType": Scalar<'a>,
});

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let record: Common<'_> = parse(raw)?;
    let (text, properties) = (resourcelog::object(&record.identity), resourcelog::object(&record.properties));
    let identity: Identity<'_> = parse_text(&text)?;
    let requester = &identity.requester;
    let more = [
        ("AuthenticationType", identity.kind.text()),
        ("AuthenticationHash", identity.hash.text()),
        ("RequesterUpn", requester.upn.text()),
        ("RequesterObjectId", requester.object.text()),
        ("RequesterAppId", requester.app.text()),
        ("RequesterTenantId", requester.tenant.text()),
    ];
    resourcelog::view(raw, &properties, &more)
}

/// A record as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Common<'_> = parse(raw)?;
    let (text, inner) = (resourcelog::object(&record.identity), resourcelog::object(&record.properties));
    let identity: Identity<'_> = parse_text(&text)?;
    let properties: Properties<'_> = parse_text(&inner)?;
    let mut event = record.event(Format::AzureStorage, "Azure Storage", raw)?;
    event.activity_id = activity(record.category.text(), record.operation.text().unwrap_or_default());
    event.bytes = properties.response_bytes.count();
    event.http_request = Some(Box::new(HttpRequest {
        url: record.uri.text().map(|uri| {
            let (host, _) = web::host_and_target(uri);
            let path = web::path_and_query(uri).0.to_owned();
            Url { path: Some(path), query_string: None, hostname: host.map(str::to_owned) }
        }),
        user_agent: properties.agent.string(),
        referrer: properties.referrer.string(),
        uid: properties.client_request.string(),
        ..HttpRequest::default()
    }));
    let code = record.status_code.count().and_then(|code| u16::try_from(code).ok());
    event.http_response = code.map(|code| HttpResponse { code, body_length: event.bytes, latency: None });
    set_actor(&mut event, &identity.requester);
    if let Some(object) = object(&record, &properties) {
        event.resources.insert(0, object);
    }
    Ok(event)
}

/// A user or program of Entra; behind a key, a signature or nothing stands only an address.
fn set_actor(event: &mut Event, requester: &Requester<'_>) {
    let known = requester.upn.text().or(requester.app.text()).or(requester.object.text());
    let address = event.src_endpoint.as_ref().and_then(|endpoint| endpoint.ip.as_deref());
    event.actor_key = known.map(azure::key).or_else(|| address.and_then(aws::key_of_ip));
    let name = requester.upn.string().or_else(|| requester.app.string());
    let user = azure::user(name, requester.object.string(), requester.tenant.string());
    event.actor =
        user.map(|user| Actor { user: Some(user), app_uid: requester.app.string(), ..Actor::default() }).map(Box::new);
}

/// `https://<account>.blob.core.windows.net/<container>/<blob>`, else the object key.
fn object(record: &Common<'_>, properties: &Properties<'_>) -> Option<Resource> {
    let uid = match record.uri.text() {
        Some(uri) => {
            let (host, _) = web::host_and_target(uri);
            let host = host?.trim_end_matches(":443");
            format!("https://{host}{}", web::path_and_query(uri).0)
        }
        None => properties.object_key.text()?.to_owned(),
    };
    let kind = properties.service.text().map(|service| format!("microsoft.storage/{service}"));
    Some(Resource { uid: Some(uid), name: properties.object_key.string(), kind, owner: None })
}

fn activity(category: Option<&str>, operation: &str) -> u8 {
    match category {
        Some("StorageRead") => 2,
        Some("StorageDelete") => 4,
        _ if ["Put", "Create", "Copy", "Insert"].iter().any(|verb| operation.starts_with(verb)) => 1,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use ocsf::Status;
    use serde_json::Value;

    use super::*;

    const READ: &str = r#"{"time":"2026-03-02T10:11:12.1234567Z","category":"StorageRead","operationName":"GetBlob","statusCode":200,
        "resourceId":"/subscriptions/AA/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/larkfield/blobServices/default",
        "callerIpAddress":"192.0.2.7:5080","identity":{"type":"OAuth","requester":{"upn":"Ann@larkfield.example","objectId":"o"}},
        "uri":"https://larkfield.blob.core.windows.net:443/exports/a.csv?sv=2020&sig=XXXX",
        "properties":{"accountName":"larkfield","objectKey":"/larkfield/exports/a.csv","responseBodySize":4711,"serviceType":"blob"}}"#;

    #[test]
    fn a_blob_is_read() {
        let event = normalize(READ.as_bytes()).unwrap();
        assert_eq!((event.type_uid(), event.status, event.bytes), (600_302, Status::Success, Some(4711)));
        assert_eq!(event.actor_key.as_deref(), Some("entra:ann@larkfield.example"));
        assert_eq!(event.hot().src_ip, Some("192.0.2.7"));
        assert_eq!(event.resource_uids()[0], "https://larkfield.blob.core.windows.net/exports/a.csv");
        assert_eq!(event.account(), Some("aa"));
        let url = event.http_request.as_ref().unwrap().url.as_ref().unwrap();
        assert_eq!((url.path.as_deref(), &url.query_string), (Some("/exports/a.csv"), &None));
        let view: Value = serde_json::from_slice(&view(READ.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            (&view["AuthenticationType"], &view["RequesterUpn"]),
            (&"OAuth".into(), &"Ann@larkfield.example".into())
        );
        assert_eq!((&view["ObjectKey"], &view["objectKey"]), (&"/larkfield/exports/a.csv".into(), &view["ObjectKey"]));
        assert_eq!((&view["CallerIpAddress"], &view["StatusCode"]), (&"192.0.2.7:5080".into(), &200.into()));
    }

    #[test]
    fn anonymous_reading_has_an_address_only() {
        let raw = READ.replace(
            r#"{"type":"OAuth","requester":{"upn":"Ann@larkfield.example","objectId":"o"}}"#,
            r#"{"type":"Anonymous"}"#,
        );
        let event = normalize(raw.as_bytes()).unwrap();
        assert_eq!(event.actor_key.as_deref(), Some("ip:192.0.2.7"));
        let broken = READ.replace("\"identity\":{\"type\":\"OAuth\"", "\"identity\":{\"type\":[1]");
        assert!(normalize(broken.as_bytes()).is_ok());
    }
}
