//! Records that a network inlet has taken and laid down before it acknowledged them: each with its length in front, so that
//! any bytes are a record and none is ever split or joined.
//!
//! A segment is complete when it appears. This is its layout and nothing more; who writes segments, and when, is the
//! business of the inlets.

use super::find::{check_depth, too_long};
use super::framer::{Damage, Framer, Mode, Step};

/// The first bytes of a segment; the rest of that line is the writer's. No log starts with them.
pub const MAGIC: &[u8] = b"\x00watertight spool 1 ";
/// The first line of a segment is not longer.
const FIRST_LINE_BYTES_MAX: usize = 1 << 20;
/// The length of a record, little-endian, in front of it.
const LENGTH_BYTES: usize = 4;

/// A segment without records yet. `note` is the writer's own: one line, shorter than a mebibyte.
#[must_use]
pub fn begin(note: &str) -> Vec<u8> {
    let mut segment = MAGIC.to_vec();
    segment.extend(note.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }));
    segment.push(b'\n');
    segment
}

/// What the writer noted at the start of a segment; `None` if it is none.
#[must_use]
pub fn note(segment: &[u8]) -> Option<&[u8]> {
    let line = segment.strip_prefix(MAGIC)?;
    line.get(..memchr::memchr(b'\n', line)?)
}

/// Adds a record to a segment. False, and nothing added, for a record of 4 GiB or more.
#[must_use]
pub fn add(segment: &mut Vec<u8>, record: &[u8]) -> bool {
    let Ok(length) = u32::try_from(record.len()) else { return false };
    segment.extend_from_slice(&length.to_le_bytes());
    segment.extend_from_slice(record);
    true
}

impl Framer {
    /// Whether a segment starts here.
    pub(super) fn is_at_segment(&mut self) -> bool {
        self.window.fill_to(MAGIC.len());
        self.window.bytes().starts_with(MAGIC)
    }

    /// Goes behind the first line, if this is a segment.
    pub(super) fn open_segment(&mut self) -> Option<Step> {
        if !self.is_at_segment() {
            return None;
        }
        self.mode = Mode::Spooled;
        let mut seen = 0;
        loop {
            let bytes = self.window.bytes();
            if let Some(at) = memchr::memchr(b'\n', bytes.get(seen..).unwrap_or_default()) {
                self.window.consume(seen + at + 1);
                return Some(Step::Again);
            }
            seen = bytes.len();
            if FIRST_LINE_BYTES_MAX < seen || !self.window.more() {
                return Some(self.cut_off("the segment ends inside its first line"));
            }
        }
    }

    pub(super) fn spooled(&mut self) -> Step {
        self.window.fill_to(LENGTH_BYTES);
        let Some((length, _)) = self.window.bytes().split_first_chunk::<LENGTH_BYTES>() else {
            self.mode = Mode::Done;
            return if self.window.bytes().is_empty() { Step::Again } else { self.cut_off(CUT_OFF) };
        };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        self.window.consume(LENGTH_BYTES);
        if self.record_bytes_max < length {
            return self.skip_spooled(length);
        }
        self.window.fill_to(length);
        let Some(record) = self.window.bytes().get(..length) else { return self.cut_off(CUT_OFF) };
        match check_depth(record, self.depth_max) {
            Ok(()) => Step::Record(length),
            Err(reason) => Step::Damage(self.refuse(length, reason)),
        }
    }

    fn skip_spooled(&mut self, length: usize) -> Step {
        let raw = self.head(length);
        let mut left = length;
        while 0 < left {
            let here = self.window.bytes().len().min(left);
            self.window.consume(here);
            left -= here;
            if 0 < left && !self.window.more() {
                return self.cut_off(CUT_OFF);
            }
        }
        Step::Damage(Damage { reason: too_long(length as u64, self.record_bytes_max), raw, cut_off: false })
    }
}

const CUT_OFF: &str = "the segment ends inside a record";

#[cfg(test)]
mod tests {
    use crate::frame::{Framed, Window};
    use crate::{Item, Limits, Reader};

    use super::*;

