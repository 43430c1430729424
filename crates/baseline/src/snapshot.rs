//! What was learned as bytes: a version, a keyed checksum, and postcard. Written and read by nobody else.
//!
//! States are found again by baseline id and by the shape of what they learn, so a changed file loses its own state only;
//! changed thresholds lose nothing. Everything that is read is checked before it is used.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::amounts::PeerVolume;
use crate::baselines::Baselines;
use crate::case::Presence;
use crate::definition::{Baseline, Measure};
use crate::group::Group;
use crate::hash::Keyed;
use crate::learner::{Learner, Memory};
use crate::table::Table;
use crate::travel::Travel;
use crate::values::Values;
use crate::volume::Volume;

/// The first byte of every snapshot.
const VERSION: u8 = 1;
/// Version and checksum.
const HEAD_BYTES: usize = 9;

/// Why no snapshot was made.
#[derive(Debug, thiserror::Error)]
#[error("write what baselines have learned: {0}")]
pub struct SnapshotError(#[from] postcard::Error);

/// Why a snapshot cannot be used; learning then starts again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    #[error("the snapshot is cut off")]
    TooShort,
    #[error("the snapshot has version {0}, this program reads version {VERSION}; learning must start again")]
    Version(u8),
    #[error("the snapshot is damaged or was taken with another hash key")]
    Checksum,
    #[error("the snapshot cannot be read: {0}")]
    Content(String),
}

/// What became of the states in a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Ids of baselines that go on with what they had learned.
    pub kept: Vec<String>,
    /// Ids of baselines that changed or are gone; what they had learned is lost.
    pub lost: Vec<String>,
    /// Ids of baselines that the snapshot did not know; they start to learn.
    pub new: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    observed: u64,
    counters: [u64; 2],
    recent: Vec<u64>,
    applied: Vec<(String, u64)>,
    learners: Vec<SavedLearner>,
}

#[derive(Serialize, Deserialize)]
struct SavedLearner {
    id: String,
    shape: u64,
    counters: [u64; 6],
    /// Tables, in a framing of their own, so that one of an unknown shape can be passed over.
    entities: Vec<u8>,
    peers: Vec<u8>,
}

impl Baselines {
    /// All that was learned, and which batches were applied.
    ///
    /// # Errors
    /// Only if memory cannot be had for it.
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        let learners: Result<Vec<SavedLearner>, postcard::Error> =
            self.baselines.iter().zip(&self.learners).map(|(baseline, learner)| save(baseline, learner)).collect();
        let saved = Saved {
            observed: self.observed,
            counters: [self.guard.duplicates, self.guard.from_the_future],
            recent: self.guard.recent(),
            applied: self.applied.iter().map(|(source, sequence)| (source.clone(), *sequence)).collect(),
            learners: learners?,
        };
        let payload = postcard::to_allocvec(&saved)?;
        let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&checksum(&self.keyed, &payload).to_le_bytes());
        bytes.extend_from_slice(&payload);
        Ok(bytes)
    }

    /// Goes on from a snapshot. Call it on fresh baselines; nothing is changed when it fails.
    ///
    /// # Errors
    /// The bytes are no snapshot of ours, are damaged, or are from another version or key.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<Restored, RestoreError> {
        let (version, rest) = bytes.split_first().ok_or(RestoreError::TooShort)?;
        if *version != VERSION {
            return Err(RestoreError::Version(*version));
        }
        let (sum, payload) = rest.split_first_chunk::<8>().ok_or(RestoreError::TooShort)?;
        if checksum(&self.keyed, payload) != u64::from_le_bytes(*sum) {
            return Err(RestoreError::Checksum);
        }
        let saved: Saved = read(payload)?;
        let mut restored = Restored::default();
        let mut learners = self.learners.clone();
        for one in &saved.learners {
            let place = self.baselines.iter().position(|baseline| baseline.id == one.id && baseline.shape == one.shape);
            let Some((baseline, learner)) = place.and_then(|at| Some((self.baselines.get(at)?, learners.get_mut(at)?)))
            else {
                restored.lost.push(one.id.clone());
                continue;
            };
            load(baseline, learner, one)?;
            restored.kept.push(one.id.clone());
        }
        let is_new = |baseline: &&Baseline| !restored.kept.contains(&baseline.id);
        restored.new = self.baselines.iter().filter(is_new).map(|baseline| baseline.id.clone()).collect();
        self.learners = learners;
        self.observed = saved.observed;
        [self.guard.duplicates, self.guard.from_the_future] = saved.counters;
        self.guard.load(&saved.recent);
        self.applied = saved.applied.into_iter().take(self.limits.sources_max).collect();
        Ok(restored)
    }
}

