//! The words between a command and the server: a greeting, one request, signs of life, one answer.
//!
//! Each is a length (u32, big endian) and as many bytes of JSON. Both ends must be the same program: there is one form of
//! each word and no other, and the greeting says so before anything is asked. Everything is bounded in size and in time.

use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::Answer;
use crate::commands::write::Write;

/// Raised with every change of these words that the program's version does not tell.
const PROTOCOL: u32 = 1;

pub(super) const GREETING_BYTES_MAX: u32 = 4 << 10;
/// Content (1.5 MiB) and recipients (15 MiB) are the largest things a command carries; quotes may double them.
pub(super) const MESSAGE_BYTES_MAX: u32 = 32 << 20;

/// How long a request may take to arrive, and an answer to leave.
pub(super) const TRANSFER_WAIT_MAX: Duration = Duration::from_secs(20);
/// How often the server says that it is still at it.
pub(super) const BUSY_EVERY: Duration = Duration::from_secs(2);
/// So long without a sign of life and the one who asked goes away. Many times the above: the machine may be busy.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Who talks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Greeting {
    pub(super) watertight: String,
    pub(super) protocol: u32,
}

impl Greeting {
    pub(super) fn ours() -> Self {
        Self { watertight: env!("CARGO_PKG_VERSION").to_owned(), protocol: PROTOCOL }
    }
}

impl std::fmt::Display for Greeting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "watertight {} (protocol {})", self.watertight, self.protocol)
    }
}

/// Read first, so that a request of another program is refused by its version and not by its form.
#[derive(Debug, Deserialize)]
pub(super) struct FromWhom {
    pub(super) from: Greeting,
}

/// One command.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request<W = Write> {
    pub(super) from: Greeting,
    /// `--now`, if it was given.
    pub(super) now: Option<Timestamp>,
    /// Hash of the configuration that the command was started with.
    pub(super) config: String,
    pub(super) write: W,
}

/// What the server says to a request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Busy,
    Done(Answer),
}

/// Why a word did not get through.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("the other end went away: {0}")]
    Gone(#[from] std::io::Error),
    #[error("nothing was heard for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("a message of {bytes} bytes is more than the {max} that go through the door")]
    TooLarge { bytes: u64, max: u32 },
    #[error("a message is not understood: {0}")]
    Form(#[from] serde_json::Error),
}

pub(super) async fn send(stream: &mut UnixStream, word: &impl Serialize) -> Result<(), WireError> {
    let json = serde_json::to_vec(word)?;
    let too_large = || WireError::TooLarge { bytes: json.len() as u64, max: MESSAGE_BYTES_MAX };
    let length = u32::try_from(json.len()).ok().filter(|length| *length <= MESSAGE_BYTES_MAX);
    let length = length.ok_or_else(too_large)?;
    let writing = async {
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(&json).await
    };
    within(TRANSFER_WAIT_MAX, writing).await
}

pub(super) async fn receive(stream: &mut UnixStream, max: u32, wait: Duration) -> Result<Vec<u8>, WireError> {
    let length = within(wait, stream.read_u32()).await?;
    if max < length {
        return Err(WireError::TooLarge { bytes: u64::from(length), max });
    }
    // What is announced and does not come takes no memory.
    let mut json = Vec::new();
    let mut whole = stream.take(u64::from(length));
    within(TRANSFER_WAIT_MAX, whole.read_to_end(&mut json)).await?;
    if json.len() as u64 != u64::from(length) {
        return Err(WireError::Gone(std::io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(json)
}

pub(super) fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, WireError> {
    Ok(serde_json::from_slice(json)?)
}

async fn within<T>(wait: Duration, work: impl Future<Output = std::io::Result<T>>) -> Result<T, WireError> {
    match tokio::time::timeout(wait, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(WireError::Silent(wait)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn words_arrive_whole_or_not_at_all() {
        let (mut one, mut other) = UnixStream::pair().unwrap();
        send(&mut one, &Greeting::ours()).await.unwrap();
        let json = receive(&mut other, GREETING_BYTES_MAX, SILENCE_MAX).await.unwrap();
        assert_eq!(parse::<Greeting>(&json).unwrap(), Greeting::ours());

        one.write_all(&u32::MAX.to_be_bytes()).await.unwrap();
        let refused = receive(&mut other, MESSAGE_BYTES_MAX, SILENCE_MAX).await;
        assert!(matches!(refused, Err(WireError::TooLarge { bytes: 0xFFFF_FFFF, .. })), "{refused:?}");

        let (mut one, mut other) = UnixStream::pair().unwrap();
        one.write_all(&[0, 0, 0, 9, b'{']).await.unwrap();
        drop(one);
        let cut = receive(&mut other, MESSAGE_BYTES_MAX, SILENCE_MAX).await;
        assert!(matches!(cut, Err(WireError::Gone(_))), "{cut:?}");

        let (_one, mut other) = UnixStream::pair().unwrap();
        let silent = receive(&mut other, MESSAGE_BYTES_MAX, Duration::from_millis(10)).await;
        assert!(matches!(silent, Err(WireError::Silent(_))), "{silent:?}");
    }

    #[tokio::test]
    async fn what_is_too_large_does_not_leave() {
        let (mut one, _other) = UnixStream::pair().unwrap();
        let refused = send(&mut one, &"x".repeat(MESSAGE_BYTES_MAX as usize)).await;
        assert!(matches!(refused, Err(WireError::TooLarge { .. })));
    }
}
