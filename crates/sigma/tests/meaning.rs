//! What each part of the language means, by example: every file in `meaning/` is a rule whose own tests must pass.
//! Adding a case means adding lines there.

use std::fs;
use std::path::Path;

use sigma::Options;

#[test]
fn every_example_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/meaning");
    let mut tried = 0;
    let mut failures = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let loaded = sigma::load([(&name, fs::read_to_string(&path).unwrap())]);
        for error in &loaded.errors {
            failures.push(error.to_string());
        }
        for rule in &loaded.rules {
            let outcomes = sigma::test_rule(rule, &Options::default());
            tried += outcomes.len();
            let shows = |fires: bool| outcomes.iter().any(|outcome| outcome.expected == fires);
            assert!(shows(true) && shows(false), "{name} must have examples that fire and that stay quiet");
            for outcome in outcomes.iter().filter(|outcome| !outcome.passed()) {
                failures.push(format!("{name}: {outcome:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(200 < tried, "only {tried} examples were found");
}
