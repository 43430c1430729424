//! Segments by name: numbers that only grow, so that a name is never used twice, not even after its segment was removed.
//!
//! `state.json` remembers what removed segments said: the highest number and the senders' positions. It is written before
//! they go.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ingest::frame::spooled;
use serde::{Deserialize, Serialize};

use super::{Marks, SpoolError};

const STATE: &str = "state.json";
const EXTENSION: &str = "spool";
const UNFINISHED: &str = "part";
/// `spool/` and the data directory.
const PARENTS: usize = 2;
/// What a segment's first line is read within.
const NOTE_BYTES_MAX: u64 = 1 << 20;

/// The first line of a segment, and `state.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Noted {
    /// The number the next segment gets.
    pub(super) next: u64,
    pub(super) marks: Marks,
}

/// What stands in a directory.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) next: u64,
    pub(super) bytes: u64,
    pub(super) marks: Marks,
}

impl Found {
    pub(super) fn in_dir(dir: &Path) -> Result<Self, SpoolError> {
        fs::create_dir_all(dir).map_err(|error| SpoolError::io(dir, error))?;
        // A directory that was made just now is as lasting as its parents' word of it.
        for parent in dir.ancestors().skip(1).take(PARENTS).filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(|error| SpoolError::io(parent, error))?;
        }
        let Noted { next, marks } = state(dir)?;
        let mut found = Self { next, bytes: 0, marks };
        for entry in fs::read_dir(dir).map_err(|error| SpoolError::io(dir, error))? {
            let entry = entry.map_err(|error| SpoolError::io(dir, error))?;
            found.add(&entry.path())?;
        }
        Ok(found)
    }

    fn add(&mut self, path: &Path) -> Result<(), SpoolError> {
        if path.extension().is_some_and(|extension| extension == UNFINISHED) {
            // Nobody was told that this was taken.
            return fs::remove_file(path).map_err(|error| SpoolError::io(path, error));
        }
        let Some(number) = number(path) else { return Ok(()) };
        let noted = note(path)?;
        self.next = self.next.max(number + 1);
        self.bytes += fs::metadata(path).map_err(|error| SpoolError::io(path, error))?.len();
        for (name, mark) in noted.marks {
            let known = self.marks.entry(name).or_default();
            *known = mark.max(*known);
        }
        Ok(())
    }
}

fn note(path: &Path) -> Result<Noted, SpoolError> {
    use std::io::{BufRead as _, BufReader, Read as _};
    let file = File::open(path).map_err(|error| SpoolError::io(path, error))?;
    let mut head = Vec::new();
    let read = BufReader::new(file).take(NOTE_BYTES_MAX).read_until(b'\n', &mut head);
    read.map_err(|error| SpoolError::io(path, error))?;
    let bad = |reason: String| SpoolError::State { path: path.to_owned(), reason };
    let note = spooled::note(&head).ok_or_else(|| bad("it is no segment".to_owned()))?;
    serde_json::from_slice(note).map_err(|error| bad(error.to_string()))
}

/// Writes a whole segment and makes it visible. When this returns, it survives the loss of power.
pub(super) fn write(dir: &Path, number: u64, bytes: &[u8]) -> std::io::Result<()> {
    replace(dir, &path(dir, number), bytes)
}

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    // Twenty digits hold every number; names then sort as numbers do.
    dir.join(format!("{number:020}.{EXTENSION}"))
}

pub(super) fn number(path: &Path) -> Option<u64> {
    let is_segment = path.extension().is_some_and(|extension| extension == EXTENSION);
    path.file_stem().filter(|_| is_segment)?.to_str()?.parse().ok()
}

fn state(dir: &Path) -> Result<Noted, SpoolError> {
    let path = dir.join(STATE);
    match fs::read(&path) {
        Ok(text) => {
            serde_json::from_slice(&text).map_err(|error| SpoolError::State { path, reason: error.to_string() })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Noted::default()),
        Err(error) => Err(SpoolError::io(&path, error)),
    }
}

/// Removes segments that were read for good; returns their bytes. What they noted is remembered first.
pub(super) fn remove(dir: &Path, marks: &Marks, segments: &[PathBuf]) -> Result<u64, SpoolError> {
    let Some(highest) = segments.iter().filter_map(|path| number(path)).max() else { return Ok(0) };
    let known = state(dir)?;
    let noted = Noted { next: known.next.max(highest + 1), marks: marks.clone() };
    let text = serde_json::to_vec(&noted)
        .map_err(|error| SpoolError::State { path: dir.join(STATE), reason: error.to_string() })?;
    replace(dir, &dir.join(STATE), &text).map_err(|error| SpoolError::io(&dir.join(STATE), error))?;
    let mut bytes = 0;
    for path in segments.iter().filter(|path| number(path).is_some()) {
        match fs::metadata(path) {
            Ok(metadata) => bytes += metadata.len(),
            // Removed by an earlier start.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(SpoolError::io(path, error)),
        }
        fs::remove_file(path).map_err(|error| SpoolError::io(path, error))?;
    }
    Ok(bytes)
}

fn replace(dir: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension(UNFINISHED);
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(dir)?.sync_all()
}
