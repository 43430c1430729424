//! What names an event: the vendor's id, or the digest of the record when the vendor gives none.
//!
//! Hashing a line of text costs as much as reading it, and not everybody who looks at an event asks for its name. So the
//! digest is taken when it is first asked for (see [`crate::Event::uid`]), or handed over by who has it already.

use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

/// An event's name, as far as it is known without its record.
#[derive(Debug, Clone, Default)]
pub struct Uid {
    vendors: Option<String>,
    of_record: OnceLock<String>,
}

impl Uid {
    /// The vendor's id; `None` when the record names itself.
    #[must_use]
    pub fn vendors(&self) -> Option<&str> {
        self.vendors.as_deref()
    }

    /// The name, of which `raw` is the record.
    pub(crate) fn of<'u>(&'u self, raw: &[u8]) -> &'u str {
        match &self.vendors {
            Some(uid) => uid,
            None => self.of_record.get_or_init(|| record_uid(raw)),
        }
    }

    /// Notes the digest of the record, for who has it. A vendor's id stays the name.
    pub(crate) fn note_digest(&self, digest: &[u8; 32]) {
        if self.vendors.is_none() {
            self.of_record.get_or_init(|| uid_of_digest(digest));
        }
    }
}

/// What was worked out so far makes no difference: it follows from the record.
impl PartialEq for Uid {
    fn eq(&self, other: &Self) -> bool {
        self.vendors == other.vendors
    }
}

impl Eq for Uid {}

impl From<String> for Uid {
    fn from(uid: String) -> Self {
        Self::from(Some(uid))
    }
}

impl From<Option<String>> for Uid {
    fn from(vendors: Option<String>) -> Self {
        Self { vendors, of_record: OnceLock::new() }
    }
}

/// The id of a record whose vendor gives none: SHA-256 of its bytes, first 16 bytes in hex.
/// The same line read twice has the same id, so a replay stores it once.
#[must_use]
pub fn record_uid(raw: &[u8]) -> String {
    uid_of_digest(&Sha256::digest(raw).into())
}

fn uid_of_digest(digest: &[u8; 32]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut uid = [0; 32];
    for (digits, byte) in uid.chunks_exact_mut(2).zip(digest) {
        digits.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    String::from_utf8_lossy(&uid).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_uid_is_the_head_of_sha256() {
        // SHA-256("") = e3b0c442 98fc1c14 9afbf4c8 996fb924 27ae41e4 …, FIPS 180-4 example.
        assert_eq!(record_uid(b""), "e3b0c44298fc1c149afbf4c8996fb924");
        assert_ne!(record_uid(b"a"), record_uid(b"b"));
    }

    #[test]
    fn the_vendors_id_comes_first_and_a_digest_at_hand_is_not_taken_again() {
        let digest: [u8; 32] = Sha256::digest(b"line").into();
        let named = Uid::from("e-1".to_owned());
        named.note_digest(&digest);
        assert_eq!(named.of(b"line"), "e-1");
        let unnamed = Uid::default();
        unnamed.note_digest(&digest);
        // Other bytes show that nothing is hashed any more.
        assert_eq!(unnamed.of(b"other"), record_uid(b"line"));
        assert_eq!(Uid::default().of(b"line"), record_uid(b"line"));
        assert_eq!(unnamed, Uid::default());
    }
}
