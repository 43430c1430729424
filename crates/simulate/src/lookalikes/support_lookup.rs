//! A support agent looks up customers one by one through a working day, each for a ticket.

use crate::cast;
use crate::clock::{SECOND, Zone};
use crate::formats::application::{ACCOUNT, Entry};
use crate::lookalikes::{LookAlike, When};
use crate::people::Team;
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
    let team = stage.world.people.team(Team::Support);
    let mut actors = Vec::new();
    for (n, staff) in team.iter().take(4).enumerate() {
        let mut visitor = cast::member(stage.world.company.seed, &format!("agent-{n:02}"), "staff", "US", rng);
        visitor.ip.clone_from(&staff.office_ip);
        let mut at = Zone::NewYork.at(stage.midnight, 9, 0) + rng.range(0, 1800 * SECOND);
        let stop = Zone::NewYork.at(stage.midnight, 17, 0);
        while at < stop {
            let customer = rng.pick(&stage.world.people.customers);
            let path = format!("/v1/customers/{}", customer.id);
            let entry = Entry::new(at, ACCOUNT, "http.request", &visitor)
                .http("GET", &path, "/v1/customers/{id}", 200, 900 + rng.below(500))
                .resource("customer", &customer.id, Some(&customer.id), 1)
                .message(format!("opened for ticket T-{}", rng.range(9000, 9700)));
            stage.app(rng, &entry);
            at += rng.range(600 * SECOND, 2_400 * SECOND);
        }
        actors.push(visitor.entity(ACCOUNT));
    }
    actors
}
