//! One member read record by record: decode, split, recognise, and hand out each record with its decoder.
//!
//! The middle of ingest. `detect` and `normalize` stand directly on it; `source` builds batches from it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::format::{self, Decoder, Format};
use crate::frame::{Framed, Framer, Window, check_depth, spooled, without_mark};
use crate::read::{Buffers, Member, Order, ReadError, Utf16Reader, decode, open_name};
use crate::{Limits, Rejected};

/// Reads one member after another with the same memory.
pub struct Reader {
    limits: Limits,
    buffers: Buffers,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Reader {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, buffers: Buffers::default() }
    }

    /// Opens a local member (file or stdin). `None`: by its content this is no log.
    /// With `forced`, the format is taken on trust and nothing is skipped.
    pub fn open(&mut self, member: &Member, forced: Option<Format>) -> Result<Option<LogFile>, ReadError> {
        self.open_name(&member.name, forced)
    }

    /// The same by name.
    pub fn open_name(&mut self, name: &str, forced: Option<Format>) -> Result<Option<LogFile>, ReadError> {
        self.open_stream(name, open_name(name)?, forced)
    }

    /// The same for bytes from anywhere (an S3 object, a test).
    pub fn open_stream(
        &mut self,
        name: &str,
        input: Box<dyn Read + Send>,
        forced: Option<Format>,
    ) -> Result<Option<LogFile>, ReadError> {
        let failed = |source| ReadError::Io { path: name.to_owned(), source };
        let (mut window, bytes_read) = decode(input, &mut self.buffers, &self.limits).map_err(failed)?;
        window = as_utf8(window);
        let head = head(&mut window, &self.limits);
        let is_spooled = head.starts_with(spooled::MAGIC);
        let decoder = match forced {
            Some(format) => Some(Decoder::forced(format, head)),
            // Senders of one segment know nothing of each other: each record of it is recognised by itself.
            None if is_spooled => None,
            None => format::recognise(head, &self.limits),
        };
        let broken = window.failure().is_some();
        // An inlet has acknowledged what a segment holds: unknown records are rejected, and none is passed over.
        if decoder.is_none() && !is_spooled && !(broken && format::tells_nothing(window.bytes(), &self.limits)) {
            self.buffers.give_back(window.into_buffer());
            return Ok(None);
        }
        let framer = Framer::new(window, &self.limits);
        let name = name.to_owned();
        Ok(Some(LogFile {
            name,
            decoder,
            each: (is_spooled && forced.is_none()).then(|| self.limits.clone()),
            framer,
            bytes_read,
            records: 0,
            unwrapped: Vec::new(),
            parts: VecDeque::new(),
            held: None,
            joined_bytes_max: self.limits.record_bytes_max,
            kept: self.limits.rejected_raw_bytes_max,
            depth_max: self.limits.depth_max,
            cut_off: false,
        }))
    }

    /// Takes back the memory of a file that was read, so that the next one need not allocate. Optional.
    pub fn reuse(&mut self, file: LogFile) {
        self.buffers.give_back(file.framer.into_buffer());
    }
}

/// UTF-16 with its mark becomes UTF-8; records are kept and counted as that. What broke before its mark stays as it is.
fn as_utf8(mut window: Window) -> Window {
    window.fill_to(UTF_MARK_BYTES);
    match Order::of(window.bytes()).filter(|_| window.failure().is_none()) {
        Some(order) => Window::streaming(Vec::new(), Box::new(Utf16Reader::new(window.into_rest(), order))),
        None => window,
    }
}

/// The longest mark of any encoding, to tell them apart.
const UTF_MARK_BYTES: usize = 4;

/// The text a format is recognised by.
fn head<'w>(window: &'w mut Window, limits: &Limits) -> &'w [u8] {
    window.fill_to(limits.recognise_bytes_max);
    let bytes = without_mark(window.bytes());
    bytes.get(..limits.recognise_bytes_max).unwrap_or(bytes)
}

/// What was read of one member so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records given out, damage included.
    pub records: u64,
    /// Bytes taken from the file or object.
    pub bytes_read: u64,
    /// Bytes after decompression.
    pub bytes_decoded: u64,
}

