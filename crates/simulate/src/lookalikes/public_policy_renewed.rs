//! Infrastructure code writes the public-read policy of the image bucket again, word for word.

use crate::cast;
use crate::clock::{HOUR, MINUTE};
use crate::company::DATA;
use crate::formats::cloudtrail::Call;
use crate::holdings::IMAGES;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "public-policy-renewed",
    title: "Public policy of the image bucket written again",
    resembles: "public-bucket",
    why_benign: "the bucket is in the company's list of buckets that are public on purpose; the pipeline renews its policy",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let who = cast::terraform(DATA, rng);
    let at = stage.midnight + 15 * HOUR + rng.range(0, 200 * MINUTE);
    let policy = j!({"bucketPolicy": {"Version": "2012-10-17", "Statement": [
        {"Sid": "PublicImages", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": (format!("arn:aws:s3:::{IMAGES}/*"))},
    ]}});
    let call = Call::new(at, &who, "s3", "PutBucketPolicy", cast::RUNNER_IP).agent(cast::TERRAFORM).writes();
    let call = call.bucket(IMAGES, Some("policy"), policy, rng);
    stage.call(rng, &call);
    vec![who.entity(cast::RUNNER_IP)]
}
