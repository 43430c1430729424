//! The students' app refreshes in the background: the same record again and again, for many students at once.

use crate::cast;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::formats::application::{Entry, PORTAL};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "app-refresh",
    title: "Students' app refreshes in the background",
    resembles: "portal-paging",
    why_benign: "many requests at a steady pace, but each session asks only for the own record and grades",
    when: When::Daily,
    play,
};

/// The school's wireless network, behind whose address all of them sit.
const SCHOOL_IP: &str = "198.18.140.7";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let mut actors = Vec::new();
    for _ in 0..20 {
        let person = rng.pick(&stage.world.people.students);
        let mut visitor = cast::student(person, rng);
        SCHOOL_IP.clone_into(&mut visitor.ip);
        visitor.agent = "LarkfieldCampus/7.2 (iOS 19.3)";
        let mut at = stage.midnight + 13 * HOUR + rng.range(0, 10 * MINUTE);
        for _ in 0..rng.range(8, 14) {
            let path = format!("/v1/students/{}/record", person.id);
            let entry = Entry::new(at, PORTAL, "http.request", &visitor)
                .http("GET", &path, "/v1/students/{id}/record", 200, 2_900)
                .resource("student_record", &person.id, Some(&person.id), 1);
            stage.app(rng, &entry);
            at += 15 * MINUTE + rng.range(0, 20 * SECOND);
        }
        actors.push(visitor.entity(PORTAL));
    }
    actors.sort_unstable();
    actors.dedup();
    actors
}
