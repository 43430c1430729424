//! The splitter itself: one record after another out of a window, whatever the framing.
//!
//! What cannot be split is reported as damage, with its bytes, and splitting goes on behind it where that is possible:
//! after a bad line always, after a cut-off list never.

use super::envelope::{self, Wrapped};
use super::find::{Found, ScalarScan, check_depth, too_long};
use super::json::skip_space;
use super::scan::Scan;
use super::text;
use super::window::Window;
use crate::Limits;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// A wrapper's list must start within this many bytes.
const ENVELOPE_HEAD_BYTES: usize = 64 * 1024;

/// The text behind a byte order mark.
pub(crate) fn without_mark(head: &[u8]) -> &[u8] {
    head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head)
}

/// A piece of input that is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub reason: String,
    /// Its first bytes.
    pub raw: Vec<u8>,
    /// The input ended inside it. If the input grows, it may become a record.
    pub cut_off: bool,
}

/// What [`Framer::advance`] stopped at.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed {
    /// A record; see [`Framer::record`].
    Record,
    Damage(Damage),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Start,
    /// JSON objects one after another.
    Objects,
    /// Inside a list with so many objects around it.
    List {
        depth: u32,
    },
    /// Behind the list of a wrapper, before its last closing bracket.
    WrapperTail {
        depth: u32,
    },
    Lines,
    /// Each with its length in front.
    Spooled,
    Done,
}

/// Splits a window into records.
#[derive(Debug)]
pub struct Framer {
    pub(super) window: Window,
    pub(super) record_bytes_max: usize,
    pub(super) rejected_raw_bytes_max: usize,
    pub(super) depth_max: u32,
    pub(super) mode: Mode,
    /// Length of the record given out last; consumed when the next is asked for.
    given: usize,
    /// Whether every object is looked at as a possible wrapper, or only its first name.
    wrappers_seen: bool,
    objects_seen: bool,
}

impl Framer {
    /// A framer at the start of `window`.
    #[must_use]
    pub fn new(window: Window, limits: &Limits) -> Self {
        Self {
            window,
            record_bytes_max: limits.record_bytes_max,
            rejected_raw_bytes_max: limits.rejected_raw_bytes_max,
            depth_max: limits.depth_max,
            mode: Mode::Start,
            given: 0,
            wrappers_seen: false,
            objects_seen: false,
        }
    }

    /// Decoded bytes read so far.
    #[must_use]
    pub fn decoded_bytes(&self) -> u64 {
        self.window.decoded_bytes()
    }

    /// Whether more may be read than is in memory.
    #[must_use]
    pub fn is_streamed(&self) -> bool {
        self.window.is_streamed()
    }

    /// See [`Window::unreachable`].
    #[must_use]
    pub fn unreachable(&self) -> bool {
        self.window.unreachable()
    }

    /// The window, for looking ahead before the first record is asked for.
    pub fn window(&mut self) -> &mut Window {
        &mut self.window
    }

