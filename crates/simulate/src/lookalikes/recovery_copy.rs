//! A database snapshot is shared with the recovery account and copied there.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{self, HOUR, MINUTE};
use crate::company::{DATA, RECOVERY};
use crate::formats::cloudtrail::Call;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::logging_off;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "recovery-copy",
    title: "Snapshot shared with the recovery account",
    resembles: "logging-off",
    why_benign: "the receiving account 888899990000 is the company's own; the copying role does it from inside with logging on",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let job = Principal::job(DATA, "larkfield-dr-copy", "weekly");
    let ip = cast::private_ip("larkfield-dr-copy", 0);
    let mut at = stage.midnight + 5 * HOUR + rng.range(0, 50 * MINUTE);
    for instance in ["customer-profiles-prod", "student-sis-prod"] {
        let snapshot = format!("dr-{instance}-{}", clock::date(stage.midnight));
        let call = Call::new(at, &job, "rds", "CreateDBSnapshot", &ip)
            .agent(cast::BOTO)
            .writes()
            .params(j!({"dBInstanceIdentifier": instance, "dBSnapshotIdentifier": (&snapshot)}))
            .response(logging_off::snapshot_response(instance, &snapshot, at));
        stage.call(rng, &call);
        at += rng.range(9 * MINUTE, 20 * MINUTE);
        logging_off::share(stage, rng, &job, &ip, (&snapshot, RECOVERY), at);
        at += rng.range(9 * MINUTE, 20 * MINUTE);
    }
    vec![job.entity(&ip)]
}
