//! Passwords from elsewhere are tried on many customers; some fit, and these accounts are emptied of their data.
//!
//! Look-alikes: a password manager that tries old passwords; a computer room where many sign in behind one address.

use std::collections::BTreeSet;

use crate::cast;
use crate::clock::{MINUTE, Ms};
use crate::exposure;
use crate::formats::application::{ACCOUNT, Entry, Visitor};
use crate::holdings::{RDS_PROFILES, Subject};
use crate::options::StoryId;
use crate::people::Person;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::StuffedAccounts,
    title: "Leaked passwords open customer accounts, whose data is exported",
    surfaces: &["customer_account", "identity"],
    attack: &["T1110.004", "T1078", "T1098", "T1213"],
    ocsf: &[2004],
    play,
};

/// Where the list is tried from, and with which program.
struct Thief {
    ip: String,
    agent: &'static str,
    country: String,
}

impl Thief {
    fn signs_in_as(&self, person: &Person, rng: &mut Rng) -> Visitor {
        let mut visitor = cast::customer(person, rng);
        visitor.ip.clone_from(&self.ip);
        visitor.country.clone_from(&self.country);
        visitor.agent = self.agent;
        visitor
    }
}

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let thief = Thief {
        ip: cast::stranger_ip(rng),
        agent: rng.word(crate::names::BROWSERS),
        country: cast::stranger_country(rng).to_owned(),
    };
    let people = &stage.world.people.customers;
    let mut order: Vec<usize> = (0..people.len()).collect();
    rng.shuffle(&mut order);
    let tried = 70 + rng.index(150);
    let fits = 4 + rng.index(8);
    let mut at = stage.midnight + rng.range(0, 20 * 60 * MINUTE);
    for &i in order.iter().skip(fits).take(tried) {
        let visitor = thief.signs_in_as(&people[i], rng);
        login(stage, rng, &visitor, 401, at);
        at += rng.range(500, 4_500);
    }

    let moves_mail = rng.chance(500);
    let variant = if moves_mail { "mail address moved, then exported" } else { "exported at once" };
    let (mut seen, mut actors, mut deed) = (BTreeSet::new(), BTreeSet::new(), None);
    for &i in order.iter().take(fits) {
        let visitor = thief.signs_in_as(&people[i], rng);
        login(stage, rng, &visitor, 200, at);
        at += rng.range(4_000, 30_000);
        let took = empty(stage, rng, &visitor, moves_mail, at);
        deed.get_or_insert(took);
        at = took + rng.range(4_000, 40_000);
        seen.insert(Subject::Customer(i));
        actors.insert(visitor.entity(ACCOUNT));
    }
    let table = stage.world.holdings.of(RDS_PROFILES)[0];
    let exposure = exposure::rows(stage.world, table, &seen, &["NAME", "EMAIL", "POSTAL_ADDRESS", "DOB"]);
    let resources = vec!["https://shop.larkfield.example/account".to_owned()];
    Told { variant, deed: deed.unwrap_or(at), actors: actors.into_iter().collect(), resources, exposure }
}

fn login(stage: &mut Stage<'_>, rng: &mut Rng, visitor: &Visitor, status: u16, at: Ms) {
    let entry = Entry::new(at, ACCOUNT, "login", visitor).http("POST", "/v1/session", "/v1/session", status, 380);
    stage.app(rng, &entry);
}

/// Takes what the account has; returns when it was exported.
fn empty(stage: &mut Stage<'_>, rng: &mut Rng, visitor: &Visitor, moves_mail: bool, mut at: Ms) -> Ms {
    let id = visitor.id.as_str();
    let of_account = |event: &'static str, tail: &str, route: &'static str, at: Ms| {
        let path = format!("/v1/customers/{id}/{tail}");
        Entry::new(at, ACCOUNT, event, visitor).http("PUT", &path, route, 200, 240).resource(
            "customer",
            id,
            Some(id),
            1,
        )
    };
    if moves_mail {
        stage.app(rng, &of_account("email.changed", "email", "/v1/customers/{id}/email", at));
        at += rng.range(5_000, 50_000);
        stage.app(rng, &of_account("address.changed", "addresses/1", "/v1/customers/{id}/addresses/{n}", at));
        at += rng.range(5_000, 50_000);
    }
    let path = format!("/v1/customers/{id}/export");
    let entry = Entry::new(at, ACCOUNT, "export.download", visitor)
        .http("GET", &path, "/v1/customers/{id}/export", 200, 9_000 + rng.below(30_000))
        .resource("customer", id, Some(id), 1);
    stage.app(rng, &entry);
    at
}
