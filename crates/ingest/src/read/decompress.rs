//! Decoding one member: gzip, zstd or plain, recognised by its first bytes.
//!
//! Small objects are decoded whole by libdeflate; everything else streams. Either way the result is a `Window`.

use std::io::{BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::bounded::{Bounded, Counted};
use super::gzip::GzipReader;
use crate::Limits;
use crate::frame::Window;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const GZIP_MEMBER_START: &[u8] = &[0x1f, 0x8b, 0x08];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Zstandard may ask for a window of up to 2^31 bytes; we give it 2^27 (128 MiB), the default of the tool.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// Enough to know a compression by.
const HEAD_BYTES: u64 = 64;
const INPUT_BUFFER_BYTES: usize = 64 * 1024;
/// A gzip file ends with CRC-32 and length, four bytes each.
const GZIP_LENGTH_BYTES: usize = 4;

/// Memory kept from one member to the next.
pub(crate) struct Buffers {
    compressed: Vec<u8>,
    decoded: Vec<u8>,
    inflater: libdeflater::Decompressor,
}

impl Buffers {
    /// Takes back the memory of a window that is read. Where it came from does not matter, only its size.
    pub(crate) fn give_back(&mut self, buffer: Vec<u8>) {
        let smaller =
            if self.decoded.capacity() < self.compressed.capacity() { &mut self.decoded } else { &mut self.compressed };
        if smaller.capacity() < buffer.capacity() {
            *smaller = buffer;
        }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self { compressed: Vec::new(), decoded: Vec::new(), inflater: libdeflater::Decompressor::new() }
    }
}

/// Starts to decode `input` with the memory in `buffers`. The counter tells how many bytes were taken from the input.
pub(crate) fn decode(
    mut input: Box<dyn Read + Send>,
    buffers: &mut Buffers,
    limits: &Limits,
) -> std::io::Result<(Window, Arc<AtomicU64>)> {
    let counter = Arc::new(AtomicU64::new(0));
    let Buffers { compressed, decoded, inflater } = buffers;
    compressed.clear();
    let head = limits.whole_compressed_bytes_max + 1;
    let broken = Counted { inner: &mut input, bytes: Arc::clone(&counter) }.take(head).read_to_end(compressed).err();
    if let (Some(error), true) = (&broken, compressed.is_empty()) {
        return Err(std::io::Error::new(error.kind(), error.to_string()));
    }
    let kind = Kind::of(compressed);
    let whole = broken.is_none() && (compressed.len() as u64) < head;
    if whole && matches!(kind, Kind::Gzip) && inflate_whole(compressed, decoded, inflater, limits) {
        return Ok((Window::whole(std::mem::take(decoded), None), counter));
    }
    if whole && matches!(kind, Kind::Plain) {
        return Ok((Window::whole(std::mem::take(compressed), None), counter));
    }
    // What is in memory is read first; a broken input then repeats its error at the same place.
    let taken = Arc::new(AtomicU64::new(0));
    let rest: Box<dyn Read + Send> = match broken {
        Some(error) => Box::new(Broken(error)),
        None => Box::new(Counted { inner: input, bytes: Arc::clone(&counter) }),
    };
    let start = Cursor::new(std::mem::take(compressed));
    let joined = Counted { inner: start.chain(rest), bytes: Arc::clone(&taken) };
    let reader = reader(kind, BufReader::with_capacity(INPUT_BUFFER_BYTES, joined), taken, limits)?;
    Ok((Window::streaming(std::mem::take(decoded), reader), counter))
}

/// The decoded bytes of anything, as a stream: gzip and zstd by their first bytes, everything else as it is.
///
/// # Errors
/// When the first bytes cannot be read. What is damaged or decompresses to too much fails while it is read.
pub fn decoded(mut input: Box<dyn Read + Send>, limits: &Limits) -> std::io::Result<Box<dyn Read + Send>> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let kind = Kind::of(&head);
    let taken = Arc::new(AtomicU64::new(0));
    let whole = Counted { inner: Cursor::new(head).chain(input), bytes: Arc::clone(&taken) };
    reader(kind, BufReader::with_capacity(INPUT_BUFFER_BYTES, whole), taken, limits)
}

fn reader(
    kind: Kind,
    input: BufReader<impl Read + Send + 'static>,
    taken: Arc<AtomicU64>,
    limits: &Limits,
) -> std::io::Result<Box<dyn Read + Send>> {
    Ok(match kind {
        Kind::Gzip => Box::new(Bounded::new(GzipReader::new(input), taken, limits)),
        Kind::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(Bounded::new(decoder, taken, limits))
        }
        Kind::Plain => Box::new(input),
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Gzip,
    Zstd,
    Plain,
}

impl Kind {
    fn of(head: &[u8]) -> Self {
        if head.starts_with(GZIP_MAGIC) {
            Self::Gzip
        } else if head.starts_with(ZSTD_MAGIC) || is_skippable_zstd_frame(head) {
            Self::Zstd
        } else {
            Self::Plain
        }
    }
}

/// Parallel and seekable writers put frames without data before the first with (RFC 8878 section 3.1.2).
fn is_skippable_zstd_frame(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Inflates a gzip file of one member at once; false when it has several, is damaged, or is too large for this path.
fn inflate_whole(
    compressed: &[u8],
    decoded: &mut Vec<u8>,
    inflater: &mut libdeflater::Decompressor,
    limits: &Limits,
) -> bool {
    // libdeflate stops silently after the first member, so a second one must be ruled out. The three bytes may occur
    // by chance; then the slower path reads the same text.
    let body = compressed.get(GZIP_MEMBER_START.len()..).unwrap_or_default();
    if memchr::memmem::find(body, GZIP_MEMBER_START).is_some() {
        return false;
    }
    let Some(length) = compressed.last_chunk::<GZIP_LENGTH_BYTES>() else { return false };
    let Ok(length) = usize::try_from(u32::from_le_bytes(*length)) else { return false };
    let plausible = length <= compressed.len().saturating_mul(1100);
    if length > limits.whole_decoded_bytes_max || !plausible {
        return false;
    }
    decoded.resize(length, 0);
    // Bytes behind the member that are no gzip make the last four bytes a wrong length, and end here too.
    matches!(inflater.gzip_decompress(compressed, decoded), Ok(written) if written == length)
}

/// Repeats an input error after the bytes that came before it.
struct Broken(std::io::Error);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::new(self.0.kind(), self.0.to_string()))
    }
}
