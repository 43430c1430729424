//! Streaming gzip (RFC 1952) with several members, giving out every byte before the damage.
//!
//! The fast path for small objects is libdeflate, in `decompress`; this one is for what is large, has several members or is
//! damaged. Built on the raw inflater because the usual reader drops what it decoded in the call that failed.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::Crc;

const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// A header's file name or comment; longer ones are damage.
const HEADER_TEXT_MAX: usize = 64 * 1024;

const FLAG_HEADER_CRC: u8 = 1 << 1;
const FLAG_EXTRA: u8 = 1 << 2;
const FLAG_NAME: u8 = 1 << 3;
const FLAG_COMMENT: u8 = 1 << 4;

enum State {
    Header,
    Body,
    Trailer,
    Failed(String),
    Done,
}

/// Decodes all members one after another.
pub(super) struct GzipReader<R> {
    input: R,
    state: State,
    inflate: Decompress,
    crc: Crc,
    /// Bytes of the current member, as its trailer counts them: modulo 2^32.
    member_bytes: u32,
    members: u64,
}

impl<R: BufRead> GzipReader<R> {
    pub(super) fn new(input: R) -> Self {
        let inflate = Decompress::new(false);
        Self { input, state: State::Header, inflate, crc: Crc::new(), member_bytes: 0, members: 0 }
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = *self.input.fill_buf()?.first().ok_or_else(ends_early)?;
        self.input.consume(1);
        Ok(byte)
    }

    fn number(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?]))
    }

    /// Reads a member's header; false at the end of the file.
    fn header(&mut self) -> Result<bool> {
        if self.members > 0 {
            // Some writers pad the last block with zeros.
            while self.input.fill_buf()?.first() == Some(&0) {
                self.input.consume(1);
            }
            if self.input.fill_buf()?.is_empty() {
                return Ok(false);
            }
        }
        if [self.byte()?, self.byte()?] != MAGIC {
            return Err(Error::other(format!("bytes behind gzip member {} are no gzip", self.members)));
        }
        let method = self.byte()?;
        let flags = self.byte()?;
        if method != 8 {
            return Err(Error::other(format!("gzip method {method} is unknown, only 8 (deflate) exists")));
        }
        for _ in 0..6 {
            self.byte()?;
        }
        if flags & FLAG_EXTRA != 0 {
            let length = u16::from_le_bytes([self.byte()?, self.byte()?]);
            for _ in 0..length {
                self.byte()?;
            }
        }
        for flag in [FLAG_NAME, FLAG_COMMENT] {
            if flags & flag != 0 {
                self.header_text()?;
            }
        }
        if flags & FLAG_HEADER_CRC != 0 {
            self.byte()?;
            self.byte()?;
        }
        Ok(true)
    }

    fn header_text(&mut self) -> Result<()> {
        for _ in 0..HEADER_TEXT_MAX {
            if self.byte()? == 0 {
                return Ok(());
            }
        }
        Err(Error::other("gzip header holds a text without end"))
    }

    /// Decodes into `out`; the state says what follows.
    fn body(&mut self, out: &mut [u8]) -> Result<usize> {
        let input = self.input.fill_buf()?;
        let input_ended = input.is_empty();
        let (taken_before, given_before) = (self.inflate.total_in(), self.inflate.total_out());
        let outcome = self.inflate.decompress(input, out, FlushDecompress::None);
        let taken = difference(self.inflate.total_in(), taken_before);
        let given = difference(self.inflate.total_out(), given_before).min(out.len());
        self.input.consume(taken);
        let decoded = out.get(..given).unwrap_or_default();
        self.crc.update(decoded);
        // The trailer counts modulo 2^32.
        self.member_bytes = self.member_bytes.wrapping_add(u32::try_from(given).unwrap_or_default());
        match outcome {
            Ok(Status::StreamEnd) => self.state = State::Trailer,
            Ok(_) if input_ended && given == 0 => return Err(ends_early()),
            Ok(_) => {}
            Err(_) => self.state = State::Failed("gzip data is damaged".to_owned()),
        }
        Ok(given)
    }

    fn trailer(&mut self) -> Result<()> {
        let (crc, length) = (self.number()?, self.number()?);
        if crc != self.crc.sum() || length != self.member_bytes {
            return Err(Error::other("gzip checksum does not match: the text above is damaged somewhere"));
        }
        self.members += 1;
        self.crc = Crc::new();
        self.member_bytes = 0;
        self.inflate.reset(false);
        Ok(())
    }
}

impl<R: BufRead> Read for GzipReader<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match &self.state {
                State::Header => self.state = if self.header()? { State::Body } else { State::Done },
                State::Body => {
                    let given = self.body(out)?;
                    if given > 0 {
                        return Ok(given);
                    }
                }
                State::Trailer => {
                    self.trailer()?;
                    self.state = State::Header;
                }
                State::Failed(reason) => return Err(Error::other(reason.clone())),
                State::Done => return Ok(0),
            }
        }
    }
}

fn ends_early() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "gzip data ends early: the file is cut off")
}

fn difference(now: u64, before: u64) -> usize {
    usize::try_from(now - before).unwrap_or(usize::MAX)
}
