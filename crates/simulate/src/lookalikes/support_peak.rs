//! The busiest day of the year: every agent opens customers without a break, each for a ticket.

use crate::lookalikes::support_shift::{self, Shift};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "support-peak",
    title: "Support on the busiest day",
    resembles: "support-browsing",
    why_benign: "some twenty customers an hour and agent, each with a ticket, from the office, for as long as the shift lasts",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let shift = Shift {
        agents: 6,
        numbered_from: 4,
        hours: 8..18,
        begins_within: 900,
        between: 110..=260,
        tickets: 9_000..=9_900,
    };
    support_shift::play(stage, rng, &shift)
}