    /// The window's buffer, for reading something else with the same memory.
    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.window.into_buffer()
    }

    /// Moves to the next record or damage; `None` at the end of the input. The record itself is then in
    /// [`Self::record`].
    pub fn advance(&mut self) -> Option<Framed> {
        self.window.consume(self.given);
        self.given = 0;
        loop {
            let step = match self.mode {
                Mode::Start => self.start(),
                Mode::Objects => self.object(),
                Mode::List { depth } => self.element(depth),
                Mode::WrapperTail { depth } => self.wrapper_tail(depth),
                Mode::Lines => self.line(),
                Mode::Spooled => self.spooled(),
                Mode::Done => return self.last_words(),
            };
            match step {
                Step::Again => {}
                Step::Record(length) => {
                    self.given = length;
                    return Some(Framed::Record);
                }
                Step::Damage(damage) => return Some(Framed::Damage(damage)),
            }
        }
    }

    /// The bytes in memory from the start of the next record on, when that is an object and nothing but its brackets
    /// tells where it ends. Whoever reads its JSON anyway finds the end and says so with [`Self::take`]; that saves
    /// one of two looks at every byte. Without `take`, [`Self::advance`] goes on as if nothing had been asked.
    pub fn ahead(&mut self) -> Option<&[u8]> {
        self.window.consume(self.given);
        self.given = 0;
        if self.mode == Mode::Start {
            // A segment's first line may be damaged; only `advance` can say so.
            if self.is_at_segment() {
                return None;
            }
            self.start();
        }
        if self.mode == Mode::Objects && (!self.objects_seen || self.wrappers_seen) && !self.open_wrapper() {
            return None;
        }
        let is_list = matches!(self.mode, Mode::List { .. });
        if !is_list && self.mode != Mode::Objects {
            return None;
        }
        let mut first = self.peek_past_space();
        while is_list && first == Some(b',') {
            self.window.consume(1);
            first = self.peek_past_space();
        }
        let is_record = first == Some(b'{') && (is_list || !envelope::may_wrap(self.window.bytes()));
        is_record.then(|| self.window.bytes())
    }

    /// Makes the first `length` bytes of what [`Self::ahead`] gave the present record: one object that nests no deeper
    /// than the limit. False if framing has to decide by itself whether it is one.
    pub fn take(&mut self, length: usize) -> bool {
        let Some(record) = self.window.bytes().get(..length) else { return false };
        // Among lines, an object that goes on after a line end may be a line that was cut off.
        let goes_on = self.mode == Mode::Objects && memchr::memchr(b'\n', record).is_some();
        if goes_on || self.record_bytes_max < length {
            return false;
        }
        self.given = length;
        true
    }

    /// The record [`Self::advance`] stopped at.
    #[must_use]
    pub fn record(&self) -> &[u8] {
        let bytes = self.window.bytes().get(..self.given).unwrap_or_default();
        if self.mode == Mode::Lines { text::without_line_end(bytes) } else { bytes }
    }

    /// A failure of the reader that no record was cut off by is still told, once.
    fn last_words(&mut self) -> Option<Framed> {
        let reason = self.window.take_failure()?;
        Some(Framed::Damage(Damage { reason, raw: Vec::new(), cut_off: false }))
    }

    fn start(&mut self) -> Step {
        if let Some(step) = self.open_segment() {
            return step;
        }
        if self.window.bytes().starts_with(BYTE_ORDER_MARK) {
            self.window.consume(BYTE_ORDER_MARK.len());
        }
        self.mode = match self.peek_past_space() {
            None => Mode::Done,
            Some(b'{') => Mode::Objects,
            Some(b'[') if !self.is_bracketed_line() => {
                self.window.consume(1);
                Mode::List { depth: 0 }
            }
            Some(_) => Mode::Lines,
        };
        Step::Again
    }

    /// `[Mon Mar 02 …` and `[2026-03-02…` begin lines of text: no JSON value starts like that.
    fn is_bracketed_line(&mut self) -> bool {
        self.window.fill_to(text::BRACKETED_BYTES);
        text::is_bracketed(self.window.bytes())
    }

    /// Consumes white space; the byte behind it, `None` at the end of the input.
    fn peek_past_space(&mut self) -> Option<u8> {
        loop {
            let spaces = skip_space(self.window.bytes(), 0);
            self.window.consume(spaces);
            if let Some(byte) = self.window.bytes().first() {
                return Some(*byte);
            }
            if !self.window.more() {
                return None;
            }
        }
    }

    fn object(&mut self) -> Step {
        match self.peek_past_space() {
            None => {
                self.mode = Mode::Done;
                return Step::Again;
            }
            Some(b'{') => {}
            Some(b'[') => {
                self.window.consume(1);
                self.mode = Mode::List { depth: 0 };
                return Step::Again;
            }
            Some(_) => return self.junk_line(),
        }
        if self.open_wrapper() {
            return Step::Again;
        }
        self.objects_seen = true;
        let found = self.find_value_by_lines();
        self.give(found)
    }

    /// Goes into the list of the wrapper that starts here; false if there is none.
    fn open_wrapper(&mut self) -> bool {
        if self.peek_past_space() != Some(b'{') {
            return false;
        }
        let Some(Wrapped { list_at, depth }) = self.wrapper() else { return false };
        self.window.consume(list_at);
        self.wrappers_seen = true;
        self.mode = Mode::List { depth };
        true
    }

    /// The first object is looked through; once it was a plain record, later ones are believed to be records too
    /// unless they start with a wrapper's name.
    fn wrapper(&mut self) -> Option<Wrapped> {
        let thorough = self.wrappers_seen || !self.objects_seen;
        if !thorough && !envelope::may_wrap(self.window.bytes()) {
            return None;
        }
        self.window.fill_to(ENVELOPE_HEAD_BYTES);
        let head = self.window.bytes();
        envelope::wrapped_list(head.get(..ENVELOPE_HEAD_BYTES).unwrap_or(head))
    }

    fn element(&mut self, depth: u32) -> Step {
        loop {
            match self.peek_past_space() {
                None => return self.cut_off("input ends inside a list of records"),
                Some(b',') => self.window.consume(1),
                Some(b']') => {
                    self.window.consume(1);
                    self.mode = if depth > 0 { Mode::WrapperTail { depth } } else { Mode::Objects };
                    return Step::Again;
                }
                Some(b'{' | b'[') => {
                    let found = self.find_value();
                    return self.give(found);
                }
                Some(_) => return self.scalar_element(),
            }
        }
    }

    /// A list element that is no object: given out as it is, for the format to reject.
    fn scalar_element(&mut self) -> Step {
        let mut scan = ScalarScan::default();
        let mut seen = 0;
        loop {
            let bytes = self.window.bytes();
            if let Some(length) = bytes.get(seen..).and_then(|piece| scan.feed(piece)) {
                return Step::Record((seen + length).max(1));
            }
            seen = bytes.len();
            if seen > self.record_bytes_max {
                self.mode = Mode::Done;
                return self.damage_all("list element is longer than the record limit and has no end");
            }
            if !self.window.more() {
                return self.cut_off("input ends inside a list of records");
            }
        }
    }

    /// Everything between the list and the wrapper's end is no record.
    fn wrapper_tail(&mut self, depth: u32) -> Step {
        let mut scan = Scan::inside(depth);
        loop {
            let bytes = self.window.bytes();
            if let Some(length) = scan.feed(bytes) {
                self.window.consume(length);
                self.mode = Mode::Objects;
                return Step::Again;
            }
            let length = bytes.len();
            if !self.window.more() {
                return self.cut_off("input ends before the wrapper around the records does");
            }
            self.window.consume(length);
        }
    }

    fn line(&mut self) -> Step {
        loop {
            let Some(length) = self.line_length() else {
                return self.too_long_line();
            };
            if length == 0 {
                self.mode = Mode::Done;
                return Step::Again;
            }
            let line = self.window.bytes().get(..length).unwrap_or_default();
            let unfinished = !line.ends_with(b"\n");
            if text::is_blank(line) {
                self.window.consume(length);
                continue;
            }
            if length > self.record_bytes_max {
                let reason = too_long(length as u64, self.record_bytes_max);
                return Step::Damage(self.refuse(length, reason));
            }
            // A format taken on trust may be JSON although the first line is not.
            if let Err(reason) = check_depth(line, self.depth_max) {
                return Step::Damage(self.refuse(length, reason));
            }
            if unfinished && let Some(reason) = self.window.take_failure() {
                return self.damage_bytes(length, &reason);
            }
            return Step::Record(length);
        }
    }

    /// Length of the next line with its end; 0 at the end of the input; `None` above the record limit.
    fn line_length(&mut self) -> Option<usize> {
        let mut seen = 0;
        loop {
            let bytes = self.window.bytes();
            if let Some(at) = memchr::memchr(b'\n', bytes.get(seen..).unwrap_or_default()) {
                return Some(seen + at + 1);
            }
            seen = bytes.len();
            if seen > self.record_bytes_max {
                return None;
            }
            if !self.window.more() {
                return Some(seen);
            }
        }
    }

    fn too_long_line(&mut self) -> Step {
        let raw = self.head(usize::MAX);
        let mut length = 0_u64;
        loop {
            let bytes = self.window.bytes();
            if let Some(at) = memchr::memchr(b'\n', bytes) {
                length += at as u64;
                self.window.consume(at + 1);
                break;
            }
            let available = bytes.len();
            length += available as u64;
            self.window.consume(available);
            if !self.window.more() {
                break;
            }
        }
        Step::Damage(Damage { reason: too_long(length, self.record_bytes_max), raw, cut_off: false })
    }

    /// Among objects, something that is none: rejected up to the end of its line.
    fn junk_line(&mut self) -> Step {
        match self.line_length() {
            Some(length) => self.damage_bytes(length, "neither a JSON object nor a list"),
            None => self.too_long_line(),
        }
    }

    fn give(&mut self, found: Found) -> Step {
        match found {
            Found::Whole(length) => Step::Record(length),
            Found::CutOff => self.cut_off("input ends inside a record"),
            Found::BadLine(length, reason) => self.damage_bytes(length, reason),
            Found::Refused(damage) => Step::Damage(damage),
        }
    }

    /// The input ended where it must not: what is left is the damage, with the reader's reason when it has one.
    pub(super) fn cut_off(&mut self, reason: &str) -> Step {
        self.mode = Mode::Done;
        match self.window.take_failure() {
            Some(failure) => self.damage_all(&failure),
            None => self.damage_all(reason),
        }
    }

    fn damage_all(&mut self, reason: &str) -> Step {
        let mut step = self.damage_bytes(usize::MAX, reason);
        if let Step::Damage(damage) = &mut step {
            damage.cut_off = true;
        }
        step
    }

    fn damage_bytes(&mut self, length: usize, reason: &str) -> Step {
        let offset = self.window.offset();
        Step::Damage(self.refuse(length, format!("{reason} (byte {offset})")))
    }
}

pub(super) enum Step {
    Again,
    Record(usize),
    Damage(Damage),
}
