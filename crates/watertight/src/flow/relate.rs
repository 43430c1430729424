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
use crate::utc_day::utc_day;
use crate::withheld::Noticed;

/// How long ago a finding may have been discovered to be looked at again.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(72);
/// As `entities` counts: logs of two services may disagree on which came first.
const SHORTLY: SignedDuration = SignedDuration::from_hours(1);
/// Findings looked at again, the newest.
const FINDINGS_MAX: usize = 500;

/// Looks again at recent findings about the entities of which a batch has told who stands behind them.
pub(super) async fn findings(instance: &Instance, normal: &Normal, txn: &Txn, now: Timestamp) -> Result<(), Failure> {
    let told = || normal.events().filter(|event| !event.links.is_empty());
    let told_of: BTreeSet<&String> = told().flat_map(|event| &event.links).map(|link| &link.to).collect();
    // A link explains what came after it, or shortly before.
    let Some(earliest) = told().map(|event| event.time).min() else { return Ok(()) };
    let day = utc_day(earliest.checked_sub(SHORTLY).unwrap_or(Timestamp::MIN));
    let since = now.checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
    let opens = instance.store.cases().await.incidents.config.open_at.id();
    // Findings that open incidents are few, links are many: most batches end here.
    let recent = format!(
        "severity >= {opens} AND day >= DATE '{day}' AND discovered_time >= TIMESTAMP '{since}' AND NOT (source = {} AND seq = {})",
        quoted(&txn.source),
        txn.seq
    );
    let counts = |noticed: &Noticed| noticed.withheld.is_none();
    let newest = stored_findings::newest(&instance.lake, &recent, FINDINGS_MAX, counts).await?;
    let findings = newest.into_iter().map(|noticed| noticed.finding).collect();
    let mut findings = entities::led_through(&instance.lake, &instance.config, findings, &told_of).await?;
    if findings.is_empty() {
        return Ok(());
    }
    entities::resolve(&instance.lake, &instance.config, &mut findings).await?;
    cases::decide(&instance.store, incident::Command::Relate(findings), now).await.map(|_appended| ())
}
