//! Files that are on the disk when a call returns: an object store over the local file system that fsyncs, and the
//! creation of a small file.
//!
//! On the path: under every Delta table and under the holds. The store of the table format writes and links files
//! without any fsync, so a power cut could leave a commit of zero bytes that readers had already seen. Here a file's
//! bytes are synced *before* its name exists, and the directory after. It does not protect against a disk that lies.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use deltalake::logstore::object_store::local::LocalFileSystem;
use deltalake::logstore::object_store::path::Path;
use deltalake::logstore::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use futures::stream::BoxStream;

const STORE: &str = "lake";

/// The local file system rooted at `/`, with fsync. New files are staged in one directory of the same file system.
#[derive(Debug)]
pub(crate) struct DurableStore {
    inner: Arc<LocalFileSystem>,
    staging: PathBuf,
}

impl DurableStore {
    /// `staging` must exist and lie on the file system of the tables.
    pub(crate) fn new(staging: PathBuf) -> Self {
        Self { inner: Arc::new(LocalFileSystem::new()), staging }
    }

    fn path_of(&self, location: &Path) -> Result<PathBuf> {
        self.inner.path_to_filesystem(location)
    }
}

impl fmt::Display for DurableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DurableStore(file:///)")
    }
}

#[async_trait]
impl ObjectStore for DurableStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let path = self.path_of(location)?;
        let staging = self.staging.clone();
        let only_new = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => {
                let operation = "conditional update".to_owned();
                return Err(Error::NotImplemented { operation, implementer: STORE.to_owned() });
            }
        };
        let location = location.to_string();
        blocking(move || {
            let chunks = payload.iter().map(AsRef::as_ref);
            put(&staging, &path, chunks, only_new).map_err(|source| store_error(location, source))
        })
        .await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.path_of(location)?;
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload { inner, path, location: location.to_string() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        self.sync(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await?;
        self.sync(to).await
    }
}

impl DurableStore {
    async fn sync(&self, location: &Path) -> Result<()> {
        let path = self.path_of(location)?;
        let location = location.to_string();
        blocking(move || sync_existing(&path).map_err(|source| store_error(location, source))).await
    }
}

/// Large files (checkpoints of the log): the bytes are synced when the upload completes.
#[derive(Debug)]
struct DurableUpload {
    inner: Box<dyn MultipartUpload>,
    path: PathBuf,
    location: String,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.inner.complete().await?;
        let (path, location) = (self.path.clone(), self.location.clone());
        blocking(move || sync_existing(&path).map_err(|source| store_error(location, source))).await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

/// Creates a file that must not exist yet, durably.
pub(crate) fn create(staging: &FsPath, path: &FsPath, bytes: &[u8]) -> io::Result<()> {
    put(staging, path, [bytes], true)
}

fn put<'a>(
    staging: &FsPath,
    path: &FsPath,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    only_new: bool,
) -> io::Result<()> {
    let staged = staging.join(format!("{}.staged", random_name()?));
    let written = write_synced(&staged, chunks).and_then(|()| {
        if let Some(parent) = path.parent() {
            create_dir(parent)?;
        }
        // The link fails when the name exists: that is the whole of optimistic concurrency on a local disk.
        if only_new { fs::hard_link(&staged, path) } else { fs::rename(&staged, path) }
    });
    let removed = match fs::remove_file(&staged) {
        // A rename has taken the staged name away.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    written.and(removed)?;
    path.parent().map_or(Ok(()), sync_dir)
}

fn write_synced<'a>(path: &FsPath, chunks: impl IntoIterator<Item = &'a [u8]>) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    for chunk in chunks {
        file.write_all(chunk)?;
    }
    file.sync_all()
}

fn sync_existing(path: &FsPath) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Creates a directory and its parents; each new name is synced in the directory that holds it.
pub(crate) fn create_dir(path: &FsPath) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent();
    if let Some(parent) = parent {
        create_dir(parent)?;
    }
    match fs::create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(error),
    }
    parent.map_or(Ok(()), sync_dir)
}

/// Makes names created in, or removed from, a directory durable.
pub(crate) fn sync_dir(path: &FsPath) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { FsPath::new(".") } else { path };
    File::open(path)?.sync_all()
}

/// 128 random bits as text, for names that no two writers share.
pub(crate) fn random_name() -> io::Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn store_error(path: String, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path, source: source.into() },
        io::ErrorKind::NotFound => Error::NotFound { path, source: source.into() },
        _ => Error::Generic { store: STORE, source: source.into() },
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Generic { store: STORE, source: error.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_creators_one_wins_and_the_file_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/commit.json");
        let bytes: Vec<Vec<u8>> = (0..16).map(|n| vec![n; 100_000]).collect();
        let won: Vec<bool> = std::thread::scope(|scope| {
            let creators: Vec<_> = bytes.iter().map(|bytes| scope.spawn(|| create(dir.path(), &path, bytes))).collect();
            creators.into_iter().map(|creator| creator.join().unwrap().is_ok()).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        let winner = won.iter().position(|won| *won).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes[winner]);
        let again = create(dir.path(), &path, b"x").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        // Nothing staged is left behind, by winners or losers.
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
