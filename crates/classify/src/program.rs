//! All patterns compiled into one lazy automaton that is walked from token starts only.
//!
//! A table of byte pairs, read off the automaton, rejects most token starts before it is entered. This module knows patterns
//! and boundaries; checks, context and scores come after it (see `scan`).

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::{Pool, PoolGuard};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

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

/// Longest run of digits that is skipped in one step.
const RUN_DIGITS_MAX: usize = 40;

type MakeScratch = Box<dyn Fn() -> Scratch + Send + Sync + UnwindSafe + RefUnwindSafe>;

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
}

/// The compiled patterns of one classifier.
#[derive(Debug)]
pub(crate) struct Program {
    whole: Automaton,
    /// What announces a value (`password = `), pattern by pattern in the order of `announced`.
    announcements: Automaton,
    announced: Vec<u16>,
    patterns: Vec<Pattern>,
    starts: Box<Starts>,
}

impl Program {
    /// Compiles every pattern that compiles; the others are errors and are left out.
    pub(crate) fn compile(identifiers: &[Identifier]) -> (Self, Vec<IdentifierError>) {
        let mut errors = Vec::new();
        let mut patterns = Vec::new();
        let (mut sources, mut glued_sources, mut open_sources) = (Vec::new(), Vec::new(), Vec::new());
        let (mut announced, mut announcements) = (Vec::new(), Vec::new());
        for (index, identifier) in (0_u16..).zip(identifiers) {
            if identifier.detector != Detector::Pattern {
                continue;
            }
            let announce = identifier.announce.as_deref().unwrap_or_default();
            let source = format!("(?:{announce})(?:{})", identifier.pattern);
            if let Err(reason) = compiles(&source) {
                errors.push(IdentifierError::Pattern { id: identifier.id.to_string(), reason });
                continue;
            }
            if !announce.is_empty() {
                announced.push(index);
                announcements.push(announce.to_owned());
            }
            if identifier.glued {
                glued_sources.push(source.clone());
            }
            if !identifier.boundary {
                open_sources.push(source.clone());
            }
            patterns.push(Pattern { identifier: index, boundary: identifier.boundary, glued: identifier.glued });
            sources.push(source);
        }
        let mut build = |sources: &[String]| {
            Automaton::build(sources).unwrap_or_else(|reason| {
                errors.push(IdentifierError::Pattern { id: "all together".to_owned(), reason });
                Automaton::build(&[]).expect("an automaton of no patterns always builds")
            })
        };
        let (whole, announcements) = (build(&sources), build(&announcements));
        let (glued, open) = (build(&glued_sources), build(&open_sources));
        let starts = Box::new(Starts::read(&whole.dfa, &glued.dfa, &open.dfa));
        (Self { whole, announcements, announced, patterns, starts }, errors)
    }

    /// Calls `each` for every set of patterns that hold at one token start, in order of position.
    pub(crate) fn walk(&self, text: &[u8], mut each: impl FnMut(&[Found])) {
        let mut walker = Walker::new(&self.whole);
        let mut budget = text.len().saturating_mul(WALK_BUDGET_FACTOR);
        let mut found = Vec::new();
        let mut class_before = 0;
        for (place, byte) in text.iter().copied().enumerate() {
            let next = text.get(place + 1).copied().unwrap_or(b'\n');
            let class = self.starts.class[usize::from(byte)];
            // One test without branches: nearly every byte fails it, and the processor learns that.
            let begins = class & !class_before;
            class_before = class & INSIDE;
            if begins & self.starts.pair(byte, next) == 0 || !self.starts.stands_free(text, place, byte, next) {
                continue;
            }
            found.clear();
            let cap = if budget == 0 { WALK_BYTES_MAX_SPENT } else { WALK_BYTES_MAX };
            let bounded = !held(&self.starts.open, byte, next);
            let walked = walker
                .walk(text, place, cap, bounded, |pattern, end| self.record(text, pattern, place, end, &mut found));
            budget = budget.saturating_sub(walked);
            if !found.is_empty() {
                each(&found);
            }
        }
    }

