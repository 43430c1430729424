//! Signed notes (c2sp.org/signed-note): text, a blank line, signature lines. The envelope of checkpoints and pack seals.
//! Signatures of unknown keys are skipped; a known key whose signature fails spoils the whole note.

mod vkey;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use vkey::{KeyKind, VerifierKey, VkeyError};
pub(crate) use vkey::{is_key_name, key_data};

use crate::cosignature;

/// Larger than any checkpoint with every signature we accept, post-quantum ones of 5 kB included.
pub const NOTE_BYTES_MAX: usize = 512 * 1024;
/// The specification asks for at least 16.
pub const NOTE_SIGNATURES_MAX: usize = 64;
/// Em dash and space.
const SIGNATURE_START: &str = "\u{2014} ";

/// A note that parsed. Nothing in it is true before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    pub name: String,
    pub key_id: u32,
    pub signature: Vec<u8>,
}

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub key: VerifierKey,
    /// When a witness signed, in seconds since 1970, by its own clock.
    pub witnessed_at: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("read the note: {0}")]
    Malformed(&'static str),
    #[error(
        "verify the note: the signature of `{0}` is wrong; the note was changed or signed by another key of that id"
    )]
    BadSignature(String),
    #[error("verify the note: no known key signed it; signed by: {0}")]
    NotSigned(String),
    #[error("sign the note: {0}")]
    Unsignable(&'static str),
}

impl Note {
    /// A note still without signatures. The text must end with a newline and hold no control character but newlines.
    pub fn unsigned(text: String) -> Result<Self, NoteError> {
        match text_fault(&text) {
            Some(fault) => Err(NoteError::Unsignable(fault)),
            None => Ok(Self { text, signatures: Vec::new() }),
        }
    }

    pub fn parse(note: &[u8]) -> Result<Self, NoteError> {
        if NOTE_BYTES_MAX < note.len() {
            return Err(NoteError::Malformed("it is larger than 512 KiB"));
        }
        let note = str::from_utf8(note).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
        let Some((text, lines)) = note.rsplit_once("\n\n") else {
            return Err(NoteError::Malformed("there is no blank line between text and signatures"));
        };
        let text = format!("{text}\n");
        if let Some(fault) = text_fault(&text) {
            return Err(NoteError::Malformed(fault));
        }
        let Some(lines) = lines.strip_suffix('\n') else {
            return Err(NoteError::Malformed("the last signature line does not end with a newline"));
        };
        let signatures = lines.split('\n').map(parse_signature).collect::<Result<Vec<_>, _>>()?;
        if NOTE_SIGNATURES_MAX < signatures.len() {
            return Err(NoteError::Malformed("it has more than 64 signatures"));
        }
        Ok(Self { text, signatures })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    pub(crate) fn push_signature(&mut self, key: &VerifierKey, signature: Vec<u8>) {
        self.signatures.push(NoteSignature { name: key.name().to_owned(), key_id: key.id(), signature });
    }

    /// The signatures of known keys, all of which hold. An error when one fails or none is there.
    pub fn verify(&self, known: &[VerifierKey]) -> Result<Vec<Verified>, NoteError> {
        let mut verified: Vec<Verified> = Vec::new();
        for signature in &self.signatures {
            let of_this_key = |key: &&VerifierKey| key.name() == signature.name && key.id() == signature.key_id;
            let Some(key) = known.iter().find(of_this_key) else { continue };
            let witnessed_at = self.check(key, &signature.signature)?;
            if !verified.iter().any(|earlier| earlier.key == *key) {
                verified.push(Verified { key: key.clone(), witnessed_at });
            }
        }
        if verified.is_empty() {
            let names: Vec<&str> = self.signatures.iter().map(|signature| signature.name.as_str()).take(16).collect();
            return Err(NoteError::NotSigned(if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }));
        }
        Ok(verified)
    }

    /// The time a witness signed at, none for plain signatures.
    fn check(&self, key: &VerifierKey, signature: &[u8]) -> Result<Option<u64>, NoteError> {
        let bad = || NoteError::BadSignature(key.name().to_owned());
        match key.kind() {
            KeyKind::Cosignature => cosignature::verify(&self.text, key, signature).map(Some).map_err(|_| bad()),
            KeyKind::Ed25519 => {
                let signature: &[u8; 64] = signature.try_into().map_err(|_| bad())?;
                let signature = ed25519_dalek::Signature::from_bytes(signature);
                key.ed25519().verify_strict(self.text.as_bytes(), &signature).map_err(|_| bad())?;
                Ok(None)
            }
        }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            let mut bytes = signature.key_id.to_be_bytes().to_vec();
            bytes.extend_from_slice(&signature.signature);
            writeln!(f, "{SIGNATURE_START}{} {}", signature.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

fn text_fault(text: &str) -> Option<&'static str> {
    let control = |c: char| c < ' ' && c != '\n';
    if text.len() < 2 || !text.ends_with('\n') {
        Some("the text is empty or does not end with a newline")
    } else if text.contains(control) {
        Some("it has a control character")
    } else {
        None
    }
}

fn parse_signature(line: &str) -> Result<NoteSignature, NoteError> {
    let fault = NoteError::Malformed("a signature line is not `— <name> <base64>`");
    let Some((name, encoded)) = line.strip_prefix(SIGNATURE_START).and_then(|rest| rest.split_once(' ')) else {
        return Err(fault);
    };
    let Ok(bytes) = STANDARD.decode(encoded) else { return Err(fault) };
    match bytes.split_first_chunk::<4>() {
        Some((id, signature)) if is_key_name(name) && !signature.is_empty() => {
            Ok(NoteSignature { name: name.to_owned(), key_id: u32::from_be_bytes(*id), signature: signature.to_vec() })
        }
        _ => Err(fault),
    }
}
