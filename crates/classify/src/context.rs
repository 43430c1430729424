//! The words around a value: which identifier's context or exclusion words stand near, and how near.
//!
//! All words of all identifiers share one table, looked up at word beginnings. It is used only over the neighbourhood of candidates, each byte at most once.

use std::collections::BTreeMap;

use crate::identifier::{ContextMode, IDENTIFIERS_MAX, Identifier};

/// Bytes looked at on either side of a candidate; no `distance` may exceed it.
pub(crate) const WINDOW_BYTES: usize = 80;
/// Bytes after a value in which a context word may still explain it (`412-55-0133 (SSN)`).
const AFTER_BYTES: usize = 24;

/// A set of identifiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IdSet([u64; IDENTIFIERS_MAX / 64]);

impl IdSet {
    pub(crate) fn insert(&mut self, identifier: u16) {
        if let Some(word) = self.0.get_mut(usize::from(identifier / 64)) {
            *word |= 1 << (identifier % 64);
        }
    }

    pub(crate) fn contains(&self, identifier: u16) -> bool {
        self.0.get(usize::from(identifier / 64)).is_some_and(|word| word >> (identifier % 64) & 1 == 1)
    }

    fn union(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }
}

#[derive(Debug, Default)]
struct Keyword {
    context_of: IdSet,
    /// Those of them that it also names as a header.
    labels: IdSet,
    /// Further identifiers it names as a header.
    column_of: Vec<u16>,
    excludes: IdSet,
    excludes_all: bool,
    open_right: bool,
}

/// The compiled words.
#[derive(Debug)]
pub(crate) struct Keywords {
    /// Spellings in lower case, by the hash of their first three bytes (two, if there are no more).
    buckets: Vec<Vec<Spelling>>,
    /// One bit per bucket that holds anything: small enough to stay in the nearest cache.
    occupied: Box<[u64; BUCKETS / 64]>,
    keywords: Vec<Keyword>,
    longest: usize,
}

#[derive(Debug)]
struct Spelling {
    text: Box<[u8]>,
    keyword: u32,
}

/// Buckets of the word table: a few times the number of spellings, so that most words of a text meet an empty one.
const BUCKETS: usize = 8192;

fn bucket(first: u8, second: u8, third: u8) -> usize {
    let mixed = (u32::from(first) << 16 | u32::from(second) << 8 | u32::from(third)).wrapping_mul(0x9e37_79b1);
    usize::try_from(mixed >> 19).unwrap_or_default()
}

/// One word found in the text.
#[derive(Clone, Copy, Debug)]
struct Hit {
    start: usize,
    end: usize,
    keyword: u32,
}

/// What the surroundings say about one candidate as one identifier.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings {
    /// Bytes between the nearest context word and the value.
    pub(crate) context: Option<usize>,
    /// Bytes between the nearest exclusion word and the value.
    pub(crate) exclusion: Option<usize>,
}

impl Keywords {
    pub(crate) fn compile(identifiers: &[Identifier], exclude_everywhere: &[String]) -> Self {
        let mut table: BTreeMap<String, Keyword> = BTreeMap::new();
        for (index, identifier) in (0_u16..).zip(identifiers) {
            for word in &identifier.words {
                add(&mut table, word, |keyword| {
                    keyword.context_of.insert(index);
                    if identifier.words_name_columns {
                        keyword.labels.insert(index);
                    }
                });
            }
            for word in &identifier.column_words {
                add(&mut table, word, |keyword| keyword.column_of.push(index));
            }
            for word in &identifier.exclude {
                add(&mut table, word, |keyword| keyword.excludes.insert(index));
            }
        }
        for word in exclude_everywhere {
            add(&mut table, word, |keyword| keyword.excludes_all = true);
        }
        let longest = table.keys().map(String::len).max().unwrap_or_default();
        let mut buckets: Vec<Vec<Spelling>> = Vec::new();
        buckets.resize_with(BUCKETS, Vec::new);
        for (index, spelling) in (0_u32..).zip(table.keys()) {
            let place = match *spelling.as_bytes() {
                [first, second, third, ..] => bucket(first, second, third),
                [first, second] => bucket(first, second, 0),
                _ => continue, // one letter says nothing
            };
            if let Some(bucket) = buckets.get_mut(place) {
                bucket.push(Spelling { text: spelling.as_bytes().into(), keyword: index });
            }
        }
        let mut occupied = Box::new([0_u64; BUCKETS / 64]);
        for (word, group) in occupied.iter_mut().zip(buckets.chunks(64)) {
            for (bit, bucket) in group.iter().enumerate() {
                *word |= u64::from(!bucket.is_empty()) << bit;
            }
        }
        Self { buckets, occupied, keywords: table.into_values().collect(), longest }
    }

