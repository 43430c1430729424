//! Any other resource log of Azure Monitor (`azure/resourcelogs`): API Activity by the common fields. Functions, container registries, databases,
//! API Management, event hubs, provisioning, Spring apps, and whatever comes next.
//!
//! Everything that has no common place survives in `unmapped`. Function and registry logs have ids of their own but nothing that is not
//! here. Rules see what `resourcelog` says. Contents: Azure Monitor documentation, "Common and service-specific schemas for Azure resource logs".

use ocsf::{Class, Event, HttpRequest, HttpResponse, Status, Url};

use super::azuregateway::finish;
use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable, azure, resourcelog, sqltext, web};

/// The members nearly every resource log has: which resource, which category, and something that happened.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    let resource = keys.count(&[b"resourceId", b"ResourceId", b"resourceID"]) >= 1;
    let what = keys.count(&[b"operationName", b"OperationName", b"EventName", b"properties", b"EventProperties"]) >= 1;
    let when = keys.count(&[b"time", b"timeStamp", b"eventTimestamp", b"EventTimeString", b"TimeGenerated"]) >= 1;
    resource && keys.has(b"category") && what && when
}

/// A record as an event of one of the formats that share these fields.
pub(super) fn normalize(format: Format, product: &'static str, raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::of_azure(raw)?;
    let when = tree.when(&["time", "timeStamp", "eventTimestamp", "TimeGenerated", "properties/event_time"]);
    let when = when.or_else(|error| tree.take(&["EventTimeString"]).and_then(|text| american(&text)).ok_or(error))?;
    let category = tree.take(&["category"]);
    let operation = tree.take(&["operationName", "OperationName", "EventName"]).or_else(|| category.clone());
    let operation = operation.ok_or_else(|| Unreadable::missing("operationName"))?;
    let statement = tree.peek("properties/sql_text").or_else(|| tree.peek("properties/statement"));
    let mut event = begin(format, Class::ApiActivity, when, raw, ("Microsoft", product), &operation);
    event.activity_id = statement.as_deref().map_or_else(|| activity(&operation), sqltext::activity);
    event.metadata.event_code = category;
    event.metadata.correlation_uid = tree.take(&["correlationId", "ActivityId", "properties/functionInvocationId"]);
    event.metadata.tenant_uid = tree.take(&["tenantId"]);
    event.severity = azure::severity(tree.take(&["level", "Level"]).as_deref());
    event.message = tree.take(&["properties/message", "resultDescription"]);
    set_status(&mut event, &mut tree);
    set_people(&mut event, &mut tree);
    let uri = tree.take(&["uri", "properties/url", "properties/requestUri", "properties/loginServer"]);
    let agent = tree.take(&["properties/userAgent", "properties/userAgentHeader", "properties/clientInfo"]);
    let method = tree.take(&["properties/method", "properties/httpMethod"]);
    if uri.is_some() || agent.is_some() || method.is_some() {
        // The query may carry a key; the record keeps it.
        let path = |uri: String| Url { path: Some(web::path_and_query(&uri).0.to_owned()), ..Url::default() };
        event.http_request = Some(Box::new(HttpRequest {
            http_method: method,
            url: uri.map(path),
            user_agent: agent,
            ..HttpRequest::default()
        }));
    }
    let object = tree.take(&[
        "properties/repository",
        "properties/table",
        "properties/functionName",
        "properties/db",
        "properties/DatabaseName",
    ]);
    event.resources.extend(tree::resource(object, None, None));
    finish(&mut event, tree, &["properties/clientPort"]);
    Ok(event)
}

fn activity(operation: &str) -> u8 {
    let verb = operation.rsplit(['/', '.', ' ']).next().unwrap_or_default().to_ascii_lowercase();
    match verb.as_str() {
        "write" | "create" | "push" | "add" | "insert" | "import" => 1,
        "read" | "get" | "list" | "pull" | "query" | "invoke" | "log" | "logs" => 2,
        "update" | "patch" | "action" | "set" => 3,
        "delete" | "remove" | "purge" | "untag" => 4,
        _ => 99,
    }
}

