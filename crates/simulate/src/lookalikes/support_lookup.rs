//! A support agent looks up customers one by one through a working day, each for a ticket.

use crate::lookalikes::support_shift::{self, Shift};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "support-lookup",
    title: "Support agent looks up customers for tickets",
    resembles: "portal-paging",
    why_benign: "staff role, a few an hour over the working day, from the office, each named with a ticket",
    when: When::Weekdays,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let shift = Shift {
        agents: 4,
        numbered_from: 0,
        hours: 9..17,
        begins_within: 1_800,
        between: 600..=2_400,
        tickets: 9_000..=9_700,
    };
    support_shift::play(stage, rng, &shift)
}
