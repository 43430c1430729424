//! The registrar issues the transcripts of everybody who leaves, in one morning.

use crate::cast;
use crate::clock::{MINUTE, SECOND, Zone};
use crate::formats::application::{Entry, PORTAL};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "term-transcripts",
    title: "Registrar issues transcripts at the end of term",
    resembles: "transcripts-taken",
    why_benign: "the office that issues them, in office hours, from its usual network; students download only their own",
    when: When::Monthly,
    play,
};

const ROUTE: &str = "/v1/students/{id}/transcript.pdf";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let registrar = cast::member(stage.world.company.seed, "registrar-0002", "registrar", "US", rng);
    let mut at = Zone::NewYork.at(stage.midnight, 9, 30) + rng.range(0, 90 * MINUTE);
    let mut actors = vec![registrar.entity(PORTAL)];
    for _ in 0..90 {
        let person = rng.pick(&stage.world.people.students);
        let visitor = cast::student(person, rng);
        let bytes = 60_000 + rng.below(90_000);
        let path = format!("/v1/students/{}/transcript.pdf", person.id);
        let document = format!("transcript-{}", person.id);
        let download = |who, at| {
            Entry::new(at, PORTAL, "export.download", who).http("GET", &path, ROUTE, 200, bytes).resource(
                "transcript",
                &document,
                Some(&person.id),
                1,
            )
        };
        stage.app(rng, &download(&registrar, at));
        if rng.chance(300) {
            let later = at + rng.range(20 * MINUTE, 200 * MINUTE);
            stage.app(rng, &download(&visitor, later));
            actors.push(visitor.entity(PORTAL));
        }
        at += rng.range(4 * SECOND, 30 * SECOND);
    }
    actors.sort_unstable();
    actors.dedup();
    actors
}
