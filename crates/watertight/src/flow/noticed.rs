//! What a batch shows: findings of single events and of correlations.
//!
//! Those that open no incident are marked here, before they are stored. A batch that was interrupted after its findings were
//! stored keeps them as they are: what correlations would say today may differ, because other sources went on meanwhile.

use lake::{TableName, Txn};
use ocsf::Finding;

use super::batch_entry;
use crate::correlation::{self, Reached, Windows};
use crate::detector::{Detected, Detector};
use crate::entities;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::stored_findings::{self, quoted};
use crate::withheld::{Noticed, Policy};

/// The findings of the batch, in an order that does not depend on how they were found. The windows are handed back once the
/// log has the findings: lost before that, they are filled again from the lake.
pub(super) async fn findings(
    instance: &Instance,
    detector: &mut Detector,
    detected: &Detected,
    reached: Reached<'_>,
    txn: &Txn,
) -> Result<(Option<Windows>, Vec<Noticed>), Failure> {
    let windows = detector.windows.take();
    let stored = instance.lake.max_txn(TableName::Findings, &txn.source).await.or_fail("failed to look up findings")?;
    // A batch without findings leaves no number there, but its entry has said that there are none.
    let sealed = instance.store.entry_by_id(&batch_entry::id(&txn.source, txn.seq)).await;
    let is_sealed = sealed.or_fail("failed to look up the batch in the log")?.is_some();
    let (windows, mut findings) = if is_sealed || stored.is_some_and(|seq| txn.seq <= seq) {
        // What the windows would tell now is not in this batch: filled again, they tell it with the next.
        let of_batch = format!("source = {} AND seq = {}", quoted(&txn.source), txn.seq);
        (None, stored_findings::noticed(&instance.lake, &of_batch).await?)
    } else {
        let policy = Policy::read(instance, &txn.source, reached.now).await?;
        let (windows, correlated) =
            correlation::follow(windows, &detector.rules, instance, &detected.hits, reached).await?;
        let mut findings: Vec<Finding> = detected.findings.iter().cloned().chain(correlated).collect();
        // Learning that was lost in a crash may find an unusual amount again.
        let unusual = findings.iter().filter(|finding| finding.anomaly.is_some()).map(|finding| finding.uid.as_str());
        let told = correlation::known(&instance.lake, unusual).await?;
        findings.retain(|finding| !told.contains(&finding.uid));
        entities::resolve(&instance.lake, &instance.config, &mut findings).await?;
        (windows, findings.into_iter().map(|finding| policy.mark(finding)).collect())
    };
    findings.sort_by(|Noticed { finding: a, .. }, Noticed { finding: b, .. }| {
        (a.time, &a.rule.id, &a.uid).cmp(&(b.time, &b.rule.id, &b.uid))
    });
    Ok((windows, findings))
}
