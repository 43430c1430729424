//! Files to verify, from a directory or a zip, by name and with limits on everything: how many, how large, what they may be
//! called. A hostile archive costs a fault, not the machine.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use zip::ZipArchive;

use super::report::{FaultKind, Report};
use crate::pack::{COMMENT_START, DIGEST_HEX, digest_before_comment, names::is_member_name};
use crate::store::TEMPORARY;

/// A log of 128 million entries has a million files.
const FILES_MAX: usize = 1_000_000;
/// Directories below the one given: a tile of a log of 10^18 entries is six deep.
const DEPTH_MAX: usize = 12;
/// All members unpacked: more is a bomb or needs a bigger tool.
const TOTAL_BYTES_MAX: u64 = 64 << 30;
/// A million members with names of ours.
const CENTRAL_DIRECTORY_BYTES_MAX: u64 = 300 << 20;

#[derive(Debug, Clone)]
pub(super) enum Source {
    Directory { root: PathBuf, names: Arc<BTreeMap<String, u64>> },
    Zip { archive: ZipArchive<SharedFile>, names: Arc<BTreeMap<String, (usize, u64)>> },
}

impl Source {
    pub(super) fn directory(root: &Path, report: &mut Report) -> io::Result<Self> {
        let mut names = BTreeMap::new();
        walk(root, "", 0, &mut names, report)?;
        Ok(Self::Directory { root: root.to_owned(), names: Arc::new(names) })
    }

    /// Opens a zip; `None` when it is too damaged to read a single name, which is then a fault.
    pub(super) fn zip(path: &Path, report: &mut Report) -> io::Result<Option<Self>> {
        let mut file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let Some(directory) = central_directory(&mut file, bytes)? else {
            report.fault(
                FaultKind::ContainerDamaged,
                "the zip's end",
                "there is no end-of-archive record; the file is cut off or no zip",
            );
            return Ok(None);
        };
        if CENTRAL_DIRECTORY_BYTES_MAX < directory.bytes || FILES_MAX as u64 <= directory.members {
            report.fault(FaultKind::LimitExceeded, "the zip's directory", "it lists more members than a pack has");
            return Ok(None);
        }
        let shared = SharedFile { file: Arc::new(Mutex::new(File::open(path)?)), position: 0 };
        let archive = match ZipArchive::new(shared) {
            Ok(archive) => archive,
            Err(error) => {
                report.fault(FaultKind::ContainerDamaged, "the zip's directory", error.to_string());
                return Ok(None);
            }
        };
        check_stamp(&mut file, bytes, archive.comment(), report)?;
        let names = members(&archive, report);
        if archive.len() as u64 != directory.members {
            let detail =
                format!("it lists {} members under {} names: some are there twice", directory.members, archive.len());
            report.fault(FaultKind::ContainerDamaged, "the zip's directory", detail);
        }
        let total: u64 = names.values().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes));
        if TOTAL_BYTES_MAX < total {
            report.fault(
                FaultKind::LimitExceeded,
                "the zip's directory",
                "its members would unpack to more than 64 GiB",
            );
            return Ok(None);
        }
        Ok(Some(Self::Zip { archive, names: Arc::new(names) }))
    }

    pub(super) fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Directory { names, .. } => Box::new(names.keys().map(String::as_str)),
            Self::Zip { names, .. } => Box::new(names.keys().map(String::as_str)),
        }
    }

    pub(super) fn names_below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.names().filter_map(move |name| name.strip_prefix(prefix))
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        match self {
            Self::Directory { names, .. } => names.contains_key(name),
            Self::Zip { names, .. } => names.contains_key(name),
        }
    }

    pub(super) fn is_zip(&self) -> bool {
        matches!(self, Self::Zip { .. })
    }

    /// A file's bytes; an error in words when it is missing, unreadable or larger than `bytes_max`.
    pub(super) fn read(&self, name: &str, bytes_max: usize) -> Result<Vec<u8>, String> {
        if let Self::Directory { root, names } = self {
            return read_file(&root.join(name), *names.get(name).ok_or("it is missing")?, bytes_max);
        }
        self.with_reader(name, |reader| {
            let mut bytes = Vec::new();
            reader.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            if bytes_max < bytes.len() { Err(format!("it is larger than {bytes_max} bytes")) } else { Ok(bytes) }
        })
    }

    /// Whether a file that was listed has gone since: a living log removes partial tiles that wider ones replace.
    pub(super) fn is_gone(&self, name: &str) -> bool {
        matches!(self, Self::Directory { root, .. } if !root.join(name).exists())
    }

    /// Lets `f` read a file as a stream that ends, with an error, where the file claims to end.
    pub(super) fn with_reader<T>(
        &self,
        name: &str,
        f: impl FnOnce(&mut dyn Read) -> Result<T, String>,
    ) -> Result<T, String> {
        match self {
            Self::Directory { root, names } => {
                names.get(name).ok_or("it is missing")?;
                let file = File::open(root.join(name)).map_err(|error| error.to_string())?;
                f(&mut BufReader::with_capacity(64 * 1024, file))
            }
            Self::Zip { archive, names } => {
                let (index, bytes) = *names.get(name).ok_or("it is missing")?;
                let mut archive = archive.clone();
                let member = archive.by_index(index).map_err(|error| error.to_string())?;
                f(&mut Bounded { inner: member, left: bytes })
            }
        }
    }
}

