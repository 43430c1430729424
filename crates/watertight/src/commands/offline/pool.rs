//! Who does what next: workers take files in their order, and pieces of large files when no file is left for them. What
//! they print comes out in the order of the files.
//!
//! Memory stays bounded whatever the input: a worker that would be too far ahead of the printer waits, and so does one
//! whose output for a later file has grown large.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::part::{Part, SAID_MAX};
use super::pieces::Ticket;
use super::{Stats, lock};
use crate::exit::{Exit, Failure, OrFail as _};
use crate::output::{self, Out};

/// Output of one file that may wait in memory for its turn.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// How many files ahead of the printer a worker may be.
const AHEAD_MAX: usize = 256;

/// Shared by all workers.
#[derive(Debug)]
pub(super) struct Pool {
    files: usize,
    /// Where what commands keep of rejected records goes.
    kept: Mutex<Option<BufWriter<File>>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The first file that nobody has taken.
    next: usize,
    /// The file whose output goes to stdout now.
    turn: usize,
    /// Output of later files that are read already.
    done: BTreeMap<usize, Output>,
    /// Pieces that any worker may look at; their owners keep few in flight.
    offered: VecDeque<Arc<Ticket>>,
    /// Workers that wait for any change. Waking nobody is a call to the system too, and small files are many.
    waiting: usize,
    failure: Option<Failure>,
}

/// What is printed of a file, and what is kept.
#[derive(Debug, Default)]
struct Output {
    lines: Vec<u8>,
    kept: Vec<u8>,
}

/// What a worker does next.
#[derive(Debug)]
pub(super) enum Task {
    File(usize),
    Piece(Arc<Ticket>),
}

impl Pool {
    pub(super) fn new(files: usize, kept: Option<File>) -> Self {
        Self { files, kept: Mutex::new(kept.map(BufWriter::new)), state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits for something to do; `None` when everything is done, or something has failed.
    pub(super) fn task(&self) -> Option<Task> {
        let mut state = lock(&self.state);
        loop {
            if state.failure.is_some() || state.turn == self.files {
                return None;
            }
            if let Some(ticket) = state.offered.pop_front() {
                return Some(Task::Piece(ticket));
            }
            if state.next < self.files && state.next < state.turn + AHEAD_MAX {
                state.next += 1;
                return Some(Task::File(state.next - 1));
            }
            state = self.wait(state);
        }
    }

    /// Lets others look at a piece.
    pub(super) fn offer(&self, ticket: &Arc<Ticket>) {
        let mut state = lock(&self.state);
        // Owners take pieces back.
        state.offered.retain(|offered| offered.is_waiting());
        state.offered.push_back(Arc::clone(ticket));
        self.wake(&state);
    }

    /// Waits until another worker is done with a piece.
    pub(super) fn finished(&self, ticket: &Ticket) -> Result<Part, Failure> {
        let mut state = lock(&self.state);
        loop {
            if state.failure.is_some() {
                return Err(stopped());
            }
            if let Some(done) = ticket.outcome() {
                return done;
            }
            state = self.wait(state);
        }
    }

    /// Some piece is done.
    pub(super) fn tell_finished(&self) {
        self.wake(&lock(&self.state));
    }

    /// The first failure counts; every worker stops at its next step.
    pub(super) fn fail(&self, failure: Failure) {
        let mut state = lock(&self.state);
        // A worker that merely heard of the failure has nothing to add.
        if failure.message != STOPPED && state.failure.is_none() {
            state.failure = Some(failure);
        }
        self.wake(&state);
    }

    pub(super) fn end(self) -> Result<(), Failure> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.failure.map_or(Ok(()), Err)?;
        let kept = self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        kept.map_or(Ok(()), |mut file| file.flush()).or_fail(KEEPING)
    }

    fn wait_for_turn(&self, file: usize) -> Result<(), Failure> {
        let mut state = lock(&self.state);
        while state.turn != file && state.failure.is_none() {
            state = self.wait(state);
        }
        if state.failure.is_some() { Err(stopped()) } else { Ok(()) }
    }

    fn print(&self, lines: &[u8], kept: &[u8]) -> Result<(), Failure> {
        let _turn = lock(&self.state);
        self.write(lines, kept)
    }

    /// Only for the file whose turn it is.
    fn write(&self, lines: &[u8], kept: &[u8]) -> Result<(), Failure> {
        if let Some(file) = lock(&self.kept).as_mut() {
            file.write_all(kept).or_fail(KEEPING)?;
        }
        write_stdout(lines)
    }

    /// The file is read to its end: prints it and all finished ones behind it, or keeps it until its turn.
    fn finish(&self, file: usize, output: Output) {
        let mut state = lock(&self.state);
        if state.turn != file {
            state.done.insert(file, output);
            return;
        }
        let mut next = Some(output);
        while let Some(Output { lines, kept }) = next {
            if state.failure.is_none() {
                state.failure = self.write(&lines, &kept).err();
            }
            state.turn += 1;
            let turn = state.turn;
            next = state.done.remove(&turn);
        }
        self.wake(&state);
    }

    fn wait<'s>(&self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        state.waiting += 1;
        let mut state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    fn wake(&self, state: &State) {
        if 0 < state.waiting {
            self.changed.notify_all();
        }
    }
}

/// A worker that panics stops the others; otherwise they would wait for it.
#[derive(Debug)]
pub(super) struct Alarm<'p>(pub(super) &'p Pool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(Failure::failed("a worker stopped; this is our mistake, please report it"));
        }
    }
}

/// The output of one file on its way to stdout.
#[derive(Debug)]
pub(super) struct InOrder<'p> {
    pub(super) pool: &'p Pool,
    /// What was added last.
    pub(super) part: Part,
    said: usize,
}

impl<'p> InOrder<'p> {
    pub(super) fn new(pool: &'p Pool, file: usize) -> Self {
        Self { pool, part: Part::of(file), said: 0 }
    }

    /// Says what there is to say, and prints when much has gathered.
    #[inline]
    pub(super) fn relieve(&mut self) -> Result<(), Failure> {
        if !self.part.said.is_empty() {
            self.say();
        }
        if self.part.lines.len() + self.part.kept.len() < WAITING_BYTES_MAX {
            return Ok(());
        }
        self.pool.wait_for_turn(self.part.file)?;
        self.pool.print(&self.part.lines, &self.part.kept)?;
        self.part.lines.clear();
        self.part.kept.clear();
        Ok(())
    }

    fn say(&mut self) {
        for text in self.part.said.drain(..) {
            self.said += 1;
            if self.said <= SAID_MAX {
                output::talk(text);
            }
        }
    }

    /// Adds what another worker made of the next records.
    pub(super) fn append(&mut self, next: Part) -> Result<(), Failure> {
        self.part.stats.add(&next.stats);
        self.part.lines.extend_from_slice(&next.lines);
        self.part.kept.extend_from_slice(&next.kept);
        self.part.said.extend(next.said);
        self.relieve()
    }

    pub(super) fn finish(mut self) -> Stats {
        self.say();
        let Part { file, stats, lines, kept, .. } = self.part;
        self.pool.finish(file, Output { lines, kept });
        stats
    }
}

const KEEPING: &str = "failed to write rejected records";
const STOPPED: &str = "another file failed";

fn stopped() -> Failure {
    Failure { exit: Exit::Failed, message: STOPPED.to_owned(), help: None }
}

fn write_stdout(bytes: &[u8]) -> Result<(), Failure> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut out = Out::new();
    out.bytes(bytes)?;
    out.flush()
}
