//! Legal holds: which rows no delete may touch, stored durably beside the tables.
//!
//! On the path: asked by every delete. The state is a folder of numbered files, each the whole list; the highest counts.
//! A number can be created only once, so two processes cannot overwrite each other, and earlier lists stay readable.
//! An unreadable list stops deletion: it never means *no holds*.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::error::HoldError;
use crate::filter::Filter;

/// Version of the file format.
const FORMAT: u32 = 1;
/// Largest list that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Earlier lists that stay readable.
const LISTS_KEPT: u64 = 100;
const ID_CHARS_MAX: usize = 100;

/// A hold in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub id: String,
    /// Why, for the person who asks later.
    pub reason: String,
    pub filter: Filter,
    pub placed: Timestamp,
}

/// The list as one file holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ListFile {
    format: u32,
    holds: Vec<Hold>,
}

/// The holds of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holds {
    /// Number of the file they were read from; rises with every change.
    pub(crate) version: u64,
    pub(crate) holds: Vec<Hold>,
}

/// The folder with the lists.
#[derive(Debug)]
pub(crate) struct HoldStore {
    dir: PathBuf,
    staging: PathBuf,
}

impl HoldStore {
    pub(crate) fn open(dir: PathBuf, staging: PathBuf) -> Result<Self, HoldError> {
        durable::create_dir(&dir).map_err(|source| file_error("create", &dir, source))?;
        Ok(Self { dir, staging })
    }

    pub(crate) fn read(&self) -> Result<Holds, HoldError> {
        let Some(version) = self.newest()? else { return Ok(Holds { version: 0, holds: Vec::new() }) };
        let path = self.path_of(version);
        let unreadable = |reason: String| HoldError::Unreadable { path: path.clone(), reason };
        let size = fs::metadata(&path).map_err(|error| unreadable(error.to_string()))?.len();
        if FILE_BYTES_MAX < size {
            return Err(unreadable(format!("it has {size} bytes, at most {FILE_BYTES_MAX} are read")));
        }
        let bytes = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        let list: ListFile = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if list.format != FORMAT {
            return Err(unreadable(format!("it has format {}, this program knows {FORMAT}", list.format)));
        }
        Ok(Holds { version, holds: list.holds })
    }

    /// Adds a hold. The same hold again is no change.
    pub(crate) fn place(&self, hold: Hold) -> Result<Hold, HoldError> {
        check_id(&hold.id)?;
        loop {
            let mut list = self.read()?;
            if let Some(known) = list.holds.iter().find(|known| known.id == hold.id) {
                let same = known.filter == hold.filter;
                return if same { Ok(known.clone()) } else { Err(HoldError::Exists { id: hold.id }) };
            }
            list.holds.push(hold.clone());
            if self.write(&list)? {
                return Ok(hold);
            }
        }
    }

    /// Places a hold on these events, or adds them to the hold of that name. It never holds less than before.
    pub(crate) fn widen(&self, hold: Hold) -> Result<Hold, HoldError> {
        check_id(&hold.id)?;
        loop {
            let mut list = self.read()?;
            match list.holds.iter_mut().find(|known| known.id == hold.id) {
                None => list.holds.push(hold.clone()),
                Some(known) => {
                    let Some(wider) = known.filter.with_events_of(&hold.filter) else {
                        return Err(HoldError::Exists { id: hold.id });
                    };
                    if wider == known.filter {
                        return Ok(known.clone());
                    }
                    known.filter = wider;
                }
            }
            if self.write(&list)? {
                let widened = list.holds.into_iter().find(|known| known.id == hold.id);
                return Ok(widened.unwrap_or(hold));
            }
        }
    }

    /// Ends a hold; answers what it was.
    pub(crate) fn release(&self, id: &str) -> Result<Hold, HoldError> {
        check_id(id)?;
        loop {
            let mut list = self.read()?;
            let place = list.holds.iter().position(|hold| hold.id == id);
            let place = place.ok_or_else(|| HoldError::Unknown { id: id.to_owned() })?;
            let released = list.holds.remove(place);
            if self.write(&list)? {
                return Ok(released);
            }
        }
    }

