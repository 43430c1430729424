//! A release of the checkout logs the payment form: card numbers of paying customers stand in the client log.
//!
//! Look-alikes: the same log is full of 16-digit order numbers and of masked cards.

use std::collections::BTreeSet;

use crate::cast;
use crate::clock::MINUTE;
use crate::exposure;
use crate::formats::application::{CHECKOUT, Entry};
use crate::holdings::{RDS_PROFILES, Subject};
use crate::json::{J, j};
use crate::options::StoryId;
use crate::people::Person;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::CheckoutCardLog,
    title: "Card numbers are written to the checkout client log",
    surfaces: &["checkout"],
    attack: &["T1552.001"],
    ocsf: &[2006],
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let form = rng.index(3);
    let variant =
        ["form state as JSON, with security code", "validation error, number in groups", "debug line, bare number"]
            [form];
    let mut at = stage.midnight + rng.range(8 * 60 * MINUTE, 20 * 60 * MINUTE);
    let deed = at;
    let (mut seen, mut actors) = (BTreeSet::new(), BTreeSet::new());
    let people = &stage.world.people.customers;
    for _ in 0..rng.range(40, 180) {
        let i = rng.index(people.len());
        let payer = &people[i];
        let visitor = cast::customer(payer, rng);
        let entry = Entry::new(at, CHECKOUT, "client.log", &visitor).level("warn").message(message(form, payer, rng));
        stage.app(rng, &entry);
        seen.insert(Subject::Customer(i));
        actors.insert(visitor.entity(CHECKOUT));
        at += rng.range(2_000, 150_000);
    }
    let card = if form == 0 { "CARD_WITH_CODE" } else { "CARD" };
    let table = stage.world.holdings.of(RDS_PROFILES)[0];
    let exposure = exposure::rows(stage.world, table, &seen, &["NAME", card]);
    let resources = vec!["https://shop.larkfield.example/checkout".to_owned()];
    Told { variant, deed, actors: actors.into_iter().collect(), resources, exposure }
}

fn message(form: usize, payer: &Person, rng: &mut Rng) -> String {
    match form {
        0 => {
            let state = j!({
                "step": "payment", "holder": (payer.name()), "cardNumber": (&payer.card), "expiry": (&payer.card_expiry),
                "cvv": (rng.digits(3)), "attempt": (J::Int(rng.range(1, 3))),
            });
            format!("payment form state {}", state.text())
        }
        1 => {
            let groups: Vec<&str> = (0..payer.card.len())
                .step_by(4)
                .filter_map(|i| payer.card.get(i..(i + 4).min(payer.card.len())))
                .collect();
            format!(
                "validation failed: postcode does not match for card {} exp {} ({})",
                groups.join(" "),
                payer.card_expiry,
                payer.name()
            )
        }
        _ => format!(
            "debug tokenizer request pan={} name=\"{}\" took {} ms",
            payer.card,
            payer.name(),
            rng.range(80, 900)
        ),
    }
}
