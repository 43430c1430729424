//! Public keys as C2SP writes them: `<name>+<key id in hex>+base64(type ‖ 32-byte Ed25519 key)`.
//! Type 0x01 signs notes, type 0x04 is a witness that cosigns with a time. Private keys are in `keys`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;

use crate::hash::digest;

/// The signature algorithms we accept; a vkey of another type is an error where it is configured, not where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// 0x01: Ed25519 over the note text.
    Ed25519,
    /// 0x04: Ed25519 cosignature/v1, a time and the note text.
    Cosignature,
}

#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    id: u32,
    key: VerifyingKey,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the public key `{key}`: {reason}")]
pub struct VkeyError {
    key: String,
    reason: &'static str,
}

impl VerifierKey {
    /// Reads the text form. The key id must be the one its name and key give.
    pub fn parse(vkey: &str) -> Result<Self, VkeyError> {
        let fault = |reason| VkeyError { key: vkey.chars().take(200).collect(), reason };
        let mut parts = vkey.trim_end_matches('\n').splitn(3, '+');
        let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(fault("it is not of the form `<name>+<id>+<key>`"));
        };
        if !is_key_name(name) {
            return Err(fault("its name is empty or has spaces or a plus sign"));
        }
        let data = STANDARD.decode(data).map_err(|_| fault("the part after the second plus sign is not base64"))?;
        let Some((kind, public)) = data.split_first() else { return Err(fault("it holds no key")) };
        let kind = match kind {
            0x01 => KeyKind::Ed25519,
            0x04 => KeyKind::Cosignature,
            _ => return Err(fault("only Ed25519 keys (types 1 and 4) are supported")),
        };
        let public: &[u8; 32] = public.try_into().map_err(|_| fault("an Ed25519 key has 32 bytes"))?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| fault("its bytes are no Ed25519 key"))?;
        if key.is_weak() {
            return Err(fault("it is a weak key: anything would verify under it"));
        }
        let this = Self::new(name, kind, key);
        if format!("{:08x}", this.id) != id {
            return Err(fault("its id does not belong to its name and key"));
        }
        Ok(this)
    }

    pub(crate) fn new(name: &str, kind: KeyKind, key: VerifyingKey) -> Self {
        Self { name: name.to_owned(), kind, id: key_id(name, kind, &key), key }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn ed25519(&self) -> &VerifyingKey {
        &self.key
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(key_data(self.kind, self.key.as_bytes())))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

/// Key names are non-empty and have no Unicode space, no plus sign and no control character.
pub(crate) fn is_key_name(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !name.is_empty() && name.len() <= 255 && name.chars().all(allowed)
}

/// Type byte and key, as they stand base64-encoded in vkeys and skeys.
pub(crate) fn key_data(kind: KeyKind, key: &[u8; 32]) -> Vec<u8> {
    let mut data = vec![kind.byte()];
    data.extend_from_slice(key);
    data
}

/// SHA-256(name ‖ 0x0A ‖ type ‖ public key), first four bytes.
fn key_id(name: &str, kind: KeyKind, key: &VerifyingKey) -> u32 {
    let mut message = format!("{name}\n").into_bytes();
    message.extend(key_data(kind, key.as_bytes()));
    let hash = digest(&message).0;
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}
