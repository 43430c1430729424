//! The command's end of the door: find the server, ask it once, and say what is known when it does not answer.
//!
//! Nothing is asked a second time by itself. After a request has left, an answer that does not come leaves open whether it was
//! carried out, and the person is told so.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use tokio::net::UnixStream;

use super::wire::{self, GREETING_BYTES_MAX, Greeting, MESSAGE_BYTES_MAX, Reply, Request, SILENCE_MAX, WireError};
use super::{Answer, address};
use crate::commands::write::Write;
use crate::context::Context;
use crate::exit::{Failure, OrFail as _};
use crate::instance::LOG_KEY_FILE;

/// A server that has greeted us and waits for a request.
#[derive(Debug)]
pub(super) struct Server {
    stream: UnixStream,
}

impl Server {
    /// `None` when nobody listens, or whoever did is going away.
    pub(super) async fn connect(dir: &Path) -> Result<Option<Self>, Failure> {
        let Ok(path) = address::of(dir) else { return Ok(None) };
        let mut stream = match UnixStream::connect(&path).await {
            Ok(stream) => stream,
            Err(error) if is_nobody(error.kind()) => return Ok(None),
            Err(error) => {
                return Err(error)
                    .or_fail(format!("failed to reach the server at `{}`", path.display()))
                    .map_err(|failure| failure.help("run the command as the user who runs `watertight serve`"));
            }
        };
        check_owner(&stream, dir)?;
        let greeting = match wire::receive(&mut stream, GREETING_BYTES_MAX, SILENCE_MAX).await {
            Ok(json) => wire::parse::<Greeting>(&json).or_fail("failed to understand the server's greeting")?,
            Err(WireError::Gone(_)) => return Ok(None),
            Err(error) => {
                return Err(Failure::failed(format!(
                    "the server takes no commands now: {error}; nothing was asked of it"
                ))
                .help("other commands may be waiting: try again"));
            }
        };
        refuse_other_version(&greeting)?;
        Ok(Some(Self { stream }))
    }

    /// Asks, and waits as long as the server shows that it is at work.
    pub(super) async fn ask(mut self, context: &Context, write: &Write) -> Result<Answer, Failure> {
        let config = context.config()?.fingerprint()?;
        let request = Request { from: Greeting::ours(), now: context.global.now, config, write };
        match wire::send(&mut self.stream, &request).await {
            Ok(()) => {}
            Err(error @ WireError::TooLarge { .. }) => {
                return Err(Failure::usage(format!("failed to ask the server: {error}; nothing was done"))
                    .help("stop `watertight serve` and run the command without it"));
            }
            Err(error) => return Err(unanswered(&error)),
        }
        loop {
            let json = wire::receive(&mut self.stream, MESSAGE_BYTES_MAX, SILENCE_MAX).await;
            let reply = json.and_then(|json| wire::parse::<Reply>(&json));
            match reply.map_err(|error| unanswered(&error))? {
                Reply::Busy => {}
                Reply::Done(answer) => return Ok(answer),
            }
        }
    }
}

fn is_nobody(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, ConnectionReset, NotFound};
    [ConnectionRefused, ConnectionReset, NotFound].contains(&kind)
}

/// A request may carry recipients' addresses: only whoever can sign this log is given one.
fn check_owner(stream: &UnixStream, dir: &Path) -> Result<(), Failure> {
    let peer = stream.peer_cred().or_fail("failed to ask who the server is")?.uid();
    let key = dir.join(LOG_KEY_FILE);
    let owner = std::fs::metadata(&key).or_fail(format!("failed to look at `{}`", key.display()))?.uid();
    if address::is_trusted(peer, owner) {
        return Ok(());
    }
    Err(Failure::failed(format!("user {peer} listens for commands here, but the log's key belongs to user {owner}"))
        .help("nothing was asked; find out who put that socket there"))
}

fn refuse_other_version(greeting: &Greeting) -> Result<(), Failure> {
    let ours = Greeting::ours();
    if *greeting == ours {
        return Ok(());
    }
    Err(Failure::usage(format!("the server is {greeting} and this command is {ours}; nothing was asked of it"))
        .help("run the command with the server's program, or start `watertight serve` again with this one"))
}

/// The request has left: nobody here knows what became of it, but it is no riddle.
fn unanswered(error: &WireError) -> Failure {
    Failure::failed(format!("the server did not answer: {error}; each entry it was to write is in the log whole or not at all"))
        .help("look (`watertight incident timeline`, `… list`) or run the command again: what the log has already is not written twice")
}