    /// Of several ends of one pattern the last good one stands.
    fn record(&self, text: &[u8], pattern: usize, start: usize, end: usize, found: &mut Vec<Found>) {
        let Some(pattern) = self.patterns.get(pattern) else { return };
        if end == start || !pattern.fits(text, start, end) {
            return;
        }
        match found.iter_mut().find(|earlier| earlier.identifier == pattern.identifier) {
            Some(earlier) => earlier.end = end,
            None => found.push(Found { identifier: pattern.identifier, start, end }),
        }
    }

    /// The part of a match that is the value: all of it, or what follows the announcement.
    pub(crate) fn value(&self, text: &[u8], found: Found) -> (usize, usize) {
        let Some(wanted) = self.announced.iter().position(|identifier| *identifier == found.identifier) else {
            return (found.start, found.end);
        };
        let mut start = found.start;
        Walker::new(&self.announcements).walk(text, found.start, WALK_BYTES_MAX, false, |pattern, end| {
            if pattern == wanted && end < found.end {
                start = end;
            }
        });
        (start, found.end)
    }
}

impl Pattern {
    /// Neither side of the match may continue it: a number inside a longer number is another number.
    fn fits(&self, text: &[u8], start: usize, end: usize) -> bool {
        let at = |place: usize| text.get(place).copied().unwrap_or(b' ');
        let last = at(end.saturating_sub(1));
        if (0x80..0xC0).contains(&at(end)) {
            return false; // inside a character
        }
        if self.boundary && last.is_ascii_alphanumeric() && at(end).is_ascii_alphanumeric() {
            return false;
        }
        if self.glued {
            return true;
        }
        let right = matches!(at(end), b'-' | b'.' | b'_' | b'@') && at(end + 1).is_ascii_alphanumeric();
        let right_slash = last.is_ascii_digit() && at(end) == b'/' && at(end + 1).is_ascii_digit();
        !(right || right_slash || left_glued(text, start))
    }
}

/// True when the token at `start` continues a longer one: `x-123`, `1.5`, `07/12`, `23:45`.
fn left_glued(text: &[u8], start: usize) -> bool {
    let before = |back: usize| start.checked_sub(back).and_then(|place| text.get(place)).copied().unwrap_or(b' ');
    let digit = text.get(start).is_some_and(u8::is_ascii_digit);
    match before(1) {
        b'-' | b'.' | b'@' => before(2).is_ascii_alphanumeric(),
        b'/' | b':' => digit && before(2).is_ascii_digit(),
        _ => false,
    }
}

/// One lazy automaton over many patterns and the caches it needs, one per thread that scans.
struct Automaton {
    dfa: Arc<DFA>,
    scratch: Pool<Scratch, MakeScratch>,
}

/// What one thread keeps for one automaton between texts.
struct Scratch {
    cache: Cache,
    /// The start state, and for each first digit the states after runs of digits. Good until the cache is cleared.
    origin: Option<LazyStateID>,
    runs: [Vec<LazyStateID>; 10],
    clearings: usize,
}

impl Scratch {
    fn new(dfa: &DFA) -> Self {
        Self { cache: dfa.create_cache(), origin: None, runs: Default::default(), clearings: 0 }
    }

    fn forget_if_cleared(&mut self) {
        if self.clearings != self.cache.clear_count() {
            self.clearings = self.cache.clear_count();
            self.origin = None;
            self.runs = Default::default();
        }
    }
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Automaton").field("patterns", &self.dfa.pattern_len()).finish_non_exhaustive()
    }
}

