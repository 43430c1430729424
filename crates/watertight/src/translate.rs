//! From one station's words to the next one's: event → lake row, rule hit → finding, finding → lake row.
//!
//! Siblings do not know each other; the binary translates between them here. Nothing is judged.

use jiff::Timestamp;
use ocsf::{Confidence, Event, Finding, FindingClass, Observable, RuleRef, Severity, finding_uid};
use sigma::{GroupKey, Rule};

/// OCSF observable types that we name (`observable.type_id`).
const TYPE_IP: u32 = 2;
const TYPE_USER: u32 = 4;
const TYPE_RESOURCE: u32 = 10;
const TYPE_USER_AGENT: u32 = 16;

/// A finding shows at most this many resources; the event in the lake has them all.
pub(crate) const RESOURCES_MAX: usize = 64;

/// What judged an event, and how.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) rule: RuleRef,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) group_by: &'a [GroupKey],
    pub(crate) attack: Vec<String>,
}

/// A rule matched an event.
pub(crate) fn finding(rule: &Rule, event: &Event, tenant: &str, now: Timestamp) -> Finding {
    let judged = Judged {
        rule: RuleRef {
            id: rule.id.clone(),
            title: rule.title.clone(),
            version: rule.version.clone(),
            surface: rule.watertight.surface.clone().unwrap_or_else(|| "unknown".to_owned()),
        },
        severity: severity(rule.level),
        confidence: confidence(rule.status),
        group_by: &rule.watertight.group_by,
        attack: rule.attack.clone(),
    };
    finding_on(judged, event, tenant, event.uid(), now)
}

/// A finding about one event; `key` tells it apart from others of the rule.
pub(crate) fn finding_on(judged: Judged<'_>, event: &Event, tenant: &str, key: &str, now: Timestamp) -> Finding {
    let hot = event.hot();
    let resources: Vec<String> = hot.resources.iter().take(RESOURCES_MAX).cloned().collect();
    let actor = hot.actor_key.map(str::to_owned);
    Finding {
        uid: finding_uid(tenant, &judged.rule.id, &judged.rule.version, key),
        tenant: tenant.to_owned(),
        class: FindingClass::Detection,
        rule: judged.rule,
        severity: judged.severity,
        confidence: judged.confidence,
        time: hot.time,
        discovered: now,
        logsource: hot.format.to_owned(),
        event_uid: hot.uid.to_owned(),
        event_uids: vec![hot.uid.to_owned()],
        group_keys: group_keys(judged.group_by, actor.as_deref(), &containers_of(event, &resources)),
        observables: observables(event, &resources),
        actor,
        resources,
        attack: judged.attack,
        data: Vec::new(),
        linked_keys: Vec::new(),
        chain: Vec::new(),
        correlation: None,
        anomaly: None,
    }
}

pub(crate) fn severity(level: Option<sigma::Level>) -> Severity {
    level.map_or(Severity::Unknown, |level| Severity::from_level(level.as_str()))
}

/// How far a rule is trusted, by the maturity its author claims.
pub(crate) fn confidence(status: Option<sigma::Status>) -> Confidence {
    match status {
        Some(sigma::Status::Stable) => Confidence::High,
        Some(sigma::Status::Test) => Confidence::Medium,
        _ => Confidence::Low,
    }
}

/// By which keys a finding joins others. Without a word from the rule: its actor, else what it was done to.
pub(crate) fn group_keys(group_by: &[GroupKey], actor: Option<&str>, containers: &[String]) -> Vec<String> {
    let by_actor = actor.map(|actor| format!("actor:{actor}"));
    let by_resource = || containers.iter().map(|container| format!("resource:{container}"));
    let mut keys = Vec::new();
    if group_by.is_empty() || group_by.contains(&GroupKey::Actor) {
        keys.extend(by_actor);
    }
    if group_by.contains(&GroupKey::Resource) || keys.is_empty() {
        keys.extend(by_resource());
    }
    keys.sort();
    keys.dedup();
    keys
}

/// What resources are kept in, so that the acts on them meet: a bucket stands for its objects, a service with a kind of
/// record (`product-api/customer`) for the records it hands out. Anything else stands for itself.
pub(crate) fn containers(logsource: &str, service: Option<&str>, resources: &[String]) -> Vec<String> {
    let container = |resource: &String| match (resource.strip_prefix("arn:aws:s3:::"), service) {
        (Some(path), _) => format!("arn:aws:s3:::{}", path.split('/').next().unwrap_or(path)),
        (None, Some(service)) if logsource.starts_with("application/") => {
            format!("{service}/{}", resource.split(':').next().unwrap_or(resource))
        }
        _ => resource.clone(),
    };
    resources.iter().map(container).collect()
}

fn containers_of(event: &Event, resources: &[String]) -> Vec<String> {
    containers(event.format, event.service.as_ref().and_then(|service| service.name.as_deref()), resources)
}

pub(crate) fn observables(event: &Event, resources: &[String]) -> Vec<Observable> {
    let hot = event.hot();
    observed(hot.src_ip, hot.user_name, hot.user_agent, resources)
}

