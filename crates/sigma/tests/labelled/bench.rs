//! The repository's rules, compiled once with stated placeholders: which of them match one record, and what they find
//! in a run of records. Does not judge; the tests do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sigma::{Change, CorrelationLimits, Correlator, Level, Loaded, Matcher, Options, Placeholder, Program, Rule};

/// From this level on a finding opens an incident by itself.
pub(crate) const WAKING: Level = Level::Medium;

pub(crate) type Placeholders = BTreeMap<String, Vec<String>>;

/// The rule attribute that names placeholders without which the rule waits.
const REQUIRES: &str = "requires_placeholders";
/// No record of a stored run is too late.
const LATENESS_US: i64 = 100 * 366 * 86_400_000_000;

pub(crate) struct Bench {
    loaded: Loaded,
    program: Program,
    folder: PathBuf,
    /// What labels call by name, and the ways in which one record answers to it.
    named: BTreeMap<String, Vec<Way>>,
}

/// Rules that all match, and the level at which that is reported.
struct Way {
    rules: BTreeSet<usize>,
    level: Level,
}

/// What a rule or a correlation reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) time_us: i64,
    pub(crate) rule: String,
    pub(crate) level: Level,
}

impl Bench {
    /// With the values that the examples inside the rules are run with, and more.
    pub(crate) fn with_test_values(more: &Placeholders) -> Self {
        let mut values: Placeholders = described().into_iter().map(|(name, held)| (name, held.test)).collect();
        for (name, added) in more {
            values.get_mut(name).unwrap_or_else(|| panic!("no placeholder `{name}`")).extend(added.iter().cloned());
        }
        Self::new(values)
    }

    /// As an installation that was told no more than this: rules that need to know more wait.
    pub(crate) fn told_only(told: &Placeholders) -> Self {
        let mut values: Placeholders = described().into_keys().map(|name| (name, Vec::new())).collect();
        values.extend(told.clone());
        Self::new(values)
    }

    fn new(mut values: Placeholders) -> Self {
        sigma::add_others(&described(), &mut values);
        let folder = folder();
        let mut loaded = sigma::load(crate::common::rule_files(&folder));
        set_aside_waiting(&mut loaded, &values);
        let options = Options { placeholders: values.into_iter().collect() };
        let (program, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &options);
        assert!(errors.is_empty(), "{errors:?}");
        let mut bench = Self { loaded, program, folder, named: BTreeMap::new() };
        bench.named = bench.names();
        bench
    }

    /// `file` is what the file reports: a rule of its own; of a correlation that counts, each rule that it counts, since
    /// a labelled case is one record; of one that joins, all its rules at once. `file#name` is one rule.
    fn names(&self) -> BTreeMap<String, Vec<Way>> {
        let mut named: BTreeMap<String, Vec<Way>> = BTreeMap::new();
        let mut answers = |name: String, rules: BTreeSet<usize>, level: Option<Level>| {
            named.entry(name).or_default().push(Way { rules, level: level.unwrap() });
        };
        for (number, rule) in self.loaded.rules.iter().enumerate() {
            let stem = self.stem(&rule.file);
            if let Some(name) = &rule.name {
                answers(format!("{stem}#{name}"), BTreeSet::from([number]), rule.level);
            }
            if self.program.reports_alone(number) {
                answers(stem, BTreeSet::from([number]), rule.level);
            }
        }
        for own in &self.loaded.correlations {
            let is_part =
                |rule: &Rule| own.rules.iter().any(|part| *part == rule.id || Some(part) == rule.name.as_ref());
            let parts =
                self.loaded.rules.iter().enumerate().filter(|(_, rule)| is_part(rule)).map(|(number, _)| number);
            if own.kind.is_temporal() {
                answers(self.stem(&own.file), parts.collect(), own.level);
            } else {
                parts.for_each(|number| answers(self.stem(&own.file), BTreeSet::from([number]), own.level));
            }
        }
        named
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.named.contains_key(name)
    }

    /// The rules that match a record of this log, as numbers for [`Bench::answered`].
    pub(crate) fn matching(&self, matcher: &mut Matcher, log: (&str, &str), event: &Value) -> BTreeSet<usize> {
        let source = self.program.log_source(log.0, log.1);
        matcher.evaluate(source, &serde_json::to_vec(event).unwrap()).unwrap().iter().copied().collect()
    }

