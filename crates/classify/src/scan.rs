//! One text in, the spans of sensitive values out: candidates → check → context → arbitration.
//!
//! Offsets are UTF-8 bytes into the text given. This module does not know tables, files or persons.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::Classifier;
use crate::check;
use crate::context::{Cursor, IdSet, Label, Surroundings};
use crate::identifier::{ContextMode, Detector, Identifier};
use crate::program::Found;

/// Matches below this score are not reported in text. In a column many weak matches together can still make one verdict.
pub const SCORE_MIN: f32 = 0.5;

/// One sensitive value in a text. Holds no part of the value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    #[serde(serialize_with = "as_text")]
    pub id: Arc<str>,
    /// First byte, counted from 0 in the UTF-8 text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line, counted from 1.
    pub line: usize,
    /// Character in the line, counted from 1.
    pub column: usize,
    /// 0 to 1.
    pub score: f32,
}

fn as_text<S: Serializer>(id: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(id)
}

/// A match before it has a line and a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hit {
    pub(crate) identifier: u16,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) score: f32,
}

impl Classifier {
    /// Every sensitive value of a text, in order, none overlapping another.
    pub fn scan_text(&self, text: &str) -> Vec<Span> {
        let mut hits = self.hits(text, None);
        hits.retain(|hit| SCORE_MIN <= hit.score);
        arbitrate(&mut hits);
        self.place(text, &hits)
    }

    /// All hits, overlaps and weak ones included. `label` is the header or key the text stands under.
    pub(crate) fn hits(&self, text: &str, label: Option<&Label>) -> Vec<Hit> {
        let mut hits = Vec::new();
        let bytes = text.as_bytes();
        let mut cursor = Cursor::new(&self.keywords, bytes);
        let mut readings: Vec<(Found, Hit)> = Vec::new();
        self.program.walk(bytes, |found| {
            // Checks are cheaper than reading the words around, and few numbers pass one.
            readings.clear();
            readings.extend(found.iter().filter_map(|one| {
                let (start, end) = self.program.value(bytes, *one);
                Some((*one, self.proven(text, one.identifier, start, end)?))
            }));
            if readings.is_empty() {
                return;
            }
            let named = self.visit(&mut cursor, &readings);
            for (one, hit) in &readings {
                let unnamed = self.needs_word.contains(one.identifier) && !named.contains(one.identifier);
                if (label.is_some() || !unnamed)
                    && let Some(score) = self.weigh(*one, &cursor, label)
                {
                    hits.push(Hit { score, ..*hit });
                }
            }
        });
        for (detector, index, score) in &self.special {
            let push = |start, end| hits.push(Hit { identifier: *index, start, end, score: *score });
            match detector {
                Detector::Email => crate::email::find(text, push),
                Detector::Signature => crate::signature::find(text, push),
                Detector::Pattern | Detector::Anchor | Detector::Column => {}
            }
        }
        for around in &self.anchors {
            around.find(text, |start, end| hits.extend(self.proven(text, around.identifier, start, end)));
        }
        hits
    }

    /// Reads the words around a candidate as far as its readings ask for them.
    fn visit(&self, cursor: &mut Cursor<'_>, readings: &[(Found, Hit)]) -> IdSet {
        let mut reach = None;
        let mut end = 0;
        for (one, _) in readings {
            let Some(identifier) = self.identifiers.get(usize::from(one.identifier)) else { continue };
            if identifier.context != ContextMode::None {
                reach = reach.max(Some(identifier.distance));
                end = end.max(one.end);
            }
        }
        match (reach, readings.first()) {
            (Some(reach), Some((first, _))) => cursor.visit(first.start, end, reach),
            _ => IdSet::default(),
        }
    }

    /// The score of a reading after the words around it, or nothing.
    fn weigh(&self, found: Found, cursor: &Cursor<'_>, label: Option<&Label>) -> Option<f32> {
        let identifier = self.identifiers.get(usize::from(found.identifier))?;
        if identifier.context == ContextMode::None {
            return Some(identifier.score);
        }
        let near = cursor.surroundings(found.identifier, identifier, found.start, found.end);
        score(identifier, near, label.map(|label| (label, found.identifier)))
    }

    /// The hit, if the value passes the identifier's check.
    fn proven(&self, text: &str, index: u16, start: usize, end: usize) -> Option<Hit> {
        let identifier = self.identifiers.get(usize::from(index))?;
        let value = text.get(start..end)?;
        let passes = self.checks.get(usize::from(index))?.is_none_or(|check| check(value));
        passes.then_some(Hit { identifier: index, start, end, score: identifier.score })
    }

