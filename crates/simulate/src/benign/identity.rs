//! Employees signing in to Entra and through it to AWS, wrong passwords included, and routine directory changes.
//!
//! People sign in from the office or from home, on managed devices, with a second factor.

use crate::clock::Ms;
use crate::company::DOMAIN;
use crate::formats::auditlog::Change;
use crate::formats::signin::{AWS_SSO, OFFICE, PORTAL, SignIn};
use crate::json::{J, j};
use crate::people::{Staff, Team};
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) {
    let mut rng = stage.rng("identity");
    for (rhythm, dublin, per_hour) in [(Rhythm::Office, false, 26), (Rhythm::OfficeDublin, true, 11)] {
        for at in rhythm.day(&mut rng, stage.midnight, stage.volume(per_hour)) {
            sign_in(stage, &mut rng, at, dublin);
        }
    }
    for at in Rhythm::Office.day(&mut rng, stage.midnight, stage.volume(3)) {
        directory(stage, &mut rng, at);
    }
}

fn sign_in(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms, dublin: bool) {
    let candidates: Vec<&Staff> = stage.world.people.staff.iter().filter(|s| s.dublin == dublin).collect();
    if candidates.is_empty() {
        return;
    }
    let staff = *rng.pick(&candidates);
    let technical = matches!(staff.team, Team::Platform | Team::Engineering | Team::Data | Team::Security);
    let app = if technical { *rng.pick(&[OFFICE, PORTAL, AWS_SSO]) } else { OFFICE };
    let office = rng.chance(720);
    let ip = if office { &staff.office_ip } else { &staff.home_ip };
    let (country, city) = if dublin { ("IE", "Dublin") } else { ("US", "New York") };
    let error = if rng.chance(45) { 50_126 } else { 0 };
    let sign_in = SignIn {
        at,
        upn: &staff.upn,
        name: &staff.name,
        oid: &staff.oid,
        ip,
        country,
        city,
        app,
        agent: staff.agent,
        error,
        mfa: error == 0,
        risk: "none",
        managed: true,
    };
    stage.sign_in(rng, &sign_in);
}

fn directory(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let admins = stage.world.people.team(Team::Platform);
    let admin = *rng.pick(&admins);
    let staff = rng.pick(&stage.world.people.staff);
    let by = (admin.upn.as_str(), admin.oid.as_str(), admin.office_ip.as_str());
    let (activity, category, operation, kind, modified) = match rng.index(3) {
        0 => {
            let group = rng.word(&["campus-support", "shop-marketing", "all-staff"]);
            let change = vec![("Group.DisplayName", J::Null, J::from(group))];
            ("Add member to group", "GroupManagement", "Assign", "User", change)
        }
        1 => (
            "Update user",
            "UserManagement",
            "Update",
            "User",
            vec![("JobTitle", j!(["Associate"]), j!(["Senior Associate"]))],
        ),
        _ => ("Reset user password", "UserManagement", "Update", "User", Vec::new()),
    };
    debug_assert!(staff.upn.ends_with(DOMAIN));
    stage.directory(
        rng,
        &Change { at, by, activity, category, operation, target: (kind, &staff.upn, &staff.oid), modified },
    );
}
