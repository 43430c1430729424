//! The flow: one batch from its source to the sealed log. This is the path of the whole product on one screen.
//!
//! The order makes it safe to die at every line: events are durable before a finding may refer to them, findings before
//! an entry vouches for them, and only then does the source move on. Doing any step twice stores nothing twice.

mod assign;
mod batch_entry;
mod drain;
mod normal;
mod noticed;
mod relate;

use jiff::Timestamp;
use lake::Txn;

use crate::correlation::{self, Reached};
use crate::detector::Detectors;
use crate::entities;
use crate::exit::{Failure, OrFail as _};
use crate::failpoint;
use crate::instance::Instance;
use crate::store::Draft;
use crate::withheld;

pub(crate) use assign::{Feed, open_feed};
pub(crate) use batch_entry::id as batch_entry_id;
pub(crate) use drain::{Drained, drain};
pub(crate) use normal::{Normal, Normalised};

/// What one batch came to. records = events + rejected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Turn {
    pub(crate) records: usize,
    pub(crate) events: usize,
    pub(crate) rejected: usize,
    pub(crate) findings: usize,
}

/// Takes one batch from the source to the log; `None` when the source has nothing new.
pub(crate) async fn turn(
    instance: &mut Instance,
    detectors: &mut Detectors,
    feed: &mut Feed,
    now: Timestamp,
) -> Result<Option<Turn>, Failure> {
    let Some(mut batch) = assign::next(&instance.store, feed, detectors.content(), now).await? else {
        detectors.note_exhausted(&feed.id);
        return Ok(None);
    };
    failpoint::hit("flow.batch_assigned");
    let now = Timestamp::from_microsecond(batch.assignment.assigned_us).or_fail("the batch has no time")?;
    let tenant = instance.store.tenant().to_owned();
    let txn = Txn { source: batch.assignment.source.clone(), seq: batch.assignment.seq };

    let normal = normal::normalize(&mut batch, now);
    let rows = normal.event_rows(&tenant, &txn.source, now);
    instance.lake.append_events(rows, &txn).await.or_fail("failed to store events")?;
    failpoint::hit("flow.events_appended");
    let rows = normal.rejected_rows(&tenant, &txn.source, now);
    instance.lake.append_rejected(rows, &txn).await.or_fail("failed to store rejected records")?;
    failpoint::hit("flow.rejected_appended");

    let (learned, unusual) = detectors.learning.observe(instance, &normal, &txn, now).await?;
    let exhausted = detectors.exhausted_besides(&feed.id);
    let detector = detectors.for_version(&instance.store, &batch.assignment.content_version).await?;
    let detected = detector.detect(&normal, unusual, &tenant, now);
    let rows = correlation::hit_rows(&detected.hits, &detector.rules, &tenant, &txn.source);
    instance.lake.append_hits(rows, &txn).await.or_fail("failed to store hits")?;
    failpoint::hit("flow.hits_appended");
    let rows = entities::link_rows(normal.events(), &tenant, &txn.source);
    instance.lake.append_links(rows, &txn).await.or_fail("failed to store links between entities")?;
    failpoint::hit("flow.links_appended");
    let reached = Reached { source: &txn.source, last_event: normal.last_event, exhausted: &exhausted, now };
    let (windows, noticed) = noticed::findings(instance, detector, &detected, reached, &txn).await?;
    let rows = noticed.iter().map(|noticed| noticed.row(&txn.source)).collect();
    instance.lake.append_findings(rows, &txn).await.or_fail("failed to store findings")?;
    failpoint::hit("flow.findings_appended");

    let entry = batch_entry::draft(&batch.assignment, &normal, &noticed, detected.not_evaluated, now);
    let turn = normal.turn(noticed.len());
    let mut guard = instance.store.cases().await;
    let decided = incident::decide(&guard.incidents, withheld::triage(noticed), now);
    let mut drafts = vec![entry];
    drafts.extend(decided.or_fail("failed to decide on findings")?.into_iter().map(Draft::from));
    instance.store.append(&mut guard, &drafts).await.or_fail("failed to append to the log")?;
    drop(guard);
    detector.keep_windows(windows);
    failpoint::hit("flow.log_appended");
    relate::findings(instance, &normal, &txn, now).await?;
    detectors.learning.keep(learned)?;
    instance.sealer.seal(&instance.store).await?;

    instance.store.finish_batch(&batch.assignment).await.or_fail("failed to finish the batch")?;
    feed.finished(normal.last_event);
    feed.source.commit(&batch.position).await.or_fail("failed to commit the source")?;
    failpoint::hit("flow.source_committed");
    Ok(Some(turn))
}

impl Turn {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            events: self.events + other.events,
            rejected: self.rejected + other.rejected,
            findings: self.findings + other.findings,
        }
    }
}
