//! The door for a person's commands that write: carried out by the server when one runs, else here under the lease.
//!
//! [`write`] is the one place that decides which; commands do not know. Either way it is `Write::carry_out` that runs, in the
//! one process that may append, and what it says comes back as an [`Answer`]. Sources are not read through the door.

mod address;
mod answer;
mod client;
mod doorway;
mod jobs;
mod wire;

use std::time::{Duration, Instant};

pub(crate) use answer::Answer;
pub(crate) use doorway::Doorway;
pub(crate) use jobs::Jobs;

use crate::commands::write::{Step, Write};
use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::instance::Instance;
use crate::lease::Lease;
use client::Server;

/// How long to wait for another command that has the lease, or for a server that has just started.
const FIND_WAIT_MAX: Duration = Duration::from_secs(5);
const FIND_AGAIN: Duration = Duration::from_millis(100);

/// Where a command is carried out.
enum Door {
    Server(Server),
    Here(Lease),
}

/// Carries out a command that writes, wherever the writer is, and prints what it says.
pub(crate) async fn write(context: &Context, write: impl Into<Write>) -> Outcome {
    let write = write.into();
    let answer = match find(context).await? {
        Door::Server(server) => server.ask(context, &write).await?,
        Door::Here(lease) => here(context, lease, &write).await?,
    };
    answer.print(context.format)
}

/// A server that listens is asked; where none does, the lease is free, or its holder is about to listen or to end.
async fn find(context: &Context) -> Result<Door, Failure> {
    // A configuration that cannot be used leaves no directory behind.
    context.config()?;
    let dir = context.data_dir();
    Instance::make_dir(dir)?;
    let began = Instant::now();
    loop {
        if let Some(server) = Server::connect(dir).await? {
            return Ok(Door::Server(server));
        }
        if let Some(lease) = Lease::if_free(dir)? {
            return Ok(Door::Here(lease));
        }
        if FIND_WAIT_MAX < began.elapsed() {
            return Err(nobody_opens(dir));
        }
        tokio::time::sleep(FIND_AGAIN).await;
    }
}

fn nobody_opens(dir: &std::path::Path) -> Failure {
    let failure =
        Failure::failed(format!("another watertight process is writing to `{}` and takes no commands", dir.display()));
    match address::of(dir) {
        Ok(_) => failure.help("`ingest` and commands of other people end by themselves: try again then"),
        Err(too_long) => failure.help(too_long.to_string()),
    }
}

async fn here(context: &Context, lease: Lease, write: &Write) -> Result<Answer, Failure> {
    let mut instance = Instance::open_under(context, lease).await?;
    let mut answer = Answer::default();
    loop {
        match write.carry_out(&mut instance, context.clock.now(), &mut answer).await {
            Ok(Step::More) => {}
            Ok(Step::Done(exit)) => return Ok(answer.ended(Ok(exit))),
            Err(failure) => return Ok(answer.ended(Err(failure))),
        }
    }
}
