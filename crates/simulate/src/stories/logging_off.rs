//! Logging is switched off, then a database snapshot is shared with a foreign account.
//!
//! What the log would have recorded is really missing meanwhile. The organisation's management trail stays on.
//! Look-alikes: infrastructure code widens event selectors; snapshots are shared with the recovery account.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{self, HOUR, MINUTE, Ms, SECOND};
use crate::company::{DATA, VPCS};
use crate::exposure;
use crate::formats::cloudtrail::Call;
use crate::holdings::{RDS_PROFILES, RDS_SIS};
use crate::json::{J, j};
use crate::options::StoryId;
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::{Hushable, Stage};
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::LoggingOff,
    title: "Logging is switched off before a snapshot is shared with a foreign account",
    surfaces: &["logging", "database"],
    attack: &["T1562.008", "T1578.001", "T1537"],
    ocsf: &[2004],
    play,
};

const TRAIL: &str = "larkfield-data-events";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let who = if rng.chance(500) {
        Principal::user(DATA, "svc-ci-deploy")
    } else {
        cast::person(DATA, "PlatformAdmin", stage.world.people.team(Team::Platform)[stage.world.cast.engineers[2]])
    };
    let ip = cast::stranger_ip(rng);
    let mut at = stage.midnight + rng.range(0, 20 * 60 * MINUTE);
    for name in ["DescribeTrails", "GetTrailStatus"] {
        stage.call(rng, &Call::new(at, &who, "cloudtrail", name, &ip).agent(cast::CLI).params(j!({"name": TRAIL})));
        at += rng.range(4 * SECOND, 60 * SECOND);
    }
    let (variant, log) = switch_off(stage, rng, &who, &ip, at);

    at += rng.range(3 * MINUTE, 45 * MINUTE);
    let (store, instance) =
        if rng.chance(500) { (RDS_PROFILES, "customer-profiles-prod") } else { (RDS_SIS, "student-sis-prod") };
    let snapshot = format!("{}-{}", rng.pick(&["tmp", "migr", "debug", "copy"]), rng.hex(6));
    create(stage, rng, &who, &ip, (instance, &snapshot), at);
    at += rng.range(6 * MINUTE, 25 * MINUTE);
    let deed = at;
    let receiver =
        if rng.chance(750) { format!("{}", 300_000_000_000 + rng.below(99_999_999_999)) } else { "all".to_owned() };
    share(stage, rng, &who, &ip, (&snapshot, &receiver), at);

    let arn = format!("arn:aws:rds:us-east-1:{DATA}:snapshot:{snapshot}");
    let tables = stage.world.holdings.of(store);
    Told {
        variant,
        deed,
        actors: vec![who.entity(&ip)],
        resources: vec![log, arn],
        exposure: exposure::objects(stage.world, tables),
    }
}

/// One of three ways to blind the watchers; returns its name and the log's ARN.
fn switch_off(stage: &mut Stage<'_>, rng: &mut Rng, who: &Principal, ip: &str, at: Ms) -> (&'static str, String) {
    let until = at + rng.range(2, 9) * HOUR;
    let arn = format!("arn:aws:cloudtrail:us-east-1:{DATA}:trail/{TRAIL}");
    let call = Call::new(at, who, "cloudtrail", "StopLogging", ip).agent(cast::CLI).writes();
    match rng.index(3) {
        0 => {
            stage.call(rng, &call.params(j!({"name": TRAIL})));
            stage.hush(Hushable::DataEvents(DATA), at, until);
            ("trail stopped", arn)
        }
        1 => {
            let selectors = j!([{"readWriteType": "All", "includeManagementEvents": true, "dataResources": [], "excludeManagementEventSources": []}]);
            let mut call = call.params(j!({"trailName": TRAIL, "eventSelectors": (selectors.clone())}));
            call.name = "PutEventSelectors";
            call.response = j!({"trailARN": (&arn), "eventSelectors": selectors});
            stage.call(rng, &call);
            stage.hush(Hushable::DataEvents(DATA), at, until);
            ("data events deselected", arn)
        }
        _ => {
            let flow_log = VPCS[1].flow_log;
            let mut call = call.params(j!({"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": flow_log}}}));
            (call.service, call.name) = ("ec2", "DeleteFlowLogs");
            call.response = j!({"DeleteFlowLogsResponse": {
                "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/", "requestId": (rng.uuid()), "unsuccessful": "",
            }});
            stage.call(rng, &call);
            stage.hush(Hushable::FlowLog(1), at, until);
            ("flow logs deleted", format!("arn:aws:ec2:us-east-1:{DATA}:vpc-flow-log/{flow_log}"))
        }
    }
}

fn create(stage: &mut Stage<'_>, rng: &mut Rng, who: &Principal, ip: &str, (instance, snapshot): (&str, &str), at: Ms) {
    let call = Call::new(at, who, "rds", "CreateDBSnapshot", ip)
        .agent(cast::CLI)
        .writes()
        .params(j!({"dBInstanceIdentifier": instance, "dBSnapshotIdentifier": snapshot}))
        .response(snapshot_response(instance, snapshot, at));
    stage.call(rng, &call);
}

pub(crate) fn snapshot_response(instance: &str, snapshot: &str, at: Ms) -> J {
    j!({
        "allocatedStorage": 200, "instanceCreateTime": (clock::us_style(at - 400 * clock::DAY)), "dBSnapshotIdentifier": snapshot,
        "port": 5432, "availabilityZone": "us-east-1b", "dBSnapshotArn": (format!("arn:aws:rds:us-east-1:{DATA}:snapshot:{snapshot}")),
        "processorFeatures": [], "encrypted": false, "percentProgress": 0, "tagList": [], "dBInstanceIdentifier": instance,
        "storageType": "gp3", "iAMDatabaseAuthenticationEnabled": false, "vpcId": (VPCS[1].id), "status": "creating",
        "masterUsername": "dbadmin", "engine": "postgres", "snapshotType": "manual", "engineVersion": "17.6", "snapshotTarget": "region",
    })
}

pub(crate) fn share(
    stage: &mut Stage<'_>,
    rng: &mut Rng,
    who: &Principal,
    ip: &str,
    (snapshot, receiver): (&str, &str),
    at: Ms,
) {
    let call = Call::new(at, who, "rds", "ModifyDBSnapshotAttribute", ip)
        .agent(cast::CLI)
        .writes()
        .params(j!({"dBSnapshotIdentifier": snapshot, "attributeName": "restore", "valuesToAdd": [receiver]}))
        .response(j!({"dBSnapshotIdentifier": snapshot, "dBSnapshotAttributes": [{"attributeName": "restore", "attributeValues": [receiver]}]}));
    stage.call(rng, &call);
}