fn set_status(event: &mut Event, tree: &mut Tree) {
    let kind = tree.take(&["resultType", "Status", "status"]);
    let code = tree.take(&[
        "statusCode",
        "properties/statusCode",
        "properties/httpStatusCode",
        "properties/responseCode",
        "properties/error_code",
    ]);
    let number = code.as_deref().and_then(|code| code.parse::<u64>().ok());
    event.status = match (kind.as_deref().map(|kind| kind.trim_end_matches('.')), number) {
        (Some("Success" | "Succeeded" | "0"), _) | (None, Some(0)) => Status::Success,
        (Some("Failure" | "Failed" | "Error"), _) => Status::Failure,
        // A number of HTTP's, or one of the service's own errors.
        (_, Some(code @ 100..600)) => resourcelog::of_code(code),
        (Some(kind), _) if kind.parse::<u64>().is_ok() => Status::Failure,
        (_, Some(_)) => Status::Failure,
        _ => Status::Unknown,
    };
    event.http_response = number
        .filter(|code| (100..600).contains(code))
        .and_then(|code| Some(HttpResponse { code: u16::try_from(code).ok()?, ..HttpResponse::default() }));
    event.status_code = code.or_else(|| kind.clone());
    event.status_detail = tree.take(&["resultSignature", "properties/errorMessage"]).or(kind);
}

fn set_people(event: &mut Event, tree: &mut Tree) {
    let address = tree.take(&[
        "callerIpAddress",
        "CallerIpAddress",
        "properties/clientIP",
        "properties/clientIp",
        "properties/ip",
        "properties/callerIpAddress",
    ]);
    event.src_endpoint = address.as_deref().and_then(resourcelog::address);
    let name = tree.take(&[
        "identity/claims/upn",
        "identity/claim/upn",
        "properties/identity",
        "identity",
        "properties/user",
        "Caller",
    ]);
    let object =
        tree.take(&["identity/claims/oid", "identity/claim/oid", "properties/userId", "identity/claims/appid"]);
    let user = tree::user(name, object);
    tree::set_actor(event, "azure", user.clone());
    if let Some(name) = user.and_then(|user| user.name).filter(|name| name.contains('@') && !name.contains(' ')) {
        event.actor_key = Some(azure::key(&name));
    }
}

/// `2/2/2021 3:00:21 PM +00:00`
fn american(written: &str) -> Option<jiff::Timestamp> {
    let (local, zone) = written.rsplit_once(' ')?;
    (zone == "+00:00").then(|| super::time::american(local))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_a_database_and_an_event_hub() {
        let pull = br#"{"time":"2026-03-02T10:11:12.1Z","resourceId":"/subscriptions/AA/providers/Microsoft.ContainerRegistry/registries/r","category":"ContainerRegistryRepositoryEvents",
            "operationName":"Pull","resultType":"200","callerIpAddress":"192.0.2.7","identity":"ann@larkfield.example","properties":{"repository":"shop","tag":"v1"}}"#;
        let event = normalize(Format::AzureContainerRegistry, "Container Registry", pull).unwrap();
        assert_eq!((event.type_uid(), event.hot().src_ip), (600_302, Some("192.0.2.7")));
        assert_eq!(
            (event.actor_key.as_deref(), event.resource_uids()[0].as_str()),
            (Some("entra:ann@larkfield.example"), "shop")
        );
        assert_eq!(event.unmapped["properties"]["tag"], "v1");
        let sql = br#"{"time":"2026-03-02T10:11:12Z","resourceId":"/x","category":"MySqlAuditLogs","operationName":"LogEvent","properties":"{\"error_code\":0,\"ip\":\"192.0.2.7\",\"user\":\"ann\",\"sql_text\":\"DELETE FROM t\"}"}"#;
        let event = normalize(Format::AzureResourceLogs, "Azure Monitor", sql).unwrap();
        assert_eq!(
            (event.type_uid(), event.status, event.actor_key.as_deref()),
            (600_304, Status::Success, Some("azure:ann"))
        );
        let hub = br#"{"EventName":"Retreive Namespace","resourceId":"/x","EventTimeString":"3/2/2026 10:11:12 AM +00:00","Status":"Succeeded","category":"OperationalLogs"}"#;
        let event = normalize(Format::AzureResourceLogs, "Azure Monitor", hub).unwrap();
        assert_eq!((event.status, event.time.as_second()), (Status::Success, 1_772_446_272));
    }
}
