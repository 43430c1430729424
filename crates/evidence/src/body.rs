//! Bodies: what an entry must not show, encrypted beside the log under its subject's key (XChaCha20-Poly1305). Salt and body are
//! sealed together, so destroying the key also destroys the salt and the commitment in the log says nothing more about anyone.
//! Where the bytes are kept is the caller's choice.

use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead as _, Payload};

use crate::commitment::{Commitment, SALT_BYTES, Salt};
use crate::entry::{BodyRef, Entry};
use crate::keyring::{KeyRing, KeyRingError, KeyState, NONCE_BYTES, SubjectKey};
use crate::keys::random_bytes;

const BODY_VERSION: u8 = 1;
/// A body is read whole: subject registers go into their own store, not into a body.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A body on its way to storage, with what its entry must say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBody {
    pub bytes: Vec<u8>,
    pub reference: BodyRef,
}

/// What a body shows today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenedBody {
    Clear(Vec<u8>),
    /// The key was destroyed at this time. The entry, its commitment and its proofs still hold.
    Erased(String),
}

#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("seal the body: it has {0} bytes, 16 MiB is the most")]
    TooLarge(usize),
    #[error("seal the body: the system gave no random bytes: {0}")]
    Random(getrandom::Error),
    #[error("open the body of entry `{0}`: the entry has none")]
    NoBody(String),
    #[error("open the body of entry `{entry}`: the key ring has no key `{key}` and no record of its destruction")]
    NoKey { entry: String, key: String },
    #[error("open the body of entry `{0}`: it was changed, cut off, or belongs to another entry")]
    Changed(String),
    #[error("open the body of entry `{0}`: it is not what the entry committed to")]
    NotCommitted(String),
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
}

/// Encrypts the body of the entry `entry_id` and commits to it.
pub fn seal(key: &SubjectKey, entry_id: &str, body: &[u8]) -> Result<SealedBody, BodyError> {
    if BODY_BYTES_MAX < body.len() {
        return Err(BodyError::TooLarge(body.len()));
    }
    let salt = Salt::random().map_err(BodyError::Random)?;
    let nonce: [u8; NONCE_BYTES] = random_bytes().map_err(BodyError::Random)?;
    let mut clear = salt.0.to_vec();
    clear.extend_from_slice(body);
    let context = context(key.name(), entry_id);
    let payload = Payload { msg: &clear, aad: context.as_bytes() };
    let sealed =
        key.cipher().encrypt(&XNonce::from(nonce), payload).expect("16 MiB are below the cipher's limit of 256 GiB");
    let mut bytes = vec![BODY_VERSION];
    bytes.extend_from_slice(&nonce);
    bytes.extend(sealed);
    let reference = BodyRef { commitment: Commitment::new(&salt, body), key: key.name().to_owned() };
    Ok(SealedBody { bytes, reference })
}

/// Opens the body of an entry, or says that it was erased. What comes back is what the entry committed to.
pub fn open(ring: &KeyRing, entry: &Entry, sealed: &[u8]) -> Result<OpenedBody, BodyError> {
    let Some(reference) = &entry.body else { return Err(BodyError::NoBody(entry.id.clone())) };
    let key = match ring.key(&reference.key)? {
        KeyState::Present(key) => key,
        KeyState::Destroyed(at) => return Ok(OpenedBody::Erased(at)),
        KeyState::Unknown => return Err(BodyError::NoKey { entry: entry.id.clone(), key: reference.key.clone() }),
    };
    let changed = || BodyError::Changed(entry.id.clone());
    let Some((&BODY_VERSION, rest)) = sealed.split_first() else { return Err(changed()) };
    let Some((nonce, sealed)) = rest.split_first_chunk::<NONCE_BYTES>() else { return Err(changed()) };
    let context = context(key.name(), &entry.id);
    let payload = Payload { msg: sealed, aad: context.as_bytes() };
    let clear = key.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| changed())?;
    let Some((salt, body)) = clear.split_first_chunk::<SALT_BYTES>() else { return Err(changed()) };
    if !reference.commitment.opens_to(&Salt::from_bytes(*salt), body) {
        return Err(BodyError::NotCommitted(entry.id.clone()));
    }
    Ok(OpenedBody::Clear(body.to_vec()))
}

/// Binds a body to its key and entry: it cannot be shown as another one's.
fn context(key: &str, entry_id: &str) -> String {
    format!("watertight/body/v1\n{key}\n{entry_id}")
}
