//! What a PATH names: a file, a directory (walked in sorted order), a glob, or `-` for stdin.
//!
//! `s3://` paths are listed by `S3Store`. Nothing is opened here except by `open_member`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jiff::Timestamp;

/// One thing to read: a file, an object, or stdin. The rest tells whether it changed since it was last read.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Member {
    /// A file path, `s3://bucket/key`, or `-`.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
}

/// Why a PATH or one of its members cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("find `{path}`: no such file, directory or match")]
    NotFound { path: String },
    #[error("read the pattern `{path}`: {reason}")]
    Pattern { path: String, reason: String },
    #[error("read `{path}`: {source}")]
    Io { path: String, source: std::io::Error },
    #[error("read `{path}`: {reason}")]
    Store { path: String, reason: String },
}

impl ReadError {
    /// True when trying again changes nothing until somebody acts.
    #[must_use]
    pub fn is_final(&self) -> bool {
        use std::io::ErrorKind::{IsADirectory, NotFound, PermissionDenied};
        match self {
            Self::Io { source, .. } => matches!(source.kind(), NotFound | PermissionDenied | IsADirectory),
            Self::NotFound { .. } | Self::Pattern { .. } => true,
            Self::Store { .. } => false,
        }
    }

    fn io(path: &str, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// The members of a local PATH, in a fixed order: sorted by path, each once.
pub fn expand(path: &str) -> Result<Vec<Member>, ReadError> {
    Ok(names(path)?.iter().map(|name| local(name)).collect())
}

/// As [`expand`], names only: what is needed to read them once. A hundred thousand names take about ten megabytes.
pub fn names(path: &str) -> Result<Vec<Box<str>>, ReadError> {
    if path == STDIN {
        return Ok(vec![path.into()]);
    }
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let mut names = Vec::new();
            walk(path, &mut names);
            names.sort_unstable();
            Ok(names)
        }
        Ok(_) => Ok(vec![path.into()]),
        Err(_) if path.contains(['*', '?', '[']) => matches(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(ReadError::NotFound { path: path.to_owned() })
        }
        Err(error) => Err(ReadError::io(path, error)),
    }
}

/// The path that stands for the standard input.
const STDIN: &str = "-";

/// The bytes of a local member.
pub fn open_member(member: &Member) -> Result<Box<dyn Read + Send>, ReadError> {
    open_name(&member.name)
}

/// As [`open_member`], by name.
pub fn open_name(name: &str) -> Result<Box<dyn Read + Send>, ReadError> {
    if name == STDIN {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = File::open(name).map_err(|error| ReadError::io(name, error))?;
    Ok(Box::new(file))
}

/// In whatever order the directory has them: a large one is not held twice.
fn walk(directory: &str, names: &mut Vec<Box<str>>) {
    // Links are followed as a user expects of a log directory; walkdir itself breaks loops.
    for entry in walkdir::WalkDir::new(directory).follow_links(true) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => names.push(entry.path().to_string_lossy().into()),
            Ok(_) => {}
            // A broken link or a closed folder stays in the list: opening it will fail, and the caller counts it.
            Err(error) => {
                names.push(error.path().map_or_else(|| directory.into(), |path| path.to_string_lossy().into()));
            }
        }
    }
}

fn matches(pattern: &str) -> Result<Vec<Box<str>>, ReadError> {
    let bad = |reason: String| ReadError::Pattern { path: pattern.to_owned(), reason };
    let mut names = Vec::new();
    for found in glob::glob(pattern).map_err(|error| bad(error.to_string()))? {
        let path = found.map_err(|error| bad(error.to_string()))?;
        if path.is_dir() {
            walk(&path.to_string_lossy(), &mut names);
        } else {
            names.push(path.to_string_lossy().into());
        }
    }
    if names.is_empty() {
        return Err(ReadError::NotFound { path: pattern.to_owned() });
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn local(name: &str) -> Member {
    // Standard input has none, and so does what cannot be reached: opening it will fail.
    let metadata = if name == STDIN { None } else { std::fs::metadata(Path::new(name)).ok() };
    let modified = metadata.as_ref().and_then(|found| Timestamp::try_from(found.modified().ok()?).ok());
    // A pipe has no size worth believing.
    let size = metadata.filter(std::fs::Metadata::is_file).map(|found| found.len());
    Member { name: name.to_owned(), size, etag: None, modified }
}
