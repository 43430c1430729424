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
    if path == "-" {
        return Ok(vec![Member { name: "-".to_owned(), ..Member::default() }]);
    }
    let metadata = std::fs::metadata(path);
    match metadata {
        Ok(metadata) if metadata.is_dir() => Ok(walk(path)),
        Ok(_) => Ok(vec![local(Path::new(path))]),
        Err(_) if path.contains(['*', '?', '[']) => matches(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(ReadError::NotFound { path: path.to_owned() })
        }
        Err(error) => Err(ReadError::io(path, error)),
    }
}

/// The bytes of a local member.
pub fn open_member(member: &Member) -> Result<Box<dyn Read + Send>, ReadError> {
    if member.name == "-" {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = File::open(&member.name).map_err(|error| ReadError::io(&member.name, error))?;
    Ok(Box::new(file))
}

fn walk(directory: &str) -> Vec<Member> {
    let mut members = Vec::new();
    // Links are followed as a user expects of a log directory; walkdir itself breaks loops.
    for entry in walkdir::WalkDir::new(directory).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() => members.push(local(entry.path())),
            Ok(_) => {}
            // A broken link or a closed folder stays in the list: opening it will fail, and the caller counts it.
            Err(error) => {
                let name =
                    error.path().map_or_else(|| directory.to_owned(), |path| path.to_string_lossy().into_owned());
                members.push(Member { name, ..Member::default() });
            }
        }
    }
    members.sort_by(|left, right| left.name.cmp(&right.name));
    members
}

fn matches(pattern: &str) -> Result<Vec<Member>, ReadError> {
    let bad = |reason: String| ReadError::Pattern { path: pattern.to_owned(), reason };
    let mut members = Vec::new();
    for found in glob::glob(pattern).map_err(|error| bad(error.to_string()))? {
        let path = found.map_err(|error| bad(error.to_string()))?;
        if path.is_dir() {
            members.extend(walk(&path.to_string_lossy()));
        } else {
            members.push(local(&path));
        }
    }
    if members.is_empty() {
        return Err(ReadError::NotFound { path: pattern.to_owned() });
    }
    members.sort_by(|left, right| left.name.cmp(&right.name));
    members.dedup_by(|left, right| left.name == right.name);
    Ok(members)
}

fn local(path: &Path) -> Member {
    let name = path.to_string_lossy().into_owned();
    let Ok(metadata) = std::fs::metadata(path) else { return Member { name, ..Member::default() } };
    let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    // A pipe has no size worth believing.
    let size = metadata.is_file().then_some(metadata.len());
    Member { name, size, etag: None, modified }
}
