//! Correlations: what events mean together. Two stages joined by plain data, [`Hit`]: the first takes from a record that
//! was just evaluated what correlations group and count by, and remembers nothing; the second, [`Correlator`], slides
//! windows over event time and tells [`Episode`]s. Neither reads a clock.
//!
//! ```
//! let text = "
//! title: Many failed logins
//! correlation:
//!   type: event_count
//!   rules: [failed_login]
//!   group-by: [user]
//!   timespan: 5m
//!   condition: {gte: 3}
//! ---
//! title: Failed login
//! name: failed_login
//! logsource: {product: application, service: json}
//! detection: {selection: {event: login, ok: false}, condition: selection}
//! ";
//! let loaded = sigma::load([("logins.yml", text)]);
//! let (program, complaints) =
//!     sigma::Program::compile_with(&loaded.rules, &loaded.correlations, &sigma::Options::default());
//! assert!(complaints.is_empty() && !program.reports_alone(0));
//!
//! let source = program.log_source("application", "json");
//! let mut matcher = sigma::Matcher::new(&program);
//! let mut correlator = sigma::Correlator::new(&program, sigma::CorrelationLimits::default());
//! let mut hits = Vec::new();
//! // In any order: the second event comes last.
//! for second in [10, 90, 50] {
//!     let record = br#"{"event":"login","ok":false,"user":"dana"}"#;
//!     matcher.evaluate(source, record).unwrap();
//!     matcher.hits(record, second * 1_000_000, &format!("event-{second}"), &mut hits).unwrap();
//! }
//! hits.iter().for_each(|hit| correlator.push(hit));
//! let episodes = correlator.evaluate();
//! assert_eq!(episodes[0].change, sigma::Change::Opened);
//! assert_eq!((&*episodes[0].first.uid, &*episodes[0].completed.uid), ("event-10", "event-90"));
//! ```
//!
//! # What a correlation means
//!
//! **Groups.** Events are correlated with those that have the same values in all fields of `group-by`, compared exactly
//! and with their case. A field that an event lacks, or where it holds null, is *missing*, and missing equals missing; the
//! empty text is a value. An event that lacks all of the fields is in no group and is counted in [`HitLosses`]. A field
//! that holds an array puts the event into the group of each member: `ip: [a, b]` counts for `a` and for `b`. Without
//! `group-by` all events are one group. `aliases` say which field of which rule a name stands for; where an alias says
//! nothing about a rule, the name is the field.
//!
//! **Windows.** A window ends at an event and reaches back by the timespan, both ends included; with `5m`, events at 10:00:00
//! and 10:05:00 meet. Windows are not aligned to the clock. Events of the same instant are in a window together, so
//! `eq: 2` does not hold when three come at once. An event is known by its time and id: given twice, it is one event.
//! Two kinds that Sigma does not have are read as rsigma writes them: a `tumbling` window begins at the last multiple of
//! the timespan since 1970, a `session` with `gap: 5m` where five minutes had passed without an event of the group; neither
//! reaches further back than the timespan.
//!
//! **Types.** With `user: dana` as the group and one window:
//!
//! | type | counts | example that holds |
//! |---|---|---|
//! | `event_count` | events, once each however many of the rules they match | `gte: 3`: three failed logins |
//! | `value_count` | different values of `field`; of several fields, different combinations | `field: record, gte: 100`: a hundred records read |
//! | `value_sum` | numbers in `field`, added up | `field: bytes, gt: 1000000`: 600,000 sent twice |
//! | `value_avg` | their mean | `field: rows, gte: 2.5`: 2 and 3 |
//! | `value_percentile` | the value at `percentile`, interpolated between neighbours | `percentile: 90, gte: 90` |
//! | `value_median` | the value at percentile 50 | `gte: 3`: 1, 2, 4, 100 |
//! | `temporal` | different rules; without a condition all must match | `[who, what]`: one event of each, in any order |
//! | `temporal_ordered` | as `temporal`, with one event of each rule in the order of the list | `[stop, copy]`: first stop, then copy |
//!
//! Numbers may be written as text, have six decimals, and are exact; what is no number is not counted. Times that are
//! equal are in order both ways, because many logs only know seconds. A rule may be listed twice: `[a, b, a]` needs `a`
//! again after `b`. In place of a number, temporal types take an expression, `opened and not ticket`, over the rules that
//! are in the window; `temporal_ordered` takes one with `and` and `not` only, and orders the rules that must be there.
//!
//! **Absence.** Windows are looked at when there is an event, never because there is none: `lt: 5` holds with a single event,
//! and `eq: 0` is refused. What must be noticed when nothing happens, such as a source that goes silent, needs a clock and
//! does not belong here.
//!
//! **Episodes.** An episode begins with the first event of the first window that fits, and goes on for as long as the next
//! window that fits still holds the end of the last: a burst of a million events is one episode, told once.
//! It is named by correlation, group and first event. Late events may give it another beginning or join it with others;
//! it is then told as [`Change::Revised`] with what it supersedes, and if it does not hold after all, as
//! [`Change::Withdrawn`]. When nothing can change it any more it is told as [`Change::Closed`]. As long as no event is later
//! than [`CorrelationLimits::lateness_us`] and no limit was reached, what is closed, and which episodes are left in the end,
//! depend neither on the order of events nor on how often they came or the caller asked.
//!
//! **Correlations over correlations.** The inner correlation's group must hold what the outer one groups by. For
//! `event_count` and the `value_…` types an episode is one event, at the event that completed it. Temporal types see the
//! inner correlation at every moment at which its condition holds, so an hour of guessing followed by a success is found
//! whatever the timespan.
//!
//! **Who reports.** Rules, and inner correlations, that a correlation is about do not report by themselves
//! ([`crate::Program::reports_alone`]) unless some correlation about them says `generate: true`.
//!
//! **Limits.** Memory is bounded by [`CorrelationLimits`]. What does not fit is evicted, the groups that were quiet for
//! longest first, and counted by correlation in [`CorrelatorLosses`].

mod compiled;
mod condition;
mod correlator;
mod document;
mod episode;
mod evict;
mod example;
mod expression;
mod extract;
mod forward;
mod group;
mod hit;
mod key;
mod limits;
mod measure;
mod read;
mod resolve;
mod run_examples;
mod snapshot;
mod timespan;
mod variant;
mod window;

pub(crate) use compiled::CorrelationSet;
pub use correlator::Correlator;
pub use document::{Correlation, CorrelationKind, CorrelationWindow};
pub use episode::{Change, Episode, EventRef};
pub use example::{CorrelationTest, TEST_EVENTS_MAX, TimedEvent};
pub(crate) use extract::extract;
pub use hit::{HIT_GROUPS_MAX, HIT_VALUE_BYTES_MAX, HIT_VALUES_MAX, Hit, HitLosses};
pub use limits::{CorrelationLimits, CorrelatorLosses, CorrelatorStats};
pub(crate) use read::{Reader, Section};
pub(crate) use resolve::resolve;
pub use run_examples::test_correlation;
pub use snapshot::CorrelatorSnapshot;
