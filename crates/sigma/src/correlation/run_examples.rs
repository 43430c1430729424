//! Runs the examples that a correlation carries, through the same compiler, matcher and correlator as real records.

use super::correlator::Correlator;
use super::document::Correlation;
use super::episode::{Change, Episode};
use super::example::CorrelationTest;
use super::limits::CorrelationLimits;
use crate::compile::Options;
use crate::error::Severity;
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
    let (program, complaints) = Program::compile_with(rules, correlations, options);
    let problem = complaints.iter().find(|complaint| {
        complaint.severity == Severity::Error && complaint.file == correlation.file && !program.has_correlation(index)
    });
    let bench = Bench { index, rules, program: &program };
    let run = |test: &CorrelationTest| {
        let tried = match problem {
            Some(problem) => Err(problem.message.clone()),
            None if !program.has_correlation(index) => Err("the correlation cannot be used".to_owned()),
            None => bench.episodes(test),
        };
        let (fired, problem) = match tried {
            Ok(count) => {
                let is_wrong_count = test.episodes.is_some_and(|wanted| wanted != count);
                let wanted = test.episodes.unwrap_or_default();
                let problem = is_wrong_count.then(|| format!("{count} episodes instead of {wanted}"));
                ((!is_wrong_count).then_some(0 < count), problem)
            }
            Err(problem) => (None, Some(problem)),
        };
        TestOutcome { name: test.name.clone(), expected: test.fires, fired, problem }
    };
    correlation.tests.iter().map(run).collect()
}

struct Bench<'b> {
    index: usize,
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
        let is_own =
            |episode: &&Episode| episode.correlation as usize == self.index && episode.change == Change::Closed;
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