    fn segment(records: &[&[u8]]) -> Vec<u8> {
        let mut bytes = begin(r#"{"by":"a test"}"#);
        assert!(records.iter().all(|record| add(&mut bytes, record)));
        bytes
    }

    fn read(bytes: &[u8], limits: &Limits) -> Vec<Result<Vec<u8>, String>> {
        let mut framer = Framer::new(Window::whole(bytes.to_vec(), None), limits);
        let mut read = Vec::new();
        while let Some(framed) = framer.advance() {
            read.push(match framed {
                Framed::Record => Ok(framer.record().to_vec()),
                Framed::Damage(damage) => Err(damage.reason),
            });
        }
        read
    }

    #[test]
    fn any_bytes_are_a_record() {
        let records: [&[u8]; 6] = [b"{\"a\":1}\n{\"b\":2}", b"", b"\n\n", b"\xff\x00", b"[1,2", b"line\r\n"];
        let read: Vec<Vec<u8>> =
            read(&segment(&records), &Limits::default()).into_iter().map(|record| record.unwrap()).collect();
        assert_eq!(read, records);
    }

    #[test]
    fn a_cut_segment_gives_what_is_whole_and_says_the_rest() {
        let whole = segment(&[b"one", b"two"]);
        let start = segment(&[]).len();
        assert_eq!(note(&whole), Some(&br#"{"by":"a test"}"#[..]));
        assert_eq!(read(&whole[..start - 1], &Limits::default()).len(), 1);
        for kept in start..whole.len() {
            let read = read(&whole[..kept], &Limits::default());
            let wholes = (kept - start) / 7;
            let cut = usize::from(!(kept - start).is_multiple_of(7));
            assert_eq!(read.len(), wholes + cut, "{kept}");
            assert_eq!(read.iter().filter(|record| record.is_err()).count(), cut, "{kept}");
        }
    }

    #[test]
    fn a_record_above_the_limits_is_rejected_and_reading_goes_on() {
        let limits = Limits { record_bytes_max: 8, depth_max: 2, ..Limits::default() };
        let read = read(&segment(&[b"123456789", b"[[[1]]]", b"fine"]), &limits);
        assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn the_format_is_recognised_through_the_framing() {
        let record = br#"{"eventVersion":"1.08","userIdentity":{"type":"Root"},
"eventTime":"2026-03-02T10:11:12Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets"}"#;
        let bytes = segment(&[b"\xff", record, record]);
        let mut reader = Reader::new(Limits::default());
        let mut file = reader.open_stream("x", Box::new(std::io::Cursor::new(bytes)), None).unwrap().unwrap();
        let mut outcomes = Vec::new();
        while let Some(item) = file.next() {
            let is_call =
                |record: crate::Record<'_>| record.format().id() == "aws/cloudtrail" && record.event().is_ok();
            outcomes.push(matches!(item, Item::Record(record) if is_call(record)));
        }
        assert_eq!(outcomes, [false, true, true]);
    }

    /// A file that is no log is passed over; what an inlet acknowledged never is.
    #[test]
    fn a_segment_of_unknown_records_is_rejected_and_not_skipped() {
        let bytes = segment(&[b"{\"some\":\"thing\"}", b"else"]);
        let mut reader = Reader::new(Limits::default());
        let mut file = reader.open_stream("x", Box::new(std::io::Cursor::new(bytes)), None).unwrap().unwrap();
        let mut rejected = 0;
        while let Some(item) = file.next() {
            rejected += usize::from(matches!(item, Item::Rejected(rejected) if !rejected.raw.is_empty()));
        }
        assert_eq!(rejected, 2);
    }

    #[test]
    fn one_door_may_bring_several_formats() {
        let trail = br#"{"eventVersion":"1.08","userIdentity":{"type":"Root"},"eventTime":"2026-03-02T10:11:12Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","eventID":"1"}"#;
        let own = br#"{"timestamp":"2026-03-02T10:11:12Z","service":"checkout","event":"order.read"}"#;
        let mut reader = Reader::new(Limits::default());
        let bytes = segment(&[trail, own]);
        let mut file = reader.open_stream("x", Box::new(std::io::Cursor::new(bytes)), None).unwrap().unwrap();
        let mut formats = Vec::new();
        while let Some(item) = file.next() {
            let Item::Record(record) = item else { panic!("a rejection") };
            assert!(record.event().is_ok());
            formats.push(record.format().id());
        }
        assert_eq!(formats, ["aws/cloudtrail", "application/json"]);
    }

    #[test]
    fn syslog_messages_are_read_by_what_they_carry() {
        let records: [&[u8]; 2] = [
            br#"<190>1 2026-03-02T10:11:12Z web shop 7 - - {"timestamp":"2026-03-02T10:11:12Z","service":"checkout","event":"order.read"}"#,
            br#"<190>Mar  2 10:11:12 web shop: {"timestamp":"2026-03-02T10:11:13Z","service":"checkout","event":"order.read"}"#,
        ];
        let mut reader = Reader::new(Limits::default());
        let bytes = segment(&records);
        let mut file = reader.open_stream("x", Box::new(std::io::Cursor::new(bytes)), None).unwrap().unwrap();
        let mut seconds = Vec::new();
        while let Some(item) = file.next() {
            let Item::Record(record) = item else { panic!("a rejection") };
            seconds.push(record.event().unwrap().time.as_second() % 60);
        }
        assert_eq!(seconds, [12, 13]);
    }
}
