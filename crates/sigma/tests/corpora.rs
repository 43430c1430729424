//! All public rules on all public CloudTrail records that are at hand: against the gold list of hits, and rule by rule
//! and record by record against another engine.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests, which stop at the first surprise")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rsigma_eval::event::JsonEvent;
use serde_json::Value;
use sigma::{Loaded, LogSource, Matcher, Options, Program};

/// The value that the placeholder rules get here; no record holds it.
const PLACEHOLDER: &str = "placeholder-without-meaning";

fn options(files: &[(String, String)]) -> Options {
    let mut options = Options::default();
    for (_, text) in files {
        for name in text.split('%').skip(1).step_by(2).filter(|name| name.len() < 40 && !name.contains(' ')) {
            options.placeholders.insert(name.to_owned(), vec![PLACEHOLDER.to_owned()]);
        }
    }
    options
}

#[test]
fn hits_are_those_of_the_gold_list() {
    let Some(corpora) = common::corpora() else { return };
    let files = common::rule_files(&corpora.join("01-sigma/rules/rules/cloud/aws"));
    let loaded = sigma::load(files.iter().map(|(name, text)| (name, text)));
    assert!(loaded.errors.is_empty(), "{:#?}", loaded.errors);
    let (program, errors) = Program::compile(&loaded.rules, &Options::default());
    assert!(errors.is_empty(), "{errors:#?}");

    let data = corpora.join("05-attack-data");
    let mut found = BTreeSet::new();
    for (dataset, folder) in [("invictus-aws", "invictus-aws"), ("stratus", "stratus-detonation-logs")] {
        let source = program.log_source("aws", "cloudtrail");
        let mut matcher = Matcher::new(&program);
        let mut hits: BTreeMap<usize, (usize, String)> = BTreeMap::new();
        for record in common::records(&data.join(folder)) {
            let bytes = serde_json::to_vec(&record).unwrap();
            for rule in matcher.evaluate(source, &bytes).unwrap() {
                let id = record.get("eventID").and_then(Value::as_str).unwrap_or_default();
                hits.entry(*rule).or_insert((0, id.to_owned())).0 += 1;
            }
        }
        for (rule, (count, first)) in hits {
            let name = loaded.rules[rule].file.rsplit('/').next().unwrap().to_owned();
            found.insert(format!("{dataset}\t{name}\t{count}\t{first}"));
        }
    }
    let gold = fs::read_to_string(data.join("gold/sigma_aws_hits.tsv")).unwrap();
    let gold: BTreeSet<String> = gold.lines().skip(1).map(str::to_owned).collect();
    assert_eq!(found, gold);
}

#[test]
fn hits_are_those_of_another_engine() {
    let Some(corpora) = common::corpora() else { return };
    let mut files = common::rule_files(&corpora.join("01-sigma/rules"));
    files.extend(common::rule_files(&corpora.join("01-sigma/suzaku-aws")));
    let options = options(&files);
    let mut loaded = sigma::load(files.iter().map(|(name, text)| (name, text)));
    // What neither engine reads: the old aggregations in conditions.
    assert!(loaded.errors.iter().all(|error| error.file.contains("/unsupported/")), "{:#?}", loaded.errors);
    // Every rule sees every record, so that rules for other logs are compared too.
    for rule in &mut loaded.rules {
        rule.logsource = LogSource::default();
    }
    let (program, errors) = Program::compile(&loaded.rules, &options);
    assert!(errors.is_empty(), "{errors:#?}");
    let other = Other::new(&files, &loaded);

    let data = corpora.join("05-attack-data");
    let mut records = common::records(&data.join("invictus-aws"));
    for more in ["stratus-detonation-logs", "traildiscover_events.jsonl", "opensearch_cloudtrail_benign.jsonl"] {
        records.extend(common::records(&data.join(more)));
    }
    let source = program.log_source("", "");
    let mut matcher = Matcher::new(&program);
    let (mut ours_total, mut other_total) = (0, 0);
    let mut differences: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for record in &records {
        let bytes = serde_json::to_vec(record).unwrap();
        let ours: BTreeSet<usize> = matcher.evaluate(source, &bytes).unwrap().iter().copied().collect();
        let others = other.evaluate(record);
        ours_total += ours.len();
        other_total += others.len();
        for rule in ours.symmetric_difference(&others) {
            let name = loaded.rules[*rule].file.rsplit('/').next().unwrap().to_owned();
            *differences.entry((name, ours.contains(rule))).or_default() += 1;
        }
    }
    println!("{} records, {} rules: {ours_total} hits, other engine {other_total}", records.len(), loaded.rules.len());
    // The readings in which the two engines differ (`peers.rs`) decide no public rule on these records.
    assert!(differences.is_empty(), "(rule, only ours) → records: {differences:#?}");
    assert!(1_000 < ours_total && 3_000 < records.len() && 600 < program.stats().rules);
}

