//! A working day of support: agents in the office open one customer after another, each for a ticket.
//!
//! Shared by the look-alikes that differ in how busy the day is.

use std::ops::{Range, RangeInclusive};

use crate::cast;
use crate::clock::{Ms, SECOND, Zone};
use crate::formats::application::{ACCOUNT, Entry};
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;

/// How busy a day is.
#[derive(Debug)]
pub(super) struct Shift {
    pub(super) agents: usize,
    /// Number of the first agent's account.
    pub(super) numbered_from: usize,
    /// From when to when, in New York.
    pub(super) hours: Range<i64>,
    /// An agent begins within so many seconds.
    pub(super) begins_within: Ms,
    /// Seconds between two customers.
    pub(super) between: RangeInclusive<Ms>,
    pub(super) tickets: RangeInclusive<i64>,
}

/// Plays it; returns who worked.
pub(super) fn play(stage: &mut Stage<'_>, rng: &mut Rng, shift: &Shift) -> Vec<String> {
    let team = stage.world.people.team(Team::Support);
    let mut actors = Vec::new();
    for (n, staff) in team.iter().take(shift.agents).enumerate() {
        let account = format!("agent-{:02}", n + shift.numbered_from);
        let mut visitor = cast::member(stage.world.company.seed, &account, "staff", "US", rng);
        visitor.ip.clone_from(&staff.office_ip);
        let start = Zone::NewYork.at(stage.midnight, shift.hours.start, 0);
        let mut at = start + rng.range(0, shift.begins_within * SECOND);
        let stop = Zone::NewYork.at(stage.midnight, shift.hours.end, 0);
        while at < stop {
            let customer = rng.pick(&stage.world.people.customers);
            let path = format!("/v1/customers/{}", customer.id);
            let entry = Entry::new(at, ACCOUNT, "http.request", &visitor)
                .http("GET", &path, "/v1/customers/{id}", 200, 900 + rng.below(500))
                .resource("customer", &customer.id, Some(&customer.id), 1)
                .message(format!("opened for ticket T-{}", rng.range(*shift.tickets.start(), *shift.tickets.end())));
            stage.app(rng, &entry);
            at += rng.range(*shift.between.start() * SECOND, *shift.between.end() * SECOND);
        }
        actors.push(visitor.entity(ACCOUNT));
    }
    actors
}
