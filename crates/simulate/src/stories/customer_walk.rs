//! A session of a customer walks through other customers, because the product API does not check whose object it is.
//!
//! Look-alikes: a partner's sync and a search engine walk through products; a support team on a busy day.

use std::collections::BTreeSet;

use crate::cast;
use crate::clock::MINUTE;
use crate::exposure;
use crate::formats::application::{Entry, PRODUCT_API, Visitor};
use crate::holdings::{RDS_PROFILES, Subject};
use crate::options::StoryId;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::CustomerWalk,
    title: "A customer's session walks through other customers by the product API",
    surfaces: &["product_api"],
    attack: &["T1190", "T1213"],
    ocsf: &[2004],
    play,
};

const ROUTE: &str = "/v2/customers/{id}";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let people = &stage.world.people.customers;
    let own = rng.index(people.len());
    let mut visitor = cast::customer(&people[own], rng);
    visitor.ip = cast::stranger_ip(rng);
    visitor.agent = "python-requests/2.32.5";
    let guesses = rng.chance(500);
    let variant = if guesses { "numbers guessed, many refused" } else { "numbers known, one after the other" };
    let mut at = stage.midnight + rng.range(0, 21 * 60 * MINUTE);
    if guesses {
        at = guess(stage, rng, &visitor, at);
    }

    let start = rng.index(people.len());
    let mut seen = BTreeSet::new();
    let deed = at;
    for n in 0..80 + rng.index(300) {
        let i = (start + n) % people.len();
        if i == own {
            continue;
        }
        let id = &people[i].id;
        let entry = Entry::new(at, PRODUCT_API, "http.request", &visitor)
            .http("GET", &format!("/v2/customers/{id}"), ROUTE, 200, 900 + rng.below(700))
            .resource("customer", id, Some(id), 1);
        stage.app(rng, &entry);
        seen.insert(Subject::Customer(i));
        at += rng.range(300, 4_000);
    }
    let table = stage.world.holdings.of(RDS_PROFILES)[0];
    let exposure = exposure::rows(stage.world, table, &seen, &["NAME", "EMAIL", "POSTAL_ADDRESS"]);
    let resources = vec!["https://api.larkfield.example/v2/customers/{id}".to_owned()];
    Told { variant, deed, actors: vec![visitor.entity(PRODUCT_API)], resources, exposure }
}

/// Tries numbers that nobody has; returns when the right ones are found.
fn guess(stage: &mut Stage<'_>, rng: &mut Rng, visitor: &Visitor, mut at: i64) -> i64 {
    for _ in 0..rng.range(30, 90) {
        let path = format!("/v2/customers/cust-{}", rng.range(100_000, 999_999));
        let status = if rng.chance(300) { 403 } else { 404 };
        let entry =
            Entry::new(at, PRODUCT_API, "http.request", visitor).http("GET", &path, ROUTE, status, 90 + rng.below(40));
        stage.app(rng, &entry);
        at += rng.range(300, 4_000);
    }
    at + rng.range(MINUTE, 9 * MINUTE)
}
