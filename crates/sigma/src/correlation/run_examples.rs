//! Runs the examples that a correlation carries, through the same compiler, matcher and correlator as real records.

use super::correlator::Correlator;
use super::document::Correlation;
use super::episode::{Change, Episode};
use super::example::CorrelationTest;
use super::limits::CorrelationLimits;
use crate::compile::Options;
use crate::error::{RuleError, Severity};
use crate::matcher::Matcher;
use crate::program::{LogSourceId, Program};
use crate::rule::Rule;
use crate::rule_test::TestOutcome;

/// Where the time of examples starts: 2026-01-01T00:00:00Z. Any instant would do.
const START_US: i64 = 1_767_225_600_000_000;
/// No event of an example is too late.
const LATENESS_US: i64 = 100 * 366 * 86_400_000_000;

/// Runs all examples of the correlation at `index`. Of `rules` and `correlations` those that it is about are used.
#[must_use]
pub fn test_correlation(
    index: usize,
    rules: &[Rule],
    correlations: &[Correlation],
    options: &Options,
) -> Vec<TestOutcome> {
    let Some(correlation) = correlations.get(index) else { return Vec::new() };
    let (rules, correlations) = needed(correlation, rules, correlations);
    let (program, complaints) = Program::compile_with(&rules, &correlations, options);
    let errors: Vec<&RuleError> = complaints.iter().filter(|complaint| complaint.severity == Severity::Error).collect();
    let bench = Bench { rules: &rules, program: &program };
    let run = |test: &CorrelationTest| {
        let tried = match errors.first() {
            Some(error) => Err(error.message.clone()),
            None => bench.episodes(test),
        };
        let (fired, problem) = match tried {
            Ok(count) => match test.episodes.filter(|wanted| *wanted != count) {
                Some(wanted) => (None, Some(format!("{count} episodes instead of {wanted}"))),
                None => (Some(0 < count), None),
            },
            Err(problem) => (None, Some(problem)),
        };
        TestOutcome { name: test.name.clone(), expected: test.fires, fired, problem }
    };
    correlation.tests.iter().map(run).collect()
}

/// The correlation, first, and all rules and correlations that it is about, however deep.
fn needed(correlation: &Correlation, rules: &[Rule], correlations: &[Correlation]) -> (Vec<Rule>, Vec<Correlation>) {
    let mut chosen: Vec<&Correlation> = vec![correlation];
    let mut next = 0;
    while let Some(outer) = chosen.get(next).copied() {
        next += 1;
        for inner in correlations {
            let is_known = chosen.iter().any(|known| std::ptr::eq(*known, inner));
            if !is_known && is_meant(outer, &inner.id, inner.name.as_deref(), &inner.title) {
                chosen.push(inner);
            }
        }
    }
    let is_wanted =
        |rule: &&Rule| chosen.iter().any(|outer| is_meant(outer, &rule.id, rule.name.as_deref(), &rule.title));
    (rules.iter().filter(is_wanted).cloned().collect(), chosen.into_iter().cloned().collect())
}

fn is_meant(outer: &Correlation, id: &str, name: Option<&str>, title: &str) -> bool {
    outer.rules.iter().any(|reference| reference == id || Some(reference.as_str()) == name || reference == title)
}

struct Bench<'b> {
    rules: &'b [Rule],
    program: &'b Program,
}

impl Bench<'_> {
    /// How many episodes there are in the end.
    fn episodes(&self, test: &CorrelationTest) -> Result<usize, String> {
        let limits = CorrelationLimits { lateness_us: LATENESS_US, ..CorrelationLimits::default() };
        let mut correlator = Correlator::new(self.program, limits);
        let mut matcher = Matcher::new(self.program);
        let sources = self.sources();
        let mut hits = Vec::new();
        for (number, (time, event)) in test.unrolled()?.into_iter().enumerate() {
            let record = serde_json::to_vec(&event).map_err(|error| error.to_string())?;
            let (time, uid) = (START_US.saturating_add(time), format!("event-{number}"));
            for source in &sources {
                matcher.evaluate(*source, &record).map_err(|error| error.to_string())?;
                matcher.hits(&record, time, &uid, &mut hits).map_err(|error| error.to_string())?;
            }
            hits.drain(..).for_each(|hit| correlator.push(&hit));
        }
        let episodes = correlator.finish();
        let is_own = |episode: &&Episode| episode.correlation == 0 && episode.change == Change::Closed;
        Ok(episodes.iter().filter(is_own).count())
    }

    /// The logs of all rules that feed correlations: an example does not say which log an event is from.
    fn sources(&self) -> Vec<LogSourceId> {
        let mut sources = Vec::new();
        for (number, rule) in self.rules.iter().enumerate() {
            if !self.program.feeds_correlations(number) {
                continue;
            }
            let part = |name: &Option<String>| name.clone().unwrap_or_default();
            let log = &rule.logsource;
            let source = self.program.log_source_in(&part(&log.product), &part(&log.service), &part(&log.category));
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        sources
    }
}