/// The other engine, with rules named by their position among ours.
struct Other {
    engine: rsigma_eval::Engine,
}

impl Other {
    fn new(files: &[(String, String)], loaded: &Loaded) -> Self {
        let texts: BTreeMap<&str, &str> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let mut rules = Vec::new();
        for (number, ours) in loaded.rules.iter().enumerate() {
            let parsed = rsigma_parser::parse_sigma_yaml(texts[ours.file.as_str()]).unwrap();
            let mut same = parsed.rules.into_iter().filter(|rule| rule.title == ours.title);
            let mut rule = same.next().unwrap();
            rule.id = Some(number.to_string());
            rules.push(rule);
        }
        let mut engine = rsigma_eval::Engine::new();
        let errors = engine.add_rules(&rules);
        assert!(errors.is_empty(), "{errors:?}");
        Self { engine }
    }

    fn evaluate(&self, record: &Value) -> BTreeSet<usize> {
        let results = self.engine.evaluate(&JsonEvent::borrow(record));
        results.iter().map(|result| result.header.rule_id.as_ref().unwrap().parse().unwrap()).collect()
    }
}

/// (case, why we refuse what the reference takes).
const REFUSED: &[(&str, &str)] = &[];

#[test]
fn correlations_are_accepted_and_refused_as_by_the_reference() {
    let Some(corpora) = common::corpora() else { return };
    let text = fs::read_to_string(corpora.join("01-sigma/pysigma_conformance.jsonl")).unwrap();
    let mut found = BTreeSet::new();
    let mut tried = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["case"].as_str().unwrap().rsplit("::").next().unwrap().to_owned();
        for call in case["calls"].as_array().unwrap() {
            let is_document = call["api"] == "correlation.from_dict";
            let is_collection = call["api"] == "collection.from_yaml";
            let rules = call["input"].as_str().map_or_else(|| call["input"].to_string(), str::to_owned);
            if !(is_document || is_collection) || !rules.contains("correlation") {
                continue;
            }
            tried += 1;
            let loaded = sigma::load([(&name, &rules)]);
            let mut problems: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
            let unresolved = call["kwargs"]["resolve_references"] == false;
            if is_collection && !unresolved {
                let (_, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &Options::default());
                let errors = errors.iter().filter(|error| error.severity == sigma::Severity::Error);
                problems.extend(errors.map(ToString::to_string));
            }
            let is_accepted = problems.is_empty();
            if is_accepted != (call["expect"] == "accept") {
                found.insert(name.clone());
                println!("{name}: {}", problems.join("\n"));
            }
        }
    }
    assert!(40 < tried, "{tried}");
    assert_eq!(found, REFUSED.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn public_correlations_load() {
    let Some(corpora) = common::corpora() else { return };
    let mut files = common::rule_files(&corpora.join("01-sigma/suzaku-correlation"));
    files.extend(common::rule_files(&corpora.join("01-sigma/pysigma_files/correlation_rule_valid")));
    let loaded = sigma::load(files.iter().map(|(name, text)| (name, text)));
    let (program, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &Options::default());
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    let said: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    let titles = ["`AccessDenied Error` is the title of a rule", "`Failed Console Login` is the title of a rule"];
    assert_eq!(said, titles);
    assert!((0..loaded.correlations.len()).all(|number| program.has_correlation(number)));
    // Documents of the specification stand alone: they load, and the rules that they are about are elsewhere.
    let spec = common::rule_files(&corpora.join("01-sigma/spec/tests/schema/correlation"));
    let loaded = sigma::load(spec.iter().map(|(name, text)| (name, text)));
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    assert_eq!(loaded.correlations.len(), spec.len());
}
