//! An assistant's account downloads the transcripts of students, one after the other.
//!
//! Look-alikes: the registrar issues transcripts at the end of the term; a student downloads the own one.

use std::collections::BTreeSet;

use crate::cast;
use crate::clock::MINUTE;
use crate::exposure;
use crate::formats::application::{Entry, PORTAL};
use crate::holdings::{RDS_SIS, Subject};
use crate::options::StoryId;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::TranscriptsTaken,
    title: "An assistant's account downloads the transcripts of many students",
    surfaces: &["student_portal", "identity"],
    attack: &["T1078", "T1213", "T1567"],
    ocsf: &[2004],
    play,
};

const ROUTE: &str = "/v1/students/{id}/transcript.pdf";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let course = rng.pick(&stage.world.people.courses);
    let school = course.school;
    let mut visitor = cast::member(stage.world.company.seed, &course.assistant, "ta", "US", rng);
    let stolen = rng.chance(500);
    let variant = if stolen { "from a strange network" } else { "by the assistant, from home" };
    if stolen {
        visitor.ip = cast::stranger_ip(rng);
        visitor.country = cast::stranger_country(rng).to_owned();
    }
    let mut at = stage.midnight + rng.range(0, 21 * 60 * MINUTE);
    let login = Entry::new(at, PORTAL, "login", &visitor).http("POST", "/v1/session", "/v1/session", 200, 512);
    stage.app(rng, &login);
    at += rng.range(10_000, 90_000);

    let students = &stage.world.people.students;
    let mut of_school: Vec<usize> = (0..students.len()).filter(|&i| students[i].school == school).collect();
    rng.shuffle(&mut of_school);
    of_school.truncate(25 + rng.index(60));
    let deed = at;
    let mut seen = BTreeSet::new();
    for &i in &of_school {
        let id = &students[i].id;
        let entry = Entry::new(at, PORTAL, "export.download", &visitor)
            .http("GET", &format!("/v1/students/{id}/transcript.pdf"), ROUTE, 200, 60_000 + rng.below(90_000))
            .resource("transcript", &format!("transcript-{id}"), Some(id), 1);
        stage.app(rng, &entry);
        seen.insert(Subject::Student(i));
        at += rng.range(5_000, 40_000);
    }
    let table = stage.world.holdings.of(RDS_SIS)[0];
    let exposure = exposure::rows(stage.world, table, &seen, &["NAME", "STUDENT_ID", "STUDENT_PII", "GRADES", "DOB"]);
    let resources = vec!["https://portal.campus.larkfield.example/v1/students/{id}/transcript.pdf".to_owned()];
    Told { variant, deed, actors: vec![visitor.entity(PORTAL)], resources, exposure }
}
