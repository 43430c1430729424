//! Okta event hooks: a one-time verification, then envelopes whose `data.events` are System Log events.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Reply, Request, Taken, header};

#[derive(Deserialize)]
struct Envelope<'e> {
    #[serde(borrow)]
    data: Data<'e>,
}

#[derive(Deserialize)]
struct Data<'e> {
    #[serde(borrow)]
    events: Vec<&'e RawValue>,
}

pub(super) fn handshake(request: &Request<'_>) -> Option<Reply> {
    if request.method != Method::GET {
        return None;
    }
    let challenge = header(request, "x-okta-verification-challenge")?;
    Some(Reply::json(StatusCode::OK, &json!({"verification": challenge})))
}

pub(super) fn take(body: &[u8]) -> Taken {
    let envelope: Envelope<'_> =
        serde_json::from_slice(body).map_err(|error| format!("the body is no delivery of an event hook: {error}"))?;
    let records = envelope.data.events.iter().map(|event| event.get().as_bytes().to_vec()).collect();
    // Okta tries once more, three seconds later, and never again.
    Ok((records, Reply::empty(StatusCode::OK)))
}
