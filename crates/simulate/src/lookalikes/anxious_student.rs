//! A student waits for a grade and reloads the own record again and again.

use crate::cast;
use crate::clock::{MINUTE, SECOND, Zone};
use crate::formats::application::{Entry, PORTAL};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "anxious-student",
    title: "Student reloads the own record",
    resembles: "portal-paging",
    why_benign: "as many requests as the leak has, but all for the student's own record",
    when: When::Daily,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let person = rng.pick(&stage.world.people.students);
    let visitor = cast::student(person, rng);
    let mut at = Zone::NewYork.at(stage.midnight, 19, 0) + rng.range(0, 120 * MINUTE);
    let path = format!("/v1/students/{}/record", person.id);
    for _ in 0..rng.range(60, 110) {
        let entry = Entry::new(at, PORTAL, "http.request", &visitor)
            .http("GET", &path, "/v1/students/{id}/record", 200, 2_900)
            .resource("student_record", &person.id, Some(&person.id), 1);
        stage.app(rng, &entry);
        at += rng.range(4 * SECOND, 30 * SECOND);
    }
    vec![visitor.entity(PORTAL)]
}