fn checksum(keyed: &Keyed, payload: &[u8]) -> u64 {
    keyed.pair(b"snapshot", payload)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RestoreError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(RestoreError::Content("bytes follow its end".to_owned())),
        Err(error) => Err(RestoreError::Content(error.to_string())),
    }
}

fn save(baseline: &Baseline, learner: &Learner) -> Result<SavedLearner, postcard::Error> {
    let nothing = || Ok(Vec::new());
    let (entities, peers) = match &learner.memory {
        Memory::Values { entities, peers } => (table(entities), table(peers)),
        Memory::Rarity { entities, peers } => (table(entities), table(peers)),
        Memory::Volume { entities, peers } => (table(entities), table(peers)),
        Memory::Travel { entities } => (table(entities), nothing()),
        Memory::Dormant { entities } => (table(entities), nothing()),
    };
    let evicted = match &learner.memory {
        Memory::Values { entities, peers } => (entities.evicted(), peers.evicted()),
        Memory::Rarity { entities, peers } => (entities.evicted(), peers.evicted()),
        Memory::Volume { entities, peers } => (entities.evicted(), peers.evicted()),
        Memory::Travel { entities } => (entities.evicted(), 0),
        Memory::Dormant { entities } => (entities.evicted(), 0),
    };
    let counters = [learner.selected, learner.nameless, learner.late, learner.unusual, evicted.0, evicted.1];
    Ok(SavedLearner { id: baseline.id.clone(), shape: baseline.shape, counters, entities: entities?, peers: peers? })
}

fn table<T: Default + Serialize>(table: &Table<T>) -> Result<Vec<u8>, postcard::Error> {
    let rows: Vec<(u64, bool, &T)> = table.in_order().collect();
    postcard::to_allocvec(&rows)
}

fn load(baseline: &Baseline, learner: &mut Learner, saved: &SavedLearner) -> Result<(), RestoreError> {
    let [selected, nameless, late, unusual, entities_evicted, peers_evicted] = saved.counters;
    (learner.selected, learner.nameless, learner.late, learner.unusual) = (selected, nameless, late, unusual);
    let values_max = match &baseline.measure {
        Measure::NewValue { rules, .. } | Measure::Rarity { rules, .. } | Measure::Travel { rules, .. } => {
            rules.values_max
        }
        _ => 0,
    };
    let values = |state: &Values| state.is_sound(values_max);
    match &mut learner.memory {
        Memory::Values { entities, peers } => {
            fill(entities, &saved.entities, entities_evicted, values)?;
            fill(peers, &saved.peers, peers_evicted, values)
        }
        Memory::Rarity { entities, peers } => {
            fill(entities, &saved.entities, entities_evicted, values)?;
            fill(peers, &saved.peers, peers_evicted, Group::is_sound)
        }
        Memory::Volume { entities, peers } => {
            let Measure::Volume(rules) = &baseline.measure else { return Ok(()) };
            fill(entities, &saved.entities, entities_evicted, |state: &Volume| state.is_sound(rules))?;
            fill(peers, &saved.peers, peers_evicted, |peer: &PeerVolume| peer.amounts.is_sound())
        }
        Memory::Travel { entities } => {
            fill(entities, &saved.entities, entities_evicted, |state: &Travel| values(&state.places))
        }
        Memory::Dormant { entities } => {
            fill(entities, &saved.entities, entities_evicted, |state: &Presence| state.first <= state.last)
        }
    }
}

/// Rows come in the order of activity; if there are more than fit now, the least recently active ones are evicted.
fn fill<T: Default + DeserializeOwned>(
    table: &mut Table<T>,
    bytes: &[u8],
    evicted: u64,
    is_sound: impl Fn(&T) -> bool,
) -> Result<(), RestoreError> {
    let rows: Vec<(u64, bool, T)> = read(bytes)?;
    table.set_evicted(evicted);
    for (key, regular, state) in rows {
        if !is_sound(&state) {
            return Err(RestoreError::Content("a state breaks its own rules".to_owned()));
        }
        table.load(key, regular, state);
    }
    Ok(())
}
