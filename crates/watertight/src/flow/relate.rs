//! Links that come later than the findings they explain: the incidents of those findings are linked to what fits now.
//!
//! Logs of different services arrive in any order; a finding is decided with what was known when it was made. Repeating
//! this after a crash says nothing twice.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use lake::{LinkRow, Txn};

use crate::cases;
use crate::entities;
use crate::exit::Failure;
use crate::instance::Instance;
use crate::stored_findings::{self, quoted};

/// How long ago a finding may have been discovered to be looked at again.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(72);
/// Entities of one batch whose findings are looked at again.
const ENTITIES_MAX: usize = 2_000;

/// Looks again at recent findings about the entities of which a batch has told who stands behind them.
pub(super) async fn findings(
    instance: &Instance,
    links: &BTreeSet<String>,
    txn: &Txn,
    now: Timestamp,
) -> Result<(), Failure> {
    if links.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = entities::in_front_of(&instance.lake, links.clone()).await?.into_iter().collect();
    let list: Vec<String> = told.iter().take(ENTITIES_MAX).map(|entity| quoted(entity)).collect();
    let since = now.checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
    let recent = format!(
        "actor IN ({}) AND discovered_time >= TIMESTAMP '{since}' AND NOT (source = {} AND seq = {})",
        list.join(","),
        quoted(&txn.source),
        txn.seq
    );
    let mut findings = stored_findings::find(&instance.lake, &recent).await?;
    entities::resolve(&instance.lake, &instance.config, &mut findings).await?;
    findings.sort_by(|a, b| (a.time, &a.uid).cmp(&(b.time, &b.uid)));
    cases::decide(&instance.store, incident::Command::Relate(findings), now).await.map(|_appended| ())
}

/// The entities of which these links tell who stands behind them.
pub(super) fn told_of(links: &[LinkRow]) -> BTreeSet<String> {
    links.iter().map(|link| link.to.clone()).collect()
}
