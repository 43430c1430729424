//! Experience API (IEEE 9274.1.1): statements are POSTed, one or a list, or PUT with an id in the query. The reply names
//! the ids.
//!
//! We keep statements and answer as a store of records does; reading them back is not offered.

use http::{Method, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{Reply, Request, Taken, body, header};

const VERSION_HEADER: &str = "x-experience-api-version";

pub(super) fn take(request: &Request<'_>, body: &[u8]) -> Taken {
    let version = header(request, VERSION_HEADER).ok_or("X-Experience-API-Version is missing")?;
    if !version.starts_with("1.0") && !version.starts_with("2.0") {
        return Err(format!("version `{version}` of the Experience API is not known; send 1.0 or 2.0"));
    }
    let statements = body::objects(body)?;
    let mut reply = if request.method == Method::PUT {
        Reply::empty(StatusCode::NO_CONTENT)
    } else {
        let ids: Result<Vec<String>, String> = statements.iter().map(|statement| id(statement)).collect();
        Reply::json(StatusCode::OK, &json!(ids?))
    };
    reply.headers.push((VERSION_HEADER, version.to_owned()));
    Ok((statements.iter().map(|statement| statement.get().as_bytes().to_vec()).collect(), reply))
}

/// A store may make ids for statements without one; we keep what was sent as it was sent, so the sender has to.
fn id(statement: &RawValue) -> Result<String, String> {
    let members: Map<String, Value> =
        serde_json::from_str(statement.get()).map_err(|_| "a statement is no object".to_owned())?;
    members.get("id").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| "a statement has no id".to_owned())
}
