//! Objects in S3 (or anything that speaks it): listing a prefix, reading an object in ranges.
//!
//! Configuration is passed in; the environment is read only when the caller says so.

use std::io::{Cursor, Error, ErrorKind, Read};
use std::sync::Arc;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::runtime::Handle;

use super::path::{Member, ReadError};

/// Bytes asked for at a time.
const RANGE_BYTES: u64 = 8 * 1024 * 1024;
/// Objects one listing may return; more is a configuration mistake (narrow the prefix).
const LISTED_MAX: usize = 5_000_000;

/// How to reach a bucket. Unset fields keep what the SDK's defaults say.
#[derive(Clone, Default)]
pub struct S3Config {
    /// Start from the `AWS_*` variables. The binary decides; the fields below win over them.
    pub use_environment: bool,
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
    /// Plain HTTP, for a store on this machine; `false` leaves it to the environment (`AWS_ALLOW_HTTP`).
    pub allow_http: bool,
}

impl std::fmt::Debug for S3Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the secret.
        f.debug_struct("S3Config")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// One bucket.
#[derive(Debug, Clone)]
pub struct S3Store {
    bucket: String,
    store: Arc<dyn ObjectStore>,
}

impl S3Store {
    /// The bucket of `s3://bucket/prefix`, and the prefix.
    pub fn open(url: &str, config: &S3Config) -> Result<(Self, String), ReadError> {
        let failed = |reason: String| ReadError::Store { path: url.to_owned(), reason };
        let rest = url.strip_prefix("s3://").ok_or_else(|| failed("not an s3:// path".to_owned()))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let base = if config.use_environment { AmazonS3Builder::from_env() } else { AmazonS3Builder::new() };
        let mut builder = base.with_bucket_name(bucket);
        if config.allow_http {
            builder = builder.with_allow_http(true);
        }
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &config.region {
            builder = builder.with_region(region);
        }
        if let Some(id) = &config.access_key_id {
            builder = builder.with_access_key_id(id);
        }
        if let Some(secret) = &config.secret_access_key {
            builder = builder.with_secret_access_key(secret);
        }
        if let Some(token) = &config.session_token {
            builder = builder.with_token(token);
        }
        let store = builder.build().map_err(|error| failed(error.to_string()))?;
        Ok((Self { bucket: bucket.to_owned(), store: Arc::new(store) }, prefix.to_owned()))
    }

    /// A bucket behind any store, for tests without a network.
    #[must_use]
    pub fn over(bucket: &str, store: Arc<dyn ObjectStore>) -> Self {
        Self { bucket: bucket.to_owned(), store }
    }

    /// Objects whose key starts with `prefix`, sorted by key.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Member>, ReadError> {
        let failed = |error: object_store::Error| self.error(prefix, &error);
        // The store lists whole path segments; the part behind the last `/` is compared here.
        let folder = prefix.rsplit_once('/').map(|(folder, _)| Path::from(folder));
        let mut found = self.store.list(folder.as_ref());
        let mut members = Vec::new();
        while let Some(object) = found.try_next().await.map_err(failed)? {
            let key = object.location.as_ref();
            if !key.starts_with(prefix) || object.size == 0 {
                continue;
            }
            if members.len() == LISTED_MAX {
                let reason = format!("more than {LISTED_MAX} objects; narrow the prefix");
                return Err(ReadError::Store { path: self.url(prefix), reason });
            }
            members.push(Member {
                name: self.url(key),
                size: Some(object.size),
                etag: object.e_tag,
                modified: Timestamp::from_millisecond(object.last_modified.timestamp_millis()).ok(),
            });
        }
        members.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(members)
    }

    /// Reads an object of this bucket. The reader blocks: use it on a thread that may, never on an async worker.
    pub fn reader(&self, member: &Member, runtime: Handle) -> Result<Box<dyn Read + Send>, ReadError> {
        let prefix = format!("s3://{}/", self.bucket);
        let key = member.name.strip_prefix(&prefix);
        let (Some(key), Some(size)) = (key, member.size) else {
            let reason = format!("no listed object of bucket `{}`", self.bucket);
            return Err(ReadError::Store { path: member.name.clone(), reason });
        };
        let path = Path::parse(key).map_err(|error| self.error(key, &error.into()))?;
        Ok(Box::new(ObjectReader { store: self.clone(), path, size, at: 0, runtime, chunk: Cursor::new(Vec::new()) }))
    }

    fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    fn error(&self, key: &str, error: &object_store::Error) -> ReadError {
        ReadError::Store { path: self.url(key), reason: error.to_string() }
    }
}

/// Reads an object range by range, so a large one is never in memory whole.
struct ObjectReader {
    store: S3Store,
    path: Path,
    size: u64,
    at: u64,
    runtime: Handle,
    chunk: Cursor<Vec<u8>>,
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.chunk.read(buffer)?;
        if count > 0 || self.at >= self.size {
            return Ok(count);
        }
        let range = self.at..(self.at + RANGE_BYTES).min(self.size);
        let fetched = self.runtime.block_on(self.store.store.get_range(&self.path, range));
        // Not the content's fault; the kind tells the window that another attempt may succeed.
        let fetched = fetched.map_err(|error| Error::new(ErrorKind::ConnectionAborted, error))?;
        self.at += fetched.len() as u64;
        self.chunk = Cursor::new(fetched.to_vec());
        self.chunk.read(buffer)
    }
}
