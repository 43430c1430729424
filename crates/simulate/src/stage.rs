//! The stage of one day: what actors do becomes records here, and at day's end the records become files.
//!
//! Records later than the day are carried to the next one, so a story may run past midnight. Memory holds one day.

use std::collections::BTreeMap;
use std::io;

use crate::cast::Cast;
use crate::clock::{DAY, HOUR, Ms, seconds};
use crate::company::Company;
use crate::formats::{self, Route};
use crate::holdings::Holdings;
use crate::people::People;
use crate::rng::Rng;
use crate::sink::Sink;
use crate::truth::RecordRef;

/// What a record belongs to, when it is not background: an index handed out by `Stage::label`.
pub(crate) type Label = usize;

/// The world that does not change from day to day.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) company: Company,
    pub(crate) people: People,
    pub(crate) holdings: Holdings,
    pub(crate) cast: Cast,
    /// Thousandths by which the background is multiplied.
    pub(crate) scale: u64,
}

/// One line of telemetry on its way to a file.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) route: Route,
    /// Start of the span that its file covers.
    slot: Ms,
    at: Ms,
    sequence: u64,
    pub(crate) line: String,
    id: Option<String>,
    label: Option<Label>,
    hushable: Hushable,
}

/// Which switch, when off, keeps a record from being written at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hushable {
    Never,
    /// S3 data events of an account.
    DataEvents(&'static str),
    /// Flow logs of a VPC, by index.
    FlowLog(usize),
}

/// A span in which a log was really off.
#[derive(Debug)]
struct Hush {
    what: Hushable,
    from: Ms,
    to: Ms,
}

/// One day being played.
#[derive(Debug)]
pub(crate) struct Stage<'w> {
    pub(crate) world: &'w World,
    /// 0-based day of the run.
    pub(crate) day: i64,
    /// Midnight UTC at its start.
    pub(crate) midnight: Ms,
    records: Vec<Record>,
    label: Option<Label>,
    is_story: bool,
    sequence: u64,
    hushes: Vec<Hush>,
    /// Records of each label, as written.
    labelled: Vec<Vec<RecordRef>>,
    counts: BTreeMap<String, u64>,
    files: u64,
}

impl<'w> Stage<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self {
            world,
            day: 0,
            midnight: world.company.start,
            records: Vec::new(),
            label: None,
            is_story: false,
            sequence: 0,
            hushes: Vec::new(),
            labelled: Vec::new(),
            counts: BTreeMap::new(),
            files: 0,
        }
    }

    pub(crate) fn begin(&mut self, day: i64) {
        self.day = day;
        self.midnight = self.world.company.start + day * DAY;
    }

    /// A random stream for this day.
    pub(crate) fn rng(&self, label: &str) -> Rng {
        Rng::new(self.world.company.seed, label, self.day.unsigned_abs())
    }

    /// Records from now on belong to a new label, until `unlabel`. Those of a story are written even where another
    /// story switched the log off, so that each story can be judged by itself.
    pub(crate) fn label(&mut self, is_story: bool) -> Label {
        self.is_story = is_story;
        self.labelled.push(Vec::new());
        let label = self.labelled.len() - 1;
        self.label = Some(label);
        label
    }

    pub(crate) fn unlabel(&mut self) {
        self.label = None;
        self.is_story = false;
    }

    /// From `from` to `to` a log is off: what it would have recorded of the background is not written.
    pub(crate) fn hush(&mut self, what: Hushable, from: Ms, to: Ms) {
        self.hushes.push(Hush { what, from, to });
    }

    pub(crate) fn push(&mut self, route: Route, at: Ms, line: String, id: Option<String>, hushable: Hushable) {
        debug_assert!(!line.contains('\n'), "one record, one line");
        let slot = at.div_euclid(route.span()) * route.span();
        self.sequence += 1;
        let label = self.label;
        let hushable = if self.is_story { Hushable::Never } else { hushable };
        self.records.push(Record { route, slot, at, sequence: self.sequence, line, id, label, hushable });
    }

    /// Writes the day's files and keeps what belongs to later days. `last` writes all that is left.
    pub(crate) fn finish(&mut self, last: bool, sink: &mut dyn Sink) -> io::Result<()> {
        let end = self.midnight + DAY;
        let all = std::mem::take(&mut self.records);
        let (mut today, later): (Vec<_>, Vec<_>) = all.into_iter().partition(|r| last || r.at < end);
        self.records = later;
        let hushes = std::mem::take(&mut self.hushes);
        today.retain(|r| !hushes.iter().any(|h| h.what == r.hushable && (h.from..h.to).contains(&r.at)));
        self.hushes = hushes.into_iter().filter(|h| end < h.to + HOUR).collect();
        today.sort_by_key(|r| (r.route, r.slot, r.at, r.sequence));
        for file in today.chunk_by(|a, b| (a.route, a.slot) == (b.route, b.slot)) {
            self.write(file, sink)?;
        }
        Ok(())
    }

    fn write(&mut self, records: &[Record], sink: &mut dyn Sink) -> io::Result<()> {
        let Some(first) = records.first() else { return Ok(()) };
        let mut rng =
            Rng::new(self.world.company.seed, first.route.source(), first.slot.unsigned_abs() ^ first.route.number());
        let path = formats::path(first.route, first.slot, &mut rng);
        for (index, record) in records.iter().enumerate() {
            let Some(label) = record.label else { continue };
            self.labelled[label].push(RecordRef {
                source: record.route.source().to_owned(),
                id: record.id.clone(),
                file: path.clone(),
                record: u64::try_from(index).unwrap_or(u64::MAX),
                time: seconds(record.at),
            });
        }
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        *self.counts.entry(first.route.source().to_owned()).or_default() += count;
        self.files += 1;
        sink.put(&path, &formats::encode(first.route, records)?)
    }

    /// Records by label, records by source, number of files.
    pub(crate) fn results(self) -> (Vec<Vec<RecordRef>>, BTreeMap<String, u64>, u64) {
        debug_assert!(self.records.is_empty(), "the last day writes everything");
        (self.labelled, self.counts, self.files)
    }
}
