//! Finds the public rules and logs beside the checkout and reads them. Without them the tests say so and pass.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests, which stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder with public rules and logs, if this checkout has one beside it.
pub(crate) fn corpora() -> Option<PathBuf> {
    let start = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = start.ancestors().map(|folder| folder.join("shared/corpora")).find(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: corpora not present");
    }
    found
}

/// All rule files below a folder, in order, as (name, text).
pub(crate) fn rule_files(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> = files(folder).into_iter().filter(|path| has_extension(path, "yml")).collect();
    files.sort();
    files.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

/// All records of a file or folder, whatever they are wrapped in.
pub(crate) fn records(path: &Path) -> Vec<Value> {
    let mut records = Vec::new();
    let mut paths = if path.is_dir() { files(path) } else { vec![path.to_owned()] };
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => unwrap_records(value, &mut records),
            Err(_) => text.lines().for_each(|line| unwrap_records(serde_json::from_str(line).unwrap(), &mut records)),
        }
    }
    records
}

fn unwrap_records(value: Value, out: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.into_iter().for_each(|item| unwrap_records(item, out)),
        Value::Object(mut fields) => {
            for wrapper in ["Records", "events", "event", "detail"] {
                if let Some(inner @ (Value::Array(_) | Value::Object(_))) = fields.remove(wrapper) {
                    return unwrap_records(inner, out);
                }
            }
            out.push(Value::Object(fields));
        }
        _ => {}
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}
