//! Events that are OCSF already (`ocsf/events`): Security Lake, Security Hub in its newer form, and anybody who speaks it.
//!
//! Each keeps its class where this crate has it, else the nearest: findings become Detection Finding, everything done to data or
//! accounts API Activity, the rest a Base event; the class it came with stays in `unmapped`. Parquet is not read here. Rules see the event
//! itself. Contents: OCSF schema 1.8, base event.

use ocsf::{
    Account, Action, Api, Class, Cloud, Endpoint, Event, FindingStatus, HttpRequest, Identified, Resource, Severity,
    Status, Url, VendorFinding,
};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};
use crate::frame::member_text;

/// The five members every event of the schema has.
pub(super) fn is(keys: &Keys<'_>, record: &[u8]) -> bool {
    let number = |name: &[u8]| member_text(record, name).is_some_and(|text| text.iter().all(u8::is_ascii_digit));
    keys.has_all(&[b"class_uid", b"metadata", b"time"])
        && number(b"class_uid")
        && keys.count(&[b"activity_id", b"type_uid", b"category_uid", b"severity_id"]) >= 2
}

/// The kind of Security Hub event whose findings are OCSF; they are split before a record gets here.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["time", "time_dt"])?;
    let class_uid = tree.count(&["class_uid"]).ok_or_else(|| Unreadable::missing("class_uid"))?;
    let class = class(class_uid);
    let operation = tree.take(&["api/operation", "activity_name", "metadata/event_code", "type_name"]);
    let operation = operation.unwrap_or_else(|| class_uid.to_string());
    let mut event = begin(Format::OcsfEvents, class, when, raw, ("OCSF", "OCSF"), &operation);
    event.metadata.uid = tree.take(&["metadata/uid"]).into();
    event.metadata.feature = tree.take(&["metadata/product/feature/name", "metadata/product/name"]);
    event.metadata.correlation_uid = tree.take(&["metadata/correlation_uid"]);
    event.metadata.tenant_uid = tree.take(&["metadata/tenant_uid"]);
    let activity = tree.count(&["activity_id"]).and_then(|id| u8::try_from(id).ok());
    // Numbers mean something else in another class.
    event.activity_id = if u64::from(class.uid()) == class_uid { activity.unwrap_or(0).min(99) } else { 99 };
    if u64::from(class.uid()) != class_uid {
        event.unmapped.insert("class_uid".to_owned(), class_uid.into());
    }
    if !is_known_activity(class, event.activity_id) {
        event.activity_id = 99;
    }
    event.severity = severity(tree.count(&["severity_id"]));
    set_status(&mut event, &mut tree);
    set_places(&mut event, &mut tree);
    set_people(&mut event, &mut tree);
    set_rest(&mut event, &mut tree);
    let kept = std::mem::take(&mut event.unmapped);
    event.unmapped = tree.rest();
    event.unmapped.extend(kept);
    Ok(event)
}

fn class(uid: u64) -> Class {
    let same = Class::ALL.into_iter().find(|class| u64::from(class.uid()) == uid);
    same.unwrap_or(match uid / 1000 {
        2 => Class::DetectionFinding,
        3 | 6 => Class::ApiActivity,
        4 => Class::NetworkActivity,
        _ => Class::Base,
    })
}

/// The last activity each class numbers without a gap.
fn is_known_activity(class: Class, id: u8) -> bool {
    let last = match class {
        Class::Base => 0,
        Class::DetectionFinding => 3,
        Class::AccountChange => 12,
        Class::Authentication | Class::NetworkActivity => 7,
        Class::HttpActivity => 9,
        Class::DnsActivity => 2,
        Class::ApiActivity => 4,
    };
    id <= last || id == 99
}

fn severity(id: Option<u64>) -> Severity {
    match id {
        Some(2) => Severity::Low,
        Some(3) => Severity::Medium,
        Some(4) => Severity::High,
        Some(5 | 6) => Severity::Critical,
        _ => Severity::Informational,
    }
}

fn set_status(event: &mut Event, tree: &mut Tree) {
    let id = tree.count(&["status_id"]);
    let word = tree.take(&["status"]);
    event.status_code = tree.take(&["status_code"]);
    event.status_detail = tree.take(&["status_detail"]);
    event.message = tree.take(&["message"]);
    event.action = match tree.count(&["action_id"]) {
        Some(1) => Some(Action::Allowed),
        Some(2) => Some(Action::Denied),
        _ => None,
    };
    if event.class != Class::DetectionFinding {
        event.status = match (id, word.as_deref()) {
            (Some(1), _) | (None, Some("Success")) => Status::Success,
            (Some(2), _) | (None, Some("Failure")) => Status::Failure,
            _ => Status::Unknown,
        };
        if event.status == Status::Unknown {
            event.status_detail = event.status_detail.take().or(word);
        }
        return;
    }
    let finding = VendorFinding {
        uid: tree.take(&["finding_info/uid", "finding/uid"]).unwrap_or_else(|| event.uid().to_owned()),
        title: tree.take(&["finding_info/title", "finding/title"]),
        desc: tree.take(&["finding_info/desc", "finding/desc"]),
        status: match id {
            Some(1) => FindingStatus::New,
            Some(2) => FindingStatus::InProgress,
            Some(3) => FindingStatus::Suppressed,
            Some(4) => FindingStatus::Resolved,
            Some(5) => FindingStatus::Archived,
            _ => FindingStatus::Unknown,
        },
        ..VendorFinding::default()
    };
    event.finding = Some(Box::new(finding));
}

