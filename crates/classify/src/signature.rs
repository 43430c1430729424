//! Names that close a message: capitalised words alone at the end of a line, after a sentence or a closing such as `Thanks,`.
//!
//! No dictionaries: a name in the middle of a sentence is left to patterns with a word before it (`Patient …`, `name: …`).

use crate::check;

/// Bytes of a name looked at before the end of a line.
const NAME_BYTES_MAX: usize = 60;

/// Calls `each` with the first and last byte of every closing name.
pub(crate) fn find(text: &str, mut each: impl FnMut(usize, usize)) {
    let Some(check) = check::by_name("person_name") else { return };
    let bytes = text.as_bytes();
    let mut line_start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
    for newline in ends {
        let end = text.get(line_start..newline).map_or(line_start, |line| line_start + line.trim_end().len());
        if let Some(start) = name_start(text, line_start, end)
            && text.get(start..end).is_some_and(|name| two_words(name) && check(name))
        {
            each(start, end);
        }
        line_start = newline + 1;
    }
}

/// Where a name at the end of the line would begin.
fn name_start(text: &str, line_start: usize, end: usize) -> Option<usize> {
    let last = *text.as_bytes().get(end.checked_sub(1)?)?;
    if !(last.is_ascii_alphabetic() || 0x80 <= last || last == b'.') {
        return None;
    }
    let mut floor = end.saturating_sub(NAME_BYTES_MAX).max(line_start);
    while !text.is_char_boundary(floor) {
        floor += 1;
    }
    let tail = text.get(floor..end)?;
    let after_sentence = tail.as_bytes().windows(2).rposition(|pair| matches!(pair, [b'.' | b'!' | b'?', b' ']));
    match after_sentence {
        // `Dr. Ada Byron`: an abbreviation ends no sentence.
        Some(place) if !abbreviation(tail.get(..place)?) => Some(floor + place + 2),
        _ if floor == line_start && closing_before(text, line_start) => Some(line_start),
        _ => None,
    }
}

fn abbreviation(before: &str) -> bool {
    let word = before.rsplit(' ').next().unwrap_or_default();
    word.chars().count() <= 3 && word.chars().next().is_some_and(char::is_uppercase)
}

/// The previous line that is not blank ends with a comma: `Thanks,`.
fn closing_before(text: &str, line_start: usize) -> bool {
    let floor = line_start.saturating_sub(NAME_BYTES_MAX);
    let before = text.as_bytes().get(floor..line_start).unwrap_or_default();
    before.iter().rev().find(|byte| !byte.is_ascii_whitespace()) == Some(&b',')
}

fn two_words(name: &str) -> bool {
    (2..=6).contains(&name.split_whitespace().count())
}
