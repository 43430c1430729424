//! Readers that count and that refuse: how much went in, how much may come out.
//!
//! A decompressor is always wrapped in `Bounded`, so no input can make us produce output without end.

use std::io::{Error, Read, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Limits;

/// Counts what passes. The counter is shared because the decompressor sits between it and who asks.
pub(super) struct Counted<R> {
    pub(super) inner: R,
    pub(super) bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Stops decompression that yields too much.
pub(super) struct Bounded<R> {
    inner: R,
    compressed: Arc<AtomicU64>,
    decoded: u64,
    limits: Limits,
}

impl<R> Bounded<R> {
    pub(super) fn new(inner: R, compressed: Arc<AtomicU64>, limits: &Limits) -> Self {
        Self { inner, compressed, decoded: 0, limits: limits.clone() }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        self.decoded += count as u64;
        let Limits { ratio_max, ratio_checked_from_bytes, decoded_bytes_max, .. } = self.limits;
        if self.decoded > decoded_bytes_max {
            return Err(Error::other(format!("decompresses to more than {decoded_bytes_max} bytes; reading stopped")));
        }
        let compressed = self.compressed.load(Ordering::Relaxed).max(1);
        if self.decoded > ratio_checked_from_bytes && self.decoded / compressed > ratio_max {
            let decoded = self.decoded;
            return Err(Error::other(format!(
                "decompresses to more than {ratio_max} times its size; reading stopped after {decoded} bytes"
            )));
        }
        Ok(count)
    }
}
