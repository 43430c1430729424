//! The entry that seals a batch: its counts, the Merkle root of its raw records, and the set of its findings.
//!
//! With it "all findings of the period" can be proved complete without an entry for each finding.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::normal::Normal;
use crate::law::hash;
use crate::store::{Assignment, Draft};
use crate::withheld::{Counts, Noticed};

/// The id of the entry of a batch.
pub(crate) fn id(source: &str, seq: i64) -> String {
    hash(&["batch.sealed", &name(source, seq)])
}

fn name(source: &str, seq: i64) -> String {
    format!("{source}/{seq}")
}

/// `not_evaluated` counts events that no rule could look at (deeper or larger than rules read); they are in the lake.
pub(super) fn draft(
    assignment: &Assignment,
    normal: &Normal,
    findings: &[Noticed],
    not_evaluated: usize,
    now: Timestamp,
) -> Draft {
    let sealed = evidence::population::finding_set(findings.iter().map(|noticed| noticed.finding.uid.as_str()));
    let name = name(&assignment.source, assignment.seq);
    let mut draft = Draft {
        id: id(&assignment.source, assignment.seq),
        kind: "batch.sealed".to_owned(),
        at: now,
        subject: assignment.source.clone(),
        clear: json!({
            "id": name,
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
    };
    if !normal.columns.is_empty() {
        draft.clear["columns"] = json!(normal.columns);
    }
    add_withheld(&mut draft.clear, &Counts::of(findings));
    draft
}

/// Findings that open no incident are counted apart; an entry without such a count has none.
fn add_withheld(clear: &mut Value, counts: &Counts) {
    if 0 < counts.held_back {
        clear["held_back"] = json!(counts.held_back);
    }
    if !counts.suppressed_by.is_empty() {
        clear["suppressed"] = json!(counts.suppressed());
        clear["suppressed_by"] = json!(counts.suppressed_by);
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
