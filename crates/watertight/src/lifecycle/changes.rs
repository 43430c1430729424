//! What a content set is made of, and what changed against the one before it: rules by id and version, all else by file.
//!
//! Rules are those that the content's own pipelines make of its documents.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::content::Content;
use crate::exit::Failure;
use crate::law::hash;
use crate::rules::{self, Values};

/// Rules that one entry names of each kind: 3 × 150 × 60 B stay well below the 64 KiB of an entry. The set's hash covers all.
const NAMED_MAX: usize = 150;
/// Digits of a version that an entry shows.
const VERSION_DIGITS: usize = 16;

/// Files that one entry names of each kind, and how much of a name: 3 × 50 × 80 B beside the rules.
const FILES_NAMED_MAX: usize = 50;
const FILE_NAME_CHARS_MAX: usize = 80;

/// What is compared: each thing's name and what tells its versions apart.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Rules and correlations by id, with their version.
    pub(super) rules: BTreeMap<String, String>,
    /// Every other file: pipelines, baselines, identifiers, regimes, templates.
    files: BTreeMap<String, String>,
}

impl Parts {
    pub(super) fn of(content: &Content) -> Result<Self, Failure> {
        Ok(Self { rules: versions(rules::of_content(content)?), files: other_files(content) })
    }

    /// Content of the past, which this version of the program may read otherwise: without pipelines that it refuses.
    pub(super) fn of_earlier(content: &Content) -> Self {
        let documents = || sigma::load(content.below("rules").filter(|(name, _)| rules::is_rule(name)));
        let loaded = rules::of_content(content).unwrap_or_else(|_| documents());
        Self { rules: versions(loaded), files: other_files(content) }
    }
}

fn versions(loaded: sigma::Loaded) -> BTreeMap<String, String> {
    let rules = loaded.rules.into_iter().map(|rule| (rule.id, rule.version));
    rules.chain(loaded.correlations.into_iter().map(|correlation| (correlation.id, correlation.version))).collect()
}

fn other_files(content: &Content) -> BTreeMap<String, String> {
    let is_other = |path: &str| !(path.starts_with("rules/") && rules::is_rule(path));
    let others = content.files.iter().filter(|file| is_other(&file.path));
    others.map(|file| (file.path.clone(), hash(&[&file.text]))).collect()
}

/// The difference as an entry shows it.
pub(super) fn changes(before: &Parts, after: &Parts) -> Value {
    let mut told = difference(&before.rules, &after.rules, named);
    told["files"] = difference(&before.files, &after.files, files_named);
    told
}

/// How many rules were added, changed and removed, in words.
pub(super) fn told(changes: &Value) -> String {
    let count = |of: &Value, kind: &str| of[kind]["count"].as_u64().unwrap_or(0);
    let files: u64 = ["added", "changed", "removed"].iter().map(|kind| count(&changes["files"], kind)).sum();
    format!(
        "{} rules added, {} changed, {} removed; {files} other files differ",
        count(changes, "added"),
        count(changes, "changed"),
        count(changes, "removed")
    )
}

type Named<'a> = Vec<(&'a String, &'a String)>;

fn difference(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    named: impl Fn(Named<'_>) -> Value,
) -> Value {
    let added = after.iter().filter(|(id, _)| !before.contains_key(*id));
    let removed = before.iter().filter(|(id, _)| !after.contains_key(*id));
    let changed = after.iter().filter(|(id, version)| before.get(*id).is_some_and(|old| old != *version));
    json!({"added": named(added.collect()), "changed": named(changed.collect()), "removed": named(removed.collect())})
}

fn files_named(files: Named<'_>) -> Value {
    let count = files.len();
    let shown = files.into_iter().take(FILES_NAMED_MAX);
    let shown: Vec<String> = shown.map(|(name, _)| name.chars().take(FILE_NAME_CHARS_MAX).collect()).collect();
    json!({"count": count, "files": shown})
}

fn named(rules: Named<'_>) -> Value {
    let all: Vec<String> = rules
        .into_iter()
        .map(|(id, version)| format!("{id}@{}", version.chars().take(VERSION_DIGITS).collect::<String>()))
        .collect();
    json!({"count": all.len(), "rules": all.iter().take(NAMED_MAX).collect::<Vec<_>>()})
}

/// How many of the rules' own examples show what they should.
pub(super) fn examples(content: &Content) -> Result<Value, Failure> {
    let loaded = rules::of_content(content)?;
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
        let set = |rules: &[(&str, &str)]| Parts {
            rules: rules.iter().map(|(id, version)| ((*id).to_owned(), (*version).to_owned())).collect(),
            files: BTreeMap::new(),
        };
        let told = changes(&set(&[("a", "1"), ("b", "1"), ("c", "1")]), &set(&[("b", "2"), ("c", "1"), ("d", "1")]));
        assert_eq!(told["added"], json!({"count": 1, "rules": ["d@1"]}));
        assert_eq!(told["changed"], json!({"count": 1, "rules": ["b@2"]}));
        assert_eq!(told["removed"], json!({"count": 1, "rules": ["a@1"]}));
        let rules = (0..900).map(|n| (format!("{n:036}"), "f".repeat(64))).collect();
        let files = (0..900).map(|n| (format!("regimes/{n:0200}"), "f".repeat(64))).collect();
        let told = changes(&Parts::default(), &Parts { rules, files });
        assert_eq!((&told["added"]["count"], &told["files"]["added"]["count"]), (&json!(900), &json!(900)));
        assert!(told.to_string().len() < 30_000, "it fits into an entry");
    }
}