    /// Writes the list under the next number; false when another process took that number.
    fn write(&self, list: &Holds) -> Result<bool, HoldError> {
        let path = self.path_of(list.version + 1);
        let file = ListFile { format: FORMAT, holds: list.holds.clone() };
        let bytes = serde_json::to_vec(&file).map_err(|error| file_error("write", &path, io::Error::other(error)))?;
        // A list that nobody may read would stop every deletion, and every release with it.
        if FILE_BYTES_MAX < bytes.len() as u64 {
            return Err(HoldError::TooLarge { bytes: bytes.len() as u64, max: FILE_BYTES_MAX });
        }
        match durable::create(&self.staging, &path, &bytes) {
            Ok(()) => {
                self.forget_old(list.version + 1);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(file_error("write", &path, error)),
        }
    }

    /// Lists far behind are of no use to anybody; what was held when is in the sealed log. A file that stays is no harm.
    fn forget_old(&self, newest: u64) {
        if let Some(old) = newest.checked_sub(LISTS_KEPT) {
            drop(fs::remove_file(self.path_of(old)));
        }
    }

    fn newest(&self) -> Result<Option<u64>, HoldError> {
        let unreadable = |error: io::Error| HoldError::Unreadable { path: self.dir.clone(), reason: error.to_string() };
        let mut newest = None;
        for entry in fs::read_dir(&self.dir).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|name| name.parse().ok());
            newest = newest.max(number);
        }
        Ok(newest)
    }

    fn path_of(&self, version: u64) -> PathBuf {
        self.dir.join(format!("{version:020}.json"))
    }
}

/// An id becomes a folder name, so it may not be a path.
fn check_id(id: &str) -> Result<(), HoldError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let good = !id.is_empty() && id.len() <= ID_CHARS_MAX && !id.starts_with('.') && id.chars().all(allowed);
    if good { Ok(()) } else { Err(HoldError::BadId { id: crate::error::one_line(id) }) }
}

fn file_error(action: &'static str, path: &Path, source: io::Error) -> HoldError {
    HoldError::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(id: &str, actor: &str) -> Hold {
        let filter = Filter { actors: [actor.to_owned()].into(), ..Filter::default() };
        Hold { id: id.to_owned(), reason: "r".to_owned(), filter, placed: Timestamp::UNIX_EPOCH }
    }

    fn store(dir: &Path) -> HoldStore {
        HoldStore::open(dir.join("holds"), dir.to_owned()).unwrap()
    }

    #[test]
    fn placed_survives_and_released_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = store(dir.path());
        assert_eq!(first.read().unwrap().holds, []);
        first.place(hold("a", "x")).unwrap();
        first.place(hold("b", "y")).unwrap();
        let again = store(dir.path());
        assert_eq!(again.read().unwrap(), Holds { version: 2, holds: vec![hold("a", "x"), hold("b", "y")] });
        assert_eq!(again.release("a").unwrap(), hold("a", "x"));
        assert_eq!(first.read().unwrap(), Holds { version: 3, holds: vec![hold("b", "y")] });
        assert!(matches!(first.release("a"), Err(HoldError::Unknown { .. })));
    }

    #[test]
    fn the_same_again_is_no_change_and_another_scope_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        store.place(hold("a", "x")).unwrap();
        store.place(hold("a", "x")).unwrap();
        assert_eq!(store.read().unwrap().version, 1);
        assert!(matches!(store.place(hold("a", "y")), Err(HoldError::Exists { .. })));
    }

    #[test]
    fn a_hold_on_events_grows_and_never_shrinks() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let on = |uids: &[&str]| {
            let event_uids = uids.iter().map(|uid| (*uid).to_owned()).collect();
            Hold { filter: Filter { event_uids, ..Filter::default() }, ..hold("case-1", "") }
        };
        store.widen(on(&["a"])).unwrap();
        assert_eq!(store.widen(on(&["b"])).unwrap().filter, on(&["a", "b"]).filter);
        assert_eq!(store.read().unwrap().version, 2);
        store.widen(on(&["a"])).unwrap();
        assert_eq!(store.read().unwrap().version, 2, "nothing new is no change");
        store.place(hold("by-actor", "x")).unwrap();
        let other = Hold { id: "by-actor".to_owned(), ..on(&["a"]) };
        assert!(matches!(store.widen(other), Err(HoldError::Exists { .. })), "a hold of another kind is left alone");
    }

    #[test]
    fn a_damaged_list_is_not_no_holds() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        store.place(hold("a", "x")).unwrap();
        for damaged in ["", "{", "{\"format\":2,\"holds\":[]}", "{\"format\":1,\"holds\":[{}]}"] {
            fs::write(store.path_of(2), damaged).unwrap();
            assert!(matches!(store.read(), Err(HoldError::Unreadable { .. })), "{damaged}");
        }
        fs::remove_dir_all(dir.path().join("holds")).unwrap();
        assert!(matches!(store.read(), Err(HoldError::Unreadable { .. })));
    }

    #[test]
    fn ids_cannot_be_paths() {
        for id in ["", ".", "..", "a/b", "a\\b", "a b", "é", ".hidden", "a\0"] {
            assert!(matches!(check_id(id), Err(HoldError::BadId { .. })), "{id:?}");
        }
        assert!(check_id("INC-2026.0001_x").is_ok());
    }
}
