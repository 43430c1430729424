//! What the author of a rule reads when something is wrong with it: for every file in `mistakes/` the complaint that
//! stands beside it. `UPDATE_EXPECTED=1` writes what is said now; read the difference as the author would.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use sigma::{Options, Program};

fn complaints(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let loaded = sigma::load([(&name, fs::read_to_string(path).unwrap())]);
    let (_, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &Options::default());
    let all = loaded.errors.iter().chain(&loaded.warnings).chain(&errors);
    all.map(|complaint| format!("{complaint}\n")).collect()
}

#[test]
fn every_mistake_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    paths.sort();
    assert!(20 < paths.len());
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    for path in paths {
        let said = complaints(&path);
        assert!(!said.is_empty(), "{} is accepted", path.display());
        let expected = path.with_extension("txt");
        if update {
            fs::write(&expected, &said).unwrap();
        }
        assert_eq!(said, fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
    }
}
