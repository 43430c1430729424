//! Teaching assistants export the gradebook of the own course, from where they always work.

use crate::cast;
use crate::clock::{MINUTE, Zone};
use crate::formats::application::{ASSESSMENT, Entry};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "own-course-export",
    title: "Teaching assistant exports the own course",
    resembles: "gradebook-export",
    why_benign: "one course, the assistant's own, from the network and device that the assistant always uses",
    when: When::Weekdays,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let mut actors = Vec::new();
    for _ in 0..3 {
        let course = rng.pick(&stage.world.people.courses);
        let visitor = cast::member(stage.world.company.seed, &course.assistant, "ta", "US", rng);
        let at = Zone::NewYork.at(stage.midnight, 15, 0) + rng.range(0, 300 * MINUTE);
        stage.app(
            rng,
            &Entry::new(at, ASSESSMENT, "login", &visitor).http("POST", "/v1/session", "/v1/session", 200, 420),
        );
        let path = format!("/v1/courses/{}/gradebook/export", course.id);
        let entry = Entry::new(at + 3 * MINUTE, ASSESSMENT, "export.download", &visitor)
            .http("GET", &path, "/v1/courses/{id}/gradebook/export", 200, 3_000 + rng.below(3_000))
            .resource("gradebook", &course.id, Some(&course.instructor), course.roster.len());
        stage.app(rng, &entry);
        actors.push(visitor.entity(ASSESSMENT));
    }
    actors
}
