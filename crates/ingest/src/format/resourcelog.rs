//! What Azure's resource logs share (storage, SQL audit, key vault, Cosmos DB): the outer record, and the names rules see.
//!
//! One diagnostic setting writes many categories into one stream; the record's `category` tells which format it is. Rules see
//! the record plus, where absent: every member of `properties` at the top, all of it with a capital as Log Analytics has it, and
//! the names each format adds. Contents: Azure Monitor documentation, "Common and service-specific schemas for Azure resource
//! logs".

use std::borrow::Cow;

use ocsf::{Account, Api, ApiRequest, Class, Cloud, Event, Identified, Resource, Status};

use super::append::Appended;
use super::json::{Raw, Scalar, fields, parse};
use super::{Format, Unreadable, azure, time};

fields!(Common {
    time = "time": Scalar<'a>,
    resource_id = "resourceId": Scalar<'a>,
    category = "category": Scalar<'a>,
    operation = "operationName": Scalar<'a>,
    caller_ip = "callerIpAddress": Scalar<'a>,
    correlation = "correlationId": Scalar<'a>,
    status_code = "statusCode": Scalar<'a>,
    status_text = "statusText": Scalar<'a>,
    result_type = "resultType": Scalar<'a>,
    result_description = "resultDescription": Scalar<'a>,
    level = "level": Scalar<'a>,
    tenant = "tenantId": Scalar<'a>,
    location = "location": Scalar<'a>,
    uri = "uri": Scalar<'a>,
    identity = "identity": Raw<'a>,
    properties = "properties": Raw<'a>,
});

/// The text of an object that may be spelled as JSON in a string.
pub(super) fn object<'r>(raw: &'r Raw<'_>) -> Cow<'r, str> {
    match raw.text() {
        Some(text) if text.starts_with('{') => Cow::Borrowed(text),
        Some(text) if text.starts_with('"') => match serde_json::from_str::<String>(text) {
            Ok(inner) if inner.trim_start().starts_with('{') && is_shallow(&inner) => Cow::Owned(inner),
            _ => Cow::Borrowed("{}"),
        },
        _ => Cow::Borrowed("{}"),
    }
}

/// Whether JSON that stood in a string may be parsed: framing did not count its brackets.
pub(super) fn is_shallow(text: &str) -> bool {
    crate::frame::check_depth(text.as_bytes(), INNER_DEPTH_MAX).is_ok()
}

/// Nesting inside `properties` when they stand in a string; vendors use three levels.
const INNER_DEPTH_MAX: u32 = 32;

/// The object rules see; `more` are further names, of which those with a value are added.
pub(super) fn view(raw: &[u8], properties: &str, more: &[(&str, Option<&str>)]) -> Result<Vec<u8>, Unreadable> {
    let text = std::str::from_utf8(raw).map_err(|_| Unreadable("record is not valid UTF-8".to_owned()))?;
    let mut view = Appended::to(raw)?;
    for (name, value) in more {
        view.some(name, *value);
    }
    view.lift(properties);
    view.lift(text);
    Ok(view.finish())
}

/// The object rules see where `properties` are all there is to lift.
pub(super) fn lifted(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let record: Common<'_> = parse(raw)?;
    view(raw, &object(&record.properties), &[])
}

impl Common<'_> {
    /// API Activity with everything the outer record tells.
    pub(super) fn event(&self, format: Format, product: &'static str, raw: &[u8]) -> Result<Event, Unreadable> {
        let when = time::required("time", self.time.required("time")?)?;
        let operation = self.operation.required("operationName")?;
        let mut event = Event::new(format.id(), Class::ApiActivity, when, raw);
        event.severity = azure::severity(self.level.string().as_deref());
        event.metadata = ocsf::Metadata {
            product_name: product,
            vendor_name: "Microsoft",
            event_code: self.category.string(),
            correlation_uid: self.correlation.string(),
            tenant_uid: self.tenant.string(),
            ..ocsf::Metadata::default()
        };
        let resource = self.resource_id.text();
        event.cloud = Some(Cloud {
            provider: "Azure",
            region: self.location.string(),
            zone: None,
            account: resource.and_then(subscription).map(Account::azure_subscription),
        });
        event.api = Some(Box::new(Api {
            operation: operation.to_owned(),
            service: resource.and_then(provider).map(Identified::named),
            request: self.correlation.string().map(|uid| ApiRequest { uid, data: None }),
            ..Api::default()
        }));
        event.src_endpoint = self.caller_ip.text().and_then(address);
        event.status_code = self.status_code.string().or_else(|| self.result_type.string());
        event.status_detail = self.result_description.string().or_else(|| self.status_text.string());
        event.status = match (self.status_code.count(), self.result_type.text()) {
            (Some(code), _) => of_code(code),
            (None, Some("Success" | "Succeeded" | "0")) => Status::Success,
            (None, Some("Failure" | "Failed" | "Failed Request")) => Status::Failure,
            _ => Status::Unknown,
        };
        event.resources.extend(resource.map(|uid| Resource {
            uid: Some(uid.to_owned()),
            kind: provider(uid),
            ..Resource::default()
        }));
        Ok(event)
    }
}

/// An answer below 400 did what was asked.
pub(super) fn of_code(code: u64) -> Status {
    if code < 400 { Status::Success } else { Status::Failure }
}

/// An address with or without a port. A name is none: Azure writes `<null>` and masks what it will not show.
pub(super) fn address(written: &str) -> Option<ocsf::Endpoint> {
    Some(azure::endpoint(written)).filter(|endpoint| endpoint.ip.is_some())
}

/// The subscription of an ARM id, in lower case.
pub(super) fn subscription(id: &str) -> Option<String> {
    let mut parts = id.trim_start_matches('/').split('/');
    let first = parts.next()?;
    first.eq_ignore_ascii_case("subscriptions").then(|| parts.next().map(str::to_lowercase))?
}

/// `microsoft.storage/storageaccounts`, in lower case.
pub(super) fn provider(id: &str) -> Option<String> {
    let lower = id.to_lowercase();
    let (_, behind) = lower.split_once("/providers/")?;
    let mut parts = behind.split('/');
    Some(format!("{}/{}", parts.next()?, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_apart() {
        let id = "/SUBSCRIPTIONS/AA/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V";
        assert_eq!(subscription(id).as_deref(), Some("aa"));
        assert_eq!(provider(id).as_deref(), Some("microsoft.keyvault/vaults"));
        assert_eq!((subscription("/tenants/x"), provider("x")), (None, None));
    }

    #[test]
    fn masked_addresses_are_none() {
        for written in ["<Redacted>:62289", "<null>", ""] {
            assert_eq!(address(written), None, "{written}");
        }
        assert_eq!(address("192.0.2.7:443").unwrap().port, Some(443));
    }

    #[test]
    fn members_are_lifted_with_capitals() {
        let raw = br#"{"time":"t","properties":{"accountName":"a"}}"#;
        let view: serde_json::Value =
            serde_json::from_slice(&view(raw, r#"{"accountName":"a"}"#, &[("X", Some("y")), ("Z", None)]).unwrap())
                .unwrap();
        assert_eq!((&view["AccountName"], &view["accountName"]), (&"a".into(), &"a".into()));
        assert_eq!((&view["Time"], &view["X"], view.get("Z")), (&"t".into(), &"y".into(), None));
    }
}
