//! Private keys of a log or a witness: made, written and read in the text form of the Go note package,
//! `PRIVATE+KEY+<name>+<id>+base64(type ‖ seed)`. Keeping the file secret is the caller's; rotation signs with old and new.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::note::{KeyKind, Note, VerifierKey, is_key_name, key_data};
use crate::store::Disk;

const SKEY_START: &str = "PRIVATE+KEY+";
/// A name of 255 bytes and a key of 33; anything longer is another file.
const KEY_FILE_BYTES_MAX: u64 = 1024;

/// A key that signs checkpoints (or, of the witness kind, cosigns them). Only the sequencer holds one.
#[derive(Clone)]
pub struct LogKey {
    name: String,
    kind: KeyKind,
    key: SigningKey,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("make a key: `{0}` is no key name; it must be non-empty, without spaces and plus signs")]
    Name(String),
    #[error("make a key: the system gave no random bytes: {0}")]
    Random(getrandom::Error),
    #[error("read the private key: {0}")]
    Malformed(&'static str),
    #[error("{action} the key file `{path}`: {source}")]
    File { action: &'static str, path: String, source: std::io::Error },
}

impl LogKey {
    /// A new log key. The name is the log's origin, such as `evidence.example.com/larkfield`.
    pub fn generate(name: &str) -> Result<Self, KeyError> {
        Self::from_seed(name, KeyKind::Ed25519, &random_bytes().map_err(KeyError::Random)?)
    }

    pub fn generate_witness(name: &str) -> Result<Self, KeyError> {
        Self::from_seed(name, KeyKind::Cosignature, &random_bytes().map_err(KeyError::Random)?)
    }

    /// The key of a seed: for simulated logs and tests, which must give the same bytes every time.
    pub fn from_seed(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), kind, key: SigningKey::from_bytes(seed) })
    }

    pub fn parse(skey: &str) -> Result<Self, KeyError> {
        let fault = KeyError::Malformed;
        let Some(rest) = skey.trim_end_matches('\n').strip_prefix(SKEY_START) else {
            return Err(fault("it does not begin with `PRIVATE+KEY+`"));
        };
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(fault("it is not of the form `PRIVATE+KEY+<name>+<id>+<key>`"));
        };
        let data = STANDARD.decode(data).map_err(|_| fault("its last part is not base64"))?;
        let (kind, seed) = match data.split_first() {
            Some((0x01, seed)) => (KeyKind::Ed25519, seed),
            Some((0x04, seed)) => (KeyKind::Cosignature, seed),
            _ => return Err(fault("only Ed25519 keys (types 1 and 4) are supported")),
        };
        let seed: &[u8; 32] = seed.try_into().map_err(|_| fault("an Ed25519 seed has 32 bytes"))?;
        let key = Self::from_seed(name, kind, seed)?;
        if format!("{:08x}", key.verifier().id()) != id {
            return Err(fault("its id does not belong to its name and key"));
        }
        Ok(key)
    }

    /// The private key as text. It is the secret itself: write it to a file that only the service can read.
    pub fn to_skey(&self) -> String {
        let data = STANDARD.encode(key_data(self.kind, &self.key.to_bytes()));
        format!("{SKEY_START}{}+{:08x}+{data}", self.name, self.verifier().id())
    }

    /// Writes the private key to `path`, readable by its owner only; refuses to replace an existing file.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |source| KeyError::File { action: "write", path: path.display().to_string(), source };
        if path.try_exists().map_err(failed)? {
            return Err(failed(std::io::Error::other("a key is already there; rotating needs a new name")));
        }
        Disk::new().write_private(path, format!("{}\n", self.to_skey()).as_bytes()).map_err(failed)
    }

    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { action: "read", path: path.display().to_string(), source };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        Self::parse(&text)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public half, printed as vkey.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey::new(&self.name, self.kind, self.key.verifying_key())
    }

    /// Adds this key's plain signature to a note.
    pub(crate) fn sign(&self, note: &mut Note) {
        let signature = self.key.sign(note.text().as_bytes());
        note.push_signature(&self.verifier(), signature.to_bytes().to_vec());
    }

    pub(crate) fn ed25519(&self) -> &SigningKey {
        &self.key
    }
}

/// The name only: the key must not reach a log by accident.
impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({}, secret)", self.verifier())
    }
}

pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