fn set_places(event: &mut Event, tree: &mut Tree) {
    let account = tree.take(&["cloud/account/uid", "cloud/account_uid"]);
    let account = account.map(|uid| Account { uid: Some(uid), ..Account::default() });
    let provider = match tree.take(&["cloud/provider"]).as_deref() {
        Some("AWS") => Some("AWS"),
        Some("Azure" | "Microsoft") => Some("Azure"),
        Some("GCP" | "Google") => Some("GCP"),
        Some(_) => Some("Other"),
        None => None,
    };
    let region = tree.take(&["cloud/region"]);
    event.cloud = provider.map(|provider| Cloud { provider, region, zone: None, account });
    let mut end = |name: &str| {
        let at = |field: &str| format!("{name}/{field}");
        let mut end =
            tree::endpoint(tree.take(&[&at("ip"), &at("hostname"), &at("domain"), &at("svc_name"), &at("name")]))?;
        end.port = tree::port(tree.count(&[&at("port")]));
        end.uid = tree.take(&[&at("uid")]);
        Some(end)
    };
    event.src_endpoint = end("src_endpoint").or_else(|| end("evidences/0/src_endpoint"));
    event.dst_endpoint = end("dst_endpoint").or_else(|| end("evidences/0/dst_endpoint"));
}

fn set_people(event: &mut Event, tree: &mut Tree) {
    let person = |tree: &mut Tree, at: &str| {
        let name = tree.take(&[&format!("{at}/name"), &format!("{at}/email_addr"), &format!("{at}/full_name")]);
        tree::user(name, tree.take(&[&format!("{at}/uid"), &format!("{at}/uuid")]))
    };
    let actor = person(tree, "actor/user").or_else(|| person(tree, "evidences/0/actor/user"));
    let arn = actor.as_ref().and_then(|user| user.uid.as_deref()).and_then(super::aws::key_of_arn);
    tree::set_actor(event, "ocsf", actor);
    event.actor_key = arn.or(event.actor_key.take());
    event.user = person(tree, "user").map(Box::new);
}

fn set_rest(event: &mut Event, tree: &mut Tree) {
    if let Some(api) = &mut event.api {
        **api = Api { service: tree.take(&["api/service/name"]).map(Identified::named), ..Api::clone(api) };
    }
    let request = HttpRequest {
        http_method: tree.take(&["http_request/http_method"]),
        url: tree.take(&["http_request/url/path"]).map(|path| Url { path: Some(path), ..Url::default() }),
        user_agent: tree.take(&["http_request/user_agent"]),
        ..HttpRequest::default()
    };
    event.http_request = (request != HttpRequest::default()).then(|| Box::new(request));
    let code = tree.count(&["http_response/code"]).and_then(|code| u16::try_from(code).ok());
    event.http_response = code.map(|code| ocsf::HttpResponse { code, ..ocsf::HttpResponse::default() });
    event.bytes = tree.count(&["traffic/bytes_out", "traffic/bytes"]);
    let resource = |at: usize| Resource {
        uid: tree.peek(&format!("resources/{at}/uid")),
        name: tree.peek(&format!("resources/{at}/name")),
        kind: tree.peek(&format!("resources/{at}/type")),
        owner: None,
    };
    let resources: Vec<Resource> = (0..tree.list("resources").len()).map(resource).collect();
    event.resources.extend(resources.into_iter().filter(|one| one.uid.is_some() || one.name.is_some()));
    if event.class == Class::DnsActivity {
        let hostname = tree.take(&["query/hostname"]).unwrap_or_else(|| "unknown".to_owned());
        let query = ocsf::DnsQuery { hostname, kind: tree.take(&["query/type"]), class: None };
        event.dns = Some(Box::new(ocsf::Dns { query, answers: Vec::new(), rcode: tree.take(&["rcode"]) }));
    }
    if event.class == Class::NetworkActivity && event.src_endpoint.is_none() && event.dst_endpoint.is_none() {
        event.dst_endpoint = Some(Endpoint { name: Some("Unknown".to_owned()), ..Endpoint::default() });
    }
    event.service = tree.take(&["service/name"]).map(Identified::named);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_kept_or_brought_near() {
        let raw = br#"{"class_uid":6005,"category_uid":6,"activity_id":1,"type_uid":600501,"severity_id":1,"time":1772446272000,"status_id":2,
            "metadata":{"version":"1.8.0","uid":"e-1","product":{"name":"shop"}},"actor":{"user":{"name":"ann"}},"src_endpoint":{"ip":"192.0.2.7"},
            "database":{"name":"campus"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status, event.uid()), (600_399, Status::Failure, "e-1"));
        assert_eq!((event.actor_key.as_deref(), event.hot().src_ip), (Some("ocsf:ann"), Some("192.0.2.7")));
        assert_eq!(
            (&event.unmapped["class_uid"], &event.unmapped["database"]["name"]),
            (&6005.into(), &"campus".into())
        );
        let login = br#"{"class_uid":3002,"activity_id":1,"severity_id":1,"time":1772446272000,"metadata":{},"user":{"name":"ann"}}"#;
        assert_eq!(normalize(login).unwrap().type_uid(), 300_201);
    }
}
