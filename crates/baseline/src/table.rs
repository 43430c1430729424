//! States by key, at most so many. When full, the least recently active one goes, first among those that were only ever
//! active on one day: a flood of entities that come once does not push out those that come back.
//!
//! Activity is the order in which events arrive, not their time, so no time in a record decides who is forgotten.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

const NONE: u32 = u32::MAX;
/// Newcomers may hold this part of a full table before they push out each other; else the oldest regular goes.
const NEWCOMERS_SHARE: usize = 4;

/// Keys are hashes already.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// A map whose keys are keyed hashes.
pub(crate) type HashedMap<T> = HashMap<u64, T, BuildHasherDefault<Same>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ends {
    oldest: u32,
    newest: u32,
    len: usize,
}

const EMPTY: Ends = Ends { oldest: NONE, newest: NONE, len: 0 };

#[derive(Debug, Clone)]
struct Slot<T> {
    key: u64,
    older: u32,
    newer: u32,
    regular: bool,
    state: T,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Table<T> {
    places: HashedMap<u32>,
    slots: Vec<Slot<T>>,
    /// Newcomers, regulars.
    queues: [Ends; 2],
    max: usize,
    evicted: u64,
}

impl<T: Default> Table<T> {
    pub(crate) fn new(max: usize) -> Self {
        let max = max.clamp(1, usize::try_from(NONE).unwrap_or(usize::MAX) - 1);
        Self { places: HashedMap::default(), slots: Vec::new(), queues: [EMPTY; 2], max, evicted: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Bytes of the table itself; what states hold on the heap is theirs to add.
    pub(crate) fn own_bytes(&self) -> usize {
        // A hash map keeps a control byte per entry and is at most 7/8 full.
        self.slots.capacity() * size_of::<Slot<T>>() + self.places.capacity() * (size_of::<(u64, u32)>() + 1) * 8 / 7
    }

    pub(crate) fn states(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().map(|slot| &slot.state)
    }

    /// The state of a key, new if it is not there; the key is then the most recently active one.
    pub(crate) fn touch(&mut self, key: u64) -> &mut T {
        let place = match self.places.get(&key).copied() {
            Some(place) => {
                self.unlink(place);
                place
            }
            None => self.insert(key),
        };
        self.link(place);
        let index = index(place);
        &mut self.slots[index].state
    }

    #[cfg(test)]
    pub(crate) fn get(&self, key: u64) -> Option<&T> {
        let place = self.places.get(&key)?;
        self.slots.get(index(*place)).map(|slot| &slot.state)
    }

    /// Its owner came back on another day.
    pub(crate) fn make_regular(&mut self, key: u64) {
        let Some(place) = self.places.get(&key).copied() else { return };
        if !self.slots[index(place)].regular {
            self.unlink(place);
            self.slots[index(place)].regular = true;
            self.link(place);
        }
    }

    /// Keys, whether regular, and states, least recently active first; what [`Table::load`] takes.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (u64, bool, &T)> {
        self.queues.iter().flat_map(move |queue| {
            let mut next = queue.oldest;
            std::iter::from_fn(move || {
                let slot = self.slots.get(index(next))?;
                next = slot.newer;
                Some((slot.key, slot.regular, &slot.state))
            })
        })
    }

    pub(crate) fn load(&mut self, key: u64, regular: bool, state: T) {
        *self.touch(key) = state;
        if regular {
            self.make_regular(key);
        }
    }

    pub(crate) fn set_evicted(&mut self, evicted: u64) {
        self.evicted = evicted;
    }

    fn insert(&mut self, key: u64) -> u32 {
        let fresh = Slot { key, older: NONE, newer: NONE, regular: false, state: T::default() };
        let place = if self.slots.len() < self.max {
            self.slots.push(fresh);
            u32::try_from(self.slots.len() - 1).unwrap_or(NONE)
        } else {
            let place = self.victim();
            self.unlink(place);
            let old = std::mem::replace(&mut self.slots[index(place)], fresh);
            self.places.remove(&old.key);
            self.evicted += 1;
            place
        };
        self.places.insert(key, place);
        place
    }

    fn victim(&self) -> u32 {
        let [newcomers, regulars] = &self.queues;
        let many_newcomers = self.max / NEWCOMERS_SHARE < newcomers.len || regulars.len == 0;
        if many_newcomers { newcomers.oldest } else { regulars.oldest }
    }

    fn unlink(&mut self, place: u32) {
        let slot = &self.slots[index(place)];
        let (older, newer, queue) = (slot.older, slot.newer, usize::from(slot.regular));
        match older {
            NONE => self.queues[queue].oldest = newer,
            _ => self.slots[index(older)].newer = newer,
        }
        match newer {
            NONE => self.queues[queue].newest = older,
            _ => self.slots[index(newer)].older = older,
        }
        self.queues[queue].len -= 1;
    }

    fn link(&mut self, place: u32) {
        let queue = usize::from(self.slots[index(place)].regular);
        let newest = self.queues[queue].newest;
        let slot = &mut self.slots[index(place)];
        (slot.older, slot.newer) = (newest, NONE);
        match newest {
            NONE => self.queues[queue].oldest = place,
            _ => self.slots[index(newest)].newer = place,
        }
        self.queues[queue].newest = place;
        self.queues[queue].len += 1;
    }
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_active_goes() {
        let mut table: Table<u32> = Table::new(3);
        for key in [1, 2, 3, 1, 4] {
            *table.touch(key) += 1;
        }
        assert_eq!((table.len(), table.evicted()), (3, 1));
        assert!(table.get(2).is_none(), "1 was active after 2");
        assert_eq!(table.get(1), Some(&2));
        let order: Vec<u64> = table.in_order().map(|(key, ..)| key).collect();
        assert_eq!(order, [3, 1, 4]);
    }

    #[test]
    fn those_who_come_once_do_not_push_out_regulars() {
        let mut table: Table<u32> = Table::new(8);
        for key in 0..4 {
            table.touch(key);
            table.make_regular(key);
        }
        for key in 100..100_000 {
            table.touch(key);
        }
        assert_eq!(table.len(), 8);
        assert!((0..4).all(|key| table.get(key).is_some()));
        assert_eq!(table.evicted(), 100_000 - 100 - 4);
    }

    #[test]
    fn a_loaded_table_goes_on_like_the_saved_one() {
        let mut table: Table<u32> = Table::new(4);
        for key in [5, 6, 7, 8, 6] {
            *table.touch(key) += 1;
        }
        table.make_regular(7);
        let mut other: Table<u32> = Table::new(4);
        for (key, regular, state) in table.in_order() {
            other.load(key, regular, *state);
        }
        for key in [9, 10, 11] {
            table.touch(key);
            other.touch(key);
        }
        let order = |table: &Table<u32>| table.in_order().map(|(key, ..)| key).collect::<Vec<_>>();
        assert_eq!(order(&table), order(&other));
    }
}