    /// Names, lines and columns for hits in order.
    fn place(&self, text: &str, hits: &[Hit]) -> Vec<Span> {
        let mut lines = Lines::new(text);
        hits.iter()
            .filter_map(|hit| {
                let identifier = self.identifiers.get(usize::from(hit.identifier))?;
                let (line, column) = lines.locate(hit.start);
                let id = Arc::clone(&identifier.id);
                Some(Span { id, start: hit.start, end: hit.end, line, column, score: hit.score })
            })
            .collect()
    }
}

/// The score that the surroundings leave, or nothing.
fn score(identifier: &Identifier, near: Surroundings, label: Option<(&Label, u16)>) -> Option<f32> {
    let mode = identifier.context;
    let closer_exclusion = match (near.context, near.exclusion) {
        (Some(context), Some(exclusion)) => exclusion < context,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    // Inside one value of a column the header is the nearest word unless the value itself has words.
    if let Some((label, index)) = label
        && near.context.is_none()
    {
        if label.names(index) {
            return Some(identifier.score_context);
        }
        return (mode == ContextMode::Boost && !closer_exclusion && !label.excludes(index)).then_some(identifier.score);
    }
    if closer_exclusion {
        return None;
    }
    match (near.context, mode) {
        // Nearer words explain a value better: up to 0.04 lost over the allowed distance decides between two readings.
        (Some(distance), _) => Some(identifier.score_context - 0.04 * share(distance, identifier.distance)),
        (None, ContextMode::Boost) => Some(identifier.score),
        (None, _) => None,
    }
}

fn share(distance: usize, limit: usize) -> f32 {
    let small = |value: usize| f32::from(u16::try_from(value).unwrap_or(u16::MAX));
    small(distance) / small(limit.max(1))
}

/// Of overlapping hits keeps the best scored, then the longest, then the first loaded. Leaves them in order.
pub(crate) fn arbitrate(hits: &mut Vec<Hit>) {
    hits.sort_by_key(|hit| (hit.start, hit.identifier));
    let mut kept: Vec<Hit> = Vec::with_capacity(hits.len());
    let mut cluster: Vec<Hit> = Vec::new();
    let mut cluster_end = 0;
    for hit in hits.iter() {
        if cluster_end <= hit.start {
            settle(&mut cluster, &mut kept);
        }
        cluster_end = if cluster.is_empty() { hit.end } else { cluster_end.max(hit.end) };
        cluster.push(*hit);
    }
    settle(&mut cluster, &mut kept);
    *hits = kept;
}

/// Decides one group of hits that hang together by overlaps.
fn settle(cluster: &mut Vec<Hit>, kept: &mut Vec<Hit>) {
    if 1 < cluster.len() {
        let length = |hit: &Hit| hit.end - hit.start;
        cluster.sort_by(|a, b| {
            b.score.total_cmp(&a.score).then(length(b).cmp(&length(a))).then(a.identifier.cmp(&b.identifier))
        });
        let mut free: std::collections::BTreeMap<usize, usize> = std::collections::BTreeMap::new();
        cluster.retain(|hit| {
            let fits = free.range(..hit.end).next_back().is_none_or(|(_, end)| *end <= hit.start);
            if fits {
                free.insert(hit.start, hit.end);
            }
            fits
        });
        cluster.sort_by_key(|hit| hit.start);
    }
    kept.append(cluster);
}

/// Turns offsets into lines and columns, moving forward only.
struct Lines<'a> {
    text: &'a str,
    counted_to: usize,
    line: usize,
    line_start: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, counted_to: 0, line: 1, line_start: 0 }
    }

    fn locate(&mut self, offset: usize) -> (usize, usize) {
        let bytes = self.text.as_bytes().get(self.counted_to..offset).unwrap_or_default();
        for newline in memchr::memchr_iter(b'\n', bytes) {
            self.line += 1;
            self.line_start = self.counted_to + newline + 1;
        }
        self.counted_to = self.counted_to.max(offset);
        let column = self.text.get(self.line_start..offset).map_or(0, |part| part.chars().count());
        (self.line, column + 1)
    }
}

/// The check of an identifier, looked up once.
pub(crate) fn checks_of(identifiers: &[Identifier]) -> Vec<Option<check::Check>> {
    identifiers.iter().map(|identifier| identifier.check.as_deref().and_then(check::by_name)).collect()
}
