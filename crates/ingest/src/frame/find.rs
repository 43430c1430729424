//! Where the value at the window's start ends, and what to do when it is too long, too deep or cut off.
//!
//! The searching half of the framer; `framer` decides which search a framing needs.

use super::framer::{Damage, Framer, Mode};
use super::scan::Scan;

/// How the search for a value's end went.
pub(super) enum Found {
    /// The value's length; what the window holds from its start.
    Whole(usize),
    /// The input ended inside it.
    CutOff,
    /// A line that is no whole value; its length with the line end.
    BadLine(usize, &'static str),
    /// Too long or too deep; already consumed.
    Refused(Damage),
}

impl Framer {
    /// The end of the value at the window's start, by brackets alone.
    pub(super) fn find_value(&mut self) -> Found {
        let mut scan = Scan::default();
        let mut seen = 0;
        loop {
            let bytes = self.window.bytes();
            if let Some(length) = bytes.get(seen..).and_then(|piece| scan.feed(piece)) {
                return self.checked(seen + length, &scan);
            }
            seen = bytes.len();
            if seen > self.record_bytes_max {
                return self.skip_long(scan, false);
            }
            if !self.window.more() {
                return Found::CutOff;
            }
        }
    }

    /// Like `find_value`, but a line end inside a string, a new object at the start of a line, or a line that cannot go on
    /// where the one before it ended, shows that the value was cut off; only its line is lost then.
    pub(super) fn find_value_by_lines(&mut self) -> Found {
        let mut scan = Scan::default();
        let mut seen = 0;
        let mut joint = Joint::default();
        loop {
            let bytes = self.window.bytes();
            let rest = bytes.get(seen..).unwrap_or_default();
            let line_end = memchr::memchr(b'\n', rest).map(|at| at + 1);
            let piece = rest.get(..line_end.unwrap_or(rest.len())).unwrap_or_default();
            if !joint.holds(piece) {
                return Found::BadLine(seen, "line ends inside an object");
            }
            if let Some(length) = scan.feed(piece) {
                return self.checked(seen + length, &scan);
            }
            seen += piece.len();
            if seen > self.record_bytes_max {
                return self.skip_long(scan, true);
            }
            if line_end.is_some() {
                if scan.in_string() {
                    return Found::BadLine(seen, "line ends inside a string");
                }
                if self.byte_at(seen) == Some(b'{') {
                    return Found::BadLine(seen, "line ends inside an object");
                }
            } else if !self.window.more() {
                return Found::CutOff;
            }
        }
    }

    fn byte_at(&mut self, index: usize) -> Option<u8> {
        while self.window.bytes().len() <= index && self.window.more() {}
        self.window.bytes().get(index).copied()
    }

    /// A whole value, unless it is too long or too deep.
    fn checked(&mut self, length: usize, scan: &Scan) -> Found {
        if length > self.record_bytes_max {
            return Found::Refused(self.refuse(length, too_long(length as u64, self.record_bytes_max)));
        }
        if scan.deepest_bound() <= self.depth_max {
            return Found::Whole(length);
        }
        let deepest = exact_depth(self.window.bytes().get(..length).unwrap_or_default());
        if deepest <= self.depth_max {
            return Found::Whole(length);
        }
        Found::Refused(self.refuse(length, too_deep(deepest, self.depth_max)))
    }

    pub(super) fn refuse(&mut self, length: usize, reason: String) -> Damage {
        let raw = self.head(length);
        self.window.consume(length);
        Damage { reason, raw, cut_off: false }
    }

