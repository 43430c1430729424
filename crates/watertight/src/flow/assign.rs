//! Batch identity: which records a batch has is decided and stored before anything is done with them.
//!
//! After a crash the very same records are read again by their spans, whatever appeared in the directory meanwhile.

use ingest::source::{BatchLimits, S3Listing};
use ingest::{Files, Limits, Position, RawBatch, S3Config, S3Store, Source};
use jiff::Timestamp;
use receive::{Before, Spool, SpoolSource};

use crate::config::{Place, Source as SourceConfig};
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::store::{Assignment, Span, Store};

/// A configured source, opened behind what is done already.
pub(crate) struct Feed {
    pub(crate) id: String,
    pub(crate) source: Box<dyn Source>,
    path: String,
    /// Event time that it has come to; `None` before its first event.
    reached: Option<Timestamp>,
    /// A batch that a crash or a failure left unfinished; it is done before anything new is read, because the lake takes
    /// batches in the order of their numbers.
    unfinished: Option<Assignment>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("id", &self.id).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Feed {
    /// The batch in hand is in the lake and in the log.
    pub(super) fn finished(&mut self, last_event: Option<Timestamp>) {
        self.unfinished = None;
        self.reached = self.reached.max(last_event);
    }

    /// Whose turn comes first: an unfinished batch, then the source that is furthest behind. It depends on what is stored
    /// alone, so a run that was interrupted goes on in the order of one that was not.
    pub(super) fn place_in_line(&self) -> (bool, Option<Timestamp>) {
        (self.unfinished.is_none(), self.reached)
    }
}

/// An assigned batch with its records. A replay may have read it in several parts.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) assignment: Assignment,
    pub(crate) parts: Vec<RawBatch>,
    pub(crate) position: Position,
}

/// Opens a source. Members read earlier are known from the store, not from their place in the listing.
pub(crate) async fn open_feed(instance: &Instance, config: &SourceConfig) -> Result<Feed, Failure> {
    let store = &instance.store;
    let stored = store.read_members(&config.id).await.or_fail("failed to read source positions")?;
    let unfinished = store.unfinished_batch(&config.id).await.or_fail("failed to read unfinished batches")?;
    // What an unfinished batch holds is read by its spans; the source goes on behind it.
    let spans = unfinished.iter().flat_map(|batch| &batch.spans);
    let in_hand: Vec<Position> = spans.map(|span| span.after.clone()).collect();
    let source = match config.place() {
        Place::Path(path) => open_source(&config.id, path, &[stored, in_hand].concat(), BatchLimits::default())?,
        Place::Http(_) | Place::Syslog(_) => {
            let spool = instance.spools.get(&config.id);
            let spool =
                spool.ok_or_else(|| Failure::failed(format!("the spool of source `{}` is not open", config.id)))?;
            open_spool(&config.id, spool, Before { stored: &stored, unfinished: &in_hand })?
        }
    };
    let sums = store.source_sums().await.or_fail("failed to read batches")?;
    let last_event = sums.into_iter().find(|sum| sum.source == config.id).and_then(|sum| sum.last_event);
    let reached = last_event.and_then(|text| text.parse().ok());
    Ok(Feed { id: config.id.clone(), source, path: config.path.clone(), reached, unfinished })
}

/// What was sent to us, behind what was read before.
fn open_spool(id: &str, spool: &Spool, before: Before<'_>) -> Result<Box<dyn Source>, Failure> {
    let source = SpoolSource::new(id, spool, None, before, Limits::default(), BatchLimits::default());
    Ok(Box::new(source.or_usage(format!("failed to open the spool of source `{id}`"))?))
}

/// A source that goes on behind `done` and gives batches of at most `limits`.
fn open_source(id: &str, path: &str, done: &[Position], limits: BatchLimits) -> Result<Box<dyn Source>, Failure> {
    if path.starts_with("s3://") {
        let config = S3Config { use_environment: true, ..S3Config::default() };
        let (bucket, prefix) = S3Store::open(path, &config).or_usage(format!("failed to open source `{id}`"))?;
        return Ok(Box::new(S3Listing::new(id, bucket, &prefix, Limits::default(), limits).already_read(done)));
    }
    Ok(Box::new(Files::new(id, path, None, Limits::default(), limits).already_read(done)))
}

