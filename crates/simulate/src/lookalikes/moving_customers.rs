//! Customers who move house change their postal and mail address on one visit; some ask for their data weeks later.

use crate::cast;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::formats::application::{ACCOUNT, Entry};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "moving-customers",
    title: "Customers change their addresses",
    resembles: "stuffed-accounts",
    why_benign: "from the customer's own address and device, without an export on the same visit",
    when: When::Daily,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let mut actors = Vec::new();
    for _ in 0..3 {
        let customer = rng.pick(&stage.world.people.customers);
        let visitor = cast::customer(customer, rng);
        let id = customer.id.as_str();
        let at = stage.midnight + rng.range(7, 22) * HOUR + rng.range(0, 50 * MINUTE);
        let mut steps = [
            ("address.changed", "addresses/1", "/v1/customers/{id}/addresses/{n}"),
            ("email.changed", "email", "/v1/customers/{id}/email"),
        ];
        rng.shuffle(&mut steps);
        for (n, (event, tail, route)) in (1..).zip(steps) {
            let path = format!("/v1/customers/{id}/{tail}");
            let entry = Entry::new(at + n * rng.range(30, 90) * SECOND, ACCOUNT, event, &visitor)
                .http("PUT", &path, route, 200, 240)
                .resource("customer", id, Some(id), 1);
            stage.app(rng, &entry);
        }
        actors.push(visitor.entity(ACCOUNT));
    }
    actors.sort_unstable();
    actors.dedup();
    actors
}
