//! The one writer of a running system: sources in turn, a person's commands between two batches, then what follows from both.
//!
//! `serve` starts it beside the pages, which read the same store. It decides nothing: batches are the flow's, commands are
//! `commands`', consequences are `response`'s. A source that fails is said and tried again.

use std::sync::Arc;
use std::time::Duration;

use duty::Law;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::detector::Detectors;
use crate::door::Jobs;
use crate::exit::Failure;
use crate::flow::{self, Feed};
use crate::instance::Instance;
use crate::lifecycle::{self, Watch};
use crate::{law, response};

/// How often incidents are followed up while sources keep giving.
const FOLLOW_UP_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// How long to wait for a clock that runs backward.
const CLOCK_REST: Duration = Duration::from_secs(10);

/// How long the loop rests when no source had anything new. Files are found within this.
const REST: Duration = Duration::from_secs(1);

/// Everything the writer has in hand.
pub(crate) struct Running {
    // First, because it is dropped first: nobody may knock when the lease is free again.
    jobs: Jobs,
    detectors: Detectors,
    watch: Watch,
    law: Law,
    feeds: Vec<Feed>,
    followed: Option<Timestamp>,
    /// A batch or a command may have changed an incident since.
    unfollowed: bool,
    clock: Clock,
    instance: Instance,
}

/// Why a rest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    Rested,
    ByCommand,
    ToStop,
}

impl Running {
    pub(crate) async fn begin(mut instance: Instance, clock: Clock, jobs: Jobs) -> Result<Self, Failure> {
        let detectors = lifecycle::begin(&mut instance, clock.now()).await?;
        let watch = Watch::new(instance.content_dir.clone(), instance.content.version());
        let law = law::load(&instance.content);
        let mut feeds = Vec::new();
        for source in instance.config.source.clone() {
            feeds.push(flow::open_feed(&instance, &source).await?);
        }
        Ok(Self { jobs, detectors, watch, law, feeds, followed: None, unfollowed: false, clock, instance })
    }

    /// Runs until told to stop. The batch in hand reaches the log; what is not begun waits for the next start.
    pub(crate) async fn run(mut self, stop: Arc<tokio::sync::Notify>) -> Result<(), Failure> {
        let mut woken = Woken::Rested;
        while woken != Woken::ToStop {
            self.answer().await;
            // With a clock that runs backward every entry would tell a time that is not true: wait until it is right again.
            if let Err(failure) = self.instance.check_time(self.clock.now()).await {
                tracing::error!("nothing is read and nothing is sealed: {failure}");
                woken = self.rest(&stop, CLOCK_REST).await;
                continue;
            }
            self.take_changed_content().await?;
            let idle = self.read_sources().await;
            // Commands seldom come alone: what follows from them is worked out when nobody has given one for a rest.
            self.follow_up(idle && woken == Woken::Rested).await;
            if idle {
                self.detectors.learning.settle()?;
            }
            let rest = if idle { REST } else { Duration::ZERO };
            woken = self.rest(&stop, rest).await;
        }
        self.detectors.learning.settle()
    }

    /// Carries out the commands that wait.
    async fn answer(&mut self) {
        if self.jobs.carry_out(&mut self.instance).await {
            self.unfollowed = true;
        }
    }

    async fn take_changed_content(&mut self) -> Result<(), Failure> {
        let Some(content) = self.watch.changed() else { return Ok(()) };
        let (instance, detectors) = (&mut self.instance, &mut self.detectors);
        if lifecycle::reload(instance, detectors, &mut self.watch, content, self.clock.now()).await? {
            self.law = law::load(&self.instance.content);
        }
        Ok(())
    }

    /// One batch of each source. Returns whether none had anything new.
    async fn read_sources(&mut self) -> bool {
        let mut idle = true;
        for index in 0..self.feeds.len() {
            if 0 < index {
                self.answer().await;
            }
            let Self { instance, detectors, feeds, clock, .. } = self;
            let feed = &mut feeds[index];
            match flow::turn(instance, detectors, feed, clock.now()).await {
                Ok(Some(_)) => (idle, self.unfollowed) = (false, true),
                Ok(None) => {}
                Err(failure) => {
                    tracing::error!(source = %feed.id, "{failure}");
                    // One that fails must not hold time back for the others.
                    detectors.note_exhausted(&feed.id);
                    // What was read and not assigned is known only to the store: begin again behind that.
                    if let Err(failure) = reopen(instance, feed).await {
                        tracing::error!(source = %feed.id, "{failure}");
                    }
                }
            }
        }
        idle
    }

    /// Measuring costs more than reading a batch: while records pour in, once a minute is often enough for the law.
    async fn follow_up(&mut self, at_rest: bool) {
        let now = self.clock.now();
        let is_due = self.followed.is_none_or(|last| last + FOLLOW_UP_EVERY <= now);
        if is_due || (at_rest && self.unfollowed) {
            (self.followed, self.unfollowed) = (Some(now), false);
            if let Err(failure) = response::follow_up(&mut self.instance, &self.law, now).await {
                tracing::error!("failed to follow up incidents: {failure}");
            }
        }
    }

    async fn rest(&mut self, stop: &tokio::sync::Notify, rest: Duration) -> Woken {
        tokio::select! {
            biased;
            () = stop.notified() => Woken::ToStop,
            () = self.jobs.arrive() => Woken::ByCommand,
            () = tokio::time::sleep(rest) => Woken::Rested,
        }
    }
}

async fn reopen(instance: &Instance, feed: &mut Feed) -> Result<(), Failure> {
    let config = instance.config.source.iter().find(|source| source.id == feed.id);
    if let Some(config) = config {
        *feed = flow::open_feed(instance, config).await?;
    }
    Ok(())
}
