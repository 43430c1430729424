//! Canvas live events in Canvas's own format (`canvas/live_events`): Authentication for logins, API Activity for the rest.
//!
//! Rules see the event itself (`metadata.event_name`, `metadata.user_id`, `body`). Live events in Caliper's format are
//! `caliper/events`. Contents: Canvas documentation, "Live Events, event type by category".

use ocsf::{
    Account, Actor, Api, ApiRequest, Class, Cloud, Event, HttpRequest, Identified, Resource, Session, Status, Url, User,
};

use super::json::{Raw, Scalar, fields, parse};
use super::{Format, Unreadable, aws, azure, time, web};

fields!(Record { metadata = "metadata": Metadata<'a>, body = "body": Raw<'a> });
fields!(Metadata {
    name = "event_name": Scalar<'a>,
    when = "event_time": Scalar<'a>,
    ip = "client_ip": Scalar<'a>,
    agent = "user_agent": Scalar<'a>,
    user = "user_id": Scalar<'a>,
    real_user = "real_user_id": Scalar<'a>,
    login = "user_login": Scalar<'a>,
    sis = "user_sis_id": Scalar<'a>,
    session = "session_id": Scalar<'a>,
    request = "request_id": Scalar<'a>,
    url = "url": Scalar<'a>,
    hostname = "hostname": Scalar<'a>,
    method = "http_method": Scalar<'a>,
    referrer = "referrer": Scalar<'a>,
    account = "root_account_uuid": Scalar<'a>,
    role = "context_role": Scalar<'a>,
    context_kind = "context_type": Scalar<'a>,
    context = "context_id": Scalar<'a>,
});

/// A live event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let meta = &record.metadata;
    let when = time::required("metadata.event_time", meta.when.required("metadata.event_time")?)?;
    let operation = meta.name.required("metadata.event_name")?;

    let (class, activity_id) = class(operation);
    let mut event = Event::new(Format::CanvasLiveEvents.id(), class, when, raw);
    event.activity_id = activity_id;
    event.metadata = ocsf::Metadata {
        product_name: "Canvas",
        vendor_name: "Instructure",
        event_code: Some(operation.to_owned()),
        correlation_uid: meta.request.string(),
        tenant_uid: meta.account.string(),
        ..ocsf::Metadata::default()
    };
    let account = meta.account.string().map(|uid| Account { uid: Some(uid), ..Account::default() });
    event.cloud = Some(Cloud { provider: "Canvas", region: None, zone: None, account });
    let service = Identified::named(meta.hostname.string().unwrap_or_else(|| "Canvas".to_owned()));
    event.api = Some(Box::new(Api {
        operation: operation.to_owned(),
        service: Some(service.clone()),
        request: meta.request.string().map(|uid| ApiRequest { uid, data: None }),
        ..Api::default()
    }));
    event.service = Some(service);
    event.session = meta.session.string().map(Session::of);
    set_actor(&mut event, meta);
    event.src_endpoint = meta.ip.text().map(azure::endpoint);
    event.http_request = request(meta).map(Box::new);
    // Live events tell what was done.
    event.status = Status::Success;
    event.resources = resources(operation, &record);
    Ok(event)
}

/// Whoever masquerades is the actor: `real_user_id` then names him.
fn set_actor(event: &mut Event, meta: &Metadata<'_>) {
    let acting = meta.real_user.string().or_else(|| meta.user.string());
    let by_address = || meta.ip.text().and_then(aws::key_of_ip);
    event.actor_key = acting.as_ref().map(|id| format!("canvas:{id}")).or_else(by_address);
    let masquerades = meta.real_user.string().is_some_and(|real| Some(real) != meta.user.string());
    let user = User {
        name: meta.login.string().filter(|_| !masquerades),
        uid: acting,
        uid_alt: meta.sis.string().filter(|_| !masquerades),
        kind: meta.role.string(),
        ..User::default()
    };
    let known = user.name.is_some() || user.uid.is_some();
    let actor = Actor { user: known.then_some(user), session: event.session.clone(), ..Actor::default() };
    event.user = actor.user.clone().map(Box::new);
    event.actor = (!actor.is_empty()).then_some(actor).map(Box::new);
}