impl Automaton {
    fn build(sources: &[String]) -> Result<Self, String> {
        let config =
            DFA::config().match_kind(MatchKind::All).cache_capacity(CACHE_BYTES).skip_cache_capacity_check(true);
        let nfa = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(NFA_BYTES_MAX))
            .which_captures(thompson::WhichCaptures::None);
        let dfa = DFA::builder()
            .configure(config)
            .syntax(bytes_syntax())
            .thompson(nfa)
            .build_many(sources)
            .map_err(|error| error.to_string())?;
        let dfa = Arc::new(dfa);
        let for_pool = Arc::clone(&dfa);
        let make: MakeScratch = Box::new(move || Scratch::new(&for_pool));
        Ok(Self { dfa, scratch: Pool::new(make) })
    }
}

/// Walks one automaton over one text, from many places.
struct Walker<'a> {
    dfa: &'a DFA,
    scratch: PoolGuard<'a, Scratch, MakeScratch>,
}

impl<'a> Walker<'a> {
    fn new(automaton: &'a Automaton) -> Self {
        Self { dfa: &automaton.dfa, scratch: automaton.scratch.get() }
    }

    /// Walks from a place; hears of every pattern and every end; returns the bytes walked. With `bounded`, ends between two
    /// letters or digits are not told.
    fn walk(
        &mut self,
        text: &[u8],
        start: usize,
        cap: usize,
        bounded: bool,
        mut each: impl FnMut(usize, usize),
    ) -> usize {
        let limit = start.saturating_add(cap).min(text.len());
        let part = text.get(start..limit).unwrap_or_default();
        let skipped = if bounded { self.skip_digits(part) } else { None };
        let (mut state, ahead) = match skipped {
            Some(skipped) => skipped,
            None => match self.origin() {
                Some(origin) => (origin, 0),
                None => return 0,
            },
        };
        if state.is_dead() {
            return ahead;
        }
        let mut inside = 0 < ahead;
        for (walked, byte) in part.iter().enumerate().skip(ahead) {
            let border = !(inside && byte.is_ascii_alphanumeric());
            inside = byte.is_ascii_alphanumeric();
            let Ok(next) = self.dfa.next_state(&mut self.scratch.cache, state, *byte) else { return walked };
            state = next;
            if state.is_tagged() {
                if state.is_match() {
                    // The automaton is one byte behind: the match ended before this byte.
                    if border || !bounded {
                        self.matches(state, start + walked, &mut each);
                    }
                } else if state.is_dead() || state.is_quit() {
                    return walked;
                }
            }
        }
        let last = match text.get(limit) {
            Some(byte) => self.dfa.next_state(&mut self.scratch.cache, state, *byte),
            None => self.dfa.next_eoi_state(&mut self.scratch.cache, state),
        };
        if let Ok(state) = last
            && state.is_match()
        {
            self.matches(state, limit, &mut each);
        }
        part.len()
    }

    fn matches(&self, state: LazyStateID, end: usize, each: &mut impl FnMut(usize, usize)) {
        for index in 0..self.dfa.match_len(&self.scratch.cache, state) {
            each(self.dfa.match_pattern(&self.scratch.cache, state, index).as_usize(), end);
        }
    }

    /// No pattern looks around, so one start state serves every place until the cache is cleared.
    fn origin(&mut self) -> Option<LazyStateID> {
        self.scratch.forget_if_cleared();
        if self.scratch.origin.is_none() {
            let input = Input::new("").anchored(Anchored::Yes);
            self.scratch.origin = self.dfa.start_state_forward(&mut self.scratch.cache, &input).ok();
        }
        self.scratch.origin
    }

