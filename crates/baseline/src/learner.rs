//! One baseline at work: takes an event that it is about, learns from it and says whether it was unusual.
//!
//! Judges before it learns, so no event speaks for itself.

use serde::{Deserialize, Serialize};

use crate::definition::{Baseline, Measure, Quantity, ValueRules, VolumeRules};
use crate::event_times::{same_day, seconds, timestamp};
use crate::explain;
use crate::facts::Facts;
use crate::group::Group;
use crate::hash::{Keyed, short};
use crate::histogram::Histogram;
use crate::limits::Limits;
use crate::places::Places;
use crate::scale;
use crate::table::Table;
use crate::travel::{Fix, Travel, cell};
use crate::unusual::{Expected, History, Unusual};
use crate::values::{Sighting, Values};
use crate::volume::{Amount, Volume};

/// Groups for rarity are large (at most about 150 kB), so there may be fewer of them.
const RARITY_PEERS_SHARE: usize = 16;
/// Complete buckets of a peer group before newcomers are compared with it, and what part of them must be exceeded.
const PEER_BUCKETS_MIN: u64 = 200;
const PEER_QUANTILE_THOUSANDTHS: u64 = 999;
/// A position this much newer than an event was set by a wrong time.
const FIX_AHEAD_SECONDS_MAX: u32 = 86_400;

/// When somebody was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Presence {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) observations: u32,
}

/// Amounts of a peer group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PeerVolume {
    pub(crate) first: u32,
    pub(crate) amounts: Histogram,
}

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

/// One event as one baseline sees it.
struct Case<'c, 'e> {
    context: Context<'c>,
    facts: &'c Facts<'e>,
    entity: String,
    entity_key: u64,
    peer: Option<String>,
    peer_key: u64,
    at: u32,
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

impl<'c, 'e> Case<'c, 'e> {
    /// `None` when the event does not name its entity, or not its peer group where there is one.
    fn of(context: Context<'c>, facts: &'c Facts<'e>) -> Option<Self> {
        let entity = facts.text(context.baseline.entity, context.places)?.into_owned();
        let peer = match context.baseline.peer {
            Some(field) => Some(facts.text(field, context.places)?.into_owned()),
            None => None,
        };
        let entity_key = context.keyed.of(entity.as_bytes());
        let peer_key = peer.as_ref().map_or(0, |peer| context.keyed.of(peer.as_bytes()));
        Some(Self { context, facts, entity, entity_key, peer, peer_key, at: seconds(facts.time) })
    }

    fn new_value(
        &self,
        entities: &mut Table<Values>,
        peers: &mut Table<Values>,
        value: &str,
        rules: &ValueRules,
        newcomers: bool,
    ) -> Option<Unusual> {
        let baseline = self.context.baseline;
        let hash = short(self.context.keyed.of(value.as_bytes()));
        let to_peers = self.peer.is_some().then(|| {
            let peer = peers.touch(self.peer_key);
            let learned = peer.is_learned(self.at, baseline.learning, baseline.observations_min);
            let known = peer.knows(hash, self.at, rules);
            // A colleague's first use is not news for the group a second time; habits of groups are not of interest.
            let sighting = peer.see(hash, value, self.at, rules);
            (learned, known || sighting == Sighting::Known || peer.is_diverse())
        });
        let state = entities.touch(self.entity_key);
        let back = !same_day(state.last, self.at);
        let learned = state.is_learned(self.at, baseline.learning, baseline.observations_min);
        let history = state.history();
        let sighting = state.see(hash, value, self.at, rules);
        if back && history.observations != 0 {
            entities.make_regular(self.entity_key);
        }
        let new_to_peers = match to_peers {
            None => true,
            Some((learned, known)) => learned && !known,
        };
        let judged = learned || (newcomers && to_peers.is_some());
        let unusual = sighting == Sighting::New && judged && new_to_peers;
        unusual.then(|| self.value(value, Expected::Known, history, explain::new_value))
    }

