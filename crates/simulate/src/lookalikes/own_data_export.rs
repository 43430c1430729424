//! Customers download the data held about them, as the law entitles them to.

use crate::cast;
use crate::clock::{HOUR, MINUTE};
use crate::formats::application::{ACCOUNT, Entry};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "own-data-export",
    title: "Customers export their own data",
    resembles: "customer account exports",
    why_benign: "each export is of the customer who asks, one record each",
    when: When::Daily,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let mut actors = Vec::new();
    for _ in 0..6 {
        let customer = rng.pick(&stage.world.people.customers);
        let visitor = cast::customer(customer, rng);
        let at = stage.midnight + 12 * HOUR + rng.range(0, 660 * MINUTE);
        let path = format!("/v1/customers/{}/export", customer.id);
        let entry = Entry::new(at, ACCOUNT, "export.download", &visitor)
            .http("GET", &path, "/v1/customers/{id}/export", 200, 9_000 + rng.below(30_000))
            .resource("customer", &customer.id, Some(&customer.id), 1);
        stage.app(rng, &entry);
        actors.push(visitor.entity(ACCOUNT));
    }
    actors
}
