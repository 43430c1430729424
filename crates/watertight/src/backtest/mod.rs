//! Replaying the lake: what these rules would have found in what was stored, without storing anything.
//!
//! Events are read a day at a time, and of them only the columns and logsources that some rule needs. Hits are correlated in
//! order of time, day by day. The same code serves `rule backtest` and `rule tune`.

mod events;
mod labels;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ingest::Format;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lake::Lake;
use ocsf::Class;
use serde_json::Value;
use sigma::{Change, CorrelationLimits, Correlator, Episode, Hit, Matcher};

use crate::correlation::listed_uids;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::ocsf_rules::OcsfRules;
use crate::reading::Reading;
use crate::rules::{self, RuleSet};
use crate::stored_findings::quoted;
use crate::utc_day::utc_day;

pub(crate) use events::each_event;
pub(crate) use labels::{Label, Labels, story_file};

/// Findings that one replay may tell: a rule that fires more often needs no backtest to be judged.
const TOLD_MAX: usize = 1_000_000;
/// Hits of one day, and hits kept for trying other thresholds. About 200 bytes each.
const HITS_MAX: usize = 2_000_000;

/// From an instant (included) to another (not included); an open end is the end of what is stored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Period {
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

/// Something a rule would have told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// Position among the rules, or behind them among the correlations.
    pub(crate) number: usize,
    /// The event's, or that of the event which completed the stretch.
    pub(crate) time: Timestamp,
    /// When its first event happened.
    pub(crate) first: Timestamp,
    pub(crate) event_uid: String,
    pub(crate) event_uids: BTreeSet<String>,
    /// The actor, or the group of a correlation as text.
    pub(crate) who: String,
    /// What was done to; empty for a correlation.
    pub(crate) resources: Vec<String>,
}

/// What a replay came to.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) told: Vec<Told>,
    /// Hits of the correlations that were asked for, by time.
    pub(crate) hits: Vec<Hit>,
    /// Events by logsource.
    pub(crate) events: BTreeMap<&'static str, u64>,
    /// Events of the classes that rules for OCSF are about.
    pub(crate) of_class: HashMap<Class, u64>,
    /// Hits by correlation.
    pub(crate) hits_of: BTreeMap<u32, u64>,
    pub(crate) days: u64,
    pub(crate) bytes: u64,
    /// Records that could not be read again, or that rules could not look at, by logsource.
    pub(crate) unreadable: BTreeMap<&'static str, u64>,
}

/// Replays the events of a period. `keep` names the correlations whose hits are wanted.
pub(crate) async fn replay(
    instance: &Instance,
    rules: &RuleSet,
    period: Period,
    keep: &BTreeSet<u32>,
) -> Result<Replayed, Failure> {
    let lake = &instance.lake;
    let mut work = Work::new(rules, keep, Reading::open(&instance.store).await?);
    if work.logsources.is_empty() {
        return Ok(work.replayed);
    }
    for day in days(lake, period).await? {
        work.day(lake, day, period).await?;
    }
    for episode in work.correlator.finish() {
        work.note(&episode);
    }
    Ok(work.replayed)
}

/// The days of the period that have events, in order.
async fn days(lake: &Lake, period: Period) -> Result<Vec<Date>, Failure> {
    let from = period.from.map(|from| format!(" AND day >= DATE '{}'", utc_day(from))).unwrap_or_default();
    let to = period.to.map(|to| format!(" AND day <= DATE '{}'", utc_day(to))).unwrap_or_default();
    let query = format!("SELECT day FROM events WHERE true{from}{to} GROUP BY day ORDER BY day");
    let rows = lake.sql(&query, DAYS_MAX).await.or_fail("failed to read the days of the lake")?;
    let days = rows.rows.iter().filter_map(|row| row.first()?.as_str()?.parse().ok());
    Ok(days.collect())
}

/// More than the lake keeps of anything: a century.
const DAYS_MAX: usize = 36_525;