/// A member that is a log, being read.
#[derive(Debug)]
pub struct LogFile {
    name: String,
    /// `None` when the member broke before anything could be recognised; it then holds rejections only.
    decoder: Option<Decoder>,
    /// Of a segment: every record has a decoder of its own, found within these limits.
    each: Option<Limits>,
    framer: Framer,
    bytes_read: Arc<AtomicU64>,
    records: u64,
    unwrapped: Vec<u8>,
    /// Records cut out of the framed record given out last, in order.
    parts: VecDeque<Vec<u8>>,
    /// A record of lines that the next line may go on with.
    held: Option<Held>,
    joined_bytes_max: usize,
    kept: usize,
    depth_max: u32,
    cut_off: bool,
}

/// A record of lines, as far as it was read.
#[derive(Debug)]
struct Held {
    record: Vec<u8>,
    /// What [`Decoder::continues`] has to know of it.
    known: &'static [u8],
}

/// One step through a member.
#[derive(Debug)]
pub enum Item<'a> {
    Record(Record<'a>),
    Rejected(Rejected),
}

impl LogFile {
    /// The member's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the member was recognised as.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.decoder.as_ref().map(Decoder::format)
    }

    /// Whether it is too large to be held in memory whole, so that reading goes on while records are given out.
    #[must_use]
    pub fn is_streamed(&self) -> bool {
        self.framer.is_streamed()
    }

    /// Whether each record has a decoder of its own.
    #[must_use]
    pub fn is_read_one_by_one(&self) -> bool {
        self.each.is_some()
    }

    /// The decoder all records of this member share.
    #[must_use]
    pub fn decoder(&self) -> Option<&Decoder> {
        self.decoder.as_ref()
    }

    /// The next record, or the next piece that could not be read; `None` at the end.
    #[expect(clippy::should_implement_trait, reason = "a record borrows from the file; Iterator cannot say that")]
    pub fn next(&mut self) -> Option<Item<'_>> {
        loop {
            if let Some(part) = self.parts.pop_front() {
                self.unwrapped = part;
                let index = self.count();
                let decoder = self.decoder.as_ref()?;
                let raw = &self.unwrapped;
                return Some(Item::Record(Record { member: &self.name, index, raw, decoder, kept: self.kept }));
            }
            let Some(framed) = self.framer.advance() else {
                self.parts.push_back(self.held.take()?.record);
                continue;
            };
            if let (Some(limits), Framed::Record) = (&self.each, &framed) {
                self.decoder = format::recognise(self.framer.record(), limits);
            }
            match framed {
                Framed::Damage(damage) => {
                    let record = self.count();
                    self.cut_off = damage.cut_off;
                    self.parts.extend(self.held.take().map(|held| held.record));
                    let member = self.name.clone();
                    return Some(Item::Rejected(Rejected { member, record, reason: damage.reason, raw: damage.raw }));
                }
                Framed::Record if self.each.is_none() && self.joins() => {}
                Framed::Record => {
                    let decoder = self.decoder.as_ref();
                    let parts = decoder.and_then(|decoder| decoder.split(self.framer.record()));
                    match parts {
                        Some(parts) => self.parts = parts.into(),
                        None if self.is_header() => {}
                        None => break,
                    }
                }
            }
        }
        let index = self.count();
        Some(self.record(index))
    }

    /// Whether the framed line names columns. In a segment it is a record like any other: it says nothing of what others sent.
    fn is_header(&self) -> bool {
        let decoder = self.decoder.as_ref().filter(|_| self.each.is_none());
        decoder.is_some_and(|decoder| decoder.is_header(self.framer.record()))
    }

    /// The bytes from the start of the next record on, when the record is JSON that rules see as it is and its reader may
    /// find its end, see [`Framer::ahead`].
    pub fn ahead(&mut self) -> Option<&[u8]> {
        let decoder = self.decoder.as_ref().filter(|_| self.parts.is_empty())?;
        let bytes = self.framer.ahead()?;
        decoder.is_seen_as_framed(bytes).then_some(bytes)
    }

    /// The record that takes the first `length` bytes of what [`Self::ahead`] gave: one JSON object that nests no deeper
    /// than the limit. `None` if [`Self::next`] has to find it.
    pub fn take(&mut self, length: usize) -> Option<Record<'_>> {
        if !self.framer.take(length) {
            return None;
        }
        let index = self.count();
        let decoder = self.decoder.as_ref()?;
        Some(Record { member: &self.name, index, raw: self.framer.record(), decoder, kept: self.kept })
    }

    /// True when the member ended inside its last record. If it grows, that record may become whole.
    #[must_use]
    pub fn ended_cut_off(&self) -> bool {
        self.cut_off
    }

    /// True when the input broke off because it could not be reached; its last rejection says how. Reading it again
    /// later may succeed.
    #[must_use]
    pub fn unreachable(&self) -> bool {
        self.framer.unreachable()
    }

    /// What was read so far; complete after `next` returned `None`.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            records: self.records,
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
            bytes_decoded: self.framer.decoded_bytes(),
        }
    }

    /// Joins the line to the record before it, or lets that one go and holds the line. False where records are one line each.
    fn joins(&mut self) -> bool {
        let Some(decoder) = self.decoder.as_ref().filter(|decoder| decoder.joins_lines()) else { return false };
        let line = self.framer.record();
        let fits = |held: &Held| held.record.len() + line.len() < self.joined_bytes_max;
        match &mut self.held {
            Some(held) if fits(held) && decoder.continues(held.known, line) => {
                held.record.push(b'\n');
                held.record.extend_from_slice(line);
                held.known = decoder.known_after(Some(held.known), line);
            }
            held => {
                let next = Held { record: line.to_vec(), known: decoder.known_after(None, line) };
                self.parts.extend(held.replace(next).map(|held| held.record));
            }
        }
        true
    }

    fn count(&mut self) -> u64 {
        self.records += 1;
        self.records - 1
    }

    fn record(&mut self, index: u64) -> Item<'_> {
        let framed = self.framer.record();
        let rejected = |raw: &[u8], reason: String| {
            let raw = raw.get(..self.kept).unwrap_or(raw).to_vec();
            Item::Rejected(Rejected { member: self.name.clone(), record: index, reason, raw })
        };
        let Some(decoder) = &self.decoder else {
            return rejected(framed, "its format was not recognised".to_owned());
        };
        let raw = match decoder.unwrap(framed) {
            Cow::Borrowed(inner) => inner,
            Cow::Owned(inner) => {
                // It stood in a string, where framing does not count brackets.
                if let Err(reason) = check_depth(&inner, self.depth_max) {
                    return rejected(&inner, reason);
                }
                self.unwrapped = inner;
                &self.unwrapped
            }
        };
        Item::Record(Record { member: &self.name, index, raw, decoder, kept: self.kept })
    }
}

