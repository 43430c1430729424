//! How an inner correlation reaches those that are about it: its moments and episodes become events of theirs, and go away
//! again when late events take them back.

use std::sync::Arc;

use super::compiled::Compiled;
use super::correlator::{Correlator, item, values};
use super::episode::Mark;
use super::group::Changes;
use super::key;
use super::window::Entry;

impl Correlator {
    /// Tells outer correlations.
    pub(super) fn forward(&mut self, compiled: &Compiled, key: &[u8], changes: &Changes) {
        if compiled.outers.is_empty() {
            return;
        }
        let group = key::decode(key);
        let part = key::part(&compiled.name.0, key);
        for outer in &compiled.outers {
            let pick = |places: &[usize]| places.iter().map(|place| group.get(*place).cloned().flatten()).collect();
            let outer_group: Vec<Option<String>> = pick(&outer.group);
            let values: Vec<Option<String>> = pick(&outer.values);
            let is_groupless = !outer_group.is_empty() && outer_group.iter().all(Option::is_none);
            let Some(values) = values.into_iter().collect::<Option<Vec<String>>>() else { continue };
            if is_groupless {
                continue;
            }
            let moments = if outer.is_each_moment { &changes.moments } else { &changes.completions };
            let joined = if values.is_empty() { Vec::new() } else { vec![values.join("\u{1F}")] };
            // What goes first, so that a moment that moved is not lost again.
            for (mark, _) in moments.iter().filter(|(_, is_there)| !is_there) {
                self.retract(outer.correlation, &outer_group, mark, part);
            }
            for (mark, _) in moments.iter().filter(|(_, is_there)| *is_there) {
                self.insert_moment(outer.correlation, outer.rule, &outer_group, mark, part, &joined);
            }
        }
    }

    fn insert_moment(
        &mut self,
        correlation: usize,
        rule: u8,
        group: &[Option<String>],
        mark: &Mark,
        part: u64,
        values_given: &[String],
    ) {
        let program = Arc::clone(&self.program);
        let Some(compiled) = item(&program.correlations, correlation) else { return };
        let Some(values) = values(&compiled.count, values_given) else { return };
        let rules = 1_u64.checked_shl(u32::from(rule)).unwrap_or(0);
        let entry = Entry { time: mark.time, uid: Arc::clone(&mark.uid), part, rules, values, reached: None };
        self.insert(correlation, group, entry);
    }

    fn retract(&mut self, correlation: usize, group: &[Option<String>], mark: &Mark, part: u64) {
        let mut bytes = std::mem::take(&mut self.scratch);
        key::encode(correlation, group, &mut bytes);
        let slot = self.places.get(bytes.as_slice()).copied();
        self.scratch = bytes;
        let Some(slot) = slot else { return };
        let Some(Some(group)) = self.groups.get_mut(slot as usize) else { return };
        let Ok(place) = group.place((mark.time, &mark.uid, part)) else { return };
        if mark.time < group.folded_until {
            return;
        }
        if !group.is_dirty()
            && let Some(dirty) = self.dirty.get_mut(correlation)
        {
            dirty.push(slot);
        }
        self.weight -= group.remove(place);
    }
}