    fn rarity(
        &self,
        entities: &mut Table<Values>,
        peers: &mut Table<Group>,
        value: &str,
        rules: &ValueRules,
        (share_percent, members_min): (u64, u64),
    ) -> Option<Unusual> {
        let baseline = self.context.baseline;
        let hash = short(self.context.keyed.of(value.as_bytes()));
        let state = entities.touch(self.entity_key);
        let back = !same_day(state.last, self.at);
        let learned = state.is_learned(self.at, baseline.learning, baseline.observations_min);
        let history = state.history();
        let sighting = state.see(hash, value, self.at, rules);
        if back && history.observations != 0 {
            entities.make_regular(self.entity_key);
        }
        let group = peers.touch(self.peer_key);
        let may_tell = learned && sighting == Sighting::New && group.is_learned(self.at, baseline.learning);
        let (members, users) = if may_tell { group.share(hash) } else { (0, 0) };
        group.note(self.entity_key, hash, self.at);
        let rare = members_min <= members && users * 100 < share_percent * members;
        (may_tell && rare).then(|| {
            let explain = |case: &Case<'_, '_>, value: &str, history: &History| {
                explain::rarity(case.noun(), value, (members, users), history)
            };
            let mut unusual =
                self.value(value, Expected::ShareAbove(share_percent), history.clone(), |_, _, _| String::new());
            unusual.observed = users * 100 / members.max(1);
            unusual.text = explain(self, value, &history);
            unusual
        })
    }

    fn volume(
        &self,
        entities: &mut Table<Volume>,
        peers: &mut Table<PeerVolume>,
        rules: &VolumeRules,
        late: &mut u64,
    ) -> Option<Unusual> {
        let amount = self.amount(rules.of)?;
        let state = entities.touch(self.entity_key);
        let back = state.last != 0 && !same_day(state.last, self.at);
        let added = state.add(self.at, amount, rules);
        let Some(added) = added else {
            *late += 1;
            return None;
        };
        let mut of_peers = None;
        if self.peer.is_some() {
            let peer = peers.touch(self.peer_key);
            peer.leave(state.with_peers(added.bucket));
            of_peers = peer.expected(self.at, rules);
            peer.join(
                self.at,
                added.total.min(of_peers.map_or(u64::MAX, |(_, high)| high)),
                state.with_peers(added.bucket),
            );
        }
        let mut found = None;
        if rules.at_least < added.total {
            let learned = state.is_learned(self.at, rules);
            let expected =
                if learned { Some(state.expected(added.bucket, rules)) } else { of_peers.filter(|_| rules.newcomers) };
            if let Some(range) = expected.filter(|(_, high)| *high < added.total)
                && state.tell(added.bucket)
            {
                found = Some(self.too_much(state, added.total, added.bucket, range, (rules, learned)));
            }
        }
        if back {
            entities.make_regular(self.entity_key);
        }
        found
    }

    fn amount(&self, of: Quantity) -> Option<Amount> {
        match of {
            Quantity::Count => Some(Amount::Sum(1)),
            Quantity::Bytes => self.facts.bytes.filter(|bytes| *bytes != 0).map(Amount::Sum),
            Quantity::Rows => self.facts.rows.filter(|rows| *rows != 0).map(Amount::Sum),
            Quantity::Distinct(field) => {
                let text = self.facts.text(field, self.context.places)?;
                Some(Amount::Different(self.context.keyed.of(text.as_bytes())))
            }
        }
    }

    fn too_much(
        &self,
        state: &Volume,
        total: u64,
        bucket: u32,
        range: (u64, u64),
        (rules, learned): (&VolumeRules, bool),
    ) -> Unusual {
        let history = state.history(rules);
        let text = explain::volume(total, range, &history, rules, self.at, learned);
        Unusual {
            baseline: self.context.index,
            entity: self.entity.clone(),
            peer: self.peer.clone(),
            time: self.facts.time,
            event_uid: self.facts.uid.to_owned(),
            observed: total,
            value: None,
            bucket: Some(timestamp(bucket.saturating_mul(rules.bucket))),
            expected: Expected::Between(range.0.min(range.1), range.1),
            history,
            text,
        }
    }

