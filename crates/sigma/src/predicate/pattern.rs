//! Text patterns: whole texts, beginnings, ends, parts, and wildcards. `*` stands for any characters, line breaks
//! included, `?` for exactly one, and the `windash` class for one of the five characters that Windows takes for a dash.

use memchr::memmem::{self, Finder};

use super::{fold, lower};

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    Text(String),
    /// `*`
    Many,
    /// `?`
    One,
    /// `-`, `/`, `–`, `—` or `―`
    Dash,
}

/// What a pattern amounts to once its wildcards are understood.
#[derive(Debug)]
pub(crate) enum Pattern {
    Whole(String),
    Part(Shape, String),
    Wild(Vec<Piece>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    Whole,
    Contains,
    StartsWith,
    EndsWith,
}

impl Pattern {
    /// The simplest form of a pattern. Text is folded to lower case unless `is_cased`.
    pub(crate) fn simplify(pieces: Vec<Piece>, is_cased: bool) -> Self {
        let pieces = merge(pieces, is_cased);
        match pieces.as_slice() {
            [] => Self::Whole(String::new()),
            [Piece::Text(text)] => Self::Whole(text.clone()),
            [Piece::Text(text), Piece::Many] => Self::Part(Shape::StartsWith, text.clone()),
            [Piece::Many, Piece::Text(text)] => Self::Part(Shape::EndsWith, text.clone()),
            [Piece::Many, Piece::Text(text), Piece::Many] => Self::Part(Shape::Contains, text.clone()),
            _ => Self::Wild(pieces),
        }
    }
}

/// Joins neighbours: texts with texts, `*` with `*`.
fn merge(pieces: Vec<Piece>, is_cased: bool) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (merged.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (Some(Piece::Many), Piece::Many) => {}
            (_, Piece::Text(text)) if text.is_empty() => {}
            (_, piece) => merged.push(piece),
        }
    }
    if !is_cased {
        for piece in &mut merged {
            if let Piece::Text(text) = piece {
                *text = lower(text).into_owned();
            }
        }
    }
    merged
}

/// A text to look for at the beginning, at the end or anywhere.
#[derive(Debug)]
pub(crate) struct Needle {
    shape: Shape,
    is_cased: bool,
    finder: Finder<'static>,
}

impl Needle {
    /// `text` must be in lower case unless `is_cased`.
    pub(crate) fn new(shape: Shape, text: &str, is_cased: bool) -> Self {
        Self { shape, is_cased, finder: Finder::new(text.as_bytes()).into_owned() }
    }

    pub(crate) fn text(&self) -> &[u8] {
        self.finder.needle()
    }

    pub(crate) fn is_cased(&self) -> bool {
        self.is_cased
    }

    pub(crate) fn is_found(&self, text: &[u8], folded: &mut Vec<u8>) -> bool {
        let needle = self.finder.needle();
        if !self.is_cased && text.is_ascii() && self.shape != Shape::Contains {
            let part = match self.shape {
                Shape::StartsWith => text.get(..needle.len()),
                Shape::EndsWith => text.len().checked_sub(needle.len()).and_then(|from| text.get(from..)),
                Shape::Whole | Shape::Contains => Some(text),
            };
            return part.is_some_and(|part| part.eq_ignore_ascii_case(needle));
        }
        let text = if self.is_cased { text } else { fold(text, folded) };
        match self.shape {
            Shape::Contains => self.finder.find(text).is_some(),
            shape => shape.relates(text, needle),
        }
    }
}

impl Shape {
    /// Whether `text` contains, starts with, ends with or equals `part`, byte by byte.
    pub(crate) fn relates(self, text: &[u8], part: &[u8]) -> bool {
        match self {
            // A search begins with reading all it looks for, however short the text is.
            Self::Contains if text.len() < part.len() => false,
            Self::Whole => text == part,
            Self::Contains => memmem::find(text, part).is_some(),
            Self::StartsWith => text.starts_with(part),
            Self::EndsWith => text.ends_with(part),
        }
    }

    /// How many bytes [`Self::relates`] reads at most.
    pub(crate) fn bytes_read(self, text: &[u8], part: &[u8]) -> usize {
        match self {
            _ if text.len() < part.len() => 0,
            Self::Whole if text.len() != part.len() => 0,
            Self::Contains => text.len().saturating_add(part.len()),
            Self::Whole | Self::StartsWith | Self::EndsWith => part.len(),
        }
    }
}

