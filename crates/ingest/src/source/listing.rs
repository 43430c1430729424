//! What was listed, what of it is done, and what comes next: the bookkeeping that files and objects share.
//!
//! Members are read in the order of the days in their names and then of their names, within one listing; a member that
//! appears later comes after what was listed before. A member that grew is read on from where it ended.

use std::collections::{HashMap, VecDeque};

use crate::read::Member;
use crate::source::Position;
use crate::source::name_day::name_day;

/// A member to read, and the first record of it that is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) member: Member,
    pub(super) from: u64,
}

#[derive(Debug, Default)]
pub(super) struct Listing {
    waiting: VecDeque<Listed>,
    /// How far each member was given out. Grows with the number of members; names are what it costs.
    read: HashMap<String, Position>,
    resume: Option<Position>,
}

impl Listing {
    /// Continue behind `position`: members that come before it count as read.
    pub(super) fn resume(position: Position) -> Self {
        Self { resume: Some(position), ..Self::default() }
    }

    /// A member the caller knows to be read, to its end or up to a record.
    pub(super) fn mark_read(&mut self, position: &Position) {
        self.read.insert(position.member.name.clone(), position.clone());
    }

    /// Takes in a new listing.
    pub(super) fn update(&mut self, mut members: Vec<Member>) {
        members.sort_by_cached_key(place);
        if let Some(position) = self.resume.take() {
            let here = place(&position.member);
            for member in members.iter().filter(|member| place(member) < here) {
                let before = Position { member: member.clone(), record: 0, complete: true };
                self.read.insert(member.name.clone(), before);
            }
            self.mark_read(&position);
        }
        for member in members {
            let from = match self.read.get(&member.name) {
                Some(position) if position.complete && !changed(&position.member, &member) => continue,
                Some(position) => position.record,
                None => 0,
            };
            self.waiting.push_back(Listed { member, from });
        }
    }

    pub(super) fn next(&mut self) -> Option<Listed> {
        self.waiting.pop_front()
    }

    /// A member that cannot be read now is tried again after the others.
    pub(super) fn postpone(&mut self, listed: Listed) {
        self.waiting.push_back(listed);
    }

    /// A member was read to its end, `records` of it.
    pub(super) fn finish(&mut self, member: Member, records: u64) {
        self.mark_read(&Position { member, record: records, complete: true });
    }
}

/// Where a member stands among others.
fn place(member: &Member) -> (u32, String) {
    (name_day(&member.name), member.name.clone())
}

fn changed(before: &Member, now: &Member) -> bool {
    before.size != now.size || before.etag != now.etag || before.modified != now.modified
}
