//! Durable files: a temporary file, fsync, rename, fsync of the directory. After `write_all` returns, a power cut loses nothing
//! of it; before it returns, every file is old or new, never torn. The only module that writes.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Temporary files end with this; a crash may leave one, readers ignore it and the next write replaces it.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Syncs waiting at the same time, beside the caller's own.
const SYNC_THREADS: usize = 7;

/// The file system, with a switch for tests that makes the n-th step fail.
#[derive(Debug, Default)]
pub struct Disk {
    #[cfg(test)]
    pub(crate) steps_left: Option<std::sync::atomic::AtomicU64>,
}

impl Disk {
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes all files so that they are durable together: contents first, then names, then directories. The syncs of one kind
    /// run side by side: a journaling file system then commits them together, which is most of what an append costs.
    pub fn write_all<'a>(&self, files: impl IntoIterator<Item = (&'a Path, &'a [u8])>) -> io::Result<()> {
        let (mut renames, mut written) = (Vec::new(), Vec::new());
        let mut directories = BTreeSet::new();
        for (path, bytes) in files {
            let Some(parent) = path.parent() else { return Err(io::Error::other("a file needs a directory")) };
            self.make_directories(parent, &mut directories)?;
            let temporary = temporary_of(path);
            written.push(self.write_unsynced(&temporary, bytes, false)?);
            renames.push((temporary, path));
        }
        self.step()?;
        sync_side_by_side(&written, File::sync_data)?;
        for (temporary, path) in renames {
            self.step()?;
            fs::rename(temporary, path)?;
        }
        self.sync_directories(&directories)
    }

    pub fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write_all([(path, bytes)])
    }

    /// As [`Disk::write`], readable and writable by the owner only from its first byte on.
    pub fn write_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let Some(parent) = path.parent() else { return Err(io::Error::other("a file needs a directory")) };
        let mut directories = BTreeSet::new();
        self.make_directories(parent, &mut directories)?;
        let temporary = temporary_of(path);
        self.write_unsynced(&temporary, bytes, true)?.sync_data()?;
        self.step()?;
        fs::rename(temporary, path)?;
        self.sync_directories(&directories)
    }

    /// The file's bytes; `None` when there is no such file; an error when it is larger than `bytes_max`.
    pub fn read(&self, path: &Path, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
        if bytes_max < bytes.len() {
            return Err(io::Error::other(format!("it is larger than {bytes_max} bytes")));
        }
        Ok(Some(bytes))
    }

    /// Removes a directory of files that are no longer needed. It may be gone already.
    pub fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn write_unsynced(&self, path: &Path, bytes: &[u8], private: bool) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        if private {
            // A leftover of a crash may have wider permissions: the mode is only applied to files that are created.
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => owner_only(&mut options),
            }
        }
        let mut file = options.open(path)?;
        let (first, second) = bytes.split_at(bytes.len() / 2);
        file.write_all(first)?;
        // A crash in the middle of a write leaves half a file: where the tests stop, half is on disk.
        self.step()?;
        file.write_all(second)?;
        Ok(file)
    }

    fn make_directories(&self, directory: &Path, to_sync: &mut BTreeSet<PathBuf>) -> io::Result<()> {
        to_sync.insert(directory.to_owned());
        if directory.as_os_str().is_empty() || directory.is_dir() {
            return Ok(());
        }
        if let Some(parent) = directory.parent() {
            self.make_directories(parent, to_sync)?;
        }
        self.step()?;
        match fs::create_dir(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    fn sync_directories(&self, directories: &BTreeSet<PathBuf>) -> io::Result<()> {
        let mut opened = Vec::new();
        for directory in directories {
            self.step()?;
            let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            opened.push(File::open(here)?);
        }
        sync_side_by_side(&opened, File::sync_all)
    }

    /// Where a test may make us die.
    #[cfg(test)]
    fn step(&self) -> io::Result<()> {
        use std::sync::atomic::Ordering::Relaxed;
        let Some(left) = &self.steps_left else { return Ok(()) };
        let died = left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err();
        if died { Err(io::Error::other("the disk failed on purpose")) } else { Ok(()) }
    }

    #[cfg(not(test))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "the test build fails here on purpose")]
    fn step(&self) -> io::Result<()> {
        Ok(())
    }
}

fn sync_side_by_side(files: &[File], sync: fn(&File) -> io::Result<()>) -> io::Result<()> {
    let Some((first, others)) = files.split_first() else { return Ok(()) };
    std::thread::scope(|scope| {
        let share = others.len().div_ceil(SYNC_THREADS).max(1);
        let sync_all = |part: &[File]| part.iter().try_for_each(sync);
        let threads: Vec<_> = others.chunks(share).map(|part| scope.spawn(move || sync_all(part))).collect();
        let mine = sync(first);
        threads.into_iter().fold(mine, |all, thread| all.and(thread.join().expect("a sync does not panic")))
    })
}

fn temporary_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    PathBuf::from(name)
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn owner_only(_options: &mut OpenOptions) {}
