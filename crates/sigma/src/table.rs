//! A small map from short texts to numbers, fast for the texts that logs are made of: it hashes the first (and
//! last) eight bytes and the length, and compares words instead of bytes. It can look up without regard to ASCII case.

/// A text to look up: its bytes, and the first eight of them as a word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'t> {
    bytes: &'t [u8],
    head: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// Texts are told apart by their ends too. Names of fields rarely need that, names of events do.
    hashes_tail: bool,
    entries: Vec<Entry>,
    /// Positions in `entries` plus one; zero is free. The length is a power of two at least twice the entries.
    places: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Entry {
    bytes: Box<[u8]>,
    head: u64,
    tail: u64,
    value: u32,
}

/// The bit that tells upper from lower case, in every byte.
const CASE: u64 = 0x2020_2020_2020_2020;

impl<'t> Key<'t> {
    pub(crate) fn of(bytes: &'t [u8]) -> Self {
        Self { bytes, head: short_word(bytes) }
    }

    /// The text `record[start..end]`, read without a loop where the record goes on far enough.
    #[inline(always)]
    pub(crate) fn at(record: &'t [u8], start: usize, end: usize) -> Self {
        let rest = record.get(start..).unwrap_or_default();
        let bytes = rest.get(..end.saturating_sub(start)).unwrap_or_default();
        let Some(chunk) = rest.first_chunk::<8>() else { return Self::of(bytes) };
        let word = u64::from_le_bytes(*chunk);
        // What stands behind a shorter text is cut off.
        let head = if bytes.len() < 8 { word & ((1 << (8 * bytes.len())) - 1) } else { word };
        Self { bytes, head }
    }
}

impl Table {
    /// A table for texts that often begin alike.
    pub(crate) fn of_texts() -> Self {
        Self { hashes_tail: true, ..Self::default() }
    }

    /// Adds a text, unless it is there. All texts of a table are looked up in one way only.
    pub(crate) fn insert(&mut self, text: &[u8], value: u32) {
        let is_known = self.entries.iter().any(|entry| *entry.bytes == *text);
        if is_known {
            return;
        }
        let key = Key::of(text);
        self.entries.push(Entry { bytes: text.into(), head: key.head, tail: tail(text), value });
        let size = (2 * self.entries.len()).next_power_of_two().max(4);
        self.places = vec![0; size];
        for (number, entry) in self.entries.iter().enumerate() {
            let mut place = self.hash(entry.head, &entry.bytes) & (size - 1);
            while self.places.get(place).is_some_and(|taken| *taken != 0) {
                place = (place + 1) & (size - 1);
            }
            if let Some(free) = self.places.get_mut(place) {
                *free = u32::try_from(number + 1).unwrap_or(u32::MAX);
            }
        }
    }

    #[inline(always)]
    pub(crate) fn find(&self, key: Key<'_>) -> Option<u32> {
        self.search(key, |entry| {
            entry.head == key.head
                && entry.bytes.len() == key.bytes.len()
                && entry.tail == tail(key.bytes)
                // Head and tail cover up to sixteen bytes.
                && (entry.bytes.len() <= 16 || *entry.bytes == *key.bytes)
        })
    }

    /// As [`Table::find`] without regard to ASCII case. The table's own texts must be in lower case.
    #[inline]
    pub(crate) fn find_ignoring_case(&self, key: Key<'_>) -> Option<u32> {
        self.search(key, |entry| entry.bytes.eq_ignore_ascii_case(key.bytes))
    }

    #[inline(always)]
    fn hash(&self, head: u64, bytes: &[u8]) -> usize {
        let ends = if self.hashes_tail { (tail(bytes) | CASE).rotate_left(23) } else { 0 };
        // Multiplication by 2^64 / golden ratio spreads the bits upward; the top ones are used.
        let mixed = ((head | CASE) ^ ends ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        usize::try_from(mixed >> 36).unwrap_or(0)
    }

    #[inline(always)]
    fn search(&self, key: Key<'_>, is_same: impl Fn(&Entry) -> bool) -> Option<u32> {
        let mask = self.places.len().checked_sub(1)?;
        let mut place = self.hash(key.head, key.bytes) & mask;
        loop {
            let number = (*self.places.get(place)? as usize).checked_sub(1)?;
            let entry = self.entries.get(number)?;
            if is_same(entry) {
                return Some(entry.value);
            }
            place = (place + 1) & mask;
        }
    }
}

/// Up to eight bytes as a word, with zeros behind a shorter text.
fn short_word(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The last eight bytes, zero for a shorter text.
#[inline]
fn tail(bytes: &[u8]) -> u64 {
    bytes.last_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::{Key, Table};

    #[test]
    fn texts_of_every_length_are_found_and_others_are_not() {
        for table in [Table::default(), Table::of_texts()] {
            check(table);
        }
    }

    fn check(mut table: Table) {
        let text = |length: usize| "abcdefghijklmnopqrstuvwxyzabcdefghij".chars().take(length).collect::<String>();
        for length in 0..36 {
            table.insert(text(length).as_bytes(), u32::try_from(length).unwrap());
        }
        table.insert(b"abc", 99);
        assert_eq!(table.entries.len(), 36);
        for length in 0..36_usize {
            let (same, number) = (text(length), u32::try_from(length).ok());
            assert_eq!(table.find(Key::of(same.as_bytes())), number);
            let inside = format!("\"{same}\":\"and more\"");
            assert_eq!(table.find(Key::at(inside.as_bytes(), 1, 1 + length)), number);
            assert_eq!(table.find(Key::at(same.as_bytes(), 0, length)), number);
            let upper = same.to_uppercase();
            assert_eq!(table.find_ignoring_case(Key::of(upper.as_bytes())), number);
            for place in 0..length {
                let mut other = same.clone().into_bytes();
                other[place] = b'!';
                assert_eq!(table.find(Key::of(&other)), None);
                assert_eq!(table.find_ignoring_case(Key::of(&other)), None);
            }
        }
        assert_eq!(Table::default().find(Key::of(b"a")), None);
    }
}
