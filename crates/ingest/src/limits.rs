//! Every bound of reading in one place. Log content is hostile; nothing here grows with what a file claims.
//!
//! The defaults hold the memory of one reader below about 50 MB: one compressed object, its text, and little else.

/// Bounds for one [`crate::Reader`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Compressed objects up to this size are read whole; larger ones are streamed.
    pub whole_compressed_bytes_max: u64,
    /// Decompressed text up to this size is held whole (the fast path); beyond it we stream.
    pub whole_decoded_bytes_max: usize,
    /// A longer record is rejected, and reading resumes after it.
    pub record_bytes_max: usize,
    /// Objects and arrays nested deeper than this are rejected before any parser sees them.
    pub depth_max: u32,
    /// Decompressed bytes per compressed byte, once [`Self::ratio_checked_from_bytes`] have come out. Logs reach about
    /// 60, deflate itself stops at 1,032.
    pub ratio_max: u64,
    /// Small repetitive files may exceed the ratio; nobody is hurt by them.
    pub ratio_checked_from_bytes: u64,
    /// Decompressed bytes of one member, whatever the ratio.
    pub decoded_bytes_max: u64,
    /// How much of a rejected record is kept.
    pub rejected_raw_bytes_max: usize,
    /// How much text is looked at to recognise a format.
    pub recognise_bytes_max: usize,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

impl Default for Limits {
    fn default() -> Self {
        Self {
            whole_compressed_bytes_max: 8 * MIB as u64,
            whole_decoded_bytes_max: 32 * MIB,
            record_bytes_max: 16 * MIB,
            depth_max: 128,
            ratio_max: 300,
            ratio_checked_from_bytes: 64 * MIB as u64,
            decoded_bytes_max: 64 * 1024 * MIB as u64,
            rejected_raw_bytes_max: 64 * KIB,
            recognise_bytes_max: 256 * KIB,
        }
    }
}
