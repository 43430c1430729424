//! Azure Event Grid: its own schema, where a subscription is validated by a code that is sent back, and CloudEvents 1.0,
//! where it is validated by an OPTIONS request (CloudEvents HTTP webhook, section 4).

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::auth::Auth;
use super::{Reply, Request, Taken, body, header};

const VALIDATION: &str = "Microsoft.EventGrid.SubscriptionValidationEvent";
/// Requests a minute that we ask Event Grid not to exceed.
const RATE_ALLOWED: &str = "1000";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_type: Option<String>,
    #[serde(default)]
    data: Data,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Data {
    validation_code: Option<String>,
}

/// The question of CloudEvents. Whoever has the secret in the query may subscribe; other secrets do not come with it.
pub(super) fn handshake(request: &Request<'_>, auth: &Auth) -> Option<Reply> {
    if request.method != Method::OPTIONS {
        return None;
    }
    if matches!(auth, Auth::Query { .. }) && auth.allows(request, 0).is_err() {
        return Some(Reply::refusal(
            StatusCode::UNAUTHORIZED,
            "the secret in the query is not the one configured here",
        ));
    }
    let Some(origin) = header(request, "webhook-request-origin") else {
        return Some(Reply::refusal(StatusCode::BAD_REQUEST, "WebHook-Request-Origin is missing"));
    };
    let mut reply = Reply::empty(StatusCode::OK);
    reply.headers.push(("webhook-allowed-origin", origin.to_owned()));
    reply.headers.push(("webhook-allowed-rate", RATE_ALLOWED.to_owned()));
    Some(reply)
}

pub(super) fn take(request: &Request<'_>, body: &[u8]) -> Taken {
    let events = body::objects(body)?;
    if header(request, "aeg-event-type") == Some("SubscriptionValidation") {
        let first = events.first().and_then(|event| serde_json::from_str::<Event>(event.get()).ok());
        let first = first.filter(|event| event.event_type.as_deref() == Some(VALIDATION));
        let code = first.and_then(|event| event.data.validation_code).ok_or("the validation event has no code")?;
        return Ok((Vec::new(), Reply::json(StatusCode::OK, &json!({"validationResponse": code}))));
    }
    let records = events.iter().map(|event| event.get().as_bytes().to_vec()).collect();
    Ok((records, Reply::empty(StatusCode::OK)))
}
