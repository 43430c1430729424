//! Everything that reports by itself: rules, correlations, baselines, each with what feeds it, when it last found something
//! and how its own examples go. A rule that is only counted by correlations watches for nothing alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sigma::{Correlation, Loaded, Options, Program, TestOutcome};

use super::fed::{Fed, Supply};
use crate::ocsf_rules::OcsfRules;

/// Where content says nothing.
const NOWHERE: &str = "unsaid";
/// Correlations about correlations are followed so far; deeper ones do not compile.
const DEPTH_MAX: usize = 8;

/// One thing that reports.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Watcher {
    pub(crate) id: String,
    pub(crate) title: String,
    /// `rule`, `correlation` or `baseline`.
    pub(crate) kind: &'static str,
    pub(crate) surface: String,
    pub(crate) attack: Vec<String>,
    #[serde(flatten)]
    pub(crate) supply: Supply,
    /// What it waits for before it finds anything.
    pub(crate) waits_for: Option<String>,
    pub(crate) last_finding: Option<String>,
    pub(crate) examples: usize,
    pub(crate) examples_passed: usize,
    /// The last example that should fire and did.
    pub(crate) last_passed: Option<String>,
}

/// What is known beside the content.
#[derive(Debug)]
pub(crate) struct Known<'k> {
    pub(crate) fed: &'k Fed,
    /// Rule id → time of its newest finding.
    pub(crate) last: &'k BTreeMap<String, String>,
    /// Title → placeholder.
    pub(crate) waiting: &'k BTreeMap<String, String>,
    pub(crate) options: &'k Options,
}

/// All of them, in the order of the content.
pub(crate) fn watchers(loaded: &Loaded, baselines: &::baseline::Loaded, known: &Known<'_>) -> Vec<Watcher> {
    let (program, _) = Program::compile_with(&loaded.rules, &loaded.correlations, known.options);
    let ocsf = OcsfRules::of(&loaded.rules);
    let supplies: Vec<Supply> =
        (0..loaded.rules.len()).map(|number| known.fed.of_rule(&program, ocsf.as_ref(), number)).collect();
    let mut all = Vec::new();
    for (number, rule) in loaded.rules.iter().enumerate().filter(|(number, _)| program.reports_alone(*number)) {
        let outcomes = sigma::test_rule(rule, known.options);
        let supply = supplies.get(number).cloned().unwrap_or_default();
        all.push(watcher(
            ("rule", &rule.id, &rule.title),
            (&rule.watertight.surface, &rule.attack),
            supply,
            &outcomes,
            known,
        ));
    }
    for (number, own) in loaded.correlations.iter().enumerate() {
        if !program.correlation_reports_alone(number) || !program.has_correlation(number) {
            continue;
        }
        let outcomes = sigma::test_correlation(number, &loaded.rules, &loaded.correlations, known.options);
        let supply = of_correlation(own, loaded, &supplies, 0);
        all.push(watcher(
            ("correlation", &own.id, &own.title),
            (&own.watertight.surface, &own.attack),
            supply,
            &outcomes,
            known,
        ));
    }
    all.extend(of_baselines(baselines, known));
    all
}

fn of_correlation(own: &Correlation, loaded: &Loaded, supplies: &[Supply], depth: usize) -> Supply {
    if DEPTH_MAX < depth {
        return Supply::default();
    }
    let mut parts = Vec::new();
    for name in &own.rules {
        let is_meant = |id: &String, own_name: &Option<String>| id == name || own_name.as_ref() == Some(name);
        let rule = loaded.rules.iter().position(|rule| is_meant(&rule.id, &rule.name));
        let inner = loaded.correlations.iter().find(|other| is_meant(&other.id, &other.name));
        parts.push(match (rule.and_then(|number| supplies.get(number)), inner) {
            (Some(supply), _) => supply.clone(),
            (None, Some(inner)) => of_correlation(inner, loaded, supplies, depth + 1),
            (None, None) => Supply::default(),
        });
    }
    Fed::of_correlation(own, &parts)
}

fn watcher(
    (kind, id, title): (&'static str, &str, &str),
    (surface, attack): (&Option<String>, &[String]),
    supply: Supply,
    outcomes: &[TestOutcome],
    known: &Known<'_>,
) -> Watcher {
    let passed = outcomes.iter().filter(|outcome| outcome.passed());
    let last_passed = outcomes.iter().rfind(|outcome| outcome.expected && outcome.passed());
    Watcher {
        id: id.to_owned(),
        title: title.to_owned(),
        kind,
        surface: surface.clone().unwrap_or_else(|| NOWHERE.to_owned()),
        attack: attack.to_vec(),
        supply,
        waits_for: known.waiting.get(title).cloned(),
        last_finding: known.last.get(id).cloned(),
        examples: outcomes.len(),
        examples_passed: passed.count(),
        last_passed: last_passed.map(|outcome| outcome.name.clone()),
    }
}

fn of_baselines(loaded: &::baseline::Loaded, known: &Known<'_>) -> Vec<Watcher> {
    let outcomes = ::baseline::check(loaded);
    let mut all = Vec::new();
    for own in &loaded.baselines {
        let logsources: BTreeSet<String> = own.formats().iter().cloned().collect();
        let of_it = outcomes.iter().filter(|outcome| outcome.file == own.file);
        let of_it: Vec<TestOutcome> = of_it
            .map(|outcome| TestOutcome {
                name: outcome.name.clone(),
                expected: outcome.fires,
                fired: Some(outcome.fires == outcome.passed),
                problem: None,
            })
            .collect();
        let attack: Vec<String> = own.tags.iter().filter_map(|tag| technique(tag)).collect();
        let surface = Some(own.surface.clone());
        let supply = known.fed.of_logsources(logsources);
        all.push(watcher(("baseline", &own.id, &own.title), (&surface, &attack), supply, &of_it, known));
    }
    all
}

/// `attack.t1078.004` → `T1078.004`.
fn technique(tag: &str) -> Option<String> {
    let number = tag.strip_prefix("attack.t")?;
    number.starts_with(|first: char| first.is_ascii_digit()).then(|| format!("T{number}"))
}
