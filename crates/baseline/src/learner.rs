//! One baseline at work: its memory, its counters, and which way of judging an event goes to.
//!
//! How each measure judges is in `case` (values, places, silence) and `amounts`. Events that `select` refused never come here.

use crate::amounts::PeerVolume;
use crate::case::{Case, Presence};
use crate::definition::{Baseline, Measure};
use crate::facts::Facts;
use crate::group::Group;
use crate::hash::Keyed;
use crate::limits::Limits;
use crate::places::Places;
use crate::table::Table;
use crate::travel::Travel;
use crate::unusual::Unusual;
use crate::values::Values;
use crate::volume::Volume;

/// Groups for rarity are large (at most about 150 kB), so there may be fewer of them.
const RARITY_PEERS_SHARE: usize = 16;

/// What a baseline remembers.
#[derive(Debug, Clone)]
pub(crate) enum Memory {
    Values { entities: Table<Values>, peers: Table<Values> },
    Rarity { entities: Table<Values>, peers: Table<Group> },
    Volume { entities: Table<Volume>, peers: Table<PeerVolume> },
    Travel { entities: Table<Travel> },
    Dormant { entities: Table<Presence> },
}

/// A baseline's memory and counters.
#[derive(Debug, Clone)]
pub(crate) struct Learner {
    pub(crate) memory: Memory,
    pub(crate) selected: u64,
    pub(crate) nameless: u64,
    pub(crate) late: u64,
    pub(crate) unusual: u64,
}

/// What judging needs besides the state.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) index: usize,
    pub(crate) baseline: &'c Baseline,
    pub(crate) places: Option<&'c Places>,
    pub(crate) keyed: &'c Keyed,
}

impl Learner {
    pub(crate) fn new(measure: &Measure, limits: &Limits) -> Self {
        let (entities, peers) = (limits.entities_max, limits.peers_max);
        let memory = match measure {
            Measure::NewValue { .. } => Memory::Values { entities: Table::new(entities), peers: Table::new(peers) },
            Measure::Rarity { .. } => {
                Memory::Rarity { entities: Table::new(entities), peers: Table::new(peers / RARITY_PEERS_SHARE) }
            }
            Measure::Volume(_) => Memory::Volume { entities: Table::new(entities), peers: Table::new(peers) },
            Measure::Travel { .. } => Memory::Travel { entities: Table::new(entities) },
            Measure::Dormant { .. } => Memory::Dormant { entities: Table::new(entities) },
        };
        Self { memory, selected: 0, nameless: 0, late: 0, unusual: 0 }
    }

    /// Takes in an event that `select` matched.
    pub(crate) fn observe(&mut self, context: Context<'_>, facts: &Facts<'_>) -> Option<Unusual> {
        self.selected += 1;
        let Some(case) = Case::of(context, facts) else {
            self.nameless += 1;
            return None;
        };
        let found = match (&mut self.memory, &context.baseline.measure) {
            (Memory::Values { entities, peers }, Measure::NewValue { value, rules, newcomers }) => {
                let text = facts.text(*value, context.places)?;
                case.new_value(entities, peers, &text, rules, *newcomers)
            }
            (Memory::Rarity { entities, peers }, Measure::Rarity { value, rules, share_percent, members_min }) => {
                let text = facts.text(*value, context.places)?;
                case.rarity(entities, peers, &text, rules, (*share_percent, *members_min))
            }
            (Memory::Volume { entities, peers }, Measure::Volume(rules)) => {
                case.volume(entities, peers, rules, &mut self.late)
            }
            (Memory::Travel { entities }, Measure::Travel { speed_kmh, distance_km, rules }) => {
                case.travel(entities, rules, (*speed_kmh, *distance_km))
            }
            (Memory::Dormant { entities }, Measure::Dormant { silence }) => case.dormant(entities, *silence),
            // The memory is made from the measure.
            _ => None,
        };
        self.unusual += u64::from(found.is_some());
        found
    }
}
