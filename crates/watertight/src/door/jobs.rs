//! Commands that wait for the writer, and their turn: one step each between two batches, the oldest first.
//!
//! The writer calls [`Jobs::carry_out`] between batches, so a command and a batch are never at work at the same time and
//! nothing needs to be decided twice. A long command comes back for its next step after the sources had theirs.

use std::collections::VecDeque;

use tokio::sync::{mpsc, oneshot};

use super::Answer;
use super::address::Bound;
use super::wire::Request;
use crate::clock::Clock;
use crate::commands::write::Step;
use crate::exit::Failure;
use crate::failpoint;
use crate::instance::Instance;

/// One command, and where its answer goes.
#[derive(Debug)]
pub(super) struct Job {
    request: Request,
    answer: Answer,
    to_guest: oneshot::Sender<Answer>,
}

impl Job {
    pub(super) fn new(request: Request, to_guest: oneshot::Sender<Answer>) -> Self {
        Self { request, answer: Answer::default(), to_guest }
    }
}

/// The writer's end of the door. Dropped, the socket is gone and whoever waits is told.
#[derive(Debug)]
pub(crate) struct Jobs {
    incoming: mpsc::Receiver<Job>,
    /// At most as many as are let in.
    waiting: VecDeque<Job>,
    clock: Clock,
    _bound: Option<Bound>,
}

impl Jobs {
    pub(super) fn new(incoming: mpsc::Receiver<Job>, bound: Option<Bound>, clock: Clock) -> Self {
        Self { incoming, waiting: VecDeque::new(), clock, _bound: bound }
    }

    /// Comes back when a command is there; waits for ever without a door.
    pub(crate) async fn arrive(&mut self) {
        if !self.waiting.is_empty() {
            return;
        }
        match self.incoming.recv().await {
            Some(job) => self.waiting.push_back(job),
            None => std::future::pending().await,
        }
    }

    /// Does one step of each command that waits. Returns whether there was any.
    pub(crate) async fn carry_out(&mut self, instance: &mut Instance) -> bool {
        while let Ok(job) = self.incoming.try_recv() {
            self.waiting.push_back(job);
        }
        let present = self.waiting.len();
        for _ in 0..present {
            let Some(mut job) = self.waiting.pop_front() else { break };
            // Whoever asked was told that it is not known whether this was done: then rather not.
            if job.to_guest.is_closed() {
                continue;
            }
            failpoint::hit("door.taken");
            let ended = match self.step(instance, &mut job).await {
                Ok(Step::More) => {
                    self.waiting.push_back(job);
                    continue;
                }
                Ok(Step::Done(exit)) => Ok(exit),
                Err(failure) => Err(failure),
            };
            failpoint::hit("door.carried_out");
            // The guest may have gone this very moment; the log has it all the same.
            drop(job.to_guest.send(job.answer.ended(ended)));
        }
        0 < present
    }

    async fn step(&self, instance: &mut Instance, job: &mut Job) -> Result<Step, Failure> {
        self.check_clock(instance, &job.request)?;
        if job.answer.is_silent() && job.request.config != instance.config.fingerprint()? {
            job.answer
                .talk("note: `serve` was started with another configuration than this command, and its own counts");
        }
        job.request.write.carry_out(instance, self.clock.now(), &mut job.answer).await
    }

    /// One log has one time, and it is the server's. A command that is given another is refused rather than given this one.
    fn check_clock(&self, instance: &Instance, request: &Request) -> Result<(), Failure> {
        instance.sealer.check_clock(request.now.map_or(Clock::Real, Clock::Fixed))?;
        match (request.now, self.clock) {
            (Some(asked), Clock::Fixed(stands)) if asked != stands => {
                Err(Failure::usage(format!("the server's clock stands at {stands}, this command's at {asked}"))
                    .help(format!("give --now {stands}, or stop the server")))
            }
            _ => Ok(()),
        }
    }
}
