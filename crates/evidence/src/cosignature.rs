//! Witness cosignatures (c2sp.org/tlog-cosignature, Ed25519 v1): "at this time, this was the largest consistent head I saw".
//! Verified here and, for drills and tests, made here; asking a witness over the network is not ours.

use ed25519_dalek::{Signature, Signer as _};

use crate::keys::LogKey;
use crate::note::{KeyKind, Note, VerifierKey};

/// A cosignature: a 64-bit time, then the Ed25519 signature.
const COSIGNATURE_BYTES: usize = 8 + 64;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    #[error("verify the cosignature: it is not 72 bytes, or its time is out of range")]
    Malformed,
    #[error("verify the cosignature of `{0}`: the signature is wrong")]
    Wrong(String),
    #[error("cosign: the key is not a witness key (type 4)")]
    NotAWitness,
}

/// The time at which the witness signed, in seconds since 1970.
pub fn verify(checkpoint_text: &str, witness: &VerifierKey, cosignature: &[u8]) -> Result<u64, CosignatureError> {
    let cosignature: &[u8; COSIGNATURE_BYTES] = cosignature.try_into().map_err(|_| CosignatureError::Malformed)?;
    let (time, signature) = cosignature.split_first_chunk::<8>().ok_or(CosignatureError::Malformed)?;
    let signature = Signature::from_slice(signature).map_err(|_| CosignatureError::Malformed)?;
    let time = u64::from_be_bytes(*time);
    if i64::try_from(time).is_err() {
        return Err(CosignatureError::Malformed);
    }
    let message = signed_message(checkpoint_text, time);
    witness
        .ed25519()
        .verify_strict(message.as_bytes(), &signature)
        .map_err(|_| CosignatureError::Wrong(witness.name().to_owned()))?;
    Ok(time)
}

/// Adds a witness's cosignature made at `time` (seconds since 1970) to a checkpoint note. The caller is the witness and has
/// checked that the head is consistent with the last one it cosigned.
pub fn cosign(checkpoint: &mut Note, witness: &LogKey, time: u64) -> Result<(), CosignatureError> {
    if witness.verifier().kind() != KeyKind::Cosignature {
        return Err(CosignatureError::NotAWitness);
    }
    if i64::try_from(time).is_err() {
        return Err(CosignatureError::Malformed);
    }
    let signature = witness.ed25519().sign(signed_message(checkpoint.text(), time).as_bytes());
    let mut bytes = time.to_be_bytes().to_vec();
    bytes.extend_from_slice(&signature.to_bytes());
    checkpoint.push_signature(&witness.verifier(), bytes);
    Ok(())
}

fn signed_message(checkpoint_text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{checkpoint_text}")
}
