//! All patterns compiled into one lazy automaton that is walked from token starts only.
//!
//! A table of byte pairs, read off the automaton, rejects most token starts before it is entered. This module knows patterns
//! and boundaries; checks, context and scores come after it (see `scan`).

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::pool::Pool;
use regex_automata::util::primitives::PatternID;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind, meta, nfa::thompson};

use crate::identifier::{Detector, Identifier, IdentifierError};

/// Bytes one walk may take: the longest value is a PEM block.
const WALK_BYTES_MAX: usize = 16 * 1024;
/// Bytes one walk may take once a text has used up its budget: hostile texts make every token start walk far.
const WALK_BYTES_MAX_SPENT: usize = 128;
/// Walked bytes allowed per byte of text before the shorter limit applies. Dense logs measure below 4.
const WALK_BUDGET_FACTOR: usize = 32;
/// Memory of one lazy automaton's cache.
const CACHE_BYTES: usize = 16 * 1024 * 1024;
/// Memory of the compiled patterns.
const NFA_BYTES_MAX: usize = 64 * 1024 * 1024;

type MakeCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// A pattern that holds from a token start up to `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) identifier: u16,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug)]
struct Pattern {
    identifier: u16,
    boundary: bool,
    glued: bool,
    /// Present when the pattern names a group `value`: only that part is the match.
    value: Option<meta::Regex>,
}

/// The compiled patterns of one classifier.
pub(crate) struct Program {
    dfa: Arc<DFA>,
    caches: Pool<Cache, MakeCache>,
    patterns: Vec<Pattern>,
    starts: Box<Starts>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("patterns", &self.patterns.len()).finish_non_exhaustive()
    }
}

/// Which bytes, and which pairs of bytes, some pattern can begin with.
struct Starts {
    /// 0: nothing begins here; 1: a letter or digit; 2: a mark that some pattern begins with.
    class: [u8; 256],
    pairs: [[u64; 4]; 256],
}

impl Starts {
    fn pair(&self, first: u8, second: u8) -> bool {
        let row = self.pairs[usize::from(first)];
        row[usize::from(second >> 6)] >> (second & 63) & 1 == 1
    }
}

impl Program {
    /// Compiles every pattern that compiles; the others are errors and are left out.
    pub(crate) fn compile(identifiers: &[Identifier]) -> (Self, Vec<IdentifierError>) {
        let mut errors = Vec::new();
        let mut patterns = Vec::new();
        let mut sources: Vec<&str> = Vec::new();
        for (index, identifier) in (0_u16..).zip(identifiers) {
            if identifier.detector != Detector::Pattern {
                continue;
            }
            match single(identifier) {
                Ok(value) => {
                    let (boundary, glued) = (identifier.boundary, identifier.glued);
                    patterns.push(Pattern { identifier: index, boundary, glued, value });
                    sources.push(&identifier.pattern);
                }
                Err(reason) => errors.push(IdentifierError::Pattern { id: identifier.id.to_string(), reason }),
            }
        }
        let dfa = Arc::new(automaton(&sources).unwrap_or_else(|reason| {
            errors.push(IdentifierError::Pattern { id: "all together".to_owned(), reason });
            DFA::never_match().expect("an automaton that never matches has no pattern that could be too large")
        }));
        let for_pool = Arc::clone(&dfa);
        let make: MakeCache = Box::new(move || for_pool.create_cache());
        let starts = Box::new(starts(&dfa));
        (Self { dfa, caches: Pool::new(make), patterns, starts }, errors)
    }

    /// Calls `each` for every pattern that holds at a token start, in order of position.
    pub(crate) fn walk(&self, text: &[u8], mut each: impl FnMut(&[Found])) {
        let mut cache = self.caches.get();
        let mut budget = text.len().saturating_mul(WALK_BUDGET_FACTOR);
        let mut found = Vec::new();
        let mut place = 0;
        let mut inside = false;
        while let Some(byte) = text.get(place).copied() {
            let class = self.starts.class[usize::from(byte)];
            let begins = class == 2 || (class == 1 && !inside);
            inside = class == 1;
            if begins && self.starts.pair(byte, text.get(place + 1).copied().unwrap_or(b'\n')) {
                found.clear();
                let cap = if budget == 0 { WALK_BYTES_MAX_SPENT } else { WALK_BYTES_MAX };
                let walked = self.walk_from(&mut cache, text, place, cap, &mut found);
                budget = budget.saturating_sub(walked);
                if !found.is_empty() {
                    each(&found);
                }
            }
            place += 1;
        }
    }

    /// Walks from one token start; returns the bytes walked. A pattern that holds at several ends keeps the last good one.
    fn walk_from(&self, cache: &mut Cache, text: &[u8], start: usize, cap: usize, found: &mut Vec<Found>) -> usize {
        let limit = (start + cap).min(text.len());
        let input = Input::new(text).range(start..).anchored(Anchored::Yes);
        let Ok(mut state) = self.dfa.start_state_forward(cache, &input) else { return 0 };
        for place in start..limit {
            let Some(byte) = text.get(place) else { break };
            let Ok(next) = self.dfa.next_state(cache, state, *byte) else { return place - start };
            state = next;
            if state.is_tagged() {
                if state.is_match() {
                    self.record(cache, state, text, start, place, found);
                } else if state.is_dead() || state.is_quit() {
                    return place - start;
                }
            }
        }
        // The automaton is one byte behind: ask what holds at the very end of what was walked.
        let next = match text.get(limit) {
            Some(byte) => self.dfa.next_state(cache, state, *byte),
            None => self.dfa.next_eoi_state(cache, state),
        };
        if let Ok(state) = next
            && state.is_match()
        {
            self.record(cache, state, text, start, limit, found);
        }
        limit - start
    }

