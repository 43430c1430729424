//! The part of the input that is in memory: a buffer that slides over a reader.
//!
//! Framing looks at `bytes`, asks for `more` and consumes. A failure of the reader ends the input and is remembered, so
//! that what came before it survives.

use std::io::{ErrorKind, Read};

/// Read at once from a streaming input; small enough to stay in the second-level cache.
const READ_BYTES: usize = 256 * 1024;

/// A sliding view of the input.
pub struct Window {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `buffer[0]` in the decoded input.
    base: u64,
    reader: Option<Box<dyn Read + Send>>,
    failure: Option<String>,
    unreachable: bool,
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").field("offset", &self.offset()).field("available", &self.bytes().len()).finish()
    }
}

impl Window {
    /// The whole input is already in `buffer`. `failure` says why there is no more of it, if something broke.
    #[must_use]
    pub fn whole(buffer: Vec<u8>, failure: Option<String>) -> Self {
        let end = buffer.len();
        Self { buffer, start: 0, end, base: 0, reader: None, failure, unreachable: false }
    }

    /// The input comes from `reader`; `buffer` is reused as working memory.
    #[must_use]
    pub fn streaming(buffer: Vec<u8>, reader: Box<dyn Read + Send>) -> Self {
        Self { buffer, start: 0, end: 0, base: 0, reader: Some(reader), failure: None, unreachable: false }
    }

    /// What is in memory and not consumed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether more may be read than is in memory.
    #[must_use]
    pub fn is_streamed(&self) -> bool {
        self.reader.is_some()
    }

    /// Offset of the first unconsumed byte in the decoded input.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Decoded bytes seen so far.
    #[must_use]
    pub fn decoded_bytes(&self) -> u64 {
        self.base + self.end as u64
    }

    /// Why the input ended early, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The input ended because it could not be reached (a network, a disk), not because its content is damaged.
    /// Reading it again later may succeed.
    #[must_use]
    pub fn unreachable(&self) -> bool {
        self.unreachable
    }

    pub(super) fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// The buffer, for reading something else with the same memory.
    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// What is not consumed, and what may still be read.
    #[must_use]
    pub fn into_rest(self) -> Box<dyn Read + Send> {
        let Self { mut buffer, start, end, reader, .. } = self;
        buffer.truncate(end);
        let mut held = std::io::Cursor::new(buffer);
        held.set_position(start as u64);
        match reader {
            Some(reader) => Box::new(held.chain(reader)),
            None => Box::new(held),
        }
    }

    /// Drops the first `count` bytes.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Reads further; false at the end of the input. Unconsumed bytes stay, their place in `bytes` does not change.
    pub fn more(&mut self) -> bool {
        let Some(reader) = self.reader.as_mut() else { return false };
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.base += self.start as u64;
            self.end -= self.start;
            self.start = 0;
        }
        // Doubling keeps the cost of moving and scanning a long record linear; framing stops at its record limit.
        let wanted = (self.end + READ_BYTES).max(self.end * 2);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let Some(free) = self.buffer.get_mut(self.end..) else { return false };
        loop {
            match reader.read(free) {
                Ok(0) => break,
                Ok(count) => {
                    self.end += count;
                    return true;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.unreachable = !is_damage(error.kind());
                    self.failure = Some(error.to_string());
                    break;
                }
            }
        }
        self.reader = None;
        false
    }

    /// Reads until `count` bytes are in memory or the input ends.
    pub fn fill_to(&mut self, count: usize) {
        while self.bytes().len() < count && self.more() {}
    }
}

/// Decompressors report damage with these kinds; files and networks never do.
fn is_damage(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::Other | ErrorKind::InvalidData | ErrorKind::InvalidInput)
}
