//! Where the tests find the law: the repository's own regimes, read from disk. The crate itself reads none.

#![allow(unreachable_pub, reason = "shared by several test binaries")]

use std::path::{Path, PathBuf};

use duty::{Law, LawError};

#[allow(dead_code, reason = "each test file uses its own part of this module")]
pub fn regimes_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/regimes")
}

pub fn files() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(regimes_dir()).expect("content/regimes stands beside crates");
    let paths =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|ext| ext == "toml"));
    let mut files: Vec<_> = paths
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[allow(dead_code, reason = "each test file uses its own part of this module")]
pub fn load() -> (Law, Vec<LawError>) {
    Law::load(files())
}

/// The shared reference folder beside the repository, if this machine has one.
#[allow(dead_code, reason = "each test file uses its own part of this module")]
pub fn reference() -> Option<PathBuf> {
    let start = Path::new(env!("CARGO_MANIFEST_DIR"));
    start.ancestors().map(|dir| dir.join("shared/reference/law")).find(|dir| dir.is_dir())
}
