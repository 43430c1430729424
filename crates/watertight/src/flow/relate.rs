//! Links that come later than the findings they explain: the incidents of those findings are linked to what fits now.
//!
//! Logs of different services arrive in any order; a finding is decided with what was known when it was made. Repeating
//! this after a crash says nothing twice.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use lake::Txn;

use super::Normal;
use crate::cases;
use crate::entities;
use crate::exit::Failure;
use crate::instance::Instance;
use crate::stored_findings::{self, quoted};

/// How long ago a finding may have been discovered to be looked at again.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(72);
/// Findings looked at again, the newest.
const FINDINGS_MAX: usize = 500;

/// Looks again at recent findings about the entities of which a batch has told who stands behind them.
pub(super) async fn findings(instance: &Instance, normal: &Normal, txn: &Txn, now: Timestamp) -> Result<(), Failure> {
    let told_of: BTreeSet<&String> = normal.events().flat_map(|event| &event.links).map(|link| &link.to).collect();
    if told_of.is_empty() {
        return Ok(());
    }
    let since = now.checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
    let opens = instance.store.cases().await.incidents.config.open_at.id();
    // Findings that open incidents are few, links are many: most batches end here.
    let recent = format!(
        "severity >= {opens} AND discovered_time >= TIMESTAMP '{since}' AND NOT (source = {} AND seq = {})",
        quoted(&txn.source),
        txn.seq
    );
    let mut findings = stored_findings::find(&instance.lake, &recent).await?;
    findings.sort_by(|a, b| (b.discovered, b.time, &b.uid).cmp(&(a.discovered, a.time, &a.uid)));
    findings.truncate(FINDINGS_MAX);
    entities::resolve(&instance.lake, &instance.config, &mut findings).await?;
    findings.retain(|finding| finding.chain.iter().any(|step| told_of.contains(&step.to)));
    if findings.is_empty() {
        return Ok(());
    }
    cases::decide(&instance.store, incident::Command::Relate(findings), now).await.map(|_appended| ())
}
