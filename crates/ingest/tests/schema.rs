//! The validator of the other tests, on the examples of OCSF's own repository: what it says about them is written down.
//!
//! The examples were made by hand and hold mistakes; `data/ocsf_examples.tsv` names every fault of every example, so that a
//! validator that sees less, or more, than it did fails.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::corpora;
use common::samples::files;
use common::schema::Schema;
use serde_json::Value;

#[test]
fn faults_of_the_examples_are_known() {
    let Some(corpora) = corpora() else { return };
    let mut found = BTreeSet::new();
    let mut clean = 0;
    for version in ["1.1.0", "1.5.0"] {
        let schema = Schema::load(&corpora, version);
        for path in files(&corpora.join("04-ocsf/examples")) {
            let shown = path.strip_prefix(&corpora).unwrap().to_string_lossy().into_owned();
            if !shown.ends_with(".ocsf") || !shown.contains(&format!("/v{version}/")) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let Ok(event) = serde_json::from_str::<Value>(&text) else {
                found.insert(format!("{shown}\tis not JSON"));
                continue;
            };
            let events = event.as_array().cloned().unwrap_or_else(|| vec![event]);
            let faults: Vec<String> = events.iter().flat_map(|event| schema.faults(event)).collect();
            clean += usize::from(faults.is_empty());
            found.extend(faults.into_iter().map(|fault| format!("{shown}\t{fault}")));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ocsf_examples.tsv");
    let listed = std::fs::read_to_string(path).unwrap();
    let listed: BTreeSet<String> = listed.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    found.difference(&listed).for_each(|fault| println!("NEW\t{fault}"));
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(found == listed, "see above for what is new; gone: {gone:#?}");
    assert!(0 < clean, "no example is valid");
}
