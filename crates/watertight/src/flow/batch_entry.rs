//! The entry that seals a batch: its counts, the Merkle root of its raw records, and the set of its findings.
//!
//! With it "all findings of the period" can be proved complete without an entry for each finding.

use jiff::Timestamp;
use ocsf::Finding;
use serde_json::json;

use super::normal::Normal;
use crate::law::hash;
use crate::store::{Assignment, Draft};

/// `not_evaluated` counts events that no rule could look at (deeper or larger than rules read); they are in the lake.
pub(super) fn draft(
    assignment: &Assignment,
    normal: &Normal,
    findings: &[Finding],
    not_evaluated: usize,
    now: Timestamp,
) -> Draft {
    let sealed = evidence::population::finding_set(findings.iter().map(|finding| finding.uid.as_str()));
    let id = format!("{}/{}", assignment.source, assignment.seq);
    Draft {
        id: hash(&["batch.sealed", &id]),
        kind: "batch.sealed".to_owned(),
        at: now,
        subject: assignment.source.clone(),
        clear: json!({
            "id": id,
            "source": assignment.source,
            "seq": assignment.seq,
            "records": normal.records(),
            "events": normal.events.len(),
            "rejected": normal.rejected.len(),
            "findings": findings.len(),
            "not_evaluated": not_evaluated,
            "raw_root": raw_root(&normal.digests),
            evidence::population::FINDINGS_ROOT: sealed.root,
            evidence::population::FINDINGS_COUNT: sealed.count,
            "content_version": assignment.content_version,
            "last_event": normal.last_event,
        }),
        body: None,
    }
}

/// RFC 6962 root over the records' digests, in the order they were read.
fn raw_root(digests: &[[u8; 32]]) -> evidence::Hash {
    let mut frontier = evidence::tree::Frontier::default();
    for digest in digests {
        frontier.push(evidence::leaf_hash(digest));
    }
    frontier.root()
}
