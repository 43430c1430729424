//! A support agent, or whoever has the agent's account, opens customer after customer without a ticket.
//!
//! Look-alikes: agents with a ticket for each lookup, also on the busiest day of the year.

use std::collections::BTreeSet;

use crate::cast;
use crate::clock::{MINUTE, Zone};
use crate::exposure;
use crate::formats::application::{ACCOUNT, Entry};
use crate::holdings::{RDS_PROFILES, Subject};
use crate::options::StoryId;
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::SupportBrowsing,
    title: "A support account opens hundreds of customers without a ticket",
    surfaces: &["customer_account", "identity"],
    attack: &["T1078", "T1213"],
    ocsf: &[2004],
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let team = stage.world.people.team(Team::Support);
    let number = 10 + rng.index(20);
    let mut visitor = cast::member(stage.world.company.seed, &format!("agent-{number:02}"), "staff", "US", rng);
    let at_work = rng.chance(500);
    let (variant, mut at) = if at_work {
        visitor.ip.clone_from(&rng.pick(&team).office_ip);
        ("from the office, in working hours", Zone::NewYork.at(stage.midnight, 10, 0) + rng.range(0, 300 * MINUTE))
    } else {
        visitor.ip = cast::stranger_ip(rng);
        ("from a strange network, in the evening", Zone::NewYork.at(stage.midnight, 18, 0) + rng.range(0, 90 * MINUTE))
    };
    let login = Entry::new(at, ACCOUNT, "login", &visitor).http("POST", "/v1/session", "/v1/session", 200, 380);
    stage.app(rng, &login);
    at += rng.range(20_000, 90_000);
    let deed = at;
    let people = &stage.world.people.customers;
    let mut seen = BTreeSet::new();
    for _ in 0..120 + rng.index(250) {
        let i = rng.index(people.len());
        let id = &people[i].id;
        let entry = Entry::new(at, ACCOUNT, "http.request", &visitor)
            .http("GET", &format!("/v1/customers/{id}"), "/v1/customers/{id}", 200, 900 + rng.below(500))
            .resource("customer", id, Some(id), 1);
        stage.app(rng, &entry);
        seen.insert(Subject::Customer(i));
        at += rng.range(4_000, 26_000);
    }
    let table = stage.world.holdings.of(RDS_PROFILES)[0];
    let exposure = exposure::rows(stage.world, table, &seen, &["NAME", "EMAIL", "POSTAL_ADDRESS", "DOB"]);
    let resources = vec!["https://shop.larkfield.example/admin/customers/{id}".to_owned()];
    Told { variant, deed, actors: vec![visitor.entity(ACCOUNT)], resources, exposure }
}
