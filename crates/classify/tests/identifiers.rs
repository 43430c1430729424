//! The shipped identifier files load without error, keep their own examples, and are all built in.

use std::collections::BTreeSet;

use classify::{Classifier, Detector, IDENTIFIER_FILES};

#[test]
fn every_example_matches_and_every_look_alike_stays_quiet() {
    let (classifier, errors) = Classifier::builtin();
    assert!(errors.is_empty(), "{errors:#?}");
    let failures: Vec<String> = classifier.check_identifiers().iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let bare = classifier
        .identifiers()
        .iter()
        .filter(|identifier| identifier.detector != Detector::Column)
        .find(|identifier| identifier.examples.is_empty() || identifier.counter_examples.is_empty());
    assert!(bare.is_none(), "without examples: {bare:?}");
}

#[test]
fn every_file_of_the_folder_is_built_in() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/identifiers");
    let on_disk: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    let built_in: BTreeSet<String> = IDENTIFIER_FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(on_disk, built_in);
}
