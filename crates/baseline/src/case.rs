//! One event as one baseline sees it, and how values, places and silence are judged.
//!
//! What was known is taken before the event teaches, so no event speaks for itself. Amounts are judged in `amounts`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::definition::{Baseline, ValueRules};
use crate::event_times::{same_day, seconds, timestamp};
use crate::explain;
use crate::facts::Facts;
use crate::group::Group;
use crate::hash::short;
use crate::learner::Context;
use crate::table::Table;
use crate::travel::{Fix, Travel, cell};
use crate::unusual::{Expected, History, Unusual};
use crate::values::{Sighting, Values};

/// A position this much newer than an event was set by a wrong time.
const FIX_AHEAD_SECONDS_MAX: u32 = 86_400;

/// When somebody was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Presence {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) observations: u32,
}

/// One event as one baseline sees it.
pub(crate) struct Case<'c, 'e> {
    pub(crate) context: Context<'c>,
    pub(crate) facts: &'c Facts<'e>,
    pub(crate) entity: Cow<'e, str>,
    pub(crate) entity_key: u64,
    pub(crate) peer: Option<Cow<'e, str>>,
    pub(crate) peer_key: u64,
    pub(crate) at: u32,
}

impl<'c, 'e> Case<'c, 'e> {
    /// `None` when the event does not name its entity, or not its peer group where there is one.
    pub(crate) fn of(context: Context<'c>, facts: &'c Facts<'e>) -> Option<Self> {
        let entity = facts.text(context.baseline.entity, context.places)?;
        let peer = match context.baseline.peer {
            Some(field) => Some(facts.text(field, context.places)?),
            None => None,
        };
        let entity_key = context.keyed.of(entity.as_bytes());
        let peer_key = peer.as_ref().map_or(0, |peer| context.keyed.of(peer.as_bytes()));
        Some(Self { context, facts, entity, entity_key, peer, peer_key, at: seconds(facts.time) })
    }

    pub(crate) fn new_value(
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

    pub(crate) fn rarity(
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
            let text = explain::rarity(self.noun(), value, (members, users), &history);
            let expected = Expected::ShareAbove(share_percent);
            let mut found = self.value(value, expected, history, |_, _, _| text);
            found.observed = users * 100 / members.max(1);
            found
        })
    }

    pub(crate) fn travel(
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

    pub(crate) fn dormant(&self, entities: &mut Table<Presence>, silence: u32) -> Option<Unusual> {
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
            entity: self.entity.clone().into_owned(),
            peer: self.peer.clone().map(Cow::into_owned),
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
