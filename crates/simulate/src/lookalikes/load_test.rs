//! A load test drives the product API until it answers 500: many errors, none with data.

use crate::clock::{HOUR, MINUTE};
use crate::formats::application::{Entry, PRODUCT_API, Visitor};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "load-test",
    title: "Load test of the product API",
    resembles: "api-error-records",
    why_benign: "hundreds of 500s from the company's own load generator, all short and without records",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let visitor = Visitor {
        id: "svc-loadgen".to_owned(),
        role: "service",
        student_id: None,
        session: rng.hex(24),
        ip: "198.51.100.201".to_owned(),
        agent: "k6/1.4.0 (https://k6.io/)",
        country: "US".to_owned(),
    };
    let mut at = stage.midnight + 8 * HOUR + rng.range(0, 60 * MINUTE);
    for _ in 0..500 {
        let sku = rng.range(100, 999);
        let path = format!("/v1/products/SKU-{sku}");
        let entry = Entry::new(at, PRODUCT_API, "http.request", &visitor);
        let entry = if rng.chance(420) {
            entry.http("GET", &path, "/v1/products/{sku}", 500, 128 + rng.below(64)).message("worker queue full")
        } else {
            entry.http("GET", &path, "/v1/products/{sku}", 200, 900 + rng.below(9_000)).resource(
                "product",
                &format!("SKU-{sku}"),
                None,
                1,
            )
        };
        stage.app(rng, &entry);
        at += rng.range(20, 900);
    }
    vec![visitor.entity(PRODUCT_API)]
}
