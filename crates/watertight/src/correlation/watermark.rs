//! How far event time has come: as far as the source that is furthest behind.
//!
//! A source that has more to give holds time back to where it last had nothing new: a backlog lies in folders, and the next
//! folder may begin where this one began. So sources read one after the other meet in the same windows, and so do the folders
//! of one. A source that has given all it has holds time back for a day, because some logs are delivered hours late; after
//! that what it brings may come too late.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::Reached;
use crate::config::Source;
use crate::exit::{Failure, OrFail as _};
use crate::store::Store;

/// How far a source that has nothing new may stay behind the others. S3 delivers access logs within hours.
const BEHIND_MAX: SignedDuration = SignedDuration::from_hours(24);

/// A source that was never heard may begin anywhere, but hits older than this are not read again for it.
const READ_BACK_MAX: SignedDuration = SignedDuration::from_hours(31 * 24);

/// So much of a backlog meets in the same windows. Members are read by the day in their names, folders side by side; only
/// names without days, in folders, may need more.
const BACKLOG_MAX: SignedDuration = READ_BACK_MAX;

/// The latest event of each configured source, `None` before its first, and where it stood when it last had nothing new.
#[derive(Debug)]
pub(super) struct Watermark {
    latest: BTreeMap<String, Option<Timestamp>>,
    settled: BTreeMap<String, Timestamp>,
}

impl Watermark {
    pub(super) async fn read(store: &Store, configured: &[Source]) -> Result<Self, Failure> {
        let latest = configured.iter().map(|source| (source.id.clone(), None)).collect();
        let mut watermark = Self { latest, settled: BTreeMap::new() };
        for sum in store.source_sums().await.or_fail("failed to read batches")? {
            let at = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
            if let (Some(sealed), true) = (at(&sum.last_sealed), watermark.latest.contains_key(&sum.source)) {
                watermark.note(&sum.source, at(&sum.last_event), sealed);
            }
        }
        Ok(watermark)
    }

    pub(super) fn note_batch(&mut self, reached: &Reached<'_>) {
        reached.exhausted.iter().for_each(|source| self.settle(source));
        self.note(reached.source, reached.last_event, reached.now);
    }

    /// The source has nothing new: what it brings later goes on from here.
    pub(super) fn settle(&mut self, source: &str) {
        if let Some(latest) = self.latest.get(source).copied().flatten() {
            self.settled.insert(source.to_owned(), latest);
        }
    }

    fn note(&mut self, source: &str, last_event: Option<Timestamp>, now: Timestamp) {
        // A record may say any time. One from the far future must not make everything else too late.
        let last_event = last_event.map(|last| last.min(now));
        let known = self.latest.entry(source.to_owned()).or_default();
        *known = (*known).max(last_event);
    }

    /// As [`Self::at`], and never further back than what is read again at a start.
    pub(super) fn oldest_waited_for(&self, exhausted: &BTreeSet<String>) -> Option<i64> {
        let newest = self.latest.values().flatten().max()?;
        let limit = (*newest - READ_BACK_MAX).as_microsecond();
        Some(self.at(exhausted).unwrap_or(limit).max(limit))
    }

    /// Microseconds of event time that every source has reached; `None` while one that may still speak has never spoken.
    /// `exhausted` are the sources that have said they have nothing new.
    pub(super) fn at(&self, exhausted: &BTreeSet<String>) -> Option<i64> {
        let newest = self.latest.values().flatten().max()?;
        let oldest_waited_for = *newest - BEHIND_MAX;
        let stands_at = |(source, latest): (&String, &Option<Timestamp>)| {
            if exhausted.contains(source) {
                Some(latest.map_or(oldest_waited_for, |latest| latest.max(oldest_waited_for)))
            } else {
                let stood = self.settled.get(source).copied().unwrap_or(Timestamp::MIN);
                latest.map(|latest| stood.max(latest.checked_sub(BACKLOG_MAX).unwrap_or(Timestamp::MIN)))
            }
        };
        let reached: Option<Vec<Timestamp>> = self.latest.iter().map(stands_at).collect();
        reached?.into_iter().min().map(Timestamp::as_microsecond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-{text}:00:00Z").parse().unwrap()
    }

    fn watermark(latest: &[(&str, Option<&str>)]) -> Watermark {
        let latest = latest.iter().map(|(id, text)| ((*id).to_owned(), text.map(at))).collect();
        Watermark { latest, settled: BTreeMap::new() }
    }

    fn exhausted(sources: &[&str]) -> BTreeSet<String> {
        sources.iter().map(|source| (*source).to_owned()).collect()
    }

    #[test]
    fn time_is_where_the_last_source_stands() {
        let reached = |latest: &[(&str, Option<&str>)], done: &[&str]| watermark(latest).at(&exhausted(done));
        let us = |text: &str| Some(at(text).as_microsecond());
        // One has not finished, and may have folders that begin long before.
        let long_before = at("01T10") - BACKLOG_MAX;
        assert_eq!(reached(&[("a", Some("30T10")), ("b", Some("01T10"))], &["a"]), Some(long_before.as_microsecond()));
        assert_eq!(reached(&[("a", Some("30T10")), ("b", None)], &["a"]), None, "b may begin anywhere");
        // Who has nothing new is waited for, but not longer than a day.
        assert_eq!(reached(&[("a", Some("30T10")), ("b", Some("30T02"))], &["a", "b"]), us("30T02"));
        assert_eq!(reached(&[("a", Some("30T10")), ("b", Some("01T10"))], &["a", "b"]), us("29T10"));
        assert_eq!(reached(&[("a", Some("30T10")), ("b", None)], &["a", "b"]), us("29T10"));
        assert_eq!(reached(&[("a", None)], &[]), None);
    }

    #[test]
    fn a_source_that_gives_again_holds_time_where_it_last_had_nothing_new() {
        let mut sources = watermark(&[("a", None), ("b", None)]);
        let now = at("30T23");
        let mut note = |source, last: &str, done: &[&str]| {
            let exhausted = exhausted(done);
            sources.note_batch(&Reached { source, last_event: Some(at(last)), exhausted: &exhausted, now });
            sources.at(&exhausted)
        };
        note("a", "30T10", &[]);
        note("b", "30T09", &["a"]);
        // The second folder of `b` is older; its hits are not too late.
        note("b", "30T11", &["a"]);
        note("a", "30T12", &["b"]);
        assert_eq!(note("b", "30T14", &["a"]), Some(at("30T11").as_microsecond()));
    }

    #[test]
    fn a_single_source_settles_too() {
        let mut sources = watermark(&[("a", Some("30T10"))]);
        sources.settle("a");
        let none = exhausted(&[]);
        sources.note_batch(&Reached { source: "a", last_event: Some(at("30T12")), exhausted: &none, now: at("30T23") });
        assert_eq!(sources.at(&none), Some(at("30T10").as_microsecond()));
    }

    #[test]
    fn a_record_from_the_future_does_not_move_time_beyond_now() {
        let mut sources = watermark(&[("a", None)]);
        sources.note("a", Some("9999-01-01T00:00:00Z".parse().unwrap()), at("02T10"));
        assert_eq!(sources.at(&exhausted(&["a"])), Some(at("02T10").as_microsecond()));
        sources.note("a", Some(at("01T10")), at("02T11"));
        assert_eq!(sources.at(&exhausted(&["a"])), Some(at("02T10").as_microsecond()), "time does not go back");
    }
}
