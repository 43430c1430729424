//! The campus applications: students in the portal and in courses, instructors grading, a few support visits.
//!
//! Students see their own records; instructors and assistants see their own courses.

use crate::cast;
use crate::clock::{Ms, SECOND};
use crate::formats::application::{ASSESSMENT, COURSES, Entry, PORTAL};
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) {
    let mut rng = stage.rng("campus");
    for at in Rhythm::Campus.day(&mut rng, stage.midnight, stage.volume(24)) {
        portal(stage, &mut rng, at);
    }
    for at in Rhythm::Campus.day(&mut rng, stage.midnight, stage.volume(60)) {
        course(stage, &mut rng, at);
    }
    for at in Rhythm::Campus.day(&mut rng, stage.midnight, stage.volume(16)) {
        grading(stage, &mut rng, at);
    }
}

fn portal(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let person = rng.pick(&stage.world.people.students);
    let visitor = cast::student(person, rng);
    let wrong = rng.chance(70);
    let status = if wrong { 401 } else { 200 };
    stage.app(rng, &Entry::new(at, PORTAL, "login", &visitor).http("POST", "/v1/session", "/v1/session", status, 512));
    if wrong {
        return;
    }
    let path = format!("/v1/students/{}/record", person.id);
    for n in 1..=rng.range(1, 3) {
        let entry = Entry::new(at + n * rng.range(6, 50) * SECOND, PORTAL, "http.request", &visitor);
        let entry = match rng.index(40) {
            0 => entry.http("GET", "/v1/timetable", "/v1/timetable", 500, 130).message("cache node unavailable"),
            1..=14 => entry.http("GET", "/v1/timetable", "/v1/timetable", 200, 1_900 + rng.below(2_000)),
            _ => entry.http("GET", &path, "/v1/students/{id}/record", 200, 2_400 + rng.below(1_900)).resource(
                "student_record",
                &person.id,
                Some(&person.id),
                1,
            ),
        };
        stage.app(rng, &entry);
    }
}

fn course(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let course = rng.pick(&stage.world.people.courses);
    if course.roster.is_empty() {
        return;
    }
    let person = &stage.world.people.students[*rng.pick(&course.roster)];
    let visitor = cast::student(person, rng);
    let unit = rng.range(1, 14);
    let path = format!("/v1/courses/{}/units/{unit}", course.id);
    let entry = Entry::new(at, COURSES, "http.request", &visitor)
        .http("GET", &path, "/v1/courses/{id}/units/{n}", 200, 6_000 + rng.below(90_000))
        .resource("course_unit", &format!("{}/{unit}", course.id), None, 1);
    stage.app(rng, &entry);
}

fn grading(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let seed = stage.world.company.seed;
    let course = rng.pick(&stage.world.people.courses);
    if course.roster.is_empty() {
        return;
    }
    let (id, role) = if rng.chance(650) { (&course.instructor, "instructor") } else { (&course.assistant, "ta") };
    let visitor = cast::member(seed, id, role, "US", rng);
    let person = &stage.world.people.students[*rng.pick(&course.roster)];
    let item = format!("{}/quiz-{}", course.id, rng.range(1, 9));
    let path = format!("/v1/courses/{}/items/{}/responses/{}", course.id, rng.range(1, 9), person.id);
    let entry = Entry::new(at, ASSESSMENT, "http.request", &visitor)
        .http("PUT", &path, "/v1/courses/{id}/items/{item}/responses/{student}", 200, 340)
        .resource("assessment_item", &item, Some(&person.id), 1);
    stage.app(rng, &entry);
}
