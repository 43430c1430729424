//! An instructor opens the record of each student of the own class, one after the other.

use crate::cast;
use crate::clock::{MINUTE, SECOND, Zone};
use crate::formats::application::{Entry, PORTAL};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "instructor-paging",
    title: "Instructor pages through the own class",
    resembles: "portal-paging",
    why_benign: "an instructor, not a student; every record belongs to someone in the own class; no more of them than the class has",
    when: When::Weekdays,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let course = rng.pick(&stage.world.people.courses);
    let visitor = cast::member(stage.world.company.seed, &course.instructor, "instructor", "US", rng);
    let mut at = Zone::NewYork.at(stage.midnight, 13, 0) + rng.range(0, 300 * MINUTE);
    for &i in &course.roster {
        let id = &stage.world.people.students[i].id;
        let path = format!("/v1/students/{id}/record?course={}", course.id);
        let entry = Entry::new(at, PORTAL, "http.request", &visitor)
            .http("GET", &path, "/v1/students/{id}/record", 200, 2_400 + rng.below(1_900))
            .resource("student_record", id, Some(id), 1);
        stage.app(rng, &entry);
        at += rng.range(6 * SECOND, 45 * SECOND);
    }
    vec![visitor.entity(PORTAL)]
}