    /// Calls `each` for every word that begins in `from..to` and ends before `to`.
    fn find(&self, text: &[u8], from: usize, to: usize, mut each: impl FnMut(Hit)) {
        let mut before = from.checked_sub(1).and_then(|place| text.get(place)).copied().unwrap_or(b' ');
        let at = |place: usize| text.get(place).copied().unwrap_or(b' ');
        for (start, first) in (from..to).zip(text.get(from..to).unwrap_or_default().iter().copied()) {
            let hump = before.is_ascii_lowercase() && first.is_ascii_uppercase();
            let begins = is_letter(first) && (!is_letter(before) || hump);
            before = first;
            if !begins {
                continue;
            }
            let lower = [first, at(start + 1), at(start + 2)].map(|byte| byte.to_ascii_lowercase());
            let [first, second, third] = lower;
            for place in [bucket(first, second, third), bucket(first, second, 0)] {
                if self.occupied.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1) {
                    self.compare(place, text, start, to, &mut each);
                }
            }
        }
    }

    /// Tells of every spelling of one bucket that stands at `start`.
    fn compare(&self, place: usize, text: &[u8], start: usize, to: usize, each: &mut impl FnMut(Hit)) {
        for spelling in self.buckets.get(place).into_iter().flatten() {
            let end = start + spelling.text.len();
            let part = text.get(start..end).filter(|_| end <= to);
            // Most spellings of a bucket differ in their last letter from what stands here.
            let last = |bytes: &[u8]| bytes.last().map(u8::to_ascii_lowercase);
            let held = part
                .is_some_and(|part| last(part) == last(&spelling.text) && part.eq_ignore_ascii_case(&spelling.text));
            let hit = Hit { start, end, keyword: spelling.keyword };
            if held && self.keyword(hit).is_some_and(|keyword| ends_well(text, hit, keyword)) {
                each(hit);
            }
        }
    }

    /// Identifiers whose words a header or key holds, and whether it holds an exclusion word.
    pub(crate) fn label(&self, header: &str) -> Label {
        let mut label = Label::default();
        self.find(header.as_bytes(), 0, header.len(), |hit| {
            let Some(keyword) = self.keyword(hit) else { return };
            let by_context = (0..IDENTIFIERS_MAX).filter_map(|index| u16::try_from(index).ok());
            let by_context = by_context.filter(|index| keyword.labels.contains(*index));
            label.named.extend(by_context.chain(keyword.column_of.iter().copied()));
            label.certain.union(&keyword.labels);
            label.excluded.union(&keyword.excludes);
            label.excluded_all |= keyword.excludes_all;
        });
        label
    }

    fn keyword(&self, hit: Hit) -> Option<&Keyword> {
        self.keywords.get(usize::try_from(hit.keyword).ok()?)
    }
}

/// Adds a word in its spellings: `account number`, `account_number`, `account-number`, `accountnumber`.
fn add(table: &mut BTreeMap<String, Keyword>, word: &str, mark: impl Fn(&mut Keyword)) {
    let (open_right, word) = word.strip_suffix('*').map_or((false, word), |rest| (true, rest));
    let separators: &[&str] = if word.contains(' ') { &[" ", "_", "-", ""] } else { &[" "] };
    for separator in separators {
        let spelling = word.to_ascii_lowercase().replace(' ', separator);
        if spelling.is_empty() {
            continue;
        }
        let keyword = table.entry(spelling).or_default();
        keyword.open_right |= open_right;
        mark(keyword);
    }
}

/// What a column header or JSON key says about the values under it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Label {
    named: Vec<u16>,
    /// Identifiers named by a word that means nothing else (`full name`, not `name`).
    certain: IdSet,
    excluded: IdSet,
    excluded_all: bool,
}

impl Label {
    pub(crate) fn names(&self, identifier: u16) -> bool {
        self.named.contains(&identifier)
    }

    pub(crate) fn certainly_names(&self, identifier: u16) -> bool {
        self.certain.contains(identifier)
    }

    pub(crate) fn excludes(&self, identifier: u16) -> bool {
        self.excluded_all || self.excluded.contains(identifier)
    }
}

/// A word may touch digits and marks, a camelCase border, or a plural `s`; not other letters.
fn ends_well(text: &[u8], hit: Hit, keyword: &Keyword) -> bool {
    let at = |place: usize| text.get(place).copied().unwrap_or(b' ');
    let (last, next, after) = (at(hit.end.saturating_sub(1)), at(hit.end), at(hit.end + 1));
    let plural = next == b's' && !is_letter(after);
    keyword.open_right || !is_letter(next) || plural || (next.is_ascii_uppercase() && last.is_ascii_lowercase())
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || 0x80 <= byte
}

