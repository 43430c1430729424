//! How far event time has come: as far as the slowest source that still speaks.
//!
//! A source that was never heard holds time back, because it may begin anywhere: sources that are read one after the other
//! meet in the same windows. One that has been silent for long no longer does.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Reached;
use crate::config::Source;
use crate::exit::{Failure, OrFail as _};
use crate::store::Store;

/// A source that gave nothing for so long is not waited for.
const SILENT_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What is known of each configured source.
#[derive(Debug)]
pub(super) struct Watermark {
    /// The latest event of a source, and when we last heard of it; `None` for one that was never heard.
    sources: BTreeMap<String, Option<(Timestamp, Timestamp)>>,
    /// Since when we listen.
    since: Timestamp,
}

impl Watermark {
    pub(super) async fn read(store: &Store, configured: &[Source], now: Timestamp) -> Result<Self, Failure> {
        let sources = configured.iter().map(|source| (source.id.clone(), None)).collect();
        let mut watermark = Self { sources, since: now };
        for sum in store.source_sums().await.or_fail("failed to read batches")? {
            let at = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
            if let Some(sealed) = at(&sum.last_sealed) {
                watermark.note(Reached { source: &sum.source, last_event: at(&sum.last_event), now: sealed });
            }
        }
        Ok(watermark)
    }

    pub(super) fn note(&mut self, reached: Reached<'_>) {
        // A record may say any time. One from the far future must not make everything else too late.
        let Some(last_event) = reached.last_event.map(|last| last.min(reached.now)) else { return };
        let known = self.sources.entry(reached.source.to_owned()).or_default();
        *known = Some(match known {
            Some((latest, heard)) => ((*latest).max(last_event), (*heard).max(reached.now)),
            None => (last_event, reached.now),
        });
    }

    /// Microseconds of event time that every source has reached; `None` while one that may still speak was never heard.
    pub(super) fn at(&self, now: Timestamp) -> Option<i64> {
        let is_silent = |heard: Timestamp| heard + SILENT_AFTER <= now;
        let speaking = self.sources.values().filter(|source| match source {
            Some((_, heard)) => !is_silent(*heard),
            None => !is_silent(self.since),
        });
        let reached: Option<Vec<i64>> =
            speaking.map(|source| source.map(|(latest, _)| latest.as_microsecond())).collect();
        let latest = || self.sources.values().flatten().map(|(latest, _)| latest.as_microsecond()).max();
        // With nobody left who speaks, time is where the last one left it.
        reached?.into_iter().min().or_else(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-02T{text}Z").parse().unwrap()
    }

    fn watermark(sources: &[&str]) -> Watermark {
        Watermark { sources: sources.iter().map(|id| ((*id).to_owned(), None)).collect(), since: at("10:00:00") }
    }

    #[test]
    fn time_is_where_the_slowest_speaking_source_is() {
        let mut sources = watermark(&["a", "b"]);
        let note = |sources: &mut Watermark, source, event, now| {
            sources.note(Reached { source, last_event: Some(at(event)), now: at(now) });
        };
        note(&mut sources, "a", "09:50:00", "10:00:00");
        assert_eq!(sources.at(at("10:00:00")), None, "b may begin anywhere");
        note(&mut sources, "b", "09:20:00", "10:01:00");
        assert_eq!(sources.at(at("10:02:00")), Some(at("09:20:00").as_microsecond()));
        note(&mut sources, "b", "09:10:00", "10:02:00");
        assert_eq!(sources.at(at("10:02:00")), Some(at("09:20:00").as_microsecond()), "time does not go back");
        note(&mut sources, "a", "11:00:00", "11:01:30");
        assert_eq!(sources.at(at("11:02:00")), Some(at("11:00:00").as_microsecond()), "b has been silent for an hour");
        assert_eq!(sources.at(at("13:00:00")), Some(at("11:00:00").as_microsecond()), "everybody is silent");
    }

    #[test]
    fn a_record_from_the_future_does_not_move_time_beyond_now() {
        let mut sources = watermark(&["a"]);
        sources.note(Reached { source: "a", last_event: Some(at("23:00:00")), now: at("10:00:00") });
        assert_eq!(sources.at(at("10:00:00")), Some(at("10:00:00").as_microsecond()));
    }

    #[test]
    fn a_source_that_never_speaks_is_not_waited_for_longer_than_an_hour() {
        let mut sources = watermark(&["a", "b"]);
        sources.note(Reached { source: "a", last_event: Some(at("10:59:00")), now: at("11:00:00") });
        assert_eq!(sources.at(at("10:59:59")), None);
        assert_eq!(sources.at(at("11:00:00")), Some(at("10:59:00").as_microsecond()));
    }
}
