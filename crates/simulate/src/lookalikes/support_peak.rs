//! The busiest day of the year: every agent opens customers without a break, each for a ticket.

use crate::cast;
use crate::clock::{SECOND, Zone};
use crate::formats::application::{ACCOUNT, Entry};
use crate::lookalikes::{LookAlike, When};
use crate::people::Team;
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
    let team = stage.world.people.team(Team::Support);
    let mut actors = Vec::new();
    for (n, staff) in team.iter().take(6).enumerate() {
        let mut visitor = cast::member(stage.world.company.seed, &format!("agent-{:02}", n + 4), "staff", "US", rng);
        visitor.ip.clone_from(&staff.office_ip);
        let mut at = Zone::NewYork.at(stage.midnight, 8, 0) + rng.range(0, 900 * SECOND);
        let stop = Zone::NewYork.at(stage.midnight, 18, 0);
        while at < stop {
            let customer = rng.pick(&stage.world.people.customers);
            let path = format!("/v1/customers/{}", customer.id);
            let entry = Entry::new(at, ACCOUNT, "http.request", &visitor)
                .http("GET", &path, "/v1/customers/{id}", 200, 900 + rng.below(500))
                .resource("customer", &customer.id, Some(&customer.id), 1)
                .message(format!("opened for ticket T-{}", rng.range(9_000, 9_900)));
            stage.app(rng, &entry);
            at += rng.range(110 * SECOND, 260 * SECOND);
        }
        actors.push(visitor.entity(ACCOUNT));
    }
    actors
}
