//! Any number of items in order, with bounded memory: what does not fit is written to a temporary file in sorted runs, which
//! are merged while reading.
//!
//! The order of what comes out is that of the items alone; it does not depend on the order in which they came in, nor on
//! where one run ends and the next begins. The file has no name, so nothing is left behind however the process ends.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exit::{Failure, OrFail as _};

/// What can be kept in order.
pub(crate) trait Sortable: Serialize + DeserializeOwned {
    /// A total order: two items that it calls equal are the same.
    fn order(&self, other: &Self) -> Ordering;

    /// About how much memory its texts take, beside the item itself.
    fn text_bytes(&self) -> usize;
}

/// How much may wait in memory before it is written out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        // 75,000 items of 160 bytes fill it; larger ones are bounded by their bytes. Three sorters take 36 MB.
        Self { items: 75_000, bytes: 12 << 20 }
    }
}

/// What all runs together take to be read.
const MERGE_BYTES_MAX: usize = 8 << 20;
/// Buffer of one run.
const RUN_BUFFER_BYTES: usize = 1 << 16;
const RUN_BUFFER_BYTES_MIN: usize = 1 << 9;

const WRITING: &str = "failed to write a temporary file";
const READING: &str = "failed to read back a temporary file";

/// Takes items in any order.
#[derive(Debug)]
pub(crate) struct Sorter<T> {
    room: Room,
    waiting: Vec<T>,
    bytes: usize,
    spilled: Option<Spilled>,
}

/// Runs in one file, each sorted: where each one ends.
#[derive(Debug)]
struct Spilled {
    file: File,
    ends: Vec<u64>,
}

impl<T: Sortable> Sorter<T> {
    pub(crate) fn new(room: Room) -> Self {
        Self { room, waiting: Vec::new(), bytes: 0, spilled: None }
    }

    pub(crate) fn push(&mut self, item: T) -> Result<(), Failure> {
        self.bytes += size_of::<T>() + item.text_bytes();
        self.waiting.push(item);
        if self.room.items <= self.waiting.len() || self.room.bytes <= self.bytes { self.spill() } else { Ok(()) }
    }

    /// No more will come.
    pub(crate) fn sorted(mut self) -> Result<Sorted<T>, Failure> {
        self.waiting.sort_unstable_by(T::order);
        let mut sources = vec![Source::Memory(std::mem::take(&mut self.waiting).into_iter())];
        if let Some(Spilled { file, ends }) = self.spilled {
            let file = Rc::new(file);
            let capacity = (MERGE_BYTES_MAX / ends.len()).clamp(RUN_BUFFER_BYTES_MIN, RUN_BUFFER_BYTES);
            let starts = std::iter::once(0).chain(ends.iter().copied());
            for (at, end) in starts.zip(ends.iter().copied()) {
                let section = Section { file: Rc::clone(&file), at, end };
                sources.push(Source::File(BufReader::with_capacity(capacity, section)));
            }
        }
        let mut sorted = Sorted { heads: BinaryHeap::with_capacity(sources.len()), line: Vec::new() };
        for source in sources {
            sorted.advance(source)?;
        }
        Ok(sorted)
    }

    /// Writes what waits as one more run.
    fn spill(&mut self) -> Result<(), Failure> {
        self.waiting.sort_unstable_by(T::order);
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            None => self.spilled.insert(Spilled { file: temporary()?, ends: Vec::new() }),
        };
        let mut out = BufWriter::with_capacity(RUN_BUFFER_BYTES, &spilled.file);
        for item in self.waiting.drain(..) {
            serde_json::to_writer(&mut out, &item).map_err(std::io::Error::from).or_fail(WRITING)?;
            out.write_all(b"\n").or_fail(WRITING)?;
        }
        out.flush().or_fail(WRITING)?;
        drop(out);
        spilled.ends.push((&spilled.file).stream_position().or_fail(WRITING)?);
        self.bytes = 0;
        Ok(())
    }
}