    fn record(
        &self,
        cache: &Cache,
        state: regex_automata::hybrid::LazyStateID,
        text: &[u8],
        start: usize,
        end: usize,
        found: &mut Vec<Found>,
    ) {
        for index in 0..self.dfa.match_len(cache, state) {
            let id: PatternID = self.dfa.match_pattern(cache, state, index);
            let Some(pattern) = self.patterns.get(id.as_usize()) else { continue };
            if end == start || !pattern.fits(text, start, end) {
                continue;
            }
            match found.iter_mut().find(|earlier| earlier.identifier == pattern.identifier) {
                Some(earlier) => earlier.end = end,
                None => found.push(Found { identifier: pattern.identifier, start, end }),
            }
        }
    }

    /// The part of a match that is the value.
    pub(crate) fn value(&self, text: &[u8], found: Found) -> Option<(usize, usize)> {
        let whole = Some((found.start, found.end));
        let pattern = self.patterns.iter().find(|pattern| pattern.identifier == found.identifier)?;
        let Some(regex) = &pattern.value else { return whole };
        let mut captures = regex.create_captures();
        let input = Input::new(text).range(found.start..found.end).anchored(Anchored::Yes);
        regex.captures(input, &mut captures);
        let group = captures.get_group_by_name("value")?;
        Some((group.start, group.end))
    }
}

impl Pattern {
    /// Neither side of the match may continue it: a number inside a longer number is another number.
    fn fits(&self, text: &[u8], start: usize, end: usize) -> bool {
        let at = |place: usize| text.get(place).copied().unwrap_or(b' ');
        let before = |back: usize| start.checked_sub(back).map_or(b' ', at);
        if self.boundary && at(end.saturating_sub(1)).is_ascii_alphanumeric() && at(end).is_ascii_alphanumeric() {
            return false;
        }
        if self.glued {
            return true;
        }
        let joins = |mark: u8| matches!(mark, b'-' | b'.' | b'_' | b'@');
        let slashed = |mark: u8, beyond: u8| mark == b'/' && beyond.is_ascii_digit();
        let left = before(2).is_ascii_alphanumeric() && matches!(before(1), b'-' | b'.' | b'@');
        let left_slash = at(start).is_ascii_digit() && slashed(before(1), before(2));
        let right = joins(at(end)) && at(end + 1).is_ascii_alphanumeric();
        let right_slash = at(end.saturating_sub(1)).is_ascii_digit() && slashed(at(end), at(end + 1));
        !(left || left_slash || right || right_slash)
    }
}

fn bytes_syntax() -> syntax::Config {
    // ASCII classes over bytes: `\d` is ten digits. A pattern that needs letters of all scripts says `(?u:\p{L})`.
    syntax::Config::new().unicode(false).utf8(false)
}

/// Compiles one pattern by itself, to blame the right author, and keeps it when it names a `value`.
fn single(identifier: &Identifier) -> Result<Option<meta::Regex>, String> {
    let regex = meta::Builder::new()
        .syntax(bytes_syntax())
        .configure(meta::Config::new().utf8_empty(false).nfa_size_limit(Some(NFA_BYTES_MAX)))
        .build(&identifier.pattern)
        .map_err(|error| match error.syntax_error() {
            Some(syntax) => syntax.to_string(),
            None => error.to_string(),
        })?;
    let named = regex.group_info().to_index(PatternID::ZERO, "value").is_some();
    Ok(named.then_some(regex))
}

fn automaton(sources: &[&str]) -> Result<DFA, String> {
    let config = DFA::config().match_kind(MatchKind::All).cache_capacity(CACHE_BYTES).skip_cache_capacity_check(true);
    let nfa = thompson::Config::new()
        .utf8(false)
        .nfa_size_limit(Some(NFA_BYTES_MAX))
        .which_captures(thompson::WhichCaptures::None);
    DFA::builder()
        .configure(config)
        .syntax(bytes_syntax())
        .thompson(nfa)
        .build_many(sources)
        .map_err(|error| error.to_string())
}

/// Reads off the automaton which pairs of bytes lead anywhere.
fn starts(dfa: &DFA) -> Starts {
    let mut starts = Starts { class: [0; 256], pairs: [[0; 4]; 256] };
    let mut cache = dfa.create_cache();
    let input = Input::new("").anchored(Anchored::Yes);
    let Ok(origin) = dfa.start_state_forward(&mut cache, &input) else { return starts };
    for first in 0..=u8::MAX {
        let Ok(one) = dfa.next_state(&mut cache, origin, first) else { continue };
        let alive = !one.is_dead();
        if first.is_ascii_alphanumeric() {
            starts.class[usize::from(first)] = 1;
        } else if alive {
            starts.class[usize::from(first)] = 2;
        }
        if !alive {
            continue;
        }
        for second in 0..=u8::MAX {
            // A match is reported one byte late, so a state that only matches is alive too.
            let dead = dfa.next_state(&mut cache, one, second).is_ok_and(|two| two.is_dead());
            if !dead {
                starts.pairs[usize::from(first)][usize::from(second >> 6)] |= 1 << (second & 63);
            }
        }
    }
    starts
}
