//! One large file read by several workers: its owner cuts it into pieces of whole records, workers without a file of their
//! own look at them, and the owner puts together what they say, in the order of the records.
//!
//! Nothing depends on who looks at which piece. The owner waits for nobody who has not begun: it takes such a piece back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use ingest::{Decoder, Item, Limits, LogFile, Record, Rejected};

use super::part::Part;
use super::pool::InOrder;
use super::{Job, lock};
use crate::exit::Failure;

/// Records of a piece: enough to be worth handing over, and little enough that the pieces of several files fit beside each
/// other: 2 MB a file.
const PIECE_BYTES: usize = 256 << 10;
/// Small records bring more findings per byte; their outcome has to stay small too.
const PIECE_RECORDS_MAX: usize = 4_096;
/// Pieces of one file that are cut and not yet put together.
const FLIGHT_MAX: usize = 8;

/// Consecutive records of one file.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Index of the first record.
    first: u64,
    bytes: Vec<u8>,
    /// Where each record ends in `bytes`.
    ends: Vec<usize>,
}

/// A piece with what is needed to look at it, and what came of it.
#[derive(Debug)]
pub(super) struct Ticket {
    member: Arc<str>,
    decoder: Decoder,
    file: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Waiting(Piece),
    /// Somebody is at it, or it was put together.
    Taken,
    Done(Result<Part, Failure>),
}

impl Ticket {
    /// Looks at the piece, unless somebody does already.
    pub(super) fn work<J: Job>(&self, job: &J, tools: &mut J::Tools) {
        let taken = std::mem::replace(&mut *lock(&self.state), State::Taken);
        let State::Waiting(piece) = taken else {
            *lock(&self.state) = taken;
            return;
        };
        let outcome = self.look(&piece, job, tools);
        *lock(&self.state) = State::Done(outcome);
    }

    fn look<J: Job>(&self, piece: &Piece, job: &J, tools: &mut J::Tools) -> Result<Part, Failure> {
        let mut part = Part::of(self.file);
        let limits = Limits::default();
        let mut start = 0;
        for (index, end) in (piece.first..).zip(&piece.ends) {
            let raw = piece.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            let record = Record::new(&self.member, index, raw, &self.decoder, &limits);
            super::look(job, tools, Item::Record(record), &mut part)?;
        }
        Ok(part)
    }

    /// What came of it, once; `None` while it is not done.
    pub(super) fn outcome(&self) -> Option<Result<Part, Failure>> {
        let mut state = lock(&self.state);
        if !matches!(*state, State::Done(_)) {
            return None;
        }
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(outcome) => Some(outcome),
            _ => None,
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(*lock(&self.state), State::Waiting(_))
    }

    fn is_done(&self) -> bool {
        matches!(*lock(&self.state), State::Done(_))
    }
}

/// Reads a file to its end with the help of other workers.
pub(super) fn read<J: Job>(
    job: &J,
    tools: &mut J::Tools,
    file: &mut LogFile,
    decoder: &Decoder,
    out: &mut InOrder<'_>,
) -> Result<(), Failure> {
    let member: Arc<str> = file.name().into();
    let mut flight: Flight = VecDeque::new();
    loop {
        let (piece, after) = cut(file);
        if !piece.ends.is_empty() {
            let (member, decoder) = (Arc::clone(&member), decoder.clone());
            let state = Mutex::new(State::Waiting(piece));
            let ticket = Arc::new(Ticket { member, decoder, file: out.part.file, state });
            out.pool.offer(&ticket);
            flight.push_back(ticket);
        }
        let kept = if matches!(after, After::More) { FLIGHT_MAX } else { 0 };
        settle(job, tools, &mut flight, kept, out)?;
        match after {
            After::More => {}
            After::Rejected(rejected) => {
                super::look(job, tools, Item::Rejected(rejected), &mut out.part)?;
                out.relieve()?;
            }
            After::End => return Ok(()),
        }
    }
}

type Flight = VecDeque<Arc<Ticket>>;

/// Puts together what is done, in order, and sees to it that no more than `kept` pieces are left.
fn settle<J: Job>(
    job: &J,
    tools: &mut J::Tools,
    flight: &mut Flight,
    kept: usize,
    out: &mut InOrder<'_>,
) -> Result<(), Failure> {
    while let Some(front) = flight.front() {
        if !front.is_done() {
            if flight.len() <= kept {
                break;
            }
            if let Some(waiting) = flight.iter().find(|ticket| ticket.is_waiting()) {
                waiting.work(job, tools);
                continue;
            }
        }
        out.append(out.pool.finished(front)?)?;
        flight.pop_front();
    }
    Ok(())
}

/// What stands behind a piece.
enum After {
    More,
    Rejected(Rejected),
    End,
}

/// The next records, up to the size of a piece or to one that was rejected.
fn cut(file: &mut LogFile) -> (Piece, After) {
    let mut piece = Piece { bytes: Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8), ..Piece::default() };
    while piece.bytes.len() < PIECE_BYTES && piece.ends.len() < PIECE_RECORDS_MAX {
        match file.next() {
            None => return (piece, After::End),
            Some(Item::Rejected(rejected)) => return (piece, After::Rejected(rejected)),
            Some(Item::Record(record)) => {
                if piece.ends.is_empty() {
                    piece.first = record.index;
                }
                piece.bytes.extend_from_slice(record.raw);
                piece.ends.push(piece.bytes.len());
            }
        }
    }
    (piece, After::More)
}
