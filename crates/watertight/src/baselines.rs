//! What is normal, inside the flow: every event of a batch is shown to the baselines, and what they find unusual becomes a
//! finding.
//!
//! Beside the rules on the path. What was learned is a file in the data directory, written before a batch counts as done and
//! naming the batches in it, so that no batch teaches twice; batches that came after it are learned again from the lake.
//! `baseline` judges; this file feeds it and translates.

mod again;
mod finding;

use std::path::{Path, PathBuf};

use ::baseline::{Baselines, Limits, Loaded, Places, Stats};
use jiff::Timestamp;
use lake::Txn;
use ocsf::Finding;

use crate::config::Config;
use crate::content::Content;
use crate::exit::{Failure, OrFail as _};
use crate::flow::Normal;
use crate::instance::Instance;
use crate::{durable, output, rules};

/// The file inside the data directory.
const SNAPSHOT_FILE: &str = "baselines.learned";
/// A larger snapshot is no longer written with every batch…
const SNAPSHOT_EACH_BATCH_BYTES: usize = 1 << 20;
/// …but with every so-manieth: after a kill these are learned again.
const BATCHES_WITHOUT_SNAPSHOT_MAX: u32 = 32;
/// A table of places is never larger.
const PLACES_BYTES_MAX: u64 = 512 << 20;

/// The baselines of a running flow.
#[derive(Debug)]
pub(crate) struct Learning {
    definitions: Loaded,
    limits: Limits,
    places: Option<Places>,
    path: PathBuf,
    /// `None` before the first batch, and after one that failed half-way: what it taught is forgotten with it.
    learned: Option<Learned>,
}

/// What was learned, and how much of it is not on disk.
#[derive(Debug)]
pub(crate) struct Learned {
    baselines: Baselines,
    batches_since: u32,
    snapshot_bytes: usize,
}

impl Learning {
    /// Reads the baselines of a content set; those that cannot be used are named.
    pub(crate) fn open(dir: &Path, content: &Content, config: &Config) -> Result<Self, Failure> {
        let definitions = definitions(content);
        definitions.errors.iter().for_each(|error| output::talk(format!("error: {error}")));
        let places = places(config)?;
        let limits = Limits::default();
        Ok(Self { definitions, limits, places, path: dir.join(SNAPSHOT_FILE), learned: None })
    }

    /// Shows a batch to the baselines. What they have learned comes back with the findings and is given to [`Self::keep`]
    /// once the log has them.
    pub(crate) async fn observe(
        &mut self,
        instance: &Instance,
        normal: &Normal,
        txn: &Txn,
        now: Timestamp,
    ) -> Result<(Learned, Vec<Finding>), Failure> {
        let tenant = instance.store.tenant();
        let mut learned = match self.learned.take() {
            Some(learned) => learned,
            None => {
                let mut learned = self.restore()?;
                // Kept at once: a batch that fails again and again must not make everything learn again each time.
                if 0 < again::learn(&mut learned.baselines, instance).await? {
                    self.write(&mut learned)?;
                }
                learned
            }
        };
        let seq = u64::try_from(txn.seq).unwrap_or(0);
        let mut findings = Vec::new();
        if !learned.baselines.is_applied(&txn.source, seq) {
            learned.baselines.set_now(now);
            // Amounts are counted in order of time; a batch has the order of its files.
            let mut events: Vec<&ocsf::Event> = normal.events().collect();
            events.sort_by_key(|event| event.time);
            for event in events {
                for unusual in learned.baselines.observe(event) {
                    let baseline = learned.baselines.baselines().get(unusual.baseline);
                    findings.extend(baseline.map(|baseline| finding::of(baseline, &unusual, event, tenant, now)));
                }
            }
            learned.baselines.note_applied(&txn.source, seq);
        }
        Ok((learned, findings))
    }

    /// Takes back what was learned; on disk with every batch while it is small.
    pub(crate) fn keep(&mut self, mut learned: Learned) -> Result<(), Failure> {
        learned.batches_since += 1;
        let is_small = learned.snapshot_bytes <= SNAPSHOT_EACH_BATCH_BYTES;
        if is_small || BATCHES_WITHOUT_SNAPSHOT_MAX <= learned.batches_since {
            self.write(&mut learned)?;
        }
        self.learned = Some(learned);
        Ok(())
    }

    /// Writes what is not on disk yet: a source has nothing new for now, or the program ends.
    pub(crate) fn settle(&mut self) -> Result<(), Failure> {
        if let Some(mut learned) = self.learned.take() {
            if 0 < learned.batches_since {
                self.write(&mut learned)?;
            }
            self.learned = Some(learned);
        }
        Ok(())
    }

    /// The baselines, in the order of [`Self::stats`].
    pub(crate) fn baselines(&self) -> &[::baseline::Baseline] {
        &self.definitions.baselines
    }

    /// Counters as of the last snapshot.
    pub(crate) fn stats(&self) -> Result<Stats, Failure> {
        Ok(self.restore()?.baselines.stats())
    }

    fn write(&self, learned: &mut Learned) -> Result<(), Failure> {
        let bytes = learned.baselines.snapshot().or_fail("failed to keep what baselines have learned")?;
        durable::write_private(&self.path, &bytes)?;
        (learned.snapshot_bytes, learned.batches_since) = (bytes.len(), 0);
        Ok(())
    }

    fn restore(&self) -> Result<Learned, Failure> {
        let mut baselines = Baselines::new(self.definitions.clone(), self.limits.clone(), self.places.clone());
        let doing = format!("failed to read `{}`", self.path.display());
        let bytes = if self.path.exists() { std::fs::read(&self.path).or_fail(doing)? } else { Vec::new() };
        if !bytes.is_empty() {
            match baselines.restore(&bytes) {
                Ok(restored) if restored.lost.is_empty() => {}
                Ok(restored) => tracing::info!(lost = restored.lost.len(), "baselines that changed learn anew"),
                Err(error) => tracing::warn!(%error, "what baselines had learned cannot be used; they learn anew"),
            }
        }
        Ok(Learned { baselines, batches_since: 0, snapshot_bytes: bytes.len() })
    }
}

/// The baselines of a content set.
pub(crate) fn definitions(content: &Content) -> Loaded {
    let files: Vec<(String, String)> = content
        .below("baselines")
        .filter(|(name, _)| rules::is_rule(name))
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    ::baseline::load(&files)
}

/// The table of places, where one is configured.
pub(crate) fn places(config: &Config) -> Result<Option<Places>, Failure> {
    config.baselines.places.as_deref().map(read_places).transpose()
}

fn read_places(path: &Path) -> Result<Places, Failure> {
    let doing = format!("failed to read the table of places `{}`", path.display());
    let size = std::fs::metadata(path).or_usage(&doing)?.len();
    if PLACES_BYTES_MAX < size {
        return Err(Failure::usage(format!("{doing}: {size} bytes is more than the limit of {PLACES_BYTES_MAX}")));
    }
    let text = std::fs::read_to_string(path).or_usage(&doing)?;
    Places::parse(&text).or_usage(&doing)
}
