//! A class signs in at the school's computers: many students behind one address, some with a wrong password at first.

use crate::cast;
use crate::clock::{MINUTE, SECOND, Zone};
use crate::formats::application::{Entry, PORTAL};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "computer-room",
    title: "A class signs in behind one address",
    resembles: "stuffed-accounts",
    why_benign: "a class and not hundreds; who fails signs in a moment later; each then reads the own record",
    when: When::Weekdays,
    play,
};

/// Another school's network.
const SCHOOL_IP: &str = "198.18.141.9";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let starts = Zone::NewYork.at(stage.midnight, 10, 0) + rng.range(0, 180 * MINUTE);
    let mut actors = Vec::new();
    for _ in 0..30 {
        let person = rng.pick(&stage.world.people.students);
        let mut visitor = cast::student(person, rng);
        SCHOOL_IP.clone_into(&mut visitor.ip);
        let mut at = starts + rng.range(0, 300) * SECOND;
        let fails = if rng.chance(200) { 1 } else { 0 };
        for n in 0..=fails {
            let status = if n < fails { 401 } else { 200 };
            let login =
                Entry::new(at, PORTAL, "login", &visitor).http("POST", "/v1/session", "/v1/session", status, 512);
            stage.app(rng, &login);
            at += rng.range(5, 20) * SECOND;
        }
        let path = format!("/v1/students/{}/record", person.id);
        let entry = Entry::new(at, PORTAL, "http.request", &visitor)
            .http("GET", &path, "/v1/students/{id}/record", 200, 2_400 + rng.below(1_900))
            .resource("student_record", &person.id, Some(&person.id), 1);
        stage.app(rng, &entry);
        actors.push(visitor.entity(PORTAL));
    }
    actors.sort_unstable();
    actors.dedup();
    actors
}
