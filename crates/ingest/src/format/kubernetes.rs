//! Kubernetes audit log (`kubernetes/audit`): API Activity. As the API server writes it, out of CloudWatch (EKS) and out of an
//! Azure diagnostic stream (`kube-audit`, AKS).
//!
//! Rules see the event itself plus, where absent: `apiGroup`, and of a created pod `hostPath` and `capabilities` (what its
//! volumes mount of the node and what its containers may do beyond the default), as public rules name them. Contents:
//! Kubernetes documentation, audit.k8s.io/v1.

use std::borrow::Cow;

use ocsf::{
    Actor, Api, ApiRequest, ApiResponse, Class, Event, HttpRequest, Identified, Resource, Status, Url, User, UserType,
};

use super::append::Appended;
use super::json::{List, Scalar, fields, parse};
use super::{Format, Unreadable, aws, azure, time};
use crate::frame::member_text;

fields!(Record {
    audit_id = "auditID": Scalar<'a>,
    stage = "stage": Scalar<'a>,
    api_version = "apiVersion": Scalar<'a>,
    request_uri = "requestURI": Scalar<'a>,
    verb = "verb": Scalar<'a>,
    user = "user": Person<'a>,
    impersonated = "impersonatedUser": Person<'a>,
    source_ips = "sourceIPs": List<Scalar<'a>>,
    agent = "userAgent": Scalar<'a>,
    object = "objectRef": ObjectRef<'a>,
    response = "responseStatus": ResponseStatus<'a>,
    received = "requestReceivedTimestamp": Scalar<'a>,
    staged = "stageTimestamp": Scalar<'a>,
    annotations = "annotations": Annotations<'a>,
    request = "requestObject": RequestObject<'a>,
});
fields!(Person { name = "username": Scalar<'a>, uid = "uid": Scalar<'a> });
fields!(ObjectRef {
    resource = "resource": Scalar<'a>,
    namespace = "namespace": Scalar<'a>,
    name = "name": Scalar<'a>,
    subresource = "subresource": Scalar<'a>,
    group = "apiGroup": Scalar<'a>,
});
fields!(ResponseStatus {
    code = "code": Scalar<'a>,
    reason = "reason": Scalar<'a>,
    message = "message": Scalar<'a>,
});
fields!(Annotations {
    decision = "authorization.k8s.io/decision": Scalar<'a>,
    reason = "authorization.k8s.io/reason": Scalar<'a>,
});
fields!(RequestObject { spec = "spec": Spec<'a> });
fields!(Spec { volumes = "volumes": List<Volume<'a>>, containers = "containers": List<Container<'a>> });
fields!(Volume { host_path = "hostPath": HostPath<'a> });
fields!(HostPath { path = "path": Scalar<'a> });
fields!(Container { security = "securityContext": Security<'a> });
fields!(Security { capabilities = "capabilities": Capabilities<'a> });
fields!(Capabilities { add = "add": List<Scalar<'a>> });

/// The event inside an Azure diagnostic record, where it is JSON in `properties.log`.
pub(super) fn of_azure(record: &[u8]) -> Option<Vec<u8>> {
    let category = member_text(record, b"category")?;
    if !matches!(category, b"\"kube-audit\"" | b"\"kube-audit-admin\"") {
        return None;
    }
    let log = member_text(member_text(record, b"properties")?, b"log")?;
    serde_json::from_slice::<String>(log).ok().map(String::into_bytes)
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Cow<'_, [u8]>, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let mut view = Appended::to(raw)?;
    view.some("apiGroup", record.object.group.text());
    let spec = &record.request.spec;
    view.list("hostPath", spec.volumes.0.iter().filter_map(|volume| volume.host_path.path.text()));
    let added = spec.containers.0.iter().flat_map(|container| &container.security.capabilities.add.0);
    view.list("capabilities", added.filter_map(Scalar::text));
    Ok(Cow::Owned(view.finish()))
}

/// An audit event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let written = record.staged.text().or(record.received.text());
    let written = written.ok_or_else(|| Unreadable::missing("stageTimestamp (or requestReceivedTimestamp)"))?;
    let when = time::required("stageTimestamp", written)?;
    let verb = record.verb.required("verb")?;

    let mut event = Event::new(Format::KubernetesAudit.id(), Class::ApiActivity, when, raw);
    event.activity_id = match verb {
        "create" => 1,
        "get" | "list" | "watch" => 2,
        "update" | "patch" => 3,
        "delete" | "deletecollection" => 4,
        _ => 99,
    };
    event.metadata = metadata(&record);
    event.actor_key = actor_key(&record);
    event.actor = actor(&record).map(Box::new);
    // Whoever acts in another's name is the actor; the name borrowed is worth showing.
    if let Some(name) = record.impersonated.name.string() {
        event.unmapped.insert("impersonated_user".to_owned(), name.into());
    }
    event.api = Some(Box::new(api(&record, verb)));
    event.src_endpoint = record.source_ips.0.first().and_then(Scalar::text).map(azure::endpoint);
    event.http_request = Some(Box::new(HttpRequest {
        url: record.request_uri.text().map(Url::of_target),
        user_agent: record.agent.string(),
        ..HttpRequest::default()
    }));
    let code = record.response.code.count();
    event.status = match (code, record.annotations.decision.text()) {
        (_, Some("forbid")) => Status::Failure,
        (Some(code), _) if code < 400 => Status::Success,
        (Some(_), _) => Status::Failure,
        (None, _) => Status::Unknown,
    };
    event.status_code = code.map(|code| code.to_string());
    event.status_detail = record.response.reason.string().or_else(|| record.annotations.reason.string());
    event.resources.extend(resource(&record));
    Ok(event)
}

/// A request is written once for every stage; each writing is a record of its own.
fn metadata(record: &Record<'_>) -> ocsf::Metadata {
    let id = record.audit_id.string();
    let uid = match (&id, record.stage.text()) {
        (Some(id), Some(stage)) => Some(format!("{id}/{stage}")),
        (id, _) => (*id).clone(),
    };
    ocsf::Metadata {
        uid: uid.into(),
        product_name: "Kubernetes audit log",
        vendor_name: "Kubernetes",
        product_version: record.api_version.string(),
        event_code: record.stage.string(),
        correlation_uid: id,
        ..ocsf::Metadata::default()
    }
}

/// `k8s:<user name>`, a service account as it is spelled; of the anonymous user we know the address.
fn actor_key(record: &Record<'_>) -> Option<String> {
    let by_address = || record.source_ips.0.first().and_then(Scalar::text).and_then(aws::key_of_ip);
    let name = record.user.name.text().filter(|name| *name != "system:anonymous");
    name.map(|name| format!("k8s:{name}")).or_else(by_address)
}

fn actor(record: &Record<'_>) -> Option<Actor> {
    let name = record.user.name.string()?;
    let type_id = match name.strip_prefix("system:") {
        None => UserType::User,
        Some("anonymous") => UserType::Unknown,
        Some(rest) if rest.starts_with("serviceaccount:") => UserType::Service,
        Some(_) => UserType::System,
    };
    let user = User { name: Some(name), uid: record.user.uid.string(), type_id, ..User::default() };
    Some(Actor { user: Some(user), ..Actor::default() })
}

fn api(record: &Record<'_>, verb: &str) -> Api {
    let object = &record.object;
    let what = [object.resource.text(), object.subresource.text()].into_iter().flatten().collect::<Vec<_>>().join("/");
    let response = ApiResponse {
        code: record.response.code.count().and_then(|code| i64::try_from(code).ok()),
        error: record.response.reason.string(),
        error_message: record.response.message.string(),
        data: None,
    };
    Api {
        operation: if what.is_empty() { verb.to_owned() } else { format!("{verb} {what}") },
        service: Some(Identified::named(object.group.string().unwrap_or_else(|| "core".to_owned()))),
        request: record.audit_id.string().map(|uid| ApiRequest { uid, data: None }),
        response: (response != ApiResponse::default()).then_some(response),
        ..Api::default()
    }
}

/// `<namespace>/<resource>/<name>`; of what has no namespace `<resource>/<name>`.
fn resource(record: &Record<'_>) -> Option<Resource> {
    let object = &record.object;
    let kind = object.resource.text()?;
    let parts = [object.namespace.text(), Some(kind), object.name.text()];
    let uid = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    Some(Resource { uid: Some(uid), name: object.name.string(), kind: Some(kind.to_owned()), owner: None })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const POD: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a-1","stage":"ResponseComplete",
        "requestURI":"/api/v1/namespaces/shop/pods?x=1","verb":"create","user":{"username":"system:serviceaccount:shop:ci"},
        "sourceIPs":["192.0.2.7","10.0.0.1"],"userAgent":"kubectl","objectRef":{"resource":"pods","namespace":"shop","name":"p"},
        "responseStatus":{"code":201},"stageTimestamp":"2026-03-02T10:11:12.000000Z",
        "requestObject":{"spec":{"volumes":[{"hostPath":{"path":"/etc"}},{"name":"x"}],
            "containers":[{"securityContext":{"capabilities":{"add":["SYS_ADMIN"]}}},{"name":"y"}]}}}"#;

    #[test]
    fn a_pod_that_reaches_the_node() {
        let event = normalize(POD.as_bytes()).unwrap();
        assert_eq!((event.type_uid(), event.status), (600_301, Status::Success));
        assert_eq!(event.actor_key.as_deref(), Some("k8s:system:serviceaccount:shop:ci"));
        assert_eq!(event.hot().resources, ["shop/pods/p"]);
        assert_eq!(event.hot().operation, Some("create pods"));
        assert_eq!(event.uid(), "a-1/ResponseComplete");
        let view: Value = serde_json::from_slice(&view(POD.as_bytes()).unwrap()).unwrap();
        assert_eq!(view["hostPath"], serde_json::json!(["/etc"]));
        assert_eq!(view["capabilities"], serde_json::json!(["SYS_ADMIN"]));
        assert_eq!(view["objectRef"]["resource"], "pods");
    }

    #[test]
    fn inside_an_azure_record() {
        let wrapped =
            serde_json::json!({"category": "kube-audit", "properties": {"log": POD}, "time": "x"}).to_string();
        assert_eq!(of_azure(wrapped.as_bytes()).as_deref(), Some(POD.as_bytes()));
        assert_eq!(of_azure(br#"{"category":"kube-apiserver","properties":{"log":"I0302 text"}}"#), None);
    }

    #[test]
    fn the_anonymous_user_is_an_address() {
        let raw = POD.replace("system:serviceaccount:shop:ci", "system:anonymous").replace(":201", ":403");
        let event = normalize(raw.as_bytes()).unwrap();
        assert_eq!((event.actor_key.as_deref(), event.status), (Some("ip:192.0.2.7"), Status::Failure));
    }
}
