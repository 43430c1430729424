//! Content: the rules, identifiers, regimes and templates that people who do not program can read and change.
//!
//! The binary carries a copy; `--content DIR` or `[content] dir` reads another. The set has one hash, its version,
//! which every batch records, so that a replay can use the very same content.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::exit::{Failure, OrFail as _};

include!(concat!(env!("OUT_DIR"), "/content.rs"));

/// No content file is larger; the limit keeps a wrong path from being slurped.
const CONTENT_FILE_BYTES_MAX: u64 = 4 << 20;

/// One file, path relative to the content directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A whole set, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) files: Vec<File>,
}

impl Content {
    pub(crate) fn embedded() -> Self {
        let files =
            EMBEDDED.iter().map(|&(path, text)| File { path: path.to_owned(), text: text.to_owned() }).collect();
        Self { files }
    }

    pub(crate) fn from_dir(dir: &Path) -> Result<Self, Failure> {
        let mut files = Vec::new();
        collect(dir, dir, &mut files)?;
        files.sort_by(|a: &File, b: &File| a.path.cmp(&b.path));
        if files.is_empty() {
            return Err(Failure::usage(format!("`{}` holds no content files", dir.display())));
        }
        Ok(Self { files })
    }

    /// Files below one folder (`rules`, `regimes`, …), as (name, text).
    pub(crate) fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        let prefix = format!("{folder}/");
        self.files.iter().filter(move |file| file.path.starts_with(&prefix)).map(|f| (f.path.as_str(), f.text.as_str()))
    }

    /// SHA-256 over length-prefixed paths and texts, in hex.
    pub(crate) fn version(&self) -> String {
        let mut hasher = Sha256::new();
        for file in &self.files {
            for part in [&file.path, &file.text] {
                hasher.update((part.len() as u64).to_be_bytes());
                hasher.update(part.as_bytes());
            }
        }
        hex(&hasher.finalize())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collect(root: &Path, dir: &Path, files: &mut Vec<File>) -> Result<(), Failure> {
    let shown = dir.display();
    for entry in std::fs::read_dir(dir).or_usage(format!("failed to read content in `{shown}`"))? {
        let path = entry.or_fail(format!("failed to read content in `{shown}`"))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            files.push(read(root, &path)?);
        }
    }
    Ok(())
}

fn read(root: &Path, path: &Path) -> Result<File, Failure> {
    let doing = format!("failed to read content file `{}`", path.display());
    let size = std::fs::metadata(path).or_fail(&doing)?.len();
    if CONTENT_FILE_BYTES_MAX < size {
        return Err(Failure::usage(format!(
            "{doing}: {size} bytes is more than the limit of {CONTENT_FILE_BYTES_MAX}"
        )));
    }
    let text = std::fs::read_to_string(path).or_usage(&doing)?;
    let relative = path.strip_prefix(root).unwrap_or(path);
    Ok(File { path: relative.to_string_lossy().replace('\\', "/"), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_sees_every_byte_and_every_name() {
        let one = Content { files: vec![File { path: "rules/a.yml".into(), text: "x".into() }] };
        let renamed = Content { files: vec![File { path: "rules/b.yml".into(), text: "x".into() }] };
        let edited = Content { files: vec![File { path: "rules/a.yml".into(), text: "y".into() }] };
        assert_ne!(one.version(), renamed.version());
        assert_ne!(one.version(), edited.version());
    }
}