    /// A value above the limit is read to its end without being kept, and reading resumes behind it. Among lines, the
    /// end of a line inside a string is its end too.
    fn skip_long(&mut self, mut scan: Scan, by_lines: bool) -> Found {
        let raw = self.head(usize::MAX);
        let mut length = self.window.bytes().len() as u64;
        self.window.consume(usize::MAX);
        let limit = self.record_bytes_max;
        loop {
            let bytes = self.window.bytes();
            if bytes.is_empty() {
                if self.window.more() {
                    continue;
                }
                self.mode = Mode::Done;
                let why = self.window.take_failure().unwrap_or_else(|| "input ends".to_owned());
                let reason = format!("record is longer than the limit of {limit} bytes and has no end: {why}");
                return Found::Refused(Damage { reason, raw, cut_off: true });
            }
            let line_end = if by_lines { memchr::memchr(b'\n', bytes).map(|at| at + 1) } else { None };
            let piece = bytes.get(..line_end.unwrap_or(bytes.len())).unwrap_or_default();
            let end = scan.feed(piece);
            let broken_line = end.is_none() && line_end.is_some() && scan.in_string();
            let passed = end.unwrap_or(piece.len());
            length += passed as u64;
            self.window.consume(passed);
            if end.is_some() || broken_line {
                return Found::Refused(Damage { reason: too_long(length, limit), raw, cut_off: false });
            }
        }
    }

    /// A copy of the first bytes, at most `length` and at most what a rejection keeps.
    pub(super) fn head(&self, length: usize) -> Vec<u8> {
        let bytes = self.window.bytes();
        let kept = length.min(bytes.len()).min(self.rejected_raw_bytes_max);
        bytes.get(..kept).unwrap_or_default().to_vec()
    }
}

pub(super) fn too_long(length: u64, limit: usize) -> String {
    format!("record of {length} bytes is above the limit of {limit}")
}

/// Where one line of an object goes on in the next: what opens or separates ends the one, or what separates or closes starts
/// the other. Two values side by side are no JSON.
#[derive(Debug, Default)]
struct Joint {
    /// The last byte so far that is no white space.
    before: Option<u8>,
    in_line: bool,
}

impl Joint {
    /// Takes the next piece, which ends at the end of a line or before; false if its line cannot be the next one.
    fn holds(&mut self, piece: &[u8]) -> bool {
        let mut solid = piece.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
        let (first, last) = (solid.next(), solid.next_back());
        let starts_line = !self.in_line && first.is_some();
        let is_joined = |before: u8| matches!(before, b'{' | b'[' | b',' | b':');
        let joins = |first: u8| matches!(first, b'}' | b']' | b',' | b':');
        let holds = !starts_line || self.before.is_none_or(is_joined) || first.is_some_and(joins);
        self.before = last.or(first).or(self.before);
        self.in_line = !piece.ends_with(b"\n") && (self.in_line || first.is_some());
        holds
    }
}

/// End of a string, number or word in a list.
#[derive(Debug, Default)]
pub(super) struct ScalarScan {
    started: bool,
    in_string: bool,
    escaped: bool,
}

impl ScalarScan {
    pub(super) fn feed(&mut self, piece: &[u8]) -> Option<usize> {
        for (at, byte) in piece.iter().enumerate() {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => return Some(at + 1),
                    _ => {}
                }
            } else if *byte == b'"' && !self.started {
                self.in_string = true;
            } else if matches!(byte, b',' | b']') {
                return Some(at);
            }
            self.started = true;
        }
        None
    }
}

/// Whether a value that was not found by its brackets is within the depth limit; if not, how deep it is. Parsers of
/// JSON call themselves for every level, so a value that is too deep ends the process. Other text has no depth.
pub(crate) fn check_depth(value: &[u8], depth_max: u32) -> Result<(), String> {
    if !matches!(value.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return Ok(());
    }
    match exact_depth(value) {
        deepest if deepest > depth_max => Err(too_deep(deepest, depth_max)),
        _ => Ok(()),
    }
}

fn too_deep(deepest: u32, limit: u32) -> String {
    format!("nested {deepest} deep, the limit is {limit}")
}

/// The depth counted byte by byte; only for values that may be too deep.
fn exact_depth(value: &[u8]) -> u32 {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_u32, 0, false, false);
    for byte in value {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
