//! How amounts are judged: against the entity's own history, or for newcomers against their peers.
//!
//! The history itself is in `volume`; here it is decided whom to ask and whether to tell.

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::definition::{Quantity, VolumeRules};
use crate::event_times::{same_day, timestamp};
use crate::explain;
use crate::histogram::Histogram;
use crate::scale;
use crate::table::Table;
use crate::unusual::{Expected, Unusual};
use crate::volume::{Amount, Volume};

/// Buckets of a peer group before newcomers are compared with it, and what part of them must be exceeded.
const PEER_BUCKETS_MIN: u64 = 200;
const PEER_QUANTILE_THOUSANDTHS: u64 = 999;

/// Amounts of a peer group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PeerVolume {
    pub(crate) first: u32,
    pub(crate) amounts: Histogram,
}

impl Case<'_, '_> {
    pub(crate) fn volume(
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
            entity: self.entity.clone().into_owned(),
            peer: self.peer.clone().map(std::borrow::Cow::into_owned),
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