/// One record with what is needed to understand it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    member: &'a str,
    /// 0-based index in the member.
    pub index: u64,
    /// The vendor's bytes, taken out of envelopes.
    pub raw: &'a [u8],
    decoder: &'a Decoder,
    kept: usize,
}

impl<'a> Record<'a> {
    /// A record that was stored with its decoder, for example in a batch.
    #[must_use]
    pub fn new(member: &'a str, index: u64, raw: &'a [u8], decoder: &'a Decoder, limits: &Limits) -> Self {
        Self { member, index, raw, decoder, kept: limits.rejected_raw_bytes_max }
    }

    /// The member the record is from.
    #[must_use]
    pub fn member(&self) -> &'a str {
        self.member
    }

    /// The format of the record: the member's, but Azure mixes categories in one member.
    #[must_use]
    pub fn format(&self) -> Format {
        self.decoder.format_of(self.raw)
    }

    /// The JSON object that rules see: the record itself for most JSON formats, a flat object for text formats.
    pub fn json(&self) -> Result<Cow<'a, [u8]>, Rejected> {
        self.decoder.view(self.raw).map_err(|error| self.reject(error.to_string()))
    }

    /// Whether the record will become an event, see [`Decoder::check`].
    pub fn check(&self) -> Result<(), Rejected> {
        self.decoder.check(self.raw).map_err(|error| self.reject(error.to_string()))
    }

    /// As [`Self::check`], for a caller that has read the members [`Format::needed`] names: their texts, if they have one.
    pub fn check_needed(&self, needed: &[Option<&[u8]>]) -> Result<(), Rejected> {
        if self.decoder.has_needed(needed) { Ok(()) } else { self.check() }
    }

    /// The record as an OCSF event.
    pub fn event(&self) -> Result<ocsf::Event, Rejected> {
        self.decoder.normalize(self.raw).map_err(|error| self.reject(error.to_string()))
    }

    /// What is needed to understand it without its member.
    pub(crate) fn decoder(&self) -> &'a Decoder {
        self.decoder
    }

    /// This record as a rejection, for a reason found further on.
    #[must_use]
    pub fn reject(&self, reason: String) -> Rejected {
        let raw = self.raw.get(..self.kept).unwrap_or(self.raw).to_vec();
        Rejected { member: self.member.to_owned(), record: self.index, reason, raw }
    }
}
