//! A partner's machines walk through all products every night, to show them in the partner's own shop.

use crate::clock::{HOUR, MINUTE};
use crate::formats::application::{Entry, PRODUCT_API, Visitor};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "partner-sync",
    title: "Partner's nightly sync walks through all products",
    resembles: "customer-walk",
    why_benign: "numbers in a row, and lists paged to the end, but of products; the partner's own key, from two machines of one network",
    when: When::Daily,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let machine = |host: u8, rng: &mut Rng| Visitor {
        id: "partner-mercato".to_owned(),
        role: "partner",
        student_id: None,
        session: rng.hex(24),
        ip: format!("198.18.77.{host}"),
        agent: "mercato-sync/3.8",
        country: "DE".to_owned(),
    };
    let machines = [machine(10, rng), machine(11, rng)];
    let mut at = stage.midnight + 2 * HOUR + rng.range(0, 20 * MINUTE);
    for sku in (100..=999).step_by(6) {
        let who = &machines[usize::from(sku % 4 == 0)];
        let path = format!("/v1/products/SKU-{sku}");
        let entry = Entry::new(at, PRODUCT_API, "http.request", who);
        let entry = if rng.chance(60) {
            entry.http("GET", &path, "/v1/products/{sku}", 404, 96)
        } else {
            let found = entry.http("GET", &path, "/v1/products/{sku}", 200, 900 + rng.below(9_000));
            found.resource("product", &format!("SKU-{sku}"), None, 1)
        };
        stage.app(rng, &entry);
        at += rng.range(200, 1_500);
    }
    vec![machines[0].entity(PRODUCT_API)]
}
