//! Azure Key Vault (`azure/keyvault`): API Activity. Category AuditEvent of a vault.
//!
//! Rules see what `resourcelog` says, and the caller's claims as `identity_claim_upn`, `identity_claim_appid`,
//! `identity_claim_oid`. Contents: Key Vault documentation, "Azure Key Vault logging".

use ocsf::{Actor, Event, HttpRequest, HttpResponse, Resource, Url};

use super::json::{Raw, Scalar, fields, parse, parse_text};
use super::resourcelog::{self, Common};
use super::{Format, Unreadable, aws, azure, web};

fields!(Identity { claim = "claim": Raw<'a> });
fields!(Claims {
    upn = "upn": Scalar<'a>,
    long_upn = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": Scalar<'a>,
    unique_name = "unique_name": Scalar<'a>,
    app = "appid": Scalar<'a>,
    object = "oid": Scalar<'a>,
    long_object = "http://schemas.microsoft.com/identity/claims/objectidentifier": Scalar<'a>,
    tenant = "tid": Scalar<'a>,
});
fields!(Properties {
    id = "id": Scalar<'a>,
    agent = "clientInfo": Scalar<'a>,
    code = "httpStatusCode": Scalar<'a>,
    uri = "requestUri": Scalar<'a>,
});

impl Claims<'_> {
    fn upn(&self) -> Option<&str> {
        self.upn.text().or(self.long_upn.text()).or(self.unique_name.text())
    }

    fn object(&self) -> Option<&str> {
        self.object.text().or(self.long_object.text())
    }
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let record: Common<'_> = parse(raw)?;
    let (text, properties) = (resourcelog::object(&record.identity), resourcelog::object(&record.properties));
    let identity: Identity<'_> = parse_text(&text)?;
    let claims = resourcelog::object(&identity.claim);
    let claims: Claims<'_> = parse_text(&claims)?;
    let more = [
        ("identity_claim_upn", claims.upn()),
        ("identity_claim_appid", claims.app.text()),
        ("identity_claim_oid", claims.object()),
    ];
    resourcelog::view(raw, &properties, &more)
}

/// A record as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Common<'_> = parse(raw)?;
    let (text, inner) = (resourcelog::object(&record.identity), resourcelog::object(&record.properties));
    let identity: Identity<'_> = parse_text(&text)?;
    let claims = resourcelog::object(&identity.claim);
    let claims: Claims<'_> = parse_text(&claims)?;
    let properties: Properties<'_> = parse_text(&inner)?;
    let mut event = record.event(Format::AzureKeyVault, "Azure Key Vault", raw)?;
    event.activity_id = activity(record.operation.text().unwrap_or_default());
    if let Some(code) = properties.code.count() {
        // `resultType` says `Success` of requests the vault refused, too.
        event.status = resourcelog::of_code(code);
        event.status_code = Some(code.to_string());
        let code = u16::try_from(code).ok();
        event.http_response = code.map(|code| HttpResponse { code, body_length: None, latency: None });
    }
    event.http_request = Some(Box::new(HttpRequest {
        url: properties.uri.text().map(|uri| Url {
            path: Some(web::path_and_query(uri).0.to_owned()),
            query_string: web::path_and_query(uri).1.map(str::to_owned),
            hostname: web::host_and_target(uri).0.map(str::to_owned),
        }),
        user_agent: properties.agent.string(),
        ..HttpRequest::default()
    }));
    let known = claims.upn().or(claims.app.text()).or(claims.object());
    let address = event.src_endpoint.as_ref().and_then(|endpoint| endpoint.ip.as_deref());
    event.actor_key = known.map(azure::key).or_else(|| address.and_then(aws::key_of_ip));
    let name = claims.upn().or(claims.app.text()).map(str::to_owned);
    let user = azure::user(name, claims.object().map(str::to_owned), claims.tenant.string());
    event.actor =
        user.map(|user| Actor { user: Some(user), app_uid: claims.app.string(), ..Actor::default() }).map(Box::new);
    if let Some(object) = properties.id.string() {
        let resource = Resource { uid: Some(object), kind: Some(kind(&event).to_owned()), ..Resource::default() };
        event.resources.insert(0, resource);
    }
    Ok(event)
}

/// Operations are `<Thing><Verb>`: `SecretGet`, `KeyDecrypt`, `VaultPut`.
fn activity(operation: &str) -> u8 {
    let ends = |words: &[&str]| words.iter().any(|word| operation.ends_with(word));
    match () {
        () if ends(&[
            "Get",
            "List",
            "ListVersions",
            "ListDeleted",
            "GetDeleted",
            "Backup",
            "Decrypt",
            "Unwrap",
            "Verify",
        ]) =>
        {
            2
        }
        () if ends(&["Create", "Set", "Import", "Restore", "Recover"]) => 1,
        () if ends(&["Delete", "Purge"]) => 4,
        () if ends(&["Update", "Put", "Patch", "Rotate"]) => 3,
        () => 99,
    }
}

fn kind(event: &Event) -> &'static str {
    let operation = event.operation().unwrap_or_default();
    match () {
        () if operation.starts_with("Secret") => "microsoft.keyvault/vaults/secrets",
        () if operation.starts_with("Key") => "microsoft.keyvault/vaults/keys",
        () if operation.starts_with("Certificate") => "microsoft.keyvault/vaults/certificates",
        () => "microsoft.keyvault/vaults",
    }
}

#[cfg(test)]
mod tests {
    use ocsf::Status;

    use super::*;

    #[test]
    fn a_refused_secret() {
        let raw = br#"{"time":"2026-03-02T10:11:12Z","category":"AuditEvent","operationName":"SecretGet","resultType":"Success",
            "callerIpAddress":"192.0.2.7","resourceId":"/SUBSCRIPTIONS/AA/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V",
            "identity":{"claim":{"oid":"o","appid":"app","upn":"Ann@larkfield.example"}},
            "properties":{"id":"https://v.vault.azure.net/secrets/db","httpStatusCode":403,"requestUri":"https://v.vault.azure.net/secrets/db?x=1"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status), (600_302, Status::Failure));
        assert_eq!(event.actor_key.as_deref(), Some("entra:ann@larkfield.example"));
        assert_eq!(event.resource_uids()[0], "https://v.vault.azure.net/secrets/db");
        let view: serde_json::Value = serde_json::from_slice(&view(raw).unwrap()).unwrap();
        assert_eq!(
            (&view["identity_claim_upn"], &view["httpStatusCode"]),
            (&"Ann@larkfield.example".into(), &403.into())
        );
        assert_eq!(
            (&view["OperationName"], &view["id"]),
            (&"SecretGet".into(), &"https://v.vault.azure.net/secrets/db".into())
        );
    }
}
