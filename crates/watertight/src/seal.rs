//! Publishing the log: entries from the store become tiles, tiles become a signed checkpoint.
//!
//! In this order only: the entry is committed, its tiles are durable, then the checkpoint that covers them is signed. A crash
//! between any two is mended by doing the rest; the other order would sign for bytes that may not exist.

use std::path::Path;

use evidence::{LogKey, Note, TileStore};

use crate::clock::Clock;
use crate::exit::{Failure, OrFail as _};
use crate::failpoint;
use crate::store::Store;

/// The tile directory and the key that signs for it.
#[derive(Debug)]
pub(crate) struct Sealer {
    pub(crate) tiles: TileStore,
    pub(crate) key: LogKey,
}

impl Sealer {
    /// Opens for the writer, or for a reader, who sees the log as its checkpoint covers it now and writes nothing.
    pub(crate) fn open(dir: &Path, key: LogKey, writer: bool) -> Result<Self, Failure> {
        let log = dir.join("log");
        let tiles = if writer { TileStore::open(log) } else { TileStore::open_to_read(log) };
        let tiles = tiles.or_fail("failed to open the sealed log")?;
        Ok(Self { tiles, key })
    }

    /// Refuses to write simulated time into a log of real time, and the other way round.
    pub(crate) fn check_clock(&self, clock: Clock) -> Result<(), Failure> {
        let key = &self.key;
        let log_is_simulated = key.name().ends_with("/simulated");
        if log_is_simulated != clock.is_simulated() {
            let (log, call) = if log_is_simulated { ("simulated", "real") } else { ("real", "simulated") };
            return Err(Failure::usage(format!("the log `{}` tells {log} time, this command {call} time", key.name()))
                .help("give --now for a simulated log, leave it out for a real one"));
        }
        Ok(())
    }

    /// Writes tiles for every entry that has none yet, then signs. Harmless when there is nothing new.
    pub(crate) async fn seal(&mut self, store: &Store) -> Result<(), Failure> {
        loop {
            let size = self.tiles.size();
            let entries = store.entries(size).await.or_fail("failed to read entries to seal")?;
            if entries.is_empty() {
                break;
            }
            let leaves: Vec<&[u8]> = entries.iter().map(|entry| entry.bytes.as_slice()).collect();
            self.tiles.append(size, &leaves).or_fail("failed to write log tiles")?;
        }
        failpoint::hit("flow.tiles_written");
        let covered = self.tiles.checkpoint().or_fail("failed to read the checkpoint")?.map_or(0, |c| c.size);
        if covered < self.tiles.size() {
            self.sign()?;
        }
        failpoint::hit("flow.checkpoint_signed");
        Ok(())
    }

    fn sign(&self) -> Result<Note, Failure> {
        self.tiles.sign_checkpoint(&[&self.key]).or_fail("failed to sign a checkpoint")
    }
}
