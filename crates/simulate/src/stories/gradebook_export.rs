//! A teaching assistant's account is taken over and exports gradebooks, most of them of courses that are not theirs.
//!
//! Look-alikes: an assistant exports the own course; the registrar exports all of them from the school's network.

use crate::cast;
use crate::clock::MINUTE;
use crate::exposure;
use crate::formats::application::{ASSESSMENT, Entry};
use crate::holdings::GRADEBOOKS;
use crate::options::StoryId;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::GradebookExport,
    title: "A compromised teaching assistant exports gradebooks",
    surfaces: &["assessment", "identity"],
    attack: &["T1078", "T1213", "T1567"],
    ocsf: &[2004],
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let seed = stage.world.company.seed;
    let courses = &stage.world.people.courses;
    let own = rng.index(courses.len());
    let school = courses[own].school;
    let mut assistant = cast::member(seed, &courses[own].assistant, "ta", "US", rng);
    assistant.ip = cast::stranger_ip(rng);
    assistant.country = cast::stranger_country(rng).to_owned();
    assistant.agent = crate::names::BROWSERS[3];
    let mut at = stage.midnight + rng.range(0, 22 * 60 * MINUTE);
    let tries = rng.range(0, 4);
    for n in 0..=tries {
        let status = if n < tries { 401 } else { 200 };
        let login =
            Entry::new(at, ASSESSMENT, "login", &assistant).http("POST", "/v1/session", "/v1/session", status, 420);
        stage.app(rng, &login);
        at += rng.range(5, 40) * 1000;
    }

    // The own course and others of the same school: the assistant role is checked, the course is not.
    let mut targets: Vec<usize> = (0..courses.len()).filter(|&i| courses[i].school == school).collect();
    rng.shuffle(&mut targets);
    targets.truncate(3 + rng.index(6));
    if !targets.contains(&own) {
        targets.push(own);
    }
    at += rng.range(MINUTE, 20 * MINUTE);
    let deed = at;
    let mut taken = Vec::new();
    let gradebooks = stage.world.holdings.of(GRADEBOOKS);
    for &target in &targets {
        let course = &courses[target];
        let key = format!("2026-spring/{}.csv", course.id);
        let Some(&object) = gradebooks.iter().find(|&&i| stage.world.holdings.objects[i].key == key) else { continue };
        let path = format!("/v1/courses/{}/gradebook/export", course.id);
        let bytes = stage.world.holdings.objects[object].size;
        let entry = Entry::new(at, ASSESSMENT, "export.download", &assistant)
            .http("GET", &path, "/v1/courses/{id}/gradebook/export", 200, bytes)
            .resource("gradebook", &course.id, Some(&course.instructor), course.roster.len());
        stage.app(rng, &entry);
        taken.push(object);
        at += rng.range(8, 120) * 1000;
    }
    let variant = if tries > 0 { "after wrong passwords" } else { "with the right password at once" };
    let resources = vec!["https://assess.campus.larkfield.example/v1/courses/{id}/gradebook/export".to_owned()];
    Told {
        variant,
        deed,
        actors: vec![assistant.entity(ASSESSMENT)],
        resources,
        exposure: exposure::objects(stage.world, &taken),
    }
}
