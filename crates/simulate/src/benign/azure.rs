//! Azure Resource Manager: deployments by infrastructure code, restarts, tags, keys read by the portal's principal.
//!
//! The writes that resemble leaks are in `lookalikes`.

use crate::cast::{AZURE_PORTAL, AZURE_TERRAFORM, RUNNER_IP};
use crate::clock::{Ms, SECOND};
use crate::formats::activity::{Action, Caller};
use crate::json::{J, j};
use crate::people::{Staff, Team};
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) {
    let mut rng = stage.rng("azure");
    for at in Rhythm::Office.day(&mut rng, stage.midnight, stage.volume(10)) {
        by_person(stage, &mut rng, at);
    }
    for at in Rhythm::Machine.day(&mut rng, stage.midnight, stage.volume(3)) {
        by_program(stage, &mut rng, at);
    }
}

const BY_PERSON: &[(&str, &str)] = &[
    ("MICROSOFT.WEB/SITES/RESTART/ACTION", "MICROSOFT.WEB/SITES/CAMPUS-PORTAL"),
    ("MICROSOFT.WEB/SITES/CONFIG/LIST/ACTION", "MICROSOFT.WEB/SITES/CAMPUS-PORTAL"),
    ("MICROSOFT.INSIGHTS/METRICALERTS/WRITE", "MICROSOFT.INSIGHTS/METRICALERTS/PORTAL-LATENCY"),
    ("MICROSOFT.RESOURCES/TAGS/WRITE", "MICROSOFT.RESOURCES/TAGS/DEFAULT"),
    ("MICROSOFT.COMPUTE/VIRTUALMACHINES/RESTART/ACTION", "MICROSOFT.COMPUTE/VIRTUALMACHINES/VM-JUMP-01"),
    ("MICROSOFT.RESOURCES/DEPLOYMENTS/VALIDATE/ACTION", "MICROSOFT.RESOURCES/DEPLOYMENTS/PORTAL"),
];

const BY_PROGRAM: &[(&str, &str)] = &[
    ("MICROSOFT.RESOURCES/DEPLOYMENTS/WRITE", "MICROSOFT.RESOURCES/DEPLOYMENTS/PORTAL"),
    ("MICROSOFT.WEB/SITES/SLOTS/SLOTSSWAP/ACTION", "MICROSOFT.WEB/SITES/CAMPUS-PORTAL/SLOTS/STAGING"),
    ("MICROSOFT.SQL/SERVERS/DATABASES/WRITE", "MICROSOFT.SQL/SERVERS/LARKFIELD-CAMPUS-SQL/DATABASES/CAMPUS"),
    (
        "MICROSOFT.STORAGE/STORAGEACCOUNTS/BLOBSERVICES/CONTAINERS/WRITE",
        "MICROSOFT.STORAGE/STORAGEACCOUNTS/LARKFIELDCAMPUSBLOB/BLOBSERVICES/DEFAULT/CONTAINERS/BUILDS",
    ),
];

fn by_person(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let teams = [Team::Platform, Team::Engineering];
    let candidates: Vec<&Staff> = stage.world.people.staff.iter().filter(|s| teams.contains(&s.team)).collect();
    let staff = *rng.pick(&candidates);
    let who = Caller::Person { upn: &staff.upn, name: &staff.name, oid: &staff.oid };
    let ip = if rng.chance(800) { &staff.office_ip } else { &staff.home_ip };
    let &(operation, resource) = rng.pick(BY_PERSON);
    let mut action = Action::new(at, &who, ip, operation, resource);
    action.takes = rng.range(1, 20) * SECOND;
    action.fails = rng.chance(40);
    stage.azure(rng, &action);
}

fn by_program(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let &(operation, resource) = rng.pick(BY_PROGRAM);
    let who = if operation.contains("CONTAINERS") { AZURE_PORTAL } else { AZURE_TERRAFORM };
    let mut action = Action::new(at, &who, RUNNER_IP, operation, resource);
    action.takes = rng.range(2, 90) * SECOND;
    if operation.contains("CONTAINERS") {
        action.request = j!({"properties": {"publicAccess": "None"}});
    } else if operation.contains("DATABASES") {
        action.request =
            j!({"sku": {"name": "GP_Gen5", "capacity": 4}, "properties": {"zoneRedundant": (J::Bool(true))}});
    }
    stage.azure(rng, &action);
}
