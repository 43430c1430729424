//! A search engine reads the shop: many pages from one address, some long gone.

use crate::clock::{HOUR, MINUTE, SECOND};
use crate::formats::application::{Entry, PRODUCT_API, Visitor};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "search-crawler",
    title: "Search engine reads the shop",
    resembles: "customer-walk",
    why_benign: "products, reviews and searches only; old links give 404, and what follows them are pages for everybody",
    when: When::Daily,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let crawler = Visitor {
        id: String::new(),
        role: "anonymous",
        student_id: None,
        session: rng.hex(24),
        ip: format!("198.18.201.{}", rng.range(2, 40)),
        agent: "Mozilla/5.0 (compatible; Findebot/2.1; +https://findebot.example/bot.html)",
        country: "US".to_owned(),
    };
    let mut at = stage.midnight + rng.range(0, 20) * HOUR + rng.range(0, 40 * MINUTE);
    for _ in 0..rng.range(90, 180) {
        let sku = rng.range(100, 1_400);
        let path = format!("/v1/products/SKU-{sku}");
        let entry = Entry::new(at, PRODUCT_API, "http.request", &crawler);
        // Products above 999 are gone.
        let entry = if sku > 999 {
            entry.http("GET", &path, "/v1/products/{sku}", 404, 96)
        } else {
            let found = entry.http("GET", &path, "/v1/products/{sku}", 200, 900 + rng.below(20_000));
            found.resource("product", &format!("SKU-{sku}"), None, 1)
        };
        stage.app(rng, &entry);
        at += rng.range(SECOND, 9 * SECOND);
    }
    vec![crawler.entity(PRODUCT_API)]
}
