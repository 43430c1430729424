//! A password manager tries the passwords it remembers, one after the other, until the right one.

use crate::cast;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::formats::application::{ACCOUNT, Entry};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "password-manager-retry",
    title: "Password manager tries old passwords",
    resembles: "stuffed-accounts",
    why_benign: "many failures before a success, but of one account, from the customer's own address and device",
    when: When::Daily,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let mut actors = Vec::new();
    for _ in 0..4 {
        let visitor = cast::customer(rng.pick(&stage.world.people.customers), rng);
        let mut at = stage.midnight + rng.range(6, 22) * HOUR + rng.range(0, 50 * MINUTE);
        let tries = rng.range(5, 40);
        for n in 0..=tries {
            let status = if n < tries { 401 } else { 200 };
            let entry =
                Entry::new(at, ACCOUNT, "login", &visitor).http("POST", "/v1/session", "/v1/session", status, 380);
            stage.app(rng, &entry);
            at += rng.range(SECOND, 4 * SECOND);
        }
        actors.push(visitor.entity(ACCOUNT));
    }
    actors.sort_unstable();
    actors.dedup();
    actors
}
