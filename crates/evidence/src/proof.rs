//! The proof file of one entry (c2sp.org/tlog-proof@v1): index, inclusion proof and the signed checkpoint in one text that
//! verifies offline. The entry itself travels beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError, parse_decimal};
use crate::hash::{Hash, leaf_hash};
use crate::note::{NOTE_BYTES_MAX, Verified, VerifierKey};
use crate::tree::{PROOF_HASHES_MAX, ProofError, verify_inclusion};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// Extra data is unauthenticated; we bound it and never trust it.
const EXTRA_BYTES_MAX: usize = 64 * 1024;
const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + 2 * EXTRA_BYTES_MAX;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    pub index: u64,
    pub hashes: Vec<Hash>,
    pub extra: Option<Vec<u8>>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    #[error("read the proof: {0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl TlogProof {
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        let fault = TlogProofError::Malformed;
        if PROOF_BYTES_MAX < bytes.len() {
            return Err(fault("it is larger than a proof can be"));
        }
        let text = str::from_utf8(bytes).map_err(|_| fault("it is not UTF-8"))?;
        let Some((head, checkpoint)) = text.split_once("\n\n") else {
            return Err(fault("there is no blank line before the checkpoint"));
        };
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(fault("its first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(parse_extra).transpose()?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(parse_decimal);
        let index = index.ok_or(fault("there is no `index` line"))?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == PROOF_HASHES_MAX {
                return Err(fault("it has more hashes than any tree has levels"));
            }
            hashes.push(Hash::from_base64(line).map_err(|_| fault("a line is not the base64 of 32 bytes"))?);
        }
        Ok(Self { index, hashes, extra, checkpoint: checkpoint.to_owned() })
    }

    /// The checkpoint under which `entry` is proved to stand at [`TlogProof::index`], and who signed it.
    pub fn verify(&self, entry: &[u8], known: &[VerifierKey]) -> Result<(Checkpoint, Vec<Verified>), TlogProofError> {
        let (checkpoint, verified) = Checkpoint::open(self.checkpoint.as_bytes(), known)?;
        verify_inclusion(leaf_hash(entry), self.index, checkpoint.size, checkpoint.root, &self.hashes)?;
        Ok((checkpoint, verified))
    }
}

impl std::fmt::Display for TlogProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{hash}")?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, TlogProofError> {
    let fault = TlogProofError::Malformed("its extra data is not base64 or larger than 64 KiB");
    let decoded = line.strip_prefix("extra ").and_then(|extra| STANDARD.decode(extra).ok());
    decoded.filter(|extra| extra.len() <= EXTRA_BYTES_MAX).ok_or(fault)
}
