//! The keys that bodies are encrypted under: one per subject (an incident, say), each wrapped by the key-encryption key and
//! kept in its own small file. Destroying a subject's key erases its bodies wherever copies of them are (crypto-shredding);
//! the entries and every proof stay valid. The key-encryption key itself is the caller's (KMS or file) and never stored here.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};

use crate::hash::digest;
use crate::keys::random_bytes;
use crate::store::Disk;

const KEY_BYTES: usize = 32;
pub(crate) const NONCE_BYTES: usize = 24;
/// A key file has a name of 256 bytes, two times and a wrapped key of 72 bytes.
const KEY_FILE_BYTES_MAX: usize = 4096;
const KEY_FILE_VERSION: u8 = 1;

/// The key-encryption key: wraps all subject keys.
#[derive(Clone)]
pub struct WrappingKey([u8; KEY_BYTES]);

/// A subject's key in the clear; kept in memory only while a body is sealed or opened.
#[derive(Clone)]
pub struct SubjectKey {
    pub(crate) name: String,
    key: [u8; KEY_BYTES],
}

/// A directory of wrapped keys.
#[derive(Debug)]
pub struct KeyRing {
    directory: PathBuf,
    wrapping: WrappingKey,
    disk: Disk,
}

/// What became of a key.
#[derive(Debug)]
pub enum KeyState {
    Present(SubjectKey),
    /// Destroyed at this time: what was encrypted under it is erased.
    Destroyed(String),
    /// Never made here, or lost with a backup.
    Unknown,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    #[error("{action} the key of `{name}`: {source}")]
    Io { action: &'static str, name: String, source: std::io::Error },
    #[error("make the key of `{0}`: it was destroyed; erased subjects do not get new keys")]
    Destroyed(String),
    #[error("open the key of `{0}`: its file is damaged")]
    Damaged(String),
    #[error("open the key of `{0}`: it was wrapped under another key-encryption key, or changed")]
    WrongWrappingKey(String),
    #[error("make the key of `{name}`: the system gave no random bytes: {source}")]
    Random { name: String, source: getrandom::Error },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    v: u8,
    name: String,
    created_at: String,
    /// Nonce and wrapped key; gone once destroyed.
    wrapped: Option<String>,
    destroyed_at: Option<String>,
}

impl WrappingKey {
    pub fn generate() -> Result<Self, getrandom::Error> {
        Ok(Self(random_bytes()?))
    }

    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The secret itself, for the caller to keep.
    pub fn to_bytes(&self) -> [u8; KEY_BYTES] {
        self.0
    }
}

impl KeyRing {
    pub fn open(directory: impl Into<PathBuf>, wrapping: WrappingKey) -> Self {
        Self { directory: directory.into(), wrapping, disk: Disk::new() }
    }

    /// The key of a subject, made at `now` when it has none yet. A destroyed key is never made again.
    pub fn create(&self, name: &str, now: &str) -> Result<SubjectKey, KeyRingError> {
        match self.key(name)? {
            KeyState::Present(key) => return Ok(key),
            KeyState::Destroyed(_) => return Err(KeyRingError::Destroyed(name.to_owned())),
            KeyState::Unknown => {}
        }
        let random = |source| KeyRingError::Random { name: name.to_owned(), source };
        let key = SubjectKey { name: name.to_owned(), key: random_bytes().map_err(random)? };
        let wrapped = wrap(&self.wrapping, &key).map_err(random)?;
        let created_at = now.to_owned();
        let file = KeyFile {
            v: KEY_FILE_VERSION,
            name: name.to_owned(),
            created_at,
            wrapped: Some(wrapped),
            destroyed_at: None,
        };
        self.write(&file)?;
        Ok(key)
    }

    pub fn key(&self, name: &str) -> Result<KeyState, KeyRingError> {
        let Some(file) = self.read(name)? else { return Ok(KeyState::Unknown) };
        match (file.wrapped, file.destroyed_at) {
            (_, Some(destroyed_at)) => Ok(KeyState::Destroyed(destroyed_at)),
            (Some(wrapped), None) => Ok(KeyState::Present(unwrap(&self.wrapping, name, &wrapped)?)),
            (None, None) => Err(KeyRingError::Damaged(name.to_owned())),
        }
    }

