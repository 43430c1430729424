//! What is done with one inflated file: ours, that of others, and mere parsing. Each gives a number that shows what it found.

use rsigma_eval::event::JsonEvent;
use sigma::{Matcher, Program};
use sonic_rs::JsonValueTrait as _;

pub(crate) fn sonic(text: &[u8]) -> usize {
    let value: sonic_rs::Value = sonic_rs::from_slice(text).unwrap();
    value.get("Records").map_or(0, |records| usize::from(records.is_array()))
}

pub(crate) fn serde(text: &[u8]) -> usize {
    let value: serde_json::Value = serde_json::from_slice(text).unwrap();
    value["Records"].as_array().map_or(0, Vec::len)
}

/// Steps through the list without splitting it first.
pub(crate) fn ours(program: &Program) -> impl FnMut(&[u8]) -> usize {
    let mut matcher = Matcher::new(program);
    let source = program.log_source("aws", "cloudtrail");
    move |text| {
        let mut hits = 0;
        let mut rest = &text[text.iter().position(|byte| *byte == b'[').unwrap() + 1..];
        while rest.first() != Some(&b']') {
            let (matched, length) = matcher.evaluate_next(source, rest).unwrap();
            hits += matched.len();
            rest = &rest[length..];
            rest = rest.strip_prefix(b",").unwrap_or(rest);
        }
        hits
    }
}

pub(crate) fn rsigma(texts: &[String], count: usize) -> impl FnMut(&[u8]) -> usize {
    let rules: Vec<_> =
        texts.iter().take(count).flat_map(|text| rsigma_parser::parse_sigma_yaml(text).unwrap().rules).collect();
    let mut engine = rsigma_eval::Engine::new();
    assert!(engine.add_rules(&rules).is_empty());
    move |text| {
        let value: serde_json::Value = serde_json::from_slice(text).unwrap();
        let records = value["Records"].as_array().unwrap();
        records.iter().map(|record| engine.evaluate(&JsonEvent::borrow(record)).len()).sum()
    }
}

/// Rules that it cannot read are left out.
pub(crate) fn sigma_rust(texts: &[String], count: usize) -> impl FnMut(&[u8]) -> usize {
    let rules: Vec<sigma_rust::Rule> =
        texts.iter().take(count).filter_map(|text| sigma_rust::rule_from_yaml(text).ok()).collect();
    move |text| {
        let mut value: serde_json::Value = serde_json::from_slice(text).unwrap();
        let records = value["Records"].as_array_mut().map(std::mem::take).unwrap();
        let mut hits = 0;
        for record in records {
            let event = sigma_rust::Event::try_from(record).unwrap();
            hits += rules.iter().filter(|rule| rule.is_match(&event)).count();
        }
        hits
    }
}