struct Work<'r> {
    rules: &'r RuleSet,
    keep: &'r BTreeSet<u32>,
    matcher: Matcher,
    correlator: Correlator,
    /// Rules that see OCSF events, if there are any.
    ocsf: Option<OcsfRules>,
    /// Those that some rule is about; every one when rules see OCSF events, which only the event itself can tell.
    logsources: Vec<Format>,
    /// The rules that one event matches.
    matched: Vec<usize>,
    /// An event as OCSF rules see it.
    json: Vec<u8>,
    reading: Reading,
    day_hits: Vec<Hit>,
    replayed: Replayed,
}

impl<'r> Work<'r> {
    fn new(rules: &'r RuleSet, keep: &'r BTreeSet<u32>, reading: Reading) -> Self {
        let ocsf = OcsfRules::of(&rules.rules);
        let is_asked = |format: &Format| {
            ocsf.is_some() || !rules.program.rules_for(rules::log_source(&rules.program, *format)).is_empty()
        };
        // Hits of a day are sorted, and the days follow each other: nothing comes late.
        let limits = CorrelationLimits { lateness_us: 0, ..CorrelationLimits::default() };
        Self {
            rules,
            keep,
            matcher: Matcher::new(&rules.program),
            correlator: Correlator::new(&rules.program, limits),
            logsources: Format::ALL.into_iter().filter(is_asked).collect(),
            ocsf,
            matched: Vec::new(),
            json: Vec::new(),
            reading,
            day_hits: Vec::new(),
            replayed: Replayed::default(),
        }
    }

    async fn day(&mut self, lake: &Lake, day: Date, period: Period) -> Result<(), Failure> {
        let names: Vec<String> = self.logsources.iter().map(|format| quoted(format.id())).collect();
        let query = format!(
            "SELECT logsource, event_uid, time, raw, source, seq FROM events WHERE day = DATE '{day}' AND logsource IN ({})",
            names.join(", ")
        );
        let mut stream = lake.sql_stream(&query).await.or_fail("failed to read stored events")?;
        while let Some(rows) = stream.next().await.or_fail("failed to read stored events")? {
            for row in &rows {
                self.event(row, period)?;
            }
        }
        self.replayed.days += 1;
        self.correlate(day)
    }

    fn event(&mut self, row: &[Value], period: Period) -> Result<(), Failure> {
        let text = |i: usize| row.get(i).and_then(Value::as_str).unwrap_or_default();
        let Ok(time) = text(2).parse::<Timestamp>() else { return Ok(()) };
        let format = self.logsources.iter().find(|format| format.id() == text(0)).copied();
        let Some(format) = format.filter(|_| period.holds(time)) else { return Ok(()) };
        let (uid, raw) = (text(1), text(3));
        *self.replayed.events.entry(format.id()).or_default() += 1;
        self.replayed.bytes += raw.len() as u64;
        let batch = (text(4), row.get(5).and_then(Value::as_i64).unwrap_or_default());
        if self.judge(format, batch, uid, time, raw).is_none() {
            *self.replayed.unreadable.entry(format.id()).or_default() += 1;
        }
        self.check_room()
    }