/// The next batch: an unfinished one again, or a new one that gets its number here.
pub(crate) async fn next(
    store: &Store,
    feed: &mut Feed,
    content: &str,
    now: Timestamp,
) -> Result<Option<Batch>, Failure> {
    if let Some(assignment) = feed.unfinished.clone() {
        return replay(feed, assignment).await.map(Some);
    }
    let read = feed.source.next_batch().await.or_usage(format!("failed to read source `{}`", feed.id))?;
    let Some(raw) = read else { return Ok(None) };
    let spans = spans(&raw);
    let assignment = store
        .assign_batch(&feed.id, content, &spans, now.as_microsecond())
        .await
        .or_fail("failed to assign a batch")?;
    feed.unfinished = Some(assignment.clone());
    Ok(Some(Batch { assignment, position: raw.position.clone(), parts: vec![raw] }))
}

/// Which records of which members a batch holds, and where each member stands behind it.
fn spans(raw: &RawBatch) -> Vec<Span> {
    let mut spans = Vec::new();
    for (place, member) in raw.members.iter().enumerate() {
        let name = &member.member.name;
        let of_records = raw.records.iter().filter(|record| record.member == place).map(|record| record.index);
        let of_rejected =
            raw.rejected.iter().filter(|rejected| rejected.member == *name).map(|rejected| rejected.record);
        let from = of_records.chain(of_rejected).min().unwrap_or(member.after.record);
        let cut_off =
            raw.rejected.iter().any(|rejected| rejected.member == *name && member.after.record <= rejected.record);
        spans.push(Span { from, after: member.after.clone(), cut_off });
    }
    for name in &raw.skipped {
        let member = ingest::read::expand(name).ok().and_then(|found| found.into_iter().next());
        let member = member.unwrap_or_else(|| ingest::Member { name: name.clone(), ..ingest::Member::default() });
        spans.push(Span { from: 0, after: Position { member, record: 0, complete: true }, cut_off: false });
    }
    spans
}

async fn replay(feed: &mut Feed, assignment: Assignment) -> Result<Batch, Failure> {
    let mut parts = Vec::new();
    for span in assignment.spans.iter().filter(|span| span.from < span.after.record || span.cut_off) {
        let member = &span.after.member;
        let begin = Position { member: member.clone(), record: span.from, complete: false };
        let path =
            if feed.path.starts_with("s3://") { object_url(&feed.path, &member.name) } else { member.name.clone() };
        // One more than the span: a record that was cut off stands behind its last one.
        let records_max = usize::try_from(span.after.record - span.from).unwrap_or(usize::MAX).saturating_add(1);
        let limits = BatchLimits { records_max, bytes_max: usize::MAX };
        let mut source = open_source(&feed.id, &path, &[begin], limits)?;
        let read = source.next_batch().await.or_fail(format!("failed to read `{}` again", member.name))?;
        let raw = read.ok_or_else(|| gone(&assignment, &member.name))?;
        parts.push(raw);
    }
    let position = assignment.spans.last().map(|span| span.after.clone());
    let position = position.ok_or_else(|| Failure::failed("an assigned batch has no members"))?;
    Ok(Batch { assignment, parts, position })
}

/// A member's name is its key; the bucket is the source's.
fn object_url(path: &str, name: &str) -> String {
    if name.starts_with("s3://") {
        return name.to_owned();
    }
    let bucket = path.trim_start_matches("s3://").split('/').next().unwrap_or_default();
    format!("s3://{bucket}/{name}")
}

fn gone(assignment: &Assignment, member: &str) -> Failure {
    Failure::failed(format!(
        "batch {} of source `{}` was interrupted, and `{member}` cannot be read again",
        assignment.seq, assignment.source
    ))
    .help("put the file back as it was; without it nobody can say whether its records were stored")
}
