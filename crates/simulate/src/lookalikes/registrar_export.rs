//! The registrar exports every gradebook of the school for the mid-term report.

use crate::cast;
use crate::clock::{MINUTE, SECOND, Zone};
use crate::formats::application::{ASSESSMENT, Entry};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "registrar-export",
    title: "Bulk gradebook export by the registrar",
    resembles: "gradebook-export",
    why_benign: "the registrar role may see all courses of its school; office hours, the usual network and device",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let registrar = cast::member(stage.world.company.seed, "registrar-0002", "registrar", "US", rng);
    let mut at = Zone::NewYork.at(stage.midnight, 10, 0) + rng.range(0, 240 * MINUTE);
    stage.app(
        rng,
        &Entry::new(at, ASSESSMENT, "login", &registrar).http("POST", "/v1/session", "/v1/session", 200, 420),
    );
    for course in stage.world.people.courses.iter().filter(|c| c.school == 0) {
        at += rng.range(10 * SECOND, 50 * SECOND);
        let path = format!("/v1/courses/{}/gradebook/export", course.id);
        let bytes = 3_000 + rng.below(3_000);
        let entry = Entry::new(at, ASSESSMENT, "export.download", &registrar)
            .http("GET", &path, "/v1/courses/{id}/gradebook/export", 200, bytes)
            .resource("gradebook", &course.id, Some(&course.instructor), course.roster.len());
        stage.app(rng, &entry);
    }
    vec![registrar.entity(ASSESSMENT)]
}
