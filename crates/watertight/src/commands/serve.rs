//! `watertight serve`: sources, detection, cases, pages and API in one process, until it is told to stop.
//!
//! One task reads the sources in turn; the pages read the same store. A source that fails is said and tried again.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::flow;
use crate::instance::Instance;
use crate::lifecycle::{self, Watch};
use crate::web::{self, Site};
use crate::{law, output, response};

/// How often incidents are followed up while sources keep giving.
const FOLLOW_UP_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// How long to wait for a clock that runs backward.
const CLOCK_REST: Duration = Duration::from_secs(10);

/// How long the loop rests when no source had anything new. Files are found within this.
const REST: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which part to run; this version runs all of it in one process
    #[arg(long, default_value = "all", value_parser = ["all"])]
    role: String,
    /// Address to listen on instead of [web] listen
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if context.clock.is_simulated() {
        let simulated = context.data_dir().join("keys/log.key");
        let is_simulated = std::fs::read_to_string(simulated).is_ok_and(|key| key.contains("/simulated+"));
        if !is_simulated {
            return Err(Failure::usage("`serve` takes --now only for a log of simulated time")
                .help("leave --now out, or name the data directory of a demo"));
        }
    }
    context.block_on(async {
        let instance = Instance::open(context).await?;
        let listen = args.listen.clone().unwrap_or_else(|| instance.config.web.listen.clone());
        serve(instance, &listen, context.clock).await?;
        Ok(Exit::Done)
    })
}

/// Runs until interrupted.
pub(crate) async fn serve(instance: Instance, listen: &str, clock: Clock) -> Result<(), Failure> {
    let site = Site { store: instance.store.clone(), log_dir: instance.dir.join("log"), clock };
    let stop = Arc::new(tokio::sync::Notify::new());
    let mut reader = tokio::spawn(read_sources(instance, clock, stop.clone()));
    output::talk(format!("watertight is at http://{listen}/ (stop with Ctrl-C)"));
    tokio::select! {
        served = web::serve(site, listen, interrupted()) => {
            // Let the batch in hand reach the log; whatever is not begun waits for the next start.
            stop.notify_one();
            let read = reader.await.or_fail("the flow stopped")?;
            served.and(read)
        }
        // Pages without anybody reading the sources would look healthy and be blind.
        read = &mut reader => read.or_fail("the flow stopped")?,
    }
}

async fn interrupted() {
    // Without a signal handler the process is stopped the hard way, which every start can mend.
    drop(tokio::signal::ctrl_c().await);
}

async fn read_sources(mut instance: Instance, clock: Clock, stop: Arc<tokio::sync::Notify>) -> Result<(), Failure> {
    let mut detectors = lifecycle::begin(&mut instance, clock.now()).await?;
    let mut watch = Watch::new(instance.content_dir.clone(), instance.content.version());
    let mut law = law::load(&instance.content);
    let (mut followed, mut unfollowed): (Option<Timestamp>, bool) = (None, false);
    let mut feeds = Vec::new();
    for source in instance.config.source.clone() {
        feeds.push(flow::open_feed(&instance.store, &source).await?);
    }
    loop {
        // With a clock that runs backward every entry would tell a time that is not true: wait until it is right again.
        if let Err(failure) = instance.check_time(clock.now()).await {
            tracing::error!("nothing is read and nothing is sealed: {failure}");
            if tokio::time::timeout(CLOCK_REST, stop.notified()).await.is_ok() {
                return detectors.learning.settle();
            }
            continue;
        }
        if let Some(content) = watch.changed()
            && lifecycle::reload(&mut instance, &mut detectors, &mut watch, content, clock.now()).await?
        {
            law = law::load(&instance.content);
        }
        let mut idle = true;
        for feed in &mut feeds {
            match flow::turn(&mut instance, &mut detectors, feed, clock.now()).await {
                Ok(Some(_)) => (idle, unfollowed) = (false, true),
                Ok(None) => {}
                Err(failure) => {
                    tracing::error!(source = %feed.id, "{failure}");
                    // One that fails must not hold time back for the others.
                    detectors.note_exhausted(&feed.id);
                    // What was read and not assigned is known only to the store: begin again behind that.
                    if let Err(failure) = reopen(&instance, feed).await {
                        tracing::error!(source = %feed.id, "{failure}");
                    }
                }
            }
        }
        let now = clock.now();
        // Measuring costs more than reading a batch: while records pour in, once a minute is often enough for the law.
        let is_due = followed.is_none_or(|last| last + FOLLOW_UP_EVERY <= now);
        if is_due || (idle && unfollowed) {
            (followed, unfollowed) = (Some(now), false);
            if let Err(failure) = response::follow_up(&mut instance, &law, now).await {
                tracing::error!("failed to follow up incidents: {failure}");
            }
        }
        if idle {
            detectors.learning.settle()?;
        }
        let rest = if idle { REST } else { Duration::ZERO };
        if tokio::time::timeout(rest, stop.notified()).await.is_ok() {
            return detectors.learning.settle();
        }
    }
}

async fn reopen(instance: &Instance, feed: &mut flow::Feed) -> Result<(), Failure> {
    let config = instance.config.source.iter().find(|source| source.id == feed.id);
    if let Some(config) = config {
        *feed = flow::open_feed(&instance.store, config).await?;
    }
    Ok(())
}
