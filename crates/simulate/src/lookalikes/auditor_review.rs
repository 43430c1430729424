//! Auditors read configuration all over with a read-only permission set: everything is listed, no data is fetched.

use crate::cast;
use crate::clock::{MINUTE, SECOND, Zone};
use crate::company::DATA;
use crate::formats::cloudtrail::Call;
use crate::holdings::STORES;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "auditor-review",
    title: "Read-only review by the auditors",
    resembles: "stolen-session",
    why_benign: "configuration reads only, with the audit permission set from the office; no object is fetched",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let staff = *rng.pick(&stage.world.people.team(Team::Security));
    let who = cast::person(DATA, "SecurityAudit", staff);
    let ip = &staff.office_ip;
    let mut at = Zone::NewYork.at(stage.midnight, 11, 0) + rng.range(0, 200 * MINUTE);
    stage.call(
        rng,
        &Call::new(at, &who, "s3", "ListBuckets", ip)
            .agent(cast::CLI)
            .params(j!({"Host": "s3.us-east-1.amazonaws.com"})),
    );
    for store in STORES.iter().filter(|s| s.name.starts_with("larkfield-")) {
        for (name, sub) in [
            ("GetBucketPolicy", "policy"),
            ("GetBucketAcl", "acl"),
            ("GetBucketEncryption", "encryption"),
            ("GetBucketLogging", "logging"),
        ] {
            at += rng.range(SECOND, 4 * SECOND);
            let call = Call::new(at, &who, "s3", name, ip).agent(cast::CLI).bucket(store.name, Some(sub), j!({}), rng);
            stage.call(rng, &call);
        }
    }
    for name in [
        "GetAccountSummary",
        "ListUsers",
        "ListRoles",
        "ListPolicies",
        "GetAccountAuthorizationDetails",
        "GenerateCredentialReport",
    ] {
        at += rng.range(SECOND, 9 * SECOND);
        stage.call(rng, &Call::new(at, &who, "iam", name, ip).agent(cast::CLI));
    }
    for name in ["DescribeTrails", "GetTrailStatus", "GetEventSelectors"] {
        at += rng.range(SECOND, 9 * SECOND);
        stage.call(rng, &Call::new(at, &who, "cloudtrail", name, ip).agent(cast::CLI));
    }
    vec![who.entity(ip)]
}
