//! A finding: something noticed about one event. OCSF 2004 (detection), 2006 (data security) or 2003 (compliance).
//!
//! It stands between detection and `incident`. It is immutable and its uid is a hash, so a replay makes the same one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{ChainStep, Severity};

/// OCSF class of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingClass {
    /// 2003 Compliance Finding: a control failed.
    Compliance,
    /// 2004 Detection Finding: a rule matched.
    Detection,
    /// 2006 Data Security Finding: sensitive data seen where it should not be.
    DataSecurity,
}

impl FindingClass {
    /// The OCSF `class_uid`.
    #[must_use]
    pub fn uid(self) -> u32 {
        match self {
            Self::Compliance => 2003,
            Self::Detection => 2004,
            Self::DataSecurity => 2006,
        }
    }
}

/// How sure we are, apart from how bad it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// The rule behind a finding. `version` is the SHA-256 (hex) of the rule's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRef {
    pub id: String,
    pub title: String,
    pub version: String,
    /// Where the leak happens: `storage`, `database`, `identity`, `network`, `logging`, `keys`, `checkout`,
    /// `product_api`, `customer_account`, `student_portal`, `course_delivery`, `assessment`.
    pub surface: String,
}

/// OCSF observable: a value worth pivoting on. `type_id` is OCSF's (2 IP address, 4 user name, 10 resource uid, …).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observable {
    pub name: String,
    pub type_id: u32,
    pub value: String,
}

/// Sensitive data seen, by identifier id (`CREDIT_CARD`, `EMAIL`, …) with a count; never the values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSeen {
    pub identifier: String,
    pub category: String,
    pub count: u64,
}

/// What a correlation adds to a finding: the stretch of events that it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correlated {
    /// Sigma's word: `event_count`, `value_count`, `temporal`, ….
    pub kind: String,
    /// What its events share: the group-by fields with their values, `None` where an event has no such field.
    pub group: Vec<(String, Option<String>)>,
    /// When the first of its events happened.
    pub first: Timestamp,
    /// The length of a window, in seconds.
    pub timespan_seconds: u64,
    /// What was reached when the condition first held, as decimal text.
    pub reached: String,
    /// How many events it had by then.
    pub events: u64,
    /// Uids of findings that late events have shown to be parts of this one.
    pub supersedes: Vec<String>,
}

/// What a baseline adds to a finding: what was seen, what was expected, and the history that makes it unusual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Whose normal it is, as the events spell it.
    pub entity: String,
    /// With whom it was compared, where it was.
    pub peer: Option<String>,
    /// The value or the amount.
    pub observed: String,
    /// What would have been no surprise, in words.
    pub expected: String,
    /// Events, or stretches of time with events, that taught what is normal.
    pub observations: u64,
    /// The first of them.
    pub since: Timestamp,
    /// One sentence for the reader.
    pub text: String,
}

/// Something noticed. Times are instants; `time` is the event's own, `discovered` is when we stored it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub uid: String,
    pub tenant: String,
    pub class: FindingClass,
    pub rule: RuleRef,
    pub severity: Severity,
    pub confidence: Confidence,
    pub time: Timestamp,
    pub discovered: Timestamp,
    /// `product/service` of the record, for example `aws/cloudtrail`.
    pub logsource: String,
    /// The vendor's id of the event (CloudTrail `eventID`), or our record digest when it has none.
    pub event_uid: String,
    /// Every event it stands on, as far as listed: the one above, or those of the window that a correlation found.
    #[serde(default)]
    pub event_uids: Vec<String>,
    /// Entity key of who did it, for example `aws:role-session:111122223333/deploy/ci`; `None` when the record names nobody.
    pub actor: Option<String>,
    /// Uids of what it was done to (bucket ARN, Azure resource id, `student:S-1001`).
    pub resources: Vec<String>,
    /// Keys by which findings belong together; two findings that share one may join one incident.
    pub group_keys: Vec<String>,
    /// Keys of what it has to do with. It joins an incident that has one of them as a group key, and the other way round;
    /// two findings that share only these do not belong together.
    #[serde(default)]
    pub linked_keys: Vec<String>,
    /// How it was followed to who stands behind its actor.
    #[serde(default)]
    pub chain: Vec<ChainStep>,
    pub observables: Vec<Observable>,
    /// ATT&CK technique ids (`T1537`).
    pub attack: Vec<String>,
    pub data: Vec<DataSeen>,
    /// `None` for what one event shows.
    #[serde(default)]
    pub correlation: Option<Correlated>,
    /// Only for what is unusual.
    #[serde(default)]
    pub anomaly: Option<Anomaly>,
}

/// The deterministic uid: SHA-256 over length-prefixed parts, first 16 bytes in hex.
/// `key` is the event uid for single-event rules, group and window for correlations.
#[must_use]
pub fn finding_uid(tenant: &str, rule_id: &str, rule_version: &str, key: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [tenant, rule_id, rule_version, key] {
        // The length keeps ("ab","c") and ("a","bc") apart.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uid_depends_on_every_part_and_on_their_borders() {
        let base = finding_uid("t", "rule", "v1", "event");
        assert_eq!(base.len(), 32);
        assert_eq!(base, finding_uid("t", "rule", "v1", "event"));
        for other in [
            finding_uid("u", "rule", "v1", "event"),
            finding_uid("t", "rule2", "v1", "event"),
            finding_uid("t", "rule", "v2", "event"),
            finding_uid("t", "rulev", "1", "event"),
        ] {
            assert_ne!(base, other);
        }
    }
}
