//! Runs the examples that a rule carries, through the same compiler and matcher as real records.

use crate::compile::Options;
use crate::matcher::Matcher;
use crate::program::Program;
use crate::rule::{Rule, RuleTest};

/// What one example of a rule showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// The example's name.
    pub name: String,
    /// Whether the rule should have matched.
    pub expected: bool,
    /// Whether it did; `None` if it could not be tried.
    pub fired: Option<bool>,
    /// Why it could not be tried.
    pub problem: Option<String>,
}

impl TestOutcome {
    /// Whether the example showed what it should.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.fired == Some(self.expected)
    }
}

/// Runs all examples of a rule, as records of the rule's own log.
#[must_use]
pub fn test_rule(rule: &Rule, options: &Options) -> Vec<TestOutcome> {
    let (program, errors) = Program::compile(std::slice::from_ref(rule), options);
    let part = |name: &Option<String>| name.clone().unwrap_or_default();
    let source = &rule.logsource;
    let source = program.log_source_in(&part(&source.product), &part(&source.service), &part(&source.category));
    let mut matcher = Matcher::new(&program);
    let run = |test: &RuleTest| {
        let tried = match errors.first() {
            Some(error) => Err(error.message.clone()),
            None => fires(&mut matcher, source, test),
        };
        let (fired, problem) = match tried {
            Ok(fired) => (Some(fired), None),
            Err(problem) => (None, Some(problem)),
        };
        TestOutcome { name: test.name.clone(), expected: test.fires, fired, problem }
    };
    rule.tests.iter().map(run).collect()
}

fn fires(matcher: &mut Matcher, source: crate::LogSourceId, test: &RuleTest) -> Result<bool, String> {
    let record = serde_json::to_vec(&test.event).map_err(|error| error.to_string())?;
    let matched = matcher.evaluate(source, &record).map_err(|error| error.to_string())?;
    Ok(!matched.is_empty())
}
