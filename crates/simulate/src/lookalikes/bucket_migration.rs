//! The migration job copies a whole bucket into a new one of the same account, which gets a private policy.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::company::DATA;
use crate::formats::cloudtrail::Call;
use crate::holdings::LAKE;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "bucket-migration",
    title: "Migration of a bucket",
    resembles: "stolen-session",
    why_benign: "the migration role lists and copies a whole bucket from inside the VPC into a bucket of the same account with a private policy",
    when: When::Monthly,
    play,
};

const TARGET: &str = "larkfield-analytics-lake-v2";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let job = Principal::job(DATA, "larkfield-migration", "lake-v2");
    let ip = cast::private_ip("larkfield-migration", 0);
    let mut at = stage.midnight + 14 * HOUR + rng.range(0, 90 * MINUTE);
    let owner = j!({"AWS": (format!("arn:aws:iam::{DATA}:role/larkfield-analytics"))});
    let policy = j!({"bucketPolicy": {"Version": "2012-10-17", "Statement": [
        {"Sid": "Analytics", "Effect": "Allow", "Principal": owner, "Action": ["s3:GetObject", "s3:PutObject"], "Resource": (format!("arn:aws:s3:::{TARGET}/*"))},
    ]}});
    let call = Call::new(at, &job, "s3", "PutBucketPolicy", &ip).agent(cast::BOTO).writes().bucket(
        TARGET,
        Some("policy"),
        policy,
        rng,
    );
    stage.call(rng, &call);
    at += 20 * SECOND;
    let call = Call::new(at, &job, "s3", "ListObjects", &ip).agent(cast::BOTO).listing(LAKE, rng);
    stage.call(rng, &call);
    for &i in stage.world.holdings.of(LAKE) {
        let object = &stage.world.holdings.objects[i];
        at += rng.range(200, 2_500);
        let call = Call::new(at, &job, "s3", "GetObject", &ip).agent(cast::BOTO).object(
            LAKE,
            &object.key,
            0,
            object.size,
            rng,
        );
        stage.call(rng, &call);
        let call = Call::new(at, &job, "s3", "PutObject", &ip).agent(cast::BOTO).writes().object(
            TARGET,
            &object.key,
            object.size,
            0,
            rng,
        );
        stage.call(rng, &call);
    }
    vec![job.entity(&ip)]
}
