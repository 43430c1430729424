//! The end of `detect` when correlations are loaded: hits are gone through in order of event time, what they mean together
//! becomes findings, and all findings are printed by file, then record.
//!
//! Nothing comes late here, so an episode is known for good at the instant that completes it. Memory is bounded by the room
//! of the sorters and the limits of the correlator; what these made us lose is said once.

use std::collections::BTreeMap;

use ocsf::Severity;
use sigma::{Change, CorrelationLimits, Correlator, Episode, HitLosses};

use super::gathered::{EventInTime, HitInTime, Kept, Line};
use super::row;
use crate::commands::offline::{Lost, Sorted, Sorter};
use crate::exit::{Failure, OrFail as _};
use crate::rules::RuleSet;
use crate::translate;

/// How many findings there were of correlations, how bad the worst is, and what a person should know about the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) findings: u64,
    pub(super) highest: Severity,
    pub(super) lost: Lost,
    pub(super) warnings: Vec<String>,
}

/// Correlates what was gathered and gives every finding to `print`, in the order of the contract.
pub(super) fn finish(
    kept: Kept,
    rules: &RuleSet,
    tenant: &str,
    limits: CorrelationLimits,
    mut print: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<Found, Failure> {
    let Kept { hits, events, lines, losses, unreadable } = kept;
    // Hits come in order of time.
    let limits = CorrelationLimits { lateness_us: 0, ..limits };
    let mut correlating = Correlating {
        rules,
        tenant,
        correlator: Correlator::new(&rules.program, limits),
        events: events.sorted()?,
        lines,
        found: Found { findings: 0, highest: Severity::Unknown, lost: Lost::default(), warnings: Vec::new() },
        misplaced: 0,
    };
    let mut hits = hits.sorted()?;
    while let Some(now) = hits.peek().map(|hit| hit.0.time_us) {
        correlating.instant(now, &mut hits)?;
    }
    let warnings = [correlating.evicted(), correlating.misplaced(), cut(&losses), not_read(unreadable)];
    let lost = correlating.lost(&losses, unreadable);
    let Correlating { lines, mut found, .. } = correlating;
    found.lost = lost;
    found.warnings.extend(warnings.into_iter().flatten());
    let mut lines = lines.sorted()?;
    while let Some(line) = lines.next()? {
        print(&line.text)?;
    }
    Ok(found)
}

#[derive(Debug)]
struct Correlating<'r> {
    rules: &'r RuleSet,
    tenant: &'r str,
    correlator: Correlator,
    /// The events that hits are of. They are gone through together with the hits, and no further.
    events: Sorted<EventInTime>,
    lines: Sorter<Line>,
    found: Found,
    /// Episodes whose completing event is not one of the instant at which they were told.
    misplaced: u64,
}

impl Correlating<'_> {
    /// Takes all hits of one instant: those are in a window together, whatever their order.
    fn instant(&mut self, now: i64, hits: &mut Sorted<HitInTime>) -> Result<(), Failure> {
        while hits.peek().is_some_and(|hit| hit.0.time_us == now) {
            if let Some(hit) = hits.next()? {
                self.correlator.push(&hit.0);
            }
        }
        let mut by_event: BTreeMap<String, Vec<Episode>> = BTreeMap::new();
        for episode in self.correlator.watermark(now) {
            let is_new = matches!(episode.change, Change::Opened | Change::Revised);
            if is_new && self.rules.program.correlation_reports_alone(episode.correlation as usize) {
                by_event.entry(episode.completed.uid.clone()).or_default().push(episode);
            }
        }
        if by_event.is_empty() { Ok(()) } else { self.place(now, by_event) }
    }

    /// Puts each episode where its completing event stands.
    fn place(&mut self, now: i64, mut by_event: BTreeMap<String, Vec<Episode>>) -> Result<(), Failure> {
        while self.events.peek().is_some_and(|event| event.time_us <= now) {
            let Some(event) = self.events.next()? else { break };
            if event.time_us < now {
                continue;
            }
            // Copies of the event find nothing left.
            for episode in by_event.remove(&event.at.event_uid).unwrap_or_default() {
                self.note(&event, &episode)?;
            }
        }
        self.misplaced += by_event.values().map(|episodes| episodes.len() as u64).sum::<u64>();
        Ok(())
    }

    fn note(&mut self, event: &EventInTime, episode: &Episode) -> Result<(), Failure> {
        let number = episode.correlation as usize;
        let Some(correlation) = self.rules.correlations.get(number) else { return Ok(()) };
        self.found.findings += 1;
        self.found.highest = self.found.highest.max(translate::severity(correlation.level));
        let finding = row::of_correlation(self.tenant, correlation, episode, &event.at);
        let text = serde_json::to_string(&finding).or_fail("failed to print")?;
        let rank = self.rules.rules.len() + number;
        self.lines.push(Line { file: event.file, record: event.at.record, rank, text })
    }

    fn lost(&self, cut: &HitLosses, unreadable: u64) -> Lost {
        let mut lost = Lost { values: cut.groups_cut + cut.values_cut, events: unreadable, ..Lost::default() };
        for losses in self.correlator.losses() {
            lost.hits += losses.hits_evicted + losses.too_late;
            lost.groups += losses.groups_evicted;
        }
        lost
    }

    fn evicted(&self) -> Option<String> {
        let (mut hits, mut titles) = (0, Vec::new());
        for (correlation, losses) in self.rules.correlations.iter().zip(self.correlator.losses()) {
            if !losses.is_none() {
                hits += losses.hits_evicted + losses.too_late;
                titles.push(format!("`{}`", correlation.title));
            }
        }
        let titles = titles.join(", ");
        (!titles.is_empty()).then(|| {
            format!("warning: {hits} hits did not fit into the limits of correlations; findings may be missing or told twice: {titles}")
        })
    }

    fn misplaced(&self) -> Option<String> {
        let count = self.misplaced;
        (0 < count)
            .then(|| format!("warning: {count} findings of correlations have no event to stand at and are left out"))
    }
}

fn cut(losses: &HitLosses) -> Option<String> {
    let count = losses.groups_cut + losses.values_cut;
    (0 < count).then(|| {
        format!(
            "note: {count} events have more values than a correlation takes of one event; the first ones were counted"
        )
    })
}

fn not_read(count: u64) -> Option<String> {
    (0 < count).then(|| format!("warning: {count} events could not be read by correlations; their own findings stand"))
}
