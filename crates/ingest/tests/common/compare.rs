//! One event beside the document that another product made of the same record: ECS or OCSF, field by field.
//!
//! Only what the other document has is compared. Fields agree when one of our spellings is one of theirs: a product may know a
//! user by name where another keeps the id, and both stand in the record.

use ocsf::{Class, Event};
use serde_json::Value;

/// The columns of the table.
pub(crate) const FIELDS: [&str; 7] = ["time", "actor", "address", "action", "outcome", "status", "bytes"];

/// A field with our spellings and theirs.
pub(crate) struct Compared {
    pub(crate) field: &'static str,
    pub(crate) ours: Vec<String>,
    pub(crate) theirs: Vec<String>,
}

impl Compared {
    pub(crate) fn agree(&self) -> bool {
        self.theirs.iter().any(|theirs| self.ours.contains(theirs))
    }
}

pub(crate) fn compare(event: &Event, other: &Value) -> Vec<Compared> {
    let theirs = if other.get("class_uid").is_some() { of_ocsf(event, other) } else { of_ecs(event, other) };
    let ours = ours(event);
    let fields = FIELDS.into_iter().zip(ours).zip(theirs);
    let compared = fields.map(|((field, ours), theirs)| Compared { field, ours, theirs });
    compared.filter(|compared| !compared.theirs.is_empty()).collect()
}

/// Our spellings, in the order of [`FIELDS`].
fn ours(event: &Event) -> [Vec<String>; 7] {
    let lower = |texts: Vec<Option<String>>| texts.into_iter().flatten().map(|text| text.to_lowercase()).collect();
    let users = [event.actor.as_ref().and_then(|actor| actor.user.as_ref()), event.user.as_deref()];
    let spellings = |user: &ocsf::User| {
        let ocsf::User { name, uid, uid_alt, full_name, .. } = user.clone();
        [name, uid, uid_alt, full_name]
    };
    let mut actor: Vec<Option<String>> = users.into_iter().flatten().flat_map(spellings).collect();
    actor.push(event.actor.as_ref().and_then(|actor| actor.app_name.clone()));
    actor.push(event.actor_key.as_ref().map(|key| key.rsplit([':', '/']).next().unwrap_or_default().to_owned()));
    let ends = [&event.src_endpoint, &event.dst_endpoint].map(|end| end.as_ref().and_then(|end| end.ip.clone()));
    let finding = event.finding.as_ref();
    let mut action = vec![
        event.operation().map(str::to_owned),
        event.status_detail.clone(),
        event.metadata.event_code.clone(),
        event.api.as_ref().map(|api| api.operation.clone()),
        finding.and_then(|finding| finding.title.clone()),
    ];
    action.extend(finding.into_iter().flat_map(|finding| finding.types.iter().cloned().map(Some)));
    let code = event.http_response.as_ref().map(|response| response.code.to_string());
    let rcode = event.dns.as_ref().and_then(|dns| dns.rcode()).map(|(_, caption)| caption.to_owned());
    let traffic = event.traffic.as_ref();
    [
        vec![event.time.as_second().to_string()],
        lower(actor),
        lower(ends.to_vec()),
        lower(action),
        lower(vec![Some(event.status.as_str().to_owned())]),
        lower(vec![code, event.status_code.clone(), rcode]),
        lower(vec![
            event.bytes.map(|bytes| bytes.to_string()),
            traffic.and_then(|traffic| traffic.bytes).map(|bytes| bytes.to_string()),
        ]),
    ]
}

fn of_ecs(event: &Event, ecs: &Value) -> [Vec<String>; 7] {
    let mut times = values(ecs, &["/@timestamp"]);
    times = times
        .iter()
        .filter_map(|text| text.parse::<jiff::Timestamp>().ok())
        .map(|time| time.as_second().to_string())
        .collect();
    let mut actor = values(
        ecs,
        &[
            "/user/email",
            "/user/name",
            "/user/id",
            "/user/full_name",
            "/client/user/id",
            "/client/user/name",
            "/source/user/id",
            "/source/user/name",
        ],
    );
    actor.retain(|name| name != "-");
    let named = values(ecs, &["/rule/name"]);
    let is_finding = event.class == Class::DetectionFinding;
    // Of a finding there is no outcome, and a web server's is that of the request.
    let outcome = if is_finding { Vec::new() } else { values(ecs, &["/event/outcome"]) };
    [
        times,
        actor,
        values(ecs, &["/source/ip", "/client/ip"]),
        if named.is_empty() { values(ecs, &["/event/action"]) } else { named },
        outcome,
        values(ecs, &["/http/response/status_code", "/dns/response_code"]),
        values(ecs, &["/http/response/bytes", "/http/response/body/bytes"]),
    ]
}

fn of_ocsf(event: &Event, other: &Value) -> [Vec<String>; 7] {
    let times = values(other, &["/time"]);
    // Examples of the early versions count seconds, later ones milliseconds.
    let seconds =
        |text: &String| text.parse::<i64>().ok().map(|time| if time > 99_999_999_999 { time / 1000 } else { time });
    let actor =
        ["/actor/user/name", "/actor/user/uid", "/actor/user/uuid", "/actor/user/email_addr", "/actor/user/full_name"];
    let is_finding = event.class == Class::DetectionFinding;
    [
        times.iter().filter_map(seconds).map(|time| time.to_string()).collect(),
        values(other, &actor),
        values(other, &["/src_endpoint/ip"]),
        values(other, if is_finding { &["/finding_info/title", "/finding/title"] } else { &["/api/operation"] }),
        // Of a finding the status is the state of the work on it.
        if is_finding { Vec::new() } else { values(other, &["/status"]) },
        values(other, &["/http_response/code", "/rcode"]),
        values(other, &["/traffic/bytes"]),
    ]
}

fn values(document: &Value, pointers: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    for pointer in pointers {
        match document.pointer(pointer) {
            Some(Value::Array(list)) => out.extend(list.iter().filter_map(Value::as_str).map(str::to_owned)),
            Some(Value::String(text)) if !text.is_empty() && text != "-" => out.push(text.clone()),
            Some(Value::Number(number)) => out.push(number.to_string()),
            _ => {}
        }
    }
    out.iter().map(|text| text.to_lowercase()).collect()
}
