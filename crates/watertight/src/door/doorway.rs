//! The server's end of the door: lets the owner's commands in, a few at a time, and hands each to the writer.
//!
//! It checks who knocks and that what is said is well formed. It opens nothing and decides nothing: the writer, who reads the
//! sources between two commands, carries them out.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::jobs::{Job, Jobs};
use super::wire::{
    self, BUSY_EVERY, FromWhom, Greeting, MESSAGE_BYTES_MAX, Reply, Request, TRANSFER_WAIT_MAX, WireError,
};
use super::{Answer, address};
use crate::clock::Clock;
use crate::exit::Failure;
use crate::output;

/// Commands that are let in at the same time; others wait outside.
const GUESTS_MAX: u32 = 16;

/// How long answers may take to leave when the server stops.
const LEAVE_WAIT_MAX: Duration = Duration::from_secs(2);

/// The listening part. Dropped or closed, nobody is let in any more.
#[derive(Debug)]
pub(crate) struct Doorway {
    guests: Arc<Semaphore>,
    letting_in: Option<tokio::task::JoinHandle<()>>,
}

impl Doorway {
    /// Listens in the data directory. Where its name is too long for a socket, the server runs without a door and says so.
    pub(crate) fn open(dir: &Path, clock: Clock) -> Result<(Self, Jobs), Failure> {
        let guests = Arc::new(Semaphore::new(GUESTS_MAX as usize));
        let (sender, receiver) = mpsc::channel(GUESTS_MAX as usize);
        let path = match address::of(dir) {
            Ok(path) => path,
            Err(too_long) => {
                output::talk(format!("note: commands that write need `serve` to be stopped: {too_long}"));
                return Ok((Self { guests, letting_in: None }, Jobs::new(receiver, None, clock)));
            }
        };
        let (listener, bound) = address::bind(&path)?;
        let letting_in = tokio::spawn(let_in(listener, bound.owner, guests.clone(), sender));
        Ok((Self { guests, letting_in: Some(letting_in) }, Jobs::new(receiver, Some(bound), clock)))
    }

    /// Lets nobody in any more and waits until those inside have their answers, for a moment at most.
    pub(crate) async fn close(self) {
        if let Some(letting_in) = &self.letting_in {
            letting_in.abort();
        }
        // Whoever does not take an answer within that time goes without.
        drop(tokio::time::timeout(LEAVE_WAIT_MAX, self.guests.acquire_many(GUESTS_MAX)).await);
    }
}

async fn let_in(listener: UnixListener, owner: u32, guests: Arc<Semaphore>, jobs: mpsc::Sender<Job>) {
    loop {
        let Ok(place) = guests.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::error!("failed to let a command in: {error}");
                // Out of file descriptors, most likely: they come back.
                tokio::time::sleep(BUSY_EVERY).await;
                continue;
            }
        };
        let jobs = jobs.clone();
        tokio::spawn(async move {
            if let Err(error) = attend(stream, owner, &jobs).await {
                tracing::warn!("a command was not answered: {error}");
            }
            drop(place);
        });
    }
}

/// One guest from the greeting to the answer.
async fn attend(mut stream: UnixStream, owner: u32, jobs: &mpsc::Sender<Job>) -> Result<(), WireError> {
    let peer = stream.peer_cred()?.uid();
    if !address::is_trusted(peer, owner) {
        tracing::error!(peer, owner, "a command of another user was turned away");
        return Ok(());
    }
    wire::send(&mut stream, &Greeting::ours()).await?;
    let json = match wire::receive(&mut stream, MESSAGE_BYTES_MAX, TRANSFER_WAIT_MAX).await {
        // Somebody looked in and asked nothing.
        Err(WireError::Gone(_)) => return Ok(()),
        json => json?,
    };
    let request = match read(&json) {
        Ok(request) => request,
        Err(failure) => return reply(&mut stream, Answer::default().ended(Err(failure))).await,
    };
    drop(json);
    let (to_guest, mut answer) = oneshot::channel();
    if jobs.send(Job::new(request, to_guest)).await.is_err() {
        return reply(&mut stream, stopping()).await;
    }
    loop {
        match tokio::time::timeout(BUSY_EVERY, &mut answer).await {
            Ok(done) => return reply(&mut stream, done.unwrap_or_else(|_| stopping())).await,
            // When the guest is gone this fails, and the writer sees that nobody waits.
            Err(_) => wire::send(&mut stream, &Reply::Busy).await?,
        }
    }
}

fn read(json: &[u8]) -> Result<Request, Failure> {
    let malformed = |error: WireError| Failure::usage(format!("failed to read the command: {error}; nothing was done"));
    let FromWhom { from } = wire::parse(json).map_err(malformed)?;
    let ours = Greeting::ours();
    if from != ours {
        return Err(Failure::usage(format!("the server is {ours} and this command is {from}; nothing was done"))
            .help("use the server's program, or start the server again with this one"));
    }
    wire::parse(json).map_err(malformed)
}

async fn reply(stream: &mut UnixStream, answer: Answer) -> Result<(), WireError> {
    wire::send(stream, &Reply::Done(answer)).await
}

fn stopping() -> Answer {
    Answer::default().ended(Err(Failure::failed("`serve` is stopping and did not finish the command")
        .help("run it again: what the log has already is not written twice")))
}
