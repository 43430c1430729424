//! Where generated files go: a trait with one method, and the sink that writes a directory.
//!
//! Contents arrive whole and already compressed; one file is at most a day of one service, which bounds memory.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// Takes each generated file once. Paths are relative, with `/`, and never repeat.
pub trait Sink {
    /// Stores one file.
    ///
    /// # Errors
    /// When the file cannot be stored; generation stops there.
    fn put(&mut self, path: &str, content: &[u8]) -> io::Result<()>;
}

/// Writes files below a directory, which is created when missing. Existing files of the same names are replaced.
#[derive(Debug)]
pub struct DirSink {
    root: PathBuf,
    last_dir: PathBuf,
    files: u64,
    bytes: u64,
}

impl DirSink {
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), last_dir: PathBuf::new(), files: 0, bytes: 0 }
    }

    /// Files written so far.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.files
    }

    /// Bytes written so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Sink for DirSink {
    fn put(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let relative = Path::new(path);
        if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` leaves the directory")));
        }
        let full = self.root.join(relative);
        let dir = full.parent().unwrap_or(&self.root);
        if dir != self.last_dir {
            fs::create_dir_all(dir)?;
            self.last_dir = dir.to_owned();
        }
        fs::File::create(&full)?.write_all(content)?;
        self.files += 1;
        self.bytes += u64::try_from(content.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_below_its_root() {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = DirSink::new(dir.path());
        assert!(sink.put("../outside", b"x").is_err());
        assert!(sink.put("/etc/outside", b"x").is_err());
        sink.put("a/b/c.txt", b"hello").unwrap();
        assert_eq!(fs::read(dir.path().join("a/b/c.txt")).unwrap(), b"hello");
        assert_eq!((sink.files(), sink.bytes()), (1, 5));
    }
}