/// The values worth pivoting on.
pub(crate) fn observed(
    src_ip: Option<&str>,
    user_name: Option<&str>,
    user_agent: Option<&str>,
    resources: &[String],
) -> Vec<Observable> {
    let named = |name: &str, type_id: u32, value: Option<&str>| {
        value.map(|value| Observable { name: name.to_owned(), type_id, value: value.to_owned() })
    };
    let mut found: Vec<Observable> = [
        named("src_endpoint.ip", TYPE_IP, src_ip),
        named("actor.user.name", TYPE_USER, user_name),
        named("http_request.user_agent", TYPE_USER_AGENT, user_agent),
    ]
    .into_iter()
    .flatten()
    .collect();
    found.extend(resources.iter().filter_map(|resource| named("resources.uid", TYPE_RESOURCE, Some(resource))));
    found
}

/// An event as the lake stores it, with the record it came from.
pub(crate) fn event_row(event: &Event, tenant: &str, source: &str, record: i64, now: Timestamp) -> lake::EventRow {
    let hot = event.hot();
    let owned = |value: Option<&str>| value.map(str::to_owned);
    let (raw, raw_bytes) = match std::str::from_utf8(hot.raw) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (String::from_utf8_lossy(hot.raw).into_owned(), Some(hot.raw.to_vec())),
    };
    lake::EventRow {
        tenant: tenant.to_owned(),
        source: source.to_owned(),
        record,
        logsource: hot.format.to_owned(),
        class_uid: i32::try_from(hot.class_uid).unwrap_or(0),
        time_us: hot.time.as_microsecond(),
        ingest_us: now.as_microsecond(),
        delivery_us: None,
        event_uid: hot.uid.to_owned(),
        operation: hot.operation.unwrap_or_default().to_owned(),
        status: Some(hot.status.to_owned()),
        actor: hot.actor_key.unwrap_or_default().to_owned(),
        user_name: owned(hot.user_name),
        src_ip: owned(hot.src_ip),
        user_agent: owned(hot.user_agent),
        account: owned(hot.account),
        region: owned(hot.region),
        bytes: hot.bytes.and_then(|bytes| i64::try_from(bytes).ok()),
        http_status: hot.http_status.map(i32::from),
        row_count: None,
        raw,
        raw_bytes,
        resources: hot.resources,
    }
}

pub(crate) fn finding_row(finding: &Finding, source: &str) -> lake::FindingRow {
    lake::FindingRow {
        uid: finding.uid.clone(),
        tenant: finding.tenant.clone(),
        rule_id: finding.rule.id.clone(),
        rule_version: finding.rule.version.clone(),
        title: finding.rule.title.clone(),
        surface: finding.rule.surface.clone(),
        severity: i32::from(finding.severity.id()),
        confidence: Some(finding.confidence as i32 + 1),
        class_uid: i32::try_from(finding.class.uid()).unwrap_or(0),
        time_us: finding.time.as_microsecond(),
        discovered_us: finding.discovered.as_microsecond(),
        logsource: finding.logsource.clone(),
        event_uid: finding.event_uid.clone(),
        event_uids: finding.event_uids.clone(),
        actor: finding.actor.clone().unwrap_or_default(),
        resources: finding.resources.clone(),
        attack: finding.attack.clone(),
        json: serde_json::to_string(finding).unwrap_or_default(),
        source: source.to_owned(),
    }
}

pub(crate) fn rejected_row(
    rejected: &ingest::Rejected,
    tenant: &str,
    source: &str,
    now: Timestamp,
) -> lake::RejectedRow {
    lake::RejectedRow {
        tenant: tenant.to_owned(),
        source: source.to_owned(),
        member: rejected.member.clone(),
        record: i64::try_from(rejected.record).unwrap_or(i64::MAX),
        reason: rejected.reason.clone(),
        raw: rejected.raw.clone(),
        ingest_us: now.as_microsecond(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_meet_in_their_bucket() {
        let resources = ["arn:aws:s3:::orders/2026/a.csv", "arn:aws:s3:::orders", "arn:aws:kms:x"].map(str::to_owned);
        let found = containers("aws/cloudtrail", None, &resources);
        assert_eq!(found, ["arn:aws:s3:::orders", "arn:aws:s3:::orders", "arn:aws:kms:x"]);
    }

    #[test]
    fn group_keys_follow_the_rule_and_never_come_out_empty_handed() {
        let bucket = ["b".to_owned(), "b".to_owned()];
        assert_eq!(group_keys(&[GroupKey::Actor, GroupKey::Resource], Some("a"), &bucket), ["actor:a", "resource:b"]);
        assert_eq!(group_keys(&[GroupKey::Resource], Some("a"), &bucket), ["resource:b"]);
        assert_eq!(group_keys(&[], None, &bucket), ["resource:b"], "nobody named: what it was done to");
        assert_eq!(group_keys(&[], Some("a"), &bucket), ["actor:a"]);
    }
}
