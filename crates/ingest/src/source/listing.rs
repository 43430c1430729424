//! What was listed, what of it is done, and what comes next: the bookkeeping that files and objects share.
//!
//! Members are read in the order of their names within one listing; a member that appears later comes after what was
//! listed before. A member that grew is read on from where it ended.

use std::collections::{HashMap, VecDeque};

use crate::read::Member;
use crate::source::Position;

/// A member to read, and the first record of it that is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) member: Member,
    pub(super) from: u64,
}

#[derive(Debug, Default)]
pub(super) struct Listing {
    waiting: VecDeque<Listed>,
    /// Members given out, and how many records of each. Grows with the number of members; names are what it costs.
    done: HashMap<String, (Member, u64)>,
    resume: Option<Position>,
}

impl Listing {
    /// Continue behind `position`: members named before it count as done.
    pub(super) fn resume(position: Position) -> Self {
        Self { resume: Some(position), ..Self::default() }
    }

    /// Members the caller has read, by position. One that was not read to its end is continued, whatever its size now.
    pub(super) fn mark_done(&mut self, position: &Position) {
        let name = position.member.name.clone();
        let seen = if position.complete {
            position.member.clone()
        } else {
            Member { name: name.clone(), ..Member::default() }
        };
        self.done.insert(name, (seen, position.record));
    }

    /// Takes in a new listing.
    pub(super) fn update(&mut self, members: Vec<Member>) {
        let resume = self.resume.take();
        for member in members {
            if let Some(position) = &resume {
                let behind = member.name < position.member.name;
                let finished =
                    member.name == position.member.name && position.complete && !changed(&position.member, &member);
                if behind || finished {
                    self.done.insert(member.name.clone(), (member, position.record));
                    continue;
                }
                if member.name == position.member.name {
                    self.waiting.push_back(Listed { member, from: position.record });
                    continue;
                }
            }
            match self.done.get(&member.name) {
                Some((seen, _)) if !changed(seen, &member) => {}
                Some((_, records)) => {
                    let from = *records;
                    self.waiting.push_back(Listed { member, from });
                }
                None => self.waiting.push_back(Listed { member, from: 0 }),
            }
        }
    }

    pub(super) fn next(&mut self) -> Option<Listed> {
        self.waiting.pop_front()
    }

    /// A member that cannot be read now is tried again after the others.
    pub(super) fn postpone(&mut self, listed: Listed) {
        self.waiting.push_back(listed);
    }

    pub(super) fn finish(&mut self, member: Member, records: u64) {
        self.done.insert(member.name.clone(), (member, records));
    }
}

fn changed(before: &Member, now: &Member) -> bool {
    before.size != now.size || before.etag != now.etag || before.modified != now.modified
}