    fn travel(
        &self,
        entities: &mut Table<Travel>,
        rules: &ValueRules,
        (speed_max, distance_min): (u32, u32),
    ) -> Option<Unusual> {
        let baseline = self.context.baseline;
        let place = self.context.places?.find(self.facts.address(crate::Field::SrcIp)?)?;
        let here = Fix { at: self.at, position: place.position? };
        let state = entities.touch(self.entity_key);
        let back = state.places.last != 0 && !same_day(state.places.last, self.at);
        let learned = state.places.is_learned(self.at, baseline.learning, baseline.observations_min);
        let country = place.country.as_deref().unwrap_or("somewhere");
        let was_known = state.places.knows(cell(here.position), self.at, rules);
        let history = state.places.history();
        state.places.see(cell(here.position), country, self.at, rules);
        let before = state.last;
        let replaces =
            before.is_none_or(|last| last.at <= self.at || self.at.saturating_add(FIX_AHEAD_SECONDS_MAX) < last.at);
        if replaces {
            state.last = Some(here);
        }
        let before = before?;
        let both_known = was_known && state.places.knows(cell(before.position), self.at, rules);
        let (distance, speed) = (before.distance_km(here), before.speed_kmh(here));
        if back {
            entities.make_regular(self.entity_key);
        }
        let unusual = learned && !both_known && distance_min <= distance && speed_max < speed;
        unusual.then(|| {
            let seconds = u64::from(before.at.abs_diff(self.at));
            let text = explain::travel(country, distance, seconds, speed_max);
            let mut found = self.value(country, Expected::Between(0, u64::from(speed_max)), history, |_, _, _| text);
            found.observed = u64::from(speed);
            found
        })
    }

    fn dormant(&self, entities: &mut Table<Presence>, silence: u32) -> Option<Unusual> {
        let baseline = self.context.baseline;
        let state = entities.touch(self.entity_key);
        let before = *state;
        state.first = if before.observations == 0 { self.at } else { before.first.min(self.at) };
        state.last = before.last.max(self.at);
        state.observations = before.observations.saturating_add(1);
        if before.observations != 0 && !same_day(before.last, self.at) {
            entities.make_regular(self.entity_key);
        }
        let was_active = baseline.learning <= before.last.saturating_sub(before.first)
            && baseline.observations_min <= before.observations;
        let silent = self.at.saturating_sub(before.last);
        (was_active && silence <= silent).then(|| {
            let history = History {
                observations: u64::from(before.observations),
                since: timestamp(before.first),
                values: Vec::new(),
                highest: None,
            };
            let text = explain::dormant(silent, before.last, &history);
            let limit = Expected::Between(0, u64::from(silence / 86_400));
            let mut found = self.value("", limit, history, |_, _, _| text);
            found.value = None;
            found.observed = u64::from(silent / 86_400);
            found
        })
    }

    fn noun(&self) -> &'static str {
        self.context.baseline.peer.map_or("group", crate::Field::noun)
    }

    fn value(
        &self,
        value: &str,
        expected: Expected,
        history: History,
        explain: impl FnOnce(&Baseline, &str, &History) -> String,
    ) -> Unusual {
        Unusual {
            baseline: self.context.index,
            entity: self.entity.clone(),
            peer: self.peer.clone(),
            time: self.facts.time,
            event_uid: self.facts.uid.to_owned(),
            observed: 0,
            value: Some(value.to_owned()),
            bucket: None,
            text: explain(self.context.baseline, value, &history),
            expected,
            history,
        }
    }
}

impl PeerVolume {
    /// Takes an open bucket out, so that nobody is compared with oneself.
    fn leave(&mut self, place: Option<&mut u16>) {
        if let Some(place) = place.filter(|place| **place != 0) {
            self.amounts.take_back(i32::from(std::mem::take(place)));
        }
    }

    /// Puts it back with what it has grown to. Like an entity, a group is taught no more than it let expect.
    fn join(&mut self, at: u32, total: u64, place: Option<&mut u16>) {
        self.first = if self.first == 0 { at } else { self.first.min(at) };
        let steps = scale::steps(total);
        self.amounts.add(steps);
        if let Some(place) = place {
            *place = u16::try_from(steps).unwrap_or(u16::MAX);
        }
    }

    /// What the group lets expect of a newcomer.
    fn expected(&self, at: u32, rules: &VolumeRules) -> Option<(u64, u64)> {
        let learned = self.first != 0 && rules.learning <= at.saturating_sub(self.first);
        if !learned || self.amounts.total() < PEER_BUCKETS_MIN {
            return None;
        }
        let most = self.amounts.quantile(PEER_QUANTILE_THOUSANDTHS);
        Some((0, most.saturating_mul(rules.factor).max(rules.at_least)))
    }
}