    /// The highest level at which one of `names` is answered by rules that match.
    pub(crate) fn answered(&self, names: &[String], matching: &BTreeSet<usize>) -> Option<Level> {
        let ways = names.iter().flat_map(|name| &self.named[name]);
        let answering = ways.filter(|way| !way.rules.is_empty() && way.rules.is_subset(matching));
        answering.map(|way| way.level).max()
    }

    pub(crate) fn matcher(&self) -> Matcher {
        Matcher::new(&self.program)
    }

    pub(crate) fn stems(&self, rules: &BTreeSet<usize>) -> String {
        let stems: BTreeSet<String> = rules.iter().map(|rule| self.stem(&self.loaded.rules[*rule].file)).collect();
        stems.into_iter().collect::<Vec<_>>().join(" ")
    }

    /// Everything that is reported about these records, in order of time. What only feeds a correlation is not.
    pub(crate) fn findings(&self, log: (&str, &str), records: &[Value]) -> Vec<Finding> {
        let limits = CorrelationLimits { lateness_us: LATENESS_US, ..CorrelationLimits::default() };
        let mut correlator = Correlator::new(&self.program, limits);
        let mut matcher = self.matcher();
        let source = self.program.log_source(log.0, log.1);
        let (mut hits, mut findings) = (Vec::new(), Vec::new());
        for (number, record) in records.iter().enumerate() {
            let bytes = serde_json::to_vec(record).unwrap();
            let time_us = time_us(record);
            let matched = matcher.evaluate(source, &bytes).unwrap().to_vec();
            matcher.hits(&bytes, time_us, &format!("record-{number}"), &mut hits).unwrap();
            hits.drain(..).for_each(|hit| correlator.push(&hit));
            for rule in matched.into_iter().filter(|rule| self.program.reports_alone(*rule)) {
                let rule = &self.loaded.rules[rule];
                findings.push(Finding { time_us, rule: self.stem(&rule.file), level: rule.level.unwrap() });
            }
        }
        for episode in correlator.finish().into_iter().filter(|episode| episode.change == Change::Closed) {
            let number = episode.correlation as usize;
            if self.program.correlation_reports_alone(number) {
                let own = &self.loaded.correlations[number];
                let time_us = episode.completed.time_us;
                findings.push(Finding { time_us, rule: self.stem(&own.file), level: own.level.unwrap() });
            }
        }
        findings.sort();
        findings
    }

    fn stem(&self, file: &str) -> String {
        Path::new(file).strip_prefix(&self.folder).unwrap().with_extension("").display().to_string()
    }
}

/// When a CloudTrail record says it happened, in microseconds since 1970; 0 where it does not say.
pub(crate) fn time_us(record: &Value) -> i64 {
    let text = record.get("eventTime").and_then(Value::as_str).unwrap_or("1970-01-01T00:00:00Z");
    text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/rules")
}

fn described() -> BTreeMap<String, Placeholder> {
    toml::from_str(&fs::read_to_string(folder().join("placeholders.toml")).unwrap()).unwrap()
}

/// Takes out the rules whose required placeholders are empty, and the correlations over them, as the product does.
fn set_aside_waiting(loaded: &mut Loaded, values: &Placeholders) {
    let is_empty = |name: &str| values.get(name).is_none_or(Vec::is_empty);
    let waits = |rule: &Rule| {
        let required = rule.custom.get(REQUIRES).and_then(Value::as_array).into_iter().flatten();
        required.filter_map(Value::as_str).any(is_empty)
    };
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for rule in loaded.rules.iter().filter(|rule| waits(rule)) {
        gone.insert(rule.id.clone());
        gone.extend(rule.name.clone());
    }
    loaded.rules.retain(|rule| !waits(rule));
    loop {
        let bereft = loaded.correlations.iter().position(|own| own.rules.iter().any(|part| gone.contains(part)));
        let Some(bereft) = bereft else { return };
        let own = loaded.correlations.remove(bereft);
        gone.insert(own.id);
        gone.extend(own.name);
    }
}
