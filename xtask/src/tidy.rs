//! What a reviewer should not have to look for: arrows between crates, headers, sizes, stray words.
//!
//! Formatting and lints are rustfmt's and clippy's business, not this file's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{root, say};

/// Which of our crates each crate may use. A crate that is not listed may use none.
const ARROWS: &[(&str, &[&str])] = &[
    ("ocsf", &[]),
    ("ingest", &["ocsf"]),
    ("receive", &["ingest"]),
    ("sigma", &[]),
    ("baseline", &["ocsf"]),
    ("classify", &[]),
    ("lake", &[]),
    ("incident", &["ocsf"]),
    ("duty", &[]),
    ("notice", &[]),
    ("evidence", &[]),
    ("simulate", &[]),
    (
        "watertight",
        &[
            "ocsf", "ingest", "receive", "sigma", "baseline", "classify", "lake", "incident", "duty", "notice",
            "evidence", "simulate",
        ],
    ),
    ("xtask", &[]),
];

/// Crates from outside that only one of ours may know.
const KEPT_BEHIND: &[(&str, &str)] = &[
    ("datafusion", "lake"),
    ("deltalake", "lake"),
    ("rsigma-parser", "sigma"),
    ("lettre", "notice"),
    ("minijinja", "notice"),
    ("sqlx", "watertight"),
    ("axum", "watertight"),
];

/// A file longer than this, tests at its end not counted, is looked at again by its author; a test file may be twice as long.
const FILE_LINES_MAX: usize = 500;

/// Machine paths do not belong into the project. Spelled in halves so that this file passes its own check.
const STRAY: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

pub(crate) fn run() -> Result<(), String> {
    let mut faults = Vec::new();
    check_arrows(&mut faults)?;
    for path in tracked_files()? {
        check_file(&path, &mut faults);
    }
    for fault in &faults {
        say(&format!("tidy: {fault}"));
    }
    if faults.is_empty() { Ok(()) } else { Err(format!("{} places are not tidy", faults.len())) }
}

fn check_arrows(faults: &mut Vec<String>) -> Result<(), String> {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for manifest in manifests() {
        let text = std::fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
        let table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", manifest.display()))?;
        let name = table.get("package").and_then(|p| p.get("name")).and_then(toml::Value::as_str).unwrap_or_default();
        let dependencies = table.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        let Some(may_use) = allowed.get(name) else {
            faults.push(format!("crate `{name}` has no line in xtask/src/tidy.rs ARROWS"));
            continue;
        };
        for dependency in dependencies.keys() {
            if allowed.contains_key(dependency.as_str()) && !may_use.contains(&dependency.as_str()) {
                faults.push(format!("crate `{name}` must not know `{dependency}`"));
            }
            if let Some((_, keeper)) = KEPT_BEHIND.iter().find(|(kept, keeper)| kept == dependency && *keeper != name) {
                faults.push(format!("crate `{name}` uses `{dependency}`, which only `{keeper}` may know"));
            }
        }
    }
    Ok(())
}

fn manifests() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join("crates"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("Cargo.toml"))
        .filter(|path| path.exists())
        .collect();
    found.push(root().join("xtask/Cargo.toml"));
    found.sort();
    found
}

fn tracked_files() -> Result<Vec<PathBuf>, String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().map(|line| root().join(line)).filter(|path| path.is_file()).collect())
}

fn check_file(path: &Path, faults: &mut Vec<String>) {
    // Pictures and other bytes that are no text have no lines to check.
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let shown = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    for word in STRAY {
        if text.contains(word) {
            faults.push(format!("{shown}: names a machine path (`{word}…`)"));
        }
    }
    if path.extension().is_some_and(|extension| extension == "rs") {
        check_rust(&shown, &text, faults);
    }
}

fn check_rust(shown: &str, text: &str, faults: &mut Vec<String>) {
    if !text.starts_with("//!") {
        faults.push(format!("{shown}: does not open with `//!` saying what it is for"));
    }
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
    let is_test = shown.contains("/tests/") || shown.contains("/benches/") || shown.contains("/examples/");
    let limit = if is_test { 2 * FILE_LINES_MAX } else { FILE_LINES_MAX };
    if limit < lines {
        faults.push(format!("{shown}: {lines} lines; look for the second file inside it (limit {limit})"));
    }
}
