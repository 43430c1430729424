//! The cases of the reference implementation's own tests, where they are at hand: what it takes and refuses, and what its
//! queries mean on events made from the rules' values. Where we differ is listed with the reason in `divergences.toml`; an
//! entry that is no longer true fails like one that is missing. The same for every public rule that is refused.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests, which stop at the first surprise")]
#![allow(clippy::string_slice, reason = "the queries are those of known cases")]

#[path = "../common/mod.rs"]
mod common;
mod events;
mod query;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use sigma::{Loaded, LogSource, Matcher, Options, Program, RuleError, Severity};

#[derive(Deserialize)]
struct Divergences {
    /// Case, call and what differs → why.
    case: Vec<Divergence>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Divergence {
    case: String,
    call: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    file: String,
    why: String,
}

fn divergences() -> Divergences {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/divergences.toml");
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[derive(Deserialize)]
struct Case {
    case: String,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    api: String,
    input: Value,
    expect: String,
    #[serde(default)]
    output: Value,
    #[serde(default)]
    kwargs: Value,
}

#[test]
fn the_reference_and_we_take_refuse_and_mean_the_same() {
    let Some(corpora) = common::corpora() else { return };
    let text = fs::read_to_string(corpora.join("01-sigma/pysigma_conformance.jsonl")).unwrap();
    let mut found: BTreeMap<(String, String), String> = BTreeMap::new();
    let (mut cases, mut meanings) = (0, 0);
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        cases += 1;
        let name = case.case.rsplit("::").next().unwrap();
        for call in &case.calls {
            meanings += usize::from(call.expect == "convert");
            if let Err(difference) = agree(call) {
                found.entry((name.to_owned(), call.api.clone())).or_insert(difference);
            }
        }
    }
    assert_eq!((cases, 100 < meanings), (196, true));
    let listed: BTreeSet<(String, String)> = divergences()
        .case
        .into_iter()
        .inspect(|one| assert!(10 < one.why.len()))
        .map(|one| (one.case, one.call))
        .collect();
    let unlisted: Vec<_> = found.iter().filter(|(key, _)| !listed.contains(*key)).collect();
    assert!(unlisted.is_empty(), "not listed: {unlisted:#?}");
    let gone: Vec<_> = listed.iter().filter(|key| !found.contains_key(*key)).collect();
    assert!(gone.is_empty(), "listed, but agreed upon: {gone:#?}");
}

fn agree(call: &Call) -> Result<(), String> {
    let loaded = load(call);
    let mut problems: Vec<RuleError> = loaded.errors.clone();
    let is_whole = call.api.starts_with("collection") && call.kwargs["resolve_references"] != false;
    if is_whole || call.expect == "convert" {
        let (_, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &options());
        problems.extend(errors.into_iter().filter(|error| error.severity == Severity::Error));
    }
    assert!(problems.iter().all(|problem| 0 < problem.line && 0 < problem.column), "without a place: {problems:?}");
    let said = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    match (call.expect.as_str(), problems.is_empty()) {
        ("reject" | "collect_errors", true) => Err("only the reference refuses it".to_owned()),
        ("accept", false) => Err(format!("only we refuse it: {said}")),
        ("convert", _) => means_the_same(call, loaded, &said),
        _ => Ok(()),
    }
}

/// Every document of the input. Those that the reference read together are one file.
fn load(call: &Call) -> Loaded {
    let documents: Vec<String> = match &call.input {
        Value::String(text) => vec![text.clone()],
        Value::Array(documents) => documents.iter().map(ToString::to_string).collect(),
        document => vec![document.to_string()],
    };
    if call.api == "collection.from_dicts" {
        return sigma::load([("case.yml", documents.join("\n---\n"))]);
    }
    sigma::load(documents.iter().map(|text| ("case.yml", text)))
}

fn options() -> Options {
    let names = ["test", "var", "placeholder", "user_list"];
    Options { placeholders: names.into_iter().map(|name| (name.to_owned(), vec!["filled".to_owned()])).collect() }
}

fn means_the_same(call: &Call, mut loaded: Loaded, problems: &str) -> Result<(), String> {
    let outputs: Vec<String> = match &call.output {
        Value::String(text) => vec![text.clone()],
        Value::Array(outputs) => {
            outputs.iter().map(|one| one.as_str().or(one["query"].as_str()).unwrap_or_default().to_owned()).collect()
        }
        _ => Vec::new(),
    };
    if outputs.is_empty() {
        // The reference could not write a query.
        return if problems.is_empty() { Err("we give it a meaning".to_owned()) } else { Ok(()) };
    }
    if !problems.is_empty() {
        return Err(format!("only we refuse it: {problems}"));
    }
    let mut queries = Vec::new();
    for output in &outputs {
        queries.extend(query::searches(output).map_err(|why| format!("not evaluated: {why}"))?);
    }
    for rule in &mut loaded.rules {
        rule.logsource = LogSource::default();
    }
    let (program, _) = Program::compile_with(&loaded.rules, &loaded.correlations, &options());
    let mut matcher = Matcher::new(&program);
    let source = program.log_source("", "");
    let has_one_each = loaded.correlations.is_empty() && queries.len() == loaded.rules.len();
    let (mut hits, mut misses) = (0, 0);
    for event in events::events(call.input.as_array().unwrap()) {
        let record = serde_json::to_vec(&event).unwrap();
        let ours: BTreeSet<usize> = matcher.evaluate(source, &record).unwrap().iter().copied().collect();
        let theirs: BTreeSet<usize> = (0..queries.len()).filter(|number| queries[*number].holds(&event)).collect();
        let is_same = if has_one_each { ours == theirs } else { ours.is_empty() == theirs.is_empty() };
        if !is_same {
            return Err(format!("ours {ours:?}, theirs {theirs:?} on {event}\n{outputs:?}"));
        }
        *(if ours.is_empty() { &mut misses } else { &mut hits }) += 1;
    }
    if 0 < hits && 0 < misses { Ok(()) } else { Err(format!("not shown: {hits} hits, {misses} misses; {outputs:?}")) }
}

#[test]
fn public_documents_load_or_are_refused_for_a_reason() {
    let Some(corpora) = common::corpora() else { return };
    let root = corpora.join("01-sigma");
    let mut found = BTreeMap::new();
    let mut tried = 0;
    for folder in ["rules", "suzaku-aws", "suzaku-correlation", "pysigma_files", "spec/tests"] {
        for (name, text) in common::rule_files(&root.join(folder)) {
            if text.lines().any(|line| line.starts_with("transformations:")) {
                assert!(sigma::Pipeline::parse(&name, &text).is_ok(), "{name}");
                continue;
            }
            tried += 1;
            let loaded = sigma::load([(&name, &text)]);
            let (_, errors) = Program::compile(&loaded.rules, &all_placeholders(&text));
            let problems: Vec<String> = loaded.errors.iter().chain(&errors).map(ToString::to_string).collect();
            if !problems.is_empty() {
                let file = Path::new(&name).strip_prefix(&root).unwrap().display().to_string();
                found.insert(file, problems.join("\n"));
            }
        }
    }
    assert!(700 < tried, "{tried}");
    let listed: BTreeSet<String> =
        divergences().refused.into_iter().inspect(|one| assert!(10 < one.why.len())).map(|one| one.file).collect();
    let unlisted: Vec<_> = found.iter().filter(|(file, _)| !listed.contains(*file)).collect();
    assert!(unlisted.is_empty(), "not listed: {unlisted:#?}");
    let gone: Vec<_> = listed.iter().filter(|file| !found.contains_key(*file)).collect();
    assert!(gone.is_empty(), "listed, but taken: {gone:#?}");
}

/// Every placeholder of a rule with a value.
fn all_placeholders(text: &str) -> Options {
    let names = text.split('%').skip(1).step_by(2).filter(|name| name.len() < 40 && !name.contains(' '));
    Options { placeholders: names.map(|name| (name.to_owned(), vec!["value".to_owned()])).collect() }
}

/// The public rules at hand compare with fields only where they say so; `mistakes/field_as_text.yml` shows one that does not.
#[test]
fn no_public_rule_is_told_to_have_meant_a_field() {
    let Some(corpora) = common::corpora() else { return };
    let files = common::rule_files(&corpora.join("01-sigma/rules"));
    let loaded = sigma::load(files.iter().map(|(name, text)| (name, text)));
    let noticed: BTreeSet<&str> = loaded
        .warnings
        .iter()
        .filter(|warning| warning.message.contains("looks like a field"))
        .map(|warning| warning.file.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(noticed, BTreeSet::new());
    assert!(200 < loaded.rules.len(), "{}", loaded.rules.len());
}
