//! The product API's error handler prints the record it was working on: 500 responses carry customers' data.
//!
//! Look-alikes: sale day and the load test give many 500s, all short and without records.

use std::collections::BTreeSet;

use crate::cast;
use crate::clock::MINUTE;
use crate::exposure;
use crate::formats::application::{Entry, PRODUCT_API};
use crate::holdings::{RDS_PROFILES, Subject};
use crate::json::{J, j};
use crate::options::StoryId;
use crate::people::Person;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::ApiErrorRecords,
    title: "The product API returns customer records in its 500 responses",
    surfaces: &["product_api"],
    attack: &["T1190", "T1213"],
    ocsf: &[2004, 2006],
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let probing = rng.chance(500);
    let variant = if probing { "one client provokes the errors" } else { "many clients meet the errors" };
    let prober = cast::passer_by(rng);
    let mut at = stage.midnight + rng.range(6 * 60 * MINUTE, 21 * 60 * MINUTE);
    let deed = at;
    let mut seen = BTreeSet::new();
    let mut actors = BTreeSet::new();
    let people = &stage.world.people.customers;
    for _ in 0..rng.range(30, 110) {
        let visitor = if probing { prober.clone() } else { cast::passer_by(rng) };
        let count = 1 + rng.index(8);
        let mut records = Vec::new();
        let mut first_id = "";
        for _ in 0..count {
            let i = rng.index(people.len());
            first_id = &people[i].id;
            seen.insert(Subject::Customer(i));
            records.push(record(&people[i]));
        }
        let first = records.first().map(J::text).unwrap_or_default();
        let bytes = u64::try_from(J::Arr(records).text().len()).unwrap_or(0) + 740;
        let sku = rng.range(100, 999);
        let entry = Entry::new(at, PRODUCT_API, "http.request", &visitor)
            .http("GET", &format!("/v1/products/SKU-{sku}/reviews"), "/v1/products/{sku}/reviews", 500, bytes)
            .resource("customer", first_id, None, count)
            .message(format!("unhandled exception while serializing reviewer, response body: [{first},…]"));
        stage.app(rng, &entry);
        actors.insert(visitor.entity(PRODUCT_API));
        at += if probing { rng.range(800, 20_000) } else { rng.range(5_000, 200_000) };
    }
    let table = stage.world.holdings.of(RDS_PROFILES)[0];
    let exposure = exposure::rows(stage.world, table, &seen, &["NAME", "EMAIL", "POSTAL_ADDRESS", "DOB"]);
    let resources = vec!["https://api.larkfield.example/v1/products/{sku}/reviews".to_owned()];
    Told { variant, deed, actors: actors.into_iter().collect(), resources, exposure }
}

fn record(c: &Person) -> J {
    j!({
        "customer_id": (&c.id), "name": (c.name()), "email": (&c.email), "phone": (&c.phone), "date_of_birth": (&c.born),
        "address": {"street": (&c.street), "city": (c.city), "postcode": (&c.postcode), "country": (c.country())},
    })
}
