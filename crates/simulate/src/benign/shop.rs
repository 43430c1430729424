//! The shop's applications: products viewed, carts paid, accounts used, errors that are only errors.
//!
//! Client logs carry 16-digit order numbers and masked cards, which are no cards; 500s carry no records.

use crate::cast;
use crate::clock::{Ms, SECOND};
use crate::formats::application::{ACCOUNT, CHECKOUT, Entry, PRODUCT_API};
use crate::people::order_number;
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) {
    let mut rng = stage.rng("shop");
    for at in Rhythm::Shop.day(&mut rng, stage.midnight, stage.volume(84)) {
        product(stage, &mut rng, at);
    }
    for at in Rhythm::Shop.day(&mut rng, stage.midnight, stage.volume(9)) {
        purchase(stage, &mut rng, at);
    }
    for at in Rhythm::Shop.day(&mut rng, stage.midnight, stage.volume(14)) {
        account(stage, &mut rng, at);
    }
}

fn product(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let visitor = cast::passer_by(rng);
    let sku = rng.range(100, 999);
    let entry = Entry::new(at, PRODUCT_API, "http.request", &visitor);
    let (path, route) = match rng.index(4) {
        0 => (format!("/v1/products/SKU-{sku}/reviews"), "/v1/products/{sku}/reviews"),
        1 => (format!("/v1/search?q=item{sku}"), "/v1/search"),
        _ => (format!("/v1/products/SKU-{sku}"), "/v1/products/{sku}"),
    };
    let entry = match rng.index(200) {
        0 => entry.http("GET", &path, route, 500, 140 + rng.below(180)).message("upstream timeout after 3000 ms"),
        1..=6 => entry.http("GET", &path, route, 404, 96),
        _ => entry.http("GET", &path, route, 200, 800 + rng.below(22_000)).resource(
            "product",
            &format!("SKU-{sku}"),
            None,
            1,
        ),
    };
    stage.app(rng, &entry);
}

fn purchase(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let payer = rng.pick(&stage.world.people.customers);
    let visitor = cast::customer(payer, rng);
    let order = order_number(rng);
    let cart = Entry::new(at, CHECKOUT, "http.request", &visitor).http(
        "POST",
        "/v1/cart",
        "/v1/cart",
        200,
        900 + rng.below(3000),
    );
    stage.app(rng, &cart);
    let paid = Entry::new(at + rng.range(20, 140) * SECOND, CHECKOUT, "http.request", &visitor)
        .http("POST", "/v1/orders", "/v1/orders", 201, 700 + rng.below(900))
        .resource("order", &order, Some(&payer.id), 1)
        .message(format!(
            "order {order} accepted, card ending {}",
            payer.card.get(payer.card.len() - 4..).unwrap_or_default()
        ));
    stage.app(rng, &paid);
    if rng.chance(350) {
        let text = match rng.index(3) {
            0 => format!("order confirmation rendered for {order} in {} ms", rng.range(60, 900)),
            1 => format!("tokenizer ok token=tok_{} brand=visa last4={}", rng.alnum(24), rng.digits(4)),
            _ => format!("slow payment iframe, order {order}, card ************{}", rng.digits(4)),
        };
        let at = at + rng.range(20, 140) * SECOND;
        stage.app(rng, &Entry::new(at, CHECKOUT, "client.log", &visitor).message(text));
    }
}

fn account(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let owner = rng.pick(&stage.world.people.customers);
    let visitor = cast::customer(owner, rng);
    let wrong = rng.chance(60);
    let status = if wrong { 401 } else { 200 };
    stage.app(rng, &Entry::new(at, ACCOUNT, "login", &visitor).http("POST", "/v1/session", "/v1/session", status, 380));
    if wrong {
        return;
    }
    for n in 1..=rng.range(1, 3) {
        let entry = Entry::new(at + n * rng.range(8, 40) * SECOND, ACCOUNT, "http.request", &visitor);
        let entry = if rng.chance(500) {
            let path = format!("/v1/customers/{}", owner.id);
            entry.http("GET", &path, "/v1/customers/{id}", 200, 900 + rng.below(500)).resource(
                "customer",
                &owner.id,
                Some(&owner.id),
                1,
            )
        } else {
            let order = order_number(rng);
            let path = format!("/v1/orders/{order}");
            entry.http("GET", &path, "/v1/orders/{id}", 200, 1_200 + rng.below(900)).resource(
                "order",
                &order,
                Some(&owner.id),
                1,
            )
        };
        stage.app(rng, &entry);
    }
}