    /// The state after the run of digits that a text begins with, and the digits it stands for: patterns do not look at
    /// which digits they are, so the run is one step.
    fn skip_digits(&mut self, text: &[u8]) -> Option<(LazyStateID, usize)> {
        let first = text.first().filter(|byte| byte.is_ascii_digit())? - b'0';
        let run = text.iter().take(RUN_DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
        self.scratch.forget_if_cleared();
        if self.scratch.runs.get(usize::from(first))?.is_empty() {
            let states = self.run_states(first)?;
            self.scratch.forget_if_cleared();
            *self.scratch.runs.get_mut(usize::from(first))? = states;
        }
        let states = self.scratch.runs.get(usize::from(first))?;
        let ahead = run.min(states.len());
        states.get(ahead.checked_sub(1)?).map(|state| (*state, ahead))
    }

    /// States after one, two, three … digits, as far as all ten digits lead to the same one.
    fn run_states(&mut self, first: u8) -> Option<Vec<LazyStateID>> {
        let origin = self.origin()?;
        let cleared = self.scratch.cache.clear_count();
        let mut states = vec![self.dfa.next_state(&mut self.scratch.cache, origin, b'0' + first).ok()?];
        while states.len() < RUN_DIGITS_MAX {
            let state = *states.last()?;
            let next = self.dfa.next_state(&mut self.scratch.cache, state, b'0').ok()?;
            let same = (b'1'..=b'9').all(|digit| {
                self.dfa.next_state(&mut self.scratch.cache, state, digit).is_ok_and(|other| other == next)
            });
            if !same || state.is_dead() {
                break;
            }
            states.push(next);
        }
        (cleared == self.scratch.cache.clear_count()).then_some(states)
    }
}

/// A letter or digit.
const INSIDE: u8 = 1;
/// A mark that some pattern begins with.
const MARK: u8 = 2;

/// Which bytes, and which pairs of bytes, some pattern can begin with.
#[derive(Debug)]
struct Starts {
    class: [u8; 256],
    pairs: [[u64; 4]; 256],
    /// The same for patterns that may continue a longer token.
    glued: [[u64; 4]; 256],
    /// The same for patterns that may end inside a token.
    open: [[u64; 4]; 256],
}

fn held(pairs: &[[u64; 4]; 256], first: u8, second: u8) -> bool {
    pairs[usize::from(first)][usize::from(second >> 6)] >> (second & 63) & 1 == 1
}

impl Starts {
    /// All ones when the pair can begin a pattern.
    fn pair(&self, first: u8, second: u8) -> u8 {
        if held(&self.pairs, first, second) { u8::MAX } else { 0 }
    }

    /// False when the token continues a longer one and no pattern that allows it begins like this.
    fn stands_free(&self, text: &[u8], place: usize, first: u8, second: u8) -> bool {
        held(&self.glued, first, second) || !left_glued(text, place)
    }

