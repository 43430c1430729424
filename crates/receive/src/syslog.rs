//! Syslog: messages out of a stream or a datagram, laid down before more is read.
//!
//! A stream counts octets (RFC 6587 section 3.4.1, RFC 5425) or ends each message with a line feed (section 3.4.2); the
//! first byte of each message tells which. There is no acknowledgement in syslog: a full spool stops the reading, and the
//! sender's own queue takes over. Datagrams that come meanwhile are lost and counted. TLS is put around a stream by the edge.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::{Refused, Spool};

/// A longer message is cut there, marked and rejected; RFC 5425 asks for 8,192 at least.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Read from a stream at once.
const READ_BYTES: usize = 64 << 10;
/// Digits of a length in octets: more are no length.
const LENGTH_DIGITS_MAX: usize = 9;
/// A sender that says nothing for so long is let go, so that silent ones take nobody's place; it connects again when it speaks.
const IDLE: Duration = Duration::from_secs(600);
/// In front of a message that was cut. It makes the record one that no format knows, so that it is rejected and kept.
const CUT: &[u8] = b"(cut at 1048576 bytes) ";
/// How long to wait before a full spool is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Why a stream ended before its sender closed it.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("read from the sender: {0}")]
    Read(#[from] std::io::Error),
    #[error("a message's length is `{0}`; the stream cannot be followed any further")]
    Length(String),
    #[error("nothing came for {} minutes", IDLE.as_secs() / 60)]
    Idle,
    #[error(transparent)]
    Spool(#[from] Refused),
}

/// Splits a stream into messages, whatever pieces it comes in.
#[derive(Debug, Default)]
pub struct Splitter {
    held: Vec<u8>,
    /// Octets of a message above the limit that are still to be passed over.
    skip: usize,
    /// Passing over the rest of a line above the limit.
    skip_line: bool,
}

impl Splitter {
    /// Takes the next piece and adds whole messages to `messages`.
    pub fn feed(&mut self, piece: &[u8], messages: &mut Vec<Vec<u8>>) -> Result<(), StreamError> {
        self.held.extend_from_slice(piece);
        let mut at = 0;
        while let Some(taken) = self.next(at, messages)? {
            at += taken;
        }
        self.held.drain(..at);
        Ok(())
    }

    /// What is left when the sender closes: a last line without an end.
    pub fn end(self, messages: &mut Vec<Vec<u8>>) {
        if self.skip == 0 && !self.skip_line && !self.held.is_empty() {
            messages.push(self.held);
        }
    }

    /// How many bytes from `at` on are done with; `None` if more have to come.
    fn next(&mut self, at: usize, messages: &mut Vec<Vec<u8>>) -> Result<Option<usize>, StreamError> {
        let rest = self.held.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        if 0 < self.skip {
            let taken = self.skip.min(rest.len());
            self.skip -= taken;
            return Ok(Some(taken));
        }
        if self.skip_line {
            let end = memchr::memchr(b'\n', rest);
            self.skip_line = end.is_none();
            return Ok(Some(end.map_or(rest.len(), |end| end + 1)));
        }
        // Between messages some senders put an empty line.
        if matches!(rest.first(), Some(b'\n' | b'\r' | b'\0')) {
            return Ok(Some(1));
        }
        if rest.first().is_some_and(u8::is_ascii_digit) {
            self.counted(at, messages)
        } else {
            Ok(self.line(at, messages))
        }
    }

    fn counted(&mut self, at: usize, messages: &mut Vec<Vec<u8>>) -> Result<Option<usize>, StreamError> {
        let rest = self.held.get(at..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = || String::from_utf8_lossy(rest.get(..digits.min(LENGTH_DIGITS_MAX + 1)).unwrap_or_default());
        if LENGTH_DIGITS_MAX < digits {
            return Err(StreamError::Length(text().into_owned()));
        }
        match rest.get(digits) {
            None => return Ok(None),
            Some(b' ') => {}
            // A line that begins with a number.
            Some(_) => return Ok(self.line(at, messages)),
        }
        let length: usize = text().parse().map_err(|_| StreamError::Length(text().into_owned()))?;
        let start = digits + 1;
        let kept = length.min(MESSAGE_BYTES_MAX);
        let Some(message) = rest.get(start..start + kept) else { return Ok(None) };
        messages.push(if kept < length { cut(message) } else { message.to_vec() });
        self.skip = length - kept;
        Ok(Some(start + kept))
    }

    fn line(&mut self, at: usize, messages: &mut Vec<Vec<u8>>) -> Option<usize> {
        let rest = self.held.get(at..).unwrap_or_default();
        if let Some(end) = memchr::memchr(b'\n', rest.get(..MESSAGE_BYTES_MAX).unwrap_or(rest)) {
            let line = rest.get(..end).unwrap_or_default();
            messages.push(line.strip_suffix(b"\r").unwrap_or(line).to_vec());
            return Some(end + 1);
        }
        if rest.len() < MESSAGE_BYTES_MAX {
            return None;
        }
        messages.push(cut(rest.get(..MESSAGE_BYTES_MAX).unwrap_or_default()));
        self.skip_line = true;
        Some(MESSAGE_BYTES_MAX)
    }
}

fn cut(message: &[u8]) -> Vec<u8> {
    [CUT, message].concat()
}

/// Reads a sender's stream to its end. While the spool is full nothing is read, so that the sender waits.
pub async fn stream(mut input: impl AsyncRead + Unpin, spool: &Spool) -> Result<u64, StreamError> {
    let (mut splitter, mut messages, mut taken) = (Splitter::default(), Vec::new(), 0);
    let mut piece = vec![0; READ_BYTES];
    loop {
        let read = tokio::time::timeout(IDLE, input.read(&mut piece));
        let length = read.await.map_err(|_| StreamError::Idle)??;
        if length == 0 {
            splitter.end(&mut messages);
            taken += put(spool, messages).await?;
            return Ok(taken);
        }
        let fed = splitter.feed(piece.get(..length).unwrap_or_default(), &mut messages);
        // What stood before a mistake was sent in good order, and TCP has confirmed it.
        taken += put(spool, std::mem::take(&mut messages)).await?;
        fed?;
    }
}

async fn put(spool: &Spool, messages: Vec<Vec<u8>>) -> Result<u64, Refused> {
    let count = messages.len() as u64;
    loop {
        match spool.put(messages.clone()).await {
            Err(Refused::Full { .. }) => tokio::time::sleep(RETRY).await,
            outcome => return outcome.map(|()| count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&[u8]]) -> Result<Vec<String>, StreamError> {
        let (mut splitter, mut messages) = (Splitter::default(), Vec::new());
        for piece in pieces {
            splitter.feed(piece, &mut messages)?;
        }
        splitter.end(&mut messages);
        Ok(messages.into_iter().map(|message| String::from_utf8_lossy(&message).into_owned()).collect())
    }

    #[test]
    fn both_framings_whatever_the_pieces() {
        let cases: [(&[u8], &[&str]); 6] = [
            (b"5 <1>a\n6 <1>b c", &["<1>a\n", "<1>b c"]),
            (b"<1>a\r\n<1>b\n", &["<1>a", "<1>b"]),
            (b"<1>a\n5 <1>\nb<1>c", &["<1>a", "<1>\nb", "<1>c"]),
            (b"2026-03-02 a line that begins with a number\n", &["2026-03-02 a line that begins with a number"]),
            (b"\n\n\0<1>a\n", &["<1>a"]),
            (b"", &[]),
        ];
        for (stream, messages) in cases {
            assert_eq!(split(&[stream]).unwrap(), messages);
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(split(&bytes).unwrap(), messages);
        }
    }

    #[test]
    fn a_message_above_the_limit_is_cut_and_the_next_is_whole() {
        let long = "x".repeat(MESSAGE_BYTES_MAX + 10);
        let counted = format!("{} {long}5 <1>ab", long.len());
        let lines = format!("{long}\n<1>ab\n");
        for stream in [counted, lines] {
            let pieces: Vec<&[u8]> = stream.as_bytes().chunks(100_000).collect();
            let messages = split(&pieces).unwrap();
            assert_eq!(messages.iter().map(String::len).collect::<Vec<_>>(), [CUT.len() + MESSAGE_BYTES_MAX, 5]);
            assert!(messages[0].starts_with("(cut at "));
        }
    }

    #[test]
    fn a_length_that_is_none_ends_the_stream() {
        assert!(matches!(split(&[b"12345678901 x"]), Err(StreamError::Length(_))));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_stands_before_a_mistake_is_laid_down() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path(), crate::SpoolLimits::default()).unwrap();
        let error = stream(&b"5 <1>ab3 abc12345678901 x"[..], &spool).await.unwrap_err();
        assert!(matches!(error, StreamError::Length(_)));
        assert!(0 < spool.held_bytes());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stream_is_laid_down() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path(), crate::SpoolLimits::default()).unwrap();
        assert_eq!(stream(&b"5 <1>ab3 abc"[..], &spool).await.unwrap(), 2);
        assert!(0 < spool.held_bytes());
    }
}
