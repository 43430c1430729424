//! What a content set is made of, and what changed against the one before it: rules by id and version.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::content::Content;
use crate::exit::Failure;
use crate::rules::{self, Values};

/// Rules that one entry names of each kind: 3 × 150 × 60 B stay well below the 64 KiB of an entry. The set's hash covers all.
const NAMED_MAX: usize = 150;
/// Digits of a version that an entry shows.
const VERSION_DIGITS: usize = 16;

/// Rules and correlations by id, with their version.
pub(super) fn rules_of(content: &Content) -> BTreeMap<String, String> {
    let loaded = load(content);
    let rules = loaded.rules.into_iter().map(|rule| (rule.id, rule.version));
    rules.chain(loaded.correlations.into_iter().map(|correlation| (correlation.id, correlation.version))).collect()
}

fn load(content: &Content) -> sigma::Loaded {
    sigma::load(content.below("rules").filter(|(name, _)| rules::is_rule(name)))
}

/// The difference as an entry shows it.
pub(super) fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Value {
    let added = after.iter().filter(|(id, _)| !before.contains_key(*id));
    let removed = before.iter().filter(|(id, _)| !after.contains_key(*id));
    let changed = after.iter().filter(|(id, version)| before.get(*id).is_some_and(|old| old != *version));
    json!({"added": named(added), "changed": named(changed), "removed": named(removed)})
}

fn named<'a>(rules: impl Iterator<Item = (&'a String, &'a String)>) -> Value {
    let all: Vec<String> = rules
        .map(|(id, version)| format!("{id}@{}", version.chars().take(VERSION_DIGITS).collect::<String>()))
        .collect();
    json!({"count": all.len(), "rules": all.iter().take(NAMED_MAX).collect::<Vec<_>>()})
}

/// How many of the rules' own examples show what they should.
pub(super) fn examples(content: &Content) -> Result<Value, Failure> {
    let loaded = load(content);
    let options = rules::options(Some(content), Values::Examples)?;
    let of_rules = loaded.rules.iter().flat_map(|rule| sigma::test_rule(rule, &options));
    let outcomes = of_rules.chain(
        (0..loaded.correlations.len())
            .flat_map(|index| sigma::test_correlation(index, &loaded.rules, &loaded.correlations, &options)),
    );
    let (mut passed, mut failed) = (0_u64, 0_u64);
    for outcome in outcomes {
        if outcome.passed() { passed += 1 } else { failed += 1 }
    }
    Ok(json!({"passed": passed, "failed": failed, "not_loaded": loaded.errors.len()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_and_long_lists_are_cut_but_counted() {
        let set = |rules: &[(&str, &str)]| -> BTreeMap<String, String> {
            rules.iter().map(|(id, version)| ((*id).to_owned(), (*version).to_owned())).collect()
        };
        let told = changes(&set(&[("a", "1"), ("b", "1"), ("c", "1")]), &set(&[("b", "2"), ("c", "1"), ("d", "1")]));
        assert_eq!(told["added"], json!({"count": 1, "rules": ["d@1"]}));
        assert_eq!(told["changed"], json!({"count": 1, "rules": ["b@2"]}));
        assert_eq!(told["removed"], json!({"count": 1, "rules": ["a@1"]}));
        let many: BTreeMap<String, String> = (0..900).map(|n| (format!("{n:036}"), "f".repeat(64))).collect();
        let told = changes(&BTreeMap::new(), &many);
        assert_eq!(told["added"]["count"], 900);
        assert!(told.to_string().len() < 30_000, "it fits into an entry");
    }
}
