//! Inlets: sources that are sent to us. Each has a spool in the data directory; `serve` opens the sockets, and the flow
//! reads the spools whether somebody listens or not.
//!
//! What a request means is `receive`'s business; here are sockets, secrets and time.

mod http;
mod syslog;

use std::collections::BTreeMap;
use std::path::Path;

use receive::{Spool, SpoolLimits};

use crate::clock::Clock;
use crate::config::{Config, Place, Source};
use crate::exit::{Failure, OrFail as _};
use crate::output;

/// Below the data directory, one directory a source.
const SPOOL_DIR: &str = "spool";

/// The spools of all sources that are sent to us, by source.
pub(crate) type Spools = BTreeMap<String, Spool>;

/// Opens the spools. Only the holder of the lease may.
pub(crate) fn spools(config: &Config, dir: &Path) -> Result<Spools, Failure> {
    let sent = config.source.iter().filter(|source| !matches!(source.place(), Place::Path(_)));
    let open = |source: &Source| {
        let dir = dir.join(SPOOL_DIR).join(directory(&source.id)?);
        let spool = Spool::open(&dir, SpoolLimits::default());
        Ok((source.id.clone(), spool.or_usage(format!("failed to open the spool of source `{}`", source.id))?))
    };
    let spools: Spools = sent.map(open).collect::<Result<_, Failure>>()?;
    tell_abandoned(&dir.join(SPOOL_DIR), &spools);
    Ok(spools)
}

/// What was acknowledged for a source that is no longer configured lies there until it is again.
fn tell_abandoned(dir: &Path, spools: &Spools) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let source = entry.file_name().to_string_lossy().into_owned();
        if receive::spool::holds_segments(&entry.path()) && !spools.contains_key(&source) {
            output::talk(format!(
                "warning: records sent for `{source}` wait in `{}`, and no source of that name is configured",
                entry.path().display()
            ));
        }
    }
}

/// An id that can be the name of a directory on every system.
fn directory(id: &str) -> Result<&str, Failure> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !id.is_empty() && !id.starts_with('.') && id.bytes().all(is_plain) {
        return Ok(id);
    }
    Err(Failure::usage(format!("source `{id}` is sent to us, and its id cannot be part of an address"))
        .help("use letters, digits, `-`, `_` and `.` for it"))
}

/// The sockets of a running system.
#[derive(Debug, Default)]
pub(crate) struct Inlets {
    tasks: tokio::task::JoinSet<()>,
}

impl Inlets {
    /// Binds every socket that is configured, so that a port in use is known before anything runs.
    pub(crate) async fn open(config: &Config, spools: &Spools, clock: Clock) -> Result<Self, Failure> {
        let mut tasks = tokio::task::JoinSet::new();
        http::open(config, spools, clock, &mut tasks).await?;
        syslog::open(config, spools, &mut tasks).await?;
        Ok(Self { tasks })
    }

    /// Closes the sockets. Whoever was not answered sends again.
    pub(crate) async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_no_directory_are_refused() {
        for id in ["", "..", ".hidden", "a/b", "a b", "ü"] {
            assert!(directory(id).is_err(), "{id}");
        }
        assert!(directory("aws.firehose_1-eu").is_ok());
    }
}