/// Finds words lazily, moving forward with the candidates of one text.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    keywords: &'a Keywords,
    text: &'a [u8],
    scanned_from: usize,
    scanned_to: usize,
    hits: Vec<Hit>,
    /// Hits before this index are too far behind the current candidate to matter.
    oldest: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(keywords: &'a Keywords, text: &'a [u8]) -> Self {
        Self { keywords, text, scanned_from: 0, scanned_to: 0, hits: Vec::new(), oldest: 0 }
    }

    /// Reads the words around `start..end`, `behind` bytes back, and says whose context words are among them.
    /// Candidates come in order of `start`.
    pub(crate) fn visit(&mut self, start: usize, end: usize, behind: usize) -> IdSet {
        let from = start.saturating_sub(behind);
        let to = (end + AFTER_BYTES).min(self.text.len());
        if self.scanned_to < from || from < self.scanned_from {
            self.hits.clear();
            self.oldest = 0;
            (self.scanned_from, self.scanned_to) = (from, from);
        }
        if self.scanned_to < to {
            let back = self.scanned_to.saturating_sub(self.keywords.longest);
            self.scan(back, to);
            self.scanned_to = to;
        }
        let reach = start.saturating_sub(WINDOW_BYTES);
        while self.hits.get(self.oldest).is_some_and(|hit| hit.end < reach) {
            self.oldest += 1;
        }
        let mut named = IdSet::default();
        for hit in self.hits.get(self.oldest..).unwrap_or_default() {
            if let Some(keyword) = self.keywords.keyword(*hit) {
                named.union(&keyword.context_of);
            }
        }
        named
    }

    fn scan(&mut self, from: usize, to: usize) {
        let Self { keywords, text, scanned_to, hits, .. } = self;
        keywords.find(text, from, to, |hit| {
            // A word across the old border ends behind it; one that ends before it is known.
            if *scanned_to < hit.end {
                hits.push(hit);
            }
        });
        // Words come by their beginning; what follows needs them by their end.
        hits.sort_by_key(|hit| hit.end);
    }

    /// The nearest context and exclusion words of one identifier around `start..end`.
    pub(crate) fn surroundings(&self, index: u16, identifier: &Identifier, start: usize, end: usize) -> Surroundings {
        let mut found = Surroundings::default();
        let hits = self.hits.get(self.oldest..).unwrap_or_default();
        for hit in hits.iter().rev() {
            let Some(keyword) = self.keywords.keyword(*hit) else { continue };
            let positive = keyword.context_of.contains(index);
            let negative = !positive && (keyword.excludes_all || keyword.excludes.contains(index));
            if !positive && !negative {
                continue;
            }
            let distance = if hit.end <= start {
                start - hit.end
            } else if end <= hit.start && positive && self.explains_backwards(*hit, end) {
                // A word behind the value is a weaker sign than one before it.
                hit.start - end + identifier.distance / 2
            } else {
                continue;
            };
            if identifier.distance < distance || (hit.end <= start && self.line_break(hit.end, start)) {
                continue;
            }
            let slot = if positive { &mut found.context } else { &mut found.exclusion };
            *slot = Some(slot.map_or(distance, |nearest: usize| nearest.min(distance)));
        }
        if identifier.context == ContextMode::None {
            found.exclusion = None;
        }
        found
    }

    /// True when a line ends between a word and the value, other than directly behind the word (`SSN:\n412-…`).
    fn line_break(&self, word_end: usize, start: usize) -> bool {
        let between = self.text.get(word_end..start).unwrap_or_default();
        let Some(place) = memchr::memrchr(b'\n', between) else { return false };
        let head = between.get(..place).unwrap_or_default();
        let only_marks = head.iter().all(|byte| matches!(byte, b':' | b' ' | b'\r' | b'=' | b'\t'));
        !only_marks
    }

    /// `… (SSN)`, `… is my passport number`: nothing in between that starts a new field, and the word labels nothing itself.
    fn explains_backwards(&self, hit: Hit, end: usize) -> bool {
        let between = self.text.get(end..hit.start).unwrap_or_default();
        let new_field = between.iter().any(|byte| matches!(byte, b',' | b';' | b':' | b'=' | b'\n' | b'{' | b'"'));
        let labels_next = matches!(self.text.get(hit.end), Some(b':' | b'=' | b'"' | b'#'));
        !new_field && !labels_next
    }
}