/// A pattern with wildcards inside.
#[derive(Debug)]
pub(crate) struct Glob {
    pieces: Vec<Piece>,
    is_cased: bool,
}

impl Glob {
    /// Texts in `pieces` must be in lower case unless `is_cased`.
    pub(crate) fn new(pieces: Vec<Piece>, is_cased: bool) -> Self {
        Self { pieces, is_cased }
    }

    /// The longest text without wildcards in it, which every text that fits must hold.
    pub(crate) fn longest_text(&self) -> Option<&[u8]> {
        let texts = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_bytes()),
            Piece::Many | Piece::One | Piece::Dash => None,
        });
        texts.max_by_key(|text| text.len())
    }

    pub(crate) fn is_cased(&self) -> bool {
        self.is_cased
    }

    pub(crate) fn fits(&self, text: &[u8], folded: &mut Vec<u8>) -> bool {
        let text = if self.is_cased { text } else { fold(text, folded) };
        fits(&self.pieces, text)
    }
}

/// Matches from left to right. On a mismatch the last `*` takes one more character; an earlier `*` never needs to,
/// because the shortest match of what stood between leaves the most to come. Time is at most pieces × text.
fn fits(pieces: &[Piece], text: &[u8]) -> bool {
    let (mut piece, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let step = match pieces.get(piece) {
            None if rest.is_empty() => return true,
            None => None,
            Some(Piece::Many) => {
                retry = Some((piece + 1, at));
                piece += 1;
                continue;
            }
            Some(Piece::Text(expected)) => rest.starts_with(expected.as_bytes()).then_some(expected.len()),
            Some(Piece::One) => character_length(rest),
            Some(Piece::Dash) => dash_length(rest),
        };
        if let Some(length) = step {
            (piece, at) = (piece + 1, at + length);
            continue;
        }
        let Some((after_star, from)) = retry else { return false };
        let Some(from) = next_try(pieces, after_star, text, from) else { return false };
        retry = Some((after_star, from));
        (piece, at) = (after_star, from);
    }
}

/// Where the pieces after a `*` that failed at `from` may be tried next.
fn next_try(pieces: &[Piece], after_star: usize, text: &[u8], from: usize) -> Option<usize> {
    let next = from + character_length(text.get(from..)?)?;
    match pieces.get(after_star) {
        Some(Piece::Text(expected)) => memmem::find(text.get(next..)?, expected.as_bytes()).map(|skip| next + skip),
        _ => Some(next),
    }
}

fn character_length(text: &[u8]) -> Option<usize> {
    let length = match text.first()? {
        0x00..=0x7F => 1,
        0x80..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xFF => 4,
    };
    Some(length.min(text.len()))
}

fn dash_length(text: &[u8]) -> Option<usize> {
    ["-", "/", "\u{2013}", "\u{2014}", "\u{2015}"]
        .iter()
        .find(|dash| text.starts_with(dash.as_bytes()))
        .map(|dash| dash.len())
}

#[cfg(test)]
mod tests {
    use super::Piece::{Dash, Many, One};
    use super::{Piece, fits};

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn wildcards() {
        let cases: [(Vec<Piece>, &[&str], &[&str]); 7] = [
            (vec![Many], &["", "x", "a\nb"], &[]),
            (vec![text("a"), Many, text("b")], &["ab", "axxb", "abab", "a\nb"], &["a", "abx", "xab"]),
            (vec![text("a"), One, text("c")], &["abc", "aéc", "a😀c"], &["ac", "abbc"]),
            (vec![Many, text("ab"), Many, text("ab"), Many], &["abab", "xabyabz"], &["ab", "aab"]),
            (vec![Many, One], &["a", "ab"], &[""]),
            (vec![Many, One, text("b")], &["ab", "bb", "xabb"], &["b", ""]),
            (vec![text(" "), Dash, text("q")], &[" -q", " /q", " —q"], &[" q", " --q"]),
        ];
        for (pieces, fitting, other) in cases {
            for case in fitting {
                assert!(fits(&pieces, case.as_bytes()), "{pieces:?} {case}");
            }
            for case in other {
                assert!(!fits(&pieces, case.as_bytes()), "{pieces:?} {case}");
            }
        }
    }
}
