//! The syslog inlets: a TCP listener for each source. TLS is ended in front of us.
//!
//! A source that cannot be laid down is not read, so that its sender's own queue takes over.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Spools;
use crate::config::{Config, Place};
use crate::exit::{Failure, OrFail as _};
use crate::output;

/// Senders of one source that are connected at the same time; the next one waits to be taken.
const SENDERS_MAX: usize = 64;

pub(super) async fn open(config: &Config, spools: &Spools, tasks: &mut JoinSet<()>) -> Result<(), Failure> {
    for source in &config.source {
        let (Place::Syslog(syslog), Some(spool)) = (source.place(), spools.get(&source.id)) else { continue };
        let listener = TcpListener::bind(&syslog.listen).await;
        let listener = listener.or_usage(format!("source `{}`: failed to listen on `{}`", source.id, syslog.listen))?;
        output::talk(format!("syslog of source `{}` is at {} (TCP)", source.id, syslog.listen));
        tasks.spawn(accept(listener, source.id.clone(), spool.clone()));
    }
    Ok(())
}

async fn accept(listener: TcpListener, source: String, spool: receive::Spool) {
    let places = Arc::new(Semaphore::new(SENDERS_MAX));
    let mut senders = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%source, "a syslog sender could not be taken: {error}");
                continue;
            }
        };
        let (source, spool) = (source.clone(), spool.clone());
        senders.spawn(async move {
            let _place = place;
            if let Err(error) = receive::syslog::stream(stream, &spool).await {
                tracing::warn!(%source, %address, "a syslog stream ended: {error}");
            }
        });
        while senders.try_join_next().is_some() {}
    }
}
