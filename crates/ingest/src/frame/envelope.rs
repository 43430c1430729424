//! Objects that only wrap a list of records: `{"Records":[…]}`, `{"value":[…]}`, `{"detail":{"findings":[…]}}`.
//!
//! Tells a wrapper from a record that happens to have a list in it: the name must be one of these, names that records use
//! too need a companion, and the list must hold objects (or nothing).

use super::json::{Members, skip_space};

/// Names that wrap whatever stands around them.
const WRAPPING_NAMES: [&[u8]; 4] = [b"Records", b"records", b"value", b"logEvents"];
/// Names that wrap when hardly anything else is there: the answers of AWS (`NextToken`) and of a learning record store.
const LONELY_NAMES: [&[u8]; 4] = [b"findings", b"Findings", b"statements", b"configurationItems"];
const LONELY_MEMBERS_MAX: usize = 3;
/// Names that wrap only in the company of another: Caliper's envelope, the lists of Kubernetes and Google Workspace,
/// the snapshots of AWS Config, the decrypted activity of databases, the logs of CADF.
const ACCOMPANIED: [(&[u8], &[u8]); 5] = [
    (b"data", b"sensor"),
    (b"items", b"kind"),
    (b"configurationItems", b"fileVersion"),
    (b"databaseActivityEventList", b"type"),
    (b"events", b"typeURI"),
];
/// An object inside an object that wraps: EventBridge around Security Hub findings, Okta's event hook.
const NESTED: [(&[u8], &[u8], &[u8]); 2] =
    [(b"detail", b"findings", b"detail-type"), (b"data", b"events", b"eventTypeVersion")];

/// Where a wrapped list starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrapped {
    /// Index behind the `[`.
    pub(super) list_at: usize,
    /// Objects around the list.
    pub(super) depth: u32,
}

/// The wrapped list, when the object at the start of `text` is a wrapper.
/// Looks no further than `text`; a wrapper whose list starts later is taken for a record.
pub(super) fn wrapped_list(text: &[u8]) -> Option<Wrapped> {
    let names: Vec<(&[u8], usize)> = Members::of(text)?.map(|member| (member.name, member.value_at)).collect();
    let has = |wanted: &[u8]| names.iter().any(|(name, _)| *name == wanted);
    for (name, value_at) in &names {
        let accompanied = ACCOMPANIED.iter().any(|(wraps, beside)| name == wraps && has(beside));
        let lonely = LONELY_NAMES.contains(name) && names.len() <= LONELY_MEMBERS_MAX;
        if (lonely || accompanied || WRAPPING_NAMES.contains(name)) && list_of_objects(text, *value_at) {
            return Some(Wrapped { list_at: value_at + 1, depth: 1 });
        }
        let nested = NESTED.iter().filter(|(outer, _, beside)| name == outer && has(beside));
        for (_, inner, _) in nested {
            let object = text.get(*value_at..).unwrap_or_default();
            let found = Members::of(object).and_then(|mut members| members.find(|member| member.name == *inner));
            let Some(found) = found.filter(|found| list_of_objects(object, found.value_at)) else { continue };
            return Some(Wrapped { list_at: value_at + found.value_at + 1, depth: 2 });
        }
    }
    None
}

fn list_of_objects(text: &[u8], at: usize) -> bool {
    let first = text.get(skip_space(text, at + 1));
    text.get(at) == Some(&b'[') && matches!(first, Some(b'{' | b']') | None)
}

/// Whether the object at the start of `text` begins with a wrapper's name, as far as a glance tells. `value` is left
/// out: records have it, too.
pub(super) fn may_wrap(text: &[u8]) -> bool {
    let name = skip_space(text, 1);
    let name = text.get(name + 1..).unwrap_or_default();
    [&b"Records\""[..], b"records\"", b"logEvents\"", b"version\""].iter().any(|wrapping| name.starts_with(wrapping))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_and_look_alikes() {
        let cases: [(&[u8], Option<u32>); 18] = [
            (br#"{"Records":[{"a":1}]}"#, Some(1)),
            (br#"{"records" : [ ]}"#, Some(1)),
            (br#"{"@odata.context":"x","value":[{"#, Some(1)),
            (br#"{"owner":"1","logEvents":["#, Some(1)),
            (br#"{"value":[1,2]}"#, None),
            (br#"{"value":{"Records":[{}]}}"#, None),
            (br#"{"eventVersion":"1","resources":[{"ARN":"x"}]}"#, None),
            (br#"[{"Records":[]}]"#, None),
            (br#"{"Findings":[{"Id":"x"}],"NextToken":"y"}"#, Some(1)),
            (br#"{"service":"s","event":"e","timestamp":"t","findings":[{"Id":"x"}]}"#, None),
            (br#"{"sensor":"s","sendTime":"t","data":[{"id":"1"}]}"#, Some(1)),
            (br#"{"name":"s","data":[{"id":"1"}]}"#, None),
            (br#"{"kind":"EventList","items":[{"kind":"Event"}]}"#, Some(1)),
            (br#"{"basket":1,"items":[{"kind":"Event"}]}"#, None),
            (br#"{"detail-type":"Security Hub Findings - Imported","detail":{"a":1,"findings":[{}]}}"#, Some(2)),
            (br#"{"detail-type":"GuardDuty Finding","detail":{"id":"1","service":{}}}"#, None),
            (br#"{"detail":{"findings":[{}]}}"#, None),
            (
                br#"{"eventType":"com.okta.event_hook","eventTypeVersion":"1.0","data":{"events":[{"uuid":"1"}]}}"#,
                Some(2),
            ),
        ];
        for (text, wraps) in cases {
            assert_eq!(wrapped_list(text).map(|found| found.depth), wraps, "{}", String::from_utf8_lossy(text));
        }
    }
}