    /// Destroys a subject's key: its bodies can never be read again. Harmless when done twice; also recorded for keys this ring
    /// never had, so that replaying erasures over a restored backup needs no order. A file system may keep old blocks for a
    /// while: the ring belongs on a volume that is itself encrypted.
    pub fn destroy(&self, name: &str, now: &str) -> Result<(), KeyRingError> {
        let before = self.read(name)?;
        if before.as_ref().is_some_and(|file| file.destroyed_at.is_some()) {
            return Ok(());
        }
        let created_at = before.map(|file| file.created_at).unwrap_or_default();
        let destroyed_at = Some(now.to_owned());
        self.write(&KeyFile { v: KEY_FILE_VERSION, name: name.to_owned(), created_at, wrapped: None, destroyed_at })
    }

    /// Wraps a subject's key under a new key-encryption key. The caller walks its subjects and then opens the ring with `next`.
    pub fn rewrap(&self, name: &str, next: &WrappingKey) -> Result<(), KeyRingError> {
        let KeyState::Present(key) = self.key(name)? else { return Ok(()) };
        let Some(mut file) = self.read(name)? else { return Ok(()) };
        let random = |source| KeyRingError::Random { name: name.to_owned(), source };
        file.wrapped = Some(wrap(next, &key).map_err(random)?);
        self.write(&file)
    }

    fn read(&self, name: &str) -> Result<Option<KeyFile>, KeyRingError> {
        let bytes = self.disk.read(&self.path(name), KEY_FILE_BYTES_MAX);
        let Some(bytes) = bytes.map_err(|source| KeyRingError::Io { action: "read", name: name.to_owned(), source })?
        else {
            return Ok(None);
        };
        let file: Option<KeyFile> = serde_json::from_slice(&bytes).ok();
        let ours = file.filter(|file| file.name == name && file.v == KEY_FILE_VERSION);
        ours.map(Some).ok_or_else(|| KeyRingError::Damaged(name.to_owned()))
    }

    fn write(&self, file: &KeyFile) -> Result<(), KeyRingError> {
        let failed = |source| KeyRingError::Io { action: "write", name: file.name.clone(), source };
        let bytes = serde_json::to_vec(file).map_err(|error| failed(error.into()))?;
        self.disk.write_private(&self.path(&file.name), &bytes).map_err(failed)
    }

    /// Names are hashed: they may hold slashes, and file names should not tell incidents apart.
    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{}.json", digest(name.as_bytes()).to_hex()))
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl SubjectKey {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.key.into())
    }
}

fn wrap(wrapping: &WrappingKey, key: &SubjectKey) -> Result<String, getrandom::Error> {
    let nonce: [u8; NONCE_BYTES] = random_bytes()?;
    let context = wrap_context(&key.name);
    let payload = Payload { msg: &key.key, aad: context.as_bytes() };
    let sealed = XChaCha20Poly1305::new(&wrapping.0.into()).encrypt(&XNonce::from(nonce), payload);
    let mut wrapped = nonce.to_vec();
    wrapped.extend(sealed.expect("32 bytes are far below the cipher's limit"));
    Ok(STANDARD.encode(wrapped))
}

fn unwrap(wrapping: &WrappingKey, name: &str, wrapped: &str) -> Result<SubjectKey, KeyRingError> {
    let wrapped = STANDARD.decode(wrapped).unwrap_or_default();
    let Some((nonce, sealed)) = wrapped.split_first_chunk::<NONCE_BYTES>() else {
        return Err(KeyRingError::Damaged(name.to_owned()));
    };
    let context = wrap_context(name);
    let payload = Payload { msg: sealed, aad: context.as_bytes() };
    let opened = XChaCha20Poly1305::new(&wrapping.0.into()).decrypt(&XNonce::from(*nonce), payload);
    let key: Option<[u8; KEY_BYTES]> = opened.ok().and_then(|key| key.try_into().ok());
    key.map(|key| SubjectKey { name: name.to_owned(), key })
        .ok_or_else(|| KeyRingError::WrongWrappingKey(name.to_owned()))
}

/// Binds a wrapped key to its subject: it cannot be put in another one's place.
fn wrap_context(name: &str) -> String {
    format!("watertight/key/v1\n{name}")
}

impl fmt::Debug for WrappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrappingKey(secret)")
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKey({}, secret)", self.name)
    }
}
