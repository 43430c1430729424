//! Reads sources to their present end. One that fails is taken out, as `serve` lets it rest, and costs no other its turn.

use jiff::Timestamp;

use super::{Turn, open_feed, turn};
use crate::config::Source;
use crate::detector::Detectors;
use crate::exit::Failure;
use crate::instance::Instance;
use crate::output;

/// What sources gave, and which failed.
#[derive(Debug, Default)]
pub(crate) struct Drained {
    /// By source, in the order of the configuration. One that failed is here if it gave something before.
    pub(crate) turns: Vec<(String, Turn)>,
    /// In the order of time.
    failures: Vec<Failure>,
    sources: usize,
}

/// Reads sources until none has anything new, and says what each gave. The one that is furthest behind in event time comes
/// first: so windows need not hold the whole backlog of one source until the others have spoken.
pub(crate) async fn drain(
    instance: &mut Instance,
    detectors: &mut Detectors,
    sources: &[&Source],
    now: impl Fn() -> Timestamp,
) -> Result<Drained, Failure> {
    let mut drained = Drained { sources: sources.len(), ..Drained::default() };
    let mut feeds = Vec::new();
    for source in sources {
        match open_feed(instance, source).await {
            Ok(feed) => {
                drained.turns.push((feed.id.clone(), Turn::default()));
                feeds.push(feed);
            }
            Err(failure) => drained.fail(&source.id, failure, detectors),
        }
    }
    while let Some(feed) = feeds.iter_mut().min_by_key(|feed| feed.place_in_line()) {
        let id = feed.id.clone();
        match turn(instance, detectors, feed, now()).await {
            Ok(Some(turn)) => {
                tracing::info!(source = %id, records = turn.records, rejected = turn.rejected, findings = turn.findings, "batch sealed");
                drained.add(&id, turn);
                continue;
            }
            Ok(None) => {}
            Err(failure) => drained.fail(&id, failure, detectors),
        }
        feeds.retain(|feed| feed.id != id);
    }
    detectors.learning.settle()?;
    Ok(drained)
}

impl Drained {
    fn add(&mut self, source: &str, turn: Turn) {
        if let Some((_, total)) = self.turns.iter_mut().find(|(id, _)| id == source) {
            *total = total.plus(turn);
        }
    }

    fn fail(&mut self, source: &str, failure: Failure, detectors: &mut Detectors) {
        // One that fails must not hold time back for the others.
        detectors.note_exhausted(source);
        // A row of zeros would say that it was read and had nothing new.
        self.turns.retain(|(id, turn)| id != source || *turn != Turn::default());
        self.failures.push(failure);
    }

    /// Whether every source was read to its end. The first failure stands for all; the others are said.
    pub(crate) fn outcome(self) -> Result<(), Failure> {
        let (failed, sources) = (self.failures.len(), self.sources);
        let mut failures = self.failures.into_iter();
        let Some(mut first) = failures.next() else { return Ok(()) };
        failures.for_each(output::talk);
        if 1 < sources {
            first.message = format!("{} ({failed} of {sources} sources failed)", first.message);
        }
        Err(first)
    }
}
