//! One student's session walks through other students' records, because the portal does not check whose they are.
//!
//! Look-alikes: an instructor pages through the own class; a student opens the own record again and again.

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
    id: StoryId::PortalPaging,
    title: "One portal session pages through other students' records",
    surfaces: &["student_portal"],
    attack: &["T1190", "T1213"],
    ocsf: &[2004],
    play,
};

const ROUTE: &str = "/v1/students/{id}/record";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let students = &stage.world.people.students;
    let own = rng.index(students.len());
    let visitor = cast::student(&students[own], rng);
    let mut at = stage.midnight + rng.range(0, 22 * 60 * MINUTE);
    let login = Entry::new(at, PORTAL, "login", &visitor).http("POST", "/v1/session", "/v1/session", 200, 512);
    stage.app(rng, &login);
    at += rng.range(10, 90) * 1000;
    let mine = &students[own].id;
    let path = format!("/v1/students/{mine}/record");
    stage.app(
        rng,
        &Entry::new(at, PORTAL, "http.request", &visitor).http("GET", &path, ROUTE, 200, 2_912).resource(
            "student_record",
            mine,
            Some(mine),
            1,
        ),
    );

    let count = 60 + rng.index(240);
    let sequential = rng.chance(600);
    let variant = if sequential { "student numbers in order" } else { "student numbers at random" };
    let start = rng.index(students.len());
    let mut seen = BTreeSet::new();
    at += rng.range(20, 300) * 1000;
    let mut deed = None;
    for n in 0..count {
        let i = if sequential { (start + n) % students.len() } else { rng.index(students.len()) };
        let id = &students[i].id;
        // Some numbers are refused: sealed records.
        let sealed = students[i].number % 29 == 3;
        let status = if sealed { 403 } else { 200 };
        let bytes = if sealed { 118 } else { 2_400 + rng.below(1_900) };
        let path = format!("/v1/students/{id}/record");
        let entry = Entry::new(at, PORTAL, "http.request", &visitor).http("GET", &path, ROUTE, status, bytes).resource(
            "student_record",
            id,
            Some(id),
            1,
        );
        stage.app(rng, &entry);
        if !sealed && i != own {
            seen.insert(Subject::Student(i));
            deed.get_or_insert(at);
        }
        at += rng.range(700, 6_000);
    }
    let table = stage.world.holdings.of(RDS_SIS)[0];
    let elements = ["NAME", "EMAIL", "STUDENT_ID", "STUDENT_PII", "GRADES", "DOB"];
    let exposure = exposure::rows(stage.world, table, &seen, &elements);
    let resources = vec!["https://portal.campus.larkfield.example/v1/students/{id}/record".to_owned()];
    Told { variant, deed: deed.unwrap_or(at), actors: vec![visitor.entity(PORTAL)], resources, exposure }
}
