//! Enrolment opens: for some hours many more students sign in and look at their records, and registrars enrol in bulk.

use crate::cast;
use crate::clock::{SECOND, Zone};
use crate::formats::application::{Entry, PORTAL};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "term-start",
    title: "Enrolment opens for the next term",
    resembles: "portal-paging",
    why_benign: "many students, each reading only the own record; the registrar writes enrolments and reads none",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let opens = Zone::NewYork.at(stage.midnight, 9, 0);
    let mut actors = Vec::new();
    for _ in 0..420 {
        let person = rng.pick(&stage.world.people.students);
        let visitor = cast::student(person, rng);
        // Most come in the first hour.
        let at = opens + rng.range(0, 60).min(rng.range(0, 200)) * 60 * SECOND + rng.range(0, 59 * SECOND);
        stage.app(rng, &Entry::new(at, PORTAL, "login", &visitor).http("POST", "/v1/session", "/v1/session", 200, 512));
        let path = format!("/v1/students/{}/record", person.id);
        let entry = Entry::new(at + 9 * SECOND, PORTAL, "http.request", &visitor)
            .http("GET", &path, "/v1/students/{id}/record", 200, 2_400 + rng.below(1_900))
            .resource("student_record", &person.id, Some(&person.id), 1);
        stage.app(rng, &entry);
        actors.push(visitor.entity(PORTAL));
    }
    let registrar = cast::member(stage.world.company.seed, "registrar-0001", "registrar", "US", rng);
    for n in 0..60 {
        let course = rng.pick(&stage.world.people.courses);
        let path = format!("/v1/courses/{}/enrolments", course.id);
        let entry = Entry::new(opens + n * 12 * SECOND, PORTAL, "http.request", &registrar)
            .http("POST", &path, "/v1/courses/{id}/enrolments", 201, 210)
            .resource("enrolment", &course.id, None, course.roster.len());
        stage.app(rng, &entry);
    }
    actors.push(registrar.entity(PORTAL));
    actors.sort_unstable();
    actors.dedup();
    actors
}