fn request(meta: &Metadata<'_>) -> Option<HttpRequest> {
    let request = HttpRequest {
        http_method: meta.method.string(),
        url: meta.url.text().map(|url| {
            let (path, query) = web::path_and_query(url);
            let host = web::host_and_target(url).0.map(str::to_owned).or_else(|| meta.hostname.string());
            Url { path: Some(path.to_owned()), query_string: query.map(str::to_owned), hostname: host }
        }),
        user_agent: meta.agent.string(),
        referrer: meta.referrer.string(),
        ..HttpRequest::default()
    };
    (request != HttpRequest::default()).then_some(request)
}

/// What the name of the event says it is about (`submission_created`: `body.submission_id`), the asset that was accessed, and the
/// course or account around it.
fn resources(operation: &str, record: &Record<'_>) -> Vec<Resource> {
    let body = record.body.text().filter(|text| text.starts_with('{')).unwrap_or("{}");
    let said = |name: &str| {
        let value = sonic_rs::get(body, [name]).ok()?;
        let text = value.as_raw_str().trim_matches('"').to_owned();
        (text != "null" && !text.is_empty()).then_some(text)
    };
    let of = |kind: &str, id: String| Resource {
        uid: Some(format!("{kind}:{id}")),
        kind: Some(kind.to_owned()),
        ..Resource::default()
    };
    let asset = said("asset_type").zip(said("asset_id")).map(|(kind, id)| of(&kind, id));
    let thing = operation.rsplit_once('_').map_or(operation, |(thing, _)| thing);
    let named = || said(&format!("{thing}_id")).map(|id| of(thing, id));
    let mut out: Vec<Resource> = asset.or_else(named).into_iter().collect();
    if let (Some(kind), Some(id)) = (record.metadata.context_kind.text(), record.metadata.context.string()) {
        out.push(of(&kind.to_lowercase(), id));
    }
    out
}

fn class(operation: &str) -> (Class, u8) {
    match operation {
        "logged_in" => return (Class::Authentication, 1),
        "logged_out" => return (Class::Authentication, 2),
        _ => {}
    }
    let activity = match operation.rsplit('_').next().unwrap_or_default() {
        "created" | "submitted" | "associated" => 1,
        "accessed" | "viewed" => 2,
        "updated" | "change" | "override" | "completed" | "merged" | "split" => 3,
        "deleted" | "removed" => 4,
        _ => 99,
    };
    (Class::ApiActivity, activity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_accessed_by_somebody_in_anothers_name() {
        let raw = br#"{"metadata":{"event_name":"asset_accessed","event_time":"2026-03-02T10:11:12.345Z","user_id":"42","real_user_id":"7",
            "user_login":"ann@larkfield.example","client_ip":"192.0.2.7","url":"https://campus.example/files/3?download=1",
            "http_method":"GET","context_type":"Course","context_id":"9","producer":"canvas"},
            "body":{"asset_type":"attachment","asset_id":"3","asset_name":null}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status), (600_302, Status::Success));
        assert_eq!(event.actor_key.as_deref(), Some("canvas:7"));
        assert_eq!(event.hot().user_name, Some("7"));
        assert_eq!(event.hot().resources, ["attachment:3", "course:9"]);
        assert_eq!(event.hot().src_ip, Some("192.0.2.7"));
    }

    #[test]
    fn names_say_what_they_are_about() {
        let raw = br#"{"metadata":{"event_name":"submission_created","event_time":"2026-03-02T10:11:12Z"},"body":{"submission_id":5}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(event.hot().resources, ["submission:5"]);
        assert_eq!(event.actor_key, None);
    }
}
