//! The repository's own rules and correlations keep their promises: each compiles, carries examples of both kinds, and
//! says what it is for. A rule that only feeds correlations may leave false positives to them.
//!
//! Judges the files below `content/rules` and the names in `placeholders.toml`. How well the rules find leaks is not
//! asked here; the synthetic company shows that.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sigma::{Ads, Correlation, Loaded, LogSource, Options, Placeholder, Program, Rule, TestOutcome, Watertight};

/// Where a rule can say that data leaks.
const SURFACES: &[&str] = &[
    "storage",
    "database",
    "identity",
    "network",
    "logging",
    "keys",
    "checkout",
    "product_api",
    "customer_account",
    "student_portal",
    "course_delivery",
    "assessment",
];
/// Logs that records are recognised as; a rule for another one would never be asked.
const LOG_SOURCES: &[(&str, &str)] = &[
    ("aws", "cloudtrail"),
    ("aws", "vpcflow"),
    ("aws", "s3access"),
    ("azure", "activitylogs"),
    ("azure", "signinlogs"),
    ("azure", "auditlogs"),
    ("m365", "audit"),
    ("application", "json"),
    ("aws", "guardduty"),
    ("aws", "macie"),
    ("aws", "securityhub"),
    ("aws", "route53resolver"),
    ("aws", "waf"),
    ("aws", "elb"),
    ("aws", "cloudfront"),
    ("azure", "storage"),
    ("azure", "sqlaudit"),
    ("azure", "keyvault"),
    ("azure", "cosmosdb"),
    ("azure", "securityalert"),
    ("azure", "riskdetection"),
    ("m365", "defender"),
    ("okta", "okta"),
    ("github", "audit"),
    ("kubernetes", "audit"),
    ("gcp", "google_workspace"),
    ("web", "access"),
];
/// Records that come in already normalised; the service names the class.
const NORMALISED: &str = "ocsf";
/// How much there is at least, so that a folder that was not read cannot pass for one without faults.
const RULES_MIN: usize = 150;
const CORRELATIONS_MIN: usize = 25;
/// The rule attribute that names placeholders without which the rule waits.
const REQUIRES: &str = "requires_placeholders";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/rules")
}

fn placeholders() -> BTreeMap<String, Placeholder> {
    toml::from_str(&fs::read_to_string(folder().join("placeholders.toml")).unwrap()).unwrap()
}

fn options() -> Options {
    let known = placeholders();
    let mut values = known.iter().map(|(name, placeholder)| (name.clone(), placeholder.test.clone())).collect();
    sigma::add_others(&known, &mut values);
    Options { placeholders: values }
}

fn loaded() -> Loaded {
    let files = common::rule_files(&folder());
    assert!(!files.is_empty(), "no rules below {}", folder().display());
    sigma::load(files)
}

fn each(check: impl Fn(&Rule) -> Option<String>) {
    let loaded = loaded();
    none(loaded.rules.iter().filter_map(|rule| check(rule).map(|fault| format!("{}: {fault}", rule.file))));
}

fn each_correlation(check: impl Fn(&Correlation) -> Option<String>) {
    let loaded = loaded();
    none(loaded.correlations.iter().filter_map(|own| check(own).map(|fault| format!("{}: {fault}", own.file))));
}