/// Reads a whole file into a buffer of its size: a log has thousands of small ones and this is where a verifier waits.
fn read_file(path: &Path, bytes: u64, bytes_max: usize) -> Result<Vec<u8>, String> {
    let size_hint = usize::try_from(bytes).unwrap_or(usize::MAX).min(bytes_max);
    let mut buffer = Vec::with_capacity(size_hint + 1);
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(bytes_max as u64 + 1).read_to_end(&mut buffer).map_err(|error| error.to_string())?;
    if bytes_max < buffer.len() { Err(format!("it is larger than {bytes_max} bytes")) } else { Ok(buffer) }
}

/// A member that unpacks to more than its header says is a bomb, or was tampered with.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(io::Error::other("it unpacks to more bytes than the archive says"));
        };
        self.left = left;
        Ok(read)
    }
}

/// One file read by several threads, each with its own position.
#[derive(Debug, Clone)]
pub(super) struct SharedFile {
    file: Arc<Mutex<File>>,
    position: u64,
}

impl Read for SharedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.position))?;
        let read = file.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => {
                let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                file.metadata()?.len().checked_add_signed(offset)
            }
        };
        self.position = position.ok_or_else(|| io::Error::other("a position before the file's start"))?;
        Ok(self.position)
    }
}

fn walk(
    root: &Path,
    below: &str,
    depth: usize,
    names: &mut BTreeMap<String, u64>,
    report: &mut Report,
) -> io::Result<()> {
    for file in std::fs::read_dir(root.join(below))? {
        let file = file?;
        let shown = file.path().display().to_string();
        let Some(name) = file.file_name().to_str().map(|name| format!("{below}{name}")) else {
            report.fault(FaultKind::Unexpected, shown, "its name is not UTF-8");
            continue;
        };
        let kind = file.file_type()?;
        if kind.is_dir() && depth < DEPTH_MAX {
            walk(root, &format!("{name}/"), depth + 1, names, report)?;
        } else if kind.is_dir() || kind.is_symlink() {
            report.fault(FaultKind::Unexpected, name, "it is a link or nested too deep; only plain files are verified");
        } else if FILES_MAX <= names.len() {
            report.fault(FaultKind::LimitExceeded, name, "there are more than a million files");
            return Ok(());
        } else if !name.ends_with(TEMPORARY) {
            // What a crash left half-written never counted.
            names.insert(name, file.metadata()?.len());
        }
    }
    Ok(())
}

fn members(archive: &ZipArchive<SharedFile>, report: &mut Report) -> BTreeMap<String, (usize, u64)> {
    let mut names = BTreeMap::new();
    for index in 0..archive.len() {
        let (name, bytes) = match archive.by_index_data(index) {
            Ok(member) => (member.name().map(|name| name.into_owned()), member.size()),
            Err(error) => {
                report.fault(FaultKind::ContainerDamaged, format!("member {index} of the zip"), error.to_string());
                continue;
            }
        };
        match name {
            Ok(name) if is_member_name(&name) => drop(names.insert(name, (index, bytes))),
            // Directories that other tools write hold nothing.
            Ok(name) if name.ends_with('/') && bytes == 0 => {}
            Ok(name) => report.fault(
                FaultKind::Unexpected,
                name.escape_debug().to_string(),
                "a pack has no member of such a name",
            ),
            Err(error) => {
                report.fault(FaultKind::ContainerDamaged, format!("member {index} of the zip"), error.to_string())
            }
        }
    }
    names
}

/// Our own archives carry the hash of all their bytes; an archive packed again by another tool has no comment at all.
fn check_stamp(file: &mut File, bytes: u64, comment: &[u8], report: &mut Report) -> io::Result<()> {
    if comment.is_empty() {
        return Ok(());
    }
    let stamp = comment.strip_prefix(COMMENT_START.as_bytes()).filter(|digits| digits.len() == DIGEST_HEX);
    let Some(stamp) = stamp else {
        report.fault(FaultKind::ContainerDamaged, "the zip's comment", "it is not the digest a pack is stamped with");
        return Ok(());
    };
    if digest_before_comment(file, bytes)?.to_hex().as_bytes() != stamp {
        report.fault(
            FaultKind::ContainerDamaged,
            "the zip's bytes",
            "they do not have the digest the pack was stamped with: some byte of the file was changed",
        );
    }
    Ok(())
}

struct CentralDirectory {
    members: u64,
    bytes: u64,
}

/// Reads the end-of-archive record (APPNOTE 4.3.16, and 4.3.14 for zip64) before anything is allocated by its numbers.
fn central_directory(file: &mut File, bytes: u64) -> io::Result<Option<CentralDirectory>> {
    const END: &[u8] = b"PK\x05\x06";
    const END64: &[u8] = b"PK\x06\x06";
    const TAIL: u64 = 22 + 65_535 + 20 + 56;
    let start = bytes.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    let Some(end) = tail.windows(4).rposition(|window| window == END) else { return Ok(None) };
    let record = &tail[end..];
    let (Some(members), Some(size)) = (little_u16(record, 10), little_u32(record, 12)) else { return Ok(None) };
    let (mut members, mut size) = (u64::from(members), u64::from(size));
    if let Some(end64) = tail[..end].windows(4).rposition(|window| window == END64) {
        let record = &tail[end64..];
        if let (true, Some(wide_members), Some(wide_size)) =
            (members == 0xFFFF || size == 0xFFFF_FFFF, little_u64(record, 32), little_u64(record, 40))
        {
            (members, size) = (wide_members, wide_size);
        }
    }
    Ok(Some(CentralDirectory { members, bytes: size }))
}

fn little_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn little_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn little_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