fn temporary() -> Result<File, Failure> {
    let made = tempfile::tempfile().or_fail("failed to make a temporary file");
    made.map_err(|failure| failure.help("TMPDIR names the directory for temporary files"))
}

/// All items of a sorter, the least first.
#[derive(Debug)]
pub(crate) struct Sorted<T> {
    heads: BinaryHeap<Head<T>>,
    line: Vec<u8>,
}

/// The next item of a run, and what follows it.
#[derive(Debug)]
struct Head<T> {
    item: T,
    rest: Source<T>,
}

#[derive(Debug)]
enum Source<T> {
    Memory(std::vec::IntoIter<T>),
    File(BufReader<Section>),
}

impl<T: Sortable> Sorted<T> {
    pub(crate) fn peek(&self) -> Option<&T> {
        self.heads.peek().map(|head| &head.item)
    }

    pub(crate) fn next(&mut self) -> Result<Option<T>, Failure> {
        let Some(Head { item, rest }) = self.heads.pop() else { return Ok(None) };
        self.advance(rest)?;
        Ok(Some(item))
    }

    /// Takes the run's next item among the heads, if it has one.
    fn advance(&mut self, mut rest: Source<T>) -> Result<(), Failure> {
        let item = match &mut rest {
            Source::Memory(items) => items.next(),
            Source::File(reader) => {
                self.line.clear();
                reader.read_until(b'\n', &mut self.line).or_fail(READING)?;
                let is_over = self.line.is_empty();
                if is_over { None } else { Some(serde_json::from_slice(&self.line).or_fail(READING)?) }
            }
        };
        self.heads.extend(item.map(|item| Head { item, rest }));
        Ok(())
    }
}

impl<T: Sortable> Ord for Head<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap gives its greatest first.
        other.item.order(&self.item)
    }
}

impl<T: Sortable> PartialOrd for Head<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Sortable> PartialEq for Head<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Sortable> Eq for Head<T> {}

/// A part of the shared file. All parts are read by one thread, each from where it stands.
#[derive(Debug)]
struct Section {
    file: Rc<File>,
    at: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.at))?;
        let count = file.take(self.end - self.at).read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sortable for (u64, String) {
        fn order(&self, other: &Self) -> Ordering {
            self.cmp(other)
        }

        fn text_bytes(&self) -> usize {
            self.1.len()
        }
    }

    fn sorted(room: Room, items: &[(u64, String)]) -> (Vec<(u64, String)>, usize) {
        let mut sorter = Sorter::new(room);
        for item in items {
            sorter.push(item.clone()).unwrap();
        }
        let runs = sorter.spilled.as_ref().map_or(0, |spilled| spilled.ends.len());
        let mut all = Vec::new();
        let mut sorted = sorter.sorted().unwrap();
        while let Some(item) = sorted.next().unwrap() {
            all.push(item);
        }
        (all, runs)
    }

    #[test]
    fn order_is_that_of_the_items_whatever_was_written_out() {
        let text = |n: u64| format!("line\nbreak \u{0} \"{}\" é", "x".repeat(usize::try_from(n % 7).unwrap() * 40));
        let items: Vec<(u64, String)> = (0..1000).map(|n| (n * 7919 % 500, text(n))).collect();
        let mut expected = items.clone();
        expected.sort();
        for (room, runs) in [
            (Room::default(), 0..1),
            (Room { items: 10, bytes: usize::MAX }, 100..101),
            (Room { items: usize::MAX, bytes: 10_000 }, 10..30),
            (Room { items: 1, bytes: 1 }, 1000..1001),
        ] {
            let (all, written) = sorted(room, &items);
            assert!(all == expected && runs.contains(&written), "{room:?}: {written} runs");
        }
        assert_eq!(sorted(Room::default(), &[]), (Vec::new(), 0));
    }
}
