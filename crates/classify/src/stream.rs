//! Text of any length through a window with overlap: memory stays flat, spans come out in order, offsets count decoded bytes.
//!
//! Bytes that are not UTF-8 become U+FFFD (three bytes in the decoded text), so offsets always fit the decoded text.

use std::collections::BTreeMap;
use std::io::Read;

use crate::Classifier;
use crate::scan::Span;
use crate::subjects::{SubjectKey, SubjectSet};
use crate::table::{Options, Scan, ScanError};
use crate::verdict::Tally;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;
/// Bytes at the end of a window that are left for the next: longer than any match.
const OVERLAP_BYTES: usize = 20 * 1024;
/// Bytes kept in front of a window so that context words and borders are seen.
const BEHIND_BYTES: usize = 256;

impl Classifier {
    /// Scans a text of any length; `each` gets every span with the part of the window it lies in.
    ///
    /// The `&str` is the matched value: for hashing or redaction, never for logs.
    pub fn scan_stream(&self, reader: impl Read, mut each: impl FnMut(Span, &str)) -> Result<u64, ScanError> {
        let mut window = Window::new(reader);
        let mut done_to = 0; // absolute offset up to which spans were given out
        loop {
            let more = window.fill()?;
            let safe = if more { window.text.len().saturating_sub(OVERLAP_BYTES) } else { window.text.len() };
            for mut span in self.scan_text(&window.text) {
                let absolute = window.base + span.start;
                if absolute < done_to || safe <= span.start {
                    continue;
                }
                let Some(value) = window.text.get(span.start..span.end) else { continue };
                done_to = window.base + span.end;
                if span.line == 1 {
                    span.column += window.base_column;
                }
                span.line += window.base_line;
                span.start = absolute;
                span.end += window.base;
                each(span, value);
            }
            if !more {
                let newlines = memchr::memchr_iter(b'\n', window.text.as_bytes()).count() + window.base_line;
                let open = u64::from(!window.text.is_empty() && !window.text.ends_with('\n'));
                return Ok(u64::try_from(newlines).unwrap_or(u64::MAX).saturating_add(open));
            }
            done_to = done_to.max(window.base + safe);
            window.forget(safe.saturating_sub(BEHIND_BYTES));
        }
    }

    /// The verdict on a plain text or log of any length.
    pub fn scan_plain(&self, reader: impl Read, options: &Options) -> Result<Scan, ScanError> {
        let mut tally = Tally::default();
        let mut persons: BTreeMap<String, SubjectSet> = BTreeMap::new();
        let records = self.scan_stream(reader, |span, value| {
            let Some(identifier) = self.identifier(&span.id) else { return };
            tally.add(identifier, 1, span.score, None);
            if let Some(kind) = &identifier.subject {
                let set =
                    persons.entry(kind.clone()).or_insert_with(|| SubjectSet::with_limit(options.subject_keys_max));
                set.note(&[SubjectKey::new(&options.salt, kind, value)], None);
            }
        })?;
        // Nothing in running text says which address belongs to which number: the largest kind is what is certain.
        let subjects = persons.into_values().max_by_key(SubjectSet::count).unwrap_or_default();
        let counts = subjects.counts();
        Ok(Scan { verdict: tally.verdict("text", counts), subjects, records, malformed: 0, sampled: false })
    }
}

/// The decoded text in view.
struct Window<R> {
    reader: R,
    text: String,
    /// Offset of `text` in the decoded whole.
    base: usize,
    base_line: usize,
    base_column: usize,
    /// First bytes of a character whose rest is not read yet.
    pending: Vec<u8>,
    chunk: Vec<u8>,
}

impl<R: Read> Window<R> {
    fn new(reader: R) -> Self {
        let (text, pending) = (String::new(), Vec::new());
        Self { reader, text, base: 0, base_line: 0, base_column: 0, pending, chunk: vec![0; CHUNK_BYTES] }
    }

    /// Adds a chunk; false at the end of the input.
    fn fill(&mut self) -> Result<bool, ScanError> {
        let mut read = 0;
        while read < self.chunk.len() {
            let Some(free) = self.chunk.get_mut(read..) else { break };
            match self.reader.read(free) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let last = read < self.chunk.len();
        self.pending.extend_from_slice(self.chunk.get(..read).unwrap_or_default());
        let bytes = std::mem::take(&mut self.pending);
        self.pending = decode(&bytes, last, &mut self.text);
        Ok(!last)
    }

    /// Drops everything before a place, keeping count of lines and columns.
    fn forget(&mut self, place: usize) {
        let mut place = place;
        while !self.text.is_char_boundary(place) {
            place -= 1;
        }
        let gone = self.text.get(..place).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', gone.as_bytes()).count();
        let rest_of_line = gone.rsplit('\n').next().map_or(0, |part| part.chars().count());
        self.base_column = if lines == 0 { self.base_column + rest_of_line } else { rest_of_line };
        self.base_line += lines;
        self.base += place;
        self.text.drain(..place);
    }
}

/// Appends the text of `bytes`; returns the unfinished character at the end, if more bytes may come.
fn decode(bytes: &[u8], last: bool, text: &mut String) -> Vec<u8> {
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(good) => {
                text.push_str(good);
                return Vec::new();
            }
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                text.push_str(std::str::from_utf8(good).unwrap_or_default());
                match error.error_len() {
                    Some(length) => rest = bad.get(length..).unwrap_or_default(),
                    None if last => rest = &[],
                    None => return bad.to_vec(),
                }
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}
