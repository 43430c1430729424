//! The quality team's tool signs in as many test customers and reads their orders, hundreds in minutes.

use crate::clock::{HOUR, MINUTE};
use crate::formats::application::{ACCOUNT, Entry, Visitor};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "sign-in-load-test",
    title: "Load test of sign-in and orders",
    resembles: "stuffed-accounts, customer-walk",
    why_benign: "test customers, each reading only the own orders, from the runners' address in the company's network; wrong passwords are part of the test",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let mut at = stage.midnight + 7 * HOUR + rng.range(0, 60 * MINUTE);
    let mut actors = Vec::new();
    for n in 0..160 {
        let customer = Visitor {
            id: format!("cust-test-{n:03}"),
            role: "customer",
            student_id: None,
            session: rng.hex(24),
            ip: crate::cast::RUNNER_IP.to_owned(),
            agent: "k6/1.4.0 (https://k6.io/)",
            country: "US".to_owned(),
        };
        let status = if n % 4 == 0 { 401 } else { 200 };
        let login = Entry::new(at, ACCOUNT, "login", &customer).http("POST", "/v1/session", "/v1/session", status, 380);
        stage.app(rng, &login);
        actors.push(customer.entity(ACCOUNT));
        at += rng.range(100, 900);
        if status == 200 {
            let order = format!("88{n:014}");
            let path = format!("/v1/orders/{order}");
            let entry = Entry::new(at, ACCOUNT, "http.request", &customer)
                .http("GET", &path, "/v1/orders/{id}", 200, 1_200 + rng.below(900))
                .resource("order", &order, Some(&customer.id), 1);
            stage.app(rng, &entry);
        }
        at += rng.range(300, 1_800);
    }
    actors
}