    /// Evaluates one record, as the flow does. `None` when it cannot be read again, or rules could not look at it.
    fn judge(&mut self, format: Format, batch: (&str, i64), uid: &str, time: Timestamp, raw: &str) -> Option<()> {
        let Self { rules, matcher, ocsf, reading, matched, json, day_hits, replayed, .. } = self;
        let (program, time_us) = (&rules.program, time.as_microsecond());
        let decoder = reading.decoder(format, batch, raw)?;
        let view = decoder.view(raw.as_bytes()).ok()?;
        matched.clear();
        matched.extend_from_slice(matcher.evaluate(rules::log_source(program, format), &view).ok()?);
        if !matched.is_empty() {
            matcher.hits(&view, time_us, uid, day_hits).ok()?;
        }
        let is_asked = ocsf.as_ref().is_some_and(|ocsf| ocsf.may_ask(format, raw.as_bytes()));
        if !is_asked && !matched.iter().any(|&number| program.reports_alone(number)) {
            return Some(());
        }
        // Matches are rare: only now is the record worth normalising.
        let event = decoder.normalize(raw.as_bytes()).ok()?;
        if let Some(ocsf) = ocsf.as_ref().filter(|ocsf| ocsf.asks(event.class)) {
            *replayed.of_class.entry(event.class).or_default() += 1;
            matched.extend_from_slice(ocsf.evaluate(program, matcher, &event, json).ok()?);
            matcher.hits(json, time_us, uid, day_hits).ok()?;
        }
        let hot = event.hot();
        let alone = matched.iter().copied().filter(|&number| program.reports_alone(number));
        replayed.told.extend(alone.map(|number| Told {
            number,
            time,
            first: time,
            event_uid: uid.to_owned(),
            event_uids: BTreeSet::from([uid.to_owned()]),
            who: hot.actor_key.unwrap_or_default().to_owned(),
            resources: hot.resources.clone(),
        }));
        Some(())
    }

    fn check_room(&self) -> Result<(), Failure> {
        let is_full = TOLD_MAX < self.replayed.told.len()
            || HITS_MAX < self.day_hits.len()
            || HITS_MAX < self.replayed.hits.len();
        if is_full {
            return Err(Failure::usage(format!(
                "these rules match more than {TOLD_MAX} times, or their correlations more than {HITS_MAX}"
            ))
            .help("choose a shorter period, or fewer rules with --no-builtin --rules"));
        }
        Ok(())
    }

    /// The day is read: its hits in order of time.
    fn correlate(&mut self, day: Date) -> Result<(), Failure> {
        let mut hits = std::mem::take(&mut self.day_hits);
        hits.sort_by(|a, b| {
            (a.time_us, a.correlation, &a.uid, a.rule).cmp(&(b.time_us, b.correlation, &b.uid, b.rule))
        });
        for hit in &hits {
            self.correlator.push(hit);
            *self.replayed.hits_of.entry(hit.correlation).or_default() += 1;
        }
        let end = day.tomorrow().ok().and_then(|next| next.to_zoned(TimeZone::UTC).ok());
        // Not the instant of midnight itself: it belongs to the next day.
        let end_us = end.map_or(i64::MAX, |end| end.timestamp().as_microsecond() - 1);
        for episode in self.correlator.watermark(end_us) {
            self.note(&episode);
        }
        self.replayed.hits.extend(hits.into_iter().filter(|hit| self.keep.contains(&hit.correlation)));
        self.check_room()
    }

    fn note(&mut self, episode: &Episode) {
        let number = episode.correlation as usize;
        if episode.change == Change::Opened && self.rules.program.correlation_reports_alone(number) {
            self.replayed.told.push(told(episode, self.rules.rules.len() + number));
        }
    }
}

/// An episode as something told.
pub(crate) fn told(episode: &Episode, number: usize) -> Told {
    let instant = |us: i64| Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH);
    Told {
        number,
        time: instant(episode.completed.time_us),
        first: instant(episode.first.time_us),
        event_uid: episode.completed.uid.clone(),
        event_uids: listed_uids(episode),
        who: serde_json::to_string(&episode.group).unwrap_or_default(),
        resources: Vec::new(),
    }
}

impl Period {
    /// The condition for stored findings.
    pub(crate) fn sql(self) -> String {
        let from = self.from.map(|from| format!("day >= DATE '{}'", utc_day(from)));
        let to = self.to.map(|to| format!("day <= DATE '{}'", utc_day(to)));
        [Some("true".to_owned()), from, to].into_iter().flatten().collect::<Vec<_>>().join(" AND ")
    }

    pub(crate) fn holds(self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time < to)
    }
}

/// How long after the first event something was told.
pub(crate) fn delay(first: Timestamp, told: Timestamp) -> SignedDuration {
    told.duration_since(first)
}
