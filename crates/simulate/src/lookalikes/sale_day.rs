//! A sale: traffic many times the usual for some hours, and an overloaded API that answers 500 with nothing in it.

use crate::cast;
use crate::clock::{SECOND, Zone};
use crate::formats::application::{CHECKOUT, Entry, PRODUCT_API};
use crate::lookalikes::{LookAlike, When};
use crate::people::order_number;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "sale-day",
    title: "Sale day",
    resembles: "api-error-records, checkout-card-log",
    why_benign: "many errors, but short bodies without records; order numbers are 16 digits and no cards",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let opens = Zone::NewYork.at(stage.midnight, 10, 0);
    let mut actors = Vec::new();
    for _ in 0..900 {
        let visitor = cast::passer_by(rng);
        let (at, sku) = (opens + rng.range(0, 5 * 3600 * SECOND), rng.range(100, 140));
        let path = format!("/v1/products/SKU-{sku}");
        let entry = Entry::new(at, PRODUCT_API, "http.request", &visitor);
        let entry = if rng.chance(90) {
            entry
                .http("GET", &path, "/v1/products/{sku}", 500, 130 + rng.below(90))
                .message("connection pool exhausted")
        } else {
            entry.http("GET", &path, "/v1/products/{sku}", 200, 900 + rng.below(20_000)).resource(
                "product",
                &format!("SKU-{sku}"),
                None,
                1,
            )
        };
        stage.app(rng, &entry);
        actors.push(visitor.entity(PRODUCT_API));
    }
    for _ in 0..140 {
        let payer = rng.pick(&stage.world.people.customers);
        let visitor = cast::customer(payer, rng);
        let at = opens + rng.range(0, 5 * 3600 * SECOND);
        let order = order_number(rng);
        let text =
            format!("order confirmation rendered for {order} in {} ms, voucher {}", rng.range(60, 900), rng.digits(12));
        stage.app(rng, &Entry::new(at, CHECKOUT, "client.log", &visitor).message(text));
        actors.push(visitor.entity(CHECKOUT));
    }
    actors.sort_unstable();
    actors.dedup();
    actors
}