fn none(faults: impl Iterator<Item = String>) {
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn program(loaded: &Loaded, options: &Options) -> Program {
    let (program, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, options);
    none(errors.iter().map(ToString::to_string));
    program
}

#[test]
fn every_file_is_a_rule_and_compiles_without_a_warning() {
    let loaded = loaded();
    let said: Vec<String> = loaded.errors.iter().chain(&loaded.warnings).map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
    let program = program(&loaded, &options());
    let rules = (0..loaded.rules.len()).filter(|rule| program.reports_alone(*rule)).count();
    let correlations = (0..loaded.correlations.len()).filter(|own| program.correlation_reports_alone(*own)).count();
    assert_eq!(rules + correlations, common::rule_files(&folder()).len(), "one thing to report a file");
}

#[test]
fn there_are_enough_rules_and_correlations() {
    let Loaded { rules, correlations, .. } = loaded();
    assert!(RULES_MIN <= rules.len(), "{} rules instead of {RULES_MIN}", rules.len());
    let count = correlations.len();
    assert!(CORRELATIONS_MIN <= count, "{count} correlations instead of {CORRELATIONS_MIN}");
}

#[test]
fn every_rule_shows_what_it_finds_and_what_it_leaves_alone() {
    let options = options();
    each(|rule| shown(&sigma::test_rule(rule, &options)));
    let Loaded { rules, correlations, .. } = loaded();
    none((0..correlations.len()).filter_map(|number| {
        let fault = shown(&sigma::test_correlation(number, &rules, &correlations, &options))?;
        Some(format!("{}: {fault}", correlations[number].file))
    }));
}

fn shown(outcomes: &[TestOutcome]) -> Option<String> {
    let kinds: BTreeSet<bool> = outcomes.iter().map(|outcome| outcome.expected).collect();
    if kinds.len() < 2 {
        return Some("needs an example that fires and one that stays quiet".to_owned());
    }
    let failed: Vec<String> =
        outcomes.iter().filter(|outcome| !outcome.passed()).map(|outcome| format!("{outcome:?}")).collect();
    (!failed.is_empty()).then(|| failed.join("\n"))
}

/// What is not configured must never make a rule fail to compile; it finds more or less, or waits.
#[test]
fn every_rule_compiles_while_nothing_is_configured() {
    let empty = Options { placeholders: placeholders().into_keys().map(|name| (name, Vec::new())).collect() };
    program(&loaded(), &empty);
}

#[test]
fn ids_and_titles_are_given_once() {
    let loaded = loaded();
    let rules = loaded.rules.iter().map(|rule| (rule.id.as_str(), rule.title.as_str()));
    let correlations = loaded.correlations.iter().map(|own| (own.id.as_str(), own.title.as_str()));
    let (ids, titles): (BTreeSet<&str>, BTreeSet<&str>) = rules.chain(correlations).unzip();
    let count = loaded.rules.len() + loaded.correlations.len();
    assert_eq!(ids.len(), count, "an id occurs twice");
    assert_eq!(titles.len(), count, "a title occurs twice");
    let given = |id: &str| id.len() == 36 && id.split('-').count() == 5;
    assert!(ids.iter().all(|id| given(id)), "an id is not a UUID: {ids:?}");
}

#[test]
fn every_rule_says_where_the_leak_is_and_which_technique_it_shows() {
    each_correlation(|own| {
        located(&own.watertight, &own.attack)
            .or((own.level.is_none() || own.status.is_none()).then(|| "has no level or no status".to_owned()))
    });
    each(|rule| {
        if !is_recognised(&rule.logsource) {
            return Some(format!("no records are recognised as {}", rule.logsource));
        }
        if let Some(fault) = located(&rule.watertight, &rule.attack) {
            return Some(fault);
        }
        (rule.level.is_none() || rule.status.is_none()).then(|| "has no level or no status".to_owned())
    });
}

#[test]
fn every_rule_tells_the_person_on_call_what_to_do_and_what_it_misses() {
    let loaded = loaded();
    let program = program(&loaded, &options());
    none(loaded.rules.iter().enumerate().filter_map(|(number, rule)| {
        let has_causes = !rule.falsepositives.is_empty() || !program.reports_alone(number);
        let fault = explained(&rule.ads, rule.description.as_deref(), has_causes, &rule.watertight)?;
        Some(format!("{}: {fault}", rule.file))
    }));
    each_correlation(|own| {
        explained(&own.ads, own.description.as_deref(), !own.falsepositives.is_empty(), &own.watertight)
    });
}

/// Access logs of any web server are one log; they are named by their category alone.
fn is_recognised(source: &LogSource) -> bool {
    match (source.product.as_deref(), source.service.as_deref(), source.category.as_deref()) {
        (None, None, Some("webserver")) | (Some(NORMALISED), _, _) => true,
        (Some(product), Some(service), _) => LOG_SOURCES.contains(&(product, service)),
        _ => false,
    }
}

fn located(watertight: &Watertight, attack: &[String]) -> Option<String> {
    let surface = watertight.surface.as_deref().unwrap_or_default();
    if !SURFACES.contains(&surface) {
        return Some(format!("surface `{surface}` is none of {SURFACES:?}"));
    }
    attack.is_empty().then(|| "names no ATT&CK technique".to_owned())
}

fn explained(ads: &Ads, description: Option<&str>, has_causes: bool, watertight: &Watertight) -> Option<String> {
    let sections = [
        ("goal", &ads.goal),
        ("strategy", &ads.strategy),
        ("blind_spots", &ads.blind_spots),
        ("validation", &ads.validation),
        ("response", &ads.response),
    ];
    let missing: Vec<&str> = sections.iter().filter(|(_, text)| text.is_empty()).map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        return Some(format!("ads lacks {missing:?}"));
    }
    let described = description.is_some_and(|text| !text.trim().is_empty());
    (!described || !has_causes || watertight.owner.is_none())
        .then(|| "lacks a description, false positives or an owner".to_owned())
}

#[test]
fn placeholders_are_described_used_and_have_values_to_test_with() {
    let described = placeholders();
    for (name, placeholder) in &described {
        assert!(!placeholder.means.is_empty(), "{name} says too little");
        let is_made = placeholder.other_than.as_ref().is_some_and(|others| described.contains_key(&others.name));
        assert_ne!(is_made, !placeholder.test.is_empty(), "{name} has values or is made of those of another");
    }
    let mut used: BTreeSet<String> =
        described.values().filter_map(|one| Some(one.other_than.as_ref()?.name.clone())).collect();
    let names: BTreeSet<String> = described.into_keys().collect();
    for (file, text) in common::rule_files(&folder()) {
        let detection = text.split("\ntests:").next().unwrap().to_owned();
        let found = names_between_percent_signs(&detection);
        let unknown: Vec<&String> = found.difference(&names).collect();
        assert!(unknown.is_empty(), "{file} uses {unknown:?}, which placeholders.toml does not describe");
        used.extend(found);
    }
    let idle: Vec<&String> = names.difference(&used).collect();
    assert!(idle.is_empty(), "no rule uses {idle:?}");
}

/// A rule can only wait for what it asks.
#[test]
fn a_rule_requires_only_placeholders_that_it_uses() {
    let texts: BTreeMap<String, String> = common::rule_files(&folder()).into_iter().collect();
    let known = placeholders();
    each(|rule| {
        let required = rule.custom.get(REQUIRES)?.as_array().unwrap();
        let mut used = names_between_percent_signs(&texts[&rule.file]);
        // Who asks for what is not ours asks for what is ours.
        let made = known.iter().filter(|(name, _)| used.contains(*name)).filter_map(|(_, one)| one.other_than.as_ref());
        let behind: Vec<String> = made.map(|others| others.name.clone()).collect();
        used.extend(behind);
        let idle: Vec<&str> =
            required.iter().filter_map(|name| name.as_str()).filter(|name| !used.contains(*name)).collect();
        (!idle.is_empty()).then(|| format!("requires {idle:?} without asking them"))
    });
}

fn names_between_percent_signs(text: &str) -> BTreeSet<String> {
    let is_name = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    text.split('%').filter(is_name).map(str::to_owned).collect()
}