    fn read(whole: &DFA, glued: &DFA, open: &DFA) -> Self {
        let pairs = pairs(whole);
        let mut class = [0; 256];
        for byte in 0..=u8::MAX {
            let alive = pairs[usize::from(byte)] != [0; 4];
            class[usize::from(byte)] = match byte.is_ascii_alphanumeric() {
                true => INSIDE,
                false if alive => MARK,
                false => 0,
            };
        }
        Self { class, pairs, glued: crate::program::pairs(glued), open: crate::program::pairs(open) }
    }
}

/// Reads off an automaton which pairs of bytes lead anywhere.
fn pairs(dfa: &DFA) -> [[u64; 4]; 256] {
    let mut pairs = [[0_u64; 4]; 256];
    let mut cache = dfa.create_cache();
    let Ok(origin) = dfa.start_state_forward(&mut cache, &Input::new("").anchored(Anchored::Yes)) else { return pairs };
    for first in 0..=u8::MAX {
        let Ok(one) = dfa.next_state(&mut cache, origin, first) else { continue };
        if one.is_dead() {
            continue;
        }
        for second in 0..=u8::MAX {
            // A match is reported one byte late, so a state that only matches is alive too.
            let dead = dfa.next_state(&mut cache, one, second).is_ok_and(|two| two.is_dead());
            if !dead {
                pairs[usize::from(first)][usize::from(second >> 6)] |= 1 << (second & 63);
            }
        }
    }
    pairs
}

fn bytes_syntax() -> syntax::Config {
    // ASCII classes over bytes: `\d` is ten digits. A pattern that needs letters of all scripts says `(?u:\p{L})`.
    syntax::Config::new().unicode(false).utf8(false)
}

/// Compiles one pattern by itself, to blame the right author. Patterns that look around would depend on where a walk begins.
fn compiles(source: &str) -> Result<(), String> {
    let nfa = thompson::Compiler::new()
        .syntax(bytes_syntax())
        .configure(thompson::Config::new().utf8(false).nfa_size_limit(Some(NFA_BYTES_MAX)))
        .build(source)
        .map_err(|error| {
            let mut reason = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(deeper) = cause {
                reason = deeper.to_string();
                cause = deeper.source();
            }
            reason
        })?;
    if nfa.look_set_any().is_empty() {
        Ok(())
    } else {
        Err("`^`, `$` and `\\b` are not for patterns: borders are checked after the match".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::strategy::{Strategy as _, ValueTree as _};

    use super::{Automaton, Found, Program, WALK_BYTES_MAX, Walker};
    use crate::identifier::Identifier;

    fn identifiers() -> Vec<Identifier> {
        crate::Classifier::builtin().0.identifiers().to_vec()
    }

    /// Every pattern alone, at every token start, digit by digit: no shared automaton, no table of pairs, no skipped runs.
    fn naive(program: &Program, alone: &[Automaton], text: &[u8]) -> Vec<(u16, usize, usize)> {
        let mut all = Vec::new();
        for start in 0..text.len() {
            let letter = |place: usize| text.get(place).is_some_and(u8::is_ascii_alphanumeric);
            if letter(start) && start.checked_sub(1).is_some_and(letter) {
                continue;
            }
            for (pattern, automaton) in program.patterns.iter().zip(alone) {
                let mut last = None;
                Walker::new(automaton).walk(text, start, WALK_BYTES_MAX, false, |_, end| {
                    if start < end && pattern.fits(text, start, end) {
                        last = Some(end);
                    }
                });
                all.extend(last.map(|end| (pattern.identifier, start, end)));
            }
        }
        all
    }

    fn fast(program: &Program, text: &[u8]) -> Vec<(u16, usize, usize)> {
        let mut all = Vec::new();
        program.walk(text, |found: &[Found]| all.extend(found.iter().map(|one| (one.identifier, one.start, one.end))));
        all.sort_by_key(|(identifier, start, _)| (*start, *identifier));
        all
    }

    #[test]
    fn the_shared_automaton_finds_what_each_pattern_finds_alone() {
        let identifiers = identifiers();
        let (program, errors) = Program::compile(&identifiers);
        assert!(errors.is_empty());
        let source =
            |one: &Identifier| format!("(?:{})(?:{})", one.announce.as_deref().unwrap_or_default(), one.pattern);
        let alone: Vec<Automaton> = program
            .patterns
            .iter()
            .filter_map(|pattern| identifiers.get(usize::from(pattern.identifier)))
            .map(|one| Automaton::build(&[source(one)]).unwrap())
            .collect();
        let pieces = "[0-9]{1,20}|[A-Z]{1,6}|[a-z]{1,6}|[ ./:@_+()-]{1,3}|é|4111 1111 1111 1111|name: |password=|eyJ|AKIA|sk_live_";
        let texts = proptest::collection::vec(pieces, 0..12).prop_map(|parts| parts.concat());
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut matches = 0;
        for _ in 0..300 {
            let text = texts.new_tree(&mut runner).unwrap().current();
            let mut slow = naive(&program, &alone, text.as_bytes());
            slow.sort_by_key(|(identifier, start, _)| (*start, *identifier));
            assert_eq!(fast(&program, text.as_bytes()), slow, "{text}");
            matches += slow.len();
        }
        assert!(300 < matches, "the texts hold too little to compare: {matches}");
    }
}
