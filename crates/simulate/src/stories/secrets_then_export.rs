//! An engineer's session reads secret after secret, then copies a database and exports the copy to a bucket.
//!
//! Look-alikes: starting tasks read the one secret that is theirs; snapshots go to the recovery account.

use crate::cast;
use crate::clock::{MINUTE, Ms, SECOND};
use crate::company::{DATA, PROD};
use crate::exposure;
use crate::formats::cloudtrail::Call;
use crate::holdings::{RDS_PROFILES, RDS_SIS};
use crate::json::j;
use crate::options::StoryId;
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told, logging_off};

pub(super) const STORY: Story = Story {
    id: StoryId::SecretsThenExport,
    title: "An engineer's session reads many secrets and exports a database",
    surfaces: &["keys", "database", "identity"],
    attack: &["T1555.006", "T1213.006", "T1537"],
    ocsf: &[2004],
    play,
};

const SECRETS: [&str; 12] = [
    "checkout/payment-gateway",
    "product-api/database",
    "portal/database",
    "assessment/database",
    "course-delivery/database",
    "customer-account/database",
    "mailer/smtp",
    "lti/platform-keys",
    "search/api",
    "warehouse/loader",
    "support/crm-token",
    "backup/vault",
];

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let staff = stage.world.people.team(Team::Platform)[(stage.world.cast.engineers[2] + 1) % 7];
    let who = cast::person(DATA, "PlatformAdmin", staff);
    let ip = cast::stranger_ip(rng);
    let start = stage.midnight + rng.range(0, 19 * 60 * MINUTE);
    let at = read_secrets(stage, rng, (&who, &ip), start);

    let (variant, instance, store) = if rng.chance(500) {
        ("customer profiles", "customer-profiles-prod", RDS_PROFILES)
    } else {
        ("student records", "student-sis-prod", RDS_SIS)
    };
    let snapshot = format!("{instance}-adhoc-{}", rng.hex(6));
    let made = at + rng.range(3 * MINUTE, 20 * MINUTE);
    let create = Call::new(made, &who, "rds", "CreateDBSnapshot", &ip)
        .agent(cast::CLI)
        .writes()
        .params(j!({"dBInstanceIdentifier": instance, "dBSnapshotIdentifier": (&snapshot)}))
        .response(logging_off::snapshot_response(instance, &snapshot, made));
    stage.call(rng, &create);

    let deed = made + rng.range(6 * MINUTE, 30 * MINUTE);
    let source = format!("arn:aws:rds:us-east-1:{DATA}:snapshot:{snapshot}");
    let (bucket, role) = (format!("tmp-{}", rng.hex(10)), format!("arn:aws:iam::{DATA}:role/larkfield-rds-export"));
    let key = format!("arn:aws:kms:us-east-1:{DATA}:key/8f3b61c2-4d07-4e9a-b5f1-96a2c0d7e384");
    let export = Call::new(deed, &who, "rds", "StartExportTask", &ip)
        .agent(cast::CLI)
        .writes()
        .params(j!({
            "exportTaskIdentifier": (format!("{snapshot}-x")), "sourceArn": (&source), "s3BucketName": (&bucket),
            "iamRoleArn": (&role), "kmsKeyId": (&key),
        }))
        .response(j!({
            "exportTaskIdentifier": (format!("{snapshot}-x")), "sourceArn": (&source), "s3Bucket": (&bucket),
            "iamRoleArn": role, "kmsKeyId": key, "status": "STARTING", "percentProgress": 0, "sourceType": "SNAPSHOT",
        }));
    stage.call(rng, &export);
    let tables = stage.world.holdings.of(store).to_vec();
    let resources = vec![source, format!("arn:aws:s3:::{bucket}")];
    Told { variant, deed, actors: vec![who.entity(&ip)], resources, exposure: exposure::objects(stage.world, &tables) }
}

/// One after the other, each with its own call; returns when the last is read.
fn read_secrets(stage: &mut Stage<'_>, rng: &mut Rng, (who, ip): (&crate::actors::Principal, &str), mut at: Ms) -> Ms {
    let seed = stage.world.company.seed;
    stage.call(rng, &Call::new(at, who, "secretsmanager", "ListSecrets", ip).agent(cast::CLI));
    for secret in SECRETS {
        at += rng.range(3 * SECOND, 15 * SECOND);
        let id =
            format!("arn:aws:secretsmanager:us-east-1:{PROD}:secret:{secret}-{}", Rng::new(seed, secret, 0).alnum(6));
        let call =
            Call::new(at, who, "secretsmanager", "GetSecretValue", ip).agent(cast::CLI).params(j!({"secretId": id}));
        stage.call(rng, &call);
    }
    at
}
