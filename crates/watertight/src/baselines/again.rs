//! What a kill took from memory is learned again: the batches that the log has and the snapshot does not name.
//!
//! Their events are read back from the lake and understood as they were the first time, batch by batch in the order of the
//! log, so that afterwards baselines know what they would know without the kill. Nothing is reported: it was, then.

use std::collections::BTreeMap;

use ::baseline::Baselines;
use ingest::Format;
use jiff::Timestamp;
use lake::{EventRow, Filter, Lake};
use ocsf::Event;

use crate::exit::{Failure, OrFail as _};
use crate::flow;
use crate::instance::Instance;
use crate::reading::Reading;
use crate::store::{Store, Stored};
use crate::stored_findings::quoted;

/// Events that one batch may have; batches are planned far smaller.
const EVENTS_MAX: usize = 1_000_000;

/// A sealed batch.
#[derive(Debug)]
struct Batch {
    source: String,
    seq: i64,
    sealed: Timestamp,
}

/// The instants of a batch's first and last event, in microseconds.
type Times = (i64, i64);

/// Shows the batches that are missing in a snapshot to what was restored from it. Returns how many there were.
pub(super) async fn learn(baselines: &mut Baselines, instance: &Instance) -> Result<usize, Failure> {
    let missing = missing(baselines, &instance.store).await?;
    if missing.is_empty() {
        return Ok(0);
    }
    let reading = Reading::open(&instance.store).await?;
    let times = times(&missing, &instance.lake).await?;
    let mut unreadable = 0;
    for batch in &missing {
        let (mut events, rows) = match times.get(&(batch.source.clone(), batch.seq)) {
            Some(times) => events(batch, *times, &reading, &instance.lake).await?,
            None => (Vec::new(), 0),
        };
        unreadable += rows - events.len();
        // As the first time: in order of time, and of the records where that is equal.
        events.sort_by_key(|event| event.time);
        baselines.set_now(batch.sealed);
        for event in &events {
            let _told_then = baselines.observe(event);
        }
        baselines.note_applied(&batch.source, sequence(batch.seq));
    }
    if 0 < unreadable {
        tracing::warn!(events = unreadable, "stored events could not be read again; no baseline has learned from them");
    }
    tracing::info!(batches = missing.len(), "baselines learned again what was not in their snapshot");
    Ok(missing.len())
}

/// The batches that were sealed after the last one that the snapshot names. What was sealed before it and is not named was
/// never learned: then there were no baselines yet, or they began anew.
async fn missing(baselines: &Baselines, store: &Store) -> Result<Vec<Batch>, Failure> {
    let mut last = None;
    for (source, sequence) in baselines.applied() {
        let id = flow::batch_entry_id(source, i64::try_from(sequence).unwrap_or(i64::MAX));
        let entry = store.entry_by_id(&id).await.or_fail("failed to look up a batch in the log")?;
        last = last.max(entry.map(|entry| entry.position));
    }
    let Some(last) = last else { return Ok(Vec::new()) };
    let sealed = store.entries_behind(last, "batch.sealed").await.or_fail("failed to read batches from the log")?;
    let sealed = sealed.iter().filter_map(batch);
    Ok(sealed.filter(|batch| !baselines.is_applied(&batch.source, sequence(batch.seq))).collect())
}

fn batch(stored: &Stored) -> Option<Batch> {
    let clear = &stored.entry.clear;
    let source = clear.get("source")?.as_str()?.to_owned();
    Some(Batch { source, seq: clear.get("seq")?.as_i64()?, sealed: stored.entry.at.parse().ok()? })
}

/// When the events of these batches happened: with it a batch is found in the files of its days.
async fn times(batches: &[Batch], lake: &Lake) -> Result<BTreeMap<(String, i64), Times>, Failure> {
    let mut first: BTreeMap<&str, i64> = BTreeMap::new();
    for batch in batches {
        let seq = first.entry(&batch.source).or_insert(batch.seq);
        *seq = batch.seq.min(*seq);
    }
    let mut times = BTreeMap::new();
    for (source, seq) in first {
        let query = format!(
            "SELECT seq, MIN(time) AS first, MAX(time) AS last FROM events WHERE source = {} AND seq >= {seq} GROUP BY seq",
            quoted(source)
        );
        let rows = lake.sql(&query, batches.len()).await.or_fail("failed to find stored batches")?;
        for row in rows.objects() {
            let at = |name: &str| Some(row.get(name)?.as_str()?.parse::<Timestamp>().ok()?.as_microsecond());
            if let (Some(seq), Some(first), Some(last)) =
                (row.get("seq").and_then(|seq| seq.as_i64()), at("first"), at("last"))
            {
                times.insert((source.to_owned(), seq), (first, last));
            }
        }
    }
    Ok(times)
}

/// The events of a batch in the order of its records, as far as they can be read again, and how many it has.
async fn events(
    batch: &Batch,
    (first, last): Times,
    reading: &Reading,
    lake: &Lake,
) -> Result<(Vec<Event>, usize), Failure> {
    let filter = Filter {
        source: Some(batch.source.clone()),
        seq: Some(batch.seq),
        from_us: Some(first),
        to_us: Some(last.saturating_add(1)),
        ..Filter::default()
    };
    let mut rows = lake.read_events(&filter, EVENTS_MAX).await.or_fail("failed to read stored events")?;
    rows.sort_unstable_by_key(|row| row.record);
    Ok((rows.iter().filter_map(|row| event(batch, row, reading)).collect(), rows.len()))
}

fn event(batch: &Batch, row: &EventRow, reading: &Reading) -> Option<Event> {
    let format = Format::from_id(&row.logsource)?;
    let decoder = reading.decoder(format, (&batch.source, batch.seq), &row.raw)?;
    decoder.normalize(row.received()).ok()
}

/// Numbers begin at 1.
fn sequence(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}
