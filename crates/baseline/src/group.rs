//! A peer group for rarity: how many members there are and how many of them did each thing, in this and the last period.
//!
//! Periods are 30 days. A period ends when several events say so, not by the time of one.

use serde::{Deserialize, Serialize};

use crate::distinct::Distinct;

const PERIOD_SECONDS: u32 = 30 * 86_400;
/// Events of a later period until it is believed.
const LATER_RUN: u8 = 16;
/// Different things per group; beyond it the one fewest did goes.
pub(crate) const USES_MAX: usize = 256;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Use {
    hash: u32,
    who: [Distinct; 2],
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) first: u32,
    pub(crate) observations: u32,
    period: u32,
    later: u8,
    members: [Distinct; 2],
    /// Sorted by hash.
    uses: Vec<Use>,
}

impl Group {
    /// Members, and how many of them have done it.
    pub(crate) fn share(&self, hash: u32) -> (u64, u64) {
        let both = |pair: &[Distinct; 2]| pair[0].count_with(&pair[1]);
        let place = self.uses.binary_search_by_key(&hash, |one| one.hash);
        let users = place.ok().and_then(|place| self.uses.get(place)).map_or(0, |one| both(&one.who));
        (both(&self.members), users)
    }

    pub(crate) fn note(&mut self, member: u64, hash: u32, at: u32) {
        self.first = if self.observations == 0 { at } else { self.first.min(at) };
        self.observations = self.observations.saturating_add(1);
        self.turn_to(at / PERIOD_SECONDS);
        self.members[0].insert(member);
        let place = match self.uses.binary_search_by_key(&hash, |one| one.hash) {
            Ok(place) => place,
            Err(_) => {
                if USES_MAX <= self.uses.len() {
                    self.drop_rarest();
                }
                let place = self.uses.partition_point(|one| one.hash < hash);
                self.uses.insert(place, Use { hash, who: <[Distinct; 2]>::default() });
                place
            }
        };
        if let Some(one) = self.uses.get_mut(place) {
            one.who[0].insert(member);
        }
    }

    pub(crate) fn is_learned(&self, at: u32, learning: u32) -> bool {
        self.observations != 0 && learning <= at.saturating_sub(self.first)
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let pair = |pair: &[Distinct; 2]| pair[0].heap_bytes() + pair[1].heap_bytes();
        let uses: usize = self.uses.iter().map(|one| pair(&one.who)).sum();
        self.uses.capacity() * size_of::<Use>() + uses + pair(&self.members)
    }

    pub(crate) fn is_sound(&self) -> bool {
        let sorted = self.uses.is_sorted_by(|one, other| one.hash < other.hash);
        let sets = self.uses.iter().flat_map(|one| &one.who).chain(&self.members).all(Distinct::is_sound);
        self.uses.len() <= USES_MAX && sorted && sets
    }

    fn turn_to(&mut self, period: u32) {
        if self.period == 0 {
            self.period = period;
        }
        if period <= self.period {
            return;
        }
        self.later = self.later.saturating_add(1);
        if self.later < LATER_RUN {
            return;
        }
        let shift = |pair: &mut [Distinct; 2]| pair[1] = std::mem::take(&mut pair[0]);
        shift(&mut self.members);
        self.uses.iter_mut().for_each(|one| shift(&mut one.who));
        self.uses.retain(|one| one.who[1].count() != 0);
        (self.period, self.later) = (period, 0);
    }

    fn drop_rarest(&mut self) {
        let rarest = self.uses.iter().enumerate().min_by_key(|(_, one)| (one.who[0].count(), one.hash));
        if let Some(place) = rarest.map(|(place, _)| place) {
            self.uses.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = 86_400;
    const START: u32 = 600 * DAY;

    #[test]
    fn members_and_users_are_counted_and_forgotten() {
        let mut group = Group::default();
        for member in 0..20 {
            group.note(member, 7, START);
        }
        group.note(3, 8, START);
        assert_eq!((group.share(7), group.share(8), group.share(9)), ((20, 20), (20, 1), (20, 0)));
        for period in [1, 2] {
            for member in 0..30 {
                group.note(member, 7, START + (period * 30 + 5) * DAY);
            }
        }
        assert_eq!(group.share(8), (30, 0), "two periods later nobody did it");
    }

    #[test]
    fn one_event_from_the_future_does_not_end_a_period() {
        let mut group = Group::default();
        (0..20).for_each(|member| group.note(member, 7, START));
        group.note(1, 7, u32::MAX);
        assert_eq!(group.share(7), (20, 20));
    }

    #[test]
    fn hostile_variety_is_bounded() {
        let mut group = Group::default();
        (0..20).for_each(|member| group.note(member, 7, START));
        (1_000..100_000).for_each(|hash| group.note(21, hash, START));
        assert!(group.is_sound());
        assert_eq!(group.share(7), (21, 20), "what many do stays");
    }
}
